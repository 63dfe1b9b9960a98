//! The connection to the system's sound: one for the whole process.
//!
//! The client library for PulseAudio never closes a connection that is let go while the server is silent. With one for each
//! look at the devices, the server's 64 places were taken within minutes, for every program of the user.

use cpal::Host;
use cpal::traits::HostTrait;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Longest wait for a sound server that was there before.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// The connection that is open, if any. Held while one is opened, too, which takes two seconds at most.
static KEPT: Mutex<Option<Arc<Host>>> = Mutex::new(None);

/// PulseAudio (which PipeWire speaks too) where there is one, since it shares devices and resamples; else ALSA, which has no
/// connection to keep.
pub(super) fn host() -> Arc<Host> {
    kept(&KEPT, open, answers).unwrap_or_else(|| Arc::new(cpal::default_host()))
}

/// The library's own threads live as long as the connection and bear the name of the thread that opened it.
fn open() -> Option<Host> {
    let open = || cpal::host_from_id(cpal::HostId::PulseAudio).ok();
    std::thread::Builder::new().name("sound-server".to_owned()).spawn(open).ok()?.join().ok()?
}

/// What is kept, as long as it answers; else a new one, which is kept from now on.
fn kept<T>(
    place: &Mutex<Option<Arc<T>>>,
    open: impl Fn() -> Option<T>,
    answers: impl Fn(&Arc<T>) -> bool,
) -> Option<Arc<T>> {
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    if place.as_ref().is_none_or(|open| !answers(open)) {
        *place = open().map(Arc::new);
    }
    place.clone()
}

/// Whether the server at the other end still speaks to us: it may have been restarted, or hang. The library waits without
/// an end, so the question has a thread of its own.
fn answers(host: &Arc<Host>) -> bool {
    let (said, answer) = mpsc::sync_channel(1);
    let asked = host.clone();
    let ask = move || said.send(asked.devices().is_ok());
    let thread = std::thread::Builder::new().name("dev-ask".to_owned()).spawn(ask);
    thread.is_ok() && answer.recv_timeout(ANSWER_WITHIN) == Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn one_connection_serves_until_it_no_longer_answers() {
        let place = Mutex::new(None);
        let (opened, well) = (Cell::new(0), Cell::new(true));
        let ask = || {
            let open = || {
                opened.set(opened.get() + 1);
                Some(opened.get())
            };
            kept(&place, open, |_| well.get()).map(|one| *one)
        };
        assert_eq!([ask(), ask(), ask()], [Some(1); 3]);
        well.set(false);
        assert_eq!(ask(), Some(2), "the sound server was restarted");
        well.set(true);
        assert_eq!([ask(), ask()], [Some(2); 2]);
    }

    #[test]
    fn a_server_that_is_not_there_is_asked_for_again() {
        let place = Mutex::new(None);
        assert_eq!(kept(&place, || None::<u8>, |_| true), None);
        assert_eq!(kept(&place, || Some(7), |_| true).map(|one| *one), Some(7));
    }
}
