//! A little faster or slower without a change of pitch: one period of the voice is left out or said twice.
//!
//! What it is not: no resampling, no decision when (see [`crate::jitter::Pace`]).

/// Shortest period looked for: 400 Hz.
const SHORTEST: usize = 120;
/// Longest period looked for: 100 Hz; also the most one call takes out or puts in, 10 ms. Deeper voices are found by half
/// their pitch or left alone; more would need more than one packet to look at.
const LONGEST: usize = 480;
/// Samples needed to look for periods: two of the longest.
pub const NEEDED: usize = 2 * LONGEST;
/// Similarity below which a voiced stretch is left alone; quiet ones may always be changed.
const ALIKE: f32 = 0.5;
/// Mean square below which nobody hears the seam (-50 dB).
const QUIET: f32 = 1e-5;
/// Look at each n-th lag and sample: a quarter of the work, still finer than the ear here.
const STEP: usize = 4;

/// Takes one period out of `samples`, or nothing where that would be heard. Returns how many samples went.
pub fn shorten(samples: &mut Vec<f32>) -> usize {
    let Some(period) = period(samples) else { return 0 };
    // first becomes second while the fade runs, then the rest follows second
    for i in 0..period {
        samples[i] = fade(samples[i], samples[i + period], i, period);
    }
    samples.drain(period..2 * period);
    period
}

/// Says one period twice, or nothing where that would be heard. Returns how many samples came.
pub fn lengthen(samples: &mut Vec<f32>) -> usize {
    let Some(period) = period(samples) else { return 0 };
    // after the second period the first comes again: fade from what would follow into it
    let again: Vec<f32> = (0..period).map(|i| fade(samples[i + period], samples[i], i, period)).collect();
    samples.splice(period..period, again);
    period
}

#[allow(clippy::cast_precision_loss)]
fn fade(from: f32, to: f32, at: usize, length: usize) -> f32 {
    let share = at as f32 / length as f32;
    from * (1.0 - share) + to * share
}

/// The lag at which the beginning is most like itself.
fn period(samples: &[f32]) -> Option<usize> {
    if samples.len() < NEEDED {
        return None;
    }
    let power = |from: usize| samples[from..from + LONGEST].iter().step_by(STEP).map(|s| s * s).sum::<f32>();
    #[allow(clippy::cast_precision_loss)]
    if power(0) + power(LONGEST) < QUIET * (2 * LONGEST / STEP) as f32 {
        return Some(LONGEST / 2);
    }
    let alike = |lag: usize| {
        let pairs = || samples.iter().zip(&samples[lag..]).take(LONGEST.min(samples.len() - lag)).step_by(STEP);
        let (product, a, b) = pairs().fold((0.0, 0.0, 0.0), |(p, a, b), (x, y)| (p + x * y, a + x * x, b + y * y));
        product / (a * b).sqrt().max(1e-9)
    };
    let coarse = (SHORTEST..=LONGEST).step_by(STEP).max_by(|a, b| alike(*a).total_cmp(&alike(*b)))?;
    let near = coarse.saturating_sub(STEP).max(SHORTEST)..=(coarse + STEP).min(LONGEST);
    let best = near.max_by(|a, b| alike(*a).total_cmp(&alike(*b)))?;
    (alike(best) > ALIKE).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(n: usize) -> Vec<f32> {
        (0..n).map(|i| 0.5 * (i as f32 * std::f32::consts::TAU * 150.0 / 48_000.0).sin()).collect()
    }

    fn largest_step(samples: &[f32]) -> f32 {
        samples.windows(2).map(|w| (w[1] - w[0]).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_voice_gets_shorter_and_longer_by_whole_periods_without_a_click() {
        let natural = largest_step(&tone(1920));
        let mut short = tone(1920);
        let gone = shorten(&mut short);
        assert!((gone as i64 % 320).min(320 - gone as i64 % 320) <= 2, "{gone} samples are no period of 150 Hz");
        assert_eq!(short.len(), 1920 - gone);
        let mut long = tone(1920);
        let came = lengthen(&mut long);
        assert!(came > 0 && long.len() == 1920 + came);
        assert!(largest_step(&short) < 1.3 * natural && largest_step(&long) < 1.3 * natural);
    }

    #[test]
    fn silence_may_always_be_changed_and_too_little_never() {
        assert!(shorten(&mut vec![0.0; 1920]) > 0);
        assert_eq!(shorten(&mut vec![0.0; NEEDED - 1]), 0);
        assert_eq!(lengthen(&mut tone(480)), 0);
    }

    #[test]
    fn rubbish_is_left_alone() {
        assert_eq!(shorten(&mut vec![f32::NAN; 1920]), 0);
    }
}
