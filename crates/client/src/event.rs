//! What a meeting tells the faces, one fact after the other.
//!
//! The same events feed the app and the JSON lines of `runde-cli join`. They are news, not truth: a face that
//! missed some reads the snapshot ([`crate::MeetingState`]). Start at [`MeetingEvent`].

use std::path::PathBuf;
use std::time::Duration;

use runde_devices::DeviceError;

use runde_signalling::bridge::Reaction;
use runde_signalling::extras::{Media, News};

/// What exactly was refused on the way in.
pub use runde_signalling::guest::Failure as Refusal;
/// What a room said that was not obeyed.
pub use runde_signalling::guest::Oddity;
use runde_signalling::guest::RoomRules;
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
    /// Counts the lines of this meeting from 1; a line keeps its number when older ones are forgotten.
    pub number: u32,
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
    /// From [`crate::Meeting::spawn`] to the first audible block (louder than -60 dBFS) that was played of this source; `None`
    /// before that, for pictures, and for own sources. Exact to the block (10 ms), however rarely figures are told. A
    /// source that is announced anew, as after a repair, is timed anew.
    pub first_sound: Option<Duration>,
}

/// Figures of the last second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stats {
    /// Time to the other side of the media and back; `None` before it is known.
    pub rtt: Option<Duration>,
    /// Bits a second that the way there is believed to carry.
    pub bandwidth_bps: Option<u64>,
    /// Sound and picture go directly to the one other person; then the figures above are of that way.
    pub direct: bool,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceKind {
    Microphone,
    Speaker,
    Camera,
}

/// What is the matter with a device. Ids are the system's; `None` stands for the system's default device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceFault {
    /// It was to be switched on, and none was chosen.
    #[error("none was chosen")]
    NotChosen,
    /// The system has none of this kind.
    #[error("there is none")]
    Missing,
    /// The chosen one is not there.
    #[error("{id} is not there")]
    NotFound { id: String },
    /// Another program holds it.
    #[error("another program uses it")]
    Busy { id: Option<String> },
    /// The system does not let this program use it.
    #[error("the system does not allow its use")]
    Denied { id: Option<String> },
    /// The sound system does not answer; `detail` is in its words.
    #[error("the sound system does not answer: {detail}")]
    SoundSystemSilent { detail: String },
    /// It was in use and went away. It is looked for, then the default one; [`DeviceNews::Reopened`] tells when one was found.
    #[error("{id} went away")]
    Lost { id: String },
    /// A file that stands in for a device cannot be used; `detail` is in the system's words.
    #[error("{}: {detail}", path.display())]
    File { path: PathBuf, detail: String },
    /// Anything else, in the system's words.
    #[error("{detail}")]
    Failed { id: Option<String>, detail: String },
}

impl DeviceFault {
    /// What an error of the device crate means for the device that was wanted (`None`: the system's default).
    pub(crate) fn of(error: DeviceError, wanted: Option<String>) -> Self {
        let detail = error.to_string();
        match error {
            DeviceError::NotFound { id, .. } => Self::NotFound { id },
            DeviceError::NoDefault { .. } => wanted.map_or(Self::Missing, |id| Self::NotFound { id }),
            DeviceError::Busy { .. } => Self::Busy { id: wanted },
            DeviceError::Denied { .. } | DeviceError::NeedsPermit { .. } => Self::Denied { id: wanted },
            DeviceError::NoSoundSystem { reason } => Self::SoundSystemSilent { detail: reason },
            DeviceError::File { path, source } => Self::File { path, detail: source.to_string() },
            DeviceError::Format { path, reason } => Self::File { path, detail: reason },
            DeviceError::Unsupported { .. } | DeviceError::Failed { .. } | DeviceError::Thread { .. } => {
                Self::Failed { id: wanted, detail }
            }
        }
    }

    /// A fault of the machinery behind a device.
    pub(crate) fn failed(detail: &impl ToString) -> Self {
        Self::Failed { id: None, detail: detail.to_string() }
    }
}

