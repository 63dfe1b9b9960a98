//! Fifty guests on one UDP socket, five datagrams in a hundred lost: at least 99 of 100 packets arrive all the same.
//!
//! One guest sends a picture; the room forwards it to the other 49 and answers their NACKs, as `runde-server` does.
//! The loss is seeded and made in user space, on every RTP packet of either direction.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use common::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use runde_rtp::{Packet, SeqNo, Ssrc, rtx};
use runde_transport::port;
use runde_transport::socket::Socket;
use runde_transport::{Candidate, Config, Credentials, Endpoint, Event, Identity, Output, Port, Remote, Setup};

const PEERS: usize = 50;
const PACKETS: u16 = 600;
const LOST_PER_MILLE: u32 = 50;
/// The sender's pace: 100 packets a second.
const PACE: Duration = Duration::from_millis(10);
/// A busy machine may take its time; a packet that is gone for good never comes.
const LIMIT: Duration = Duration::from_secs(300);
/// Of what was sent, in every hundred, that every single guest must have.
const DELIVERED_PERCENT: usize = 99;

/// Loses RTP, the same way every time it is asked.
struct Lossy(ChaCha8Rng);

impl Lossy {
    fn keeps(&mut self, bytes: &[u8]) -> bool {
        let is_rtp = bytes[0] >> 6 == 2 && !(192..=223).contains(&bytes[1]);
        !is_rtp || self.0.next_u32() % 1000 >= LOST_PER_MILLE
    }
}

/// The room: one port on one socket.
struct Room {
    port: Port<usize>,
    socket: Socket,
    address: SocketAddr,
    lossy: Lossy,
    wake: Option<Instant>,
}

impl Room {
    fn new() -> Self {
        let (socket, address) = bound();
        Self { port: Port::new(), socket, address, lossy: lossy_of(50), wake: None }
    }

    /// Receives, wakes, sends; hands events to `each`, which may tell endpoints to send.
    fn turn(&mut self, mut each: impl FnMut(&mut Port<usize>, usize, Event)) {
        let (port, address) = (&mut self.port, self.address);
        self.socket.recv_batch(|now, src, bytes| port.handle_datagram(now, src, address, bytes)).unwrap();
        let now = Instant::now();
        if self.wake.is_some_and(|wake| wake <= now) {
            self.port.handle_timeout(now);
        }
        let mut out: Vec<(SocketAddr, Bytes)> = Vec::new();
        loop {
            match self.port.poll_output() {
                port::Output::Transmit { dst, bytes } if self.lossy.keeps(&bytes) => out.push((dst, bytes)),
                port::Output::Transmit { .. } => {}
                port::Output::Event(key, event) => each(&mut self.port, key, event),
                port::Output::Wait(wake) => {
                    self.wake = wake;
                    break;
                }
            }
        }
        self.socket.send_batch(&out).unwrap();
    }
}

/// One guest with its own socket.
struct Guest {
    endpoint: Endpoint,
    socket: Socket,
    address: SocketAddr,
    lossy: Lossy,
    wake: Option<Instant>,
}

impl Guest {
    fn turn(&mut self, mut each: impl FnMut(Event)) {
        let (endpoint, address) = (&mut self.endpoint, self.address);
        self.socket.recv_batch(|now, src, bytes| endpoint.handle_datagram(now, src, address, bytes)).unwrap();
        let now = Instant::now();
        if self.wake.is_some_and(|wake| wake <= now) {
            self.endpoint.handle_timeout(now);
        }
        let mut out: Vec<(SocketAddr, Bytes)> = Vec::new();
        loop {
            match self.endpoint.poll_output() {
                Output::Transmit { dst, bytes } if self.lossy.keeps(&bytes) => out.push((dst, bytes)),
                Output::Transmit { .. } => {}
                Output::Event(event) => each(event),
                Output::Wait(wake) => {
                    self.wake = wake;
                    break;
                }
            }
        }
        self.socket.send_batch(&out).unwrap();
    }
}

