//! A deployment that has no Videobridge for us: out and in again until there is one.

use std::time::Instant;

use runde_signalling::guest;

use super::{Actor, Over};
use crate::state::Fact;

impl Actor {
    /// What the focus says. A session that still stands goes on; its bridge takes no new ones.
    pub(super) fn bridges(&mut self, now: Instant, any: bool) {
        self.bridgeless.heard(now, any);
        if !any && !self.session.as_ref().is_some_and(|session| session.connected) {
            self.wait_for_bridge(now);
        }
    }

    /// True when a session is missing for want of a bridge, and asking the focus for one would be in vain.
    pub(super) fn wait_for_bridge(&mut self, now: Instant) -> bool {
        let alone = self.faces.state.borrow().people.is_empty();
        let Some(attempt) = self.bridgeless.without_media(now).filter(|_| !alone) else {
            self.bridgeless.cancel();
            return false;
        };
        self.restarts.cancel();
        self.faces.learn(Fact::NoBridge { attempt });
        true
    }

    /// Enters the room anew when it is time.
    pub(super) fn leave_bridgeless(&mut self, now: Instant) {
        if let Some(attempt) = self.bridgeless.take(now) {
            self.over = Some(Over::Anew { attempt });
            self.tell_guest(guest::Command::Leave);
        }
    }
}
