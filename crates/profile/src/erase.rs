//! Erasing (Art. 17 GDPR), one thing or everything.
//!
//! A line of a ledger loses its content and keeps its place, so the chain stays whole. With it goes every
//! earlier line about the same purpose or host: an old answer must not come back to life because a newer
//! one was erased. An objection in force is not erased; it must be lifted first. Copies of damaged files go
//! with what they are copies of.

use std::fs;

use runde_privacy::manifest::{Entry, Folder, HELD, HOLD_REGISTER};
use runde_privacy::{Acknowledgement, ConsentRecord, Ledger};

use crate::autostart;
use crate::disk;
use crate::error::ProfileError;
use crate::holdings::files_below;
use crate::links;
use crate::places::Places;
use crate::profile::Profile;
use crate::settings::Settings;

/// Something that can be erased by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    DisplayName,
    Settings,
    RecentRooms,
    /// Who opens rooms here.
    Operator,
    Reminders,
    /// What starts the program with the session.
    Autostart,
    /// What makes links open the program.
    Links,
    /// One line by its number, or all.
    Acknowledgements(Option<u64>),
    Consents(Option<u64>),
    /// Copies of files that were found damaged.
    Damaged,
}

/// What went.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erased {
    /// Lines of ledgers that lost their content, or files.
    pub count: usize,
    /// Hosts whose objection is in force, so that its line stayed.
    pub kept: Vec<String>,
}

impl Item {
    /// `display-name`, `settings`, `recent-rooms`, `operator`, `reminders`, `autostart`, `links`, `damaged`, `acknowledgements`, `consents`;
    /// the last two also with a line, such as `consents/3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (name, line) = match text.split_once('/') {
            Some((name, line)) => (name, Some(line.parse().ok()?)),
            None => (text, None),
        };
        match (name, line) {
            ("display-name", None) => Some(Self::DisplayName),
            ("settings", None) => Some(Self::Settings),
            ("recent-rooms", None) => Some(Self::RecentRooms),
            ("operator", None) => Some(Self::Operator),
            ("reminders", None) => Some(Self::Reminders),
            ("autostart", None) => Some(Self::Autostart),
            ("links", None) => Some(Self::Links),
            ("damaged", None) => Some(Self::Damaged),
            ("acknowledgements", line) => Some(Self::Acknowledgements(line)),
            ("consents", line) => Some(Self::Consents(line)),
            _ => None,
        }
    }
}

impl Profile {
    /// Erases one thing; returns when it is gone from the disk.
    ///
    /// # Errors
    /// When a file could not be written; then it is as it was.
    pub fn erase(&mut self, item: Item) -> Result<Erased, ProfileError> {
        self.in_turn(|me| me.erase_now(item))
    }

    fn erase_now(&mut self, item: Item) -> Result<Erased, ProfileError> {
        match item {
            Item::DisplayName => {
                let gone = usize::from(self.settings().display_name.is_some());
                if gone > 0 {
                    self.set_settings(Settings { display_name: None, ..self.settings().clone() })?;
                }
                let copies = remove_copies(self.places(), "settings.json")?;
                Ok(Erased { count: gone + copies, kept: Vec::new() })
            }
            Item::Settings => {
                self.set_settings(Settings::default())?;
                disk::remove(&self.places().settings())?;
                Ok(Erased { count: 1 + remove_copies(self.places(), "settings.json")?, kept: Vec::new() })
            }
            Item::RecentRooms => {
                let rooms = self.recent_rooms().len();
                self.forget_rooms(None)?;
                Ok(Erased { count: rooms, kept: Vec::new() })
            }
            Item::Operator => {
                let gone = usize::from(self.operator().is_some());
                self.set_operator(None)?;
                let copies = remove_copies(self.places(), "operator.json")?;
                Ok(Erased { count: gone + copies, kept: Vec::new() })
            }
            Item::Reminders => {
                let count = self.reminders().len();
                self.forget_reminders(None)?;
                Ok(Erased { count, kept: Vec::new() })
            }
            Item::Autostart => Ok(Erased { count: usize::from(autostart::remove(self.places())?), kept: Vec::new() }),
            Item::Links => Ok(Erased { count: links::remove(self.places())?, kept: Vec::new() }),
            Item::Acknowledgements(line) => self.erase_acknowledgements(line),
            Item::Consents(line) => self.erase_consents(line),
            Item::Damaged => Ok(Erased { count: remove_copies(self.places(), "")?, kept: Vec::new() }),
        }
    }

    fn erase_acknowledgements(&mut self, line: Option<u64>) -> Result<Erased, ProfileError> {
        let (mut lines, objections) = acknowledgement_lines(self.acknowledgements(), line, &self.gate());
        let stays = |seq: &u64| objections.iter().any(|(kept, _)| kept == seq);
        let kept = objections.iter().filter(|(seq, _)| lines.contains(seq)).map(|(_, host)| host.clone()).collect();
        lines.retain(|seq| !stays(seq));
        let count = self.erase_acknowledgement_lines(&lines)?;
        remove_copies(self.places(), "acknowledgements.ledger")?;
        Ok(Erased { count, kept })
    }

