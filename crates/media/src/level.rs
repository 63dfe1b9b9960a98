//! How loud a block is, as RFC 6464 says it.
//!
//! What it is not: no loudness by ear (LUFS), no voice detection beyond a threshold.

use std::collections::VecDeque;

/// The quietest value the field can say: 127 dB below overload, also digital silence.
pub const SILENT: u8 = 127;

/// Blocks of 10 ms.
const BLOCKS_PER_SECOND: usize = 100;

/// Below this many dB under overload a block counts as speech. Room noise of a laptop lies near 60, quiet speech near 45.
const VOICE_ABOVE: u8 = 50;

/// Level of one block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Level {
    /// dB below overload, 0 (loudest) to 127 (silence).
    pub dbov: u8,
    /// Likely somebody speaks.
    pub voice: bool,
}

impl Level {
    /// Digital silence.
    pub const SILENCE: Self = Self { dbov: SILENT, voice: false };

    /// Root mean square of the samples, where 0 is a square wave at full scale (RFC 6464 3).
    #[must_use]
    pub fn of(samples: &[f32]) -> Self {
        let dbov = below_overload(rms(samples));
        Self { dbov, voice: dbov <= VOICE_ABOVE }
    }

    /// 0 (silence) to 1 (overload), linear in dB over the lower 60 dB, for meters.
    #[must_use]
    pub fn fraction(self) -> f32 {
        1.0 - f32::from(self.dbov.min(60)) / 60.0
    }
}

/// How loud the last second was. One block tells little: speech has pauses of its length, and a beep may always fall between two looks.
#[derive(Clone, Debug, Default)]
pub struct Loudness {
    /// Mean squares of the newest blocks, the oldest first.
    blocks: VecDeque<f32>,
}

impl Loudness {
    /// Takes the next 10 ms.
    pub fn push(&mut self, samples: &[f32]) {
        if self.blocks.len() == BLOCKS_PER_SECOND {
            self.blocks.pop_front();
        }
        self.blocks.push_back(rms(samples).powi(2));
    }

    /// Root mean square of the last second in dBFS; -127 is silence, a sine at full scale -3.0.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // a hundred blocks
    pub fn dbfs(&self) -> f32 {
        let mean = self.blocks.iter().sum::<f32>() / self.blocks.len().max(1) as f32;
        decibel(mean.sqrt()).max(-f32::from(SILENT))
    }
}

/// Root mean square; 0 for no samples.
#[must_use]
pub fn rms(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|s| f64::from(*s) * f64::from(*s)).sum();
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    let mean = (sum / samples.len() as f64) as f32;
    mean.sqrt()
}

/// Linear to dB; silence is -200.
#[must_use]
pub fn decibel(linear: f32) -> f32 {
    20.0 * linear.max(1e-10).log10()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped to 0..=127 first
fn below_overload(rms: f32) -> u8 {
    (-decibel(rms)).round().clamp(0.0, f32::from(SILENT)) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_beep_is_heard_in_the_loudness_of_its_second_and_gone_after_it() {
        let mut loudness = Loudness::default();
        assert!((loudness.dbfs() + 127.0).abs() < 1e-3);
        let (beep, silence) = ([0.5; 480], [0.0; 480]);
        (0..100).for_each(|block| loudness.push(if block == 3 { &beep } else { &silence }));
        assert!((loudness.dbfs() + 26.0).abs() < 0.1, "{}", loudness.dbfs());
        (0..96).for_each(|_| loudness.push(&silence));
        assert!((loudness.dbfs() + 127.0).abs() < 1e-3, "{}", loudness.dbfs());
    }

    #[test]
    fn known_signals_have_their_levels() {
        assert_eq!(Level::of(&[1.0; 480]).dbov, 0);
        assert_eq!(Level::of(&[0.1; 480]).dbov, 20);
        assert_eq!(Level::of(&[0.0; 480]), Level::SILENCE);
        assert_eq!(Level::of(&[]), Level::SILENCE);
        let sine: Vec<f32> = (0..480).map(|i| (i as f32 * std::f32::consts::TAU / 48.0).sin()).collect();
        assert_eq!(Level::of(&sine).dbov, 3, "a full-scale sine lies 3 dB under overload");
        assert_eq!(Level::of(&[f32::NAN; 480]).dbov, SILENT, "rubbish is no sound");
    }

    #[test]
    fn a_meter_rises_with_the_level() {
        assert!(Level { dbov: 20, voice: true }.fraction() > Level { dbov: 40, voice: true }.fraction());
        assert!(Level::SILENCE.fraction().abs() < f32::EPSILON);
    }
}
