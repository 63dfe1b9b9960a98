//! A controller's notice and the voluntary purposes, in the languages they exist in.

use serde::{Deserialize, Serialize};

/// A controller's notice in every language it exists in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Notice {
    pub notice_id: String,
    pub version: String,
    pub host: String,
    pub reason: NoticeReason,
    pub controller: Controller,
    /// German first, plain German last; each with its own hash.
    pub texts: Vec<NoticeText>,
    pub foreword: Option<Foreword>,
}

/// What the organisation that manages this computer says about a server of its own; no part of what is noted.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Foreword {
    pub organisation: String,
    pub de: String,
    pub en: String,
    /// Whom to ask; empty when not stated.
    pub contact: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum NoticeReason {
    /// Nothing was sent to this host yet.
    FirstContact,
    /// An older text was noted; this one differs.
    Changed,
    /// The user wants to read it again; nothing is asked.
    Reading,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Controller {
    pub id: String,
    pub name: String,
    /// Postal address, one line each, as on an envelope; empty when unknown.
    pub address: Vec<String>,
    /// E-mail, telephone or web address; empty when not stated.
    pub contact: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NoticeText {
    pub lang: Lang,
    pub title: String,
    /// Four lines, without marks.
    pub summary: Vec<String>,
    pub sections: Vec<NoticeSection>,
    /// The gap box: what the controller does not state, one entry each.
    pub gaps: Vec<String>,
    /// 64 hex digits over the text that `runde-cli notice` prints.
    pub sha256: String,
    /// What differs from the version that was noted before; empty unless [`NoticeReason::Changed`].
    pub changes: Vec<NoticeChange>,
}

/// One statement that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NoticeChange {
    /// Title of its section; empty where the text has none.
    pub section: String,
    pub kind: Rewording,
    /// The statement in pieces, in reading order.
    pub pieces: Vec<NoticePiece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Rewording {
    Added,
    Removed,
    Reworded,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NoticePiece {
    pub wording: Wording,
    pub text: String,
}

/// Words that stayed, went or came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Wording {
    Same,
    Old,
    New,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct NoticeSection {
    pub id: String,
    pub title: String,
    /// Paragraphs parted by an empty line; lines that begin with `- ` are list entries. No other mark-up.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Lang {
    De,
    En,
    /// Plain German; for notices only.
    DeSimple,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum NoticeDecision {
    /// "Zur Kenntnis genommen"
    Noted,
    /// "Ohne Verbindung fortfahren"; also closes a notice opened for reading.
    Offline,
}

/// One voluntary purpose. Its words come from the backend because the consent record carries their hash.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Purpose {
    pub id: String,
    /// What applies now; on the first-launch page always false.
    pub granted: bool,
    /// German first.
    pub texts: Vec<PurposeText>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PurposeText {
    pub lang: Lang,
    /// The label of the switch.
    pub title: String,
    /// One line: what for.
    pub purpose: String,
    /// One line: what is stored, where, for how long.
    pub storage: String,
}
