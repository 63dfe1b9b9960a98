//! Broken sockets: who may come back, what it missed, and that nobody sits twice.

use crate::house::{A, AUTH, B, C, House, JSON, OPEN, condition, content, to};
use runde_signalling::host::{ConnId, Event, HostConfig, Input};
use runde_signalling::xml::Element;
use std::time::Duration;

const LAPTOP: &str = "laptop-0123456789";
const PHONE: &str = "phone-0123456789";
const ENABLE: &str = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
const BERT_LEFT: Event = Event::EndpointLeft { room: String::new(), endpoint: String::new() };

/// Anna (1) and Bert (2), who counts; his socket breaks later. Returns what he resumes by.
fn counting() -> (House, String) {
    let mut house = House::pair();
    let got = house.say(2, ENABLE);
    let enabled = to(2, &got)[0];
    assert_eq!((enabled.name(), enabled.get("resume"), enabled.get("max")), ("enabled", Some("true"), Some("60")));
    let id = enabled.get("id").unwrap().to_owned();
    (house, id)
}

fn chat(house: &mut House, text: &str) -> Vec<(u64, Element)> {
    house.say(
        1,
        &format!("<message xmlns='jabber:client' type='groupchat' to='r@conference.d'><body>{text}</body></message>"),
    )
}

fn cut(house: &mut House, who: u64) -> Vec<(u64, Element)> {
    house.give(Input::Closed(ConnId(who)))
}

