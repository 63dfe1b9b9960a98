//! One host, guests that write their own frames, and what they get for it.

use runde_signalling::host::{ConnId, Event, Host, HostConfig, Input, Output};
use runde_signalling::jingle::Transport;
use runde_signalling::stream::error_condition;
use runde_signalling::xml::{Element, Limits, parse};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

pub const OPEN: &str = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='d' version='1.0'/>";
pub const AUTH: &str = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>";
pub const BIND: &str =
    "<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>";
pub const A: &str = "aaaaaaaa";
pub const B: &str = "bbbbbbbb";
pub const C: &str = "cccccccc";

pub struct House {
    pub host: Host,
    pub now: Instant,
    pub sent: Vec<(u64, Element)>,
    pub events: Vec<Event>,
    pub closed: Vec<u64>,
    /// When the host wants to be asked again.
    pub wait: Option<Instant>,
}

impl House {
    pub fn new(config: HostConfig) -> Self {
        let host = Host::new(config, [1; 32]);
        Self { host, now: Instant::now(), sent: vec![], events: vec![], closed: vec![], wait: None }
    }

    /// Gives an input and returns what was sent because of it. Transports are allocated at once.
    pub fn give(&mut self, input: Input) -> Vec<(u64, Element)> {
        self.host.handle(self.now, input);
        self.drain()
    }

    /// Lets time pass and returns what was sent because of it.
    pub fn pass(&mut self, time: Duration) -> Vec<(u64, Element)> {
        self.now += time;
        self.host.handle_timeout(self.now);
        self.drain()
    }

    fn drain(&mut self) -> Vec<(u64, Element)> {
        let mut new = vec![];
        loop {
            match self.host.poll_output() {
                Output::Send(to, text) => new.push((to.0, parse(&text, &Limits::FOCUS).unwrap())),
                Output::Event(event) => {
                    if let Event::Allocate { room, endpoint } = event.clone() {
                        let transport = Transport { ufrag: "u".into(), pwd: "p".into(), ..Transport::default() };
                        self.host.handle(self.now, Input::Allocated { room, endpoint, transport });
                    }
                    self.events.push(event);
                }
                Output::CloseConnection(id) => self.closed.push(id.0),
                Output::Wait(until) => {
                    self.wait = until;
                    break;
                }
            }
        }
        self.sent.extend(new.clone());
        new
    }

    pub fn say(&mut self, who: u64, text: &str) -> Vec<(u64, Element)> {
        self.give(Input::Text(ConnId(who), text.to_owned()))
    }

    /// A socket from an address of its own.
    pub fn open(&mut self, who: u64) {
        self.open_from(who, Ipv4Addr::from(0xc000_0200 + who as u32).into());
    }

    pub fn open_from(&mut self, who: u64, from: IpAddr) {
        self.give(Input::Opened { connection: ConnId(who), from });
    }

    pub fn connect(&mut self, who: u64) {
        self.open(who);
        self.log_in(who);
    }

    /// Everything from the first frame to an address.
    pub fn log_in(&mut self, who: u64) {
        for frame in [OPEN, AUTH, OPEN, BIND] {
            self.say(who, frame);
        }
    }

    pub fn ask_room(&mut self, who: u64, room: &str) -> Vec<(u64, Element)> {
        self.say(who, &format!("<iq xmlns='jabber:client' type='set' id='c' to='focus.d'><conference xmlns='http://jitsi.org/protocol/focus' room='{room}@conference.d'/></iq>"))
    }

    pub fn presence(&mut self, who: u64, endpoint: &str, inside: &str) -> Vec<(u64, Element)> {
        self.say(who, &format!("<presence xmlns='jabber:client' to='r@conference.d/{endpoint}'>{inside}</presence>"))
    }

    pub fn iq(&mut self, who: u64, kind: &str, to: &str, inside: &str) -> Vec<(u64, Element)> {
        self.say(who, &format!("<iq xmlns='jabber:client' type='{kind}' id='q' to='{to}'>{inside}</iq>"))
    }

