//! The meeting as a value: what is true now.
//!
//! [`MeetingState::apply`] is the only writer and knows neither time nor network: a [`Fact`] goes in, the snapshot
//! changes, the news come out. Faces read snapshots through [`crate::MeetingHandle::state`].

mod people;

use runde_signalling::extras::{Extras, News};
use runde_signalling::guest::RoomRules;

use crate::event::{Change, ChatLine, LeftReason, MediaKind, MeetingEvent};
use people::source_changes;
pub use people::{Knocker, Me, Person, Source};

/// Lines kept of the chat. More than anybody scrolls back; a flood must not grow memory.
pub const CHAT_LINES: usize = 500;

/// People kept. Larger rooms exist only as webinars, and a hostile server must not grow memory.
pub const PEOPLE: usize = 1_000;

/// Sources kept per person: the protocol allows 20 SSRCs, three sources are usual (jitsi.md 4.4).
pub const SOURCES_PER_PERSON: usize = 20;

/// Strangers kept who wait in the lobby; nobody decides about more by hand.
pub const KNOCKERS: usize = 100;

/// Characters kept of a meeting's subject; more is no subject.
const SUBJECT: usize = 300;

/// How the meeting is connected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Connection {
    /// On the way into the room.
    #[default]
    Joining,
    /// In the room; no sound or picture yet, for example because nobody else is there.
    InRoom,
    /// In the room with sound and picture.
    Connected,
    /// Broken; a repair is being tried.
    Reconnecting,
    /// Over.
    Ended(LeftReason),
}

/// Everything a face shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MeetingState {
    pub room: String,
    pub connection: Connection,
    pub me: Me,
    /// In order of arrival.
    pub people: Vec<Person>,
    /// Endpoint id of who talks now.
    pub dominant: Option<String>,
    /// Oldest first, at most 500.
    pub chat: Vec<ChatLine>,
    /// The bridge offers no channel that can be opened here; pictures of the others may not come.
    pub no_bridge_channel: bool,
    /// With whom sound and picture go directly, without the bridge.
    pub direct: Option<String>,
    /// What the meeting is about; empty when nothing was said. At most 300 characters.
    pub subject: String,
    /// What the room asks of those who come; known to moderators only.
    pub rules: RoomRules,
    /// Who waits in the lobby, as moderators see it, in order of arrival.
    pub knockers: Vec<Knocker>,
    /// What the room offers besides.
    pub extras: Extras,
    /// Address of the room of the meeting in which we are, where it is not the one of the link.
    pub elsewhere: Option<String>,
}

/// What presence says of somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    pub endpoint: String,
    pub name: String,
    pub hand: bool,
    pub moderator: bool,
    /// Every source that `SourceInfo` names; a source that is not named counts as muted.
    pub sources: Vec<Source>,
}

/// One thing that happened, in the words of the meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    Joined {
        endpoint: String,
        moderator: bool,
    },
    Present(Presence),
    Gone {
        endpoint: String,
    },
    Chat {
        from: Option<String>,
        name: String,
        text: String,
        at_ms: u64,
    },
    Dominant {
        endpoint: String,
    },
    Connectivity {
        endpoint: String,
        active: bool,
    },
    MediaConnected,
    /// With whom there is a direct connection now; `None` when it ended.
    Direct(Option<String>),
    /// The media session ended while the guest stays in the room.
    MediaGone,
    /// The media session broke while the guest stays in the room; another is being asked for.
    Repairing {
        attempt: u32,
    },
    Reconnecting {
        attempt: u32,
    },
    /// There is no Videobridge for us; everybody is still there.
    NoBridge {
        attempt: u32,
    },
    /// Whether the bridge of this session offers a channel that can be opened here.
    BridgeChannel {
        usable: bool,
    },
    MutedByModerator {
        kind: MediaKind,
        screen: bool,
        /// Endpoint of who did it.
        by: Option<String>,
    },
    MyRole {
        moderator: bool,
    },
    Subject(String),
    Rules(RoomRules),
    Knocked(Knocker),
    KnockerGone {
        endpoint: String,
    },
    Extra(News),
    /// On the way to another room of the meeting.
    Moving {
        room: Option<String>,
    },
    MyName(String),
    MyHand(bool),
    MyMicrophone(bool),
    MyCamera(bool),
    MyScreen(bool),
    Ended(LeftReason),
}

