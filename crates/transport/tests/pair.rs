//! A guest and its host, joined in memory: what a session goes through from the first check to the goodbye.
#![allow(clippy::unwrap_used)]

mod common;

use std::collections::BTreeSet;
use std::net::SocketAddr;

use common::*;
use runde_rtp::{SeqNo, Ssrc, View, rtx};
use runde_transport::{Candidate, CloseReason, Credentials, Event, IceRole, Identity, Mode, Profile, TransportError};

fn connected() -> Net {
    let mut net = Plan::new().start();
    net.connect();
    net
}

/// The guest sends `count` video packets, 5 ms apart.
fn send_video(net: &mut Net, count: u16) {
    for seq in 0..count {
        let now = net.now;
        net.guest().send_rtp(now, packet(VIDEO, seq, 1000)).unwrap();
        net.run(ms(5));
    }
    net.run(ms(1000));
}

/// The host forwards `count` video packets, 5 ms apart, and answers NACKs as a room would.
fn forward_video(net: &mut Net, count: u16) {
    let (mut rtx_seq, mut looked_at) = (SeqNo(0), net.sides[1].events.len());
    for seq in 0..count + 200 {
        let now = net.now;
        if seq < count {
            let mut bytes = Vec::new();
            packet(FROM_HOST, seq, 1000).encode(&mut bytes);
            net.host().send_forwarded(now, &bytes).unwrap();
        }
        net.run(ms(5));
        let events = net.sides[1].events.split_off(looked_at);
        for event in &events {
            let Event::Nacked { ssrc, seqs } = event else { continue };
            assert_eq!(*ssrc, FROM_HOST);
            for seq in seqs {
                rtx_seq = rtx_seq.next();
                let repair = rtx::encapsulate(&packet(FROM_HOST, seq.0, 1000), FROM_HOST_RTX, 96, rtx_seq);
                let now = net.now;
                net.host().send_rtp(now, repair).unwrap();
            }
        }
        net.sides[1].events.extend(events);
        looked_at = net.sides[1].events.len();
    }
}

fn distinct(side: &Side, ssrc: Ssrc) -> usize {
    let received = side.received(ssrc);
    let distinct: BTreeSet<u16> = received.iter().map(|packet| packet.seq.0).collect();
    assert_eq!(distinct.len(), received.len(), "nothing is delivered twice");
    assert!(received.iter().all(|packet| packet.payload[..2] == packet.seq.0.to_be_bytes()));
    distinct.len()
}

#[test]
fn they_connect_with_gcm_and_exchange_sound_and_picture_both_ways() {
    let mut net = connected();
    let profile = Profile::Aes128Gcm;
    assert!(net.sides.iter().all(|side| side.saw(&Event::Connected { profile })));
    for seq in 0..50 {
        let now = net.now;
        net.guest().send_rtp(now, packet(AUDIO, seq, 80)).unwrap();
        net.guest().send_rtp(now, packet(VIDEO, seq, 1000)).unwrap();
        let mut bytes = Vec::new();
        packet(FROM_HOST, seq, 1000).encode(&mut bytes);
        net.host().send_forwarded(now, &bytes).unwrap();
        net.run(ms(20));
    }
    net.run(ms(500));
    assert_eq!(net.sides[1].received(AUDIO).len(), 50);
    assert_eq!(net.sides[1].received(VIDEO).len(), 50);
    assert_eq!(net.sides[0].received(FROM_HOST).len(), 50);
    let sound = net.sides[1].received(AUDIO)[0];
    assert_eq!(sound.extension(1), Some(&[0x85][..]), "the audio level passes through");
    assert_eq!(sound.extension(3).map(<[u8]>::len), Some(3), "the send time is stamped");
    assert_eq!(sound.extension(5).map(<[u8]>::len), Some(2), "and the transport-wide number");
}

#[test]
fn a_guest_that_the_host_was_never_told_of_is_found_by_its_checks() {
    let mut plan = Plan::new();
    plan.host_knows_guest = false;
    let mut net = plan.start();
    net.connect();
    assert_eq!(net.sides[1].endpoint.path(), Some(GUEST.parse::<SocketAddr>().unwrap()));
}

