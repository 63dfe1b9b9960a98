//! Opening a stream over WebSocket (RFC 7395), logging in without a name, and stanza errors.
//!
//! Builders for both roles; recognising is `Element::is` with the constants of [`crate::ns`].

use crate::ns;
use crate::xml::{CLIENT, Element, STREAM};

/// `<open/>` of a client.
#[must_use]
pub fn open_to(domain: &str) -> Element {
    Element::new("open", ns::FRAMING).attr("to", domain).attr("version", "1.0")
}

/// `<open/>` of a server.
#[must_use]
pub fn open_from(domain: &str, id: &str) -> Element {
    Element::new("open", ns::FRAMING).attr("from", domain).attr("id", id).attr("version", "1.0").attr("xml:lang", "en")
}

/// `<close/>`.
#[must_use]
pub fn close() -> Element {
    Element::new("close", ns::FRAMING)
}

/// Features before the login: only ANONYMOUS.
#[must_use]
pub fn features_login() -> Element {
    let mechanism = Element::new("mechanism", ns::SASL).text("ANONYMOUS");
    Element::new("features", STREAM).child(Element::new("mechanisms", ns::SASL).child(mechanism))
}

/// Features after the login: binding, and stream management for those who want to come back after a broken socket.
#[must_use]
pub fn features_bind() -> Element {
    let optional = Element::new("optional", ns::SM);
    Element::new("features", STREAM)
        .child(Element::new("bind", ns::BIND).child(Element::new("required", ns::BIND)))
        .child(Element::new("sm", ns::SM).child(optional))
}

/// `<enabled/>`: stanzas are counted from here on (XEP-0198 3). With an id the stream can be resumed for `seconds`.
#[must_use]
pub fn enabled(resume: Option<&str>, seconds: u64) -> Element {
    let enabled = Element::new("enabled", ns::SM);
    match resume {
        Some(id) => enabled.attr("id", id).attr("max", seconds).attr("resume", true),
        None => enabled,
    }
}

/// `<r/>`: how many of our stanzas do you have?
#[must_use]
pub fn ask() -> Element {
    Element::new("r", ns::SM)
}

/// `<a/>`: so many of your stanzas, modulo 2^32.
#[must_use]
pub fn confirmation(heard: u32) -> Element {
    Element::new("a", ns::SM).attr("h", heard)
}

/// `<resumed/>`: the former stream goes on, so many of your stanzas are here.
#[must_use]
pub fn resumed(id: &str, heard: u32) -> Element {
    Element::new("resumed", ns::SM).attr("previd", id).attr("h", heard)
}

/// `<failed/>` of stream management with a condition of RFC 6120, 8.3.
#[must_use]
pub fn sm_failed(condition: &str) -> Element {
    Element::new("failed", ns::SM).child(Element::new(condition, ns::STANZAS))
}

/// Does a features element offer this SASL mechanism?
#[must_use]
pub fn offers_mechanism(features: &Element, name: &str) -> bool {
    features
        .find("mechanisms", ns::SASL)
        .is_some_and(|all| all.all("mechanism", ns::SASL).any(|mechanism| mechanism.own_text().trim() == name))
}

/// `<auth/>` without a name.
#[must_use]
pub fn auth_anonymous() -> Element {
    Element::new("auth", ns::SASL).attr("mechanism", "ANONYMOUS")
}

/// `<success/>`.
#[must_use]
pub fn success() -> Element {
    Element::new("success", ns::SASL)
}

/// `<failure/>` with a condition of RFC 6120, 6.5.
#[must_use]
pub fn failure(condition: &str) -> Element {
    Element::new("failure", ns::SASL).child(Element::new(condition, ns::SASL))
}

/// An IQ with at most one child.
#[must_use]
pub fn iq(kind: &str, id: &str, child: Option<Element>) -> Element {
    Element::new("iq", CLIENT).attr("type", kind).attr("id", id).with_children(child)
}

/// The binding request.
#[must_use]
pub fn bind_request(id: &str) -> Element {
    iq("set", id, Some(Element::new("bind", ns::BIND)))
}

/// The binding answer.
#[must_use]
pub fn bind_result(id: &str, jid: &str) -> Element {
    let jid = Element::new("jid", ns::BIND).text(jid);
    iq("result", id, Some(Element::new("bind", ns::BIND).child(jid)))
}

/// `<error/>` for a stanza: type (`cancel`, `auth`, `modify`, `wait`) and condition (RFC 6120, 8.3).
#[must_use]
pub fn error(kind: &str, condition: &str) -> Element {
    Element::new("error", CLIENT).attr("type", kind).child(Element::new(condition, ns::STANZAS))
}

/// The condition of a stanza's error, if it has one.
#[must_use]
pub fn error_condition(stanza: &Element) -> Option<&str> {
    stanza.find("error", CLIENT)?.children().find(|child| child.ns() == ns::STANZAS).map(Element::name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    #[test]
    fn the_recorded_features_offer_anonymous_and_ours_do_too() {
        let recorded = "<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>";
        let recorded = parse(recorded, &Limits::PEER).unwrap();
        assert!(offers_mechanism(&recorded, "ANONYMOUS") && !offers_mechanism(&recorded, "PLAIN"));
        assert_eq!(recorded, features_login());
    }

    #[test]
    fn an_error_is_found_by_its_condition() {
        let stanza = iq("error", "1", Some(error("auth", "not-authorized")));
        assert_eq!(error_condition(&stanza), Some("not-authorized"));
        assert_eq!(error_condition(&iq("result", "1", None)), None);
    }
}
