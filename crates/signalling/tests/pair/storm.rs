//! A guest in the room is thrown recorded frames in any order, some of them damaged: it must stay alive and small.

use proptest::prelude::*;
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use runde_signalling::guest::{Command, Event, Guest, GuestConfig, Input, Output};
use runde_signalling::xml::{self, Limits};
use std::time::{Duration, Instant};

/// Bytes of the guest's own description after a storm; the biggest honest meeting of the recordings needs a tenth.
const SMALL: usize = 400_000;
/// Outputs that one frame may cause: a room full of members and sources at most.
const FEW: usize = 100;

const TRACES: [&str; 4] = [
    include_str!("../traces/jvb-2tabs-first-joiner.txt"),
    include_str!("../traces/jvb-3tabs-norewrite-tab1.txt"),
    include_str!("../traces/jvb-3tabs-norewrite-tab3.txt"),
    include_str!("../traces/p2p-then-third-joins-tab1.txt"),
];

/// The rooms and nicks of the recordings, so that frames can be bent to the guest's own.
const RECORDED: [(&str, &str); 4] =
    [("traceone", "91d9bfe7"), ("tracethree", "f67ed39b"), ("tracethree", "26673f44"), ("tracep2p", "e22e9c6b")];

fn frames() -> Vec<String> {
    let of = |(trace, (room, nick)): (&str, (&str, &str))| -> Vec<String> {
        trace
            .lines()
            .filter_map(|line| line.split_once("S->C  "))
            .map(|(_, frame)| frame.replace(room, "rosa").replace(nick, "OURNICK"))
            .collect()
    };
    TRACES.into_iter().zip(RECORDED).flat_map(of).collect()
}

struct Victim {
    guest: Guest,
    now: Instant,
    nick: String,
    last_id: String,
    most_outputs: usize,
    over: bool,
}

