//! Broken connections: carried on where the server allows it, ended where it does not, and nobody sees himself twice.

use super::*;

const SM: &str = "urn:xmpp:sm:3";
const ENABLED: &str = "<enabled xmlns='urn:xmpp:sm:3' id='s1' resume='true' max='60'/>";
const STREAM: &str = "<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'>";

impl Stage {
    /// In the room of a server that counts stanzas; `enabled` is what it says to being asked for it.
    fn counted(enabled: &str) -> Self {
        let mut stage = Stage::new().bind("<sm xmlns='urn:xmpp:sm:3'/>");
        stage.hear(enabled);
        stage.ready(true);
        let mut stage = stage.arrive();
        stage.events();
        stage
    }

    /// A new socket stands; up to the resumption.
    fn reconnect(&mut self) {
        self.give(Input::Opened);
        self.hear(&format!("{STREAM}<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>"));
        self.hear("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        self.hear(&format!(
            "{STREAM}<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='{SM}'/></stream:features>"
        ));
    }

    /// What the server would confirm, had it received everything: stanzas since it was asked to count.
    fn stanzas(&self) -> Vec<String> {
        let from = self.sent.iter().position(|frame| frame.name() == "enable").unwrap();
        self.sent[from..].iter().filter(|frame| is_stanza(frame)).map(Element::to_string).collect()
    }

    fn names_since(&self, at: usize) -> Vec<&str> {
        self.sent[at..].iter().map(Element::name).collect()
    }
}

#[test]
fn a_cut_connection_is_resumed_and_only_what_got_lost_is_said_again() {
    let mut stage = Stage::counted(ENABLED);
    stage.hear(&format!(
        "<message xmlns='jabber:client' type='groupchat' from='{ROOM}/aaaa0001'><body>ho</body></message>"
    ));
    let arrived = stage.stanzas().len();
    stage.command(Command::Chat("lost".into()));
    stage.give(Input::Closed);
    stage.command(Command::Chat("said while away".into()));
    stage.command(Command::SetSourceInfo(BTreeMap::from([("x-a0".into(), SourceState::default())])));
    let told: Vec<_> = stage.events().into_iter().filter(|event| !matches!(event, Event::Chat(_))).collect();
    assert_eq!(told, [Event::Dial { previd: "s1".into() }]);
    let before = stage.sent.len();
    stage.reconnect();
    assert_eq!(stage.names_since(before), ["open", "auth", "open", "resume"]);
    // Answer of the focus, the presences of focus, member and ourselves, one line; nothing before `enabled`.
    assert_eq!((stage.last().get("previd"), stage.last().get("h")), (Some("s1"), Some("5")));
    stage.hear(&format!("<resumed xmlns='{SM}' previd='s1' h='{arrived}'/>"));
    let again: Vec<_> = stage.sent[before + 4..].iter().filter_map(|frame| frame.find("body", xml::CLIENT)).collect();
    assert_eq!(again.iter().map(|body| body.own_text()).collect::<Vec<_>>(), ["lost", "said while away"]);
    assert_eq!(stage.names_since(before + 4), ["message", "message", "presence", "r"]);
    assert_eq!(stage.events(), [Event::Resumed]);
    assert_eq!(stage.wait(), PING_EVERY);
    assert!(stage.last().find("ping", ns::PING).is_some());
}

#[test]
fn a_server_that_does_not_know_us_any_more_ends_the_stay() {
    let mut stage = Stage::counted(ENABLED);
    stage.give(Input::Closed);
    stage.events();
    stage.reconnect();
    stage.hear(&format!("<failed xmlns='{SM}'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>"));
    assert_eq!(stage.events(), [Event::Ended(End::Closed)]);
    assert_eq!(stage.wake, None);
}

#[test]
fn attempts_go_on_with_growing_pauses_until_the_server_has_forgotten_us() {
    let mut stage = Stage::counted(ENABLED);
    let cut = stage.now;
    stage.give(Input::Closed);
    let mut pauses = Vec::new();
    while !matches!(stage.events.last(), Some(Event::Ended(_))) {
        stage.give(Input::Closed);
        pauses.push(stage.wait().as_secs());
    }
    assert_eq!(pauses[..4], [1, 2, 4, 4]);
    assert_eq!(stage.now - cut, Duration::from_secs(60));
    assert_eq!(stage.events.last(), Some(&Event::Ended(End::Closed)));
}

