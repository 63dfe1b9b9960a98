//! The access log of a running server: five fields for each connection that asked for something and was closed.
//!
//! A connection counts what it sends ([`Meter`]) and drops its line into a queue when it ends ([`Pen`]); one task
//! ([`Scribe`]) takes lines out, writes them and deletes overdue days; [`Book`] is the folder. Which fields there are and
//! how long they live is decided in `runde_privacy::access_log`. Holds ([`Holds`]) are made by the command line alone:
//! nothing in the server calls them, so nobody can begin one from outside.
//!
//! Whatever goes wrong here, rooms go on: it is told once ([`LogTrouble`]) and lines are lost rather than guests.

mod book;
mod export;
mod holds;
mod look;
mod scribe;
mod visit;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use runde_privacy::access_log::{Line, Retention};
use runde_privacy::stamp::Moment;
use tokio::sync::mpsc;

use crate::ServeError;

pub use book::purge;
pub use export::export;
pub use holds::{HoldFailure, Holds, Kept, Listing, Seal};
pub use look::{Look, look};
pub use scribe::LogTrouble;
pub(crate) use scribe::Scribe;
pub(crate) use visit::{Counted, Meter};

/// Lines that wait for the disk: about 100 kB. They come at the pace of closing connections; a disk that is this far
/// behind does not write, so further lines are lost and that is told. Waiting would hold up the guests instead.
const QUEUE: usize = 1024;
/// What is told and not yet heard. Each trouble is told once, so there are few.
const TROUBLES: usize = 16;

/// Where an access log is kept and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLog {
    /// Made if missing, for its owner only; one server uses it at a time.
    pub folder: PathBuf,
    /// What the guests' notice promises.
    pub retention: Retention,
    /// The time of the lines and of their deletion.
    pub clock: Clock,
}

impl AccessLog {
    /// By the system's clock.
    #[must_use]
    pub fn new(folder: PathBuf, retention: Retention) -> Self {
        Self { folder, retention, clock: Clock::system() }
    }
}

/// Says what time it is.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Moment + Send + Sync>);

impl Clock {
    /// The system's.
    #[must_use]
    pub fn system() -> Self {
        Self::of(|| {
            let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Moment::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
        })
    }

    /// Any other.
    pub fn of(now: impl Fn() -> Moment + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(crate) fn now(&self) -> Moment {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Clock")
    }
}

/// Where it takes the time from is no part of what options say.
impl PartialEq for Clock {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Clock {}

/// Takes lines for the log and never waits.
#[derive(Debug, Clone)]
pub(crate) struct Pen {
    lines: mpsc::Sender<Line>,
    clock: Clock,
    lost: Arc<AtomicU64>,
}

impl Pen {
    fn write(&self, line: impl FnOnce(Moment) -> Line) {
        if self.lines.try_send(line(self.clock.now())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Opens the folder and deletes what is overdue; call it before listening. The scribe has to be run, and ends with the
/// last pen.
pub(crate) fn open(log: &AccessLog) -> Result<(Pen, Scribe, mpsc::Receiver<LogTrouble>), ServeError> {
    let refused = |source| ServeError::AccessLog { folder: log.folder.clone(), source };
    let book = book::Book::open(&log.folder, log.retention).map_err(refused)?;
    let (lines_in, lines) = mpsc::channel(QUEUE);
    let (troubles_in, troubles) = mpsc::channel(TROUBLES);
    let lost = Arc::new(AtomicU64::new(0));
    let pen = Pen { lines: lines_in, clock: log.clock.clone(), lost: Arc::clone(&lost) };
    let mut scribe = Scribe::new(book, log.clock.clone(), lines, lost, troubles_in);
    scribe.purge_now();
    Ok((pen, scribe, troubles))
}
