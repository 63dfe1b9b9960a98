//! A moderator's requests as frames, and what a door shows to whom.

use super::*;

const LOBBY: &str = "rosa@lobby.meet.test";
const USER: &str = "http://jabber.org/protocol/muc#user";

impl Stage {
    /// In the room, with rights, before anything was said about the room.
    fn moderating() -> Self {
        let mut stage = Stage::present();
        stage.role("moderator");
        stage.events();
        stage
    }

    fn role(&mut self, role: &str) {
        let nick = self.nick();
        self.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'><x xmlns='{USER}'><item role='{role}'/><status code='110'/></x></presence>"));
    }

    fn rules(&mut self, features: &[&str], lobby: &str) {
        let asks = |frame: &&Element| frame.get("type") == Some("get") && frame.get("to") == Some(ROOM);
        let id = self.sent.iter().rev().find(asks).unwrap().get("id").unwrap().to_owned();
        let features: String = features.iter().map(|name| format!("<feature var='{name}'/>")).collect();
        let field = format!("<field var='muc#roominfo_lobbyroom'><value>{lobby}</value></field>");
        self.hear(&format!("<iq xmlns='jabber:client' type='result' id='{id}' from='{ROOM}'><query xmlns='http://jabber.org/protocol/disco#info'>{features}<x xmlns='jabber:x:data' type='result'>{field}</x></query></iq>"));
    }

    /// A moderator in the lobby of a room for members.
    fn at_the_door() -> Self {
        let mut stage = Stage::moderating();
        stage.rules(&["muc_membersonly"], LOBBY);
        stage.events();
        stage
    }

    fn knocks(&mut self, nick: &str, role: &str, inside: &str) {
        self.hear(&format!("<presence xmlns='jabber:client' from='{LOBBY}/{nick}'>{inside}<x xmlns='{USER}'><item role='{role}' jid='{nick}@meet.test/x'/></x></presence>"));
    }

    fn does(&mut self, what: Moderation) -> String {
        self.command(Command::Moderate(what));
        self.last().to_string()
    }
}

fn bo() -> String {
    "aaaa0001".to_owned()
}

#[test]
fn each_request_of_a_moderator_has_the_shape_that_jitsis_servers_know() {
    let mut stage = Stage::moderating();
    let mute = stage.does(Moderation::Mute { endpoint: bo(), what: Muted::Audio });
    assert!(mute.contains(&format!("to='{FOCUS}'")) && mute.contains("type='set'"), "{mute}");
    assert!(
        mute.contains(&format!("<mute xmlns='http://jitsi.org/jitmeet/audio' jid='{ROOM}/aaaa0001'>true</mute>")),
        "{mute}"
    );
    let kick = stage.does(Moderation::Kick { endpoint: bo() });
    assert!(kick.contains(&format!("to='{ROOM}'")) && kick.contains("<item nick='aaaa0001' role='none'/>"), "{kick}");
    let grant = stage.does(Moderation::Grant { endpoint: bo() });
    assert!(grant.contains("<item affiliation='owner' jid='bo@meet.test'/>"), "the bare real address: {grant}");
    let subject = stage.does(Moderation::SetSubject("Kapitel 7".into()));
    assert!(subject.contains("type='groupchat'") && subject.contains("<subject>Kapitel 7</subject>"), "{subject}");
}

#[test]
fn a_password_is_set_and_taken_away_by_the_rooms_form_and_keeps_a_lobby() {
    let mut stage = Stage::moderating();
    let set = stage.does(Moderation::SetPassword(Some("geheim".into())));
    for part in [
        "muc#owner",
        "type='submit'",
        "<field var='muc#roomconfig_roomsecret'><value>geheim</value></field>",
        "<field var='muc#roomconfig_passwordprotectedroom'><value>1</value></field>",
    ] {
        assert!(set.contains(part), "{part}: {set}");
    }
    assert!(!set.contains("membersonly"));
    stage.rules(&["muc_membersonly"], LOBBY);
    let gone = stage.does(Moderation::SetPassword(None));
    assert!(gone.contains("roomsecret'><value/></field>") || gone.contains("roomsecret'><value></value></field>"));
    assert!(gone.contains("<field var='muc#roomconfig_membersonly'><value>true</value></field>"), "{gone}");
}

#[test]
fn before_a_lobby_begins_those_who_are_in_the_room_are_made_members() {
    let mut stage = Stage::moderating();
    let sent = stage.sent.len();
    stage.command(Command::Moderate(Moderation::SetLobby(true)));
    let said: Vec<String> = stage.sent[sent..].iter().map(ToString::to_string).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("<item affiliation='member' jid='bo@meet.test'/>"), "{}", said[0]);
    assert!(said[1].contains("membersonly'><value>true</value>"), "{}", said[1]);
}

#[test]
fn whoever_is_no_moderator_asks_for_nothing() {
    let mut stage = Stage::present();
    stage.events();
    let sent = stage.sent.len();
    stage.command(Command::Moderate(Moderation::Kick { endpoint: bo() }));
    assert_eq!((stage.sent.len(), stage.events()), (sent, vec![ignored(Oddity::CommandOutOfPlace)]));
}

#[test]
fn a_refused_request_is_told_with_its_reason() {
    let mut stage = Stage::moderating();
    stage.does(Moderation::Kick { endpoint: bo() });
    let id = stage.last().get("id").unwrap().to_owned();
    stage.hear(&format!("<iq xmlns='jabber:client' type='error' id='{id}' from='{ROOM}'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"));
    assert_eq!(stage.events(), [Event::NotDone { condition: "forbidden".into() }]);
}

