//! What holds for any bytes and any packet.

use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use runde_rtp::vp8::{Descriptor, PictureId, Temporal};
use runde_rtp::{Codec, Extender, Packet, SeqNo, Ssrc, View, av1, ext, h264, rtx, vp8, vp9};

fn value(max: usize) -> impl Strategy<Value = Bytes> {
    vec(any::<u8>(), 0..=max).prop_map(Bytes::from)
}

prop_compose! {
    fn packet()(
        payload_type in 0u8..128, marker: bool, seq: u16, timestamp: u32, ssrc: u32,
        extensions in vec((1u8..=255, value(40)), 0..Packet::MAX_EXTENSIONS), payload in value(1400),
    ) -> Packet {
        Packet { payload_type, marker, seq: SeqNo(seq), timestamp, ssrc: Ssrc(ssrc), extensions, payload }
    }
}

prop_compose! {
    fn descriptor()(
        non_reference: bool, start_of_partition: bool, partition in 0u8..8,
        picture_id in proptest::option::of(prop_oneof![
            (0u8..128).prop_map(PictureId::Seven), (0u16..32768).prop_map(PictureId::Fifteen)]),
        tl0_picture_index: Option<u8>,
        temporal in proptest::option::of((0u8..4, any::<bool>()).prop_map(|(id, sync)| Temporal { id, sync })),
        key_index in proptest::option::of(0u8..32),
    ) -> Descriptor {
        Descriptor { non_reference, start_of_partition, partition, picture_id, tl0_picture_index, temporal, key_index }
    }
}

proptest! {
    #[test]
    fn a_packet_written_and_read_is_the_same(packet in packet()) {
        let mut bytes = Vec::new();
        packet.encode(&mut bytes);
        prop_assert_eq!(Packet::parse(Bytes::from(bytes)).unwrap(), packet);
    }

    #[test]
    fn a_descriptor_written_and_read_is_the_same(descriptor in descriptor(), rest in vec(any::<u8>(), 0..20)) {
        let mut bytes = Vec::new();
        descriptor.write(&mut bytes);
        bytes.extend_from_slice(&rest);
        prop_assert_eq!(Descriptor::parse(&bytes).unwrap(), (descriptor, &rest[..]));
    }

    #[test]
    fn any_bytes_are_read_or_refused_without_panic(mut bytes in vec(any::<u8>(), 0..300), looks_right: bool) {
        if let (true, Some(first)) = (looks_right, bytes.first_mut()) {
            *first = *first & 0x3f | 0x80;
        }
        let _ = (vp8::is_key_frame(&bytes), vp8::key_frame_size(&bytes));
        let _ = (vp9::Descriptor::parse(&bytes), h264::is_key_frame(&bytes), av1::is_key_frame(&bytes));
        let _ = av1::Descriptor::parse(&bytes, None);
        let _ = (ext::AudioLevel::parse(&bytes), ext::AbsSendTime::parse(&bytes));
        if let Ok(view) = View::parse(&bytes) {
            prop_assert!(view.extensions().count() <= bytes.len());
            prop_assert!(view.payload().len() <= bytes.len() - 12);
        }
        if let Ok(packet) = Packet::parse(Bytes::from(bytes)) {
            let _ = rtx::decapsulate(&packet, Ssrc(1), 100);
        }
    }

    #[test]
    fn any_packet_is_looked_at_and_renumbered_without_panic_or_another_length(
        payloads in vec((value(60), value(60)), 1..20), picture: u16, tl0: u8,
    ) {
        for codec in [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::Av1 { descriptor: 11 }, Codec::H264] {
            let mut structure = None;
            for (payload, descriptor) in &payloads {
                let extensions = vec![(11, descriptor.clone())];
                let mut packet = Packet { payload: payload.clone(), extensions, ..Packet::default() };
                let before = codec.look(&packet, &mut structure);
                prop_assert!(usize::from(before.spatial) < runde_rtp::MAX_SPATIAL);
                let (numbers, size) = (codec.numbers(&packet), packet.payload.len());
                codec.renumber(&mut packet, picture, tl0);
                // A VP8 descriptor is written anew, and what it holds of unused bits and fields is not.
                prop_assert!(codec == Codec::Vp8 || packet.payload.len() == size);
                prop_assert_eq!(codec.numbers(&packet).picture.is_some(), numbers.picture.is_some());
            }
        }
    }

    #[test]
    fn vp9_numbers_move_and_come_back(start in 0u16..0x8000, steps: u16, tl0: u8, moved: u8, rest in value(30)) {
        let mut payload = vec![0xa8];
        payload.extend_from_slice(&(start | 0x8000).to_be_bytes());
        payload.extend_from_slice(&[0x00, tl0]);
        payload.extend_from_slice(&rest);
        let original = Packet { payload: payload.into(), ..Packet::default() };
        let mut packet = original.clone();
        Codec::Vp9.renumber(&mut packet, steps, moved);
        let numbers = Codec::Vp9.numbers(&packet);
        prop_assert_eq!(numbers.picture, Some(start.wrapping_add(steps) & 0x7fff));
        prop_assert_eq!(numbers.tl0, Some(tl0.wrapping_add(moved)));
        Codec::Vp9.renumber(&mut packet, 0u16.wrapping_sub(steps), 0u8.wrapping_sub(moved));
        prop_assert_eq!(packet, original);
    }

    #[test]
    fn a_retransmission_unwraps_to_what_was_lost(packet in packet(), seq: u16) {
        let wrapped = rtx::encapsulate(&packet, Ssrc(9), 96, SeqNo(seq));
        let expected = (!packet.payload.is_empty()).then(|| packet.clone());
        prop_assert_eq!(rtx::decapsulate(&wrapped, packet.ssrc, packet.payload_type), expected);
    }

    #[test]
    fn unrolled_numbers_keep_their_low_bits_and_their_distance(start: u16, steps in vec(-300i16..300, 1..200)) {
        let mut extender = Extender::default();
        let mut seq = SeqNo(start);
        let mut last = extender.extend(seq);
        for step in steps {
            seq = SeqNo(seq.0.wrapping_add_signed(step));
            let unrolled = extender.extend(seq);
            prop_assert_eq!(unrolled & 0xffff, u64::from(seq.0));
            // A walk that drifts more than half a lap below its highest number is another lap for anyone.
            if extender.highest().unwrap() - unrolled < 30_000 && extender.highest().unwrap() - last < 30_000 {
                prop_assert_eq!(unrolled.cast_signed() - last.cast_signed(), i64::from(step));
            }
            last = unrolled;
        }
    }
}
