//! One source on its way to one receiver: a stream without gaps, whichever layer it is fed from.
//!
//! A route's output is cut into segments. Within a segment input and output numbers differ by a constant, so late and
//! retransmitted packets find their place; at a switch of layer a new segment begins where the old one ended. Numbers
//! that the network lost stay holes, because their packets may still come; packets left out on purpose leave none.

use crate::arrival::Arrival;
use bytes::Bytes;
use runde_rtp::vp8::Descriptor;
use runde_rtp::{Packet, SeqNo, Ssrc, rtx};
use std::collections::VecDeque;
use std::time::Instant;

/// Segments kept for late packets. Switches are seconds apart; only packets left out on purpose make more.
const SEGMENTS: usize = 64;
/// Retransmissions a receiver may cause at once, and the number that comes back each second: a fifth of a 1000-packet
/// stream. A NACK storm beyond that is answered with silence.
const RESENDS: u32 = 256;
const RESENDS_PER_SECOND: u32 = 200;
/// Steps of the 90 kHz clock between two pictures when a switch hides the real distance: one at 100 per second.
const LEAST_STEP: u32 = 900;

/// What is added to a packet's own numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shift {
    timestamp: u32,
    picture: u16,
    tl0: u8,
}

#[derive(Clone, Copy, Debug)]
struct Segment {
    layer: usize,
    /// First input number and the one after the last that has a place here.
    start: u64,
    next: u64,
    /// Output number minus input number.
    offset: i64,
    shift: Shift,
}

/// The newest picture that went out.
#[derive(Clone, Copy, Debug)]
struct Newest {
    timestamp: u32,
    at: Instant,
    picture: u16,
    tl0: u8,
}

#[derive(Debug)]
pub(crate) struct Route {
    pub(crate) ssrc: Ssrc,
    pub(crate) rtx: Option<Ssrc>,
    video: bool,
    /// The layer that should be forwarded; `None` is off. Audio has one layer and is always on.
    target: Option<usize>,
    /// The layer that is forwarded.
    current: Option<usize>,
    segments: VecDeque<Segment>,
    next_out: Option<u64>,
    newest: Option<Newest>,
    sent: Window,
    rtx_seq: SeqNo,
    resends: u32,
    resends_at: Option<Instant>,
}

impl Route {
    pub(crate) fn audio(ssrc: Ssrc) -> Self {
        Self { target: Some(0), ..Self::new(ssrc, None, false) }
    }

    pub(crate) fn video(ssrc: Ssrc, rtx: Option<Ssrc>) -> Self {
        Self::new(ssrc, rtx, true)
    }

    fn new(ssrc: Ssrc, rtx: Option<Ssrc>, video: bool) -> Self {
        Self {
            ssrc,
            rtx,
            video,
            target: None,
            current: None,
            segments: VecDeque::new(),
            next_out: None,
            newest: None,
            sent: Window::default(),
            rtx_seq: SeqNo(0),
            resends: RESENDS,
            resends_at: None,
        }
    }

    pub(crate) fn is_video(&self) -> bool {
        self.video
    }

    /// When a packet last went out that was no late one.
    pub(crate) fn last_sent(&self) -> Option<Instant> {
        self.newest.map(|newest| newest.at)
    }

    pub(crate) fn current(&self) -> Option<usize> {
        self.current
    }

    pub(crate) fn target(&self) -> Option<usize> {
        self.target
    }

    /// The layer whose key frame is needed before this route can go on as wished.
    pub(crate) fn awaits(&self) -> Option<usize> {
        self.target.filter(|target| self.video && self.current != Some(*target))
    }

    /// Chooses a layer. Switching off is immediate; switching over waits for a key frame.
    pub(crate) fn set_target(&mut self, target: Option<usize>) {
        self.target = target;
        if target.is_none() {
            self.current = None;
        }
    }

    /// Whatever the receiver had is void (its path was lost): begin again with a key frame.
    pub(crate) fn restart(&mut self) {
        if self.video {
            self.current = None;
        }
    }

    /// Forgets the source's own numbers and keeps what went out, for a source that comes back under the same SSRC.
    pub(crate) fn retire(&mut self) {
        self.segments.clear();
        self.current = None;
        if self.video {
            self.target = None;
        }
    }

