//! The recorded client side of the first joiner is played into [`Host`], a second guest comes when
//! the recording's second does, and what `Host` answers is compared with what was recorded.
//!
//! Compared are kind and order of the stanzas, and of each the elements and attributes that a client
//! reads, with their values. Ids, keys and addresses differ by nature: [`VALUES_OF_ITS_OWN`] lists them.
//! [`KNOWINGLY_DIFFERENT`] lists what is not there on one side.
// Tests may unwrap, and somebody has to say what time it is when a story begins.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use runde_signalling::host::{ConnId, Event, Host, HostConfig, Input, Output};
use runde_signalling::jingle::{Candidate, CandidateKind, Fingerprint, Setup, Transport};
use runde_signalling::xml::{Element, Limits, parse};
use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Instant;

/// What the recorded server says and `Host` does not, or the other way round, and why.
/// Every row is a path of element names (namespace left out) or an attribute with `@`.
const KNOWINGLY_DIFFERENT: &[(&str, &str)] = &[
    ("features/session", "optional, nobody needs it"),
    ("features/ver", "no roster"),
    ("features/c", "server capabilities are asked for, not announced"),
    ("features/sub", "no roster"),
    ("iq/services/service", "no STUN or TURN of our own"),
    ("iq/query/feature", "fewer server features; ping and disco#info are compared by a test of their own"),
    ("iq/query/identity@name", "it says Runde"),
    ("iq/query/identity@type", "same words, other order"),
    ("iq/query/identity", "compared by kind"),
    ("iq/query/x", "only occupants and meetingId of the room form"),
    ("presence/occupant-id", "clients of Jitsi ignore it"),
    ("presence/priority", "decorative"),
    ("presence/etherpad", "no etherpad"),
    ("presence/versions", "decorative"),
    ("presence/c", "the focus has no capabilities to look up"),
    ("iq/jingle/content/description@maxptime", "Opus decides"),
    ("iq/jingle/content/transport/fingerprint@cryptex", "not offered"),
    ("iq/jingle/bridge-session@region", "no regions"),
    ("iq/jingle/json-message", "no pseudo sources of the bridge, others' real ones instead"),
    ("iq/jingle/traceparent", "no tracing"),
    ("@xml:lang", "no language is claimed"),
    ("presence@id", "ours has none"),
    ("iq@from", "the recorded server leaves it out of answers to itself"),
    ("iq@to", "the recorded server leaves it out of the binding answer"),
];

/// Values that differ although they stand at the same place, and why. Rows as above; without `@` it is the text.
const VALUES_OF_ITS_OWN: &[(&str, &str)] = &[
    ("open@id", "random"),
    ("enabled@id", "random, what a stream is resumed by"),
    ("iq/jingle@sid", "random"),
    ("iq/jingle/content/transport@ufrag", "random"),
    ("iq/jingle/content/transport@pwd", "random"),
    ("iq/jingle/content/transport/fingerprint", "a key of its own"),
    ("iq/jingle/content/transport/web-socket@url", "ends in a random password"),
    ("iq/jingle/content/transport/candidate@id", "random"),
    ("iq/jingle/bridge-session@id", "random"),
];

/// Addresses of the recording: the two guests'.
const RECORDED_JIDS: [&str; 2] =
    ["zvu7pnrxo8ccabrexrkuf3ya@meet.test/8gaby84D0gys", "rhlb4yzezarypm1lajcezimw@meet.test/H133vjLmjCjK"];

const FIRST: ConnId = ConnId(1);
const SECOND: ConnId = ConnId(2);
const HOME: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn recorded(direction: &str) -> Vec<(f64, Element)> {
    include_str!("traces/jvb-2tabs-first-joiner.txt")
        .lines()
        .filter_map(|line| {
            let mut words = line.trim_start().splitn(2, ' ');
            let time = words.next()?.parse().ok()?;
            let frame = words.next()?.trim_start().strip_prefix(direction)?.trim();
            Some((time, parse(frame, &Limits::FOCUS).unwrap()))
        })
        .collect()
}

