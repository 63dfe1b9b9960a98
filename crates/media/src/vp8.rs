//! VP8 pictures into packets and back (RFC 7741).
//!
//! What it is not: no codec (see [`crate::vpx`]), no retransmission. Start at [`Packetizer`] and [`Assembler`].

use crate::vpx::Frame;
use bytes::Bytes;
use runde_rtp::vp8::{Descriptor, PictureId, Temporal, is_key_frame};
use runde_rtp::{Extender, Packet};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Most bytes of one payload, descriptor included: leaves room for RTP, extensions, SRTP, UDP and a tunnel in 1 500.
pub const MAX_PAYLOAD: usize = 1200;
/// Our descriptor: one byte, the extension byte, a picture id of 15 bits, the index of the lowest temporal layer, the layer.
const DESCRIPTOR: usize = 6;
/// Cuts pictures of one layer into payloads.
#[derive(Clone, Copy, Debug)]
pub struct Packetizer {
    picture_id: u16,
    /// Counts the pictures that others are made from.
    references: u8,
}

impl Packetizer {
    /// The first picture gets this id (15 bits, best random).
    #[must_use]
    pub fn new(first_picture_id: u16) -> Self {
        Self { picture_id: first_picture_id & 0x7fff, references: first_picture_id.to_be_bytes()[1] }
    }

    /// The payloads of one picture, in order and of nearly equal size; the last one wants the marker bit.
    ///
    /// Pictures that others are made from are temporal layer 0, droppable ones layer 1. Every packet says so: a Videobridge
    /// switches sizes only for streams that name their layers, and only if the upper one costs something.
    pub fn split(&mut self, frame: &Frame) -> Vec<Bytes> {
        let room = MAX_PAYLOAD - DESCRIPTOR;
        let pieces = frame.bytes.len().div_ceil(room).max(1);
        let size = frame.bytes.len().div_ceil(pieces).max(1);
        let id = PictureId::Fifteen(self.picture_id);
        self.picture_id = id.plus(1).value();
        self.references = self.references.wrapping_add(u8::from(!frame.droppable));
        let of_picture = Descriptor {
            non_reference: frame.droppable,
            picture_id: Some(id),
            tl0_picture_index: Some(self.references),
            temporal: Some(Temporal { id: u8::from(frame.droppable), sync: frame.droppable }),
            ..Descriptor::default()
        };
        frame
            .bytes
            .chunks(size)
            .enumerate()
            .map(|(i, piece)| {
                let mut payload = Vec::with_capacity(DESCRIPTOR + piece.len());
                let descriptor = Descriptor { start_of_partition: i == 0, ..of_picture };
                descriptor.write(&mut payload);
                payload.extend_from_slice(piece);
                payload.into()
            })
            .collect()
    }
}

/// How long a hole may stay open: two retransmissions over a slow path (NACK each 100 ms or so). Later a frozen picture costs
/// more than a key frame.
const HOLE_WAIT: Duration = Duration::from_millis(250);
/// Key frames are asked for at most this often: a sender needs a round trip and a few pictures to answer.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Packets held at most: a 720-line key frame has about a hundred.
const MAX_PACKETS: usize = 1024;
/// Bytes held at most, whatever the packets' size.
const MAX_BYTES: usize = 4 << 20;
/// So many packets in a row from behind mean that the sender began anew, not that they are late.
const RESTART_AFTER: u32 = 64;

/// Key frames looked at for each packet. Honest senders have one or two under way; a thousand beginnings are an attack.
const KEY_CANDIDATES: usize = 4;

/// One whole picture, not decoded yet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Assembled {
    pub bytes: Vec<u8>,
    pub key: bool,
    /// 90 kHz.
    pub timestamp: u32,
    /// When the last packet of it came.
    pub complete_at: Instant,
}

/// What happened so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AssemblerStats {
    pub packets: u64,
    pub bytes: u64,
    pub duplicates: u64,
    /// Times a hole was given up and a key frame became necessary.
    pub breaks: u64,
    pub asked: u64,
}

struct Held {
    timestamp: u32,
    marker: bool,
    starts: bool,
    key: bool,
    payload: Bytes,
    at: Instant,
}

impl Held {
    fn of(packet: &Packet, at: Instant) -> Option<Self> {
        let mut held = Self {
            timestamp: packet.timestamp,
            marker: packet.marker,
            starts: false,
            key: false,
            payload: Bytes::new(),
            at,
        };
        if packet.payload.is_empty() {
            return Some(held); // padding: fills its place in the order, carries nothing
        }
        let (descriptor, rest) = Descriptor::parse(&packet.payload).ok()?;
        held.starts = descriptor.starts_picture();
        held.key = is_key_frame(&packet.payload);
        held.payload = packet.payload.slice_ref(rest);
        Some(held)
    }
}

/// Puts the packets of one stream in order and gives whole pictures that can be decoded one after the other. After a hole
/// that stays open it gives nothing until the next key frame, and asks for one.
pub struct Assembler {
    packets: BTreeMap<u64, Held>,
    bytes: usize,
    extender: Extender,
    /// Where the next picture begins; `None` while only a key frame helps.
    next: Option<u64>,
    hole_since: Option<Instant>,
    asked_at: Option<Instant>,
    behind: u32,
    stats: AssemblerStats,
}

