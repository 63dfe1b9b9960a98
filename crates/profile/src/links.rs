//! What the switch "open links with this program" leaves beside the profile: our own desktop file, and lines that name it in two lists
//! that belong to the desktop and to other programs, too. The app has it written by the system's own tools; here it is read for the
//! page of what is stored, and taken back.

use std::fs;
use std::path::{Path, PathBuf};

use runde_privacy::manifest::{HANDLER, LINK_CACHE, LINK_CHOICES};

use crate::disk;
use crate::error::ProfileError;
use crate::places::Places;

/// Where the desktop looks for what opens links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkPlaces {
    /// Our desktop file.
    pub entry: PathBuf,
    /// The user's choices (MIME Applications Associations).
    pub choices: PathBuf,
    /// What `update-desktop-database` made of all desktop files.
    pub cache: PathBuf,
}

impl LinkPlaces {
    /// Under the folders for data and settings of all programs.
    #[must_use]
    pub fn at(data: &Path, config: &Path) -> Self {
        let entries = data.join("applications");
        Self { entry: entries.join(HANDLER), choices: config.join(LINK_CHOICES), cache: entries.join(LINK_CACHE) }
    }

    pub(crate) fn lists(&self) -> [&Path; 2] {
        [&self.choices, &self.cache]
    }
}

/// The lines of a list that name our desktop file.
pub(crate) fn ours(list: &[u8]) -> Vec<u8> {
    let lines = list.split_inclusive(|&byte| byte == b'\n');
    lines.filter(|line| names_us(&String::from_utf8_lossy(line))).flatten().copied().collect()
}

/// Takes everything back; how many files that changed.
pub(crate) fn remove(places: &Places) -> Result<usize, ProfileError> {
    let Some(links) = &places.links else { return Ok(0) };
    let mut changed = usize::from(links.entry.exists());
    disk::remove(&links.entry)?;
    for list in links.lists() {
        let bytes = disk::read(list)?;
        if let Some(rest) = without_us(&bytes) {
            changed += 1;
            if rest.is_empty() { disk::remove(list)? } else { replace_foreign(list, &rest)? }
        }
    }
    Ok(changed)
}

fn programs(line: &str) -> Option<(&str, impl Iterator<Item = &str>)> {
    let (key, programs) = line.split_once('=')?;
    Some((key, programs.split(';').map(str::trim).filter(|program| !program.is_empty())))
}

fn names_us(line: &str) -> bool {
    programs(line).is_some_and(|(_, mut programs)| programs.any(|program| program == HANDLER))
}

/// The list without us; empty where nothing but headings would be left, `None` where we are not in it. Every other byte stays.
fn without_us(list: &[u8]) -> Option<Vec<u8>> {
    let mut rest = Vec::new();
    let (mut changed, mut holds_more) = (false, false);
    for line in list.split_inclusive(|&byte| byte == b'\n') {
        let text = String::from_utf8_lossy(line);
        let kept = match programs(&text).filter(|_| names_us(&text)) {
            None => line.to_owned(),
            Some((key, programs)) => {
                changed = true;
                let others: Vec<&str> = programs.filter(|program| *program != HANDLER).collect();
                if others.is_empty() { Vec::new() } else { format!("{key}={};\n", others.join(";")).into_bytes() }
            }
        };
        holds_more |= !kept.trim_ascii().is_empty() && !kept.starts_with(b"[");
        rest.extend(kept);
    }
    changed.then(|| if holds_more { rest } else { Vec::new() })
}

/// A list of the desktop's: where a link leads to it, what the link names is replaced, and who may read it stays as it was.
fn replace_foreign(list: &Path, bytes: &[u8]) -> Result<(), ProfileError> {
    let refused = |source| ProfileError::file(list, source);
    let real = fs::canonicalize(list).map_err(refused)?;
    let rights = fs::metadata(&real).map_err(refused)?.permissions();
    disk::replace(&real, bytes)?;
    fs::set_permissions(&real, rights).map_err(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHOICES: &str = "# mine\n[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/runde=runde-handler.desktop\nx-scheme-handler/jitsi-meet=runde-handler.desktop;other.desktop;\n";

    fn without(list: &str) -> Option<String> {
        without_us(list.as_bytes()).map(|rest| String::from_utf8(rest).unwrap())
    }

    #[test]
    fn only_our_lines_are_ours_and_only_they_go() {
        let lines = String::from_utf8(ours(CHOICES.as_bytes())).unwrap();
        assert!(lines.lines().count() == 2 && lines.lines().all(|line| line.starts_with("x-scheme-handler/")));
        let rest = without(CHOICES).unwrap();
        assert_eq!(
            rest,
            "# mine\n[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/jitsi-meet=other.desktop;\n"
        );
        assert_eq!((without(&rest), ours(rest.as_bytes())), (None, Vec::new()));
    }

    #[test]
    fn a_list_of_headings_alone_is_nothing_and_another_program_of_a_like_name_stays() {
        assert_eq!(without("[MIME Cache]\n\nx-scheme-handler/runde=runde-handler.desktop;\n").unwrap(), "");
        assert_eq!(without("[A]\nx-scheme-handler/runde=not-runde-handler.desktop\n"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_list_that_lies_elsewhere_is_changed_there_and_keeps_its_rights() {
        use std::os::unix::fs::PermissionsExt;
        let home = tempfile::tempdir().unwrap();
        let real = home.path().join("dotfiles-list");
        fs::write(&real, CHOICES).unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o644)).unwrap();
        let links = LinkPlaces::at(&home.path().join("share"), home.path());
        std::os::unix::fs::symlink(&real, &links.choices).unwrap();
        let places = Places { links: Some(links.clone()), ..Places::at(home.path()) };
        assert_eq!(remove(&places).unwrap(), 1);
        assert!(links.choices.is_symlink() && !fs::read_to_string(&real).unwrap().contains(HANDLER));
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o644);
    }
}
