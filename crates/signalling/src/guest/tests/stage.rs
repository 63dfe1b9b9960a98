//! The guest on its stage: a server written by hand, frame by frame, in virtual time.

use super::super::*;
use crate::jingle::{Kind, Setup, Source, Transport, VideoType};
use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;

pub(super) const ROOM: &str = "rosa@conference.meet.test";
pub(super) const FOCUS: &str = "rosa@conference.meet.test/focus";

pub(super) struct Stage {
    pub(super) guest: Guest,
    pub(super) now: Instant,
    pub(super) sent: Vec<Element>,
    pub(super) events: Vec<Event>,
    pub(super) wake: Option<Instant>,
}

impl Stage {
    pub(super) fn new() -> Self {
        Stage::with(config())
    }

    pub(super) fn with(config: GuestConfig) -> Self {
        let now = start();
        Stage {
            guest: Guest::new(now, config, &mut ChaCha8Rng::seed_from_u64(1)),
            now,
            sent: Vec::new(),
            events: Vec::new(),
            wake: None,
        }
    }

    pub(super) fn give(&mut self, input: Input) {
        self.guest.handle(self.now, input);
        loop {
            match self.guest.poll_output() {
                Output::Send(text) => self.sent.push(xml::parse(&text, &Limits::PEER).unwrap()),
                Output::Event(event) => self.events.push(event),
                Output::Wait(wake) => {
                    self.wake = wake;
                    return;
                }
            }
        }
    }

    pub(super) fn hear(&mut self, frame: &str) {
        self.give(Input::Text(frame.to_owned()));
    }

    pub(super) fn command(&mut self, command: Command) {
        self.give(Input::Command(command));
    }

    /// Lets time pass until the guest wants to be woken.
    pub(super) fn wait(&mut self) -> Duration {
        let before = self.now;
        self.now = self.wake.unwrap();
        self.give(Input::Timeout);
        self.now - before
    }