impl MeetingState {
    /// The state before the first answer of the server.
    pub fn new(room: impl Into<String>, name: impl Into<String>) -> Self {
        Self { room: room.into(), me: Me { name: name.into(), ..Me::default() }, ..Self::default() }
    }

    /// Somebody by endpoint id.
    pub fn person(&self, endpoint: &str) -> Option<&Person> {
        self.people.iter().find(|p| p.endpoint == endpoint)
    }

    /// Takes one fact in and says what is new because of it.
    pub fn apply(&mut self, fact: Fact) -> Vec<MeetingEvent> {
        match fact {
            Fact::Joined { endpoint, moderator } => self.joined(endpoint, moderator),
            Fact::Present(presence) => self.present(presence),
            Fact::Gone { endpoint } => self.gone(&endpoint),
            Fact::Chat { from, name, text, at_ms } => self.chat(from, name, text, at_ms),
            Fact::Dominant { endpoint } => self.dominant(endpoint),
            Fact::Connectivity { endpoint, active } => self.connectivity(&endpoint, active),
            Fact::MediaConnected => {
                self.connection = Connection::Connected;
                vec![MeetingEvent::MediaConnected]
            }
            Fact::Direct(with) => self.direct(with),
            Fact::MediaGone => self.media_gone(),
            Fact::Repairing { attempt } => self.repairing(MeetingEvent::Reconnecting { attempt }),
            Fact::NoBridge { attempt } => self.repairing(MeetingEvent::NoBridge { attempt }),
            Fact::Reconnecting { attempt } => self.reconnecting(attempt),
            Fact::BridgeChannel { usable } => self.bridge_channel(usable),
            Fact::MutedByModerator { kind, screen, by } => self.muted(kind, screen, by),
            Fact::MyRole { moderator } => self.role(moderator),
            Fact::Subject(text) => self.subject(&text),
            Fact::Rules(rules) => {
                self.rules = rules;
                vec![MeetingEvent::Rules(rules)]
            }
            Fact::Knocked(knocker) => self.knocked(knocker),
            Fact::KnockerGone { endpoint } => self.knocker_gone(&endpoint),
            Fact::Extra(news) => {
                if self.extras.apply(&news) {
                    vec![MeetingEvent::Extra(news)]
                } else {
                    Vec::new()
                }
            }
            Fact::Moving { room } => self.moving(room),
            Fact::MyName(name) => self.mine(|me| me.name = name),
            Fact::MyHand(up) => self.mine(|me| me.hand = up),
            Fact::MyMicrophone(on) => self.mine(|me| me.microphone = on),
            Fact::MyCamera(on) => self.mine(|me| me.camera = on),
            Fact::MyScreen(on) => self.mine(|me| me.screen = on),
            Fact::Ended(reason) => self.ended(reason),
        }
    }

    fn joined(&mut self, endpoint: String, moderator: bool) -> Vec<MeetingEvent> {
        self.connection = Connection::InRoom;
        self.extras.leave_room();
        self.me.endpoint = endpoint.clone();
        let mut news = vec![MeetingEvent::Joined { room: self.room.clone(), endpoint }];
        news.extend(self.role(moderator));
        news
    }

    fn direct(&mut self, with: Option<String>) -> Vec<MeetingEvent> {
        let before = std::mem::replace(&mut self.direct, with.clone());
        if before == with {
            return Vec::new();
        }
        let told = |on| move |endpoint| MeetingEvent::Direct { on, endpoint };
        before.map(told(false)).into_iter().chain(with.map(told(true))).collect()
    }

