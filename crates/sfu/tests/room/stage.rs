//! Guests that send numbered pictures and keep what they are sent.

use bytes::Bytes;
use runde_rtp::ext::AudioLevel;
use runde_rtp::vp8::{Descriptor, PictureId};
use runde_rtp::{Packet, SeqNo, Ssrc};
use runde_sfu::{
    EndpointId, Input, Kind, LayerSsrc, MediaKind, Notice, Output, Room, RoomConfig, SlotSsrcs, Source,
    VideoConstraints,
};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub const HEIGHTS: [u16; 3] = [180, 360, 720];
/// Bytes of a picture; at 30 a second they make 48, 168 and 348 kbit/s.
pub const BYTES: [usize; 3] = [200, 700, 1450];

pub struct Stage {
    pub room: Room,
    pub now: Instant,
    /// Everything forwarded so far.
    pub sent: Vec<(EndpointId, Packet, Kind)>,
    pub asked: Vec<(EndpointId, Ssrc)>,
    pub told: Vec<(EndpointId, Notice)>,
    seqs: BTreeMap<Ssrc, u16>,
    pictures: u16,
    key_wanted: [bool; 3],
}

pub fn ssrc(guest: u32, layer: u32) -> Ssrc {
    Ssrc(guest * 100 + layer)
}

pub fn audio_ssrc(guest: u32) -> Ssrc {
    Ssrc(guest * 100 + 50)
}

pub fn sources(guest: u32) -> Vec<Source> {
    let layers = (0..3).map(|n| LayerSsrc { ssrc: ssrc(guest, n), rtx: Some(ssrc(guest, n + 10)) }).collect();
    let voice = vec![LayerSsrc { ssrc: audio_ssrc(guest), rtx: None }];
    vec![
        Source { name: format!("{guest}-v0").into(), kind: MediaKind::Video, layers },
        Source { name: format!("{guest}-a0").into(), kind: MediaKind::Audio, layers: voice },
    ]
}

/// SSRCs on which a guest that understands source maps is sent.
pub fn slots_of(guest: u32, count: u32) -> SlotSsrcs {
    let at = |n: u32| Ssrc(1_000_000 + guest * 10_000 + n);
    let slot = |n| LayerSsrc { ssrc: at(1000 + n), rtx: Some(at(2000 + n)) };
    SlotSsrcs { sound: (0..count).map(at).collect(), pictures: (0..count).map(slot).collect() }
}

/// One picture in one packet; a key frame tells its size.
pub fn picture(ssrc: Ssrc, seq: u16, timestamp: u32, id: u16, key_height: Option<u16>) -> Packet {
    let mut payload = Vec::new();
    Descriptor { start_of_partition: true, picture_id: Some(PictureId::Fifteen(id)), ..Descriptor::default() }
        .write(&mut payload);
    match key_height {
        Some(height) => {
            payload.extend_from_slice(&[0x10, 0, 0, 0x9d, 0x01, 0x2a]);
            payload.extend_from_slice(&(height.wrapping_mul(2)).to_le_bytes());
            payload.extend_from_slice(&height.to_le_bytes());
        }
        None => payload.push(0x11),
    }
    payload.resize(200, 7);
    Packet {
        payload_type: 100,
        marker: true,
        seq: SeqNo(seq),
        timestamp,
        ssrc,
        payload: payload.into(),
        ..Packet::default()
    }
}

pub fn wants(height: i32) -> VideoConstraints {
    VideoConstraints { default_max_height: Some(height), ..VideoConstraints::default() }
}

impl Stage {
    /// A room with these guests, connected and declared; nobody has asked for video yet.
    pub fn with_guests(count: u32) -> Self {
        let mut stage = Self {
            room: Room::new(RoomConfig::default()),
            now: Instant::now(),
            sent: Vec::new(),
            asked: Vec::new(),
            told: Vec::new(),
            seqs: BTreeMap::new(),
            pictures: 0,
            key_wanted: [true; 3],
        };
        for guest in 1..=count {
            stage.join(guest);
        }
        stage
    }

    pub fn join(&mut self, guest: u32) {
        let id = EndpointId(guest);
        self.input(Input::EndpointJoined { id });
        self.input(Input::SourcesDeclared { endpoint: id, sources: sources(guest) });
        self.input(Input::Path { endpoint: id, active: true });
    }

