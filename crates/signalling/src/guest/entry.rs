//! The way in: stream, login, address, then (`request.rs`) the conference request, then the room. Ends in `present.rs`,
//! in `lobby.rs`, or in a failure.

use super::asked::Question;
use super::event::{Event, Failure, Oddity, Relay, Waiting};
use super::present::Present;
use super::refusal::{self, Refusal};
use super::roster::Roster;
use super::{Guest, STEP_LIMIT, State, stanza};
use crate::secret::Secret;
use crate::xml::Element;
use crate::{disco, ns, stream};
use std::time::Instant;

/// Joins refused with `not-allowed` before that is taken for the truth (the number the Jitsi clients use).
const MAX_EARLY_JOINS: u32 = 3;
/// Nicks tried. A second collision of 32 random bits is no accident any more.
pub(super) const MAX_NICKS: u32 = 3;
/// Relays kept of one list: deployments name a handful.
const MAX_RELAYS: usize = 16;

/// Between the login and the conference request.
#[derive(Debug)]
pub(super) enum Binding {
    /// The stream was opened again; its features come next.
    Reopened,
    Asked {
        session_wanted: bool,
    },
    Session {
        jid: String,
    },
}

/// What we are and what we tried, from the address to the end of the meeting.
#[derive(Debug)]
pub(super) struct Way {
    /// Our full address.
    pub(super) jid: String,
    pub(super) nick: String,
    /// Bare address of the focus, once known.
    pub(super) focus_user: Option<String>,
    pub(super) requests: u32,
    pub(super) early_joins: u32,
    pub(super) nicks: u32,
    pub(super) knocks: u32,
    /// What we last said that we wait for.
    pub(super) told: Option<Waiting>,
}

impl Guest {
    pub(super) fn opened(&mut self, now: Instant) {
        self.mend_opened(now);
        if let State::Opening { connected: connected @ false, until } = &mut self.state {
            *connected = true;
            *until = now + STEP_LIMIT;
            self.open_stream();
        }
    }

    pub(super) fn open_stream(&mut self) {
        let open = stream::open_to(self.config.stream_domain());
        self.write(&open);
    }

    pub(super) fn features(&mut self, now: Instant, features: &Element) {
        let until = now + STEP_LIMIT;
        match &self.state {
            State::Opening { connected: true, .. } => match self.begin_login(features) {
                Ok(exchange) => self.state = State::Authenticating { exchange, until },
                Err(failure) => self.fail(failure),
            },
            State::Binding { step: Binding::Reopened, .. } => {
                self.acks.offer(features);
                let session_wanted = features.find("session", ns::SESSION).is_some();
                self.state = State::Binding { step: Binding::Asked { session_wanted }, until };
                let bind = Element::new("bind", ns::BIND);
                self.ask(None, "set", Question::Bind, bind);
            }
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Entering { .. }
            | State::Knocking { .. }
            | State::Present(_)
            | State::Gone => self.mend_features(now, features),
        }
    }

    pub(super) fn logged_in(&mut self, now: Instant, success: &Element) {
        if !self.is_proven(success) {
            return self.give_up(Failure::ServerUnproven);
        }
        self.mend_logged_in(now);
        if matches!(self.state, State::Authenticating { .. }) {
            self.state = State::Binding { step: Binding::Reopened, until: now + STEP_LIMIT };
            self.open_stream();
        }
    }

    pub(super) fn login_refused(&mut self, failure: &Element) {
        if self.mend.is_some() || matches!(self.state, State::Authenticating { .. }) {
            let why = self.login_failure(failure);
            self.give_up(why);
        }
    }

    pub(super) fn bound(&mut self, now: Instant, iq: &Element) {
        let State::Binding { step: Binding::Asked { session_wanted }, .. } = self.state else {
            return;
        };
        let jid = iq.find("bind", ns::BIND).and_then(|bind| bind.find("jid", ns::BIND)).map(Element::own_text);
        let Some(jid) = jid else {
            return self.fail(Failure::NotAllowed);
        };
        if session_wanted {
            self.state = State::Binding { step: Binding::Session { jid }, until: now + STEP_LIMIT };
            let session = Element::new("session", ns::SESSION);
            return self.ask(None, "set", Question::Session, session);
        }
        self.start_request(now, jid);
    }

    /// Old servers want this step, new ones answer it without meaning (RFC 6121 1.4): an error is no obstacle either.
    pub(super) fn session_opened(&mut self, now: Instant) {
        if let State::Binding { step: Binding::Session { jid }, .. } = &mut self.state {
            let jid = std::mem::take(jid);
            self.start_request(now, jid);
        }
    }