#[test]
fn five_percent_loss_is_repaired_towards_the_host() {
    let mut net = connected();
    net.fate = lossy(50);
    send_video(&mut net, 2000);
    // The first or last of a stream may be lost unnoticed: nothing lies beyond it.
    assert!(distinct(&net.sides[1], VIDEO) >= 1998);
    assert!(net.host().stats().repaired > 50);
}

#[test]
fn five_percent_loss_is_repaired_towards_the_guest() {
    let mut net = connected();
    net.fate = lossy(50);
    forward_video(&mut net, 2000);
    assert!(distinct(&net.sides[0], FROM_HOST) >= 1998);
    assert!(net.guest().stats().repaired > 50);
}

/// A packet of an SSRC that the guest does not know, with a `mid` in extension 10.
fn stranger(ssrc: u32, seq: u16, mid: &'static [u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let extensions = vec![(10, bytes::Bytes::from_static(mid))];
    runde_rtp::Packet { extensions, ..packet(Ssrc(ssrc), seq, 100) }.encode(&mut bytes);
    bytes
}

fn with_mids() -> Net {
    let mut plan = Plan::new();
    plan.configs[0].extensions.mid = Some(10);
    let mut net = plan.start();
    net.connect();
    net
}

fn unannounced(net: &Net) -> Vec<(Ssrc, Ssrc)> {
    let told = |event: &Event| {
        let Event::Unannounced { ssrc, stream, .. } = event else { return None };
        Some((*ssrc, *stream))
    };
    net.sides[0].events.iter().filter_map(told).collect()
}

#[test]
fn an_unknown_ssrc_with_the_mid_of_a_known_stream_is_told_and_one_without_is_not() {
    let mut net = with_mids();
    net.host().declare_tx(&tx_video(Ssrc(77), None)).unwrap();
    let send = |net: &mut Net, seq, mid| {
        let now = net.now;
        net.host().send_forwarded(now, &stranger(77, seq, mid)).unwrap();
        net.run(ms(50));
    };
    send(&mut net, 1, b"v0");
    assert_eq!(unannounced(&net), [], "nobody said what the mid means");
    net.guest().expect_mid(FROM_HOST, "v0");
    send(&mut net, 2, b"v1");
    assert_eq!(unannounced(&net), []);
    send(&mut net, 3, b"v0");
    assert_eq!(unannounced(&net), [(Ssrc(77), FROM_HOST)]);
    assert!(net.sides[0].received(Ssrc(77)).is_empty(), "who it belongs to is not decided here");
    net.guest().remove(FROM_HOST);
    send(&mut net, 4, b"v0");
    assert_eq!(unannounced(&net).len(), 1, "the stream is gone, and its mid with it");
}

#[test]
fn a_flood_of_unknown_ssrcs_with_a_known_mid_is_looked_at_ten_times_a_second_and_forged_ones_say_nothing() {
    let mut net = with_mids();
    net.guest().expect_mid(FROM_HOST, "v0");
    for ssrc in 0..1000 {
        net.inject(0, HOST, &stranger(100_000 + ssrc, 1, b"v0"));
    }
    assert_eq!(unannounced(&net), [], "not sealed by the host");
    net.run(ms(1100));
    for ssrc in 200_000..200_100 {
        net.host().declare_tx(&tx_video(Ssrc(ssrc), None)).unwrap();
        let now = net.now;
        net.host().send_forwarded(now, &stranger(ssrc, 1, b"v0")).unwrap();
    }
    net.run(ms(200));
    assert_eq!(unannounced(&net).len(), 10);
}

