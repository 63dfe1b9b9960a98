//! When to play which packet of one voice: order, waiting time, holes. Pure; time is told.
//!
//! What it is not: it decodes nothing and touches no samples; [`crate::voice::Voice`] does what it says here.
//!
//! The shape is that of NetEQ: packets go in as they come, sound is asked for in its own rhythm. How long to wait is read
//! from a histogram of how late packets were lately; whoever asks is told to speak a little faster or slower until the wait
//! fits.

use bytes::Bytes;
use runde_rtp::{Extender, SeqNo};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Shortest wait: one packet.
pub const MIN_DELAY: Duration = Duration::from_millis(20);
/// Longest wait; what comes later than that is better concealed.
pub const MAX_DELAY: Duration = Duration::from_millis(200);
/// Packets held at most: 2 s of 20 ms. Beyond that the oldest go: somebody stopped asking for sound.
const MAX_PACKETS: usize = 100;
/// Largest payload kept. Opus packets end at 1 275 bytes a frame, ours at 1 200.
const MAX_BYTES: usize = 8 * 1024;
/// Arrivals remembered to know which is the earliest possible one: 4 s of 20 ms.
const HISTORY: usize = 200;
/// Width of one class of the histogram.
const CLASS_MS: u64 = 10;
/// Classes: up to 500 ms late.
const CLASSES: usize = 50;
/// What each new arrival leaves of the old ones: half is forgotten after 7 s of 20 ms packets.
const FORGET: f32 = 0.998;
/// Share of packets that shall be in time.
const IN_TIME: f32 = 0.97;
/// RTP ticks in a millisecond.
const TICKS_PER_MS: u64 = 48;
/// Concealed packets in a row before the voice is taken for paused: 200 ms.
const MAX_CONCEALED: u32 = 10;
/// Missing sequence numbers bridged by concealment; a larger step is a new beginning.
const MAX_GAP: u64 = 50;
/// So many packets in a row from behind mean that the sender began anew.
const RESTART_AFTER: u32 = 25;
/// Above the target by this much the voice hurries: two packets and a block.
const TOO_MUCH: Duration = Duration::from_millis(50);

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Inserted {
    Kept,
    /// Its place was already played.
    Late,
    Duplicate,
    /// Empty or above the size limit.
    Refused,
}

/// What to play next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Next {
    /// Decode this.
    Packet(Bytes),
    /// The packet is lost, but this later one carries a copy of it; the later one itself will follow.
    Recover(Bytes),
    /// The packet is lost: invent something.
    Conceal,
    /// Nothing is due: silence. The voice has not begun, has paused, or fills its wait again.
    Rest,
}

/// How fast to play so that the wait gets right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    Steady,
    Faster,
    Slower,
}

/// Counted since the start.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct JitterStats {
    pub received: u64,
    pub late: u64,
    pub duplicates: u64,
    /// Packets that never came or came too late.
    pub lost: u64,
    /// Of these, how many a later packet's copy stood in for.
    pub recovered: u64,
    /// Interarrival jitter (RFC 3550 6.4.1) in ms.
    pub jitter_ms: f32,
    /// The wait aimed at, in ms.
    pub target_ms: u32,
}

struct Held {
    timestamp: u64,
    payload: Bytes,
}

enum State {
    /// Collecting until the wait is reached since this moment.
    Filling {
        since: Option<Instant>,
    },
    Playing {
        next: u64,
        concealed: u32,
    },
}

/// The buffer of one voice.
pub struct Buffer {
    packets: BTreeMap<u64, Held>,
    seqs: Extender,
    state: State,
    /// Highest sequence number played; older ones are late.
    played: Option<u64>,
    delays: Delays,
    behind: u32,
    stats: JitterStats,
}

