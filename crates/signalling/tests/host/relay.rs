//! IQs between guests: direct calls of two, questions for features.

use crate::house::{C, House, JSON, condition, to};
use runde_signalling::host::{ConnId, Input};
use runde_signalling::xml::Element;

const ANNA: &str = "r@conference.d/aaaaaaaa";
const BERT: &str = "r@conference.d/bbbbbbbb";

fn answer(house: &mut House, who: u64, to: &str, id: &str) -> Vec<(u64, Element)> {
    house.say(who, &format!("<iq xmlns='jabber:client' type='result' id='{id}' to='{to}'><x xmlns='urn:x'/></iq>"))
}

/// Anna's question as Bert got it.
fn asked(house: &mut House) -> String {
    let got = house.iq(1, "get", BERT, "<query xmlns='http://jabber.org/protocol/disco#info'/>");
    assert_eq!((got.len(), got[0].0, got[0].1.get("from")), (1, 2, Some(ANNA)));
    got[0].1.get("id").unwrap().to_owned()
}

#[test]
fn a_question_and_its_answer_carry_room_addresses_and_each_side_its_own_id() {
    let mut house = House::pair();
    let id = asked(&mut house);
    assert_ne!(id, "q");
    let got = answer(&mut house, 2, ANNA, &id);
    assert_eq!((got.len(), got[0].0), (1, 1));
    let text = &got[0].1;
    assert_eq!((text.get("from"), text.get("id"), text.get("type")), (Some(BERT), Some("q"), Some("result")));
    assert_eq!(text.get("to"), Some(house.jid(1).as_str()));
    assert!(answer(&mut house, 2, ANNA, &id).is_empty(), "an answer counts once");
}

#[test]
fn a_direct_call_of_two_is_passed_on_from_offer_to_end() {
    let mut house = House::pair();
    let jingle = |action: &str| {
        format!(
            "<jingle xmlns='urn:xmpp:jingle:1' action='{action}' initiator='{ANNA}' sid='7c6b12e8eb94'><content name='0' creator='initiator'/></jingle>"
        )
    };
    let story = [
        (1, "session-initiate"),
        (1, "transport-info"),
        (2, "session-accept"),
        (2, "content-modify"),
        (1, "session-terminate"),
    ];
    for (who, action) in story {
        let (other, address, own) = if who == 1 { (2, BERT, ANNA) } else { (1, ANNA, BERT) };
        let got = house.iq(who, "set", address, &jingle(action));
        let passed = to(other, &got)[0].clone();
        assert!(passed.to_string().contains(action) && passed.get("from") == Some(own), "{passed}");
        let got = answer(&mut house, other, own, passed.get("id").unwrap());
        assert_eq!((got[0].0, got[0].1.get("id")), (who, Some("q")));
    }
    assert!(
        house.events.iter().all(|event| !format!("{event:?}").contains("7c6b12e8eb94")),
        "no business of the bridge"
    );
}

#[test]
fn only_who_was_asked_can_answer() {
    let mut house = House::pair();
    house.join(3, C, JSON);
    let id = asked(&mut house);
    assert!(answer(&mut house, 3, ANNA, &id).is_empty());
    assert!(answer(&mut house, 2, "r@conference.d/cccccccc", &id).is_empty());
    for guess in ["q", "", "runde-1"] {
        assert!(answer(&mut house, 2, ANNA, guess).is_empty(), "{guess}");
    }
    assert_eq!(answer(&mut house, 2, ANNA, &id).len(), 1);
}

#[test]
fn a_question_to_nobody_or_to_somebody_who_leaves_is_answered_with_an_error() {
    let mut house = House::pair();
    let got = house.iq(1, "get", "r@conference.d/cccccccc", "<x xmlns='urn:x'/>");
    assert_eq!(condition(&got).as_deref(), Some("item-not-found"));
    asked(&mut house);
    let got = house.give(Input::Closed(ConnId(2)));
    let error = to(1, &got).into_iter().find(|e| e.get("type") == Some("error")).unwrap();
    assert_eq!((error.get("id"), error.get("from")), (Some("q"), Some(BERT)));
    house.connect(4);
    assert!(condition(&house.iq(4, "get", ANNA, "<x xmlns='urn:x'/>")).is_some(), "a stranger asks nobody");
}

#[test]
fn questions_without_answers_are_remembered_in_bounds() {
    let mut house = House::pair();
    let ids: Vec<String> = (0..100).map(|_| asked(&mut house)).collect();
    let answered = ids.iter().filter(|id| !answer(&mut house, 2, ANNA, id).is_empty()).count();
    assert_eq!(answered, 64);
    let long = format!("<iq xmlns='jabber:client' type='get' id='{}' to='{BERT}'/>", "x".repeat(300));
    assert_eq!(condition(&house.say(1, &long)).as_deref(), Some("policy-violation"));
    let big = format!("<x xmlns='urn:x'>{}</x>", "x".repeat(70_000));
    assert_eq!(condition(&house.iq(1, "set", BERT, &big)).as_deref(), Some("policy-violation"));
}
