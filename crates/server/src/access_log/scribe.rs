//! The one task that writes: takes lines, appends them off the runtime's threads, deletes overdue days.

use std::collections::BTreeSet;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use runde_privacy::access_log::hold::Incident;
use runde_privacy::access_log::{Line, until_next_purge};
use tokio::sync::mpsc;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, sleep_until};

use super::Clock;
use super::book::Book;
use super::holds::Holds;

/// Lines written with one opening of the file.
const LINES_A_TURN: usize = 256;

/// What the host should know about the log. Each is told once while the server runs; rooms go on in every case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogTrouble {
    #[error(
        "the access log cannot be written ({}: {reason}); rooms go on, and these lines are lost until it can", path.display()
    )]
    Unwritable { path: PathBuf, reason: String },
    #[error("connections ended faster than the disk could write; some lines of the access log are lost")]
    Overrun,
    #[error("an overdue file of the access log could not be deleted ({}: {reason}); delete it by hand", path.display())]
    Stuck { path: PathBuf, reason: String },
    #[error("these are no files of the access log and were left alone: {}", .0.join(", "))]
    Odd(Vec<String>),
    #[error("by this computer's clock {0} lies in the future; it is kept, check the clock")]
    NotYet(String),
    #[error(
        "the hold {0} has to be reviewed: is it still needed? `runde-cli hold review {0}` or `runde-cli hold release {0}`"
    )]
    ReviewDue(Incident),
}

/// Writes until the last pen is gone.
#[derive(Debug)]
pub(crate) struct Scribe {
    book: Arc<Book>,
    clock: Clock,
    lines: mpsc::Receiver<Line>,
    lost: Arc<AtomicU64>,
    troubles: mpsc::Sender<LogTrouble>,
    /// What need not be told again. Grows by odd things in one folder only, which are told together, and by holds.
    told: BTreeSet<String>,
}

impl Scribe {
    pub(super) fn new(
        book: Book,
        clock: Clock,
        lines: mpsc::Receiver<Line>,
        lost: Arc<AtomicU64>,
        troubles: mpsc::Sender<LogTrouble>,
    ) -> Self {
        Self { book: Arc::new(book), clock, lines, lost, troubles, told: BTreeSet::new() }
    }

    pub(crate) async fn run(mut self) {
        let mut batch = Vec::with_capacity(LINES_A_TURN);
        let mut due = self.next_purge();
        loop {
            tokio::select! {
                taken = self.lines.recv_many(&mut batch, LINES_A_TURN) => {
                    if taken == 0 {
                        return;
                    }
                    self.append(std::mem::take(&mut batch)).await;
                }
                () = sleep_until(due) => {
                    self.purge().await;
                    due = self.next_purge();
                }
            }
        }
    }

    /// Counted in the time that passes, not in what the clock says then: setting the clock does not put it off.
    fn next_purge(&self) -> Instant {
        Instant::now() + until_next_purge(self.clock.now())
    }

    async fn append(&mut self, lines: Vec<Line>) {
        let book = Arc::clone(&self.book);
        if let Ok(Err((path, source))) = spawn_blocking(move || book.append(&lines)).await {
            self.tell("unwritable", LogTrouble::Unwritable { path, reason: source.to_string() });
        }
        if self.lost.load(Ordering::Relaxed) > 0 {
            self.tell("overrun", LogTrouble::Overrun);
        }
    }

    async fn purge(&mut self) {
        let (book, now) = (Arc::clone(&self.book), self.clock.now());
        let found = spawn_blocking(move || look(&book, now)).await;
        if let Ok(found) = found {
            self.report(found);
        }
    }

    /// Before there is anything to wait for.
    pub(super) fn purge_now(&mut self) {
        let found = look(&self.book, self.clock.now());
        self.report(found);
    }

    fn report(&mut self, found: io::Result<Found>) {
        let Found { purged, reminders } = match found {
            Ok(found) => found,
            Err(source) => {
                let path = self.book.folder().to_owned();
                return self.tell("unreadable", LogTrouble::Stuck { path, reason: source.to_string() });
            }
        };
        for (path, reason) in purged.stuck {
            self.tell(&format!("stuck {}", path.display()), LogTrouble::Stuck { path, reason });
        }
        if !purged.odd.is_empty() {
            self.tell("odd", LogTrouble::Odd(purged.odd));
        }
        if let Some(first) = purged.not_yet.into_iter().next() {
            self.tell("not yet", LogTrouble::NotYet(first));
        }
        for (incident, nth) in reminders {
            self.tell(&format!("review {incident} {nth}"), LogTrouble::ReviewDue(incident));
        }
    }

    /// A host that does not listen misses it; the log itself does not depend on being heard.
    fn tell(&mut self, what: &str, trouble: LogTrouble) {
        if self.told.insert(what.to_owned()) {
            let _ = self.troubles.try_send(trouble);
        }
    }
}

/// What a look at the folder finds.
struct Found {
    purged: super::book::Purged,
    /// Holds to be reviewed, and the how manieth reminder it is.
    reminders: Vec<(Incident, u64)>,
}

