//! One remote voice from packets to blocks: jitter buffer, decoder, stretching. Time is told; no thread.
//!
//! What it is not: no mixing (see [`crate::mixer`]) and no thread (see [`crate::receive`]).

use crate::block::{AudioBlock, BLOCK_SAMPLES};
use crate::jitter::{Buffer, Inserted, JitterStats, Next, Pace};
use crate::level::Level;
use crate::opus::{Decoder, MAX_PACKET_SAMPLES, OpusError, PACKET_SAMPLES};
use crate::stretch;
use bytes::Bytes;
use runde_rtp::SeqNo;
use std::time::{Duration, Instant};

/// Sound that waits decoded at most: one packet of the longest kind beside a block. The loop that fills it ends there.
const MAX_PENDING: usize = MAX_PACKET_SAMPLES + BLOCK_SAMPLES;

/// Packets in, a block each 10 ms out.
pub struct Voice {
    buffer: Buffer,
    decoder: Decoder,
    pending: Vec<f32>,
    scratch: Vec<f32>,
    packet_samples: usize,
    concealed_samples: u64,
    level: Level,
}

impl Voice {
    /// A silent one.
    ///
    /// # Errors
    /// [`OpusError`] when libopus has no memory.
    pub fn new() -> Result<Self, OpusError> {
        Ok(Self {
            buffer: Buffer::new(),
            decoder: Decoder::new()?,
            pending: Vec::with_capacity(MAX_PENDING),
            scratch: Vec::with_capacity(MAX_PACKET_SAMPLES),
            packet_samples: PACKET_SAMPLES,
            concealed_samples: 0,
            level: Level::SILENCE,
        })
    }

    /// Takes one packet as it comes; `timestamp` counts at 48 kHz.
    pub fn insert(&mut self, now: Instant, seq: SeqNo, timestamp: u32, payload: Bytes) -> Inserted {
        self.buffer.insert(now, seq, timestamp, payload)
    }

    /// The next 10 ms. Ask each 10 ms.
    pub fn pull(&mut self, now: Instant) -> AudioBlock {
        while self.pending.len() < BLOCK_SAMPLES {
            let pending = Duration::from_millis(self.pending.len() as u64 / 48);
            let next = self.buffer.next(now, pending);
            if next == Next::Rest {
                self.pending.resize(BLOCK_SAMPLES, 0.0);
                break;
            }
            self.sound(&next, pending);
        }
        let block = AudioBlock::from_slice(&self.pending);
        self.pending.drain(..BLOCK_SAMPLES);
        self.level = Level::of(&block.0);
        block
    }

    /// Of the newest block.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }

    /// Counters of the buffer.
    #[must_use]
    pub fn stats(&self) -> JitterStats {
        self.buffer.stats()
    }

    /// Sound that was invented, in ms.
    #[must_use]
    pub fn concealed_ms(&self) -> u64 {
        self.concealed_samples / 48
    }

    fn sound(&mut self, next: &Next, pending: Duration) {
        self.scratch.clear();
        let done = match next {
            Next::Packet(packet) => self.decoder.decode(packet, &mut self.scratch),
            Next::Recover(later) => self.decoder.recover(later, self.packet_samples, &mut self.scratch),
            Next::Conceal | Next::Rest => Ok(0),
        };
        match (next, done) {
            (Next::Packet(_), Ok(samples)) if samples > 0 => {
                self.packet_samples = samples;
                self.adjust(pending);
            }
            (Next::Recover(_), Ok(samples)) if samples > 0 => {}
            _ => self.conceal(),
        }
        self.pending.append(&mut self.scratch);
    }

    fn adjust(&mut self, pending: Duration) {
        match self.buffer.pace(pending) {
            Pace::Steady => {}
            Pace::Faster => {
                stretch::shorten(&mut self.scratch);
            }
            Pace::Slower => {
                stretch::lengthen(&mut self.scratch);
            }
        }
    }

    fn conceal(&mut self) {
        self.scratch.clear();
        if self.decoder.conceal(self.packet_samples, &mut self.scratch).is_err() || self.scratch.is_empty() {
            self.scratch.resize(BLOCK_SAMPLES, 0.0);
        }
        self.concealed_samples += self.scratch.len() as u64;
    }
}

#[cfg(test)]
pub(crate) mod testing {
    use crate::block::{AudioBlock, SAMPLE_RATE};

    /// Something like speech: a pitch that wanders, formants that change with each syllable, pauses between words.
    pub struct Speech {
        random: u32,
        at: usize,
        pitch_phase: f32,
        formants: [f32; 3],
    }

    impl Speech {
        pub fn new(seed: u32) -> Self {
            Self {
                random: seed.wrapping_mul(2_654_435_761) | 1,
                at: 0,
                pitch_phase: 0.0,
                formants: [600.0, 1200.0, 2500.0],
            }
        }

        fn random(&mut self) -> f32 {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            (self.random >> 8) as f32 / (1 << 24) as f32
        }

        pub fn block(&mut self) -> AudioBlock {
            let mut block = AudioBlock::SILENCE;
            for sample in &mut block.0 {
                *sample = self.sample();
            }
            block
        }

