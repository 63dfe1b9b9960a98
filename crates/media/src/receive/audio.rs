//! The sound thread: all voices, mixed, to the speaker. The speaker's pace is the clock.

use super::ReceiveError;
use crate::block::{AudioBlock, Mute, Speak};
use crate::channel::{self, Received, Receiver, Sender};
use crate::level::{Level, Loudness, SILENT};
use crate::mixer::Mixer;
use crate::process::FarWriter;
use crate::voice::Voice;
use runde_rtp::{Packet, Ssrc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Packets waiting for the thread: 200 ms of fifty talkers. It looks each 10 ms; **when full, the oldest goes**.
const PACKETS: usize = 512;
/// Orders waiting for the thread. **When full, the oldest goes**: a room that changes faster than 25 000 times a second is lost.
const ORDERS: usize = 256;
/// Voices at once. More join as silence; nobody can follow fifty.
const MAX_VOICES: usize = 128;
/// Below this many dB under overload a block counts as sound. Room noise of a laptop lies near 60, quiet speech near 45.
const AUDIBLE_ABOVE: u8 = 60;
/// Blocks between two looks at the counters: 100 ms, what a level meter shows.
const REPORT_EVERY: u32 = 10;

/// Of one voice since its beginning.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct VoiceStats {
    pub packets: u64,
    pub bytes: u64,
    pub lost: u64,
    pub late: u64,
    /// Lost packets of which a copy came in the next one.
    pub recovered: u64,
    /// Sound that was invented, in ms.
    pub concealed_ms: u64,
    pub jitter_ms: f32,
    /// How long packets wait before they are played, as aimed at.
    pub target_ms: u32,
    /// Loudest block of the last 100 ms.
    pub level: Level,
    /// Of the last second, in dBFS; -127 is silence.
    pub loudness: f32,
    /// When the first block louder than 60 dB below overload was mixed, that is just before it was handed to the speaker.
    pub first_audible: Option<Instant>,
}

impl Default for VoiceStats {
    fn default() -> Self {
        Self {
            packets: 0,
            bytes: 0,
            lost: 0,
            late: 0,
            recovered: 0,
            concealed_ms: 0,
            jitter_ms: 0.0,
            target_ms: 0,
            level: Level::SILENCE,
            loudness: -f32::from(SILENT),
            first_audible: None,
        }
    }
}

enum Order {
    Add(Ssrc),
    Remove(Ssrc),
    Gain(Ssrc, f32),
    Sink(Box<dyn Speak>),
}

/// Handle of the thread `dec-audio`; dropping it ends the thread.
pub struct AudioReceiver {
    orders: Option<Sender<Order>>,
    packets: Sender<(Instant, Packet)>,
    stats: Arc<Mutex<BTreeMap<Ssrc, VoiceStats>>>,
    thread: Option<JoinHandle<()>>,
}

impl AudioReceiver {
    /// Starts to play into `sink`. What is played also goes to `far`, for the echo canceller.
    ///
    /// # Errors
    /// [`ReceiveError::Thread`].
    pub fn spawn(sink: Box<dyn Speak>, far: Option<FarWriter>) -> Result<Self, ReceiveError> {
        let (orders, order_inbox) = channel::bounded(ORDERS);
        let (packets, packet_inbox) = channel::bounded(PACKETS);
        let stats = Arc::new(Mutex::new(BTreeMap::new()));
        let worker = Worker {
            talkers: BTreeMap::new(),
            mixer: Mixer::new(),
            sink,
            far,
            orders: order_inbox,
            packets: packet_inbox,
            stats: stats.clone(),
        };
        let thread = std::thread::Builder::new()
            .name("dec-audio".to_owned())
            .spawn(move || worker.run())
            .map_err(ReceiveError::Thread)?;
        Ok(Self { orders: Some(orders), packets, stats, thread: Some(thread) })
    }

    /// From now on packets of this stream are heard. Of streams not added nothing is kept.
    pub fn add(&self, ssrc: Ssrc) {
        self.order(Order::Add(ssrc));
    }

    /// Forgets a stream.
    pub fn remove(&self, ssrc: Ssrc) {
        self.order(Order::Remove(ssrc));
    }

    /// Linear gain of one voice, 0 to 4; 1 leaves it as it is.
    pub fn set_gain(&self, ssrc: Ssrc, gain: f32) {
        self.order(Order::Gain(ssrc, gain.clamp(0.0, 4.0)));
    }

