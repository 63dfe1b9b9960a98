//! What moderators may do, and what guests say to each other.

use crate::house::{B, C, House, JSON, condition, to};
use runde_signalling::host::{ConnId, Input};
use runde_signalling::xml::Element;

const ROOM: &str = "r@conference.d";

fn admin(items: &str) -> String {
    format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{items}</query>")
}

fn house() -> House {
    let mut house = House::pair();
    house.join(3, C, JSON);
    house
}

fn item(presence: &Element) -> &Element {
    let user = presence.children().find(|child| child.ns().ends_with("muc#user")).unwrap();
    user.children().find(|child| child.name() == "item").unwrap()
}

fn roles(got: &[(u64, Element)], who: u64, of: &str) -> Vec<(String, String)> {
    let from = format!("{ROOM}/{of}");
    let shown = to(who, got).into_iter().filter(|e| e.name() == "presence" && e.get("from") == Some(&from));
    shown.map(|e| (item(e).get("affiliation").unwrap().into(), item(e).get("role").unwrap().into())).collect()
}

#[test]
fn a_kick_is_told_to_all_with_who_did_it_and_why() {
    let mut house = house();
    let got = house.iq(1, "set", ROOM, &admin("<item nick='bbbbbbbb' role='none'><reason>too loud</reason></item>"));
    for (who, own) in [(1, false), (2, true), (3, false)] {
        let gone = to(who, &got).into_iter().find(|e| e.get("type") == Some("unavailable")).unwrap();
        let text = gone.to_string();
        assert_eq!(text.contains("'110'"), own, "{text}");
        assert!(text.contains("'307'") && text.contains("nick='aaaaaaaa'") && text.contains(">too loud<"), "{text}");
    }
    assert_eq!(house.host.guests("r"), 2);
    let got = house.iq(1, "set", ROOM, &admin("<item nick='focus' role='none'/>"));
    assert_eq!(condition(&got).as_deref(), Some("item-not-found"), "the focus stays");
}

#[test]
fn a_promoted_guest_moderates_and_the_room_is_never_without_a_moderator() {
    let mut house = house();
    let jid = house.jid(3);
    let bare = jid.split('/').next().unwrap();
    let promote = admin(&format!("<item affiliation='owner' jid='{bare}'/>"));
    assert_eq!(condition(&house.iq(2, "set", ROOM, &promote)).as_deref(), Some("forbidden"));
    let got = house.iq(1, "set", ROOM, &promote);
    for who in 1..=3 {
        assert_eq!(roles(&got, who, C), [("owner".into(), "moderator".into())]);
    }
    assert_eq!(to(1, &got).iter().filter(|e| e.get("type") == Some("result")).count(), 1);
    let got = house.give(Input::Closed(ConnId(1)));
    assert!(roles(&got, 2, B).is_empty(), "the one who was promoted is enough");
    let got = house.give(Input::Closed(ConnId(3)));
    assert_eq!(roles(&got, 2, B), [("owner".into(), "moderator".into())]);
}

#[test]
fn older_clients_promote_by_nick() {
    let mut house = house();
    let promote = |nick: &str| admin(&format!("<item affiliation='owner' nick='{nick}'><reason>x</reason></item>"));
    let got = house.iq(1, "set", ROOM, &promote(B));
    assert_eq!(roles(&got, 2, B), [("owner".into(), "moderator".into())]);
    for nobody in ["focus", "dddddddd", ""] {
        assert_eq!(condition(&house.iq(1, "set", ROOM, &promote(nobody))).as_deref(), Some("item-not-found"));
    }
}

#[test]
fn members_are_named_in_one_request_and_gain_no_power() {
    let mut house = house();
    let items: String = [2, 3].map(|who| format!("<item affiliation='member' jid='{}'/>", house.jid(who))).concat();
    assert_eq!(condition(&house.iq(2, "set", ROOM, &admin(&items))).as_deref(), Some("forbidden"));
    let got = house.iq(1, "set", ROOM, &admin(&items));
    assert_eq!(roles(&got, 1, B), [("member".into(), "participant".into())]);
    assert_eq!(roles(&got, 1, C), [("member".into(), "participant".into())]);
    assert_eq!(
        condition(&house.iq(3, "set", ROOM, &admin("<item nick='bbbbbbbb' role='none'/>"))).as_deref(),
        Some("forbidden")
    );
}

#[test]
fn microphone_camera_and_screen_are_muted_by_moderators_and_nobody_is_unmuted() {
    let mut house = house();
    for media in ["audio", "video", "desktop"] {
        let mute =
            |on: bool| format!("<mute xmlns='http://jitsi.org/jitmeet/{media}' jid='{ROOM}/bbbbbbbb'>{on}</mute>");
        let got = house.iq(1, "set", "r@conference.d/focus", &mute(true));
        let order = to(2, &got)[0].to_string();
        assert!(
            order.contains(&format!("jitmeet/{media}'")) && order.contains("actor='r@conference.d/aaaaaaaa'"),
            "{order}"
        );
        assert!(!order.contains("jid="), "{order}");
        assert!(condition(&house.iq(3, "set", "r@conference.d/focus", &mute(true))).is_some());
        assert!(condition(&house.iq(1, "set", "r@conference.d/focus", &mute(false))).is_some());
    }
}

