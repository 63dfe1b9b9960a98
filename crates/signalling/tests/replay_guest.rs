//! The guest plays through the recorded server side of three real meetings: whatever the recorded client was sent, our
//! guest is sent, and whatever the recorded client said, ours must say, in the same order.
//!
//! Compared after sorting attributes and unordered children and replacing ids, nicks, keys and SSRCs. What we leave
//! out or do otherwise on purpose is in [`NOT_OURS`] and [`known_difference`], nowhere else.

#![allow(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    clippy::disallowed_methods,
    reason = "a test may panic, looks for few events among many, and needs one instant to begin with"
)]

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use runde_signalling::bridge::FromBridge;
use runde_signalling::guest::{Command, Event, Guest, GuestConfig, Input, Oddity, Output, SourceState};
use runde_signalling::jingle::{Fingerprint, Group, Kind, Semantics, Setup, Source, Transport, VideoType};
use runde_signalling::xml::{self, Element, Limits, Node};
use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

/// Frames that are not compared: name of the frame's element, and why.
const NOT_OURS: [(&str, &str); 2] = [
    ("r", "both ask after five stanzas of their own, and we say fewer"),
    ("disco#info of the room", "moderators alone ask, who can do something about the answer"),
];

/// Inside a frame: what is taken out on both sides before comparing, and why.
fn known_difference(element: &Element) -> Option<&'static str> {
    let codec = element.get("name").unwrap_or_default();
    let payload_types_kept = ["opus", "VP8"];
    match element.name() {
        "stats-id" => Some("decoration"),
        "traceparent" => Some("tracing of the deployment, not of the meeting"),
        "property" if codec == "visitors-version" => Some("we do not join as visitors"),
        "payload-type" if codec == "rtx" => match rtx_of_vp8(element) {
            true => None,
            false => Some("retransmission of a codec we lack"),
        },
        "payload-type" if !payload_types_kept.contains(&codec) => Some("Opus and VP8 only"),
        "rtp-hdrext" if element.get("uri").is_some_and(|uri| uri.contains("sdes:mid")) => {
            Some("we tell streams apart by SSRC")
        }
        "rtp-hdrext" if element.get("uri").is_some_and(|uri| uri.contains("dependency-descriptor")) => {
            Some("belongs to AV1")
        }
        "content" if codec == "data" => Some("no data channel was offered, so none is listed"),
        "feature" => Some("the list has its own test: not everything a browser can, we can"),
        "jitsi_participant_codecType" => Some("for libraries older than the recorded one, which lists codecs"),
        "rtcp-mux" | "extmap-allow-mixed" => Some("where they stand differs, that they apply does not"),
        _ => None,
    }
}

fn rtx_of_vp8(element: &Element) -> bool {
    element.children().any(|parameter| parameter.get("name") == Some("apt") && parameter.get("value") == Some("100"))
}

/// Values that differ from run to run, or that a client is free to choose. `from` is what the server stamps anyway.
const FREE_VALUES: [&str; 8] = ["id", "machine-uid", "ver", "node", "pwd", "ufrag", "ssrc", "from"];

/// What is meant when nothing is said.
const DEFAULTS: [(&str, &str); 3] = [("channels", "1"), ("required", "false"), ("senders", "both")];

/// Whose words a recorded frame holds.
#[derive(Debug, Clone, PartialEq)]
enum Line {
    Server(String),
    Client(String),
    /// A source map on the bridge channel.
    Bridge(String),
}

fn recorded(text: &str) -> VecDeque<Line> {
    text.lines()
        .filter_map(|line| {
            let (_, rest) = line.trim_start().split_once(' ')?;
            if let Some(frame) = rest.strip_prefix("S->C  ") {
                return Some(Line::Server(frame.to_owned()));
            }
            if let Some(frame) = rest.strip_prefix("B->C  ").filter(|frame| frame.contains("SourcesMap")) {
                return Some(Line::Bridge(frame.to_owned()));
            }
            Some(Line::Client(rest.strip_prefix("C->S  ")?.to_owned()))
        })
        .collect()
}

fn parse(text: &str) -> Element {
    xml::parse(text, &Limits::FOCUS).unwrap()
}

fn is_not_ours(frame: &Element) -> bool {
    let room_query = frame.get("to").is_some_and(|to| to.contains("@conference.") && !to.contains('/'))
        && frame.children().any(|child| child.ns().ends_with("disco#info"));
    let name = if room_query { "disco#info of the room" } else { frame.name() };
    NOT_OURS.iter().any(|(not_ours, _)| *not_ours == name)
}

