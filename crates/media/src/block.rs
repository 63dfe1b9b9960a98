//! Ten milliseconds of sound, and the two ends between which it flows.
//!
//! What it is not: no stereo, no other rate. Devices and files convert at their edge.

use std::time::{Duration, Instant};

/// Samples a second of all sound inside.
pub const SAMPLE_RATE: u32 = 48_000;
/// Samples of one block.
pub const BLOCK_SAMPLES: usize = 480;
/// Length of one block.
pub const BLOCK_TIME: Duration = Duration::from_millis(10);

/// 480 mono samples at 48 kHz; full scale is -1.0 to 1.0.
#[derive(Clone, PartialEq, Debug)]
pub struct AudioBlock(pub [f32; BLOCK_SAMPLES]);

impl AudioBlock {
    /// Nothing to hear.
    pub const SILENCE: Self = Self([0.0; BLOCK_SAMPLES]);

    /// The first 480 of `samples`, silence where there are fewer.
    #[must_use]
    pub fn from_slice(samples: &[f32]) -> Self {
        let mut block = Self::SILENCE;
        let n = samples.len().min(BLOCK_SAMPLES);
        block.0[..n].copy_from_slice(&samples[..n]);
        block
    }

    /// The samples.
    #[must_use]
    pub fn samples(&self) -> &[f32; BLOCK_SAMPLES] {
        &self.0
    }
}

impl Default for AudioBlock {
    fn default() -> Self {
        Self::SILENCE
    }
}

/// The other end of a [`Hear`] or [`Speak`] will not come back by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the sound source or sink is gone")]
pub struct Gone;

/// Something that gives sound at its own pace: a microphone, a file, a tone.
pub trait Hear: Send {
    /// Waits for the next block, at most `at_most`; `Ok(None)` when none came in that time.
    ///
    /// # Errors
    /// [`Gone`] when no block will come any more.
    fn hear(&mut self, at_most: Duration) -> Result<Option<AudioBlock>, Gone>;
}

/// Something that takes sound at its own pace: a speaker, a file.
pub trait Speak: Send {
    /// Hands over one block and returns when the next may be made. This is the clock of all playback: it must take 10 ms
    /// a block on the long average, also when the device behind it is away.
    ///
    /// # Errors
    /// [`Gone`] when no block will be taken any more.
    fn speak(&mut self, block: &AudioBlock) -> Result<(), Gone>;
}

/// Behind by more than this the beats are counted anew: a machine that slept shall not play a minute in a second.
const GIVE_UP: Duration = Duration::from_millis(200);

/// Keeps 10 ms on the long average for sources and sinks that have no clock of their own.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metronome {
    next: Option<Instant>,
}

impl Metronome {
    /// How long to rest until the next beat, seen at `now`. The first beat is at once.
    pub fn beat(&mut self, now: Instant) -> Duration {
        let due = self.next.filter(|due| now.saturating_duration_since(*due) < GIVE_UP).unwrap_or(now);
        self.next = Some(due + BLOCK_TIME);
        due.saturating_duration_since(now)
    }

    /// Blocks the thread until the next beat.
    pub fn rest(&mut self) {
        let pause = self.beat(Instant::now());
        if !pause.is_zero() {
            std::thread::sleep(pause);
        }
    }
}

/// A sink for those who want no sound: only the clock is left.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mute(Metronome);

impl Speak for Mute {
    fn speak(&mut self, _: &AudioBlock) -> Result<(), Gone> {
        self.0.rest();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beats_make_up_for_small_delays_and_forget_large_ones() {
        let (mut metronome, start) = (Metronome::default(), Instant::now());
        let ms = Duration::from_millis;
        assert_eq!(metronome.beat(start), ms(0));
        assert_eq!(metronome.beat(start), ms(10));
        assert_eq!(metronome.beat(start + ms(35)), ms(0), "one beat late");
        assert_eq!(metronome.beat(start + ms(35)), ms(0), "made up");
        assert_eq!(metronome.beat(start + ms(36)), ms(4));
        assert_eq!(metronome.beat(start + ms(5000)), ms(0));
        assert_eq!(metronome.beat(start + ms(5000)), ms(10), "counted anew");
    }
}
