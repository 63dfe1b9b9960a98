//! A bounded queue between a thread and a task, without a runtime: when it is full, the oldest goes.
//!
//! What it is not: no back pressure. Sound and pictures that wait are worth less than those that do not; a writer that
//! must not lose anything looks at [`Sender::room`] first and makes less.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

/// Makes a queue for at most `capacity` things (at least one). **When full, the oldest is dropped** and counted.
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let inner = Inner { queue: VecDeque::new(), dropped: 0, senders: 1, receiver: true, waker: None };
    let shared = Arc::new(Shared { inner: Mutex::new(inner), changed: Condvar::new(), capacity: capacity.max(1) });
    (Sender(shared.clone()), Receiver(shared))
}

struct Shared<T> {
    inner: Mutex<Inner<T>>,
    changed: Condvar,
    capacity: usize,
}

struct Inner<T> {
    queue: VecDeque<T>,
    dropped: u64,
    senders: usize,
    receiver: bool,
    waker: Option<Waker>,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self, mut inner: MutexGuard<'_, Inner<T>>) {
        let waker = inner.waker.take();
        drop(inner);
        self.changed.notify_one();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

/// What became of a pushed thing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pushed {
    /// It waits in the queue.
    Kept,
    /// It waits in the queue, and the oldest there had to go for it.
    DroppedOldest,
    /// Nobody will read it.
    Closed,
}

/// The writing end; clones write into the same queue.
pub struct Sender<T>(Arc<Shared<T>>);

/// The only reading end.
pub struct Receiver<T>(Arc<Shared<T>>);

/// What a blocking read got.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Received<T> {
    /// The oldest thing.
    Got(T),
    /// Nothing came in time.
    Nothing,
    /// All writers are gone and the queue is empty.
    Closed,
}

impl<T> Sender<T> {
    /// Never waits.
    pub fn push(&self, value: T) -> Pushed {
        let mut inner = self.0.lock();
        if !inner.receiver {
            return Pushed::Closed;
        }
        let full = inner.queue.len() >= self.0.capacity;
        if full {
            inner.queue.pop_front();
            inner.dropped += 1;
        }
        inner.queue.push_back(value);
        self.0.wake(inner);
        if full { Pushed::DroppedOldest } else { Pushed::Kept }
    }

    /// How many more fit before the oldest must go.
    #[must_use]
    pub fn room(&self) -> usize {
        self.0.capacity.saturating_sub(self.0.lock().queue.len())
    }

    /// How many were dropped because the queue was full, so far.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.0.lock().dropped
    }

    /// True once the receiver is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        !self.0.lock().receiver
    }
}

impl<T> Receiver<T> {
    /// Takes the oldest, at once.
    pub fn try_next(&mut self) -> Option<T> {
        self.0.lock().queue.pop_front()
    }

    /// Waits for the oldest at most this long. Blocks the thread: not for async tasks.
    pub fn wait(&mut self, at_most: Duration) -> Received<T> {
        let deadline = Instant::now() + at_most;
        let mut inner = self.0.lock();
        loop {
            if let Some(value) = inner.queue.pop_front() {
                return Received::Got(value);
            }
            if inner.senders == 0 {
                return Received::Closed;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Received::Nothing;
            }
            inner = self.0.changed.wait_timeout(inner, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The async form: `None` when all writers are gone and the queue is empty.
    pub fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let mut inner = self.0.lock();
        if let Some(value) = inner.queue.pop_front() {
            return Poll::Ready(Some(value));
        }
        if inner.senders == 0 {
            return Poll::Ready(None);
        }
        inner.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Waits for the oldest; `None` when all writers are gone and the queue is empty. Safe to drop half way
    /// (`select!`): a thing is taken only when it is returned.
    pub async fn next(&mut self) -> Option<T> {
        poll_fn(|context| self.poll_next(context)).await
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(self.0.clone())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.senders -= 1;
        if inner.senders == 0 {
            self.0.wake(inner);
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut inner = self.0.lock();
        inner.receiver = false;
        inner.queue.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Wake;

    struct Nop;
    impl Wake for Nop {
        fn wake(self: Arc<Self>) {}
    }

    #[test]
    fn a_full_queue_loses_its_oldest() {
        let (tx, mut rx) = bounded(2);
        assert_eq!((tx.push(1), tx.push(2), tx.room()), (Pushed::Kept, Pushed::Kept, 0));
        assert_eq!(tx.push(3), Pushed::DroppedOldest);
        assert_eq!((rx.try_next(), rx.try_next(), rx.try_next()), (Some(2), Some(3), None));
        assert_eq!(tx.dropped(), 1);
    }

    #[test]
    fn what_was_written_is_read_before_the_end_is_seen() {
        let (tx, mut rx) = bounded(2);
        let second = tx.clone();
        second.push("last words");
        drop((tx, second));
        assert_eq!(rx.wait(Duration::ZERO), Received::Got("last words"));
        assert_eq!(rx.wait(Duration::ZERO), Received::Closed);
        let waker = Waker::from(Arc::new(Nop));
        assert_eq!(rx.poll_next(&mut Context::from_waker(&waker)), Poll::Ready(None));
    }

    #[test]
    fn a_writer_learns_that_nobody_reads() {
        let (tx, rx) = bounded(1);
        drop(rx);
        assert_eq!(tx.push(()), Pushed::Closed);
        assert!(tx.is_closed());
    }
}
