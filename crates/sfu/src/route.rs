//! One source on its way to one receiver: a stream without gaps, whichever layer it is fed from.
//!
//! A route's output is cut into segments. Within a segment input and output numbers differ by a constant, so late and
//! retransmitted packets find their place; at a switch of layer a new segment begins where the old one ended. Numbers
//! that the network lost stay holes, because their packets may still come; packets left out on purpose leave none: padding,
//! and spatial layers above the one that is wanted.

use crate::arrival::Arrival;
use crate::cache::Piece;
use crate::layer::Rung;
use crate::window::Window;
use runde_rtp::{Codec, Packet, SeqNo, Ssrc, rtx};
use std::collections::VecDeque;
use std::time::Instant;

/// Segments kept for late packets. Switches are seconds apart; only packets left out on purpose make more, one a picture
/// where spatial layers are: two seconds of them.
const SEGMENTS: usize = 64;
/// Retransmissions a receiver may cause at once, and the number that comes back each second: a fifth of a 1000-packet
/// stream. A NACK storm beyond that is answered with silence.
const RESENDS: u32 = 256;
const RESENDS_PER_SECOND: u32 = 200;
/// Steps of the 90 kHz clock between two pictures when a switch hides the real distance: one at 100 per second.
const LEAST_STEP: u32 = 900;

