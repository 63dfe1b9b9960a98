//! Other codecs than VP8: three streams or one with three spatial layers, and a sender that goes from one to another.

use crate::stage::{HEIGHTS, Stage, slots_of, ssrc, wants};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use runde_rtp::{Codec, Packet, SeqNo, Ssrc, av1, rtx, vp8};
use runde_sfu::{EndpointId, Format, Input, Kind, OFFERED};
use std::collections::BTreeMap;

const AV1: Codec = Codec::Av1 { descriptor: 11 };
/// The structure of a stream with three spatial and three temporal layers as Chromium sends it with a key frame, behind the
/// first three bytes of the descriptor: templates 15 and up, 180, 360 and 720 lines.
const STRUCTURE: &str = "81e81485214eaaaaa8000600004000100002aa80a8000600004000100002a000a80006000040\
    0016d549241b5524906d54923157e001974ca864330e222396eca8655304224390eca87753013f00b3027f016704ff02cf";
/// A structure without layers, chains or sizes: template 0.
const PLAIN: [u8; 3] = [0x80, 0x00, 0xe0];

/// One packet of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Part {
    codec: Codec,
    key: bool,
    stream: u32,
    /// Which of so many spatial layers.
    spatial: u8,
    of: u8,
    picture: u16,
    /// Counts the layers of all pictures (AV1).
    frame: u16,
}

impl Part {
    fn ends(self) -> bool {
        self.spatial + 1 == self.of
    }

    fn payload(self) -> Vec<u8> {
        match self.codec {
            Codec::Vp8 => {
                let mut payload = Vec::new();
                let picture_id = Some(vp8::PictureId::Fifteen(self.picture & 0x7fff));
                vp8::Descriptor { start_of_partition: true, picture_id, ..vp8::Descriptor::default() }
                    .write(&mut payload);
                payload.push(u8::from(!self.key));
                payload
            }
            Codec::Vp9 => self.vp9(),
            Codec::H264 if self.key => vec![0x78, 0, 2, 0x67, 0x42, 0, 1, 0x68, 0, 2, 0x65, 0x88],
            Codec::H264 => vec![0x41, 0x9a],
            Codec::Av1 { .. } => vec![if self.key && self.spatial == 0 { 0x18 } else { 0x10 }, 0x32],
            Codec::Opus => Vec::new(),
        }
    }

    fn vp9(self) -> Vec<u8> {
        let structure = self.key && self.spatial == 0;
        let head = 0xac | u8::from(!self.key) << 6 | u8::from(structure) << 1;
        let id = (self.picture | 0x8000).to_be_bytes();
        let mut payload = vec![head, id[0], id[1], self.spatial << 1 | u8::from(self.spatial > 0), self.picture as u8];
        if structure {
            payload.push((self.of - 1) << 5 | 0x10);
            let first = if self.of == 1 { self.stream as usize } else { 0 };
            for lines in &HEIGHTS[first..first + usize::from(self.of)] {
                payload.extend_from_slice(&[(lines * 2).to_be_bytes(), lines.to_be_bytes()].concat());
            }
        }
        payload
    }

    /// The dependency descriptor.
    fn descriptor(self) -> Vec<u8> {
        let template = if self.of == 1 { 0 } else { template_of(self.spatial) };
        let mut value = vec![0xc0 | template];
        value.extend_from_slice(&self.frame.to_be_bytes());
        if self.key && self.spatial == 0 {
            let of_stream = if self.of == 1 { PLAIN.to_vec() } else { bytes(STRUCTURE) };
            value.extend_from_slice(&of_stream);
        }
        value
    }

