//! Rooms that begin with a password or a lobby, because whoever runs the host said so.

use crate::house::{A, B, C, House, JSON, condition, to};
use runde_signalling::host::{ConnId, HostConfig, Input};
use runde_signalling::xml::Element;
use std::time::Duration;

const LOBBY: &str = "r@lobby.d";

fn house(password: Option<&str>, lobby: bool) -> House {
    House::new(HostConfig { password: password.map(Into::into), lobby, ..HostConfig::new("d") })
}

/// Connected, and the focus has made the room.
fn arrive(house: &mut House, who: u64) {
    house.connect(who);
    house.ask_room(who, "r");
}

fn with(password: &str) -> String {
    format!("<x xmlns='http://jabber.org/protocol/muc'><password>{password}</password></x>")
}

fn knock(house: &mut House, who: u64, endpoint: &str, name: &str) -> Vec<(u64, Element)> {
    house.say(who, &format!("<presence xmlns='jabber:client' to='{LOBBY}/{endpoint}'><x xmlns='http://jabber.org/protocol/muc'/><nick xmlns='http://jabber.org/protocol/nick'>{name}</nick></presence>"))
}

fn is_in(got: &[(u64, Element)], who: u64) -> bool {
    let own = |e: &&&Element| e.get("from").is_some_and(|from| from.starts_with("r@conference.d"));
    to(who, got).iter().filter(own).any(|e| e.to_string().contains("'110'"))
}

#[test]
fn a_password_from_the_beginning_holds_for_the_first_who_comes() {
    let mut house = house(Some("geheim"), false);
    arrive(&mut house, 1);
    assert_eq!(condition(&house.presence(1, A, "")).as_deref(), Some("not-authorized"));
    assert!(is_in(&house.presence(1, A, &with("geheim")), 1));
    arrive(&mut house, 2);
    assert_eq!(condition(&house.presence(2, B, &with("falsch"))).as_deref(), Some("not-authorized"));
}

#[test]
fn a_lobby_from_the_beginning_lets_the_first_in_who_then_decides_about_the_others() {
    let mut house = house(None, true);
    arrive(&mut house, 1);
    assert!(is_in(&house.presence(1, A, ""), 1));
    arrive(&mut house, 2);
    assert_eq!(condition(&house.presence(2, B, "")).as_deref(), Some("registration-required"));
    knock(&mut house, 1, A, "Ada");
    let seen = knock(&mut house, 2, B, "Bo");
    assert!(to(1, &seen)[0].to_string().contains(">Bo<"));
    house.give(Input::Closed(ConnId(1)));
    arrive(&mut house, 3);
    assert!(is_in(&house.presence(3, C, ""), 3), "the room began anew, with its lobby and without anybody");
    arrive(&mut house, 4);
    assert_eq!(condition(&house.presence(4, B, "")).as_deref(), Some("registration-required"));
}

#[test]
fn with_both_strangers_wait_for_whoever_knows_the_password_however_late() {
    let mut house = house(Some("geheim"), true);
    arrive(&mut house, 2);
    assert_eq!(condition(&house.presence(2, B, "")).as_deref(), Some("registration-required"));
    knock(&mut house, 2, B, "Bo");
    house.pass(Duration::from_secs(3_600));
    assert_eq!(house.host.rooms(), 1, "kept for the one who waits");
    arrive(&mut house, 1);
    assert!(is_in(&house.presence(1, A, &with("geheim")), 1));
    let seen = knock(&mut house, 1, A, "Ada");
    assert!(to(1, &seen)[0].to_string().contains(">Bo<"), "{seen:?}");
}

#[test]
fn a_room_at_which_nobody_waits_any_more_ends() {
    let mut house = house(Some("geheim"), true);
    arrive(&mut house, 2);
    house.presence(2, B, "");
    knock(&mut house, 2, B, "Bo");
    house.pass(Duration::from_secs(3_600));
    house.give(Input::Closed(ConnId(2)));
    house.pass(Duration::from_secs(1));
    assert_eq!(house.host.rooms(), 0);
}

#[test]
fn a_moderator_may_open_what_began_closed() {
    let mut house = house(Some("geheim"), true);
    arrive(&mut house, 1);
    house.presence(1, A, &with("geheim"));
    house.submit(1, &[("roomsecret", ""), ("passwordprotectedroom", "0"), ("membersonly", "false")]);
    let got = house.join(2, B, JSON);
    assert!(is_in(&got, 2));
}
