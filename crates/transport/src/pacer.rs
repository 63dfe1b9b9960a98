//! Spreads video over time, so that a key frame does not fill a router's queue; and forgets what has grown too old.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use runde_rtp::Packet;

/// Later than this a picture is of no use to a conversation; the receiver asks for a key frame instead.
const MAX_AGE: Duration = Duration::from_millis(500);
/// The queue is drained this much faster than the estimate, so that it stays short.
const HEADROOM: f64 = 2.5;
/// Never slower, so that the first frames are not held back by a low first estimate, bit/s.
const MIN_RATE: f64 = 3_000_000.0;
/// Sent at once after a pause: what a millisecond or two of the system's timers would hold back anyway.
const BURST: Duration = Duration::from_millis(5);

/// The queue of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Pacer {
    queue: VecDeque<(Instant, Packet)>,
    /// When the link is free again at the pacing rate.
    free: Option<Instant>,
    rate: f64,
    /// Packets given up.
    pub(crate) too_old: u64,
}

impl Pacer {
    /// `bps` is the estimate.
    pub(crate) fn set_estimate(&mut self, bps: u64) {
        #[allow(clippy::cast_precision_loss)] // a bit rate
        let estimate = bps as f64;
        self.rate = (estimate * HEADROOM).max(MIN_RATE);
    }

    pub(crate) fn push(&mut self, now: Instant, packet: Packet) {
        self.queue.push_back((now, packet));
    }

    /// The next packet that may leave now.
    pub(crate) fn pop(&mut self, now: Instant) -> Option<Packet> {
        while self.queue.front().is_some_and(|(since, _)| now.saturating_duration_since(*since) > MAX_AGE) {
            self.queue.pop_front();
            self.too_old += 1;
        }
        if self.free.is_some_and(|free| free > now + BURST) {
            return None;
        }
        let (_, packet) = self.queue.pop_front()?;
        #[allow(clippy::cast_precision_loss)] // at most a datagram
        let bits = (packet.payload.len() + 40) as f64 * 8.0;
        let takes = Duration::from_secs_f64(bits / self.rate.max(MIN_RATE));
        self.free = Some(self.free.map_or(now, |free| free.max(now)) + takes);
        Some(packet)
    }

    /// When [`Pacer::pop`] may have something.
    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let (since, _) = self.queue.front()?;
        Some(self.free.and_then(|free| free.checked_sub(BURST)).map_or(*since, |free| free.max(*since)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn packet() -> Packet {
        Packet { payload: Bytes::from(vec![0; 1_160]), ..Packet::default() }
    }

    #[test]
    fn a_key_frame_is_spread_over_time_at_the_pacing_rate() {
        let (start, mut pacer) = (Instant::now(), Pacer::default());
        pacer.set_estimate(1_600_000);
        for _ in 0..100 {
            pacer.push(start, packet());
        }
        let (mut now, mut sent, mut first_burst) = (start, 0, 0);
        while sent < 100 {
            while pacer.pop(now).is_some() {
                sent += 1;
            }
            first_burst = if first_burst == 0 { sent } else { first_burst };
            now = now.max(pacer.poll_timeout().unwrap_or(now)) + Duration::from_micros(100);
        }
        // 100 packets of 9600 bits at 4 Mbit/s take 240 ms.
        let took = now - start;
        assert!(took > Duration::from_millis(210) && took < Duration::from_millis(270), "{took:?}");
        assert!(first_burst < 4, "{first_burst}");
        assert_eq!(pacer.too_old, 0);
    }

    #[test]
    fn what_has_grown_too_old_is_dropped_and_counted() {
        let (start, mut pacer) = (Instant::now(), Pacer::default());
        pacer.push(start, packet());
        pacer.push(start + Duration::from_millis(400), packet());
        assert!(pacer.pop(start + Duration::from_millis(600)).is_some());
        assert!(pacer.pop(start + Duration::from_millis(600)).is_none());
        assert_eq!(pacer.too_old, 1);
    }
}
