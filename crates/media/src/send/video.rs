//! The camera's thread: scale, encode each layer, cut into payloads.

use super::{SendError, Unit};
use crate::channel::{self, Receiver, Sender};
use crate::mailbox::{Mailbox, Taken};
use crate::picture::Picture;
use crate::simulcast::{LayerFrame, MAX_LAYERS, Simulcast};
use crate::vp8::Packetizer;
use bytes::Bytes;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Payloads waiting for the wire: two key frames of three layers. **When less than [`OUT_SPARE`] is left, pictures are not
/// encoded at all**, since late video is worse than less video; so nothing is ever torn out of a picture.
const OUT_UNITS: usize = 768;
/// What one picture in three layers may need at most: 350 KiB.
const OUT_SPARE: usize = 320;
/// Orders waiting for the thread, which looks with each picture. **When full, the oldest goes.**
const ORDERS: usize = 64;
/// How long the thread waits for a picture before it looks for orders again.
const PATIENCE: Duration = Duration::from_millis(50);
/// Time over which the figures of a layer are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// How to begin.
#[derive(Clone, Copy, Debug)]
pub struct VideoConfig {
    /// RTP timestamp of the first picture; random for each source (RFC 3550 5.1).
    pub first_timestamp: u32,
    /// Picture id of the first picture of each layer (15 bits); best random.
    pub first_picture_id: u16,
    /// Simulcast layers, 1 to 3.
    pub layers: usize,
    /// Most pictures a second; more are left out.
    pub fps: u32,
    /// For all layers together, until [`VideoSender::set_bitrate`].
    pub bits_per_second: u32,
}

impl Default for VideoConfig {
    fn default() -> Self {
        Self { first_timestamp: 0, first_picture_id: 0, layers: MAX_LAYERS, fps: 30, bits_per_second: 1_500_000 }
    }
}

/// Of one layer: totals since the start, and rates over the last second.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LayerStats {
    pub width: u32,
    pub height: u32,
    pub frames: u64,
    pub key_frames: u64,
    pub packets: u64,
    pub bytes: u64,
    pub fps: u32,
    pub bits_per_second: u64,
    /// What the rate control aims at; 0 while the layer is off.
    pub target: u32,
}

enum Order {
    WantedHeight(u32),
    BitRate(u32),
    KeyFrame(u8),
}

/// Handle of the thread `enc-video`; dropping it ends the thread.
pub struct VideoSender {
    orders: Option<Sender<Order>>,
    stats: Arc<Mutex<Vec<LayerStats>>>,
    thread: Option<JoinHandle<()>>,
}

impl VideoSender {
    /// Starts to encode what lies in `pictures`. The mailbox stays the caller's: another camera may write into it, and
    /// closing it lets the thread rest until the handle is dropped.
    ///
    /// # Errors
    /// [`SendError::Thread`].
    pub fn spawn(config: VideoConfig, pictures: Arc<Mailbox<Picture>>) -> Result<(Self, Receiver<Unit>), SendError> {
        let (out, units) = channel::bounded(OUT_UNITS);
        let (orders, inbox) = channel::bounded(ORDERS);
        let layers = config.layers.clamp(1, MAX_LAYERS);
        let stats = Arc::new(Mutex::new(vec![LayerStats::default(); layers]));
        let worker = Worker {
            simulcast: Simulcast::new(layers, config.bits_per_second, config.fps),
            packetizers: vec![Packetizer::new(config.first_picture_id); layers],
            clock: Clock::new(config.first_timestamp, config.fps),
            windows: vec![Window::default(); layers],
            pictures,
            out,
            inbox,
            stats: stats.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("enc-video".to_owned())
            .spawn(move || worker.run())
            .map_err(SendError::Thread)?;
        Ok((Self { orders: Some(orders), stats, thread: Some(thread) }, units))
    }

    /// The most lines any receiver wants: 0 pauses all layers, `u32::MAX` is no limit.
    pub fn set_wanted_height(&self, lines: u32) {
        self.order(Order::WantedHeight(lines));
    }

    /// Bits a second for all layers together.
    pub fn set_bitrate(&self, bits_per_second: u32) {
        self.order(Order::BitRate(bits_per_second));
    }

    /// The next picture of this layer will be a key frame.
    pub fn force_key_frame(&self, layer: u8) {
        self.order(Order::KeyFrame(layer));
    }

    /// One entry for each layer, smallest first.
    #[must_use]
    pub fn stats(&self) -> Vec<LayerStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            orders.push(order);
        }
    }
}

