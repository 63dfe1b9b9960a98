//! What the room offers besides: its components are found, listened to and asked; the meanings are in [`crate::extras`].
//!
//! A component may speak before its address is known or before we are in the room. What it says then waits.

use super::entry::bare;
use super::event::{Event, Oddity};
use super::{Guest, State};
use crate::extras::{self, Abilities, Capture, Components, News, Wish};
use crate::xml::{CLIENT, Element};
use serde_json::Value;
use std::collections::{BTreeSet, VecDeque};

/// Messages that wait for the list of components or for the room: each component says one or two at first. **When full, the
/// oldest goes.**
const MAX_EARLY: usize = 16;
/// Bytes of one such message that may wait.
const MAX_EARLY_BYTES: usize = 64 * 1024;

/// What we know of the components.
#[derive(Debug, Default)]
pub(super) struct Known {
    components: Option<Components>,
    early: VecDeque<(String, Value)>,
    /// What the focus says is recorded or streamed, and the transcription that the room's settings name.
    captures: BTreeSet<Capture>,
    /// Who says in its presence that it writes along.
    scribes: BTreeSet<String>,
    /// The focus says that there is no Videobridge.
    bridgeless: bool,
}

impl Guest {
    /// The domain's answer to disco#info. A server that refuses has no components.
    pub(super) fn components_said(&mut self, iq: &Element) {
        let query = iq.find("query", crate::ns::DISCO_INFO);
        self.extras.components = Some(query.map(Components::read).unwrap_or_default());
        self.settle_extras();
    }

    /// We are in: what was said before counts now.
    pub(super) fn settle_extras(&mut self) {
        if !matches!(self.state, State::Present(_)) {
            return;
        }
        let Some(components) = &self.extras.components else { return };
        let abilities = components.abilities();
        if abilities != Abilities::default() {
            self.event(Event::Extra(News::Offered(abilities)));
        }
        for (from, said) in std::mem::take(&mut self.extras.early) {
            self.component_says(&from, &said);
        }
    }

    /// What was seen on the way in is told once we are there.
    pub(super) fn tell_seen(&mut self) {
        if self.extras.bridgeless {
            self.event(Event::Bridges { any: false });
        }
        let mut on = self.extras.captures.clone();
        on.extend((!self.extras.scribes.is_empty()).then_some(Capture::Transcription));
        for what in on {
            self.event(Event::Extra(News::Capture { what, on: true }));
        }
    }

    /// A message of somebody outside the room; true when it carries what only components say.
    pub(super) fn of_component(&mut self, message: &Element) -> bool {
        let from = message.get("from").unwrap_or_default();
        if from.is_empty() || bare(from).eq_ignore_ascii_case(&self.config.room_jid()) {
            return false;
        }
        if message.get("type") == Some("error") {
            return self.component_refused(from, message);
        }
        let Some(said) = extras::content(message) else { return false };
        let present = matches!(self.state, State::Present(_));
        if present && self.extras.components.is_some() {
            self.component_says(from, &said);
        } else if said.to_string().len() <= MAX_EARLY_BYTES {
            if self.extras.early.len() == MAX_EARLY {
                self.extras.early.pop_front();
            }
            self.extras.early.push_back((from.to_owned(), said));
        }
        true
    }

    fn component_refused(&mut self, from: &str, message: &Element) -> bool {
        let known = self.extras.components.as_ref().is_some_and(|components| components.speaks_at(from));
        if known && matches!(self.state, State::Present(_)) {
            self.moderated(message);
        }
        known
    }

    fn component_says(&mut self, from: &str, said: &Value) {
        let Some(components) = &self.extras.components else { return };
        for news in extras::read(components, from, &self.config.room_jid(), said) {
            if let News::Capture { what, on } = news {
                self.captured(what, on);
            } else if matches!(&news, News::MoveTo { room } if !self.is_ours(room)) {
                self.ignored(Oddity::StrangeRoom);
            } else {
                self.event(Event::Extra(news));
            }
        }
    }