/// A new socket that logs in and wants to resume.
fn come_back(house: &mut House, who: u64, id: &str, h: u32) -> Vec<(u64, Element)> {
    house.open(who);
    for frame in [OPEN, AUTH, OPEN] {
        house.say(who, frame);
    }
    house.say(who, &format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='{h}'/>"))
}

fn failed(got: &[(u64, Element)]) -> bool {
    got.iter().any(|(_, e)| e.name() == "failed" && e.ns() == "urn:xmpp:sm:3")
}

fn has_left(house: &House) -> bool {
    house.events.iter().any(|event| std::mem::discriminant(event) == std::mem::discriminant(&BERT_LEFT))
}

/// The stanzas that a connection got, without what only counts.
fn stanzas(got: &[(u64, Element)], who: u64) -> Vec<&Element> {
    to(who, got).into_iter().filter(|e| e.ns() == "jabber:client").collect()
}

#[test]
fn both_sides_say_what_they_have() {
    let (mut house, _) = counting();
    assert!(failed(&house.say(2, ENABLE)), "once is enough");
    for n in 0..3 {
        house.presence(2, B, &format!("<nick xmlns='http://jabber.org/protocol/nick'>{n}</nick>"));
    }
    house.say(2, "<a xmlns='urn:xmpp:sm:3' h='3'/>");
    let got = house.say(2, "<r xmlns='urn:xmpp:sm:3'/>");
    assert_eq!(got[0].1.get("h"), Some("3"));
    let asked = (0..5).map(|_| chat(&mut house, "x")).filter(|got| to(2, got).iter().any(|e| e.name() == "r")).count();
    assert_eq!(asked, 1);
    assert!(house.say(1, "<r xmlns='urn:xmpp:sm:3'/>").is_empty(), "Anna does not count");
}

#[test]
fn a_guest_that_comes_back_keeps_its_seat_and_misses_nothing() {
    let (mut house, id) = counting();
    chat(&mut house, "one");
    chat(&mut house, "two");
    cut(&mut house, 2);
    let got = chat(&mut house, "three");
    assert_eq!(to(2, &got).len(), 0);
    house.pass(Duration::from_secs(59));
    assert_eq!(house.host.guests("r"), 2);
    let got = come_back(&mut house, 3, &id, 1);
    let resumed = to(3, &got)[0];
    assert_eq!((resumed.name(), resumed.get("previd"), resumed.get("h")), ("resumed", Some(id.as_str()), Some("0")));
    let bodies: Vec<String> = stanzas(&got, 3).iter().map(|e| e.children().next().unwrap().own_text()).collect();
    assert_eq!(bodies, ["two", "three"]);
    assert!(to(1, &got).is_empty() && !has_left(&house), "nobody else noticed");
    let got = chat(&mut house, "four");
    assert_eq!(stanzas(&got, 3).len(), 1);
    let got =
        house.say(3, "<message xmlns='jabber:client' type='groupchat' to='r@conference.d'><body>back</body></message>");
    assert_eq!(to(1, &got)[0].get("from"), Some("r@conference.d/bbbbbbbb"));
    assert_eq!(house.say(3, "<r xmlns='urn:xmpp:sm:3'/>")[0].1.get("h"), Some("1"));
    house.pass(Duration::from_secs(300));
    assert_eq!(house.host.guests("r"), 2);
}

#[test]
fn a_guest_comes_back_a_second_time_by_the_same_id() {
    let (mut house, id) = counting();
    for who in 3..6 {
        cut(&mut house, if who == 3 { 2 } else { who - 1 });
        chat(&mut house, "x");
        let got = come_back(&mut house, who, &id, u32::try_from(who).unwrap() - 3);
        assert_eq!(stanzas(&got, who).len(), 1);
    }
}

#[test]
fn a_guest_that_does_not_come_back_within_a_minute_leaves() {
    let (mut house, id) = counting();
    cut(&mut house, 2);
    assert_eq!(house.wait, Some(house.now + Duration::from_secs(60)));
    house.pass(Duration::from_millis(59_999));
    assert!(!has_left(&house));
    let got = house.pass(Duration::from_millis(1));
    assert!(to(1, &got)[0].to_string().contains("unavailable") && has_left(&house));
    assert!(failed(&come_back(&mut house, 3, &id, 0)));
}

#[test]
fn a_new_socket_takes_the_seat_from_one_that_seems_to_live() {
    let (mut house, id) = counting();
    let got = come_back(&mut house, 3, &id, 0);
    assert_eq!((to(3, &got)[0].name(), house.closed.clone()), ("resumed", vec![2]));
    assert!(house.presence(2, B, "").is_empty(), "the old socket has no say any more");
    cut(&mut house, 2);
    house.pass(Duration::from_secs(61));
    assert_eq!(house.host.guests("r"), 2);
}

#[test]
fn nobody_resumes_by_a_guess_without_a_login_or_what_was_never_said() {
    let (mut house, id) = counting();
    cut(&mut house, 2);
    for guess in ["", "0", &id[1..], &id.to_uppercase()] {
        assert!(guess == id || failed(&come_back(&mut house, 3, guess, 0)), "{guess}");
        house.say(3, "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>");
    }
    house.open(4);
    assert!(failed(&house.say(4, &format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>"))), "no login");
    house.connect(5);
    assert!(failed(&house.say(5, &format!("<resume xmlns='urn:xmpp:sm:3' previd='{id}' h='0'/>"))), "bound already");
    assert_eq!(house.host.guests("r"), 2);
    let got = come_back(&mut house, 6, &id, 7);
    assert!(failed(&got) && has_left(&house), "it is the guest, but what it has is lost: no ghost stays");
}

#[test]
fn ids_to_resume_by_differ_and_are_long() {
    let mut house = House::new(HostConfig::new("d"));
    let ids: Vec<String> = (1..9)
        .map(|who| {
            house.connect(who);
            house.say(who, ENABLE)[0].1.get("id").unwrap().to_owned()
        })
        .collect();
    let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    assert!(ids.iter().all(|id| id.len() == 32));
}

#[test]
fn who_goes_by_itself_or_speaks_nonsense_has_no_seat_kept() {
    for frame in ["<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>", "no xml"] {
        let (mut house, id) = counting();
        house.say(2, frame);
        assert!(has_left(&house), "{frame}");
        assert!(failed(&come_back(&mut house, 3, &id, 0)));
    }
    let mut house = House::pair();
    house.say(2, "<enable xmlns='urn:xmpp:sm:3'/>");
    cut(&mut house, 2);
    assert!(has_left(&house), "it counted without wanting to come back");
}

#[test]
fn a_guest_who_is_kicked_while_away_learns_of_it() {
    let (mut house, id) = counting();
    cut(&mut house, 2);
    house.iq(
        1,
        "set",
        "r@conference.d",
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='bbbbbbbb' role='none'/></query>",
    );
    assert_eq!(house.host.guests("r"), 1);
    let got = come_back(&mut house, 3, &id, 0);
    assert!(to(3, &got).iter().any(|e| e.to_string().contains("'307'")));
}

#[test]
fn an_offer_made_while_the_guest_was_away_is_taken_afterwards() {
    let mut house = House::new(HostConfig::new("d"));
    house.join(1, A, JSON);
    let id = house.say(1, ENABLE)[0].1.get("id").unwrap().to_owned();
    cut(&mut house, 1);
    house.join(2, B, JSON);
    come_back(&mut house, 3, &id, 0);
    let got = house.session(3, "session-accept", &content(A, 100, true));
    assert!(condition(&got).is_none());
    assert!(matches!(house.events.last(), Some(Event::Accepted { endpoint, .. }) if endpoint == A));
}

#[test]
fn a_flood_while_the_guest_is_away_is_not_kept_for_ever() {
    let (mut house, id) = counting();
    cut(&mut house, 2);
    for _ in 0..600 {
        chat(&mut house, "x");
    }
    assert!(failed(&come_back(&mut house, 3, &id, 0)));
    house.pass(Duration::from_secs(60));
    assert!(has_left(&house));
}

/// Asks for the conference as that machine and enters.
fn enter_as(house: &mut House, who: u64, endpoint: &str, machine: &str) -> Vec<(u64, Element)> {
    house.connect(who);
    house.iq(
        who,
        "set",
        "focus.d",
        &format!("<conference xmlns='http://jitsi.org/protocol/focus' room='r@conference.d' machine-uid='{machine}'/>"),
    );
    house.presence(who, endpoint, "")
}

#[test]
fn a_guest_that_enters_anew_meets_no_ghost_of_itself_and_keeps_its_rights() {
    let mut house = House::new(HostConfig::new("d"));
    enter_as(&mut house, 1, A, LAPTOP);
    house.say(1, ENABLE);
    house.submit(1, &[("roomsecret", "geheim")]);
    cut(&mut house, 1);
    let inside = "<x xmlns='http://jabber.org/protocol/muc'><password>geheim</password><billingid>laptop-0123456789</billingid></x>";
    house.connect(2);
    let got = house.presence(2, B, inside);
    assert!(
        to(2, &got)
            .iter()
            .any(|e| e.get("from") == Some("r@conference.d/aaaaaaaa") && e.get("type") == Some("unavailable"))
    );
    assert_eq!(house.host.guests("r"), 1, "the room and its password outlive the change");
    assert!(
        to(2, &got)
            .iter()
            .any(|e| e.get("from") == Some("r@conference.d/bbbbbbbb") && e.to_string().contains("moderator"))
    );
    assert_eq!(condition(&enter_as(&mut house, 3, C, PHONE)).as_deref(), Some("not-authorized"));
}

#[test]
fn a_moderator_that_enters_anew_moderates_and_nobody_is_promoted_by_its_absence() {
    let mut house = House::new(HostConfig::new("d"));
    enter_as(&mut house, 1, A, LAPTOP);
    house.say(1, ENABLE);
    enter_as(&mut house, 2, C, PHONE);
    cut(&mut house, 1);
    let got = enter_as(&mut house, 3, B, LAPTOP);
    let promoted = |of: &str| {
        to(2, &got)
            .iter()
            .any(|e| e.get("from") == Some(of) && e.to_string().contains("moderator") && e.get("type").is_none())
    };
    assert!(promoted("r@conference.d/bbbbbbbb") && !promoted("r@conference.d/cccccccc"));
    assert_eq!(house.host.guests("r"), 2);
}

#[test]
fn a_moderator_alone_behind_its_own_lobby_comes_back_without_knocking_and_nobody_else_does() {
    let mut house = House::new(HostConfig::new("d"));
    enter_as(&mut house, 1, A, LAPTOP);
    house.say(1, ENABLE);
    house.submit(1, &[("roomsecret", "geheim"), ("membersonly", "1")]);
    let refused = |house: &mut House, who: u64, machine: &str| condition(&enter_as(house, who, B, machine));
    assert_eq!(refused(&mut house, 2, LAPTOP).as_deref(), Some("registration-required"), "its former self is here");
    cut(&mut house, 1);
    assert_eq!(refused(&mut house, 3, PHONE).as_deref(), Some("registration-required"));
    assert_eq!(refused(&mut house, 4, LAPTOP), None);
    assert_eq!(house.host.guests("r"), 1);
    let got = house.iq(4, "get", "r@conference.d", "<query xmlns='http://jabber.org/protocol/muc#owner'/>");
    assert_eq!(condition(&got), None, "it moderates");
}

#[test]
fn which_machine_a_guest_uses_is_told_to_nobody() {
    let mut house = House::new(HostConfig::new("d"));
    enter_as(&mut house, 1, A, PHONE);
    house.connect(2);
    let x = format!("<x xmlns='http://jabber.org/protocol/muc'><billingid>{LAPTOP}</billingid></x>");
    house.presence(2, B, &x);
    house.presence(2, B, &x);
    cut(&mut house, 1);
    for said in [PHONE, LAPTOP] {
        assert!(house.sent.iter().all(|(_, e)| !e.to_string().contains(said)), "{said}");
    }
    assert_eq!(house.host.guests("r"), 1);
}

#[test]
fn a_machine_whose_name_could_be_guessed_gets_nothing_back() {
    let mut house = House::new(HostConfig::new("d"));
    enter_as(&mut house, 1, A, "laptop");
    house.say(1, ENABLE);
    cut(&mut house, 1);
    enter_as(&mut house, 2, B, "laptop");
    assert_eq!(house.host.guests("r"), 2, "the seat waits for whoever resumes");
}

#[test]
fn a_connection_that_sits_nowhere_is_not_kept() {
    let mut house = House::new(HostConfig { max_connections: 1, ..HostConfig::new("d") });
    house.connect(1);
    let id = house.say(1, ENABLE)[0].1.get("id").unwrap().to_owned();
    cut(&mut house, 1);
    assert_eq!(house.wait, None);
    assert!(failed(&come_back(&mut house, 2, &id, 0)), "there is room for another, and the first is forgotten");
}

#[test]
fn two_windows_of_one_machine_sit_side_by_side_as_long_as_both_speak() {
    let mut house = House::new(HostConfig::new("d"));
    enter_as(&mut house, 1, A, LAPTOP);
    house.say(1, ENABLE);
    house.pass(Duration::from_secs(10));
    let got = enter_as(&mut house, 2, B, LAPTOP);
    assert!(to(1, &got).iter().any(|e| e.name() == "r"), "it is asked for a sign of life");
    house.pass(Duration::from_secs(10));
    house.say(1, "<a xmlns='urn:xmpp:sm:3' h='1'/>");
    house.pass(Duration::from_secs(60));
    assert_eq!(house.host.guests("r"), 2);
}

#[test]
fn a_dead_socket_of_the_same_machine_loses_its_seat_without_a_close() {
    for silence in [10, 40] {
        let mut house = House::new(HostConfig::new("d"));
        enter_as(&mut house, 1, A, LAPTOP);
        house.say(1, ENABLE);
        house.pass(Duration::from_secs(silence));
        enter_as(&mut house, 2, B, LAPTOP);
        house.pass(Duration::from_secs(25_u64.saturating_sub(silence)));
        assert_eq!((house.host.guests("r"), house.closed.clone()), (1, vec![1]), "{silence}");
    }
}

#[test]
fn a_stranger_of_another_machine_takes_nobodys_seat() {
    let (mut house, _) = counting();
    cut(&mut house, 2);
    enter_as(&mut house, 3, C, "elsewhere-0123456789");
    house.pass(Duration::from_secs(30));
    assert_eq!(house.host.guests("r"), 3);
}
