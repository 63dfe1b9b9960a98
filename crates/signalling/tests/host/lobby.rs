//! The lobby: knocking, watching the door, letting in and sending away.

use crate::house::{A, B, C, House, JSON, condition, to};
use runde_signalling::host::{ConnId, HostConfig, Input};
use runde_signalling::xml::Element;
use std::time::Duration;

const ROOM: &str = "r@conference.d";
const LOBBY: &str = "r@lobby.d";
const NICK: &str = "<nick xmlns='http://jabber.org/protocol/nick'>Bert</nick>";

/// A members-only room with a password, in which Anna (1, moderator) watches the door.
fn guarded() -> House {
    let mut house = House::new(HostConfig::new("d"));
    house.join(1, A, JSON);
    house.submit(1, &[("roomsecret", "geheim-7"), ("passwordprotectedroom", "1"), ("membersonly", "true")]);
    let got = knock(&mut house, 1, A, "");
    assert!(to(1, &got)[0].to_string().contains("'110'"));
    house
}

fn knock(house: &mut House, who: u64, endpoint: &str, inside: &str) -> Vec<(u64, Element)> {
    house.say(who, &format!("<presence xmlns='jabber:client' to='{LOBBY}/{endpoint}'><x xmlns='http://jabber.org/protocol/muc'/>{inside}</presence>"))
}

/// Bert (2) asks to come in and knocks.
fn bert_knocks(house: &mut House) -> Vec<(u64, Element)> {
    house.connect(2);
    house.presence(2, B, "");
    knock(house, 2, B, NICK)
}

fn invite(house: &mut House, who: u64, jids: &[String]) -> Vec<(u64, Element)> {
    let invites: String = jids.iter().map(|jid| format!("<invite to='{jid}'/>")).collect();
    house.say(who, &format!("<message xmlns='jabber:client' id='i' to='{ROOM}'><x xmlns='http://jabber.org/protocol/muc#user'>{invites}</x></message>"))
}

fn deny(house: &mut House, who: u64, endpoint: &str) -> Vec<(u64, Element)> {
    house.iq(who, "set", LOBBY, &format!("<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='{endpoint}' role='none'><reason>no</reason></item></query>"))
}

fn is_in(got: &[(u64, Element)], who: u64, room: &str) -> bool {
    let own = |e: &&&Element| e.name() == "presence" && e.get("from").is_some_and(|from| from.starts_with(room));
    to(who, got).iter().filter(own).any(|e| e.to_string().contains("'110'") && e.get("type").is_none())
}

#[test]
fn the_server_and_the_room_say_where_the_lobby_is() {
    let mut house = guarded();
    house.connect(2);
    let disco = "<query xmlns='http://jabber.org/protocol/disco#info'/>";
    let server = house.iq(2, "get", "d", disco)[0].1.to_string();
    assert!(server.contains("name='lobby.d' type='lobbyrooms'"), "{server}");
    let room = house.iq(2, "get", ROOM, disco)[0].1.to_string();
    assert!(
        room.contains("muc_membersonly")
            && room.contains("<field var='muc#roominfo_lobbyroom'><value>r@lobby.d</value>"),
        "{room}"
    );
    assert!(!room.contains("muc_open"));
}

#[test]
fn a_stranger_is_sent_to_the_lobby_and_only_moderators_see_it_there() {
    let mut house = guarded();
    house.connect(2);
    let refused = house.presence(2, B, "");
    assert_eq!(condition(&refused).as_deref(), Some("registration-required"));
    let text = refused[0].1.to_string();
    assert!(
        text.contains(
            "<lobbyroom xmlns='http://jitsi.org/jitmeet'>r@lobby.d</lobbyroom></error><lobbyroom>r@lobby.d</lobbyroom>"
        ),
        "{text}"
    );
    let got = knock(&mut house, 2, B, NICK);
    assert!(is_in(&got, 2, LOBBY));
    let seen = to(1, &got)[0].to_string();
    assert!(seen.contains(">Bert<") && seen.contains(&house.jid(2)) && seen.contains("role='participant'"), "{seen}");
    house.connect(3);
    let got = knock(&mut house, 3, C, NICK);
    assert!(to(2, &got).is_empty(), "those who wait do not see each other");
    assert!(to(3, &got).iter().all(|e| !e.to_string().contains(A) && !e.to_string().contains(B)));
    assert_eq!(house.host.guests("r"), 1);
}

