//! Questions to the server, to the focus before a room exists, and to a room.

use super::ConnId;
use super::core::Host;
use crate::disco;
use crate::jid::Jid;
use crate::json::{self, JsonError};
use crate::muc;
use crate::ns;
use crate::xml::Element;
use serde_json::{Value, json};
use std::time::Instant;

impl Host {
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
            let features = [ns::DISCO_INFO, ns::EXTDISCO, ns::PING];
            let answer = disco::query(None).child(identity).with_children(features.map(disco::feature));
            self.answer(id, stanza, "result", Some(answer));
        } else if get && stanza.find("services", ns::EXTDISCO).is_some() {
            self.answer(id, stanza, "result", Some(Element::new("services", ns::EXTDISCO)));
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
        let property = |name: &str| Element::new("property", ns::FOCUS).attr("name", name).attr("value", false);
        let answer = Element::new("conference", ns::FOCUS)
            .attr("room", room)
            .attr("focusjid", self.focus_account())
            .attr("ready", true)
            .child(property("authentication"))
            .child(property("visitors-supported"));
        self.answer(id, stanza, "result", Some(answer));
    }

    fn ask_room(&mut self, id: ConnId, name: &str, own: Option<&str>, stanza: &Element) {
        let Some(room) = self.rooms.get(name) else {
            return self.refuse(id, stanza, "cancel", "item-not-found");
        };
        let moderator = own.and_then(|own| room.occupants.get(own)).is_some_and(|occupant| occupant.moderator);
        if stanza.get("type") == Some("get") && stanza.find("query", ns::DISCO_INFO).is_some() {
            let answer = describe_room(&room.meeting, room.occupants.len());
            self.answer(id, stanza, "result", Some(answer));
        } else if let (Some(own), Some(query)) = (own, stanza.find("query", ns::MUC_ADMIN)) {
            if stanza.get("type") != Some("set") || !moderator {
                return self.refuse(id, stanza, "auth", "forbidden");
            }
            let query = query.clone();
            self.administer(id, name, own, stanza, &query);
        } else {
            self.refuse(id, stanza, "cancel", "feature-not-implemented");
        }
    }

    /// Kick (`role='none'`) and promotion (`affiliation='owner'`), as Jitsi's clients send them.
    fn administer(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element, query: &Element) {
        let Some(item) = query.find("item", ns::MUC_ADMIN) else {
            return self.refuse(id, stanza, "modify", "bad-request");
        };
        let Some(room) = self.rooms.get_mut(name) else { return };
        let victim = item.get("nick").filter(|nick| room.occupants.contains_key(*nick)).map(str::to_owned);
        let bare = |jid: &str| jid.split('/').next().unwrap_or_default().to_owned();
        match (item.get("role"), item.get("affiliation"), victim) {
            (Some("none"), _, Some(victim)) => {
                let reason = muc::clean_name(&item.text_of("reason", ns::MUC_ADMIN).unwrap_or_default());
                self.answer(id, stanza, "result", None);
                self.leave(name, &victim, Some((own, reason)));
            }
            (_, Some("owner"), _) => {
                let wanted = item.get("jid").map(bare);
                let chosen = room.occupants.iter().find(|(_, o)| Some(bare(&o.jid)) == wanted);
                match chosen.map(|(endpoint, _)| endpoint.clone()) {
                    Some(chosen) => {
                        room.promote(&chosen, own, &mut self.out);
                        self.answer(id, stanza, "result", None);
                    }
                    None => self.refuse(id, stanza, "cancel", "item-not-found"),
                }
            }
            (Some("none"), _, None) => self.refuse(id, stanza, "cancel", "item-not-found"),
            (_, _, _) => self.refuse(id, stanza, "cancel", "feature-not-implemented"),
        }
    }
}

fn describe_room(meeting: &str, occupants: usize) -> Element {
    let field = |name: &str, value: &str| {
        Element::new("field", ns::FORM).attr("var", name).child(Element::new("value", ns::FORM).text(value))
    };
    let form = Element::new("x", ns::FORM)
        .attr("type", "result")
        .child(field("FORM_TYPE", "http://jabber.org/protocol/muc#roominfo").attr("type", "hidden"))
        .child(field("muc#roominfo_occupants", &(occupants + 1).to_string()))
        .child(field("muc#roominfo_meetingId", meeting));
    let features =
        [ns::MUC, "muc_hidden", "muc_open", "muc_temporary", "muc_nonanonymous", "muc_unmoderated", "muc_unsecured"];
    let identity = Element::new("identity", ns::DISCO_INFO).attr("category", "conference").attr("type", "text");
    disco::query(None).child(identity).with_children(features.map(disco::feature)).child(form)
}
