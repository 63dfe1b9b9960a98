//! In front of a closed room: knock in its lobby, be let in or turned away; or wait until its host opens it.
//!
//! The lobby is a room of its own in which only moderators and those who wait meet. An invitation counts only from the
//! room itself.

use super::entry::{Way, bare};
use super::event::{Event, Failure, Step, Waiting};
use super::pulse::Pulse;
use super::refusal::{self, Refusal};
use super::stanza::{self, named};
use super::{Guest, STEP_LIMIT, State, roster};
use crate::ns;
use crate::secret::Secret;
use crate::xml::Element;
use std::time::Instant;

/// Times we knock. Who was let in and finds the room closed again may try once more; a room that plays games ends.
const MAX_KNOCKS: u32 = 3;

/// Us in the lobby.
#[derive(Debug)]
pub(super) struct Knock {
    /// Bare address of the lobby.
    lobby: String,
    until_host: bool,
    /// When our own presence must be there; `None` once it is.
    until: Option<Instant>,
    pub(super) pulse: Pulse,
}

impl Knock {
    pub(super) fn next(&self) -> Instant {
        self.until.unwrap_or_else(|| self.pulse.next())
    }

    pub(super) fn lobby(&self) -> &str {
        &self.lobby
    }

    pub(super) fn is_late(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now >= until)
    }
}

impl Guest {
    /// The room is closed to us.
    pub(super) fn closed_room(&mut self, now: Instant, lobby: Option<String>, until_host: bool) {
        let State::Entering { way, .. } = &mut self.state else { return };
        way.knocks += 1;
        if way.knocks > MAX_KNOCKS {
            return self.fail(Failure::MembersOnly);
        }
        match lobby {
            Some(lobby) if bare(&lobby).eq_ignore_ascii_case(&self.config.room_jid()) => {
                self.fail(Failure::MembersOnly)
            }
            Some(_) if self.me.name.is_empty() => self.fail(Failure::NameNeeded),
            Some(lobby) => self.knock(now, lobby, until_host),
            None if until_host => self.wait_for_host(now),
            None => self.fail(Failure::MembersOnly),
        }
    }

    fn knock(&mut self, now: Instant, lobby: String, until_host: bool) {
        let State::Entering { way, .. } = std::mem::replace(&mut self.state, State::Gone) else { return };
        self.send(&stanza::knock(&format!("{lobby}/{}", way.nick), &self.me.name));
        let knock = Knock { lobby, until_host, until: Some(now + STEP_LIMIT), pulse: Pulse::new(now) };
        self.state = State::Knocking { way, knock };
    }

    /// What the lobby says of us; others in it are none of our business.
    pub(super) fn lobby_presence(&mut self, now: Instant, presence: &Element) {
        let State::Knocking { way, knock } = &mut self.state else { return self.door_presence(presence) };
        let Some((room, nick)) = presence.get("from").and_then(|from| from.split_once('/')) else { return };
        if !room.eq_ignore_ascii_case(&knock.lobby) || nick != way.nick {
            return;
        }
        match presence.get("type") {
            Some("error") => self.knock_refused(now, presence),
            Some("unavailable") => self.turned_away(now, presence),
            None if knock.until.is_some() => {
                knock.until = None;
                let why = if knock.until_host { Waiting::Host } else { Waiting::Lobby };
                self.waiting(why);
            }
            Some(_) | None => {}
        }
    }

    fn knock_refused(&mut self, now: Instant, presence: &Element) {
        let State::Knocking { way, knock } = &mut self.state else { return };
        match refusal::read(presence) {
            Refusal::NickTaken if way.may_rename() => {
                way.nick = self.ids.nick();
                knock.until = Some(now + STEP_LIMIT);
                let frame = stanza::knock(&format!("{}/{}", knock.lobby, way.nick), &self.me.name);
                self.send(&frame);
            }
            Refusal::NickTaken => self.fail(Failure::NickTaken),
            Refusal::TooEarly => self.fail(Failure::NotAllowed),
            Refusal::Closed { .. } => self.fail(Failure::MembersOnly),
            Refusal::Final(failure) => self.fail(failure),
        }
    }

    /// Out of the lobby: the door opened for everybody, or closed for us.
    fn turned_away(&mut self, now: Instant, presence: &Element) {
        let destroyed = presence.find("x", ns::MUC_USER).and_then(|x| x.find("destroy", ns::MUC_USER));
        let to_room = |jid: &str| jid.eq_ignore_ascii_case(&self.config.room_jid());
        match destroyed {
            Some(destroyed) if destroyed.get("jid").is_some_and(to_room) => self.enter(now),
            Some(_) => self.fail(Failure::LobbyClosed),
            None if roster::codes(presence).contains(&301) => self.fail(Failure::Banned),
            None => self.fail(Failure::LobbyRefused),
        }
    }

    /// A message while we wait: only the room itself can let us in.
    pub(super) fn admitted(&mut self, now: Instant, message: &Element) {
        let State::Knocking { way, knock } = &self.state else { return };
        let room = self.config.room_jid();
        if !message.get("from").is_some_and(|from| from.eq_ignore_ascii_case(&room)) {
            return;
        }
        let Some(x) = message.find("x", ns::MUC_USER) else { return };
        // With an address in it, it invites somebody else through us.
        if x.find("invite", ns::MUC_USER).is_none_or(|invite| invite.get("to").is_some()) {
            return;
        }
        let leave = stanza::unavailable(&format!("{}/{}", knock.lobby, way.nick));
        if let Some(password) = named(x, "password").map(Element::own_text).filter(|text| !text.is_empty()) {
            self.config.password = Some(Secret::from(password));
        }
        self.send(&leave);
        self.enter(now);
    }

    pub(super) fn knock_due(&mut self, now: Instant) {
        let State::Knocking { knock, .. } = &self.state else { return };
        if knock.is_late(now) {
            return self.fail(Failure::Silent(Step::Knocking));
        }
        self.pulse(now);
    }

    /// Tells once what we wait for.
    pub(super) fn waiting(&mut self, why: Waiting) {
        let told = match &mut self.state {
            State::Knocking { way, .. } | State::Requesting { way, .. } => way.told.replace(why),
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Entering { .. }
            | State::Present(_)
            | State::Gone => return,
        };
        if told != Some(why) {
            self.event(Event::Waiting(why));
        }
    }
}

impl Way {
    /// Another nick, if one more may be tried.
    pub(super) fn may_rename(&mut self) -> bool {
        self.nicks += 1;
        self.nicks <= super::entry::MAX_NICKS
    }
}
