//! The microphone's thread: hear, clean, encode.

use super::{SendError, Unit};
use crate::block::{AudioBlock, Hear};
use crate::channel::{self, Pushed, Receiver, Sender};
use crate::level::{Level, Loudness, SILENT};
use crate::opus::{Encoder, PACKET_BLOCKS, PACKET_SAMPLES};
use crate::process::{FarReader, Processing, Processor};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Payloads waiting for the wire: 200 ms. Older sound would only add delay; **when full, the oldest goes**.
const OUT_UNITS: usize = 10;
/// Orders waiting for the thread. It looks each 10 ms; nobody turns switches faster. **When full, the oldest goes.**
const ORDERS: usize = 64;
/// How long the thread waits for sound before it looks for orders again.
const PATIENCE: Duration = Duration::from_millis(50);

/// How to begin.
#[derive(Clone, Copy, Debug)]
pub struct AudioConfig {
    /// RTP timestamp of the first sample; random for each stream (RFC 3550 5.1).
    pub first_timestamp: u32,
    /// Opus target.
    pub bits_per_second: u32,
    pub processing: Processing,
    /// Nothing is sent while muted; the level meter keeps moving.
    pub muted: bool,
}

impl Default for AudioConfig {
    fn default() -> Self {
        Self { first_timestamp: 0, bits_per_second: 48_000, processing: Processing::ALL, muted: false }
    }
}

/// Counted since the start.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct AudioSendStats {
    pub packets: u64,
    pub bytes: u64,
    /// Payloads nobody fetched in time.
    pub dropped: u64,
    /// Of the newest block, after processing, also while muted.
    pub level: Level,
    /// Of the last second after processing, in dBFS, also while muted; -127 is silence.
    pub loudness: f32,
}

impl Default for AudioSendStats {
    fn default() -> Self {
        Self { packets: 0, bytes: 0, dropped: 0, level: Level::SILENCE, loudness: -f32::from(SILENT) }
    }
}

enum Order {
    Source(Box<dyn Hear>),
    Muted(bool),
    Processing(Processing),
    Loss(u8),
    BitRate(u32),
}

/// Handle of the thread `mic`; dropping it ends the thread.
pub struct AudioSender {
    orders: Option<Sender<Order>>,
    stats: Arc<Mutex<AudioSendStats>>,
    thread: Option<JoinHandle<()>>,
}

impl AudioSender {
    /// Starts to listen to `source`. `far` is what the own speaker plays, when there is one to cancel.
    ///
    /// # Errors
    /// [`SendError`] when the encoder or the thread does not start.
    pub fn spawn(
        config: AudioConfig,
        source: Box<dyn Hear>,
        far: Option<FarReader>,
    ) -> Result<(Self, Receiver<Unit>), SendError> {
        let encoder = Encoder::new(config.bits_per_second).map_err(SendError::Opus)?;
        let (out, units) = channel::bounded(OUT_UNITS);
        let (orders, inbox) = channel::bounded(ORDERS);
        let stats = Arc::new(Mutex::new(AudioSendStats::default()));
        let worker = Worker {
            source: Some(source),
            far,
            processor: Processor::new(config.processing),
            encoder,
            muted: config.muted,
            loudness: Loudness::default(),
            pending: Vec::with_capacity(PACKET_SAMPLES),
            timestamp: config.first_timestamp,
            fresh: true,
            out,
            inbox,
            stats: stats.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("mic".to_owned())
            .spawn(move || worker.run())
            .map_err(SendError::Thread)?;
        Ok((Self { orders: Some(orders), stats, thread: Some(thread) }, units))
    }

    /// Listens to something else from the next block on.
    pub fn set_source(&self, source: Box<dyn Hear>) {
        self.order(Order::Source(source));
    }

    /// While muted nothing is encoded or sent.
    pub fn set_muted(&self, muted: bool) {
        self.order(Order::Muted(muted));
    }

    /// Switches echo, noise and gain control.
    pub fn set_processing(&self, processing: Processing) {
        self.order(Order::Processing(processing));
    }

    /// Share of our packets that get lost, 0 to 100: the encoder spends more on recovery the more it is.
    pub fn set_loss(&self, percent: u8) {
        self.order(Order::Loss(percent.min(100)));
    }

    /// Opus target in bits a second; kept within 6 000 to 128 000.
    pub fn set_bitrate(&self, bits_per_second: u32) {
        self.order(Order::BitRate(bits_per_second));
    }

    /// Counters and the present level.
    #[must_use]
    pub fn stats(&self) -> AudioSendStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            orders.push(order);
        }
    }
}

