//! A steady tone in place of a microphone.

use runde_media::block::{BLOCK_SAMPLES, SAMPLE_RATE};
use runde_media::{AudioBlock, Gone, Hear, Metronome};
use std::f32::consts::{SQRT_2, TAU};
use std::time::Duration;

/// Pitch of the tone in Hz.
pub const FREQUENCY: f32 = 440.0;
/// Level of the tone in dB below overload.
pub const LEVEL: u8 = 20;

/// 440 Hz, 20 dB below overload.
#[derive(Clone, Debug, Default)]
pub struct Tone {
    phase: f32,
    metronome: Metronome,
}

impl Tone {
    /// Begins at phase zero.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next 10 ms, at once.
    pub fn block(&mut self) -> AudioBlock {
        let amplitude = 10f32.powf(-f32::from(LEVEL) / 20.0) * SQRT_2;
        #[allow(clippy::cast_precision_loss)]
        let step = FREQUENCY / SAMPLE_RATE as f32;
        let mut samples = [0.0; BLOCK_SAMPLES];
        for sample in &mut samples {
            *sample = amplitude * (self.phase * TAU).sin();
            self.phase = (self.phase + step).fract();
        }
        AudioBlock(samples)
    }
}

impl Hear for Tone {
    fn hear(&mut self, _: Duration) -> Result<Option<AudioBlock>, Gone> {
        self.metronome.rest();
        Ok(Some(self.block()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_media::level::Level;

    #[test]
    fn it_is_as_loud_and_as_high_as_it_says() {
        let mut tone = Tone::new();
        let samples: Vec<f32> = (0..100).flat_map(|_| tone.block().0).collect();
        assert_eq!(Level::of(&samples).dbov, LEVEL);
        let rises = samples.windows(2).filter(|w| w[0] < 0.0 && w[1] >= 0.0).count();
        assert!((439..=440).contains(&rises), "{rises} periods in a second");
    }
}
