//! The direct connection of two: answered as recorded, offered by the smaller id, over with the third, and closed to everybody else.

use super::stage::*;
use super::*;
use crate::jingle::{
    Candidate, CandidateKind, Fingerprint, Form, Jingle, Kind, Senders, Setup, Source, Transport, VideoType, VideoWish,
};

/// A client's offer, as a real one sent it.
const RECORDED: &str = include_str!("../../../tests/traces/p2p-session-initiate.xml");
/// Smaller and larger than any id of ours.
const SMALL: &str = "00000000";
const LARGE: &str = "ffffffff";

fn member(endpoint: &str) -> String {
    format!("{ROOM}/{endpoint}")
}

/// In the room with the focus and this one member.
fn with(endpoint: &str, direct: bool) -> Stage {
    let config = GuestConfig { direct, offers_direct: Some(Duration::from_secs(5)), ..config() };
    let mut stage = Stage::with(config).bind("");
    stage.ready(true);
    stage.seen("focus", "focus@auth.meet.test/focus", "");
    stage.seen(endpoint, "bo@meet.test/1", "");
    let nick = stage.nick();
    stage.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'><item role='participant'/><status code='110'/></x></presence>"));
    stage
}

/// The recorded offer in the words of this member.
fn offer_of(endpoint: &str) -> String {
    let text = RECORDED.replace("tracep2p@conference.meet.test/a10a7f95", &member(endpoint));
    text.replace("a10a7f95", endpoint)
}

fn news(stage: &mut Stage) -> Vec<DirectNews> {
    let news = |event| if let Event::Direct(news) = event { Some(news) } else { None };
    stage.events().into_iter().filter_map(news).collect()
}

fn over(reason: &str) -> DirectNews {
    DirectNews::Over { reason: reason.into() }
}

fn transport() -> Transport {
    Transport {
        ufrag: "ours".into(),
        pwd: "o".repeat(24),
        fingerprint: Some(Fingerprint { hash: "sha-256".into(), value: "AA:BB".into() }),
        setup: Some(Setup::Active),
        ..Transport::default()
    }
}

fn order(stage: &mut Stage, order: DirectOrder) {
    stage.command(Command::Direct(order));
}

fn accept(stage: &mut Stage) {
    order(stage, DirectOrder::Accept { transport: transport(), sources: vec![ours(1)], groups: Vec::new() });
}

fn offer(stage: &mut Stage) {
    order(stage, DirectOrder::Offer { transport: transport(), sources: vec![ours(1)], groups: Vec::new() });
}

/// The newest Jingle that was sent, with its recipient.
fn said(stage: &Stage) -> (String, Jingle) {
    let frame = stage.sent.iter().rev().find(|frame| frame.find("jingle", ns::JINGLE).is_some()).unwrap();
    let jingle = Jingle::from_xml(frame.find("jingle", ns::JINGLE).unwrap()).unwrap();
    (frame.get("to").unwrap().to_owned(), jingle)
}

fn reason(stage: &Stage) -> String {
    said(stage).1.reason.unwrap().condition
}

/// Answered, from a member with a small id.
fn agreed() -> Stage {
    let mut stage = with(SMALL, true);
    stage.hear(&offer_of(SMALL));
    accept(&mut stage);
    stage.events();
    stage
}

/// Offered and taken, to a member with a large id.
fn taken() -> Stage {
    let mut stage = with(LARGE, true);
    stage.events();
    offer(&mut stage);
    let sid = said(&stage).1.sid;
    answer(&mut stage, LARGE, &sid, &direct_contents());
    stage
}

/// What somebody answers to an offer of ours.
fn answer(stage: &mut Stage, from: &str, sid: &str, contents: &[crate::jingle::Content]) {
    let mut accept = Jingle::new(crate::jingle::Action::SessionAccept, sid);
    accept.contents = contents.to_vec();
    for content in &mut accept.contents {
        content.transport = Some(transport());
    }
    let source = |kind, ssrc, name: &str| Source {
        kind,
        ssrc,
        name: name.into(),
        owner: None,
        msid: None,
        video_type: VideoType::Camera,
    };
    accept.sources.sources =
        vec![source(Kind::Audio, 70, &format!("{from}-a0")), source(Kind::Video, 71, &format!("{from}-v0"))];
    let jingle = accept.to_xml(Form::Xml);
    stage.hear(&format!("<iq xmlns='jabber:client' type='set' id='x2' from='{}'>{jingle}</iq>", member(from)));
}