#[test]
fn a_moderator_who_comes_to_the_door_later_sees_who_waits() {
    let mut house = guarded();
    bert_knocks(&mut house);
    house.say(1, &format!("<presence xmlns='jabber:client' type='unavailable' to='{LOBBY}/{A}'/>"));
    let got = knock(&mut house, 1, A, "");
    assert!(to(1, &got)[0].to_string().contains(">Bert<"));
    let got = knock(&mut house, 2, B, "<nick xmlns='http://jabber.org/protocol/nick'>Bert</nick><email>b@d</email>");
    assert!(to(1, &got)[0].to_string().contains("<email>b@d</email>"));
}

#[test]
fn a_guest_who_is_let_in_enters_and_never_sees_the_password() {
    let mut house = guarded();
    bert_knocks(&mut house);
    let jid = house.jid(2);
    let got = invite(&mut house, 1, std::slice::from_ref(&jid));
    assert_eq!((got.len(), got[0].0, got[0].1.get("from")), (1, 2, Some(ROOM)));
    assert!(got[0].1.to_string().contains("<invite from='r@conference.d/aaaaaaaa'/>"), "{}", got[0].1);
    assert!(is_in(&house.presence(2, B, ""), 2, ROOM));
    let got = house.say(2, &format!("<presence xmlns='jabber:client' type='unavailable' to='{LOBBY}/{B}'/>"));
    assert!(to(1, &got)[0].to_string().contains("unavailable") && to(2, &got)[0].to_string().contains("'110'"));
    house.iq(2, "get", ROOM, "<query xmlns='http://jabber.org/protocol/muc#owner'/>");
    assert!(
        to(2, &house.sent).iter().all(|e| !e.to_string().contains("geheim") && !e.to_string().contains("<password"))
    );
}

#[test]
fn only_who_was_let_in_enters_and_only_moderators_let_in() {
    let mut house = guarded();
    bert_knocks(&mut house);
    house.connect(3);
    knock(&mut house, 3, C, NICK);
    let (bert, cleo) = (house.jid(2), house.jid(3));
    assert!(condition(&invite(&mut house, 2, std::slice::from_ref(&bert))).is_some(), "nobody lets himself in");
    assert_eq!(condition(&invite(&mut house, 1, &["x@d/y".into()])).as_deref(), Some("item-not-found"));
    invite(&mut house, 1, &[bert]);
    assert_eq!(condition(&house.presence(3, C, "")).as_deref(), Some("registration-required"));
    house.presence(2, B, "");
    assert_eq!(condition(&invite(&mut house, 2, &[cleo])).as_deref(), Some("forbidden"), "a guest is no moderator");
}

#[test]
fn a_guest_who_is_sent_away_knows_by_whom_and_has_to_wait_when_it_insists() {
    let mut house = guarded();
    let mut waits = 0;
    for _ in 0..5 {
        let got = bert_knocks(&mut house);
        if condition(&got).as_deref() == Some("resource-constraint") {
            waits += 1;
            house.pass(Duration::from_secs(1));
            assert!(is_in(&knock(&mut house, 2, B, NICK), 2, LOBBY));
        }
        assert_eq!(condition(&deny(&mut house, 2, A)).as_deref(), Some("forbidden"));
        let got = deny(&mut house, 1, B);
        let gone = to(2, &got)[0].to_string();
        for part in ["'307'", "'110'", "nick='aaaaaaaa'", ">no<"] {
            assert!(gone.contains(part), "{gone}");
        }
        assert_eq!(condition(&house.presence(2, B, "")).as_deref(), Some("registration-required"));
        house.give(Input::Closed(ConnId(2)));
    }
    assert_eq!(waits, 1, "the fourth time was one too many");
    assert_eq!(condition(&deny(&mut house, 1, B)).as_deref(), Some("item-not-found"));
}

#[test]
fn who_knows_the_password_passes_by_the_lobby() {
    let mut house = guarded();
    house.connect(2);
    let with = |word: &str| format!("<x xmlns='http://jabber.org/protocol/muc'><password>{word}</password></x>");
    assert_eq!(condition(&house.presence(2, B, &with("wrong"))).as_deref(), Some("registration-required"));
    assert!(is_in(&house.presence(2, B, &with("geheim-7")), 2, ROOM));
}

