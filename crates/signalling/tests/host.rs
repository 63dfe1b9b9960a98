//! Rooms as their guests see them: who is let in, what others are told, what misbehaviour comes to.
// Tests may unwrap, and somebody has to say what time it is when a story begins.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

#[path = "host/beginning.rs"]
mod beginning;
#[path = "host/house.rs"]
mod house;
#[path = "host/lobby.rs"]
mod lobby;
#[path = "host/moderation.rs"]
mod moderation;
#[path = "host/password.rs"]
mod password;
#[path = "host/relay.rs"]
mod relay;
#[path = "host/restart.rs"]
mod restart;
#[path = "host/resume.rs"]
mod resume;

use house::{A, AUTH, B, BIND, C, House, JSON, OPEN, condition, content, jingle, to};
use proptest::prelude::*;
use runde_signalling::host::{ConnId, Event, HostConfig, Input};
use runde_signalling::jingle::Semantics;
use runde_signalling::xml::{Element, Limits, parse};
use std::time::Duration;

#[test]
fn a_lone_guest_has_no_session_and_two_have_one_each() {
    let mut house = House::new(HostConfig::new("d"));
    house.join(1, A, JSON);
    assert!(house.events.is_empty());
    let got = house.join(2, B, JSON);
    assert_eq!(to(1, &got).iter().filter(|e| jingle(e).is_some()).count(), 1);
    assert_eq!(to(2, &got).iter().filter(|e| jingle(e).is_some()).count(), 1);
}

#[test]
fn others_are_told_the_first_layer_in_the_form_their_features_ask_for() {
    let mut house = House::new(HostConfig::new("d"));
    house.join(1, A, JSON);
    house.join(2, B, "");
    let got = house.accept(1, A, 100);
    let told = jingle(to(2, &got)[0]).unwrap().to_string();
    assert!(told.contains("source-add") && told.contains("<source") && !told.contains("json-message"), "{told}");
    assert!(
        told.contains("'100'") && told.contains("'102'") && !told.contains("'101'") && !told.contains("SIM"),
        "{told}"
    );
    let got = house.accept(2, B, 200);
    let told = jingle(to(1, &got)[0]).unwrap().to_string();
    assert!(
        told.contains("json-message") && told.contains("[&quot;f&quot;,200,202]") && !told.contains("201"),
        "{told}"
    );
    let Some(Event::Accepted { sources, groups, endpoint, .. }) = house.events.last() else { panic!() };
    assert_eq!((sources.len(), endpoint.as_str()), (4, B));
    assert!(groups.iter().any(|group| group.semantics == Semantics::Sim));
}

#[test]
fn a_late_guest_is_offered_everybodys_sources() {
    let mut house = House::pair();
    let got = house.join(3, C, JSON);
    let offer = to(3, &got).into_iter().find_map(jingle).unwrap().to_string();
    assert!(offer.contains(A) && offer.contains(B) && offer.contains("200"), "{offer}");
}

#[test]
fn a_guest_that_never_says_what_it_can_do_is_offered_the_usual_after_two_seconds() {
    let mut house = House::new(HostConfig::new("d"));
    house.join(1, A, JSON);
    house.connect(2);
    let got = house.presence(2, B, "");
    assert!(to(2, &got).into_iter().all(|e| jingle(e).is_none()));
    house.now += Duration::from_secs(2);
    let got = house.give(Input::Closed(ConnId(99)));
    assert!(to(2, &got).into_iter().any(|e| jingle(e).is_some()));
}

#[test]
fn sources_that_are_removed_are_removed_everywhere_and_foreign_ones_stay() {
    let mut house = House::pair();
    let got = house.session(1, "source-remove", &content(A, 200, false));
    assert!(to(2, &got).is_empty());
    let got = house.session(1, "source-remove", &content(A, 100, false));
    assert!(jingle(to(2, &got)[0]).unwrap().to_string().contains("source-remove"));
    assert!(matches!(house.events.last(), Some(Event::SourcesChanged { sources, .. }) if sources.is_empty()));
}

