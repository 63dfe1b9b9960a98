//! What a meeting tells the faces, one fact after the other.
//!
//! The same events feed the app and the JSON lines of `runde-cli join`. They are news, not truth: a face that
//! missed some reads the snapshot ([`crate::MeetingState`]). Start at [`MeetingEvent`].

use std::time::Duration;

/// What exactly was refused on the way in.
pub use runde_signalling::guest::Failure as Refusal;
/// What a guest waits for at the door.
pub use runde_signalling::guest::Waiting;

/// Sound or picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MediaKind {
    Audio,
    Video,
}

/// What became of a person or of one of their sources.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Added,
    Changed,
    Removed,
}

/// One line of the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatLine {
    /// Endpoint id of the writer; `None` when the writer is gone or is the room itself.
    pub from: Option<String>,
    /// Name shown at the time of writing.
    pub name: String,
    pub text: String,
    /// Milliseconds since 1970 at arrival here.
    pub at_ms: u64,
    /// Written by this guest.
    pub mine: bool,
}

/// Figures of one source over the last second.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceStats {
    /// Source name, for example `1a2b3c4d-v0`.
    pub source: String,
    pub endpoint: String,
    pub kind: MediaKind,
    /// Sent by this guest.
    pub mine: bool,
    /// RTP packets since the start, without retransmissions.
    pub packets: u64,
    /// Payload bytes since the start.
    pub bytes: u64,
    /// Packets that never came, as a share of those expected since the start, 0 to 1.
    pub loss: f32,
    /// Interarrival jitter (RFC 3550 6.4.1).
    pub jitter: Duration,
    /// Pictures in the last second; 0 for sound.
    pub fps: f32,
    /// Size of the newest picture; 0 for sound or before the first.
    pub width: u32,
    pub height: u32,
    /// Loudness of the last second in dBFS (RMS, full-scale sine is -3.0), -127 for silence; for pictures -127.
    pub level: f32,
}

/// Figures of the last second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Time to the server and back; `None` before it is known.
    pub rtt: Option<Duration>,
    /// Bits a second that the way to the server is believed to carry.
    pub bandwidth_bps: Option<u64>,
    pub sources: Vec<SourceStats>,
}

/// Why a meeting is over. Each face makes a sentence of it: what happened, why, what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LeftReason {
    /// The guest asked to leave.
    #[error("left")]
    Asked,
    /// The server could not be reached at all; nothing was joined.
    #[error("the server could not be reached: {0}")]
    Unreachable(crate::wire::WireError),
    /// The server answered and said no.
    #[error("the room refused the guest: {0}")]
    Refused(Refusal),
    /// A moderator removed the guest.
    #[error("removed by a moderator")]
    Kicked,
    /// The room was closed.
    #[error("the room ended")]
    RoomEnded,
    /// The connection broke and could not be repaired.
    #[error("the connection was lost")]
    Lost,
}

/// Which device an event speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    Microphone,
    Speaker,
    Camera,
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq)]
pub enum MeetingEvent {
    /// In the room. `endpoint` is the own endpoint id, eight hex digits.
    Joined {
        room: String,
        endpoint: String,
    },
    /// At the door, and nothing is wrong: somebody else has to act. [`crate::Command::Leave`] gives up.
    Waiting {
        why: Waiting,
    },
    /// The deployment has a page on which a person logs in and gets a link with a token. Nothing opens it but the person.
    LoginNeeded {
        url: String,
    },
    /// Somebody came, changed (name, hand, mute) or went.
    Participant {
        change: Change,
        endpoint: String,
        name: String,
        hand: bool,
        microphone: bool,
        camera: bool,
    },
    /// A source was announced, changed its mute state, or went.
    Source {
        change: Change,
        source: String,
        endpoint: String,
        kind: MediaKind,
        desktop: bool,
        muted: bool,
    },
    Chat(ChatLine),
    /// The person who talks now, as the bridge hears it.
    DominantSpeaker {
        endpoint: String,
    },
    /// Sound and picture are connected (first time and after each repair).
    MediaConnected,
    /// A moderator switched this guest's microphone or camera off.
    MutedByModerator {
        kind: MediaKind,
    },
    /// Once a second.
    Stats(Stats),
    /// A device could not be opened or went away; the meeting goes on without it.
    DeviceFailed {
        device: DeviceKind,
        reason: String,
    },
    /// The connection broke; a repair is being tried.
    Reconnecting {
        attempt: u32,
    },
    /// The last event.
    Left {
        reason: LeftReason,
    },
}
