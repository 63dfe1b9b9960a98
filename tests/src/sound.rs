//! Sound that can be recognised again: a sentence made here, and measures of how much of it came out at the other end.

use crate::Outcome;
use std::f32::consts::TAU;
use std::path::Path;

/// Samples a second, everywhere in the product.
pub const RATE: u32 = 48_000;
/// Comparison runs on every sixth sample (8 kHz): speech lies below, and the search stays quick.
const STEP: usize = 6;
/// Speech is compared in pieces of 250 ms, so that the jitter buffer's small corrections of time do not count as damage.
const PIECE: usize = RATE as usize / STEP / 4;

/// Seconds of speech-like sound: voiced syllables of changing pitch and formants with pauses between them. No two syllables are
/// alike, so a piece fits in one place only.
pub fn sentence(seconds: f32, seed: u32) -> Vec<i16> {
    let total = (seconds * RATE as f32) as usize;
    let mut random = Random(seed | 1);
    let mut samples = Vec::with_capacity(total);
    while samples.len() < total {
        syllable(&mut samples, &mut random);
    }
    samples.truncate(total);
    samples
}

fn syllable(samples: &mut Vec<i16>, random: &mut Random) {
    let length = random.between(0.12, 0.28);
    let pause = random.between(0.02, 0.09);
    let (pitch, glide) = (random.between(95.0, 210.0), random.between(-30.0, 30.0));
    let formants = [random.between(300.0, 850.0), random.between(900.0, 2200.0), random.between(2300.0, 3200.0)];
    let count = (length * RATE as f32) as usize;
    let mut phase = 0.0_f32;
    for index in 0..count {
        let at = index as f32 / count as f32;
        let frequency = pitch + glide * at;
        phase += frequency / RATE as f32;
        let mut value = 0.0;
        for harmonic in 1..=24_u8 {
            let tone = frequency * f32::from(harmonic);
            let loudness: f32 = formants.iter().map(|formant| (-((tone - formant) / 220.0).powi(2)).exp()).sum();
            value += loudness * (TAU * phase * f32::from(harmonic)).sin();
        }
        let envelope = (std::f32::consts::PI * at).sin().powf(0.6);
        samples.push((value * envelope * 4_200.0).clamp(-30_000.0, 30_000.0) as i16);
    }
    samples.extend(std::iter::repeat_n(0, (pause * RATE as f32) as usize));
}

/// A small seeded generator; quality does not matter here, sameness does.
struct Random(u32);

impl Random {
    fn between(&mut self, low: f32, high: f32) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        low + (high - low) * (self.0 as f32 / u32::MAX as f32)
    }
}

/// Writes PCM16 mono at 48 kHz.
pub fn write(path: &Path, samples: &[i16]) -> Outcome {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut writer = hound::WavWriter::create(path, spec)?;
    for sample in samples {
        writer.write_sample(*sample)?;
    }
    Ok(writer.finalize()?)
}

/// Reads PCM16; several channels are averaged.
pub fn read(path: &Path) -> Outcome<Vec<i16>> {
    let mut reader = hound::WavReader::open(path)?;
    let channels = usize::from(reader.spec().channels.max(1));
    if reader.spec().sample_rate != RATE {
        return Err(format!("{} Hz instead of {RATE}", reader.spec().sample_rate).into());
    }
    let samples: Vec<i16> = reader.samples::<i16>().collect::<Result<_, _>>()?;
    let average = |frame: &[i16]| (frame.iter().map(|sample| i32::from(*sample)).sum::<i32>() / channels as i32) as i16;
    Ok(samples.chunks_exact(channels).map(average).collect())
}

/// How well one recording holds another.
#[derive(Debug, Clone, Copy)]
pub struct Likeness {
    /// Median over all pieces of the best normalised correlation, 0 to 1.
    pub correlation: f32,
    /// Level of the recording against the original over the pieces that fit, in decibels.
    pub level_db: f32,
    /// How many pieces of the recording were compared.
    pub pieces: usize,
}