    /// A guest that understands source maps and is sent `slots` voices and as many pictures at once.
    pub fn join_rewriting(&mut self, guest: u32, slots: u32) {
        let id = EndpointId(guest);
        self.input(Input::EndpointJoined { id });
        self.input(Input::Rewriting { endpoint: id, slots: slots_of(guest, slots) });
        self.input(Input::SourcesDeclared { endpoint: id, sources: sources(guest) });
        self.input(Input::Path { endpoint: id, active: true });
    }

    /// One picture of this guest's lowest layer, a key frame if it was asked for one since the last.
    pub fn show(&mut self, guest: u32) {
        let at = ssrc(guest, 0);
        let before = self.asked.len();
        self.asked.retain(|asked| *asked != (EndpointId(guest), at));
        let seq = self.next_seq(at);
        let key = (self.asked.len() < before).then_some(HEIGHTS[0]);
        let packet = picture(at, seq, u32::from(seq) * 3000, seq & 0x7fff, key);
        self.input(Input::Rtp { from: EndpointId(guest), packet });
    }

    pub fn input(&mut self, input: Input) {
        self.room.handle(self.now, input);
        loop {
            match self.room.poll_output() {
                Output::Forward { to, packet, kind } => self.sent.push((to, packet, kind)),
                Output::RequestKeyFrame { from, ssrc } => self.asked.push((from, ssrc)),
                Output::Tell { to, notice } => self.told.push((to, notice)),
                Output::Wait(_) => return,
            }
        }
    }

    pub fn want(&mut self, guest: u32, constraints: VideoConstraints) {
        self.input(Input::Constraints { endpoint: EndpointId(guest), constraints });
    }

    /// Guest 1 sends `count` pictures of each of `layers`, 33 ms apart, and key frames where it is asked for them.
    pub fn film(&mut self, count: u32, layers: &[u32]) {
        for _ in 0..count {
            self.pass(33);
            self.pictures += 1;
            for layer in layers {
                let at = ssrc(1, *layer);
                let key = std::mem::take(&mut self.key_wanted[*layer as usize]);
                let seq = self.next_seq(at);
                let height = key.then_some(HEIGHTS[*layer as usize]);
                let stamp = u32::from(self.pictures) * 3000 + layer * 1_000_000;
                let id = self.pictures.wrapping_add(1000 * *layer as u16) & 0x7fff;
                let mut packet = picture(at, seq, stamp, id, height);
                packet.payload =
                    packet.payload.iter().copied().chain(std::iter::repeat(9)).take(BYTES[*layer as usize]).collect();
                self.input(Input::Rtp { from: EndpointId(1), packet });
            }
            for (_, asked) in std::mem::take(&mut self.asked) {
                self.key_wanted[(asked.0 % 100) as usize] = true;
            }
        }
    }

    pub fn speak(&mut self, guest: u32, below_full_scale: u8) {
        let at = audio_ssrc(guest);
        let seq = self.next_seq(at);
        let level = AudioLevel { voice: true, below_full_scale }.to_byte();
        let packet = Packet {
            payload_type: 111,
            seq: SeqNo(seq),
            timestamp: u32::from(seq) * 960,
            ssrc: at,
            extensions: vec![(1, Bytes::copy_from_slice(&[level])), (10, Bytes::from_static(b"0"))],
            payload: Bytes::from_static(b"opus"),
            ..Packet::default()
        };
        self.input(Input::Rtp { from: EndpointId(guest), packet });
    }

    pub fn pass(&mut self, ms: u64) {
        self.now += Duration::from_millis(ms);
        self.input(Input::Tick);
    }

    pub fn next_seq(&mut self, of: Ssrc) -> u16 {
        let seq = self.seqs.entry(of).or_insert((of.0 % 7 * 9000) as u16);
        *seq = seq.wrapping_add(1);
        *seq
    }

    /// What this guest was sent, first sendings only.
    pub fn received_by(&self, guest: u32) -> Vec<&Packet> {
        let to = EndpointId(guest);
        self.sent
            .iter()
            .filter(|(id, _, kind)| *id == to && *kind == Kind::Media)
            .map(|(_, packet, _)| packet)
            .collect()
    }

    /// Lines of the last key frame this guest was sent.
    pub fn lines_seen_by(&self, guest: u32) -> Option<u16> {
        let size = |packet: &&Packet| runde_rtp::vp8::key_frame_size(&packet.payload);
        self.received_by(guest).iter().rev().find_map(size).map(|(_, height)| height)
    }

    pub fn told(&self, guest: u32) -> Vec<&Notice> {
        self.told.iter().filter(|(to, _)| *to == EndpointId(guest)).map(|(_, notice)| notice).collect()
    }
}
