//! Wild media from the peer itself, whose keys are right: streams that nobody announced, rubbish in every field, everything again, and
//! more after the goodbye. It is counted, it is not delivered, and what was announced goes on.
#![allow(clippy::unwrap_used)]

mod common;

use bytes::Bytes;
use common::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use runde_rtp::Ssrc;
use runde_transport::Event;

const FLOOD: u32 = 10_000;

fn connected() -> Net {
    let mut net = Plan::new().start();
    net.connect();
    net
}

/// One packet of sound still arrives.
fn goes_on(net: &mut Net, seq: u16) {
    let before = net.sides[1].received(AUDIO).len();
    let now = net.now;
    net.guest().send_rtp(now, packet(AUDIO, seq, 80)).unwrap();
    net.run(ms(200));
    assert_eq!(net.sides[1].received(AUDIO).len(), before + 1);
}

#[test]
fn ten_thousand_streams_that_nobody_announced_are_counted_and_not_delivered() {
    let mut net = connected();
    let events = net.sides[1].events.len();
    for number in 0..FLOOD {
        let (now, ssrc) = (net.now, Ssrc(0x1000 + number));
        net.guest().declare_tx(&tx_video(ssrc, None)).unwrap();
        net.guest().send_rtp(now, packet(ssrc, 1, 60)).unwrap();
        net.run(ms(10));
        net.guest().remove(ssrc);
    }
    let (lost, unknown) = (net.guest().stats().too_old, net.host().stats().unknown_ssrc);
    assert!(lost < u64::from(FLOOD) / 10 && unknown + lost >= u64::from(FLOOD), "{unknown} came, {lost} were given up");
    let delivered = |event: &Event| matches!(event, Event::Rtp(packet, _) if packet.ssrc.0 >= 0x1000);
    assert!(!net.sides[1].events[events..].iter().any(delivered));
    goes_on(&mut net, 1);
}

#[test]
fn every_payload_type_and_extensions_full_of_rubbish_do_no_harm() {
    let mut net = connected();
    let mut random = ChaCha8Rng::seed_from_u64(5);
    for number in 0..1_000u16 {
        let mut wild = packet(VIDEO, number.wrapping_mul(7_919), 400);
        wild.payload_type = (number % 128) as u8;
        wild.timestamp = random.next_u32();
        wild.extensions = (0..random.next_u32() % 4)
            .map(|_| {
                let mut value = vec![0; (random.next_u32() % 256) as usize];
                random.fill_bytes(&mut value);
                ((random.next_u32() % 255 + 1) as u8, Bytes::from(value))
            })
            .collect();
        let mut payload = vec![0; (random.next_u32() % 300) as usize];
        random.fill_bytes(&mut payload);
        wild.payload = payload.into();
        let now = net.now;
        // What is too long to be sent is refused here; everything else goes out.
        let _ = net.guest().send_rtp(now, wild);
        net.run(ms(10));
    }
    assert!(net.host().stats().received_packets >= 500, "{:?}", net.host().stats());
    goes_on(&mut net, 1);
}

#[test]
fn everything_said_again_is_delivered_no_second_time_and_after_the_goodbye_not_at_all() {
    let mut net = connected();
    for seq in 0..50 {
        let now = net.now;
        net.guest().send_rtp(now, packet(VIDEO, seq, 300)).unwrap();
        net.run(ms(20));
    }
    let said: Vec<_> = net.seen.iter().filter(|datagram| datagram.dst == net.sides[1].addr).cloned().collect();
    let delivered = net.sides[1].received(VIDEO).len();
    assert_eq!(delivered, 50);
    for datagram in said.iter().cycle().take(4 * said.len()) {
        net.inject(1, GUEST, &datagram.bytes);
    }
    assert_eq!(net.sides[1].received(VIDEO).len(), delivered);
    assert!(net.host().stats().refused >= 200, "{:?}", net.host().stats());
    goes_on(&mut net, 1);

    let now = net.now;
    net.host().close(now);
    net.run(ms(500));
    let (events, seen) = (net.sides[1].events.len(), net.seen.len());
    for datagram in &said {
        net.inject(1, GUEST, &datagram.bytes);
    }
    net.drain();
    let media = |event: &Event| matches!(event, Event::Rtp(..));
    assert!(!net.sides[1].events[events..].iter().any(media));
    assert!(net.seen[seen..].iter().all(|datagram| !datagram.is_rtp()), "nothing of ours answers");
}
