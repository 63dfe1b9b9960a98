//! Life in the room: presence of everybody, chat, moderation.

use super::direct::Direct;
use super::entry::{Way, bare};
use super::event::{ChatLine, End, Event, Member, Muted, Oddity, SourceState};
use super::extras::is_wordless;
use super::pulse::Pulse;
use super::roster::{self, Change, Roster};
use super::session::Session;
use super::stanza::{self, Asker, named};
use super::watch::Door;
use super::{Guest, State};
use crate::ns;
use crate::xml::{CLIENT, Element};
use std::collections::BTreeMap;
use std::time::Instant;

/// Bytes of one chat line of ours; servers refuse stanzas of 256 KiB and people do not read more than this.
pub const MAX_CHAT: usize = 16 * 1024;

/// We are in the room.
#[derive(Debug)]
pub(super) struct Present {
    pub(super) way: Way,
    pub(super) roster: Roster,
    pub(super) session: Session,
    pub(super) direct: Direct,
    /// Offers of a direct connection that were looked at since somebody came or went.
    pub(super) direct_offers: u32,
    pub(super) pulse: Pulse,
    pub(super) moderator: bool,
    /// What a moderator knows of it.
    pub(super) door: Door,
}

impl Present {
    pub(super) fn new(now: Instant, way: Way, roster: Roster, moderator: bool) -> Self {
        let (session, direct) = (Session::default(), Direct::default());
        Present {
            way,
            roster,
            moderator,
            door: Door::default(),
            session,
            direct,
            direct_offers: 0,
            pulse: Pulse::new(now),
        }
    }
}

impl Guest {
    pub(super) fn presence(&mut self, now: Instant, presence: &Element) {
        let Some(nick) = self.nick_of(presence) else {
            return self.lobby_presence(now, presence);
        };
        let ours = match &self.state {
            State::Entering { way, .. } => way.nick == nick,
            State::Present(present) => present.way.nick == nick,
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Knocking { .. }
            | State::Gone => return,
        };
        match (presence.get("type"), ours) {
            (Some("error"), true) => self.join_refused(now, presence),
            (Some("unavailable"), true) => self.removed(presence),
            (None, true) => self.own_presence(now, presence),
            (None | Some("unavailable"), false) => self.others_presence(now, &nick, presence),
            (Some(_), _) => {}
        }
    }

    /// The nick of a stanza from our room; `None` for the room itself and everything else.
    fn nick_of(&self, stanza: &Element) -> Option<String> {
        let (room, nick) = stanza.get("from")?.split_once('/')?;
        (room.eq_ignore_ascii_case(&self.config.room_jid()) && !nick.is_empty()).then(|| nick.to_owned())
    }

    fn own_presence(&mut self, now: Instant, presence: &Element) {
        let moderator = roster::is_moderator(presence);
        match &mut self.state {
            State::Entering { .. } => {
                if roster::codes(presence).contains(&110) {
                    self.arrived(now, moderator);
                }
            }
            State::Present(present) => {
                if std::mem::replace(&mut present.moderator, moderator) != moderator {
                    self.became(moderator);
                }
            }
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Knocking { .. }
            | State::Gone => {}
        }
    }

    fn others_presence(&mut self, now: Instant, nick: &str, presence: &Element) {
        let (roster, told) = match &mut self.state {
            State::Entering { roster, .. } => (roster, false),
            State::Present(present) => (&mut present.roster, true),
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Knocking { .. }
            | State::Gone => return,
        };
        let heard = roster.heard(nick, presence);
        let (focus, member) = (roster.is_focus(nick), roster.member(nick).is_some());
        if focus {
            self.focus_shows(presence);
        } else if member {
            self.scribe_shows(nick, presence);
        }
        match heard {
            Err(oddity) => self.ignored(oddity),
            Ok(Change::FocusLeft) => self.end(End::FocusLeft),
            Ok(Change::Left(endpoint)) if told => {
                self.drop_sources_of(&endpoint);
                self.scribe_left(&endpoint);
                self.event(Event::MemberLeft { endpoint });
                self.look_for_two(self.config.offers_direct.map(|pause| now + pause));
            }
            Ok(Change::Joined(member)) if told => {
                self.event(Event::MemberJoined(member));
                self.map_waiting(nick);
                self.look_for_two(None);
            }
            Ok(Change::Changed(member)) if told => self.event(Event::MemberChanged(member)),
            Ok(Change::Left(_) | Change::Joined(_) | Change::Changed(_) | Change::Nothing) => {}
        }
    }

    /// The room says that we are out.
    fn removed(&mut self, presence: &Element) {
        let codes = roster::codes(presence);
        let item = roster::item(presence);
        let reason = |parent: Option<&Element>| {
            parent.and_then(|parent| named(parent, "reason")).map(Element::own_text).unwrap_or_default()
        };
        let destroyed = presence.find("x", ns::MUC_USER).and_then(|x| x.find("destroy", ns::MUC_USER));
        let how = if destroyed.is_some() {
            End::Destroyed { reason: reason(destroyed) }
        } else if codes.contains(&307) {
            End::Kicked {
                by: item.and_then(|item| named(item, "actor")).and_then(|actor| actor.get("nick")).map(str::to_owned),
                reason: reason(item),
            }
        } else {
            End::Removed { codes }
        };
        self.end(how);
    }