#[test]
fn an_ssrc_of_another_guest_is_refused_and_nobody_hears_of_it() {
    let mut house = House::pair();
    let got = house.session(1, "source-add", &content(A, 200, false));
    assert_eq!(condition(&got).as_deref(), Some("bad-request"));
    assert!(to(2, &got).is_empty());
}

#[test]
fn a_flood_of_source_adds_ends_at_the_limit() {
    let mut house = House::pair();
    let refused =
        (0..100).filter(|n| condition(&house.session(1, "source-add", &content(A, 1000 + n * 10, false))).is_some());
    assert_eq!(refused.count(), 96);
}

#[test]
fn another_session_id_is_unknown_and_ends_nothing() {
    let mut house = House::pair();
    let got = house.say(1, "<iq xmlns='jabber:client' type='set' id='j' to='r@conference.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='other'/></iq>");
    assert_eq!(condition(&got).as_deref(), Some("item-not-found"));
    assert!(condition(&house.session(2, "session-accept", "")).is_some());
}

#[test]
fn only_the_focus_makes_rooms_and_the_first_guest_moderates() {
    let mut house = House::new(HostConfig::new("d"));
    house.connect(1);
    assert_eq!(condition(&house.presence(1, A, "")).as_deref(), Some("not-allowed"));
    let got = house.join(2, B, JSON);
    assert!(
        got.iter().any(
            |(_, e)| e.to_string().contains("role='moderator'") && e.get("from") == Some("r@conference.d/bbbbbbbb")
        )
    );
    let got = house.presence(
        1,
        A,
        "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='owner' role='moderator'/></x>",
    );
    assert!(
        !got.iter()
            .any(|(_, e)| e.get("from") == Some("r@conference.d/aaaaaaaa") && e.to_string().contains("moderator"))
    );
}

#[test]
fn chat_reaches_everybody_with_the_senders_real_address_whatever_it_claims() {
    let mut house = House::pair();
    let got = house.say(2, "<message xmlns='jabber:client' type='groupchat' to='r@conference.d' from='r@conference.d/aaaaaaaa'><body>hi</body><delay xmlns='urn:xmpp:delay'/></message>");
    assert_eq!(got.len(), 2);
    for (_, e) in &got {
        assert_eq!(e.get("from"), Some("r@conference.d/bbbbbbbb"));
        assert!(e.get("id").is_some() && !e.to_string().contains("delay"));
    }
    let got = house.say(
        2,
        "<message xmlns='jabber:client' type='chat' id='7' to='r@conference.d/aaaaaaaa'><body>psst</body></message>",
    );
    assert_eq!((got.len(), got[0].0, got[0].1.get("id")), (1, 1, Some("7")));
}

#[test]
fn mute_kick_and_subject_are_for_moderators() {
    let mut house = House::pair();
    let mute = |victim: &str| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='m' to='r@conference.d/focus'><mute xmlns='http://jitsi.org/jitmeet/audio' jid='r@conference.d/{victim}'>true</mute></iq>"
        )
    };
    let kick = |victim: &str| {
        format!(
            "<iq xmlns='jabber:client' type='set' id='k' to='r@conference.d'><query xmlns='http://jabber.org/protocol/muc#admin'><item nick='{victim}' role='none'/></query></iq>"
        )
    };
    let subject = "<message xmlns='jabber:client' type='groupchat' to='r@conference.d'><subject>S</subject></message>";
    for text in [mute(A), kick(A), subject.to_owned()] {
        assert_eq!(condition(&house.say(2, &text)).as_deref(), Some("forbidden"), "{text}");
    }
    let unmute = mute(B).replace("true", "false");
    assert_eq!(condition(&house.say(1, &unmute)).as_deref(), Some("not-acceptable"));
    let got = house.say(1, &mute(B));
    assert!(to(2, &got)[0].to_string().contains("actor='r@conference.d/aaaaaaaa'"));
    assert_eq!(house.say(1, subject).len(), 2);
    let got = house.say(1, &kick(B));
    let gone = to(2, &got)[0].to_string();
    assert!(gone.contains("'307'") && gone.contains("'110'"), "{gone}");
    assert_eq!(house.host.guests("r"), 1);
}

