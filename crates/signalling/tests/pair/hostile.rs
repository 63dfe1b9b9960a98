//! A hostile room and a hostile guest: whatever one side says, the other stays small, says so once, and the meeting
//! goes on.

use super::held;
use super::stage::{Pair, Seat};
use runde_signalling::guest::{Command, Event, Oddity};
use std::time::Duration;

const ROOM: &str = "rosa@conference.meet.test";
/// What is thrown at the other side, each of it.
const FLOOD: u32 = 10_000;
/// Bytes of a guest's own description in a room of three after any of these floods.
const SMALL: usize = 100_000;

/// Three in a room; the first is the victim, the second a member in whose name the room speaks.
struct Scene {
    pair: Pair,
    ada: Seat,
    bo: Seat,
    cy: Seat,
    /// The sessions of the first two.
    sids: [String; 2],
}

impl Scene {
    fn new() -> Self {
        let mut pair = Pair::new(7);
        let (ada, bo) = (pair.seated("Ada"), pair.seated("Bo"));
        let cy = pair.seated("Cy");
        let sids = [ada, bo].map(|seat| sid_of(&pair, seat));
        pair.hush();
        Scene { pair, ada, bo, cy, sids }
    }

    fn hear(&mut self, frame: String) {
        self.pair.hear(self.ada, frame);
    }

    fn jingle(&mut self, from: &str, action: &str, inside: &str) {
        let sid = self.sids[0].clone();
        self.hear(format!("<iq xmlns='jabber:client' type='set' id='h' from='{ROOM}/{from}'><jingle xmlns='urn:xmpp:jingle:1' action='{action}' sid='{sid}'>{inside}</jingle></iq>"));
    }

    /// What was refused, in the order in which it was said.
    fn refused(&mut self) -> Vec<Oddity> {
        let odd = |event: &Event| if let Event::Ignored { what } = event { Some(*what) } else { None };
        self.pair.guests[&self.ada].events.iter().filter_map(odd).collect()
    }

    /// Sources still come and go, a line of chat passes both ways, and the guest is small.
    fn goes_on(&mut self) {
        let size = format!("{:?}", self.pair.guests[&self.ada].guest).len();
        assert!(size < SMALL, "{size} bytes");
        self.pair.drive(Duration::from_secs(1));
        self.pair.hush();
        let (ada, bo) = (self.ada, self.bo);
        for (writer, reader) in [(ada, bo), (bo, ada)] {
            self.pair.command(writer, Command::Chat("still here".into()));
            self.pair.drive(Duration::from_secs(1));
            let heard = |event: &Event| matches!(event, Event::Chat(line) if line.text == "still here");
            assert!(self.pair.events(reader).iter().any(heard));
        }
        let cy = self.pair.endpoint(self.cy);
        self.pair.command(self.cy, Command::Leave);
        self.pair.drive(Duration::from_secs(1));
        let gone = |event: &Event| matches!(event, Event::MemberLeft { endpoint } if *endpoint == cy);
        assert!(self.pair.events(ada).iter().any(gone));
    }
}

fn sid_of(pair: &Pair, seat: Seat) -> String {
    let offer = |event: &Event| if let Event::Offer(offer) = event { Some(offer.sid.clone()) } else { None };
    pair.guests[&seat].events.iter().rev().find_map(offer).unwrap()
}

/// A source as old servers write it, whose owner stands in its name alone.
fn plain(name: &str, ssrc: u32) -> String {
    format!(
        "<content name='audio'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'><source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='{ssrc}' name='{name}'/></description></content>"
    )
}

fn compact(owner: &str, name: &str, ssrc: u32) -> String {
    format!(
        "<json-message xmlns='http://jitsi.org/jitmeet'>{{\"sources\":{{\"{owner}\":[[],[],[{{\"s\":{ssrc},\"n\":\"{name}\"}}]]}}}}</json-message>"
    )
}

#[test]
fn ten_thousand_sources_of_one_member_are_cut_at_twenty_in_either_form() {
    for in_xml in [true, false] {
        let mut scene = Scene::new();
        let bo = scene.pair.endpoint(scene.bo);
        for ssrc in 5_000..5_000 + FLOOD {
            let name = format!("{bo}-a0");
            let source = if in_xml { plain(&name, ssrc) } else { compact(&bo, &name, ssrc) };
            scene.jingle("focus", "source-add", &source);
        }
        assert_eq!(scene.refused(), [Oddity::TooMany], "in XML: {in_xml}");
        let events = scene.pair.guests[&scene.ada].events.clone();
        // Three are there from the beginning: voice, picture, its retransmissions.
        assert_eq!(held(&events)[&bo].len(), 17, "in XML: {in_xml}");
        scene.goes_on();
    }
}

