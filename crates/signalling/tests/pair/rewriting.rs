//! Guests that offer SSRC rewriting: the focus names no sources, the bridge (played by the test) says whose each SSRC is.

use super::held;
use super::stage::{Pair, ROOM, Seat, voice_and_picture};
use runde_signalling::bridge::{FromBridge, MappedSource};
use runde_signalling::guest::{Command, Event, Mapped, Oddity};
use runde_signalling::jingle::Kind;
use std::collections::BTreeSet;
use std::time::Duration;

/// Entries of a message from a bridge that has gone mad.
const FLOOD: u32 = 10_000;
/// Bytes of a guest's own description in a room of three after that.
const SMALL: usize = 150_000;

fn picture(endpoint: &str, ssrc: u32) -> MappedSource {
    MappedSource {
        source: format!("{endpoint}-v0"),
        owner: endpoint.into(),
        ssrc,
        rtx: Some(ssrc + 1),
        video_type: Some("CAMERA".into()),
        mid: None,
    }
}

fn voice(endpoint: &str, ssrc: u32) -> MappedSource {
    MappedSource { source: format!("{endpoint}-a0"), rtx: None, video_type: None, ..picture(endpoint, ssrc) }
}

/// Three in a room, who learn nothing of each other's sources from the focus.
struct Scene {
    pair: Pair,
    ada: Seat,
    bo: Seat,
    cy: Seat,
}

impl Scene {
    fn new() -> Self {
        let mut pair = Pair::rewriting(7);
        let [ada, bo, cy] = ["Ada", "Bo", "Cy"].map(|name| pair.seated(name));
        let named = |event: &Event| match event {
            Event::Offer(offer) => !offer.sources.is_empty(),
            Event::SourcesAdded(_) => true,
            _other => false,
        };
        for seat in [ada, bo, cy] {
            assert!(!pair.events(seat).iter().any(named), "the focus named sources");
        }
        Scene { pair, ada, bo, cy }
    }

    /// What Ada is told after the bridge said this.
    fn told(&mut self, kind: Kind, sources: Vec<MappedSource>) -> Vec<Event> {
        self.pair.map(self.ada, kind, sources);
        self.pair.events(self.ada)
    }

    fn mapped(&mut self, kind: Kind, sources: Vec<MappedSource>) -> Mapped {
        match &self.told(kind, sources)[..] {
            [Event::SourcesMapped(mapped)] => mapped.clone(),
            other => panic!("{other:?}"),
        }
    }
}

fn ssrcs<'a>(sources: impl IntoIterator<Item = &'a runde_signalling::jingle::Source>) -> BTreeSet<u32> {
    sources.into_iter().map(|source| source.ssrc).collect()
}

#[test]
fn an_ssrc_belongs_to_whom_the_bridge_gives_it_with_its_retransmissions() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    let mapped = scene.mapped(Kind::Video, vec![picture(&bo, 7_000)]);
    assert_eq!((ssrcs(&mapped.come.sources), mapped.gone), ([7_000, 7_001].into(), vec![]));
    assert_eq!(mapped.come.rtx_of(7_000), Some(7_001));
    assert!(mapped.come.sources.iter().all(|source| source.owner.as_deref() == Some(bo.as_str())));
    let mapped = scene.mapped(Kind::Audio, vec![voice(&bo, 8_000)]);
    assert_eq!(mapped.come.sources[0].name, format!("{bo}-a0"));
}

#[test]
fn an_ssrc_that_is_given_to_another_leaves_its_former_owner_first() {
    let mut scene = Scene::new();
    let [bo, cy] = [scene.bo, scene.cy].map(|seat| scene.pair.endpoint(seat));
    scene.mapped(Kind::Video, vec![picture(&bo, 7_000)]);
    let mapped = scene.mapped(Kind::Video, vec![picture(&cy, 7_000)]);
    assert!(mapped.gone.iter().all(|source| source.owner.as_deref() == Some(bo.as_str())));
    assert!(mapped.come.sources.iter().all(|source| source.owner.as_deref() == Some(cy.as_str())));
    assert_eq!((ssrcs(&mapped.gone), ssrcs(&mapped.come.sources)), ([7_000, 7_001].into(), [7_000, 7_001].into()));
    // Whoever lost it takes nothing along, whoever has it does.
    scene.pair.command(scene.bo, Command::Leave);
    scene.pair.drive(Duration::from_secs(1));
    let dropped = |events: &[Event]| events.iter().any(|event| matches!(event, Event::SourcesRemoved(_)));
    assert!(!dropped(&scene.pair.events(scene.ada)));
    scene.pair.command(scene.cy, Command::Leave);
    scene.pair.drive(Duration::from_secs(1));
    assert!(dropped(&scene.pair.events(scene.ada)));
}

