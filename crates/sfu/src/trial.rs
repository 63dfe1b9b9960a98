//! Finds out whether a receiver's line takes more than its estimate says: by sending more.
//!
//! An estimate made from feedback rises only a little above what is really sent, so a receiver of small pictures would
//! never be found worth a large one. While nothing speaks against it the room therefore sends one step too much and
//! watches: an estimate that grows confirms the step, one that falls or stands still takes it back, and the next
//! attempt waits twice as long.

use std::time::{Duration, Instant};

/// Between a confirmed step and the next.
const SETTLE: Duration = Duration::from_millis(500);
/// A healthy line's estimate has grown by then; a full one's queue has not become unbearable yet.
const VERDICT: Duration = Duration::from_secs(2);
/// The pause after the first failure, doubled with each further one up to the longest.
const PAUSE: Duration = Duration::from_secs(8);
const LONGEST_PAUSE: Duration = Duration::from_secs(120);
/// In percent of the estimate at the start or at its best: growth that confirms, loss that refuses.
const GROWN: u64 = 103;
const FALLEN: u64 = 85;
/// In percent of the cost: pictures are not all of one size, and a step must not end because one grew.
const SLACK: u64 = 130;

#[derive(Debug)]
struct Attempt {
    since: Instant,
    /// What is sent during it, bit/s.
    cost: u64,
    start: u64,
    best: u64,
}

/// One receiver's bandwidth: the estimate, and the attempt that runs beyond it.
#[derive(Debug)]
pub(crate) struct Trial {
    estimate: Option<u64>,
    attempt: Option<Attempt>,
    pause: Duration,
    not_before: Option<Instant>,
}

impl Default for Trial {
    fn default() -> Self {
        Self { estimate: None, attempt: None, pause: PAUSE, not_before: None }
    }
}

impl Trial {
    /// Takes a new estimate, bit/s.
    pub(crate) fn estimated(&mut self, now: Instant, bps: u64) {
        self.estimate = Some(bps);
        let Some(attempt) = &mut self.attempt else { return };
        attempt.best = attempt.best.max(bps);
        if bps >= attempt.cost {
            self.attempt = None;
            self.pause = PAUSE;
            self.not_before = Some(now + SETTLE);
        } else if bps < attempt.best / 100 * FALLEN {
            self.give_up(now);
        }
    }

    /// Ends an attempt that has not been confirmed in time.
    pub(crate) fn review(&mut self, now: Instant) {
        let stands_still = |a: &Attempt| {
            now.saturating_duration_since(a.since) >= VERDICT && a.best < a.start.saturating_mul(GROWN) / 100
        };
        if self.attempt.as_ref().is_some_and(stands_still) {
            self.give_up(now);
        }
    }

    /// What may be spent, bit/s; `None` while nothing is known.
    pub(crate) fn budget(&self) -> Option<u64> {
        let allowed = self.attempt.as_ref().map(|attempt| attempt.cost.saturating_mul(SLACK) / 100);
        self.estimate.max(allowed)
    }

    /// Whether one step beyond `spent` may be tried now: never on a line that is full already.
    pub(crate) fn may_begin(&self, now: Instant, spent: u64) -> bool {
        self.attempt.is_none()
            && self.estimate.is_some_and(|estimate| estimate >= spent)
            && self.not_before.is_none_or(|at| now >= at)
    }

    pub(crate) fn begin(&mut self, now: Instant, cost: u64) {
        let start = self.estimate.unwrap_or_default();
        self.attempt = Some(Attempt { since: now, cost, start, best: start });
    }

    fn give_up(&mut self, now: Instant) {
        self.attempt = None;
        self.not_before = Some(now + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trying(now: Instant) -> Trial {
        let mut trial = Trial::default();
        trial.estimated(now, 700_000);
        assert!(trial.may_begin(now, 500_000));
        trial.begin(now, 1_500_000);
        trial
    }

    #[test]
    fn a_growing_estimate_confirms_the_step() {
        let now = Instant::now();
        let mut trial = trying(now);
        for (second, bps) in [(1, 760_000), (3, 900_000), (5, 1_200_000), (8, 1_500_000)] {
            let at = now + Duration::from_secs(second);
            trial.estimated(at, bps);
            trial.review(at);
            assert!(trial.budget() >= Some(1_500_000));
        }
        assert!(trial.attempt.is_none() && trial.may_begin(now + Duration::from_secs(9), 1_500_000));
    }

    #[test]
    fn an_estimate_that_falls_or_stands_still_takes_the_step_back() {
        let now = Instant::now();
        let mut falls = trying(now);
        falls.estimated(now, 500_000);
        assert_eq!(falls.budget(), Some(500_000));
        let mut stands = trying(now);
        stands.review(now + VERDICT);
        assert_eq!(stands.budget(), Some(700_000));
    }

    #[test]
    fn a_line_that_refused_is_left_in_peace_ever_longer() {
        let (mut now, mut trial, mut attempts) = (Instant::now(), Trial::default(), 0);
        trial.estimated(now, 700_000);
        for _ in 0..6_000 {
            now += Duration::from_millis(100);
            trial.review(now);
            if trial.may_begin(now, 500_000) {
                trial.begin(now, 1_500_000);
                attempts += 1;
            }
        }
        assert!((5..=9).contains(&attempts), "{attempts} in ten minutes");
    }

    #[test]
    fn nothing_is_tried_on_a_line_that_is_full() {
        let now = Instant::now();
        let mut trial = Trial::default();
        assert!(!trial.may_begin(now, 0), "nothing is known yet");
        trial.estimated(now, 100_000);
        assert!(!trial.may_begin(now, 200_000));
    }
}
