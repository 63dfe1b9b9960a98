//! The guest against a server written by hand: each trap, refusal and detour on its own.

#![allow(clippy::wildcard_enum_match_arm, reason = "a test looks for few events among many")]

mod direct;
mod door;
mod extras;
mod moderate;
mod renew;
mod resume;
mod stage;

use super::*;
use stage::*;

#[test]
fn a_focus_that_is_not_ready_is_asked_again_after_one_two_and_four_seconds() {
    let mut stage = Stage::bound();
    for seconds in [1, 2, 4] {
        stage.ready(false);
        assert_eq!(stage.wait(), Duration::from_secs(seconds));
    }
    stage.ready(true);
    assert_eq!(stage.last().name(), "presence");
}

#[test]
fn a_taken_nick_is_replaced_and_the_third_collision_ends_it() {
    let mut stage = Stage::entering();
    let mut nicks = vec![stage.nick()];
    for _ in 0..3 {
        let nick = stage.nick();
        stage.hear(&format!("<presence xmlns='jabber:client' type='error' from='{ROOM}/{nick}'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"));
        nicks.push(stage.nick());
    }
    nicks.dedup();
    assert_eq!(nicks.len(), 3);
    assert_eq!(stage.events.last(), Some(&Event::Failed(Failure::NickTaken)));
}

#[test]
fn a_join_that_came_too_early_is_repeated_with_its_request_three_times() {
    let mut stage = Stage::entering();
    for _ in 0..4 {
        let nick = stage.nick();
        stage.hear(&format!("<presence xmlns='jabber:client' type='error' from='{ROOM}/{nick}'><error type='cancel'><not-allowed xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>"));
        if stage.events.is_empty() {
            stage.wait();
            stage.ready(true);
        }
    }
    assert_eq!(stage.events, [Event::Failed(Failure::NotAllowed)]);
    let joins = stage.sent.iter().filter(|frame| frame.name() == "presence");
    assert_eq!(joins.count(), 4);
}

#[test]
fn a_server_that_falls_silent_is_given_up_with_the_step_it_was_in() {
    let mut stage = Stage::entering();
    assert_eq!(stage.wait(), STEP_LIMIT);
    assert_eq!(stage.events, [Event::Failed(Failure::Silent(Step::Entering))]);
    stage.give(Input::Opened);
    assert!(stage.wake.is_none());
}

#[test]
fn a_focus_answer_in_somebody_elses_name_does_not_count() {
    let mut stage = Stage::bound();
    let id = stage.id_of("conference");
    stage.hear(&format!("<iq xmlns='jabber:client' from='{ROOM}/mallory' type='result' id='{id}'><conference xmlns='http://jitsi.org/protocol/focus' focusjid='mallory@meet.test' ready='true'/></iq>"));
    assert_eq!(stage.events, [ignored(Oddity::ForgedAnswer)]);
    assert_ne!(stage.last().name(), "presence");
}

#[test]
fn those_who_were_there_before_are_named_after_our_own_arrival() {
    let stage = Stage::present();
    let Some(Event::Joined { moderator: false, .. }) = stage.events.first() else {
        panic!("{:?}", stage.events);
    };
    let Some(Event::MemberJoined(bo)) = stage.events.get(1) else {
        panic!("{:?}", stage.events);
    };
    assert_eq!((bo.endpoint.as_str(), bo.name.as_deref()), ("aaaa0001", Some("Bo")));
    assert_eq!(stage.events.len(), 2);
}

#[test]
fn an_offer_is_confirmed_at_once_and_accepted_in_the_name_of_our_address() {
    let mut stage = Stage::present();
    stage.offer(FOCUS, "s1");
    assert_eq!(stage.last().get("type"), Some("result"));
    assert_eq!(stage.last().get("id"), Some("x1"));
    stage.accept();
    let jingle = stage.last().find("jingle", ns::JINGLE).unwrap();
    assert_eq!(jingle.get("responder"), Some("me@meet.test/1"));
    assert_eq!(jingle.get("initiator"), Some(FOCUS));
    stage.accepted();
    assert_eq!(stage.events.last(), Some(&Event::Accepted));
}

