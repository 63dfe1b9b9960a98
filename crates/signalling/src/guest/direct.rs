//! The direct connection between the only two people in a room (P2P): who offers, what of the other's is taken, when it ends.
//!
//! It stands beside the session with the focus, which stays as it is. Off unless the guest switched it on: then every offer is
//! declined. Media, candidates of our own and how long a way is looked for are the driver's. What the other person asks is in
//! `direct/hear.rs`. Start at [`Guest::look_for_two`].

mod hear;
mod offer;
mod words;

use super::asked::Question;
use super::event::Event;
use super::live::Live;
use super::present::Present;
use super::{Guest, State, refusal, stanza};
use crate::jingle::{Action, Content, Form, Jingle, Reason, Sources, Transport, VideoWish};
use crate::xml::Element;
pub use offer::direct_contents;
use std::time::Instant;
pub use words::{DirectNews, DirectOrder, Ending};

/// Where the direct connection stands.
#[derive(Debug, Default)]
pub(super) enum Direct {
    /// There is none, and none is planned until somebody comes or goes.
    #[default]
    None,
    /// An offer of ours is due.
    Due(Instant),
    /// The driver makes our half of an offer to this person.
    Wanted(String),
    /// Ours is out.
    Offering(Pair),
    /// Theirs waits for the driver.
    Offered(Pair),
    /// Both halves are known.
    Agreed(Pair),
}

/// We and the one other.
#[derive(Debug)]
pub(super) struct Pair {
    peer: String,
    /// As the offer named it.
    initiator: String,
    we_offered: bool,
    /// What is spoken.
    contents: Vec<Content>,
    live: Live,
    /// Addresses that the other named so far.
    addresses: usize,
}

impl Pair {
    fn new(peer: &str, initiator: String, we_offered: bool, sid: String, contents: Vec<Content>) -> Self {
        let live = Live::new(sid, None);
        Self { peer: peer.to_owned(), initiator, we_offered, contents, live, addresses: 0 }
    }

    /// A message within the session, without its recipient.
    fn message(&self, action: Action) -> Jingle {
        let mut jingle = Jingle::new(action, &self.live.sid);
        jingle.initiator = Some(self.initiator.clone());
        jingle
    }
}

impl Direct {
    fn pair(&self) -> Option<&Pair> {
        match self {
            Self::Offering(pair) | Self::Offered(pair) | Self::Agreed(pair) => Some(pair),
            Self::None | Self::Due(_) | Self::Wanted(_) => None,
        }
    }

    fn pair_mut(&mut self) -> Option<&mut Pair> {
        match self {
            Self::Offering(pair) | Self::Offered(pair) | Self::Agreed(pair) => Some(pair),
            Self::None | Self::Due(_) | Self::Wanted(_) => None,
        }
    }

    /// Whom it leads to, or is to lead to.
    fn peer(&self) -> Option<&str> {
        match self {
            Self::Wanted(peer) => Some(peer),
            Self::None | Self::Due(_) | Self::Offering(_) | Self::Offered(_) | Self::Agreed(_) => {
                self.pair().map(|pair| pair.peer.as_str())
            }
        }
    }

    pub(super) const fn due(&self) -> Option<Instant> {
        match self {
            Self::Due(at) => Some(*at),
            Self::None | Self::Wanted(_) | Self::Offering(_) | Self::Offered(_) | Self::Agreed(_) => None,
        }
    }
}

impl Present {
    /// Whether we may offer to the one other in the room: of two, the one with the smaller id does.
    fn may_offer(&self) -> Option<String> {
        let peer = self.roster.only_other()?;
        (self.way.nick.as_str() < peer).then(|| peer.to_owned())
    }
}

impl Guest {
    pub(super) fn present_mut(&mut self) -> Option<&mut Present> {
        match &mut self.state {
            State::Present(present) => Some(present),
            State::Opening { .. }
            | State::Authenticating { .. }
            | State::Binding { .. }
            | State::Requesting { .. }
            | State::Entering { .. }
            | State::Knocking { .. }
            | State::Gone => None,
        }
    }

