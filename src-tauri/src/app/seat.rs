//! The running meeting, as the app holds it: the client's handle and what the window wants to know around it.

use super::{App, Place, slices};
use crate::shell::Shell;
use crate::view::{After, ErrorCode, Fingerprint, Network, Stored, Tile, UiError};
use runde_client::{Command, LeftReason, MeetingEvent, MeetingHandle, MeetingState};
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
    /// Who answers for the server, as the notice names them.
    pub operator: String,
    pub fingerprint: Option<Fingerprint>,
    /// Unix time; 0 until the room let us in.
    pub joined_at: u64,
    pub network: Network,
    pub stored: Vec<Stored>,
    /// A page of the server on which a person logs in, once it named one.
    pub login_page: Option<String>,
    pub signs: super::extras::Signs,
    quality: Quality,
    seated: Option<Instant>,
    people_at_most: u32,
}

/// Seconds of the meeting, by how the connection was in them.
#[derive(Default)]
struct Quality {
    all: u32,
    weak: u32,
    poor: u32,
}

impl Quality {
    fn count(&mut self, network: Network) {
        self.all = self.all.saturating_add(1);
        match network {
            Network::Good => {}
            Network::Weak => self.weak = self.weak.saturating_add(1),
            Network::Poor => self.poor = self.poor.saturating_add(1),
        }
    }

    /// The whole meeting in a word: bad where a twentieth of it was lost speech, weak where a twentieth was worse than good.
    fn verdict(&self) -> Network {
        let twentieth = self.all / 20;
        if self.poor > twentieth {
            Network::Poor
        } else if self.weak.saturating_add(self.poor) > twentieth {
            Network::Weak
        } else {
            Network::Good
        }
    }
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
            operator: String::new(),
            fingerprint: None,
            joined_at: 0,
            network: Network::Good,
            stored: Vec::new(),
            login_page: None,
            signs: super::extras::Signs::default(),
            quality: Quality::default(),
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

    pub fn set_name(&self, name: String) -> Result<(), UiError> {
        let limit = super::door::LONGEST_NAME;
        if name.chars().count() > limit {
            return Err(UiError::new(ErrorCode::TextTooLong).with("limit", limit.to_string()));
        }
        self.command(Command::SetName(name))
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

    /// Figures of one second.
    fn felt(&mut self, network: Network) {
        self.network = network;
        self.quality.count(network);
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
            network: self.quality.verdict(),
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
            Some(MeetingEvent::Stats(stats)) => seat.felt(slices::network(&stats)),
            Some(MeetingEvent::MutedByModerator { kind, screen: false, by }) => self.muted_by(kind, by),
            Some(MeetingEvent::Reaction { endpoint, reaction }) => seat.reacted(&endpoint, reaction),
            Some(MeetingEvent::NotDone { condition }) => self.not_done(condition),
            // Later attempts change nothing of what was said.
            Some(MeetingEvent::NoBridge { attempt: 1 }) => {
                let error = UiError::new(ErrorCode::NoBridge).with("host", &seat.host);
                self.toast(error);
            }
            Some(MeetingEvent::NoBridgeChannel) => {
                let error = UiError::new(ErrorCode::NoBridgeChannel).with("host", &seat.host);
                self.toast(error);
            }
            Some(MeetingEvent::Waiting { why }) => self.wait_outside(why),
            Some(MeetingEvent::LoginNeeded { url }) => self.login_page_found(url),
            Some(MeetingEvent::Device { device, news }) => self.device_said(device, news),
            Some(MeetingEvent::Left { reason }) => return self.left(&reason),
            None => return self.left(&LeftReason::Lost),
            Some(
                MeetingEvent::Source { .. }
                // The window shares no screen yet.
                | MeetingEvent::MutedByModerator { .. }
                | MeetingEvent::ShareFailed(_)
                | MeetingEvent::Role { .. }
                | MeetingEvent::Extra(_)
                | MeetingEvent::MustAsk(_)
                | MeetingEvent::Moving { .. }
                | MeetingEvent::Subject(_)
                | MeetingEvent::Rules(_)
                | MeetingEvent::Knock { .. }
                | MeetingEvent::Chat(_)
                | MeetingEvent::Ignored { .. }
                | MeetingEvent::DominantSpeaker { .. }
                | MeetingEvent::MediaConnected
                | MeetingEvent::Direct { .. }
                | MeetingEvent::Unrecorded { .. }
                | MeetingEvent::NoBridge { .. }
                | MeetingEvent::Reconnecting { .. },
            ) => {}
        }
        self.hang_pictures();
    }

    /// Grants or withdraws one purpose; a running meeting obeys at once.
    pub(super) fn set_consent(&mut self, purpose: &str, granted: bool, lang: crate::view::Lang) -> Result<(), UiError> {
        self.desk()?.decide(purpose, granted, lang)?;
        self.tell_direct()
    }

    /// Tells the running meeting whether two people may talk directly.
    pub(super) fn tell_direct(&mut self) -> Result<(), UiError> {
        let wanted = self.desk()?.wants_direct();
        match &self.seat {
            Some(seat) => seat.command(Command::SetDirect(wanted)),
            None => Ok(()),
        }
    }

    fn took_seat(&mut self) {
        let Some(seat) = self.seat.as_deref_mut() else { return };
        let first = !seat.is_joined();
        seat.joined(super::desk::unix_now());
        self.place = Place::Meeting;
        // Coming back after a broken connection is no new visit.
        let Ok(desk) = &mut self.desk else { return };
        match if first { desk.remember_room(&seat.link) } else { Ok(None) } {
            Ok(stored) => seat.stored.extend(stored),
            Err(error) => self.toast(error),
        }
    }

    fn left(&mut self, reason: &LeftReason) {
        // What helps at the door is asked for there.
        let joined = self.seat.as_ref().is_some_and(|seat| seat.is_joined());
        let asked = !joined && self.ask_for_keys(reason);
        let Some(seat) = self.seat.take() else { return };
        self.frames.set(Vec::new());
        if asked {
            return;
        }
        if *reason != LeftReason::Asked {
            self.turned_off(reason, &seat.host, &seat.room, &seat.link);
        } else if joined {
            self.place = Place::After(seat.after());
        } else {
            self.place = Place::Home;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(good: u32, weak: u32, poor: u32) -> Network {
        let mut quality = Quality::default();
        for (network, seconds) in [(Network::Poor, poor), (Network::Weak, weak), (Network::Good, good)] {
            (0..seconds).for_each(|_| quality.count(network));
        }
        quality.verdict()
    }

    #[test]
    fn a_meeting_with_a_bad_stretch_is_not_called_good_because_its_last_second_was() {
        assert_eq!(after(100, 0, 20), Network::Poor);
        assert_eq!(after(100, 20, 2), Network::Weak);
        assert_eq!(after(3600, 3, 2), Network::Good, "five bad seconds in an hour");
        assert_eq!(after(0, 0, 0), Network::Good);
    }
}