#[test]
fn changes_before_the_receipt_of_our_answer_wait_and_keep_their_order() {
    let mut stage = Stage::present();
    stage.offer(FOCUS, "s1");
    stage.adds("aaaa0001", 10);
    stage.accept();
    stage.adds("aaaa0001", 11);
    stage.jingle(FOCUS, "source-remove", "s1", &compact("aaaa0001", 10));
    assert_eq!(ssrcs(&stage.events()), []);
    stage.accepted();
    assert_eq!(ssrcs(&stage.events()), [('+', 10), ('+', 11), ('-', 10)]);
}

#[test]
fn a_member_who_leaves_takes_the_sources_along_waiting_ones_included() {
    let mut stage = Stage::present();
    stage.offer(FOCUS, "s1");
    stage.accept();
    stage.adds("aaaa0001", 11);
    stage.gone("aaaa0001", "");
    stage.accepted();
    let events = stage.events();
    assert_eq!(ssrcs(&events), []);
    assert!(!events.iter().any(|event| matches!(event, Event::Ignored { .. })), "{events:?}");

    let mut stage = Stage::in_session();
    stage.adds("aaaa0001", 11);
    stage.gone("aaaa0001", "");
    let events = stage.events();
    assert_eq!(ssrcs(&events), [('+', 11), ('-', 11)]);
    assert_eq!(events.last(), Some(&Event::MemberLeft { endpoint: "aaaa0001".into() }));
}

#[test]
fn sources_of_strangers_and_taken_ssrcs_are_refused_and_told_once() {
    let mut stage = Stage::in_session();
    stage.adds("bbbb0002", 20);
    stage.adds("bbbb0002", 21);
    stage.adds("aaaa0001", 1);
    stage.adds("aaaa0001", 30);
    let events = stage.events();
    assert_eq!(ssrcs(&events), [('+', 30)]);
    assert_eq!(events[..2], [ignored(Oddity::SourceOfStranger), ignored(Oddity::SsrcTaken)]);
}

#[test]
fn one_member_cannot_hold_more_sources_than_the_focus_allows() {
    let mut stage = Stage::in_session();
    for ssrc in 100..150 {
        stage.adds("aaaa0001", ssrc);
    }
    let events = stage.events();
    assert_eq!(ssrcs(&events).len(), roster::MAX_SOURCES);
    assert!(events.contains(&ignored(Oddity::TooMany)));
}

#[test]
fn a_member_who_plays_focus_changes_nothing() {
    let mut stage = Stage::in_session();
    let member = format!("{ROOM}/aaaa0001");
    stage.jingle(&member, "session-terminate", "s1", "");
    let error = stage.last().find("error", xml::CLIENT).unwrap();
    assert!(error.find("unknown-session", ns::JINGLE_ERRORS).is_some());
    stage.hear(&format!("<iq xmlns='jabber:client' type='set' id='m' from='{member}'><mute xmlns='http://jitsi.org/jitmeet/audio'>true</mute></iq>"));
    assert_eq!(stage.last().get("type"), Some("error"));
    stage.gone("aaaa0001", "");
    stage.adds("aaaa0001", 30);
    assert_eq!(
        stage.events(),
        [
            ignored(Oddity::ForgedFocus),
            Event::MemberLeft { endpoint: "aaaa0001".into() },
            ignored(Oddity::SourceOfStranger)
        ]
    );
}

#[test]
fn a_nick_named_focus_with_another_address_is_not_obeyed() {
    let mut stage = Stage::entering();
    stage.seen("focus", "mallory@meet.test/1", "");
    let nick = stage.nick();
    stage.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>"));
    stage.offer(FOCUS, "s1");
    assert!(!stage.events.iter().any(|event| matches!(event, Event::Offer(_))));
    assert_eq!(stage.events.first(), Some(&ignored(Oddity::ForgedFocus)));
}

#[test]
fn an_offer_of_another_guest_is_declined() {
    let mut stage = Stage::in_session();
    let sent = stage.sent.len();
    stage.offer(&format!("{ROOM}/aaaa0001"), "p2p");
    assert_eq!(stage.sent[sent].get("type"), Some("result"));
    let jingle = stage.last().find("jingle", ns::JINGLE).unwrap();
    assert_eq!(jingle.get("action"), Some("session-terminate"));
    assert!(jingle.find("reason", ns::JINGLE).unwrap().find("decline", ns::JINGLE).is_some());
    assert_eq!(stage.events(), []);
}

