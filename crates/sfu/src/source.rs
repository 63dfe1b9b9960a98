//! What an endpoint sends: as it is declared, and as the room keeps it.

use crate::EndpointId;
use crate::layer::Layer;
use runde_rtp::Ssrc;
use std::sync::Arc;

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
}

impl Published {
    pub(crate) fn new(owner: EndpointId, declared: Source) -> Self {
        let count = declared.layers.len();
        let layers = (0..count).map(|position| Layer::new(position, count)).collect();
        Self { owner, declared, video_type: VideoType::Camera, layers, told_height: None }
    }

    pub(crate) fn is_video(&self) -> bool {
        self.declared.kind == MediaKind::Video
    }
}