#[test]
fn the_subject_is_set_by_moderators_cleaned_and_shown_to_those_who_come_later() {
    let mut house = House::pair();
    let subject = |text: &str| {
        format!("<message xmlns='jabber:client' type='groupchat' to='{ROOM}'><subject>{text}</subject></message>")
    };
    assert_eq!(condition(&house.say(2, &subject("Mine"))).as_deref(), Some("forbidden"));
    let got = house.say(1, &subject("Monday\n  \u{202e}round"));
    assert!(to(2, &got)[0].to_string().contains("<subject>Monday    round</subject>"), "{}", to(2, &got)[0]);
    let got = house.join(3, C, JSON);
    assert!(to(3, &got).iter().any(|e| e.to_string().contains("<subject>Monday    round</subject>")));
}

#[test]
fn reactions_and_application_messages_reach_everybody_unchanged() {
    let mut house = house();
    for inside in [
        "<reactions xmlns='urn:xmpp:reactions:0' id='7'><reaction>😀</reaction></reactions>",
        r#"<json-message xmlns='http://jitsi.org/jitmeet'>{"type":"wave"}</json-message>"#,
        "<retract xmlns='urn:xmpp:message-retract:1' id='7'/>",
    ] {
        let got = house
            .say(2, &format!("<message xmlns='jabber:client' type='groupchat' id='8' to='{ROOM}'>{inside}</message>"));
        assert_eq!(got.len(), 3);
        let sent = runde_signalling::xml::parse(inside, &runde_signalling::xml::Limits::PEER).unwrap();
        for (_, e) in &got {
            assert_eq!((e.get("id"), e.get("from")), (Some("8"), Some("r@conference.d/bbbbbbbb")));
            assert_eq!(e.children().next(), Some(&sent));
        }
    }
}

#[test]
fn a_message_cannot_claim_to_be_from_somebody_else() {
    let mut house = house();
    house.presence(2, B, "<nick xmlns='http://jabber.org/protocol/nick'>Bert</nick>");
    let forged = "<addresses xmlns='http://jabber.org/protocol/address'><address type='ofrom' jid='r@conference.d/aaaaaaaa'/></addresses>\
        <display-name xmlns='http://jitsi.org/protocol/display-name' source='visitor'>Anna</display-name>\
        <nick xmlns='http://jabber.org/protocol/nick'>Anna</nick><body>hi</body>";
    for (kind, address) in [("groupchat", ROOM), ("chat", "r@conference.d/cccccccc")] {
        let got =
            house.say(2, &format!("<message xmlns='jabber:client' type='{kind}' to='{address}'>{forged}</message>"));
        let text = to(3, &got)[0].to_string();
        assert!(text.contains("<body>hi</body>") && text.contains(">Bert<") && !text.contains("Anna"), "{text}");
        assert!(!text.contains("ofrom") && text.contains("from='r@conference.d/bbbbbbbb'"), "{text}");
    }
}

#[test]
fn a_word_to_one_reaches_only_that_one_and_never_a_stranger() {
    let mut house = house();
    let private = |to: &str, kind: &str| {
        format!("<message xmlns='jabber:client' type='{kind}' to='{to}'><body>psst</body></message>")
    };
    let got = house.say(2, &private("r@conference.d/cccccccc", "chat"));
    assert_eq!((got.len(), got[0].0), (1, 3));
    assert_eq!(
        condition(&house.say(2, &private("r@conference.d/dddddddd", "chat"))).as_deref(),
        Some("item-not-found")
    );
    assert_eq!(
        condition(&house.say(2, &private("r@conference.d/cccccccc", "groupchat"))).as_deref(),
        Some("bad-request")
    );
    house.connect(4);
    assert_eq!(
        condition(&house.say(4, &private("r@conference.d/cccccccc", "chat"))).as_deref(),
        Some("not-acceptable")
    );
}

#[test]
fn hands_and_names_are_shown_to_all_and_kept_for_those_who_come_later() {
    let mut house = House::pair();
    let state = "<nick xmlns='http://jabber.org/protocol/nick'>Bert</nick><jitsi_participant_raisedHand>17</jitsi_participant_raisedHand>";
    let seen =
        |e: &Element| e.to_string().contains(">17</jitsi_participant_raisedHand>") && e.to_string().contains(">Bert<");
    let got = house.presence(2, B, state);
    assert!(seen(to(1, &got)[0]) && seen(to(2, &got)[0]));
    let got = house.join(3, C, JSON);
    assert!(to(3, &got).into_iter().any(seen));
}

#[test]
fn questions_that_nobody_understands_are_answered_with_an_error() {
    let mut house = House::pair();
    for address in ["d", "focus.d", ROOM, "r@conference.d/focus", "lobby.d", "r@lobby.d", "polls.d", "elsewhere"] {
        for kind in ["get", "set"] {
            let got = house.iq(2, kind, address, "<x xmlns='urn:unknown'/>");
            assert_eq!(got.len(), 1, "{address} {kind}");
            assert!(condition(&got).is_some() && got[0].1.get("id") == Some("q"), "{address} {kind}: {}", got[0].1);
        }
        assert_eq!(house.iq(2, "result", address, "<x xmlns='urn:unknown'/>").len(), 0, "{address}");
    }
}
