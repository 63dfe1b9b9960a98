//! What a profile holds, read from its folders and explained by `runde_privacy::manifest`: the page for
//! Art. 15 GDPR. It changes nothing and believes nothing; `ledger verify` judges the ledgers.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use runde_privacy::manifest::{Entry, Field, Folder, Shape, leaves, log_fields};
use runde_privacy::stamp::Moment;

use crate::autostart;
use crate::disk;
use crate::error::ProfileError;
use crate::places::Places;

/// Folders inside a profile's folders are looked into so deep; the programs' own lie two deep.
const DEPTH: usize = 4;

/// One file.
#[derive(Debug)]
pub struct Held {
    pub path: PathBuf,
    pub bytes: u64,
    pub changed: Option<Moment>,
    /// `None`: no program of ours writes such a file.
    pub entry: Option<&'static Entry>,
    pub values: Vec<HeldValue>,
}

/// One value inside a file.
#[derive(Debug)]
pub struct HeldValue {
    /// As in the manifest, such as `payload.host`.
    pub path: String,
    /// Empty for secrets.
    pub value: String,
    /// `None`: no program of ours writes such a field.
    pub field: Option<&'static Field>,
}

/// Every file of the profile, in order of name, and what starts the program with the session.
///
/// # Errors
/// When a folder or file cannot be read.
pub fn holdings(places: &Places) -> Result<Vec<Held>, ProfileError> {
    let mut held = Vec::new();
    for (folder, root) in [(Folder::Data, &places.data), (Folder::Config, &places.config)] {
        let mut files = Vec::new();
        files_below(root, DEPTH, &mut files)?;
        files.sort();
        for path in files {
            held.push(look(folder, root, path)?);
        }
    }
    held.extend(autostart::held(places)?);
    Ok(held)
}

pub(crate) fn files_below(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), ProfileError> {
    if !folder.exists() {
        return Ok(());
    }
    let refused = |source| ProfileError::file(folder, source);
    for entry in fs::read_dir(folder).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        let is_folder = entry.file_type().map_err(refused)?.is_dir();
        if is_folder && depth > 0 {
            files_below(&entry.path(), depth - 1, found)?;
        } else {
            found.push(entry.path());
        }
    }
    Ok(())
}

pub(crate) fn look(folder: Folder, root: &Path, path: PathBuf) -> Result<Held, ProfileError> {
    let refused = |source| ProfileError::file(&path, source);
    let facts = fs::symlink_metadata(&path).map_err(refused)?;
    let changed = facts.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let changed = changed.and_then(|since| i64::try_from(since.as_secs()).ok()).map(Moment::from_unix);
    let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
    let entry = Entry::of(folder, &name);
    let values = match entry {
        Some(entry) => values(entry, &disk::read(&path)?),
        None => Vec::new(),
    };
    Ok(Held { path, bytes: facts.len(), changed, entry, values })
}

fn values(entry: &'static Entry, bytes: &[u8]) -> Vec<HeldValue> {
    let found = match entry.shape {
        Shape::Json => inside(bytes),
        Shape::Lines => lines(bytes).flat_map(inside).collect(),
        Shape::Log => lines(bytes).flat_map(logged).collect(),
        Shape::SealedLog => {
            let mut lines = lines(bytes);
            let head = lines.next().map(inside).unwrap_or_default();
            head.into_iter().chain(lines.flat_map(logged)).collect()
        }
        Shape::Desktop => lines(bytes).filter_map(assigned).collect(),
        Shape::Closed => Vec::new(),
    };
    found.into_iter().map(|(path, value)| explained(entry, path, value)).collect()
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty())
}

fn inside(document: &[u8]) -> Vec<(String, String)> {
    serde_json::from_slice(document).map(|document| leaves(&document)).unwrap_or_default()
}

/// `Key=value`; headings are no values.
fn assigned(line: &[u8]) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(line);
    text.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()))
}

/// A line that is none of ours is shown as it stands, under a path that nothing explains.
fn logged(line: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(line);
    log_fields(&text).unwrap_or_else(|| vec![("line".to_owned(), text.into_owned())])
}

pub(crate) fn explained(entry: &'static Entry, path: String, value: String) -> HeldValue {
    let field = entry.field(&path);
    let secret = field.is_some_and(|field| field.secret);
    HeldValue { path, value: if secret { String::new() } else { value }, field }
}

/// Whether every file and field is one that the manifest explains.
#[must_use]
pub fn is_explained(held: &[Held]) -> bool {
    held.iter().all(|file| file.entry.is_some() && file.values.iter().all(|value| value.field.is_some()))
}
