//! Media sessions: the focus offers, we answer, sources come and go. What members offer is in `guest/direct.rs`.
//!
//! Every request is answered at once. What the focus says about sources between its offer and its receipt of our
//! answer waits in order and is applied then, so that nobody sees a change to a session that does not stand yet.

use super::asked::Question;
use super::event::{Event, Muted, Oddity};
use super::live::{Answer, Live};
use super::roster::Roster;
use super::stanza::{self, Asker};
use super::{Guest, State, refusal};
use crate::jingle::{
    Action, BridgeSession, Content, Form, Jingle, Kind, PayloadType, Reason, Source, Sources, Transport,
};
use crate::ns;
use crate::xml::Element;
use std::collections::{BTreeSet, VecDeque};

/// Changes that wait for the receipt of our answer: it takes a round trip, so a handful is normal.
const MAX_WAITING: usize = 256;

/// Header extensions we can read or write; all others are left out of the answer.
const EXTENSIONS: [&str; 3] = [
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
];

/// Where the session stands.
#[derive(Debug, Default)]
pub(super) enum Session {
    #[default]
    None,
    Offered {
        live: Live,
        contents: Vec<Content>,
        waiting: VecDeque<Change>,
    },
    Accepting {
        live: Live,
        waiting: VecDeque<Change>,
    },
    Active(Live),
}

/// Something that waits for our answer to be received.
#[derive(Debug)]
pub(super) enum Change {
    Added(Sources),
    Removed(Sources),
    WeAdd(Sources),
    WeRemove(Sources),
}

impl Session {
    fn live(&self) -> Option<&Live> {
        match self {
            Session::None => None,
            Session::Offered { live, .. } | Session::Accepting { live, .. } => Some(live),
            Session::Active(live) => Some(live),
        }
    }

    pub(super) fn live_mut(&mut self) -> Option<&mut Live> {
        match self {
            Session::None => None,
            Session::Offered { live, .. } | Session::Accepting { live, .. } => Some(live),
            Session::Active(live) => Some(live),
        }
    }

    fn waiting_mut(&mut self) -> Option<&mut VecDeque<Change>> {
        match self {
            Session::Offered { waiting, .. } | Session::Accepting { waiting, .. } => Some(waiting),
            Session::None | Session::Active(_) => None,
        }
    }

    pub(super) fn is(&self, sid: &str) -> bool {
        self.live().is_some_and(|live| live.sid == sid)
    }
}

/// The part of an offer that we can do: Opus, VP8 with its retransmissions, extensions we know, data channels; under
/// the focus's numbers, without its transport. What an accept says and what the transport must be set up with.
#[must_use]
pub fn answerable(contents: &[Content]) -> Vec<Content> {
    contents.iter().filter_map(answerable_content).collect()
}

fn answerable_content(offered: &Content) -> Option<Content> {
    if offered.sctp_port.is_some() {
        return Some(Content { transport: None, ..offered.clone() });
    }
    let codec = match offered.kind? {
        Kind::Audio => "opus",
        Kind::Video => "VP8",
    };
    let is_codec = |name: &str| name.eq_ignore_ascii_case(codec);
    let main = offered.payload_types.iter().find(|payload| is_codec(&payload.name))?;
    let apt = main.id.to_string();
    let rtx = offered
        .payload_types
        .iter()
        .find(|payload| payload.name.eq_ignore_ascii_case("rtx") && payload.parameter("apt") == Some(&apt));
    // Feedback on retransmissions themselves has no meaning, and browsers leave it out as well.
    let rtx = rtx.map(|rtx| PayloadType { feedback: Vec::new(), ..rtx.clone() });
    Some(Content {
        name: offered.name.clone(),
        kind: offered.kind,
        payload_types: std::iter::once(main.clone()).chain(rtx).collect(),
        extensions: offered
            .extensions
            .iter()
            .filter(|extension| EXTENSIONS.contains(&extension.uri.as_str()))
            .cloned()
            .collect(),
        ..Content::default()
    })
}

