//! The guest side of the conversation: one participant from the first `<open/>` to the last `<close/>`.
//!
//! **One `handle`, then drain `poll_output` to `Wait`.** `Wait` ends the drain and carries the moment at which
//! [`Input::Timeout`] is due, so a driver can forget neither. After [`Event::Failed`] or [`Event::Ended`] nothing more
//! comes: close the socket.
//!
//! Not in here: sockets, `config.js`, the bridge channel (its address is in the offer; its messages are
//! [`crate::bridge`]), media. Start at [`Guest::handle`]; the way into the room is `guest/entry.rs`, waiting in front of it
//! `guest/lobby.rs`, life in the room `guest/present.rs`, moderating it `guest/moderate.rs`, media sessions `guest/session.rs`, their new
//! credentials `guest/renew.rs`, the direct connection of two `guest/direct.rs`, a broken connection `guest/mend.rs`.
//!
//! # How a driver uses it
//! 1. [`GuestConfig::guessed`] for a bare link, [`GuestConfig::at`] once `config.js` was read; `password`, `login` and
//!    `former` by assignment where they are needed.
//! 2. Open [`crate::config::Addresses`]'s `websocket` with sub-protocol `xmpp`; [`Guest::new`] when starting
//!    to connect (the first deadline covers the connect), [`Input::Opened`] once it stands.
//! 3. Loop: text frame, close, command or deadline into `handle`; then drain: `Send` to the socket, `Event` to the
//!    meeting, `Wait` is the next select.
//! 4. On [`Event::Joined`] publish [`Command::SetSourceInfo`] (before that we count as muted) and name sources
//!    `ENDPOINT-a0`, `ENDPOINT-v0`.
//! 5. On [`Event::Offer`] set up the transport from the offer (a second offer replaces the first session), take
//!    payload types and header extensions from [`answerable`], and send [`Command::Accept`].
//! 6. On [`Event::Renewed`] go on with new ICE credentials on both sides, and send [`Command::Renewed`].
//! 7. Sources of somebody who left come as [`Event::SourcesRemoved`] before [`Event::MemberLeft`], whether or not the
//!    focus bothers to say so.
//! 8. Source maps of the bridge channel go in as [`Input::Mapped`]; what they come to is [`Event::SourcesMapped`].
//! 9. On [`Event::AskConference`] POST its JSON (with the token as bearer) and give [`Input::Conference`]; on
//!    [`Event::Dial`] replace the socket.

mod acks;
mod asked;
mod caps;
mod config;
mod direct;
mod entry;
mod event;
mod extras;
mod live;
mod lobby;
mod login;
mod mapping;
mod mend;
mod moderate;
mod present;
mod pulse;
mod refusal;
mod renew;
mod request;
mod roster;
mod session;
mod stanza;
#[cfg(test)]
mod tests;
mod watch;

pub use caps::{FEATURES, NODE};
pub use config::{GuestConfig, Login};
pub use direct::{DirectNews, DirectOrder, Ending, direct_contents};
pub use event::{
    ChatLine, Command, End, Event, Failure, Mapped, Member, Moderation, Muted, Oddity, Relay, RoomRules, SourceState,
    Step, Waiting,
};
pub use session::answerable;

use crate::bridge::MappedSource;
use crate::jingle::{Kind, Sources};
use crate::xml::{self, Element, Limits};
use crate::{ns, stream};
use acks::Acks;
use asked::{Asked, Ids, Question};
use entry::{Binding, Way};
use lobby::Knock;
use login::Exchange;
use mend::Mend;
use present::Present;
use rand_core::RngCore;
use request::RequestStep;
use roster::Roster;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

/// How long one step of the way in may take. Twice what a slow real deployment was seen to need, and short enough that
/// a person still waits.
pub const STEP_LIMIT: Duration = Duration::from_secs(15);
/// Between two pings of ours (the interval of the Jitsi clients).
pub const PING_EVERY: Duration = Duration::from_secs(10);
/// A ping without any sign of life for this long counts as lost.
pub const PING_LIMIT: Duration = Duration::from_secs(5);
/// Lost pings in a row after which the connection counts as broken.
pub const PINGS_LOST: u8 = 2;

