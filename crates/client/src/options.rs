//! What a guest brings to a meeting, and what they may ask of it later.
//!
//! Plain values: no device is opened and no socket exists until [`crate::Meeting::spawn`]. Start at [`JoinOptions`].

use std::path::PathBuf;

use runde_media::process::Processing;
use runde_privacy::{LocalDevices, Permit};
use runde_signalling::extras::Wish;
use runde_signalling::guest::{Login, Moderation};
use runde_signalling::link::RoomLink;
use runde_signalling::secret::Secret;

use runde_signalling::bridge::Reaction;

use crate::contacts::Contacts;

/// Where the own sound comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioIn {
    None,
    /// A sine tone of 440 Hz, for tests and for "can you hear me".
    Tone,
    /// PCM16 WAV at 48 kHz; loops.
    File(PathBuf),
    /// A microphone by its id in the device list.
    Device(String),
    /// The system's default microphone.
    Default,
}

/// Where the mix of everybody goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AudioOut {
    None,
    /// PCM16 WAV at 48 kHz.
    File(PathBuf),
    Device(String),
    Default,
}

/// Where the own picture comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VideoIn {
    None,
    /// A moving pattern with a barcode of frame number and time, for tests.
    Pattern,
    /// Y4M, 4:2:0; loops.
    File(PathBuf),
    Device(String),
    Default,
}

/// What is shared as one's screen: what stands in for one, until a screen can be captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScreenIn {
    None,
    /// The moving pattern, as for a camera.
    Pattern,
    /// Y4M, 4:2:0; loops.
    File(PathBuf),
}

/// Everything needed to join.
#[derive(Clone, Debug)]
pub struct JoinOptions {
    pub link: RoomLink,
    /// Name shown to the others; may be empty.
    pub name: String,
    /// Password of the room, once a person typed one.
    pub password: Option<Secret>,
    /// Without a name, or with an account of the deployment.
    pub login: Login,
    pub audio_in: AudioIn,
    pub audio_out: AudioOut,
    pub video_in: VideoIn,
    /// Shown when [`Command::SetShare`] switches it on.
    pub screen_in: ScreenIn,
    /// Start with the screen shared (`screen_in` must not be `None`).
    pub share: bool,
    /// One `ENDPOINT-SOURCE.y4m` per remote video source is written here.
    pub video_out: Option<PathBuf>,
    /// Echo cancellation, noise suppression and gain control. `None`: on for devices, off for files and tones.
    pub processing: Option<Processing>,
    /// Start with the microphone on (the input must not be `None`).
    pub microphone: bool,
    /// Start with the camera on (the input must not be `None`).
    pub camera: bool,
    /// Sizes in which the own camera is sent at once (simulcast), 1 to [`LAYERS`]; what lies outside is cut. One means one
    /// picture of up to 720 lines for everybody, which is cheap for a call of two.
    pub layers: usize,
    /// Sound and picture only through a relay of the deployment, so that its bridge does not learn the own address. Its XMPP
    /// server does, whatever is chosen. Where the deployment offers no relay, the guest leaves.
    pub relay_only: bool,
    /// Where there are only two in the room, sound and picture go directly between them, and each learns the other's address. Never
    /// together with `relay_only`.
    pub direct: bool,
    /// Where everything that is contacted is written down.
    pub contacts: Contacts,
    /// Lines wanted of each remote video while no face says more with [`Command::SetTiles`].
    pub default_height: u32,
    /// Needed for real microphones, speakers and cameras; files, tones and patterns go without.
    pub devices: Option<Permit<LocalDevices>>,
}

impl JoinOptions {
    /// Whether a direct connection may be made.
    pub(crate) const fn allows_direct(&self) -> bool {
        self.direct && !self.relay_only
    }

    /// A guest without any device, who sees and hears nothing but is there.
    pub fn new(link: RoomLink, name: impl Into<String>) -> Self {
        Self {
            link,
            name: name.into(),
            password: None,
            login: Login::Anonymous,
            audio_in: AudioIn::None,
            audio_out: AudioOut::None,
            video_in: VideoIn::None,
            screen_in: ScreenIn::None,
            share: false,
            video_out: None,
            processing: None,
            microphone: false,
            camera: false,
            layers: LAYERS,
            relay_only: false,
            direct: false,
            contacts: Contacts::default(),
            default_height: DEFAULT_HEIGHT,
            devices: None,
        }
    }
}

/// Sizes of the own camera unless fewer are asked for: 180, 360 and 720 lines.
pub const LAYERS: usize = runde_media::simulcast::MAX_LAYERS;

/// The largest picture is asked for unless a face knows its tiles.
pub const DEFAULT_HEIGHT: u32 = 720;

/// One tile on the screen: which source, and how many lines it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    pub source: String,
    /// Lines; 0 switches the source off.
    pub height: u32,
}

/// What a face may ask of a running meeting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A line to everybody.
    Chat(String),
    SetName(String),
    SetHand(bool),
    /// A short sign to everybody; lost while the bridge channel is down.
    React(Reaction),
    SetMicrophone(bool),
    SetCamera(bool),
    /// Share [`JoinOptions::screen_in`], or no longer.
    SetShare(bool),
    /// Allow a direct connection of two from now on, or no longer ([`JoinOptions::direct`]).
    SetDirect(bool),
    /// The complete list of tiles shown now; sources that are not listed are not wanted.
    SetTiles(Vec<Tile>),
    /// Echo cancellation, noise suppression and gain control from now on.
    SetProcessing(Processing),
    SwitchAudioIn(AudioIn),
    SwitchAudioOut(AudioOut),
    SwitchVideoIn(VideoIn),
    /// What the room offers besides: polls, permission to speak, breakout rooms.
    Extra(Wish),
    /// To another room of the meeting, by its address in [`runde_signalling::extras::Extras::rooms`].
    GoTo(String),
    /// What only moderators may do; who is none is told so ([`crate::MeetingEvent::NotDone`]).
    Moderate(Moderation),
    /// Say good-bye and end.
    Leave,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_direct_connection_is_off_unless_asked_for_and_whenever_only_a_relay_may_be_used() {
        let mut options = JoinOptions::new(RoomLink::parse("https://meet.example/garden", "").unwrap(), "Ada");
        assert!(!options.allows_direct());
        options.direct = true;
        assert!(options.allows_direct());
        options.relay_only = true;
        assert!(!options.allows_direct(), "the other person would learn the address that the bridge shall not");
    }
}
