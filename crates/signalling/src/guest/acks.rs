//! Who has received what (XEP-0198 stream management): what we said and nobody confirmed, and how much we heard.
//!
//! With it a broken connection may be resumed: both sides say how much arrived, and repeat the rest. Without it (the
//! server offers none, or too much stays unconfirmed) a broken connection means a fresh join.

use crate::ns;
use crate::xml::Element;
use std::collections::VecDeque;
use std::time::Duration;

/// Stanzas after which we ask what arrived (as the Jitsi clients do).
const ASK_EVERY: u32 = 5;
/// Unconfirmed stanzas kept. A guest says a few a second; a server that confirms none for so long cannot be resumed.
const MAX_KEPT: usize = 256;
/// Bytes of them.
const MAX_KEPT_BYTES: usize = 1 << 20;
/// How long a session that names no time may be resumed: what deployments use.
const USUAL_WINDOW: Duration = Duration::from_secs(60);
/// Longer nobody waits before a screen that says "reconnecting".
const LONGEST_WINDOW: Duration = Duration::from_secs(300);
/// Bytes of a session's name.
const MAX_ID: usize = 1_024;

/// A session that the server keeps for a while after a connection broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Resumable {
    pub(super) id: String,
    pub(super) window: Duration,
}

#[derive(Debug, Default)]
pub(super) struct Acks {
    pub(super) offered: bool,
    counting_out: bool,
    counting_in: bool,
    session: Option<Resumable>,
    /// Stanzas received, as the protocol counts (modulo 2^32).
    received: u32,
    /// Stanzas of ours that the server has confirmed.
    confirmed: u32,
    kept: VecDeque<String>,
    kept_bytes: usize,
    since_asked: u32,
}

impl Acks {
    pub(super) fn offer(&mut self, features: &Element) {
        self.offered = features.find("sm", ns::SM).is_some();
    }

    /// `<enable/>` is on its way: from here on our stanzas count.
    pub(super) fn enable(&mut self) -> Element {
        self.counting_out = true;
        Element::new("enable", ns::SM).attr("resume", true)
    }

    pub(super) fn enabled(&mut self, answer: &Element) {
        if !self.counting_out || self.counting_in {
            return;
        }
        self.counting_in = true;
        let resume = matches!(answer.get("resume"), Some("true" | "1"));
        let id = answer.get("id").filter(|id| resume && !id.is_empty() && id.len() <= MAX_ID);
        let seconds = answer.get("max").and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let window = seconds.unwrap_or(USUAL_WINDOW).min(LONGEST_WINDOW);
        self.session = id.map(|id| Resumable { id: id.to_owned(), window });
    }

    pub(super) fn refused(&mut self) {
        if !self.counting_in {
            *self = Acks::default();
        }
    }

    pub(super) fn session(&self) -> Option<&Resumable> {
        self.session.as_ref()
    }

    pub(super) fn heard(&mut self) {
        if self.counting_in {
            self.received = self.received.wrapping_add(1);
        }
    }

    /// Keeps a stanza of ours until it is confirmed. True when it is time to ask.
    pub(super) fn said(&mut self, stanza: &str) -> bool {
        if !self.counting_out {
            return false;
        }
        self.kept_bytes += stanza.len();
        self.kept.push_back(stanza.to_owned());
        if self.kept.len() > MAX_KEPT || self.kept_bytes > MAX_KEPT_BYTES {
            // We still confirm what we hear; only a broken connection is beyond repair now.
            self.counting_out = false;
            self.session = None;
            self.kept = VecDeque::new();
            self.kept_bytes = 0;
            return false;
        }
        self.since_asked += 1;
        let due = self.since_asked >= ASK_EVERY && self.counting_in;
        if due {
            self.since_asked = 0;
        }
        due
    }

    pub(super) fn request() -> Element {
        Element::new("r", ns::SM)
    }

    pub(super) fn answer(&self) -> Element {
        Element::new("a", ns::SM).attr("h", self.received)
    }

    /// The server says how much of ours it has. Nonsense changes nothing.
    pub(super) fn confirm(&mut self, answer: &Element) {
        let Some(h) = answer.get("h").and_then(|h| h.parse::<u32>().ok()) else { return };
        let more = h.wrapping_sub(self.confirmed) as usize;
        if more > self.kept.len() {
            return;
        }
        for stanza in self.kept.drain(..more) {
            self.kept_bytes -= stanza.len();
        }
        self.confirmed = h;
    }

    pub(super) fn resume(&self, session: &Resumable) -> Element {
        Element::new("resume", ns::SM).attr("previd", &session.id).attr("h", self.received)
    }

    /// What has to be said again, in order. It stays unconfirmed.
    pub(super) fn unconfirmed(&mut self) -> Vec<String> {
        self.since_asked = 0;
        self.kept.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enabled(attributes: &[(&str, &str)]) -> Acks {
        let mut acks = Acks::default();
        acks.enable();
        let answer = attributes.iter().fold(Element::new("enabled", ns::SM), |e, (name, value)| e.attr(name, *value));
        acks.enabled(&answer);
        acks
    }

    fn confirmed(acks: &mut Acks, h: &str) -> usize {
        acks.confirm(&Element::new("a", ns::SM).attr("h", h));
        acks.kept.len()
    }

    #[test]
    fn what_is_confirmed_is_forgotten_and_the_rest_kept_in_order() {
        let mut acks = enabled(&[("resume", "true"), ("id", "x"), ("max", "30")]);
        let due: Vec<bool> = (0..6).map(|n| acks.said(&n.to_string())).collect();
        assert_eq!(due, [false, false, false, false, true, false]);
        assert_eq!(confirmed(&mut acks, "4"), 2);
        for nonsense in ["3", "7", "-1", "x", "4294967295"] {
            assert_eq!(confirmed(&mut acks, nonsense), 2, "{nonsense}");
        }
        assert_eq!(acks.unconfirmed(), ["4", "5"]);
        assert_eq!(acks.session().map(|session| session.window), Some(Duration::from_secs(30)));
    }

    #[test]
    fn counting_goes_round_after_four_billion_stanzas() {
        let mut acks = enabled(&[]);
        acks.confirmed = u32::MAX;
        acks.received = u32::MAX;
        acks.heard();
        acks.said("a");
        assert_eq!((acks.answer().get("h"), confirmed(&mut acks, "0")), (Some("0"), 0));
    }

    #[test]
    fn only_a_session_with_a_name_can_be_resumed_and_not_for_ever() {
        assert_eq!(enabled(&[("id", "x")]).session(), None);
        assert_eq!(enabled(&[("resume", "true")]).session(), None);
        let long = enabled(&[("resume", "1"), ("id", "x"), ("max", "99999")]);
        assert_eq!(long.session().map(|session| session.window), Some(LONGEST_WINDOW));
        assert_eq!(
            enabled(&[("resume", "1"), ("id", "x")]).session().map(|session| session.window),
            Some(USUAL_WINDOW)
        );
    }

    #[test]
    fn a_server_that_confirms_nothing_costs_bounded_memory_and_the_resumption() {
        let mut acks = enabled(&[("resume", "true"), ("id", "x")]);
        for _ in 0..MAX_KEPT {
            acks.said("<message/>");
        }
        assert!(acks.session().is_some());
        acks.said("<message/>");
        assert!(acks.session().is_none() && acks.kept.is_empty());
        let mut acks = enabled(&[("resume", "true"), ("id", "x")]);
        acks.said(&"x".repeat(MAX_KEPT_BYTES + 1));
        assert!(acks.session().is_none() && acks.kept_bytes == 0);
    }
}