    /// Nobody is told what they are from the start: a guest.
    fn role(&mut self, moderator: bool) -> Vec<MeetingEvent> {
        if std::mem::replace(&mut self.me.moderator, moderator) == moderator {
            return Vec::new();
        }
        if !moderator {
            self.rules = RoomRules::default();
        }
        vec![MeetingEvent::Role { moderator }]
    }

    fn muted(&self, kind: MediaKind, screen: bool, by: Option<String>) -> Vec<MeetingEvent> {
        let by = by.and_then(|endpoint| self.person(&endpoint)).map(|person| person.name.clone());
        vec![MeetingEvent::MutedByModerator { kind, screen, by: by.filter(|name| !name.is_empty()) }]
    }

    fn subject(&mut self, text: &str) -> Vec<MeetingEvent> {
        let text: String = text.chars().take(SUBJECT).collect();
        if self.subject == text {
            return Vec::new();
        }
        self.subject.clone_from(&text);
        vec![MeetingEvent::Subject(text)]
    }

    fn knocked(&mut self, knocker: Knocker) -> Vec<MeetingEvent> {
        let told = |change, Knocker { endpoint, name }| vec![MeetingEvent::Knock { change, endpoint, name }];
        let full = self.knockers.len() >= KNOCKERS;
        match self.knockers.iter_mut().find(|known| known.endpoint == knocker.endpoint) {
            Some(known) if *known == knocker => Vec::new(),
            Some(known) => {
                *known = knocker.clone();
                told(Change::Changed, knocker)
            }
            None if full => Vec::new(),
            None => {
                self.knockers.push(knocker.clone());
                told(Change::Added, knocker)
            }
        }
    }

    fn knocker_gone(&mut self, endpoint: &str) -> Vec<MeetingEvent> {
        let Some(at) = self.knockers.iter().position(|knocker| knocker.endpoint == endpoint) else { return Vec::new() };
        let Knocker { endpoint, name } = self.knockers.remove(at);
        vec![MeetingEvent::Knock { change: Change::Removed, endpoint, name }]
    }

    fn media_gone(&mut self) -> Vec<MeetingEvent> {
        if matches!(self.connection, Connection::Connected | Connection::Reconnecting) {
            self.connection = Connection::InRoom;
        }
        Vec::new()
    }

    /// Everybody is still there, unlike in [`Self::reconnecting`].
    fn repairing(&mut self, news: MeetingEvent) -> Vec<MeetingEvent> {
        if matches!(self.connection, Connection::Ended(_)) {
            return Vec::new();
        }
        self.connection = Connection::Reconnecting;
        vec![news]
    }

    /// Each repair meets the bridge again; who knows it already is not told twice.
    fn bridge_channel(&mut self, usable: bool) -> Vec<MeetingEvent> {
        let was_missing = std::mem::replace(&mut self.no_bridge_channel, !usable);
        if usable || was_missing { Vec::new() } else { vec![MeetingEvent::NoBridgeChannel] }
    }

    fn mine(&mut self, change: impl FnOnce(&mut Me)) -> Vec<MeetingEvent> {
        change(&mut self.me);
        Vec::new()
    }

    fn present(&mut self, presence: Presence) -> Vec<MeetingEvent> {
        let mut sources = presence.sources;
        sources.truncate(SOURCES_PER_PERSON);
        let Some(person) = self.people.iter_mut().find(|p| p.endpoint == presence.endpoint) else {
            return self.came(Person {
                endpoint: presence.endpoint,
                name: presence.name,
                hand: presence.hand,
                moderator: presence.moderator,
                connected: true,
                sources,
            });
        };
        let before = person.clone();
        person.name = presence.name;
        person.hand = presence.hand;
        person.moderator = presence.moderator;
        person.sources = sources;
        if *person == before {
            return Vec::new();
        }
        let mut news = vec![person.news(Change::Changed)];
        news.extend(source_changes(&before, person));
        news
    }

