//! The own microphone and camera on their way to the wire: encoder threads, self view, rates.
//!
//! Encoders live as long as the meeting once they were needed, so that numbering and timestamps never jump; devices
//! come and go in front of them. No packet is made here (see [`super::uplink`]). Start at [`Sending::next`].

use std::sync::Arc;
use std::time::Duration;

use rand_core::RngCore;
use runde_media::channel::Receiver;
use runde_media::process::{FarReader, FarWriter, Processing, far_end};
use runde_media::send::{AudioConfig, AudioSender, SendError, Unit, VideoConfig, VideoSender};
use runde_media::{Gone, Hear, Mailbox, Picture};
use tokio_util::task::AbortOnDropHandle;

use super::names;
use super::uplink::Uplink;
use crate::event::{MediaKind, SourceStats};
use crate::local::Camera;
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

pub(super) struct Sight {
    pub(super) sender: VideoSender,
    pub(super) units: Receiver<Unit>,
}

/// An open camera: the task that hands its pictures to the encoder and to the self view.
pub(super) struct Watched {
    _camera: Camera,
    _tee: AbortOnDropHandle<()>,
}

impl Watched {
    /// Hands every picture to both. Must be called within the runtime.
    pub(super) fn watch(camera: Camera, encoder: Arc<Mailbox<Picture>>, self_view: Arc<Mailbox<Picture>>) -> Self {
        let tee = tee(camera.pictures(), encoder, self_view);
        Self { _camera: camera, _tee: AbortOnDropHandle::new(tokio::spawn(tee)) }
    }
}

/// Everything this guest sends, before numbering.
pub(super) struct Sending {
    sound: Option<Sound>,
    sight: Option<Sight>,
    watched: Option<Watched>,
    /// Pictures for the encoder.
    pictures: Arc<Mailbox<Picture>>,
    self_view: Arc<Mailbox<Picture>>,
    far: (Option<FarWriter>, Option<FarReader>),
    first: [u32; 3],
    layers: usize,
}

impl Sending {
    /// Pictures go out in so many sizes.
    pub(super) fn new(layers: usize, rng: &mut impl RngCore) -> Self {
        let (writer, reader) = far_end();
        Self {
            sound: None,
            sight: None,
            watched: None,
            pictures: Arc::default(),
            self_view: Arc::default(),
            far: (Some(writer), Some(reader)),
            first: std::array::from_fn(|_| rng.next_u32()),
            layers: layers.clamp(1, LAYERS),
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
        let config = AudioConfig { first_timestamp: self.first[0], processing, muted, ..AudioConfig::default() };
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

    /// Shows what `camera` sees from now on. Must be called within the runtime.
    ///
    /// # Errors
    /// [`SendError`] when the encoder does not start.
    pub(super) fn see(&mut self, camera: Camera) -> Result<(), SendError> {
        if self.sight.is_none() {
            let config = VideoConfig {
                first_timestamp: self.first[1],
                first_picture_id: (self.first[2] & 0x7fff) as u16,
                layers: self.layers,
                ..VideoConfig::default()
            };
            let (sender, units) = VideoSender::spawn(config, self.pictures.clone())?;
            self.sight = Some(Sight { sender, units });
        }
        self.watched = Some(Watched::watch(camera, self.pictures.clone(), self.self_view.clone()));
        self.force_all_key_frames();
        Ok(())
    }

    /// Takes the camera away, to be closed by the caller; the last picture must not stay on the screen.
    pub(super) fn take_camera(&mut self) -> Option<Watched> {
        let watched = self.watched.take();
        self.pictures.try_take();
        self.self_view.try_take();
        watched
    }

    /// Where the own picture appears.
    pub(super) fn self_view(&self) -> Arc<Mailbox<Picture>> {
        self.self_view.clone()
    }

    pub(super) fn set_wanted_height(&self, lines: u32) {
        if let Some(sight) = &self.sight {
            sight.sender.set_wanted_height(lines);
        }
    }

    /// Bits a second for the camera's picture in all sizes.
    pub(super) fn set_bitrate(&self, bits: u32) {
        if let Some(sight) = &self.sight {
            sight.sender.set_bitrate(bits);
        }
    }

    pub(super) fn force_key_frame(&self, layer: u8) {
        if let Some(sight) = &self.sight {
            sight.sender.force_key_frame(layer);
        }
    }

    pub(super) fn force_all_key_frames(&self) {
        (0..self.layers).filter_map(|layer| u8::try_from(layer).ok()).for_each(|layer| self.force_key_frame(layer));
    }

    /// The next payload; waits for ever while nothing is sent. Safe to drop half way.
    pub(super) async fn next(&mut self) -> (MediaKind, Unit) {
        let sound = self.sound.as_mut().map(|sound| &mut sound.units);
        let sight = self.sight.as_mut().map(|sight| &mut sight.units);
        tokio::select! {
            unit = next_of(sound) => (MediaKind::Audio, unit),
            unit = next_of(sight) => (MediaKind::Video, unit),
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
        if let (Some(sight), Some(_)) = (&self.sight, &self.watched) {
            let layers = sight.sender.stats();
            let top = layers.iter().rev().find(|layer| layer.fps > 0).copied().unwrap_or_default();
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

pub(super) async fn next_of(units: Option<&mut Receiver<Unit>>) -> Unit {
    if let Some(units) = units
        && let Some(unit) = units.next().await
    {
        return unit;
    }
    // No encoder, or its thread is gone: nothing will come.
    std::future::pending().await
}

/// Hands every picture to both; each of them keeps only its newest.
async fn tee(camera: Arc<Mailbox<Picture>>, encoder: Arc<Mailbox<Picture>>, self_view: Arc<Mailbox<Picture>>) {
    while let Some(picture) = camera.next().await {
        self_view.put(picture.clone());
        encoder.put(picture);
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

    #[tokio::test]
    async fn a_picture_reaches_encoder_and_self_view() {
        let (camera, encoder, view) = (Arc::default(), Arc::default(), Arc::default());
        let picture = Picture::plain(16, 16, [1, 2, 3], 9, std::time::Instant::now());
        Mailbox::put(&camera, picture);
        Mailbox::close(&camera);
        tee(camera, Arc::clone(&encoder), Arc::clone(&view)).await;
        assert_eq!((encoder.try_take().map(|p| p.seq), view.try_take().map(|p| p.seq)), (Some(9), Some(9)));
    }
}