/// Elements inside `parent` that are offered on one side only, though others of their name are on both, and why.
fn one_sided(parent: &Element, element: &Element) -> Option<&'static str> {
    let (codec, uri) = (element.get("name").unwrap_or_default(), element.get("uri").unwrap_or_default());
    match element.name() {
        "payload-type" if codec == "telephone-event" => Some("nobody dials"),
        "payload-type" if codec == "red" => Some("Opus repairs itself in band"),
        "rtcp-fb" if parent.get("name") == Some("rtx") => Some("nobody asks for the repair of a repair"),
        "rtp-hdrext" if uri.ends_with("sdes:mid") => Some("streams are told apart by SSRC"),
        "content" if codec == "data" => Some("the client can have data channels, but the recorded bridge had none"),
        "sm" if element.ns() == "urn:xmpp:sm:2" => Some("nobody asks for the former version of stream management"),
        _ => None,
    }
}

/// Names of elements as paths and of their attributes with `@`, without what is knowingly different.
fn shape(element: &Element) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    collect(element, "", &mut all);
    all
}

fn collect(element: &Element, above: &str, all: &mut BTreeSet<String>) {
    let path = if above.is_empty() { element.name().to_owned() } else { format!("{above}/{}", element.name()) };
    let known = |text: &str| KNOWINGLY_DIFFERENT.iter().any(|(row, _)| *row == text);
    if known(&path) {
        return;
    }
    for (name, _) in element.attrs() {
        if !known(&format!("{path}@{name}")) && !known(&format!("@{name}")) {
            all.insert(format!("{path}@{name}"));
        }
    }
    for child in element.children().filter(|child| one_sided(element, child).is_none()) {
        collect(child, &path, all);
    }
    all.insert(path);
}

/// The whole of a stanza that is compared, attributes and children sorted.
fn spoken(element: &Element) -> String {
    let is_question = element.name() == "iq" && matches!(element.get("type"), Some("get" | "set"));
    // A question has an id of the asker's choice; the answer repeats it.
    if is_question { said_at(&element.clone().attr("id", "*"), "") } else { said_at(element, "") }
}

fn said_at(element: &Element, above: &str) -> String {
    let path = if above.is_empty() { element.name().to_owned() } else { format!("{above}/{}", element.name()) };
    let listed = |list: &[(&str, &str)], text: &str| list.iter().any(|(row, _)| *row == text);
    let own = |place: &str| listed(VALUES_OF_ITS_OWN, place);
    let mut attributes: Vec<String> = element
        .attrs()
        .map(|(name, value)| (format!("{path}@{name}"), name, value))
        .filter(|(place, name, _)| {
            !listed(KNOWINGLY_DIFFERENT, place) && !listed(KNOWINGLY_DIFFERENT, &format!("@{name}"))
        })
        .map(|(place, name, value)| if own(&place) { format!("{name}=*") } else { format!("{name}={value}") })
        .collect();
    attributes.sort();
    let children = element.children().map(|child| (format!("{path}/{}", child.name()), child));
    let mut children: Vec<String> = children
        .filter(|(place, child)| !listed(KNOWINGLY_DIFFERENT, place) && one_sided(element, child).is_none())
        .map(|(_, child)| said_at(child, &path))
        .collect();
    children.sort();
    let text = if own(&path) { "*".to_owned() } else { element.own_text() };
    format!("<{} {} {}>{text}{}</>", element.name(), element.ns(), attributes.join(" "), children.concat())
}

/// What a stanza is, in a line: values that decide what a client does.
fn kind(e: &Element) -> String {
    let mut line = format!("{} {}", e.name(), e.get("type").unwrap_or("-"));
    if let Some(resource) = e.get("from").and_then(|from| from.split_once('@')?.1.split_once('/')) {
        line += &format!(" from {}", resource.1);
    }
    for child in e.children() {
        match child.name() {
            "jingle" => line += &format!(" jingle {}", child.get("action").unwrap_or_default()),
            "x" if child.ns().ends_with("#user") => {
                let item = child.children().find(|c| c.name() == "item").unwrap();
                line += &format!(" {} {}", item.get("affiliation").unwrap(), item.get("role").unwrap());
                for status in child.children().filter(|c| c.name() == "status") {
                    line += &format!(" {}", status.get("code").unwrap());
                }
            }
            "query" | "services" | "conference" | "bind" | "ping" | "subject" | "mechanisms" => {
                line += &format!(" {}", child.name());
            }
            _ => {}
        }
    }
    line
}

