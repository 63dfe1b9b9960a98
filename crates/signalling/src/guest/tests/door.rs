//! Every way a door can be: open, locked, guarded, not there yet; and who we are in front of it.

use super::*;

const LOBBY: &str = "rosa@lobby.meet.test";
const STANZAS: &str = "urn:ietf:params:xml:ns:xmpp-stanzas";

fn registration_required(inside: &str) -> String {
    format!("<registration-required xmlns='{STANZAS}'/>{inside}")
}

fn lobby_room() -> String {
    format!("<lobbyroom xmlns='http://jitsi.org/jitmeet'>{LOBBY}</lobbyroom>")
}

impl Stage {
    fn refuse(&mut self, inside: &str) {
        let nick = self.nick();
        self.hear(&format!("<presence xmlns='jabber:client' type='error' from='{ROOM}/{nick}'><error type='auth'>{inside}</error></presence>"));
    }

    fn in_lobby(&mut self, attributes: &str, inside: &str) {
        let nick = self.nick();
        self.hear(&format!("<presence xmlns='jabber:client' from='{LOBBY}/{nick}' {attributes}><x xmlns='http://jabber.org/protocol/muc#user'>{inside}</x></presence>"));
    }

    /// In front of a room with a lobby, already seen there.
    fn knocking() -> Self {
        let mut stage = Stage::entering();
        stage.refuse(&registration_required(&lobby_room()));
        stage.in_lobby("", "<item role='participant'/><status code='110'/>");
        stage
    }

    fn invite(&mut self, from: &str, inside: &str) {
        self.hear(&format!("<message xmlns='jabber:client' from='{from}'><x xmlns='http://jabber.org/protocol/muc#user'>{inside}</x></message>"));
    }

    fn conference_error(&mut self, inside: &str) {
        let id = self.id_of("conference");
        self.hear(&format!("<iq xmlns='jabber:client' from='focus.meet.test' type='error' id='{id}'><error type='cancel'>{inside}</error></iq>"));
    }

    fn mechanisms(&mut self, names: &[&str]) {
        let all: String = names.iter().map(|name| format!("<mechanism>{name}</mechanism>")).collect();
        self.hear(&format!("<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{all}</mechanisms></stream:features>"));
    }

    fn answered(&mut self, status: u16, body: &str) {
        self.give(Input::Conference { status, body: body.to_owned() });
    }
}

fn account() -> GuestConfig {
    let login = Login::Account { user: "user".into(), password: "pencil".into() };
    GuestConfig { login, ..config() }
}

fn by_http() -> GuestConfig {
    GuestConfig { conference_by_http: true, token: Some("t.o.k".into()), ..config() }
}

fn failed(stage: &Stage) -> Option<&Failure> {
    match stage.events.last() {
        Some(Event::Failed(failure)) => Some(failure),
        _ => None,
    }
}

#[test]
fn a_guest_knocks_waits_and_is_let_in_by_the_room_alone() {
    let mut stage = Stage::knocking();
    let knock = stage.last().clone();
    assert_eq!(knock.get("to"), Some(format!("{LOBBY}/{}", stage.nick()).as_str()));
    assert_eq!(knock.find("nick", ns::NICK).unwrap().own_text(), "Ada");
    assert_eq!(stage.events(), [Event::Waiting(Waiting::Lobby)]);
    for stranger in
        [LOBBY, "rosa@lobby.meet.test/aaaa0001", "rosa@conference.meet.test/aaaa0001", "evil@elsewhere.test"]
    {
        stage.invite(stranger, "<invite from='x@y'/>");
    }
    stage.invite(ROOM, "<invite to='somebody@else.test'/>");
    assert_eq!(stage.last(), &knock, "nobody but the room lets us in");
    stage.invite(ROOM, "<invite from='mod@meet.test'/><password>sesame</password>");
    let sent: Vec<_> = stage.sent.iter().rev().take(2).map(|frame| (frame.get("type"), frame.get("to"))).collect();
    let (room, lobby) = (format!("{ROOM}/{}", stage.nick()), format!("{LOBBY}/{}", stage.nick()));
    assert_eq!(sent, [(None, Some(room.as_str())), (Some("unavailable"), Some(lobby.as_str()))]);
    assert_eq!(stage.last().find("x", ns::MUC).unwrap().find("password", ns::MUC).unwrap().own_text(), "sesame");
    let stage = stage.arrive();
    assert!(matches!(stage.events[0], Event::Joined { .. }));
}

#[test]
fn a_lobby_ends_in_one_of_four_ways() {
    let end = |inside: &str| {
        let mut stage = Stage::knocking();
        stage.in_lobby("type='unavailable'", inside);
        stage
    };
    assert_eq!(failed(&end("<status code='307'/>")), Some(&Failure::LobbyRefused));
    assert_eq!(failed(&end("<status code='301'/>")), Some(&Failure::Banned));
    assert_eq!(failed(&end("<destroy/>")), Some(&Failure::LobbyClosed));
    let opened = end(&format!("<destroy jid='{ROOM}'/>"));
    assert_eq!(opened.last().get("to"), Some(format!("{ROOM}/{}", opened.nick()).as_str()));
}