impl Drop for VideoSender {
    fn drop(&mut self) {
        self.orders = None; // the thread sees the end of its orders
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// From capture times to RTP time, and which pictures are too many.
struct Clock {
    first_timestamp: u32,
    first_at: Option<Instant>,
    next_due: Option<Instant>,
    gap: Duration,
}

impl Clock {
    fn new(first_timestamp: u32, fps: u32) -> Self {
        Self { first_timestamp, first_at: None, next_due: None, gap: Duration::from_secs(1) / fps.clamp(1, 120) }
    }

    /// Ticks of 90 kHz since the first picture, or `None` for a picture too many. A quarter of a gap early is on time:
    /// cameras jitter.
    fn admit(&mut self, at: Instant) -> Option<i64> {
        if let Some(due) = self.next_due
            && at + self.gap / 4 < due
        {
            return None;
        }
        let steady = self.next_due.map_or(at, |due| due.max(at.checked_sub(self.gap).unwrap_or(at)));
        self.next_due = Some(steady + self.gap);
        let since = at.saturating_duration_since(*self.first_at.get_or_insert(at));
        i64::try_from(since.as_micros() * 9 / 100).ok()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // RTP time goes round
    fn timestamp(&self, pts: i64) -> u32 {
        self.first_timestamp.wrapping_add(pts as u32)
    }
}

#[derive(Clone, Copy, Default)]
struct Window {
    since: Option<Instant>,
    frames: u32,
    bytes: u64,
}

struct Worker {
    simulcast: Simulcast,
    packetizers: Vec<Packetizer>,
    clock: Clock,
    windows: Vec<Window>,
    pictures: Arc<Mailbox<Picture>>,
    out: Sender<Unit>,
    inbox: Receiver<Order>,
    stats: Arc<Mutex<Vec<LayerStats>>>,
}

impl Worker {
    fn run(mut self) {
        let mut patience = Duration::ZERO;
        loop {
            match self.inbox.wait(patience) {
                channel::Received::Got(order) => {
                    self.obey(order);
                    continue;
                }
                channel::Received::Nothing => {}
                channel::Received::Closed => return,
            }
            patience = Duration::ZERO;
            match self.pictures.take(PATIENCE) {
                Taken::Got(picture) => {
                    // Orders given before this picture count for it.
                    while let Some(order) = self.inbox.try_next() {
                        self.obey(order);
                    }
                    self.picture(&picture);
                }
                Taken::Nothing => {}
                Taken::Closed => patience = PATIENCE,
            }
            self.report();
            if self.out.is_closed() {
                return;
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::WantedHeight(lines) => self.simulcast.set_wanted_height(lines),
            Order::BitRate(bits_per_second) => self.simulcast.set_bitrate(bits_per_second),
            Order::KeyFrame(layer) => self.simulcast.force_key_frame(layer),
        }
    }

    fn picture(&mut self, picture: &Picture) {
        if self.out.room() < OUT_SPARE {
            return;
        }
        let Some(pts) = self.clock.admit(picture.captured_at) else { return };
        let (frames, failed) = self.simulcast.encode(picture, pts);
        if let Some(error) = failed {
            tracing::warn!("picture encoder: {error}");
        }
        let timestamp = self.clock.timestamp(pts);
        for frame in &frames {
            self.send(frame, timestamp);
        }
    }

    fn send(&mut self, layer_frame: &LayerFrame, timestamp: u32) {
        let layer = layer_frame.layer;
        let Some(packetizer) = self.packetizers.get_mut(usize::from(layer)) else { return };
        let payloads = packetizer.split(&layer_frame.frame);
        let key_frame = layer_frame.frame.key;
        self.count(layer_frame, &payloads);
        let last = payloads.len().saturating_sub(1);
        for (i, payload) in payloads.into_iter().enumerate() {
            self.out.push(Unit { layer, marker: i == last, timestamp, payload, level: None, key_frame });
        }
    }

    /// Before the payloads can be fetched, so that whoever fetches them finds them counted.
    fn count(&mut self, layer_frame: &LayerFrame, payloads: &[Bytes]) {
        let layer = usize::from(layer_frame.layer);
        let bytes = payloads.iter().map(|payload| payload.len() as u64).sum::<u64>();
        let window = &mut self.windows[layer];
        window.frames += 1;
        window.bytes += bytes;
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = &mut stats[layer];
        (stats.width, stats.height) = (layer_frame.width, layer_frame.height);
        stats.frames += 1;
        stats.key_frames += u64::from(layer_frame.frame.key);
        stats.packets += payloads.len() as u64;
        stats.bytes += bytes;
    }

    /// Writes the rates of the last second.
    fn report(&mut self) {
        let now = Instant::now();
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        for ((window, stats), target) in self.windows.iter_mut().zip(stats.iter_mut()).zip(self.simulcast.bits()) {
            stats.target = target;
            let since = *window.since.get_or_insert(now);
            if now.duration_since(since) < WINDOW {
                continue;
            }
            (stats.fps, stats.bits_per_second) = (window.frames, window.bytes * 8);
            *window = Window { since: Some(now), frames: 0, bytes: 0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Received;
    use crate::vpx::testing::moving;

    fn next(units: &mut Receiver<Unit>) -> Unit {
        match units.wait(Duration::from_secs(20)) {
            Received::Got(unit) => unit,
            other @ (Received::Nothing | Received::Closed) => panic!("no unit: {other:?}"),
        }
    }

    /// All units up to the marker of layer `last`.
    fn picture(units: &mut Receiver<Unit>, last: u8) -> Vec<Unit> {
        let mut got = vec![next(units)];
        while got.last().is_some_and(|unit| unit.layer != last || !unit.marker) {
            got.push(next(units));
        }
        got
    }

    #[test]
    fn a_picture_comes_out_in_three_layers_with_one_timestamp() {
        let pictures = Arc::new(Mailbox::new());
        let config = VideoConfig { first_timestamp: 77, bits_per_second: 3_000_000, ..VideoConfig::default() };
        let (sender, mut units) = VideoSender::spawn(config, pictures.clone()).unwrap();
        pictures.put(moving(1280, 720, 0));
        let got = picture(&mut units, 2);
        assert!(got.iter().all(|unit| unit.timestamp == 77 && unit.key_frame && unit.payload.len() <= 1200));
        assert_eq!(got.iter().filter(|unit| unit.marker).map(|unit| unit.layer).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(sender.stats()[2].height, 720);
    }

    #[test]
    fn a_height_nobody_exceeds_and_a_key_frame_on_demand() {
        let pictures = Arc::new(Mailbox::new());
        let (sender, mut units) = VideoSender::spawn(VideoConfig::default(), pictures.clone()).unwrap();
        sender.set_wanted_height(180);
        pictures.put(moving(640, 360, 0));
        assert!(picture(&mut units, 0).iter().all(|unit| unit.layer == 0));
        sender.force_key_frame(0);
        let mut second = moving(640, 360, 1);
        second.captured_at += Duration::from_millis(40);
        pictures.put(second);
        assert!(picture(&mut units, 0).iter().all(|unit| unit.key_frame));
    }

    #[test]
    fn too_many_pictures_a_second_are_thinned_evenly() {
        let mut clock = Clock::new(0, 15);
        let start = Instant::now();
        let times: Vec<i64> = (0..60u32).filter_map(|n| clock.admit(start + n * Duration::from_millis(33))).collect();
        assert!((29..=31).contains(&times.len()), "{} of 60", times.len());
        assert_eq!(clock.timestamp(-1), u32::MAX);
    }

    #[test]
    fn a_wire_that_takes_nothing_costs_whole_pictures_never_parts() {
        let pictures = Arc::new(Mailbox::new());
        let config = VideoConfig { bits_per_second: 3_000_000, fps: 120, ..VideoConfig::default() };
        let (sender, mut units) = VideoSender::spawn(config, pictures.clone()).unwrap();
        let start = Instant::now();
        for n in 0..40u32 {
            sender.force_key_frame(1);
            pictures.put(noise(n, start + Duration::from_millis(40) * n));
            while pictures.peek().is_some() {
                std::thread::yield_now();
            }
        }
        drop(sender);
        let all: Vec<Unit> = std::iter::from_fn(|| units.try_next()).collect();
        assert!(all.len() <= OUT_UNITS && all.len() > OUT_UNITS / 4, "{}", all.len());
        assert!(all.first().is_some_and(|unit| unit.timestamp == 0), "the first was never dropped");
        assert!(all.last().is_some_and(|unit| unit.marker));
    }

    /// What no encoder can make small.
    fn noise(n: u32, at: Instant) -> Picture {
        let mut random = n.wrapping_mul(2_654_435_761) | 1;
        let bytes = Picture::bytes_of(640, 360).unwrap();
        let planes = std::iter::repeat_with(|| {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            (random >> 16) as u8
        });
        Picture::new(640, 360, planes.take(bytes).collect(), u64::from(n), at).unwrap()
    }
}