#[test]
fn the_next_oldest_moderates_when_the_moderator_leaves_and_the_room_ends_with_the_last() {
    let mut house = House::pair();
    let got = house.give(Input::Closed(ConnId(1)));
    assert!(to(2, &got).iter().any(|e| e.get("type") == Some("unavailable")));
    assert!(
        to(2, &got)
            .iter()
            .any(|e| e.get("from") == Some("r@conference.d/bbbbbbbb") && e.to_string().contains("moderator"))
    );
    house.say(2, "<presence xmlns='jabber:client' to='r@conference.d/bbbbbbbb' type='unavailable'/>");
    assert_eq!(house.events.last(), Some(&Event::RoomEmpty { room: "r".into() }));
    assert_eq!(house.host.rooms(), 0);
}

#[test]
fn rooms_guests_and_connections_are_limited() {
    let mut house = House::new(HostConfig { max_rooms: 1, max_guests: 1, max_connections: 3, ..HostConfig::new("d") });
    house.join(1, A, "");
    house.connect(2);
    assert_eq!(condition(&house.ask_room(2, "other")).as_deref(), Some("not-allowed"));
    assert_eq!(condition(&house.presence(2, B, "")).as_deref(), Some("service-unavailable"));
    house.connect(3);
    house.open(4);
    assert_eq!(house.closed, [4]);
}

#[test]
fn names_that_are_taken_odd_or_the_focus_are_refused() {
    let mut house = House::new(HostConfig::new("d"));
    house.join(1, A, "");
    house.connect(2);
    assert_eq!(condition(&house.presence(2, A, "")).as_deref(), Some("conflict"));
    for odd in ["focus", "AAAAAAAA", "aaaaaaa", "a/b", "é"] {
        assert!(condition(&house.presence(2, odd, "")).is_some(), "{odd}");
    }
}

#[test]
fn a_room_that_nobody_enters_is_forgotten_after_a_minute() {
    let mut house = House::new(HostConfig::new("d"));
    house.connect(1);
    house.ask_room(1, "r");
    house.now += Duration::from_secs(60);
    house.host.handle_timeout(house.now);
    assert_eq!(house.host.rooms(), 0);
}

#[test]
fn addresses_are_given_after_the_login_only_and_are_never_the_same() {
    let mut house = House::new(HostConfig::new("d"));
    house.open(1);
    assert_eq!(condition(&house.say(1, BIND)).as_deref(), Some("not-authorized"));
    house.connect(2);
    house.connect(3);
    let given: Vec<String> =
        house.sent.iter().filter(|(_, e)| e.to_string().contains("<jid>")).map(|(_, e)| e.to_string()).collect();
    assert_eq!(given.len(), 2);
    assert_ne!(given[0], given[1]);
}

#[test]
fn odd_but_valid_stanzas_end_neither_the_stream_nor_the_room() {
    let mut house = House::pair();
    for odd in [
        "<iq xmlns='jabber:client'/>",
        "<iq xmlns='jabber:client' type='set' to='r@conference.d/focus'><jingle xmlns='urn:xmpp:jingle:1'/></iq>",
        "<iq xmlns='jabber:client' type='set' id='' to='@@@'/>",
        "<presence xmlns='jabber:client' to='r@conference.d'/>",
        "<presence xmlns='jabber:client' type='subscribe' to='r@conference.d/aaaaaaaa'/>",
        "<message xmlns='jabber:client' to='nobody'/>",
        "<x/>",
        "<r xmlns='urn:xmpp:sm:3'/>",
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>",
    ] {
        house.say(2, odd);
    }
    assert!(house.closed.is_empty());
    assert_eq!(
        house
            .say(2, "<message xmlns='jabber:client' type='groupchat' to='r@conference.d'><body>x</body></message>")
            .len(),
        2
    );
    house.say(2, "no xml");
    assert_eq!((house.closed.clone(), house.host.guests("r")), (vec![2], 1));
}

