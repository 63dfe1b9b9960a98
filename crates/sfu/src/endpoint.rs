//! One participant as a receiver: what it wants to see, what its line takes, and its routes.

use crate::format::Formats;
use crate::route::Route;
use crate::slots::Slots;
use crate::source::{MediaKind, SourceId};
use crate::trial::Trial;
use runde_rtp::Ssrc;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

/// A participant, by a small number that whoever drives the room gives it and never gives again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct EndpointId(pub u32);

/// Source names kept of one message and list. A page shows fewer tiles than that; a message with ten thousand names
/// is no page.
const MAX_NAMES: usize = 256;
/// Lines of a tile when a message names no default (as the Jitsi bridge does).
const DEFAULT_HEIGHT: u32 = 180;

/// What a receiver wants to see: the bridge message `ReceiverVideoConstraints`. `None` leaves a field unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VideoConstraints {
    /// How many sources at most; negative is all, 0 none.
    pub last_n: Option<i32>,
    /// Names that go before all others.
    pub selected: Option<Vec<Arc<str>>>,
    /// Names that are shown large.
    pub on_stage: Option<Vec<Arc<str>>>,
    /// Lines; negative is unlimited, 0 off.
    pub default_max_height: Option<i32>,
    /// Lines by source name; replaces the earlier list.
    pub per_source: Option<Vec<(Arc<str>, i32)>>,
    /// Bits per second the receiver claims to have; negative is no claim.
    pub assumed_bandwidth: Option<i64>,
}

/// The constraints in force.
#[derive(Clone, Debug)]
pub(crate) struct Wants {
    last_n: Option<usize>,
    pub(crate) selected: Vec<Arc<str>>,
    pub(crate) on_stage: Vec<Arc<str>>,
    default_height: u32,
    per_source: BTreeMap<Arc<str>, u32>,
    assumed_bandwidth: Option<u64>,
}

impl Default for Wants {
    fn default() -> Self {
        Self {
            last_n: None,
            selected: Vec::new(),
            on_stage: Vec::new(),
            default_height: DEFAULT_HEIGHT,
            per_source: BTreeMap::new(),
            assumed_bandwidth: None,
        }
    }
}

impl Wants {
    pub(crate) fn apply(&mut self, message: VideoConstraints) {
        if let Some(last_n) = message.last_n {
            self.last_n = usize::try_from(last_n).ok();
        }
        if let Some(names) = message.selected {
            self.selected = names.into_iter().take(MAX_NAMES).collect();
        }
        if let Some(names) = message.on_stage {
            self.on_stage = names.into_iter().take(MAX_NAMES).collect();
        }
        if let Some(height) = message.default_max_height {
            self.default_height = lines(height);
        }
        if let Some(list) = message.per_source {
            self.per_source = list.into_iter().take(MAX_NAMES).map(|(name, height)| (name, lines(height))).collect();
        }
        if let Some(bps) = message.assumed_bandwidth {
            self.assumed_bandwidth = u64::try_from(bps).ok();
        }
    }

    /// Wished lines of a source; 0 is off.
    pub(crate) fn height_of(&self, name: &str) -> u32 {
        self.per_source.get(name).copied().unwrap_or(self.default_height)
    }

    pub(crate) fn last_n(&self) -> usize {
        self.last_n.unwrap_or(usize::MAX)
    }

    pub(crate) fn is_on_stage(&self, name: &str) -> bool {
        self.on_stage.iter().any(|wanted| **wanted == *name)
    }
}

fn lines(height: i32) -> u32 {
    u32::try_from(height).unwrap_or(u32::MAX)
}

