//! SSRC rewriting: the bridge sends on SSRCs of its own and says on its channel whose source each of them carries now
//! (jitsi.md 4.6).
//!
//! A message names what is new, not everything. What it says of somebody whose presence has not come yet is kept, since
//! the room and the bridge speak by different connections and the bridge says it once.

use super::{BRIDGE, Live, MAX_TEXT};
use crate::bridge::MappedSource;
use crate::guest::event::{Mapped, Oddity};
use crate::guest::roster::{MAX_SOURCES, Roster, owner_of};
use crate::jingle::{Group, Kind, Semantics, Source, VideoType};
use std::collections::BTreeSet;

/// Entries of one message that are looked at, and SSRCs kept altogether. Bridges have fifty of each kind.
const MAX_SLOTS: usize = 256;
/// Bytes of a `mid`: what fits a one-byte header extension (RFC 8285 4.2).
const MAX_MID: usize = 16;

/// Whose source an SSRC of the bridge carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Slot {
    name: String,
    owner: String,
    kind: Kind,
    rtx: Option<u32>,
    video_type: VideoType,
    mid: Option<String>,
}

impl Slot {
    fn ssrcs(&self, ssrc: u32) -> impl Iterator<Item = u32> + use<> {
        std::iter::once(ssrc).chain(self.rtx)
    }

    fn carries_the_same(&self, other: &Self) -> bool {
        (&self.name, self.kind, self.rtx) == (&other.name, other.kind, other.rtx)
    }

    fn source(&self, ssrc: u32) -> Source {
        Source {
            kind: self.kind,
            ssrc,
            name: self.name.clone(),
            owner: Some(self.owner.clone()),
            msid: None,
            video_type: self.video_type,
        }
    }
}

impl Live {
    /// Takes what the bridge says of its SSRCs; returns what changes with it and why the rest was refused.
    pub(in crate::guest) fn map(
        &mut self,
        roster: &Roster,
        kind: Kind,
        told: Vec<MappedSource>,
    ) -> (Mapped, BTreeSet<Oddity>) {
        let (mut mapped, mut refused) = (Mapped::default(), BTreeSet::new());
        if told.len() > MAX_SLOTS {
            refused.insert(Oddity::TooMany);
        }
        let mut fresh: Vec<(u32, Slot)> = Vec::new();
        for told in told.into_iter().take(MAX_SLOTS) {
            match read(roster, kind, told) {
                Ok((ssrc, slot)) => {
                    // The last word counts, for an SSRC as for a source.
                    fresh.retain(|(other, known)| *other != ssrc && known.name != slot.name);
                    fresh.push((ssrc, slot));
                }
                Err(oddity) => {
                    refused.insert(oddity);
                }
            }
        }
        for (ssrc, slot) in fresh {
            if let Err(oddity) = self.assign(roster, ssrc, slot, &mut mapped) {
                refused.insert(oddity);
            }
        }
        (mapped, refused)
    }

    /// Somebody's presence came: what the bridge said of its sources before counts from now on.
    pub(in crate::guest) fn map_waiting(&mut self, roster: &Roster, owner: &str) -> (Mapped, BTreeSet<Oddity>) {
        let (mut mapped, mut refused) = (Mapped::default(), BTreeSet::new());
        let waits = |(ssrc, slot): &(&u32, &Slot)| slot.owner == owner && !self.theirs.contains_key(*ssrc);
        let waiting: Vec<(u32, Slot)> =
            self.slots.iter().filter(waits).map(|(ssrc, slot)| (*ssrc, slot.clone())).collect();
        for (ssrc, slot) in waiting {
            if let Err(oddity) = self.bring(roster, ssrc, &slot, &mut mapped) {
                self.slots.remove(&ssrc);
                refused.insert(oddity);
            }
        }
        (mapped, refused)
    }

    /// What waits for somebody is void when it leaves.
    pub(in crate::guest) fn forget_slots_of(&mut self, owner: &str) {
        self.slots.retain(|_, slot| slot.owner != owner);
    }

