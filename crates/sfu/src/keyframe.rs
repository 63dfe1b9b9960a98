//! How often a sender is asked for a key frame: at once for a newcomer, never in a storm.

use std::time::{Duration, Instant};

/// Requests that may follow each other closely: three guests that join within a second are each served.
const BURST: u32 = 3;
/// Afterwards one a second: a key frame costs as much as ten other pictures.
const REFILL: Duration = Duration::from_secs(1);
/// Requests closer than this are answered by the same key frame anyway.
const SPACING: Duration = Duration::from_millis(100);
/// A key frame that did not come within this time will not come: longer than most round trips, shorter than patience.
const OVERDUE: Duration = Duration::from_millis(300);

/// Limits the requests for one layer.
#[derive(Debug, Default)]
pub(crate) struct Throttle {
    /// Requests made and not yet paid back by time.
    spent: u32,
    paid_back_at: Option<Instant>,
    last: Option<Instant>,
}

impl Throttle {
    /// True when a request may go out now; it then counts.
    pub(crate) fn allow(&mut self, now: Instant) -> bool {
        self.pay_back(now);
        let too_close = self.last.is_some_and(|last| now.saturating_duration_since(last) < SPACING);
        if too_close || self.spent >= BURST {
            return false;
        }
        self.spent += 1;
        self.last = Some(now);
        true
    }

    /// True when the last request, if any, is so old that its answer must be lost.
    pub(crate) fn is_overdue(&self, now: Instant) -> bool {
        self.last.is_none_or(|last| now.saturating_duration_since(last) >= OVERDUE)
    }

    fn pay_back(&mut self, now: Instant) {
        let since = self.paid_back_at.get_or_insert(now);
        let whole = (now.saturating_duration_since(*since).as_millis() / REFILL.as_millis()) as u32;
        if whole > 0 {
            self.spent = self.spent.saturating_sub(whole);
            *since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_storm_of_requests_becomes_a_burst_and_then_one_a_second() {
        let start = Instant::now();
        let mut throttle = Throttle::default();
        let asked = (0..10_000u64).filter(|ms| throttle.allow(start + Duration::from_millis(*ms))).count();
        assert!((12..=13).contains(&asked), "three at once and one for each of ten seconds, not {asked}");
    }

    #[test]
    fn the_first_request_goes_out_at_once() {
        assert!(Throttle::default().allow(Instant::now()));
    }
}