impl Guest {
    pub(super) fn session(&mut self) -> Option<(&mut Session, &Roster)> {
        self.present_mut().map(|present| (&mut present.session, &present.roster))
    }

    /// A Jingle request of anybody.
    pub(super) fn jingle(&mut self, asker: &Asker, element: &Element) {
        let Some(jingle) = Jingle::from_xml(element) else {
            self.send(&asker.refuse("modify", "bad-request", None));
            return self.ignored(Oddity::MalformedJingle);
        };
        if !self.asked_by_focus(asker) {
            return self.jingle_of_another(asker, jingle);
        }
        if jingle.action == Action::SessionInitiate {
            if self.offered(asker, jingle) {
                self.begins_muted(element);
            }
            return;
        }
        if !self.session().is_some_and(|(session, _)| session.is(&jingle.sid)) {
            return self.send(&asker.unknown_session());
        }
        match jingle.action {
            Action::SourceAdd => self.changed(asker, Change::Added(jingle.sources)),
            Action::SourceRemove => self.changed(asker, Change::Removed(jingle.sources)),
            Action::SessionTerminate => {
                self.send(&asker.result());
                let reason = jingle.reason.unwrap_or_default().condition;
                self.over(reason);
            }
            Action::SessionInfo => self.send(&asker.result()),
            Action::TransportInfo => self.transport_told(asker, &jingle),
            Action::TransportReplace => self.transport_replaced(asker, jingle),
            Action::SessionInitiate
            | Action::SessionAccept
            | Action::TransportAccept
            | Action::ContentModify
            | Action::Other(_) => {
                self.send(&asker.refuse("cancel", "feature-not-implemented", None));
            }
        }
    }

    /// Only the focus runs our session. Members may offer a direct connection; the rest is refused.
    fn jingle_of_another(&mut self, asker: &Asker, jingle: Jingle) {
        let nick = asker
            .from
            .as_deref()
            .and_then(|from| from.strip_prefix(&self.config.room_jid()))
            .and_then(|rest| rest.strip_prefix('/'))
            .map(str::to_owned);
        let Some((session, roster)) = self.session() else {
            return self.send(&asker.unknown_session());
        };
        let member = nick.as_deref().is_some_and(|nick| roster.member(nick).is_some());
        let aimed_at_ours = session.is(&jingle.sid);
        match nick.filter(|_| member && !aimed_at_ours) {
            Some(peer) => self.asked_by_member(asker, &peer, jingle),
            None => {
                self.send(&asker.unknown_session());
                self.ignored(Oddity::ForgedFocus);
            }
        }
    }

    /// True for one that is new and usable.
    fn offered(&mut self, asker: &Asker, jingle: Jingle) -> bool {
        let sid = jingle.sid.clone();
        if self.session().is_some_and(|(session, _)| session.is(&sid)) {
            self.send(&asker.result());
            return false;
        }
        self.offered_anew(asker, jingle, Answer::Session);
        self.session().is_some_and(|(session, _)| session.is(&sid))
    }

    /// A moderator wants whoever comes to be silent at first; the first offer says so to clients that do not read it in the
    /// room's metadata (jitsi.md 7).
    fn begins_muted(&mut self, offer: &Element) {
        let Some(wish) = offer.find("startmuted", ns::START_MUTED) else { return };
        for (name, what) in [("audio", Muted::Audio), ("video", Muted::Video)] {
            if matches!(wish.get(name), Some("true" | "1")) {
                self.event(Event::MutedByModerator { what, by: None });
            }
        }
    }

    /// An offer, which takes the place of the session that may be there.
    pub(super) fn offered_anew(&mut self, asker: &Asker, jingle: Jingle, answer: Answer) {
        let usable =
            jingle.transport().is_some_and(|transport| !transport.ufrag.is_empty() && transport.fingerprint.is_some());
        let Some(mut offer) = jingle.into_offer().filter(|_| usable) else {
            self.send(&asker.refuse("modify", "bad-request", None));
            return self.ignored(Oddity::MalformedJingle);
        };
        self.send(&asker.result());
        self.over("replaced".to_owned());
        let Some((session, roster)) = self.session() else {
            return;
        };
        let mut live = Live::new(offer.sid.clone(), offer.bridge_session.clone());
        live.ufrag = offer.transport().map(|transport| transport.ufrag.clone()).unwrap_or_default();
        live.answer = answer;
        let (sources, refused) = live.admit(roster, std::mem::take(&mut offer.sources));
        offer.sources = sources;
        *session = Session::Offered { live, contents: answerable(&offer.contents), waiting: VecDeque::new() };
        self.event(Event::Offer(Box::new(offer)));
        self.ignored_all(refused);
    }

