//! From one sample rate to another by straight lines, for the few devices that cannot do 48 kHz.
//!
//! What it is not: no filter. Speech survives it; where it matters the sound server resamples better before us.

/// Turns a stream of samples at one rate into one at another, a sample at a time, without memory.
pub(super) struct Rate {
    /// Steps of the input for each step of the output.
    step: f64,
    /// Where the next output lies between `before` (0) and `after` (1).
    at: f64,
    before: f32,
    after: f32,
}

impl Rate {
    pub(super) fn new(from: u32, to: u32) -> Self {
        Self { step: f64::from(from.max(1)) / f64::from(to.max(1)), at: 1.0, before: 0.0, after: 0.0 }
    }

    /// Takes one sample of the input and gives the outputs that lie before it.
    pub(super) fn push(&mut self, sample: f32, mut out: impl FnMut(f32)) {
        if self.is_same() {
            return out(sample);
        }
        self.next(sample);
        while self.at < 1.0 {
            out(self.here());
            self.at += self.step;
        }
    }

    /// Gives one output and takes as many samples of the input as lie before it.
    pub(super) fn pull(&mut self, mut source: impl FnMut() -> f32) -> f32 {
        if self.is_same() {
            return source();
        }
        while self.at >= 1.0 {
            self.next(source());
        }
        let sample = self.here();
        self.at += self.step;
        sample
    }

    fn is_same(&self) -> bool {
        (self.step - 1.0).abs() < f64::EPSILON
    }

    fn next(&mut self, sample: f32) {
        (self.before, self.after) = (self.after, sample);
        self.at -= 1.0;
    }

    #[allow(clippy::cast_possible_truncation)]
    fn here(&self) -> f32 {
        self.before + (self.after - self.before) * self.at as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_stays_a_second_and_a_line_a_line() {
        for (from, to) in [(44_100u32, 48_000u32), (96_000, 48_000), (48_000, 48_000), (8_000, 48_000)] {
            let (mut rate, mut out) = (Rate::new(from, to), Vec::new());
            for n in 0..from {
                rate.push(n as f32 / from as f32, |sample| out.push(sample));
            }
            assert!((out.len() as i64 - i64::from(to)).abs() <= 8, "{from} to {to}: {}", out.len());
            let slope = 1.0 / to as f32;
            assert!(out.windows(2).skip(8).all(|w| (w[1] - w[0] - slope).abs() < slope * 0.05 + 1e-6));
        }
    }

    #[test]
    fn pulled_samples_use_up_the_source_in_step() {
        let (mut rate, mut taken) = (Rate::new(48_000, 44_100), 0);
        for _ in 0..44_100 {
            rate.pull(|| {
                taken += 1;
                0.5
            });
        }
        assert!((47_990..=48_010).contains(&taken), "{taken}");
    }
}
