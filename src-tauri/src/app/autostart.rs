//! Starting with the session: in the tray, without a window, looking at no device and contacting nobody until a person comes.

use super::App;
use super::desk::{Desk, words};
use crate::shell::Shell;
use crate::view::{Autostart, UiError};
use std::path::{Path, PathBuf};

impl<S: Shell> App<S> {
    pub(super) fn start_in_tray(&mut self) {
        self.in_tray = self.shell.has_tray();
        self.ask_before_anything();
    }

    pub(super) fn set_autostart(&mut self, on: bool) -> Result<(), UiError> {
        let program =
            self.shell.program().ok_or_else(|| UiError::internal("the program does not know where it lies"))?;
        self.desk()?.set_autostart(on.then_some(program.as_path()))
    }

    /// `None` where this system or profile knows no such entry.
    pub(super) fn autostart_slice(&self, desk: &Desk) -> Option<Autostart> {
        desk.autostart(self.shell.program())
    }
}

impl Desk {
    fn set_autostart(&mut self, program: Option<&Path>) -> Result<(), UiError> {
        self.profile.set_autostart(program).map_err(|error| words::profile_error(&error))
    }

    fn autostart(&self, this: Option<PathBuf>) -> Option<Autostart> {
        let entry = self.profile.autostart()?;
        let other = entry.on && !this.is_some_and(|this| entry.starts(&this));
        let other = if other { entry.program.display().to_string() } else { String::new() };
        Some(Autostart { on: entry.on, other })
    }
}