    /// Somebody came or went: a direct connection is for two. `offer_at` is when we offer where it is on us; `None` is at once.
    pub(super) fn look_for_two(&mut self, offer_at: Option<Instant>) {
        let (allowed, offers) = (self.config.direct, self.config.offers_direct.is_some());
        let Some(present) = self.present_mut() else { return };
        present.direct_offers = 0;
        let other = present.roster.only_other();
        if let Some(peer) = present.direct.peer() {
            if other == Some(peer) {
                return;
            }
            let left = present.roster.member(peer).is_none();
            return self.end_direct(if left { None } else { Some(("success", Some(TURNED_OFF))) });
        }
        present.direct = Direct::None;
        if !allowed || !offers || present.may_offer().is_none() {
            return;
        }
        match offer_at {
            Some(at) => present.direct = Direct::Due(at),
            None => self.want_direct(),
        }
    }

    /// Whether an offer of ours is due.
    pub(super) fn direct_due(&mut self, now: Instant) {
        let due = self.present_mut().and_then(|present| present.direct.due());
        if due.is_some_and(|at| at <= now) {
            self.want_direct();
        }
    }

    fn want_direct(&mut self) {
        let Some(present) = self.present_mut() else { return };
        present.direct = Direct::None;
        if let Some(peer) = present.may_offer() {
            present.direct = Direct::Wanted(peer);
            self.event(Event::Direct(DirectNews::Wanted));
        }
    }

    /// What the driver orders.
    pub(super) fn direct_ordered(&mut self, order: DirectOrder) {
        match order {
            DirectOrder::Allow(on) => self.allow_direct(on),
            DirectOrder::Offer { transport, sources, groups } => {
                self.offer_direct(&transport, Sources { sources, groups });
            }
            DirectOrder::Accept { transport, sources, groups } => {
                self.accept_direct(&transport, Sources { sources, groups });
            }
            DirectOrder::Candidates(transport) => self.tell_candidates(transport),
            DirectOrder::Add { sources, groups } => self.add_to_direct(Sources { sources, groups }),
            DirectOrder::Want(wish) => self.want_of_direct(wish),
            DirectOrder::End(ending) => self.end_silently(ending),
        }
    }

    fn allow_direct(&mut self, on: bool) {
        let was = std::mem::replace(&mut self.config.direct, on);
        if on && !was {
            self.look_for_two(None);
        } else if !on {
            self.end_direct(Some(("success", Some(TURNED_OFF))));
        }
    }

    fn offer_direct(&mut self, transport: &Transport, sources: Sources) {
        let mut sid = self.ids.next();
        sid.truncate(12);
        let Some(present) = self.present_mut() else { return };
        let Direct::Wanted(peer) = std::mem::take(&mut present.direct) else { return };
        let nick = present.way.nick.clone();
        let initiator = self.occupant(&nick);
        let mut pair = Pair::new(&peer, initiator, true, sid, direct_contents());
        pair.live.ours = sources.sources.iter().map(|source| source.ssrc).collect();
        let offer = half(&pair, Action::SessionInitiate, transport, sources);
        self.tell_peer(&peer, &offer, true);
        if let Some(present) = self.present_mut() {
            present.direct = Direct::Offering(pair);
        }
    }

    fn accept_direct(&mut self, transport: &Transport, sources: Sources) {
        let Some(present) = self.present_mut() else { return };
        if !matches!(present.direct, Direct::Offered(_)) {
            return;
        }
        let Direct::Offered(mut pair) = std::mem::take(&mut present.direct) else { return };
        let responder = present.way.jid.clone();
        pair.live.ours = sources.sources.iter().map(|source| source.ssrc).collect();
        let mut accept = half(&pair, Action::SessionAccept, transport, sources);
        accept.responder = Some(responder);
        let peer = pair.peer.clone();
        present.direct = Direct::Agreed(pair);
        self.tell_peer(&peer, &accept, true);
    }

    /// All sections share one transport, so one of them is enough.
    fn tell_candidates(&mut self, transport: Transport) {
        self.say_in_direct(Action::TransportInfo, |pair, jingle| {
            let name = pair.contents.first().map(|content| content.name.clone()).unwrap_or_default();
            jingle.contents = vec![Content { name, transport: Some(transport), ..Content::default() }];
        });
    }

