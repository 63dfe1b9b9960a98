//! One meeting: how it is started, and the handle a face holds.
//!
//! The work is done by one task ([`actor`]) that owns everything; this file only starts it and talks to it over
//! bounded channels. Dropping the handle leaves the room and ends every task and thread. Start at
//! [`Meeting::spawn`].

mod actor;
mod bridge;
mod bridgeless;
mod constraints;
mod direct;
mod downlink;
mod names;
mod renewals;
mod restarts;
mod screen;
mod sending;
mod session;
mod sight;
mod stats;
mod uplink;
mod ways;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use runde_media::{Mailbox, Picture};
use runde_privacy::{Contact, Permit};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::contacts::{Errand, Purpose};
use crate::event::MeetingEvent;
use crate::options::{Command, JoinOptions};
use crate::state::MeetingState;
use crate::wire::{Target, WireError};

pub(crate) use names::permit_host;

/// Commands come from a person's hands. When full the caller is told at once ([`CommandError::Busy`]).
const COMMANDS: usize = 32;

/// News not yet read. A face that reads none for so long is stuck; further news are dropped (the snapshot stays
/// true), since a meeting must not wait for its window.
const EVENTS: usize = 512;

/// Newest picture of every video source, by source name.
pub(crate) type Pictures = BTreeMap<String, Arc<Mailbox<Picture>>>;

/// How loud everybody is, ten times a second.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Levels {
    /// The own microphone after processing, dB below overload: 0 loudest, 127 silence. Moves while muted too.
    pub me: u8,
    /// By endpoint id, the same measure.
    pub people: BTreeMap<String, u8>,
}

/// Why a meeting did not start. Nothing was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpawnError {
    /// The permit was given for another host than the link names.
    #[error("the permit is for another host")]
    OtherHost,
    /// The link holds something that no address may hold.
    #[error("the link cannot be used: {0}")]
    Link(WireError),
    /// There is no tokio runtime here.
    #[error("no runtime to run in")]
    NoRuntime,
    /// The operating system gives no randomness.
    #[error("the system gives no randomness")]
    NoRandomness,
}

/// Why a command was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("too many commands at once")]
    Busy,
    #[error("the meeting is over")]
    Over,
}

/// The door to a meeting.
#[derive(Debug)]
pub struct Meeting;

impl Meeting {
    /// Starts to join. Returns at once; what becomes of it is told by events.
    ///
    /// # Errors
    /// [`SpawnError`].
    pub fn spawn(permit: Permit<Contact>, options: JoinOptions) -> Result<MeetingHandle, SpawnError> {
        if permit.host() != permit_host(&options.link.host) {
            return Err(SpawnError::OtherHost);
        }
        Target::room(&options.link).map_err(SpawnError::Link)?;
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| SpawnError::NoRuntime)?;
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(|_| SpawnError::NoRandomness)?;
        let errand = Errand::new(permit.ground(), &options.contacts, Purpose::Signalling);
        let cancel = CancellationToken::new();
        let (command_in, commands) = mpsc::channel(COMMANDS);
        let (events, event_out) = mpsc::channel(EVENTS);
        let (state, state_out) = watch::channel(MeetingState::new(options.link.room.clone(), options.name.clone()));
        let (pictures, picture_out) = watch::channel(Pictures::new());
        let (levels, level_out) = watch::channel(Levels::default());
        let faces = actor::Faces { events, state, pictures, levels, began: Instant::now() };
        runtime.spawn(actor::run(options, errand, seed, commands, faces, cancel.clone()));
        Ok(MeetingHandle {
            commands: command_in,
            events: event_out,
            state: state_out,
            pictures: picture_out,
            levels: level_out,
            _end: cancel.drop_guard(),
        })
    }
}

/// A running meeting. Dropping it leaves the room.
pub struct MeetingHandle {
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<MeetingEvent>,
    state: watch::Receiver<MeetingState>,
    pictures: watch::Receiver<Pictures>,
    levels: watch::Receiver<Levels>,
    _end: DropGuard,
}

/// The sending half of a handle, for a face that reads events in one place and clicks in another.
#[derive(Clone, Debug)]
pub struct Commands(mpsc::Sender<Command>);

impl Commands {
    /// Asks for something; never waits.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn send(&self, command: Command) -> Result<(), CommandError> {
        self.0.try_send(command).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => CommandError::Busy,
            mpsc::error::TrySendError::Closed(_) => CommandError::Over,
        })
    }
}

impl MeetingHandle {
    /// Asks for something; never waits.
    ///
    /// # Errors
    /// [`CommandError`].
    pub fn command(&self, command: Command) -> Result<(), CommandError> {
        self.commands().send(command)
    }

    /// A clone of the sending half.
    pub fn commands(&self) -> Commands {
        Commands(self.commands.clone())
    }

    /// The next news; `None` after [`MeetingEvent::Left`]. Safe to drop half way (`select!`).
    pub async fn next_event(&mut self) -> Option<MeetingEvent> {
        self.events.recv().await
    }

    /// The news as a channel.
    pub fn events(&mut self) -> &mut mpsc::Receiver<MeetingEvent> {
        &mut self.events
    }

    /// What is true now, and every change of it.
    pub fn state(&self) -> watch::Receiver<MeetingState> {
        self.state.clone()
    }

    /// Where the newest picture of a source appears; the own camera is `ENDPOINT-v0` of the own endpoint. `None` while
    /// the source is unknown.
    pub fn pictures(&self, source: &str) -> Option<Arc<Mailbox<Picture>>> {
        self.pictures.borrow().get(source).cloned()
    }

    /// How loud everybody is, at 10 Hz.
    pub fn levels(&self) -> watch::Receiver<Levels> {
        self.levels.clone()
    }
}