    fn came(&mut self, person: Person) -> Vec<MeetingEvent> {
        if self.people.len() >= PEOPLE {
            return Vec::new();
        }
        let mut news = vec![person.news(Change::Added)];
        news.extend(person.sources.iter().map(|s| person.source_news(Change::Added, s)));
        self.people.push(person);
        news
    }

    fn gone(&mut self, endpoint: &str) -> Vec<MeetingEvent> {
        let Some(at) = self.people.iter().position(|p| p.endpoint == endpoint) else { return Vec::new() };
        let person = self.people.remove(at);
        if self.dominant.as_deref() == Some(endpoint) {
            self.dominant = None;
        }
        let mut news: Vec<_> = person.sources.iter().map(|s| person.source_news(Change::Removed, s)).collect();
        news.push(person.news(Change::Removed));
        news
    }

    fn chat(&mut self, from: Option<String>, name: String, text: String, at_ms: u64) -> Vec<MeetingEvent> {
        let mine = from.as_deref().is_some_and(|f| f == self.me.endpoint);
        let known = from.as_deref().and_then(|f| self.person(f)).map(|p| p.name.clone());
        let name = if mine { self.me.name.clone() } else { known.filter(|n| !n.is_empty()).unwrap_or(name) };
        let number = self.chat.last().map_or(0, |line| line.number).saturating_add(1);
        let line = ChatLine { number, from, name, text, at_ms, mine };
        if self.chat.len() >= CHAT_LINES {
            self.chat.remove(0);
        }
        self.chat.push(line.clone());
        vec![MeetingEvent::Chat(line)]
    }

    fn dominant(&mut self, endpoint: String) -> Vec<MeetingEvent> {
        if self.dominant.as_ref() == Some(&endpoint) {
            return Vec::new();
        }
        self.dominant = Some(endpoint.clone());
        vec![MeetingEvent::DominantSpeaker { endpoint }]
    }

    fn connectivity(&mut self, endpoint: &str, active: bool) -> Vec<MeetingEvent> {
        let Some(person) = self.people.iter_mut().find(|p| p.endpoint == endpoint) else { return Vec::new() };
        if person.connected == active {
            return Vec::new();
        }
        person.connected = active;
        vec![person.news(Change::Changed)]
    }

    /// The room will tell again who is there; people kept from before would be ghosts.
    fn reconnecting(&mut self, attempt: u32) -> Vec<MeetingEvent> {
        let mut news = self.nobody_here();
        self.connection = Connection::Reconnecting;
        news.push(MeetingEvent::Reconnecting { attempt });
        news
    }

    fn moving(&mut self, room: Option<String>) -> Vec<MeetingEvent> {
        let mut news = self.nobody_here();
        self.connection = Connection::Joining;
        self.subject.clear();
        self.elsewhere.clone_from(&room);
        news.push(MeetingEvent::Moving { room });
        news
    }

    fn nobody_here(&mut self) -> Vec<MeetingEvent> {
        let endpoints: Vec<_> = self.people.iter().map(|p| p.endpoint.clone()).collect();
        let mut news: Vec<_> = endpoints.iter().flat_map(|e| self.gone(e)).collect();
        let knockers: Vec<_> = self.knockers.iter().map(|knocker| knocker.endpoint.clone()).collect();
        news.extend(knockers.iter().flat_map(|endpoint| self.knocker_gone(endpoint)));
        news.extend(self.role(false));
        news
    }