impl Buffer {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self {
            packets: BTreeMap::new(),
            seqs: Extender::default(),
            state: State::Filling { since: None },
            played: None,
            delays: Delays::new(),
            behind: 0,
            stats: JitterStats::default(),
        }
    }

    /// Takes one packet as it comes. `timestamp` counts at 48 kHz.
    pub fn insert(&mut self, now: Instant, seq: SeqNo, timestamp: u32, payload: Bytes) -> Inserted {
        if payload.is_empty() || payload.len() > MAX_BYTES {
            return Inserted::Refused;
        }
        self.stats.received += 1;
        let place = self.seqs.extend(seq);
        if self.played.is_some_and(|played| place <= played) {
            return self.late();
        }
        self.behind = 0;
        if self.packets.contains_key(&place) {
            self.stats.duplicates += 1;
            return Inserted::Duplicate;
        }
        let timestamp = self.delays.arrived(now, timestamp);
        self.packets.insert(place, Held { timestamp, payload });
        if self.packets.len() > MAX_PACKETS {
            self.packets.pop_first();
            if let State::Playing { next, .. } = &mut self.state {
                *next = self.packets.first_key_value().map_or(*next, |(first, _)| *first);
            }
        }
        if let State::Filling { since: since @ None } = &mut self.state {
            *since = Some(now);
        }
        Inserted::Kept
    }

    /// What to play now. `pending` is the sound already decoded and not played yet.
    pub fn next(&mut self, now: Instant, pending: Duration) -> Next {
        if let State::Filling { since } = self.state {
            let waited = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
            let Some((first, _)) = self.packets.first_key_value() else { return Next::Rest };
            if waited + MIN_DELAY < self.target() && self.held() + pending < self.target() {
                return Next::Rest;
            }
            self.state = State::Playing { next: *first, concealed: 0 };
        }
        let State::Playing { next, concealed } = self.state else { return Next::Rest };
        if let Some(held) = self.packets.remove(&next) {
            self.played = Some(next);
            self.state = State::Playing { next: next + 1, concealed: 0 };
            return Next::Packet(held.payload);
        }
        self.hole(next, concealed)
    }

    /// How to play for the wait to get right. `pending` as for [`Buffer::next`].
    #[must_use]
    pub fn pace(&self, pending: Duration) -> Pace {
        let State::Playing { .. } = self.state else { return Pace::Steady };
        let (held, target) = (self.held() + pending, self.target());
        if held > target + TOO_MUCH {
            Pace::Faster
        } else if held + MIN_DELAY < target {
            Pace::Slower
        } else {
            Pace::Steady
        }
    }

    /// The wait aimed at, [`MIN_DELAY`] to [`MAX_DELAY`].
    #[must_use]
    pub fn target(&self) -> Duration {
        (self.delays.late_by() + MIN_DELAY).clamp(MIN_DELAY, MAX_DELAY)
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        let target_ms = u32::try_from(self.target().as_millis()).unwrap_or(u32::MAX);
        JitterStats { jitter_ms: self.delays.jitter_ms, target_ms, ..self.stats }
    }

    fn late(&mut self) -> Inserted {
        self.stats.late += 1;
        self.behind += 1;
        if self.behind >= RESTART_AFTER {
            let stats = self.stats;
            *self = Self { stats, ..Self::new() };
        }
        Inserted::Late
    }

    /// Nothing is at `next`.
    fn hole(&mut self, next: u64, concealed: u32) -> Next {
        let Some((first, held)) = self.packets.first_key_value() else { return self.dry(next, concealed) };
        let (first, payload) = (*first, held.payload.clone());
        let gap = first.saturating_sub(next);
        if gap > MAX_GAP || concealed >= MAX_CONCEALED {
            self.state = State::Playing { next: first, concealed: 0 };
            self.stats.lost += gap.min(MAX_GAP);
            return Next::Conceal;
        }
        self.stats.lost += 1;
        self.played = Some(next);
        self.state = State::Playing { next: next + 1, concealed: concealed + 1 };
        if gap == 1 {
            self.stats.recovered += 1;
            return Next::Recover(payload);
        }
        Next::Conceal
    }

    /// Nothing is left at all: bridge a little without giving up the place, since it may still come.
    fn dry(&mut self, next: u64, concealed: u32) -> Next {
        if concealed >= MAX_CONCEALED {
            self.state = State::Filling { since: None };
            return Next::Rest;
        }
        self.state = State::Playing { next, concealed: concealed + 1 };
        Next::Conceal
    }

    /// Sound held, from the first packet to the end of the last.
    fn held(&self) -> Duration {
        let (Some((_, first)), Some((_, last))) = (self.packets.first_key_value(), self.packets.last_key_value())
        else {
            return Duration::ZERO;
        };
        let ticks = last.timestamp.saturating_sub(first.timestamp);
        MIN_DELAY + Duration::from_millis((ticks / TICKS_PER_MS).min(10_000))
    }
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new()
    }
}

/// How late packets were, against the earliest of the last seconds.
struct Delays {
    first: Option<(Instant, u64)>,
    timestamps: Timestamps,
    /// Transit times (arrival minus timestamp) in ms of the last arrivals.
    transits: VecDeque<i64>,
    histogram: [f32; CLASSES],
    jitter_ms: f32,
}

impl Delays {
    fn new() -> Self {
        Self {
            first: None,
            timestamps: Timestamps::default(),
            transits: VecDeque::with_capacity(HISTORY),
            histogram: [0.0; CLASSES],
            jitter_ms: 0.0,
        }
    }

