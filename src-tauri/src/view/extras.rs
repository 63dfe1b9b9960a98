//! What a room offers besides sound, picture and chat, as the window shows it, and what may be asked of it.

use serde::{Deserialize, Serialize};

use super::UnixSeconds;

/// A part of the `Meeting` slice.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Extras {
    /// The deployment can make microphones, cameras and screens need a moderator's permission.
    pub can_permit: bool,
    pub can_poll: bool,
    pub can_break_out: bool,
    /// What records or hands on what is said, now.
    pub captures: Vec<Capture>,
    /// What needs permission in this room.
    pub needed: Vec<Media>,
    /// What of it one has to ask for oneself.
    pub must_ask: Vec<Media>,
    /// Who was allowed what; known to moderators only.
    pub allowances: Vec<Allowance>,
    /// Oldest first.
    pub polls: Vec<Poll>,
    /// As the server counts; empty where it does not.
    pub speakers: Vec<Speaker>,
    /// All rooms of the meeting, the main one first; empty where there is one only.
    pub rooms: Vec<Room>,
    /// Newest last, at most a dozen.
    pub signs: Vec<Sign>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Capture {
    Recording,
    Stream,
    Transcription,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Media {
    Microphone,
    Camera,
    Screen,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Allowance {
    pub endpoint: String,
    pub media: Media,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Poll {
    pub id: String,
    /// Name of who asks; empty when nobody of that id is here.
    pub by: String,
    pub question: String,
    pub answers: Vec<PollAnswer>,
    /// How many have voted.
    pub votes: u32,
    /// One has voted oneself.
    pub voted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PollAnswer {
    pub text: String,
    pub count: u32,
    /// One said yes to it oneself.
    pub mine: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Speaker {
    pub name: String,
    pub seconds: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Room {
    /// Address; comes back in [`Wish::GoTo`].
    pub room: String,
    /// Empty for a main room without a subject.
    pub title: String,
    pub main: bool,
    /// One is in it.
    pub here: bool,
    pub people: Vec<String>,
}

/// A short sign to everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Reaction {
    Like,
    Clap,
    Laugh,
    Surprised,
    Boo,
    Silence,
}

/// Somebody's sign, shown for a few seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Sign {
    pub id: u32,
    pub endpoint: String,
    pub reaction: Reaction,
    #[cfg_attr(test, ts(type = "number"))]
    pub at: UnixSeconds,
}

/// What the window asks for: `wish`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "wish", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Wish {
    React {
        reaction: Reaction,
    },
    /// Moderators: whether it needs permission.
    NeedPermission {
        media: Media,
        needed: bool,
    },
    /// Moderators: somebody may, or no longer.
    Allow {
        endpoint: String,
        media: Media,
        allowed: bool,
    },
    Ask {
        question: String,
        answers: Vec<String>,
    },
    /// One yes or no for each answer.
    Vote {
        poll: String,
        answers: Vec<bool>,
    },
    GoTo {
        room: String,
    },
    /// Moderators.
    AddRoom {
        title: String,
    },
    /// Moderators.
    RemoveRoom {
        room: String,
    },
}
