//! Sealed copies of lines: the folder `holds` beside the days.
//!
//! `register.json` knows each hold by incident, dates, number of lines and hash; `INCIDENT.hold` is the sealed text, for
//! its owner to read only. Everything is done at once by whoever calls, under a lock; the server never calls more than
//! [`Holds::register`].

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use runde_privacy::access_log::hold::{self, Act, Entry, HoldError, Incident, Register, State};
use runde_privacy::access_log::{DayFile, Line, Retention};
use runde_privacy::stamp::Moment;

use super::book::{HOLDS, is_plain, private, private_folder, purge};
use super::export::each_line;

/// Lines of one hold: about 20 MB. An attack that left more is described by these; a narrower rule takes others.
const MAX_LINES: usize = 200_000;
/// A register grows by about 300 bytes a hold; a larger file is not ours.
const MAX_REGISTER: u64 = 4 * 1024 * 1024;
const REGISTER: &str = "register.json";
const SEALED: &str = "hold";

/// Why a hold could not be begun, read or ended.
#[derive(Debug, thiserror::Error)]
pub enum HoldFailure {
    #[error(transparent)]
    Rule(#[from] HoldError),
    #[error("there is no access log in {}", .0.display())]
    NoLog(PathBuf),
    #[error("no line matches; nothing is held")]
    NothingMatches,
    #[error("more than {MAX_LINES} lines match; nothing is held")]
    TooMany,
    #[error("{} is no register of holds, or of a later version; nothing was changed", .0.display())]
    Register(PathBuf),
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
}

/// The holds of one access log.
#[derive(Debug, Clone)]
pub struct Holds {
    log: PathBuf,
}

/// What became of a sealed text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seal {
    Sound,
    /// It is not what was sealed.
    Changed,
    Missing,
    /// Released: there is none, as it should be.
    Deleted,
}

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    pub entry: Entry,
    pub seal: Seal,
    /// Who decided it and why; `None` where the sealed text is gone or is not what was sealed.
    pub head: Option<hold::Head>,
}

/// A hold that has begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub lines: usize,
    pub file: PathBuf,
}

impl Holds {
    /// Of the log in this folder. Nothing is opened yet.
    #[must_use]
    pub fn of(log: &Path) -> Self {
        Self { log: log.to_owned() }
    }

    /// Copies the matching lines into a sealed text and writes it into the register.
    ///
    /// # Errors
    /// [`HoldFailure`] says what is in the way; then nothing is held.
    pub fn start(&self, act: &Act) -> Result<Kept, HoldFailure> {
        if !self.log.is_dir() {
            return Err(HoldFailure::NoLog(self.log.clone()));
        }
        let _lock = self.lock()?;
        let before = self.register()?;
        let lines = self.matching(act)?;
        let sealed = hold::seal(act, &lines);
        let mut register = before.clone();
        register.start(act, lines.len() as u64, &sealed)?;
        // The register first: a sealed text that nobody knows of would never be released.
        self.save(&register)?;
        let file = self.sealed(&act.incident);
        if let Err(source) = write_new(&file, sealed.as_bytes()) {
            let _ = fs::remove_file(&file);
            self.save(&before)?;
            return Err(HoldFailure::File { path: file, source });
        }
        Ok(Kept { lines: lines.len(), file })
    }

    /// All holds, and whether their texts are what was sealed.
    ///
    /// # Errors
    /// The register cannot be read.
    pub fn list(&self) -> Result<Vec<Listing>, HoldFailure> {
        let look = |entry: &Entry| {
            let sealed = fs::read(self.sealed(&entry.incident));
            let head = sealed.as_deref().ok().filter(|bytes| entry.is_sealed(bytes)).and_then(hold::head);
            let seal = match (&entry.state, sealed) {
                (State::Released { .. }, Err(_)) => Seal::Deleted,
                (State::Released { .. }, Ok(_)) => Seal::Changed,
                (State::Held { .. }, Ok(bytes)) if entry.is_sealed(&bytes) => Seal::Sound,
                (State::Held { .. }, Ok(_)) => Seal::Changed,
                (State::Held { .. }, Err(_)) => Seal::Missing,
            };
            Listing { entry: entry.clone(), seal, head }
        };
        Ok(self.register()?.entries().iter().map(look).collect())
    }

