//! What the settings show and what they may change.

use serde::{Deserialize, Serialize};

use super::Purpose;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Settings {
    pub language: Language,
    pub look: Look,
    /// The remembered display name; empty unless that consent was given.
    pub name: String,
    pub processing: Processing,
    pub purposes: Vec<Purpose>,
    pub ledger_state: LedgerState,
    /// Where the profile lies, for the user to find it.
    pub profile_path: String,
    /// Sound and picture go through a relay of the server and by no other way, from the next meeting on.
    pub relay_only: bool,
    /// Host that a bare room name means.
    pub default_server: String,
    /// Port, TCP and UDP alike, of the next room on this device.
    pub port: u16,
    /// Kinds of links and whether the system opens them with this program; empty until somebody may look.
    pub schemes: Vec<Scheme>,
    /// Whether the session starts the program; `null` where this system or profile knows no such thing.
    pub autostart: Option<Autostart>,
    /// Settings and functions that the policy of this computer fixed, by its own names.
    pub locked: Vec<String>,
    /// Whom to ask about that; empty where it does not say.
    pub organisation: String,
    pub version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Processing {
    pub echo: bool,
    pub noise: bool,
    pub gain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Language {
    /// German where the system speaks German, else English.
    System,
    De,
    En,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Look {
    System,
    Light,
    Dark,
    Contrast,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "key", content = "value", rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SettingChange {
    Language(Language),
    Look(Look),
    Name(String),
    Echo(bool),
    Noise(bool),
    Gain(bool),
    RelayOnly(bool),
    /// Start in the tray with the session.
    Autostart(bool),
    /// Host that a bare room name means, as typed.
    DefaultServer(String),
    /// Port of rooms on this device, as typed.
    Port(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum LedgerState {
    /// The chain holds and its head agrees with the keyring.
    Intact,
    /// The chain holds; without a keyring its key is protected by file rights only.
    FileRightsOnly,
    /// A damaged file was kept aside and a new one begun.
    Damaged,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Scheme {
    /// Without `://`.
    pub scheme: String,
    pub ours: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Autostart {
    pub on: bool,
    /// The program that is started where it is another one, such as an older version; else empty.
    pub other: String,
}
