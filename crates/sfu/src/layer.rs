//! One simulcast layer as it really arrives: alive or not, of which spatial layers, how high, how many bits; and which
//! of them a wish allows.

use crate::arrival::Arrival;
use crate::cache::Cache;
use crate::keyframe::Throttle;
use runde_rtp::av1::Structure;
use runde_rtp::{Codec, Look, MAX_SPATIAL, Packet};
use std::time::{Duration, Instant};

/// Without a packet for this long the sender has switched the layer off. Longer than the pause between two pictures
/// of a still screen share, shorter than anyone looks at a frozen tile.
const SILENT: Duration = Duration::from_millis(2500);
/// Bits per second are counted over windows of this length.
const WINDOW: Duration = Duration::from_millis(500);
/// Pictures higher than this are refused as a height: no camera layer is.
const MAX_HEIGHT: u16 = 4320;

/// One size in which a source can be had: a stream of the simulcast, and within it the highest spatial layer that is
/// forwarded. Later ones are better and need more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Rung {
    pub(crate) layer: usize,
    pub(crate) spatial: u8,
}

#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) arrival: Arrival,
    pub(crate) cache: Cache,
    pub(crate) requests: Throttle,
    /// What an AV1 stream said that it is made of.
    structure: Option<Structure>,
    /// Smallest first. A stream without spatial layers is its own first.
    spatial: [Spatial; MAX_SPATIAL],
}

/// One spatial layer of a stream.
#[derive(Clone, Copy, Debug)]
struct Spatial {
    /// Lines of its pictures: a guess by position until a key frame tells.
    height: u32,
    last_packet: Option<Instant>,
    window: Option<(Instant, u64)>,
    measured_bps: u64,
}

impl Layer {
    pub(crate) fn new(position: usize, of: usize) -> Self {
        let guess = |spatial| match (of, position + spatial) {
            (1, _) | (_, 2..) => 720,
            (_, 1) => 360,
            (_, _) => 180,
        };
        let spatial = |nth| Spatial { height: guess(nth), last_packet: None, window: None, measured_bps: 0 };
        Self {
            arrival: Arrival::default(),
            cache: Cache::default(),
            requests: Throttle::default(),
            structure: None,
            spatial: std::array::from_fn(spatial),
        }
    }

    /// Looks at a packet with what is known of the stream.
    pub(crate) fn look(&mut self, codec: Codec, packet: &Packet) -> Look {
        codec.look(packet, &mut self.structure)
    }

    /// Counts one packet of `bytes`; true when the layer, or a spatial layer of it, came to life with it. A new size is
    /// weighed later: a sender that claims another with each packet buys no work with it.
    pub(crate) fn count(&mut self, now: Instant, look: &Look, bytes: usize) -> bool {
        let counted = self.spatial.get_mut(usize::from(look.spatial));
        let mut woke = counted.is_some_and(|spatial| spatial.count(now, bytes));
        for (spatial, lines) in self.spatial.iter_mut().zip(look.lines) {
            if (1..=MAX_HEIGHT).contains(&lines) {
                spatial.height = u32::from(lines);
                // What a key frame announces comes with it: a receiver shall not have to wait for the next one.
                woke |= !spatial.is_alive(now);
                spatial.last_packet = Some(now);
            }
        }
        woke
    }

    /// Nothing comes any more, as far as is known.
    pub(crate) fn end(&mut self) {
        for spatial in &mut self.spatial {
            (spatial.last_packet, spatial.measured_bps) = (None, 0);
        }
    }

    /// Its living spatial layers, smallest first: `(spatial, height, bps)`. Each costs what those below it cost, too.
    fn rungs(&self, now: Instant) -> impl Iterator<Item = (u8, u32, u64)> {
        let alive = self.spatial.iter().enumerate().filter(move |(_, spatial)| spatial.is_alive(now));
        alive.scan(0u64, |below, (nth, spatial)| {
            let measured = spatial.measured_bps > 0;
            *below =
                if measured { below.saturating_add(spatial.measured_bps) } else { (*below).max(spatial.usual_bps()) };
            Some((nth as u8, spatial.height, *below))
        })
    }
}

