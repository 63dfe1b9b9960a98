//! Whole meetings between `Guest` and `Host` in virtual time: each test is a story that takes milliseconds.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test may panic, looks for few events among many, and needs one instant to begin with"
)]

#[path = "pair/door.rs"]
mod door;
#[path = "pair/extras.rs"]
mod extras;
#[path = "pair/hostile.rs"]
mod hostile;
#[path = "pair/moderate.rs"]
mod moderate;
#[path = "pair/rewriting.rs"]
mod rewriting;
#[path = "pair/stage.rs"]
mod stage;
#[path = "pair/storm.rs"]
mod storm;

use runde_signalling::guest::{Command, End, Event, Muted};
use runde_signalling::host;
use runde_signalling::jingle::{Kind, Source, VideoType};
use stage::{Pair, ROOM, Seat};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const SEEDS: std::ops::Range<u64> = 0..8;

/// The SSRCs a guest holds after what it was told, by owner.
fn held(events: &[Event]) -> BTreeMap<String, BTreeSet<u32>> {
    let mut held: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
    let owner = |source: &Source| source.owner.clone().unwrap_or_default();
    for event in events {
        let added = match event {
            Event::Offer(offer) => &offer.sources.sources,
            Event::SourcesAdded(added) => &added.sources,
            Event::SourcesMapped(mapped) => {
                for source in &mapped.gone {
                    held.entry(owner(source)).or_default().remove(&source.ssrc);
                }
                &mapped.come.sources
            }
            Event::SourcesRemoved(sources) => {
                for source in sources {
                    held.entry(owner(source)).or_default().remove(&source.ssrc);
                }
                continue;
            }
            _other => continue,
        };
        for source in added {
            held.entry(owner(source)).or_default().insert(source.ssrc);
        }
    }
    held.retain(|_, ssrcs| !ssrcs.is_empty());
    held
}

/// What receivers see of a seat: voice, lowest layer, its retransmissions.
fn shown(pair: &Pair, seat: Seat) -> (String, BTreeSet<u32>) {
    let base = 100 * u32::try_from(seat).unwrap();
    (pair.endpoint(seat), [1, 11, 21].map(|ssrc| base + ssrc).into())
}

fn oddities(pair: &mut Pair, seat: Seat) -> Vec<Event> {
    let odd = |event: &Event| matches!(event, Event::Ignored { .. } | Event::Failed(_));
    pair.events(seat).into_iter().filter(odd).collect()
}

#[test]
fn two_guests_meet_and_each_holds_the_sources_of_the_other() {
    for seed in SEEDS {
        let mut pair = Pair::new(seed);
        let ada = pair.join("Ada");
        let bo = pair.join("Bo");
        pair.drive(Duration::from_secs(3));
        assert_eq!(held(&pair.guests[&ada].events), [shown(&pair, bo)].into(), "seed {seed}");
        assert_eq!(held(&pair.guests[&bo].events), [shown(&pair, ada)].into(), "seed {seed}");
        assert_eq!(oddities(&mut pair, ada), []);
        assert_eq!(oddities(&mut pair, bo), []);
    }
}

#[test]
fn a_guest_alone_is_offered_nothing_until_somebody_comes() {
    let mut pair = Pair::new(1);
    let ada = pair.seated("Ada");
    assert!(!pair.events(ada).iter().any(|event| matches!(event, Event::Offer(_))));
    pair.seated("Bo");
    assert!(pair.events(ada).iter().any(|event| matches!(event, Event::Offer(_))));
}

#[test]
fn a_late_guest_is_offered_what_everybody_sends_and_the_others_learn_of_it() {
    for seed in SEEDS {
        let mut pair = Pair::new(seed);
        let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
        let late = pair.seated("Cy");
        let events = pair.events(late);
        let Some(Event::Offer(offer)) = events.iter().find(|event| matches!(event, Event::Offer(_))) else {
            panic!("{events:?}");
        };
        assert_eq!(offer.sources.sources.len(), 6, "three SSRCs of each of the two");
        assert_eq!(held(&events), [shown(&pair, ada), shown(&pair, bo)].into());
        assert_eq!(held(&pair.events(ada)), [shown(&pair, bo), shown(&pair, late)].into());
    }
}

