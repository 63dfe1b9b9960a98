//! Receivers that understand source maps: a few SSRCs for many sources.

use crate::stage::{Stage, audio_ssrc, slots_of, ssrc, wants};
use runde_rtp::{Packet, Ssrc};
use runde_sfu::{EndpointId, Input, Kind, MediaKind, Notice, VideoConstraints};
use std::collections::BTreeSet;

/// Numbers without order, the same each time.
struct Dice(u32);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % limit
    }
}

/// The viewer; it has the slots.
const EYE: u32 = 9;

/// Guests 1 to `count` and a viewer with so many slots that wants to see everything small.
fn room(count: u32, slots: u32) -> Stage {
    let mut stage = Stage::with_guests(count);
    stage.join_rewriting(EYE, slots);
    stage.want(EYE, wants(180));
    stage
}

/// What the viewer was told that its SSRCs of this kind carry, in order.
fn maps(stage: &Stage, of: MediaKind) -> Vec<(Ssrc, String)> {
    let mut told = Vec::new();
    for notice in stage.told(EYE) {
        if let Notice::Mapped { kind, sources } = notice
            && *kind == of
        {
            told.extend(sources.iter().map(|mapping| (mapping.ssrc, mapping.source.to_string())));
        }
    }
    told
}

/// Shows each of them ten times a second for so many tenths.
fn show(stage: &mut Stage, guests: &[u32], tenths: u32) {
    for _ in 0..tenths {
        stage.pass(100);
        guests.iter().for_each(|guest| stage.show(*guest));
    }
}

fn only_stage(stage: &mut Stage, name: &str) {
    let on_stage = Some(vec![name.into()]);
    stage.want(EYE, VideoConstraints { on_stage, ..VideoConstraints::default() });
}

fn received_under(stage: &Stage, at: Ssrc) -> Vec<Packet> {
    stage.received_by(EYE).into_iter().filter(|packet| packet.ssrc == at).cloned().collect()
}

#[test]
fn everything_arrives_on_the_receivers_own_ssrcs_which_were_named_before() {
    let mut stage = room(2, 5);
    let (slots, voices) = (slots_of(EYE, 5), maps(&stage, MediaKind::Audio));
    assert_eq!(voices.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["1-a0", "2-a0"]);
    show(&mut stage, &[1, 2], 5);
    assert_eq!(maps(&stage, MediaKind::Video).len(), 2, "once, with the first picture of each");
    stage.speak(1, 30);
    let own: BTreeSet<Ssrc> = slots.sound.iter().copied().chain(slots.pictures.iter().map(|slot| slot.ssrc)).collect();
    let seen: BTreeSet<Ssrc> = stage.received_by(EYE).iter().map(|packet| packet.ssrc).collect();
    assert_eq!(seen.len(), 3);
    assert!(seen.is_subset(&own), "{seen:?}");
    assert!(seen.contains(&voices[0].0) && !seen.contains(&voices[1].0));
}

#[test]
fn who_does_not_understand_maps_is_sent_the_originals_in_the_same_room() {
    let mut stage = room(2, 1);
    stage.want(2, wants(180));
    show(&mut stage, &[1], 5);
    stage.speak(1, 30);
    let classic: BTreeSet<Ssrc> = stage.received_by(2).iter().map(|packet| packet.ssrc).collect();
    assert_eq!(classic, [ssrc(1, 0), audio_ssrc(1)].into());
    assert!(!stage.told(2).iter().any(|notice| matches!(notice, Notice::Mapped { .. })));
    assert!(received_under(&stage, ssrc(1, 0)).is_empty());
}

#[test]
fn with_fewer_slots_than_pictures_the_more_important_one_gets_the_slot_after_it_was_quiet() {
    let mut stage = room(2, 1);
    only_stage(&mut stage, "1-v0");
    show(&mut stage, &[1, 2], 10);
    let at = slots_of(EYE, 1).pictures[0].ssrc;
    let before = received_under(&stage, at).len();
    assert!(before >= 9, "{before}");
    only_stage(&mut stage, "2-v0");
    assert_eq!(maps(&stage, MediaKind::Video).len(), 1, "not while packets of the former may be on the way");
    show(&mut stage, &[1, 2], 2);
    assert_eq!(received_under(&stage, at).len(), before, "and nothing is sent meanwhile");
    show(&mut stage, &[1, 2], 10);
    assert_eq!(maps(&stage, MediaKind::Video), [(at, "1-v0".to_owned()), (at, "2-v0".to_owned())]);
    let got = received_under(&stage, at);
    assert!(got.len() > before + 5, "{} after {before}", got.len());
    assert!(runde_rtp::vp8::is_key_frame(&got[before].payload), "the first picture of the other is a whole one");
    for pair in got.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq.next(), "no number twice and none left out");
        assert!(pair[1].timestamp.wrapping_sub(pair[0].timestamp).cast_signed() > 0);
    }
}

