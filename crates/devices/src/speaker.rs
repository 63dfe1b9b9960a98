//! A speaker or what stands in for it. Its pace is the clock of all playback.

use crate::choice::SpeakerChoice;
use crate::error::DeviceError;
use crate::event::{DeviceKind, EventSender};
use crate::sound::{self, Kept, RING, Signals};
use crate::wav;
use runde_media::block::{BLOCK_SAMPLES, Mute, SAMPLE_RATE};
use runde_media::{AudioBlock, Gone, Metronome, Speak};
use runde_privacy::{LocalDevices, Permit};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Least sound kept ready for the device: two blocks.
const READY: usize = 2 * BLOCK_SAMPLES;
/// A device that takes nothing for this long is away; blocks are dropped in rhythm until it is back.
const AWAY_AFTER: Duration = Duration::from_millis(150);

/// Takes blocks at its own pace; dropping it closes the device.
pub struct Speaker(Kind);

enum Kind {
    Device(Playback),
    File(wav::Writer),
    None(Mute),
}

/// Opens what is chosen. A device that goes away later is opened again by itself; `events` tells.
///
/// # Errors
/// [`DeviceError`] when it does not open now.
pub fn open_speaker(
    _permit: &Permit<LocalDevices>,
    choice: &SpeakerChoice,
    events: &EventSender,
) -> Result<Speaker, DeviceError> {
    let wanted = match choice {
        SpeakerChoice::Default => None,
        SpeakerChoice::Id(id) => Some(id.clone()),
        SpeakerChoice::File(_) | SpeakerChoice::None => return open_synthetic_speaker(choice),
    };
    let (kept, ring, signals) = Kept::open(DeviceKind::Speaker, wanted, sound::playback, events.clone())?;
    Ok(Speaker(Kind::Device(Playback { kept, ring, signals, away: None })))
}

/// Opens what stands in for a speaker: these are no devices and need no permit.
///
/// # Errors
/// [`DeviceError::NeedsPermit`] for real devices; [`DeviceError`] for files that cannot be made.
pub fn open_synthetic_speaker(choice: &SpeakerChoice) -> Result<Speaker, DeviceError> {
    Ok(Speaker(match choice {
        SpeakerChoice::File(path) => Kind::File(wav::Writer::create(path)?),
        SpeakerChoice::None => Kind::None(Mute::default()),
        SpeakerChoice::Default | SpeakerChoice::Id(_) => {
            return Err(DeviceError::NeedsPermit { kind: DeviceKind::Speaker });
        }
    }))
}

impl Speak for Speaker {
    fn speak(&mut self, block: &AudioBlock) -> Result<(), Gone> {
        match &mut self.0 {
            Kind::Device(playback) => {
                playback.speak(block);
                Ok(())
            }
            Kind::File(file) => file.speak(block),
            Kind::None(mute) => mute.speak(block),
        }
    }
}

struct Playback {
    kept: Kept<rtrb::Producer<f32>>,
    ring: rtrb::Producer<f32>,
    signals: Arc<Signals>,
    /// Keeps the rhythm while the device takes nothing.
    away: Option<Metronome>,
}

impl Playback {
    fn speak(&mut self, block: &AudioBlock) {
        let began = Instant::now();
        loop {
            if let Some((ring, signals)) = self.kept.newer() {
                (self.ring, self.signals, self.away) = (ring, signals, None);
            }
            let excess = held(&self.ring).saturating_sub(ready(self.signals.largest()));
            if excess == 0 {
                self.away = None;
                write(&mut self.ring, block);
                return;
            }
            if let Some(metronome) = &mut self.away {
                metronome.rest();
                return;
            }
            if began.elapsed() >= AWAY_AFTER {
                self.away = Some(Metronome::default());
                return;
            }
            std::thread::sleep(pause(excess));
        }
    }
}

fn held(ring: &rtrb::Producer<f32>) -> usize {
    RING - ring.slots()
}

/// How much shall lie ready: two of what the device takes at once, within the ring.
fn ready(largest: usize) -> usize {
    (2 * largest).clamp(READY, RING - 2 * BLOCK_SAMPLES)
}

fn pause(excess: usize) -> Duration {
    let time = Duration::from_secs_f64(excess as f64 / f64::from(SAMPLE_RATE));
    time.clamp(Duration::from_millis(1), Duration::from_millis(10))
}

fn write(ring: &mut rtrb::Producer<f32>, block: &AudioBlock) {
    if let Ok(chunk) = ring.write_chunk_uninit(BLOCK_SAMPLES) {
        chunk.fill_from_iter(block.0.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_takings_of_the_device_lie_ready_and_never_more_than_the_ring_holds() {
        assert_eq!((ready(0), ready(480), ready(1024)), (960, 960, 2048));
        assert_eq!(ready(usize::MAX / 4), RING - 960);
        let (mut tx, mut rx) = rtrb::RingBuffer::new(RING);
        write(&mut tx, &AudioBlock([0.5; BLOCK_SAMPLES]));
        assert_eq!((held(&tx), rx.pop()), (BLOCK_SAMPLES, Ok(0.5)));
    }

    #[test]
    fn stand_ins_open_without_permit_and_devices_do_not() {
        let mut none = open_synthetic_speaker(&SpeakerChoice::None).unwrap();
        assert_eq!(none.speak(&AudioBlock::SILENCE), Ok(()));
        let refused = open_synthetic_speaker(&SpeakerChoice::Id("x".into())).err();
        assert!(matches!(refused, Some(DeviceError::NeedsPermit { kind: DeviceKind::Speaker })));
    }
}