#[test]
fn a_server_silent_in_the_midst_of_a_resumption_is_tried_again() {
    let mut stage = Stage::counted(ENABLED);
    stage.give(Input::Closed);
    stage.reconnect();
    assert_eq!(stage.wait(), STEP_LIMIT);
    assert_eq!(stage.wait(), Duration::from_secs(1));
    let dials = stage.events().into_iter().filter(|event| matches!(event, Event::Dial { .. })).count();
    assert_eq!(dials, 2);
    stage.reconnect();
    stage.hear(&format!("<resumed xmlns='{SM}' previd='s1' h='1'/>"));
    assert_eq!(stage.events(), [Event::Resumed]);
}

#[test]
fn a_dead_connection_is_replaced_before_it_is_given_up() {
    let mut stage = Stage::counted(ENABLED);
    while stage.events.is_empty() {
        stage.wait();
    }
    assert_eq!(stage.events(), [Event::Dial { previd: "s1".into() }]);
}

#[test]
fn without_a_resumable_session_a_cut_connection_ends_the_stay_at_once() {
    for enabled in [
        "<enabled xmlns='urn:xmpp:sm:3'/>",
        "<enabled xmlns='urn:xmpp:sm:3' id='s1'/>",
        "<failed xmlns='urn:xmpp:sm:3'/>",
        "<presence xmlns='jabber:client'/>",
    ] {
        let mut stage = Stage::counted(enabled);
        stage.give(Input::Closed);
        assert_eq!(stage.events(), [Event::Ended(End::Closed)], "{enabled}");
    }
}

#[test]
fn what_arrived_is_confirmed_when_asked_unreadable_stanzas_included() {
    let mut stage = Stage::counted(ENABLED);
    let asked = format!("<r xmlns='{SM}'/>");
    stage.hear(&asked);
    assert_eq!((stage.last().name(), stage.last().get("h")), ("a", Some("4")));
    stage.hear("<message xmlns='jabber:client'><body>&undeclared;</body></message>");
    stage.hear("nonsense");
    stage.hear(&format!("<a xmlns='{SM}' h='1'/>"));
    stage.hear(&asked);
    assert_eq!(stage.last().get("h"), Some("5"));
}

#[test]
fn what_a_lost_connection_left_in_the_room_is_nobody() {
    let former = vec!["old@meet.test/1".to_owned()];
    let mut stage = Stage::with(GuestConfig { former, ..config() }).bind("");
    assert_eq!(stage.guest.address(), Some("me@meet.test/1"));
    stage.ready(true);
    stage.seen("bbbb0001", "old@meet.test/1", "<nick xmlns='http://jabber.org/protocol/nick'>Ada</nick>");
    let mut stage = stage.arrive();
    let people = |events: &[Event]| {
        let joined = |event: &Event| match event {
            Event::MemberJoined(member) => Some(member.endpoint.clone()),
            _ => None,
        };
        events.iter().filter_map(joined).collect::<Vec<_>>()
    };
    assert_eq!(people(&stage.events()), ["aaaa0001"]);
    stage.seen("bbbb0001", "old@meet.test/1", "");
    stage.gone("bbbb0001", "");
    assert_eq!(stage.events(), []);
}

#[test]
fn another_network_means_another_connection_at_once_also_in_the_middle_of_a_pause() {
    let mut stage = Stage::counted(ENABLED);
    let dial = [Event::Dial { previd: "s1".into() }];
    stage.give(Input::NetworkChanged);
    assert_eq!(stage.events(), dial, "nothing was closed, it only leads nowhere");
    stage.give(Input::Closed);
    assert_eq!(stage.events(), [], "a pause");
    stage.give(Input::NetworkChanged);
    assert_eq!(stage.events(), dial);
    let mut stage = Stage::new();
    stage.give(Input::NetworkChanged);
    assert_eq!(stage.events(), [], "on the way in the socket tells for itself");
}