    fn start_request(&mut self, now: Instant, jid: String) {
        if self.acks.offered {
            let enable = self.acks.enable();
            self.write(&enable);
        }
        let domain = self.config.domain.clone();
        let services = Element::new("services", ns::EXTDISCO);
        self.ask(Some(&domain), "get", Question::Relays, services);
        self.ask(Some(&domain), "get", Question::Components, disco::query(None));
        let way = Way {
            nick: nick_of(&jid).unwrap_or_else(|| self.ids.nick()),
            jid,
            focus_user: self.config.focus_user.clone(),
            requests: 0,
            early_joins: 0,
            nicks: 1,
            knocks: 0,
            told: None,
        };
        self.request(now, way);
    }

    pub(super) fn relays(&mut self, iq: &Element) {
        let relays: Vec<Relay> = iq
            .find("services", ns::EXTDISCO)
            .into_iter()
            .flat_map(Element::children)
            .filter_map(relay)
            .take(MAX_RELAYS)
            .collect();
        if !relays.is_empty() {
            self.event(Event::Relays(relays));
        }
    }

    /// Sends the join presence for the way that is in the present state.
    pub(super) fn enter(&mut self, now: Instant) {
        let way = match std::mem::replace(&mut self.state, State::Gone) {
            State::Requesting { way, .. } | State::Entering { way, .. } | State::Knocking { way, .. } => way,
            other @ (State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Present(_)
            | State::Gone) => {
                self.state = other;
                return;
            }
        };
        let place = self.occupant(&way.nick);
        let password = self.config.password.as_ref().map(Secret::expose);
        self.send(&stanza::join(&place, password, &self.me));
        self.state = State::Entering {
            roster: Roster::new(way.nick.clone(), way.focus_user.clone()).without(self.config.former.clone()),
            way,
            until: now + STEP_LIMIT,
        };
    }

    /// A presence of type error while entering.
    pub(super) fn join_refused(&mut self, now: Instant, presence: &Element) {
        let State::Entering { way, .. } = &mut self.state else {
            return;
        };
        match refusal::read(presence) {
            Refusal::NickTaken if way.may_rename() => {
                way.nick = self.ids.nick();
                self.enter(now);
            }
            Refusal::NickTaken => self.fail(Failure::NickTaken),
            Refusal::TooEarly if way.early_joins < MAX_EARLY_JOINS => {
                way.early_joins += 1;
                self.ask_again(now);
            }
            Refusal::TooEarly => self.fail(Failure::NotAllowed),
            Refusal::Closed { lobby, until_host } => self.closed_room(now, lobby, until_host),
            Refusal::Final(Failure::PasswordNeeded) if self.config.password.is_some() => {
                self.fail(Failure::PasswordWrong);
            }
            Refusal::Final(failure) => self.fail(failure),
        }
    }

    /// Our own presence came back: we are in.
    pub(super) fn arrived(&mut self, now: Instant, moderator: bool) {
        let State::Entering { way, roster, .. } = std::mem::replace(&mut self.state, State::Gone) else {
            return;
        };
        self.event(Event::Joined { endpoint_id: way.nick.clone(), moderator });
        for member in roster.members() {
            let joined = Event::MemberJoined(member.clone());
            self.event(joined);
        }
        self.state = State::Present(Box::new(Present::new(now, way, roster, moderator)));
        self.tell_seen();
        self.settle_extras();
        if moderator {
            self.ask_rules();
        }
        self.look_for_two(None);
    }

    /// A command that this state has no use for.
    pub(super) fn out_of_place(&mut self) {
        self.ignored(Oddity::CommandOutOfPlace);
    }
}

/// Jitsi's own anonymous login hands out UUIDs as nodes, and its servers may want the first group as nick.
fn nick_of(jid: &str) -> Option<String> {
    let nick = jid.split_once('@')?.0.get(..8)?;
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    nick.bytes().all(hex).then(|| nick.to_owned())
}

/// An address without its resource.
pub(super) fn bare(jid: &str) -> &str {
    jid.split_once('/').map_or(jid, |(bare, _)| bare)
}

fn relay(service: &Element) -> Option<Relay> {
    let said = |name: &str| service.get(name).map(str::to_owned);
    let kind = said("type").filter(|kind| ["stun", "turn", "turns"].contains(&kind.as_str()))?;
    Some(Relay {
        kind,
        host: said("host")?,
        port: said("port")?.parse().ok()?,
        transport: said("transport").unwrap_or_default(),
        username: said("username"),
        password: said("password"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_node_gives_the_nick_and_another_does_not() {
        assert_eq!(nick_of("0a1b2c3d-aaaa-bbbb@meet.test/x").as_deref(), Some("0a1b2c3d"));
        assert_eq!(nick_of("zvu7pnrxo8ccabrexrkuf3ya@meet.test/x"), None);
        assert_eq!(nick_of("äöüäöüäöü@meet.test/x"), None);
    }
}
