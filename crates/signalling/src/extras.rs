//! What a room offers besides sound, picture and chat: permission to speak, polls, breakout rooms, and the signs that
//! somebody records, writes along or counts.
//!
//! Components of the deployment speak JSON inside `json-message` (jitsi.md section 7). Here are their addresses
//! ([`Components`]), what they say ([`read`]) and what is said to them ([`Wish`]); pure, and used by both roles. What a guest
//! makes of it is `guest/extras.rs`, what a host offers of it `host/extras.rs`.

mod breakout;
pub(crate) mod permission;
pub(crate) mod poll;
mod speakers;
mod state;

pub use breakout::{Breakout, MAX_ROOMS};
pub use permission::Media;
pub use poll::{MAX_ANSWERS, MAX_QUESTION, Poll, Vote};
pub use speakers::Spoken;
pub use state::{Extras, MAX_POLLS};

use crate::ns;
use crate::xml::{CLIENT, Element};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Characters kept of a name or a title that somebody else chose.
pub(crate) const MAX_TEXT: usize = 200;
/// Bytes of an id or address that is kept; anything longer is refused, since a cut one would mean another thing.
pub(crate) const MAX_ID: usize = 1_023;
/// Identities read of one answer; a deployment names a dozen.
const MAX_IDENTITIES: usize = 64;

/// A component of the deployment that a guest talks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Component {
    Permission,
    Polls,
    Breakout,
    Metadata,
    Speakers,
}

impl Component {
    /// The `type` of its identity.
    #[must_use]
    pub const fn identity(self) -> &'static str {
        match self {
            Self::Permission => "av_moderation",
            Self::Polls => "polls",
            Self::Breakout => "breakout_rooms",
            Self::Metadata => "room_metadata",
            Self::Speakers => "speakerstats",
        }
    }

    /// The `type` inside the JSON of its messages.
    const fn word(self) -> &'static str {
        self.identity()
    }

    const ALL: [Self; 5] = [Self::Permission, Self::Polls, Self::Breakout, Self::Metadata, Self::Speakers];
}

/// Where the components are, as the domain's disco#info names them. What it does not name is not there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Components(BTreeMap<Component, String>);

impl Components {
    /// Reads `<identity category='component' type name/>`.
    #[must_use]
    pub fn read(query: &Element) -> Self {
        let mut found = BTreeMap::new();
        for identity in query.all("identity", ns::DISCO_INFO).take(MAX_IDENTITIES) {
            let (Some("component"), Some(kind), Some(name)) =
                (identity.get("category"), identity.get("type"), identity.get("name"))
            else {
                continue;
            };
            let component = Component::ALL.into_iter().find(|component| component.identity() == kind);
            if let Some(component) = component.filter(|_| !name.is_empty() && name.len() <= MAX_ID) {
                found.entry(component).or_insert_with(|| name.to_owned());
            }
        }
        Self(found)
    }

    #[must_use]
    pub fn address(&self, component: Component) -> Option<&str> {
        self.0.get(&component).map(String::as_str)
    }

    /// Whether one of them speaks from this address.
    pub(crate) fn speaks_at(&self, address: &str) -> bool {
        self.at(address).is_some()
    }

    /// Which one speaks from this address.
    fn at(&self, address: &str) -> Option<Component> {
        self.0.iter().find(|(_, known)| *known == address).map(|(component, _)| *component)
    }
}

/// What a deployment can do besides, as far as faces offer it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Abilities {
    pub permission: bool,
    pub polls: bool,
    pub breakout: bool,
}

/// Something that records or hands on what is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capture {
    /// Sound and picture into a file of the deployment.
    Recording,
    /// Sound and picture to anybody who watches the stream.
    Stream,
    /// What is said as text.
    Transcription,
}

/// One piece of news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// What the deployment offers; once, where it is anything.
    Offered(Abilities),
    /// Whether this kind of media needs a moderator's permission from now on; `by` is an endpoint.
    Permission { media: Media, needed: bool, by: Option<String> },
    /// We may switch it on, or no longer.
    Allowed { media: Media, allowed: bool },
    /// Everybody who may, by endpoint. Told to moderators.
    AllAllowed { media: Media, endpoints: BTreeSet<String> },
    /// A poll, with the votes so far.
    Poll(Poll),
    /// Somebody's vote, in place of an earlier one.
    Vote { poll: String, vote: Vote },
    /// How long the server says that each of them has spoken.
    Speakers(Vec<Spoken>),
    /// Something records or hands on what is said, or no longer.
    Capture { what: Capture, on: bool },
    /// All rooms of the meeting, the main one first.
    Rooms(Vec<Breakout>),
    /// A moderator sends us to another room of the meeting, by its address.
    MoveTo { room: String },
}

