//! The texts of the notices that were noted, one file each, named by the hash of its first language. A file that is not
//! what its name says is set aside and told; its notice is asked for again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use runde_privacy::manifest::{Entry, Folder};
use runde_privacy::{Acknowledgement, Document, Ledger, Shelf};

use crate::disk;
use crate::error::{ProfileError, Trouble, TroubleKind};
use crate::places::Places;

/// Reads them all; changes nothing. The second value names what cannot be believed.
pub(crate) fn read(places: &Places) -> Result<(Shelf, Vec<PathBuf>), ProfileError> {
    let (mut shelf, mut odd) = (Shelf::default(), Vec::new());
    for path in files(&places.notices())? {
        if path.extension().is_none_or(|ending| ending != "json") {
            continue;
        }
        let named = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match Document::read(&disk::read(&path)?) {
            Ok(document) if document.id() == named => shelf.put(document),
            Ok(_) | Err(_) => odd.push(path),
        }
    }
    Ok((shelf, odd))
}

/// The notices that were noted in this profile, read without changing anything. What is not believed is left out.
///
/// # Errors
/// When a file cannot be read.
pub fn known_notices(places: &Places) -> Result<Shelf, ProfileError> {
    Ok(read(places)?.0)
}

/// The same, with what cannot be believed set aside.
pub(crate) fn open(places: &Places) -> Result<(Shelf, Vec<Trouble>), ProfileError> {
    let (shelf, odd) = read(places)?;
    let mut troubles = Vec::new();
    for file in odd {
        let kept_as = disk::keep_aside(&file)?;
        disk::remove(&file)?;
        troubles.push(Trouble { file, kept_as, kind: TroubleKind::Notice });
    }
    Ok((shelf, troubles))
}

/// Returns once the text is on disk. It comes before the record that names it: a record without its text would be worse.
pub(crate) fn keep(places: &Places, document: &Document) -> Result<(), ProfileError> {
    let path = places.notices().join(format!("{}.json", document.id()));
    if path.exists() {
        return Ok(());
    }
    disk::make_folder(&places.notices())?;
    disk::replace(&path, document.to_json().as_bytes())
}

/// Removes every text of ours that no record names any more; copies of damaged ones go, too.
pub(crate) fn forget_unnamed(places: &Places, ledger: &Ledger<Acknowledgement>) -> Result<(), ProfileError> {
    let (shelf, _) = read(places)?;
    let named = ledger.records().filter_map(|record| shelf.find(&record.notice_sha256));
    let named: BTreeSet<String> = named.map(|document| format!("{}.json", document.id())).collect();
    for path in files(&places.notices())? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let ours = Entry::of(Folder::Data, &format!("notices/{name}")).is_some();
        if ours && !named.contains(&name) {
            disk::remove(&path)?;
        }
    }
    // Goes only if nothing is left in it.
    let _ = fs::remove_dir(places.notices());
    Ok(())
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, ProfileError> {
    let mut found = Vec::new();
    crate::holdings::files_below(folder, 0, &mut found)?;
    found.sort();
    Ok(found)
}