/// A frame as it is compared.
fn comparable(element: &Element, nick: &str) -> String {
    let mut attributes: Vec<String> = element
        .attrs()
        .filter(|(name, value)| !FREE_VALUES.contains(name) && !DEFAULTS.contains(&(*name, *value)))
        .map(|(name, value)| format!("{name}={}", without_nick(value, nick)))
        .collect();
    attributes.sort();
    let mut children: Vec<String> = element
        .children()
        .filter(|child| known_difference(child).is_none())
        .map(|child| comparable(child, nick))
        .collect();
    children.sort();
    // The recorded client says its half of a renewal twice in one breath.
    children.dedup();
    format!("<{} {} {attributes:?}>{}{children:?}", element.name(), element.ns(), text_of(element, nick))
}

/// Text that matters: keys and codec preferences are free, msids carry random track ids.
fn text_of(element: &Element, nick: &str) -> String {
    match element.name() {
        "fingerprint" => "FINGERPRINT".into(),
        "jitsi_participant_codecList" => "CODECS".into(),
        _ => without_nick(&element.own_text(), nick),
    }
}

fn without_nick(text: &str, nick: &str) -> String {
    if nick.is_empty() {
        return text.to_owned();
    }
    text.replace(nick, "NICK")
}

/// The random part of a msid is not compared.
fn without_track_ids(frame: &Element) -> Element {
    let mut copy = Element::new(frame.name(), frame.ns());
    let is_msid = frame.get("name") == Some("msid");
    for (name, value) in frame.attrs() {
        let value = match (is_msid, name) {
            (true, "value") => value.split(' ').next().unwrap_or_default(),
            (_, _) => value,
        };
        copy.set(name, value);
    }
    for node in frame.nodes() {
        copy = match node {
            Node::Element(child) => copy.child(without_track_ids(child)),
            Node::Text(text) => copy.text(text.clone()),
        };
    }
    copy
}

struct Replay {
    guest: Guest,
    now: Instant,
    lines: VecDeque<Line>,
    /// Ids of the recorded client, and what ours used instead.
    ids: BTreeMap<String, String>,
    /// What ours said and the recording has not come to yet.
    said: VecDeque<Element>,
    nicks: (String, String),
    events: Vec<Event>,
    wake: Option<Instant>,
    compared: usize,
}

impl Replay {
    fn of(trace: &str, room: &str, recorded_nick: &str, name: &str) -> Self {
        let config = GuestConfig {
            domain: "meet.test".into(),
            login_domain: None,
            muc: "conference.meet.test".into(),
            focus: "focus.meet.test".into(),
            focus_user: None,
            room: room.into(),
            name: name.into(),
            password: None,
            token: None,
            machine: "0".repeat(32),
            ..GuestConfig::default()
        };
        let now = Instant::now();
        Replay {
            guest: Guest::new(now, config, &mut ChaCha8Rng::seed_from_u64(7)),
            now,
            lines: recorded(trace),
            ids: BTreeMap::new(),
            said: VecDeque::new(),
            nicks: (recorded_nick.into(), String::new()),
            events: Vec::new(),
            wake: None,
            compared: 0,
        }
    }

    fn give(&mut self, input: Input) {
        self.guest.handle(self.now, input);
        loop {
            match self.guest.poll_output() {
                Output::Send(frame) => self.hear(parse(&frame)),
                Output::Event(event) => self.react(event),
                Output::Wait(at) => {
                    self.wake = at;
                    return;
                }
            }
        }
    }

    fn hear(&mut self, frame: Element) {
        if is_not_ours(&frame) {
            return;
        }
        let place = frame.get("to").and_then(|to| to.split_once('/'));
        if let (("presence", Some((_, nick))), true) = ((frame.name(), place), self.nicks.1.is_empty()) {
            self.nicks.1 = nick.to_owned();
        }
        self.said.push_back(frame);
    }

    /// What the recorded application did when its library told it these things.
    fn react(&mut self, event: Event) {
        let commands = match &event {
            Event::Offer(_) => vec![self.accept()],
            Event::Accepted => vec![Command::SetSourceInfo(self.source_info())],
            Event::Renewed(_) => vec![Command::Renewed { transport: own_transport() }],
            _other => Vec::new(),
        };
        self.events.push(event);
        for command in commands {
            self.guest.handle(self.now, Input::Command(command));
        }
    }

