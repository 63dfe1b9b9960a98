//! Two endpoints on a network made of a list, in virtual time.
#![allow(dead_code, clippy::unwrap_used)] // each test binary uses its part

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use runde_rtp::{Packet, SeqNo, Ssrc};
use runde_transport::{
    Candidate, Config, Credentials, Endpoint, Event, ExtensionIds, Fingerprint, Identity, Kind, Output, PayloadType,
    Remote, RxTrack, Setup, TxTrack,
};

pub const GUEST: &str = "10.0.0.1:5000";
pub const HOST: &str = "10.0.0.2:8443";
pub const AUDIO: Ssrc = Ssrc(0x0a);
pub const VIDEO: Ssrc = Ssrc(0x0b);
pub const VIDEO_RTX: Ssrc = Ssrc(0x0c);
pub const FROM_HOST: Ssrc = Ssrc(0x1b);
pub const FROM_HOST_RTX: Ssrc = Ssrc(0x1c);

pub fn extensions() -> ExtensionIds {
    ExtensionIds { audio_level: Some(1), abs_send_time: Some(3), transport_cc: Some(5), mid: None }
}

pub fn ms(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// A datagram under way.
#[derive(Clone, Debug)]
pub struct Datagram {
    pub src: SocketAddr,
    pub dst: SocketAddr,
    pub bytes: Bytes,
}

impl Datagram {
    pub fn is_stun(&self) -> bool {
        self.bytes[0] <= 3
    }

    pub fn is_rtp(&self) -> bool {
        self.bytes[0] >> 6 == 2 && !(192..=223).contains(&self.bytes[1])
    }

    pub fn ssrc(&self) -> u32 {
        u32::from_be_bytes(self.bytes[8..12].try_into().unwrap())
    }
}

/// One side: its endpoint, where it is, and what it has said.
pub struct Side {
    pub endpoint: Endpoint,
    pub addr: SocketAddr,
    pub events: Vec<Event>,
    wake: Option<Instant>,
}

impl Side {
    pub fn new(endpoint: Endpoint, addr: &str) -> Self {
        Self { endpoint, addr: addr.parse().unwrap(), events: Vec::new(), wake: None }
    }

    pub fn received(&self, ssrc: Ssrc) -> Vec<&Packet> {
        let packets =
            self.events.iter().filter_map(|event| if let Event::Rtp(packet, _) = event { Some(packet) } else { None });
        packets.filter(|packet| packet.ssrc == ssrc).collect()
    }

    pub fn is_connected(&self) -> bool {
        self.events.iter().any(|event| matches!(event, Event::Connected { .. }))
    }

    pub fn saw(&self, wanted: &Event) -> bool {
        self.events.contains(wanted)
    }
}

/// Decides the fate of a datagram: `true` lets it through.
pub type Fate = Box<dyn FnMut(&Datagram) -> bool>;

/// Guest is side 0, host is side 1.
pub struct Net {
    pub now: Instant,
    pub sides: [Side; 2],
    pub delay: Duration,
    pub fate: Fate,
    pub seen: Vec<Datagram>,
    flying: BTreeMap<(Instant, u64), Datagram>,
    count: u64,
}

impl Net {
    pub fn new(now: Instant, guest: Endpoint, host: Endpoint) -> Self {
        let sides = [Side::new(guest, GUEST), Side::new(host, HOST)];
        let fate: Fate = Box::new(|_| true);
        Self { now, sides, delay: ms(10), fate, seen: Vec::new(), flying: BTreeMap::new(), count: 0 }
    }

    pub fn guest(&mut self) -> &mut Endpoint {
        &mut self.sides[0].endpoint
    }

    pub fn host(&mut self) -> &mut Endpoint {
        &mut self.sides[1].endpoint
    }

    /// Takes everything out of both endpoints.
    pub fn drain(&mut self) {
        for side in 0..2 {
            loop {
                match self.sides[side].endpoint.poll_output() {
                    Output::Transmit { dst, bytes } => self.fly(Datagram { src: self.sides[side].addr, dst, bytes }),
                    Output::Event(event) => self.sides[side].events.push(event),
                    Output::Wait(wake) => {
                        self.sides[side].wake = wake;
                        break;
                    }
                }
            }
        }
    }

    fn fly(&mut self, datagram: Datagram) {
        self.seen.push(datagram.clone());
        if (self.fate)(&datagram) {
            self.count += 1;
            self.flying.insert((self.now + self.delay, self.count), datagram);
        }
    }

    /// Puts in a datagram of a stranger.
    pub fn inject(&mut self, side: usize, src: &str, bytes: &[u8]) {
        let dst = self.sides[side].addr;
        self.sides[side].endpoint.handle_datagram(self.now, src.parse().unwrap(), dst, bytes);
        self.drain();
    }

    /// Lets so much time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.drain();
        loop {
            let arrival = self.flying.keys().next().map(|(at, _)| *at);
            let wakes = self.sides.iter().filter_map(|side| side.wake);
            let next = wakes.chain(arrival).min().filter(|next| *next <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            self.step();
            self.drain();
        }
        self.now = end;
    }

    fn step(&mut self) {
        while let Some(entry) = self.flying.first_entry().filter(|entry| entry.key().0 <= self.now) {
            let datagram = entry.remove();
            for side in &mut self.sides {
                if side.addr == datagram.dst {
                    side.endpoint.handle_datagram(self.now, datagram.src, datagram.dst, &datagram.bytes);
                }
            }
        }
        for side in &mut self.sides {
            if side.wake.is_some_and(|wake| wake <= self.now) {
                side.wake = None;
                side.endpoint.handle_timeout(self.now);
            }
        }
    }

    /// Runs until both are connected.
    pub fn connect(&mut self) {
        for _ in 0..200 {
            self.run(ms(50));
            if self.sides.iter().all(Side::is_connected) {
                return;
            }
        }
        panic!("not connected: {:?} {:?}", self.sides[0].events, self.sides[1].events);
    }
}

/// Who the two are and what they know of each other.
pub struct Plan {
    pub identities: [Identity; 2],
    pub configs: [Config; 2],
    /// What each is told of the other.
    pub fingerprints: [Fingerprint; 2],
    pub guest_knows_host: bool,
    pub host_knows_guest: bool,
    /// What each says of its part in DTLS.
    pub setups: [Setup; 2],
}

impl Plan {
    /// A guest of a bridge and the host's side of it.
    pub fn new() -> Self {
        let identities = [Identity::generate().unwrap(), Identity::generate().unwrap()];
        let credentials = |side: usize| Credentials::generate(&identities[side]).unwrap();
        let configs = [
            Config::guest(credentials(0), GUEST.parse().unwrap(), extensions()),
            Config::host(credentials(1), HOST.parse().unwrap(), extensions()),
        ];
        let fingerprints = [identities[1].fingerprint().clone(), identities[0].fingerprint().clone()];
        let setups = [Setup::Active, Setup::ActPass];
        Self { identities, configs, fingerprints, guest_knows_host: true, host_knows_guest: false, setups }
    }

    pub fn start(self) -> Net {
        let now = Instant::now();
        let endpoint = |side: usize| Endpoint::new(now, &self.identities[side], self.configs[side].clone()).unwrap();
        let mut net = Net::new(now, endpoint(0), endpoint(1));
        let candidate = |side: usize, known: bool| {
            if known { vec![Candidate::host(self.configs[side].address)] } else { Vec::new() }
        };
        let guest = Remote {
            credentials: self.configs[0].local.clone(),
            fingerprint: self.fingerprints[1].clone(),
            setup: self.setups[0],
            candidates: candidate(0, self.host_knows_guest),
        };
        let host = Remote {
            credentials: self.configs[1].local.clone(),
            fingerprint: self.fingerprints[0].clone(),
            setup: self.setups[1],
            candidates: candidate(1, self.guest_knows_host),
        };
        net.host().set_remote(now, &guest).unwrap();
        net.guest().set_remote(now, &host).unwrap();
        declare(&mut net);
        net
    }
}

fn opus() -> Vec<PayloadType> {
    vec![PayloadType { number: 111, rtx: None, clock_rate: 48_000 }]
}

fn vp8() -> Vec<PayloadType> {
    vec![PayloadType { number: 100, rtx: Some(96), clock_rate: 90_000 }]
}

pub fn tx_video(ssrc: Ssrc, rtx: Option<Ssrc>) -> TxTrack {
    TxTrack { ssrc, rtx, kind: Kind::Video, payload_types: vp8() }
}

pub fn rx_video(ssrc: Ssrc, rtx: Option<Ssrc>) -> RxTrack {
    RxTrack { ssrc, rtx, kind: Kind::Video, payload_types: vp8() }
}

pub fn tx_audio(ssrc: Ssrc) -> TxTrack {
    TxTrack { ssrc, rtx: None, kind: Kind::Audio, payload_types: opus() }
}

pub fn rx_audio(ssrc: Ssrc) -> RxTrack {
    RxTrack { ssrc, rtx: None, kind: Kind::Audio, payload_types: opus() }
}

/// The guest sends sound and picture, the host sends a picture.
fn declare(net: &mut Net) {
    net.guest().declare_tx(&tx_audio(AUDIO)).unwrap();
    net.guest().declare_tx(&tx_video(VIDEO, Some(VIDEO_RTX))).unwrap();
    net.guest().declare_rx(&rx_video(FROM_HOST, Some(FROM_HOST_RTX))).unwrap();
    net.host().declare_rx(&rx_audio(AUDIO)).unwrap();
    net.host().declare_rx(&rx_video(VIDEO, Some(VIDEO_RTX))).unwrap();
    net.host().declare_tx(&tx_video(FROM_HOST, Some(FROM_HOST_RTX))).unwrap();
}

/// A packet whose payload is its sequence number and filling.
pub fn packet(ssrc: Ssrc, seq: u16, size: usize) -> Packet {
    let is_audio = ssrc == AUDIO;
    let mut payload = vec![0u8; size.max(2)];
    payload[..2].copy_from_slice(&seq.to_be_bytes());
    Packet {
        payload_type: if is_audio { 111 } else { 100 },
        marker: false,
        seq: SeqNo(seq),
        timestamp: u32::from(seq).wrapping_mul(900),
        ssrc,
        extensions: if is_audio { vec![(1, Bytes::from_static(&[0x85]))] } else { Vec::new() },
        payload: Bytes::from(payload),
    }
}

/// Loses RTP with this probability of a thousand, the same way every time.
pub fn lossy(per_mille: u32) -> Fate {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    Box::new(move |datagram| !datagram.is_rtp() || random.next_u32() % 1000 >= per_mille)
}