#[test]
fn names_hands_and_mute_states_reach_the_others() {
    let mut pair = Pair::new(2);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    pair.hush();
    pair.command(bo, Command::SetName("Robert".into()));
    pair.command(bo, Command::RaiseHand(Some(1_795_426_876_133)));
    pair.command(bo, Command::SetSourceInfo(BTreeMap::new()));
    pair.drive(Duration::from_secs(1));
    let events = pair.events(ada);
    let Some(Event::MemberChanged(member)) = events.last() else {
        panic!("{events:?}");
    };
    assert_eq!(member.name.as_deref(), Some("Robert"));
    assert_eq!(member.hand, Some(1_795_426_876_133));
    assert!(member.audio_muted() && member.video_muted());
}

#[test]
fn a_line_reaches_everybody_once_and_the_writer_as_an_echo() {
    let mut pair = Pair::new(3);
    let seats = [pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy")];
    pair.hush();
    pair.command(seats[1], Command::Chat("grüß <euch> & alle".into()));
    pair.drive(Duration::from_secs(1));
    for seat in seats {
        let [Event::Chat(line)] = &pair.events(seat)[..] else {
            panic!("exactly one line");
        };
        assert_eq!(line.text, "grüß <euch> & alle");
        assert_eq!((line.name.as_str(), line.mine), ("Bo", seat == seats[1]));
    }
}

#[test]
fn a_private_line_reaches_only_the_one_it_is_for() {
    let mut pair = Pair::new(4);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    let to = pair.endpoint(cy);
    pair.command(ada, Command::PrivateChat { to: to.clone(), text: "psst".into() });
    pair.drive(Duration::from_secs(1));
    let private = |events: Vec<Event>| match &events[..] {
        [Event::Chat(line)] => line.to.clone(),
        _other => None,
    };
    assert_eq!(private(pair.events(cy)), Some(to.clone()));
    assert_eq!(private(pair.events(ada)), Some(to));
    assert_eq!(pair.events(bo), []);
}

fn assert_gone_cleanly(pair: &mut Pair, left: Seat, stays: Seat) {
    let endpoint = pair.endpoint(left);
    let events = pair.events(stays);
    let [Event::SourcesRemoved(sources), Event::MemberLeft { endpoint: told }] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(sources.len(), 3);
    assert_eq!(*told, endpoint);
    let left = host::Event::EndpointLeft { room: ROOM.into(), endpoint };
    assert!(pair.told.contains(&left));
}

#[test]
fn somebody_leaves_and_the_others_drop_the_sources_and_stay() {
    let mut pair = Pair::new(5);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    pair.command(cy, Command::Leave);
    pair.drive(Duration::from_secs(1));
    assert_eq!(pair.events(cy), [Event::Ended(End::Left)]);
    assert_gone_cleanly(&mut pair, cy, ada);
    assert_gone_cleanly(&mut pair, cy, bo);
}

#[test]
fn a_cut_connection_is_resumed_what_was_said_meanwhile_arrives_and_nobody_sees_it() {
    let mut pair = Pair::new(6);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    pair.cut(bo);
    pair.command(bo, Command::Chat("from the dark".into()));
    pair.command(ada, Command::Chat("into the dark".into()));
    pair.drive(Duration::from_secs(3));
    let said = |events: Vec<Event>| -> Vec<String> {
        events.into_iter().filter_map(|e| if let Event::Chat(line) = e { Some(line.text) } else { None }).collect()
    };
    for seat in [ada, cy] {
        let events = pair.events(seat);
        assert!(
            !events.iter().any(|e| matches!(e, Event::MemberLeft { .. } | Event::MemberJoined { .. })),
            "{events:?}"
        );
        assert!(said(events).contains(&"from the dark".to_owned()));
    }
    let events = pair.events(bo);
    assert!(events.contains(&Event::Resumed), "{events:?}");
    assert!(said(events).contains(&"into the dark".to_owned()));
}

#[test]
fn somebody_is_cut_off_for_good_and_the_others_go_on() {
    let mut pair = Pair::new(6);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    pair.unplug(bo);
    pair.drive(Duration::from_secs(90));
    assert_eq!(pair.events(bo).last(), Some(&Event::Ended(End::Closed)));
    assert_gone_cleanly(&mut pair, bo, ada);
    pair.hush();
    pair.command(ada, Command::Chat("still here".into()));
    pair.drive(Duration::from_secs(1));
    assert!(matches!(&pair.events(cy)[..], [Event::Chat(_)]));
}

#[test]
fn the_moderator_mutes_and_nobody_else_does() {
    let mut pair = Pair::new(7);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    let room = format!("{ROOM}@conference.meet.test");
    let mute = |victim: &str| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='m1' to='{room}/focus'><mute xmlns='http://jitsi.org/jitmeet/audio' jid='{room}/{victim}'>true</mute></iq>"
        )
    };
    pair.raw(cy, mute(&pair.endpoint(bo)));
    pair.drive(Duration::from_secs(1));
    assert_eq!(pair.events(bo), []);
    pair.raw(ada, mute(&pair.endpoint(bo)));
    pair.drive(Duration::from_secs(1));
    let by = Some(pair.endpoint(ada));
    assert_eq!(pair.events(bo), [Event::MutedByModerator { what: Muted::Audio, by }]);
}

