//! The door of a room: who may come in, who has to knock, whose password has to wait.

use super::ConnId;
use super::connection::Seat;
use super::core::Host;
use super::guard::Guard;
use super::restart::Ice;
use super::resume::machine_of;
use super::room::{Occupant, Session};
use super::settings::MAX_PASSWORD;
use crate::jid::Jid;
use crate::jingle::Sources;
use crate::xml::{CLIENT, Element};
use crate::{muc, ns, stream};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Instant;

/// Passwords that wait for their turn. Each is of another connection; more than these are a siege and are refused.
const MAX_HELD: usize = 64;

/// Somebody wants to enter a room.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    connection: ConnId,
    from: IpAddr,
    room: String,
    endpoint: String,
    presence: Vec<Element>,
    password: Option<String>,
    /// Enough of the stanza to refuse it.
    stub: Element,
}

/// Attempts whose password has to wait, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(VecDeque<Attempt>);

impl Held {
    pub(super) fn forget(&mut self, connection: ConnId) {
        self.0.retain(|attempt| attempt.connection != connection);
    }

    /// When the first of them gets its turn.
    pub(super) fn due(&self, guard: &Guard) -> Option<Instant> {
        self.0.iter().filter_map(|attempt| guard.until(attempt.from)).min()
    }

    fn take_due(&mut self, now: Instant, guard: &Guard) -> Option<Attempt> {
        let at = self.0.iter().position(|attempt| guard.until(attempt.from).is_none_or(|until| until <= now))?;
        self.0.remove(at)
    }
}

/// What the door says.
enum Verdict {
    Enter,
    /// Wait for a moderator in the lobby.
    Knock,
    /// The password is looked at later.
    Later,
    Refused(&'static str, &'static str),
}