#[test]
fn a_closed_room_without_a_lobby_a_name_or_an_end_is_told_as_such() {
    let mut stage = Stage::entering();
    stage.refuse(&registration_required(""));
    assert_eq!(failed(&stage), Some(&Failure::MembersOnly));
    let mut stage = Stage::with(GuestConfig { name: String::new(), ..config() }).bind("");
    stage.ready(true);
    stage.refuse(&registration_required(&lobby_room()));
    assert_eq!(failed(&stage), Some(&Failure::NameNeeded));
    let mut stage = Stage::knocking();
    for _ in 0..3 {
        stage.invite(ROOM, "<invite from='mod@meet.test'/>");
        stage.refuse(&registration_required(&lobby_room()));
    }
    assert_eq!(failed(&stage), Some(&Failure::MembersOnly));
}

#[test]
fn who_waits_in_a_lobby_keeps_the_connection_alive_and_may_go() {
    let mut stage = Stage::knocking();
    assert_eq!(stage.wait(), PING_EVERY);
    assert!(stage.last().find("ping", ns::PING).is_some());
    stage.command(Command::Leave);
    let sent: Vec<_> = stage.sent.iter().rev().take(2).map(Element::name).collect();
    assert_eq!(sent, ["close", "presence"]);
    let mut stage = Stage::knocking();
    while failed(&stage).is_none() {
        stage.wait();
    }
    assert_eq!(failed(&stage), Some(&Failure::Closed(Step::Knocking)));
    let mut stage = Stage::entering();
    stage.refuse(&registration_required(&lobby_room()));
    assert_eq!(stage.wait(), STEP_LIMIT);
    assert_eq!(failed(&stage), Some(&Failure::Silent(Step::Knocking)));
}

#[test]
fn a_room_without_its_host_is_looked_at_every_five_seconds_and_told_once() {
    let mut stage = Stage::bound();
    for _ in 0..30 {
        stage.conference_error(&format!("<not-authorized xmlns='{STANZAS}'/>"));
        assert_eq!(stage.wait(), Duration::from_secs(5));
    }
    assert_eq!(stage.events(), [Event::Waiting(Waiting::Host)]);
    stage.ready(false);
    stage.wait();
    stage.ready(true);
    stage.refuse(&registration_required("<waiting-for-host xmlns='http://jitsi.org/jitmeet'/>"));
    assert_eq!((stage.wait(), stage.events().len()), (Duration::from_secs(5), 0));
    stage.ready(true);
    let guarded = format!("<waiting-for-host xmlns='http://jitsi.org/jitmeet'/>{}", lobby_room());
    stage.refuse(&registration_required(&guarded));
    stage.in_lobby("", "<status code='110'/>");
    stage.invite(ROOM, "<invite from='host@meet.test'/>");
    assert!(matches!(stage.arrive().events[0], Event::Joined { .. }));
}

#[test]
fn every_refused_conference_request_has_its_own_meaning() {
    let stanza = |name: &str| format!("<{name} xmlns='{STANZAS}'/>");
    let reserved = stanza("service-unavailable")
        + "<reservation-error xmlns='http://jitsi.org/protocol/focus' error-code='409'/>"
        + &format!("<text xmlns='{STANZAS}'>later</text>");
    for (inside, failure) in [
        (stanza("service-unavailable"), Failure::NoFocus),
        (stanza("remote-server-not-found"), Failure::NoFocus),
        (stanza("forbidden"), Failure::NotAllowed),
        (reserved, Failure::NotReserved("later".into())),
        (stanza("internal-server-error"), Failure::RequestRefused("internal-server-error".into())),
    ] {
        let mut stage = Stage::bound();
        stage.conference_error(&inside);
        assert_eq!(failed(&stage), Some(&failure));
    }
    let mut stage = Stage::bound();
    let session = stanza("not-acceptable") + "<session-invalid xmlns='http://jitsi.org/protocol/focus'/>";
    for _ in 0..2 {
        stage.conference_error(&session);
        assert_eq!(stage.wait(), Duration::from_secs(1));
    }
    stage.conference_error(&session);
    assert_eq!(failed(&stage), Some(&Failure::RequestRefused("not-acceptable".into())));
    let mut stage = Stage::bound();
    let id = stage.id_of("conference");
    stage.hear(&format!("<iq xmlns='jabber:client' from='focus.meet.test' type='result' id='{id}'><conference xmlns='http://jitsi.org/protocol/focus' ready='true' vnode='v1' focusjid='focus@auth.v1.meet.test'/></iq>"));
    assert_eq!(failed(&stage), Some(&Failure::VisitorsOnly { node: "v1".into() }));
}