fn address(ip: &str) -> String {
    format!(
        "<candidate component='1' foundation='1' generation='0' id='a' ip='{ip}' network='0' port='9' priority='1' protocol='udp' type='host'/>"
    )
}

fn addresses(all: &str) -> String {
    format!(
        "<content name='0' creator='initiator'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='a' pwd='b'>{all}</transport></content>"
    )
}

#[test]
fn a_recorded_offer_is_answered_in_its_own_names_and_numbers() {
    let mut stage = with(SMALL, true);
    stage.hear(&offer_of(SMALL));
    let [DirectNews::Offered(offer)] = &news(&mut stage)[..] else { panic!("no offer") };
    let names: Vec<_> = offer.sources.sources.iter().map(|s| (s.name.as_str(), s.owner.as_deref().unwrap())).collect();
    assert_eq!(names, [("00000000-a0", SMALL), ("00000000-v0", SMALL), ("00000000-v0", SMALL)]);
    assert_eq!(offer.sources.rtx_of(1_334_608_527), Some(369_246_119));
    accept(&mut stage);
    let (to, accept) = said(&stage);
    assert_eq!((to, accept.sid.as_str()), (member(SMALL), "7c6b12e8eb94"));
    assert_eq!(accept.initiator, Some(member(SMALL)));
    assert_eq!(accept.responder.as_deref(), Some("me@meet.test/1"));
    assert_eq!(accept.bundle, ["0", "1"]);
    let spoken: Vec<Vec<(u8, &str)>> = accept
        .contents
        .iter()
        .map(|content| content.payload_types.iter().map(|each| (each.id, each.name.as_str())).collect())
        .collect();
    assert_eq!(spoken, [vec![(111, "opus")], vec![(96, "VP8"), (97, "rtx")]]);
    assert_eq!(accept.transport().unwrap().ufrag, "ours");
    assert_eq!((accept.sources.sources.len(), accept.bridge_session), (1, None));
}

#[test]
fn addresses_and_wishes_go_both_ways_once_the_offer_is_answered() {
    let mut stage = agreed();
    let own = Candidate {
        foundation: "1".into(),
        component: 1,
        protocol: "udp".into(),
        priority: 7,
        addr: "192.0.2.1:9".parse().unwrap(),
        kind: CandidateKind::Host,
        related: None,
    };
    order(&mut stage, DirectOrder::Candidates(Transport { candidates: vec![own], ..transport() }));
    let (to, told) = said(&stage);
    assert_eq!((to, told.action.as_str()), (member(SMALL), "transport-info"));
    assert_eq!((told.contents[0].name.as_str(), told.transport().unwrap().candidates.len()), ("0", 1));
    stage.jingle(&member(SMALL), "transport-info", "7c6b12e8eb94", &addresses(&address("192.0.2.2")));
    assert_eq!(stage.last().get("type"), Some("result"));
    let named = news(&mut stage);
    assert!(matches!(&named[..], [DirectNews::Candidates(named)] if named[0].addr.to_string() == "192.0.2.2:9"));

    let wish = VideoWish { senders: Senders::Both, heights: [("00000000-v0".to_owned(), 360)].into() };
    order(&mut stage, DirectOrder::Want(wish.clone()));
    assert_eq!((said(&stage).1.action.as_str(), said(&stage).1.wish), ("content-modify", Some(wish)));
    for (senders, pictures) in [("both", true), ("initiator", false), ("none", false), ("responder", true)] {
        let inside = format!(
            "<content name='video' senders='{senders}'><source-frame-height xmlns='http://jitsi.org/jitmeet/video' sourceName='me-v0' maxHeight='180'/></content>"
        );
        stage.jingle(&member(SMALL), "content-modify", "7c6b12e8eb94", &inside);
        let wished = news(&mut stage);
        assert!(
            matches!(&wished[..], [DirectNews::Wish { pictures: told, wish }] if *told == pictures && wish.heights["me-v0"] == 180),
            "{wished:?}"
        );
    }
}

