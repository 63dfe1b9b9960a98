//! Who sees what: from wishes and bandwidth to the layer of each route, and the messages that follow from it.

use super::{EndpointId, Notice, Room, SourceId};
use crate::budget::{self, Wish};
use crate::endpoint::{Endpoint, Wants};
use crate::layer::{self, Rung};
use crate::source::{Published, VideoType};
use std::sync::Arc;
use std::time::Instant;

impl Room {
    pub(super) fn watch_all_again(&mut self, now: Instant) {
        let everybody: Vec<_> = self.endpoints.keys().copied().collect();
        for id in everybody {
            self.watch_again(now, id);
        }
    }

    /// Chooses the layers of one receiver anew.
    pub(super) fn watch_again(&mut self, now: Instant, id: EndpointId) {
        let Some(receiver) = self.endpoints.get(&id) else { return };
        let Some(wants) = receiver.wants.as_ref().filter(|_| receiver.active) else { return };
        let chosen = self.by_importance(id, wants);
        let wishes: Vec<Wish<Rung>> = chosen.iter().map(|source| self.wish(now, receiver, wants, *source)).collect();
        let mut layers = budget::share(&wishes, receiver.budget());
        let spent = budget::cost(&wishes, &layers);
        if receiver.claimed().is_none()
            && receiver.line.may_begin(now, spent)
            && let Some(more) = budget::one_step_more(&wishes, &layers)
        {
            let cost = budget::cost(&wishes, &more);
            layers = more;
            if let Some(receiver) = self.endpoints.get_mut(&id) {
                receiver.line.begin(now, cost);
            }
        }
        let targets = self.map_pictures(now, id, chosen.into_iter().zip(layers).collect());
        self.aim(id, &targets);
        self.tell_forwarded(id, &targets);
    }

    /// The video sources it may see, the most important first, cut to its last-n.
    fn by_importance(&self, receiver: EndpointId, wants: &Wants) -> Vec<SourceId> {
        let visible = |source: &Published| {
            source.is_video()
                && source.owner != receiver
                && source.video_type != VideoType::Off
                && wants.height_of(&source.declared.name) > 0
        };
        let mut found: Vec<_> = self.sources.iter().filter(|(_, source)| visible(source)).collect();
        found.sort_by_key(|(id, source)| (self.rank(wants, source), **id));
        let slots = self.endpoints.get(&receiver).and_then(|receiver| receiver.slots.as_ref());
        let most = slots.map_or(usize::MAX, |slots| slots.most_pictures);
        found.into_iter().take(wants.last_n().min(most)).map(|(id, _)| *id).collect()
    }

    /// Lower is more important: the stage, the selected, who speaks, who spoke, all others.
    fn rank(&self, wants: &Wants, source: &Published) -> (usize, usize) {
        let position = |names: &[Arc<str>]| names.iter().position(|name| *name == source.declared.name);
        if let Some(at) = position(&wants.on_stage) {
            return (0, at);
        }
        if let Some(at) = position(&wants.selected) {
            return (1, at);
        }
        if self.speaker.dominant() == Some(source.owner) {
            return (2, 0);
        }
        self.speaker.former().iter().position(|id| *id == source.owner).map_or((4, 0), |at| (3, at))
    }

    fn wish(&self, now: Instant, receiver: &Endpoint, wants: &Wants, source: SourceId) -> Wish<Rung> {
        let Some(published) = self.sources.get(&source) else {
            return Wish { on_stage: false, layers: Vec::new(), current: None };
        };
        let name = &published.declared.name;
        Wish {
            on_stage: wants.is_on_stage(name),
            layers: layer::allowed(&published.layers, wants.height_of(name), now),
            current: receiver.routes.get(&source).and_then(crate::route::Route::target),
        }
    }

    fn aim(&mut self, id: EndpointId, targets: &[(SourceId, Option<Rung>)]) {
        let Some(receiver) = self.endpoints.get_mut(&id) else { return };
        for (source, route) in &mut receiver.routes {
            if !self.sources.get(source).is_some_and(Published::is_video) {
                continue;
            }
            let target = targets.iter().find(|(id, _)| id == source).and_then(|(_, rung)| *rung);
            let before = (route.target(), route.current());
            route.set_target(target);
            if let Some(layer) = route.awaits().filter(|_| before != (target, route.current())) {
                self.needs_key.insert((*source, layer));
            }
        }
    }

    fn tell_forwarded(&mut self, id: EndpointId, targets: &[(SourceId, Option<Rung>)]) {
        let seen = targets.iter().filter(|(_, layer)| layer.is_some());
        let mut names: Vec<_> =
            seen.filter_map(|(source, _)| Some(Arc::clone(&self.sources.get(source)?.declared.name))).collect();
        names.sort();
        let Some(receiver) = self.endpoints.get_mut(&id) else { return };
        if receiver.told_forwarded == names {
            return;
        }
        receiver.told_forwarded.clone_from(&names);
        self.tell(id, Notice::ForwardedSources(names));
    }

    /// Tells each sender the greatest height that anybody wants, where it changed.
    pub(super) fn tell_senders(&mut self) {
        let mut changed = Vec::new();
        for (id, source) in self.sources.iter().filter(|(_, source)| source.is_video()) {
            let others = self.endpoints.iter().filter(|(receiver, _)| **receiver != source.owner);
            let wants = others.filter_map(|(_, receiver)| receiver.wants.as_ref());
            let height = wants.filter(|w| w.last_n() > 0).map(|w| w.height_of(&source.declared.name)).max();
            let height = height.unwrap_or(0);
            if source.told_height != Some(height) {
                changed.push((*id, height));
            }
        }
        for (id, max_height) in changed {
            let Some(source) = self.sources.get_mut(&id) else { continue };
            source.told_height = Some(max_height);
            let (to, name) = (source.owner, Arc::clone(&source.declared.name));
            self.tell(to, Notice::SenderConstraints { source: name, max_height });
        }
    }

    /// The state of things for a bridge channel that has just opened.
    pub(super) fn tell_everything(&mut self, id: EndpointId) {
        let Some(receiver) = self.endpoints.get(&id) else { return };
        let mut notices = vec![Notice::ForwardedSources(receiver.told_forwarded.clone())];
        notices.extend(self.speaker_notice());
        for source in self.sources.values().filter(|source| source.owner == id && source.is_video()) {
            let max_height = source.told_height.unwrap_or(0);
            notices.push(Notice::SenderConstraints { source: Arc::clone(&source.declared.name), max_height });
        }
        self.tell_all_mapped(id);
        for notice in notices {
            self.tell(id, notice);
        }
    }
}