/// Names of sources and groups are made of an endpoint id, so nothing else may be in it: eight hex digits.
pub(super) fn is_endpoint(text: &str) -> bool {
    text.len() == 8 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

impl Host {
    pub(super) fn presence(&mut self, now: Instant, id: ConnId, stanza: &Element) {
        let Some(to) = stanza.get("to").and_then(Jid::parse) else { return };
        let (Some(name), Some(endpoint)) = (to.node, to.resource) else { return };
        if to.domain == self.lobby_domain() {
            return self.lobby_presence(now, id, &name, &endpoint, stanza);
        }
        if to.domain != self.conference_domain() {
            return;
        }
        let seated = self.seat_in(id, &name);
        match (stanza.get("type"), seated) {
            (Some("unavailable"), Some(own)) => self.leave(&name, &own, None),
            (None, Some(own)) if own == endpoint => self.update(id, &name, &own, stanza),
            (None, Some(_)) => self.refuse(id, stanza, "cancel", "conflict"),
            (None, None) => self.want_in(now, id, name, endpoint, stanza),
            (Some(_), _) => {}
        }
    }

    fn update(&mut self, id: ConnId, name: &str, endpoint: &str, stanza: &Element) {
        let Some(presence) = muc::clean_presence(stanza, endpoint) else {
            return self.refuse(id, stanza, "modify", "not-acceptable");
        };
        let Some(room) = self.rooms.get_mut(name) else { return };
        if let Some(occupant) = room.occupants.get_mut(endpoint) {
            occupant.presence = presence;
            room.show(endpoint, &mut self.out);
        }
    }

    fn want_in(&mut self, now: Instant, id: ConnId, room: String, endpoint: String, stanza: &Element) {
        let presence = muc::clean_presence(stanza, &endpoint).filter(|_| is_endpoint(&endpoint));
        let (Some(presence), Some(connection)) = (presence, self.connections.get(&id)) else {
            return self.refuse(id, stanza, "modify", "not-acceptable");
        };
        let x = stanza.find("x", ns::MUC);
        let password = x.and_then(|x| x.text_of("password", ns::MUC));
        let stub = Element::new("presence", CLIENT).attr_opt("id", stanza.get("id")).attr_opt("to", stanza.get("to"));
        let from = connection.from;
        // One that is too long is wrong, and so is the empty one.
        let password = password.map(|text| if text.len() > MAX_PASSWORD { String::new() } else { text });
        self.held.forget(id);
        self.remember_machine(id, machine_of(x).as_deref());
        self.attempt(now, Attempt { connection: id, from, room, endpoint, presence, password, stub });
    }

    /// Looks at the passwords whose wait is over; each wrong one makes the others of its address wait longer.
    pub(super) fn judge_held(&mut self, now: Instant) {
        while let Some(attempt) = self.held.take_due(now, &self.guard) {
            self.attempt(now, attempt);
        }
    }

    fn attempt(&mut self, now: Instant, attempt: Attempt) {
        let (id, stub) = (attempt.connection, attempt.stub.clone());
        match self.judge(now, &attempt) {
            Verdict::Enter => {
                if let Err((kind, condition)) = self.seat(now, attempt) {
                    self.refuse(id, &stub, kind, condition);
                }
            }
            Verdict::Knock => {
                let lobby = format!("{}@{}", attempt.room, self.lobby_domain());
                // Clients of 2020 look for it beside the error, later ones in it.
                let beside = Element::new("lobbyroom", CLIENT).text(lobby.clone());
                let inside = Element::new("lobbyroom", ns::JITMEET).text(lobby);
                let error = stream::error("auth", "registration-required").child(inside);
                self.answer_with(id, &stub, "error", [error, beside]);
            }
            Verdict::Later if self.held.0.len() < MAX_HELD => self.held.0.push_back(attempt),
            Verdict::Later => self.refuse(id, &stub, "wait", "resource-constraint"),
            Verdict::Refused(kind, condition) => self.refuse(id, &stub, kind, condition),
        }
    }

    fn judge(&mut self, now: Instant, attempt: &Attempt) -> Verdict {
        let Some(room) = self.rooms.get(&attempt.room) else { return Verdict::Refused("cancel", "not-allowed") };
        let settings = &room.settings;
        if room.admitted.contains(&attempt.connection) || (settings.password.is_none() && !settings.members_only) {
            return Verdict::Enter;
        }
        // Somebody has to be the first, or nobody could let others in.
        if settings.password.is_none() && room.occupants.is_empty() {
            return Verdict::Enter;
        }
        // It was let in before: who takes its own seat back asks nobody.
        if !self.ghosts(now, attempt.connection, &attempt.room).is_empty() {
            return Verdict::Enter;
        }
        let refused = if settings.members_only { Verdict::Knock } else { Verdict::Refused("auth", "not-authorized") };
        let (Some(secret), Some(guess)) = (&settings.password, &attempt.password) else { return refused };
        if self.guard.until(attempt.from).is_some_and(|until| now < until) {
            return Verdict::Later;
        }
        if secret.is(guess) {
            return Verdict::Enter;
        }
        self.guard.misstep(now, attempt.from);
        refused
    }

    fn seat(&mut self, now: Instant, attempt: Attempt) -> Result<(), (&'static str, &'static str)> {
        let (id, name, endpoint) = (attempt.connection, &attempt.room, &attempt.endpoint);
        let question = self.next_id();
        let ghosts = self.ghosts(now, id, name).len();
        let connection = self.connections.get_mut(&id).ok_or(("cancel", "not-allowed"))?;
        if connection.seat.is_some() {
            return Err(("cancel", "not-allowed"));
        }
        let room = self.rooms.get_mut(name).ok_or(("cancel", "not-allowed"))?;
        if room.occupants.contains_key(endpoint) {
            return Err(("cancel", "conflict"));
        }
        if room.occupants.len() - ghosts >= self.config.max_guests {
            return Err(("wait", "service-unavailable"));
        }
        connection.seat = Some(Seat { room: name.clone(), endpoint: endpoint.clone() });
        let occupant = Occupant {
            connection: id,
            jid: connection.jid.clone(),
            order: 0,
            moderator: false,
            member: false,
            presence: attempt.presence,
            features: None,
            asked: None,
            session: Session::None,
            rewriting: false,
            ice: Ice::default(),
            sources: Sources::default(),
            restarts: Vec::new(),
            renewals: Vec::new(),
        };
        room.enter(endpoint, occupant, &mut self.out);
        room.ask_features(endpoint, question, now, &mut self.out);
        self.take_over(now, id, name, endpoint);
        self.invite(name);
        Ok(())
    }
}
