//! The contact ledger: whom this app went to since it started, and what servers asked for in vain.

use serde::Serialize;

use super::UnixSeconds;

/// What its page shows; there only while the privacy desk lies open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct ContactLedger {
    /// In the order of their first contact.
    pub contacts: Vec<Contacted>,
    /// More than the list holds: contacts and bytes that are only added up.
    pub beyond: Option<Beyond>,
    pub ignored: Vec<Ignored>,
    /// A room said what no honest one says; it was not obeyed.
    pub odd_room: bool,
}

/// One host at one address, for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Contacted {
    pub host: String,
    /// Empty where only the system's name service was asked.
    pub address: String,
    pub purpose: ContactPurpose,
    #[cfg_attr(test, ts(type = "number"))]
    pub first: UnixSeconds,
    #[cfg_attr(test, ts(type = "number"))]
    pub last: UnixSeconds,
    pub times: u32,
    /// Bytes that left; `None` where the system's own programs did it.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub sent: Option<u64>,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub received: Option<u64>,
    /// The noted text that allowed it.
    pub notice_id: String,
    pub sha256: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Beyond {
    pub times: u32,
    #[cfg_attr(test, ts(type = "number"))]
    pub sent: u64,
    #[cfg_attr(test, ts(type = "number"))]
    pub received: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ContactPurpose {
    Notice,
    Configuration,
    Signalling,
    ConferenceRequest,
    BridgeChannel,
    Media,
    /// The one other person in a room, without the video bridge in between.
    Direct,
    Relay,
    Proxy,
    NameResolution,
}

/// A wish of a server that was not granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Ignored {
    pub kind: IgnoredKind,
    /// The setting's own name.
    pub key: String,
    /// Whom it would have led to.
    pub host: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum IgnoredKind {
    Avatars,
    Analytics,
    Statistics,
    Relay,
    PeerToPeer,
    Pages,
    Gifs,
    Integration,
    Address,
}
