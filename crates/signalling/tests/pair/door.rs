//! The door of a room between `Host` and `Guest`: passwords, the lobby, rights, guests that come anew.

use crate::stage::{Pair, ROOM, Seat};
use runde_signalling::guest::{Command, Event, Failure, Muted, Waiting};
use runde_signalling::ns;
use runde_signalling::xml::{Limits, parse};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(3);

/// An IQ to the room as a client with buttons for it would send it.
fn ask(pair: &mut Pair, seat: Seat, inside: &str) {
    let iq = format!("<iq xmlns='jabber:client' type='set' id='r' to='{ROOM}@conference.meet.test'>{inside}</iq>");
    pair.raw(seat, iq);
    pair.drive(SOON);
}

fn configure(pair: &mut Pair, seat: Seat, name: &str, value: &str) {
    let field = format!("<field var='muc#roomconfig_{name}'><value>{value}</value></field>");
    let form = format!("<x xmlns='jabber:x:data' type='submit'>{field}</x>");
    ask(pair, seat, &format!("<query xmlns='http://jabber.org/protocol/muc#owner'>{form}</query>"));
}

fn failure(pair: &mut Pair, seat: Seat) -> Option<Failure> {
    pair.events(seat).into_iter().find_map(|event| match event {
        Event::Failed(failure) => Some(failure),
        _other => None,
    })
}

fn joined(pair: &mut Pair, seat: Seat) -> bool {
    pair.events(seat).iter().any(|event| matches!(event, Event::Joined { .. }))
}

#[test]
fn a_guest_without_the_password_learns_that_it_needs_one_and_with_it_meets_the_others() {
    let mut pair = Pair::new(20);
    let ada = pair.seated("Ada");
    configure(&mut pair, ada, "roomsecret", "geheim & <sicher>".replace('&', "&amp;").replace('<', "&lt;").as_str());
    for password in [None, Some("geheim")] {
        let bo = pair.join_as("Bo", 2, password);
        pair.drive(SOON);
        let wanted = if password.is_some() { Failure::PasswordWrong } else { Failure::PasswordNeeded };
        assert_eq!(failure(&mut pair, bo), Some(wanted));
    }
    let bo = pair.join_as("Bo", 2, Some("geheim & <sicher>"));
    pair.drive(SOON);
    assert!(joined(&mut pair, bo));
    assert_eq!(pair.host.guests(ROOM), 2);
}

/// The moderator enters the lobby; yields the full address of the one who knocks there.
fn knocker(pair: &mut Pair, moderator: Seat) -> String {
    let nick = pair.endpoint(moderator);
    let lobby = format!("{ROOM}@lobby.meet.test");
    let x = "<x xmlns='http://jabber.org/protocol/muc'/>";
    pair.raw(moderator, format!("<presence xmlns='jabber:client' to='{lobby}/{nick}'>{x}</presence>"));
    pair.drive(SOON);
    let own = format!("{lobby}/{nick}");
    let frames = pair.guests[&moderator].frames.iter().map(|frame| parse(frame, &Limits::FOCUS).unwrap());
    let mut others = frames.filter(|frame| frame.name() == "presence").filter(|presence| {
        presence.get("from").is_some_and(|from| from.starts_with(&lobby) && from != own)
            && presence.get("type").is_none()
    });
    let presence = others.next().expect("nobody knocks");
    let item = presence.find("x", ns::MUC_USER).and_then(|x| x.find("item", ns::MUC_USER)).unwrap();
    item.get("jid").unwrap().to_owned()
}

#[test]
fn a_guest_before_a_members_only_room_knocks_waits_and_enters_when_it_is_let_in() {
    let mut pair = Pair::new(21);
    let ada = pair.seated("Ada");
    configure(&mut pair, ada, "roomsecret", "geheim");
    configure(&mut pair, ada, "membersonly", "1");
    let bo = pair.join("Bo");
    pair.drive(SOON);
    assert!(pair.events(bo).contains(&Event::Waiting(Waiting::Lobby)));
    assert_eq!((joined(&mut pair, bo), pair.host.guests(ROOM)), (false, 1));

    let address = knocker(&mut pair, ada);
    let invite = format!("<x xmlns='http://jabber.org/protocol/muc#user'><invite to='{address}'/></x>");
    pair.raw(ada, format!("<message xmlns='jabber:client' id='i' to='{ROOM}@conference.meet.test'>{invite}</message>"));
    pair.drive(SOON);
    assert_eq!((joined(&mut pair, bo), pair.host.guests(ROOM)), (true, 2));
    assert!(pair.guests[&bo].frames.iter().all(|frame| !frame.contains("geheim")), "T-11");
}

