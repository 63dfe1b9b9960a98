//! From the wire towards speaker and screen: one thread for all sound, one for each picture source.
//!
//! What it is not: no repair of the wire (retransmission belongs to the transport). Dropping a handle ends its thread.

mod audio;
mod video;

pub use audio::{AudioReceiver, VoiceStats};
pub use video::{VideoReceiver, VideoStats};

/// Why a receiver could not start.
#[derive(Debug, thiserror::Error)]
pub enum ReceiveError {
    /// The system gave no thread.
    #[error("no thread for receiving: {0}")]
    Thread(#[source] std::io::Error),
}
