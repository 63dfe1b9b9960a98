//! What an endpoint says: outputs, events, reasons, counters. Plain values.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use runde_rtp::{Packet, SeqNo, Ssrc};

use crate::channels::ChannelEvent;

/// The SRTP profile a connection ended up with (RFC 5764, RFC 7714).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// `SRTP_AEAD_AES_128_GCM`.
    Aes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    Aes256Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Aes128CmSha1,
}

/// Why an endpoint ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseReason {
    /// No authenticated answer for 15 s (RFC 7675).
    ConsentExpired,
    /// No pair worked within the time for connecting.
    IceFailed,
    /// The certificate was not the one signalled.
    WrongFingerprint,
    /// The handshake failed too often.
    DtlsFailed,
    /// The other side said goodbye (`close_notify`).
    ByPeer,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Media may flow.
    Connected {
        /// How it is protected.
        profile: Profile,
    },
    /// A packet of a declared stream, once, repaired ones included; and when it arrived.
    Rtp(Packet, Instant),
    /// An authentic packet of an SSRC that nobody declared says the `mid` of a declared stream: that stream has another SSRC
    /// now, or this is what repairs it. The packet itself is dropped. Ten times a second at most.
    Unannounced {
        /// What it came under.
        ssrc: Ssrc,
        /// The declared stream, by its media SSRC.
        stream: Ssrc,
        /// Media or repair.
        payload_type: u8,
    },
    /// The other side needs a key frame of a stream we send (PLI or FIR).
    KeyFrameRequested {
        /// The media stream.
        ssrc: Ssrc,
    },
    /// The other side misses packets; in lean mode the answer is the caller's.
    Nacked {
        /// The media stream.
        ssrc: Ssrc,
        /// What is missing.
        seqs: Vec<SeqNo>,
    },
    /// What the path towards the other side carries now, bit/s.
    Bandwidth {
        /// The estimate.
        bps: u64,
    },
    /// A fresh measurement of the round trip.
    RoundTrip(Duration),
    /// The other side is reached at another address now.
    PathChanged,
    /// Something happened with data channels.
    Channel(ChannelEvent),
    /// It is over; nothing follows.
    Closed(CloseReason),
}

/// What to do next. Drain until [`Output::Wait`] after every call that takes `now`.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// Send this datagram.
    Transmit {
        /// To whom.
        dst: SocketAddr,
        /// The datagram.
        bytes: Bytes,
    },
    /// Something happened.
    Event(Event),
    /// Nothing more now: come back with `handle_timeout` at this instant, or never if `None`.
    Wait(Option<Instant>),
}

/// Counters since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// RTP and RTCP packets that were authentic and of declared streams.
    pub received_packets: u64,
    /// Their bytes, headers included.
    pub received_bytes: u64,
    /// RTP packets sent, repairs included.
    pub sent_packets: u64,
    /// Their bytes, headers included.
    pub sent_bytes: u64,
    /// Packets of SSRCs nobody declared.
    pub unknown_ssrc: u64,
    /// Packets that came twice, by network or as padding.
    pub duplicates: u64,
    /// Packets recovered through RTX.
    pub repaired: u64,
    /// Datagrams or packets refused: unauthentic, malformed, over a limit.
    pub refused: u64,
    /// Packets dropped by the pacer because they had grown too old.
    pub too_old: u64,
    /// The latest round trip.
    pub round_trip: Option<Duration>,
    /// The latest bandwidth estimate, bit/s.
    pub bandwidth: u64,
}