#[test]
fn whoever_is_inside_when_the_lobby_opens_may_leave_and_come_back_but_not_after_a_kick() {
    let mut house = House::pair();
    house.submit(1, &[("membersonly", "true")]);
    house.say(2, &format!("<presence xmlns='jabber:client' type='unavailable' to='{ROOM}/{B}'/>"));
    assert!(is_in(&house.presence(2, B, ""), 2, ROOM));
    house.iq(
        1,
        "set",
        ROOM,
        "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='bbbbbbbb' role='none'/></query>",
    );
    assert_eq!(condition(&house.presence(2, B, "")).as_deref(), Some("registration-required"));
}

#[test]
fn a_stranger_without_a_name_is_asked_for_one() {
    let mut house = guarded();
    house.connect(2);
    for inside in ["", "<nick xmlns='http://jabber.org/protocol/nick'>\u{200b}</nick>"] {
        let got = knock(&mut house, 2, B, inside);
        let text = got[0].1.to_string();
        assert!(
            text.contains("type='modify'")
                && text.contains("<displayname-required xmlns='http://jitsi.org/jitmeet' lobby='true'/>"),
            "{text}"
        );
    }
    assert!(to(1, &house.sent).iter().all(|e| e.get("from") != Some("r@lobby.d/bbbbbbbb")));
}

#[test]
fn when_the_lobby_closes_those_who_wait_are_shown_the_room_and_when_the_room_ends_nothing() {
    for (ends, next) in [(false, true), (true, false)] {
        let mut house = guarded();
        bert_knocks(&mut house);
        let got =
            if ends { house.give(Input::Closed(ConnId(1))) } else { house.submit(1, &[("membersonly", "false")]) };
        let last = to(2, &got)[0].to_string();
        assert!(last.contains("unavailable") && last.contains("<destroy"), "{last}");
        assert_eq!(last.contains("<destroy jid='r@conference.d'/>"), next, "{last}");
        assert_eq!(condition(&knock(&mut house, 2, B, NICK)).as_deref(), Some("item-not-found"));
    }
}

#[test]
fn there_is_no_lobby_without_a_members_only_room() {
    let mut house = House::pair();
    house.connect(3);
    assert_eq!(condition(&knock(&mut house, 3, C, NICK)).as_deref(), Some("item-not-found"));
    house.submit(1, &[("membersonly", "1")]);
    assert_eq!(condition(&knock(&mut house, 2, B, NICK)).as_deref(), Some("forbidden"), "inside already");
    assert!(is_in(&knock(&mut house, 3, C, NICK), 3, LOBBY));
}

#[test]
fn a_crowd_before_the_door_is_bounded() {
    let mut house = guarded();
    let mut refused = 0;
    for n in 0..60u64 {
        house.connect(100 + n);
        let got = knock(&mut house, 100 + n, &format!("{n:08x}"), NICK);
        refused += usize::from(condition(&got).as_deref() == Some("service-unavailable"));
    }
    assert_eq!(refused, 10);
    let got = house.give(Input::Closed(ConnId(100)));
    assert!(to(1, &got)[0].to_string().contains("unavailable"), "a cut connection knocks no more");
}

#[test]
fn words_in_the_lobby_pass_between_the_door_and_each_guest_only() {
    let mut house = guarded();
    bert_knocks(&mut house);
    house.connect(3);
    knock(&mut house, 3, C, NICK);
    let say = |to: &str, kind: &str| {
        format!(
            "<message xmlns='jabber:client' type='{kind}' to='{to}'><json-message xmlns='http://jitsi.org/jitmeet'>{{\"type\":\"lobby-chat-message\"}}</json-message><x xmlns='http://jabber.org/protocol/muc#user'><invite/></x></message>"
        )
    };
    let heard = |got: Vec<(u64, Element)>| {
        got.iter().filter(|(_, e)| e.get("type") != Some("error")).map(|(who, _)| *who).collect::<Vec<_>>()
    };
    assert_eq!(heard(house.say(1, &say(LOBBY, "groupchat"))), [1, 2, 3]);
    assert_eq!(heard(house.say(2, &say(LOBBY, "groupchat"))), [1, 2]);
    assert_eq!(heard(house.say(2, &say("r@lobby.d/aaaaaaaa", "chat"))), [1]);
    assert_eq!(heard(house.say(2, &say("r@lobby.d/cccccccc", "chat"))), [0; 0]);
    let got = house.say(1, &say("r@lobby.d/cccccccc", "chat"));
    let text = got[0].1.to_string();
    assert!(text.contains("from='r@lobby.d/aaaaaaaa'") && !text.contains("invite"), "{text}");
    house.connect(4);
    assert_eq!(heard(house.say(4, &say(LOBBY, "groupchat"))), [0; 0]);
}
