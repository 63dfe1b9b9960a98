//! A place for one thing where the newest wins.
//!
//! What it is not: no queue. A reader that is slow misses what it was too slow for; that is wanted for pictures and levels.
//! Async readers use [`Mailbox::poll_take`] or [`Mailbox::next`]; no runtime is needed.

use std::future::poll_fn;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Tasks that may wait on one mailbox at once. A tile has one reader, the tests use two; more are forgotten, oldest first.
const MAX_WAKERS: usize = 8;

/// What a waiting reader got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Taken<T> {
    /// The newest thing, now out of the mailbox.
    Got(T),
    /// Nothing came in time.
    Nothing,
    /// Nothing is there and nothing will come.
    Closed,
}

/// Share it in an `Arc`. Writers never wait; the lock is held only to move one value.
pub struct Mailbox<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
}

struct Inner<T> {
    value: Option<T>,
    puts: u64,
    closed: bool,
    wakers: Vec<Waker>,
}

impl<T> Mailbox<T> {
    /// An empty, open mailbox.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner { value: None, puts: 0, closed: false, wakers: Vec::new() };
        Self { inner: Mutex::new(inner), changed: Condvar::new() }
    }

    /// Puts `value` in and returns the one it replaced. After [`Mailbox::close`] the value comes straight back.
    pub fn put(&self, value: T) -> Option<T> {
        let mut inner = self.lock();
        if inner.closed {
            return Some(value);
        }
        inner.puts += 1;
        let old = inner.value.replace(value);
        self.wake(inner);
        old
    }

    /// Takes what is there, at once.
    pub fn try_take(&self) -> Option<T> {
        self.lock().value.take()
    }

    /// Takes what is there or waits for it at most this long. Blocks the thread: not for async tasks.
    pub fn take(&self, at_most: Duration) -> Taken<T> {
        let deadline = Instant::now() + at_most;
        let mut inner = self.lock();
        loop {
            if let Some(value) = inner.value.take() {
                return Taken::Got(value);
            }
            if inner.closed {
                return Taken::Closed;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Taken::Nothing;
            }
            inner = self.changed.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The async form of [`Mailbox::take`]: `None` once closed and empty.
    pub fn poll_take(&self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.lock();
        if let Some(value) = inner.value.take() {
            return Poll::Ready(Some(value));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        if !inner.wakers.iter().any(|known| known.will_wake(context.waker())) {
            if inner.wakers.len() == MAX_WAKERS {
                inner.wakers.remove(0).wake();
            }
            inner.wakers.push(context.waker().clone());
        }
        Poll::Pending
    }

    /// Waits for the next thing; `None` once closed and empty.
    pub async fn next(&self) -> Option<T> {
        poll_fn(|context| self.poll_take(context)).await
    }

    /// How often something was put in so far.
    #[must_use]
    pub fn puts(&self) -> u64 {
        self.lock().puts
    }

    /// Nothing more may come; waiting readers are woken. What lies in it can still be taken.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        self.wake(inner);
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner<T>>) {
        let wakers = std::mem::take(&mut inner.wakers);
        drop(inner);
        self.changed.notify_all();
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Clone> Mailbox<T> {
    /// A copy of what is there, which stays for other readers.
    #[must_use]
    pub fn peek(&self) -> Option<T> {
        self.lock().value.clone()
    }
}

impl<T> Default for Mailbox<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn the_newest_wins_and_is_taken_once() {
        let mailbox = Mailbox::new();
        assert_eq!(mailbox.put(1), None);
        assert_eq!(mailbox.put(2), Some(1));
        assert_eq!(mailbox.peek(), Some(2));
        assert_eq!(mailbox.try_take(), Some(2));
        assert_eq!(mailbox.try_take(), None);
        assert_eq!(mailbox.take(Duration::ZERO), Taken::Nothing);
        assert_eq!(mailbox.puts(), 2);
    }

    #[test]
    fn a_waiting_task_is_woken_by_a_put_and_by_the_end() {
        let (mailbox, count) = (Mailbox::new(), Arc::new(Count(AtomicUsize::new(0))));
        let waker = Waker::from(count.clone());
        let mut context = Context::from_waker(&waker);
        assert!(mailbox.poll_take(&mut context).is_pending());
        assert!(mailbox.poll_take(&mut context).is_pending(), "asking twice registers once");
        mailbox.put(7);
        assert_eq!(count.0.load(Ordering::SeqCst), 1);
        assert_eq!(mailbox.poll_take(&mut context), Poll::Ready(Some(7)));
        assert!(mailbox.poll_take(&mut context).is_pending());
        mailbox.close();
        assert_eq!(count.0.load(Ordering::SeqCst), 2);
        assert_eq!(mailbox.poll_take(&mut context), Poll::Ready(None));
        assert_eq!(mailbox.put(8), Some(8), "a closed mailbox keeps nothing");
    }

    #[test]
    fn a_blocked_thread_gets_what_another_puts() {
        let mailbox = Arc::new(Mailbox::new());
        let reader = std::thread::spawn({
            let mailbox = mailbox.clone();
            move || mailbox.take(Duration::from_secs(20))
        });
        mailbox.put("late");
        assert_eq!(reader.join().unwrap(), Taken::Got("late"));
    }
}
