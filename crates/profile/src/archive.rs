//! A profile as one file to take along (Art. 20 GDPR), and back.
//!
//! The chain key stays where it is: an import writes the same records into new chains with the key of the
//! profile that receives them. So the codes of the lines differ, and everything else is the same.

use runde_privacy::{Acknowledgement, ConsentRecord, Document, DocumentError, Ledger, Operator, OperatorError, export};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::ProfileError;
use crate::profile::Profile;
use crate::recents::RecentRoom;
use crate::reminders::Reminder;
use crate::settings::Settings;

/// Name of the format.
pub const SCHEMA: &str = "runde-profile-1";

/// Largest file that is read: far more than a ledger of a lifetime.
pub const MAX_ARCHIVE: usize = 64 * 1024 * 1024;

/// Everything a profile holds but its key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    pub schema: String,
    pub settings: Settings,
    pub recent_rooms: Vec<RecentRoom>,
    /// Missing in files of earlier versions.
    #[serde(default)]
    pub reminders: Vec<Reminder>,
    /// Without erased ones.
    pub acknowledgements: Vec<Acknowledgement>,
    pub consents: Vec<ConsentRecord>,
    /// The notices that the acknowledgements name.
    #[serde(default)]
    pub notices: Vec<Document>,
    /// Who opens rooms with this profile.
    #[serde(default)]
    pub operator: Option<Operator>,
    /// The same ledgers with terms of the Data Privacy Vocabulary; not read back.
    #[serde(default)]
    pub json_ld: Value,
}

/// Why an archive was not taken in. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("this profile already holds records; erase them first, or choose another folder with RUNDE_HOME")]
    NotEmpty,
    #[error("the file is larger than {MAX_ARCHIVE} bytes and no exported profile")]
    TooLarge,
    #[error("the file is no exported profile ({0})")]
    Unreadable(#[from] serde_json::Error),
    #[error("the file says it is {0:?}; this version reads {SCHEMA:?}")]
    Schema(String),
    #[error("a notice in the file cannot be used: {0}")]
    Notice(#[from] DocumentError),
    #[error("the operator's details in the file cannot be used: {0}")]
    Operator(#[from] OperatorError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
}

impl Archive {
    /// # Errors
    /// When it is no archive, a newer one, or too large.
    pub fn read(bytes: &[u8]) -> Result<Self, ImportError> {
        if bytes.len() > MAX_ARCHIVE {
            return Err(ImportError::TooLarge);
        }
        let named: Value = serde_json::from_slice(bytes)?;
        let schema = named["schema"].as_str().unwrap_or_default();
        if schema != SCHEMA {
            return Err(ImportError::Schema(schema.chars().take(40).collect()));
        }
        Ok(serde_json::from_value(named)?)
    }

    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

impl Profile {
    #[must_use]
    pub fn archive(&self) -> Archive {
        Archive {
            schema: SCHEMA.to_owned(),
            settings: self.settings().clone(),
            recent_rooms: self.recent_rooms(),
            reminders: self.reminders(),
            acknowledgements: self.acknowledgements().records().cloned().collect(),
            consents: self.consents().records().cloned().collect(),
            notices: self.shelf().documents().cloned().collect(),
            operator: self.operator().cloned(),
            json_ld: export::json_ld(self.acknowledgements(), self.consents()),
        }
    }

    /// Takes an archive into a profile that has recorded nothing.
    ///
    /// # Errors
    /// When there are records already, or something could not be written; a ledger is written as a whole or
    /// not at all.
    pub fn import(&mut self, archive: Archive) -> Result<(), ImportError> {
        self.in_turn(|me| me.import_now(archive))
    }

    fn import_now(&mut self, archive: Archive) -> Result<(), ImportError> {
        let used = |lines: usize| lines > 0;
        if used(Ledger::len(self.acknowledgements())) || used(Ledger::len(self.consents())) {
            return Err(ImportError::NotEmpty);
        }
        archive.notices.iter().try_for_each(Document::check)?;
        let operator = archive.operator.map(|operator| Operator::read(operator.to_json().as_bytes())).transpose()?;
        self.take_records(archive.acknowledgements, archive.consents, archive.notices)?;
        self.set_operator(operator)?;
        self.set_settings(archive.settings)?;
        self.take_recent_rooms(&archive.recent_rooms)?;
        archive.reminders.into_iter().try_for_each(|reminder| self.remind(reminder))?;
        Ok(())
    }
}
