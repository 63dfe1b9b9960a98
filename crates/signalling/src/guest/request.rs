//! The conference request: asking the focus to be there before we are, by IQ or by HTTP, again and again while it is not
//! ready or the host has not come.

use super::asked::Question;
use super::entry::{Way, bare};
use super::event::{Event, Failure, Step, Waiting};
use super::stanza::{self, named};
use super::{Guest, STEP_LIMIT, State, refusal};
use crate::xml::Element;
use crate::{json, ns};
use std::time::{Duration, Instant};

/// The first pause before a conference request is repeated; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// No pause is longer, so that a room that became ready is entered soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Between two looks whether the host has come (the interval of the Jitsi clients).
const HOST_PAUSE: Duration = Duration::from_secs(5);
/// Requests answered "not ready" before we give up: a minute of waiting.
const MAX_REQUESTS: u32 = 10;
/// Requests refused because of a session that is none.
const MAX_REFUSED: u32 = 3;

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

/// What a focus said yes with, by whichever way.
struct Grant {
    focus_user: Option<String>,
    ready: bool,
    visitor_node: Option<String>,
}

impl Guest {
    pub(super) fn request(&mut self, now: Instant, way: Way) {
        if self.config.conference_by_http {
            let json = stanza::conference_json(&self.config);
            self.event(Event::AskConference { json });
        } else {
            let focus = self.config.focus.clone();
            let payload = stanza::conference(&self.config);
            self.ask(Some(&focus), "set", Question::Conference, payload);
        }
        self.state = State::Requesting { way, step: RequestStep::Asked { until: now + STEP_LIMIT } };
    }

    /// The focus answered by IQ.
    pub(super) fn conference(&mut self, now: Instant, iq: &Element) {
        let State::Requesting { way, .. } = &mut self.state else {
            return;
        };
        way.requests += 1;
        if let Some(error) = named(iq, "error") {
            return self.request_refused(now, error);
        }
        let Some(answer) = iq.find("conference", ns::FOCUS) else {
            return self.fail(Failure::RequestRefused("empty answer".into()));
        };
        self.granted(
            now,
            Grant {
                focus_user: answer.get("focusjid").map(str::to_owned),
                ready: answer.get("ready") == Some("true"),
                visitor_node: answer.get("vnode").map(str::to_owned),
            },
        );
    }

    /// The focus answered by HTTP; status 0 is no answer.
    pub(super) fn conference_by_http(&mut self, now: Instant, status: u16, body: &str) {
        let State::Requesting { way, step: RequestStep::Asked { .. } } = &mut self.state else {
            return;
        };
        if !self.config.conference_by_http {
            return;
        }
        way.requests += 1;
        match status {
            200 => {}
            401 | 403 => return self.login_wanted(now),
            400 if body.contains("invalid-session") && way.requests < MAX_REFUSED => {
                return self.wait_and_request(now, FIRST_PAUSE);
            }
            // The address is wrong or its service down; the older way is always there.
            0 | 404 | 405 | 500..=599 => return self.request_by_iq(now),
            other => return self.fail(Failure::RequestRefused(format!("HTTP status {other}"))),
        }
        let Ok(answer) = json::parse(body) else {
            return self.request_by_iq(now);
        };
        let word = |key: &str| answer.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
        let ready = answer.get("ready").and_then(serde_json::Value::as_bool).unwrap_or_default();
        self.granted(now, Grant { focus_user: word("focusJid"), ready, visitor_node: word("vnode") });
    }

    fn request_by_iq(&mut self, now: Instant) {
        self.config.conference_by_http = false;
        if let State::Requesting { way, .. } = std::mem::replace(&mut self.state, State::Gone) {
            self.request(now, way);
        }
    }

    fn granted(&mut self, now: Instant, grant: Grant) {
        let State::Requesting { way, .. } = &mut self.state else {
            return;
        };
        if let Some(node) = grant.visitor_node {
            return self.fail(Failure::VisitorsOnly { node });
        }
        if let Some(user) = grant.focus_user {
            way.focus_user = Some(bare(&user).to_owned());
        }
        if grant.ready {
            return self.enter(now);
        }
        if way.requests >= MAX_REQUESTS {
            return self.fail(Failure::RequestRefused("the focus never got ready".into()));
        }
        let pause = pause(way.requests);
        self.wait_and_request(now, pause);
    }

    fn request_refused(&mut self, now: Instant, error: &Element) {
        let State::Requesting { way, .. } = &self.state else {
            return;
        };
        if named(error, "reservation-error").is_some() {
            let text = named(error, "text").map(Element::own_text).unwrap_or_default();
            return self.fail(Failure::NotReserved(text));
        }
        // We carry no session id, so there is nothing to drop; the focus forgets and the next request is fresh.
        let session = named(error, "session-invalid").is_some();
        match refusal::condition(error) {
            "not-authorized" => self.login_wanted(now),
            "not-acceptable" | "session-invalid" if way.requests < MAX_REFUSED => {
                self.wait_and_request(now, FIRST_PAUSE);
            }
            _ if session && way.requests < MAX_REFUSED => self.wait_and_request(now, FIRST_PAUSE),
            "service-unavailable" | "item-not-found" | "remote-server-not-found" | "remote-server-timeout" => {
                self.fail(Failure::NoFocus);
            }
            "forbidden" | "not-allowed" => self.fail(Failure::NotAllowed),
            other => self.fail(Failure::RequestRefused(other.to_owned())),
        }
    }

    /// The focus opens the room only to somebody it knows. Without a name we wait until such a one comes; with one, it
    /// does not count.
    fn login_wanted(&mut self, now: Instant) {
        use super::config::Login;
        match &self.config.login {
            Login::Account { .. } => self.fail(Failure::NotAllowed),
            Login::Anonymous if self.config.token.is_some() => self.fail(Failure::TokenRefused),
            Login::Anonymous => self.wait_for_host(now),
        }
    }

    /// Looks again and again whether the room is open. Each look is a sign of life of the server, or the end.
    pub(super) fn wait_for_host(&mut self, now: Instant) {
        let mut way = match std::mem::replace(&mut self.state, State::Gone) {
            State::Requesting { way, .. } | State::Entering { way, .. } => way,
            other @ (State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Knocking { .. }
            | State::Present(_)
            | State::Gone) => {
                self.state = other;
                return;
            }
        };
        (way.requests, way.early_joins, way.knocks) = (0, 0, 0);
        self.state = State::Requesting { way, step: RequestStep::Pausing { until: now + HOST_PAUSE } };
        self.waiting(Waiting::Host);
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
            State::Requesting { .. } => self.fail(Failure::Silent(Step::Requesting)),
            other @ (State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Entering { .. }
            | State::Knocking { .. }
            | State::Present(_)
            | State::Gone) => self.state = other,
        }
    }

    /// The room was not ready for us: back to the conference request after a pause.
    pub(super) fn ask_again(&mut self, now: Instant) {
        if let State::Entering { way, .. } = std::mem::replace(&mut self.state, State::Gone) {
            let until = now + pause(way.early_joins);
            self.state = State::Requesting { way, step: RequestStep::Pausing { until } };
        }
    }
}

/// 1, 2, 4, 8, 8 … seconds.
fn pause(times: u32) -> Duration {
    let doublings = times.saturating_sub(1).min(8);
    (FIRST_PAUSE * 2_u32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_bounded() {
        let seconds: Vec<u64> = [1, 2, 3, 4, 5, 40].map(|times| pause(times).as_secs()).into();
        assert_eq!(seconds, [1, 2, 4, 8, 8, 8]);
    }
}