/// Compares a recording with the (looping) original. Pieces of near silence are left out; the first second, in which buffers
/// settle, too.
pub fn likeness(original: &[i16], recording: &[i16]) -> Likeness {
    let model: Vec<f32> = original.iter().chain(original).map(|sample| f32::from(*sample)).collect();
    let coarse: Vec<f32> = model.iter().step_by(STEP).copied().collect();
    let heard: Vec<f32> = recording.iter().skip(RATE as usize).step_by(STEP).map(|sample| f32::from(*sample)).collect();
    let found: Vec<(f32, f32)> = heard
        .chunks_exact(PIECE)
        .filter(|piece| power(piece) > 100.0 * 100.0)
        .map(|piece| {
            let (score, place) = best_place(piece, &model, &coarse, original.len());
            (score, 10.0 * (power(piece) / power(&thinned(&model, place)).max(1.0)).log10())
        })
        .collect();
    let middle = |mut values: Vec<f32>| {
        values.sort_by(f32::total_cmp);
        values.get(values.len() / 2).copied().unwrap_or(f32::NAN)
    };
    Likeness {
        correlation: middle(found.iter().map(|(score, _)| *score).collect()),
        level_db: middle(found.iter().filter(|(score, _)| *score > 0.6).map(|(_, level)| *level).collect()),
        pieces: found.len(),
    }
}

/// Where in the model a piece fits best, and how well: first on every sixth sample, then around the best of those on each one. A
/// delay is no multiple of six samples, and half a step off is a third of a period where speech has its overtones.
fn best_place(piece: &[f32], model: &[f32], coarse: &[f32], starts: usize) -> (f32, usize) {
    let last = model.len().saturating_sub(PIECE * STEP);
    let rough = (0..starts.min(last) / STEP).map(|start| (correlation(piece, &coarse[start..start + PIECE]), start));
    let (_, near) = rough.fold((0.0, 0), |best, next| if next.0 > best.0 { next } else { best });
    let fine = (near * STEP).saturating_sub(STEP)..=(near * STEP + STEP).min(last);
    let fine = fine.map(|start| (correlation(piece, &thinned(model, start)), start));
    fine.fold((0.0, 0), |best, next| if next.0 > best.0 { next } else { best })
}

/// Every sixth sample of a piece that begins at `start`.
fn thinned(model: &[f32], start: usize) -> Vec<f32> {
    model.iter().skip(start).step_by(STEP).take(PIECE).copied().collect()
}

fn power(piece: &[f32]) -> f32 {
    piece.iter().map(|value| value * value).sum::<f32>() / piece.len().max(1) as f32
}

fn correlation(left: &[f32], right: &[f32]) -> f32 {
    let (mut cross, mut ours, mut theirs) = (0.0, 1.0, 1.0);
    for (a, b) in left.iter().zip(right) {
        cross += a * b;
        ours += a * a;
        theirs += b * b;
    }
    cross / (ours * theirs).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shifted_and_halved_copy_is_recognised_with_its_level() {
        let original = sentence(2.0, 7);
        // Not a multiple of the step at which pieces are compared.
        let mut copy = vec![0_i16; 30_003];
        copy.extend(original.iter().chain(&original).map(|sample| sample / 2));
        let likeness = likeness(&original, &copy);
        assert!(likeness.correlation > 0.99, "{likeness:?}");
        assert!((likeness.level_db + 6.0).abs() < 0.3, "{likeness:?}");
    }

    #[test]
    fn another_sentence_is_not_taken_for_this_one() {
        let likeness = likeness(&sentence(2.0, 7), &sentence(4.0, 99));
        assert!(likeness.correlation < 0.4, "{likeness:?}");
    }

    #[test]
    fn silence_has_no_pieces_to_compare() {
        assert_eq!(likeness(&sentence(2.0, 7), &vec![0; 200_000]).pieces, 0);
    }
}
