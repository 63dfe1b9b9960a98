//! Where the app is, and what each page needs beyond the shared slices.

use serde::{Deserialize, Serialize};

use super::threshold::secret;
use super::{Network, Purpose, Threshold, UiError, UnixSeconds};
use runde_client::Secret;

/// Where the app is. Settings are not a place: the web side lays them over any of these.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "place", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Page {
    /// The profile is being read.
    Starting,
    /// Somebody's notice waits for an answer; the text is in the `Notice` slice.
    Notice,
    /// The notice was noted for the first time: voluntary purposes, all off.
    Consents {
        purposes: Vec<Purpose>,
    },
    Home(Home),
    /// A server is being asked for its own notice; `go_home` gives up.
    Fetching(Fetching),
    Prejoin(Prejoin),
    /// In front of the room: it asks for something, or somebody else has to act.
    Threshold(Threshold),
    Meeting,
    After(After),
    /// "Continue without a connection": what still works without that controller.
    Declined(Declined),
    /// Joining failed or the meeting ended against our will.
    Broken(Broken),
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Home {
    /// The server a bare room name means, for instance `meet.jit.si`.
    pub default_host: String,
    /// `None`: the user has not agreed to a list of recent rooms.
    pub recents: Option<Vec<Recent>>,
    /// Addresses a room on this device can be offered on, besides "only this computer".
    pub interfaces: Vec<Interface>,
    /// Hosts contacted since the app started, in order of first contact.
    pub contacts: Vec<String>,
    /// The room that is open on this device, whether or not one is in it.
    pub hosted: Option<HostedRoom>,
    /// Who answers for rooms opened here; empty where nobody wrote that down.
    pub responsible: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Fetching {
    pub room: String,
    pub host: String,
}

/// A room that this app serves.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HostedRoom {
    pub room: String,
    /// To hand on, and for `open_link` to go in.
    pub link: String,
    /// Two or more are in it; `close_room` ends it for them.
    pub in_use: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Recent {
    pub link: String,
    pub room: String,
    pub host: String,
    #[cfg_attr(test, ts(type = "number"))]
    pub last_used: UnixSeconds,
}

/// A network interface of this device that others can reach.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Interface {
    /// Comes back in [`HostOptions::interface`].
    pub id: String,
    /// As the system calls it, for instance `wlan0`.
    pub name: String,
    pub address: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct HostOptions {
    /// `None` lets the app choose a name that nobody guesses.
    pub room: Option<String>,
    /// `None`: only this computer (loopback).
    pub interface: Option<String>,
    /// Whoever comes needs it.
    #[serde(default, deserialize_with = "secret")]
    #[cfg_attr(test, ts(type = "string | null"))]
    pub password: Option<Secret>,
    /// Whoever comes waits until somebody lets them in.
    #[serde(default)]
    pub lobby: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Prejoin {
    pub room: String,
    pub host: String,
    pub link: String,
    /// Whose notice applies; `controller_id` goes to `show_notice`.
    pub controller_id: String,
    pub controller_name: String,
    /// Set where the link pins a certificate that no authority vouches for.
    pub fingerprint: Option<Fingerprint>,
    /// The room runs on this device.
    pub hosted_here: bool,
    /// The remembered name, else empty.
    pub name: String,
    /// `join` was called and has not finished.
    pub joining: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Fingerprint {
    /// To read aloud; empty where no word list applies.
    pub words: Vec<String>,
    /// SHA-256 as `AB:CD:..`.
    pub hex: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct After {
    pub room: String,
    /// `open_link` with this joins again.
    pub link: String,
    pub duration_s: u32,
    pub network: Network,
    /// The highest number of people present at once, oneself included.
    pub people_at_most: u32,
    /// What this meeting left on the device; usually empty.
    pub stored: Vec<Stored>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Stored {
    /// The room is in the list of recent rooms (consent was given).
    RecentRoom,
    /// The display name was remembered (consent was given).
    DisplayName,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Declined {
    pub host: String,
    pub controller_id: String,
    pub controller_name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Broken {
    pub error: UiError,
    pub room: String,
    pub link: String,
    /// The first page can be reached; not while the profile cannot be opened.
    pub home: bool,
}