struct Stage {
    host: Host,
    now: Instant,
    to_first: Vec<Element>,
    first_jid: String,
    offer_id: String,
    sid: String,
    features_id: String,
    second_jid: String,
}

impl Stage {
    fn new() -> Self {
        Stage {
            host: Host::new(HostConfig::new("meet.test"), [7; 32]),
            now: Instant::now(),
            to_first: Vec::new(),
            first_jid: String::new(),
            offer_id: String::new(),
            sid: String::new(),
            features_id: String::new(),
            second_jid: String::new(),
        }
    }

    fn give(&mut self, input: Input) {
        self.host.handle(self.now, input);
        loop {
            match self.host.poll_output() {
                Output::Send(to, text) => self.sent(to, parse(&text, &Limits::FOCUS).unwrap()),
                Output::Event(Event::Allocate { room, endpoint }) => {
                    self.host.handle(self.now, Input::Allocated { room, endpoint, transport: transport() });
                }
                Output::Event(_) | Output::CloseConnection(_) => {}
                Output::Wait(_) => return,
            }
        }
    }

    fn sent(&mut self, to: ConnId, stanza: Element) {
        let id = stanza.get("id").unwrap_or_default().to_owned();
        let jid = |stanza: &Element| {
            let bind = stanza.children().find(|c| c.name() == "bind")?;
            Some(bind.children().next()?.own_text())
        };
        if to == SECOND {
            if stanza.name() == "iq" {
                self.second_jid = jid(&stanza).unwrap_or(std::mem::take(&mut self.second_jid));
            }
            return;
        }
        if let Some(jingle) = stanza.children().find(|c| c.name() == "jingle") {
            self.offer_id.clone_from(&id);
            self.sid = jingle.get("sid").unwrap().to_owned();
        } else if stanza.name() == "iq" && stanza.get("type") == Some("get") {
            self.features_id = id;
        }
        self.first_jid = jid(&stanza).unwrap_or(std::mem::take(&mut self.first_jid));
        self.to_first.push(stanza);
    }

    fn second(&mut self, frames: &[&str]) {
        for frame in frames {
            self.give(Input::Text(SECOND, (*frame).to_owned()));
        }
    }
}

fn transport() -> Transport {
    Transport {
        ufrag: "u".into(),
        pwd: "p".into(),
        fingerprint: Some(Fingerprint { hash: "sha-256".into(), value: "AB:CD".into() }),
        setup: Some(Setup::ActPass),
        candidates: vec![Candidate {
            foundation: "1".into(),
            component: 1,
            protocol: "udp".into(),
            priority: 2_130_706_431,
            addr: "10.99.0.1:25100".parse().unwrap(),
            kind: CandidateKind::Host,
            related: None,
        }],
        web_socket: Some("wss://meet.test/colibri-ws/a".into()),
    }
}

const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='meet.test' version='1.0'/>";

/// Plays the recording; what the first joiner got from us is in the stage.
fn play() -> Stage {
    let mut stage = Stage::new();
    stage.give(Input::Opened { connection: FIRST, from: HOME });
    let mut second_came = false;
    for (time, frame) in recorded("C->S") {
        if time > 8.4 && !second_came {
            second_came = true;
            second_joins(&mut stage);
        }
        let mut text = frame.to_string();
        // The recording's ids of server stanzas, its sid and the address it was given are replaced by ours.
        if frame.get("type") == Some("result") {
            let ours = if frame.children().next().is_some() { &stage.features_id } else { &stage.offer_id };
            text = frame.clone().attr("id", ours).to_string();
        }
        text = text.replace("9s5v0i7sg41t8", &stage.sid);
        text = text.replace("zvu7pnrxo8ccabrexrkuf3ya@meet.test/8gaby84D0gys", &stage.first_jid);
        if text.contains("session-accept") {
            stage.give(Input::Text(FIRST, text));
            // The second guest says in its presence what it sends, as recorded right after.
            stage.second(&["<presence xmlns='jabber:client' to='traceone@conference.meet.test/8015759d'><stats-id>Montana-YB3</stats-id><jitsi_participant_codecList>av1,vp9,vp8,h264</jitsi_participant_codecList><nick xmlns='http://jabber.org/protocol/nick'>User2</nick><SourceInfo>{&quot;8015759d-a0&quot;:{&quot;muted&quot;:false},&quot;8015759d-v0&quot;:{&quot;muted&quot;:false}}</SourceInfo></presence>"]);
            continue;
        }
        stage.give(Input::Text(FIRST, text));
    }
    stage.to_first.retain(|e| e.name() != "r");
    stage
}

