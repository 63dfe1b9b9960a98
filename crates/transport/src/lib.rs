//! One media endpoint in Jingle's terms: ICE, DTLS-SRTP, RTP feedback and bandwidth, without SDP.
//!
//! It is a sans-IO core: datagrams and instants go in, datagrams and facts come out. It is not a peer
//! connection, knows no rooms and no codecs, and opens no socket except in [`driver`] and [`socket`].
//! Start at [`Endpoint`]; a server holds many of them behind one [`Port`], a client runs one with a
//! [`Driver`].

// So that tests in here can use what the ones outside do.
#[cfg(test)]
extern crate self as runde_transport;

mod chain;
mod channels;
mod config;
mod demux;
pub mod driver;
mod dtls;
mod endpoint;
pub mod estimate;
mod event;
mod feedback;
mod ice;
mod identity;
mod lean;
mod lite;
mod pacer;
pub mod port;
mod records;
pub mod relay;
mod rtcp;
mod seal;
pub mod socket;
mod srtp;
mod stamp;
mod stun;
mod track;
mod tracks;
pub mod turn;
mod twcc;

pub use channels::{ChannelEvent, ChannelId, ChannelMessage, DataChannels};
pub use config::{Candidate, CandidateKind, Config, Credentials, DtlsRole, ExtensionIds, IceRole, Mode, Remote, Setup};
pub use driver::Driver;
pub use endpoint::Endpoint;
pub use event::{CloseReason, Event, Output, Profile, Stats};
pub use identity::{Fingerprint, FingerprintError, Identity, IdentityError};
pub use port::Port;
pub use track::{Kind, PayloadType, RxTrack, TxTrack};

/// Why a call on an [`Endpoint`] was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// An ICE parameter was refused by the agent; the text names it.
    #[error("ICE refused the parameters: {0}")]
    Ice(String),
    /// The DTLS association could not be set up.
    #[error("DTLS could not be set up: {0}")]
    Dtls(String),
    /// More tracks were declared than one endpoint may have.
    #[error("too many tracks declared, the limit is {limit}")]
    TooManyTracks {
        /// The limit that was hit.
        limit: usize,
    },
    /// The SSRC is already in use, by another track or as another track's RTX.
    #[error("SSRC {0:#010x} is declared already")]
    SsrcTaken(u32),
    /// Nothing can be sent on an SSRC nobody declared.
    #[error("SSRC {0:#010x} is not declared for sending")]
    UnknownSsrc(u32),
    /// The packet is no RTP, or too large for the path.
    #[error("the packet is malformed")]
    Malformed,
    /// This index has been sealed before under the same key; sealing it again would reuse a nonce.
    #[error("packet {seq} of SSRC {ssrc:#010x} has been sealed before, or is too old to tell")]
    RepeatedIndex {
        /// The stream.
        ssrc: u32,
        /// The sequence number refused.
        seq: u16,
    },
    /// The endpoint carries no data channels, or their association is over.
    #[error("there are no data channels")]
    NoChannels,
    /// More channels were opened than one endpoint may have, or a name is too long.
    #[error("the channel cannot be opened; the limit is {limit} channels")]
    TooManyChannels {
        /// The limit that was hit.
        limit: usize,
    },
    /// That channel is not open.
    #[error("the channel is not open")]
    ChannelNotOpen,
    /// The message is larger than the other side takes.
    #[error("the message is larger than {limit} bytes")]
    MessageTooLarge {
        /// What it takes, in bytes.
        limit: usize,
    },
    /// Too much is unsent in that channel; [`ChannelEvent::Writable`] follows.
    #[error("the channel is full")]
    ChannelFull,
    /// The endpoint has no keys or no path yet, or is closed.
    #[error("the endpoint is not connected")]
    NotConnected,
}