#[test]
fn trap_1_a_forged_request_neither_changes_the_role_nor_is_answered() {
    let mut net = Plan::new().start();
    net.connect();
    let own_check = net
        .seen
        .iter()
        .find(|datagram| datagram.is_stun() && datagram.src == net.sides[1].addr && datagram.bytes[..2] == [0, 1]);
    let mut forged = own_check.unwrap().bytes.to_vec();
    // ICE-CONTROLLING becomes ICE-CONTROLLED with the lowest tie-breaker: an agent that believes it wins the
    // conflict and takes the role (RFC 8445 section 7.3.1.1).
    let at = forged.windows(2).position(|window| window == [0x80, 0x2a]).unwrap();
    forged[at + 1] = 0x29;
    forged[at + 4..at + 12].fill(0x00);
    let before = net.seen.len();
    net.inject(0, HOST, &forged);
    net.inject(0, "10.9.9.9:9", &forged);
    assert_eq!(net.seen.len(), before, "no answer");
    net.seen.clear();
    net.run(ms(5_000));
    let checks: Vec<_> = net
        .seen
        .iter()
        .filter(|datagram| datagram.is_stun() && datagram.src == net.sides[0].addr && datagram.bytes[..2] == [0, 1])
        .collect();
    assert!(!checks.is_empty());
    assert!(checks.iter().all(|check| check.bytes.windows(2).any(|window| window == [0x80, 0x29])), "still controlled");
}

#[test]
fn trap_2_and_8_a_guest_that_moves_keeps_its_picture_and_its_association() {
    let mut net = connected();
    forward_video(&mut net, 100);
    net.sides[0].addr = "10.0.0.77:6000".parse().unwrap();
    net.sides[0].events.clear();
    let moved = net.now;
    for seq in 0..400 {
        let now = net.now;
        net.guest().send_rtp(now, packet(AUDIO, seq, 80)).unwrap();
        let mut bytes = Vec::new();
        packet(FROM_HOST, 1000 + seq, 500).encode(&mut bytes);
        net.host().send_forwarded(now, &bytes).unwrap();
        net.run(ms(20));
    }
    assert!(net.sides[1].saw(&Event::PathChanged));
    assert_eq!(net.sides[1].endpoint.path(), Some("10.0.0.77:6000".parse::<SocketAddr>().unwrap()));
    let first =
        net.sides[0].events.iter().find_map(|event| if let Event::Rtp(_, at) = event { Some(*at) } else { None });
    assert!(first.is_some_and(|at| at - moved < ms(3_500)), "{:?}", first.map(|at| at - moved));
    assert_eq!(net.sides[1].events.iter().filter(|event| matches!(event, Event::Connected { .. })).count(), 1);
    assert!(net.sides[0].received(FROM_HOST).len() > 220);
    // Still one association: the goodbye said from the new address is authentic to the host.
    let now = net.now;
    net.guest().close(now);
    net.run(ms(100));
    assert!(net.sides[1].saw(&Event::Closed(CloseReason::ByPeer)));
}

#[test]
fn a_silent_guest_that_moved_is_followed_at_once_when_it_asks_for_a_sign_of_life() {
    let mut net = connected();
    net.run(ms(2_000));
    net.sides[0].addr = "10.0.0.77:6000".parse().unwrap();
    let (moved, before) = (net.now, net.guest().heard());
    // No media: without the question the agent's own check may be two seconds away.
    net.guest().check_path(moved);
    net.run(ms(25));
    assert!(net.guest().heard() > before && net.guest().heard() > Some(moved), "the answer came to the new address");
    for _ in 0..4 {
        net.run(ms(500));
        let now = net.now;
        net.guest().check_path(now);
    }
    assert_eq!(net.sides[1].endpoint.path(), Some("10.0.0.77:6000".parse::<SocketAddr>().unwrap()));
}

#[test]
fn trap_3_dtls_from_an_address_that_ice_has_not_validated_is_not_looked_at() {
    let mut net = Plan::new().start();
    let mut hello = vec![22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 60, 1, 0, 0, 48, 0, 0, 0, 0, 0, 0, 0, 48];
    hello.resize(13 + 60, 0);
    net.inject(1, "10.9.9.9:9", &hello);
    assert_eq!(net.host().stats().refused, 1);
    net.connect();
    let before = net.host().stats().refused;
    net.inject(1, "10.9.9.9:9", &hello);
    assert_eq!(net.host().stats().refused, before + 1);
}

