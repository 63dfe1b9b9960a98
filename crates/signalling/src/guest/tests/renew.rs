//! Another transport for the session that stands: in place, or by `transport-replace`.

use super::stage::*;
use super::*;
use crate::jingle::Transport;

fn transport(ufrag: &str, generation: &str) -> String {
    format!(
        "<content xmlns='urn:xmpp:jingle:1' name='audio' creator='initiator'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' {generation} ufrag='{ufrag}' pwd='secret'/></content>"
    )
}

fn generation(number: u32) -> String {
    format!("ice-generation='{number}'")
}

fn renewals(events: &[Event]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| if let Event::Renewed(transport) = event { Some(transport.ufrag.as_str()) } else { None })
        .collect()
}

fn own_half() -> Command {
    Command::Renewed { transport: Transport { ufrag: "mine".into(), pwd: "too".into(), ..Transport::default() } }
}

fn sent_jingle(stage: &Stage) -> &Element {
    stage.last().find("jingle", ns::JINGLE).unwrap()
}

/// Asks for new credentials; the answer to it is of `kind`.
fn ask(stage: &mut Stage, kind: &str, inside: &str) {
    stage.command(Command::Renew);
    let id = stage.last().get("id").unwrap().to_owned();
    stage.hear(&format!("<iq xmlns='jabber:client' type='{kind}' id='{id}' from='{FOCUS}'>{inside}</iq>"));
}

#[test]
fn new_credentials_are_asked_for_in_place_and_answered_with_own_ones_in_each_section() {
    let mut stage = Stage::in_session();
    stage.command(Command::Renew);
    let wish = sent_jingle(&stage);
    assert_eq!((wish.get("action"), wish.get("sid")), (Some("session-info"), Some("s1")));
    assert_eq!(wish.find("bridge-session", ns::FOCUS).unwrap().get("ice-restart"), Some("true"));
    stage.jingle(FOCUS, "transport-info", "s1", &transport("new", &generation(1)));
    assert_eq!(stage.last().get("type"), Some("result"));
    assert_eq!(renewals(&stage.events()), ["new"]);
    stage.command(own_half());
    let half = sent_jingle(&stage);
    assert_eq!((half.get("action"), half.get("initiator")), (Some("transport-info"), Some(FOCUS)));
    let content = half.find("content", ns::JINGLE).unwrap();
    assert_eq!((content.get("name"), content.get("creator")), (Some("audio"), Some("responder")));
    let told = content.find("transport", ns::ICE_UDP).unwrap();
    assert_eq!((told.get("ice-generation"), told.get("ufrag")), (Some("1"), Some("mine")));
    stage.command(own_half());
    assert_eq!(stage.events(), [ignored(Oddity::CommandOutOfPlace)], "it is said once");
}

#[test]
fn credentials_that_are_old_known_or_for_nothing_change_nothing() {
    let mut stage = Stage::in_session();
    stage.jingle(FOCUS, "transport-info", "s1", &transport("new", &generation(2)));
    stage.jingle(FOCUS, "transport-info", "s1", &transport("again", &generation(2)));
    stage.jingle(FOCUS, "transport-info", "s1", &transport("older", &generation(1)));
    stage.jingle(FOCUS, "transport-info", "s1", &transport("new", ""));
    assert_eq!(renewals(&stage.events()), ["new"]);
    stage.jingle(FOCUS, "transport-info", "s1", &transport("", &generation(3)));
    assert_eq!(stage.last().get("type"), Some("error"));
    stage.jingle(FOCUS, "transport-info", "other", &transport("x", &generation(3)));
    assert_eq!(stage.last().get("type"), Some("error"));
    assert_eq!(stage.events(), [ignored(Oddity::MalformedJingle)]);

    let mut early = Stage::present();
    early.offer(FOCUS, "s1");
    early.events();
    early.jingle(FOCUS, "transport-info", "s1", &transport("new", &generation(1)));
    early.command(Command::Renew);
    assert_eq!(early.events(), [ignored(Oddity::CommandOutOfPlace)], "the session does not stand yet");
}