/// What goes in.
#[derive(Debug, Clone, PartialEq)]
pub enum Input {
    /// The socket stands, sub-protocol `xmpp`.
    Opened,
    /// One text frame: one XML document.
    Text(String),
    /// The socket is gone, or did not open.
    Closed,
    /// The network is another one, or back: what was open leads nowhere, and a new connection may be tried at once.
    NetworkChanged,
    /// What the conference request by HTTP came to; status 0 when there was no answer at all.
    Conference {
        status: u16,
        body: String,
    },
    Command(Command),
    /// What the bridge says on its channel of the SSRCs it sends on.
    Mapped {
        kind: Kind,
        sources: Vec<MappedSource>,
    },
    /// The moment of the last `Wait` has come. Early or repeated ones do no harm.
    Timeout,
}

/// What comes out.
#[derive(Debug, Clone, PartialEq)]
pub enum Output {
    /// One text frame.
    Send(String),
    Event(Event),
    /// Nothing more until the next input, or until this moment.
    Wait(Option<Instant>),
}

/// Every state owns what exists only in it.
#[derive(Debug)]
enum State {
    Opening { connected: bool, until: Instant },
    Authenticating { exchange: Exchange, until: Instant },
    Binding { step: Binding, until: Instant },
    Requesting { way: Way, step: RequestStep },
    Entering { way: Way, roster: Roster, until: Instant },
    Knocking { way: Way, knock: Knock },
    Present(Box<Present>),
    Gone,
}

/// What we say about ourselves, in whatever state.
#[derive(Debug, Default)]
struct Me {
    name: String,
    hand: Option<u64>,
    sources: BTreeMap<String, SourceState>,
    /// The focus is to name sources.
    classic: bool,
}

/// One participant of one meeting.
#[derive(Debug)]
pub struct Guest {
    config: GuestConfig,
    ids: Ids,
    me: Me,
    state: State,
    asked: Asked,
    acks: Acks,
    extras: extras::Known,
    /// Only in the room, and only while its connection is broken.
    mend: Option<Mend>,
    outputs: VecDeque<Output>,
    reported: BTreeSet<Oddity>,
}

impl Guest {
    /// A guest that waits for its socket until [`STEP_LIMIT`] is over. `rng` seeds stanza ids and the nick: it must be
    /// unpredictable for others, since ids are what ties an answer to its question.
    pub fn new(now: Instant, config: GuestConfig, rng: &mut impl RngCore) -> Self {
        let me = Me { name: config.name.clone(), classic: config.classic, ..Me::default() };
        Guest {
            ids: Ids::new(rng),
            me,
            state: State::Opening { connected: false, until: now + STEP_LIMIT },
            config,
            asked: Asked::default(),
            acks: Acks::default(),
            extras: extras::Known::default(),
            mend: None,
            outputs: VecDeque::new(),
            reported: BTreeSet::new(),
        }
    }

    /// Takes one input. Whatever arrives, this neither fails nor panics: what cannot be used becomes
    /// [`Event::Ignored`], what ends the matter [`Event::Failed`] or [`Event::Ended`].
    pub fn handle(&mut self, now: Instant, input: Input) {
        if matches!(self.state, State::Gone) {
            return;
        }
        match input {
            Input::Opened => self.opened(now),
            Input::Text(text) => self.read(now, &text),
            Input::Closed => self.closed(now),
            Input::NetworkChanged => self.network_changed(now),
            Input::Conference { status, body } => self.conference_by_http(now, status, &body),
            Input::Command(command) => self.command(command),
            Input::Mapped { kind, sources } => self.mapped(kind, sources),
            Input::Timeout => self.timeout(now),
        }
    }

