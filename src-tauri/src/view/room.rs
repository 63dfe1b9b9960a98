//! The meeting itself: its state, the people, the chat, loudness, and the sizes the window asks for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Extras, Fingerprint, Knocker, UnixSeconds};

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Meeting {
    pub phase: Phase,
    pub room: String,
    pub host: String,
    /// Who answers for the server, as the notice names them; empty where it does not.
    pub operator: String,
    /// To show, copy and draw as a QR code.
    pub link: String,
    pub hosted_here: bool,
    #[cfg_attr(test, ts(type = "number"))]
    pub joined_at: UnixSeconds,
    pub network: Network,
    /// Sound and picture go directly to the one other person.
    pub direct: bool,
    /// Endpoint of the dominant speaker.
    pub dominant: Option<String>,
    pub fingerprint: Option<Fingerprint>,
    /// What the meeting is about; empty when nothing was said.
    pub subject: String,
    /// One may moderate; what follows is known to moderators only.
    pub moderator: bool,
    /// Whoever comes needs a password.
    pub locked: bool,
    /// Whoever comes waits in the lobby.
    pub lobby: bool,
    /// Who waits there, in order of arrival.
    pub knockers: Vec<Knocker>,
    /// What the room offers besides.
    pub extras: Extras,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Phase {
    Joining,
    Joined,
    /// The path broke; the client is trying again and keeps chat and settings.
    Reconnecting,
}

/// The connection in words; figures stay in the statistics.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Network {
    Good,
    /// Loss or delay that a listener notices.
    Weak,
    /// Speech is being lost.
    Poor,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Person {
    pub endpoint: String,
    /// As sent by that person, at most 80 characters; empty when none was given.
    pub name: String,
    pub is_me: bool,
    pub muted: bool,
    /// Source name of the camera picture (`self` for one's own); `None` while the camera is off.
    pub camera: Option<String>,
    /// Source name of the screen that this person shares; `None` while nothing is shared.
    pub screen: Option<String>,
    pub hand: bool,
    pub moderator: bool,
    /// Nothing comes from this person now: the program crashed, the computer sleeps or the network is away.
    pub away: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ChatLine {
    pub id: u32,
    /// The name at the time of sending.
    pub name: String,
    pub mine: bool,
    pub text: String,
    #[cfg_attr(test, ts(type = "number"))]
    pub at: UnixSeconds,
}

/// Loudness from 0 (silence) to 1 (full scale), already shaped for the eye.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Levels {
    pub microphone: f32,
    /// By endpoint; whoever is missing is silent.
    pub people: BTreeMap<String, f32>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Tile {
    pub source: String,
    /// Device pixels.
    pub width: u32,
    pub height: u32,
}