    fn packet(self, at: Ssrc, seq: u16, timestamp: u32) -> Packet {
        let format = OFFERED.iter().find(|format| format.codec == self.codec).expect("a codec of the offer");
        let mut payload = self.payload();
        payload.resize(300, self.stream as u8);
        let descriptor = (self.codec == AV1).then(|| (11, Bytes::from(self.descriptor())));
        Packet {
            payload_type: format.payload_type,
            marker: self.ends(),
            seq: SeqNo(seq),
            timestamp,
            ssrc: at,
            extensions: descriptor.into_iter().chain([(5, Bytes::from_static(&[0, 1]))]).collect(),
            payload: payload.into(),
        }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hexadecimal")).collect()
}

/// The number of a template of this spatial layer.
fn template_of(spatial: u8) -> u8 {
    let key = [vec![0xcf, 0, 0], bytes(STRUCTURE)].concat();
    let structure = av1::Descriptor::parse(&key, None).ok().and_then(|key| key.structure).expect("a structure");
    let is = |template: &u8| {
        av1::Descriptor::parse(&[*template, 0, 0], Some(&structure)).is_ok_and(|of| of.spatial == Some(spatial))
    };
    (0..64).find(is).expect("a template of each layer")
}

/// Guest 1's camera.
struct Camera {
    codec: Codec,
    /// Spatial layers of each stream.
    of: u8,
    pictures: u16,
    frames: u16,
    wanted: BTreeMap<Ssrc, bool>,
}

impl Camera {
    fn new(codec: Codec, of: u8) -> Self {
        Self { codec, of, pictures: 0, frames: 0, wanted: BTreeMap::new() }
    }

    /// The encoder is another from now on; it begins with a key frame.
    fn switch(&mut self, codec: Codec, of: u8) {
        (self.codec, self.of) = (codec, of);
        self.wanted.clear();
    }

    /// One picture in each of these streams, key frames where they were asked for.
    fn shoot(&mut self, stage: &mut Stage, streams: &[u32]) {
        stage.pass(33);
        self.pictures += 1;
        for (_, asked) in std::mem::take(&mut stage.asked) {
            self.wanted.insert(asked, true);
        }
        for stream in streams {
            let at = ssrc(1, *stream);
            let key = std::mem::replace(self.wanted.entry(at).or_insert(true), false);
            for spatial in 0..self.of {
                self.frames = self.frames.wrapping_add(1);
                let (picture, frame) = (self.pictures & 0x7fff, self.frames);
                let part = Part { codec: self.codec, key, stream: *stream, spatial, of: self.of, picture, frame };
                let seq = stage.next_seq(at);
                let packet = part.packet(at, seq, u32::from(self.pictures) * 3000 + stream * 1_000_000);
                stage.input(Input::Rtp { from: EndpointId(1), packet });
            }
        }
    }

    fn film(&mut self, stage: &mut Stage, count: u32, streams: &[u32]) {
        for _ in 0..count {
            self.shoot(stage, streams);
        }
    }
}

fn received(stage: &Stage, guest: u32) -> Vec<Packet> {
    stage.received_by(guest).into_iter().cloned().collect()
}

fn codec_of(packet: &Packet) -> Codec {
    OFFERED.iter().find(|format| format.payload_type == packet.payload_type).expect("a codec of the offer").codec
}

/// Neither numbers, time nor pictures jump.
fn assert_smooth(got: &[Packet]) {
    for pair in got.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq.next());
        assert!(pair[1].timestamp.wrapping_sub(pair[0].timestamp) < 9000, "{pair:?}");
        assert!(pair[1].timestamp == pair[0].timestamp || pair[0].marker, "a picture has its last packet: {pair:?}");
    }
}

#[test]
fn each_codec_goes_from_stream_to_stream_at_key_frames() {
    for codec in [Codec::Vp9, AV1, Codec::H264] {
        let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(codec, 1));
        for (height, stream) in [(180, 0), (720, 2), (360, 1), (720, 2)] {
            stage.want(2, wants(height));
            camera.film(&mut stage, 40, &[0, 1, 2]);
            let last = received(&stage, 2).pop().unwrap();
            assert_eq!((codec_of(&last), last.ssrc, last.payload.last()), (codec, ssrc(1, 0), Some(&stream)));
        }
        let got = received(&stage, 2);
        assert_smooth(&got);
        let keys = got.iter().filter(|packet| codec.look(packet, &mut None).key).count();
        assert!(keys >= 4, "{codec:?}: one for each switch, not {keys}");
        let numbers: Vec<u16> = got.iter().filter_map(|packet| codec.numbers(packet).picture).collect();
        let forward = |pair: &[u16]| (1..1000).contains(&pair[1].wrapping_sub(pair[0]));
        assert!(numbers.windows(2).all(forward), "{codec:?}: {numbers:?}");
        assert_eq!(numbers.is_empty(), codec == Codec::H264);
    }
}