#[test]
fn a_member_cannot_bring_credentials() {
    let mut stage = Stage::in_session();
    stage.jingle(&format!("{ROOM}/aaaa0001"), "transport-info", "s1", &transport("evil", &generation(1)));
    stage.jingle(&format!("{ROOM}/aaaa0001"), "transport-replace", "s1", OFFER);
    assert_eq!(stage.events(), [ignored(Oddity::ForgedFocus)]);
}

#[test]
fn a_refusal_is_told_with_its_condition_unless_the_session_is_another_by_then() {
    for condition in ["feature-not-implemented", "resource-constraint", "item-not-found"] {
        let mut stage = Stage::in_session();
        let error = format!("<error type='wait'><{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
        ask(&mut stage, "error", &error);
        assert_eq!(stage.events(), [Event::NotRenewed { condition: condition.into() }]);
    }
    let mut stage = Stage::in_session();
    ask(&mut stage, "result", "");
    assert_eq!(stage.events(), [], "credentials follow or do not");
    stage.command(Command::Renew);
    let id = stage.last().get("id").unwrap().to_owned();
    stage.offer(FOCUS, "s2");
    stage.events();
    stage.hear(&format!("<iq xmlns='jabber:client' type='error' id='{id}' from='{FOCUS}'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"));
    assert_eq!(stage.events(), []);
}

#[test]
fn a_fresh_session_that_the_focus_refuses_is_told_and_one_that_it_grants_is_not() {
    for (kind, error, told) in [
        ("result", String::new(), vec![]),
        (
            "error",
            format!("<error type='wait'><resource-constraint xmlns='{}'/></error>", ns::STANZAS),
            vec![Event::NotRestarted { condition: "resource-constraint".into() }],
        ),
    ] {
        let mut stage = Stage::in_session();
        stage.command(Command::Restart);
        let id = stage.last().get("id").unwrap().to_owned();
        assert_eq!(stage.events(), [Event::Terminated { reason: "restart".into() }]);
        stage.hear(&format!("<iq xmlns='jabber:client' type='{kind}' id='{id}' from='{FOCUS}'>{error}</iq>"));
        assert_eq!(stage.events(), told);
    }
}

#[test]
fn a_session_that_moves_to_another_bridge_is_answered_as_one_and_keeps_its_name() {
    let mut stage = Stage::in_session();
    stage.jingle(FOCUS, "transport-replace", "s1", OFFER);
    let events = stage.events();
    assert_eq!(events[0], Event::Terminated { reason: "replaced".into() });
    assert!(matches!(&events[1], Event::Offer(offer) if offer.sid == "s1"), "{events:?}");
    stage.accept();
    let accept = sent_jingle(&stage);
    assert_eq!((accept.get("action"), accept.get("sid")), (Some("transport-accept"), Some("s1")));
    assert_eq!(accept.find("content", ns::JINGLE).unwrap().get("creator"), Some("responder"));
    let id = stage.last().get("id").unwrap().to_owned();
    stage.hear(&format!("<iq xmlns='jabber:client' type='result' id='{id}' from='{FOCUS}'/>"));
    assert_eq!(stage.events(), [Event::Accepted]);
}

#[test]
fn a_replaced_transport_that_is_only_credentials_is_taken_in_place() {
    let mut stage = Stage::in_session();
    stage.jingle(FOCUS, "transport-replace", "s1", &transport("new", ""));
    assert_eq!(renewals(&stage.events()), ["new"]);
    stage.command(own_half());
    assert_eq!(sent_jingle(&stage).get("action"), Some("transport-accept"));
    stage.jingle(FOCUS, "transport-replace", "s1", "");
    assert_eq!(stage.last().get("type"), Some("error"));
}