#[test]
fn a_terminated_session_is_followed_by_another_without_leaving_the_room() {
    let mut stage = Stage::in_session();
    stage.jingle(FOCUS, "session-terminate", "s1", "<reason><expired/></reason>");
    stage.jingle(FOCUS, "source-add", "s1", &compact("aaaa0001", 5));
    assert_eq!(stage.last().get("type"), Some("error"));
    stage.offer(FOCUS, "s2");
    let events = stage.events();
    assert_eq!(events[0], Event::Terminated { reason: "expired".into() });
    assert!(matches!(events[1], Event::Offer(_)));
}

#[test]
fn every_question_gets_an_answer() {
    let mut stage = Stage::present();
    stage.hear("<iq xmlns='jabber:client' type='get' id='v' from='meet.test'><query xmlns='jabber:iq:version'/></iq>");
    let error = stage.last().find("error", xml::CLIENT).unwrap();
    assert!(error.find("service-unavailable", ns::STANZAS).is_some());
    assert_eq!((stage.last().get("id"), stage.last().get("to")), (Some("v"), Some("meet.test")));
    stage.hear(&format!("<iq xmlns='jabber:client' type='get' id='d' from='{FOCUS}'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>"));
    assert_eq!(stage.last().find("query", ns::DISCO_INFO).unwrap().children().count(), FEATURES.len());
}

#[test]
fn chat_is_told_from_its_echo_and_private_lines_from_public_ones() {
    let mut stage = Stage::present();
    stage.events();
    let me = stage.nick();
    for from in [me.as_str(), "aaaa0001"] {
        stage.hear(&format!(
            "<message xmlns='jabber:client' type='groupchat' from='{ROOM}/{from}'><body>hi</body></message>"
        ));
    }
    stage.hear(&format!(
        "<message xmlns='jabber:client' type='chat' from='{ROOM}/aaaa0001'><body>psst</body></message>"
    ));
    stage.hear("<message xmlns='jabber:client' type='groupchat' from='other@conference.meet.test/x'><body>not here</body></message>");
    stage.command(Command::PrivateChat { to: "aaaa0001".into(), text: "pst".into() });
    let lines: Vec<(String, bool, Option<String>)> = stage
        .events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Chat(line) => Some((line.name, line.mine, line.to)),
            _other => None,
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("Ada".into(), true, None),
            ("Bo".into(), false, None),
            ("Bo".into(), false, Some(me)),
            ("Ada".into(), true, Some("aaaa0001".into())),
        ]
    );
}

#[test]
fn a_moderator_mutes_through_the_focus_and_cannot_unmute() {
    let mut stage = Stage::present();
    stage.events();
    for on in ["true", "false"] {
        stage.hear(&format!("<iq xmlns='jabber:client' type='set' id='m' from='{FOCUS}'><mute xmlns='http://jitsi.org/jitmeet/video' actor='{ROOM}/aaaa0001'>{on}</mute></iq>"));
        assert_eq!(stage.last().get("type"), Some("result"));
    }
    let muted = Event::MutedByModerator { what: Muted::Video, by: Some("aaaa0001".into()) };
    assert_eq!(stage.events(), [muted]);
}

#[test]
fn each_way_out_is_told_apart() {
    let kicked = |stage: &mut Stage| {
        let me = stage.nick();
        stage.gone(&me, "<item role='none'><actor nick='aaaa0001'/><reason>enough</reason></item><status code='307'/><status code='110'/>");
    };
    let destroyed = |stage: &mut Stage| {
        let me = stage.nick();
        stage.gone(&me, "<item role='none'/><destroy><reason>over</reason></destroy>");
    };
    let focus_left = |stage: &mut Stage| stage.gone("focus", "");
    let left = |stage: &mut Stage| stage.command(Command::Leave);
    let cut = |stage: &mut Stage| stage.give(Input::Closed);
    type Way<'a> = &'a dyn Fn(&mut Stage);
    let ways: [(Way, End); 5] = [
        (&kicked, End::Kicked { by: Some("aaaa0001".into()), reason: "enough".into() }),
        (&destroyed, End::Destroyed { reason: "over".into() }),
        (&focus_left, End::FocusLeft),
        (&left, End::Left),
        (&cut, End::Closed),
    ];
    for (way, end) in ways {
        let mut stage = Stage::present();
        stage.events();
        way(&mut stage);
        assert_eq!(stage.events(), [Event::Ended(end)]);
        assert_eq!(stage.wake, None);
    }
}

