//! A microphone or what stands in for it.

use crate::choice::MicrophoneChoice;
use crate::error::DeviceError;
use crate::event::{DeviceKind, EventSender};
use crate::sound::{self, Kept};
use crate::tone::Tone;
use crate::wav;
use runde_media::block::{BLOCK_SAMPLES, SAMPLE_RATE};
use runde_media::{AudioBlock, Gone, Hear};
use runde_privacy::{LocalDevices, Permit};
use std::time::{Duration, Instant};

/// More than this in the ring is a reader that slept: 60 ms. It goes on with the newest [`KEPT`].
const TOO_OLD: usize = 6 * BLOCK_SAMPLES;
/// What stays of it.
const KEPT: usize = 2 * BLOCK_SAMPLES;

/// Gives blocks at its own pace; dropping it closes the device.
pub struct Microphone(Kind);

enum Kind {
    Device(Capture),
    File(wav::Reader),
    Tone(Tone),
    None,
}

struct Capture {
    kept: Kept<rtrb::Consumer<f32>>,
    ring: rtrb::Consumer<f32>,
}

/// Opens what is chosen. A device that goes away later is opened again by itself; `events` tells.
///
/// # Errors
/// [`DeviceError`] when it does not open now.
pub fn open_microphone(
    _permit: &Permit<LocalDevices>,
    choice: &MicrophoneChoice,
    events: &EventSender,
) -> Result<Microphone, DeviceError> {
    let wanted = match choice {
        MicrophoneChoice::Default => None,
        MicrophoneChoice::Id(id) => Some(id.clone()),
        MicrophoneChoice::File(_) | MicrophoneChoice::Tone | MicrophoneChoice::None => {
            return open_synthetic_microphone(choice);
        }
    };
    let (kept, ring, _) = Kept::open(DeviceKind::Microphone, wanted, sound::capture, events.clone())?;
    Ok(Microphone(Kind::Device(Capture { kept, ring })))
}

/// Opens what stands in for a microphone: these are no devices and need no permit.
///
/// # Errors
/// [`DeviceError::NeedsPermit`] for real devices; [`DeviceError`] for files that cannot be read.
pub fn open_synthetic_microphone(choice: &MicrophoneChoice) -> Result<Microphone, DeviceError> {
    Ok(Microphone(match choice {
        MicrophoneChoice::File(path) => Kind::File(wav::Reader::open(path)?),
        MicrophoneChoice::Tone => Kind::Tone(Tone::new()),
        MicrophoneChoice::None => Kind::None,
        MicrophoneChoice::Default | MicrophoneChoice::Id(_) => {
            return Err(DeviceError::NeedsPermit { kind: DeviceKind::Microphone });
        }
    }))
}

impl Hear for Microphone {
    fn hear(&mut self, at_most: Duration) -> Result<Option<AudioBlock>, Gone> {
        match &mut self.0 {
            Kind::Device(capture) => Ok(capture.hear(at_most)),
            Kind::File(file) => file.hear(at_most),
            Kind::Tone(tone) => tone.hear(at_most),
            Kind::None => {
                std::thread::sleep(at_most);
                Ok(None)
            }
        }
    }
}

impl Capture {
    fn hear(&mut self, at_most: Duration) -> Option<AudioBlock> {
        let deadline = Instant::now() + at_most;
        loop {
            if let Some((ring, _)) = self.kept.newer() {
                self.ring = ring;
            }
            if let Some(block) = take(&mut self.ring) {
                return Some(block);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            std::thread::sleep(until_full(self.ring.slots()).min(left));
        }
    }
}

/// One block, when there is a whole one.
fn take(ring: &mut rtrb::Consumer<f32>) -> Option<AudioBlock> {
    let held = ring.slots();
    if held > TOO_OLD
        && let Ok(old) = ring.read_chunk(held - KEPT)
    {
        old.commit_all();
    }
    let chunk = ring.read_chunk(BLOCK_SAMPLES).ok()?;
    let mut block = AudioBlock::SILENCE;
    for (to, from) in block.0.iter_mut().zip(chunk) {
        *to = from;
    }
    Some(block)
}

/// When a block should be whole: waking a microphone's thread from the callback would need a lock.
fn until_full(held: usize) -> Duration {
    let missing = BLOCK_SAMPLES.saturating_sub(held).max(48);
    Duration::from_secs_f64(missing as f64 / f64::from(SAMPLE_RATE)).max(Duration::from_millis(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sound::RING;

    #[test]
    fn blocks_come_whole_and_in_order() {
        let (mut tx, mut rx) = rtrb::RingBuffer::new(RING);
        for n in 0..700u16 {
            tx.push(f32::from(n)).unwrap();
        }
        let block = take(&mut rx).unwrap();
        assert_eq!((block.0[0], block.0[479]), (0.0, 479.0));
        assert!(take(&mut rx).is_none(), "220 samples are no block");
        assert!((5..=6).contains(&until_full(220).as_millis()));
    }

    #[test]
    fn a_reader_that_slept_goes_on_with_the_newest() {
        let (mut tx, mut rx) = rtrb::RingBuffer::new(RING);
        for n in 0..5000u16 {
            tx.push(f32::from(n)).unwrap();
        }
        assert_eq!(take(&mut rx).unwrap().0[0], 4040.0);
    }

    #[test]
    fn stand_ins_open_without_permit_and_devices_do_not() {
        let mut tone = open_synthetic_microphone(&MicrophoneChoice::Tone).unwrap();
        assert!(tone.hear(Duration::ZERO).unwrap().is_some());
        let mut none = open_synthetic_microphone(&MicrophoneChoice::None).unwrap();
        assert_eq!(none.hear(Duration::ZERO), Ok(None));
        let refused = open_synthetic_microphone(&MicrophoneChoice::Default).err();
        assert!(matches!(refused, Some(DeviceError::NeedsPermit { kind: DeviceKind::Microphone })));
    }
}