    pub(super) fn last(&self) -> &Element {
        self.sent.last().unwrap()
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(super) fn id_of(&self, child: &str) -> String {
        let asked = |frame: &&Element| frame.children().any(|inner| inner.name() == child);
        let frame = self.sent.iter().rev().find(asked).unwrap();
        frame.get("id").unwrap().to_owned()
    }

    pub(super) fn bound() -> Self {
        Stage::new().bind("")
    }

    /// Logs in without a name; `more` stands in the features besides binding.
    pub(super) fn bind(mut self, more: &str) -> Self {
        let stage = &mut self;
        stage.give(Input::Opened);
        stage.hear("<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>");
        stage.hear("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
        stage.hear(&format!("<stream:features xmlns:stream='http://etherx.jabber.org/streams' xmlns='jabber:client'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>{more}</stream:features>"));
        let id = stage.id_of("bind");
        stage.hear(&format!("<iq xmlns='jabber:client' type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>me@meet.test/1</jid></bind></iq>"));
        self
    }

    pub(super) fn ready(&mut self, ready: bool) {
        let id = self.id_of("conference");
        self.hear(&format!("<iq xmlns='jabber:client' from='focus.meet.test' type='result' id='{id}'><conference xmlns='http://jitsi.org/protocol/focus' focusjid='focus@auth.meet.test' ready='{ready}'/></iq>"));
    }

    pub(super) fn entering() -> Self {
        let mut stage = Stage::bound();
        stage.ready(true);
        stage
    }

    pub(super) fn nick(&self) -> String {
        let joins = |frame: &&Element| frame.name() == "presence";
        let to = self.sent.iter().rev().find(joins).unwrap().get("to").unwrap();
        to.rsplit('/').next().unwrap().to_owned()
    }

    pub(super) fn seen(&mut self, nick: &str, jid: &str, inside: &str) {
        self.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'>{inside}<x xmlns='http://jabber.org/protocol/muc#user'><item role='participant' jid='{jid}'/></x></presence>"));
    }

    pub(super) fn gone(&mut self, nick: &str, inside: &str) {
        self.hear(&format!("<presence xmlns='jabber:client' type='unavailable' from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'>{inside}</x></presence>"));
    }

    /// In the room with the focus and one member, `aaaa0001` called Bo.
    pub(super) fn present() -> Self {
        Stage::entering().arrive()
    }

    pub(super) fn arrive(mut self) -> Self {
        let stage = &mut self;
        stage.seen("focus", "focus@auth.meet.test/focus", "");
        stage.seen("aaaa0001", "bo@meet.test/1", "<nick xmlns='http://jabber.org/protocol/nick'>Bo</nick>");
        let nick = stage.nick();
        stage.hear(&format!("<presence xmlns='jabber:client' from='{ROOM}/{nick}'><x xmlns='http://jabber.org/protocol/muc#user'><item role='participant'/><status code='110'/></x></presence>"));
        self
    }

    pub(super) fn jingle(&mut self, from: &str, action: &str, sid: &str, inside: &str) {
        self.hear(&format!("<iq xmlns='jabber:client' type='set' id='x1' from='{from}'><jingle xmlns='urn:xmpp:jingle:1' action='{action}' sid='{sid}'>{inside}</jingle></iq>"));
    }

    pub(super) fn offer(&mut self, from: &str, sid: &str) {
        self.jingle(from, "session-initiate", sid, OFFER);
    }

    pub(super) fn accept(&mut self) {
        self.command(Command::Accept {
            transport: Transport {
                ufrag: "u".into(),
                pwd: "p".into(),
                setup: Some(Setup::Active),
                ..Transport::default()
            },
            sources: vec![ours(1)],
            groups: Vec::new(),
        });
    }

    pub(super) fn accepted(&mut self) {
        let accept = |frame: &&Element| frame.children().any(|jingle| jingle.get("action") == Some("session-accept"));
        let id = self.sent.iter().rev().find(accept).unwrap().get("id").unwrap().to_owned();
        self.hear(&format!("<iq xmlns='jabber:client' type='result' id='{id}' from='{FOCUS}'/>"));
    }

    /// A session that stands; ours is SSRC 1.
    pub(super) fn in_session() -> Self {
        let mut stage = Stage::present();
        stage.offer(FOCUS, "s1");
        stage.accept();
        stage.accepted();
        stage.events();
        stage
    }

    pub(super) fn adds(&mut self, owner: &str, ssrc: u32) {
        self.jingle(FOCUS, "source-add", "s1", &compact(owner, ssrc));
    }
}

pub(super) const OFFER: &str = "<content xmlns='urn:xmpp:jingle:1' name='audio'><description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'><payload-type id='111' name='opus' clockrate='48000' channels='2'/></description><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='a' pwd='b'><fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>AA:BB</fingerprint></transport></content>";

pub(super) fn config() -> GuestConfig {
    GuestConfig {
        domain: "meet.test".into(),
        muc: "conference.meet.test".into(),
        focus: "focus.meet.test".into(),
        room: "rosa".into(),
        name: "Ada".into(),
        machine: "0".repeat(32),
        ..GuestConfig::default()
    }
}

/// Instants have no zero; one is enough for all.
#[allow(clippy::disallowed_methods, reason = "a test needs one instant to begin with")]
pub(super) fn start() -> Instant {
    Instant::now()
}

pub(super) fn ours(ssrc: u32) -> Source {
    Source { kind: Kind::Audio, ssrc, name: "me-a0".into(), owner: None, msid: None, video_type: VideoType::Camera }
}

pub(super) fn compact(owner: &str, ssrc: u32) -> String {
    format!(
        "<json-message xmlns='http://jitsi.org/jitmeet'>{{\"sources\":{{\"{owner}\":[[],[],[{{\"s\":{ssrc},\"n\":\"{owner}-a0\"}}]]}}}}</json-message>"
    )
}

pub(super) fn ssrcs(events: &[Event]) -> Vec<(char, u32)> {
    let all = |mark, sources: &[Source]| sources.iter().map(|s| (mark, s.ssrc)).collect::<Vec<_>>();
    events
        .iter()
        .flat_map(|event| match event {
            Event::SourcesAdded(added) => all('+', &added.sources),
            Event::SourcesRemoved(sources) => all('-', sources),
            _other => Vec::new(),
        })
        .collect()
}

pub(super) fn ignored(what: Oddity) -> Event {
    Event::Ignored { what }
}
