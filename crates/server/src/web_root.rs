//! A build of Jitsi's web page that whoever opens the rooms supplies: its files as they are, its first page with the parts that
//! a web server would put in.
//!
//! What may be served is listed once, at the start, so no request can name anything else; a file is read when it is first asked
//! for and kept. Nothing of it is ours, and nothing of it is changed but the include directives. Start at [`WebRoot::open`].

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use crate::ServeError;

/// Files of a build. Jitsi's has about two thousand.
const MAX_FILES: usize = 20_000;
/// Bytes of one file; the largest of Jitsi's, a model for backgrounds, has five million.
const MAX_FILE: u64 = 32 * 1024 * 1024;
/// Bytes of all files, which is the most that is ever kept.
const MAX_ALL: u64 = 512 * 1024 * 1024;
/// Folders inside each other.
const MAX_DEPTH: usize = 12;
/// Include directives inside each other, and bytes of a page that is put together.
const MAX_INCLUDES: usize = 4;
const MAX_PAGE: usize = 1024 * 1024;

/// The page that is served for a room.
const INDEX: &str = "/index.html";
/// Where Jitsi's own clients look for their script, and where the build has it.
const MOVED: (&str, &str) = ("/external_api.js", "/libs/external_api.min.js");

/// Why a folder cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WebRootError {
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] io::Error),
    #[error("it has no index.html, so it is no build of Jitsi's web page")]
    NoIndex,
    #[error("it holds more than {MAX_FILES} files, {} MiB, or folders deeper than {MAX_DEPTH}", MAX_ALL / 1024 / 1024)]
    TooMuch,
}

/// A folder, or why it cannot be served.
pub(crate) fn of(folder: &Path) -> Result<WebRoot, ServeError> {
    WebRoot::open(folder).map_err(|source| ServeError::WebRoot { folder: folder.to_owned(), source })
}

/// The files of a build.
#[derive(Debug)]
pub(crate) struct WebRoot {
    /// By the path in a request.
    files: BTreeMap<String, PathBuf>,
    read: Mutex<BTreeMap<String, Bytes>>,
}

impl WebRoot {
    /// Lists what there is in `folder`. Links are left out: they may lead anywhere.
    ///
    /// # Errors
    /// [`WebRootError`].
    pub(crate) fn open(folder: &Path) -> Result<Self, WebRootError> {
        let (mut files, mut bytes) = (BTreeMap::new(), 0);
        list(folder, "", MAX_DEPTH, &mut files, &mut bytes)?;
        if !files.contains_key(INDEX) {
            return Err(WebRootError::NoIndex);
        }
        Ok(Self { files, read: Mutex::default() })
    }

    /// A file and its kind. Blocks for as long as the disk takes.
    pub(crate) fn file(&self, path: &str) -> Option<(Bytes, &'static str)> {
        let path = if path == MOVED.0 { MOVED.1 } else { path };
        let kind = kind(path);
        if let Some(known) = self.kept().get(path) {
            return Some((known.clone(), kind));
        }
        let bytes = Bytes::from(self.load(path)?);
        self.kept().insert(path.to_owned(), bytes.clone());
        Some((bytes, kind))
    }

