//! What one forwarded packet costs the room server, in microseconds and without the system's part: stamped and sealed
//! for one receiver, once from bytes that were written before and once from the packet itself.
//!
//! `cargo run --release -p runde-transport --example forward_cost`
#![allow(clippy::unwrap_used)]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use runde_rtp::{Packet, SeqNo, Ssrc};
use runde_transport::{
    Candidate, Config, Credentials, Endpoint, Event, ExtensionIds, Identity, Kind, Output, PayloadType, Remote, Setup,
    TxTrack,
};

const STREAM: Ssrc = Ssrc(9);
const ROUNDS: u16 = 60_000;

/// Hands everything one side has to the other; whether it connected.
fn hand_over(now: Instant, from: &mut Endpoint, src: SocketAddr, to: &mut Endpoint) -> bool {
    let mut connected = false;
    loop {
        match from.poll_output() {
            Output::Transmit { dst, bytes } => to.handle_datagram(now, src, dst, &bytes),
            Output::Event(event) => connected |= matches!(event, Event::Connected { .. }),
            Output::Wait(_) => return connected,
        }
    }
}

/// The host's side of a connected pair.
fn connected() -> Endpoint {
    let identity = Identity::generate().unwrap();
    let addrs: [SocketAddr; 2] = ["10.0.0.1:5000".parse().unwrap(), "10.0.0.2:8443".parse().unwrap()];
    let own = [Credentials::generate(&identity).unwrap(), Credentials::generate(&identity).unwrap()];
    let ids = ExtensionIds { audio_level: Some(1), abs_send_time: Some(3), transport_cc: Some(5), mid: None };
    let mut now = Instant::now();
    let mut guest = Endpoint::new(now, &identity, Config::guest(own[0].clone(), addrs[0], ids)).unwrap();
    let mut host = Endpoint::new(now, &identity, Config::host(own[1].clone(), addrs[1], ids)).unwrap();
    let remote = |side: usize, setup| Remote {
        credentials: own[side].clone(),
        fingerprint: identity.fingerprint().clone(),
        setup,
        candidates: vec![Candidate::host(addrs[side])],
    };
    host.set_remote(now, &remote(0, Setup::Active)).unwrap();
    guest.set_remote(now, &remote(1, Setup::ActPass)).unwrap();
    let vp8 = PayloadType { number: 100, rtx: None, clock_rate: 90_000 };
    host.declare_tx(&TxTrack { ssrc: STREAM, rtx: None, kind: Kind::Video, payload_types: vec![vp8] }).unwrap();
    loop {
        hand_over(now, &mut guest, addrs[0], &mut host);
        if hand_over(now, &mut host, addrs[1], &mut guest) {
            return host;
        }
        now += Duration::from_millis(5);
        guest.handle_timeout(now);
        host.handle_timeout(now);
    }
}

fn measure(label: &str, mut forward: impl FnMut(&mut Endpoint, Instant, Packet)) {
    let mut host = connected();
    let payload = Bytes::from(vec![7; 1_100]);
    let begun = Instant::now();
    for seq in 0..ROUNDS {
        let packet =
            Packet { payload_type: 100, seq: SeqNo(seq), ssrc: STREAM, payload: payload.clone(), ..Packet::default() };
        forward(&mut host, begun, packet);
        while !matches!(host.poll_output(), Output::Wait(_)) {}
    }
    println!("{label}: {:.2} us a packet", begun.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
}

fn main() {
    for _ in 0..3 {
        let mut scratch = Vec::with_capacity(2_048);
        measure("written, read again, stamped, sealed", |host, now, packet| {
            scratch.clear();
            packet.encode(&mut scratch);
            host.send_forwarded(now, &scratch).unwrap();
        });
        measure("stamped, sealed", |host, now, packet| host.send_rtp(now, packet).unwrap());
    }
}
