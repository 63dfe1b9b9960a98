//! What is said of data channels: whether there are any, what travels in them, what happened. Plain values.

use bytes::Bytes;

/// Whether an endpoint carries data channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DataChannels {
    /// What arrives for them is dropped.
    #[default]
    Off,
    /// They are there as soon as DTLS is.
    On {
        /// The largest message the other side takes, in bytes: `max-message-size` of RFC 8841, where 0 means any.
        /// `None` where it does not say, as in Jingle: 64 KiB.
        max_message: Option<u32>,
    },
}

/// A channel of one endpoint; numbers are never used twice by the same side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ChannelId(pub u16);

/// What travels in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelMessage {
    /// UTF-8 text.
    Text(String),
    /// Bytes.
    Binary(Bytes),
}

impl ChannelMessage {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }
}

/// What happened with data channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelEvent {
    /// The association stands; channels asked for before are being opened.
    Ready,
    /// A channel is open: ours was confirmed, or the other side opened one.
    Opened {
        /// Which.
        id: ChannelId,
        /// The other side opened it.
        by_peer: bool,
        /// Its name.
        label: String,
        /// What is spoken in it.
        protocol: String,
    },
    /// A whole message, of at most 256 KiB.
    Message {
        /// Where it came.
        id: ChannelId,
        /// What it says.
        message: ChannelMessage,
    },
    /// A channel that was full takes messages again.
    Writable {
        /// Which.
        id: ChannelId,
    },
    /// A channel is closed, by whomever.
    Closed {
        /// Which.
        id: ChannelId,
    },
    /// The association is over, and all channels with it; media go on.
    Lost,
}