    /// The session, if there is one, is over; sources go with it.
    fn over(&mut self, reason: String) {
        let Some((session, _)) = self.session() else {
            return;
        };
        if !matches!(std::mem::take(session), Session::None) {
            self.event(Event::Terminated { reason });
        }
    }

    fn changed(&mut self, asker: &Asker, change: Change) {
        self.send(&asker.result());
        self.wait_or_apply(change);
    }

    fn wait_or_apply(&mut self, change: Change) {
        let Some((session, _)) = self.session() else {
            return;
        };
        match session.waiting_mut() {
            Some(waiting) if waiting.len() >= MAX_WAITING => self.ignored(Oddity::TooMany),
            Some(waiting) => waiting.push_back(change),
            None => self.apply(change),
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Added(sources) => self.added(sources),
            Change::Removed(sources) => self.removed_sources(&sources),
            Change::WeAdd(sources) => self.tell(Action::SourceAdd, sources),
            Change::WeRemove(sources) => self.tell(Action::SourceRemove, sources),
        }
    }

    fn added(&mut self, sources: Sources) {
        let Some((session, roster)) = self.session() else {
            return;
        };
        let Some(live) = session.live_mut() else { return };
        let (sources, refused) = live.admit(roster, sources);
        if !sources.sources.is_empty() {
            self.event(Event::SourcesAdded(sources));
        }
        self.ignored_all(refused);
    }

    fn removed_sources(&mut self, sources: &Sources) {
        let named = |known: &Source| sources.get(known.ssrc).is_some();
        self.drop_sources(named);
    }

    /// Whoever left takes their sources along; the focus does not say so.
    pub(super) fn drop_sources_of(&mut self, endpoint: &str) {
        let owned = |source: &Source| source.owner.as_deref() == Some(endpoint);
        if let Some(waiting) = self.session().and_then(|(session, _)| session.waiting_mut()) {
            for change in waiting {
                if let Change::Added(sources) = change {
                    sources.sources.retain(|source| !owned(source));
                }
            }
        }
        if let Some(live) = self.session().and_then(|(session, _)| session.live_mut()) {
            live.forget_slots_of(endpoint);
        }
        self.drop_sources(owned);
    }

    fn drop_sources(&mut self, gone: impl Fn(&Source) -> bool) {
        let live = self.session().and_then(|(session, _)| session.live_mut());
        let sources = live.map(|live| live.remove(gone)).unwrap_or_default();
        if !sources.is_empty() {
            self.event(Event::SourcesRemoved(sources));
        }
    }

    /// Our answer to the newest offer.
    pub(super) fn accept(&mut self, transport: &Transport, sources: Sources) {
        let State::Present(present) = &mut self.state else {
            return self.out_of_place();
        };
        if !matches!(present.session, Session::Offered { .. }) {
            return self.out_of_place();
        }
        let Session::Offered { mut live, mut contents, waiting } = std::mem::take(&mut present.session) else {
            return;
        };
        live.ours = sources.sources.iter().map(|source| source.ssrc).collect();
        for content in &mut contents {
            content.transport = Some(transport.clone());
        }
        let action = match live.answer {
            Answer::Session => Action::SessionAccept,
            Answer::Transport => Action::TransportAccept,
        };
        let mut accept = Jingle::new(action, &live.sid);
        accept.responder = Some(present.way.jid.clone());
        accept.bundle = contents.iter().map(|content| content.name.clone()).collect();
        live.sections.clone_from(&accept.bundle);
        accept.contents = contents;
        accept.sources = sources;
        let sid = live.sid.clone();
        present.session = Session::Accepting { live, waiting };
        self.tell_focus(accept, Question::Accept { sid });
        self.drop_clashes();
    }

