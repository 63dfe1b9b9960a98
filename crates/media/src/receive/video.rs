//! One remote picture source: put together, decode, bring to the size of its tile.

use super::ReceiveError;
use crate::channel::{self, Received, Receiver, Sender};
use crate::mailbox::Mailbox;
use crate::picture::Picture;
use crate::scale::Scaler;
use crate::vp8::{Assembled, Assembler};
use crate::vpx::Decoder;
use runde_rtp::{Packet, Ssrc};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Packets waiting for the thread: a second of 720 lines. **When full, the oldest goes**; a hole in the picture follows, and a
/// key frame mends it.
const PACKETS: usize = 1024;
/// Longest the thread waits before it looks at its timers.
const PATIENCE: Duration = Duration::from_millis(100);
/// Time over which pictures a second are counted.
const WINDOW: Duration = Duration::from_secs(1);

/// Since the beginning; `fps` and `bits_per_second` over the last second.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct VideoStats {
    pub packets: u64,
    pub bytes: u64,
    /// Decoded pictures.
    pub frames: u64,
    pub key_frames: u64,
    /// Whole pictures the decoder refused.
    pub damaged: u64,
    /// Times pictures were lost for good.
    pub breaks: u64,
    pub key_frames_asked: u64,
    pub fps: u32,
    pub bits_per_second: u64,
    /// Of the decoded pictures, before they are made smaller for the tile.
    pub width: u32,
    pub height: u32,
    /// Interarrival jitter (RFC 3550 6.4.1) in ms.
    pub jitter_ms: f32,
}

/// Handle of the thread `dec-<ssrc>`; dropping it ends the thread.
pub struct VideoReceiver {
    packets: Option<Sender<(Instant, Packet)>>,
    tile: Arc<AtomicU32>,
    stats: Arc<Mutex<VideoStats>>,
    thread: Option<JoinHandle<()>>,
}

impl VideoReceiver {
    /// Starts to decode one stream into `pictures`, which stays the caller's to close. When a key frame is needed, `ssrc` is
    /// pushed into `asks`, at most twice a second.
    ///
    /// # Errors
    /// [`ReceiveError::Thread`].
    pub fn spawn(ssrc: Ssrc, pictures: Arc<Mailbox<Picture>>, asks: Sender<Ssrc>) -> Result<Self, ReceiveError> {
        let (packets, inbox) = channel::bounded(PACKETS);
        let (stats, tile) = (Arc::new(Mutex::new(VideoStats::default())), Arc::new(AtomicU32::new(u32::MAX)));
        let worker = Worker {
            ssrc,
            assembler: Assembler::new(),
            decoder: None,
            scaler: Scaler::new(),
            pictures,
            asks,
            inbox,
            tile: tile.clone(),
            stats: stats.clone(),
            counted: VideoStats::default(),
            window: Window { since: Instant::now(), frames: 0, bytes: 0 },
            jitter: Jitter::default(),
            seq: 0,
        };
        let thread = std::thread::Builder::new()
            .name(format!("dec-{ssrc}"))
            .spawn(move || worker.run())
            .map_err(ReceiveError::Thread)?;
        Ok(Self { packets: Some(packets), tile, stats, thread: Some(thread) })
    }

    /// Takes one packet; never waits.
    pub fn packet(&self, arrived: Instant, packet: Packet) {
        if let Some(packets) = &self.packets {
            packets.push((arrived, packet));
        }
    }

    /// Lines that are shown: pictures above are made smaller. `u32::MAX` leaves them as they are.
    pub fn set_tile_height(&self, lines: u32) {
        self.tile.store(lines.max(2), Ordering::Relaxed);
    }

