//! When the connection last lived, and the ping under way. Where it is dead, the guest decides what follows.

use super::asked::Question;
use super::event::{End, Failure, Step};
use super::{Guest, PING_EVERY, PING_LIMIT, PINGS_LOST, State};
use crate::ns;
use crate::xml::Element;
use std::time::Instant;

#[derive(Debug)]
pub(super) struct Pulse {
    heard: Instant,
    ping: Ping,
    lost: u8,
}

#[derive(Debug)]
enum Ping {
    Next { at: Instant },
    UnderWay { sent: Instant },
}

/// What a deadline of the pulse means.
enum Beat {
    /// Nothing yet.
    Rest,
    Ping,
    Dead,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Pulse { heard: now, ping: Ping::Next { at: now + PING_EVERY }, lost: 0 }
    }

    pub(super) fn heard(&mut self, now: Instant) {
        self.heard = now;
    }

    pub(super) fn next(&self) -> Instant {
        match self.ping {
            Ping::Next { at } => at,
            Ping::UnderWay { sent } => sent + PING_LIMIT,
        }
    }

    fn beat(&mut self, now: Instant) -> Beat {
        if now < self.next() {
            return Beat::Rest;
        }
        if let Ping::UnderWay { sent } = self.ping {
            // Other traffic is a sign of life as good as the answer.
            self.lost = if self.heard > sent { 0 } else { self.lost + 1 };
            if self.lost >= PINGS_LOST {
                return Beat::Dead;
            }
            let at = (sent + PING_EVERY).max(now);
            self.ping = Ping::Next { at };
            if at > now {
                return Beat::Rest;
            }
        }
        self.ping = Ping::UnderWay { sent: now };
        Beat::Ping
    }

    fn answered(&mut self) {
        if let Ping::UnderWay { sent } = self.ping {
            self.lost = 0;
            self.ping = Ping::Next { at: sent + PING_EVERY };
        }
    }
}

impl Guest {
    /// The pulse of those states in which people stay.
    pub(super) fn pulse_mut(&mut self) -> Option<&mut Pulse> {
        match &mut self.state {
            State::Present(present) => Some(&mut present.pulse),
            State::Knocking { knock, .. } => Some(&mut knock.pulse),
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Entering { .. }
            | State::Gone => None,
        }
    }

    /// A deadline in a room: a ping is due, or one stayed unanswered.
    pub(super) fn pulse(&mut self, now: Instant) {
        let Some(pulse) = self.pulse_mut() else { return };
        match pulse.beat(now) {
            Beat::Rest => {}
            Beat::Ping => {
                let domain = self.config.domain.clone();
                self.ask(Some(&domain), "get", Question::Ping, Element::new("ping", ns::PING));
            }
            Beat::Dead if matches!(self.state, State::Knocking { .. }) => self.fail(Failure::Closed(Step::Knocking)),
            Beat::Dead if self.cut(now) => {}
            Beat::Dead => self.end(End::Lost),
        }
    }

    /// The answer came, an error being one as well.
    pub(super) fn pinged(&mut self) {
        if let Some(pulse) = self.pulse_mut() {
            pulse.answered();
        }
    }
}
