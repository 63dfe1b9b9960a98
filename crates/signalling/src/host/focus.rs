//! The focus: who is invited when, what an accepted offer means to the others, mute.

use super::core::Host;
use super::room::{Room, Session};
use super::{ConnId, Event, offer, sources};
use crate::jingle::{Action, BridgeSession, Form, Jingle, Kind, Sources, Transport};
use crate::stream;
use crate::xml::{CLIENT, Element};
use crate::{disco, ns};
use std::collections::BTreeSet;
use std::time::Instant;

/// Guests that make a conference; a lone one gets no session.
const MIN_GUESTS: usize = 2;

impl Room {
    /// When a guest's features stop being waited for, where its offer hangs on them.
    pub(super) fn features_due(&self) -> Option<Instant> {
        self.occupants
            .values()
            .filter(|occupant| matches!(occupant.session, Session::Ready(_)) && occupant.features.is_none())
            .filter_map(|occupant| occupant.asked.as_ref().map(|(_, until)| *until))
            .min()
    }

    fn form_of(&self, endpoint: &str) -> Form {
        let features = self.occupants.get(endpoint).and_then(|occupant| occupant.features.as_ref());
        if features.is_some_and(|all| all.contains(ns::JSON_SOURCES)) { Form::Compact } else { Form::Xml }
    }

    fn taken_by_others(&self, endpoint: &str) -> BTreeSet<u32> {
        self.occupants
            .iter()
            .filter(|(other, _)| *other != endpoint)
            .flat_map(|(_, occupant)| occupant.sources.sources.iter().map(|source| source.ssrc))
            .collect()
    }

    fn sources_of_others(&self, endpoint: &str) -> Sources {
        let mut all = Sources::default();
        for (other, occupant) in &self.occupants {
            if other != endpoint {
                all.append(occupant.sources.without_simulcast());
            }
        }
        all
    }
}