    /// Takes the packet `number` of `layer` and gives it back as this receiver shall see it, or `None`.
    /// `key` says that it is the first packet of a key frame.
    pub(crate) fn forward(
        &mut self,
        now: Instant,
        layer: usize,
        number: u64,
        key: bool,
        packet: &Packet,
    ) -> Option<Packet> {
        if !self.is_open_for(layer, number, key) {
            return self.fill(layer, number, packet);
        }
        if self.current != Some(layer) || self.jumped(layer, number) {
            self.open_segment(now, layer, number, packet);
        }
        let segment = self.segments.back_mut()?;
        if packet.payload.is_empty() {
            self.leave_out(number);
            return None;
        }
        segment.next = segment.next.max(number + 1);
        let segment = *segment;
        let out = segment.out(number);
        self.next_out = Some(out + 1);
        self.sent.insert(out);
        let rewritten = self.rewrite(&segment, number, packet);
        self.remember(now, &rewritten);
        Some(rewritten)
    }

    /// True when the packet continues the current layer or may begin a new one.
    fn is_open_for(&mut self, layer: usize, number: u64, key: bool) -> bool {
        if self.current == Some(layer) {
            if !self.jumped(layer, number) {
                return self.segments.back().is_some_and(|segment| number >= segment.next);
            }
            // The stream restarted: without a key frame its pictures mean nothing to the receiver.
            if self.video && !key {
                self.current = None;
                return false;
            }
            return true;
        }
        let Some(target) = self.target else { return false };
        if !self.video {
            return layer == target;
        }
        let better = match self.current {
            None => layer <= target,
            Some(current) => layer == target || (current < layer && layer < target),
        };
        key && better
    }

    fn jumped(&self, layer: usize, number: u64) -> bool {
        let Some(last) = self.segments.back() else { return true };
        last.layer != layer || number >= last.next + Arrival::RESTART
    }

    fn open_segment(&mut self, now: Instant, layer: usize, number: u64, packet: &Packet) {
        // Beginning in the lower half lets a receiver guess the rollover counter even when the first packets are lost.
        let out = self.next_out.unwrap_or((1 << 16) + (number & 0x7fff));
        let shift = self.newest.map_or(Shift::default(), |newest| newest.shift_for(now, packet, self.video));
        let offset = out.cast_signed() - number.cast_signed();
        self.push(Segment { layer, start: number, next: number, offset, shift });
        self.current = Some(layer);
    }

    /// Closes the numbers over a packet that is not sent.
    fn leave_out(&mut self, number: u64) {
        let Some(mut last) = self.segments.pop_back() else { return };
        let after = Segment { start: number + 1, next: number + 1, offset: last.offset - 1, ..last };
        self.next_out = Some(after.out(after.start));
        if last.start < number {
            last.next = number;
            self.segments.push_back(last);
        }
        self.push(after);
    }

    fn push(&mut self, segment: Segment) {
        self.segments.push_back(segment);
        if self.segments.len() > SEGMENTS {
            self.segments.pop_front();
        }
    }

    /// A late packet goes into its hole, once.
    fn fill(&mut self, layer: usize, number: u64, packet: &Packet) -> Option<Packet> {
        let segment = *self.segments.iter().rev().find(|s| s.holds(layer, number))?;
        self.sent.insert(segment.out(number)).then(|| self.rewrite(&segment, number, packet))
    }

    /// Which packet a receiver misses: `(layer, input number)`.
    pub(crate) fn origin(&self, missing: SeqNo) -> Option<(usize, u64)> {
        let newest = self.next_out?.checked_sub(1)?;
        let back = SeqNo((newest & 0xffff) as u16).distance(missing);
        let out = newest.checked_sub(u64::try_from(back).ok()?)?;
        let segment = self.segments.iter().rev().find(|s| s.out(s.start) <= out && out < s.out(s.next))?;
        Some((segment.layer, out.checked_add_signed(-segment.offset)?))
    }

    /// Wraps the packet that [`Route::origin`] named once more for this receiver, if its allowance goes that far.
    pub(crate) fn resend(&mut self, now: Instant, origin: (usize, u64), packet: &Packet, pt: u8) -> Option<Packet> {
        let ssrc = self.rtx?;
        let segment = *self.segments.iter().rev().find(|s| s.holds(origin.0, origin.1))?;
        self.refill(now);
        self.resends = self.resends.checked_sub(1)?;
        self.sent.insert(segment.out(origin.1));
        let again = self.rewrite(&segment, origin.1, packet);
        self.rtx_seq = self.rtx_seq.next();
        Some(rtx::encapsulate(&again, ssrc, pt, self.rtx_seq))
    }

    fn refill(&mut self, now: Instant) {
        let since = self.resends_at.get_or_insert(now);
        let elapsed = now.saturating_duration_since(*since).as_millis().min(10_000) as u32;
        let back = elapsed * RESENDS_PER_SECOND / 1000;
        if back > 0 {
            self.resends = (self.resends + back).min(RESENDS);
            *since = now;
        }
    }