    /// An SSRC of ours wins over the same one of somebody else: ours is already in the accept.
    fn drop_clashes(&mut self) {
        let ours =
            self.session().and_then(|(session, _)| session.live()).map(|live| live.ours.clone()).unwrap_or_default();
        let live = self.session().and_then(|(session, _)| session.live_mut());
        let sources = live.map(|live| live.remove(|source| ours.contains(&source.ssrc))).unwrap_or_default();
        if !sources.is_empty() {
            self.event(Event::SourcesRemoved(sources));
            self.ignored(Oddity::SsrcTaken);
        }
    }

    pub(super) fn accept_answered(&mut self, sid: &str, iq: &Element) {
        let Some((session, _)) = self.session() else {
            return;
        };
        if !session.is(sid) {
            return;
        }
        if let Some(error) = stanza::named(iq, "error") {
            let condition = refusal::condition(error).to_owned();
            return self.over(condition);
        }
        match std::mem::take(session) {
            Session::Accepting { live, waiting } => {
                *session = Session::Active(live);
                self.event(Event::Accepted);
                for change in waiting {
                    self.apply(change);
                }
            }
            other @ (Session::None | Session::Offered { .. } | Session::Active(_)) => {
                *session = other;
            }
        }
    }

    pub(super) fn add_sources(&mut self, sources: Sources) {
        let live = match self.session() {
            Some((Session::Accepting { live, .. } | Session::Active(live), _)) => live,
            Some((Session::None | Session::Offered { .. }, _)) | None => {
                return self.out_of_place();
            }
        };
        live.ours.extend(sources.sources.iter().map(|source| source.ssrc));
        self.wait_or_apply(Change::WeAdd(sources));
        self.drop_clashes();
    }

    pub(super) fn remove_sources(&mut self, sources: Sources) {
        let live = match self.session() {
            Some((Session::Accepting { live, .. } | Session::Active(live), _)) => live,
            Some((Session::None | Session::Offered { .. }, _)) | None => {
                return self.out_of_place();
            }
        };
        for source in &sources.sources {
            live.ours.remove(&source.ssrc);
        }
        self.wait_or_apply(Change::WeRemove(sources));
    }

    fn tell(&mut self, action: Action, sources: Sources) {
        let sid = self.session().and_then(|(session, _)| session.live()).map(|live| live.sid.clone());
        if let Some(sid) = sid {
            let mut change = Jingle::new(action, &sid);
            change.sources = sources;
            self.tell_focus(change, Question::Courtesy);
        }
    }

    /// Ends the session in a way that makes the focus offer another (its answer is a new offer).
    pub(super) fn restart(&mut self) {
        let live = self.session().and_then(|(session, _)| session.live());
        let Some(live) = live else {
            return self.out_of_place();
        };
        let mut end = Jingle::new(Action::SessionTerminate, &live.sid);
        end.bridge_session = live.bridge.as_ref().map(|bridge| BridgeSession {
            id: bridge.id.clone(),
            restart: Some(true),
            ..BridgeSession::default()
        });
        end.reason = Some(Reason { condition: "connectivity-error".into(), text: None });
        self.tell_focus(end, Question::Restart);
        self.over("restart".to_owned());
    }

    pub(super) fn restart_answered(&mut self, iq: &Element) {
        if let Some(error) = stanza::named(iq, "error") {
            let condition = refusal::condition(error).to_owned();
            self.event(Event::NotRestarted { condition });
        }
    }

    pub(super) fn tell_focus(&mut self, mut jingle: Jingle, question: Question) {
        let focus = self.occupant("focus");
        jingle.initiator = Some(focus.clone());
        let payload = jingle.to_xml(Form::Xml);
        self.ask(Some(&focus), "set", question, payload);
    }

    pub(super) fn ignored_all(&mut self, oddities: BTreeSet<Oddity>) {
        for oddity in oddities {
            self.ignored(oddity);
        }
    }
}