impl Victim {
    /// In the room, with the recorded focus.
    fn present() -> Self {
        let config = GuestConfig {
            domain: "meet.test".into(),
            login_domain: None,
            muc: "conference.meet.test".into(),
            focus: "focus.meet.test".into(),
            focus_user: Some("focus@auth.meet.test".into()),
            room: "rosa".into(),
            name: "Ada".into(),
            password: None,
            token: None,
            machine: "0".repeat(32),
            ..GuestConfig::default()
        };
        let now = Instant::now();
        let mut victim = Victim {
            guest: Guest::new(now, config, &mut ChaCha8Rng::seed_from_u64(3)),
            now,
            nick: String::new(),
            last_id: String::new(),
            most_outputs: 0,
            over: false,
        };
        victim.give(Input::Opened);
        victim.hear("<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>");
        victim.hear("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        victim.hear("<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>");
        victim.answer("<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>me@meet.test/1</jid></bind>");
        victim.answer(
            "<conference xmlns='http://jitsi.org/protocol/focus' focusjid='focus@auth.meet.test' ready='true'/>",
        );
        let nick = victim.nick.clone();
        victim.hear("<presence xmlns='jabber:client' from='rosa@conference.meet.test/focus'><x xmlns='http://jabber.org/protocol/muc#user'><item jid='focus@auth.meet.test/focus'/></x></presence>");
        victim.hear(&format!("<presence xmlns='jabber:client' from='rosa@conference.meet.test/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x></presence>"));
        victim
    }

    fn answer(&mut self, payload: &str) {
        let id = self.last_id.clone();
        self.hear(&format!("<iq xmlns='jabber:client' type='result' id='{id}'>{payload}</iq>"));
    }

    fn hear(&mut self, frame: &str) {
        self.give(Input::Text(frame.replace("OURNICK", &self.nick)));
    }

    fn give(&mut self, input: Input) {
        assert!(!self.over || self.guest.poll_output() == Output::Wait(None));
        self.guest.handle(self.now, input);
        let mut outputs = 0;
        loop {
            match self.guest.poll_output() {
                Output::Wait(_) => break,
                Output::Event(Event::Failed(_) | Event::Ended(_)) => self.over = true,
                Output::Event(_) => {}
                Output::Send(text) => self.note(&text),
            }
            outputs += 1;
        }
        self.most_outputs = self.most_outputs.max(outputs);
    }

    /// Everything the guest writes must be readable by others.
    fn note(&mut self, text: &str) {
        let frame = xml::parse(text, &Limits::PEER).unwrap();
        if frame.name() == "iq" {
            self.last_id = frame.get("id").unwrap().to_owned();
        }
        if let ("presence", Some((_, nick))) = (frame.name(), frame.get("to").and_then(|to| to.split_once('/'))) {
            self.nick = nick.to_owned();
        }
    }
}

#[derive(Debug, Clone)]
enum Blow {
    Whole,
    Cut(u16),
    /// The n-th attribute or text value of the frame becomes that of another frame.
    Swap(u8, u8),
    /// The frame answers the guest's last question.
    AsAnswer,
    Command(u8),
    Later(u16),
}

fn blow() -> impl Strategy<Value = Blow> {
    prop_oneof![
        4 => Just(Blow::Whole),
        1 => any::<u16>().prop_map(Blow::Cut),
        3 => (any::<u8>(), any::<u8>()).prop_map(|(at, from)| Blow::Swap(at, from)),
        1 => Just(Blow::AsAnswer),
        1 => any::<u8>().prop_map(Blow::Command),
        1 => any::<u16>().prop_map(Blow::Later),
    ]
}

/// The quoted values of a frame.
fn values(frame: &str) -> Vec<&str> {
    frame.split('\'').skip(1).step_by(2).collect()
}

fn damaged(frame: &str, other: &str, blow: &Blow, last_id: &str) -> String {
    match blow {
        Blow::Cut(at) => frame.chars().take(usize::from(*at) % frame.len()).collect(),
        Blow::Swap(at, from) => {
            let (ours, theirs) = (values(frame), values(other));
            match (ours.get(usize::from(*at) % ours.len().max(1)), theirs.get(usize::from(*from) % theirs.len().max(1)))
            {
                (Some(old), Some(new)) => frame.replace(old, new),
                (_, _) => frame.to_owned(),
            }
        }
        Blow::AsAnswer => {
            let id = frame.split(" id='").nth(1).and_then(|rest| rest.split('\'').next());
            id.map_or(frame.to_owned(), |id| frame.replace(id, last_id))
        }
        Blow::Whole | Blow::Command(_) | Blow::Later(_) => frame.to_owned(),
    }
}

fn command(number: u8) -> Command {
    match number % 5 {
        0 => Command::Chat("hello".into()),
        1 => Command::RaiseHand(Some(u64::from(number))),
        2 => Command::Restart,
        3 => {
            let (sources, groups) = super::stage::voice_and_picture("OURNICK", 1);
            Command::AddSources { sources, groups }
        }
        _ => {
            let (sources, groups) = super::stage::voice_and_picture("OURNICK", 1);
            Command::Accept { transport: Default::default(), sources, groups }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn a_guest_survives_recorded_frames_in_any_order_and_damaged(
        blows in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), blow()), 1..120)
    ) {
        let frames = frames();
        let mut victim = Victim::present();
        for (which, other, blow) in &blows {
            match blow {
                Blow::Command(number) => victim.give(Input::Command(command(*number))),
                Blow::Later(ms) => {
                    victim.now += Duration::from_millis(u64::from(*ms));
                    victim.give(Input::Timeout);
                }
                Blow::Whole | Blow::Cut(_) | Blow::Swap(_, _) | Blow::AsAnswer => {
                    let last_id = victim.last_id.clone();
                    victim.hear(&damaged(which.get::<String>(&frames), other.get::<String>(&frames), blow, &last_id));
                }
            }
        }
        prop_assert!(victim.most_outputs <= FEW, "{} outputs", victim.most_outputs);
        let size = format!("{:?}", victim.guest).len();
        prop_assert!(size <= SMALL, "{size} bytes");
    }
}

#[test]
fn the_victim_of_the_storm_really_stands_in_the_room() {
    let mut victim = Victim::present();
    victim.give(Input::Command(Command::Chat("hello".into())));
    assert_eq!(victim.most_outputs, 3, "services, disco, conference; later less");
    assert!(format!("{:?}", victim.guest).contains("Present"));
}