impl Assembler {
    /// Waits for a key frame first.
    #[must_use]
    pub fn new() -> Self {
        Self {
            packets: BTreeMap::new(),
            bytes: 0,
            extender: Extender::default(),
            next: None,
            hole_since: None,
            asked_at: None,
            behind: 0,
            stats: AssemblerStats::default(),
        }
    }

    /// Takes one packet, in any order. What is no VP8 payload is dropped.
    pub fn push(&mut self, now: Instant, packet: &Packet) {
        let Some(held) = Held::of(packet, now) else { return };
        self.stats.packets += 1;
        self.stats.bytes += packet.payload.len() as u64;
        let seq = self.extender.extend(packet.seq);
        if self.next.is_some_and(|next| seq < next) {
            self.late();
            return;
        }
        self.behind = 0;
        if self.packets.contains_key(&seq) {
            self.stats.duplicates += 1;
            return;
        }
        self.bytes += held.payload.len();
        self.packets.insert(seq, held);
        while self.packets.len() > MAX_PACKETS || self.bytes > MAX_BYTES {
            self.forget_first();
            self.broken();
        }
    }

    /// The next picture in order, as soon as it is whole.
    pub fn poll(&mut self, now: Instant) -> Option<Assembled> {
        self.skip_padding();
        if let Some(end) = self.next.and_then(|next| self.whole(next)) {
            return Some(self.take(end, now));
        }
        // A whole key frame further on ends every wait.
        if let Some((start, end)) = self.whole_key_frame() {
            self.forget_before(start);
            self.next = Some(start);
            return Some(self.take(end, now));
        }
        self.watch_hole(now);
        None
    }

    /// True when a key frame should be asked for now; at most each half second.
    pub fn wants_key_frame(&mut self, now: Instant) -> bool {
        let due = self.asked_at.is_none_or(|at| now.saturating_duration_since(at) >= ASK_EVERY);
        if self.next.is_some() || !due || self.stats.packets == 0 {
            return false;
        }
        self.asked_at = Some(now);
        self.stats.asked += 1;
        true
    }

    /// The decoder could not use what it got: start again at a key frame.
    pub fn broken(&mut self) {
        if self.next.take().is_some() {
            self.stats.breaks += 1;
        }
        self.hole_since = None;
    }

    /// When [`Assembler::poll`] should be asked again although no packet came.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        match self.next {
            Some(_) => self.hole_since.map(|since| since + HOLE_WAIT),
            None => self.asked_at.map(|at| at + ASK_EVERY),
        }
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> AssemblerStats {
        self.stats
    }

    fn late(&mut self) {
        self.stats.duplicates += 1;
        self.behind += 1;
        if self.behind >= RESTART_AFTER {
            self.packets.clear();
            (self.bytes, self.behind) = (0, 0);
            self.extender = Extender::default();
            self.broken();
        }
    }

    fn skip_padding(&mut self) {
        while let Some(next) = self.next
            && self.packets.get(&next).is_some_and(|held| held.payload.is_empty())
        {
            self.forget_first();
            self.next = Some(next + 1);
        }
    }

    /// The last packet of the picture that begins at `start`, if all of it is here.
    fn whole(&self, start: u64) -> Option<u64> {
        let first = self.packets.get(&start).filter(|held| held.starts)?;
        for (expected, (seq, held)) in (start..).zip(self.packets.range(start..)) {
            if *seq != expected {
                return None;
            }
            if held.timestamp != first.timestamp && !held.payload.is_empty() {
                return Some(seq - 1); // a sender that sets no marker
            }
            if held.marker && held.timestamp == first.timestamp {
                return Some(*seq);
            }
        }
        None
    }

    fn whole_key_frame(&self) -> Option<(u64, u64)> {
        let keys = self.packets.iter().rev().filter(|(_, held)| held.key && held.starts);
        keys.take(KEY_CANDIDATES).find_map(|(start, _)| Some((*start, self.whole(*start)?)))
    }

    fn take(&mut self, end: u64, now: Instant) -> Assembled {
        let rest = self.packets.split_off(&(end + 1));
        let picture = std::mem::replace(&mut self.packets, rest);
        self.next = Some(end + 1);
        self.hole_since = None;
        self.asked_at = None;
        let bytes: Vec<u8> = picture.values().flat_map(|held| held.payload.iter().copied()).collect();
        self.bytes -= bytes.len();
        let first = picture.values().next();
        Assembled {
            key: first.is_some_and(|held| held.key),
            timestamp: first.map_or(0, |held| held.timestamp),
            complete_at: picture.values().map(|held| held.at).max().unwrap_or(now),
            bytes,
        }
    }

    /// Gives the hole up when it stayed open for too long.
    fn watch_hole(&mut self, now: Instant) {
        let Some(next) = self.next else { return };
        let (Some((_, first)), Some((last, _))) = (self.packets.first_key_value(), self.packets.last_key_value())
        else {
            self.hole_since = None;
            return;
        };
        let held = last - next + 1;
        let has_hole = held != self.packets.len() as u64 || !first.starts;
        if !has_hole {
            self.hole_since = None;
            return;
        }
        let since = *self.hole_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= HOLE_WAIT {
            self.broken();
        }
    }

    fn forget_before(&mut self, start: u64) {
        self.packets = self.packets.split_off(&start);
        self.bytes = self.packets.values().map(|held| held.payload.len()).sum();
    }

    fn forget_first(&mut self) {
        if let Some((_, held)) = self.packets.pop_first() {
            self.bytes -= held.payload.len();
        }
    }
}

impl Default for Assembler {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
