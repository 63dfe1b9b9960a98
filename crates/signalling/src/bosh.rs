//! XMPP over plain HTTP requests (BOSH: XEP-0124, XEP-0206), for deployments that offer no WebSocket or behind networks that
//! let none through. Client side only.
//!
//! [`Bosh`] translates between the frames of RFC 7395, which the guest speaks, and bodies of requests. It sends nothing and
//! knows no clock: give it what the guest says ([`Bosh::say`]), POST what [`Bosh::next_request`] wants, return the answers
//! ([`Bosh::answered`]). Stream management is hidden from the guest, since BOSH numbers its requests itself.

use crate::ns;
use crate::xml::{self, Element, Limits};
use std::collections::{BTreeMap, VecDeque};

const BODY: &str = "http://jabber.org/protocol/httpbind";
/// Seconds for which the server holds a request that it has nothing to say to.
pub const WAIT: u64 = 30;
/// One request waits at the server while another brings what we say.
const IN_FLIGHT: usize = 2;
/// Bytes of one body. An offer in a room of a thousand stays below it; more is an attack on memory.
const MAX_BODY: usize = 1 << 20;
/// Numbers begin below this, so that they stay exact in every implementation (XEP-0124 section 4).
const HIGHEST_START: u64 = 1 << 50;

/// One POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number; a repetition has the same.
    pub rid: u64,
    pub body: String,
}