/// What a guest asks for. Most of it is for moderators; the deployment decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// Whether this kind of media needs permission.
    NeedPermission { media: Media, needed: bool },
    /// Somebody may switch it on, or no longer.
    Allow { endpoint: String, media: Media, allowed: bool },
    /// `id` is the asker's to choose, and must be new in the room; a driver chooses one where it is empty.
    Ask { id: String, question: String, answers: Vec<String> },
    /// One yes or no for each answer of the poll.
    Vote { poll: String, answers: Vec<bool> },
    /// One more room with this title.
    AddRoom { title: String },
    /// A room of the meeting goes, by its address; whoever is in it comes back.
    RemoveRoom { room: String },
}

/// `<json-message/>` with this content.
#[must_use]
pub fn envelope(content: &Value) -> Element {
    Element::new("json-message", ns::JITMEET).text(content.to_string())
}

/// The JSON of a message, if it carries some within the bounds.
#[must_use]
pub fn content(message: &Element) -> Option<Value> {
    let text = message.find("json-message", ns::JITMEET)?.own_text();
    crate::json::parse(&text).ok().filter(Value::is_object)
}

/// What a component says; `from` is its address, `room` ours. Empty for what is not understood or is about another room.
#[must_use]
pub fn read(components: &Components, from: &str, room: &str, said: &Value) -> Vec<News> {
    let elsewhere = said.get("room").and_then(Value::as_str).is_some_and(|named| !named.eq_ignore_ascii_case(room));
    let Some(component) = components.at(from).filter(|_| !elsewhere) else { return Vec::new() };
    if text(said, "type", MAX_TEXT).as_deref() != Some(component.word()) {
        return Vec::new();
    }
    match component {
        Component::Permission => permission::read(said),
        Component::Polls => poll::read(said),
        Component::Breakout => breakout::read(said),
        Component::Metadata => metadata(said),
        Component::Speakers => vec![News::Speakers(speakers::read(said))],
    }
}

/// What an older deployment's guests say to everybody about polls; `endpoint` is who says it.
#[must_use]
pub fn read_of_guest(endpoint: &str, said: &Value) -> Vec<News> {
    poll::read_old(endpoint, said)
}

/// What an older deployment's room says to a newcomer about polls.
#[must_use]
pub fn read_of_room(said: &Value) -> Vec<News> {
    if said.get("type").and_then(Value::as_str) == Some("old-polls") { poll::read_all(said) } else { Vec::new() }
}

/// The whole map each time: what is not in it is off.
fn metadata(said: &Value) -> Vec<News> {
    let Some(all) = said.get("metadata").filter(|all| all.is_object()) else { return Vec::new() };
    let on = all.get("recording").and_then(|it| it.get("isTranscribingEnabled")).and_then(Value::as_bool);
    vec![News::Capture { what: Capture::Transcription, on: on == Some(true) }]
}

/// What the focus says in its presence about recording and streaming. Each presence says it all, so what is missing is off;
/// something that is only being prepared counts as on: people should know before, not after.
#[must_use]
pub fn captures(focus: &Element) -> [News; 2] {
    let state = |mode: &str| {
        let of_mode = |status: &&Element| status.get("recording_mode").unwrap_or("file") == mode;
        let mut all = focus.children().filter(|child| child.name() == "jibri-recording-status").filter(of_mode);
        all.any(|status| matches!(status.get("status"), Some("on" | "pending")))
    };
    [
        News::Capture { what: Capture::Recording, on: state("file") },
        News::Capture { what: Capture::Stream, on: state("stream") },
    ]
}

/// A wish as the message that carries it, or nothing where the deployment has no such component. `room` is ours, `seat` our
/// address in it.
#[must_use]
pub fn message(components: &Components, room: &str, wish: &Wish) -> Option<Element> {
    let to =
        |component| components.address(component).map(|address| Element::new("message", CLIENT).attr("to", address));
    match wish {
        Wish::NeedPermission { media, needed } => {
            Some(to(Component::Permission)?.child(permission::switch(*media, *needed)))
        }
        Wish::Allow { endpoint, media, allowed } => {
            let jid = format!("{room}/{endpoint}");
            Some(to(Component::Permission)?.child(permission::allow(*media, &jid, *allowed)))
        }
        Wish::Ask { id, question, answers } => match to(Component::Polls) {
            Some(message) => Some(message.child(envelope(&poll::ask(id, question, answers)))),
            None => Some(to_all(room, &poll::ask_old(id, question, answers))),
        },
        Wish::Vote { poll, answers } => match to(Component::Polls) {
            Some(message) => Some(message.child(envelope(&poll::vote(poll, answers)))),
            None => Some(to_all(room, &poll::vote_old(poll, answers))),
        },
        Wish::AddRoom { title } => Some(to(Component::Breakout)?.child(breakout::add(title))),
        Wish::RemoveRoom { room } => Some(to(Component::Breakout)?.child(breakout::remove(room))),
    }
}