#[test]
fn of_one_stream_with_three_spatial_layers_each_receiver_gets_those_it_asked_for() {
    for codec in [Codec::Vp9, AV1] {
        let (mut stage, mut camera) = (Stage::with_guests(4), Camera::new(codec, 3));
        for (guest, height) in [(2, 180), (3, 360), (4, 720)] {
            stage.want(guest, wants(height));
        }
        camera.film(&mut stage, 60, &[0]);
        for (guest, layers) in [(2, 1), (3, 2), (4, 3)] {
            let got = received(&stage, guest);
            assert_smooth(&got);
            let last = &got[got.len() - 30 * layers..];
            let pictures: std::collections::BTreeSet<u32> = last.iter().map(|packet| packet.timestamp).collect();
            assert_eq!(pictures.len(), 30, "{codec:?}: guest {guest} gets {layers} packets of each picture");
        }
    }
}

#[test]
fn more_spatial_layers_are_asked_for_with_a_key_frame_and_fewer_come_at_once() {
    let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(Codec::Vp9, 3));
    stage.want(2, wants(180));
    camera.film(&mut stage, 30, &[0]);
    stage.want(2, wants(720));
    assert_eq!(stage.asked, [(EndpointId(1), ssrc(1, 0))]);
    camera.film(&mut stage, 30, &[0]);
    let before = received(&stage, 2).len();
    camera.film(&mut stage, 10, &[0]);
    assert_eq!(received(&stage, 2).len() - before, 30);
    stage.want(2, wants(180));
    assert!(stage.asked.is_empty());
    camera.film(&mut stage, 10, &[0]);
    assert_eq!(received(&stage, 2).len() - before, 40);
    assert_smooth(&received(&stage, 2));
}

#[test]
fn layers_that_a_key_frame_announces_are_forwarded_from_that_one_on() {
    let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(Codec::Vp9, 1));
    stage.want(2, wants(720));
    camera.film(&mut stage, 10, &[0]);
    let before = received(&stage, 2).len();
    camera.switch(Codec::Vp9, 3);
    camera.film(&mut stage, 10, &[0]);
    assert_eq!(received(&stage, 2).len() - before, 30);
}

#[test]
fn a_thin_line_gets_fewer_spatial_layers() {
    let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(Codec::Vp9, 3));
    stage.want(2, wants(720));
    // Each layer is 300 bytes thirty times a second.
    stage.input(Input::Bandwidth { endpoint: EndpointId(2), bps: 160_000 });
    camera.film(&mut stage, 500, &[0]);
    let before = received(&stage, 2).len();
    camera.film(&mut stage, 10, &[0]);
    assert_eq!(received(&stage, 2).len() - before, 20);
}

#[test]
fn a_sender_that_changes_its_codec_freezes_nobody() {
    let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(Codec::Vp8, 1));
    stage.want(2, wants(720));
    let plan = [(Codec::Vp8, 1, &[0, 1, 2][..]), (AV1, 3, &[0]), (Codec::H264, 1, &[0, 1]), (Codec::Vp9, 3, &[0])];
    for (codec, of, streams) in plan.into_iter().chain([plan[0]]) {
        camera.switch(codec, of);
        camera.film(&mut stage, 90, streams);
        let got = received(&stage, 2);
        assert_eq!(codec_of(got.last().unwrap()), codec);
        let lately = got.iter().rev().take_while(|packet| codec_of(packet) == codec).count();
        assert!(lately >= 85 * usize::from(of), "{codec:?}: {lately} packets");
    }
    assert_smooth(&received(&stage, 2));
}

#[test]
fn a_receiver_is_sent_nothing_that_it_does_not_take_and_nobody_is_bothered_for_it() {
    let (mut stage, mut camera) = (Stage::with_guests(3), Camera::new(Codec::Vp8, 1));
    stage.input(Input::Formats { endpoint: EndpointId(2), taken: OFFERED[..1].to_vec() });
    stage.want(2, wants(180));
    stage.want(3, wants(180));
    camera.film(&mut stage, 20, &[0]);
    let had = received(&stage, 2).len();
    assert_eq!(had, received(&stage, 3).len());
    camera.switch(AV1, 1);
    camera.shoot(&mut stage, &[0]);
    stage.asked.clear();
    for _ in 0..60 {
        camera.shoot(&mut stage, &[0]);
        assert!(stage.asked.is_empty(), "a key frame would help nobody");
    }
    assert_eq!((received(&stage, 2).len(), received(&stage, 3).len()), (had, had + 61));
    camera.switch(Codec::Vp8, 1);
    camera.film(&mut stage, 20, &[0]);
    let got = received(&stage, 2);
    assert_eq!(got.len(), had + 20, "at once, with the sender's own key frame");
    assert!(got.windows(2).all(|pair| pair[1].seq == pair[0].seq.next()), "what was passed over leaves no hole");
}

