//! Loss, reorder, padding and rubbish on the way from pictures to pictures.

use super::*;
use proptest::prelude::*;
use runde_rtp::{SeqNo, Ssrc};

/// A frame whose bytes tell which one it is; the first byte says key frame or not (RFC 6386 9.1).
fn frame(n: u8, key: bool, size: usize) -> Frame {
    let mut bytes = vec![n; size];
    bytes[0] = u8::from(!key);
    Frame { bytes: bytes.into(), key, droppable: false }
}

/// Packets of pictures 0, 1, 2..., each `size` bytes, key frames where `keys` says.
fn stream(pictures: u8, size: usize, keys: &[u8]) -> Vec<Packet> {
    let (mut packetizer, mut packets) = (Packetizer::new(0x7ffe), Vec::new());
    for n in 0..pictures {
        let payloads = packetizer.split(&frame(n, keys.contains(&n), size));
        let last = payloads.len() - 1;
        for (i, payload) in payloads.into_iter().enumerate() {
            let seq = SeqNo(65_530u16.wrapping_add(u16::try_from(packets.len()).unwrap()));
            let timestamp = u32::from(n) * 3000;
            packets.push(Packet { marker: i == last, seq, timestamp, ssrc: Ssrc(1), payload, ..Packet::default() });
        }
    }
    packets
}

