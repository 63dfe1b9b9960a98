//! The one error type at the boundary; the words for it live in `ui/messages`.

use std::collections::BTreeMap;

use serde::Serialize;

/// Something that happened beside the page; stays until dismissed or replaced.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Toast {
    pub id: u32,
    pub error: UiError,
}

/// The one error at the boundary. The web side has three sentences per code: what happened, why, what to do.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct UiError {
    pub code: ErrorCode,
    /// Values for the sentences; each code's doc names its keys.
    pub params: BTreeMap<String, String>,
    /// Doing the same again may work.
    pub retry: bool,
}

/// Also the translation key. A code without sentences does not compile on the web side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum ErrorCode {
    /// Neither a link nor a room name. `text`
    LinkUnreadable,
    /// The name has no address. `host`
    HostUnknown,
    /// Something answered and said no. `host`
    HostRefused,
    /// Nothing answered in time. `host`
    HostSilent,
    /// A server of a kind this version cannot talk to yet. `host`
    HostUnsupported,
    /// The certificate is not the one the link names. `host`
    FingerprintDiffers,
    /// The room no longer exists or closed. `room`
    RoomEnded,
    /// A moderator removed us. `room`
    Kicked,
    /// The connection broke and did not come back. `host`
    ConnectionLost,
    /// A moderator muted us; the microphone is off.
    MutedByModerator,
    /// The room's video server has no channel that we can open; pictures of the others may not come. `host`
    NoBridgeChannel,
    /// The port for a room on this device is taken. `address`
    PortInUse,
    /// The room on this device could not be opened. `address`
    HostingFailed,
    /// No microphone is connected.
    MicrophoneMissing,
    /// `device`
    MicrophoneBusy,
    /// `device`, and `next` (the one used instead; empty when there is none)
    MicrophoneUnplugged,
    /// No camera is connected.
    CameraMissing,
    /// `device`
    CameraBusy,
    /// `device`, and `next` as above
    CameraUnplugged,
    /// No speaker is connected.
    SpeakerMissing,
    /// `device`, and `next` as above
    SpeakerUnplugged,
    /// A record could not be written. `path`
    DiskFull,
    /// `path` (where the damaged file was kept)
    LedgerDamaged,
    /// `path` (where the damaged file was kept)
    SettingsDamaged,
    /// Another Runde uses this profile.
    ProfileInUse,
    /// The profile's folder or files cannot be used. `path`
    ProfileUnusable,
    /// The keyring that holds the profile's key is locked or silent; nothing was changed.
    KeyringSilent,
    /// A meeting is running; one at a time. `room` (the one that was asked for)
    AlreadyInMeeting,
    /// The key lies in a file because no keyring answered. `path`
    KeyringUnavailable,
    /// The text or name is longer than a room accepts. `limit`
    TextTooLong,
    /// The action needs the controller's notice first. `host`
    NoticeMissing,
    /// Somebody objected to this controller, and that is in force. `host`
    Objected,
    /// A fault of ours. `detail` (never names, addresses or room names)
    Internal,
}