#[test]
fn trap_5_a_repaired_packet_is_not_asked_for_again() {
    let mut net = connected();
    let mut dropped = false;
    net.fate = Box::new(move |datagram| {
        let drop = !dropped && datagram.is_rtp() && datagram.ssrc() == FROM_HOST.0 && datagram.bytes[2..4] == [0, 10];
        dropped |= drop;
        !drop
    });
    forward_video(&mut net, 100);
    assert_eq!(distinct(&net.sides[0], FROM_HOST), 100);
    let nacked = |event: &&Event| matches!(event, Event::Nacked { .. });
    let count = net.sides[1].events.iter().filter(nacked).count();
    assert!((1..=2).contains(&count), "{count} NACKs for one loss that was repaired within a round trip");
}

#[test]
fn trap_5_a_packet_never_repaired_is_asked_for_a_limited_number_of_times() {
    let mut net = connected();
    net.fate =
        Box::new(|datagram| !(datagram.is_rtp() && datagram.ssrc() == FROM_HOST.0 && datagram.bytes[2..4] == [0, 10]));
    for seq in 0..600 {
        let now = net.now;
        net.host().send_rtp(now, packet(FROM_HOST, seq, 500)).unwrap();
        net.run(ms(5));
    }
    let nacked = |event: &&Event| matches!(event, Event::Nacked { .. });
    let count = net.sides[1].events.iter().filter(nacked).count();
    assert!((2..=8).contains(&count), "{count}");
}

#[test]
fn trap_5_copies_sent_as_padding_are_delivered_once() {
    let mut net = connected();
    for seq in 0..100 {
        let now = net.now;
        net.host().send_rtp(now, packet(FROM_HOST, seq, 500)).unwrap();
        let copy = rtx::encapsulate(&packet(FROM_HOST, seq, 500), FROM_HOST_RTX, 96, SeqNo(seq));
        net.host().send_rtp(now, copy).unwrap();
        net.run(ms(5));
    }
    net.run(ms(100));
    assert_eq!(distinct(&net.sides[0], FROM_HOST), 100);
    assert_eq!(net.guest().stats().duplicates, 100);
}

#[test]
fn trap_6_without_rtx_a_nack_is_never_answered_with_the_same_index() {
    let mut net = connected();
    let lone = Ssrc(0x77);
    net.guest().declare_tx(&tx_video(lone, None)).unwrap();
    // The host believes it could be repaired, and asks.
    net.host().declare_rx(&rx_video(lone, Some(Ssrc(0x78)))).unwrap();
    net.fate = Box::new(|datagram| !(datagram.is_rtp() && datagram.ssrc() == 0x77 && datagram.bytes[2..4] == [0, 10]));
    net.seen.clear();
    for seq in 0..100 {
        let now = net.now;
        net.guest().send_rtp(now, packet(lone, seq, 500)).unwrap();
        net.run(ms(5));
    }
    let sent: Vec<_> =
        net.seen.iter().filter(|datagram| datagram.is_rtp()).map(|datagram| datagram.bytes[2..12].to_vec()).collect();
    let distinct: BTreeSet<_> = sent.iter().collect();
    assert_eq!(sent.len(), distinct.len(), "no index left twice");
}

#[test]
fn trap_6_the_room_cannot_send_an_index_twice_either() {
    let mut net = connected();
    let now = net.now;
    net.host().send_rtp(now, packet(FROM_HOST, 7, 500)).unwrap();
    let again = net.host().send_rtp(now, packet(FROM_HOST, 7, 501));
    assert_eq!(again, Err(TransportError::RepeatedIndex { ssrc: FROM_HOST.0, seq: 7 }));
}

#[test]
fn trap_8_no_agent_asks_the_local_network_for_names() {
    let mut net = Plan::new().start();
    net.run(ms(20_000));
    let known: [SocketAddr; 2] = [GUEST.parse().unwrap(), HOST.parse().unwrap()];
    assert!(net.seen.iter().all(|datagram| known.contains(&datagram.dst)));
}

