//! No media session, and none to come: when to enter the room anew.
//!
//! Pure: it is told the time. A deployment has no Videobridge, or its focus refuses or leaves unanswered that we asked for a
//! fresh session. The focus invites whoever enters, and nobody else; so waiting in the room would be waiting for ever.

use std::time::{Duration, Instant};

/// Others see each attempt as a leave and a return.
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A focus that changes its mind all the time moves nobody faster than that.
const BETWEEN: Duration = Duration::from_secs(5);
/// A focus that was asked for a session offers it within a round trip or two, unless a bridge is slow.
const PATIENCE: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub(super) struct Bridgeless {
    /// What the focus says.
    known: bool,
    /// Times entered in vain, in a row.
    tries: u32,
    due: Option<Instant>,
    entered: Option<Instant>,
}

impl Bridgeless {
    /// The focus has a bridge, or has none. One that is back is worth a try at once.
    pub(super) fn heard(&mut self, now: Instant, any: bool) {
        self.known = !any;
        if any {
            let earliest = self.entered.map_or(now, |entered| (entered + BETWEEN).max(now));
            self.due = self.due.map(|_| earliest);
        }
    }

    /// There is no media session. Where that is for want of a bridge: which attempt comes next, from 1.
    pub(super) fn without_media(&mut self, now: Instant) -> Option<u32> {
        if !self.known {
            return None;
        }
        self.due = Some(now + (FIRST_PAUSE * (1 << self.tries.min(8))).min(LONGEST_PAUSE));
        Some(self.tries.saturating_add(1))
    }

    /// A fresh session was asked for.
    pub(super) fn asked(&mut self, now: Instant) {
        self.due = Some(now + PATIENCE);
    }

    /// It was refused. There is a reason, so not at once.
    pub(super) fn refused(&mut self, now: Instant) {
        self.due = self.due.map(|due| due.min(now + FIRST_PAUSE));
    }

    /// A media session was offered, so there is a bridge.
    pub(super) fn offered(&mut self) {
        *self = Self { entered: self.entered, ..Self::default() };
    }

    /// When to come back with [`Bridgeless::take`].
    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Which attempt it is, once, when the room is to be entered anew.
    pub(super) fn take(&mut self, now: Instant) -> Option<u32> {
        if self.due.is_none_or(|due| due > now) {
            return None;
        }
        self.tries = self.tries.saturating_add(1);
        (self.due, self.entered) = (None, Some(now));
        Some(self.tries)
    }

    /// The room that is entered next says again what is missing there.
    pub(super) fn left_room(&mut self) {
        (self.due, self.known) = (None, false);
    }

    /// Nobody to talk to, so nothing to wait for.
    pub(super) fn cancel(&mut self) {
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_until_a_session_is_offered() {
        let (mut waits, start) = (Bridgeless::default(), Instant::now());
        let (mut now, mut entered) = (start, Vec::new());
        for attempt in 1..=5 {
            waits.heard(now, false);
            assert_eq!(waits.without_media(now), Some(attempt));
            assert_eq!(waits.take(now), None);
            now = waits.due().unwrap();
            assert_eq!((waits.take(now), waits.take(now)), (Some(attempt), None), "once");
            entered.push((now - start).as_secs());
        }
        assert_eq!(entered, [10, 30, 70, 130, 190]);
        waits.offered();
        waits.heard(now, false);
        waits.without_media(now);
        assert_eq!(waits.due(), Some(now + FIRST_PAUSE));
    }

    #[test]
    fn a_session_that_was_asked_for_and_does_not_come_is_asked_for_by_entering_anew() {
        let (mut waits, start) = (Bridgeless::default(), Instant::now());
        waits.asked(start);
        waits.offered();
        assert_eq!(waits.due(), None, "it came");
        waits.asked(start);
        assert_eq!((waits.take(start + FIRST_PAUSE), waits.take(start + PATIENCE)), (None, Some(1)));
        waits.asked(start);
        waits.refused(start + Duration::from_secs(1));
        assert_eq!(waits.due(), Some(start + Duration::from_secs(11)));
        waits.refused(start + Duration::from_secs(2));
        assert_eq!(waits.due(), Some(start + Duration::from_secs(11)), "a second word changes nothing");
        waits.cancel();
        waits.refused(start);
        assert_eq!(waits.due(), None, "nobody waits for one");
    }

    #[test]
    fn a_bridge_that_is_back_is_tried_at_once_and_one_that_was_never_missed_is_no_reason() {
        let (mut waits, start) = (Bridgeless::default(), Instant::now());
        assert_eq!(waits.without_media(start), None);
        waits.heard(start, true);
        assert_eq!(waits.due(), None);
        waits.heard(start, false);
        waits.without_media(start);
        waits.heard(start, true);
        assert_eq!(waits.take(start), Some(1));
        waits.heard(start, false);
        waits.without_media(start);
        waits.heard(start, true);
        assert_eq!((waits.take(start), waits.due()), (None, Some(start + BETWEEN)), "not over and over");
    }
}
