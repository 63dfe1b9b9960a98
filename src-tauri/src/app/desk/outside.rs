//! What another program wrote to the profile since the app looked last.

use super::{Desk, words};
use crate::view::UiError;

/// What of the profile was true when the app looked last; another program may write to it.
#[derive(Default)]
pub(super) struct Known {
    readings: u64,
    pseudonym: String,
    processing: runde_profile::Processing,
}

/// What another program did to the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outside {
    Nothing,
    Changed {
        /// Echo, noise or gain.
        sound: bool,
    },
    /// Everything was erased.
    Erased,
}

impl Desk {
    pub(super) fn know(&self) -> Known {
        let profile = &self.profile;
        Known {
            readings: profile.readings(),
            pseudonym: profile.pseudonym().to_owned(),
            processing: profile.settings().processing,
        }
    }

    /// Reads what another program wrote, and says what that was.
    pub fn look_outside(&mut self) -> Result<Outside, UiError> {
        self.profile.catch_up().map_err(|error| words::profile_error(&error))?;
        let now = self.know();
        let before = std::mem::replace(&mut self.known, now);
        if self.known.readings == before.readings {
            return Ok(Outside::Nothing);
        }
        if self.known.pseudonym != before.pseudonym {
            return Ok(Outside::Erased);
        }
        Ok(Outside::Changed { sound: self.known.processing != before.processing })
    }
}