#[test]
fn a_screen_is_added_under_the_sections_own_name_and_theirs_is_told() {
    let mut stage = agreed();
    let screen = Source { kind: Kind::Video, ssrc: 5, name: "me-v1".into(), video_type: VideoType::Desktop, ..ours(5) };
    order(&mut stage, DirectOrder::Add { sources: vec![screen], groups: Vec::new() });
    let added = said(&stage).1;
    assert_eq!((added.action.as_str(), added.contents.len(), added.contents[0].name.as_str()), ("source-add", 1, "1"));
    assert_eq!(added.sources.sources[0].name, "me-v1");
    let theirs = |name: &str| {
        format!(
            "<content name='1'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'><source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='9' name='{name}' videoType='desktop'/></description></content>"
        )
    };
    stage.jingle(&member(SMALL), "source-add", "7c6b12e8eb94", &theirs("00000000-v1"));
    stage.jingle(&member(SMALL), "source-remove", "7c6b12e8eb94", &theirs("00000000-v1"));
    let told = news(&mut stage);
    assert!(
        matches!(&told[..], [DirectNews::SourcesAdded(added), DirectNews::SourcesRemoved(gone)] if added.sources[0].ssrc == 9 && gone[0].ssrc == 9),
        "{told:?}"
    );
    stage.jingle(&member(SMALL), "source-add", "7c6b12e8eb94", &theirs("aaaa0001-v1"));
    assert_eq!(stage.events(), [ignored(Oddity::SourceOfStranger)], "somebody else's name");
    let bridges = theirs("jvb-v0")
        .replace("'desktop'/>", "'desktop'><ssrc-info xmlns='http://jitsi.org/jitmeet' owner='jvb'/></source>");
    stage.jingle(&member(SMALL), "source-add", "7c6b12e8eb94", &bridges);
    assert_eq!(stage.events(), [], "there is no bridge here; told once");
}

#[test]
fn sources_without_names_get_those_of_the_one_who_sends_them() {
    let mut stage = with(SMALL, true);
    stage.hear(&offer_of(SMALL).replace("name=\"00000000-a0\"", "").replace("name=\"00000000-v0\"", ""));
    let [DirectNews::Offered(offer)] = &news(&mut stage)[..] else { panic!("no offer") };
    let names: Vec<_> = offer.sources.sources.iter().map(|source| source.name.as_str()).collect();
    assert_eq!(names, ["00000000-a0", "00000000-v0", "00000000-v0"]);
}

#[test]
fn the_smaller_id_offers_at_once_and_the_larger_waits_for_it() {
    assert_eq!(news(&mut with(LARGE, true)), [DirectNews::Wanted]);
    assert_eq!(news(&mut with(SMALL, true)), []);
    assert_eq!(news(&mut with(LARGE, false)), [], "nobody switched it on");

    let mut stage = taken();
    let (to, offered) = said(&stage);
    assert_eq!((to, offered.action.as_str()), (member(LARGE), "session-initiate"));
    assert_eq!(offered.initiator, Some(format!("{ROOM}/{}", stage.nick())));
    assert!(offered.sid.len() == 12 && offered.contents[0].name == "0" && offered.contents[1].name == "1");
    assert_eq!(offered.contents[1].transport.as_ref().unwrap().fingerprint.as_ref().unwrap().value, "AA:BB");
    let [DirectNews::Accepted(answer)] = &news(&mut stage)[..] else { panic!("not accepted") };
    assert_eq!(answer.sources.sources.iter().map(|source| source.ssrc).collect::<Vec<_>>(), [70, 71]);
}

#[test]
fn a_third_person_ends_it_and_it_is_offered_again_five_seconds_after_they_left() {
    let mut stage = taken();
    stage.events();
    stage.seen("aaaa0001", "cleo@meet.test/1", "");
    assert_eq!(
        (reason(&stage).as_str(), said(&stage).1.reason.unwrap().text.as_deref()),
        ("success", Some("Turning off P2P session"))
    );
    assert_eq!(news(&mut stage), [over("success")]);
    stage.gone("aaaa0001", "");
    assert_eq!(news(&mut stage), [], "not at once");
    assert_eq!(stage.wait(), Duration::from_secs(5));
    assert_eq!(news(&mut stage), [DirectNews::Wanted]);
    stage.seen("aaaa0001", "cleo@meet.test/1", "");
    assert_eq!(news(&mut stage), [over("success")], "before our half was made");
    offer(&mut stage);
    assert_ne!(said(&stage).1.action.as_str(), "session-initiate", "too late");
}