#[test]
fn trap_9_every_packet_of_a_guest_repairs_included_bears_one_fresh_number() {
    let mut net = connected();
    net.fate = lossy(100);
    send_video(&mut net, 500);
    net.fate = lossy(0);
    let rtp: Vec<_> =
        net.seen.iter().filter(|datagram| datagram.is_rtp() && datagram.src == net.sides[0].addr).collect();
    let numbers: Vec<u16> = rtp
        .iter()
        .map(|datagram| {
            let mut clear = datagram.bytes.to_vec();
            clear[0] &= 0xdf;
            let view = View::parse(&clear).unwrap();
            let number = view.extension(5).unwrap();
            u16::from_be_bytes([number[0], number[1]])
        })
        .collect();
    assert!(rtp.iter().any(|datagram| datagram.ssrc() == VIDEO_RTX.0));
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "consecutive in the order of sending");
}

#[test]
fn trap_10_transport_wide_feedback_comes_without_being_asked_and_lifts_both_estimates() {
    let mut net = connected();
    for seq in 0..1500 {
        let now = net.now;
        net.guest().send_rtp(now, packet(VIDEO, seq, 1000)).unwrap();
        net.host().send_rtp(now, packet(FROM_HOST, seq, 1000)).unwrap();
        net.run(ms(5));
    }
    for side in &net.sides {
        let estimates: Vec<u64> = side
            .events
            .iter()
            .filter_map(|event| if let Event::Bandwidth { bps } = event { Some(*bps) } else { None })
            .collect();
        assert!(estimates.last().is_some_and(|bps| *bps > 1_500_000), "{estimates:?}");
    }
}

#[test]
fn key_frame_requests_reach_the_other_side() {
    let mut net = connected();
    let now = net.now;
    net.guest().request_key_frame(now, FROM_HOST);
    net.host().request_key_frame(now, VIDEO);
    net.run(ms(50));
    assert!(net.sides[0].saw(&Event::KeyFrameRequested { ssrc: VIDEO }));
    assert!(net.sides[1].saw(&Event::KeyFrameRequested { ssrc: FROM_HOST }));
}

#[test]
fn a_sender_learns_once_a_report_how_much_of_its_sound_was_lost() {
    let mut net = connected();
    net.fate = lossy(200);
    for seq in 0..500 {
        let now = net.now;
        net.guest().send_rtp(now, packet(AUDIO, seq, 100)).unwrap();
        net.run(ms(10));
    }
    let share = net.guest().take_loss(AUDIO).unwrap();
    assert!((25..=80).contains(&share), "a fifth is 51 of 256, not {share}");
    assert_eq!(net.guest().take_loss(AUDIO), None, "taken");
    assert_eq!(net.guest().take_loss(FROM_HOST), None, "nothing of ours");
}

#[test]
fn the_round_trip_is_measured_on_both_sides() {
    let mut net = connected();
    net.delay = ms(40);
    send_video(&mut net, 400);
    forward_video(&mut net, 400);
    for side in &net.sides {
        let round_trip = side.endpoint.stats().round_trip.unwrap();
        assert!(round_trip >= ms(79) && round_trip <= ms(95), "{round_trip:?}");
    }
}

#[test]
fn an_ice_restart_keeps_media_flowing_and_the_association() {
    let mut net = connected();
    let identity = Identity::generate().unwrap();
    let (guest, host) = (Credentials::generate(&identity).unwrap(), Credentials::generate(&identity).unwrap());
    let now = net.now;
    net.host().ice_restart(now, host.clone(), &guest, &[]).unwrap();
    let candidates = [Candidate::host(HOST.parse().unwrap())];
    net.guest().ice_restart(now, guest, &host, &candidates).unwrap();
    for seq in 0..100 {
        let now = net.now;
        net.guest().send_rtp(now, packet(AUDIO, seq, 80)).unwrap();
        net.host().send_rtp(now, packet(FROM_HOST, seq, 80)).unwrap();
        net.run(ms(20));
    }
    assert_eq!(net.sides[1].received(AUDIO).len(), 100);
    assert_eq!(net.sides[0].received(FROM_HOST).len(), 100);
    net.run(ms(20_000));
    assert!(net.sides.iter().all(|side| !side.events.iter().any(|event| matches!(event, Event::Closed(_)))));
}