/// Why a conversation is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BoshError {
    #[error("the server speaks no BOSH")]
    Unreadable,
    #[error("the server ended it: {0}")]
    Ended(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Session {
    /// The guest has not said where to.
    New,
    /// The first answer is awaited.
    Asked,
    Open {
        sid: String,
        from: String,
    },
    Over,
}

/// One conversation.
#[derive(Debug)]
pub struct Bosh {
    session: Session,
    rid: u64,
    to: String,
    said: VecDeque<String>,
    /// The guest begins its stream anew after the login.
    restart: bool,
    /// The last word was said.
    closing: bool,
    in_flight: usize,
    /// Answers of later requests wait for those of earlier ones.
    early: BTreeMap<u64, String>,
    next_answer: u64,
}

impl Bosh {
    /// `random` chooses the first number, which nobody shall guess.
    #[must_use]
    pub fn new(random: u64) -> Self {
        let rid = random % HIGHEST_START + 1;
        Self {
            session: Session::New,
            rid,
            to: String::new(),
            said: VecDeque::new(),
            restart: false,
            closing: false,
            in_flight: 0,
            early: BTreeMap::new(),
            next_answer: rid,
        }
    }

    /// A frame of the guest.
    pub fn say(&mut self, frame: String) {
        let framing = xml::parse(&frame, &Limits::PEER).ok().filter(|frame| frame.ns() == ns::FRAMING);
        match framing.as_ref().map(|frame| (frame.name(), frame)) {
            Some(("open", open)) if self.session == Session::New => {
                self.to = open.get("to").unwrap_or_default().to_owned();
            }
            Some(("open", _)) => self.restart = true,
            Some(("close", _)) => self.closing = true,
            Some(_) => {}
            None => self.said.push_back(frame),
        }
    }

    /// What to POST now, if anything: what was said, or an empty request for the server to hold.
    pub fn next_request(&mut self) -> Option<Request> {
        let body = match &self.session {
            Session::New if self.to.is_empty() => return None,
            Session::New => {
                self.session = Session::Asked;
                self.creation()
            }
            Session::Asked | Session::Over => return None,
            Session::Open { sid, .. } => {
                let idle = self.said.is_empty() && !self.restart && !self.closing;
                if self.in_flight >= if idle { 1 } else { IN_FLIGHT } {
                    return None;
                }
                let sid = sid.clone();
                self.continuation(&sid)
            }
        };
        let rid = self.rid;
        self.rid += 1;
        self.in_flight += 1;
        Some(Request { rid, body })
    }

    fn creation(&self) -> String {
        let (rid, to) = (self.rid, escaped(&self.to));
        format!(
            "<body xmlns='{BODY}' rid='{rid}' to='{to}' xml:lang='en' ver='1.6' wait='{WAIT}' hold='1' \
             content='text/xml; charset=utf-8' xmlns:xmpp='urn:xmpp:xbosh' xmpp:version='1.0'/>"
        )
    }

    fn continuation(&mut self, sid: &str) -> String {
        let (rid, sid, to) = (self.rid, escaped(sid), escaped(&self.to));
        if std::mem::take(&mut self.restart) {
            return format!(
                "<body xmlns='{BODY}' rid='{rid}' sid='{sid}' to='{to}' xml:lang='en' xmlns:xmpp='urn:xmpp:xbosh' \
                 xmpp:restart='true'/>"
            );
        }
        let end = if self.closing { " type='terminate'" } else { "" };
        if self.closing {
            self.session = Session::Over;
        }
        let said: String = self.said.drain(..).collect();
        format!("<body xmlns='{BODY}' rid='{rid}' sid='{sid}'{end}>{said}</body>")
    }

    /// The answer to a request; what the guest hears now, in order.
    ///
    /// # Errors
    /// [`BoshError`]: nothing more comes.
    pub fn answered(&mut self, rid: u64, body: String) -> Result<Vec<String>, BoshError> {
        self.in_flight = self.in_flight.saturating_sub(1);
        if rid < self.next_answer || rid >= self.rid {
            return Ok(Vec::new());
        }
        self.early.insert(rid, body);
        let mut heard = Vec::new();
        while let Some(body) = self.early.remove(&self.next_answer) {
            self.next_answer += 1;
            self.read(&body, &mut heard)?;
        }
        Ok(heard)
    }

    fn read(&mut self, text: &str, heard: &mut Vec<String>) -> Result<(), BoshError> {
        let limits = Limits { bytes: MAX_BODY, ..Limits::FOCUS };
        let body = xml::parse(text, &limits).map_err(|_| BoshError::Unreadable)?;
        if !body.is("body", BODY) {
            return Err(BoshError::Unreadable);
        }
        if self.session == Session::Asked {
            let sid = body.get("sid").ok_or(BoshError::Unreadable)?.to_owned();
            let from = body.get("from").unwrap_or(&self.to).to_owned();
            self.session = Session::Open { sid, from };
        }
        for child in body.children() {
            self.hear(child.clone(), heard);
        }
        if body.get("type") == Some("terminate") {
            self.session = Session::Over;
            return Err(BoshError::Ended(body.get("condition").unwrap_or("undefined-condition").to_owned()));
        }
        Ok(())
    }

    fn hear(&self, mut child: Element, heard: &mut Vec<String>) {
        if child.name() == "features" {
            child.retain(|feature| feature.ns() != ns::SM);
            let from = match &self.session {
                Session::Open { from, .. } => from.as_str(),
                Session::New | Session::Asked | Session::Over => &self.to,
            };
            let open = Element::new("open", ns::FRAMING).attr("from", from).attr("version", "1.0");
            heard.push(open.to_string());
        }
        heard.push(child.to_string());
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&apos;")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='meet.test' version='1.0'/>";
    const FEATURES: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>\
        <mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>";

    fn body(inner: &str, rest: &str) -> String {
        format!("<body xmlns='{BODY}' {rest}>{inner}</body>")
    }

    /// A conversation whose first answer has come.
    fn open() -> (Bosh, u64) {
        let mut bosh = Bosh::new(41);
        assert_eq!(bosh.next_request(), None, "where to is not known");
        bosh.say(OPEN.to_owned());
        let first = bosh.next_request().unwrap();
        assert!(first.body.contains("rid='42'") && first.body.contains("to='meet.test'"), "{}", first.body);
        bosh.say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>".to_owned());
        assert_eq!(bosh.next_request(), None, "the session has no name yet");
        let heard = bosh.answered(42, body(FEATURES, "sid='s&amp;1' from='meet.test'")).unwrap();
        assert_eq!(heard.len(), 2);
        assert!(heard[0].starts_with("<open") && heard[0].contains("meet.test"), "{}", heard[0]);
        assert!(heard[1].contains("mechanisms") && !heard[1].contains("urn:xmpp:sm:3"), "{}", heard[1]);
        (bosh, 42)
    }

    #[test]
    fn what_is_said_goes_out_at_once_and_one_empty_request_waits_at_the_server() {
        let (mut bosh, first) = open();
        let auth = bosh.next_request().unwrap();
        assert_eq!(auth.rid, first + 1);
        assert!(auth.body.contains("sid='s&amp;1'") && auth.body.contains("ANONYMOUS"), "{}", auth.body);
        assert_eq!(bosh.next_request(), None, "one is enough to wait with");
        bosh.say("<presence xmlns='jabber:client'/>".to_owned());
        assert!(bosh.next_request().unwrap().body.contains("<presence"));
        bosh.say("<iq xmlns='jabber:client'/>".to_owned());
        assert_eq!(bosh.next_request(), None, "two are under way");
        bosh.answered(auth.rid, body("", "")).unwrap();
        assert!(bosh.next_request().unwrap().body.contains("<iq"));
    }

    #[test]
    fn answers_are_heard_in_the_order_of_their_requests_and_each_once() {
        let (mut bosh, _) = open();
        let one = bosh.next_request().unwrap().rid;
        bosh.say("<presence xmlns='jabber:client'/>".to_owned());
        let two = bosh.next_request().unwrap().rid;
        let message = |text: &str| body(&format!("<message xmlns='jabber:client'><body>{text}</body></message>"), "");
        assert_eq!(bosh.answered(two, message("second")).unwrap(), Vec::<String>::new());
        let heard = bosh.answered(one, message("first")).unwrap();
        assert!(heard[0].contains("first") && heard[1].contains("second"), "{heard:?}");
        assert!(bosh.answered(one, message("first")).unwrap().is_empty());
        assert!(bosh.answered(u64::MAX, message("never asked")).unwrap().is_empty());
    }

    #[test]
    fn a_second_opening_restarts_the_stream_and_a_close_ends_it() {
        let (mut bosh, _) = open();
        bosh.next_request().unwrap();
        bosh.say(OPEN.to_owned());
        assert!(bosh.next_request().unwrap().body.contains("xmpp:restart='true'"));
        bosh.answered(43, body("", "")).unwrap();
        bosh.say("<presence xmlns='jabber:client' type='unavailable'/>".to_owned());
        bosh.say("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>".to_owned());
        let last = bosh.next_request().unwrap().body;
        assert!(last.contains("type='terminate'") && last.contains("unavailable"), "{last}");
        assert_eq!(bosh.next_request(), None);
    }

    #[test]
    fn what_is_no_bosh_or_ends_it_is_told() {
        for (answer, error) in [
            ("<html/>".to_owned(), BoshError::Unreadable),
            ("<!DOCTYPE html><html></html>".to_owned(), BoshError::Unreadable),
            (String::new(), BoshError::Unreadable),
            (body("", ""), BoshError::Unreadable),
            (
                body("", "sid='x' type='terminate' condition='host-unknown'"),
                BoshError::Ended("host-unknown".to_owned()),
            ),
        ] {
            let mut bosh = Bosh::new(u64::MAX);
            bosh.say(OPEN.to_owned());
            let rid = bosh.next_request().unwrap().rid;
            assert_eq!(bosh.answered(rid, answer), Err(error));
        }
    }
}