#[test]
fn the_rules_are_asked_with_the_rights_and_with_each_change_and_told_when_they_differ() {
    let mut stage = Stage::present();
    let asks = |stage: &Stage| stage.sent.iter().filter(|frame| frame.get("to") == Some(ROOM)).count();
    assert_eq!(asks(&stage), 0, "a guest has no use for them");
    stage.role("moderator");
    assert_eq!(asks(&stage), 1);
    stage.events();
    stage.rules(&["muc_passwordprotected"], "");
    assert_eq!(stage.events(), [Event::Rules(RoomRules { password: true, lobby: false })]);
    stage.hear(&format!("<message xmlns='jabber:client' type='groupchat' from='{ROOM}'><x xmlns='{USER}'><status code='104'/></x></message>"));
    assert_eq!(asks(&stage), 2);
    stage.rules(&["muc_passwordprotected"], "");
    assert_eq!(stage.events(), []);
}

#[test]
fn a_moderator_enters_the_lobby_sees_who_knocks_and_lets_in_by_real_address() {
    let mut stage = Stage::at_the_door();
    assert!(stage.sent.iter().any(|frame| frame.get("to").is_some_and(|to| to.starts_with(LOBBY))), "stands in it");
    stage.knocks("cccc0003", "participant", "<nick xmlns='http://jabber.org/protocol/nick'>Cy</nick>");
    let cy = || "cccc0003".to_owned();
    assert_eq!(stage.events(), [Event::Knocked { endpoint: cy(), name: "Cy".into() }]);
    let invited = stage.does(Moderation::LetIn { endpoint: cy() });
    assert!(invited.contains("<invite to='cccc0003@meet.test/x'/>") && invited.contains(&format!("to='{ROOM}'")));
    let sent_away = stage.does(Moderation::TurnAway { endpoint: cy() });
    assert!(sent_away.contains(&format!("to='{LOBBY}'")) && sent_away.contains("<item nick='cccc0003' role='none'/>"));
    stage.hear(&format!("<presence xmlns='jabber:client' type='unavailable' from='{LOBBY}/cccc0003'/>"));
    assert_eq!(stage.events(), [Event::KnockerGone { endpoint: cy() }]);
    stage.command(Command::Moderate(Moderation::LetIn { endpoint: cy() }));
    assert_eq!(stage.events(), [ignored(Oddity::CommandOutOfPlace)], "nobody of that name knocks any more");
}

#[test]
fn other_moderators_in_the_lobby_do_not_knock() {
    let mut stage = Stage::at_the_door();
    stage.knocks("dddd0004", "moderator", "");
    stage.knocks("aaaa0001", "participant", "");
    assert_eq!(stage.events(), []);
}

#[test]
fn who_knocks_is_forgotten_with_the_lobby_and_with_our_rights() {
    for end in ["lobby", "rights"] {
        let mut stage = Stage::at_the_door();
        stage.knocks("cccc0003", "participant", "");
        stage.events();
        let gone = Event::KnockerGone { endpoint: "cccc0003".into() };
        if end == "lobby" {
            let nick = stage.nick();
            stage.hear(&format!("<presence xmlns='jabber:client' type='unavailable' from='{LOBBY}/{nick}'><x xmlns='{USER}'><destroy/></x></presence>"));
            assert_eq!(stage.events(), [gone]);
        } else {
            stage.role("participant");
            assert_eq!(stage.events(), [Event::Role { moderator: false }, gone]);
            assert_eq!(stage.last().get("type"), Some("unavailable"));
        }
    }
}

#[test]
fn a_flood_of_knocking_takes_bounded_memory() {
    let mut stage = Stage::at_the_door();
    for number in 0..1_000 {
        stage.knocks(&format!("{number:08x}"), "participant", "");
    }
    assert_eq!(stage.events().len(), 100);
}

#[test]
fn a_room_that_wants_newcomers_silent_mutes_with_its_first_offer_and_not_with_a_repetition() {
    let muted = |what| Event::MutedByModerator { what, by: None };
    let wish =
        |audio, video| format!("{OFFER}<startmuted xmlns='{}' audio='{audio}' video='{video}'/>", ns::START_MUTED);
    let mut stage = Stage::present();
    stage.events();
    stage.jingle(FOCUS, "session-initiate", "s1", &wish("true", "false"));
    let events = stage.events();
    assert!(matches!(events[0], Event::Offer(_)));
    assert_eq!(events[1..], [muted(Muted::Audio)]);
    stage.jingle(FOCUS, "session-initiate", "s1", &wish("true", "true"));
    assert_eq!(stage.events(), []);
    stage.jingle(FOCUS, "session-initiate", "s2", &wish("yes", "1"));
    assert_eq!(stage.events()[2..], [muted(Muted::Video)]);
    stage.jingle(FOCUS, "session-initiate", "s3", &wish("true", "true").replace("ufrag='a'", ""));
    assert_eq!(stage.events(), [ignored(Oddity::MalformedJingle)], "an offer that is none says nothing");
    stage.jingle(&format!("{ROOM}/aaaa0001"), "session-initiate", "s4", &wish("true", "true"));
    assert_eq!(stage.events(), [], "nobody else may");
}