#[test]
fn it_ends_with_the_other_with_the_switch_and_with_us() {
    let mut stage = taken();
    stage.events();
    let sent = stage.sent.len();
    stage.gone(LARGE, "");
    assert_eq!((news(&mut stage), stage.sent.len()), (vec![over("gone")], sent), "nobody is there to be told");

    let mut stage = taken();
    stage.events();
    order(&mut stage, DirectOrder::Allow(false));
    assert_eq!((reason(&stage), news(&mut stage)), ("success".into(), vec![over("success")]));
    order(&mut stage, DirectOrder::Allow(true));
    assert_eq!(news(&mut stage), [DirectNews::Wanted]);

    let mut stage = agreed();
    stage.command(Command::Leave);
    assert_eq!(said(&stage).1.action.as_str(), "session-terminate");

    let mut stage = agreed();
    order(&mut stage, DirectOrder::End(Ending::Lost));
    assert_eq!((reason(&stage), news(&mut stage)), ("connectivity-error".into(), Vec::new()));

    let mut stage = agreed();
    stage.jingle(&member(SMALL), "session-terminate", "7c6b12e8eb94", "<reason><connectivity-error/></reason>");
    assert_eq!(news(&mut stage), [over("connectivity-error")]);
    assert_eq!(stage.last().get("type"), Some("result"));
    stage.jingle(&member(SMALL), "session-terminate", "7c6b12e8eb94", "<reason><success/></reason>");
    assert_eq!(stage.last().get("type"), Some("error"), "both ended it at once");
}

#[test]
fn an_offer_that_is_refused_by_the_other_is_over_and_not_repeated() {
    let mut stage = with(LARGE, true);
    offer(&mut stage);
    stage.events();
    let sid = said(&stage).1.sid;
    stage.jingle(&member(LARGE), "session-terminate", &sid, "<reason><decline/></reason>");
    assert_eq!(news(&mut stage), [over("decline")]);
    stage.wait();
    assert_eq!(news(&mut stage), []);

    let mut stage = with(LARGE, true);
    offer(&mut stage);
    stage.events();
    let id = stage.last().get("id").unwrap().to_owned();
    stage.hear(&format!("<iq xmlns='jabber:client' type='error' id='{id}' from='{}'><error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>", member(LARGE)));
    assert_eq!(news(&mut stage), [over("service-unavailable")]);
}

#[test]
fn of_two_offers_at_once_the_smaller_ids_stands() {
    let mut stage = with(LARGE, true);
    offer(&mut stage);
    stage.events();
    stage.hear(&offer_of(LARGE));
    assert_eq!((reason(&stage), news(&mut stage)), ("busy".into(), Vec::new()));
    let mut stage = agreed();
    stage.hear(&offer_of(SMALL).replace("7c6b12e8eb94", "another"));
    assert_eq!((reason(&stage), news(&mut stage)), ("busy".into(), Vec::new()), "one is enough");
    stage.hear(&offer_of(SMALL));
    assert_eq!(news(&mut stage), [], "the same once more");
    assert_eq!(stage.last().get("type"), Some("result"));
}

#[test]
fn offers_are_declined_in_a_room_of_three_and_refused_from_strangers() {
    let mut stage = with(SMALL, true);
    stage.seen("aaaa0001", "cleo@meet.test/1", "");
    for endpoint in [SMALL, "aaaa0001"] {
        stage.hear(&offer_of(endpoint));
        assert_eq!((reason(&stage), news(&mut stage)), ("decline".into(), Vec::new()));
    }
    let mut stage = with(SMALL, true);
    stage.events();
    stage.hear(&offer_of("bbbb0001"));
    assert_eq!(stage.last().get("type"), Some("error"));
    assert_eq!(stage.events(), [ignored(Oddity::ForgedFocus)]);
    stage.hear(&offer_of(SMALL).replace(&member(SMALL), "elsewhere@conference.meet.test/00000000"));
    assert_eq!(stage.events(), [], "another room, told once");
    assert_eq!(stage.last().get("type"), Some("error"));
}

#[test]
fn an_offer_without_vp8_opus_or_credentials_is_declined_with_the_reason() {
    for (codec, other) in [("name=\"VP8\"", "name=\"VP7\""), ("name=\"opus\"", "name=\"speex\"")] {
        let mut stage = with(SMALL, true);
        stage.hear(&offer_of(SMALL).replace(codec, other));
        assert_eq!((reason(&stage), news(&mut stage)), ("unsupported-applications".into(), Vec::new()));
    }
    for gone in ["ufrag=\"0MsN\"", "pwd=\"6nTnIp7cgcvaRS4vKlfvH3K8\"", "hash=\"sha-256\""] {
        let mut stage = with(SMALL, true);
        stage.events();
        stage.hear(&offer_of(SMALL).replace(gone, ""));
        assert_eq!(stage.last().get("type"), Some("error"));
        assert_eq!(stage.events(), [ignored(Oddity::MalformedJingle)]);
    }
}