impl Host {
    /// Asks for transports of everybody who has none yet, once there are enough guests.
    pub(super) fn invite(&mut self, name: &str) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        if room.occupants.len() < MIN_GUESTS {
            return;
        }
        if !room.active {
            room.active = true;
            room.broadcast(&room.focus_presence(), &mut self.out);
        }
        for (endpoint, occupant) in &mut room.occupants {
            if occupant.session == Session::None {
                occupant.session = Session::Allocating;
                self.out.tell(Event::Allocate { room: name.to_owned(), endpoint: endpoint.clone() });
            }
        }
    }

    pub(super) fn allocated(&mut self, now: Instant, name: &str, endpoint: &str, transport: Transport) {
        let occupant = self.rooms.get_mut(name).and_then(|room| room.occupants.get_mut(endpoint));
        // The guest may have left meanwhile; whoever allocated was told so.
        let Some(occupant) = occupant.filter(|occupant| occupant.session == Session::Allocating) else { return };
        occupant.session = Session::Ready(Box::new(transport));
        self.offer(now, name, endpoint);
    }

    pub(super) fn offer_overdue(&mut self, now: Instant) {
        let due = self.rooms.values().filter(|room| room.features_due().is_some_and(|due| due <= now));
        let due: Vec<(String, Vec<String>)> =
            due.map(|room| (room.name.clone(), room.occupants.keys().cloned().collect())).collect();
        for (room, endpoints) in due {
            for endpoint in endpoints {
                self.offer(now, &room, &endpoint);
            }
        }
    }

    /// Offers a session if the transport is there and the features are, or were awaited long enough.
    fn offer(&mut self, now: Instant, name: &str, endpoint: &str) {
        let (sid, id, session) = (self.token(8), self.next_id(), self.token(16));
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(occupant) = room.occupants.get_mut(endpoint) else { return };
        let awaited = occupant.asked.as_ref().is_some_and(|(_, until)| now < *until);
        let Session::Ready(transport) = &occupant.session else { return };
        if occupant.features.is_none() && awaited {
            return;
        }
        let mut jingle = Jingle::new(Action::SessionInitiate, &sid);
        jingle.contents = offer::contents(occupant.features.as_ref(), transport);
        jingle.bundle = jingle.contents.iter().map(|content| content.name.clone()).collect();
        jingle.initiator = Some(room.focus_jid.clone());
        jingle.bridge_session = Some(BridgeSession { id: session, ..BridgeSession::default() });
        occupant.session = Session::Offered(sid);
        occupant.rewriting = occupant.features.as_ref().is_some_and(|all| all.contains(ns::SSRC_REWRITING));
        if !occupant.rewriting {
            jingle.sources = room.sources_of_others(endpoint);
        }
        let written = jingle.to_xml(room.form_of(endpoint));
        let from = room.occupant_address("focus");
        room.send(endpoint, stream::iq("set", &id, Some(written)).attr("from", from), &mut self.out);
    }

    /// An IQ of a guest to `room/focus`.
    pub(super) fn focus_iq(&mut self, now: Instant, id: ConnId, name: &str, own: &str, stanza: &Element) {
        match stanza.get("type") {
            Some("result" | "error") => self.answered(now, name, own, stanza),
            Some("set") => {
                let jingle = stanza.find("jingle", ns::JINGLE);
                let mute = stanza.children().find(|child| {
                    child.name() == "mute" && [ns::MUTE_AUDIO, ns::MUTE_VIDEO, ns::MUTE_DESKTOP].contains(&child.ns())
                });
                if let Some(jingle) = jingle {
                    match Jingle::from_xml(jingle) {
                        Some(jingle) => self.jingle(now, id, name, own, stanza, jingle),
                        None => self.refuse(id, stanza, "modify", "bad-request"),
                    }
                } else if let Some(mute) = mute {
                    let mute = mute.clone();
                    self.mute(id, name, own, stanza, &mute);
                } else {
                    self.refuse(id, stanza, "cancel", "feature-not-implemented");
                }
            }
            Some(_) | None => self.refuse(id, stanza, "cancel", "feature-not-implemented"),
        }
    }

    /// The answer to our question for features. An error counts as "understands the usual things".
    fn answered(&mut self, now: Instant, name: &str, own: &str, stanza: &Element) {
        let Some(occupant) = self.rooms.get_mut(name).and_then(|room| room.occupants.get_mut(own)) else { return };
        let asked = occupant.asked.as_ref().map(|(id, _)| id.as_str());
        if asked.is_none() || asked != stanza.get("id") {
            return;
        }
        occupant.features = Some(stanza.find("query", ns::DISCO_INFO).map(disco::features).unwrap_or_default());
        occupant.asked = None;
        self.offer(now, name, own);
    }

    fn jingle(&mut self, now: Instant, id: ConnId, name: &str, own: &str, stanza: &Element, jingle: Jingle) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let Some(occupant) = room.occupants.get_mut(own) else { return };
        if occupant.session.sid() != Some(&jingle.sid) {
            let unknown =
                stream::error("cancel", "item-not-found").child(Element::new("unknown-session", ns::JINGLE_ERRORS));
            return self.answer(id, stanza, "error", Some(unknown));
        }
        let accepted = matches!(occupant.session, Session::Accepted(_));
        match jingle.action {
            Action::SessionAccept if !accepted => self.accept(id, name, own, stanza, &jingle),
            Action::SourceAdd if accepted => self.add_sources(id, name, own, stanza, &jingle),
            Action::SourceRemove if accepted => self.remove_sources(id, name, own, stanza, &jingle),
            Action::SessionTerminate => self.terminate(now, id, name, own, stanza, &jingle),
            Action::TransportInfo => {
                self.answer(id, stanza, "result", None);
                if let Some(transport) = jingle.transport().cloned() {
                    self.transport_said(name, own, jingle.ice_generation, transport);
                }
            }
            Action::SessionInfo => {
                let in_place = jingle.bridge_session.as_ref().is_some_and(|session| session.ice_restart == Some(true));
                if in_place {
                    self.restart_ice(now, id, name, own, stanza);
                } else if jingle.ice_state.as_deref() == Some("failed") {
                    self.restart(now, id, name, own, stanza);
                } else {
                    self.answer(id, stanza, "result", None);
                }
            }
            Action::SessionAccept | Action::SourceAdd | Action::SourceRemove => {
                self.refuse(id, stanza, "wait", "unexpected-request");
            }
            Action::SessionInitiate | Action::TransportReplace | Action::TransportAccept | Action::Other(_) => {
                self.refuse(id, stanza, "cancel", "feature-not-implemented");
            }
        }
    }

    fn accept(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element, jingle: &Jingle) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let taken = room.taken_by_others(own);
        let Some(occupant) = room.occupants.get_mut(own) else { return };
        let merged = sources::merge(own, &Sources::default(), &jingle.sources, &taken);
        let (Some(merged), Some(transport)) = (merged, jingle.transport().cloned()) else {
            return self.refuse(id, stanza, "modify", "bad-request");
        };
        occupant.session = Session::Accepted(jingle.sid.clone());
        occupant.sources = merged.clone();
        self.answer(id, stanza, "result", None);
        self.tell_others(name, own, Action::SourceAdd, &merged.without_simulcast());
        let video = jingle.contents.iter().find(|content| content.kind == Some(Kind::Video));
        self.out.tell(Event::Accepted {
            room: name.to_owned(),
            endpoint: own.to_owned(),
            transport,
            video: video.map(|content| content.payload_types.clone()).unwrap_or_default(),
            sources: merged.sources,
            groups: merged.groups,
        });
    }

    fn add_sources(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element, jingle: &Jingle) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let taken = room.taken_by_others(own);
        let Some(occupant) = room.occupants.get_mut(own) else { return };
        let Some(merged) = sources::merge(own, &occupant.sources, &jingle.sources, &taken) else {
            return self.refuse(id, stanza, "modify", "bad-request");
        };
        let before = occupant.sources.without_simulcast();
        occupant.sources = merged.clone();
        self.answer(id, stanza, "result", None);
        let mut told = merged.without_simulcast();
        told.sources.retain(|source| before.get(source.ssrc).is_none());
        told.groups.retain(|group| !before.groups.contains(group));
        self.tell_others(name, own, Action::SourceAdd, &told);
        self.sources_changed(name, own, merged);
    }

    fn remove_sources(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element, jingle: &Jingle) {
        let occupant = self.rooms.get_mut(name).and_then(|room| room.occupants.get_mut(own));
        let Some(occupant) = occupant else { return };
        let before = occupant.sources.without_simulcast();
        let (rest, went) = sources::without(&occupant.sources, &jingle.sources);
        occupant.sources = rest.clone();
        self.answer(id, stanza, "result", None);
        let (_, told) = sources::without(&before, &went);
        self.tell_others(name, own, Action::SourceRemove, &told);
        self.sources_changed(name, own, rest);
    }

    pub(super) fn sources_changed(&mut self, name: &str, own: &str, now: Sources) {
        self.out.tell(Event::SourcesChanged {
            room: name.to_owned(),
            endpoint: own.to_owned(),
            sources: now.sources,
            groups: now.groups,
        });
    }

    /// Sends a source-add or source-remove to everybody else who has a session in which the focus names sources.
    pub(super) fn tell_others(&mut self, name: &str, own: &str, action: Action, told: &Sources) {
        let Some(others) = self.rooms.get(name).map(|room| room.occupants.keys().cloned().collect::<Vec<_>>()) else {
            return;
        };
        if told.is_empty() {
            return;
        }
        for other in others.iter().filter(|other| *other != own) {
            let id = self.next_id();
            let Some(room) = self.rooms.get(name) else { return };
            let classic = room.occupants.get(other).filter(|occupant| !occupant.rewriting);
            let Some(sid) = classic.and_then(|occupant| occupant.session.sid()) else { continue };
            let mut jingle = Jingle::new(action.clone(), sid);
            jingle.sources = told.clone();
            let written = jingle.to_xml(room.form_of(other));
            let from = room.occupant_address("focus");
            room.send(other, stream::iq("set", &id, Some(written)).attr("from", from), &mut self.out);
        }
    }

    fn terminate(&mut self, now: Instant, id: ConnId, name: &str, own: &str, stanza: &Element, jingle: &Jingle) {
        let again = jingle.bridge_session.as_ref().is_some_and(|session| session.restart == Some(true));
        if again {
            return self.restart(now, id, name, own, stanza);
        }
        self.answer(id, stanza, "result", None);
        self.forget_session(name, own, Session::None);
    }

    /// A moderator silences somebody. Nobody can be made to speak.
    fn mute(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element, mute: &Element) {
        let victim = mute.get("jid").and_then(|jid| jid.rsplit('/').next()).unwrap_or_default().to_owned();
        let question = self.next_id();
        let Some(room) = self.rooms.get(name) else { return };
        let moderator = room.occupants.get(own).is_some_and(|occupant| occupant.moderator);
        if mute.own_text().trim() != "true" {
            return self.refuse(id, stanza, "modify", "not-acceptable");
        }
        if !moderator && victim != own {
            return self.refuse(id, stanza, "auth", "forbidden");
        }
        if !room.occupants.contains_key(&victim) {
            return self.refuse(id, stanza, "cancel", "item-not-found");
        }
        let order = Element::new("mute", mute.ns()).attr("actor", room.occupant_address(own)).text("true");
        let order = Element::new("iq", CLIENT)
            .attr("type", "set")
            .attr("id", question)
            .attr("from", room.occupant_address("focus"))
            .child(order);
        room.send(&victim, order, &mut self.out);
        self.answer(id, stanza, "result", None);
    }
}
