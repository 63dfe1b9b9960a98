//! The sources of a running session: which of those that the focus names are taken, and whose they are.

mod slots;

use super::event::Oddity;
use super::renew::Renewal;
use super::roster::{MAX_SOURCES, Roster, owner_of};
use crate::jingle::{BridgeSession, Group, Source, Sources};
use slots::Slot;
use std::collections::{BTreeMap, BTreeSet};

/// Owner of the bridge's own pseudo sources, on which it probes the bandwidth.
const BRIDGE: &str = "jvb";
/// Bytes of a source's name or msid. A client's have 100; a room full of megabyte ones would be gigabytes.
const MAX_TEXT: usize = 256;

/// The offer began the session, or moved it to another bridge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Answer {
    #[default]
    Session,
    Transport,
}

/// What belongs to a session from its offer to its end.
#[derive(Debug, Default)]
pub(super) struct Live {
    pub(super) sid: String,
    pub(super) bridge: Option<BridgeSession>,
    /// The focus's newest ICE user name and which it is, counted from 0.
    pub(super) ufrag: String,
    pub(super) generation: u32,
    pub(super) renewal: Option<Renewal>,
    /// Names of the sections that we answered.
    pub(super) sections: Vec<String>,
    /// How the offer is answered.
    pub(super) answer: Answer,
    /// By SSRC; every one with an owner.
    theirs: BTreeMap<u32, Source>,
    /// How many of those each owner has, so that the limit costs the same in a full room as in an empty one.
    owned: BTreeMap<String, usize>,
    pub(super) ours: BTreeSet<u32>,
    /// What the bridge says of its SSRCs; those whose owner is in the room are among `theirs`.
    slots: BTreeMap<u32, Slot>,
}

impl Live {
    pub(super) fn new(sid: String, bridge: Option<BridgeSession>) -> Self {
        Self { sid, bridge, ..Self::default() }
    }

    /// Takes what belongs to somebody in the room and to nobody else; returns that and why the rest was refused.
    pub(super) fn admit(&mut self, roster: &Roster, offered: Sources) -> (Sources, BTreeSet<Oddity>) {
        let mut admitted = Sources::default();
        let mut refused = BTreeSet::new();
        for mut source in offered.sources {
            // XML without `ssrc-info` names an owner in the source's name alone. Everything below goes by the owner.
            source.owner = source.owner.or_else(|| owner_of(&source.name).map(str::to_owned));
            match self.verdict(roster, &source) {
                Verdict::Take => {
                    *self.owned.entry(source.owner.clone().unwrap_or_default()).or_default() += 1;
                    self.theirs.insert(source.ssrc, source.clone());
                    admitted.sources.push(source);
                }
                Verdict::Known => {}
                Verdict::Refuse(oddity) => {
                    refused.insert(oddity);
                }
            }
        }
        let known = |ssrc: &u32| self.theirs.contains_key(ssrc);
        // Without repetition a group is no longer than the list of its owner's sources.
        let repeats = |group: &Group| group.ssrcs.iter().collect::<BTreeSet<_>>().len() < group.ssrcs.len();
        if offered.groups.iter().any(repeats) {
            refused.insert(Oddity::TooMany);
        }
        admitted.groups = offered
            .groups
            .into_iter()
            .filter(|group| !repeats(group) && group.ssrcs.iter().all(known) && self.one_owner(&group.ssrcs))
            .take(2 * admitted.sources.len())
            .collect();
        (admitted, refused)
    }

    fn verdict(&self, roster: &Roster, source: &Source) -> Verdict {
        let Some(owner) = source.owner.as_deref() else {
            return Verdict::Refuse(Oddity::SourceOfStranger);
        };
        let named_after_owner = source.name.is_empty() || owner_of(&source.name) == Some(owner);
        if !(owner == BRIDGE || roster.member(owner).is_some()) || !named_after_owner {
            return Verdict::Refuse(Oddity::SourceOfStranger);
        }
        if source.name.len() > MAX_TEXT || source.msid.as_ref().is_some_and(|msid| msid.len() > MAX_TEXT) {
            return Verdict::Refuse(Oddity::TooMany);
        }
        match self.theirs.get(&source.ssrc) {
            Some(known) if known == source => return Verdict::Known,
            Some(_) => return Verdict::Refuse(Oddity::SsrcTaken),
            None if self.ours.contains(&source.ssrc) => {
                return Verdict::Refuse(Oddity::SsrcTaken);
            }
            None => {}
        }
        if self.owned.get(owner).is_some_and(|count| *count >= MAX_SOURCES) {
            return Verdict::Refuse(Oddity::TooMany);
        }
        Verdict::Take
    }

    fn one_owner(&self, ssrcs: &[u32]) -> bool {
        let owner = |ssrc: &u32| self.theirs.get(ssrc).and_then(|source| source.owner.as_deref());
        ssrcs.windows(2).all(|pair| owner(&pair[0]) == owner(&pair[1]))
    }

    pub(super) fn remove(&mut self, gone: impl Fn(&Source) -> bool) -> Vec<Source> {
        let ssrcs: Vec<u32> = self.theirs.values().filter(|source| gone(source)).map(|source| source.ssrc).collect();
        let removed: Vec<Source> = ssrcs.iter().filter_map(|ssrc| self.theirs.remove(ssrc)).collect();
        ssrcs.iter().for_each(|ssrc| {
            self.slots.remove(ssrc);
        });
        for owner in removed.iter().filter_map(|source| source.owner.as_deref()) {
            if let Some(count) = self.owned.get_mut(owner) {
                *count -= 1;
                if *count == 0 {
                    self.owned.remove(owner);
                }
            }
        }
        removed
    }
}

enum Verdict {
    Take,
    /// Said before, word for word.
    Known,
    Refuse(Oddity),
}
