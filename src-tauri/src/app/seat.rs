//! The running meeting, as the app holds it: the client's handle and what the window wants to know around it.

use super::{App, Place, slices};
use crate::shell::Shell;
use crate::view::{After, ErrorCode, Fingerprint, Network, Stored, Tile, UiError};
use runde_client::wire::WireError;
use runde_client::{Command, DeviceKind, LeftReason, MediaKind, MeetingEvent, MeetingHandle, MeetingState};
use std::time::Instant;

/// Longest chat line a room takes, in characters; longer ones are refused here with a sentence instead of being cut there.
const LONGEST_LINE: usize = 4_000;

/// A seat at the table.
pub struct Seat {
    pub handle: MeetingHandle,
    pub host: String,
    pub room: String,
    pub link: String,
    pub hosted_here: bool,
    pub fingerprint: Option<Fingerprint>,
    /// Unix time; 0 until the room let us in.
    pub joined_at: u64,
    pub network: Network,
    pub stored: Vec<Stored>,
    seated: Option<Instant>,
    people_at_most: u32,
}

/// The next news of the running meeting; pending for ever where there is none. `None`: the meeting's task ended without a word.
pub async fn next_event(seat: &mut Option<Box<Seat>>) -> Option<MeetingEvent> {
    match seat {
        Some(seat) => seat.handle.next_event().await,
        None => std::future::pending().await,
    }
}

impl Seat {
    pub fn new(handle: MeetingHandle, host: String, room: String, link: String) -> Self {
        Self {
            handle,
            host,
            room,
            link,
            hosted_here: false,
            fingerprint: None,
            joined_at: 0,
            network: Network::Good,
            stored: Vec::new(),
            seated: None,
            people_at_most: 1,
        }
    }

    pub fn state(&self) -> MeetingState {
        self.handle.state().borrow().clone()
    }

    pub fn is_joined(&self) -> bool {
        self.seated.is_some()
    }

    pub fn microphone_on(&self) -> bool {
        self.handle.state().borrow().me.microphone
    }

    pub fn set_hand(&self, raised: bool) -> Result<(), UiError> {
        self.command(Command::SetHand(raised))
    }

    pub fn say(&self, text: String) -> Result<(), UiError> {
        if text.chars().count() > LONGEST_LINE {
            return Err(UiError::new(ErrorCode::TextTooLong).with("limit", LONGEST_LINE.to_string()));
        }
        self.command(Command::Chat(text))
    }

    pub fn command(&self, command: Command) -> Result<(), UiError> {
        self.handle.command(command).map_err(|error| UiError::internal(&error.to_string()).retryable())
    }

    /// The name under which the client keeps the pictures of a source of ours.
    pub fn source_name(&self, source: &str) -> String {
        match source {
            "self" => format!("{}-v0", self.handle.state().borrow().me.endpoint),
            other => other.to_owned(),
        }
    }

    /// Asks the bridge for what is on the screen; the own picture needs no asking.
    pub fn watch(&self, tiles: &[Tile]) {
        let remote = tiles.iter().filter(|tile| tile.source != "self");
        let wanted =
            remote.map(|tile| runde_client::Tile { source: tile.source.clone(), height: tile.height }).collect();
        if let Err(error) = self.handle.command(Command::SetTiles(wanted)) {
            tracing::debug!(%error, "tiles not taken");
        }
    }

    fn joined(&mut self, now: u64) {
        if self.seated.is_none() {
            self.seated = Some(Instant::now());
            self.joined_at = now;
        }
    }

    fn count_people(&mut self) {
        let now = u32::try_from(self.handle.state().borrow().people.len()).unwrap_or(u32::MAX);
        self.people_at_most = self.people_at_most.max(now.saturating_add(1));
    }

    fn after(self) -> After {
        After {
            duration_s: self.seated.map_or(0, |start| u32::try_from(start.elapsed().as_secs()).unwrap_or(u32::MAX)),
            room: self.room,
            link: self.link,
            network: self.network,
            people_at_most: self.people_at_most,
            stored: self.stored,
        }
    }
}