    /// A moderator submits the room's form.
    pub fn submit(&mut self, who: u64, fields: &[(&str, &str)]) -> Vec<(u64, Element)> {
        let field =
            |(name, value): &(&str, &str)| format!("<field var='muc#roomconfig_{name}'><value>{value}</value></field>");
        let fields: String = fields.iter().map(field).collect();
        let form = format!(
            "<query xmlns='http://jabber.org/protocol/muc#owner'><x type='submit' xmlns='jabber:x:data'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>{fields}<field var='muc#roomconfig_whois'><value>anyone</value></field></x></query>"
        );
        self.iq(who, "set", "r@conference.d", &form)
    }

    /// The full address that a connection was given.
    pub fn jid(&self, who: u64) -> String {
        let answers = self.sent.iter().filter(|(to, e)| *to == who && e.name() == "iq");
        let bound = answers.filter_map(|(_, e)| e.children().find(|child| child.name() == "bind")).next_back();
        bound.unwrap().children().next().unwrap().own_text()
    }

    /// Connects, joins and answers the question for features.
    pub fn join(&mut self, who: u64, endpoint: &str, features: &str) -> Vec<(u64, Element)> {
        self.connect(who);
        self.ask_room(who, "r");
        let mut got = self.presence(who, endpoint, "");
        let question =
            got.iter().find(|(to, e)| *to == who && e.get("type") == Some("get")).unwrap().1.get("id").unwrap();
        let question = question.to_owned();
        got.extend(self.say(who, &format!("<iq xmlns='jabber:client' type='result' id='{question}' to='r@conference.d/focus'><query xmlns='http://jabber.org/protocol/disco#info'>{features}</query></iq>")));
        got
    }

    pub fn sid(&self, who: u64) -> String {
        let offers = self.sent.iter().rev().filter(|(to, _)| *to == who);
        let jingle = offers.filter_map(|(_, e)| jingle(e)).find(|j| j.get("action") == Some("session-initiate"));
        jingle.unwrap().get("sid").unwrap().to_owned()
    }

    pub fn session(&mut self, who: u64, action: &str, inside: &str) -> Vec<(u64, Element)> {
        let sid = self.sid(who);
        self.say(who, &format!("<iq xmlns='jabber:client' type='set' id='j' to='r@conference.d/focus'><jingle xmlns='urn:xmpp:jingle:1' action='{action}' sid='{sid}'>{inside}</jingle></iq>"))
    }

    pub fn accept(&mut self, who: u64, endpoint: &str, base: u32) -> Vec<(u64, Element)> {
        self.session(who, "session-accept", &content(endpoint, base, true))
    }

    /// Two guests with accepted sessions.
    pub fn pair() -> Self {
        let mut house = Self::new(HostConfig::new("d"));
        house.join(1, A, JSON);
        house.join(
            2,
            B,
            "<feature var='urn:xmpp:jingle:apps:rtp:audio'/><feature var='urn:xmpp:jingle:apps:rtp:video'/>",
        );
        house.accept(1, A, 100);
        house.accept(2, B, 200);
        house
    }
}

pub const JSON: &str = "<feature var='urn:xmpp:jingle:apps:rtp:audio'/><feature var='urn:xmpp:jingle:apps:rtp:video'/><feature var='http://jitsi.org/json-encoded-sources'/>";

pub fn content(endpoint: &str, base: u32, with_transport: bool) -> String {
    let source =
        |n: u32| format!("<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='{}' name='{endpoint}-v0'/>", base + n);
    let group = |semantics: &str, all: &[u32]| {
        let inside: String = all.iter().map(|n| format!("<source ssrc='{}'/>", base + n)).collect();
        format!("<ssrc-group xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' semantics='{semantics}'>{inside}</ssrc-group>")
    };
    let transport =
        if with_transport { "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='x' pwd='y'/>" } else { "" };
    format!(
        "<content name='video' creator='responder'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='video'>{}{}{}{}</description>{transport}</content>",
        (0..4).map(source).collect::<String>(),
        group("SIM", &[0, 1]),
        group("FID", &[0, 2]),
        group("FID", &[1, 3]),
    )
}

pub fn jingle(e: &Element) -> Option<&Element> {
    e.children().find(|child| child.name() == "jingle")
}

pub fn to(who: u64, got: &[(u64, Element)]) -> Vec<&Element> {
    got.iter().filter(|(to, _)| *to == who).map(|(_, e)| e).collect()
}

pub fn condition(got: &[(u64, Element)]) -> Option<String> {
    got.iter().find_map(|(_, e)| error_condition(e).map(str::to_owned))
}
