//! The own microphone and camera on their way to the wire: encoder threads, levels, rates.
//!
//! The encoder of sound lives as long as the meeting once it was needed, as that of the picture does ([`super::sight`]); devices
//! come and go in front of it. No packet is made here (see [`super::uplink`]). Start at [`Sending::next`].

use std::time::Duration;

use rand_core::RngCore;
use runde_media::channel::Receiver;
use runde_media::process::{FarReader, FarWriter, Processing, far_end};
use runde_media::send::{AudioConfig, AudioSender, SendError, Unit};
use runde_media::{Gone, Hear};

use super::names;
use super::sight::{Sight, next_of};
use super::uplink::Uplink;
use crate::event::{MediaKind, SourceStats};
use crate::options::LAYERS;

/// What speech with its headers takes at most; pictures get the rest.
const SPEECH_BPS: u64 = 80_000;
/// Below this the smallest layer is not worth showing, and the encoder must not be asked for nothing.
const LEAST_VIDEO_BPS: u64 = 60_000;
/// Part of the estimate that is used, in percent: repairs and key frames need the rest.
const USED_PERCENT: u64 = 90;

/// A microphone that is closed: its thread rests until the next one comes.
struct Closed;

impl Hear for Closed {
    fn hear(&mut self, _at_most: Duration) -> Result<Option<runde_media::AudioBlock>, Gone> {
        Err(Gone)
    }
}

struct Sound {
    sender: AudioSender,
    units: Receiver<Unit>,
    open: bool,
}

/// Everything this guest sends, before numbering.
pub(super) struct Sending {
    sound: Option<Sound>,
    pub(super) camera: Sight,
    far: (Option<FarWriter>, Option<FarReader>),
    first_timestamp: u32,
}

impl Sending {
    /// Pictures go out in so many sizes.
    pub(super) fn new(layers: usize, rng: &mut impl RngCore) -> Self {
        let (writer, reader) = far_end();
        Self {
            sound: None,
            first_timestamp: rng.next_u32(),
            camera: Sight::new(u8::try_from(layers.clamp(1, LAYERS)).unwrap_or(1), rng),
            far: (Some(writer), Some(reader)),
        }
    }

    /// The end into which the speaker writes what it plays; once.
    pub(super) fn far_writer(&mut self) -> Option<FarWriter> {
        self.far.0.take()
    }

    /// Whether a microphone is open.
    pub(super) fn hears(&self) -> bool {
        self.sound.as_ref().is_some_and(|sound| sound.open)
    }

    /// Listens to `source` from now on.
    ///
    /// # Errors
    /// [`SendError`] when the encoder does not start.
    pub(super) fn hear(&mut self, source: Box<dyn Hear>, processing: Processing, muted: bool) -> Result<(), SendError> {
        if let Some(sound) = &mut self.sound {
            sound.open = true;
            sound.sender.set_source(source);
            sound.sender.set_processing(processing);
            sound.sender.set_muted(muted);
            return Ok(());
        }
        let config = AudioConfig { first_timestamp: self.first_timestamp, processing, muted, ..AudioConfig::default() };
        let (sender, units) = AudioSender::spawn(config, source, self.far.1.take())?;
        self.sound = Some(Sound { sender, units, open: true });
        Ok(())
    }

    pub(super) fn set_muted(&self, muted: bool) {
        if let Some(sound) = &self.sound {
            sound.sender.set_muted(muted);
        }
    }

    /// Share of the own sound that gets lost, in percent: each packet then carries more of the one before.
    pub(super) fn set_loss(&self, percent: u8) {
        if let Some(sound) = &self.sound {
            sound.sender.set_loss(percent);
        }
    }

    pub(super) fn set_processing(&self, processing: Processing) {
        if let Some(sound) = &self.sound {
            sound.sender.set_processing(processing);
        }
    }

    pub(super) fn close_microphone(&mut self) {
        if let Some(sound) = &mut self.sound {
            sound.open = false;
            sound.sender.set_source(Box::new(Closed));
        }
    }

    /// The next payload; waits for ever while nothing is sent. Safe to drop half way.
    pub(super) async fn next(&mut self) -> (MediaKind, Unit) {
        let sound = self.sound.as_mut().map(|sound| &mut sound.units);
        tokio::select! {
            unit = next_of(sound) => (MediaKind::Audio, unit),
            unit = self.camera.next() => (MediaKind::Video, unit),
        }
    }

    /// Of the microphone, dB below overload.
    pub(super) fn level(&self) -> u8 {
        let silent = runde_media::level::SILENT;
        self.sound.as_ref().filter(|sound| sound.open).map_or(silent, |sound| sound.sender.stats().level.dbov)
    }

    /// One entry for each source that is open.
    pub(super) fn stats(&self, endpoint: &str, uplink: &Uplink) -> Vec<SourceStats> {
        let entry = |kind, source: String| {
            let (packets, bytes) = uplink.sent(kind);
            SourceStats {
                source,
                endpoint: endpoint.to_owned(),
                kind,
                mine: true,
                packets,
                bytes,
                loss: 0.0,
                jitter: Duration::ZERO,
                fps: 0.0,
                width: 0,
                height: 0,
                level: -f32::from(runde_media::level::SILENT),
                first_sound: None,
            }
        };
        let mut all = Vec::new();
        if self.hears() {
            let silent = -f32::from(runde_media::level::SILENT);
            let level = self.sound.as_ref().map_or(silent, |sound| sound.sender.stats().loudness);
            all.push(SourceStats { level, ..entry(MediaKind::Audio, names::microphone(endpoint)) });
        }
        if let Some(top) = self.camera.stats() {
            all.push(SourceStats {
                #[allow(clippy::cast_precision_loss)] // pictures a second
                fps: top.fps as f32,
                width: top.width,
                height: top.height,
                ..entry(MediaKind::Video, names::camera(endpoint))
            });
        }
        all
    }
}

/// What is left for pictures of `bps` bit/s.
pub(super) fn video_bitrate(bps: u64) -> u32 {
    let left = (bps * USED_PERCENT / 100).saturating_sub(SPEECH_BPS).max(LEAST_VIDEO_BPS);
    u32::try_from(left).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speech_comes_before_pictures_and_pictures_never_get_nothing() {
        assert_eq!(video_bitrate(1_000_000), 820_000);
        assert_eq!(video_bitrate(50_000), 60_000);
        assert_eq!(video_bitrate(u64::from(u32::MAX) * 2), u32::MAX);
    }
}