/// One participant.
#[derive(Debug, Default)]
pub(crate) struct Endpoint {
    /// Its media path works.
    pub(crate) active: bool,
    /// It worked once: only then a loss is told to the others.
    pub(crate) was_active: bool,
    /// `None` until its first message: until then it is sent no video.
    pub(crate) wants: Option<Wants>,
    /// What its line takes.
    pub(crate) line: Trial,
    pub(crate) routes: BTreeMap<SourceId, Route>,
    /// What it can be sent, and under which numbers.
    pub(crate) formats: Formats,
    /// It understands source maps: only sources with one of these SSRCs have a route.
    pub(crate) slots: Option<Slots>,
    /// Routes of sources that went away, so that one which returns under its SSRC goes on counting.
    retired: Vec<Route>,
    /// The names it was last told it receives.
    pub(crate) told_forwarded: Vec<Arc<str>>,
    /// Every SSRC it has ever sent under.
    used: BTreeSet<Ssrc>,
    /// Sources of it that were not taken in.
    pub(crate) refused: u64,
}

/// SSRCs that one endpoint may use in its life: each costs every receiver a little memory for as long as its keys live,
/// since no index may ever be sealed twice. A camera and a screen take fourteen; this is some thirty shares of a screen
/// under new numbers.
const MAX_LIFETIME_SSRCS: usize = 200;

/// Routes kept for sources that may come back.
const MAX_RETIRED: usize = 32;

impl Endpoint {
    /// Bits per second its line takes; a claim of its own goes before the estimate.
    pub(crate) fn budget(&self) -> Option<u64> {
        self.claimed().or(self.line.budget())
    }

    /// What it says to have. Then nothing is tried beyond it.
    pub(crate) fn claimed(&self) -> Option<u64> {
        self.wants.as_ref().and_then(|wants| wants.assumed_bandwidth)
    }

    /// Adds the route of a source, going on with the numbers of an earlier one under the same SSRC.
    pub(crate) fn add_route(&mut self, source: SourceId, route: Route) {
        if self.slots.is_some() {
            return;
        }
        let earlier = self.retired.iter().position(|old| old.ssrc == route.ssrc);
        let route = earlier.map_or(route, |at| self.retired.swap_remove(at));
        self.routes.insert(source, route);
    }

    /// Gives a source one of the receiver's SSRCs; true when it has one now that it had not before. An idle one is taken
    /// by whoever comes, another's only for who `may_displace`.
    pub(crate) fn claim_slot(&mut self, now: Instant, source: SourceId, kind: MediaKind, may_displace: bool) -> bool {
        let Some(slots) = &mut self.slots else { return false };
        if self.routes.contains_key(&source) {
            return false;
        }
        let mut slot = slots.take_idle(now, kind);
        if slot.is_none() && may_displace {
            let former = slots.spare(now, kind, &self.routes);
            if let Some((former, route)) = former.and_then(|former| self.routes.remove_entry(&former)) {
                slots.put_back(former, route);
                slot = slots.take_idle(now, kind);
            }
        }
        slot.map(|route| self.routes.insert(source, route)).is_some()
    }

    /// The source that it is sent under this SSRC.
    pub(crate) fn source_under(&self, ssrc: Ssrc) -> Option<SourceId> {
        self.routes.iter().find(|(_, route)| route.ssrc == ssrc).map(|(source, _)| *source)
    }

    /// Notes SSRCs under which it wants to send; `false` when it has used up too many.
    pub(crate) fn may_use(&mut self, ssrcs: impl Iterator<Item = Ssrc>) -> bool {
        let new: Vec<Ssrc> = ssrcs.filter(|ssrc| !self.used.contains(ssrc)).collect();
        if self.used.len() + new.len() > MAX_LIFETIME_SSRCS {
            return false;
        }
        self.used.extend(new);
        true
    }

    pub(crate) fn retire_route(&mut self, source: SourceId) {
        let Some(mut route) = self.routes.remove(&source) else { return };
        if let Some(slots) = &mut self.slots {
            return slots.put_back(source, route);
        }
        route.retire();
        if self.retired.len() == MAX_RETIRED {
            self.retired.remove(0);
        }
        self.retired.push(route);
    }
}
