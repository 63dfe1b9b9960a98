//! When the focus may be asked for a fresh media session.
//!
//! Pure: it is told the time. A session that fails is asked for again at once, and after further failures with growing
//! pauses, for as long as the guest stays: nobody is left without sound for good. Start at [`Restarts::failed`].

use std::time::{Duration, Instant};

/// Between two requests at least. The focus refuses more, and more than five a minute (jitsi.md 4.7): 5, 10, 20 and 40 s
/// stay below both.
const FIRST_PAUSE: Duration = Duration::from_secs(5);

/// The longest pause. A bridge that restarts takes about as long. What held for as long counts as repaired.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// Repairs of the media session.
#[derive(Debug, Default)]
pub(super) struct Restarts {
    /// Failures in a row.
    attempt: u32,
    /// The last request.
    asked: Option<Instant>,
    due: Option<Instant>,
}

impl Restarts {
    /// The session failed: a request is due, at once or after a pause. Returns which attempt it is, from 1.
    pub(super) fn failed(&mut self, now: Instant) -> u32 {
        if self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= LONGEST_PAUSE) {
            self.attempt = 0;
        }
        let earliest = self.asked.map(|asked| asked + pause(self.attempt));
        self.due = Some(earliest.map_or(now, |earliest| earliest.max(now)));
        self.attempt = self.attempt.saturating_add(1);
        self.attempt
    }

    /// When to come back with [`Restarts::take`].
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// True once when a request is due; the caller makes it.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|due| due > now) {
            return false;
        }
        (self.due, self.asked) = (None, Some(now));
        true
    }

    /// No request is needed: a session stands, or nobody is there to talk to. How often was asked is remembered.
    pub(super) fn cancel(&mut self) {
        self.due = None;
    }
}

/// After so many failures in a row.
fn pause(failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(8);
    (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn the_first_failure_is_repaired_at_once_and_a_second_one_waits_its_turn() {
        let (mut restarts, start) = (Restarts::default(), Instant::now());
        assert_eq!(restarts.failed(start), 1);
        assert!(restarts.take(start));
        assert_eq!(restarts.due(), None);
        assert_eq!(restarts.failed(start + s(1)), 2);
        assert!(!restarts.take(start + s(4)));
        assert_eq!(restarts.due(), Some(start + s(5)));
        assert!(restarts.take(start + s(5)));
        assert!(!restarts.take(start + s(5)), "one request a failure");
    }

    #[test]
    fn pauses_grow_to_a_minute_and_no_minute_has_more_requests_than_the_focus_takes() {
        let (mut restarts, start) = (Restarts::default(), Instant::now());
        let (mut now, mut asked) = (start, Vec::new());
        for _ in 0..10 {
            restarts.failed(now);
            now = restarts.due().unwrap();
            assert!(restarts.take(now));
            asked.push((now - start).as_secs());
        }
        assert_eq!(asked[..6], [0, 5, 15, 35, 75, 135]);
        assert!(asked.windows(2).all(|pair| (5..=60).contains(&(pair[1] - pair[0]))), "{asked:?}");
        assert!(asked.windows(6).all(|six| six[5] - six[0] > 60), "{asked:?}");
    }

    #[test]
    fn what_held_for_a_minute_is_repaired_at_once_again() {
        let (mut restarts, start) = (Restarts::default(), Instant::now());
        for second in [0, 5, 15] {
            restarts.failed(start + s(second));
            assert!(restarts.take(start + s(second)));
        }
        restarts.cancel();
        assert_eq!(restarts.failed(start + s(80)), 1);
        assert!(restarts.take(start + s(80)));
    }

    #[test]
    fn a_session_that_came_in_time_needs_no_request() {
        let (mut restarts, start) = (Restarts::default(), Instant::now());
        restarts.failed(start);
        assert!(restarts.take(start));
        restarts.failed(start + s(1));
        restarts.cancel();
        assert!(!restarts.take(start + s(60)) && restarts.due().is_none());
    }
}
