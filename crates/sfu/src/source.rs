//! What an endpoint sends: as it is declared, and as the room keeps it.

use crate::EndpointId;
use crate::layer::Layer;
use runde_rtp::{Codec, Ssrc};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A sender that goes from codec to codec more often is not followed at once: everybody's layers are chosen anew each time, and
/// so often they are anyway.
const CODEC_HOLDS: Duration = Duration::from_millis(100);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MediaKind {
    Audio,
    Video,
}

/// What a video source shows. `Off` is a muted camera or a screen share that was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VideoType {
    Camera,
    Desktop,
    Off,
}

/// The SSRCs of one simulcast layer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LayerSsrc {
    pub ssrc: Ssrc,
    /// The stream its retransmissions come in (FID group).
    pub rtx: Option<Ssrc>,
}

/// One source as signalled. Towards receivers everything comes out on the first layer's SSRCs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    pub name: Arc<str>,
    pub kind: MediaKind,
    /// In the order of the SIM group, smallest picture first; exactly one for audio.
    pub layers: Vec<LayerSsrc>,
}

/// The room's own number of a source.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct SourceId(pub(crate) u32);

/// A source in the room.
#[derive(Debug)]
pub(crate) struct Published {
    pub(crate) owner: EndpointId,
    pub(crate) declared: Source,
    pub(crate) video_type: VideoType,
    pub(crate) layers: Vec<Layer>,
    /// The height its sender was last told that somebody wants.
    pub(crate) told_height: Option<u32>,
    /// The codec of its last key frame, and since when.
    codec: Option<(Codec, Instant)>,
}

impl Published {
    pub(crate) fn new(owner: EndpointId, declared: Source) -> Self {
        let count = declared.layers.len();
        let layers = (0..count).map(|position| Layer::new(position, count)).collect();
        Self { owner, declared, video_type: VideoType::Camera, layers, told_height: None, codec: None }
    }

    pub(crate) fn is_video(&self) -> bool {
        self.declared.kind == MediaKind::Video
    }

    /// Takes note of a key frame's codec. With another than before all streams are over until something comes in them: what
    /// was sent in three may be sent in one now.
    pub(crate) fn note_codec(&mut self, now: Instant, codec: Codec) {
        let holds = |since: Instant| now.saturating_duration_since(since) < CODEC_HOLDS;
        match self.codec {
            Some((known, since)) if known == codec || holds(since) => return,
            Some(_) => self.layers.iter_mut().for_each(Layer::end),
            None => {}
        }
        self.codec = Some((codec, now));
    }
}
