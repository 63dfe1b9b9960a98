//! What signalling says about a session: credentials, candidates, roles, header-extension numbers.
//!
//! Plain values, no behaviour beyond making credentials.

use std::net::{IpAddr, SocketAddr};

use rtc_crypto::RTCRandom;

use crate::channels::DataChannels;
use crate::identity::{Fingerprint, Identity};

/// How an endpoint takes part in ICE (RFC 8445).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IceRole {
    /// A full agent that lets the other side nominate: a guest of a bridge.
    FullControlled,
    /// A full agent that nominates.
    FullControlling,
    /// The room server: answers checks, and nominates whoever proves to be a controlled guest.
    Lite,
}

/// Who sends the first DTLS flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DtlsRole {
    /// `setup=active`.
    Client,
    /// `setup=passive`.
    Server,
}

/// The `setup` attribute of a fingerprint (RFC 5763).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setup {
    /// That side is the DTLS client.
    Active,
    /// That side is the DTLS server.
    Passive,
    /// That side leaves the choice to us.
    ActPass,
}

/// Which machinery does RTP feedback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The interceptor chain: what a guest uses.
    Chain,
    /// The fan-out of a room server: no per-receiver history, NACKs are handed out as events.
    Lean,
}

/// Numbers of the RTP header extensions we write and read; `None` where not negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ExtensionIds {
    /// `urn:ietf:params:rtp-hdrext:ssrc-audio-level` (RFC 6464), passed through untouched.
    pub audio_level: Option<u8>,
    /// `http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`, written when sending.
    pub abs_send_time: Option<u8>,
    /// `…/draft-holmer-rmcat-transport-wide-cc-extensions-01`, written when sending, answered when received.
    pub transport_cc: Option<u8>,
    /// `urn:ietf:params:rtp-hdrext:sdes:mid` (RFC 8843), read where an SSRC is not known.
    pub mid: Option<u8>,
}

/// A user name fragment with its password (RFC 8445 section 5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// At least 4 characters.
    pub ufrag: String,
    /// At least 22 characters.
    pub pwd: String,
}

/// The alphabet of ICE credentials (RFC 8445 `ice-char`): 64 characters, so six random bits choose one.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/// 48 bits, twice what RFC 8445 asks for, because a room server demultiplexes by it.
const UFRAG_CHARS: usize = 8;
/// 144 bits; RFC 8445 asks for 128.
const PWD_CHARS: usize = 24;

impl Credentials {
    /// Fresh unguessable credentials from the identity's random source.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate(identity: &Identity) -> Result<Self, crate::IdentityError> {
        let mut random = [0u8; UFRAG_CHARS + PWD_CHARS];
        let source: &dyn RTCRandom = identity.provider().random();
        source.fill(&mut random).map_err(|error| crate::IdentityError(error.to_string()))?;
        let text = |bytes: &[u8]| -> String {
            bytes.iter().map(|byte| char::from(ICE_CHARS[usize::from(byte & 63)])).collect()
        };
        let (ufrag, pwd) = random.split_at(UFRAG_CHARS);
        Ok(Self { ufrag: text(ufrag), pwd: text(pwd) })
    }
}

/// How a candidate address was learnt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidateKind {
    /// An interface's own address.
    Host,
    /// Seen by a STUN server.
    ServerReflexive,
    /// Seen by the peer.
    PeerReflexive,
    /// A TURN allocation.
    Relay,
}

/// An address to try, as Jingle's `<candidate>` carries it (XEP-0176).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Groups candidates of one base and server.
    pub foundation: String,
    /// 1; anything else is ignored, since RTP and RTCP share one port.
    pub component: u16,
    /// `udp`; anything else is ignored.
    pub protocol: String,
    /// RFC 8445 section 5.1.2.
    pub priority: u32,
    /// Where to send.
    pub addr: SocketAddr,
    /// How it was learnt.
    pub kind: CandidateKind,
    /// The base of a reflexive or relayed candidate.
    pub related: Option<SocketAddr>,
}

impl Candidate {
    /// The candidate of a socket bound to a concrete address.
    #[must_use]
    pub fn host(addr: SocketAddr) -> Self {
        /// Type preference 126, local preference 65 535, component 1 (RFC 8445 section 5.1.2.1).
        const HOST_PRIORITY: u32 = (126 << 24) + (65_535 << 8) + 255;
        Self {
            foundation: match addr.ip() {
                IpAddr::V4(_) => "1".to_owned(),
                IpAddr::V6(_) => "2".to_owned(),
            },
            component: 1,
            protocol: "udp".to_owned(),
            priority: HOST_PRIORITY,
            addr,
            kind: CandidateKind::Host,
            related: None,
        }
    }
}

/// What the other side said of its transport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Its ICE credentials.
    pub credentials: Credentials,
    /// The certificate it will show.
    pub fingerprint: Fingerprint,
    /// Its DTLS role.
    pub setup: Setup,
    /// Where it may be reached; a guest of a bridge sends none.
    pub candidates: Vec<Candidate>,
}

/// What we decide about an endpoint before the other side is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How it takes part in ICE.
    pub role: IceRole,
    /// Its DTLS role where the other side says `actpass`; otherwise the other side's choice wins.
    pub dtls: DtlsRole,
    /// Guest or fan-out.
    pub mode: Mode,
    /// Our ICE credentials.
    pub local: Credentials,
    /// The concrete address of our socket, our only own candidate.
    pub address: SocketAddr,
    /// Header-extension numbers of the session.
    pub extensions: ExtensionIds,
    /// Whether there are data channels.
    pub channels: DataChannels,
    /// First guess of the estimator, bit/s.
    pub start_bitrate: u64,
    /// The estimator never goes above, bit/s.
    pub max_bitrate: u64,
}

impl Config {
    /// A guest of a bridge: full and controlled, DTLS client, interceptor chain.
    #[must_use]
    pub fn guest(local: Credentials, address: SocketAddr, extensions: ExtensionIds) -> Self {
        Self {
            role: IceRole::FullControlled,
            dtls: DtlsRole::Client,
            mode: Mode::Chain,
            local,
            address,
            extensions,
            channels: DataChannels::Off,
            start_bitrate: DEFAULT_START_BITRATE,
            max_bitrate: DEFAULT_MAX_BITRATE,
        }
    }

    /// One guest as the room server sees it: lite, DTLS server, lean.
    #[must_use]
    pub fn host(local: Credentials, address: SocketAddr, extensions: ExtensionIds) -> Self {
        Self {
            role: IceRole::Lite,
            dtls: DtlsRole::Server,
            mode: Mode::Lean,
            ..Self::guest(local, address, extensions)
        }
    }
}

/// Enough for speech and the smallest layer, so that a poor link is not flooded at the start, bit/s.
const DEFAULT_START_BITRATE: u64 = 500_000;
/// Three simulcast layers and a shared screen fit; more would only be queued, bit/s.
const DEFAULT_MAX_BITRATE: u64 = 20_000_000;
