//! Who is there, as faces show it: this guest, the others with their sources, and who waits in the lobby.

use crate::event::{Change, MediaKind, MeetingEvent};

/// This guest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Me {
    /// Empty before the room was joined.
    pub endpoint: String,
    pub name: String,
    pub microphone: bool,
    pub camera: bool,
    /// The screen is shared.
    pub screen: bool,
    pub hand: bool,
    pub moderator: bool,
}

/// Somebody who waits in the lobby.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knocker {
    pub endpoint: String,
    /// Empty when none was given.
    pub name: String,
}

/// One source of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    pub name: String,
    pub kind: MediaKind,
    /// A screen instead of a camera.
    pub desktop: bool,
    pub muted: bool,
}

/// Somebody else in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    pub endpoint: String,
    pub name: String,
    pub hand: bool,
    pub moderator: bool,
    /// Whether their bridge connection is alive, as the bridge says.
    pub connected: bool,
    pub sources: Vec<Source>,
}

impl Person {
    /// Whether a microphone is on.
    pub fn microphone(&self) -> bool {
        self.sources.iter().any(|s| s.kind == MediaKind::Audio && !s.muted)
    }

    /// Whether a camera (not a screen) is on.
    pub fn camera(&self) -> bool {
        self.sources.iter().any(|s| s.kind == MediaKind::Video && !s.desktop && !s.muted)
    }

    pub(super) fn news(&self, change: Change) -> MeetingEvent {
        MeetingEvent::Participant {
            change,
            endpoint: self.endpoint.clone(),
            name: self.name.clone(),
            hand: self.hand,
            microphone: self.microphone(),
            camera: self.camera(),
            reachable: self.connected,
            moderator: self.moderator,
        }
    }

    pub(super) fn source_news(&self, change: Change, source: &Source) -> MeetingEvent {
        MeetingEvent::Source {
            change,
            source: source.name.clone(),
            endpoint: self.endpoint.clone(),
            kind: source.kind,
            desktop: source.desktop,
            muted: source.muted,
        }
    }
}

pub(super) fn source_changes(before: &Person, after: &Person) -> Vec<MeetingEvent> {
    let named = |sources: &[Source], name: &str| sources.iter().find(|s| s.name == name).cloned();
    let gone = before.sources.iter().filter(|s| named(&after.sources, &s.name).is_none());
    let mut news: Vec<_> = gone.map(|s| after.source_news(Change::Removed, s)).collect();
    for source in &after.sources {
        match named(&before.sources, &source.name) {
            None => news.push(after.source_news(Change::Added, source)),
            Some(old) if old != *source => news.push(after.source_news(Change::Changed, source)),
            Some(_) => {}
        }
    }
    news
}
