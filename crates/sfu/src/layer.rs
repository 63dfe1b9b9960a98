//! One simulcast layer as it really arrives: alive or not, how high, how many bits; and which layers a wish allows.

use crate::arrival::Arrival;
use crate::cache::Cache;
use crate::keyframe::Throttle;
use std::time::{Duration, Instant};

/// Without a packet for this long the sender has switched the layer off. Longer than the pause between two pictures
/// of a still screen share, shorter than anyone looks at a frozen tile.
const SILENT: Duration = Duration::from_millis(2500);
/// Bits per second are counted over windows of this length.
const WINDOW: Duration = Duration::from_millis(500);

#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) arrival: Arrival,
    pub(crate) cache: Cache,
    pub(crate) requests: Throttle,
    /// Lines of its pictures: a guess by position until a key frame tells.
    pub(crate) height: u32,
    last_packet: Option<Instant>,
    window: Option<(Instant, u64)>,
    measured_bps: u64,
}

impl Layer {
    pub(crate) fn new(position: usize, of: usize) -> Self {
        let height = match (of, position) {
            (1, _) | (_, 2..) => 720,
            (_, 1) => 360,
            (_, _) => 180,
        };
        Self {
            arrival: Arrival::default(),
            cache: Cache::default(),
            requests: Throttle::default(),
            height,
            last_packet: None,
            window: None,
            measured_bps: 0,
        }
    }

    pub(crate) fn is_alive(&self, now: Instant) -> bool {
        self.last_packet.is_some_and(|last| now.saturating_duration_since(last) < SILENT)
    }

    /// Counts one packet of `bytes`; true when the layer came to life with it.
    pub(crate) fn count(&mut self, now: Instant, bytes: usize) -> bool {
        let woke = !self.is_alive(now);
        self.last_packet = Some(now);
        let (since, so_far) = self.window.get_or_insert((now, 0));
        *so_far += bytes as u64;
        let elapsed = now.saturating_duration_since(*since);
        if elapsed >= WINDOW {
            let bps = *so_far * 8_000 / (elapsed.as_millis() as u64).max(1);
            self.measured_bps = if self.measured_bps == 0 || woke { bps } else { (self.measured_bps + bps) / 2 };
            self.window = Some((now, 0));
        }
        woke
    }

    /// What forwarding it costs: measured, or what such pictures usually need.
    pub(crate) fn bps(&self) -> u64 {
        if self.measured_bps > 0 {
            return self.measured_bps;
        }
        match self.height {
            0..=180 => 200_000,
            181..=360 => 500_000,
            _ => 1_500_000,
        }
    }
}

/// The living layers that fit `max_height` as `(index, bps)`, lowest first. If none is low enough the lowest is
/// allowed all the same: a picture that is too large beats none.
pub(crate) fn allowed(layers: &[Layer], max_height: u32, now: Instant) -> Vec<(usize, u64)> {
    let alive = || layers.iter().enumerate().filter(|(_, layer)| layer.is_alive(now));
    let fits: Vec<_> =
        alive().filter(|(_, l)| l.height <= max_height).map(|(index, layer)| (index, layer.bps())).collect();
    if fits.is_empty() {
        return alive().take(1).map(|(index, layer)| (index, layer.bps())).collect();
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three_alive(now: Instant) -> Vec<Layer> {
        (0..3)
            .map(|position| {
                let mut layer = Layer::new(position, 3);
                layer.count(now, 1000);
                layer
            })
            .collect()
    }

    fn indexes(allowed: Vec<(usize, u64)>) -> Vec<usize> {
        allowed.into_iter().map(|(index, _)| index).collect()
    }

    #[test]
    fn a_wish_for_180_lines_allows_only_the_lowest_layer() {
        let now = Instant::now();
        assert_eq!(indexes(allowed(&three_alive(now), 180, now)), [0]);
        assert_eq!(indexes(allowed(&three_alive(now), 719, now)), [0, 1]);
        assert_eq!(indexes(allowed(&three_alive(now), u32::MAX, now)), [0, 1, 2]);
    }

    #[test]
    fn a_tiny_wish_still_gets_the_lowest_layer() {
        let now = Instant::now();
        assert_eq!(indexes(allowed(&three_alive(now), 90, now)), [0]);
    }

    #[test]
    fn a_layer_its_sender_switched_off_is_no_choice() {
        let now = Instant::now();
        let mut layers = three_alive(now);
        let later = now + SILENT;
        layers[0].count(later, 1000);
        layers[1].count(later, 1000);
        assert_eq!(indexes(allowed(&layers, u32::MAX, later)), [0, 1]);
    }

    #[test]
    fn the_measured_rate_follows_the_packets() {
        let start = Instant::now();
        let mut layer = Layer::new(2, 3);
        for ms in (0..5000).step_by(10) {
            layer.count(start + Duration::from_millis(ms), 1250);
        }
        assert!((950_000..1_050_000).contains(&layer.bps()), "{}", layer.bps());
    }
}
