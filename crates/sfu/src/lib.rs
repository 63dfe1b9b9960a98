//! Who receives which packet: one meeting room that forwards media without decoding it.
//!
//! A pure core: no socket, no clock, no chance. It knows endpoints by small numbers and speaks neither XML nor JSON;
//! encryption, retransmission requests towards senders and pacing are the transport's.
//!
//! **One [`Room::handle`], then drain [`Room::poll_output`] to [`Output::Wait`].**
//!
//! Start at [`Room`]. A source's packets come in on up to three simulcast layers; each receiver has a `route` per
//! source which puts the chosen layer onto the first layer's SSRC, without a gap or a jump that its decoder could see;
//! or onto one of its `slots`, if it understands source maps. What a packet is to its picture says `runde_rtp::Codec`;
//! `format` under which number each receiver takes it. A stream that holds several spatial layers (SVC) is thinned out to
//! the one that is chosen.
//! `layer`, `budget` and `trial` choose, `keyframe` asks senders politely, `cache` answers lost packets, `speaker` listens.

// Tests begin at some instant; what follows is counted from it.
#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod arrival;
mod budget;
mod cache;
mod endpoint;
mod format;
mod keyframe;
mod layer;
mod room;
mod route;
mod slots;
mod source;
mod speaker;
mod trial;
mod window;

pub use endpoint::{EndpointId, VideoConstraints};
pub use format::{Format, OFFERED};
pub use room::{Input, Kind, Mapping, Notice, Output, Room, RoomConfig};
pub use slots::SlotSsrcs;
pub use source::{LayerSsrc, MediaKind, Source, VideoType};
