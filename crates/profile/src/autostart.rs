//! What starts the program with the session. It lies outside the profile, each system has a place of its own for it, and the page of
//! what is stored and erasing know it.

#[cfg_attr(windows, path = "autostart/run_key.rs")]
#[cfg_attr(target_os = "macos", path = "autostart/agent.rs")]
#[cfg_attr(not(any(windows, target_os = "macos")), path = "autostart/entry.rs")]
mod session;
// What is written for macOS is text and a file, so it is tested on the others, too.
#[cfg(all(test, unix, not(target_os = "macos")))]
#[path = "autostart/agent.rs"]
mod agent;

use std::path::{Path, PathBuf};

use crate::error::ProfileError;
use crate::holdings::Held;
use crate::places::Places;
use crate::profile::Profile;

pub(crate) use session::place;

/// With this argument the program shows no window.
pub const HIDDEN: &str = "--hidden";

/// Whether the session starts the program, and which one that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Autostart {
    pub on: bool,
    /// The program that is started; there may be more than one version on a computer. Empty while it is off.
    pub program: PathBuf,
}

impl Autostart {
    /// Whether `program` is the one that is started. Windows takes no notice of the case of letters.
    #[must_use]
    pub fn starts(&self, program: &Path) -> bool {
        let same_letters = || self.program.as_os_str().eq_ignore_ascii_case(program.as_os_str());
        self.on && (self.program == program || cfg!(windows) && same_letters())
    }
}

impl Profile {
    /// `None` where the session of this system or this profile knows no such entry.
    #[must_use]
    pub fn autostart(&self) -> Option<Autostart> {
        self.places().autostart.as_deref().map(session::look)
    }

    /// Lets the session start `program`, in the tray; `None` ends that.
    ///
    /// # Errors
    /// When the policy took the function away, there is no such entry here, or it could not be written; then it is as it was.
    pub fn set_autostart(&self, program: Option<&Path>) -> Result<(), ProfileError> {
        let entry = self.places().autostart.as_deref().ok_or(ProfileError::NoHome)?;
        let Some(program) = program else { return remove(self.places()).map(drop) };
        if !self.policy().allows_autostart() {
            return Err(ProfileError::Locked("autostart".to_owned()));
        }
        session::write(entry, program)
    }
}

/// Takes the entry away; whether there was any.
pub(crate) fn remove(places: &Places) -> Result<bool, ProfileError> {
    places.autostart.as_deref().map_or(Ok(false), session::remove)
}

/// Where it is no file of the desktop's kind: the line that is started, under the name that the manifest explains.
#[cfg(any(windows, target_os = "macos", test))]
fn started(path: PathBuf, bytes: usize, line: String) -> Option<Held> {
    use runde_privacy::manifest::{AUTOSTART, Entry, Folder};
    let entry = Entry::of(Folder::Session, AUTOSTART)?;
    let values = vec![crate::holdings::explained(entry, "Exec".to_owned(), line)];
    Some(Held { path, bytes: u64::try_from(bytes).unwrap_or(u64::MAX), changed: None, entry: Some(entry), values })
}

/// The entry as one of the things that are stored.
pub(crate) fn held(places: &Places) -> Result<Option<Held>, ProfileError> {
    places.autostart.as_deref().map_or(Ok(None), session::held)
}
