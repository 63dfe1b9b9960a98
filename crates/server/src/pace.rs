//! How fast a guest may talk, by whichever way its words come.

use std::time::Instant;

/// Frames a guest may send at once, and each second afterwards.
const BURST: f64 = 300.0;
const PER_SECOND: f64 = 60.0;

/// A bucket of frames that refills with time.
#[derive(Debug)]
pub(crate) struct Pace {
    left: f64,
    at: Instant,
}

impl Pace {
    pub(crate) fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Whether one more may come now.
    pub(crate) fn allow(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + elapsed * PER_SECOND).min(BURST) - 1.0;
        self.at = now;
        self.left >= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_flood_of_frames_ends_after_its_burst() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        let passed = (0..10_000u32).take_while(|n| pace.allow(start + Duration::from_micros(u64::from(*n)))).count();
        assert!((300..310).contains(&passed), "{passed}");
    }

    #[test]
    fn a_chatty_guest_within_the_pace_is_never_cut() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        assert!((0..5000u64).all(|n| pace.allow(start + Duration::from_millis(20 * n))));
    }
}
