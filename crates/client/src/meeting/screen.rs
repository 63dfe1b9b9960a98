//! The own screen on its way to the wire: a second picture beside the camera's, in one size (jitsi.md 4.5).
//!
//! What stands in for a screen is opened by [`crate::local`]; encoder and numbering live as long as the meeting, like
//! those of the camera ([`super::sending`]). Start at [`Screen::see`].

use std::sync::Arc;
use std::time::Duration;

use rand_core::RngCore;
use runde_media::send::{SendError, Unit, VideoConfig, VideoSender};
use runde_media::{Mailbox, Picture};
use runde_signalling::jingle::{Group, Kind, Semantics, Source, VideoType};

use super::names;
use super::sending::{Sight, Watched, next_of};
use super::uplink::Stream;
use crate::event::{MediaKind, SourceStats};
use crate::local::Camera;

/// The own screen, before numbering.
pub(super) struct Screen {
    sight: Option<Sight>,
    watched: Option<Watched>,
    pictures: Arc<Mailbox<Picture>>,
    self_view: Arc<Mailbox<Picture>>,
    first: [u32; 2],
    wanted_height: u32,
    /// The focus of the present session knows its streams. They stay known when sharing stops, and are used again.
    pub(super) announced: bool,
    /// Shared at least once in this stay: presence names it, muted or not.
    pub(super) named: bool,
}

impl Screen {
    pub(super) fn new(rng: &mut impl RngCore) -> Self {
        Self {
            sight: None,
            watched: None,
            pictures: Arc::default(),
            self_view: Arc::default(),
            first: std::array::from_fn(|_| rng.next_u32()),
            wanted_height: u32::MAX,
            announced: false,
            named: false,
        }
    }

    /// The room has forgotten us, and we what it knew.
    pub(super) fn left_room(&mut self) {
        self.named = false;
        self.set_wanted_height(u32::MAX);
    }

    /// Shows what comes from `open` from now on. Must be called within the runtime.
    ///
    /// # Errors
    /// [`SendError`] when the encoder does not start.
    pub(super) fn see(&mut self, open: Camera) -> Result<(), SendError> {
        if self.sight.is_none() {
            let config = VideoConfig {
                first_timestamp: self.first[0],
                first_picture_id: (self.first[1] & 0x7fff) as u16,
                layers: 1,
                ..VideoConfig::default()
            };
            let (sender, units) = VideoSender::spawn(config, self.pictures.clone())?;
            sender.set_wanted_height(self.wanted_height);
            self.sight = Some(Sight { sender, units });
        }
        self.watched = Some(Watched::watch(open, self.pictures.clone(), self.self_view.clone()));
        self.force_key_frame();
        Ok(())
    }

    /// Takes what is shown away, to be closed by the caller; its last picture must not stay on the screen.
    pub(super) fn take(&mut self) -> Option<Watched> {
        let watched = self.watched.take();
        self.pictures.try_take();
        self.self_view.try_take();
        watched
    }

    pub(super) fn self_view(&self) -> Arc<Mailbox<Picture>> {
        self.self_view.clone()
    }

    pub(super) fn set_wanted_height(&mut self, lines: u32) {
        self.wanted_height = lines;
        if let Some(sight) = &self.sight {
            sight.sender.set_wanted_height(lines);
        }
    }

    pub(super) fn set_bitrate(&self, bits: u32) {
        if let Some(sight) = &self.sight {
            sight.sender.set_bitrate(bits);
        }
    }

    pub(super) fn force_key_frame(&self) {
        if let Some(sight) = &self.sight {
            sight.sender.force_key_frame(0);
        }
    }

    /// The next payload; waits for ever while nothing is shared. Safe to drop half way.
    pub(super) async fn next(&mut self) -> Unit {
        next_of(self.sight.as_mut().map(|sight| &mut sight.units)).await
    }

    /// While something is shared.
    pub(super) fn stats(&self, endpoint: &str, stream: &Stream) -> Option<SourceStats> {
        let (sight, _) = self.sight.as_ref().zip(self.watched.as_ref())?;
        let layer = sight.sender.stats().first().copied().unwrap_or_default();
        Some(SourceStats {
            source: names::screen(endpoint),
            endpoint: endpoint.to_owned(),
            kind: MediaKind::Video,
            mine: true,
            packets: stream.packets,
            bytes: stream.bytes,
            loss: 0.0,
            jitter: Duration::ZERO,
            #[allow(clippy::cast_precision_loss)] // pictures a second
            fps: layer.fps as f32,
            width: layer.width,
            height: layer.height,
            level: -f32::from(runde_media::level::SILENT),
            first_sound: None,
        })
    }
}

/// Of the bits for pictures, what the screen and the camera get. What is written there has to be read; a face is still one
/// in a third.
pub(super) fn split(bits: u32, camera: bool, screen: bool) -> (u32, u32) {
    match (camera, screen) {
        (_, false) => (bits, 0),
        (false, true) => (0, bits),
        (true, true) => (bits / 3, bits - bits / 3),
    }
}

/// The screen as the focus is told of it: one stream and its repairs.
pub(super) fn sources(endpoint: &str, stream: &Stream) -> (Vec<Source>, Vec<Group>) {
    let ssrcs: Vec<u32> = std::iter::once(stream.ssrc).chain(stream.rtx).map(|ssrc| ssrc.0).collect();
    let source = |ssrc: &u32| Source {
        kind: Kind::Video,
        ssrc: *ssrc,
        name: names::screen(endpoint),
        owner: None,
        // Another than the camera's: it must be unique for each source.
        msid: Some(format!("{endpoint}-video-1-1 {:08x}-1", stream.ssrc.0)),
        video_type: VideoType::Desktop,
    };
    let sources = ssrcs.iter().map(source).collect();
    (sources, vec![Group { kind: Kind::Video, semantics: Semantics::Fid, ssrcs }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meeting::uplink::Uplink;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    #[test]
    fn a_screen_is_one_stream_with_its_repairs_under_a_name_of_its_own() {
        let uplink = Uplink::new(3, &mut ChaCha8Rng::seed_from_u64(1));
        let (sources, groups) = sources("1a2b3c4d", &uplink.screen);
        assert_eq!(sources.iter().map(|s| s.ssrc).collect::<Vec<_>>(), groups[0].ssrcs);
        assert!(sources.iter().all(|s| s.name == "1a2b3c4d-v1" && s.video_type == VideoType::Desktop));
        assert!(sources.iter().all(|s| s.msid == sources[0].msid && s.msid.is_some()));
        assert_eq!((sources.len(), groups.len(), groups[0].semantics), (2, 1, Semantics::Fid));
        let cameras: Vec<_> = uplink.video.iter().flat_map(|s| [Some(s.ssrc), s.rtx]).flatten().map(|s| s.0).collect();
        assert!(sources.iter().all(|s| !cameras.contains(&s.ssrc)));
    }

    #[test]
    fn a_shared_screen_gets_the_larger_part_and_everything_without_a_camera() {
        assert_eq!(split(900, true, false), (900, 0));
        assert_eq!(split(900, true, true), (300, 600));
        assert_eq!(split(900, false, true), (0, 900));
    }
}
