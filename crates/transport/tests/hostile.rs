//! Datagrams from people who were not invited (T-18): whatever their length and first byte, nothing panics and nothing
//! is answered.
#![allow(clippy::unwrap_used)]

mod common;

use common::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use runde_transport::Port;

/// One of each kind that the first byte tells apart, and the gaps between.
const FIRST_BYTES: [u8; 14] = [0, 1, 3, 4, 19, 20, 22, 23, 63, 64, 128, 144, 191, 255];

fn hostile(random: &mut ChaCha8Rng, first: u8, length: usize) -> Vec<u8> {
    let mut bytes = vec![0u8; length];
    random.fill_bytes(&mut bytes);
    if let Some(byte) = bytes.first_mut() {
        *byte = first;
    }
    if first <= 3 && length >= 20 {
        // A believable STUN header, so that the parser goes further.
        bytes[1] = (random.next_u32() & 1) as u8;
        bytes[2..4].copy_from_slice(&u16::try_from((length - 20) & !3).unwrap().to_be_bytes());
        bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
    }
    bytes
}

/// Every length with every first byte, from a stranger and from the peer's own address.
fn bombard(net: &mut Net) {
    let mut random = ChaCha8Rng::seed_from_u64(18);
    net.drain();
    let before = net.seen.len();
    for length in 0..=1500 {
        for first in FIRST_BYTES {
            let bytes = hostile(&mut random, first, length);
            let from = if length % 2 == 0 { "10.9.9.9:9" } else { GUEST };
            net.inject(1, from, &bytes);
            let from = if length % 2 == 0 { "10.9.9.9:9" } else { HOST };
            net.inject(0, from, &bytes);
        }
    }
    let answers: Vec<_> =
        net.seen[before..].iter().filter(|datagram| datagram.dst.to_string() == "10.9.9.9:9").collect();
    assert!(answers.is_empty(), "{answers:?}");
    let stun = net.seen[before..].iter().filter(|datagram| datagram.is_stun());
    assert_eq!(stun.count(), 0, "not even to the peer's address without its password");
}

#[test]
fn t18_before_a_connection_nothing_is_answered() {
    let mut net = Plan::new().start();
    bombard(&mut net);
    net.connect();
}

#[test]
fn t18_after_a_connection_nothing_is_answered_and_it_goes_on() {
    let mut net = Plan::new().start();
    net.connect();
    bombard(&mut net);
    let now = net.now;
    net.guest().send_rtp(now, packet(AUDIO, 1, 80)).unwrap();
    net.run(ms(100));
    assert_eq!(net.sides[1].received(AUDIO).len(), 1);
}

#[test]
fn t18_the_right_name_without_the_password_is_not_answered() {
    let mut net = Plan::new().start();
    net.connect();
    let checks: Vec<_> = net.seen.iter().filter(|datagram| datagram.bytes[..2] == [0, 1]).cloned().collect();
    assert!(checks.iter().any(|check| check.dst == net.sides[0].addr));
    for check in checks {
        let side = usize::from(check.dst == net.sides[1].addr);
        let at = check.bytes.windows(4).position(|window| window == [0, 8, 0, 20]).unwrap();
        let mut forged = check.bytes.to_vec();
        forged[at + 4..at + 24].fill(7);
        let mut bare = check.bytes[..at].to_vec();
        bare[2..4].copy_from_slice(&u16::try_from(at - 20).unwrap().to_be_bytes());
        net.drain();
        let before = net.seen.len();
        for bytes in [&forged, &bare] {
            net.inject(side, "10.9.9.9:9", bytes);
            net.inject(side, &check.src.to_string(), bytes);
        }
        assert_eq!(net.seen.len(), before);
    }
}

#[test]
fn t18_changed_copies_of_real_datagrams_do_no_harm() {
    let mut net = Plan::new().start();
    net.connect();
    for seq in 0..20 {
        let now = net.now;
        net.guest().send_rtp(now, packet(VIDEO, seq, 300)).unwrap();
        net.host().send_rtp(now, packet(FROM_HOST, seq, 300)).unwrap();
        net.run(ms(30));
    }
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let real = net.seen.clone();
    for datagram in &real {
        for _ in 0..40 {
            let mut bytes = datagram.bytes.to_vec();
            for _ in 0..=random.next_u32() % 4 {
                let at = random.next_u32() as usize % bytes.len();
                bytes[at] ^= (random.next_u32() & 0xff) as u8;
            }
            bytes.truncate(bytes.len() - (random.next_u32() % 3) as usize);
            let side = usize::from(datagram.dst == net.sides[1].addr);
            let from = if side == 1 { GUEST } else { HOST };
            net.inject(side, from, &bytes);
        }
    }
    net.run(ms(1000));
    let received = net.sides[1].received(VIDEO).len();
    let now = net.now;
    net.guest().send_rtp(now, packet(VIDEO, 20, 300)).unwrap();
    net.run(ms(100));
    assert_eq!(net.sides[1].received(VIDEO).len(), received + 1);
}

#[test]
fn t18_a_port_routes_rubbish_nowhere() {
    let mut port: Port<u64> = Port::new();
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let now = std::time::Instant::now();
    for length in 0..=1500 {
        for first in FIRST_BYTES {
            let bytes = hostile(&mut random, first, length);
            port.handle_datagram(now, "10.9.9.9:9".parse().unwrap(), HOST.parse().unwrap(), &bytes);
        }
    }
    assert_eq!(port.unrouted(), 1501 * 14);
    assert_eq!(port.poll_output(), runde_transport::port::Output::Wait(None));
}