    fn erase_consents(&mut self, line: Option<u64>) -> Result<Erased, ProfileError> {
        let purpose = |record: &ConsentRecord| record.purpose;
        let count = self.erase_consent_lines(&with_earlier(self.consents(), line, purpose))?;
        remove_copies(self.places(), "consents.ledger")?;
        Ok(Erased { count, kept: Vec::new() })
    }

    /// Erases everything that the manifest knows, the key in the keyring included, and closes the profile. Lines held as
    /// evidence stay until their hold is released.
    /// Yields the names of files that stayed: those, and what is not ours.
    ///
    /// # Errors
    /// When a file could not be removed.
    pub fn erase_all(mut self) -> Result<Vec<String>, ProfileError> {
        let strangers = self.in_turn(Self::erase_files)?;
        let places = self.places().clone();
        drop(self);
        let log = places.data.join("access-log");
        for folder in [&log.join("holds"), &log, &places.notices(), &places.data, &places.config] {
            // A folder in which something stayed stays.
            let _ = fs::remove_dir(folder);
        }
        Ok(strangers)
    }

    fn erase_files(&mut self) -> Result<Vec<String>, ProfileError> {
        let places = self.places().clone();
        self.forget_key();
        let mut strangers = Vec::new();
        for (folder, root) in [(Folder::Data, &places.data), (Folder::Config, &places.config)] {
            let mut files = Vec::new();
            files_below(root, 4, &mut files)?;
            let held = files.iter().any(|path| path.extension().is_some_and(|ending| ending == "hold"));
            // Erasing evidence is an act of its own (`hold release`), and so long its register stays, too.
            let stays = |entry: &Entry| held && [HELD, HOLD_REGISTER].contains(&entry.name);
            for path in files {
                let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                match Entry::of(folder, &name) {
                    Some(_) if path == places.lock() => {}
                    Some(entry) if !stays(entry) => disk::remove(&path)?,
                    Some(_) | None => strangers.push(path.display().to_string()),
                }
            }
        }
        autostart::remove(&places)?;
        links::remove(&places)?;
        // While it is held: whoever waits for it finds its file gone and takes the next one.
        disk::remove(&places.lock())?;
        Ok(strangers)
    }
}

/// The lines to erase, and each objection in force with its line.
fn acknowledgement_lines(
    ledger: &Ledger<Acknowledgement>,
    line: Option<u64>,
    gate: &runde_privacy::Gate,
) -> (Vec<u64>, Vec<(u64, String)>) {
    let lines = with_earlier(ledger, line, |record| record.host.clone());
    let receipts = ledger.receipts();
    let objections = gate.objections().filter_map(|(host, at)| {
        let is_it = |record: &Acknowledgement| {
            record.host == host && record.acknowledged_at == at && record.status == runde_privacy::Standing::Objected
        };
        let found = receipts.iter().rev().find(|receipt| receipt.record.is_some_and(is_it))?;
        Some((found.monotonic_seq, host.to_owned()))
    });
    (lines, objections.collect())
}

/// One line with all earlier ones about the same thing, or all lines.
fn with_earlier<R, K: PartialEq>(ledger: &Ledger<R>, line: Option<u64>, about: impl Fn(&R) -> K) -> Vec<u64>
where
    R: serde::Serialize + serde::de::DeserializeOwned,
{
    let kept: Vec<(u64, K)> = ledger
        .receipts()
        .into_iter()
        .filter_map(|receipt| receipt.record.map(|record| (receipt.monotonic_seq, about(record))))
        .collect();
    let Some(line) = line else { return kept.into_iter().map(|(seq, _)| seq).collect() };
    let Some((_, thing)) = kept.iter().find(|(seq, _)| *seq == line) else { return Vec::new() };
    kept.iter().filter(|(seq, other)| *seq <= line && other == thing).map(|(seq, _)| *seq).collect()
}

/// Removes the copies of a file that was found damaged; of all files for an empty name.
fn remove_copies(places: &Places, name: &str) -> Result<usize, ProfileError> {
    let mut files = Vec::new();
    files_below(&places.data, 0, &mut files)?;
    files_below(&places.config, 0, &mut files)?;
    files_below(&places.notices(), 0, &mut files)?;
    let copy = |path: &std::path::Path| {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let in_folder = format!("notices/{file}");
        let ours = Entry::of(Folder::Data, &file).or_else(|| Entry::of(Folder::Config, &file)).is_some()
            || Entry::of(Folder::Data, &in_folder).is_some();
        ours && file.starts_with(name) && file.contains(".damaged-")
    };
    let copies: Vec<_> = files.into_iter().filter(|path| copy(path)).collect();
    copies.iter().try_for_each(|path| disk::remove(path))?;
    Ok(copies.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_read_by_its_name_and_line() {
        assert_eq!(Item::parse("consents/3"), Some(Item::Consents(Some(3))));
        assert_eq!(Item::parse("acknowledgements"), Some(Item::Acknowledgements(None)));
        for bad in ["", "all", "consents/", "consents/x", "settings/1", "display-name/2"] {
            assert_eq!(Item::parse(bad), None, "{bad}");
        }
    }
}
