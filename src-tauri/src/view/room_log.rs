//! The access log of rooms opened on this device, as its host sees it, and the lines held as evidence.

use serde::{Deserialize, Serialize};

use super::UnixSeconds;

/// As it was when the page asked for it last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RoomLog {
    /// Days that rooms opened from now on keep their log; `None` where they keep none.
    pub retention_days: Option<u8>,
    pub folder: String,
    /// The newest first.
    pub days: Vec<LogDay>,
    /// The newest first.
    pub newest: Vec<LogLine>,
    /// There are lines beyond those.
    pub more: bool,
    pub holds: Vec<Hold>,
    /// Sealed texts that no register knows.
    pub strays: Vec<String>,
}

/// One file of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogDay {
    /// First second of the day, as is the next.
    #[cfg_attr(test, ts(type = "number"))]
    pub day: UnixSeconds,
    #[cfg_attr(test, ts(type = "number"))]
    pub deleted_on: UnixSeconds,
    /// As its lines were promised.
    pub kept_days: u8,
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
}

/// The five fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LogLine {
    #[cfg_attr(test, ts(type = "number"))]
    pub time: UnixSeconds,
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes_sent: u64,
    pub client: String,
    pub os: String,
    pub ip: String,
}

/// Lines that an incident took out of the deletion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Hold {
    pub incident: String,
    #[cfg_attr(test, ts(type = "number"))]
    pub started: UnixSeconds,
    /// `None` once released.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub lines: Option<u64>,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub released: Option<UnixSeconds>,
    /// When somebody has to say whether it is still needed.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub review_due: Option<UnixSeconds>,
    pub needs_review: bool,
    pub seal: HoldSeal,
    /// Empty where the sealed text does not say it any more, as is the next.
    pub reason: String,
    pub person: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum HoldSeal {
    Sound,
    Changed,
    Missing,
    Deleted,
}

/// As typed; of `ip`, `from` and `until` one at least has to say which lines it is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HoldRequest {
    pub incident: String,
    pub reason: String,
    pub person: String,
    pub ip: String,
    pub from: String,
    pub until: String,
}

/// What a person does about evidence.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "act", rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum HoldAct {
    /// Keeps the lines that match.
    Start { lines: HoldRequest },
    /// It is still needed.
    Review { incident: String },
    /// Its lines are deleted at once.
    Release { incident: String },
}
