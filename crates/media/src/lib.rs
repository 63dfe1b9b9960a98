//! Sound and pictures between the devices and the wire: codecs, layers, jitter, mixing, echo.
//!
//! What it is not: no device is opened here (see the devices crate), no socket, no SSRC or sequence number (those belong to
//! whoever owns the connection). Time comes as an argument everywhere except in the threads of [`send`] and [`receive`].
//!
//! Start at [`send`] (blocks and pictures in, RTP-ready payloads out) and [`receive`] (packets in, pictures and the mix
//! out). Everything they use is public and can be driven in virtual time: [`jitter`], [`voice`], [`vp8`], [`simulcast`].

pub mod block;
pub mod channel;
pub mod jitter;
pub mod level;
pub mod mailbox;
pub mod mixer;
pub mod opus;
pub mod picture;
pub mod process;
pub mod receive;
pub mod scale;
pub mod send;
pub mod simulcast;
pub mod stretch;
pub mod voice;
pub mod vp8;
pub mod vpx;

pub use block::{AudioBlock, Gone, Hear, Metronome, Speak};
pub use mailbox::Mailbox;
pub use picture::{Picture, PictureError};
