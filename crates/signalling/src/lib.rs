//! The Jitsi conversation, both roles of it, without a socket.
//!
//! `Guest` is the participant's side, [`host::Host`] the room's (room service and focus in one).
//! Both are told the time and what arrived and say what to send; who owns sockets is somebody
//! else's business, and so is media. Below them: [`xml`] and [`json`] (bounded reading),
//! [`stream`], [`disco`], [`muc`], [`jingle`] (what stanzas mean), [`bridge`] (the other channel), [`extras`] (polls, permission to speak, breakout rooms),
//! [`sasl`] (accounts), [`link`] and [`config`] (how a room is found). Start at [`link::RoomLink`] or [`host::Host`].

pub mod bosh;
pub mod bridge;
pub mod config;
pub mod disco;
pub mod extras;
pub mod guest;
pub mod host;
pub mod jid;
pub mod jingle;
pub mod json;
pub mod link;
pub mod muc;
pub mod ns;
pub mod sasl;
pub mod secret;
pub mod stream;
pub mod xml;

pub use guest::Guest;
pub use host::Host;