#[test]
fn the_moderator_kicks_and_the_kicked_one_is_told_by_whom() {
    let mut pair = Pair::new(8);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    let victim = pair.endpoint(bo);
    pair.raw(ada, format!("<iq xmlns='jabber:client' type='set' id='k1' to='{ROOM}@conference.meet.test'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='{victim}' role='none'><reason>enough</reason></item></query></iq>"));
    pair.drive(Duration::from_secs(1));
    let by = Some(pair.endpoint(ada));
    assert_eq!(pair.events(bo), [Event::Ended(End::Kicked { by, reason: "enough".into() })]);
    assert_gone_cleanly(&mut pair, bo, cy);
}

#[test]
fn a_screen_comes_and_goes_while_the_camera_stays() {
    let mut pair = Pair::new(9);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    pair.hush();
    let screen = Source {
        kind: Kind::Video,
        ssrc: 777,
        name: format!("{}-v1", pair.endpoint(bo)),
        owner: None,
        msid: Some(format!("{}-v1 screen", pair.endpoint(bo))),
        video_type: VideoType::Desktop,
    };
    let (sources, groups) = (vec![screen], Vec::new());
    pair.command(bo, Command::AddSources { sources: sources.clone(), groups: groups.clone() });
    pair.drive(Duration::from_secs(1));
    let events = pair.events(ada);
    assert_eq!(held(&events), [(pair.endpoint(bo), [777].into())].into());
    let [Event::SourcesAdded(told)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(told.sources[0].video_type, VideoType::Desktop);
    pair.command(bo, Command::RemoveSources { sources, groups });
    pair.drive(Duration::from_secs(1));
    assert!(matches!(&pair.events(ada)[..], [Event::SourcesRemoved(sources)] if sources[0].ssrc == 777));
}

#[test]
fn a_guest_whose_media_failed_asks_for_a_fresh_session_and_gets_one() {
    let mut pair = Pair::new(10);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    pair.hush();
    pair.command(bo, Command::Restart);
    pair.drive(Duration::from_secs(3));
    let events = pair.events(bo);
    assert_eq!(events[0], Event::Terminated { reason: "restart".into() });
    assert!(matches!(events[1], Event::Offer(_)), "{events:?}");
    assert_eq!(held(&events), [shown(&pair, ada)].into());
}

#[test]
fn a_quiet_meeting_lives_on_pings_for_an_hour() {
    let mut pair = Pair::new(11);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    pair.hush();
    pair.drive(Duration::from_secs(3_600));
    assert_eq!(pair.events(ada), []);
    assert_eq!(pair.events(bo), []);
}
