//! Our side: an endpoint with its socket, and a line that loses RTP in both directions.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use runde_rtp::{SeqNo, rtx};
use runde_transport::socket::Socket;
use runde_transport::{
    ChannelEvent, ChannelMessage, Config, Credentials, DataChannels, Endpoint, Event, ExtensionIds, IceRole, Identity,
    Output, Profile, Remote,
};

use crate::are_all_there;
use crate::common::{FROM_HOST, FROM_HOST_RTX, VIDEO, VIDEO_RTX, packet, rx_video, tx_video};

/// The channel that we open, as a Jitsi guest does; and the one of the other side.
pub const OURS: &str = "JVB data channel";
pub const PROTOCOL: &str = "http://jitsi.org/protocols/colibri";
pub const THEIRS: &str = "theirs";
/// The other crate takes no larger one by default.
const LARGE: usize = 60 * 1024;
const LOST_PER_MILLE: u32 = 50;
const PACE: Duration = Duration::from_millis(5);

pub struct Ours {
    pub config: Config,
    pub identity: Identity,
    pub profile: Option<Profile>,
    endpoint: Endpoint,
    socket: Socket,
    random: ChaCha8Rng,
    wake: Option<Instant>,
    due: Option<Instant>,
    sent: u16,
    rtx_seq: SeqNo,
    received: BTreeSet<u16>,
    nacked: usize,
    key_frame_requested: bool,
    /// What we said in our own channel came back whole.
    echoed: bool,
}

impl fmt::Debug for Ours {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (received, stats) = (self.received.len(), self.endpoint.stats());
        let key = self.key_frame_requested;
        let echoed = self.echoed;
        write!(formatter, "ours: {:?}, {received} received, key frame {key}, echo {echoed}, {stats:?}", self.profile)
    }
}

/// A configuration whose address is filled in once there is a socket.
pub fn config(kind: fn(Credentials, SocketAddr, ExtensionIds) -> Config) -> Config {
    let identity = Identity::generate().unwrap();
    let extensions = ExtensionIds { audio_level: None, abs_send_time: None, transport_cc: Some(5), mid: None };
    kind(Credentials::generate(&identity).unwrap(), "127.0.0.1:0".parse().unwrap(), extensions)
}

impl Ours {
    pub fn new(mut config: Config) -> Self {
        let socket = Socket::bind(config.address).unwrap();
        config.address = socket.local_addr().unwrap();
        // Who offers controls (RFC 8445 section 6.1.1); a lite side never does.
        if config.role == IceRole::FullControlled {
            config.role = IceRole::FullControlling;
        }
        config.channels = DataChannels::On { max_message: Some(LARGE as u32) };
        let identity = Identity::generate().unwrap();
        let mut endpoint = Endpoint::new(Instant::now(), &identity, config.clone()).unwrap();
        endpoint.declare_tx(&tx_video(FROM_HOST, Some(FROM_HOST_RTX))).unwrap();
        endpoint.declare_rx(&rx_video(VIDEO, Some(VIDEO_RTX))).unwrap();
        Self {
            config,
            identity,
            profile: None,
            endpoint,
            socket,
            random: ChaCha8Rng::seed_from_u64(5),
            wake: None,
            due: None,
            sent: 0,
            rtx_seq: SeqNo(0),
            received: BTreeSet::new(),
            nacked: 0,
            key_frame_requested: false,
            echoed: false,
        }
    }

    pub fn accept(&mut self, remote: &Remote) {
        self.endpoint.set_remote(Instant::now(), remote).unwrap();
        self.endpoint.open_channel(Instant::now(), OURS, PROTOCOL).unwrap();
    }

    pub fn has_all(&self) -> bool {
        self.echoed && self.key_frame_requested && are_all_there(&self.received)
    }

    /// How often a loss was mended, in either direction.
    pub fn repaired(&self) -> u64 {
        self.endpoint.stats().repaired + self.nacked as u64
    }