#[test]
fn sources_that_are_taken_away_make_room_for_others() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    let name = format!("{bo}-a0");
    for round in 0..3 {
        for ssrc in (5_000 + 100 * round..).take(17) {
            scene.jingle("focus", "source-add", &plain(&name, ssrc));
        }
        // Three more are there from the beginning.
        assert_eq!(held(&scene.pair.guests[&scene.ada].events)[&bo].len(), 17, "round {round}");
        for ssrc in (5_000 + 100 * round..).take(17) {
            scene.jingle("focus", "source-remove", &plain(&name, ssrc));
        }
    }
    assert_eq!(scene.refused(), []);
    scene.goes_on();
}

#[test]
fn a_source_whose_owner_stands_in_its_name_alone_goes_with_its_owner() {
    let mut scene = Scene::new();
    let cy = scene.pair.endpoint(scene.cy);
    scene.jingle("focus", "source-add", &plain(&format!("{cy}-a1"), 9_000));
    scene.pair.command(scene.cy, Command::Leave);
    scene.pair.drive(Duration::from_secs(1));
    let dropped = |event: &Event| matches!(event, Event::SourcesRemoved(sources) if sources.iter().any(|source| source.ssrc == 9_000));
    assert!(scene.pair.events(scene.ada).iter().any(dropped));
}

#[test]
fn ten_thousand_sources_of_people_who_are_not_there_leave_nothing() {
    let mut scene = Scene::new();
    for number in 0..FLOOD {
        scene.jingle("focus", "source-add", &plain(&format!("{number:08x}-a0"), 5_000 + number));
    }
    assert_eq!(scene.refused(), [Oddity::SourceOfStranger]);
    assert!(held(&scene.pair.guests[&scene.ada].events).is_empty());
    scene.goes_on();
}

#[test]
fn sources_with_names_and_labels_of_a_hundred_kilobytes_are_refused() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    let long = "x".repeat(100 * 1024);
    for number in 0..20 {
        let source = plain(&format!("{bo}-a0.{long}"), 5_000 + number);
        scene.jingle("focus", "source-add", &source);
        let labelled = plain(&format!("{bo}-a0"), 6_000 + number)
            .replace("/></description>", &format!("><parameter name='msid' value='{long}'/></source></description>"));
        scene.jingle("focus", "source-add", &labelled);
    }
    assert_eq!(scene.refused(), [Oddity::TooMany]);
    assert!(held(&scene.pair.guests[&scene.ada].events).is_empty());
    scene.goes_on();
}

#[test]
fn a_group_that_names_one_source_ten_thousand_times_is_refused_and_its_sources_are_taken() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    let many = vec!["5000"; FLOOD as usize].join(",");
    scene.jingle("focus", "source-add", &format!(
        "<json-message xmlns='http://jitsi.org/jitmeet'>{{\"sources\":{{\"{bo}\":[[{{\"s\":5000,\"n\":\"{bo}-v1\"}}],[[\"s\",{many}]]]}}}}</json-message>"
    ));
    let events = scene.pair.guests[&scene.ada].events.clone();
    let groups = |event: &Event| if let Event::SourcesAdded(sources) = event { sources.groups.len() } else { 0 };
    assert_eq!(events.iter().map(groups).sum::<usize>(), 0);
    assert_eq!(scene.refused(), [Oddity::TooMany]);
    assert_eq!(held(&events)[&bo].len(), 1);
    scene.goes_on();
}

#[test]
fn sources_that_take_our_own_ssrcs_or_those_of_another_are_refused() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    let theirs = u32::try_from(scene.cy).unwrap() * 100 + 1;
    let ours = u32::try_from(scene.ada).unwrap() * 100 + 1;
    for ssrc in [ours, theirs] {
        for _ in 0..1_000 {
            scene.jingle("focus", "source-add", &compact(&bo, &format!("{bo}-a1"), ssrc));
        }
    }
    assert_eq!(scene.refused(), [Oddity::SsrcTaken]);
    assert!(held(&scene.pair.guests[&scene.ada].events).is_empty());
    scene.goes_on();
}

#[test]
fn a_member_who_gives_the_orders_of_the_focus_is_told_once_and_obeyed_never() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    for number in 0..1_000 {
        scene.jingle(&bo, "source-add", &compact(&bo, &format!("{bo}-a1"), 5_000 + number));
        scene.jingle(&bo, "session-terminate", "<reason><success/></reason>");
        scene.hear(format!("<presence xmlns='jabber:client' from='{ROOM}/focus'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='bo@{number}.test/1' role='moderator'/></x></presence>"));
    }
    assert_eq!(scene.refused(), [Oddity::ForgedFocus]);
    let obeyed = |event: &Event| !matches!(event, Event::Ignored { .. });
    assert!(!scene.pair.guests[&scene.ada].events.iter().any(obeyed));
}

