//! The way in: stream, login, address, conference request, room. Ends in `present.rs` or in a failure.

use super::asked::Question;
use super::event::{Event, Failure, Oddity, Relay};
use super::present::Present;
use super::refusal::{self, Refusal};
use super::roster::Roster;
use super::stanza::named;
use super::{Guest, STEP_LIMIT, State, stanza};
use crate::xml::Element;
use crate::{disco, ns, stream};
use std::time::{Duration, Instant};

/// The first pause before a conference request is repeated; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause is longer, so that a room that became ready is entered soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Requests answered "not ready" before we give up: a minute of waiting.
const MAX_REQUESTS: u32 = 10;
/// Joins refused with `not-allowed` before that is taken for the truth (the number the Jitsi clients use).
const MAX_EARLY_JOINS: u32 = 3;
/// Nicks tried. A second collision of 32 random bits is no accident any more.
const MAX_NICKS: u32 = 3;
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
    requests: u32,
    early_joins: u32,
    nicks: u32,
}

#[derive(Debug)]
pub(super) enum RequestStep {
    Asked { until: Instant },
    Pausing { until: Instant },
}

impl RequestStep {
    pub(super) fn until(&self) -> Instant {
        match self {
            RequestStep::Asked { until } | RequestStep::Pausing { until } => *until,
        }
    }
}

impl Guest {
    pub(super) fn opened(&mut self, now: Instant) {
        if let State::Opening { connected: connected @ false, until } = &mut self.state {
            *connected = true;
            *until = now + STEP_LIMIT;
            self.open_stream();
        }
    }

    fn open_stream(&mut self) {
        let config = &self.config;
        let domain = config.login_domain.as_ref().unwrap_or(&config.domain);
        let open = stream::open_to(domain);
        self.send(&open);
    }

