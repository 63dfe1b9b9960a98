//! Breakout rooms: the rooms of one meeting, and who is in which.

use super::{MAX_ID, MAX_TEXT, News, id, text};
use crate::xml::{CLIENT, Element};
use serde_json::Value;

/// Rooms of one meeting; no deployment makes more.
pub const MAX_ROOMS: usize = 64;
/// People listed of one room.
const MAX_LISTED: usize = 200;

/// One room of the meeting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakout {
    /// Address, for going there.
    pub room: String,
    /// At most 200 characters; often empty for the main room.
    pub title: String,
    pub main: bool,
    /// Names of those who are in it, at most 200.
    pub people: Vec<String>,
}

pub(super) fn read(said: &Value) -> Vec<News> {
    match said.get("event").and_then(Value::as_str) {
        Some("features/breakout-rooms/update") => vec![News::Rooms(rooms(said))],
        Some("features/breakout-rooms/move-to-room") => {
            let room = id(said, "roomJid").filter(|room| is_room(room));
            room.map(|room| News::MoveTo { room }).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// The main room first, then by title: a map has no order of its own.
fn rooms(said: &Value) -> Vec<Breakout> {
    let all = said.get("rooms").and_then(Value::as_object);
    let mut rooms: Vec<Breakout> =
        all.into_iter().flatten().filter_map(|(_, room)| one(room)).take(MAX_ROOMS).collect();
    rooms.sort_by(|a, b| (!a.main, &a.title, &a.room).cmp(&(!b.main, &b.title, &b.room)));
    rooms
}

fn one(room: &Value) -> Option<Breakout> {
    let people = room.get("participants").and_then(Value::as_object);
    let named = |(_, person): (&String, &Value)| text(person, "displayName", MAX_TEXT).unwrap_or_default();
    Some(Breakout {
        room: id(room, "jid").filter(|room| is_room(room))?,
        title: text(room, "name", MAX_TEXT).unwrap_or_default(),
        main: room.get("isMainRoom").and_then(Value::as_bool) == Some(true),
        people: people.into_iter().flatten().take(MAX_LISTED).map(named).collect(),
    })
}

/// A bare address of a room.
pub(crate) fn is_room(text: &str) -> bool {
    let parts = text.split_once('@');
    let plain = !text.contains(['/', ' ', '<', '>', '"', '\'']) && !text.contains(char::is_control);
    text.len() <= MAX_ID && plain && parts.is_some_and(|(node, domain)| !node.is_empty() && !domain.is_empty())
}

fn element(action: &str) -> Element {
    // Without a namespace of its own, as the library writes it.
    Element::new("breakout_rooms", CLIENT).attr("type", format_args!("features/breakout-rooms/{action}"))
}

pub(super) fn add(title: &str) -> Element {
    element("add").attr("subject", title)
}

pub(super) fn remove(room: &str) -> Element {
    element("remove").attr("breakoutRoomJid", room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rooms_are_listed_with_the_main_one_first_and_what_is_no_room_is_left_out() {
        let said = json!({ "event": "features/breakout-rooms/update", "rooms": {
            "b": { "id": "b", "jid": "b@breakout.meet.test", "name": "Gruppe 1", "participants": {
                "x": { "jid": "x@meet.test", "displayName": "Ada" } } },
            "a": { "id": "a", "jid": "a@conference.meet.test", "isMainRoom": true },
            "c": { "id": "c", "jid": "not an address", "name": "Odd" },
        } });
        let [News::Rooms(rooms)] = &read(&said)[..] else { panic!("no rooms") };
        assert_eq!(rooms.iter().map(|room| room.main).collect::<Vec<_>>(), [true, false]);
        assert_eq!(rooms[1].people, ["Ada"]);
    }

    #[test]
    fn somebody_is_sent_to_rooms_only() {
        let sent = |to: &str| read(&json!({ "event": "features/breakout-rooms/move-to-room", "roomJid": to }));
        assert_eq!(sent("b@breakout.meet.test"), [News::MoveTo { room: "b@breakout.meet.test".into() }]);
        assert_eq!(sent("b@breakout.meet.test/focus"), []);
        assert_eq!(sent("https://evil.test"), []);
    }

    #[test]
    fn a_flood_of_rooms_is_cut() {
        let rooms: serde_json::Map<String, Value> =
            (0..500).map(|n| (n.to_string(), json!({ "jid": format!("r{n}@b.test") }))).collect();
        let [News::Rooms(rooms)] = &read(&json!({ "event": "features/breakout-rooms/update", "rooms": rooms }))[..]
        else {
            panic!("no rooms")
        };
        assert_eq!(rooms.len(), MAX_ROOMS);
    }
}
