//! The lobby: a second room beside each members-only one, in which strangers wait and are seen by moderators alone.
//!
//! Strangers knock by entering it, see nobody but themselves, and are let in by an invitation of the room or sent away
//! by a kick. The invitation never holds the room's password: whoever is let in enters by it, not by knowing a secret.

use super::ConnId;
use super::connection::Seat;
use super::core::Host;
use super::enter::is_endpoint;
use super::line::Outbox;
use super::moderate::reason;
use super::room::Room;
use crate::xml::{CLIENT, Element};
use crate::{disco, muc, ns, stream};
use std::collections::BTreeMap;
use std::time::Instant;

/// Strangers that may wait at a time. A moderator looks at each of them.
const MAX_KNOCKERS: usize = 50;
/// Invitations in one message.
const MAX_INVITATIONS: usize = 50;

/// Somebody in the lobby.
#[derive(Clone, Debug)]
struct Knocker {
    connection: ConnId,
    jid: String,
    presence: Vec<Element>,
    /// A moderator who watches the door.
    watches: bool,
}

/// One room's lobby.
#[derive(Clone, Debug)]
pub(super) struct Lobby {
    address: String,
    knockers: BTreeMap<String, Knocker>,
}

impl Lobby {
    pub(super) const fn new(address: String) -> Self {
        Self { address, knockers: BTreeMap::new() }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    fn from(&self, stanza: Element, endpoint: &str) -> Element {
        stanza.attr("from", format_args!("{}/{endpoint}", self.address))
    }

    fn send(&self, endpoint: &str, stanza: Element, out: &mut Outbox) {
        if let Some(knocker) = self.knockers.get(endpoint) {
            out.send(knocker.connection, &stanza.attr("to", &knocker.jid));
        }
    }

    /// Those who see this one: all who watch, and itself.
    fn audience(&self, endpoint: &str) -> impl Iterator<Item = &String> {
        let seen_by = move |(other, knocker): &(&String, &Knocker)| knocker.watches || *other == endpoint;
        self.knockers.iter().filter(seen_by).map(|(other, _)| other)
    }

    fn presence(&self, endpoint: &str, knocker: &Knocker, statuses: &[u16]) -> Element {
        let (affiliation, role) = if knocker.watches { ("owner", "moderator") } else { ("none", "participant") };
        let item = muc::item(affiliation, role, Some(&knocker.jid));
        let presence = Element::new("presence", CLIENT).with_children(knocker.presence.iter().cloned());
        self.from(presence.child(muc::user(item, statuses)), endpoint)
    }

    fn show(&self, endpoint: &str, out: &mut Outbox) {
        let Some(knocker) = self.knockers.get(endpoint) else { return };
        for other in self.audience(endpoint) {
            let statuses: &[u16] = if other == endpoint { &[110] } else { &[] };
            self.send(other, self.presence(endpoint, knocker, statuses), out);
        }
    }

    fn enter(&mut self, endpoint: &str, knocker: Knocker, out: &mut Outbox) {
        if knocker.watches {
            for (other, waiting) in &self.knockers {
                out.send(knocker.connection, &self.presence(other, waiting, &[]).attr("to", &knocker.jid));
            }
        }
        self.knockers.insert(endpoint.to_owned(), knocker);
        self.show(endpoint, out);
        let subject = Element::new("message", CLIENT)
            .attr("type", "groupchat")
            .attr("from", &self.address)
            .child(Element::new("subject", CLIENT));
        self.send(endpoint, subject, out);
    }

    /// Takes somebody out and tells those who saw it; `kicked` holds who sent it away and why.
    fn leave(&mut self, endpoint: &str, kicked: Option<(&str, String)>, out: &mut Outbox) -> Option<ConnId> {
        let knocker = self.knockers.get(endpoint)?;
        let mut item = muc::item("none", "none", Some(&knocker.jid));
        let mut statuses = Vec::new();
        if let Some((actor, reason)) = kicked {
            item.push(Element::new("actor", ns::MUC_USER).attr("nick", actor));
            item.push(Element::new("reason", ns::MUC_USER).text(reason));
            statuses.push(307);
        }
        for other in self.audience(endpoint) {
            let mut codes = statuses.clone();
            codes.extend((other == endpoint).then_some(110));
            let gone = Element::new("presence", CLIENT).attr("type", "unavailable");
            self.send(other, self.from(gone.child(muc::user(item.clone(), &codes)), endpoint), out);
        }
        self.knockers.remove(endpoint).map(|knocker| knocker.connection)
    }

    /// Somebody knocks, or watches.
    pub(super) fn is_waited_in(&self) -> bool {
        !self.knockers.is_empty()
    }

    fn is_full(&self) -> bool {
        self.knockers.values().filter(|knocker| !knocker.watches).count() >= MAX_KNOCKERS
    }
}

impl Room {
    /// The endpoint under which a connection stands in the lobby as somebody who watches the door.
    fn watcher(&self, id: ConnId) -> Option<&String> {
        let watches = |(_, knocker): &(&String, &Knocker)| knocker.connection == id && knocker.watches;
        self.lobby.knockers.iter().find(watches).map(|(endpoint, _)| endpoint)
    }
}

impl Host {
    pub(super) fn lobby_presence(&mut self, now: Instant, id: ConnId, name: &str, endpoint: &str, stanza: &Element) {
        let knock = self.connections.get(&id).and_then(|connection| connection.knock.clone());
        let here = knock.as_ref().is_some_and(|seat| seat.room == name && seat.endpoint == endpoint);
        match (stanza.get("type"), here) {
            (Some("unavailable"), true) => self.stop_knocking(name, endpoint),
            (Some(_), _) => {}
            (None, true) => {
                let room = self.rooms.get_mut(name);
                let shown = muc::clean_presence(stanza, endpoint).zip(room);
                if let Some((presence, room)) = shown {
                    if let Some(knocker) = room.lobby.knockers.get_mut(endpoint) {
                        knocker.presence = presence;
                    }
                    room.lobby.show(endpoint, &mut self.out);
                }
            }
            (None, false) if knock.is_some() => self.refuse(id, stanza, "cancel", "conflict"),
            (None, false) => {
                if let Err((kind, condition)) = self.knock(now, id, name, endpoint, stanza) {
                    self.refuse(id, stanza, kind, condition);
                }
            }
        }
    }

