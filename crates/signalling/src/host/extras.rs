//! What a room of ours offers besides: permission to speak, and polls. The shapes are in [`crate::extras`].
//!
//! Both are components with addresses of their own, which clients find in the domain's disco#info; the room meant is the one
//! in which the sender sits. Start at [`Host::component_message`].

use super::ConnId;
use super::core::Host;
use super::line::Outbox;
use super::room::Room;
use crate::extras::permission::{Asked, asked};
use crate::extras::{self, Component, Media, News, Poll, poll};
use crate::ns;
use crate::xml::{CLIENT, Element};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Polls of one room.
const MAX_POLLS: usize = 32;
/// Bytes of a poll or a vote; a deployment takes a quarter of it.
const MAX_POLL_BYTES: usize = 4 * 1024;

/// What needs permission, who said so, and who has it.
#[derive(Clone, Debug, Default)]
struct Permission {
    /// Room address of the moderator.
    actor: String,
    endpoints: BTreeSet<String>,
}

/// Of one room.
#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    needed: BTreeMap<Media, Permission>,
    polls: Vec<Poll>,
}

/// Where the components of a domain are.
pub(super) fn address(component: Component, domain: &str) -> String {
    match component {
        Component::Permission => format!("avmoderation.{domain}"),
        Component::Polls => format!("polls.{domain}"),
        Component::Breakout => format!("breakout.{domain}"),
        Component::Metadata => format!("metadata.{domain}"),
        Component::Speakers => format!("speakerstats.{domain}"),
    }
}

/// The identities by which clients find what we have.
pub(super) fn identities(domain: &str) -> [Element; 2] {
    [Component::Permission, Component::Polls].map(|component| {
        Element::new("identity", ns::DISCO_INFO)
            .attr("category", "component")
            .attr("type", component.identity())
            .attr("name", address(component, domain))
    })
}

fn said(domain: &str, component: Component, content: &Value) -> Element {
    Element::new("message", CLIENT).attr("from", address(component, domain)).child(extras::envelope(content))
}

impl Room {
    fn domain(&self) -> &str {
        self.address.split_once("@conference.").map_or("", |(_, domain)| domain)
    }

    fn say(&self, endpoint: &str, component: Component, content: &Value, out: &mut Outbox) {
        self.send(endpoint, said(self.domain(), component, content), out);
    }

    /// Everybody who may, as moderators are told it.
    fn lists(&self, media: Option<Media>, removed: bool) -> Value {
        let list = |(media, permission): (&Media, &Permission)| {
            let jids: Vec<_> = permission.endpoints.iter().map(|endpoint| self.occupant_address(endpoint)).collect();
            (media.word().to_owned(), json!(jids))
        };
        let lists: serde_json::Map<String, Value> = self.extras.needed.iter().map(list).collect();
        let mut told = json!({ "type": "av_moderation", "room": self.address, "whitelists": lists });
        if let Some(media) = media {
            told["mediaType"] = media.word().into();
        }
        if removed {
            told["removed"] = true.into();
        }
        told
    }

    /// What a newcomer has to know.
    pub(super) fn greet(&self, endpoint: &str, out: &mut Outbox) {
        for (media, permission) in &self.extras.needed {
            let told = extras::permission_json(&self.address, *media, true, &permission.actor);
            self.say(endpoint, Component::Permission, &told, out);
        }
        if !self.extras.polls.is_empty() {
            self.say(endpoint, Component::Polls, &poll::all(&self.extras.polls), out);
        }
    }

    /// Somebody moderates from now on.
    pub(super) fn tell_lists(&self, endpoint: &str, out: &mut Outbox) {
        for media in self.extras.needed.keys() {
            self.say(endpoint, Component::Permission, &self.lists(Some(*media), false), out);
        }
    }

    /// Whoever leaves has no permission when they come back, and nobody else gets it with their place.
    pub(super) fn forget_permission(&mut self, endpoint: &str) {
        for permission in self.extras.needed.values_mut() {
            permission.endpoints.remove(endpoint);
        }
    }
}

impl Host {
    /// A message to a component; the room is the sender's.
    pub(super) fn component_message(&mut self, id: ConnId, to: &str, stanza: &Element) {
        let seat = self.connections.get(&id).and_then(|connection| connection.seat.clone());
        let Some(seat) = seat else { return self.refuse(id, stanza, "modify", "not-acceptable") };
        let domain = self.config.domain.clone();
        if to == address(Component::Permission, &domain) {
            self.permission(id, &seat.room, &seat.endpoint, stanza);
        } else if to == address(Component::Polls, &domain) {
            self.poll(id, &seat.room, &seat.endpoint, stanza);
        } else {
            self.refuse(id, stanza, "cancel", "service-unavailable");
        }
    }

    fn permission(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element) {
        if !self.moderates(id, name) {
            return self.refuse(id, stanza, "auth", "forbidden");
        }
        match asked(stanza) {
            Some(Asked::Switch { media, needed }) => self.need_permission(name, own, media, needed),
            Some(Asked::Allow { media, endpoint, allowed }) => {
                let here = self.rooms.get(name).is_some_and(|room| room.occupants.contains_key(&endpoint));
                if !here {
                    return self.refuse(id, stanza, "cancel", "item-not-found");
                }
                self.allow(name, own, media, &endpoint, allowed);
            }
            None => self.refuse(id, stanza, "modify", "bad-request"),
        }
    }