fn drain(assembler: &mut Assembler, now: Instant) -> Vec<u8> {
    std::iter::from_fn(|| assembler.poll(now)).map(|picture| picture.bytes[1]).collect()
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn payloads_are_nearly_equal_and_number_their_picture() {
    let mut packetizer = Packetizer::new(0x7fff);
    let payloads = packetizer.split(&frame(7, true, 2500));
    assert_eq!(payloads.iter().map(Bytes::len).collect::<Vec<_>>(), [840, 840, 838]);
    let (first, _) = Descriptor::parse(&payloads[0]).unwrap();
    let (second, _) = Descriptor::parse(&payloads[1]).unwrap();
    assert!(first.starts_picture() && !second.starts_picture() && is_key_frame(&payloads[0]));
    assert_eq!(second.picture_id, Some(PictureId::Fifteen(0x7fff)));
    let (next, _) = Descriptor::parse(&packetizer.split(&frame(8, false, 10))[0]).unwrap();
    assert_eq!(next.picture_id, Some(PictureId::Fifteen(0)));
}

/// Where no packet names a temporal layer, or all name the same one, the receivers of a Videobridge see the smallest size alone.
#[test]
fn packets_name_their_temporal_layer_and_count_the_pictures_of_the_lowest() {
    let mut packetizer = Packetizer::new(0x7ffe);
    let mut said = |n: u8, droppable| {
        let payloads = packetizer.split(&Frame { droppable, ..frame(n, n == 0, 1300) });
        let both: Vec<_> = payloads.iter().map(|payload| Descriptor::parse(payload).unwrap().0).collect();
        assert_eq!(Descriptor { start_of_partition: false, ..both[0] }, both[1]);
        let temporal = both[0].temporal.unwrap();
        (
            both[0].picture_id.unwrap().value(),
            both[0].tl0_picture_index.unwrap(),
            temporal.id,
            temporal.sync,
            both[0].non_reference,
        )
    };
    assert_eq!(said(0, false), (0x7ffe, 0xff, 0, false, false));
    assert_eq!(said(1, true), (0x7fff, 0xff, 1, true, true));
    assert_eq!(said(2, false), (0, 0, 0, false, false));
    assert_eq!(said(3, false), (1, 1, 0, false, false));
}

#[test]
fn packets_out_of_order_come_out_as_pictures_in_order() {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    let mut packets = stream(4, 3000, &[0]);
    packets.swap(1, 2);
    packets.swap(4, 8);
    let mut shown = Vec::new();
    for packet in &packets {
        assembler.push(now, packet);
        shown.extend(drain(&mut assembler, now));
    }
    assert_eq!(shown, [0, 1, 2, 3]);
}

#[test]
fn a_hole_that_is_filled_in_time_costs_nothing() {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    let packets = stream(4, 3000, &[0]);
    for packet in packets.iter().filter(|p| p.seq != packets[4].seq) {
        assembler.push(now, packet);
    }
    assert_eq!(drain(&mut assembler, now), [0]);
    assert!(!assembler.wants_key_frame(now + ms(100)));
    assembler.push(now + ms(150), &packets[4]);
    assert_eq!(drain(&mut assembler, now + ms(150)), [1, 2, 3]);
}

#[test]
fn a_hole_that_stays_costs_the_pictures_up_to_the_next_key_frame() {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    let packets = stream(8, 3000, &[0, 6]);
    let mut shown = Vec::new();
    for packet in packets.iter().filter(|p| p.seq != packets[4].seq && p.timestamp < 6 * 3000) {
        assembler.push(now, packet);
        shown.extend(drain(&mut assembler, now));
    }
    assert_eq!((shown, assembler.deadline()), (vec![0], Some(now + HOLE_WAIT)));
    let later = now + HOLE_WAIT;
    assert_eq!(drain(&mut assembler, later), []);
    assert!(assembler.wants_key_frame(later));
    assert!(!assembler.wants_key_frame(later + ms(100)), "not asked again at once");
    assert!(assembler.wants_key_frame(later + ASK_EVERY));
    for packet in packets.iter().filter(|p| p.timestamp >= 6 * 3000) {
        assembler.push(later, packet);
    }
    assert_eq!(drain(&mut assembler, later), [6, 7]);
    assert!(!assembler.wants_key_frame(later + ASK_EVERY * 2));
    assert_eq!(assembler.stats().breaks, 1);
}

#[test]
fn padding_between_pictures_is_no_hole() {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    let packets = stream(3, 100, &[0]);
    let padding = Packet { seq: packets[1].seq, timestamp: 0, ..Packet::default() };
    let moved = |packet: &Packet| Packet { seq: packet.seq.next(), ..packet.clone() };
    for packet in [packets[0].clone(), padding, moved(&packets[1]), moved(&packets[2])] {
        assembler.push(now, &packet);
    }
    assert_eq!(drain(&mut assembler, now), [0, 1, 2]);
}

#[test]
fn a_picture_that_began_before_we_came_is_not_shown_and_a_key_frame_is_asked_for() {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    assert!(!assembler.wants_key_frame(now), "nobody sends yet");
    for packet in &stream(3, 100, &[]) {
        assembler.push(now, packet);
    }
    assert_eq!(drain(&mut assembler, now), []);
    assert!(assembler.wants_key_frame(now));
}

#[test]
fn a_sender_that_begins_anew_is_followed() {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    for packet in &stream(2, 100, &[0]) {
        assembler.push(now, packet);
    }
    assert_eq!(drain(&mut assembler, now), [0, 1]);
    let back = |packet: &Packet| Packet { seq: SeqNo(packet.seq.0.wrapping_sub(9000)), ..packet.clone() };
    let mut shown = Vec::new();
    for packet in stream(80, 100, &[70]).iter().map(back) {
        assembler.push(now, &packet);
        shown.extend(drain(&mut assembler, now));
    }
    assert_eq!(shown.first(), Some(&70));
}

#[test]
fn a_flood_that_never_ends_a_picture_is_bounded() {
    let (mut assembler, now) = (Assembler::new(), Instant::now());
    for n in 0..20_000u32 {
        let payload = Bytes::from(vec![0u8; 1200]);
        let seq = SeqNo((n & 0xffff) as u16);
        assembler.push(now, &Packet { seq, timestamp: 1, payload, ..Packet::default() });
        assert!(assembler.packets.len() <= MAX_PACKETS && assembler.bytes <= MAX_BYTES);
    }
    assert_eq!(drain(&mut assembler, now), []);
}

proptest! {
    #[test]
    fn under_loss_and_reorder_pictures_come_whole_in_order_and_only_after_their_forerunners(
        lost in proptest::collection::vec(any::<proptest::sample::Index>(), 0..12),
        swaps in proptest::collection::vec((any::<proptest::sample::Index>(), 1usize..9), 0..40),
        keys in proptest::collection::btree_set(0u8..40, 0..6),
    ) {
        let mut keys: Vec<u8> = keys.into_iter().collect();
        keys.push(0);
        let mut packets = stream(40, 2000, &keys);
        for (at, far) in swaps {
            let at = at.index(packets.len());
            let other = (at + far).min(packets.len() - 1);
            packets.swap(at, other);
        }
        for at in lost { packets.remove(at.index(packets.len())); }
        let (mut assembler, mut now) = (Assembler::new(), Instant::now());
        let mut last: Option<u8> = None;
        for packet in &packets {
            now += ms(15);
            assembler.push(now, packet);
            while let Some(picture) = assembler.poll(now) {
                let n = picture.bytes[1];
                prop_assert_eq!(picture.bytes.len(), 2000);
                prop_assert!(picture.bytes[1..].iter().all(|b| *b == n), "a mix of pictures");
                prop_assert!(picture.key || last == Some(n - 1), "{n} after {last:?}");
                prop_assert!(last.is_none_or(|last| n > last));
                last = Some(n);
            }
        }
    }

    #[test]
    fn any_packets_are_taken_without_harm(
        packets in proptest::collection::vec((any::<u16>(), any::<bool>(), 0u32..4, proptest::collection::vec(any::<u8>(), 0..12)), 0..200)
    ) {
        let (mut assembler, mut now) = (Assembler::new(), Instant::now());
        for (seq, marker, timestamp, payload) in packets {
            now += ms(20);
            assembler.push(now, &Packet { seq: SeqNo(seq), marker, timestamp, payload: payload.into(), ..Packet::default() });
            while assembler.poll(now).is_some() {}
            let _ = assembler.wants_key_frame(now);
        }
    }
}