fn second_joins(stage: &mut Stage) {
    stage.give(Input::Opened { connection: SECOND, from: HOME });
    stage.second(&[
        OPEN,
        "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>",
        OPEN,
        "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<presence xmlns='jabber:client' to='traceone@conference.meet.test/8015759d'><x xmlns='http://jabber.org/protocol/muc'/><stats-id>Montana-YB3</stats-id><SourceInfo>{}</SourceInfo><jitsi_participant_codecList>av1,vp9,vp8,h264</jitsi_participant_codecList><nick xmlns='http://jabber.org/protocol/nick'>User2</nick></presence>",
    ]);
}

/// The recorded answers. When a server asks for a confirmation is its own affair.
fn expected() -> Vec<Element> {
    recorded("S->C").into_iter().map(|(_, e)| e).filter(|e| e.name() != "r").collect()
}

/// The second bind step of the recording (`session`) is asked for by the client although we do not
/// offer it here, since the client side is played as it was recorded.
#[test]
fn the_host_answers_the_recorded_client_like_the_recorded_server() {
    let (ours, theirs) = (play().to_first, expected());
    let sorted = |all: &[Element]| {
        let mut kinds: Vec<String> = all.iter().map(kind).collect();
        kinds.sort();
        kinds
    };
    // Order between independent answers (three questions at once, features question against chat) is
    // free; the order that clients rely on is checked below.
    assert_eq!(sorted(&ours), sorted(&theirs));
}

#[test]
fn every_answer_has_the_elements_of_the_recorded_one() {
    let (ours, theirs) = (play().to_first, expected());
    for theirs in &theirs {
        let same = |ours: &&Element| kind(ours) == kind(theirs) && shape(ours) == shape(theirs);
        let near: Vec<_> = ours.iter().filter(|ours| kind(ours) == kind(theirs)).map(shape).collect();
        assert!(ours.iter().any(|ours| same(&ours)), "recorded {}\n{:#?}\nours {near:#?}", kind(theirs), shape(theirs));
    }
}

#[test]
fn every_recorded_answer_is_given_once_with_the_same_values() {
    let stage = play();
    let mut ours: Vec<String> = stage.to_first.iter().map(spoken).collect();
    let mut missing = Vec::new();
    for recorded in expected() {
        let mut recorded = spoken(&recorded);
        for (theirs, ours) in RECORDED_JIDS.iter().zip([&stage.first_jid, &stage.second_jid]) {
            recorded = recorded.replace(theirs, ours);
        }
        match ours.iter().position(|said| *said == recorded) {
            Some(found) => drop(ours.swap_remove(found)),
            None => missing.push(recorded),
        }
    }
    missing.sort();
    ours.sort();
    assert!(missing.is_empty() && ours.is_empty(), "recorded {missing:#?}\nours {ours:#?}");
}

#[test]
fn the_order_that_clients_rely_on_is_kept() {
    let ours: Vec<String> = play().to_first.iter().map(kind).collect();
    let at =
        |wanted: &str| ours.iter().position(|kind| kind == wanted).unwrap_or_else(|| panic!("{wanted}: {ours:#?}"));
    let order = [
        at("presence - from focus owner moderator"),
        at("presence - from 91d9bfe7 none participant 100 110"),
        at("message groupchat subject"),
        at("presence - from 91d9bfe7 owner moderator 110"),
        at("presence - from 8015759d none participant"),
        at("iq set from focus jingle session-initiate"),
        at("presence unavailable from 91d9bfe7 owner none 110"),
    ];
    assert!(order.is_sorted(), "{ours:#?}");
}

#[test]
fn the_host_counts_the_recorded_clients_stanzas_like_the_recorded_server() {
    let confirmed = |all: &[Element]| -> Vec<String> {
        all.iter().filter(|e| e.is("a", "urn:xmpp:sm:3")).filter_map(|e| e.get("h").map(str::to_owned)).collect()
    };
    let (ours, theirs) = (play().to_first, expected());
    assert!(confirmed(&theirs).len() >= 2);
    assert_eq!(confirmed(&ours), confirmed(&theirs));
}