    fn assign(&mut self, roster: &Roster, ssrc: u32, slot: Slot, mapped: &mut Mapped) -> Result<(), Oddity> {
        if let Some(known) = self.slots.get_mut(&ssrc).filter(|known| known.carries_the_same(&slot)) {
            // A bridge repeats itself when its channel opens again.
            *known = slot;
            return Ok(());
        }
        let replaced = |other: u32, known: &Slot| other == ssrc || known.name == slot.name;
        let taken = |wanted: u32| {
            let by_slot = |(other, known): (&u32, &Slot)| {
                !replaced(*other, known) && known.ssrcs(*other).any(|one| one == wanted)
            };
            let signalled = self.theirs.contains_key(&wanted) && !self.is_of_slot(wanted);
            signalled || self.ours.contains(&wanted) || self.slots.iter().any(by_slot)
        };
        if slot.ssrcs(ssrc).any(taken) {
            return Err(Oddity::SsrcTaken);
        }
        let gone: BTreeSet<u32> =
            self.slots.iter().filter(|(other, known)| replaced(**other, known)).map(|(other, _)| *other).collect();
        let ssrcs: BTreeSet<u32> = gone.iter().flat_map(|gone| self.slots[gone].ssrcs(*gone)).collect();
        mapped.gone.extend(self.remove(|source| ssrcs.contains(&source.ssrc)));
        self.slots.retain(|other, _| !gone.contains(other));
        if self.slots.len() >= MAX_SLOTS && !self.forget_one_that_waits() {
            return Err(Oddity::TooMany);
        }
        self.slots.insert(ssrc, slot.clone());
        if roster.member(&slot.owner).is_none() {
            return Ok(());
        }
        self.bring(roster, ssrc, &slot, mapped).inspect_err(|_| {
            self.slots.remove(&ssrc);
        })
    }

    /// Whether a signalled SSRC is only known because the bridge mapped it.
    fn is_of_slot(&self, ssrc: u32) -> bool {
        self.slots.iter().any(|(one, slot)| slot.ssrcs(*one).any(|of_slot| of_slot == ssrc))
    }

    /// Makes room: somebody who was announced and never came is the least loss.
    fn forget_one_that_waits(&mut self) -> bool {
        let waits = self.slots.keys().find(|ssrc| !self.theirs.contains_key(ssrc)).copied();
        waits.is_some_and(|ssrc| self.slots.remove(&ssrc).is_some())
    }

    /// From now on the SSRC carries the source of somebody who is in the room.
    fn bring(&mut self, roster: &Roster, ssrc: u32, slot: &Slot, mapped: &mut Mapped) -> Result<(), Oddity> {
        if roster.member(&slot.owner).is_none() {
            return Err(Oddity::SourceOfStranger);
        }
        let owned = self.owned.entry(slot.owner.clone()).or_default();
        let count = slot.ssrcs(ssrc).count();
        if *owned + count > MAX_SOURCES {
            return Err(Oddity::TooMany);
        }
        *owned += count;
        for one in slot.ssrcs(ssrc) {
            self.theirs.insert(one, slot.source(one));
            mapped.come.sources.push(slot.source(one));
        }
        if let Some(rtx) = slot.rtx {
            let (kind, semantics) = (Kind::Video, Semantics::Fid);
            mapped.come.groups.push(Group { kind, semantics, ssrcs: vec![ssrc, rtx] });
        }
        if let Some(mid) = &slot.mid {
            mapped.mids.insert(ssrc, mid.clone());
        }
        Ok(())
    }
}

/// What one entry says, if it says it of somebody else's source.
fn read(roster: &Roster, kind: Kind, told: MappedSource) -> Result<(u32, Slot), Oddity> {
    if told.source.len() > MAX_TEXT {
        return Err(Oddity::TooMany);
    }
    let letter = match kind {
        Kind::Audio => "-a",
        Kind::Video => "-v",
    };
    let owner = owner_of(&told.source).ok_or(Oddity::SourceOfStranger)?.to_owned();
    let of_kind = told.source[owner.len()..].starts_with(letter);
    let of_owner = told.owner.is_empty() || told.owner == owner;
    if !of_kind || !of_owner || owner == BRIDGE || roster.is_us(&owner) {
        return Err(Oddity::SourceOfStranger);
    }
    let rtx = told.rtx.filter(|_| kind == Kind::Video);
    if rtx == Some(told.ssrc) {
        return Err(Oddity::SsrcTaken);
    }
    let desktop = told.video_type.is_some_and(|kind| kind.to_ascii_lowercase().starts_with("desktop"));
    let video_type = if desktop { VideoType::Desktop } else { VideoType::Camera };
    let mid = told.mid.filter(|mid| !mid.is_empty() && mid.len() <= MAX_MID);
    Ok((told.ssrc, Slot { name: told.source, owner, kind, rtx, video_type, mid }))
}
