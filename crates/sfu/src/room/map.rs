//! Source maps: which SSRC of a receiver carries which source, and the messages that say so.

use super::{EndpointId, Mapping, Notice, Room, SourceId};
use crate::layer::Rung;
use crate::slots::{SlotSsrcs, Slots};
use crate::source::MediaKind;
use std::sync::Arc;
use std::time::Instant;

/// A voice louder than this many dB under overload may take the slot of one that is silent. Quiet speech lies near 45, the
/// noise of a room near 60.
const AUDIBLE_ABOVE: u8 = 60;

impl Room {
    pub(super) fn begin_rewriting(&mut self, now: Instant, id: EndpointId, ssrcs: &SlotSsrcs) {
        let Some(endpoint) = self.endpoints.get_mut(&id).filter(|endpoint| !endpoint.was_active) else { return };
        endpoint.routes.clear();
        endpoint.slots = Some(Slots::new(ssrcs));
        let voices: Vec<SourceId> =
            self.sources.iter().filter(|(_, kept)| !kept.is_video() && kept.owner != id).map(|(id, _)| *id).collect();
        for voice in voices {
            self.map_idle(now, id, voice);
        }
    }

    /// A new voice has its slots before its first packet, as long as there are some that nobody has.
    pub(super) fn map_new_voice(&mut self, now: Instant, source: SourceId) {
        let Some(owner) = self.sources.get(&source).filter(|kept| !kept.is_video()).map(|kept| kept.owner) else {
            return;
        };
        let others: Vec<EndpointId> = self.endpoints.keys().copied().filter(|id| *id != owner).collect();
        for receiver in others {
            self.map_idle(now, receiver, source);
        }
    }

    fn map_idle(&mut self, now: Instant, receiver: EndpointId, source: SourceId) {
        let endpoint = self.endpoints.get_mut(&receiver);
        if endpoint.is_some_and(|endpoint| endpoint.claim_slot(now, source, MediaKind::Audio, false)) {
            self.tell_mapped(receiver, MediaKind::Audio, &[source]);
        }
    }

    /// Somebody is to be heard: where there are fewer slots than voices, the one that was silent longest makes way.
    pub(super) fn map_voice(&mut self, now: Instant, source: SourceId, below_full_scale: Option<u8>) {
        let audible = below_full_scale.is_none_or(|level| level < AUDIBLE_ABOVE);
        let Some(owner) = self.sources.get(&source).map(|kept| kept.owner) else { return };
        let mut changed = Vec::new();
        for (id, receiver) in self.endpoints.iter_mut().filter(|(id, receiver)| **id != owner && receiver.active) {
            if receiver.claim_slot(now, source, MediaKind::Audio, audible) {
                changed.push(*id);
            }
            let heard = audible && receiver.routes.contains_key(&source);
            if let Some(slots) = receiver.slots.as_mut().filter(|_| heard) {
                slots.note_use(now, source);
            }
        }
        for id in changed {
            self.tell_mapped(id, MediaKind::Audio, &[source]);
        }
    }

    /// Gives the pictures that are to be sent their slots and says so. Those that get none now get one as soon as another's
    /// has been quiet for long enough; until then they are not sent.
    pub(super) fn map_pictures(
        &mut self,
        now: Instant,
        receiver: EndpointId,
        mut targets: Vec<(SourceId, Option<Rung>)>,
    ) -> Vec<(SourceId, Option<Rung>)> {
        let Some(endpoint) = self.endpoints.get_mut(&receiver) else { return targets };
        if endpoint.slots.is_none() {
            return targets;
        }
        // Who is not wanted any more makes room first, so that it is quiet when it is needed.
        for (source, route) in &mut endpoint.routes {
            let wanted = targets.iter().any(|(id, layer)| id == source && layer.is_some());
            if route.is_video() && !wanted {
                route.set_target(None);
            }
        }
        let mut changed = Vec::new();
        for (source, layer) in targets.iter_mut().filter(|(_, layer)| layer.is_some()) {
            if endpoint.claim_slot(now, *source, MediaKind::Video, true) {
                changed.push(*source);
            }
            if !endpoint.routes.contains_key(source) {
                *layer = None;
            } else if let Some(slots) = &mut endpoint.slots {
                slots.note_use(now, *source);
            }
        }
        self.tell_mapped(receiver, MediaKind::Video, &changed);
        targets
    }

    /// Everything that the receiver's SSRCs carry, for a bridge channel that has just opened.
    pub(super) fn tell_all_mapped(&mut self, receiver: EndpointId) {
        for kind in [MediaKind::Video, MediaKind::Audio] {
            let Some(endpoint) = self.endpoints.get(&receiver).filter(|endpoint| endpoint.slots.is_some()) else {
                return;
            };
            let of_kind = endpoint.routes.iter().filter(|(_, route)| route.is_video() == (kind == MediaKind::Video));
            let sources: Vec<SourceId> = of_kind.map(|(source, _)| *source).collect();
            self.tell_mapped(receiver, kind, &sources);
        }
    }

    fn tell_mapped(&mut self, receiver: EndpointId, kind: MediaKind, sources: &[SourceId]) {
        let Some(endpoint) = self.endpoints.get(&receiver) else { return };
        let mapping = |id: &SourceId| {
            let (published, route) = (self.sources.get(id)?, endpoint.routes.get(id)?);
            Some(Mapping {
                source: Arc::clone(&published.declared.name),
                owner: published.owner,
                ssrc: route.ssrc,
                rtx: route.rtx,
                video_type: published.video_type,
            })
        };
        let sources: Vec<Mapping> = sources.iter().filter_map(mapping).collect();
        if !sources.is_empty() {
            self.tell(receiver, Notice::Mapped { kind, sources });
        }
    }
}