#[test]
fn nobody_speaks_in_a_session_that_is_not_theirs() {
    let mut stage = agreed();
    for action in ["transport-info", "source-add", "content-modify", "session-accept", "session-terminate"] {
        stage.jingle(&member(SMALL), action, "wrong", &addresses(&address("192.0.2.2")));
        assert_eq!(stage.last().get("type"), Some("error"), "{action} with another sid");
        stage.jingle(&member("aaaa0001"), action, "7c6b12e8eb94", &addresses(&address("192.0.2.2")));
        assert_eq!(stage.last().get("type"), Some("error"), "{action} of a stranger");
        stage.jingle(FOCUS, action, "7c6b12e8eb94", &addresses(&address("192.0.2.2")));
        assert_eq!(stage.last().get("type"), Some("error"), "{action} of the focus");
    }
    stage.jingle(&member(SMALL), "session-accept", "7c6b12e8eb94", "");
    assert_eq!(stage.last().get("type"), Some("error"), "it was ours to accept");
    stage.jingle(&member(SMALL), "transport-replace", "7c6b12e8eb94", "");
    assert_eq!(stage.last().get("type"), Some("error"));
    assert_eq!(news(&mut stage), []);
    order(&mut stage, DirectOrder::Candidates(transport()));
    assert_eq!(said(&stage).1.action.as_str(), "transport-info", "it still stands");
}

#[test]
fn an_answer_in_other_numbers_or_without_a_fingerprint_ends_it() {
    let mut stage = with(LARGE, true);
    offer(&mut stage);
    stage.events();
    let mut others = direct_contents();
    others[1].payload_types[0].id = 100;
    let sid = said(&stage).1.sid;
    answer(&mut stage, LARGE, &sid, &others);
    assert_eq!(
        (reason(&stage), news(&mut stage)),
        ("incompatible-parameters".into(), vec![over("incompatible-parameters")])
    );

    let mut stage = with(LARGE, true);
    offer(&mut stage);
    stage.events();
    let sid = said(&stage).1.sid;
    stage.jingle(&member(LARGE), "session-accept", &sid, &addresses(""));
    assert_eq!(news(&mut stage), [over("incompatible-parameters")]);
}

#[test]
fn a_flood_of_addresses_and_sources_is_cut() {
    let mut stage = agreed();
    let many: String = (0..250).map(|last| address(&format!("192.0.2.{last}"))).collect();
    for _ in 0..20 {
        stage.jingle(&member(SMALL), "transport-info", "7c6b12e8eb94", &addresses(&many));
    }
    let taken: usize = stage
        .events
        .iter()
        .map(|event| if let Event::Direct(DirectNews::Candidates(named)) = event { named.len() } else { 0 })
        .sum();
    assert_eq!(taken, 64);
    assert!(stage.events().contains(&ignored(Oddity::TooMany)));
    let sources: String = (100..300)
        .map(|ssrc| format!("<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='{ssrc}' name='00000000-v{ssrc}'/>"))
        .collect();
    let inside = format!(
        "<content name='1'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>{sources}</description></content>"
    );
    stage.jingle(&member(SMALL), "source-add", "7c6b12e8eb94", &inside);
    let added = news(&mut stage);
    assert!(matches!(&added[..], [DirectNews::SourcesAdded(added)] if added.sources.len() < 20), "{added:?}");
}

#[test]
fn somebody_who_offers_and_ends_again_and_again_is_answered_eight_times() {
    let mut stage = with(SMALL, true);
    for _ in 0..20 {
        stage.hear(&offer_of(SMALL));
        stage.jingle(&member(SMALL), "session-terminate", "7c6b12e8eb94", "<reason><success/></reason>");
    }
    let offered = news(&mut stage).iter().filter(|news| matches!(news, DirectNews::Offered(_))).count();
    assert_eq!((offered, reason(&stage)), (8, "busy".to_owned()));
    stage.seen("aaaa0001", "cleo@meet.test/1", "");
    stage.gone("aaaa0001", "");
    stage.hear(&offer_of(SMALL));
    assert_eq!(news(&mut stage).len(), 1, "another beginning");
}