        pub fn noise(&mut self, amplitude: f32) -> AudioBlock {
            let mut block = AudioBlock::SILENCE;
            for sample in &mut block.0 {
                *sample = (self.random() - 0.5) * 2.0 * amplitude;
            }
            block
        }

        fn sample(&mut self) -> f32 {
            const SYLLABLE: usize = SAMPLE_RATE as usize / 5;
            let within = self.at % SYLLABLE;
            if within == 0 {
                self.formants =
                    [300.0 + 500.0 * self.random(), 900.0 + 1100.0 * self.random(), 2300.0 + 800.0 * self.random()];
            }
            let word = self.at / SYLLABLE % 9 < 7;
            let envelope =
                if word { (within as f32 / SYLLABLE as f32 * std::f32::consts::PI).sin().powi(2) } else { 0.0 };
            let pitch = 130.0 + 20.0 * (self.at as f32 * 0.0001).sin();
            self.at += 1;
            self.pitch_phase = (self.pitch_phase + pitch / SAMPLE_RATE as f32).fract();
            let voiced: f32 = (1..24)
                .map(|k| {
                    let frequency = k as f32 * pitch;
                    let near: f32 = self.formants.iter().map(|f| 1.0 / (1.0 + ((frequency - f) / 120.0).powi(2))).sum();
                    near * (self.pitch_phase * k as f32 * std::f32::consts::TAU).sin() / (k as f32).sqrt()
                })
                .sum();
            let breath = (self.random() - 0.5) * 0.02;
            (voiced * 0.25 + breath) * envelope + (self.random() - 0.5) * 0.0004
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::Speech;
    use super::*;
    use crate::level::{decibel, rms};
    use crate::mixer::Mixer;
    use crate::opus::Encoder;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    struct Played {
        said: Vec<f32>,
        heard: Vec<f32>,
        voice: Voice,
    }

    /// Sends 10 s of speech over a path whose delays `delay_ms` gives, and plays it.
    fn play(delay_ms: impl Fn(u64) -> Option<u64>) -> Played {
        let (mut speech, mut encoder) = (Speech::new(11), Encoder::new(48_000).unwrap());
        let (mut said, mut heard) = (Vec::new(), Vec::new());
        let mut arrivals: Vec<(u64, u16, Bytes)> = Vec::new();
        for n in 0..500u16 {
            let samples: Vec<f32> = (0..2).flat_map(|_| speech.block().0).collect();
            if let Some(delay) = delay_ms(u64::from(n)) {
                arrivals.push((u64::from(n) * 20 + delay, n, encoder.encode(&samples).unwrap()));
            }
            said.extend(samples);
        }
        arrivals.sort_by_key(|(at, n, _)| (*at, *n));
        let mut arrivals = arrivals.into_iter().peekable();
        let (mut voice, mut mixer, start) = (Voice::new().unwrap(), Mixer::new(), Instant::now());
        for t in 0..1020 {
            let now = start + ms(t * 10);
            while let Some((_, n, packet)) = arrivals.next_if(|(at, _, _)| *at <= t * 10) {
                voice.insert(now, SeqNo(n), u32::from(n) * 960, packet);
            }
            mixer.add(&voice.pull(now), 1.0);
            heard.extend_from_slice(&mixer.finish().0);
        }
        Played { said, heard, voice }
    }

    fn level_change(played: &Played) -> f32 {
        decibel(rms(&played.heard)) - decibel(rms(&played.said))
    }

    #[test]
    fn speech_keeps_its_level_within_one_decibel_from_coder_to_mix() {
        let played = play(|_| Some(30));
        assert!(level_change(&played).abs() < 1.0, "{} dB", level_change(&played));
        assert_eq!(played.voice.stats().lost, 0);
        assert!(played.voice.concealed_ms() < 300, "only the end is bridged");
    }

    #[test]
    fn jitter_and_loss_change_the_level_by_less_than_two_decibel() {
        let played = play(|n| (n % 13 != 5).then_some(20 + n * 7919 % 60));
        assert!(level_change(&played).abs() < 2.0, "{} dB", level_change(&played));
        let stats = played.voice.stats();
        assert!(stats.lost > 25 && stats.recovered * 2 > stats.lost, "{stats:?}");
    }

    #[test]
    fn a_burst_is_played_and_the_wait_comes_back_down() {
        let played = play(|n| Some(if (100..120).contains(&n) { (120 - n) * 20 + 20 } else { 20 }));
        assert!(played.voice.stats().late < 5, "{:?}", played.voice.stats());
        assert!(level_change(&played).abs() < 2.0);
    }

    #[test]
    fn rubbish_packets_are_concealed() {
        let (mut voice, now) = (Voice::new().unwrap(), Instant::now());
        for n in 0..20 {
            voice.insert(now, SeqNo(n), u32::from(n) * 960, Bytes::from_static(&[0xff, 0xff, 0xff]));
        }
        for t in 0..60 {
            voice.pull(now + ms(t * 10));
        }
        assert!(voice.concealed_ms() >= 100);
    }
}