    fn knock(
        &mut self,
        now: Instant,
        id: ConnId,
        name: &str,
        endpoint: &str,
        stanza: &Element,
    ) -> Result<(), (&'static str, &'static str)> {
        let presence = muc::clean_presence(stanza, endpoint).filter(|_| is_endpoint(endpoint));
        let presence = presence.ok_or(("modify", "not-acceptable"))?;
        let watches = self.moderates(id, name);
        let Some(connection) = self.connections.get_mut(&id) else { return Err(("cancel", "not-allowed")) };
        let room = self.rooms.get_mut(name).filter(|room| room.settings.members_only);
        let room = room.ok_or(("cancel", "item-not-found"))?;
        if !watches {
            if connection.seat.is_some() {
                return Err(("auth", "forbidden"));
            }
            if self.guard.until(connection.from).is_some_and(|until| now < until) {
                return Err(("wait", "resource-constraint"));
            }
            if room.lobby.is_full() {
                return Err(("wait", "service-unavailable"));
            }
            // A moderator has nothing else to go by.
            let named = presence.iter().any(|child| child.is("nick", ns::NICK) && !child.own_text().is_empty());
            if !named {
                self.ask_for_a_name(id, stanza);
                return Ok(());
            }
        }
        if room.lobby.knockers.contains_key(endpoint) {
            return Err(("cancel", "conflict"));
        }
        connection.knock = Some(Seat { room: name.to_owned(), endpoint: endpoint.to_owned() });
        let knocker = Knocker { connection: id, jid: connection.jid.clone(), presence, watches };
        room.lobby.enter(endpoint, knocker, &mut self.out);
        Ok(())
    }

    fn ask_for_a_name(&mut self, id: ConnId, stanza: &Element) {
        let required = Element::new("displayname-required", ns::JITMEET).attr("lobby", true);
        let error = stream::error("modify", "not-acceptable").child(required);
        self.answer(id, stanza, "error", Some(error));
    }

    /// Takes somebody out of the lobby who goes by itself.
    pub(super) fn stop_knocking(&mut self, name: &str, endpoint: &str) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let gone = room.lobby.leave(endpoint, None, &mut self.out);
        if let Some(connection) = gone.and_then(|id| self.connections.get_mut(&id)) {
            connection.knock = None;
        }
    }

    /// Ends a lobby. `next` is where those who wait may go now; without it there is nothing to wait for any more.
    pub(super) fn close_lobby(&mut self, name: &str, next: Option<&str>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let destroy = Element::new("destroy", ns::MUC_USER).attr_opt("jid", next);
        let last = muc::user(muc::item("none", "none", None), &[110]).child(destroy);
        for endpoint in room.lobby.knockers.keys() {
            let gone = Element::new("presence", CLIENT).attr("type", "unavailable").child(last.clone());
            room.lobby.send(endpoint, room.lobby.from(gone, endpoint), &mut self.out);
        }
        for knocker in std::mem::take(&mut room.lobby.knockers).into_values() {
            if let Some(connection) = self.connections.get_mut(&knocker.connection) {
                connection.knock = None;
            }
        }
    }