#[test]
fn two_pings_without_a_sign_of_life_mean_a_lost_connection_and_one_does_not() {
    let mut stage = Stage::present();
    stage.events();
    assert_eq!(stage.wait(), PING_EVERY);
    assert_eq!(stage.wait(), PING_LIMIT);
    // Something else arrives after the second ping: alive.
    stage.wait();
    stage.now += Duration::from_secs(1);
    stage.gone("nobody", "");
    stage.wait();
    assert_eq!(stage.events(), []);
    for _ in 0..4 {
        stage.wait();
    }
    assert_eq!(stage.events(), [Event::Ended(End::Lost)]);
}

#[test]
fn a_giant_presence_and_rubbish_are_ignored_and_the_meeting_goes_on() {
    let mut stage = Stage::in_session();
    let giant = "x".repeat(300 * 1024);
    stage.seen("cccc0003", "c@meet.test/1", &format!("<stats-id>{giant}</stats-id>"));
    stage.hear("<presence");
    stage.adds("aaaa0001", 30);
    let events = stage.events();
    assert_eq!(events[0], ignored(Oddity::UnreadableFrame));
    assert_eq!(ssrcs(&events), [('+', 30)]);
    assert_eq!(events.len(), 2);
}

#[test]
fn an_ssrc_that_is_in_our_answer_is_taken_from_whoever_had_it() {
    let mut stage = Stage::present();
    stage.jingle(FOCUS, "session-initiate", "s1", &(OFFER.to_owned() + &compact("aaaa0001", 1)));
    stage.events();
    stage.accept();
    let events = stage.events();
    assert_eq!(ssrcs(&events), [('-', 1)]);
    assert_eq!(events.last(), Some(&ignored(Oddity::SsrcTaken)));
}

#[test]
fn changes_cannot_pile_up_while_the_focus_keeps_its_receipt() {
    let mut stage = Stage::present();
    stage.offer(FOCUS, "s1");
    stage.accept();
    for ssrc in 0..1_000 {
        stage.jingle(FOCUS, "source-remove", "s1", &compact("aaaa0001", ssrc));
    }
    assert_eq!(stage.events().last(), Some(&ignored(Oddity::TooMany)));
    let State::Present(present) = &stage.guest.state else { panic!("{:?}", stage.guest) };
    assert!(matches!(&present.session, session::Session::Accepting { waiting, .. } if waiting.len() < 300));
}

#[test]
fn a_refused_answer_ends_the_session_and_not_the_meeting() {
    let mut stage = Stage::present();
    stage.offer(FOCUS, "s1");
    stage.accept();
    stage.events();
    let id = stage.last().get("id").unwrap().to_owned();
    stage.hear(&format!("<iq xmlns='jabber:client' type='error' id='{id}' from='{FOCUS}'><error type='modify'><bad-request xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"));
    assert_eq!(stage.events(), [Event::Terminated { reason: "bad-request".into() }]);
    stage.offer(FOCUS, "s2");
    assert!(matches!(stage.events()[..], [Event::Offer(_)]));
}

#[test]
fn a_server_without_anonymous_login_is_no_place_for_us() {
    let mut stage = Stage::new();
    stage.give(Input::Opened);
    stage.hear("<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>");
    assert_eq!(stage.events(), [Event::Failed(Failure::NoAnonymousLogin)]);
}

#[test]
fn a_command_that_comes_too_early_is_dropped_and_a_name_is_kept_for_the_join() {
    let mut stage = Stage::new();
    stage.command(Command::Chat("too early".into()));
    assert_eq!(stage.events(), [ignored(Oddity::CommandOutOfPlace)]);
    let mut stage = Stage::bound();
    stage.command(Command::SetName("Augusta".into()));
    stage.ready(true);
    assert_eq!(stage.last().text_of("nick", ns::NICK).as_deref(), Some("Augusta"));
}
