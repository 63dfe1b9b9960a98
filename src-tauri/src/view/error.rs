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
    /// A link to a server that names no room. `text`
    LinkWithoutRoom,
    /// `http` to another machine. `text`
    LinkUnprotected,
    /// The fingerprint in the link is no fingerprint. `text`
    LinkDamaged,
    /// The name has no address. `host`
    HostUnknown,
    /// Nothing listens there. `host`
    HostRefused,
    /// Nothing answered in time. `host`
    HostSilent,
    /// No way leads there. `host`, and `detail` in the system's words
    NetworkUnreachable,
    /// A server of a kind this version cannot talk to yet. `host`
    HostUnsupported,
    /// Only a relay may be used, by the settings, and the server has none. `host`
    RelayMissing,
    /// The certificate is not the one the link names. `host`
    FingerprintDiffers,
    /// Nobody vouches for the certificate, and the link names none. `host`
    CertificateUntrusted,
    /// TLS failed for another reason. `host`, `detail`
    EncryptionFailed,
    /// `host`, `room`, as with all refusals that follow
    PasswordNeeded,
    /// By a moderator, in the lobby.
    TurnedAway,
    /// There is no lobby to knock at.
    MembersOnly,
    /// The lobby was closed while we waited.
    LobbyClosed,
    Banned,
    /// Newcomers may only watch, which this version cannot.
    VisitorsOnly,
    RoomFull,
    LoginNeeded,
    /// The server could not prove that it knows the account's password.
    ServerUnproven,
    NameNeeded,
    /// Also `detail` in the server's words, where it gave any
    EntryRefused,
    /// The room no longer exists or closed. `room`
    RoomEnded,
    /// A moderator removed us. `room`
    Kicked,
    /// The connection broke and did not come back. `host`
    ConnectionLost,
    /// A moderator muted us; the microphone is off. `name`
    MutedByModerator,
    /// The same with the camera. `name`
    CameraStoppedByModerator,
    /// The room did not do what was asked of it. `detail` (a word of the protocol)
    ModerationRefused,
    /// Only moderators may do that.
    NotModerator,
    /// No browser could be started. `detail` in the system's words
    BrowserSilent,
    /// The room's video server has no channel that we can open; pictures of the others may not come. `host`
    NoBridge,
    NoBridgeChannel,
    /// The port for a room on this device is taken, and no other could be had. `address`
    PortInUse,
    /// The room is open on another port, since the usual one is taken. `address`, `next`
    PortChanged,
    /// The room on this device could not be opened. `address`
    HostingFailed,
    /// Somebody is in the room that is open at another address of this device. `address`
    RoomInUse,
    /// No microphone is connected.
    MicrophoneMissing,
    /// `device`, the system's default where it is left out, as with all that follow
    MicrophoneBusy,
    MicrophoneDenied,
    /// It is looked for, then the default one is taken. `device`
    MicrophoneUnplugged,
    /// `device`, and `next` (the one used instead)
    MicrophoneReplaced,
    /// `device`, and `detail` in the system's words
    MicrophoneFailed,
    /// No camera is connected.
    CameraMissing,
    CameraBusy,
    CameraDenied,
    CameraUnplugged,
    CameraReplaced,
    CameraFailed,
    /// No speaker is connected.
    SpeakerMissing,
    SpeakerBusy,
    SpeakerUnplugged,
    SpeakerReplaced,
    SpeakerFailed,
    /// `detail` in the system's words
    SoundSystemSilent,
    /// A record could not be written. `path`
    DiskFull,
    /// `path` (where the damaged file was kept)
    LedgerDamaged,
    /// The last line of a record never got to the disk whole; nothing that was confirmed is lost. `path`
    LedgerUnfinished,
    /// `path` (where the damaged file was kept)
    SettingsDamaged,
    /// Another Runde uses this profile.
    ProfileInUse,
    /// The profile's folder or files cannot be used. `path`
    ProfileUnusable,
    /// The policy of this computer makes no sense; nothing is opened. `path`, `detail`
    PolicyUnusable,
    /// The policy of this computer fixed this setting or took this function away.
    FixedByPolicy,
    /// The keyring that holds the profile's key is locked or silent; nothing was changed.
    KeyringSilent,
    /// A meeting is running; one at a time. `room` (the one that was asked for)
    AlreadyInMeeting,
    /// The system did not let this program open links of a kind. `text` (the kind), `detail`
    SchemeRefused,
    /// Not the name or address of a server. `text`
    ServerUnreadable,
    /// Not a port that a program may take. `text`
    PortUnreadable,
    /// The text or name is longer than a room accepts. `limit`
    TextTooLong,
    /// Somebody objected to this controller, and that is in force. `host`
    Objected,
    /// Nothing that can be a server's name. `text`
    ServiceUnreadable,
    /// The notice states no postal address and none was typed. `host`
    AddressMissing,
    /// A complaint without an authority.
    AuthorityMissing,
    /// The authority's address was not typed. `text` (its site)
    AuthorityAddressMissing,
    /// Too many lines for an address field, or too long ones.
    AddressUnusable,
    /// `limit` letters fit
    DetailsTooLong,
    /// The font of the PDF lacks a letter. `text` (that letter)
    LetterUnprintable,
    /// Something was erased, but not the entry of an objection in force. `host`
    ObjectionKept,
    /// Everything was erased but files that are not ours. `path`
    ForeignFilesKept,
    /// Another program erased the whole profile while the window was open.
    ProfileErased,
    /// A meeting runs or a room is open.
    LeaveFirst,
    /// `path`, and `detail` in the system's words
    FileUnwritable,
    /// `path`, and `detail` in the system's words
    FileUnreadable,
    /// Who answers for rooms here has no usable name. `limit`
    OperatorNameUnusable,
    /// Their address has no line or too many, or one that cannot stand in a notice.
    OperatorAddressUnusable,
    /// `limit`
    OperatorContactUnusable,
    /// `limit`
    OperatorOfficerUnusable,
    /// Not a number of days from 1 to 56. `text`
    OperatorRetentionUnusable,
    /// Neither an authority nor a basis of the list. `text`
    OperatorChoiceUnusable,
    /// The access log of rooms here is in trouble. `detail`
    AccessLogTrouble,
    /// Nobody wrote down who answers for rooms opened here.
    OperatorMissing,
    /// No name that a hold can have. `text`
    HoldIncidentUnusable,
    /// `limit`
    HoldReasonUnusable,
    /// `limit`
    HoldPersonUnusable,
    /// Neither an address nor a range. `text`
    HoldAddressUnusable,
    /// `text`
    HoldTimeUnusable,
    /// Without any, everything would be held.
    HoldRuleMissing,
    /// The end lies before the beginning.
    HoldTimesBackwards,
    /// There is such a hold, or there was one. `text`
    HoldKnown,
    /// There is no such hold any more. `text`
    HoldUnknown,
    /// `path`
    HoldWithoutLog,
    HoldMatchesNothing,
    HoldMatchesTooMuch,
    /// The register of holds is damaged or of a later version. `path`
    HoldRegisterUnreadable,
    /// Not a file that an export of the profile made.
    NoExportedProfile,
    /// A fault of ours. `detail` (never names, addresses or room names)
    Internal,
}
