//! A room with a password: who sets it, who is let in, who has to wait, who never sees it.

use crate::house::{A, B, C, House, JSON, condition, to};
use runde_signalling::host::HostConfig;
use runde_signalling::xml::Element;
use std::time::Duration;

const ROOM: &str = "r@conference.d";
const FORM: &str = "<query xmlns='http://jabber.org/protocol/muc#owner'/>";
const DISCO: &str = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
const SECRET: [(&str, &str); 2] = [("roomsecret", "geheim-7"), ("passwordprotectedroom", "1")];

fn locked() -> House {
    let mut house = House::new(HostConfig::new("d"));
    house.join(1, A, JSON);
    let got = house.submit(1, &SECRET);
    assert!(to(1, &got).iter().any(|e| e.get("type") == Some("result")));
    house
}

fn with(password: &str) -> String {
    format!("<x xmlns='http://jabber.org/protocol/muc'><password>{password}</password></x>")
}

fn is_in(got: &[(u64, Element)], who: u64) -> bool {
    to(who, got).iter().any(|e| e.name() == "presence" && e.to_string().contains("'110'"))
}

#[test]
fn a_locked_room_says_so_and_lets_in_who_knows_the_password() {
    let mut house = locked();
    house.connect(2);
    let about = house.iq(2, "get", ROOM, DISCO)[0].1.to_string();
    assert!(about.contains("muc_passwordprotected") && !about.contains("muc_unsecured"), "{about}");
    for inside in ["", &with(""), &with("geheim"), &with(&"x".repeat(5_000))] {
        let got = house.presence(2, B, inside);
        assert_eq!(condition(&got).as_deref(), Some("not-authorized"), "{inside}");
        assert_eq!(got.len(), 1);
        house.pass(Duration::from_secs(600));
    }
    assert!(is_in(&house.presence(2, B, &with("geheim-7")), 2));
    assert_eq!(house.host.guests("r"), 2);
}

#[test]
fn a_password_is_set_and_taken_away_by_moderators_and_everybody_is_told_that_settings_changed() {
    let mut house = House::pair();
    assert_eq!(condition(&house.submit(2, &SECRET)).as_deref(), Some("forbidden"));
    assert_eq!(condition(&house.iq(2, "get", ROOM, FORM)).as_deref(), Some("forbidden"));
    house.connect(3);
    assert_eq!(condition(&house.iq(3, "get", ROOM, FORM)).as_deref(), Some("feature-not-implemented"), "not inside");
    let form = house.iq(1, "get", ROOM, FORM)[0].1.to_string();
    for field in ["roomsecret", "whois", "membersonly"] {
        assert!(form.contains(&format!("var='muc#roomconfig_{field}'")), "{form}");
    }
    for (fields, locked) in [(SECRET, true), ([("roomsecret", ""), ("passwordprotectedroom", "0")], false)] {
        let got = house.submit(1, &fields);
        for who in 1..=2 {
            assert!(
                to(who, &got)
                    .iter()
                    .any(|e| e.get("type") == Some("groupchat") && e.to_string().contains("code='104'"))
            );
        }
        let refused = condition(&house.presence(3, C, "")).is_some();
        assert_eq!(refused, locked);
    }
}

#[test]
fn the_password_is_in_no_stanza_to_anybody_but_a_moderator_who_asks() {
    let mut house = locked();
    house.connect(2);
    house.presence(2, B, &with("geheim-7"));
    house.presence(2, B, "");
    house.connect(3);
    house.presence(3, C, &with("geheim-8"));
    house.iq(2, "get", ROOM, DISCO);
    house.iq(2, "get", ROOM, FORM);
    let shown = |house: &House, who: u64| to(who, &house.sent).iter().any(|e| e.to_string().contains("geheim"));
    assert_eq!([1, 2, 3].map(|who| shown(&house, who)), [false, false, false]);
    house.iq(1, "get", ROOM, FORM);
    assert!(shown(&house, 1) && !shown(&house, 2));
}

#[test]
fn a_form_that_no_room_can_have_is_refused_and_changes_nothing() {
    let mut house = locked();
    let long = "x".repeat(300);
    for fields in [[("membersonly", "perhaps")], [("roomsecret", &long)]] {
        assert_eq!(condition(&house.submit(1, &fields)).as_deref(), Some("not-acceptable"));
    }
    let other = "<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>";
    assert!(condition(&house.iq(1, "set", ROOM, other)).is_some());
    house.connect(2);
    assert!(is_in(&house.presence(2, B, &with("geheim-7")), 2));
}

#[test]
fn guessing_gets_slower_with_each_guess_and_a_right_one_in_between_waits_too() {
    let mut house = locked();
    house.connect(2);
    for n in 0..4 {
        assert_eq!(condition(&house.presence(2, B, &with(&format!("guess {n}")))).as_deref(), Some("not-authorized"));
    }
    assert!(house.presence(2, B, &with("geheim-7")).is_empty(), "it waits for its turn");
    assert_eq!(house.wait, Some(house.now + Duration::from_secs(1)));
    assert!(house.pass(Duration::from_millis(999)).is_empty());
    assert!(is_in(&house.pass(Duration::from_millis(1)), 2));
}

#[test]
fn a_thousand_connections_of_one_address_guess_no_faster_than_one() {
    let mut house = locked();
    let from = "198.51.100.7".parse().unwrap();
    let (mut looked_at, mut refused) = (0, 0);
    for who in 10..210 {
        house.open_from(who, from);
        house.log_in(who);
        let got = house.presence(who, B, &with("guess"));
        looked_at += usize::from(condition(&got).as_deref() == Some("not-authorized"));
        refused += usize::from(condition(&got).as_deref() == Some("resource-constraint"));
    }
    assert_eq!((looked_at, refused), (4, 200 - 4 - 64), "the others wait");
    for _ in 0..60 {
        looked_at += house.pass(Duration::from_secs(1)).len();
    }
    assert_eq!(looked_at, 4 + 5, "after 1, 3, 7, 15 and 31 seconds");
}

#[test]
fn a_neighbour_with_the_right_password_is_not_held_up_by_a_guesser_elsewhere() {
    let mut house = locked();
    house.connect(2);
    for n in 0..9 {
        house.presence(2, B, &with(&format!("guess {n}")));
    }
    house.connect(3);
    assert!(is_in(&house.presence(3, C, &with("geheim-7")), 3));
}

#[test]
fn a_guesser_who_goes_away_is_forgotten_with_its_guess() {
    let mut house = locked();
    house.connect(2);
    for n in 0..5 {
        house.presence(2, B, &with(&format!("guess {n}")));
    }
    house.give(runde_signalling::host::Input::Closed(runde_signalling::host::ConnId(2)));
    assert!(house.pass(Duration::from_secs(60)).is_empty());
    assert_eq!(house.wait, None);
}