/// News of one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceNews {
    /// It could not be opened or went away; the meeting goes on without it.
    Failed(DeviceFault),
    /// After [`DeviceFault::Lost`]: this one is in use now, the same or another.
    Reopened { id: String },
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
        /// Whether their sound and picture have a way, as the bridge says: false after a crash, or while their network is away.
        reachable: bool,
        moderator: bool,
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
    /// Sound and picture go directly to and from this person now, or no longer.
    Direct {
        on: bool,
        endpoint: String,
    },
    /// The deployment has no Videobridge for us, so nobody is heard or seen. The room is entered anew in a while, and again until there is one.
    NoBridge {
        /// From 1 since sound and picture were lost.
        attempt: u32,
    },
    /// The bridge offers no channel that can be opened here: sound works, pictures of the others may not come. Once until a bridge with a channel was met.
    NoBridgeChannel,
    /// A moderator switched this guest's microphone, camera or screen off.
    MutedByModerator {
        kind: MediaKind,
        /// The screen, not the camera.
        screen: bool,
        /// Name of who did it, where it is known and given.
        by: Option<String>,
    },
    /// This guest may moderate now, or no longer.
    Role {
        moderator: bool,
    },
    /// Somebody else's short sign to everybody.
    Reaction {
        endpoint: String,
        reaction: Reaction,
    },
    /// What the meeting is about; empty when nothing was said.
    Subject(String),
    /// What the room asks of those who come. Told to moderators.
    Rules(RoomRules),
    /// Somebody waits in the lobby, says something new there, or waits no longer. Told to moderators.
    Knock {
        change: Change,
        endpoint: String,
        name: String,
    },
    /// The room refused what this guest asked as a moderator; `condition` is the protocol's word for why.
    NotDone {
        condition: String,
    },
    /// What the room offers besides: polls, permission to speak, breakout rooms, and what is recorded.
    Extra(News),
    /// It was to be switched on, and a moderator has to allow it first; a raised hand asks for that.
    MustAsk(Media),
    /// On the way to another room of the meeting, by its address; `None` is the room of the link.
    Moving {
        room: Option<String>,
    },
    /// The room said something that cannot be true or is too much; it was not obeyed, the meeting goes on. Each kind once.
    Ignored {
        what: Oddity,
    },
    /// Once a second.
    Stats(Stats),
    Device {
        device: DeviceKind,
        news: DeviceNews,
    },
    /// What was to be shared as the screen cannot be.
    ShareFailed(DeviceFault),
    /// The pictures of a source are not written to its file, or no longer; `detail` in the system's words. They are still shown.
    Unrecorded {
        source: String,
        detail: String,
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

#[cfg(test)]
mod tests {
    use super::*;
    use runde_devices::DeviceKind as Kind;

    #[test]
    fn each_error_of_a_device_becomes_the_fault_it_is() {
        let kind = Kind::Microphone;
        let io = || std::io::Error::from(std::io::ErrorKind::NotFound);
        let id = || Some("usb".to_owned());
        let reason = || "words of the system".to_owned();
        let table = [
            (DeviceError::NotFound { kind, id: "usb".into() }, id(), DeviceFault::NotFound { id: "usb".into() }),
            (DeviceError::NoDefault { kind }, None, DeviceFault::Missing),
            (DeviceError::NoDefault { kind }, id(), DeviceFault::NotFound { id: "usb".into() }),
            (DeviceError::Busy { kind }, id(), DeviceFault::Busy { id: id() }),
            (DeviceError::Denied { kind }, None, DeviceFault::Denied { id: None }),
            (DeviceError::NeedsPermit { kind }, None, DeviceFault::Denied { id: None }),
            (
                DeviceError::NoSoundSystem { reason: reason() },
                None,
                DeviceFault::SoundSystemSilent { detail: reason() },
            ),
            (
                DeviceError::Format { path: "a.wav".into(), reason: reason() },
                None,
                DeviceFault::File { path: "a.wav".into(), detail: reason() },
            ),
        ];
        for (error, wanted, fault) in table {
            assert_eq!(DeviceFault::of(error, wanted), fault);
        }
        let file = DeviceFault::of(DeviceError::File { path: "b.wav".into(), source: io() }, None);
        assert!(matches!(file, DeviceFault::File { path, .. } if path.ends_with("b.wav")));
        let odd = DeviceFault::of(DeviceError::Failed { kind, reason: reason() }, id());
        assert!(matches!(odd, DeviceFault::Failed { id: Some(_), detail } if detail.contains("words of the system")));
    }
}