    /// Receives, wakes, sends what is due.
    pub fn turn(&mut self) {
        let (endpoint, random, address) = (&mut self.endpoint, &mut self.random, self.config.address);
        let receive = |now, src, bytes: &[u8]| {
            if keeps(random, bytes) {
                endpoint.handle_datagram(now, src, address, bytes);
            }
        };
        self.socket.recv_batch(receive).unwrap();
        let now = Instant::now();
        if self.wake.is_some_and(|wake| wake <= now) {
            self.endpoint.handle_timeout(now);
        }
        self.send_picture(now);
        let mut out: Vec<(SocketAddr, Bytes)> = Vec::new();
        loop {
            match self.endpoint.poll_output() {
                Output::Transmit { dst, bytes } => {
                    if keeps(&mut self.random, &bytes) {
                        out.push((dst, bytes));
                    }
                }
                Output::Event(event) => self.note(now, event),
                Output::Wait(wake) => {
                    self.wake = wake;
                    break;
                }
            }
        }
        self.socket.send_batch(&out).unwrap();
    }

    fn send_picture(&mut self, now: Instant) {
        if self.due.is_some_and(|due| due <= now) {
            self.endpoint.send_rtp(now, packet(FROM_HOST, self.sent, 700)).unwrap();
            self.sent = self.sent.wrapping_add(1);
            self.due = Some(now + PACE);
            if self.sent.is_multiple_of(50) {
                self.endpoint.request_key_frame(now, VIDEO);
            }
        }
    }

    fn note(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected { profile } => (self.profile, self.due) = (Some(profile), Some(now)),
            Event::Rtp(packet, _) => {
                assert_eq!(packet.payload[..2], packet.seq.0.to_be_bytes());
                assert!(self.received.insert(packet.seq.0), "{} came twice", packet.seq.0);
            }
            Event::KeyFrameRequested { ssrc } => {
                assert_eq!(ssrc, FROM_HOST);
                self.key_frame_requested = true;
            }
            // Only a lean endpoint says so; the answer is the room's.
            Event::Nacked { seqs, .. } => {
                for seq in seqs {
                    self.nacked += 1;
                    self.rtx_seq = self.rtx_seq.next();
                    let again = rtx::encapsulate(&packet(FROM_HOST, seq.0, 700), FROM_HOST_RTX, 96, self.rtx_seq);
                    self.endpoint.send_rtp(now, again).unwrap();
                }
            }
            Event::Closed(reason) => panic!("{reason:?}"),
            Event::Bandwidth { .. } | Event::RoundTrip(_) | Event::PathChanged | Event::Unannounced { .. } => {}
            Event::Channel(event) => self.note_channel(now, event),
        }
    }
}

impl Ours {
    fn note_channel(&mut self, now: Instant, event: ChannelEvent) {
        match event {
            ChannelEvent::Opened { id, by_peer: false, .. } => {
                let large = ChannelMessage::Binary(Bytes::from(vec![7; LARGE]));
                self.endpoint.send_on_channel(now, id, &large).unwrap();
            }
            ChannelEvent::Opened { by_peer: true, label, .. } => assert_eq!(label, THEIRS),
            ChannelEvent::Message { message: ChannelMessage::Binary(bytes), .. } => {
                assert_eq!(bytes.len(), LARGE);
                self.echoed = true;
            }
            ChannelEvent::Message { id, message } => self.endpoint.send_on_channel(now, id, &message).unwrap(),
            ChannelEvent::Ready | ChannelEvent::Writable { .. } => {}
            ChannelEvent::Closed { .. } | ChannelEvent::Lost => panic!("{event:?}"),
        }
    }
}

fn keeps(random: &mut ChaCha8Rng, bytes: &[u8]) -> bool {
    let is_rtp = bytes[0] >> 6 == 2 && !(192..=223).contains(&bytes[1]);
    !is_rtp || random.next_u32() % 1000 >= LOST_PER_MILLE
}
