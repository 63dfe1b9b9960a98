//! Letters whose answer is due some day, because somebody asked to be reminded. A date and a service, nothing of the letter.

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::error::ProfileError;
use crate::profile::Profile;

/// More letters than anybody waits for at once; the oldest goes first.
const MAX_REMINDERS: usize = 100;

/// One letter. Days are written `YYYY-MM-DD`, so that they sort as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// Article of the GDPR, such as `15` or `7(3)`.
    pub article: String,
    /// The service, such as `meet.jit.si`.
    pub to: String,
    pub written_on: String,
    pub remind_on: String,
}

impl Profile {
    /// The one that is due first comes first. A file that cannot be read counts as empty.
    #[must_use]
    pub fn reminders(&self) -> Vec<Reminder> {
        let bytes = disk::read(&self.places().reminders()).unwrap_or_default();
        let mut all: Vec<Reminder> = serde_json::from_slice(&bytes).unwrap_or_default();
        all.sort_by(|one, other| one.remind_on.cmp(&other.remind_on));
        all
    }

    /// Keeps a reminder; the same one twice is one.
    ///
    /// # Errors
    /// When it could not be written.
    pub fn remind(&mut self, reminder: Reminder) -> Result<(), ProfileError> {
        self.in_turn(|me| {
            let mut all = me.reminders();
            all.retain(|other| *other != reminder);
            all.push(reminder);
            let surplus = all.len().saturating_sub(MAX_REMINDERS);
            me.keep_reminders(&all[surplus..])
        })
    }

    /// Forgets one reminder, or all of them.
    ///
    /// # Errors
    /// When the list could not be written; then it stays as it was.
    pub fn forget_reminders(&mut self, one: Option<&Reminder>) -> Result<(), ProfileError> {
        self.in_turn(|me| {
            let left: Vec<Reminder> = match one {
                Some(gone) => me.reminders().into_iter().filter(|reminder| reminder != gone).collect(),
                None => Vec::new(),
            };
            me.keep_reminders(&left)
        })
    }

    fn keep_reminders(&self, all: &[Reminder]) -> Result<(), ProfileError> {
        if all.is_empty() {
            return disk::remove(&self.places().reminders());
        }
        disk::replace(&self.places().reminders(), serde_json::to_string_pretty(all).unwrap_or_default().as_bytes())
    }
}