#[test]
fn two_sources_change_places_and_a_source_has_one_ssrc_at_a_time() {
    let mut scene = Scene::new();
    let [bo, cy] = [scene.bo, scene.cy].map(|seat| scene.pair.endpoint(seat));
    let mut events = scene.told(Kind::Video, vec![picture(&bo, 7_000), picture(&cy, 8_000)]);
    events.extend(scene.told(Kind::Video, vec![picture(&cy, 7_000), picture(&bo, 8_000)]));
    assert_eq!(held(&events), [(bo.clone(), [8_000, 8_001].into()), (cy, [7_000, 7_001].into())].into());
    let mapped = scene.mapped(Kind::Video, vec![picture(&bo, 9_000)]);
    assert_eq!((ssrcs(&mapped.gone), ssrcs(&mapped.come.sources)), ([8_000, 8_001].into(), [9_000, 9_001].into()));
}

#[test]
fn what_a_bridge_repeats_changes_nothing() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    scene.mapped(Kind::Video, vec![picture(&bo, 7_000)]);
    assert_eq!(scene.told(Kind::Video, vec![picture(&bo, 7_000)]), []);
}

#[test]
fn one_ssrc_for_two_sources_in_one_message_is_the_last_ones() {
    let mut scene = Scene::new();
    let [bo, cy] = [scene.bo, scene.cy].map(|seat| scene.pair.endpoint(seat));
    let events = scene.told(Kind::Audio, vec![voice(&bo, 7_000), voice(&cy, 7_000)]);
    assert_eq!(held(&events), [(cy, [7_000].into())].into());
}

#[test]
fn what_is_said_of_somebody_whose_presence_has_not_come_counts_when_it_does() {
    let mut scene = Scene::new();
    let late = "0badcafe";
    assert_eq!(scene.told(Kind::Audio, vec![voice(late, 7_000)]), []);
    scene.pair.hear(
        scene.ada,
        format!("<presence xmlns='jabber:client' from='{ROOM}@conference.meet.test/{late}'><x xmlns='http://jabber.org/protocol/muc#user'><item role='participant' jid='late@meet.test/1'/></x></presence>"),
    );
    let events = scene.pair.events(scene.ada);
    assert!(matches!(&events[..], [Event::MemberJoined(_), Event::SourcesMapped(_)]), "{events:?}");
    assert_eq!(held(&events), [(late.to_owned(), [7_000].into())].into());
}

#[test]
fn ssrcs_of_ours_and_names_of_others_are_refused() {
    let mut scene = Scene::new();
    let [ada, bo, cy] = [scene.ada, scene.bo, scene.cy].map(|seat| scene.pair.endpoint(seat));
    let ours = voice_and_picture(&ada, scene.ada).0[0].ssrc;
    let odd = |source: MappedSource, kind| (source, kind);
    let taken = [
        odd(voice(&bo, ours), Kind::Audio),
        odd(MappedSource { rtx: Some(ours), ..picture(&bo, 7_000) }, Kind::Video),
        odd(MappedSource { rtx: Some(7_000), ..picture(&bo, 7_000) }, Kind::Video),
    ];
    let strange = [
        odd(voice("jvb", 7_000), Kind::Audio),
        odd(voice(&bo, 7_000), Kind::Video),
        odd(MappedSource { owner: cy, ..voice(&bo, 7_000) }, Kind::Audio),
        odd(MappedSource { source: "nonsense".into(), ..voice(&bo, 7_000) }, Kind::Audio),
    ];
    let mut events = Vec::new();
    for (source, kind) in taken.into_iter().chain(strange) {
        events.extend(scene.told(kind, vec![source]));
    }
    let refused = [Oddity::SsrcTaken, Oddity::SourceOfStranger].map(|what| Event::Ignored { what });
    assert_eq!(events, refused, "each kind is told once and nothing is taken");
}