    fn rewrite(&self, segment: &Segment, number: u64, packet: &Packet) -> Packet {
        let payload = if self.video { segment.shift.apply(&packet.payload) } else { packet.payload.clone() };
        Packet {
            payload_type: packet.payload_type,
            marker: packet.marker,
            seq: SeqNo((segment.out(number) & 0xffff) as u16),
            timestamp: packet.timestamp.wrapping_add(segment.shift.timestamp),
            ssrc: self.ssrc,
            extensions: packet.extensions.clone(),
            payload,
        }
    }

    fn remember(&mut self, now: Instant, sent: &Packet) {
        let newer = |n: &Newest| sent.timestamp.wrapping_sub(n.timestamp).cast_signed() > 0;
        if self.newest.as_ref().is_some_and(|newest| !newer(newest)) {
            return;
        }
        let before = self.newest.map_or((0, 0), |newest| (newest.picture, newest.tl0));
        let (picture, tl0) = if self.video { numbers(&sent.payload) } else { (None, None) };
        self.newest = Some(Newest {
            timestamp: sent.timestamp,
            at: now,
            picture: picture.unwrap_or(before.0),
            tl0: tl0.unwrap_or(before.1),
        });
    }
}

impl Segment {
    fn out(&self, number: u64) -> u64 {
        number.wrapping_add_signed(self.offset)
    }

    fn holds(&self, layer: usize, number: u64) -> bool {
        self.layer == layer && (self.start..self.next).contains(&number)
    }
}

impl Newest {
    /// What must be added to `packet` so that it is the picture after this one.
    fn shift_for(&self, now: Instant, packet: &Packet, video: bool) -> Shift {
        let clock = if video { 90 } else { 48 };
        let passed = now.saturating_duration_since(self.at).as_millis().min(u128::from(u32::MAX / 100)) as u32;
        let step = (passed * clock).max(LEAST_STEP);
        let (picture, tl0) = if video { numbers(&packet.payload) } else { (None, None) };
        Shift {
            timestamp: self.timestamp.wrapping_add(step).wrapping_sub(packet.timestamp),
            picture: picture.map_or(0, |own| self.picture.wrapping_add(1).wrapping_sub(own)),
            tl0: tl0.map_or(0, |own| self.tl0.wrapping_add(1).wrapping_sub(own)),
        }
    }
}

impl Shift {
    fn apply(&self, payload: &Bytes) -> Bytes {
        if self.picture == 0 && self.tl0 == 0 {
            return payload.clone();
        }
        let Ok((mut descriptor, frame)) = Descriptor::parse(payload) else { return payload.clone() };
        descriptor.picture_id = descriptor.picture_id.map(|id| id.plus(self.picture));
        descriptor.tl0_picture_index = descriptor.tl0_picture_index.map(|index| index.wrapping_add(self.tl0));
        let mut out = Vec::with_capacity(payload.len());
        descriptor.write(&mut out);
        out.extend_from_slice(frame);
        Bytes::from(out)
    }
}

/// Picture id and index of the lowest temporal layer.
fn numbers(payload: &[u8]) -> (Option<u16>, Option<u8>) {
    let Ok((descriptor, _)) = Descriptor::parse(payload) else { return (None, None) };
    (descriptor.picture_id.map(runde_rtp::vp8::PictureId::value), descriptor.tl0_picture_index)
}

/// Which of the last 1024 output numbers went out: a number is sent once, or two packets would share a nonce.
#[derive(Debug, Default)]
struct Window {
    highest: u64,
    bits: [u64; 16],
}

impl Window {
    const SIZE: u64 = 1024;

    /// True when `out` is new; false when it was there or is too old to tell.
    fn insert(&mut self, out: u64) -> bool {
        if out + Self::SIZE <= self.highest {
            return false;
        }
        if out > self.highest {
            for skipped in (self.highest + 1..=out).take(Self::SIZE as usize) {
                self.bits[word(skipped)] &= !mask(skipped);
            }
            if out - self.highest > Self::SIZE {
                self.bits = [0; 16];
            }
            self.highest = out;
        }
        let new = self.bits[word(out)] & mask(out) == 0;
        self.bits[word(out)] |= mask(out);
        new
    }
}

fn word(out: u64) -> usize {
    (out % Window::SIZE / 64) as usize
}

