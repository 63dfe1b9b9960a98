//! Words between guests: chat for all or for one, reactions, application messages, the subject; and letting in.

use super::ConnId;
use super::core::{Host, MAX_RELAYED};
use crate::jid::Jid;
use crate::xml::{CLIENT, Element};
use crate::{muc, ns};

/// Parts of a message that only the room may write, and those by which a sender says that it speaks for another.
const NOT_THE_SENDERS: [&str; 5] = [ns::MUC_USER, ns::DELAY, ns::OCCUPANT_ID, ns::ADDRESS, ns::DISPLAY_NAME];

impl Host {
    pub(super) fn message(&mut self, id: ConnId, stanza: &Element) {
        let Some(to) = stanza.get("to").and_then(Jid::parse) else { return };
        if stanza.get("type") == Some("error") {
            return;
        }
        if stanza.to_string().len() > MAX_RELAYED {
            return self.refuse(id, stanza, "modify", "policy-violation");
        }
        let Some(name) = to.node else { return self.component_message(id, &to.domain, stanza) };
        if to.domain == self.lobby_domain() {
            return self.lobby_message(id, &name, to.resource.as_deref(), stanza);
        }
        if to.domain != self.conference_domain() {
            return;
        }
        let Some(own) = self.seat_in(id, &name) else {
            return self.refuse(id, stanza, "modify", "not-acceptable");
        };
        match (to.resource, stanza.get("type")) {
            (None, Some("groupchat")) => self.say_to_all(id, &name, &own, stanza),
            (None, _) => self.let_in(id, &name, &own, stanza),
            (Some(endpoint), _) => self.say_to_one(id, &name, &own, &endpoint, stanza),
        }
    }

    fn say_to_all(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element) {
        let subject = stanza.text_of("subject", CLIENT).filter(|_| stanza.find("body", CLIENT).is_none());
        if subject.is_some() && !self.moderates(id, name) {
            return self.refuse(id, stanza, "auth", "forbidden");
        }
        let mut relayed = self.relayed(name, own, stanza);
        let Some(room) = self.rooms.get_mut(name) else { return };
        if let Some(subject) = subject {
            room.subject = muc::clean_name(&subject);
            relayed.retain(|child| !child.is("subject", CLIENT));
            relayed.push(Element::new("subject", CLIENT).text(room.subject.clone()));
        }
        room.broadcast(&relayed, &mut self.out);
    }

    fn say_to_one(&mut self, id: ConnId, name: &str, own: &str, endpoint: &str, stanza: &Element) {
        // To many at once goes through the room alone (XEP-0045 7.5).
        if stanza.get("type") == Some("groupchat") {
            return self.refuse(id, stanza, "modify", "bad-request");
        }
        let relayed = self.relayed(name, own, stanza);
        match self.rooms.get(name) {
            Some(room) if room.occupants.contains_key(endpoint) => room.send(endpoint, relayed, &mut self.out),
            Some(_) | None => self.refuse(id, stanza, "cancel", "item-not-found"),
        }
    }

    /// The message as others get it: from the sender's room address, with an id, without what is not the sender's to
    /// say, and with the name that the sender shows everywhere.
    fn relayed(&mut self, name: &str, own: &str, stanza: &Element) -> Element {
        let mut relayed = stanza.clone();
        let occupant = self.rooms.get(name).and_then(|room| room.occupants.get(own));
        let shown = occupant.and_then(|o| o.presence.iter().find(|child| child.is("nick", ns::NICK)).cloned());
        let named = relayed.find("nick", ns::NICK).is_some();
        relayed.retain(|child| !NOT_THE_SENDERS.contains(&child.ns()) && !child.is("nick", ns::NICK));
        if let Some(shown) = shown.filter(|_| named) {
            relayed.push(shown);
        }
        relayed.unset("to");
        relayed.set("from", format_args!("{name}@{}/{own}", self.conference_domain()));
        if relayed.get("id").is_none() {
            relayed.set("id", self.next_id());
        }
        relayed
    }
}
