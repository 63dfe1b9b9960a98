//! The other side of the lobby's door: a moderator stands in the lobby too and sees who knocks.

use super::event::{Event, RoomRules};
use super::{Guest, State, moderate, roster, stanza};
use crate::xml::Element;
use std::collections::BTreeMap;

/// Strangers remembered at one door. A moderator decides about each by hand; a flood must not grow memory.
const MAX_KNOCKERS: usize = 100;

/// What a moderator knows of the door.
#[derive(Debug, Default)]
pub(super) struct Door {
    pub(super) rules: RoomRules,
    /// The room said at least once what it is like.
    pub(super) known: bool,
    watched: Option<Watched>,
}

/// A lobby in which we stand.
#[derive(Debug)]
struct Watched {
    address: String,
    /// By nick: the real address, which is what an invitation names.
    knockers: BTreeMap<String, String>,
}

impl Guest {
    /// Enters this lobby and leaves any other.
    pub(super) fn watch(&mut self, lobby: Option<String>) {
        let State::Present(present) = &mut self.state else { return };
        let nick = present.way.nick.clone();
        let same = present.door.watched.as_ref().map(|watched| &watched.address) == lobby.as_ref();
        if same {
            return;
        }
        let next = lobby.clone().map(|address| Watched { address, knockers: BTreeMap::new() });
        if let Some(former) = std::mem::replace(&mut present.door.watched, next) {
            self.send(&stanza::unavailable(&format!("{}/{nick}", former.address)));
            self.forget(former);
        }
        if let Some(lobby) = lobby {
            let presence = moderate::presence_in(&lobby, &nick, &self.me.name);
            self.send(&presence);
        }
    }

    fn forget(&mut self, watched: Watched) {
        for endpoint in watched.knockers.into_keys() {
            self.event(Event::KnockerGone { endpoint });
        }
    }

    /// A presence in the lobby that we watch.
    pub(super) fn door_presence(&mut self, presence: &Element) {
        let State::Present(present) = &mut self.state else { return };
        let Some(watched) = &mut present.door.watched else { return };
        let Some((room, nick)) = presence.get("from").and_then(|from| from.split_once('/')) else { return };
        if !room.eq_ignore_ascii_case(&watched.address) {
            return;
        }
        if nick == present.way.nick {
            // Closed for good, or for us: the room's own word on its rules follows.
            if matches!(presence.get("type"), Some("unavailable" | "error"))
                && let Some(watched) = present.door.watched.take()
            {
                self.forget(watched);
            }
            return;
        }
        let endpoint = nick.to_owned();
        match presence.get("type") {
            Some("unavailable") => {
                if watched.knockers.remove(nick).is_some() {
                    self.event(Event::KnockerGone { endpoint });
                }
            }
            // Whoever watches with us is in the room already.
            None if !roster::is_moderator(presence) && present.roster.member(nick).is_none() => {
                let Some(jid) = roster::item(presence).and_then(|item| item.get("jid")) else { return };
                if watched.knockers.len() >= MAX_KNOCKERS && !watched.knockers.contains_key(nick) {
                    return;
                }
                watched.knockers.insert(endpoint.clone(), jid.to_owned());
                let name = roster::name(presence).unwrap_or_default();
                self.event(Event::Knocked { endpoint, name });
            }
            Some(_) | None => {}
        }
    }

    pub(super) fn let_in(&mut self, endpoint: &str) {
        let State::Present(present) = &self.state else { return };
        let found = present.door.watched.as_ref().and_then(|watched| watched.knockers.get(endpoint)).cloned();
        match found {
            Some(jid) => self.send(&moderate::message_to(&self.config.room_jid(), &jid)),
            None => self.out_of_place(),
        }
    }

    pub(super) fn turn_away(&mut self, endpoint: &str) {
        let State::Present(present) = &self.state else { return };
        let lobby = present.door.watched.as_ref().filter(|watched| watched.knockers.contains_key(endpoint));
        match lobby.map(|watched| watched.address.clone()) {
            Some(lobby) => self.administer(&lobby, [moderate::turned_away(endpoint)]),
            None => self.out_of_place(),
        }
    }
}