    /// Remembers one arrival and returns the unrolled timestamp.
    fn arrived(&mut self, now: Instant, timestamp: u32) -> u64 {
        let unrolled = self.timestamps.extend(timestamp);
        let (first_at, first_timestamp) = *self.first.get_or_insert((now, unrolled));
        let arrival = i64::try_from(now.saturating_duration_since(first_at).as_millis()).unwrap_or(i64::MAX);
        let sent = (unrolled.cast_signed() - first_timestamp.cast_signed()) / TICKS_PER_MS.cast_signed();
        let transit = arrival.saturating_sub(sent);
        if let Some(before) = self.transits.back() {
            #[allow(clippy::cast_precision_loss)]
            let change = (transit - before).unsigned_abs().min(10_000) as f32;
            self.jitter_ms += (change - self.jitter_ms) / 16.0;
        }
        if self.transits.len() == HISTORY {
            self.transits.pop_front();
        }
        self.transits.push_back(transit);
        let earliest = self.transits.iter().min().copied().unwrap_or(transit);
        let late = (transit - earliest).unsigned_abs();
        let class = usize::try_from(late / CLASS_MS).unwrap_or(CLASSES).min(CLASSES - 1);
        self.histogram.iter_mut().for_each(|share| *share *= FORGET);
        self.histogram[class] += 1.0;
        unrolled
    }

    /// Lateness that [`IN_TIME`] of the packets stay below.
    fn late_by(&self) -> Duration {
        let all: f32 = self.histogram.iter().sum();
        let mut sum = 0.0;
        for (class, share) in self.histogram.iter().enumerate() {
            sum += share;
            if sum >= all * IN_TIME {
                return Duration::from_millis(class as u64 * CLASS_MS);
            }
        }
        Duration::ZERO
    }
}

/// Unrolls 32-bit timestamps.
#[derive(Default)]
struct Timestamps {
    last: Option<u64>,
}