#[test]
fn answers_to_questions_that_nobody_asked_change_nothing() {
    let mut scene = Scene::new();
    for number in 0..FLOOD {
        for kind in ["result", "error"] {
            scene.hear(format!("<iq xmlns='jabber:client' type='{kind}' id='{number}' from='{ROOM}/focus'/>"));
            scene.hear(format!("<iq xmlns='jabber:client' type='{kind}' id='runde-{number}' from='else.test'/>"));
        }
    }
    let events = scene.pair.guests[&scene.ada].events.clone();
    assert!(events.iter().all(|event| *event == Event::Ignored { what: Oddity::ForgedAnswer }), "{events:?}");
    assert!(events.len() <= 1);
    scene.goes_on();
}

#[test]
fn presences_of_a_megabyte_are_refused_and_told_once() {
    let mut scene = Scene::new();
    let bo = scene.pair.endpoint(scene.bo);
    let giant = "x".repeat(1024 * 1024);
    for _ in 0..50 {
        scene.hear(format!("<presence xmlns='jabber:client' from='{ROOM}/{bo}'><nick xmlns='http://jabber.org/protocol/nick'>{giant}</nick></presence>"));
    }
    assert_eq!(scene.refused(), [Oddity::UnreadableFrame]);
    assert_eq!(scene.pair.guests[&scene.ada].events.len(), 1);
    scene.goes_on();
}

#[test]
fn odd_but_valid_xml_ends_neither_side_of_the_stream() {
    let mut scene = Scene::new();
    let deep = "<a>".repeat(30) + &"</a>".repeat(30);
    let odd = [
        "<iq xmlns='jabber:client'/>".to_owned(),
        "<iq xmlns='jabber:client' type='result'/>".to_owned(),
        "<iq xmlns='jabber:client' type='nonsense' id='1'><x xmlns='y'/></iq>".to_owned(),
        "<message xmlns='jabber:client'/>".to_owned(),
        "<presence xmlns='jabber:client' type='nonsense' from='@@@'/>".to_owned(),
        format!("<message xmlns='jabber:client' from='{ROOM}'><body><![CDATA[<x>&amp;]]></body></message>"),
        format!(
            "<message xmlns='jabber:client' from='{ROOM}/nobody'><body>&#x1F600;<b xmlns='c'>d</b>e</body></message>"
        ),
        format!("<message xmlns='jabber:client' xmlns:p='q' p:odd='1' from='{ROOM}'><p:x><p:y/></p:x></message>"),
        format!("<message xmlns='jabber:client' from='{ROOM}'>{deep}</message>"),
        "<tomorrow xmlns='urn:of:tomorrow'/>".to_owned(),
        "<r xmlns='urn:xmpp:sm:3'/>".to_owned(),
        "<a xmlns='urn:xmpp:sm:3' h='nonsense'/>".to_owned(),
    ];
    for frame in odd {
        scene.hear(frame.clone());
        scene.pair.raw(scene.bo, frame);
    }
    scene.pair.drive(Duration::from_secs(2));
    for seat in [scene.ada, scene.bo] {
        let over = |event: &Event| matches!(event, Event::Ended(_) | Event::Failed(_) | Event::Dial { .. });
        assert!(!scene.pair.guests[&seat].events.iter().any(over));
    }
    scene.goes_on();
}

#[test]
fn a_guest_that_adds_ten_thousand_sources_is_refused_and_the_others_hold_what_they_held() {
    let mut scene = Scene::new();
    let (bo, ada) = (scene.bo, scene.ada);
    let name = scene.pair.endpoint(bo);
    for ssrc in 5_000..5_000 + FLOOD {
        let source = plain(&format!("{name}-a0"), ssrc);
        let sid = scene.sids[1].clone();
        scene.pair.raw(bo, format!("<iq xmlns='jabber:client' type='set' id='f{ssrc}' to='{ROOM}/focus'><jingle xmlns='urn:xmpp:jingle:1' action='source-add' sid='{sid}'>{source}</jingle></iq>"));
    }
    scene.pair.drive(Duration::from_secs(5));
    let added = held(&scene.pair.guests[&ada].events);
    // Seven of the twenty that a guest may have are its voice and its picture.
    assert_eq!(added[&name].len(), 13);
    scene.goes_on();
}