impl Drop for AudioSender {
    fn drop(&mut self) {
        self.orders = None; // the thread sees the end of its orders
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker {
    source: Option<Box<dyn Hear>>,
    far: Option<FarReader>,
    processor: Processor,
    encoder: Encoder,
    muted: bool,
    loudness: Loudness,
    pending: Vec<f32>,
    timestamp: u32,
    /// The next packet is the first after a pause.
    fresh: bool,
    out: Sender<Unit>,
    inbox: Receiver<Order>,
    stats: Arc<Mutex<AudioSendStats>>,
}

impl Worker {
    fn run(mut self) {
        loop {
            let patience = if self.source.is_some() { Duration::ZERO } else { PATIENCE };
            match self.inbox.wait(patience) {
                channel::Received::Got(order) => {
                    self.obey(order);
                    continue;
                }
                channel::Received::Nothing => {}
                channel::Received::Closed => return,
            }
            let Some(source) = &mut self.source else { continue };
            match source.hear(PATIENCE) {
                Ok(Some(block)) => {
                    // Orders given before this block count for it: what is said after muting is not sent.
                    while let Some(order) = self.inbox.try_next() {
                        self.obey(order);
                    }
                    if !self.block(block) {
                        return;
                    }
                }
                Ok(None) => {}
                Err(gone) => {
                    tracing::info!("microphone: {gone}");
                    self.source = None;
                }
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Source(source) => self.source = Some(source),
            Order::Muted(muted) => {
                self.muted = muted;
                self.pending.clear();
                self.fresh = true;
            }
            Order::Processing(switches) => self.processor.set(switches),
            Order::Loss(percent) => self.encoder.set_loss(percent),
            Order::BitRate(bits_per_second) => self.encoder.set_bitrate(bits_per_second),
        }
    }

    /// False when nobody wants the sound any more.
    fn block(&mut self, mut block: AudioBlock) -> bool {
        while let Some(played) = self.far.as_mut().and_then(FarReader::read) {
            self.processor.far(&played);
        }
        self.processor.near(&mut block);
        self.timestamp = self.timestamp.wrapping_add(BLOCK_TICKS);
        self.loudness.push(&block.0);
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        (stats.level, stats.loudness) = (Level::of(&block.0), self.loudness.dbfs());
        drop(stats);
        if self.muted {
            return !self.out.is_closed();
        }
        self.pending.extend_from_slice(&block.0);
        if self.pending.len() < PACKET_SAMPLES {
            return true;
        }
        self.send()
    }

    fn send(&mut self) -> bool {
        let level = Level::of(&self.pending);
        let encoded = self.encoder.encode(&self.pending);
        self.pending.clear();
        let payload = match encoded {
            Ok(payload) => payload,
            Err(error) => {
                tracing::warn!("sound encoder: {error}");
                return true;
            }
        };
        let size = payload.len() as u64;
        let unit = Unit {
            layer: 0,
            marker: std::mem::take(&mut self.fresh),
            timestamp: self.timestamp.wrapping_sub(BLOCK_TICKS * PACKET_BLOCKS),
            payload,
            level: Some(level),
            key_frame: false,
        };
        // Counted before it can be fetched, so that whoever fetches it finds it counted.
        let mut stats = self.stats.lock().unwrap_or_else(PoisonError::into_inner);
        stats.packets += 1;
        stats.bytes += size;
        let pushed = self.out.push(unit);
        stats.dropped += u64::from(pushed == Pushed::DroppedOldest);
        drop(stats);
        pushed != Pushed::Closed
    }
}

/// RTP ticks of one block: the clock rate of Opus is always 48 kHz (RFC 7587 4.1).
const BLOCK_TICKS: u32 = 480;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Gone;
    use crate::channel::Received;
    use crate::voice::testing::Speech;
    use std::time::Instant;

    struct Chatter(Speech, usize);
    impl Hear for Chatter {
        fn hear(&mut self, _: Duration) -> Result<Option<AudioBlock>, Gone> {
            self.1 = self.1.checked_sub(1).ok_or(Gone)?;
            Ok(Some(self.0.block()))
        }
    }

    /// Sound with a token that comes back to the test when all of it was heard.
    struct Counted {
        sound: Chatter,
        _unheard: Arc<()>,
    }
    impl Hear for Counted {
        fn hear(&mut self, at_most: Duration) -> Result<Option<AudioBlock>, Gone> {
            self.sound.hear(at_most)
        }
    }

    fn config() -> AudioConfig {
        AudioConfig { first_timestamp: u32::MAX - 959, processing: Processing::NONE, ..AudioConfig::default() }
    }

    #[test]
    fn six_blocks_become_three_packets_in_steps_of_960() {
        let (_sender, mut units) = AudioSender::spawn(config(), Box::new(Chatter(Speech::new(1), 6)), None).unwrap();
        for expected in [(u32::MAX - 959, true), (0, false), (960, false)] {
            let Received::Got(unit) = units.wait(Duration::from_secs(20)) else { panic!("no packet") };
            assert_eq!((unit.timestamp, unit.marker), expected);
            assert!(unit.level.is_some() && !unit.payload.is_empty() && unit.payload.len() < 400);
        }
    }

    #[test]
    fn a_muted_microphone_sends_nothing_but_shows_its_level() {
        let config = AudioConfig { muted: true, ..config() };
        let unheard = Arc::new(());
        let source = Counted { sound: Chatter(Speech::new(1), 50), _unheard: unheard.clone() };
        let (sender, mut units) = AudioSender::spawn(config, Box::new(source), None).unwrap();
        let began = Instant::now();
        while Arc::strong_count(&unheard) > 1 {
            assert!(began.elapsed() < Duration::from_secs(20), "the thread does not hear");
            assert_eq!(units.wait(Duration::from_millis(5)), Received::Nothing);
        }
        assert_eq!(units.try_next(), None);
        assert!(sender.stats().level.dbov < 127);
        sender.set_muted(false);
        sender.set_source(Box::new(Chatter(Speech::new(1), 2)));
        let Received::Got(unit) = units.wait(Duration::from_secs(20)) else { panic!("no packet") };
        assert!(unit.marker, "the first after the pause is marked");
        assert_eq!(sender.stats().packets, 1);
    }

    #[test]
    fn dropping_the_handle_ends_the_stream() {
        let (sender, mut units) =
            AudioSender::spawn(config(), Box::new(Chatter(Speech::new(1), usize::MAX)), None).unwrap();
        drop(sender);
        while units.try_next().is_some() {}
        assert_eq!(units.wait(Duration::ZERO), Received::Closed);
    }
}
