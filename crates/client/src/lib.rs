//! One meeting as a guest, whole and without a window.
//!
//! It joins a room by its link, sends and receives sound and pictures, and tells what happens as plain values. It is
//! no server and draws nothing. Start at [`Meeting::spawn`]; before a meeting, [`Studio`] shows the own picture and
//! level. Faces (app, command line) name this crate and nothing below it, so what they need is re-exported here.
//!
//! ```no_run
//! # async fn example(permit: runde_privacy::Permit<runde_privacy::Contact>) -> Result<(), Box<dyn std::error::Error>> {
//! use runde_client::{JoinOptions, Meeting, RoomLink};
//! let link = RoomLink::parse("https://meet.example/garden", "meet.jit.si")?;
//! let mut meeting = Meeting::spawn(permit, JoinOptions::new(link, "Ada"))?;
//! while let Some(event) = meeting.next_event().await {
//!     println!("{event:?}");
//! }
//! # Ok(()) }
//! ```

#![forbid(unsafe_code)]

mod announced;
mod contacts;
mod event;
mod local;
mod meeting;
mod options;
mod place;
mod state;
mod studio;
pub mod wire;

pub use announced::{AnnouncedError, announced_notice};
pub use contacts::{Beyond, Carrier, Contacted, Contacts, Ignored, IgnoredKind, Purpose, Seen};
pub use event::{
    Change, ChatLine, DeviceFault, DeviceKind, DeviceNews, LeftReason, MediaKind, MeetingEvent, Oddity, Refusal,
    SourceStats, Stats, Waiting,
};
pub use meeting::{CommandError, Commands, Levels, Meeting, MeetingHandle, SpawnError};
pub use options::{AudioIn, AudioOut, Command, DEFAULT_HEIGHT, JoinOptions, LAYERS, ScreenIn, Tile, VideoIn};
pub use runde_devices as devices;
pub use runde_media::process::Processing;
pub use runde_media::scale::Scaler;
pub use runde_media::{Mailbox, Picture};
pub use runde_signalling::bridge::Reaction;
pub use runde_signalling::extras::{
    self as extras, Abilities, Breakout, Capture, Extras, Media, News, Poll, Spoken, Vote, Wish,
};
pub use runde_signalling::guest::{Login, Moderation, Muted, RoomRules};
pub use runde_signalling::link::{LinkError, RoomLink};
pub use runde_signalling::secret::Secret;
pub use state::{Connection, Knocker, Me, MeetingState, Person, Source};
pub use studio::Studio;
