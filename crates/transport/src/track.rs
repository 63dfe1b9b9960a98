//! Streams as signalling describes them: an SSRC, the RTX stream that repairs it, its payload types.
//!
//! A simulcast group is no thing of its own here: each layer is one track, declared and removed at any time.

use runde_rtp::Ssrc;

/// What a stream carries; it decides pacing, clock rate and whether losses are repaired.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Never paced.
    Audio,
    /// Paced, repaired by RTX where declared.
    Video,
}

/// One RTP payload type of a track.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadType {
    /// 0 to 127, in practice 96 to 127.
    pub number: u8,
    /// The payload type of its RTX packets (`apt` points back to `number`).
    pub rtx: Option<u8>,
    /// In Hz: 48 000 for Opus, 90 000 for video.
    pub clock_rate: u32,
}

/// A stream the other side sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RxTrack {
    /// The media stream.
    pub ssrc: Ssrc,
    /// The second SSRC of its FID group.
    pub rtx: Option<Ssrc>,
    /// Audio or video.
    pub kind: Kind,
    /// What may arrive on it.
    pub payload_types: Vec<PayloadType>,
}

/// A stream we send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxTrack {
    /// The media stream.
    pub ssrc: Ssrc,
    /// The second SSRC of its FID group. Video without it is never repaired: answering a NACK on the media
    /// SSRC itself would reuse a nonce.
    pub rtx: Option<Ssrc>,
    /// Audio or video.
    pub kind: Kind,
    /// What will be sent on it.
    pub payload_types: Vec<PayloadType>,
}

impl TxTrack {
    /// The clock rate of `payload_type`, in Hz; 90 000 where it was not declared.
    pub(crate) fn clock_rate(&self, payload_type: u8) -> u32 {
        clock_rate(&self.payload_types, payload_type)
    }
}

impl RxTrack {
    /// The clock rate of `payload_type`, in Hz; 90 000 where it was not declared.
    pub(crate) fn clock_rate(&self, payload_type: u8) -> u32 {
        clock_rate(&self.payload_types, payload_type)
    }

    /// The media payload type that an RTX payload type stands for (RFC 4588 `apt`).
    pub(crate) fn repaired_by(&self, rtx_payload_type: u8) -> Option<u8> {
        self.payload_types.iter().find(|known| known.rtx == Some(rtx_payload_type)).map(|known| known.number)
    }
}

fn clock_rate(known: &[PayloadType], number: u8) -> u32 {
    known.iter().find(|known| known.number == number).map_or(90_000, |known| known.clock_rate)
}