    fn source_info(&self) -> BTreeMap<String, SourceState> {
        let name = |kind: &str| (format!("{}-{kind}0", self.nicks.1), SourceState::default());
        [name("a"), name("v")].into()
    }

    fn accept(&self) -> Command {
        let source = |kind, ssrc| {
            let (letter, word) = match kind {
                Kind::Audio => ("a", "audio"),
                Kind::Video => ("v", "video"),
            };
            let nick = &self.nicks.1;
            Source {
                kind,
                ssrc,
                name: format!("{nick}-{letter}0"),
                owner: None,
                msid: Some(format!("{nick}-{word}-0-1 {nick}-track")),
                video_type: VideoType::Camera,
            }
        };
        let group = |semantics, ssrcs: &[u32]| Group { kind: Kind::Video, semantics, ssrcs: ssrcs.to_vec() };
        Command::Accept {
            transport: own_transport(),
            sources: std::iter::once(source(Kind::Audio, 1))
                .chain((2..8).map(|ssrc| source(Kind::Video, ssrc)))
                .collect(),
            groups: vec![
                group(Semantics::Fid, &[2, 5]),
                group(Semantics::Sim, &[2, 3, 4]),
                group(Semantics::Fid, &[3, 6]),
                group(Semantics::Fid, &[4, 7]),
            ],
        }
    }

    /// The recorded frame in the words of our guest's conversation: its ids, its nick, its hash.
    fn translated(&self, frame: &str) -> String {
        let mut frame = frame.to_owned();
        for (theirs, ours) in &self.ids {
            frame = frame.replace(theirs, ours);
        }
        if !self.nicks.1.is_empty() {
            frame = frame.replace(&self.nicks.0, &self.nicks.1);
        }
        let recorded_node = "https://jitsi.org/jitsi-meet#WQaeYKgLkaDSNuexFT/Ir4qG7To=";
        frame.replace(recorded_node, &our_node())
    }

    fn expect(&mut self, recorded: &str) {
        let recorded = parse(recorded);
        if is_not_ours(&recorded) {
            return;
        }
        if self.said.is_empty() {
            self.wait_for(&recorded);
        }
        // How long a client takes to answer an offer is its own matter, and receipts of the stream do not wait for it.
        let receipt = self.said.iter().position(|frame| frame.name() == "a").filter(|_| recorded.name() == "a");
        let said = self.said.remove(receipt.unwrap_or_default());
        let Some(said) = said else {
            panic!("the recorded client said {recorded}, ours said nothing");
        };
        let (ours, theirs) = (without_track_ids(&said), without_track_ids(&recorded));
        assert_eq!(
            comparable(&ours, &self.nicks.1),
            comparable(&theirs, &self.nicks.0),
            "\nours:   {said}\ntheirs: {recorded}"
        );
        if let (Some(theirs), Some(ours)) = (recorded.get("id"), said.get("id")) {
            self.ids.insert(theirs.to_owned(), ours.to_owned());
        }
        self.compared += 1;
    }

    /// Pings come by the clock; leaving comes by the user, a wish for new credentials by a network that changed.
    fn wait_for(&mut self, recorded: &Element) {
        if recorded.get("type") == Some("unavailable") {
            return self.give(Input::Command(Command::Leave));
        }
        if recorded.children().any(|child| child.get("action") == Some("session-info")) {
            return self.give(Input::Command(Command::Renew));
        }
        if recorded.children().any(|child| child.name() == "ping") {
            self.now = self.wake.unwrap();
            self.give(Input::Timeout);
        }
    }

    fn run(mut self) -> Self {
        self.give(Input::Opened);
        while let Some(line) = self.lines.pop_front() {
            self.now += Duration::from_millis(1);
            match line {
                Line::Client(frame) => self.expect(&frame),
                Line::Bridge(frame) => match FromBridge::parse(&frame).unwrap().unwrap() {
                    FromBridge::AudioSourcesMap(sources) => self.give(Input::Mapped { kind: Kind::Audio, sources }),
                    FromBridge::VideoSourcesMap(sources) => self.give(Input::Mapped { kind: Kind::Video, sources }),
                    other => panic!("{other:?}"),
                },
                Line::Server(frame) => self.give(Input::Text(self.translated(&frame))),
            }
        }
        self
    }
}