fn to_all(room: &str, content: &Value) -> Element {
    Element::new("message", CLIENT).attr("to", room).attr("type", "groupchat").child(envelope(content))
}

impl Components {
    /// What faces may offer. Polls need no component: older deployments carry them as messages to everybody.
    #[must_use]
    pub fn abilities(&self) -> Abilities {
        Abilities {
            permission: self.0.contains_key(&Component::Permission),
            polls: self.0.contains_key(&Component::Polls),
            breakout: self.0.contains_key(&Component::Breakout),
        }
    }
}

/// A text of bearable length, cut.
fn text(value: &Value, key: &str, most: usize) -> Option<String> {
    value.get(key).and_then(Value::as_str).map(|text| text.chars().take(most).collect())
}

/// An id or an address, whole or not at all.
fn id(value: &Value, key: &str) -> Option<String> {
    value.get(key).and_then(Value::as_str).filter(|id| !id.is_empty() && id.len() <= MAX_ID).map(str::to_owned)
}

/// The part behind the room of an address in it.
fn endpoint(address: &str) -> Option<String> {
    let (_, endpoint) = address.split_once('/')?;
    (!endpoint.is_empty() && endpoint.len() <= MAX_ID).then(|| endpoint.to_owned())
}

/// What a component's message looks like inside; for hosts.
#[must_use]
pub fn permission_json(room: &str, media: Media, needed: bool, actor: &str) -> Value {
    json!({ "type": "av_moderation", "enabled": needed, "mediaType": media.word(), "actor": actor, "room": room })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disco;

    pub(super) fn components() -> Components {
        let identity = |kind: &str| {
            Element::new("identity", ns::DISCO_INFO)
                .attr("category", "component")
                .attr("type", kind)
                .attr("name", format!("{kind}.meet.test"))
        };
        let kinds = Component::ALL.map(|component| identity(component.identity()));
        Components::read(&disco::query(None).with_children(kinds))
    }

    #[test]
    fn only_the_component_that_is_in_charge_is_believed_and_only_about_our_room() {
        let said = json!({ "type": "av_moderation", "enabled": true, "mediaType": "audio", "room": "r@muc" });
        let read = |from: &str, said: &Value| read(&components(), from, "r@muc", said);
        assert_eq!(read("av_moderation.meet.test", &said).len(), 1);
        assert!(read("polls.meet.test", &said).is_empty(), "another component");
        assert!(read("r@muc/mallory", &said).is_empty(), "a guest");
        let other = json!({ "type": "av_moderation", "enabled": true, "mediaType": "audio", "room": "other@muc" });
        assert!(read("av_moderation.meet.test", &other).is_empty(), "another room");
    }

    #[test]
    fn a_recording_that_is_prepared_counts_and_one_that_is_not_named_is_off() {
        let status = |status: &str, mode: &str| {
            Element::new("jibri-recording-status", "http://jitsi.org/protocol/jibri")
                .attr("status", status)
                .attr("recording_mode", mode)
        };
        let presence = Element::new("presence", CLIENT).child(status("pending", "file")).child(status("off", "stream"));
        let on = |news: &News| matches!(news, News::Capture { on: true, .. });
        assert_eq!(captures(&presence).map(|news| on(&news)), [true, false]);
        assert_eq!(captures(&Element::new("presence", CLIENT)).map(|news| on(&news)), [false, false]);
    }

    #[test]
    fn a_transcription_is_on_while_the_map_says_so() {
        let said = |metadata: Value| json!({ "type": "room_metadata", "metadata": metadata });
        let read = |metadata| read(&components(), "room_metadata.meet.test", "r@muc", &said(metadata));
        let capture = |on| vec![News::Capture { what: Capture::Transcription, on }];
        assert_eq!(read(json!({ "recording": { "isTranscribingEnabled": true } })), capture(true));
        assert_eq!(read(json!({})), capture(false));
        assert_eq!(read(json!("nonsense")), []);
    }

    #[test]
    fn where_no_component_is_named_only_polls_have_another_way() {
        let none = Components::default();
        let wish = Wish::NeedPermission { media: Media::Audio, needed: true };
        assert!(message(&none, "r@muc", &wish).is_none());
        let ask = Wish::Ask { id: "p".into(), question: "?".into(), answers: vec!["a".into(), "b".into()] };
        assert_eq!(message(&none, "r@muc", &ask).unwrap().get("type"), Some("groupchat"));
        assert_eq!(message(&components(), "r@muc", &ask).unwrap().get("to"), Some("polls.meet.test"));
    }
}