fn look(book: &Book, now: runde_privacy::stamp::Moment) -> io::Result<Found> {
    let purged = book.purge(now)?;
    let holds = Holds::of(book.folder()).register().unwrap_or_default();
    let due = holds.entries().iter().map(|entry| (entry.incident.clone(), entry.reminders(now)));
    Ok(Found { purged, reminders: due.filter(|(_, nth)| *nth > 0).collect() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::AtomicI64;
    use std::time::Duration;

    use runde_privacy::access_log::Retention;
    use runde_privacy::stamp::Moment;

    use super::*;
    use crate::AccessLog;
    use crate::access_log::{Pen, open};

    const HOUR: i64 = 3600;
    const DAY: i64 = 24 * HOUR;
    /// 2026-11-23T09:00:00Z.
    const NOW: i64 = 1_795_424_400;

    fn line(time: Moment) -> Line {
        format!("{time} 1 \"Firefox 128\" \"Linux\" 192.0.2.7").parse().unwrap()
    }

    /// A log whose clock is `time`.
    fn log(folder: &Path, time: &Arc<AtomicI64>) -> AccessLog {
        let time = Arc::clone(time);
        let clock = Clock::of(move || Moment::from_unix(time.load(Ordering::Relaxed)));
        AccessLog { clock, ..AccessLog::new(folder.to_owned(), Retention::CEILING) }
    }

    async fn written(pen: Pen, scribe: Scribe, lines: usize) {
        for _ in 0..lines {
            pen.write(line);
        }
        drop(pen);
        scribe.run().await;
    }

    #[tokio::test]
    async fn a_program_that_was_off_for_months_deletes_before_it_is_asked_anything() {
        let (home, time) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(NOW)));
        let (pen, scribe, _) = open(&log(home.path(), &time)).unwrap();
        written(pen, scribe, 3).await;
        let day = home.path().join("access-2026-11-23-56d.log");
        time.store(NOW + 55 * DAY, Ordering::Relaxed);
        drop(open(&log(home.path(), &time)).unwrap());
        assert!(day.exists(), "day 55");
        time.store(NOW + 300 * DAY, Ordering::Relaxed);
        let _opened = open(&log(home.path(), &time)).unwrap();
        assert!(!day.exists(), "gone although nothing ran yet");
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_that_runs_on_deletes_within_six_hours() {
        let (home, time) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(NOW)));
        let (pen, scribe, _troubles) = open(&log(home.path(), &time)).unwrap();
        written(pen, scribe, 1).await;
        let day = home.path().join("access-2026-11-23-56d.log");
        let (_pen, scribe, _troubles) = open(&log(home.path(), &time)).unwrap();
        time.store(NOW + 55 * DAY, Ordering::Relaxed);
        let running = tokio::spawn(scribe.run());
        tokio::time::sleep(Duration::from_secs(6 * 3600 + 1)).await;
        assert!(day.exists(), "day 55");
        time.store(NOW + 56 * DAY - 9 * HOUR, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(6 * 3600 + 1)).await;
        assert!(!day.exists(), "day 56 and six hours");
        running.abort();
    }

    #[tokio::test]
    async fn a_disk_that_refuses_is_told_once_and_lines_are_written_again_when_it_does_not() {
        let (home, time) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(NOW)));
        let (_pen, mut scribe, mut troubles) = open(&log(home.path(), &time)).unwrap();
        let in_the_way = home.path().join("access-2026-11-23-56d.log");
        std::fs::create_dir(&in_the_way).unwrap();
        for _ in 0..3 {
            scribe.append(vec![line(Moment::from_unix(NOW))]).await;
        }
        assert!(matches!(troubles.try_recv(), Ok(LogTrouble::Unwritable { path, .. }) if path == in_the_way));
        assert!(troubles.try_recv().is_err(), "once");
        std::fs::remove_dir(&in_the_way).unwrap();
        scribe.append(vec![line(Moment::from_unix(NOW))]).await;
        assert_eq!(std::fs::read_to_string(&in_the_way).unwrap().lines().count(), 1);
    }

    #[tokio::test]
    async fn lines_beyond_the_queue_are_lost_without_waiting_and_that_is_told() {
        let (home, time) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(NOW)));
        let (pen, scribe, mut troubles) = open(&log(home.path(), &time)).unwrap();
        written(pen, scribe, super::super::QUEUE + 500).await;
        let text = std::fs::read_to_string(home.path().join("access-2026-11-23-56d.log")).unwrap();
        assert_eq!(text.lines().count(), super::super::QUEUE);
        assert_eq!(troubles.try_recv(), Ok(LogTrouble::Overrun));
    }

    #[tokio::test]
    async fn odd_names_are_told_together_and_once() {
        let (home, time) = (tempfile::tempdir().unwrap(), Arc::new(AtomicI64::new(NOW)));
        std::fs::write(home.path().join("notes.txt"), "mine").unwrap();
        let (_pen, mut scribe, mut troubles) = open(&log(home.path(), &time)).unwrap();
        scribe.purge().await;
        assert_eq!(troubles.try_recv(), Ok(LogTrouble::Odd(vec!["notes.txt".to_owned()])));
        assert!(troubles.try_recv().is_err() && home.path().join("notes.txt").exists());
    }
}