#[test]
fn our_own_source_under_an_ssrc_of_the_bridge_is_refused() {
    let mut scene = Scene::new();
    let ada = scene.pair.endpoint(scene.ada);
    let refused = Event::Ignored { what: Oddity::SourceOfStranger };
    assert_eq!(scene.told(Kind::Audio, vec![voice(&ada, 7_000)]), [refused]);
}

#[test]
fn retransmissions_of_one_are_never_the_media_of_another() {
    let mut scene = Scene::new();
    let [bo, cy] = [scene.bo, scene.cy].map(|seat| scene.pair.endpoint(seat));
    scene.mapped(Kind::Video, vec![picture(&bo, 7_000)]);
    let refused = Event::Ignored { what: Oddity::SsrcTaken };
    assert_eq!(scene.told(Kind::Video, vec![picture(&cy, 7_001)]), [refused]);
    assert_eq!(scene.told(Kind::Video, vec![picture(&cy, 6_999)]), []);
    assert_eq!(scene.told(Kind::Audio, vec![voice(&cy, 7_001)]), []);
}

#[test]
fn a_bridge_that_maps_without_end_leaves_a_small_guest_that_still_hears_its_room() {
    let mut scene = Scene::new();
    let [bo, cy] = [scene.bo, scene.cy].map(|seat| scene.pair.endpoint(seat));
    // Strangers who never come, one message and many.
    let strangers = |range: std::ops::Range<u32>| range.map(|n| voice(&format!("{n:08x}"), 100_000 + n)).collect();
    let mut long: Vec<MappedSource> = strangers(0..FLOOD);
    long.push(voice(&cy, 6_000));
    let mut events = scene.told(Kind::Audio, long);
    for start in (0..FLOOD).step_by(100) {
        events.extend(scene.told(Kind::Audio, strangers(start..start + 100)));
    }
    assert_eq!(events, [Event::Ignored { what: Oddity::TooMany }]);
    // Ten thousand sources of one member are cut at what the focus would allow.
    for n in 0..FLOOD {
        let source = format!("{bo}-v{n}");
        events.extend(scene.told(Kind::Video, vec![MappedSource { source, ..picture(&bo, 500_000 + 2 * n) }]));
    }
    assert_eq!(held(&events)[&bo].len(), 20);
    let size = format!("{:?}", scene.pair.guests[&scene.ada].guest).len();
    assert!(size < SMALL, "{size} bytes");
    let mapped = scene.mapped(Kind::Audio, vec![voice(&cy, 7_000)]);
    assert_eq!(ssrcs(&mapped.come.sources), [7_000].into());
}

#[test]
fn a_message_of_ten_thousand_entries_is_no_message() {
    let entries = vec![r#"{"source":"a-a0","owner":"a","ssrc":1}"#; FLOOD as usize].join(",");
    let flood = format!(r#"{{"colibriClass":"AudioSourcesMap","mappedSources":[{entries}]}}"#);
    assert!(FromBridge::parse(&flood).is_err());
}

#[test]
fn after_a_new_session_the_maps_of_the_old_one_are_void() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    scene.mapped(Kind::Audio, vec![voice(&bo, 7_000)]);
    scene.pair.command(scene.ada, Command::Restart);
    scene.pair.drive(Duration::from_secs(3));
    scene.pair.events(scene.ada);
    let mapped = scene.mapped(Kind::Audio, vec![voice(&bo, 7_000)]);
    assert_eq!((ssrcs(&mapped.come.sources), mapped.gone), ([7_000].into(), vec![]));
}

#[test]
fn who_offers_it_and_who_does_not_share_one_room() {
    let mut pair = Pair::rewriting(7);
    let ada = pair.seated("Ada");
    pair.classic = true;
    let bo = pair.seated("Bo");
    let bo_held = held(&pair.events(bo));
    assert_eq!(bo_held[&pair.endpoint(ada)].len(), 3, "the focus names Ada's sources to Bo");
    assert!(held(&pair.events(ada)).is_empty(), "and Bo's to nobody");
    let room = |pair: &Pair, seat| pair.host.rewrites_for(ROOM, &pair.endpoint(seat));
    assert_eq!((room(&pair, ada), room(&pair, bo)), (true, false));
}
