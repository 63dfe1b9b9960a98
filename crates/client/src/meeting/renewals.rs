//! When the focus may be asked for new ICE credentials in place, which cost less than a new session.
//!
//! Pure: it is told the time. Start at [`Renewals::may_ask`].

use std::time::{Duration, Instant};

/// The focus takes five a minute (jitsi.md 4.9).
const PAUSE: Duration = Duration::from_secs(12);

/// While the other side says nothing for so long, something is wrong: it answers our checks every two seconds.
const SILENCE: Duration = Duration::from_secs(5);

/// Renewals of one meeting's media sessions.
#[derive(Debug)]
pub(super) struct Renewals {
    /// The deployment says that it can, and has not said otherwise since.
    possible: bool,
    asked: Option<Instant>,
}

impl Renewals {
    pub(super) fn new(possible: bool) -> Self {
        Self { possible, asked: None }
    }

    pub(super) fn may_ask(&self, now: Instant) -> bool {
        self.possible && self.asked.is_none_or(|asked| now.saturating_duration_since(asked) >= PAUSE)
    }

    pub(super) fn asked(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// A focus that knows of no such thing is not asked again; one that is busy is.
    pub(super) fn refused(&mut self, condition: &str) {
        self.possible &= condition != "feature-not-implemented";
    }

    /// Whether the silence is long enough to ask. Once in each: what then remains silent is not helped by more of it.
    pub(super) fn is_silence(&self, now: Instant, heard: Option<Instant>) -> bool {
        let Some(heard) = heard else { return false };
        let asked_in_it = self.asked.is_some_and(|asked| asked >= heard);
        now.saturating_duration_since(heard) >= SILENCE && !asked_in_it && self.may_ask(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn five_fit_into_a_minute_and_not_more() {
        let (mut renewals, start) = (Renewals::new(true), Instant::now());
        let mut asked = Vec::new();
        for second in 0..60 {
            if renewals.may_ask(start + s(second)) {
                renewals.asked(start + s(second));
                asked.push(second);
            }
        }
        assert_eq!(asked, [0, 12, 24, 36, 48]);
    }

    #[test]
    fn a_focus_that_cannot_is_asked_once_and_one_that_is_busy_again() {
        let (mut renewals, start) = (Renewals::new(true), Instant::now());
        renewals.refused("resource-constraint");
        assert!(renewals.may_ask(start));
        renewals.refused("feature-not-implemented");
        assert!(!renewals.may_ask(start));
        assert!(!Renewals::new(false).may_ask(start));
    }

    #[test]
    fn a_silence_is_asked_about_once() {
        let (mut renewals, start) = (Renewals::new(true), Instant::now());
        assert!(!renewals.is_silence(start + s(60), None), "nobody was there yet");
        assert!(!renewals.is_silence(start + s(4), Some(start)));
        assert!(renewals.is_silence(start + s(5), Some(start)));
        renewals.asked(start + s(5));
        assert!(!renewals.is_silence(start + s(18), Some(start)), "the same silence");
        assert!(renewals.is_silence(start + s(25), Some(start + s(20))), "another");
    }
}
