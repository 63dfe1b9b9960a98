//! The guest side of the conversation: one participant from the first `<open/>` to the last `<close/>`.
//!
//! **One `handle`, then drain `poll_output` to `Wait`.** `Wait` ends the drain and carries the moment at which
//! [`Input::Timeout`] is due, so a driver can forget neither. After [`Event::Failed`] or [`Event::Ended`] nothing more
//! comes: close the socket.
//!
//! Not in here: sockets, `config.js`, the bridge channel (its address is in the offer; its messages are
//! [`crate::bridge`]), media. Start at [`Guest::handle`]; the way into the room is `guest/entry.rs`, life in the room
//! `guest/present.rs`, media sessions `guest/session.rs`.
//!
//! # How a driver uses it
//! 1. [`GuestConfig::guessed`] for a bare link, [`GuestConfig::at`] once `config.js` was read; `focus_user` and
//!    `password` by assignment where they are needed.
//! 2. Open [`crate::config::Addresses`]'s `websocket` with sub-protocol `xmpp`; [`Guest::new`] when starting
//!    to connect (the first deadline covers the connect), [`Input::Opened`] once it stands.
//! 3. Loop: text frame, close, command or deadline into `handle`; then drain: `Send` to the socket, `Event` to the
//!    meeting, `Wait` is the next select.
//! 4. On [`Event::Joined`] publish [`Command::SetSourceInfo`] (before that we count as muted) and name sources
//!    `ENDPOINT-a0`, `ENDPOINT-v0`.
//! 5. On [`Event::Offer`] set up the transport from the offer (a second offer replaces the first session), take
//!    payload types and header extensions from [`answerable`], and send [`Command::Accept`].
//! 6. Sources of somebody who left come as [`Event::SourcesRemoved`] before [`Event::MemberLeft`], whether or not the
//!    focus bothers to say so.

mod asked;
mod caps;
mod config;
mod entry;
mod event;
mod present;
mod refusal;
mod roster;
mod session;
mod stanza;
#[cfg(test)]
mod tests;

pub use caps::{FEATURES, NODE};
pub use config::GuestConfig;
pub use event::{ChatLine, Command, End, Event, Failure, Member, Muted, Oddity, Relay, SourceState, Step};
pub use session::answerable;

use crate::jingle::Sources;
use crate::xml::{self, Element, Limits};
use crate::{ns, stream};
use asked::{Asked, Ids, Question};
use entry::{Binding, RequestStep, Way};
use present::Present;
use rand_core::RngCore;
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
    /// The socket is gone.
    Closed,
    Command(Command),
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
    Authenticating { until: Instant },
    Binding { step: Binding, until: Instant },
    Requesting { way: Way, step: RequestStep },
    Entering { way: Way, roster: Roster, until: Instant },
    Present(Box<Present>),
    Gone,
}

/// What we say about ourselves, in whatever state.
#[derive(Debug, Default)]
struct Me {
    name: String,
    hand: Option<u64>,
    sources: BTreeMap<String, SourceState>,
}

/// One participant of one meeting.
#[derive(Debug)]
pub struct Guest {
    config: GuestConfig,
    ids: Ids,
    me: Me,
    state: State,
    asked: Asked,
    outputs: VecDeque<Output>,
    reported: BTreeSet<Oddity>,
}

impl Guest {
    /// A guest that waits for its socket until [`STEP_LIMIT`] is over. `rng` seeds stanza ids and the nick: it must be
    /// unpredictable for others, since ids are what ties an answer to its question.
    pub fn new(now: Instant, config: GuestConfig, rng: &mut impl RngCore) -> Self {
        let me = Me { name: config.name.clone(), ..Me::default() };
        Guest {
            ids: Ids::new(rng),
            me,
            state: State::Opening { connected: false, until: now + STEP_LIMIT },
            config,
            asked: Asked::default(),
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
            Input::Closed => self.closed(),
            Input::Command(command) => self.command(command),
            Input::Timeout => self.timeout(now),
        }
    }

    /// The next thing to do; [`Output::Wait`] when there is nothing.
    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or_else(|| Output::Wait(self.deadline()))
    }

    fn deadline(&self) -> Option<Instant> {
        match &self.state {
            State::Opening { until, .. }
            | State::Authenticating { until }
            | State::Binding { until, .. }
            | State::Entering { until, .. } => Some(*until),
            State::Requesting { step, .. } => Some(step.until()),
            State::Present(present) => Some(present.pulse.next()),
            State::Gone => None,
        }
    }

    fn read(&mut self, now: Instant, text: &str) {
        let Ok(frame) = xml::parse(text, &Limits::FOCUS) else {
            return self.ignored(Oddity::UnreadableFrame);
        };
        // Only a request of the focus carries everybody's sources; nothing else has a reason to be that long.
        if text.len() > Limits::PEER.bytes && frame.name() != "iq" {
            return self.ignored(Oddity::UnreadableFrame);
        }
        if let State::Present(present) = &mut self.state {
            present.pulse.heard(now);
        }
        match frame.name() {
            "features" => self.features(now, &frame),
            "success" => self.logged_in(now),
            "failure" => self.login_refused(),
            "iq" => self.iq(now, &frame),
            "presence" => self.presence(now, &frame),
            "message" => self.message(&frame),
            "close" => self.closed(),
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
            Question::Conference => self.conference(now, iq),
            Question::Accept { sid } => self.accept_answered(&sid, iq),
            Question::Ping => self.pinged(),
            Question::Courtesy => {}
        }
    }

    /// Somebody asks something of us; every question gets an answer (RFC 6120 8.2.3).
    fn question(&mut self, iq: &Element) {
        let Some(asker) = stanza::Asker::of(iq) else { return };
        let answer = if let Some(query) = iq.find("query", ns::DISCO_INFO) {
            stanza::disco_answer(&asker, query.get("node"))
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
        }
    }

    fn timeout(&mut self, now: Instant) {
        let late = match &self.state {
            State::Opening { until, .. } if now >= *until => Step::Opening,
            State::Authenticating { until } if now >= *until => Step::Authenticating,
            State::Binding { until, .. } if now >= *until => Step::Binding,
            State::Entering { until, .. } if now >= *until => Step::Entering,
            State::Requesting { step, .. } if now >= step.until() => return self.request_due(now),
            State::Present(_) => return self.pulse(now),
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Entering { .. }
            | State::Requesting { .. }
            | State::Gone => return,
        };
        self.fail(Failure::Silent(late));
    }

    fn closed(&mut self) {
        let step = match &self.state {
            State::Opening { .. } => Step::Opening,
            State::Authenticating { .. } => Step::Authenticating,
            State::Binding { .. } => Step::Binding,
            State::Requesting { .. } => Step::Requesting,
            State::Entering { .. } => Step::Entering,
            State::Present(_) => return self.end(End::Closed),
            State::Gone => return,
        };
        self.fail(Failure::Closed(step));
    }

    fn leave(&mut self) {
        let place = match &self.state {
            State::Entering { way, .. } => Some(self.occupant(&way.nick)),
            State::Present(present) => Some(self.occupant(&present.way.nick)),
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Gone => None,
        };
        if let Some(place) = place {
            self.send(&stanza::unavailable(&place));
        }
        if !matches!(self.state, State::Opening { connected: false, .. }) {
            self.send(&stream::close());
        }
        self.end(End::Left);
    }

    /// `room/nick`.
    fn occupant(&self, nick: &str) -> String {
        format!("{}/{nick}", self.config.room_jid())
    }

    fn send(&mut self, frame: &Element) {
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
