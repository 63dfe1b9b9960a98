//! Which sources are in the room.

use super::{EndpointId, Room, Source, SourceId, VideoType};
use crate::route::Route;
use crate::source::{MediaKind, Published};
use runde_rtp::Ssrc;
use std::collections::BTreeSet;
use std::time::Instant;

/// Sources of one endpoint: Jicofo allows twenty SSRCs, that is a camera, two screens and a microphone.
const MAX_SOURCES: usize = 8;
/// Simulcast layers of one source.
const MAX_LAYERS: usize = 3;
/// Bytes of a source name; `EP-v0` has eleven.
const MAX_NAME: usize = 128;

impl Room {
    pub(super) fn declare(&mut self, now: Instant, owner: EndpointId, declared: Vec<Source>) {
        let Some(endpoint) = self.endpoints.get_mut(&owner) else { return };
        let count = declared.len();
        let wanted: Vec<Source> = declared.into_iter().filter(is_sound).take(MAX_SOURCES).collect();
        endpoint.refused = endpoint.refused.saturating_add((count - wanted.len()) as u64);
        let gone: Vec<_> = self
            .sources
            .iter()
            .filter(|(_, kept)| kept.owner == owner && !wanted.contains(&kept.declared))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            self.remove_source(id);
        }
        for source in wanted {
            if let Some(new) = self.add_source(owner, source) {
                self.map_new_voice(now, new);
            }
        }
        self.watch_all_again(now);
        self.tell_senders();
    }

    /// Adds a source unless its name or one of its SSRCs is in use: who came first keeps them. Nor is one taken in from
    /// an endpoint that has used up its SSRCs.
    fn add_source(&mut self, owner: EndpointId, source: Source) -> Option<SourceId> {
        if self.sources.values().any(|kept| kept.owner == owner && kept.declared == source) {
            return None;
        }
        let ssrcs: Vec<(Ssrc, usize)> = all_ssrcs(&source).collect();
        let taken = ssrcs.iter().any(|(ssrc, _)| self.by_ssrc.contains_key(ssrc))
            || self.sources.values().any(|kept| kept.declared.name == source.name);
        let distinct = ssrcs.iter().map(|(ssrc, _)| *ssrc).collect::<BTreeSet<_>>().len() == ssrcs.len();
        let endpoint = self.endpoints.get_mut(&owner)?;
        if taken || !distinct || !endpoint.may_use(ssrcs.iter().map(|(ssrc, _)| *ssrc)) {
            endpoint.refused = endpoint.refused.saturating_add(1);
            return None;
        }
        let id = SourceId(self.next_source);
        self.next_source = self.next_source.wrapping_add(1);
        self.by_ssrc.extend(ssrcs.into_iter().map(|(ssrc, layer)| (ssrc, (id, layer))));
        let published = Published::new(owner, source);
        for (_, receiver) in self.endpoints.iter_mut().filter(|(receiver, _)| **receiver != owner) {
            receiver.add_route(id, route_for(&published));
        }
        self.sources.insert(id, published);
        Some(id)
    }

    pub(super) fn remove_source(&mut self, id: SourceId) {
        self.sources.remove(&id);
        self.by_ssrc.retain(|_, (source, _)| *source != id);
        self.needs_key.retain(|(source, _)| *source != id);
        for receiver in self.endpoints.values_mut() {
            receiver.retire_route(id);
        }
    }

    pub(super) fn set_video_type(&mut self, now: Instant, owner: EndpointId, name: &str, kind: VideoType) {
        let theirs = |source: &&mut Published| source.owner == owner && *source.declared.name == *name;
        let Some(source) = self.sources.values_mut().find(theirs) else { return };
        if source.video_type != kind {
            source.video_type = kind;
            self.watch_all_again(now);
        }
    }
}

pub(super) fn route_for(published: &Published) -> Route {
    let first = published.declared.layers[0];
    match published.declared.kind {
        MediaKind::Audio => Route::audio(first.ssrc),
        MediaKind::Video => Route::video(first.ssrc, first.rtx),
    }
}

fn is_sound(source: &Source) -> bool {
    let layers = match source.kind {
        MediaKind::Audio => 1..=1,
        MediaKind::Video => 1..=MAX_LAYERS,
    };
    layers.contains(&source.layers.len()) && !source.name.is_empty() && source.name.len() <= MAX_NAME
}

fn all_ssrcs(source: &Source) -> impl Iterator<Item = (Ssrc, usize)> {
    let both = |(layer, ssrcs): (usize, &crate::LayerSsrc)| {
        std::iter::once(ssrcs.ssrc).chain(ssrcs.rtx).map(move |ssrc| (ssrc, layer))
    };
    source.layers.iter().enumerate().flat_map(both)
}
