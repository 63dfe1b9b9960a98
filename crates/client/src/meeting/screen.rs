//! The own screen on its way to the wire: a second picture beside the camera's, in one size (jitsi.md 4.5).
//!
//! What stands in for a screen is opened by [`crate::local`].

use std::time::Duration;

use rand_core::RngCore;
use runde_signalling::jingle::{Group, Kind, Semantics, Source, VideoType};

use super::names;
use super::sight::Sight;
use super::uplink::Stream;
use crate::event::{MediaKind, SourceStats};

/// The own screen, before numbering.
pub(super) struct Screen {
    pub(super) sight: Sight,
    /// The focus of the present session knows its streams. They stay known when sharing stops, and are used again.
    pub(super) announced: bool,
    /// Shared at least once in this stay: presence names it, muted or not.
    pub(super) named: bool,
}

impl Screen {
    pub(super) fn new(rng: &mut impl RngCore) -> Self {
        Self { sight: Sight::new(1, rng), announced: false, named: false }
    }

    /// The room has forgotten us, and we what it knew.
    pub(super) fn left_room(&mut self) {
        self.named = false;
        self.sight.left_room();
    }

    /// While something is shared.
    pub(super) fn stats(&self, endpoint: &str, stream: &Stream) -> Option<SourceStats> {
        let layer = self.sight.stats()?;
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
