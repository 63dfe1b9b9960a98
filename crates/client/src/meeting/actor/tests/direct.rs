//! The direct connection without anybody at its other end: how it begins, when it is given up, and what is heard meanwhile.

use super::*;
use crate::wire::Way;
use runde_signalling::guest::{DirectNews, direct_contents};
use runde_signalling::jingle::{Fingerprint, Senders, Setup, Source, Sources, Transport, VideoType, VideoWish};

/// The half of somebody who is nowhere.
fn half() -> Offer {
    let transport = Transport {
        ufrag: "theirs".into(),
        pwd: "t".repeat(24),
        fingerprint: Some(Fingerprint { hash: "sha-256".into(), value: vec!["AB"; 32].join(":") }),
        setup: Some(Setup::ActPass),
        ..Transport::default()
    };
    let mut contents = direct_contents();
    contents.iter_mut().for_each(|content| content.transport = Some(transport.clone()));
    let source = Source {
        kind: Kind::Video,
        ssrc: 7,
        name: "bbbb0001-v0".into(),
        owner: Some("bbbb0001".into()),
        msid: None,
        video_type: VideoType::Camera,
    };
    let sources = Sources { sources: vec![source], groups: Vec::new() };
    Offer { sid: "p2p".into(), initiator: "room/bbbb0001".into(), contents, sources, bridge_session: None }
}

/// In a room with Bob alone, on the way to a server on this computer.
fn two() -> Seat {
    let mut seat = seat(false, false);
    seat.actor.faces.learn(Fact::Present(bob()));
    seat.actor.way = Some(Way { local: [127, 0, 0, 1].into(), peer: "127.0.0.1:9".parse().unwrap() });
    seat
}

#[tokio::test]
async fn an_offer_to_which_no_way_leads_is_given_up_after_twenty_seconds_and_costs_nothing_meanwhile() {
    let (mut seat, start) = (two(), Instant::now());
    seat.actor.direct_news(start, DirectNews::Offered(Box::new(half())));
    assert!(seat.actor.direct.as_ref().is_some_and(|direct| direct.agreed && !direct.stands()));
    assert!(!seat.actor.hears_directly(), "what the bridge sends is still heard");
    seat.actor.look_at_direct(start + Duration::from_secs(19));
    assert!(seat.actor.direct.is_some());
    seat.actor.look_at_direct(start + Duration::from_secs(20));
    assert!(seat.actor.direct.is_none());
    assert_eq!(seat.state.borrow().direct, None);
}

#[tokio::test]
async fn an_own_offer_waits_for_the_answer_and_keeps_addresses_that_come_before_it() {
    let (mut seat, start) = (two(), Instant::now());
    seat.actor.direct_news(start, DirectNews::Wanted);
    let address = jingle::Candidate {
        foundation: "1".into(),
        component: 1,
        protocol: "udp".into(),
        priority: 1,
        addr: "127.0.0.1:9".parse().unwrap(),
        kind: jingle::CandidateKind::Host,
        related: None,
    };
    seat.actor.direct_news(start, DirectNews::Candidates(vec![address]));
    assert_eq!(seat.actor.direct.as_ref().unwrap().early.len(), 1);
    let mut answer = half();
    for transport in answer.contents.iter_mut().filter_map(|content| content.transport.as_mut()) {
        transport.setup = Some(Setup::Active);
    }
    seat.actor.direct_news(start, DirectNews::Accepted(Box::new(answer)));
    let direct = seat.actor.direct.as_ref().unwrap();
    assert!(direct.agreed && direct.early.is_empty());
    let asked = direct.wish.as_ref().unwrap();
    assert_eq!(asked.heights.keys().collect::<Vec<_>>(), ["bbbb0001-v0"]);
}

#[tokio::test]
async fn what_the_other_wants_of_our_pictures_is_remembered_until_it_stands() {
    let mut seat = two();
    seat.actor.direct_news(Instant::now(), DirectNews::Offered(Box::new(half())));
    let wish = VideoWish { senders: Senders::Both, heights: [("aaaa0001-v0".to_owned(), 180)].into() };
    seat.actor.direct_news(Instant::now(), DirectNews::Wish { pictures: true, wish: wish.clone() });
    assert_eq!(seat.actor.direct.as_ref().unwrap().wanted, (180, u32::MAX));
    seat.actor.direct_news(Instant::now(), DirectNews::Wish { pictures: false, wish });
    assert_eq!(seat.actor.direct.as_ref().unwrap().wanted, (0, 0));
}

#[tokio::test]
async fn without_a_way_to_the_server_or_a_usable_half_there_is_no_direct_connection() {
    let mut seat = two();
    seat.actor.way = None;
    seat.actor.direct_news(Instant::now(), DirectNews::Offered(Box::new(half())));
    assert!(seat.actor.direct.is_none());
    let mut seat = two();
    let mut odd = half();
    odd.contents.iter_mut().for_each(|content| content.payload_types.clear());
    seat.actor.direct_news(Instant::now(), DirectNews::Offered(Box::new(odd)));
    assert!(seat.actor.direct.is_none());
}

#[tokio::test]
async fn the_bridges_streams_are_known_all_the_time_and_heard_again_afterwards() {
    let (mut seat, start) = (two(), Instant::now());
    seat.actor.classic = true;
    seat.actor.offered(start, &offer(true));
    seat.actor.direct_news(start, DirectNews::Offered(Box::new(half())));
    let direct = seat.actor.direct.as_mut().unwrap();
    direct.heard = true;
    let mut theirs = half().sources;
    theirs.sources[0] = Source { kind: Kind::Audio, ssrc: 70, name: "bbbb0001-a0".into(), ..theirs.sources[0].clone() };
    seat.actor.guest_said(guest::Event::SourcesAdded(theirs));
    assert_eq!(seat.actor.downlink.kind(runde_rtp::Ssrc(70)), None, "twice the same person");
    seat.actor.direct_news(start, DirectNews::Over { reason: "success".into() });
    assert_eq!(seat.actor.downlink.kind(runde_rtp::Ssrc(70)), Some(Kind::Audio));
    assert_eq!(seat.actor.downlink.kind(runde_rtp::Ssrc(7)), None, "a stream that nobody sends any more");
}

/// The screen's encoder serves both ways, so it rests only when neither is there.
#[tokio::test]
async fn a_screen_goes_on_directly_when_the_session_with_the_bridge_ends_and_rests_when_both_have() {
    let (mut seat, start) = (two(), Instant::now());
    seat.actor.classic = true;
    let carried = |seat: &Seat| (seat.actor.sending.camera.is_carried(), seat.actor.screen.sight.is_carried());
    assert_eq!(carried(&seat), (false, false), "nobody would see it");
    seat.actor.offered(start, &offer(true));
    assert_eq!(carried(&seat), (true, true));
    seat.actor.direct_news(start, DirectNews::Offered(Box::new(half())));
    seat.actor.direct_said(Ok(runde_transport::Event::Connected { profile: runde_transport::Profile::Aes128Gcm }));
    seat.actor.end_session();
    assert_eq!(carried(&seat), (false, true));
    seat.actor.lose_direct(guest::Ending::Lost);
    assert_eq!(carried(&seat), (false, false));
}