    pub(super) fn features(&mut self, now: Instant, features: &Element) {
        let until = now + STEP_LIMIT;
        match &self.state {
            State::Opening { connected: true, .. } => {
                if !stream::offers_mechanism(features, "ANONYMOUS") {
                    return self.fail(Failure::NoAnonymousLogin);
                }
                self.state = State::Authenticating { until };
                self.send(&stream::auth_anonymous());
            }
            State::Binding { step: Binding::Reopened, .. } => {
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
            | State::Present(_)
            | State::Gone => {}
        }
    }

    pub(super) fn logged_in(&mut self, now: Instant) {
        if matches!(self.state, State::Authenticating { .. }) {
            self.state = State::Binding { step: Binding::Reopened, until: now + STEP_LIMIT };
            self.open_stream();
        }
    }

    pub(super) fn login_refused(&mut self) {
        if matches!(self.state, State::Authenticating { .. }) {
            self.fail(Failure::AuthenticationNeeded);
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
        let domain = self.config.domain.clone();
        let services = Element::new("services", ns::EXTDISCO);
        self.ask(Some(&domain), "get", Question::Relays, services);
        self.ask(Some(&domain), "get", Question::Courtesy, disco::query(None));
        let way = Way {
            nick: nick_of(&jid).unwrap_or_else(|| self.ids.nick()),
            jid,
            focus_user: self.config.focus_user.clone(),
            requests: 0,
            early_joins: 0,
            nicks: 1,
        };
        self.request(now, way);
    }

    fn request(&mut self, now: Instant, way: Way) {
        let focus = self.config.focus.clone();
        let payload = stanza::conference(&self.config);
        self.ask(Some(&focus), "set", Question::Conference, payload);
        self.state = State::Requesting { way, step: RequestStep::Asked { until: now + STEP_LIMIT } };
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

    pub(super) fn conference(&mut self, now: Instant, iq: &Element) {
        let State::Requesting { way, .. } = &mut self.state else {
            return;
        };
        way.requests += 1;
        if let Some(error) = named(iq, "error") {
            return self.request_refused(now, refusal::condition(error));
        }
        let Some(answer) = iq.find("conference", ns::FOCUS) else {
            return self.fail(Failure::RequestRefused("empty answer".into()));
        };
        if let Some(jid) = answer.get("focusjid") {
            way.focus_user = Some(bare(jid).to_owned());
        }
        if answer.get("ready") == Some("true") {
            return self.enter(now);
        }
        if way.requests >= MAX_REQUESTS {
            return self.fail(Failure::RequestRefused("the focus never got ready".into()));
        }
        let pause = pause(way.requests);
        self.wait_and_request(now, pause);
    }

    fn request_refused(&mut self, now: Instant, condition: &str) {
        let State::Requesting { way, .. } = &self.state else {
            return;
        };
        match condition {
            "not-authorized" => self.fail(Failure::AuthenticationNeeded),
            // We carry no session id, so there is nothing to drop; the focus forgets and the next request is fresh.
            "not-acceptable" | "session-invalid" if way.requests < MAX_EARLY_JOINS => {
                self.wait_and_request(now, FIRST_PAUSE);
            }
            other => self.fail(Failure::RequestRefused(other.to_owned())),
        }
    }

    fn wait_and_request(&mut self, now: Instant, pause: Duration) {
        if let State::Requesting { step, .. } = &mut self.state {
            *step = RequestStep::Pausing { until: now + pause };
        }
    }

    /// The deadline of the request has come: repeat it or give up.
    pub(super) fn request_due(&mut self, now: Instant) {
        match std::mem::replace(&mut self.state, State::Gone) {
            State::Requesting { way, step: RequestStep::Pausing { .. } } => self.request(now, way),
            State::Requesting { .. } => self.fail(Failure::Silent(super::Step::Requesting)),
            other @ (State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Entering { .. }
            | State::Present(_)
            | State::Gone) => self.state = other,
        }
    }

    /// Sends the join presence for the way that is in the present state.
    fn enter(&mut self, now: Instant) {
        let way = match std::mem::replace(&mut self.state, State::Gone) {
            State::Requesting { way, .. } | State::Entering { way, .. } => way,
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
        self.send(&stanza::join(&place, self.config.password.as_deref(), &self.me));
        self.state = State::Entering {
            roster: Roster::new(way.nick.clone(), way.focus_user.clone()),
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
            Refusal::NickTaken if way.nicks < MAX_NICKS => {
                way.nicks += 1;
                way.nick = self.ids.nick();
                self.enter(now);
            }
            Refusal::NickTaken => self.fail(Failure::NickTaken),
            Refusal::TooEarly if way.early_joins < MAX_EARLY_JOINS => {
                way.early_joins += 1;
                self.ask_again(now);
            }
            Refusal::TooEarly => self.fail(Failure::NotAllowed),
            Refusal::Final(failure) => self.fail(failure),
        }
    }

    /// The room was not ready for us: back to the conference request after a pause.
    fn ask_again(&mut self, now: Instant) {
        if let State::Entering { way, .. } = std::mem::replace(&mut self.state, State::Gone) {
            let until = now + pause(way.early_joins);
            self.state = State::Requesting { way, step: RequestStep::Pausing { until } };
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
    }

    /// A command that this state has no use for.
    pub(super) fn out_of_place(&mut self) {
        self.ignored(Oddity::CommandOutOfPlace);
    }
}

/// 1, 2, 4, 8, 8 … seconds.
fn pause(times: u32) -> Duration {
    let doublings = times.saturating_sub(1).min(8);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
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
    fn pauses_double_and_stay_bounded() {
        let seconds: Vec<u64> = [1, 2, 3, 4, 5, 40].map(|times| pause(times).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 8, 8, 8]);
    }

    #[test]
    fn a_uuid_node_gives_the_nick_and_another_does_not() {
        assert_eq!(nick_of("0a1b2c3d-aaaa-bbbb@meet.test/x").as_deref(), Some("0a1b2c3d"));
        assert_eq!(nick_of("zvu7pnrxo8ccabrexrkuf3ya@meet.test/x"), None);
        assert_eq!(nick_of("äöüäöüäöü@meet.test/x"), None);
    }
}