fn bound() -> (Socket, SocketAddr) {
    let socket = Socket::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

fn lossy_of(seed: u64) -> Lossy {
    Lossy(ChaCha8Rng::seed_from_u64(seed))
}

/// Fifty guests of the room, of which the first sends and the others receive.
fn join(room: &mut Room) -> Vec<Guest> {
    let identity = Identity::generate().unwrap();
    let (now, mut guests) = (Instant::now(), Vec::new());
    for key in 0..PEERS {
        let (socket, address) = bound();
        let (ours, theirs) = (Credentials::generate(&identity).unwrap(), Credentials::generate(&identity).unwrap());
        let remote = |credentials: &Credentials, setup, address| Remote {
            credentials: credentials.clone(),
            fingerprint: identity.fingerprint().clone(),
            setup,
            candidates: vec![Candidate::host(address)],
        };
        let mut inside = Endpoint::new(now, &identity, Config::host(ours.clone(), room.address, extensions())).unwrap();
        let mut outside = Endpoint::new(now, &identity, Config::guest(theirs.clone(), address, extensions())).unwrap();
        inside.set_remote(now, &remote(&theirs, Setup::Active, address)).unwrap();
        outside.set_remote(now, &remote(&ours, Setup::ActPass, room.address)).unwrap();
        if key == 0 {
            outside.declare_tx(&tx_video(VIDEO, Some(VIDEO_RTX))).unwrap();
            inside.declare_rx(&rx_video(VIDEO, Some(VIDEO_RTX))).unwrap();
        } else {
            outside.declare_rx(&rx_video(FROM_HOST, Some(FROM_HOST_RTX))).unwrap();
            inside.declare_tx(&tx_video(FROM_HOST, Some(FROM_HOST_RTX))).unwrap();
        }
        guests.push(Guest { endpoint: outside, socket, address, lossy: lossy_of(key as u64), wake: None });
        room.port.insert(key, inside);
    }
    guests
}

/// What the room keeps for all receivers.
#[derive(Default)]
struct History {
    packets: BTreeMap<u16, Packet>,
    rtx: BTreeMap<usize, SeqNo>,
}

impl History {
    fn forward(&mut self, port: &mut Port<usize>, packet: &Packet) {
        let forwarded = Packet { ssrc: FROM_HOST, extensions: Vec::new(), ..packet.clone() };
        let mut bytes = Vec::new();
        forwarded.encode(&mut bytes);
        for key in 1..PEERS {
            port.get_mut(key).unwrap().send_forwarded(Instant::now(), &bytes).unwrap();
        }
        self.packets.insert(packet.seq.0, forwarded);
    }

    fn repair(&mut self, port: &mut Port<usize>, key: usize, seqs: &[SeqNo]) {
        for packet in seqs.iter().filter_map(|seq| self.packets.get(&seq.0)) {
            let rtx_seq = self.rtx.entry(key).or_default();
            *rtx_seq = rtx_seq.next();
            let repair = rtx::encapsulate(packet, FROM_HOST_RTX, 96, *rtx_seq);
            port.get_mut(key).unwrap().send_rtp(Instant::now(), repair).unwrap();
        }
    }
}

#[tokio::test]
async fn fifty_guests_on_one_socket_get_99_of_100_packets_through_five_percent_loss() {
    let started = Instant::now();
    let mut room = Room::new();
    let mut guests = join(&mut room);
    let mut connected = 0;
    while connected < 2 * PEERS {
        assert!(started.elapsed() < LIMIT, "only {connected} of {} sides connected", 2 * PEERS);
        room.turn(|_, _, event| connected += usize::from(matches!(event, Event::Connected { .. })));
        for guest in &mut guests {
            guest.turn(|event| connected += usize::from(matches!(event, Event::Connected { .. })));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let joined = started.elapsed();
    let (mut history, mut received) = (History::default(), vec![0usize; PEERS]);
    let (mut sent, mut due) = (0u16, Instant::now());
    let enough =
        |received: &[usize]| received[1..].iter().all(|count| count * 100 >= usize::from(PACKETS) * DELIVERED_PERCENT);
    while sent < PACKETS || !enough(&received) {
        assert!(started.elapsed() < LIMIT, "{sent} of {PACKETS} sent, received {received:?}, joined in {joined:?}");
        if sent < PACKETS && Instant::now() >= due {
            guests[0].endpoint.send_rtp(Instant::now(), packet(VIDEO, sent, 1000)).unwrap();
            due = Instant::now().max(due + PACE);
            sent += 1;
        }
        room.turn(|port, key, event| match event {
            Event::Rtp(packet, _) => history.forward(port, &packet),
            Event::Nacked { seqs, .. } => history.repair(port, key, &seqs),
            Event::Closed(reason) => panic!("{key}: {reason:?}"),
            Event::Connected { .. } | Event::KeyFrameRequested { .. } | Event::Bandwidth { .. } => {}
            Event::RoundTrip(_) | Event::PathChanged | Event::Unannounced { .. } | Event::Channel(_) => {}
        });
        for (key, guest) in guests.iter_mut().enumerate() {
            guest.turn(|event| received[key] += usize::from(is_picture(&event, FROM_HOST)));
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(received[1..].iter().all(|count| *count <= usize::from(PACKETS)), "nothing comes twice: {received:?}");
    assert!(room.port.unrouted() < 100);
}

fn is_picture(event: &Event, wanted: Ssrc) -> bool {
    matches!(event, Event::Rtp(packet, _) if packet.ssrc == wanted)
}
