//! SSRC rewriting: a receiver that understands source maps is sent everything on a bounded set of SSRCs, each of which
//! carries one source at a time and is given to another when its own is not sent any more.
//!
//! A slot is a route without a source: its numbers go on from one source to the next, since no index may be sealed twice.

use crate::route::Route;
use crate::source::{LayerSsrc, MediaKind, SourceId};
use runde_rtp::Ssrc;
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// A picture slot is given on only when nothing was sent on it for so long: what is still on the way then belongs to nobody
/// else. The map goes by another connection than the media. Sound that comes a moment too late shows nobody's face.
const QUIET: Duration = Duration::from_millis(300);
/// A voice keeps its slot for so long after it was last heard: longer than the pauses of somebody who goes on.
const PAUSE: Duration = Duration::from_secs(2);

/// The SSRCs that a receiver may be sent on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotSsrcs {
    pub sound: Vec<Ssrc>,
    pub pictures: Vec<LayerSsrc>,
}

/// The slots of one receiver.
#[derive(Debug)]
pub(crate) struct Slots {
    /// Slots that carry nothing, the longest idle first.
    sound: VecDeque<Route>,
    pictures: VecDeque<Route>,
    /// How many picture slots there are.
    pub(crate) most_pictures: usize,
    /// When each mapped source was last wanted (pictures) or heard (sound). A source that is not here never was.
    used: BTreeMap<SourceId, Instant>,
}

impl Slots {
    pub(crate) fn new(ssrcs: &SlotSsrcs) -> Self {
        Self {
            sound: ssrcs.sound.iter().map(|ssrc| Route::audio(*ssrc)).collect(),
            pictures: ssrcs.pictures.iter().map(|slot| Route::video(slot.ssrc, slot.rtx)).collect(),
            most_pictures: ssrcs.pictures.len(),
            used: BTreeMap::new(),
        }
    }

    pub(crate) fn note_use(&mut self, now: Instant, source: SourceId) {
        self.used.insert(source, now);
    }

    /// A slot that carries nothing and may carry something now.
    pub(crate) fn take_idle(&mut self, now: Instant, kind: MediaKind) -> Option<Route> {
        let idle = match kind {
            MediaKind::Audio => &mut self.sound,
            MediaKind::Video => &mut self.pictures,
        };
        let at = idle.iter().position(|route| is_quiet(now, route))?;
        idle.remove(at)
    }

    /// The mapped source whose slot is needed least, if one can be spared.
    pub(crate) fn spare(&self, now: Instant, kind: MediaKind, routes: &BTreeMap<SourceId, Route>) -> Option<SourceId> {
        let spare = |(source, route): &(&SourceId, &Route)| match kind {
            MediaKind::Video => route.is_video() && route.target().is_none() && is_quiet(now, route),
            MediaKind::Audio => {
                let heard = self.used.get(*source);
                !route.is_video() && heard.is_none_or(|at| now.saturating_duration_since(*at) >= PAUSE)
            }
        };
        let found = routes.iter().filter(spare).min_by_key(|(source, _)| (self.used.get(*source), **source));
        found.map(|(source, _)| *source)
    }

    /// Takes a slot back from a source.
    pub(crate) fn put_back(&mut self, source: SourceId, mut route: Route) {
        self.used.remove(&source);
        route.retire();
        if route.is_video() { &mut self.pictures } else { &mut self.sound }.push_back(route);
    }
}

fn is_quiet(now: Instant, route: &Route) -> bool {
    !route.is_video() || route.last_sent().is_none_or(|at| now.saturating_duration_since(at) >= QUIET)
}