    fn add_to_direct(&mut self, sources: Sources) {
        if let Some(pair) = self.present_mut().and_then(|present| present.direct.pair_mut()) {
            pair.live.ours.extend(sources.sources.iter().map(|source| source.ssrc));
        }
        self.say_in_direct(Action::SourceAdd, |pair, jingle| {
            // Under the session's own names; they describe nothing.
            let section =
                |content: &Content| Content { name: content.name.clone(), kind: content.kind, ..Content::default() };
            let used = |content: &&Content| sources.sources.iter().any(|source| Some(source.kind) == content.kind);
            jingle.contents = pair.contents.iter().filter(used).map(section).collect();
            jingle.sources = sources.clone();
        });
    }

    fn want_of_direct(&mut self, wish: VideoWish) {
        self.say_in_direct(Action::ContentModify, |_, jingle| jingle.wish = Some(wish));
    }

    /// Says something to the other, once there is a session with them.
    fn say_in_direct(&mut self, action: Action, fill: impl FnOnce(&Pair, &mut Jingle)) {
        let Some(pair) = self.present_mut().and_then(|present| present.direct.pair()) else { return };
        let mut jingle = pair.message(action);
        fill(pair, &mut jingle);
        let peer = pair.peer.clone();
        self.tell_peer(&peer, &jingle, false);
    }

    /// `counts`: a refusal of it ends the session.
    fn tell_peer(&mut self, peer: &str, jingle: &Jingle, counts: bool) {
        let question = if counts { Question::Direct { sid: jingle.sid.clone() } } else { Question::Courtesy };
        let place = self.occupant(peer);
        let payload = jingle.to_xml(Form::Xml);
        self.ask(Some(&place), "set", question, payload);
    }

    /// The other confirmed our offer or answer, or refused it.
    pub(super) fn direct_answered(&mut self, sid: &str, iq: &Element) {
        let ours =
            self.present_mut().and_then(|present| present.direct.pair()).is_some_and(|pair| pair.live.sid == sid);
        if let Some(error) = stanza::named(iq, "error").filter(|_| ours) {
            let reason = refusal::condition(error).to_owned();
            self.direct_over(reason);
        }
    }

    /// Ends it and tells the driver. `None`: there is nobody to tell any more.
    pub(super) fn end_direct(&mut self, reason: Option<(&str, Option<&str>)>) {
        if let Some((condition, text)) = reason {
            self.terminate_direct(condition, text);
        }
        self.direct_over(reason.map_or("gone", |(condition, _)| condition).to_owned());
    }

    /// The driver knows.
    fn end_silently(&mut self, ending: Ending) {
        let (condition, text) = match ending {
            Ending::Lost => ("connectivity-error", "ICE FAILED"),
            Ending::Unable => ("failed-transport", "No direct connection possible"),
        };
        self.terminate_direct(condition, Some(text));
        if let Some(present) = self.present_mut() {
            present.direct = Direct::None;
        }
    }

    fn terminate_direct(&mut self, condition: &str, text: Option<&str>) {
        self.say_in_direct(Action::SessionTerminate, |_, jingle| {
            jingle.reason = Some(Reason { condition: condition.to_owned(), text: text.map(str::to_owned) });
        });
    }

    fn direct_over(&mut self, reason: String) {
        let Some(present) = self.present_mut() else { return };
        let before = std::mem::take(&mut present.direct);
        if before.peer().is_some() {
            self.event(Event::Direct(DirectNews::Over { reason }));
        }
    }
}

/// As Jitsi's clients say it.
const TURNED_OFF: &str = "Turning off P2P session";

/// Our half of a session: its sections with our transport, and our sources.
fn half(pair: &Pair, action: Action, transport: &Transport, sources: Sources) -> Jingle {
    let mut jingle = pair.message(action);
    jingle.contents.clone_from(&pair.contents);
    for content in &mut jingle.contents {
        content.transport = Some(transport.clone());
    }
    jingle.bundle = pair.contents.iter().map(|content| content.name.clone()).collect();
    jingle.sources = sources;
    jingle
}
