//! From the devices towards the wire: one thread for the microphone, one for the camera.
//!
//! What it is not: no SSRC, no sequence number, no socket. Out come payloads in order, with everything a packet needs but its
//! address. Dropping a handle ends its thread.

mod audio;
mod video;

pub use audio::{AudioConfig, AudioSendStats, AudioSender};
pub use video::{LayerStats, VideoConfig, VideoSender};

use crate::level::Level;
use bytes::Bytes;

/// Why a sender could not start.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The system gave no thread.
    #[error("no thread for sending: {0}")]
    Thread(#[source] std::io::Error),
    /// The encoder refused to start.
    #[error("the sound encoder did not start: {0}")]
    Opus(#[source] crate::opus::OpusError),
}

/// One payload for one RTP packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unit {
    /// Simulcast layer, 0 is the smallest; always 0 for sound.
    pub layer: u8,
    /// Last packet of a picture (RFC 7741 4.1); for sound, first packet after a pause (RFC 3551 4.1).
    pub marker: bool,
    /// 48 kHz for sound, 90 kHz for pictures, from the configured first value on.
    pub timestamp: u32,
    /// At most [`crate::vp8::MAX_PAYLOAD`] bytes.
    pub payload: Bytes,
    /// Sound only: for the RFC 6464 header extension.
    pub level: Option<Level>,
    /// Belongs to a key frame; false for sound.
    pub key_frame: bool,
}
