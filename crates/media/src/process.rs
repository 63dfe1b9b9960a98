//! What makes a microphone pleasant: echo away, noise down, level up.
//!
//! What it is not: no codec, no device. Blocks go through one by one, in the microphone's own pace; what the speaker plays
//! comes along a small ring ([`far_end`]), because it is made on another thread.

use crate::block::{AudioBlock, BLOCK_SAMPLES, SAMPLE_RATE};
use sonora::config::{
    AdaptiveDigital, EchoCanceller, GainController2, HighPassFilter, NoiseSuppression, NoiseSuppressionLevel,
};
use sonora::{AudioProcessing, Config, StreamConfig};

/// Which parts run. Devices want all, files and tones none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Processing {
    /// Takes out what the own speaker plays.
    pub echo: bool,
    /// Takes out steady noise.
    pub noise: bool,
    /// Brings quiet voices up and keeps loud ones down.
    pub gain: bool,
}

impl Processing {
    /// For real microphones.
    pub const ALL: Self = Self { echo: true, noise: true, gain: true };
    /// Sound goes out as it came in.
    pub const NONE: Self = Self { echo: false, noise: false, gain: false };
}

/// The chain for one microphone.
pub struct Processor {
    chain: Option<Box<AudioProcessing>>,
    switches: Processing,
}

impl Processor {
    /// With nothing switched on it costs nothing and changes nothing.
    #[must_use]
    pub fn new(switches: Processing) -> Self {
        Self { chain: build(switches), switches }
    }

    /// Changes the switches; what was learnt about room and noise starts anew when they differ.
    pub fn set(&mut self, switches: Processing) {
        if switches != self.switches {
            *self = Self::new(switches);
        }
    }

    /// What is on.
    #[must_use]
    pub fn switches(&self) -> Processing {
        self.switches
    }

    /// Tells what the speaker is about to play. Each block once, in order, before the microphone block that may hear it.
    pub fn far(&mut self, played: &AudioBlock) {
        let Some(chain) = self.chain.as_mut().filter(|_| self.switches.echo) else { return };
        let mut ignored = [0.0; BLOCK_SAMPLES];
        // The library refuses only wrong lengths, and these are fixed by type.
        let _ = chain.process_render_f32(&[&played.0], &mut [&mut ignored]);
    }

    /// Cleans one microphone block in place. The block stays as it is should the library refuse it.
    pub fn near(&mut self, heard: &mut AudioBlock) {
        let Some(chain) = &mut self.chain else { return };
        let mut clean = [0.0; BLOCK_SAMPLES];
        let _ = chain.set_stream_delay_ms(0); // the delay is found by the canceller itself
        if chain.process_capture_f32(&[&heard.0], &mut [&mut clean]).is_ok() {
            heard.0 = clean;
        }
    }
}

fn build(switches: Processing) -> Option<Box<AudioProcessing>> {
    if switches == Processing::NONE {
        return None;
    }
    let config = Config {
        echo_canceller: switches.echo.then(EchoCanceller::default),
        high_pass_filter: Some(HighPassFilter::default()),
        noise_suppression: switches
            .noise
            .then(|| NoiseSuppression { level: NoiseSuppressionLevel::High, ..Default::default() }),
        gain_controller2: switches
            .gain
            .then(|| GainController2 { adaptive_digital: Some(AdaptiveDigital::default()), ..Default::default() }),
        ..Default::default()
    };
    let stream = StreamConfig::new(SAMPLE_RATE, 1);
    Some(Box::new(AudioProcessing::builder().config(config).capture_config(stream).render_config(stream).build()))
}

/// Blocks on their way from the mixing thread to the microphone's. A microphone that stalls for half a second has lost its
/// echo anyway.
const FAR_BLOCKS: usize = 50;

/// Written by the thread that feeds the speaker. **When full, the new block is dropped**: the canceller finds the delay again.
pub struct FarWriter(rtrb::Producer<AudioBlock>);

/// Read by the microphone's thread.
pub struct FarReader(rtrb::Consumer<AudioBlock>);

/// A ring for what the speaker plays.
#[must_use]
pub fn far_end() -> (FarWriter, FarReader) {
    let (tx, rx) = rtrb::RingBuffer::new(FAR_BLOCKS);
    (FarWriter(tx), FarReader(rx))
}

impl FarWriter {
    /// Never waits; says whether the block fitted.
    pub fn write(&mut self, block: &AudioBlock) -> bool {
        self.0.push(block.clone()).is_ok()
    }
}

impl FarReader {
    /// The oldest block not read yet.
    pub fn read(&mut self) -> Option<AudioBlock> {
        self.0.pop().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{decibel, rms};
    use crate::voice::testing::Speech;

    /// Plays speech through a room of three reflections into a microphone nobody talks into.
    fn echo_left_over(switches: Processing) -> f32 {
        let mut processor = Processor::new(switches);
        let mut speech = Speech::new(3);
        let mut past = vec![0.0f32; 4800];
        let (mut raw, mut clean) = (Vec::new(), Vec::new());
        for block in 0..800 {
            let played = speech.block();
            processor.far(&played);
            past.extend_from_slice(&played.0);
            past.drain(..BLOCK_SAMPLES);
            let end = past.len() - BLOCK_SAMPLES;
            let at = |i: usize, delay: usize| past[end + i - delay];
            let mut heard = AudioBlock::SILENCE;
            for (i, sample) in heard.0.iter_mut().enumerate() {
                *sample = 0.4 * at(i, 1440) + 0.2 * at(i, 2200) - 0.1 * at(i, 3100);
            }
            if block >= 300 {
                raw.extend_from_slice(&heard.0);
            }
            processor.near(&mut heard);
            if block >= 300 {
                clean.extend_from_slice(&heard.0);
            }
        }
        decibel(rms(&raw)) - decibel(rms(&clean))
    }

    #[test]
    fn the_echo_of_the_own_speaker_is_attenuated_by_fifteen_decibel() {
        let taken = echo_left_over(Processing { echo: true, noise: false, gain: false });
        assert!(taken >= 15.0, "{taken} dB");
    }

    #[test]
    fn without_the_canceller_the_echo_stays() {
        let taken = echo_left_over(Processing { echo: false, noise: false, gain: true });
        assert!(taken < 6.0, "{taken} dB");
    }

    #[test]
    fn with_everything_off_a_block_passes_bit_by_bit() {
        let mut block = Speech::new(1).block();
        let before = block.clone();
        Processor::new(Processing::NONE).near(&mut block);
        assert_eq!(block, before);
    }

    #[test]
    fn steady_noise_sinks() {
        let mut processor = Processor::new(Processing { echo: false, noise: true, gain: false });
        let mut speech = Speech::new(9);
        let (mut before, mut after) = (0.0, 0.0);
        for _ in 0..300 {
            let mut block = speech.noise(0.02);
            before = decibel(rms(&block.0));
            processor.near(&mut block);
            after = decibel(rms(&block.0));
        }
        assert!(before - after > 8.0, "{before} dB became {after} dB");
    }

    #[test]
    fn a_far_end_nobody_reads_keeps_half_a_second() {
        let (mut tx, mut rx) = far_end();
        let kept = (0..FAR_BLOCKS * 2).filter(|_| tx.write(&AudioBlock::SILENCE)).count();
        assert_eq!(kept, FAR_BLOCKS);
        assert!(rx.read().is_some());
    }
}