impl Timestamps {
    #[allow(clippy::cast_possible_truncation)]
    fn extend(&mut self, timestamp: u32) -> u64 {
        /// Room below the first for packets that overtook it.
        const LAP: u64 = 1 << 32;
        let last = self.last.unwrap_or(LAP + u64::from(timestamp));
        let step = timestamp.wrapping_sub(last as u32).cast_signed();
        let unrolled = last.saturating_add_signed(i64::from(step));
        self.last = Some(unrolled.max(last));
        unrolled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Packet `n` says its number.
    fn insert(buffer: &mut Buffer, now: Instant, n: u16) -> Inserted {
        let payload = Bytes::from(n.to_be_bytes().to_vec());
        buffer.insert(now, SeqNo(n.wrapping_add(65_500)), u32::from(n) * 960, payload)
    }

    fn packet(n: u16) -> Next {
        Next::Packet(Bytes::from(n.to_be_bytes().to_vec()))
    }

    #[test]
    fn packets_out_of_order_are_played_in_order() {
        let (mut buffer, now) = (Buffer::new(), Instant::now());
        for n in [1, 0, 3, 2] {
            insert(&mut buffer, now, n);
        }
        let played: Vec<Next> = (0..4).map(|_| buffer.next(now + ms(20), ms(0))).collect();
        assert_eq!(played, [packet(0), packet(1), packet(2), packet(3)]);
    }

    #[test]
    fn a_lost_packet_is_recovered_from_the_next_and_an_older_hole_concealed() {
        let (mut buffer, now) = (Buffer::new(), Instant::now());
        for n in [0, 3] {
            insert(&mut buffer, now, n);
        }
        let copy = Next::Recover(Bytes::from(3u16.to_be_bytes().to_vec()));
        let played: Vec<Next> = (0..4).map(|_| buffer.next(now + ms(20), ms(0))).collect();
        assert_eq!(played, [packet(0), Next::Conceal, copy, packet(3)]);
        assert_eq!((buffer.stats().lost, buffer.stats().recovered), (2, 1));
        assert_eq!(insert(&mut buffer, now, 1), Inserted::Late);
    }

    #[test]
    fn a_packet_twice_counts_once_and_rubbish_is_refused() {
        let (mut buffer, now) = (Buffer::new(), Instant::now());
        assert_eq!(insert(&mut buffer, now, 0), Inserted::Kept);
        assert_eq!(insert(&mut buffer, now, 0), Inserted::Duplicate);
        assert_eq!(buffer.insert(now, SeqNo(1), 0, Bytes::new()), Inserted::Refused);
        assert_eq!(buffer.insert(now, SeqNo(1), 0, vec![0; MAX_BYTES + 1].into()), Inserted::Refused);
    }

    #[test]
    fn a_voice_that_stops_is_bridged_and_then_left_silent_until_it_begins_again() {
        let (mut buffer, now) = (Buffer::new(), Instant::now());
        insert(&mut buffer, now, 0);
        buffer.next(now + ms(20), ms(0));
        let after: Vec<Next> = (0..15).map(|_| buffer.next(now + ms(40), ms(0))).collect();
        assert_eq!(after.iter().filter(|next| **next == Next::Conceal).count(), MAX_CONCEALED as usize);
        assert_eq!(after.last(), Some(&Next::Rest));
        assert_eq!(buffer.stats().lost, 0, "a pause is no loss");
        let later = now + ms(5000);
        insert(&mut buffer, later, 1);
        assert_eq!(buffer.next(later + ms(200), ms(0)), packet(1));
    }

    /// Plays 20 s of packets whose delays `delay_ms` gives; returns (share concealed after 5 s, last target).
    fn run(delay_ms: impl Fn(u64) -> Option<u64>) -> (f64, Duration) {
        let (mut buffer, start) = (Buffer::new(), Instant::now());
        let mut arrivals: Vec<(u64, u16)> =
            (0..1000u16).filter_map(|n| Some((u64::from(n) * 20 + delay_ms(u64::from(n))?, n))).collect();
        arrivals.sort_unstable();
        let mut arrivals = arrivals.into_iter().peekable();
        let (mut concealed, mut asked) = (0, 0);
        for t in 0..1000u64 {
            let now = start + ms(t * 20);
            while let Some((_, n)) = arrivals.next_if(|(at, _)| *at <= t * 20) {
                insert(&mut buffer, start + ms(t * 20), n);
            }
            // As a voice does: faster leaves out, slower waits.
            let pace = buffer.pace(ms(0));
            if pace == Pace::Slower && t % 4 == 0 {
                continue;
            }
            let next = buffer.next(now, ms(0));
            if pace == Pace::Faster && t % 4 == 0 {
                buffer.next(now, ms(0));
            }
            if t > 250 {
                asked += 1;
                concealed += u64::from(!matches!(next, Next::Packet(_)));
            }
        }
        (concealed as f64 / asked as f64, buffer.target())
    }

    fn noise(n: u64) -> u64 {
        (n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33) % 1000
    }

    #[test]
    fn on_a_steady_path_the_wait_is_short_and_nothing_is_missing() {
        let (concealed, target) = run(|_| Some(30));
        assert!(concealed < 0.001 && target <= ms(30), "{concealed} {target:?}");
    }

    #[test]
    fn jitter_makes_the_wait_longer_until_nearly_all_are_in_time() {
        let (concealed, target) = run(|n| Some(30 + noise(n) * 80 / 1000));
        assert!(concealed < 0.05, "{concealed}");
        assert!((ms(70)..=ms(130)).contains(&target), "{target:?}");
    }

    #[test]
    fn loss_is_seen_as_loss_and_not_as_delay() {
        let (concealed, target) = run(|n| (noise(n) > 100).then_some(30));
        assert!((0.05..0.16).contains(&concealed), "{concealed}");
        assert!(target <= ms(30), "{target:?}");
    }

    #[test]
    fn bursts_of_a_stalled_path_end_in_a_bounded_wait() {
        let (_, target) = run(|n| Some(if n % 100 < 15 { 30 + (15 - n % 100) * 20 } else { 30 }));
        assert!(target <= MAX_DELAY, "{target:?}");
    }

    #[test]
    fn too_much_held_hurries_and_too_little_slows_down() {
        let (mut buffer, now) = (Buffer::new(), Instant::now());
        for n in 0..10 {
            insert(&mut buffer, now + ms(u64::from(n) * 20), n);
        }
        let at = now + ms(200);
        assert_eq!(buffer.next(at, ms(0)), packet(0));
        assert_eq!(buffer.pace(ms(0)), Pace::Faster);
        while buffer.next(at, ms(0)) != Next::Conceal {}
        assert_ne!(buffer.pace(ms(0)), Pace::Faster);
    }

    #[test]
    fn a_sender_that_begins_anew_is_followed() {
        let (mut buffer, now) = (Buffer::new(), Instant::now());
        for n in 200..230 {
            insert(&mut buffer, now, n);
            buffer.next(now + ms(300), ms(0));
        }
        for n in 0..40 {
            insert(&mut buffer, now + ms(400), n);
        }
        assert!(matches!(buffer.next(now + ms(800), ms(0)), Next::Packet(_)));
    }

    proptest! {
        #[test]
        fn whatever_comes_it_stays_small_and_plays_forward(
            packets in proptest::collection::vec((any::<u16>(), any::<u32>(), 0u64..300), 0..400)
        ) {
            let (mut buffer, mut now) = (Buffer::new(), Instant::now());
            for (seq, timestamp, wait) in packets {
                now += ms(wait);
                buffer.insert(now, SeqNo(seq), timestamp, Bytes::from_static(&[1]));
                let _ = (buffer.next(now, ms(0)), buffer.pace(ms(5)));
                prop_assert!(buffer.packets.len() <= MAX_PACKETS);
                prop_assert!((MIN_DELAY..=MAX_DELAY).contains(&buffer.target()));
            }
        }
    }
}