    /// Only the first reason counts: what follows is the echo of the end.
    fn ended(&mut self, reason: LeftReason) -> Vec<MeetingEvent> {
        if matches!(self.connection, Connection::Ended(_)) {
            return Vec::new();
        }
        self.connection = Connection::Ended(reason.clone());
        vec![MeetingEvent::Left { reason }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined() -> MeetingState {
        let mut state = MeetingState::new("garden", "Me");
        state.apply(Fact::Joined { endpoint: "aaaa0001".into(), moderator: false });
        state
    }

    fn presence(endpoint: &str, name: &str, muted: bool) -> Presence {
        let source = Source { name: format!("{endpoint}-a0"), kind: MediaKind::Audio, desktop: false, muted };
        Presence { endpoint: endpoint.into(), name: name.into(), hand: false, moderator: false, sources: vec![source] }
    }

    #[test]
    fn somebody_comes_unmutes_and_goes() {
        let mut state = joined();
        let news = state.apply(Fact::Present(presence("bbbb0001", "Ada", true)));
        assert!(matches!(news[0], MeetingEvent::Participant { change: Change::Added, microphone: false, .. }));
        let news = state.apply(Fact::Present(presence("bbbb0001", "Ada", false)));
        assert!(matches!(news[0], MeetingEvent::Participant { change: Change::Changed, microphone: true, .. }));
        assert!(matches!(news[1], MeetingEvent::Source { change: Change::Changed, muted: false, .. }));
        let news = state.apply(Fact::Gone { endpoint: "bbbb0001".into() });
        assert!(matches!(news.last(), Some(MeetingEvent::Participant { change: Change::Removed, .. })));
        assert!(state.people.is_empty());
    }

    #[test]
    fn presence_that_repeats_itself_is_no_news() {
        let mut state = joined();
        state.apply(Fact::Present(presence("bbbb0001", "Ada", true)));
        assert!(state.apply(Fact::Present(presence("bbbb0001", "Ada", true))).is_empty());
    }

    #[test]
    fn the_own_chat_line_is_known_by_its_endpoint_and_others_by_their_name() {
        let mut state = joined();
        state.apply(Fact::Present(presence("bbbb0001", "Ada", true)));
        state.apply(Fact::Chat { from: Some("aaaa0001".into()), name: "x".into(), text: "hi".into(), at_ms: 1 });
        state.apply(Fact::Chat { from: Some("bbbb0001".into()), name: "x".into(), text: "ho".into(), at_ms: 2 });
        assert!(state.chat[0].mine);
        assert_eq!(state.chat[0].name, "Me");
        assert_eq!((state.chat[1].mine, state.chat[1].name.as_str()), (false, "Ada"));
    }

    #[test]
    fn a_flood_of_chat_keeps_the_newest_lines_only() {
        let mut state = joined();
        for n in 0..CHAT_LINES + 3 {
            state.apply(Fact::Chat { from: None, name: String::new(), text: n.to_string(), at_ms: 0 });
        }
        assert_eq!(state.chat.len(), CHAT_LINES);
        assert_eq!((state.chat[0].text.as_str(), state.chat[0].number), ("3", 4));
    }

    #[test]
    fn a_room_with_endless_people_stays_bounded() {
        let mut state = joined();
        for n in 0..PEOPLE + 5 {
            state.apply(Fact::Present(presence(&format!("{n:08x}"), "", true)));
        }
        assert_eq!(state.people.len(), PEOPLE);
    }

    #[test]
    fn who_talks_is_news_once_and_forgotten_when_they_go() {
        let mut state = joined();
        state.apply(Fact::Present(presence("bbbb0001", "Ada", false)));
        assert_eq!(state.apply(Fact::Dominant { endpoint: "bbbb0001".into() }).len(), 1);
        assert!(state.apply(Fact::Dominant { endpoint: "bbbb0001".into() }).is_empty());
        state.apply(Fact::Gone { endpoint: "bbbb0001".into() });
        assert_eq!(state.dominant, None);
    }

    #[test]
    fn the_first_reason_for_the_end_is_the_one_that_is_told() {
        let mut state = joined();
        assert_eq!(state.apply(Fact::Ended(LeftReason::Kicked)).len(), 1);
        assert!(state.apply(Fact::Ended(LeftReason::Lost)).is_empty());
        assert_eq!(state.connection, Connection::Ended(LeftReason::Kicked));
    }

    #[test]
    fn while_sound_and_picture_are_repaired_everybody_stays_and_it_is_told() {
        let mut state = joined();
        state.apply(Fact::Present(presence("bbbb0001", "Ada", false)));
        let news = state.apply(Fact::Repairing { attempt: 2 });
        assert_eq!(news, [MeetingEvent::Reconnecting { attempt: 2 }]);
        assert_eq!((state.people.len(), &state.connection), (1, &Connection::Reconnecting));
        state.apply(Fact::MediaConnected);
        assert_eq!(state.connection, Connection::Connected);
    }

    #[test]
    fn a_bridge_without_a_channel_is_told_once_until_one_with_a_channel_was_met() {
        let mut state = joined();
        assert_eq!(state.apply(Fact::BridgeChannel { usable: false }), [MeetingEvent::NoBridgeChannel]);
        assert!(state.apply(Fact::BridgeChannel { usable: false }).is_empty());
        assert!(state.no_bridge_channel);
        assert!(state.apply(Fact::BridgeChannel { usable: true }).is_empty());
        assert!(!state.no_bridge_channel);
        assert_eq!(state.apply(Fact::BridgeChannel { usable: false }).len(), 1);
    }

    #[test]
    fn who_silenced_us_is_told_by_name_where_there_is_one() {
        let mut state = joined();
        state.apply(Fact::Present(presence("bbbb0001", "Ada", true)));
        let muted =
            |by: Option<&str>| Fact::MutedByModerator { kind: MediaKind::Audio, screen: false, by: by.map(Into::into) };
        let told = |by: Option<&str>| {
            [MeetingEvent::MutedByModerator { kind: MediaKind::Audio, screen: false, by: by.map(Into::into) }]
        };
        assert_eq!(state.apply(muted(Some("bbbb0001"))), told(Some("Ada")));
        assert_eq!(state.apply(muted(Some("cccc0001"))), told(None));
        assert_eq!(state.apply(muted(None)), told(None));
    }

    #[test]
    fn rights_and_what_they_show_are_gone_when_the_room_is_entered_anew() {
        let mut state = joined();
        assert_eq!(state.apply(Fact::MyRole { moderator: true }), [MeetingEvent::Role { moderator: true }]);
        assert!(state.apply(Fact::MyRole { moderator: true }).is_empty());
        state.apply(Fact::Rules(RoomRules { password: true, lobby: true }));
        state.apply(Fact::Knocked(Knocker { endpoint: "cccc0001".into(), name: "Cy".into() }));
        let news = state.apply(Fact::Reconnecting { attempt: 1 });
        assert_eq!(news.len(), 3, "{news:?}");
        assert_eq!((state.knockers.len(), state.rules, state.me.moderator), (0, RoomRules::default(), false));
    }

    #[test]
    fn a_door_with_endless_knockers_stays_bounded() {
        let mut state = joined();
        let knocker = |n: usize, name: &str| Fact::Knocked(Knocker { endpoint: format!("{n:08x}"), name: name.into() });
        for n in 0..KNOCKERS + 5 {
            state.apply(knocker(n, ""));
        }
        assert_eq!(state.knockers.len(), KNOCKERS);
        assert!(state.apply(knocker(0, "")).is_empty());
        let told = state.apply(knocker(0, "Cy"));
        assert!(matches!(&told[..], [MeetingEvent::Knock { change: Change::Changed, .. }]));
    }

    #[test]
    fn a_subject_is_news_once_and_of_bearable_length() {
        let mut state = joined();
        assert_eq!(state.apply(Fact::Subject("Kapitel 7".into())).len(), 1);
        assert!(state.apply(Fact::Subject("Kapitel 7".into())).is_empty());
        state.apply(Fact::Subject("ü".repeat(5_000)));
        assert_eq!(state.subject.chars().count(), SUBJECT);
    }

    #[test]
    fn while_reconnecting_nobody_from_before_stays_as_a_ghost() {
        let mut state = joined();
        state.apply(Fact::Present(presence("bbbb0001", "Ada", false)));
        let news = state.apply(Fact::Reconnecting { attempt: 1 });
        assert!(state.people.is_empty());
        assert_eq!(news.last(), Some(&MeetingEvent::Reconnecting { attempt: 1 }));
    }
}