#[test]
fn a_deployment_may_want_to_be_asked_by_http() {
    let mut stage = Stage::with(by_http()).bind("");
    let Some(Event::AskConference { json }) = stage.events().pop() else { panic!("nothing asked") };
    assert!(json.contains(r#""room":"rosa@conference.meet.test""#) && !json.contains("t.o.k"), "{json}");
    assert!(!stage.sent.iter().any(|frame| frame.find("conference", ns::FOCUS).is_some()));
    stage.answered(200, r#"{"room":"x","ready":false,"focusJid":"focus@auth.meet.test"}"#);
    assert_eq!(stage.wait(), Duration::from_secs(1));
    stage.answered(200, r#"{"ready":true,"focusJid":"focus@auth.meet.test"}"#);
    stage.answered(200, r#"{"ready":true}"#);
    let stage = stage.arrive();
    assert!(matches!(stage.events[1], Event::Joined { .. }), "{:?}", stage.events);
}

#[test]
fn an_http_service_that_is_not_there_leaves_the_older_way_and_a_refusal_counts() {
    for (status, body) in [(0, ""), (404, "not found"), (502, ""), (200, "<html>"), (200, "{\"ready\":1,\"ready\":2}")]
    {
        let mut stage = Stage::with(by_http()).bind("");
        stage.answered(status, body);
        assert!(stage.last().find("conference", ns::FOCUS).is_some(), "{status}");
        assert_eq!(stage.last().find("conference", ns::FOCUS).unwrap().get("token"), Some("t.o.k"));
    }
    let after = |status, body: &str| {
        let mut stage = Stage::with(by_http()).bind("");
        stage.answered(status, body);
        failed(&stage).cloned()
    };
    assert_eq!(after(403, ""), Some(Failure::TokenRefused));
    assert_eq!(after(429, ""), Some(Failure::RequestRefused("HTTP status 429".into())));
    assert_eq!(after(200, r#"{"ready":true,"vnode":"v2"}"#), Some(Failure::VisitorsOnly { node: "v2".into() }));
    assert_eq!(after(400, "invalid-session"), None);
    let mut nobody = Stage::with(GuestConfig { token: None, ..by_http() }).bind("");
    nobody.answered(403, "");
    assert_eq!(nobody.events.last(), Some(&Event::Waiting(Waiting::Host)));
}

#[test]
fn a_wrong_password_is_told_from_a_missing_one() {
    let refused = format!("<not-authorized xmlns='{STANZAS}'/>");
    let mut stage = Stage::entering();
    stage.refuse(&refused);
    assert_eq!(failed(&stage), Some(&Failure::PasswordNeeded));
    let mut stage = Stage::with(GuestConfig { password: Some("sesame".into()), ..config() }).bind("");
    stage.ready(true);
    stage.refuse(&refused);
    assert_eq!(failed(&stage), Some(&Failure::PasswordWrong));
}

#[test]
fn an_account_is_proven_without_saying_its_password_where_the_server_can() {
    let login = |offered: &[&str]| {
        let mut stage = Stage::with(account());
        stage.give(Input::Opened);
        stage.mechanisms(offered);
        stage.sent.last().and_then(|frame| frame.get("mechanism")).map(str::to_owned)
    };
    assert_eq!(login(&["PLAIN", "SCRAM-SHA-1", "ANONYMOUS"]).as_deref(), Some("SCRAM-SHA-1"));
    assert_eq!(login(&["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"]).as_deref(), Some("SCRAM-SHA-256"));
    assert_eq!(login(&["ANONYMOUS", "PLAIN"]).as_deref(), Some("PLAIN"));
    let mut stage = Stage::with(account());
    stage.give(Input::Opened);
    stage.mechanisms(&["ANONYMOUS", "EXTERNAL"]);
    assert_eq!(failed(&stage), Some(&Failure::NoPasswordLogin));
}

#[test]
fn a_server_that_cannot_prove_the_password_gets_nothing_more() {
    let mut stage = Stage::with(account());
    stage.give(Input::Opened);
    stage.mechanisms(&["SCRAM-SHA-1"]);
    stage.hear("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
    assert_eq!(failed(&stage), Some(&Failure::ServerUnproven));
    let mut stage = Stage::with(account());
    stage.give(Input::Opened);
    stage.mechanisms(&["SCRAM-SHA-1"]);
    stage.hear("<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>bm9uc2Vuc2U=</challenge>");
    assert_eq!(failed(&stage), Some(&Failure::LoginRefused));
}

#[test]
fn a_refused_login_is_told_by_who_tried() {
    let refused = |config: GuestConfig, offered: &str| {
        let mut stage = Stage::with(config);
        stage.give(Input::Opened);
        stage.mechanisms(&[offered]);
        stage.hear("<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>");
        failed(&stage).cloned()
    };
    assert_eq!(refused(config(), "ANONYMOUS"), Some(Failure::AuthenticationNeeded));
    assert_eq!(refused(GuestConfig { token: Some("t".into()), ..config() }, "ANONYMOUS"), Some(Failure::TokenRefused));
    assert_eq!(refused(account(), "PLAIN"), Some(Failure::LoginRefused));
}

#[test]
fn secrets_do_not_show_in_what_is_printed_for_debugging() {
    let config = GuestConfig { password: Some("sesame".into()), token: Some("t.o.k".into()), ..account() };
    let mut stage = Stage::with(config.clone());
    stage.give(Input::Opened);
    stage.mechanisms(&["SCRAM-SHA-1"]);
    let shown = format!("{config:?} {:?}", stage.guest);
    for secret in ["sesame", "t.o.k", "pencil"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}
