//! A deployment that has no Videobridge for us, or a focus that gives us no session: out and in again until there is one.

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

    /// The focus does not give us the session that we asked for.
    pub(super) fn not_restarted(&mut self, now: Instant, condition: &str) {
        tracing::info!(condition, "no fresh media session");
        self.bridgeless.refused(now);
    }

    /// Enters the room anew when it is time.
    pub(super) fn leave_bridgeless(&mut self, now: Instant) {
        if let Some(attempt) = self.bridgeless.take(now) {
            self.over = Some(Over::Anew { attempt });
            self.tell_guest(guest::Command::Leave);
        }
    }
}