    /// Plays into another sink from the next block on.
    pub fn set_sink(&self, sink: Box<dyn Speak>) {
        self.order(Order::Sink(sink));
    }

    /// Takes one packet; never waits.
    pub fn packet(&self, arrived: Instant, packet: Packet) {
        self.packets.push((arrived, packet));
    }

    /// Counters and levels of all voices, renewed each 100 ms.
    #[must_use]
    pub fn stats(&self) -> BTreeMap<Ssrc, VoiceStats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn order(&self, order: Order) {
        if let Some(orders) = &self.orders {
            orders.push(order);
        }
    }
}

impl Drop for AudioReceiver {
    fn drop(&mut self) {
        self.orders = None; // the thread sees the end of its orders
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Talker {
    voice: Voice,
    gain: f32,
    bytes: u64,
    loudest: Level,
    loudness: Loudness,
    first_audible: Option<Instant>,
}

struct Worker {
    talkers: BTreeMap<Ssrc, Talker>,
    mixer: Mixer,
    sink: Box<dyn Speak>,
    far: Option<FarWriter>,
    orders: Receiver<Order>,
    packets: Receiver<(Instant, Packet)>,
    stats: Arc<Mutex<BTreeMap<Ssrc, VoiceStats>>>,
}

impl Worker {
    fn run(mut self) {
        for beat in 1u32.. {
            loop {
                match self.orders.wait(Duration::ZERO) {
                    Received::Got(order) => self.obey(order),
                    Received::Nothing => break,
                    Received::Closed => return,
                }
            }
            while let Some((arrived, packet)) = self.packets.try_next() {
                self.packet(arrived, packet);
            }
            let mix = self.mix(Instant::now());
            if let Some(far) = &mut self.far {
                far.write(&mix);
            }
            if let Err(gone) = self.sink.speak(&mix) {
                tracing::info!("speaker: {gone}");
                self.sink = Box::new(Mute::default());
            }
            if beat.is_multiple_of(REPORT_EVERY) {
                self.report();
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Add(ssrc) => self.add(ssrc),
            Order::Remove(ssrc) => {
                self.talkers.remove(&ssrc);
            }
            Order::Gain(ssrc, gain) => {
                if let Some(talker) = self.talkers.get_mut(&ssrc) {
                    talker.gain = gain;
                }
            }
            Order::Sink(sink) => self.sink = sink,
        }
    }

    fn add(&mut self, ssrc: Ssrc) {
        if self.talkers.contains_key(&ssrc) || self.talkers.len() >= MAX_VOICES {
            return;
        }
        match Voice::new() {
            Ok(voice) => {
                let loudest = Level::SILENCE;
                let loudness = Loudness::default();
                let talker = Talker { voice, gain: 1.0, bytes: 0, loudest, loudness, first_audible: None };
                self.talkers.insert(ssrc, talker);
            }
            Err(error) => tracing::warn!("sound decoder: {error}"),
        }
    }

    fn packet(&mut self, arrived: Instant, packet: Packet) {
        let Some(talker) = self.talkers.get_mut(&packet.ssrc) else { return };
        talker.bytes += packet.payload.len() as u64;
        talker.voice.insert(arrived, packet.seq, packet.timestamp, packet.payload);
    }

    fn mix(&mut self, now: Instant) -> AudioBlock {
        for talker in self.talkers.values_mut() {
            let block = talker.voice.pull(now);
            self.mixer.add(&block, talker.gain);
            talker.loudness.push(&block.0);
            if talker.first_audible.is_none() && talker.voice.level().dbov < AUDIBLE_ABOVE {
                talker.first_audible = Some(now);
            }
            if talker.voice.level().dbov < talker.loudest.dbov {
                talker.loudest = talker.voice.level();
            }
        }
        self.mixer.finish()
    }

    fn report(&mut self) {
        let report = self.talkers.iter_mut().map(|(ssrc, talker)| {
            let stats = talker.voice.stats();
            let level = std::mem::replace(&mut talker.loudest, Level::SILENCE);
            let voice = VoiceStats {
                packets: stats.received,
                bytes: talker.bytes,
                lost: stats.lost,
                late: stats.late,
                recovered: stats.recovered,
                concealed_ms: talker.voice.concealed_ms(),
                jitter_ms: stats.jitter_ms,
                target_ms: stats.target_ms,
                level,
                loudness: talker.loudness.dbfs(),
                first_audible: talker.first_audible,
            };
            (*ssrc, voice)
        });
        let report = report.collect();
        *self.stats.lock().unwrap_or_else(PoisonError::into_inner) = report;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::Gone;
    use crate::level::rms;
    use crate::opus::Encoder;
    use crate::voice::testing::Speech;
    use runde_rtp::SeqNo;
    use std::sync::mpsc;

    /// A speaker that tells what it played.
    struct Tape(mpsc::Sender<AudioBlock>, Mute);
    impl Speak for Tape {
        fn speak(&mut self, block: &AudioBlock) -> Result<(), Gone> {
            self.1.speak(block)?;
            self.0.send(block.clone()).map_err(|_| Gone)
        }
    }

    fn talk(receiver: &AudioReceiver, ssrc: u32, seed: u32) {
        let (mut speech, mut encoder) = (Speech::new(seed), Encoder::new(32_000).unwrap());
        for n in 0..20u16 {
            let samples: Vec<f32> = (0..2).flat_map(|_| speech.block().0).collect();
            let payload = encoder.encode(&samples).unwrap();
            let timestamp = u32::from(n) * 960;
            let packet = Packet { seq: SeqNo(n), timestamp, ssrc: Ssrc(ssrc), payload, ..Packet::default() };
            receiver.packet(Instant::now(), packet);
        }
    }

    #[test]
    fn added_voices_are_heard_counted_and_given_to_the_echo_canceller() {
        let (tx, tape) = mpsc::channel();
        let (far, mut played) = crate::process::far_end();
        let receiver = AudioReceiver::spawn(Box::new(Tape(tx, Mute::default())), Some(far)).unwrap();
        receiver.add(Ssrc(1));
        receiver.add(Ssrc(2));
        talk(&receiver, 1, 1);
        talk(&receiver, 2, 2);
        talk(&receiver, 3, 3);
        let loud = tape.iter().take(300).any(|block| rms(&block.0) > 0.01);
        assert!(loud);
        assert!(std::iter::from_fn(|| played.read()).any(|block| rms(&block.0) > 0.01));
        let packets = |stats: &BTreeMap<Ssrc, VoiceStats>| stats.values().map(|v| v.packets).collect::<Vec<_>>();
        let stats = std::iter::repeat_with(|| (tape.recv().unwrap(), receiver.stats()).1).take(300);
        assert!(stats.into_iter().any(|stats| packets(&stats) == [20, 20]), "the stranger is not kept");
        receiver.remove(Ssrc(1));
        assert!(tape.iter().take(300).any(|_| receiver.stats().len() == 1));
    }

    #[test]
    fn the_first_audible_block_is_timed_and_silence_before_it_is_not() {
        let (tx, tape) = mpsc::channel();
        let receiver = AudioReceiver::spawn(Box::new(Tape(tx, Mute::default())), None).unwrap();
        receiver.add(Ssrc(1));
        let told = |receiver: &AudioReceiver| receiver.stats().get(&Ssrc(1)).and_then(|voice| voice.first_audible);
        assert!(tape.iter().take(300).any(|_| receiver.stats().contains_key(&Ssrc(1))));
        assert_eq!(told(&receiver), None, "nobody talked yet");
        let before = Instant::now();
        talk(&receiver, 1, 1);
        assert!(tape.iter().take(300).any(|_| told(&receiver).is_some()));
        let (first, after) = (told(&receiver).unwrap(), Instant::now());
        assert!(before <= first && first <= after);
        assert!(tape.iter().take(50).all(|_| told(&receiver) == Some(first)), "it stays the first");
    }

    #[test]
    fn a_speaker_that_dies_leaves_the_clock_running() {
        let (tx, tape) = mpsc::channel();
        let receiver = AudioReceiver::spawn(Box::new(Tape(tx, Mute::default())), None).unwrap();
        tape.recv().unwrap();
        drop(tape);
        let (tx, tape) = mpsc::channel();
        receiver.set_sink(Box::new(Tape(tx, Mute::default())));
        assert!(tape.recv_timeout(Duration::from_secs(20)).is_ok());
    }
}
