//! Media that failed: a new session, or new ICE credentials in place.

use crate::house::{A, House, condition, content, jingle, to};
use runde_signalling::host::{Event, Input};
use runde_signalling::jingle::{Fingerprint, Setup, Transport};
use runde_signalling::xml::Element;
use std::time::Duration;

#[test]
fn a_restart_brings_a_new_offer_but_not_in_a_hurry() {
    let mut house = House::pair();
    let again = "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='x' restart='true'/>";
    let got = house.session(1, "session-terminate", again);
    assert!(condition(&got).is_none());
    assert_eq!(house.events.iter().filter(|e| matches!(e, Event::Allocate { .. })).count(), 3);
    let got = house.session(1, "session-terminate", again);
    assert_eq!(condition(&got).as_deref(), Some("resource-constraint"));
    house.now += Duration::from_secs(5);
    assert!(condition(&house.session(1, "session-terminate", again)).is_none());
}

#[test]
fn six_restarts_in_a_minute_are_one_too_many() {
    let mut house = House::pair();
    let again = "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='x' restart='true'/>";
    for _ in 0..5 {
        assert!(condition(&house.session(1, "session-terminate", again)).is_none());
        house.pass(Duration::from_secs(6));
    }
    assert_eq!(condition(&house.session(1, "session-terminate", again)).as_deref(), Some("resource-constraint"));
    house.pass(Duration::from_secs(31));
    assert!(condition(&house.session(1, "session-terminate", again)).is_none());
}

#[test]
fn a_failed_ice_state_brings_a_new_offer_and_takes_the_old_sources_back() {
    let mut house = House::pair();
    let got = house.session(1, "session-info", "<ice-state xmlns='http://jitsi.org/protocol/focus'>failed</ice-state>");
    assert!(to(1, &got).into_iter().filter_map(jingle).any(|j| j.get("action") == Some("session-initiate")));
    let told = jingle(to(2, &got)[0]).unwrap();
    assert_eq!(told.get("action"), Some("source-remove"));
    let got = house.accept(1, A, 100);
    assert!(condition(&got).is_none());
    assert!(jingle(to(2, &got)[0]).unwrap().to_string().contains("source-add"));
}

const IN_PLACE: &str = "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='x' ice-restart='true'/>";

fn renewed(house: &mut House) -> Vec<(u64, Element)> {
    let transport = Transport {
        ufrag: "new".into(),
        pwd: "secret".into(),
        fingerprint: Some(Fingerprint { hash: "sha-256".into(), value: "AB:CD".into() }),
        setup: Some(Setup::Passive),
        candidates: vec![],
        web_socket: None,
    };
    house.give(Input::IceRenewed { room: "r".into(), endpoint: A.into(), transport })
}

fn own_half(house: &mut House, generation: u32) -> Vec<(u64, Element)> {
    let content = |name: &str| {
        format!(
            "<content name='{name}' creator='responder'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ice-generation='{generation}' ufrag='mine' pwd='too'/></content>"
        )
    };
    house.session(1, "transport-info", &(content("audio") + &content("video")))
}

fn renewals(house: &House) -> usize {
    house.events.iter().filter(|event| matches!(event, Event::IceRenewed { .. })).count()
}

#[test]
fn a_guest_gets_new_credentials_in_place_and_answers_with_its_own() {
    let mut house = House::pair();
    let got = house.session(1, "session-info", IN_PLACE);
    assert_eq!((got.len(), got[0].1.get("type")), (1, Some("result")));
    assert_eq!(house.events.last(), Some(&Event::RenewIce { room: "r".into(), endpoint: A.into() }));
    let got = renewed(&mut house);
    let info = jingle(to(1, &got)[0]).unwrap().to_string();
    for part in [
        "action='transport-info'",
        "<content creator='initiator' name='audio'",
        "ice-generation='1'",
        "ufrag='new'",
        "setup='passive'",
    ] {
        assert!(info.contains(part), "{info}");
    }
    let got = own_half(&mut house, 1);
    assert_eq!((got.len(), got[0].1.get("type")), (1, Some("result")));
    assert!(matches!(house.events.last(), Some(Event::IceRenewed { transport, .. }) if transport.ufrag == "mine"));
    own_half(&mut house, 1);
    assert_eq!(renewals(&house), 1, "clients repeat themselves");
}

#[test]
fn credentials_nobody_asked_for_or_of_another_time_change_nothing() {
    let mut house = House::pair();
    assert!(renewed(&mut house).is_empty());
    own_half(&mut house, 0);
    own_half(&mut house, 1);
    assert_eq!(renewals(&house), 0);
    house.session(1, "session-info", IN_PLACE);
    house.pass(Duration::from_secs(6));
    house.session(1, "session-info", IN_PLACE);
    renewed(&mut house);
    own_half(&mut house, 1);
    assert_eq!(renewals(&house), 0, "the first restart was overtaken by the second");
    own_half(&mut house, 2);
    assert_eq!(renewals(&house), 1);
}

#[test]
fn restarts_in_place_need_a_session_and_are_counted_apart_from_the_others() {
    let mut house = House::pair();
    house.join(3, crate::house::C, crate::house::JSON);
    assert_eq!(condition(&house.session(3, "session-info", IN_PLACE)).as_deref(), Some("unexpected-request"));
    assert!(condition(&house.session(1, "session-info", IN_PLACE)).is_none());
    assert_eq!(condition(&house.session(1, "session-info", IN_PLACE)).as_deref(), Some("resource-constraint"));
    let sources = content(A, 900, false);
    assert!(condition(&house.session(1, "source-add", &sources)).is_none(), "the session lives");
    let again = "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='x' restart='true'/>";
    assert!(condition(&house.session(1, "session-terminate", again)).is_none(), "the way out when it came to nothing");
}
