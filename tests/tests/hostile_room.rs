//! A room that turns hostile once a guest is in, seen from outside: the guest's memory and processor time, what it says, and that the
//! honest part of the meeting goes on. `signalling/tests/pair/hostile.rs` has the same cases inside, in virtual time.

use e2e::Outcome;
use e2e::cost::Cost;
use e2e::folder::Home;
use e2e::meddler::{ASKED, Meddler};
use e2e::program::Program;
use e2e::room::Room;
use e2e::web::free_port;
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(90);
const FLOOD: u32 = 10_000;
/// The first SSRC that the flood of a member names, and thus takes.
const FIRST: u32 = 90_000;
/// What the guest may grow by through all of it, in MB; 3 to 5 were seen. The fifty presences alone have 55.
const GROWTH: f64 = 12.0;
/// Processor seconds that one case may cost, in a program without optimisation; 0.4 at most were seen.
const COST: f64 = 5.0;

/// A meeting of two, and whoever stands between one of them and the room.
struct Scene {
    meddler: Meddler,
    /// Whom the room turns against.
    victim: Program,
    honest: Program,
    /// The room's address, the session's number, and the honest guest's id.
    room: String,
    sid: String,
    friend: String,
    lines: u32,
    spent: f64,
    server: Room,
}

fn attribute(frame: &str, name: &str) -> Outcome<String> {
    let (_, rest) = frame.split_once(&format!(" {name}=")).ok_or_else(|| format!("no {name} in {frame}"))?;
    let quote = rest.chars().next().ok_or("it ends")?;
    Ok(rest[1..].split(quote).next().unwrap_or_default().to_owned())
}

/// Packets of sound from `endpoint` so far.
fn packets(line: &Value, endpoint: &str) -> u64 {
    let sources = line["sources"].as_array().cloned().unwrap_or_default();
    sources.iter().filter(|source| source["endpoint"] == endpoint).filter_map(|source| source["packets"].as_u64()).sum()
}

impl Scene {
    /// The frame that the focus would send.
    fn jingle(&self, from: &str, action: &str, inside: &str) -> String {
        let (room, sid) = (&self.room, &self.sid);
        format!(
            "<iq xmlns='jabber:client' type='set' id='{ASKED}' from='{room}/{from}'>\
             <jingle xmlns='urn:xmpp:jingle:1' action='{action}' sid='{sid}'>{inside}</jingle></iq>"
        )
    }

    fn sources(&self, owner: &str, name: &str, ssrc: u32) -> String {
        let sources = format!("{{\"sources\":{{\"{owner}\":[[],[],[{{\"s\":{ssrc},\"n\":\"{name}\"}}]]}}}}");
        self.jingle(
            "focus",
            "source-add",
            &format!("<json-message xmlns='http://jitsi.org/jitmeet'>{sources}</json-message>"),
        )
    }

    /// Says all of it, and sees a line of chat and sound pass afterwards, and that it was cheap.
    fn through(&mut self, case: &str, frames: impl Iterator<Item = String>) -> Outcome {
        for frame in frames {
            self.meddler.say(&frame)?;
        }
        self.lines += 1;
        let text = format!("line {}", self.lines);
        self.honest.say(&format!("chat {text}"))?;
        let heard = |line: &Value| line["event"] == "chat" && line["text"] == text.as_str();
        self.victim.wait(&format!("chat after {case}"), PATIENCE, heard)?;
        let before = packets(&self.victim.event("stats", PATIENCE)?, &self.friend);
        let friend = self.friend.clone();
        self.victim.wait(&format!("sound after {case}"), PATIENCE, |line| {
            line["event"] == "stats" && packets(line, &friend) > before + 20
        })?;
        let spent = Cost::of(self.victim.id())?.cpu;
        let cost = spent - self.spent;
        self.spent = spent;
        println!("{case}: {cost:.1} s of processor time");
        assert!(cost < COST, "{case} cost {cost} s");
        Ok(())
    }
}

fn scene(homes: &[Home; 3]) -> Outcome<Scene> {
    let server = free_port()?;
    let meddler = Meddler::before(server)?;
    let (listen, public) = (format!("127.0.0.1:{server}"), format!("http://127.0.0.1:{}", meddler.port));
    let room =
        Room::open_at(&homes[0], "table", &listen, &["--tls", "off", "--public-url", &public, "--media", &listen])?;
    let mut honest = room.ordered(&homes[1], "Bo", &["--audio-in", "tone"])?;
    let friend = honest.event("joined", PATIENCE)?["endpoint"].as_str().unwrap_or_default().to_owned();
    let mut victim = room.guest(&homes[2], "Ada", &["--audio-in", "tone"])?;
    victim.event("connected", PATIENCE)?;
    honest.event("connected", PATIENCE)?;
    let offer = meddler.session("session-initiate", PATIENCE)?;
    let (from, sid) = (attribute(&offer, "from")?, attribute(&offer, "sid")?);
    let address = from.split('/').next().unwrap_or_default().to_owned();
    let spent = Cost::of(victim.id())?.cpu;
    Ok(Scene { meddler, victim, honest, room: address, sid, friend, lines: 0, spent, server: room })
}

