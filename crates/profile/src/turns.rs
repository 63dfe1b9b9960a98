//! Several programs at one profile: each writes in its turn, and reads again before it what another one wrote.
//!
//! The command line has a profile for itself for the moment in which it runs ([`Profile::open`]). The window stays for hours, so it holds
//! that lock only while it writes ([`Profile::open_for_long`]) and looks in between whether somebody else did ([`Profile::catch_up`]).
//! A second lock, held all the time, keeps a second window out.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::disk;
use crate::error::ProfileError;
use crate::places::Places;
use crate::policy::Policy;
use crate::profile::{Opening, Profile};

/// Who may write now, and what was read last.
#[derive(Default)]
pub(crate) struct Turn {
    /// How long to wait for another program to let go.
    wait: Duration,
    /// Held while something is written; all the time by a program that has the profile for itself.
    lock: Option<File>,
    /// Held all the time by a window.
    seat: Option<File>,
    /// The files as they were when they were read or written here last.
    seen: Vec<Mark>,
    /// How often they were read again.
    readings: u64,
}

/// Tells two states of a file apart without reading it; `None` where there is none.
type Mark = Option<(u64, Option<SystemTime>)>;

impl Turn {
    pub fn alone(lock: File, wait: Duration) -> Self {
        Self { lock: Some(lock), wait, ..Self::default() }
    }
}

impl Profile {
    /// Opens the profile for a program that stays, beside others that write for a moment.
    ///
    /// # Errors
    /// As [`Profile::open`]; also when another program that stays has it.
    pub fn open_for_long(opening: Opening) -> Result<Self, ProfileError> {
        // Before anything is made: nonsense opens nothing.
        Policy::read(&opening.places.policy)?;
        disk::make_folder(&opening.places.data)?;
        let seat = disk::lock(&opening.places.window_lock(), opening.wait)?;
        let mut profile = Self::open(opening)?;
        profile.turn_mut().seat = Some(seat);
        profile.rest();
        Ok(profile)
    }

    /// Reads again what another program wrote since; costs a few looks at files where nothing did. While another one is at it, it is
    /// not waited for: ask again. [`Profile::readings`] says whether anything was read.
    ///
    /// # Errors
    /// When it cannot be read; then what was read before stays.
    pub fn catch_up(&mut self) -> Result<(), ProfileError> {
        if self.turn().lock.is_some() || marks(self.places()) == self.turn().seen {
            return Ok(());
        }
        match self.take_turn(Duration::ZERO) {
            Err(ProfileError::InUse(_)) => return Ok(()),
            other => other?,
        }
        self.rest();
        Ok(())
    }

    /// How often the profile was read again because another program had written to it.
    #[must_use]
    pub const fn readings(&self) -> u64 {
        self.turn().readings
    }

    /// Does something with the profile that nobody else may write to meanwhile.
    pub(crate) fn in_turn<T, E: From<ProfileError>>(
        &mut self,
        act: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        if self.turn().lock.is_some() {
            return act(self);
        }
        self.take_turn(self.turn().wait)?;
        let done = act(self);
        self.rest();
        done
    }

    /// Takes the lock, and reads what changed before anybody had it.
    fn take_turn(&mut self, wait: Duration) -> Result<(), ProfileError> {
        disk::make_folder(&self.places().data)?;
        disk::make_folder(&self.places().config)?;
        let lock = disk::lock(&self.places().lock(), wait)?;
        self.turn_mut().lock = Some(lock);
        if marks(self.places()) == self.turn().seen {
            return Ok(());
        }
        let read = self.keep_seat().and_then(|()| self.read_again());
        match read {
            Ok(()) => self.turn_mut().readings += 1,
            Err(_) => self.turn_mut().lock = None,
        }
        read
    }

    /// Whoever erased everything took the file of the window's lock along.
    fn keep_seat(&mut self) -> Result<(), ProfileError> {
        let (place, wait) = (self.places().window_lock(), self.turn().wait);
        if let Some(seat) = &self.turn().seat
            && !disk::is_at(seat, &place)
        {
            self.turn_mut().seat = Some(disk::lock(&place, wait)?);
        }
        Ok(())
    }

    fn rest(&mut self) {
        self.turn_mut().seen = marks(self.places());
        self.turn_mut().lock = None;
    }
}

fn marks(places: &Places) -> Vec<Mark> {
    let files = [
        places.acknowledgements(),
        places.consents(),
        places.key_file(),
        places.settings(),
        places.operator(),
        places.recents(),
        places.reminders(),
    ];
    files.iter().map(|file| mark(file)).collect()
}

fn mark(file: &Path) -> Mark {
    file.metadata().ok().map(|file| (file.len(), file.modified().ok()))
}