#[test]
fn whoever_controls_they_connect() {
    use IceRole::{FullControlled, FullControlling, Lite};
    for roles in [
        [FullControlling, Lite],
        [FullControlled, FullControlling],
        [FullControlling, FullControlled],
        [FullControlling, FullControlling],
        [FullControlled, FullControlled],
    ] {
        let mut plan = Plan::new();
        plan.host_knows_guest = roles[1] != Lite;
        for (config, role) in plan.configs.iter_mut().zip(roles) {
            config.role = role;
        }
        plan.configs[1].mode = if roles[1] == Lite { Mode::Lean } else { Mode::Chain };
        let mut net = plan.start();
        net.connect();
    }
}

#[test]
fn a_wrong_certificate_ends_it() {
    let mut plan = Plan::new();
    plan.fingerprints[0] = plan.fingerprints[1].clone();
    let mut net = plan.start();
    net.run(ms(5_000));
    assert!(net.sides[0].saw(&Event::Closed(CloseReason::WrongFingerprint)));
    assert!(!net.sides[0].is_connected());
}

#[test]
fn silence_ends_consent_after_fifteen_seconds_on_both_sides() {
    let mut net = connected();
    net.fate = Box::new(|_| false);
    net.run(ms(12_000));
    assert!(net.sides.iter().all(|side| !side.saw(&Event::Closed(CloseReason::ConsentExpired))));
    net.run(ms(7_000));
    assert!(net.sides.iter().all(|side| side.saw(&Event::Closed(CloseReason::ConsentExpired))));
}

#[test]
fn nobody_there_ends_the_attempt_after_thirty_seconds() {
    let mut net = Plan::new().start();
    net.fate = Box::new(|_| false);
    net.run(ms(31_000));
    assert!(net.sides.iter().all(|side| side.saw(&Event::Closed(CloseReason::IceFailed))));
}

#[test]
fn a_goodbye_is_understood() {
    let mut net = connected();
    let now = net.now;
    net.guest().close(now);
    net.run(ms(100));
    assert!(net.sides[1].saw(&Event::Closed(CloseReason::ByPeer)));
}

#[test]
fn loss_of_one_packet_in_five_still_lets_them_connect() {
    let mut plan = 7u32;
    for _ in 0..5 {
        let mut net = Plan::new().start();
        net.fate = Box::new(move |_| {
            plan = plan.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            plan >> 24 >= 51
        });
        net.connect();
        plan = plan.wrapping_add(77);
    }
}

#[test]
fn streams_come_and_go_at_any_time_and_unknown_ones_are_counted() {
    let mut net = connected();
    let late = Ssrc(0x55);
    net.guest().declare_tx(&tx_video(late, Some(Ssrc(0x56)))).unwrap();
    let send = |net: &mut Net, seqs: std::ops::Range<u16>| {
        for seq in seqs {
            let now = net.now;
            net.guest().send_rtp(now, packet(late, seq, 500)).unwrap();
            net.run(ms(10));
        }
    };
    send(&mut net, 0..10);
    assert_eq!(net.host().stats().unknown_ssrc, 10);
    net.host().declare_rx(&rx_video(late, Some(Ssrc(0x56)))).unwrap();
    assert!(net.host().declare_rx(&rx_video(Ssrc(0x56), None)).is_err());
    send(&mut net, 10..20);
    assert_eq!(net.sides[1].received(late).len(), 10);
    net.host().remove(late);
    send(&mut net, 20..30);
    assert_eq!(net.sides[1].received(late).len(), 10);
    net.guest().remove(late);
    let now = net.now;
    assert_eq!(net.guest().send_rtp(now, packet(late, 40, 500)), Err(TransportError::UnknownSsrc(0x55)));
}