    /// A room of the same deployment. Nobody sends us anywhere else.
    fn is_ours(&self, room: &str) -> bool {
        let Some((_, domain)) = room.split_once('@') else { return false };
        domain == self.config.muc || domain.strip_suffix(&self.config.domain).is_some_and(|rest| rest.ends_with('.'))
    }

    /// JSON to everybody in the room, or of the room itself; true when it was about polls.
    pub(super) fn said_in_room(&mut self, from: Option<&str>, message: &Element) -> bool {
        let Some(said) = extras::content(message) else { return false };
        let news = match from {
            Some(nick) => extras::read_of_guest(nick, &said),
            None => extras::read_of_room(&said),
        };
        let any = !news.is_empty();
        for news in news {
            self.event(Event::Extra(news));
        }
        any
    }

    /// The genuine focus showed itself.
    pub(super) fn focus_shows(&mut self, presence: &Element) {
        let bridgeless = presence.children().any(|child| child.name() == "bridgeNotAvailable");
        if std::mem::replace(&mut self.extras.bridgeless, bridgeless) != bridgeless
            && matches!(self.state, State::Present(_))
        {
            self.event(Event::Bridges { any: !bridgeless });
        }
        for news in extras::captures(presence) {
            if let News::Capture { what, on } = news {
                self.captured(what, on);
            }
        }
    }

    /// Somebody in the room says whether it writes along. Anybody may say so: one warning too many does less harm than one
    /// too few.
    pub(super) fn scribe_shows(&mut self, endpoint: &str, presence: &Element) {
        let status = presence.children().find(|child| child.name() == "transcription-status");
        let on = status.and_then(|status| status.get("status")).is_some_and(|status| status.eq_ignore_ascii_case("on"));
        if on {
            self.extras.scribes.insert(endpoint.to_owned());
        } else if !self.extras.scribes.remove(endpoint) {
            return;
        }
        self.transcribed();
    }

    pub(super) fn scribe_left(&mut self, endpoint: &str) {
        if self.extras.scribes.remove(endpoint) {
            self.transcribed();
        }
    }

    fn transcribed(&mut self) {
        let on = !self.extras.scribes.is_empty() || self.extras.captures.contains(&Capture::Transcription);
        self.tell_capture(Capture::Transcription, on);
    }

    fn captured(&mut self, what: Capture, on: bool) {
        let changed = if on { self.extras.captures.insert(what) } else { self.extras.captures.remove(&what) };
        if !changed {
            return;
        }
        match what {
            Capture::Transcription => self.transcribed(),
            Capture::Recording | Capture::Stream => self.tell_capture(what, on),
        }
    }

    fn tell_capture(&mut self, what: Capture, on: bool) {
        if matches!(self.state, State::Present(_)) {
            self.event(Event::Extra(News::Capture { what, on }));
        }
    }

    /// What we ask of the components.
    pub(super) fn wish(&mut self, wish: &Wish) {
        let State::Present(present) = &self.state else { return self.out_of_place() };
        let may = match wish {
            Wish::Ask { .. } | Wish::Vote { .. } => true,
            Wish::NeedPermission { .. } | Wish::Allow { .. } | Wish::AddRoom { .. } | Wish::RemoveRoom { .. } => {
                present.moderator
            }
        };
        if !may {
            return self.out_of_place();
        }
        let none = Components::default();
        let components = self.extras.components.as_ref().unwrap_or(&none);
        match extras::message(components, &self.config.room_jid(), wish) {
            Some(message) => self.send(&message),
            None => self.event(Event::NotDone { condition: "feature-not-implemented".to_owned() }),
        }
    }
}

/// A message without a line of chat in it.
pub(super) fn is_wordless(message: &Element) -> bool {
    message.find("body", CLIENT).is_none()
}