    /// The next thing to do; [`Output::Wait`] when there is nothing.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Wait(self.deadline()))
    }

    /// Our full address, once there is one.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match &self.state {
            State::Requesting { way, .. } | State::Entering { way, .. } | State::Knocking { way, .. } => Some(&way.jid),
            State::Present(present) => Some(&present.way.jid),
            State::Opening { .. } | State::Authenticating { .. } | State::Binding { .. } | State::Gone => None,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        if let (Some(mend), State::Present(_)) = (&self.mend, &self.state) {
            return Some(mend.until());
        }
        match &self.state {
            State::Opening { until, .. }
            | State::Authenticating { until, .. }
            | State::Binding { until, .. }
            | State::Entering { until, .. } => Some(*until),
            State::Requesting { step, .. } => Some(step.until()),
            State::Knocking { knock, .. } => Some(knock.next()),
            State::Present(present) => present.direct.due().into_iter().chain([present.pulse.next()]).min(),
            State::Gone => None,
        }
    }

    fn read(&mut self, now: Instant, text: &str) {
        let Ok(frame) = xml::parse(text, &Limits::FOCUS) else {
            // The server counts it, whatever it is worth.
            if ["<iq", "<message", "<presence"].iter().any(|stanza| text.trim_start().starts_with(stanza)) {
                self.acks.heard();
            }
            return self.ignored(Oddity::UnreadableFrame);
        };
        if is_stanza(&frame) {
            self.acks.heard();
        }
        // Only a request of the focus carries everybody's sources; nothing else has a reason to be that long.
        if text.len() > Limits::PEER.bytes && frame.name() != "iq" {
            return self.ignored(Oddity::UnreadableFrame);
        }
        if let Some(pulse) = self.pulse_mut() {
            pulse.heard(now);
        }
        match frame.name() {
            "features" => self.features(now, &frame),
            "challenge" => self.challenged(&frame),
            "success" => self.logged_in(now, &frame),
            "failure" => self.login_refused(&frame),
            "iq" => self.iq(now, &frame),
            "presence" => self.presence(now, &frame),
            "message" => self.message(now, &frame),
            "close" => self.closed(now),
            _ if frame.ns() == ns::SM => self.management(now, &frame),
            _ => {}
        }
    }

    /// Stream management (XEP-0198).
    fn management(&mut self, now: Instant, frame: &Element) {
        match frame.name() {
            "enabled" => self.acks.enabled(frame),
            "failed" => self.management_failed(),
            "r" => {
                let answer = self.acks.answer();
                self.write(&answer);
            }
            "a" => self.acks.confirm(frame),
            "resumed" => self.resumed(now, frame),
            _ => {}
        }
    }

    fn iq(&mut self, now: Instant, iq: &Element) {
        match iq.get("type") {
            Some("result" | "error") => self.answered(now, iq),
            Some("get" | "set") => self.question(iq),
            _ => {}
        }
    }

    fn answered(&mut self, now: Instant, iq: &Element) {
        let Some(id) = iq.get("id") else { return };
        let question = match self.asked.take(id, iq.get("from")) {
            asked::Match::Ours(question) => question,
            asked::Match::Forged => return self.ignored(Oddity::ForgedAnswer),
            asked::Match::Unknown => return,
        };
        match question {
            Question::Bind => self.bound(now, iq),
            Question::Session => self.session_opened(now),
            Question::Relays => self.relays(iq),
            Question::Components => self.components_said(iq),
            Question::Conference => self.conference(now, iq),
            Question::Accept { sid } => self.accept_answered(&sid, iq),
            Question::Renewal { sid } => self.renewal_answered(&sid, iq),
            Question::Restart => self.restart_answered(iq),
            Question::Direct { sid } => self.direct_answered(&sid, iq),
            Question::Ping => self.pinged(),
            Question::Rules => self.rules(iq),
            Question::Moderation => self.moderated(iq),
            Question::Courtesy => {}
        }
    }

    /// Somebody asks something of us; every question gets an answer (RFC 6120 8.2.3).
    fn question(&mut self, iq: &Element) {
        let Some(asker) = stanza::Asker::of(iq) else { return };
        let answer = if let Some(query) = iq.find("query", ns::DISCO_INFO) {
            stanza::disco_answer(&asker, query.get("node"), self.me.classic)
        } else if let Some(jingle) = iq.find("jingle", ns::JINGLE) {
            return self.jingle(&asker, jingle);
        } else if let Some(mute) = stanza::named(iq, "mute") {
            return self.mute(&asker, mute);
        } else {
            asker.refuse("cancel", "service-unavailable", None)
        };
        self.send(&answer);
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Leave => self.leave(),
            Command::SetName(name) => {
                self.me.name = name;
                self.publish();
            }
            Command::RaiseHand(hand) => {
                self.me.hand = hand;
                self.publish();
            }
            Command::SetSourceInfo(sources) => self.set_source_info(sources),
            Command::Chat(text) => self.chat(&text),
            Command::PrivateChat { to, text } => self.private_chat(&to, &text),
            Command::Accept { transport, sources, groups } => self.accept(&transport, Sources { sources, groups }),
            Command::AddSources { sources, groups } => {
                self.add_sources(Sources { sources, groups });
            }
            Command::RemoveSources { sources, groups } => {
                self.remove_sources(Sources { sources, groups });
            }
            Command::Restart => self.restart(),
            Command::Renew => self.renew(),
            Command::Renewed { transport } => self.renewed(&transport),
            Command::Direct(order) => self.direct_ordered(order),
            Command::Moderate(what) => self.moderate(what),
            Command::Extra(wish) => self.wish(&wish),
        }
    }

    fn timeout(&mut self, now: Instant) {
        if self.mend.is_some() {
            return self.mend_due(now);
        }
        let late = match &self.state {
            State::Opening { until, .. } if now >= *until => Step::Opening,
            State::Authenticating { until, .. } if now >= *until => Step::Authenticating,
            State::Binding { until, .. } if now >= *until => Step::Binding,
            State::Entering { until, .. } if now >= *until => Step::Entering,
            State::Requesting { step, .. } if now >= step.until() => return self.request_due(now),
            State::Knocking { .. } => return self.knock_due(now),
            State::Present(_) => {
                self.direct_due(now);
                return self.pulse(now);
            }
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Entering { .. }
            | State::Requesting { .. }
            | State::Gone => return,
        };
        self.fail(Failure::Silent(late));
    }

    fn closed(&mut self, now: Instant) {
        if self.mend.is_some() {
            return self.mend_failed(now);
        }
        if self.cut(now) {
            return;
        }
        let step = match &self.state {
            State::Opening { .. } => Step::Opening,
            State::Authenticating { .. } => Step::Authenticating,
            State::Binding { .. } => Step::Binding,
            State::Requesting { .. } => Step::Requesting,
            State::Entering { .. } => Step::Entering,
            State::Knocking { .. } => Step::Knocking,
            State::Present(_) => return self.end(End::Closed),
            State::Gone => return,
        };
        self.fail(Failure::Closed(step));
    }

    fn leave(&mut self) {
        self.end_direct(Some(("success", None)));
        let place = match &self.state {
            State::Entering { way, .. } => Some(self.occupant(&way.nick)),
            State::Present(present) => Some(self.occupant(&present.way.nick)),
            State::Knocking { way, knock } => Some(format!("{}/{}", knock.lobby(), way.nick)),
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Gone => None,
        };
        if let Some(place) = place {
            self.send(&stanza::unavailable(&place));
        }
        if self.mend.is_none() && !matches!(self.state, State::Opening { connected: false, .. }) {
            self.write(&stream::close());
        }
        self.end(End::Left);
    }

    /// `room/nick`.
    fn occupant(&self, nick: &str) -> String {
        format!("{}/{nick}", self.config.room_jid())
    }

    /// A stanza. While the connection is broken it is only kept.
    fn send(&mut self, stanza: &Element) {
        let text = stanza.to_string();
        let due = self.acks.said(&text);
        if self.mend.is_some() {
            return;
        }
        self.outputs.push_back(Output::Send(text));
        if due {
            self.write(&Acks::request());
        }
    }

    /// A frame that is no stanza: of the stream itself, of the login, of the counting.
    fn write(&mut self, frame: &Element) {
        self.outputs.push_back(Output::Send(frame.to_string()));
    }

    /// Asks and remembers what was asked of whom.
    fn ask(&mut self, to: Option<&str>, kind: &str, question: Question, payload: Element) {
        let id = self.ids.next();
        self.send(&stanza::iq(&id, kind, to, payload));
        self.asked.put(id, to, question);
    }

    fn event(&mut self, event: Event) {
        self.outputs.push_back(Output::Event(event));
    }

    fn ignored(&mut self, what: Oddity) {
        if self.reported.insert(what) {
            self.event(Event::Ignored { what });
        }
    }

    fn fail(&mut self, why: Failure) {
        self.state = State::Gone;
        self.event(Event::Failed(why));
    }

    fn end(&mut self, how: End) {
        self.state = State::Gone;
        self.event(Event::Ended(how));
    }
}

/// What counts (XEP-0198 4).
fn is_stanza(frame: &Element) -> bool {
    matches!(frame.name(), "iq" | "message" | "presence")
}