    /// An IQ to the lobby: what it is, or that somebody is to be sent away.
    pub(super) fn ask_lobby(&mut self, now: Instant, id: ConnId, name: &str, stanza: &Element) {
        if stanza.get("type") == Some("get") && stanza.find("query", ns::DISCO_INFO).is_some() {
            let identity = Element::new("identity", ns::DISCO_INFO).attr("category", "conference").attr("type", "text");
            let answer = disco::query(None).child(identity).child(disco::feature(ns::MUC));
            return self.answer(id, stanza, "result", Some(answer));
        }
        let query = stanza.find("query", ns::MUC_ADMIN).filter(|_| stanza.get("type") == Some("set"));
        let Some(item) = query.and_then(|query| query.find("item", ns::MUC_ADMIN)) else {
            return self.refuse(id, stanza, "cancel", "feature-not-implemented");
        };
        let watcher = self.rooms.get(name).and_then(|room| room.watcher(id)).cloned();
        let Some(watcher) = watcher.filter(|_| self.moderates(id, name)) else {
            return self.refuse(id, stanza, "auth", "forbidden");
        };
        if item.get("role") != Some("none") {
            return self.refuse(id, stanza, "cancel", "feature-not-implemented");
        }
        let victim = item.get("nick").unwrap_or_default();
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(gone) = room.lobby.leave(victim, Some((&watcher, reason(item))), &mut self.out) else {
            return self.refuse(id, stanza, "cancel", "item-not-found");
        };
        if let Some(connection) = self.connections.get_mut(&gone) {
            connection.knock = None;
            self.guard.misstep(now, connection.from);
        }
        self.answer(id, stanza, "result", None);
    }

    /// A moderator invites somebody who knocks: a message to the room with the real addresses of those let in.
    pub(super) fn let_in(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element) {
        let Some(x) = stanza.find("x", ns::MUC_USER) else { return };
        if !self.moderates(id, name) {
            return self.refuse(id, stanza, "auth", "forbidden");
        }
        let Some(room) = self.rooms.get_mut(name) else { return };
        let wanted: Vec<&str> =
            x.all("invite", ns::MUC_USER).filter_map(|invite| invite.get("to")).take(MAX_INVITATIONS).collect();
        let (address, by) = (room.address.clone(), room.occupant_address(own));
        let mut found = false;
        for knocker in room.lobby.knockers.values().filter(|knocker| wanted.contains(&knocker.jid.as_str())) {
            found = true;
            room.admitted.insert(knocker.connection);
            let invite = Element::new("invite", ns::MUC_USER).attr("from", &by);
            let invitation = Element::new("message", CLIENT)
                .attr("from", &address)
                .attr("to", &knocker.jid)
                .child(Element::new("x", ns::MUC_USER).child(invite));
            self.out.send(knocker.connection, &invitation);
        }
        if !found {
            self.refuse(id, stanza, "cancel", "item-not-found");
        }
    }

    /// Words in the lobby: between those who watch and those who knock, never between two who knock.
    pub(super) fn lobby_message(&mut self, id: ConnId, name: &str, to: Option<&str>, stanza: &Element) {
        let own = self.connections.get(&id).and_then(|connection| connection.knock.clone());
        let Some(own) = own.filter(|seat| seat.room == name).map(|seat| seat.endpoint) else {
            return self.refuse(id, stanza, "modify", "not-acceptable");
        };
        let mut relayed = stanza.clone();
        relayed.retain(|child| child.is("body", CLIENT) || child.is("json-message", ns::JITMEET));
        relayed.unset("to");
        if relayed.get("id").is_none() {
            relayed.set("id", self.next_id());
        }
        let Some(room) = self.rooms.get(name) else { return };
        let lobby = &room.lobby;
        let watches = |endpoint: &str| lobby.knockers.get(endpoint).is_some_and(|knocker| knocker.watches);
        let relayed = lobby.from(relayed, &own);
        let heard = |other: &str| watches(&own) || watches(other) || other == own;
        match to {
            Some(other) if lobby.knockers.contains_key(other) && heard(other) => {
                lobby.send(other, relayed, &mut self.out)
            }
            Some(_) => self.refuse(id, stanza, "cancel", "item-not-found"),
            None => {
                for other in lobby.knockers.keys().filter(|other| heard(other)) {
                    lobby.send(other, relayed.clone(), &mut self.out);
                }
            }
        }
    }
}
