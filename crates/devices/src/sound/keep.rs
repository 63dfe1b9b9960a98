//! Keeps a stream open: a thread of its own watches it, and when it dies opens it again, then the default device.
//!
//! What it is not: it knows no samples. The end of each new ring is handed to whoever reads or writes it.

use crate::error::DeviceError;
use crate::event::{DeviceEvent, DeviceKind, EventSender};
use runde_media::Mailbox;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often the thread looks at its stream.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A stream that calls nobody for this long is dead, whatever the system says. Real ones call each 10 to 100 ms.
const SILENT_FOR: Duration = Duration::from_secs(3);
/// Between two tries to open again.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Longest wait for a stream to close.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);
/// Longest wait for the first opening. A sound server that takes longer hangs.
const OPEN_WITHIN: Duration = Duration::from_secs(10);

/// What a callback may say: plain numbers, written without a lock.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    calls: AtomicU64,
    largest: AtomicU32,
    failed: AtomicBool,
}

impl Signals {
    /// The callback ran for this many frames.
    pub(crate) fn beat(&self, frames: usize) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.largest.fetch_max(u32::try_from(frames).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// The system reported an error; short gaps (xruns) mend themselves.
    pub(super) fn error(&self, error: &cpal::Error) {
        use cpal::ErrorKind;
        let passing = [ErrorKind::Xrun, ErrorKind::RealtimeDenied, ErrorKind::DeviceChanged];
        if !passing.contains(&error.kind()) {
            self.failed.store(true, Ordering::Relaxed);
        }
    }

    /// Most frames asked for at once.
    pub(crate) fn largest(&self) -> usize {
        self.largest.load(Ordering::Relaxed) as usize
    }
}

/// An open stream with our end of its ring.
pub(crate) struct Opened<E> {
    pub(super) stream: cpal::Stream,
    pub(super) end: E,
    pub(super) id: String,
}

/// Where the end of the newest stream lies until somebody reads or writes it. **The newest wins**: a device that comes and
/// goes while nobody looks leaves one end, not a row of dead ones.
type Ends<E> = Arc<Mailbox<(E, Arc<Signals>)>>;

/// Handle of the watching thread; dropping it closes the stream.
pub(crate) struct Kept<E> {
    newer: Ends<E>,
    /// Nothing is ever sent: its end stops the thread.
    stop: Option<mpsc::SyncSender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Closes a stream on a thread of its own: PulseAudio's playback waits for ever for the end of a stream whose device went away.
/// What does not close in time is left behind; that is one thread for each device that is pulled out.
fn close(stream: cpal::Stream) {
    let (closed, waiting) = mpsc::sync_channel::<()>(1);
    let work = move || {
        drop(stream);
        drop(closed);
    };
    if std::thread::Builder::new().name("snd-close".to_owned()).spawn(work).is_ok() {
        let _ = waiting.recv_timeout(CLOSE_WITHIN);
    }
}

type Open<E> = fn(Option<&str>, &Arc<Signals>) -> Result<Opened<E>, DeviceError>;

impl<E: Send + 'static> Kept<E> {
    /// Opens the wanted device (`None`: the default one) and keeps it open.
    pub(crate) fn open(
        kind: DeviceKind,
        wanted: Option<String>,
        open: Open<E>,
        events: EventSender,
    ) -> Result<(Self, E, Arc<Signals>), DeviceError> {
        let newer = Ends::<E>::default();
        let (stop, stopped) = mpsc::sync_channel(1);
        let (report, reported) = mpsc::sync_channel(1);
        let keeper = Keeper { kind, wanted, open, events, ends: newer.clone(), stopped };
        let name = if kind == DeviceKind::Speaker { "spk-device" } else { "mic-device" };
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || keeper.run(&report))
            .map_err(|source| DeviceError::Thread { kind, source })?;
        let hung = || DeviceError::NoSoundSystem { reason: "no answer within ten seconds".to_owned() };
        let (end, signals) = reported.recv_timeout(OPEN_WITHIN).map_err(|_| hung())??;
        Ok((Self { newer, stop: Some(stop), thread: Some(thread) }, end, signals))
    }

    /// The end of a stream opened since the last call.
    pub(crate) fn newer(&self) -> Option<(E, Arc<Signals>)> {
        self.newer.try_take()
    }
}

