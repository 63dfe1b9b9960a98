//! Which sources a guest may declare. Everything else is refused as a whole.

use crate::jingle::{Kind, Semantics, Source, Sources};
use crate::muc;
use std::collections::BTreeSet;

/// SSRCs of one guest (as in Jicofo): camera and screen with three layers each make 13.
const MAX_SSRCS: usize = 20;
/// Groups of one guest (as in Jicofo).
const MAX_GROUPS: usize = 20;
/// Bytes of a name or msid.
const MAX_TEXT: usize = 256;

/// May the guest have `wanted` beside what it `has`, given the SSRCs that others `taken`?
/// Returns the merged set.
pub(super) fn merge(endpoint: &str, has: &Sources, wanted: &Sources, taken: &BTreeSet<u32>) -> Option<Sources> {
    let mut all = has.clone();
    for source in &wanted.sources {
        let source = &with_name(endpoint, source);
        let named = muc::owns_source(endpoint, &source.name) && source.name.len() <= MAX_TEXT;
        let letter = match source.kind {
            Kind::Audio => "-a",
            Kind::Video => "-v",
        };
        let of_kind = source.name.strip_prefix(endpoint).is_some_and(|rest| rest.starts_with(letter));
        let owned = source.owner.as_deref().is_none_or(|owner| owner == endpoint);
        let short = source.msid.as_ref().is_none_or(|msid| msid.len() <= MAX_TEXT);
        let free = source.ssrc != 0 && !taken.contains(&source.ssrc) && all.get(source.ssrc).is_none();
        if !(named && of_kind && owned && short && free) || all.sources.len() == MAX_SSRCS {
            return None;
        }
        all.sources.push(source.clone());
    }
    for group in &wanted.groups {
        let known = |ssrc: &u32| all.get(*ssrc).is_some_and(|source| source.kind == group.kind);
        let size = match group.semantics {
            Semantics::Fid => 2..=2,
            Semantics::Sim => 1..=3,
        };
        let distinct = group.ssrcs.iter().collect::<BTreeSet<_>>().len() == group.ssrcs.len();
        if !size.contains(&group.ssrcs.len())
            || !distinct
            || !group.ssrcs.iter().all(known)
            || all.groups.len() == MAX_GROUPS
        {
            return None;
        }
        all.groups.push(group.clone());
    }
    Some(all.owned_by(endpoint))
}

/// Clients from before 2022 do not name their sources; they have one of each kind, so its name is known.
fn with_name(endpoint: &str, source: &Source) -> Source {
    let mut source = source.clone();
    if source.name.is_empty() {
        let first = match source.kind {
            Kind::Audio => "a0",
            Kind::Video => "v0",
        };
        source.name = format!("{endpoint}-{first}");
    }
    source
}

/// What is left after `unwanted` SSRCs are gone, and what went. Foreign SSRCs are not in `has` and stay untouched.
pub(super) fn without(has: &Sources, unwanted: &Sources) -> (Sources, Sources) {
    let gone: BTreeSet<u32> = unwanted.sources.iter().map(|source| source.ssrc).collect();
    let (mut rest, mut went) = (Sources::default(), Sources::default());
    for source in &has.sources {
        if gone.contains(&source.ssrc) { &mut went } else { &mut rest }.sources.push(source.clone());
    }
    for group in &has.groups {
        let touched = group.ssrcs.iter().any(|ssrc| gone.contains(ssrc));
        if touched { &mut went } else { &mut rest }.groups.push(group.clone());
    }
    (rest, went)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jingle::{Group, VideoType};

    fn set(ssrcs: &[u32]) -> Sources {
        let source = |ssrc: &u32| Source {
            kind: Kind::Video,
            ssrc: *ssrc,
            name: "ab-v0".into(),
            owner: None,
            msid: None,
            video_type: VideoType::Camera,
        };
        Sources { sources: ssrcs.iter().map(source).collect(), groups: vec![] }
    }

    fn fits(wanted: &Sources) -> bool {
        merge("ab", &set(&[1]), wanted, &BTreeSet::from([9])).is_some()
    }

    #[test]
    fn twenty_ssrcs_are_enough() {
        let many: Vec<u32> = (100..119).collect();
        assert!(fits(&set(&many)));
        let more: Vec<u32> = (100..120).collect();
        assert!(!fits(&set(&more)));
    }

    #[test]
    fn twenty_groups_are_enough() {
        let with_groups = |n: usize| {
            let mut wanted = set(&[2]);
            wanted.groups = vec![Group { kind: Kind::Video, semantics: Semantics::Fid, ssrcs: vec![1, 2] }; n];
            wanted
        };
        assert!(fits(&with_groups(20)) && !fits(&with_groups(21)));
    }

    #[test]
    fn an_ssrc_that_somebody_has_already_is_refused() {
        assert!(fits(&set(&[2])));
        for taken in [9, 1, 0] {
            assert!(!fits(&set(&[taken])), "{taken}");
        }
        assert!(!fits(&set(&[2, 2])));
    }

    #[test]
    fn sources_of_other_names_owners_or_kinds_are_refused() {
        let changed = |change: fn(&mut Source)| {
            let mut wanted = set(&[2]);
            change(&mut wanted.sources[0]);
            fits(&wanted)
        };
        assert!(changed(|s| s.owner = Some("ab".into())));
        assert!(!changed(|s| s.name = "cd-v0".into()));
        assert!(!changed(|s| s.owner = Some("cd".into())));
        assert!(!changed(|s| s.kind = Kind::Audio));
        assert!(!changed(|s| s.msid = Some("m".repeat(257))));
    }

    #[test]
    fn a_source_without_a_name_gets_the_one_it_would_have() {
        let mut wanted = set(&[2]);
        wanted.sources[0].name = String::new();
        let merged = merge("ab", &Sources::default(), &wanted, &BTreeSet::new()).unwrap();
        assert_eq!(merged.sources[0].name, "ab-v0");
    }

    #[test]
    fn groups_name_declared_sources_only() {
        let grouped = |semantics, ssrcs: &[u32]| {
            let mut wanted = set(&[2, 3]);
            wanted.groups.push(Group { kind: Kind::Video, semantics, ssrcs: ssrcs.to_vec() });
            fits(&wanted)
        };
        assert!(grouped(Semantics::Fid, &[2, 3]) && grouped(Semantics::Sim, &[1, 2, 3]));
        for bad in [&[2, 77][..], &[2][..], &[2, 2][..], &[][..], &[1, 2, 3][..]] {
            assert!(!grouped(Semantics::Fid, bad), "{bad:?}");
        }
    }

    #[test]
    fn removing_takes_the_groups_along_and_leaves_foreign_ssrcs_alone() {
        let mut has = set(&[1, 2, 3]);
        has.groups.push(Group { kind: Kind::Video, semantics: Semantics::Fid, ssrcs: vec![1, 2] });
        let (rest, went) = without(&has, &set(&[2, 9]));
        assert_eq!(rest, set(&[1, 3]));
        assert_eq!((went.sources.len(), went.groups.len()), (1, 1));
    }
}
