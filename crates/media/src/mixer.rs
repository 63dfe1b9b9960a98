//! All talkers into one block, without clipping.
//!
//! What it is not: no choice of who is heard (everybody is), no equalising: one talker alone comes out as loud as he went in.

use crate::block::{AudioBlock, BLOCK_SAMPLES};

/// Peaks are kept below this: -0.4 dB, so that a resampler behind it does not overshoot.
const CEILING: f32 = 0.95;
/// Part of the missing gain that comes back with each block: half in 70 ms, nearly all in half a second.
const RELEASE: f32 = 0.1;

/// Adds blocks and keeps the sum below full scale by turning it down for as long as it is too loud.
#[derive(Clone, Debug)]
pub struct Mixer {
    sum: [f32; BLOCK_SAMPLES],
    gain: f32,
}

impl Mixer {
    /// At full gain.
    #[must_use]
    pub fn new() -> Self {
        Self { sum: [0.0; BLOCK_SAMPLES], gain: 1.0 }
    }

    /// Adds one talker; `gain` is linear, 1.0 leaves him as he is. Rubbish (not finite) counts as silence.
    pub fn add(&mut self, block: &AudioBlock, gain: f32) {
        if !gain.is_finite() {
            return;
        }
        for (sum, sample) in self.sum.iter_mut().zip(&block.0) {
            *sum += if sample.is_finite() { sample * gain } else { 0.0 };
        }
    }

    /// The mix of what was added since the last call.
    pub fn finish(&mut self) -> AudioBlock {
        let peak = self.sum.iter().fold(0.0f32, |peak, s| peak.max(s.abs()));
        let allowed = if peak > CEILING { CEILING / peak } else { 1.0 };
        let before = self.gain;
        let relaxed = before + (1.0 - before) * RELEASE;
        self.gain = relaxed.min(allowed);
        let mut out = AudioBlock::SILENCE;
        #[allow(clippy::cast_precision_loss)]
        for (i, (out, sum)) in out.0.iter_mut().zip(&mut self.sum).enumerate() {
            // The ramp takes the step out of a change; where the block is louder than the old gain allows, the new one
            // holds from the first sample.
            let along = i as f32 / BLOCK_SAMPLES as f32;
            let gain = (before + (self.gain - before) * along).min(allowed);
            *out = (*sum * gain).clamp(-1.0, 1.0);
            *sum = 0.0;
        }
        out
    }
}

impl Default for Mixer {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voice::testing::Speech;

    #[test]
    fn one_talker_comes_out_as_he_went_in() {
        let (mut mixer, mut speech) = (Mixer::new(), Speech::new(4));
        for _ in 0..50 {
            let block = speech.block();
            mixer.add(&block, 1.0);
            assert_eq!(mixer.finish(), block);
        }
    }

    #[test]
    fn twenty_shouting_at_once_do_not_clip_and_the_gain_comes_back() {
        let mut mixer = Mixer::new();
        let loud = AudioBlock([0.7; BLOCK_SAMPLES]);
        for _ in 0..20 {
            mixer.add(&loud, 1.0);
        }
        assert!(mixer.finish().0.iter().all(|s| s.abs() <= CEILING + 1e-6));
        for _ in 0..100 {
            mixer.add(&loud, 1.0);
            mixer.finish();
        }
        mixer.add(&loud, 1.0);
        assert!(mixer.finish().0[0] > 0.69);
    }

    #[test]
    fn each_talker_has_a_gain_of_his_own_and_rubbish_is_silent() {
        let mut mixer = Mixer::new();
        mixer.add(&AudioBlock([0.5; BLOCK_SAMPLES]), 0.5);
        mixer.add(&AudioBlock([f32::NAN; BLOCK_SAMPLES]), 1.0);
        mixer.add(&AudioBlock([0.5; BLOCK_SAMPLES]), f32::INFINITY);
        assert_eq!(mixer.finish(), AudioBlock([0.25; BLOCK_SAMPLES]));
    }
}