/// All spatial layers that there are.
const WHOLE: u8 = u8::MAX;

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
    codec: Codec,
    /// The highest spatial layer that goes out.
    top: u8,
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
    /// What should be forwarded; `None` is off. Audio has one layer and is always on.
    target: Option<Rung>,
    /// What is forwarded.
    current: Option<Rung>,
    /// The source is in a codec that the receiver does not take.
    passed_over: bool,
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
        Self { target: Some(Rung { layer: 0, spatial: 0 }), ..Self::new(ssrc, None, false) }
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
            passed_over: false,
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

    pub(crate) fn current(&self) -> Option<Rung> {
        self.current
    }

    pub(crate) fn target(&self) -> Option<Rung> {
        self.target
    }

    /// The layer whose key frame is needed before this route can go on as wished.
    pub(crate) fn awaits(&self) -> Option<usize> {
        let reached = |target: Rung| self.current.is_some_and(|now| now.layer == target.layer && now >= target);
        let target = self.target.filter(|target| self.video && !self.passed_over && !reached(*target))?;
        Some(target.layer)
    }

    /// Chooses a size. Switching off is immediate, fewer spatial layers come with the next picture; all else waits for a
    /// key frame.
    pub(crate) fn set_target(&mut self, target: Option<Rung>) {
        self.target = target;
        if target.is_none() {
            self.current = None;
        }
    }

    /// A packet of this layer came that the receiver could not decode. What comes after it begins with a key frame.
    pub(crate) fn pass_over(&mut self, layer: usize) {
        self.passed_over = true;
        self.current = self.current.filter(|current| current.layer != layer);
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
        self.passed_over = false;
        if self.video {
            self.target = None;
        }
    }

    /// Takes the packet `number` of `layer` and gives it back as this receiver shall see it, or `None`.
    pub(crate) fn forward(&mut self, now: Instant, layer: usize, number: u64, piece: &Piece) -> Option<Packet> {
        self.passed_over = false;
        if !self.is_open_for(layer, number, piece) {
            return self.fill(layer, number, piece);
        }
        if self.is_on(layer) && !self.breaks_off(layer, number, piece) {
            self.move_top(layer, number, piece);
        } else {
            self.open_segment(now, layer, number, piece);
        }
        let segment = self.segments.back_mut()?;
        if piece.packet.payload.is_empty() || piece.look.spatial > segment.top {
            self.leave_out(number);
            return None;
        }
        segment.next = segment.next.max(number + 1);
        let segment = *segment;
        let out = segment.out(number);
        self.next_out = Some(out + 1);
        self.sent.insert(out);
        let rewritten = self.rewrite(&segment, number, piece);
        self.remember(now, segment.codec, &rewritten);
        Some(rewritten)
    }

    fn is_on(&self, layer: usize) -> bool {
        self.current.is_some_and(|current| current.layer == layer)
    }

    /// True when the packet continues the current layer or may begin a new one.
    fn is_open_for(&mut self, layer: usize, number: u64, piece: &Piece) -> bool {
        let key = piece.look.key;
        if self.is_on(layer) {
            if !self.breaks_off(layer, number, piece) {
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
            return layer == target.layer;
        }
        let better = match self.current {
            None => layer <= target.layer,
            Some(current) => layer == target.layer || (current.layer < layer && layer < target.layer),
        };
        key && better
    }

    /// The stream began anew: its numbers jumped, or its sender changed the codec. Late packets do neither.
    fn breaks_off(&self, layer: usize, number: u64, piece: &Piece) -> bool {
        let Some(last) = self.segments.back() else { return true };
        let jumped = last.layer != layer || number >= last.next + Arrival::RESTART;
        jumped || (number >= last.next && last.codec != piece.codec)
    }

    fn open_segment(&mut self, now: Instant, layer: usize, number: u64, piece: &Piece) {
        // Beginning in the lower half lets a receiver guess the rollover counter even when the first packets are lost.
        let out = self.next_out.unwrap_or((1 << 16) + (number & 0x7fff));
        let shift = self.newest.map_or(Shift::default(), |newest| newest.shift_for(now, piece, self.video));
        let offset = out.cast_signed() - number.cast_signed();
        let top = self.wanted_top(layer).unwrap_or(WHOLE);
        self.push(Segment { layer, codec: piece.codec, top, start: number, next: number, offset, shift });
        self.current = Some(Rung { layer, spatial: top });
    }

    /// The highest spatial layer that is wanted of a layer, if that is the one that shall be forwarded.
    fn wanted_top(&self, layer: usize) -> Option<u8> {
        self.target.filter(|target| target.layer == layer).map(|target| target.spatial)
    }

    /// Goes over to another number of spatial layers where the packet allows it: to fewer with any picture, since none needs
    /// those above it; to more with a key frame, since all of them begin there.
    fn move_top(&mut self, layer: usize, number: u64, piece: &Piece) {
        let (Some(top), Some(last)) = (self.wanted_top(layer), self.segments.back().copied()) else { return };
        let begins = self.newest.is_none_or(|newest| newest.timestamp != last.shift.time_of(&piece.packet));
        if top == last.top || !(piece.look.key || (top < last.top && begins)) {
            return;
        }
        if let Some(last) = self.segments.back_mut() {
            // The numbers between are holes whose packets may still come.
            last.next = number;
        }
        self.push(Segment { top, start: number, next: number, ..last });
        self.current = Some(Rung { layer, spatial: top });
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
    fn fill(&mut self, layer: usize, number: u64, piece: &Piece) -> Option<Packet> {
        let segment = *self.segments.iter().rev().find(|s| s.holds(layer, number))?;
        self.sent.insert(segment.out(number)).then(|| self.rewrite(&segment, number, piece))
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
    pub(crate) fn resend(&mut self, now: Instant, origin: (usize, u64), piece: &Piece, pt: u8) -> Option<Packet> {
        let ssrc = self.rtx?;
        let segment = *self.segments.iter().rev().find(|s| s.holds(origin.0, origin.1))?;
        self.refill(now);
        self.resends = self.resends.checked_sub(1)?;
        self.sent.insert(segment.out(origin.1));
        let again = self.rewrite(&segment, origin.1, piece);
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

    fn rewrite(&self, segment: &Segment, number: u64, piece: &Piece) -> Packet {
        let mut packet = piece.packet.clone();
        packet.seq = SeqNo((segment.out(number) & 0xffff) as u16);
        packet.timestamp = segment.shift.time_of(&packet);
        packet.ssrc = self.ssrc;
        // With nothing above it this is the picture's last packet.
        packet.marker |= piece.look.ends_layer && piece.look.spatial == segment.top;
        segment.codec.renumber(&mut packet, segment.shift.picture, segment.shift.tl0);
        packet
    }

    fn remember(&mut self, now: Instant, codec: Codec, sent: &Packet) {
        let numbers = codec.numbers(sent);
        let Some(newest) = &mut self.newest else {
            let (picture, tl0) = (numbers.picture.unwrap_or(0), numbers.tl0.unwrap_or(0));
            self.newest = Some(Newest { timestamp: sent.timestamp, at: now, picture, tl0 });
            return;
        };
        let step = sent.timestamp.wrapping_sub(newest.timestamp).cast_signed();
        if step < 0 {
            return;
        }
        // AV1 counts the layers of one picture, too.
        let further = |picture: u16| step > 0 || picture.wrapping_sub(newest.picture).cast_signed() > 0;
        newest.picture = numbers.picture.filter(|picture| further(*picture)).unwrap_or(newest.picture);
        if step > 0 {
            (newest.timestamp, newest.at) = (sent.timestamp, now);
            newest.tl0 = numbers.tl0.unwrap_or(newest.tl0);
        }
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
    /// What must be added to the packet so that it is the picture after this one.
    fn shift_for(&self, now: Instant, piece: &Piece, video: bool) -> Shift {
        let clock = if video { 90 } else { 48 };
        let passed = now.saturating_duration_since(self.at).as_millis().min(u128::from(u32::MAX / 100)) as u32;
        let step = (passed * clock).max(LEAST_STEP);
        let own = piece.codec.numbers(&piece.packet);
        Shift {
            timestamp: self.timestamp.wrapping_add(step).wrapping_sub(piece.packet.timestamp),
            picture: own.picture.map_or(0, |own| self.picture.wrapping_add(1).wrapping_sub(own)),
            tl0: own.tl0.map_or(0, |own| self.tl0.wrapping_add(1).wrapping_sub(own)),
        }
    }
}

impl Shift {
    fn time_of(&self, packet: &Packet) -> u32 {
        packet.timestamp.wrapping_add(self.timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use runde_rtp::Look;
    use runde_rtp::vp8::{Descriptor, PictureId};
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

    fn piece(codec: Codec, packet: Packet) -> Piece {
        Piece { codec, look: codec.look(&packet, &mut None), packet }
    }

    impl Route {
        fn vp8(&mut self, now: Instant, layer: usize, number: u64, packet: &Packet) -> Option<Packet> {
            self.forward(now, layer, number, &piece(Codec::Vp8, packet.clone()))
        }
    }

    fn id(packet: &Packet) -> u16 {
        Codec::Vp8.numbers(packet).picture.unwrap()
    }

    fn to(layer: usize) -> Option<Rung> {
        Some(Rung { layer, spatial: 0 })
    }

    fn watching(layer: usize) -> Route {
        let mut route = Route::video(Ssrc(1), Some(Ssrc(2)));
        route.set_target(to(layer));
        route
    }

    #[test]
    fn nothing_comes_out_before_a_key_frame() {
        let (now, mut route) = (Instant::now(), watching(0));
        assert!(route.vp8(now, 0, 70_000, &picture(1, 0, 1, false)).is_none());
        assert!(route.vp8(now, 0, 70_001, &picture(2, 0, 2, true)).is_some());
        assert_eq!((route.current(), route.awaits()), (to(0), None));
    }

    #[test]
    fn a_switch_goes_on_with_the_next_number_picture_and_a_later_time() {
        let (start, mut route) = (Instant::now(), watching(0));
        let last = route.vp8(start, 0, 70_000, &picture(10, 5_000, 9, true)).unwrap();
        route.set_target(to(2));
        let later = start + Duration::from_millis(33);
        assert!(route.vp8(later, 2, 90_000, &picture(7, 900_000, 700, false)).is_none());
        let first = route.vp8(later, 2, 90_001, &picture(8, 900_000, 700, true)).unwrap();
        assert_eq!(first.seq, last.seq.next());
        assert_eq!(id(&first), id(&last) + 1);
        assert_eq!(first.timestamp - last.timestamp, 33 * 90);
        assert_eq!(first.ssrc, Ssrc(1));
    }

    #[test]
    fn a_retransmitted_packet_of_the_layer_left_behind_fills_its_hole_once() {
        let (now, mut route) = (Instant::now(), watching(0));
        let first = route.vp8(now, 0, 70_000, &picture(0, 0, 0, true)).unwrap();
        let third = route.vp8(now, 0, 70_002, &picture(2, 2, 2, false)).unwrap();
        assert_eq!(third.seq.distance(first.seq), 2);
        route.set_target(to(1));
        route.vp8(now, 1, 80_000, &picture(0, 0, 0, true)).unwrap();
        let late = route.vp8(now, 0, 70_001, &picture(1, 1, 1, false)).unwrap();
        assert_eq!(late.seq, first.seq.next());
        assert!(route.vp8(now, 0, 70_001, &picture(1, 1, 1, false)).is_none());
    }

    #[test]
    fn padding_left_out_leaves_no_hole() {
        let (now, mut route) = (Instant::now(), watching(0));
        let first = route.vp8(now, 0, 70_000, &picture(0, 0, 0, true)).unwrap();
        let padding = Packet { payload: Bytes::new(), ..picture(1, 0, 0, false) };
        assert!(route.vp8(now, 0, 70_001, &padding).is_none());
        let next = route.vp8(now, 0, 70_002, &picture(2, 1, 1, false)).unwrap();
        assert_eq!(next.seq, first.seq.next());
        assert_eq!(route.origin(next.seq), Some((0, 70_002)));
    }

    #[test]
    fn a_lost_packet_is_found_again_through_the_receivers_number() {
        let (now, mut route) = (Instant::now(), watching(0));
        let key = picture(0, 0, 3, true);
        let sent = route.vp8(now, 0, 70_000, &key).unwrap();
        let origin = route.origin(sent.seq).unwrap();
        let again = route.resend(now, origin, &piece(Codec::Vp8, key), 96).unwrap();
        assert_eq!((again.ssrc, again.payload_type), (Ssrc(2), 96));
        assert_eq!(rtx::decapsulate(&again, Ssrc(1), 100), Some(sent.clone()));
        assert_eq!(route.origin(sent.seq.next()), None, "what was never sent cannot be missed");
    }

    #[test]
    fn a_storm_of_retransmission_requests_is_bounded() {
        let (now, mut route) = (Instant::now(), watching(0));
        let key = picture(0, 0, 3, true);
        route.vp8(now, 0, 70_000, &key).unwrap();
        let key = piece(Codec::Vp8, key);
        let resent = (0..10_000).filter(|_| route.resend(now, (0, 70_000), &key, 96).is_some()).count();
        assert_eq!(resent, RESENDS as usize);
        assert!(route.resend(now + Duration::from_secs(1), (0, 70_000), &key, 96).is_some());
    }

    #[test]
    fn another_codec_in_the_same_stream_waits_for_its_key_frame_and_goes_on_counting() {
        let (now, mut route) = (Instant::now(), watching(0));
        let last = route.vp8(now, 0, 70_000, &picture(0, 0, 3, true)).unwrap();
        let vp9 = |seq: u16, head: u8| {
            let payload = Bytes::from(vec![head, 0x80, 0x07, 0x77]);
            piece(
                Codec::Vp9,
                Packet { payload_type: 101, seq: SeqNo(seq), timestamp: 9_000, payload, ..Packet::default() },
            )
        };
        assert!(route.forward(now, 0, 70_001, &vp9(1, 0xcc)).is_none(), "its key frame was lost");
        assert_eq!(route.awaits(), Some(0));
        let first = route.forward(now, 0, 70_002, &vp9(2, 0x8c)).unwrap();
        assert_eq!((first.seq, first.payload_type), (last.seq.next(), 101));
        assert_eq!(Codec::Vp9.numbers(&first).picture, Some(4));
        let late = route.vp8(now, 0, 70_000, &picture(0, 0, 3, true));
        assert!(late.is_none() && route.awaits().is_none(), "a late packet of the former codec breaks nothing off");
        assert!(route.vp8(now, 0, 70_003, &picture(3, 12_000, 5, true)).is_some(), "and back again");
    }

    #[test]
    fn a_codec_that_the_receiver_does_not_take_asks_nobody_for_key_frames() {
        let (now, mut route) = (Instant::now(), watching(0));
        let last = route.vp8(now, 0, 70_000, &picture(0, 0, 3, true)).unwrap();
        route.pass_over(0);
        assert_eq!((route.current(), route.awaits()), (None, None));
        assert!(route.vp8(now, 0, 70_200, &picture(200, 90_000, 4, false)).is_none());
        assert_eq!(route.awaits(), Some(0));
        let again = route.vp8(now, 0, 70_201, &picture(201, 90_000, 4, true)).unwrap();
        assert_eq!(again.seq, last.seq.next());
    }

    /// The packet of one spatial layer; three of them make a picture.
    fn layer(seq: u16, timestamp: u32, key: bool, spatial: u8) -> Piece {
        let payload = Bytes::from(vec![0u8; 20]);
        let packet = Packet { seq: SeqNo(seq), timestamp, marker: spatial == 2, payload, ..Packet::default() };
        let look = Look { key: key && spatial == 0, spatial, ends_layer: true, ..Look::default() };
        Piece { codec: Codec::Vp9, look, packet }
    }

    #[test]
    fn spatial_layers_above_the_wish_leave_no_hole_and_the_last_below_ends_the_picture() {
        let (now, mut route) = (Instant::now(), watching(0));
        route.set_target(Some(Rung { layer: 0, spatial: 1 }));
        let mut got = Vec::new();
        for n in 0..30u16 {
            let piece = layer(n, u32::from(n / 3) * 3000, n == 0, (n % 3) as u8);
            got.extend(route.forward(now, 0, 70_000 + u64::from(n), &piece));
        }
        assert_eq!(got.len(), 20);
        assert!(got.windows(2).all(|pair| pair[1].seq == pair[0].seq.next()));
        assert!(got.iter().enumerate().all(|(n, packet)| packet.marker == (n % 2 == 1)));
        let origin = route.origin(got[19].seq).unwrap();
        let again = route.resend(now, origin, &layer(28, 27_000, false, 1), 97).unwrap();
        assert!(again.marker, "what is sent again ends the picture, too");
    }

    #[test]
    fn fewer_spatial_layers_come_with_the_next_picture_and_more_with_a_key_frame() {
        let (now, mut route) = (Instant::now(), watching(0));
        let wish = |spatial| Some(Rung { layer: 0, spatial });
        route.set_target(wish(2));
        let send = |route: &mut Route, n: u16, key: bool| {
            let piece = layer(n, u32::from(n / 3) * 3000, key, (n % 3) as u8);
            route.forward(now, 0, 70_000 + u64::from(n), &piece).is_some()
        };
        assert!(send(&mut route, 0, true) && send(&mut route, 1, false));
        route.set_target(wish(0));
        assert!(send(&mut route, 2, false), "a picture that was begun is sent whole");
        assert_eq!([3, 4, 5].map(|n| send(&mut route, n, false)), [true, false, false]);
        route.set_target(wish(2));
        assert_eq!((route.awaits(), [6, 7, 8].map(|n| send(&mut route, n, false))), (Some(0), [true, false, false]));
        assert_eq!((route.current(), [9, 10, 11].map(|n| send(&mut route, n, n == 9))), (wish(0), [true, true, true]));
        assert_eq!((route.current(), route.awaits()), (wish(2), None));
    }
}