#[test]
fn a_lost_packet_comes_again_as_its_codec_retransmits_and_with_its_layer() {
    for format in OFFERED {
        let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(format.codec, 1));
        stage.want(2, wants(180));
        camera.film(&mut stage, 5, &[0]);
        let lost = received(&stage, 2)[2].clone();
        stage.input(Input::Nacked { from: EndpointId(2), ssrc: ssrc(1, 0), seqs: vec![lost.seq] });
        let (_, again, kind) = stage.sent.last().unwrap().clone();
        assert_eq!((again.ssrc, Some(again.payload_type), kind), (ssrc(1, 10), format.rtx, Kind::Rtx));
        assert_eq!(again.extension(11).is_some(), format.codec == AV1);
        assert_eq!(rtx::decapsulate(&again, lost.ssrc, format.payload_type), Some(lost));
    }
}

#[test]
fn each_receiver_has_its_own_numbers_for_a_codec_on_slots_too() {
    let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(Codec::Vp9, 1));
    stage.join_rewriting(9, 2);
    let own = Format { codec: Codec::Vp9, payload_type: 45, rtx: Some(46) };
    stage.input(Input::Formats { endpoint: EndpointId(9), taken: vec![own] });
    stage.want(2, wants(180));
    stage.want(9, wants(180));
    camera.film(&mut stage, 10, &[0]);
    let (classic, mapped) = (received(&stage, 2), received(&stage, 9));
    assert!(classic.iter().all(|packet| packet.payload_type == 101) && !classic.is_empty());
    assert!(mapped.iter().all(|packet| packet.payload_type == 45) && !mapped.is_empty());
    let slot = slots_of(9, 2).pictures[0];
    assert!(mapped.iter().all(|packet| packet.ssrc == slot.ssrc));
    stage.input(Input::Nacked { from: EndpointId(9), ssrc: slot.ssrc, seqs: vec![mapped[1].seq] });
    assert_eq!(stage.sent.last().map(|(_, again, _)| (Some(again.ssrc), again.payload_type)), Some((slot.rtx, 46)));
}

#[test]
fn a_stream_whose_descriptors_are_not_understood_goes_out_whole_and_without_them() {
    let (mut stage, mut seq) = (Stage::with_guests(2), 0);
    stage.want(2, wants(180));
    for picture in 0..10u16 {
        stage.pass(33);
        for spatial in 0..3 {
            let part = Part { codec: AV1, key: picture == 0, stream: 0, spatial, of: 3, picture, frame: picture };
            seq += 1;
            let mut packet = part.packet(ssrc(1, 0), seq, u32::from(picture) * 3000);
            // A sender that may not use long extensions leaves out the one that describes the stream.
            packet.extensions.retain(|(id, value)| *id != 11 || value.len() == 3);
            stage.input(Input::Rtp { from: EndpointId(1), packet });
        }
    }
    let got = received(&stage, 2);
    assert_eq!(got.len(), 30);
    assert!(got.iter().all(|packet| packet.extensions.is_empty()));
    assert_smooth(&got);
}

proptest! {
    #[test]
    fn whatever_is_sent_and_wanted_comes_out_without_gaps(
        acts in vec((0u8..12, prop_oneof![Just(180), Just(360), Just(720), Just(-1)]), 1..150),
    ) {
        let (mut stage, mut camera) = (Stage::with_guests(2), Camera::new(Codec::Vp9, 3));
        stage.want(2, wants(720));
        for (act, height) in acts {
            match act {
                0 => camera.switch(Codec::Vp9, 3),
                1 => camera.switch(AV1, 3),
                2 => camera.switch(Codec::H264, 1),
                3 => camera.switch(Codec::Vp8, 1),
                4 => stage.want(2, wants(height)),
                _ => camera.shoot(&mut stage, if camera.of == 3 { &[0] } else { &[0, 1, 2] }),
            }
        }
        let got = received(&stage, 2);
        for pair in got.windows(2) {
            prop_assert_eq!(pair[1].seq, pair[0].seq.next());
            prop_assert!(pair[1].timestamp.wrapping_sub(pair[0].timestamp).cast_signed() >= 0);
            prop_assert!(pair[1].timestamp == pair[0].timestamp || pair[0].marker);
        }
    }
}