fn own_transport() -> Transport {
    Transport {
        ufrag: "ours".into(),
        pwd: "ours".into(),
        fingerprint: Some(Fingerprint { hash: "sha-256".into(), value: "AA:BB".into() }),
        setup: Some(Setup::Active),
        ..Transport::default()
    }
}

fn our_node() -> String {
    let features = runde_signalling::guest::FEATURES;
    let hash = runde_signalling::disco::capability_hash(features);
    format!("{}#{hash}", runde_signalling::guest::NODE)
}

/// Source, SSRC and retransmissions of everything that was mapped.
fn mapped(events: &[Event]) -> Vec<(String, u32, Option<u32>)> {
    let mut found = Vec::new();
    for event in events {
        let Event::SourcesMapped(mapped) = event else { continue };
        assert!(mapped.gone.is_empty());
        let come = &mapped.come;
        let first = come.sources.first().unwrap();
        found.push((first.name.clone(), first.ssrc, come.rtx_of(first.ssrc)));
    }
    found
}

fn oddities(events: &[Event]) -> Vec<Oddity> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Ignored { what } => Some(*what),
            _other => None,
        })
        .collect()
}

fn names(events: &[Event]) -> Vec<&'static str> {
    events
        .iter()
        .filter(|event| !matches!(event, Event::SourcesMapped(_)))
        .map(|event| match event {
            Event::Joined { .. } => "joined",
            Event::MemberJoined(_) => "member joined",
            Event::MemberChanged(_) => "member changed",
            Event::MemberLeft { .. } => "member left",
            Event::Role { .. } => "role",
            Event::Relays(_) => "relays",
            Event::Bridges { .. } => "bridges",
            Event::Offer(_) => "offer",
            Event::Accepted => "accepted",
            Event::Renewed(_) => "renewed",
            Event::NotRenewed { .. } => "not renewed",
            Event::Subject(_) => "subject",
            Event::Ended(_) => "ended",
            _other => "other",
        })
        .collect()
}

#[test]
fn the_first_joiner_says_what_the_recorded_one_said() {
    let replay = Replay::of(include_str!("traces/jvb-2tabs-first-joiner.txt"), "traceone", "91d9bfe7", "User1").run();
    assert_eq!(oddities(&replay.events), []);
    assert_eq!(
        names(&replay.events),
        ["relays", "joined", "subject", "role", "member joined", "offer", "accepted", "member changed", "ended"]
    );
    let (picture, voice) = ("8015759d-v0".to_owned(), "8015759d-a0".to_owned());
    let expected = [(picture, 926_641_822, Some(1_781_015_633)), (voice, 973_455_866, None)];
    assert_eq!(mapped(&replay.events), expected, "the voice was mapped twice in the same way");
    assert!(replay.compared >= 15, "{} frames compared", replay.compared);
}

#[test]
fn the_second_joiner_says_what_the_recorded_one_said() {
    let replay = Replay::of(include_str!("traces/jvb-2tabs-second-joiner.txt"), "traceone", "8015759d", "User2").run();
    assert_eq!(oddities(&replay.events), []);
    assert!(names(&replay.events).starts_with(&["relays", "joined", "member joined", "subject"]));
    let (picture, voice) = ("91d9bfe7-v0".to_owned(), "91d9bfe7-a0".to_owned());
    let expected = [(picture, 2_302_096_205, Some(1_794_230_653)), (voice, 70_761_652, None)];
    assert_eq!(mapped(&replay.events), expected);
    assert!(replay.compared >= 15, "{} frames compared", replay.compared);
}

/// Up to the receipt of the client's half; what follows there is a shared screen.
#[test]
fn new_ice_credentials_are_asked_for_and_answered_as_the_recorded_client_did() {
    let trace = include_str!("traces/ice-restart-and-desktop-tab1.txt");
    let receipt = trace.lines().position(|line| line.contains("action=\"transport-info\"")).unwrap() + 1;
    let trace = trace.lines().take(receipt + 1).collect::<Vec<_>>().join("\n");
    let replay = Replay::of(&trace, "traceextras", "0825e4a4", "User1").run();
    assert_eq!(oddities(&replay.events), []);
    assert_eq!(names(&replay.events).last(), Some(&"renewed"));
    let Some(Event::Renewed(transport)) = replay.events.last() else { panic!("{:?}", replay.events) };
    assert_eq!((transport.ufrag.as_str(), transport.candidates.len()), ("4mu5o1k83sq0cd", 1));
    assert!(replay.compared >= 15, "{} frames compared", replay.compared);
}