#[test]
fn a_guest_sent_away_in_the_lobby_learns_it() {
    let mut pair = Pair::new(29);
    let ada = pair.seated("Ada");
    configure(&mut pair, ada, "membersonly", "1");
    let bo = pair.join("Bo");
    pair.drive(SOON);
    let address = knocker(&mut pair, ada);
    assert!(!address.is_empty());
    let nick = pair.guests[&ada].frames.iter().rev().find_map(|frame| {
        let from = parse(frame, &Limits::FOCUS).ok()?.get("from")?.to_owned();
        let nick = from.strip_prefix(&format!("{ROOM}@lobby.meet.test/"))?.to_owned();
        (nick != pair.endpoint(ada)).then_some(nick)
    });
    let item = format!("<item nick='{}' role='none'/>", nick.unwrap());
    let query = format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>");
    pair.raw(ada, format!("<iq xmlns='jabber:client' type='set' id='k' to='{ROOM}@lobby.meet.test'>{query}</iq>"));
    pair.drive(SOON);
    assert_eq!(failure(&mut pair, bo), Some(Failure::LobbyRefused));
}

#[test]
fn rights_pass_on_by_promotion_and_by_leaving() {
    let mut pair = Pair::new(22);
    let (ada, bo, cy) = (pair.seated("Ada"), pair.seated("Bo"), pair.seated("Cy"));
    pair.hush();
    let nick = pair.endpoint(cy);
    let item = format!("<item affiliation='owner' nick='{nick}'/>");
    ask(&mut pair, ada, &format!("<query xmlns='http://jabber.org/protocol/muc#admin'>{item}</query>"));
    assert!(pair.events(cy).contains(&Event::Role { moderator: true }));
    pair.command(ada, Command::Leave);
    pair.command(cy, Command::Leave);
    pair.drive(SOON);
    assert!(pair.events(bo).contains(&Event::Role { moderator: true }));
}

#[test]
fn a_moderator_silences_camera_and_screen_too_and_names_the_meeting() {
    let mut pair = Pair::new(23);
    let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
    let victim = format!("{ROOM}@conference.meet.test/{}", pair.endpoint(bo));
    for (media, what) in [("video", Muted::Video), ("desktop", Muted::Desktop)] {
        pair.hush();
        let order = format!("<mute xmlns='http://jitsi.org/jitmeet/{media}' jid='{victim}'>true</mute>");
        pair.raw(
            ada,
            format!("<iq xmlns='jabber:client' type='set' id='m' to='{ROOM}@conference.meet.test/focus'>{order}</iq>"),
        );
        pair.drive(SOON);
        let by = Some(pair.endpoint(ada));
        assert_eq!(pair.events(bo), [Event::MutedByModerator { what, by }]);
    }
    pair.raw(ada, format!("<message xmlns='jabber:client' type='groupchat' to='{ROOM}@conference.meet.test'><subject>Montag</subject></message>"));
    pair.drive(SOON);
    assert_eq!(pair.events(bo), [Event::Subject("Montag".into())]);
}

#[test]
fn a_guest_that_lost_its_network_and_comes_anew_is_seen_once_half_a_minute_later() {
    for seed in 24..28 {
        let mut pair = Pair::new(seed);
        let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
        pair.go_dark(bo);
        pair.drive(SOON);
        assert_eq!(pair.host.guests(ROOM), 2, "the host still waits");
        pair.hush();
        let again = pair.join_as("Bo", bo, None);
        pair.drive(Duration::from_secs(30));
        let left: Vec<Event> = pair.events(ada).into_iter().filter(|e| matches!(e, Event::MemberLeft { .. })).collect();
        assert_eq!(left, [Event::MemberLeft { endpoint: pair.endpoint(bo) }], "seed {seed}");
        assert!(joined(&mut pair, again));
        assert_eq!(pair.host.guests(ROOM), 2);
    }
}