    /// The page for a room, put together. Blocks as [`Self::file`] does.
    pub(crate) fn page(&self) -> Option<String> {
        let mut page = String::new();
        self.include(INDEX, MAX_INCLUDES, &mut page)?;
        Some(page)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn load(&self, path: &str) -> Option<Vec<u8>> {
        let file = self.files.get(path)?;
        // It may have been replaced since it was listed.
        let sound = fs::symlink_metadata(file).is_ok_and(|is| is.is_file() && is.len() <= MAX_FILE);
        if sound { fs::read(file).ok() } else { None }
    }

    /// What nginx does with `<!--#include virtual="…" -->`; other directives name what a deployment would set, and vanish.
    fn include(&self, path: &str, depth: usize, page: &mut String) -> Option<()> {
        let text = String::from_utf8(self.load(path)?).ok()?;
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("<!--#") {
            page.push_str(before);
            let (directive, behind) = after.split_once("-->")?;
            if let Some(virtual_path) = included(directive).filter(|_| depth > 0) {
                // A part that is missing is left out, as a web server does.
                let _ = self.include(&virtual_path, depth - 1, page);
            }
            rest = behind;
        }
        page.push_str(rest);
        (page.len() <= MAX_PAGE).then_some(())
    }
}

fn list(
    folder: &Path,
    prefix: &str,
    depth: usize,
    files: &mut BTreeMap<String, PathBuf>,
    bytes: &mut u64,
) -> Result<(), WebRootError> {
    if depth == 0 {
        return Err(WebRootError::TooMuch);
    }
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else { continue };
        let (kind, path) = (entry.file_type()?, format!("{prefix}/{name}"));
        if name.starts_with('.') || kind.is_symlink() {
            continue;
        }
        if kind.is_dir() {
            list(&entry.path(), &path, depth - 1, files, bytes)?;
        } else if kind.is_file() {
            *bytes += entry.metadata()?.len();
            files.insert(path, entry.path());
        }
        if files.len() > MAX_FILES || *bytes > MAX_ALL {
            return Err(WebRootError::TooMuch);
        }
    }
    Ok(())
}

fn included(directive: &str) -> Option<String> {
    let path = directive.trim().strip_prefix("include")?.trim().strip_prefix("virtual=\"")?.split('"').next()?;
    Some(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") })
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "application/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "wasm" => "application/wasm",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "ttf" => "font/ttf",
        "mp3" => "audio/mpeg",
        "opus" | "ogg" => "audio/ogg",
        "wav" => "audio/wav",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        put(
            "index.html",
            "<html><!--#include virtual=\"head.html\" --><!--# echo var=\"subdomain\" --><!--#include virtual=\"/gone.html\" --></html>",
        );
        put("head.html", "<head><!--#include virtual=\"head.html\" --></head>");
        put("libs/app.bundle.min.js", "app();");
        put("libs/external_api.min.js", "api();");
        put(".secret", "no");
        folder
    }

    #[test]
    fn files_are_served_as_they_are_and_with_their_kind() {
        let folder = build();
        let root = WebRoot::open(folder.path()).unwrap();
        let (bytes, kind) = root.file("/libs/app.bundle.min.js").unwrap();
        assert_eq!((&bytes[..], kind), (&b"app();"[..], "application/javascript; charset=utf-8"));
        assert_eq!(&root.file("/external_api.js").unwrap().0[..], b"api();");
    }

    #[test]
    fn nothing_outside_nothing_hidden_and_no_link_is_served() {
        let folder = build();
        let outside = tempfile::NamedTempFile::new().unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(outside.path(), folder.path().join("libs/link.js")).unwrap();
        let root = WebRoot::open(folder.path()).unwrap();
        let beside = format!("/../{}", outside.path().file_name().unwrap().to_string_lossy());
        for path in
            ["/.secret", "/libs/link.js", "/libs", "/", "", "/libs/../index.html", &beside, "libs/app.bundle.min.js"]
        {
            assert!(root.file(path).is_none(), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_became_a_link_after_the_start_is_not_followed() {
        let folder = build();
        let root = WebRoot::open(folder.path()).unwrap();
        let file = folder.path().join("libs/app.bundle.min.js");
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/etc/hostname", &file).unwrap();
        assert!(root.file("/libs/app.bundle.min.js").is_none());
    }

    #[test]
    fn the_page_is_put_together_and_one_that_includes_itself_ends() {
        let folder = build();
        let page = WebRoot::open(folder.path()).unwrap().page().unwrap();
        assert!(page.starts_with("<html><head>") && page.ends_with("</head></html>"), "{page}");
        assert_eq!(page.matches("<head>").count(), MAX_INCLUDES);
    }

    #[test]
    fn a_folder_without_an_index_is_no_build() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(WebRoot::open(folder.path()), Err(WebRootError::NoIndex)));
        assert!(matches!(WebRoot::open(&folder.path().join("gone")), Err(WebRootError::Unreadable(_))));
    }
}