    fn need_permission(&mut self, name: &str, own: &str, media: Media, needed: bool) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        if room.extras.needed.contains_key(&media) == needed {
            return;
        }
        let actor = room.occupant_address(own);
        if needed {
            let permission = Permission { actor: actor.clone(), endpoints: BTreeSet::new() };
            room.extras.needed.insert(media, permission);
        } else {
            room.extras.needed.remove(&media);
        }
        let told = extras::permission_json(&room.address, media, needed, &actor);
        for endpoint in room.occupants.keys() {
            room.say(endpoint, Component::Permission, &told, &mut self.out);
        }
        if needed {
            let guests = room.occupants.iter().filter(|(_, occupant)| !occupant.moderator);
            let guests: Vec<String> = guests.map(|(endpoint, _)| endpoint.clone()).collect();
            guests.iter().for_each(|endpoint| self.silence(name, own, media, endpoint));
        }
    }

    fn allow(&mut self, name: &str, own: &str, media: Media, endpoint: &str, allowed: bool) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let known = room.extras.needed.get_mut(&media);
        let moderated = known.is_some();
        let changed = known.is_some_and(|permission| {
            if allowed {
                permission.endpoints.insert(endpoint.to_owned())
            } else {
                permission.endpoints.remove(endpoint)
            }
        });
        // Where nothing needs permission, allowing is a friendly word and taking back means nothing.
        if !changed && (moderated || !allowed) {
            return;
        }
        let mut told = json!({ "type": "av_moderation", "room": room.address, "mediaType": media.word() });
        told[if allowed { "approved" } else { "removed" }] = true.into();
        if !moderated {
            told["from"] = room.occupant_address(own).into();
        }
        room.say(endpoint, Component::Permission, &told, &mut self.out);
        if !moderated {
            return;
        }
        let lists = room.lists(Some(media), !allowed);
        for (other, _) in room.occupants.iter().filter(|(_, occupant)| occupant.moderator) {
            room.say(other, Component::Permission, &lists, &mut self.out);
        }
        if !allowed {
            self.silence(name, own, media, endpoint);
        }
    }

    /// Asks a guest's client to switch off, as for a moderator's mute.
    fn silence(&mut self, name: &str, own: &str, media: Media, endpoint: &str) {
        let id = self.next_id();
        let Some(room) = self.rooms.get(name) else { return };
        let ns = match media {
            Media::Audio => ns::MUTE_AUDIO,
            Media::Video => ns::MUTE_VIDEO,
            Media::Desktop => ns::MUTE_DESKTOP,
        };
        let order = Element::new("mute", ns).attr("actor", room.occupant_address(own)).text("true");
        let order = crate::stream::iq("set", &id, Some(order)).attr("from", room.occupant_address("focus"));
        room.send(endpoint, order, &mut self.out);
    }

    fn poll(&mut self, id: ConnId, name: &str, own: &str, stanza: &Element) {
        let text = stanza.find("json-message", ns::JITMEET).or_else(|| stanza.find("json-message", CLIENT));
        let said = text.map(Element::own_text).filter(|text| text.len() <= MAX_POLL_BYTES);
        let Some(mut said) = said.and_then(|text| crate::json::parse(&text).ok()).filter(Value::is_object) else {
            return self.refuse(id, stanza, "modify", "bad-request");
        };
        let Some(room) = self.rooms.get_mut(name) else { return };
        let taken = match said.get("command").and_then(Value::as_str) {
            Some("new-poll") => room.extras.ask(own, &said),
            Some("answer-poll") => room.extras.vote(own, &said),
            _ => Err("bad-request"),
        };
        if let Err(condition) = taken {
            return self.refuse(id, stanza, "modify", condition);
        }
        // Who it was is ours to say.
        said["senderId"] = own.into();
        said["type"] = "polls".into();
        if let Some(said) = said.as_object_mut() {
            said.remove("senderName");
        }
        for endpoint in room.occupants.keys() {
            room.say(endpoint, Component::Polls, &said, &mut self.out);
        }
    }
}

impl Extras {
    fn ask(&mut self, own: &str, said: &Value) -> Result<(), &'static str> {
        let poll = poll::poll(said).ok_or("bad-request")?;
        if self.polls.iter().any(|known| known.id == poll.id) {
            return Err("conflict");
        }
        if self.polls.len() >= MAX_POLLS {
            return Err("resource-constraint");
        }
        self.polls.push(Poll { by: own.to_owned(), votes: BTreeMap::new(), ..poll });
        Ok(())
    }

    fn vote(&mut self, own: &str, said: &Value) -> Result<(), &'static str> {
        let Some(News::Vote { poll, vote }) = poll::vote_of(said, Some(own.to_owned())) else {
            return Err("bad-request");
        };
        let known = self.polls.iter_mut().find(|known| known.id == poll).ok_or("item-not-found")?;
        if known.vote(vote) { Ok(()) } else { Err("not-acceptable") }
    }
}