impl<S: Shell> App<S> {
    /// News of the running meeting.
    pub(super) fn heard(&mut self, news: Option<MeetingEvent>) {
        let Some(seat) = self.seat.as_deref_mut() else { return };
        match news {
            Some(MeetingEvent::Joined { .. }) => self.took_seat(),
            Some(MeetingEvent::Participant { .. }) => seat.count_people(),
            Some(MeetingEvent::Stats(stats)) => seat.network = slices::network(&stats),
            Some(MeetingEvent::MutedByModerator { kind: MediaKind::Audio }) => {
                self.toast(UiError::new(ErrorCode::MutedByModerator));
            }
            Some(MeetingEvent::DeviceFailed { device, reason }) => self.toast(device_error(device, &reason)),
            Some(MeetingEvent::Left { reason }) => return self.left(&reason),
            None => return self.left(&LeftReason::Lost),
            Some(
                MeetingEvent::Source { .. }
                | MeetingEvent::Waiting { .. }
                | MeetingEvent::LoginNeeded { .. }
                | MeetingEvent::Chat(_)
                | MeetingEvent::DominantSpeaker { .. }
                | MeetingEvent::MediaConnected
                | MeetingEvent::MutedByModerator { kind: MediaKind::Video }
                | MeetingEvent::Reconnecting { .. },
            ) => {}
        }
        self.hang_pictures();
    }

    fn took_seat(&mut self) {
        let Some(seat) = self.seat.as_deref_mut() else { return };
        seat.joined(super::desk::unix_now());
        if let Ok(desk) = &mut self.desk {
            let stored = desk.remember_room(&seat.link);
            seat.stored.extend(stored);
        }
        self.place = Place::Meeting;
    }

    fn left(&mut self, reason: &LeftReason) {
        let Some(seat) = self.seat.take() else { return };
        self.frames.set(Vec::new());
        let was_joined = seat.is_joined();
        self.place = if *reason != LeftReason::Asked {
            Place::broken(reason_error(reason, &seat.host, &seat.room), &seat.room, &seat.link)
        } else if was_joined {
            Place::After(seat.after())
        } else {
            Place::Home
        };
    }
}

fn reason_error(reason: &LeftReason, host: &str, room: &str) -> UiError {
    let host_error = |code| UiError::new(code).with("host", host);
    match reason {
        LeftReason::Unreachable(error) => wire_error(error, host),
        LeftReason::Refused(_) => host_error(ErrorCode::HostRefused).retryable(),
        LeftReason::Kicked => UiError::new(ErrorCode::Kicked).with("room", room),
        LeftReason::RoomEnded => UiError::new(ErrorCode::RoomEnded).with("room", room),
        LeftReason::Lost | LeftReason::Asked => host_error(ErrorCode::ConnectionLost).retryable(),
    }
}

fn wire_error(error: &WireError, host: &str) -> UiError {
    let with = |code| UiError::new(code).with("host", host);
    match error {
        WireError::UnknownName | WireError::BadAddress => with(ErrorCode::HostUnknown).retryable(),
        WireError::Refused => with(ErrorCode::HostRefused).retryable(),
        WireError::Timeout | WireError::Unreachable(_) => with(ErrorCode::HostSilent).retryable(),
        WireError::WrongFingerprint | WireError::UntrustedCertificate => with(ErrorCode::FingerprintDiffers),
        WireError::PlainRefused
        | WireError::TooNear
        | WireError::Tls(_)
        | WireError::NotJitsi(_)
        | WireError::NoWebSocket => with(ErrorCode::HostUnsupported),
        WireError::Broken => with(ErrorCode::ConnectionLost).retryable(),
    }
}

fn device_error(device: DeviceKind, reason: &str) -> UiError {
    let code = match device {
        DeviceKind::Microphone => ErrorCode::MicrophoneBusy,
        DeviceKind::Speaker => ErrorCode::SpeakerMissing,
        DeviceKind::Camera => ErrorCode::CameraBusy,
    };
    UiError::new(code).with("device", reason).retryable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_a_meeting_ends_has_its_own_sentence() {
        let code = |reason: &LeftReason| reason_error(reason, "h", "r").code;
        assert_eq!(code(&LeftReason::Kicked), ErrorCode::Kicked);
        assert_eq!(code(&LeftReason::RoomEnded), ErrorCode::RoomEnded);
        assert_eq!(code(&LeftReason::Lost), ErrorCode::ConnectionLost);
        assert_eq!(code(&LeftReason::Unreachable(WireError::UnknownName)), ErrorCode::HostUnknown);
        assert_eq!(code(&LeftReason::Unreachable(WireError::WrongFingerprint)), ErrorCode::FingerprintDiffers);
        assert_eq!(code(&LeftReason::Unreachable(WireError::NotJitsi(404))), ErrorCode::HostUnsupported);
    }

    #[test]
    fn a_wrong_fingerprint_is_not_offered_for_another_try() {
        assert!(!wire_error(&WireError::WrongFingerprint, "h").retry);
        assert!(wire_error(&WireError::Timeout, "h").retry);
    }
}