fn mask(out: u64) -> u64 {
    1 << (out % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_rtp::vp8::PictureId;
    use std::time::Duration;

    fn picture(seq: u16, timestamp: u32, id: u16, key: bool) -> Packet {
        let mut payload = Vec::new();
        Descriptor {
            start_of_partition: true,
            picture_id: Some(PictureId::Fifteen(id)),
            tl0_picture_index: Some(id as u8),
            ..Descriptor::default()
        }
        .write(&mut payload);
        payload.push(u8::from(!key));
        Packet { payload_type: 100, seq: SeqNo(seq), timestamp, payload: payload.into(), ..Packet::default() }
    }

    fn id(packet: &Packet) -> u16 {
        numbers(&packet.payload).0.unwrap()
    }

    fn watching(layer: usize) -> Route {
        let mut route = Route::video(Ssrc(1), Some(Ssrc(2)));
        route.set_target(Some(layer));
        route
    }

    #[test]
    fn nothing_comes_out_before_a_key_frame() {
        let (now, mut route) = (Instant::now(), watching(0));
        assert!(route.forward(now, 0, 70_000, false, &picture(1, 0, 1, false)).is_none());
        assert!(route.forward(now, 0, 70_001, true, &picture(2, 0, 2, true)).is_some());
        assert_eq!((route.current(), route.awaits()), (Some(0), None));
    }

    #[test]
    fn a_switch_goes_on_with_the_next_number_picture_and_a_later_time() {
        let (start, mut route) = (Instant::now(), watching(0));
        let last = route.forward(start, 0, 70_000, true, &picture(10, 5_000, 9, true)).unwrap();
        route.set_target(Some(2));
        let later = start + Duration::from_millis(33);
        assert!(route.forward(later, 2, 90_000, false, &picture(7, 900_000, 700, false)).is_none());
        let first = route.forward(later, 2, 90_001, true, &picture(8, 900_000, 700, true)).unwrap();
        assert_eq!(first.seq, last.seq.next());
        assert_eq!(id(&first), id(&last) + 1);
        assert_eq!(first.timestamp - last.timestamp, 33 * 90);
        assert_eq!(first.ssrc, Ssrc(1));
    }

    #[test]
    fn a_retransmitted_packet_of_the_layer_left_behind_fills_its_hole_once() {
        let (now, mut route) = (Instant::now(), watching(0));
        let first = route.forward(now, 0, 70_000, true, &picture(0, 0, 0, true)).unwrap();
        let third = route.forward(now, 0, 70_002, false, &picture(2, 2, 2, false)).unwrap();
        assert_eq!(third.seq.distance(first.seq), 2);
        route.set_target(Some(1));
        route.forward(now, 1, 80_000, true, &picture(0, 0, 0, true)).unwrap();
        let late = route.forward(now, 0, 70_001, false, &picture(1, 1, 1, false)).unwrap();
        assert_eq!(late.seq, first.seq.next());
        assert!(route.forward(now, 0, 70_001, false, &picture(1, 1, 1, false)).is_none());
    }

    #[test]
    fn padding_left_out_leaves_no_hole() {
        let (now, mut route) = (Instant::now(), watching(0));
        let first = route.forward(now, 0, 70_000, true, &picture(0, 0, 0, true)).unwrap();
        let padding = Packet { payload: Bytes::new(), ..picture(1, 0, 0, false) };
        assert!(route.forward(now, 0, 70_001, false, &padding).is_none());
        let next = route.forward(now, 0, 70_002, false, &picture(2, 1, 1, false)).unwrap();
        assert_eq!(next.seq, first.seq.next());
        assert_eq!(route.origin(next.seq), Some((0, 70_002)));
    }

    #[test]
    fn a_lost_packet_is_found_again_through_the_receivers_number() {
        let (now, mut route) = (Instant::now(), watching(0));
        let key = picture(0, 0, 3, true);
        let sent = route.forward(now, 0, 70_000, true, &key).unwrap();
        let origin = route.origin(sent.seq).unwrap();
        let again = route.resend(now, origin, &key, 96).unwrap();
        assert_eq!((again.ssrc, again.payload_type), (Ssrc(2), 96));
        assert_eq!(rtx::decapsulate(&again, Ssrc(1), 100), Some(sent.clone()));
        assert_eq!(route.origin(sent.seq.next()), None, "what was never sent cannot be missed");
    }

    #[test]
    fn a_storm_of_retransmission_requests_is_bounded() {
        let (now, mut route) = (Instant::now(), watching(0));
        let key = picture(0, 0, 3, true);
        route.forward(now, 0, 70_000, true, &key).unwrap();
        let resent = (0..10_000).filter(|_| route.resend(now, (0, 70_000), &key, 96).is_some()).count();
        assert_eq!(resent, RESENDS as usize);
        assert!(route.resend(now + Duration::from_secs(1), (0, 70_000), &key, 96).is_some());
    }

    #[test]
    fn the_newest_window_forgets_what_it_passed() {
        let mut window = Window::default();
        assert!(window.insert(70_000) && !window.insert(70_000));
        assert!(window.insert(70_000 + 5 * Window::SIZE));
        assert!(!window.insert(70_000), "too old to tell");
        assert!(window.insert(70_000 + 5 * Window::SIZE - 3));
    }
}
