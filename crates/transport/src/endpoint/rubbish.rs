//! RTCP from a peer whose keys are right and whose words are not: behind the seal everything is read, so everything must be bounded.

#[path = "../../tests/common/mod.rs"]
mod common;

use super::*;
use crate::rtcp;
use common::*;
use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use runde_rtp::SeqNo;

impl Endpoint {
    /// Says `compound` as it is.
    fn say(&mut self, compound: &[u8]) {
        let (Some(srtp), Some(dst)) = (&mut self.srtp, self.path) else { return };
        if let Some(sealed) = srtp.seal_rtcp(compound) {
            self.outputs.push_back(Output::Transmit { dst, bytes: sealed.freeze() });
        }
    }
}

/// Connected, with pictures of the host's that can be asked for again.
fn watching() -> Net {
    let mut net = Plan::new().start();
    net.connect();
    for seq in 0..200 {
        let now = net.now;
        net.host().send_rtp(now, packet(FROM_HOST, seq, 1_000)).unwrap();
        net.run(ms(5));
    }
    net.run(ms(100));
    assert_eq!(net.sides[0].received(FROM_HOST).len(), 200);
    net
}

/// Both directions carry media, and the host's idea of the bandwidth is one.
fn goes_on(net: &mut Net) {
    for (sender, receiver, ssrc) in [(0, 1, AUDIO), (1, 0, FROM_HOST)] {
        let before = net.sides[receiver].received(ssrc).len();
        let now = net.now;
        net.sides[sender].endpoint.send_rtp(now, packet(ssrc, 1_000, 80)).unwrap();
        net.run(ms(500));
        assert_eq!(net.sides[receiver].received(ssrc).len(), before + 1);
    }
    let bandwidth = net.host().stats().bandwidth;
    assert!((10_000..=1_000_000_000).contains(&bandwidth), "{bandwidth} bit/s");
}

/// One RTCP packet whose type is real and whose rest need not be.
fn nonsense(random: &mut ChaCha8Rng) -> Vec<u8> {
    let mut body = vec![0; (random.next_u32() % 300) as usize];
    random.fill_bytes(&mut body);
    // Half of them name a stream that exists, so that they are not put aside for that.
    if body.len() >= 8 && random.next_u32().is_multiple_of(2) {
        body[4..8].copy_from_slice(&FROM_HOST.0.to_be_bytes());
    }
    let words = if random.next_u32().is_multiple_of(2) { body.len().div_ceil(4) } else { random.next_u32() as usize };
    let kind = 200 + (random.next_u32() % 9) as u8;
    let mut packet = vec![0x80 | (random.next_u32() & 0x3f) as u8, kind];
    packet.extend_from_slice(&(words as u16).to_be_bytes());
    packet.extend(body);
    packet
}

#[test]
fn every_type_full_of_rubbish_does_no_harm() {
    let mut net = watching();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let events = net.sides[1].events.len();
    for _ in 0..3_000 {
        let compound: Vec<u8> = (0..=random.next_u32() % 3).flat_map(|_| nonsense(&mut random)).collect();
        net.guest().say(&compound);
        net.run(ms(2));
    }
    let told = net.sides[1].events.len() - events;
    assert!(told < 3_000, "{told} events of 3000 words of rubbish");
    let closed = |event: &Event| matches!(event, Event::Closed(_));
    assert!(!net.sides[1].events.iter().any(closed));
    goes_on(&mut net);
}

/// Who asks for everything again all the time would have a small line make a large one busy.
#[test]
fn a_flood_of_requests_for_everything_is_answered_within_the_bandwidth() {
    let mut net = watching();
    let seqs: Vec<SeqNo> = (0..200).map(SeqNo).collect();
    let mut request = Vec::new();
    rtcp::write_nack(NOBODY, FROM_HOST, &seqs, &mut request);
    let (before, began) = (net.host().stats().sent_bytes, net.now);
    for _ in 0..1_000 {
        net.guest().say(&request);
        net.run(ms(5));
    }
    let (sent, seconds) = (net.host().stats().sent_bytes - before, (net.now - began).as_secs());
    let allowed = net.host().stats().bandwidth / 8 * seconds;
    assert!(sent <= allowed, "{sent} bytes in {seconds} s, {allowed} fit the line; asked for: {}", 1_000 * 200 * 1_000);
    goes_on(&mut net);
}

#[test]
fn reports_of_a_lossless_or_a_dead_line_that_are_not_true_move_the_bandwidth_within_its_limits() {
    for base in [0u16, 30_000, u16::MAX] {
        let mut net = watching();
        let mut random = ChaCha8Rng::seed_from_u64(u64::from(base));
        for _ in 0..1_000 {
            let mut message = base.wrapping_add(random.next_u32() as u16 % 300).to_be_bytes().to_vec();
            message.extend_from_slice(&(random.next_u32() as u16).to_be_bytes());
            message.extend(random.next_u32().to_be_bytes());
            message.extend((0..random.next_u32() % 60 * 4).map(|_| random.next_u32() as u8));
            let mut report = Vec::new();
            rtcp::write_transport_cc(NOBODY, FROM_HOST, &message, &mut report);
            net.guest().say(&report);
            net.run(ms(5));
        }
        goes_on(&mut net);
    }
}