impl Spatial {
    fn is_alive(&self, now: Instant) -> bool {
        self.last_packet.is_some_and(|last| now.saturating_duration_since(last) < SILENT)
    }

    fn count(&mut self, now: Instant, bytes: usize) -> bool {
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

    /// What such pictures usually need.
    fn usual_bps(&self) -> u64 {
        match self.height {
            0..=180 => 200_000,
            181..=360 => 500_000,
            _ => 1_500_000,
        }
    }
}

/// The living sizes that fit `max_height` with what forwarding them costs, lowest first. If none is low enough the
/// lowest is allowed all the same: a picture that is too large beats none.
pub(crate) fn allowed(layers: &[Layer], max_height: u32, now: Instant) -> Vec<(Rung, u64)> {
    let of = |(layer, state): (usize, &Layer)| {
        state.rungs(now).map(move |(spatial, height, bps)| (Rung { layer, spatial }, height, bps)).collect::<Vec<_>>()
    };
    let alive: Vec<_> = layers.iter().enumerate().flat_map(of).collect();
    let fits = alive.iter().filter(|(_, height, _)| *height <= max_height);
    let fits: Vec<_> = fits.map(|(rung, _, bps)| (*rung, *bps)).collect();
    if fits.is_empty() {
        return alive.into_iter().take(1).map(|(rung, _, bps)| (rung, bps)).collect();
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Look = Look { key: false, spatial: 0, ends_layer: false, described: false, lines: [0; MAX_SPATIAL] };

    fn three_alive(now: Instant) -> Vec<Layer> {
        (0..3)
            .map(|position| {
                let mut layer = Layer::new(position, 3);
                layer.count(now, &PLAIN, 1000);
                layer
            })
            .collect()
    }

    fn indexes(allowed: Vec<(Rung, u64)>) -> Vec<usize> {
        allowed.into_iter().map(|(rung, _)| rung.layer).collect()
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
        layers[0].count(later, &PLAIN, 1000);
        layers[1].count(later, &PLAIN, 1000);
        assert_eq!(indexes(allowed(&layers, u32::MAX, later)), [0, 1]);
    }

    #[test]
    fn the_measured_rate_follows_the_packets() {
        let start = Instant::now();
        let mut layer = Layer::new(2, 3);
        for ms in (0..5000).step_by(10) {
            layer.count(start + Duration::from_millis(ms), &PLAIN, 1250);
        }
        let bps = allowed(&[layer], u32::MAX, start + Duration::from_secs(5))[0].1;
        assert!((950_000..1_050_000).contains(&bps), "{bps}");
    }

    #[test]
    fn the_spatial_layers_of_one_stream_are_sizes_like_those_of_three_streams() {
        let now = Instant::now();
        let mut layers = vec![Layer::new(0, 3), Layer::new(1, 3), Layer::new(2, 3)];
        let key = Look { key: true, lines: [180, 360, 720, 0], ..PLAIN };
        assert!(layers[0].count(now, &key, 1000));
        let spatial = |height| {
            allowed(&layers, height, now).into_iter().map(|(rung, _)| (rung.layer, rung.spatial)).collect::<Vec<_>>()
        };
        assert_eq!(spatial(720), [(0, 0), (0, 1), (0, 2)], "announced, so there before their first packet");
        assert_eq!(spatial(180), [(0, 0)]);
    }

    #[test]
    fn a_higher_spatial_layer_costs_what_those_below_it_cost_too() {
        let (start, mut layer) = (Instant::now(), Layer::new(0, 3));
        for ms in (0..5000).step_by(10) {
            for spatial in 0..2 {
                layer.count(start + Duration::from_millis(ms), &Look { spatial, ..PLAIN }, 1250);
            }
        }
        let costs = allowed(&[layer], u32::MAX, start + Duration::from_secs(5));
        assert!((1_900_000..2_100_000).contains(&costs[1].1), "{costs:?}");
    }

    #[test]
    fn a_height_that_no_camera_has_is_not_believed() {
        let (now, mut layer) = (Instant::now(), Layer::new(1, 3));
        layer.count(now, &Look { lines: [u16::MAX, 0, 0, 0], ..PLAIN }, 100);
        assert_eq!(allowed(&[layer], 360, now).len(), 1);
    }
}
