//! Questions to the server and to the focus before a room exists, and where the others go.

use super::ConnId;
use super::core::Host;
use crate::disco;
use crate::guest::Relay;
use crate::jid::Jid;
use crate::json::{self, JsonError};
use crate::ns;
use crate::xml::Element;
use serde_json::{Value, json};
use std::time::Instant;

fn service(relay: &Relay) -> Element {
    Element::new("service", ns::EXTDISCO)
        .attr("type", &relay.kind)
        .attr("host", &relay.host)
        .attr("port", relay.port)
        .attr("transport", &relay.transport)
        .attr_opt("username", relay.username.as_ref())
        .attr_opt("password", relay.password.as_ref())
}

impl Host {
    /// The connection by which a guest talks to its room.
    #[must_use]
    pub fn connection_of(&self, room: &str, endpoint: &str) -> Option<ConnId> {
        Some(self.rooms.get(room)?.occupants.get(endpoint)?.connection)
    }

    /// Whether the guest's session is one in which the bridge says whose source each SSRC carries: its client offered it.
    #[must_use]
    pub fn rewrites_for(&self, room: &str, endpoint: &str) -> bool {
        let occupant = self.rooms.get(room).and_then(|room| room.occupants.get(endpoint));
        occupant.is_some_and(|occupant| occupant.rewriting)
    }

    /// The conference request as HTTP body (`POST /conference-request/v1`): JSON in, JSON out.
    ///
    /// # Errors
    /// [`JsonError::Shape`] if the body names no room of ours or no further room may be made,
    /// otherwise what the reader says.
    pub fn conference_request(&mut self, now: Instant, body: &str) -> Result<String, JsonError> {
        let value = json::parse(body)?;
        let room = value.get("room").and_then(Value::as_str).ok_or(JsonError::Shape)?;
        if !self.request_room(now, room) {
            return Err(JsonError::Shape);
        }
        let answer = json!({
            "ready": true,
            "focusJid": self.focus_account(),
            "room": room,
            "properties": { "authentication": "false", "visitors-supported": "false" },
        });
        Ok(answer.to_string())
    }

    fn focus_account(&self) -> String {
        format!("focus@auth.{}", self.config.domain)
    }

    fn request_room(&mut self, now: Instant, address: &str) -> bool {
        match Jid::parse(address) {
            Some(Jid { node: Some(name), domain, resource: None }) if domain == self.conference_domain() => {
                self.create_room(now, &name)
            }
            Some(_) | None => false,
        }
    }

    pub(super) fn iq(&mut self, now: Instant, id: ConnId, stanza: Element) {
        let to = stanza.get("to").map(str::to_owned);
        let Some(to) = to.as_deref().and_then(Jid::parse) else {
            return self.ask_server(id, &stanza);
        };
        if to.node.is_none() && to.domain == self.config.domain {
            self.ask_server(id, &stanza);
        } else if to.node.is_none() && to.domain == format!("focus.{}", self.config.domain) {
            self.ask_focus(now, id, &stanza);
        } else if to.domain == self.lobby_domain() {
            self.ask_lobby(now, id, &to.node.unwrap_or_default(), &stanza);
        } else if let Some(name) = to.node.filter(|_| to.domain == self.conference_domain()) {
            let own = self.seat_in(id, &name);
            match (to.resource.as_deref(), own) {
                (None, own) => self.ask_room(id, &name, own.as_deref(), &stanza),
                (Some(_), None) => self.refuse(id, &stanza, "modify", "not-acceptable"),
                (Some("focus"), Some(own)) => self.focus_iq(now, id, &name, &own, &stanza),
                (Some(endpoint), Some(own)) => self.relay(id, &name, &own, endpoint, stanza),
            }
        } else {
            self.refuse(id, &stanza, "cancel", "service-unavailable");
        }
    }

    fn ask_server(&mut self, id: ConnId, stanza: &Element) {
        let get = stanza.get("type") == Some("get");
        if stanza.find("ping", ns::PING).is_some() || stanza.find("session", ns::SESSION).is_some() {
            self.answer(id, stanza, "result", None);
        } else if get && stanza.find("query", ns::DISCO_INFO).is_some() {
            let identity = Element::new("identity", ns::DISCO_INFO)
                .attr("category", "server")
                .attr("type", "im")
                .attr("name", "Runde");
            let lobbies = Element::new("identity", ns::DISCO_INFO)
                .attr("category", "component")
                .attr("type", "lobbyrooms")
                .attr("name", self.lobby_domain());
            let components = super::extras::identities(&self.config.domain);
            let features = [ns::DISCO_INFO, ns::EXTDISCO, ns::PING];
            let answer = disco::query(None)
                .child(identity)
                .child(lobbies)
                .with_children(components)
                .with_children(features.map(disco::feature));
            self.answer(id, stanza, "result", Some(answer));
        } else if get && stanza.find("services", ns::EXTDISCO).is_some() {
            let relays: Vec<_> = self.config.relays.iter().map(service).collect();
            self.answer(id, stanza, "result", Some(Element::new("services", ns::EXTDISCO).with_children(relays)));
        } else {
            self.refuse(id, stanza, "cancel", "service-unavailable");
        }
    }

    fn ask_focus(&mut self, now: Instant, id: ConnId, stanza: &Element) {
        let room = stanza.find("conference", ns::FOCUS).and_then(|asked| asked.get("room")).map(str::to_owned);
        let Some(room) = room.filter(|_| stanza.get("type") == Some("set")) else {
            return self.refuse(id, stanza, "cancel", "service-unavailable");
        };
        if !self.request_room(now, &room) {
            return self.refuse(id, stanza, "cancel", "not-allowed");
        }
        self.remember_machine(id, stanza.find("conference", ns::FOCUS).and_then(|asked| asked.get("machine-uid")));
        let property = |name: &str| Element::new("property", ns::FOCUS).attr("name", name).attr("value", false);
        let answer = Element::new("conference", ns::FOCUS)
            .attr("room", room)
            .attr("focusjid", self.focus_account())
            .attr("ready", true)
            .child(property("authentication"))
            .child(property("visitors-supported"));
        self.answer(id, stanza, "result", Some(answer));
    }
}
