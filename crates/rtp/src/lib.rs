//! The words of the wire that media, transport and the room share: what an RTP packet says and how it is written.
//!
//! What it is not: no socket, no encryption, no jitter buffer, no decision. Everything is a plain value or a plain
//! function, and nothing here panics whatever the bytes are.
//!
//! Start at [`View`] (look into bytes without copying) and [`Packet`] (own the parts and write them again); [`Codec`] says
//! what a packet is to its picture, whichever of the payload formats it has.

mod codec;
mod packet;
mod seq;
mod view;

pub mod av1;
pub mod ext;
pub mod h264;
pub mod rtx;
pub mod vp8;
pub mod vp9;

pub use codec::{Codec, Look, MAX_SPATIAL, Numbers};
pub use packet::Packet;
pub use seq::{Extender, SeqNo, Ssrc};
pub use view::{Extensions, Malformed, View};