    pub(super) fn message(&mut self, now: Instant, message: &Element) {
        if is_wordless(message) && self.of_component(message) {
            return;
        }
        if !matches!(self.state, State::Present(_)) {
            return self.admitted(now, message);
        }
        let room = self.config.room_jid();
        let sender = message.get("from").unwrap_or_default();
        if !bare(sender).eq_ignore_ascii_case(&room) {
            return;
        }
        let kind = message.get("type");
        let from = self.nick_of(message);
        // A word to us alone is no poll for everybody.
        let to_all = from.is_none() || kind == Some("groupchat");
        if to_all && is_wordless(message) && self.said_in_room(from.as_deref(), message) {
            return;
        }
        let State::Present(present) = &self.state else { return };
        let body = message.find("body", CLIENT);
        match (kind, body) {
            // The settings changed (XEP-0045 10.2.1); what they are now has to be asked.
            (Some("groupchat"), None) if from.is_none() && roster::codes(message).contains(&104) => {
                if present.moderator {
                    self.ask_rules();
                }
            }
            (Some("error"), _) if from.is_none() && present.moderator => self.moderated(message),
            (Some("groupchat"), None) => {
                if let Some(subject) = message.find("subject", CLIENT) {
                    let subject = subject.own_text();
                    self.event(Event::Subject(subject));
                }
            }
            (Some("groupchat" | "chat"), Some(body)) => {
                let private = kind == Some("chat");
                let from = from.unwrap_or_default();
                // A private line comes from somebody in the room; what claims otherwise is not from this meeting.
                if private && present.roster.member(&from).is_none() {
                    return;
                }
                let us = &present.way.nick;
                let line = ChatLine {
                    name: present.name_of(&from, &self.me.name),
                    text: body.own_text(),
                    to: private.then(|| us.clone()),
                    mine: !private && from == *us,
                    stamp: message.find("delay", ns::DELAY).and_then(|delay| delay.get("stamp")).map(str::to_owned),
                    from,
                };
                self.event(Event::Chat(line));
            }
            (_, _) => {}
        }
    }

    pub(super) fn chat(&mut self, text: &str) {
        if !matches!(self.state, State::Present(_)) || text.len() > MAX_CHAT {
            return self.out_of_place();
        }
        let room = self.config.room_jid();
        self.send(&stanza::message(&room, "groupchat", text));
    }

    pub(super) fn private_chat(&mut self, to: &str, text: &str) {
        let State::Present(present) = &self.state else {
            return self.out_of_place();
        };
        if present.roster.member(to).is_none() || text.len() > MAX_CHAT {
            return self.out_of_place();
        }
        let us = present.way.nick.clone();
        let line = ChatLine {
            name: present.name_of(&us, &self.me.name),
            from: us,
            text: text.to_owned(),
            to: Some(to.to_owned()),
            mine: true,
            stamp: None,
        };
        let place = self.occupant(to);
        self.send(&stanza::message(&place, "chat", text));
        self.event(Event::Chat(line));
    }

    pub(super) fn set_source_info(&mut self, sources: BTreeMap<String, SourceState>) {
        if !matches!(self.state, State::Present(_)) {
            return self.out_of_place();
        }
        self.me.sources = sources;
        self.publish();
    }

    /// Says all of us again, once we are in; before that the join will.
    pub(super) fn publish(&mut self) {
        if let State::Present(present) = &self.state {
            let place = self.occupant(&present.way.nick);
            self.send(&stanza::presence(&place, &self.me));
        }
    }

    /// A mute of ours by a moderator, which only the focus may bring.
    pub(super) fn mute(&mut self, asker: &Asker, mute: &Element) {
        let what = match mute.ns() {
            ns::MUTE_AUDIO => Muted::Audio,
            ns::MUTE_VIDEO => Muted::Video,
            ns::MUTE_DESKTOP => Muted::Desktop,
            _ => return self.send(&asker.refuse("cancel", "service-unavailable", None)),
        };
        if !self.asked_by_focus(asker) {
            self.send(&asker.refuse("auth", "forbidden", None));
            return self.ignored(Oddity::ForgedFocus);
        }
        self.send(&asker.result());
        // Nobody but ourselves unmutes us.
        if mute.own_text().trim() == "true" {
            let by = mute.get("actor").and_then(|actor| actor.split_once('/')).map(|(_, nick)| nick.to_owned());
            self.event(Event::MutedByModerator { what, by });
        }
    }

    pub(super) fn asked_by_focus(&self, asker: &Asker) -> bool {
        let State::Present(present) = &self.state else {
            return false;
        };
        let focus = |from: &str| {
            from.split_once('/').is_some_and(|(room, nick)| {
                room.eq_ignore_ascii_case(&self.config.room_jid()) && present.roster.is_focus(nick)
            })
        };
        asker.from.as_deref().is_some_and(focus)
    }
}

impl Present {
    fn name_of(&self, endpoint: &str, our_name: &str) -> String {
        let name = if endpoint == self.way.nick {
            Some(our_name.to_owned()).filter(|name| !name.is_empty())
        } else {
            self.roster.member(endpoint).and_then(|member: &Member| member.name.clone())
        };
        name.unwrap_or_else(|| endpoint.to_owned())
    }
}
