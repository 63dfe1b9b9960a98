//! How loud a block is, as RFC 6464 says it.
//!
//! What it is not: no loudness by ear (LUFS), no voice detection beyond a threshold.

/// The quietest value the field can say: 127 dB below overload, also digital silence.
pub const SILENT: u8 = 127;

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
