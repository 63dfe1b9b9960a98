//! Why a room did not let us in: from the error in a presence to a [`Failure`] or another attempt.

use super::event::Failure;
use super::stanza::named;
use crate::ns;
use crate::xml::Element;

/// What to do about a refused join.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Somebody has our nick: take another.
    NickTaken,
    /// Typical of a join that overtook the focus: ask for the conference again and repeat.
    TooEarly,
    /// The room is closed to us until somebody lets us in, or its host comes.
    Closed {
        lobby: Option<String>,
        until_host: bool,
    },
    Final(Failure),
}

/// Bytes of a lobby's address.
pub(super) const MAX_LOBBY: usize = 1_024;

/// Reads the `<error/>` of a presence of type error.
pub(super) fn read(presence: &Element) -> Refusal {
    let Some(error) = named(presence, "error") else {
        return Refusal::Final(Failure::Refused("no reason given".into()));
    };
    let condition = condition(error);
    let said = |name: &str| named(error, name).or_else(|| named(presence, name));
    if said("displayname-required").is_some() {
        return Refusal::Final(Failure::NameNeeded);
    }
    if said("authentication-required").is_some() {
        return Refusal::Final(Failure::AuthenticationNeeded);
    }
    let until_host = said("waiting-for-host").is_some();
    if until_host || condition == "registration-required" {
        return Refusal::Closed { lobby: lobby(error).or_else(|| lobby(presence)), until_host };
    }
    Refusal::Final(match condition {
        "conflict" => return Refusal::NickTaken,
        "not-allowed" => return Refusal::TooEarly,
        "not-authorized" => Failure::PasswordNeeded,
        // Prosody says the second where the first is meant.
        "service-unavailable" | "resource-constraint" => Failure::Full,
        "forbidden" => Failure::Banned,
        other => Failure::Refused(other.to_owned()),
    })
}

fn lobby(parent: &Element) -> Option<String> {
    let room = parent.find("lobbyroom", ns::JITMEET)?.own_text();
    let good = room.len() <= MAX_LOBBY && room.contains('@') && !room.contains(['/', ' ']);
    good.then_some(room)
}

/// The defined condition of an error: its first child that is not a text.
pub(super) fn condition(error: &Element) -> &str {
    error.children().map(Element::name).find(|name| *name != "text").unwrap_or("undefined-condition")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{self, Limits};

    fn refused(inside: &str) -> Refusal {
        let text =
            format!("<presence xmlns='jabber:client' type='error'><error type='auth'>{inside}</error></presence>");
        read(&xml::parse(&text, &Limits::PEER).unwrap())
    }

    #[test]
    fn every_refusal_of_the_room_has_its_own_meaning() {
        let stanza = |name: &str| format!("<{name} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>");
        let jitsi = |name: &str| format!("<{name} xmlns='http://jitsi.org/jitmeet'/>");
        let cases = [
            (stanza("not-authorized"), Failure::PasswordNeeded),
            (stanza("service-unavailable"), Failure::Full),
            (stanza("forbidden"), Failure::Banned),
            (stanza("not-allowed") + &jitsi("authentication-required"), Failure::AuthenticationNeeded),
            (stanza("not-acceptable") + &jitsi("displayname-required"), Failure::NameNeeded),
            (stanza("jid-malformed"), Failure::Refused("jid-malformed".into())),
        ];
        for (inside, failure) in cases {
            assert_eq!(refused(&inside), Refusal::Final(failure));
        }
        assert_eq!(refused(&stanza("conflict")), Refusal::NickTaken);
        assert_eq!(refused(&stanza("not-allowed")), Refusal::TooEarly);
        let closed = |until_host| Refusal::Closed { lobby: None, until_host };
        assert_eq!(refused(&stanza("registration-required")), closed(false));
        assert_eq!(refused(&(stanza("registration-required") + &jitsi("waiting-for-host"))), closed(true));
    }

    #[test]
    fn a_lobby_says_where_to_knock() {
        let lobby = |room: &str| {
            refused(&format!(
                "<registration-required xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                 <lobbyroom xmlns='http://jitsi.org/jitmeet'>{room}</lobbyroom>"
            ))
        };
        let closed = |lobby: Option<&str>| Refusal::Closed { lobby: lobby.map(str::to_owned), until_host: false };
        assert_eq!(lobby("r@lobby.meet.test"), closed(Some("r@lobby.meet.test")));
        for odd in ["", "lobby.meet.test", "r@lobby.meet.test/x"] {
            assert_eq!(lobby(odd), closed(None));
        }
    }
}