#[test]
fn a_slot_that_nobody_needs_is_not_taken_from_anybody() {
    let mut stage = room(2, 2);
    show(&mut stage, &[1, 2], 5);
    for name in ["1-v0", "2-v0", "1-v0"] {
        only_stage(&mut stage, name);
        show(&mut stage, &[1, 2], 5);
    }
    assert_eq!(maps(&stage, MediaKind::Video).len(), 2);
}

#[test]
fn a_voice_takes_the_slot_of_one_that_is_silent_and_never_of_one_that_talks() {
    let mut stage = room(3, 1);
    let at = slots_of(EYE, 1).sound[0];
    let talk = |stage: &mut Stage, levels: [u8; 3], times: u32| {
        for _ in 0..times {
            stage.pass(20);
            (1..).zip(levels).filter(|(_, level)| *level < 127).for_each(|(guest, level)| stage.speak(guest, level));
        }
    };
    talk(&mut stage, [30, 127, 127], 20);
    // The second talks into the first; the third is only there.
    talk(&mut stage, [30, 30, 90], 200);
    assert_eq!(maps(&stage, MediaKind::Audio), [(at, "1-a0".to_owned())]);
    talk(&mut stage, [90, 127, 90], 200);
    assert_eq!(maps(&stage, MediaKind::Audio).len(), 1, "noise takes nothing");
    talk(&mut stage, [90, 30, 90], 20);
    assert_eq!(maps(&stage, MediaKind::Audio).last(), Some(&(at, "2-a0".to_owned())));
    let got = received_under(&stage, at);
    for pair in got.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq.next());
    }
}

#[test]
fn lost_packets_and_key_frames_are_asked_for_under_the_slot() {
    let mut stage = room(2, 2);
    show(&mut stage, &[1, 2], 5);
    let (at, name) = maps(&stage, MediaKind::Video)[1].clone();
    assert_eq!(name, "2-v0");
    let lost = received_under(&stage, at)[2].clone();
    let sent = stage.sent.len();
    stage.input(Input::Nacked { from: EndpointId(EYE), ssrc: at, seqs: vec![lost.seq] });
    let (_, again, kind) = stage.sent[sent].clone();
    assert_eq!((kind, Some(again.ssrc)), (Kind::Rtx, slots_of(EYE, 2).pictures[1].rtx));
    stage.asked.clear();
    stage.pass(2000);
    stage.input(Input::KeyFrameRequested { by: EndpointId(EYE), ssrc: at });
    assert_eq!(stage.asked, [(EndpointId(2), ssrc(2, 0))]);
}

#[test]
fn a_channel_that_opens_again_is_told_everything_that_is_mapped() {
    let mut stage = room(2, 2);
    show(&mut stage, &[1, 2], 5);
    let told = |kind| maps(&stage, kind).into_iter().collect::<BTreeSet<_>>();
    let before = [told(MediaKind::Audio), told(MediaKind::Video)];
    stage.told.clear();
    stage.input(Input::ChannelOpened { endpoint: EndpointId(EYE) });
    let told = |kind| maps(&stage, kind).into_iter().collect::<BTreeSet<_>>();
    assert_eq!([told(MediaKind::Audio), told(MediaKind::Video)], before);
    assert_eq!(before.map(|of_kind| of_kind.len()), [2, 2]);
}

#[test]
fn who_leaves_gives_the_slots_back() {
    let mut stage = room(1, 1);
    for guest in 2..8 {
        stage.join(guest);
        stage.input(Input::EndpointLeft { id: EndpointId(guest - 1) });
        show(&mut stage, &[guest], 10);
        stage.speak(guest, 30);
        let last = |kind| maps(&stage, kind).last().cloned().map(|(_, name)| name);
        assert_eq!(last(MediaKind::Video), Some(format!("{guest}-v0")));
        assert_eq!(last(MediaKind::Audio), Some(format!("{guest}-a0")));
    }
}

#[test]
fn whatever_happens_no_number_goes_out_twice_under_one_ssrc() {
    for seed in 0..10 {
        let mut dice = Dice(seed);
        let mut stage = room(5, 2);
        let mut left = BTreeSet::new();
        for _ in 0..600 {
            let guest = 1 + dice.below(5);
            match dice.below(40) {
                0 => only_stage(&mut stage, &format!("{guest}-v0")),
                1 if left.insert(guest) => stage.input(Input::EndpointLeft { id: EndpointId(guest) }),
                2 if left.remove(&guest) => stage.join(guest),
                _ => {}
            }
            stage.pass(u64::from(20 + dice.below(60)));
            for other in (1..=5).filter(|other| !left.contains(other)) {
                stage.show(other);
                stage.speak(other, if dice.below(3) == 0 { 30 } else { 100 });
            }
        }
        let numbers: Vec<_> = stage.received_by(EYE).iter().map(|packet| (packet.ssrc, packet.seq.0)).collect();
        let distinct: BTreeSet<_> = numbers.iter().copied().collect();
        assert!(numbers.len() > 500, "seed {seed}: {}", numbers.len());
        assert_eq!(distinct.len(), numbers.len(), "seed {seed}");
        assert!(maps(&stage, MediaKind::Video).len() > 3, "seed {seed}: slots changed hands");
    }
}