impl<E> Drop for Kept<E> {
    fn drop(&mut self) {
        self.stop = None; // the thread sees the end of its channel
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Report<E> = mpsc::SyncSender<Result<(E, Arc<Signals>), DeviceError>>;

struct Keeper<E> {
    kind: DeviceKind,
    wanted: Option<String>,
    open: Open<E>,
    events: EventSender,
    ends: Ends<E>,
    stopped: mpsc::Receiver<()>,
}

impl<E> Keeper<E> {
    fn run(self, report: &Report<E>) {
        let signals = Arc::new(Signals::default());
        let opened = match (self.open)(self.wanted.as_deref(), &signals) {
            Ok(opened) => opened,
            Err(error) => {
                let _ = report.send(Err(error));
                return;
            }
        };
        let Opened { mut stream, end, mut id } = opened;
        if report.send(Ok((end, signals.clone()))).is_err() {
            return;
        }
        let mut signals = signals;
        while self.watch(&signals) {
            close(stream);
            self.events.push(DeviceEvent::Lost { kind: self.kind, id });
            let Some((again, new_signals)) = self.again() else { return };
            (stream, id, signals) = (again.stream, again.id, new_signals.clone());
            self.events.push(DeviceEvent::Reopened { kind: self.kind, id: id.clone() });
            self.ends.put((again.end, new_signals));
        }
        close(stream);
    }

    /// Returns true when the stream has died, false when nobody needs it any more.
    fn watch(&self, signals: &Signals) -> bool {
        let (mut calls, mut since) = (0, Instant::now());
        while self.rest(LOOK_EVERY) {
            let now_calls = signals.calls.load(Ordering::Relaxed);
            if now_calls != calls {
                (calls, since) = (now_calls, Instant::now());
            }
            if signals.failed.load(Ordering::Relaxed) || since.elapsed() > SILENT_FOR {
                return true;
            }
        }
        false
    }

    /// The same device, else the default one, as soon as either opens.
    fn again(&self) -> Option<(Opened<E>, Arc<Signals>)> {
        while self.rest(TRY_EVERY) {
            let signals = Arc::new(Signals::default());
            let opened = (self.open)(self.wanted.as_deref(), &signals);
            match opened.or_else(|_| (self.open)(None, &signals)) {
                Ok(opened) => return Some((opened, signals)),
                Err(error) => tracing::debug!("{error}"),
            }
        }
        None
    }

    /// False when nobody needs the stream any more.
    fn rest(&self, time: Duration) -> bool {
        self.stopped.recv_timeout(time) == Err(mpsc::RecvTimeoutError::Timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_kills_a_stream_and_a_short_gap_does_not() {
        let signals = Signals::default();
        signals.error(&cpal::Error::from(cpal::ErrorKind::Xrun));
        assert!(!signals.failed.load(Ordering::Relaxed));
        signals.error(&cpal::Error::from(cpal::ErrorKind::DeviceNotAvailable));
        assert!(signals.failed.load(Ordering::Relaxed));
        signals.beat(480);
        signals.beat(64);
        assert_eq!(signals.largest(), 480);
    }

    #[test]
    fn of_two_reopened_streams_only_the_newest_end_is_kept() {
        let kept = Kept::<Arc<u8>> { newer: Ends::default(), stop: None, thread: None };
        let (first, second) = (Arc::new(1), Arc::new(2));
        for end in [&first, &second] {
            kept.newer.put((end.clone(), Arc::default()));
        }
        assert_eq!(Arc::strong_count(&first), 1, "let go");
        assert_eq!(kept.newer().map(|(end, _)| *end), Some(2));
        assert!(kept.newer().is_none());
    }

    #[test]
    fn a_device_that_is_not_there_is_an_error_at_once() {
        let open: Open<()> =
            |id, _| Err(DeviceError::NotFound { kind: DeviceKind::Microphone, id: id.unwrap_or_default().to_owned() });
        let (events, _told) = crate::events();
        let error = Kept::open(DeviceKind::Microphone, Some("gone".to_owned()), open, events).err();
        assert!(matches!(error, Some(DeviceError::NotFound { id, .. }) if id == "gone"));
    }
}
