//! Under which payload type a codec travels, and which of them one receiver takes.

use runde_rtp::{Codec, Packet};

/// A video codec with the payload types it has in an offer or an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Format {
    pub codec: Codec,
    pub payload_type: u8,
    /// Of its retransmissions; without one they are not sent.
    pub rtx: Option<u8>,
}

/// What is offered, under the numbers that Jitsi uses, in the order in which it is offered.
pub const OFFERED: [Format; 4] = [
    Format { codec: Codec::Vp8, payload_type: 100, rtx: Some(96) },
    Format { codec: Codec::Vp9, payload_type: 101, rtx: Some(97) },
    Format { codec: Codec::Av1 { descriptor: 11 }, payload_type: 41, rtx: Some(42) },
    Format { codec: Codec::H264, payload_type: 107, rtx: Some(99) },
];

/// The formats that one receiver takes.
#[derive(Clone, Debug)]
pub(crate) struct Formats(Vec<Format>);

impl Default for Formats {
    fn default() -> Self {
        Self(OFFERED.to_vec())
    }
}

impl Formats {
    /// At most as many as are offered: the rest repeats a codec.
    pub(crate) fn new(taken: Vec<Format>) -> Self {
        Self(taken.into_iter().take(OFFERED.len()).collect())
    }

    pub(crate) fn of(&self, codec: Codec) -> Option<Format> {
        self.0.iter().find(|format| format.codec == codec).copied()
    }
}

/// The codec of a picture's packet as it comes in.
pub(crate) fn codec_of(offered: &[Format], packet: &Packet) -> Option<Codec> {
    offered.iter().find(|format| format.payload_type == packet.payload_type).map(|format| format.codec)
}
