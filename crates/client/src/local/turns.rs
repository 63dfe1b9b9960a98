//! One kind of device: its openings and closings in the order they were asked for, of which only the newest opening counts.
//!
//! A driver may take seconds to open, and people change their mind meanwhile. Every opening has a number; one that is no
//! longer the newest is closed before the next begins, and nobody sees it. It knows no runtime: the jobs it returns run
//! wherever blocking is allowed. Start at [`Turns::opening`].

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::DeviceFault;

/// What an opening came to.
pub(super) type Brought<T> = Result<T, DeviceFault>;

struct Shared<T> {
    /// Number of the newest opening that is wanted.
    newest: AtomicU64,
    /// What the last job opened and nobody fetched yet, with the number of its opening.
    brought: Mutex<Option<(u64, Brought<T>)>>,
}

impl<T> Shared<T> {
    fn brought(&self) -> MutexGuard<'_, Option<(u64, Brought<T>)>> {
        self.brought.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_newest(&self, number: u64) -> bool {
        self.newest.load(Ordering::SeqCst) == number
    }

    /// Closes what nobody fetched. The lock is not held meanwhile: closing takes its time.
    fn clear(&self) {
        let stale = self.brought().take();
        drop(stale);
    }
}

/// The place of one job in the line.
struct Turn {
    before: Option<Receiver<()>>,
    /// Nothing is ever sent: its end is the end of the job.
    _end: SyncSender<()>,
}

impl Turn {
    fn wait(&self) {
        if let Some(before) = &self.before {
            let _ = before.recv();
        }
    }
}

/// The line of one kind of device. Dropping it makes all its openings stale.
pub(super) struct Turns<T> {
    shared: Arc<Shared<T>>,
    last: Option<Receiver<()>>,
    opening: bool,
}

impl<T> Default for Turns<T> {
    fn default() -> Self {
        let shared = Shared { newest: AtomicU64::new(0), brought: Mutex::new(None) };
        Self { shared: Arc::new(shared), last: None, opening: false }
    }
}

impl<T: Send + 'static> Turns<T> {
    /// The job that opens with `open`. Whatever was asked for before is stale from now on.
    pub(super) fn opening(
        &mut self,
        open: impl FnOnce() -> Brought<T> + Send + 'static,
    ) -> impl FnOnce() + Send + 'static {
        self.opening = true;
        let number = self.shared.newest.fetch_add(1, Ordering::SeqCst) + 1;
        let (shared, turn) = (self.shared.clone(), self.turn());
        move || {
            turn.wait();
            shared.clear();
            if shared.is_newest(number) {
                let opened = open();
                if shared.is_newest(number) {
                    *shared.brought() = Some((number, opened));
                }
            }
            drop(turn); // only now: what became stale while it opened is closed by here
        }
    }

    /// The job that closes `thing`; an opening asked for later begins after it.
    pub(super) fn closing(&mut self, thing: impl Send + 'static) -> impl FnOnce() + Send + 'static {
        let turn = self.turn();
        move || {
            turn.wait();
            drop(thing);
            drop(turn);
        }
    }

    /// The opening under way is no longer wanted. The job, if one is needed, closes what it brings.
    pub(super) fn forget(&mut self) -> Option<impl FnOnce() + Send + 'static> {
        if !std::mem::take(&mut self.opening) {
            return None;
        }
        self.shared.newest.fetch_add(1, Ordering::SeqCst);
        let (shared, turn) = (self.shared.clone(), self.turn());
        Some(move || {
            turn.wait();
            shared.clear();
            drop(turn);
        })
    }

    /// Whether something is being opened that is still wanted.
    pub(super) fn is_opening(&self) -> bool {
        self.opening
    }

    /// What the newest opening came to; `None` while it is under way. Stale ones are left to the job that closes them.
    pub(super) fn fetch(&mut self) -> Option<Brought<T>> {
        let (_, brought) = self.shared.brought().take_if(|(number, _)| self.shared.is_newest(*number))?;
        self.opening = false;
        Some(brought)
    }

    fn turn(&mut self) -> Turn {
        let (end, ended) = sync_channel(1);
        Turn { before: self.last.replace(ended), _end: end }
    }
}

impl<T> Drop for Turns<T> {
    fn drop(&mut self) {
        self.shared.newest.fetch_add(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;
    use std::thread;
    use std::time::Duration;

    /// A device of which it is counted how many are open.
    struct Device(&'static str, Arc<AtomicUsize>);

    impl Drop for Device {
        fn drop(&mut self) {
            self.1.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// Busy while another one is open.
    fn open(name: &'static str, held: &Arc<AtomicUsize>) -> impl FnOnce() -> Brought<Device> + Send + 'static {
        let held = held.clone();
        move || {
            let device = Device(name, held.clone());
            if held.fetch_add(1, Ordering::SeqCst) > 0 {
                Err(DeviceFault::failed(&format!("{name} met another")))
            } else {
                Ok(device)
            }
        }
    }

    fn name(brought: Option<Brought<Device>>) -> Option<Brought<&'static str>> {
        Some(brought?.map(|device| device.0))
    }

    #[test]
    fn of_two_openings_the_newer_is_brought_and_the_older_is_closed_before_it_begins() {
        let (mut turns, held) = (Turns::default(), Arc::new(AtomicUsize::new(0)));
        let first = turns.opening(open("first", &held));
        first();
        assert_eq!(held.load(Ordering::SeqCst), 1, "opened, and nobody fetched it yet");
        let second = turns.opening(open("second", &held));
        assert!(turns.fetch().is_none(), "the first one is stale");
        second();
        assert_eq!(name(turns.fetch()), Some(Ok("second")));
        assert!(!turns.is_opening());
    }

    #[test]
    fn an_opening_that_is_stale_before_its_turn_never_begins() {
        let (mut turns, held) = (Turns::default(), Arc::new(AtomicUsize::new(0)));
        let first = turns.opening(|| -> Brought<Device> { panic!("nobody wants it any more") });
        let second = turns.opening(open("second", &held));
        first();
        second();
        assert_eq!(name(turns.fetch()), Some(Ok("second")));
    }

    #[test]
    fn what_opens_after_it_was_forgotten_is_closed() {
        let (mut turns, held) = (Turns::default(), Arc::new(AtomicUsize::new(0)));
        let opening = turns.opening(open("unwanted", &held));
        opening();
        let close = turns.forget().unwrap();
        assert!(turns.forget().is_none() && turns.fetch().is_none());
        close();
        assert_eq!(held.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn jobs_run_in_the_order_they_were_asked_for_whichever_thread_is_first() {
        let (mut turns, held) = (Turns::default(), Arc::new(AtomicUsize::new(0)));
        let opening = turns.opening(open("camera", &held));
        opening();
        let Some(Ok(camera)) = turns.fetch() else { panic!("no camera") };
        let close = turns.closing(camera);
        let (begin, begun) = sync_channel(1);
        let open = open("camera again", &held);
        let again = turns.opening(move || {
            let _ = begin.send(());
            open()
        });
        let waiting = thread::spawn(again);
        assert!(begun.recv_timeout(Duration::from_millis(100)).is_err(), "it does not wait for its turn");
        close();
        waiting.join().unwrap();
        assert_eq!(name(turns.fetch()), Some(Ok("camera again")));
    }
}