fn odd(room: &str) -> Vec<String> {
    let deep = "<a>".repeat(30) + &"</a>".repeat(30);
    vec![
        "<iq xmlns='jabber:client'/>".to_owned(),
        "<iq xmlns='jabber:client' type='result'/>".to_owned(),
        format!("<iq xmlns='jabber:client' type='nonsense' id='{ASKED}'><x xmlns='y'/></iq>"),
        "<message xmlns='jabber:client'/>".to_owned(),
        "<presence xmlns='jabber:client' type='nonsense' from='@@@'/>".to_owned(),
        format!("<message xmlns='jabber:client' from='{room}'><body><![CDATA[<x>&amp;]]></body></message>"),
        format!(
            "<message xmlns='jabber:client' from='{room}/nobody'><body>&#x1F600;<b xmlns='c'>d</b>e</body></message>"
        ),
        format!("<message xmlns='jabber:client' xmlns:p='q' p:odd='1' from='{room}'><p:x><p:y/></p:x></message>"),
        format!("<message xmlns='jabber:client' from='{room}'>{deep}</message>"),
        "<tomorrow xmlns='urn:of:tomorrow'/>".to_owned(),
        "<a xmlns='urn:xmpp:sm:3' h='nonsense'/>".to_owned(),
    ]
}

#[test]
fn a_room_that_turns_hostile_costs_little_is_told_once_and_the_meeting_goes_on() -> Outcome {
    let homes = [Home::new()?, Home::new()?, Home::new()?];
    let mut scene = scene(&homes)?;
    let (room, friend) = (scene.room.clone(), scene.friend.clone());
    scene.through("a quiet moment", std::iter::empty())?;
    let before = Cost::of(scene.victim.id())?.megabytes()?;

    let frames: Vec<String> =
        (0..FLOOD).map(|n| scene.sources(&format!("{n:08x}"), &format!("{n:08x}-a0"), 50_000 + n)).collect();
    scene.through("sources of people who are not there", frames.into_iter())?;
    let name = format!("{friend}-a1");
    let frames: Vec<String> = (0..FLOOD).map(|n| scene.sources(&friend, &name, FIRST + n)).collect();
    scene.through("ten thousand sources of a member", frames.into_iter())?;
    let frames = vec![scene.sources(&friend, &format!("{friend}-a2"), FIRST); 1_000];
    scene.through("a source that is taken", frames.into_iter())?;
    let forged = [
        scene.jingle(&friend, "source-add", ""),
        scene.jingle(&friend, "session-terminate", "<reason><success/></reason>"),
        format!(
            "<presence xmlns='jabber:client' from='{room}/focus'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='bo@else.test/1' role='moderator'/></x></presence>"
        ),
    ];
    scene.through("orders of a member in the focus's place", forged.into_iter().cycle().take(3_000))?;
    let (from, other) =
        (format!("{room}/focus"), scene.jingle("focus", "session-terminate", "<reason><gone/></reason>"));
    let other = other.replace(&format!("sid='{}'", scene.sid), "sid='another'");
    let answers =
        (0..FLOOD).map(|n| format!("<iq xmlns='jabber:client' type='result' id='runde-{n}' from='else.test'/>"));
    let answers =
        answers.chain((0..FLOOD).map(|n| format!("<iq xmlns='jabber:client' type='error' id='{n}' from='{from}'/>")));
    scene.through("wrong ids", answers.chain(std::iter::repeat_n(other, 100)))?;
    let nick = |bytes: usize| {
        let giant = "x".repeat(bytes);
        format!(
            "<presence xmlns='jabber:client' from='{room}/{friend}'><nick xmlns='http://jabber.org/protocol/nick'>{giant}</nick></presence>"
        )
    };
    let giants = (0..50).map(|n| nick(if n % 2 == 0 { 1_000_000 } else { 1_200_000 }));
    scene.through("presences of a megabyte", giants)?;
    scene.through("odd but valid XML", odd(&room).into_iter())?;

    let after = Cost::of(scene.victim.id())?.megabytes()?;
    println!("memory: {before:.1} MB before, {after:.1} MB after");
    assert!(after < before + GROWTH, "{before} MB became {after} MB");
    assert!(scene.victim.events("source").len() <= 60, "{} sources", scene.victim.events("source").len());
    let told = scene.victim.events("ignored");
    let mut told: Vec<&str> = told.iter().filter_map(|event| event["what"].as_str()).collect();
    told.sort_unstable();
    let mut once = told.clone();
    once.dedup();
    assert_eq!(told, once, "each kind once");
    for what in ["source-of-stranger", "too-many", "ssrc-taken", "forged-focus", "unreadable"] {
        assert!(told.contains(&what), "{what} was not told: {told:?}");
    }
    for gone in ["reconnecting", "left"] {
        assert!(scene.victim.events(gone).is_empty(), "the stream ended");
    }
    for program in [scene.victim, scene.honest] {
        assert!(program.terminate(PATIENCE)?.success());
    }
    assert!(scene.server.server.terminate(PATIENCE)?.success());
    Ok(())
}