    /// Counters.
    #[must_use]
    pub fn stats(&self) -> VideoStats {
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for VideoReceiver {
    fn drop(&mut self) {
        self.packets = None; // the thread sees the end of its packets
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Window {
    since: Instant,
    frames: u32,
    bytes: u64,
}

struct Worker {
    ssrc: Ssrc,
    assembler: Assembler,
    decoder: Option<Decoder>,
    scaler: Scaler,
    pictures: Arc<Mailbox<Picture>>,
    asks: Sender<Ssrc>,
    inbox: Receiver<(Instant, Packet)>,
    tile: Arc<AtomicU32>,
    stats: Arc<Mutex<VideoStats>>,
    counted: VideoStats,
    window: Window,
    jitter: Jitter,
    seq: u64,
}

impl Worker {
    fn run(mut self) {
        loop {
            let due = self.assembler.deadline().map(|at| at.saturating_duration_since(Instant::now()));
            let patience = due.map_or(PATIENCE, |due| due.clamp(Duration::from_millis(1), PATIENCE));
            match self.inbox.wait(patience) {
                Received::Got((arrived, packet)) => {
                    self.jitter.arrived(arrived, packet.timestamp);
                    self.assembler.push(arrived, &packet);
                }
                Received::Nothing => {}
                Received::Closed => return,
            }
            while let Some(assembled) = self.assembler.poll(Instant::now()) {
                self.show(&assembled);
            }
            if self.assembler.wants_key_frame(Instant::now()) {
                self.asks.push(self.ssrc);
            }
            self.report();
        }
    }

    fn show(&mut self, assembled: &Assembled) {
        let decoder = match self.decoder.take() {
            Some(decoder) => Ok(decoder),
            None => Decoder::new(),
        };
        let decoded =
            decoder.and_then(|decoder| self.decoder.insert(decoder).decode(&assembled.bytes, assembled.complete_at));
        match decoded {
            Ok(Some(picture)) => self.deliver(&picture, assembled),
            Ok(None) => {}
            Err(error) => {
                tracing::debug!(ssrc = %self.ssrc, "picture decoder: {error}");
                self.counted.damaged += 1;
                self.assembler.broken();
            }
        }
    }

    fn deliver(&mut self, picture: &Picture, assembled: &Assembled) {
        self.counted.frames += 1;
        self.counted.key_frames += u64::from(assembled.key);
        (self.counted.width, self.counted.height) = (picture.width(), picture.height());
        self.window.frames += 1;
        self.window.bytes += assembled.bytes.len() as u64;
        let mut shown = self.scaler.to_height(picture, self.tile.load(Ordering::Relaxed));
        self.seq += 1;
        shown.seq = self.seq;
        self.pictures.put(shown);
    }

    fn report(&mut self) {
        let now = Instant::now();
        if now.duration_since(self.window.since) >= WINDOW {
            (self.counted.fps, self.counted.bits_per_second) = (self.window.frames, self.window.bytes * 8);
            self.window = Window { since: now, frames: 0, bytes: 0 };
        }
        let assembler = self.assembler.stats();
        self.counted.packets = assembler.packets;
        self.counted.bytes = assembler.bytes;
        self.counted.breaks = assembler.breaks;
        self.counted.key_frames_asked = assembler.asked;
        self.counted.jitter_ms = self.jitter.ms;
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = self.counted;
    }
}

/// Interarrival jitter of a 90 kHz stream.
#[derive(Default)]
struct Jitter {
    last: Option<(Instant, u32)>,
    ms: f32,
}

impl Jitter {
    fn arrived(&mut self, at: Instant, timestamp: u32) {
        let Some((last_at, last_timestamp)) = self.last else {
            self.last = Some((at, timestamp));
            return;
        };
        if timestamp == last_timestamp {
            return; // one picture's packets leave together
        }
        let sent = timestamp.wrapping_sub(last_timestamp).cast_signed();
        #[allow(clippy::cast_precision_loss)]
        let change = at.saturating_duration_since(last_at).as_secs_f32() * 1000.0 - sent as f32 / 90.0;
        self.ms += (change.abs().min(10_000.0) - self.ms) / 16.0;
        self.last = Some((at, timestamp));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mailbox::Taken;
    use crate::vp8::Packetizer;
    use crate::vpx::testing::{moving, psnr};
    use crate::vpx::{Encoder, EncoderConfig};
    use runde_rtp::SeqNo;

    const WAIT: Duration = Duration::from_secs(20);

    struct Sending {
        encoder: Encoder,
        packetizer: Packetizer,
        seq: SeqNo,
    }

    impl Sending {
        fn new() -> Self {
            let config =
                EncoderConfig { width: 320, height: 180, bits_per_second: 900_000, fps: 30, error_resilient: false };
            Self { encoder: Encoder::new(config).unwrap(), packetizer: Packetizer::new(1), seq: SeqNo(65_535) }
        }

        fn packets(&mut self, n: u64, key: bool) -> Vec<Packet> {
            let pts = n as i64 * 3000;
            let frame = self.encoder.encode(&moving(320, 180, n), pts, key).unwrap().unwrap();
            let payloads = self.packetizer.split(&frame);
            let last = payloads.len() - 1;
            let packets = payloads.into_iter().enumerate().map(|(i, payload)| {
                self.seq = self.seq.next();
                Packet { seq: self.seq, marker: i == last, timestamp: pts as u32, payload, ..Packet::default() }
            });
            packets.collect()
        }
    }

    #[test]
    fn packets_become_pictures_in_the_size_of_the_tile() {
        let (pictures, (asks, _rx)) = (Arc::new(Mailbox::new()), channel::bounded(4));
        let receiver = VideoReceiver::spawn(Ssrc(9), pictures.clone(), asks).unwrap();
        let mut sending = Sending::new();
        for packet in sending.packets(0, false) {
            receiver.packet(Instant::now(), packet);
        }
        let Taken::Got(shown) = pictures.take(WAIT) else { panic!("no picture") };
        assert!(psnr(&shown, &moving(320, 180, 0)) > 28.0);
        receiver.set_tile_height(90);
        for packet in sending.packets(1, false) {
            receiver.packet(Instant::now(), packet);
        }
        let Taken::Got(small) = pictures.take(WAIT) else { panic!("no picture") };
        assert_eq!((small.width(), small.height(), small.seq), (160, 90, shown.seq + 1));
        while receiver.stats().frames < 2 {
            std::thread::yield_now();
        }
        assert_eq!((receiver.stats().height, receiver.stats().key_frames), (180, 1));
    }

    #[test]
    fn a_lost_picture_ends_in_the_wish_for_a_key_frame() {
        let (pictures, (asks, mut asked)) = (Arc::new(Mailbox::new()), channel::bounded(4));
        let receiver = VideoReceiver::spawn(Ssrc(9), pictures.clone(), asks).unwrap();
        let mut sending = Sending::new();
        let first = sending.packets(0, false);
        let lost = sending.packets(1, false);
        let after = sending.packets(2, false);
        drop(lost);
        for packet in first.into_iter().chain(after) {
            receiver.packet(Instant::now(), packet);
        }
        assert_eq!(asked.wait(WAIT), Received::Got(Ssrc(9)));
        pictures.try_take();
        for packet in sending.packets(3, true) {
            receiver.packet(Instant::now(), packet);
        }
        assert!(matches!(pictures.take(WAIT), Taken::Got(_)));
    }

    #[test]
    fn a_picture_the_decoder_refuses_is_counted_and_a_key_frame_asked_for() {
        let (pictures, (asks, mut asked)) = (Arc::new(Mailbox::new()), channel::bounded(4));
        let receiver = VideoReceiver::spawn(Ssrc(9), pictures, asks).unwrap();
        let payload = vec![0x10, 0x00, 0x00, 0x00, 0x9d, 0x01, 0x2a, 0xff, 0x3f, 0xff, 0x3f, 0, 0];
        receiver.packet(Instant::now(), Packet { marker: true, payload: payload.into(), ..Packet::default() });
        assert_eq!(asked.wait(WAIT), Received::Got(Ssrc(9)));
        while receiver.stats().damaged == 0 {
            std::thread::yield_now();
        }
        assert_eq!((receiver.stats().frames, receiver.stats().damaged), (0, 1));
    }
}