#[test]
fn the_http_form_of_the_conference_request_makes_the_room_too() {
    let mut house = House::new(HostConfig::new("d"));
    let answer = house.host.conference_request(house.now, r#"{"room":"r@conference.d"}"#).unwrap();
    assert!(answer.contains(r#""focusJid":"focus@auth.d""#) && answer.contains(r#""ready":true"#));
    assert!(house.host.conference_request(house.now, r#"{"room":"r@elsewhere"}"#).is_err());
    assert_eq!(house.host.rooms(), 1);
}

fn any_stanza() -> impl Strategy<Value = String> {
    let enable = "<enable xmlns='urn:xmpp:sm:3' resume='true'/>";
    let counts = ["<r xmlns='urn:xmpp:sm:3'/>", "<a xmlns='urn:xmpp:sm:3' h='2'/>", enable];
    let resume = "<resume xmlns='urn:xmpp:sm:3' previd='1' h='0'/>";
    let fixed = [
        counts[0],
        counts[1],
        counts[2],
        resume,
        OPEN,
        AUTH,
        BIND,
        "<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>",
        "<a",
        "",
    ];
    let ends = prop_oneof![
        Just("r@conference.d"),
        Just("r@conference.d/focus"),
        Just("r@conference.d/aaaaaaaa"),
        Just("r@conference.d/bbbbbbbb"),
        Just("focus.d"),
        Just("r@lobby.d"),
        Just("r@lobby.d/aaaaaaaa"),
        Just("d")
    ];
    let insides = prop_oneof![
        Just("<conference xmlns='http://jitsi.org/protocol/focus' room='r@conference.d'/>".to_owned()),
        Just(format!(
            "<jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='1'>{}</jingle>",
            content(A, 1, true)
        )),
        Just(
            "<query xmlns='http://jabber.org/protocol/muc#admin'><item nick='aaaaaaaa' role='none'/></query>"
                .to_owned()
        ),
        Just("<query xmlns='http://jabber.org/protocol/disco#info'/>".to_owned()),
        Just("<mute xmlns='http://jitsi.org/jitmeet/audio' jid='r@conference.d/aaaaaaaa'>true</mute>".to_owned()),
        Just("<body>x</body>".to_owned()),
        Just("<nick xmlns='http://jabber.org/protocol/nick'>x</nick><x xmlns='http://jabber.org/protocol/muc#user'><invite to='x'/></x>".to_owned()),
        Just("<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_membersonly'><value>1</value></field></x></query>".to_owned()),
    ];
    let kinds =
        prop_oneof![Just("set"), Just("get"), Just("result"), Just("error"), Just("groupchat"), Just("unavailable")];
    prop_oneof![
        proptest::sample::select(fixed.to_vec()).prop_map(str::to_owned),
        (proptest::sample::select(vec!["iq", "presence", "message"]), proptest::option::of(kinds), ends, insides)
            .prop_map(|(name, kind, to, inside)| {
                let kind = kind.map(|kind| format!(" type='{kind}'")).unwrap_or_default();
                format!("<{name} xmlns='jabber:client' id='runde-1' to='{to}'{kind}>{inside}</{name}>")
            }),
    ]
}

proptest! {
    #[test]
    fn no_order_of_stanzas_makes_the_host_panic(steps in proptest::collection::vec((1u64..4, any_stanza()), 0..60)) {
        let mut house = House::new(HostConfig::new("d"));
        for who in 1..4 {
            house.open(who);
        }
        house.connect(1);
        for (who, stanza) in steps {
            house.say(who, &stanza);
            prop_assert!(house.host.rooms() <= 1);
        }
    }

    #[test]
    fn no_text_makes_the_xml_reader_panic(text in "\\PC*") {
        let _ = parse(&text, &Limits::PEER);
    }

    #[test]
    fn what_is_written_is_read_back(name in "[a-z]{1,8}", value in "\\PC*", text in "\\PC{1,40}") {
        let e = Element::new(&name, "urn:x").attr("a", &value).child(Element::new("b", "").text(text));
        prop_assert_eq!(parse(&e.to_string(), &Limits::PEER).unwrap(), e);
    }
}