    /// Sealed texts that the register does not know. [`Self::release`] deletes them.
    #[must_use]
    pub fn strays(&self) -> Vec<Incident> {
        let known = self.register().unwrap_or_default();
        let names = fs::read_dir(self.folder()).into_iter().flatten().flatten().map(|entry| entry.path());
        let sealed = names.filter(|path| path.extension().is_some_and(|ending| ending == SEALED));
        let ids = sealed.filter_map(|path| Incident::try_from(path.file_stem()?.to_string_lossy().into_owned()).ok());
        ids.filter(|id| !known.entries().iter().any(|entry| entry.incident == *id)).collect()
    }

    /// Says that the hold is still needed.
    ///
    /// # Errors
    /// There is no such hold, or the register cannot be written.
    pub fn review(&self, incident: &Incident, now: Moment) -> Result<(), HoldFailure> {
        let _lock = self.lock()?;
        let mut register = self.register()?;
        register.review(incident, now)?;
        self.save(&register)
    }

    /// Deletes the sealed text, then writes so into the register.
    ///
    /// # Errors
    /// There is no such hold, or the text cannot be deleted; then the register still names it.
    pub fn release(&self, incident: &Incident, now: Moment) -> Result<(), HoldFailure> {
        let _lock = self.lock()?;
        let mut register = self.register()?;
        let file = self.sealed(incident);
        let known = register.release(incident, now);
        if known.is_err() && !file.exists() {
            return Ok(known?);
        }
        match fs::remove_file(&file) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(HoldFailure::File { path: file, source });
            }
            Ok(()) | Err(_) => {}
        }
        self.save(&register)
    }

    /// The register as it stands; empty where there was never a hold.
    ///
    /// # Errors
    /// It is damaged or cannot be read.
    pub fn register(&self) -> Result<Register, HoldFailure> {
        let path = self.folder().join(REGISTER);
        let mut text = String::new();
        match File::open(&path) {
            Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(Register::default()),
            Err(source) => return Err(HoldFailure::File { path, source }),
            Ok(file) => match file.take(MAX_REGISTER).read_to_string(&mut text) {
                Err(source) if source.kind() != io::ErrorKind::InvalidData => {
                    return Err(HoldFailure::File { path, source });
                }
                Ok(_) | Err(_) => {}
            },
        }
        Register::parse(&text).ok_or(HoldFailure::Register(path))
    }

    /// Lines of all days that are not overdue: a hold never brings back what had to be gone.
    fn matching(&self, act: &Act) -> Result<Vec<Line>, HoldFailure> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| HoldFailure::File { path, source }
        };
        purge(&self.log, act.at, Retention::CEILING).map_err(failed(&self.log))?;
        let mut days: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&self.log).map_err(failed(&self.log))? {
            let entry = entry.map_err(failed(&self.log))?;
            if DayFile::named(&entry.file_name().to_string_lossy()).is_some() && is_plain(&entry.path()) {
                days.push(entry.path());
            }
        }
        days.sort();
        let mut found = Vec::new();
        for day in days {
            each_line(&day, |line| {
                if act.rule.matches(&line) {
                    found.push(line);
                }
                found.len() <= MAX_LINES
            })
            .map_err(failed(&day))?;
        }
        match found.len() {
            0 => Err(HoldFailure::NothingMatches),
            many if many > MAX_LINES => Err(HoldFailure::TooMany),
            _ => Ok(found),
        }
    }

    fn folder(&self) -> PathBuf {
        self.log.join(HOLDS)
    }

    fn sealed(&self, incident: &Incident) -> PathBuf {
        self.folder().join(format!("{incident}.{SEALED}"))
    }

    /// Held until dropped; two commands at once come one after the other.
    fn lock(&self) -> Result<File, HoldFailure> {
        let path = self.folder();
        let failed = |source| HoldFailure::File { path: path.clone(), source };
        if !self.log.is_dir() {
            return Err(HoldFailure::NoLog(self.log.clone()));
        }
        private_folder(&path).map_err(failed)?;
        let folder = File::open(&path).map_err(failed)?;
        // Not every system locks folders.
        let _ = folder.lock();
        Ok(folder)
    }

    /// Replaced as a whole: a reader sees the old or the new register.
    fn save(&self, register: &Register) -> Result<(), HoldFailure> {
        let (path, draft) = (self.folder().join(REGISTER), self.folder().join("register.new"));
        let _ = fs::remove_file(&draft);
        let saved =
            private(OpenOptions::new().write(true).create_new(true), 0o600).open(&draft).and_then(|mut file| {
                file.write_all(register.write().as_bytes())?;
                file.sync_all()?;
                fs::rename(&draft, &path)
            });
        saved.map_err(|source| HoldFailure::File { path, source })
    }
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = private(OpenOptions::new().write(true).create_new(true), 0o400).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests;
