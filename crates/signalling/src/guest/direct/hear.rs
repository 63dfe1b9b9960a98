//! What the other person asks of a direct connection. Only they may, within their session, and only as much as is bounded.

use super::super::event::{Event, Oddity};
use super::super::roster::Roster;
use super::super::session::answerable;
use super::super::stanza::Asker;
use super::super::{Guest, State};
use super::offer::{has_both, takes_ours};
use super::{Direct, DirectNews, Pair};
use crate::guest::asked::Question;
use crate::jingle::{Action, Content, Form, Jingle, Kind, Offer, Reason, Sources, Transport};
use std::collections::BTreeSet;

/// Addresses of one side that are taken in one session. A client has a dozen, and each costs checks.
const MAX_ADDRESSES: usize = 64;

/// Offers of the same person that are answered. Clients make one; each costs a socket.
const MAX_OFFERS: u32 = 8;

/// Why an offer is not answered: a condition of XEP-0166 and words for the other side's log, as Jitsi's clients say them.
type Refused = (&'static str, &'static str);

impl Guest {
    /// A member asks something that is not about the focus's session.
    pub(in super::super) fn asked_by_member(&mut self, asker: &Asker, peer: &str, jingle: Jingle) {
        if jingle.action == Action::SessionInitiate {
            return self.direct_offered(asker, peer, jingle);
        }
        if !self.is_within(peer, &jingle.sid) {
            return self.send(&asker.unknown_session());
        }
        match jingle.action {
            Action::SessionAccept => self.direct_accepted(asker, peer, jingle),
            Action::SessionTerminate => {
                self.send(&asker.result());
                self.direct_over(jingle.reason.unwrap_or_default().condition);
            }
            Action::TransportInfo => self.direct_addresses(asker, &jingle),
            Action::SourceAdd => self.direct_sources(asker, peer, jingle.sources),
            Action::SourceRemove => {
                self.send(&asker.result());
                let pair = self.present_mut().and_then(|present| present.direct.pair_mut());
                let named = |known: &crate::jingle::Source| jingle.sources.get(known.ssrc).is_some();
                let removed = pair.map(|pair| pair.live.remove(named)).unwrap_or_default();
                if !removed.is_empty() {
                    self.event(Event::Direct(DirectNews::SourcesRemoved(removed)));
                }
            }
            Action::ContentModify => self.direct_wish(asker, jingle),
            Action::SessionInfo => self.send(&asker.result()),
            Action::SessionInitiate | Action::TransportReplace | Action::TransportAccept | Action::Other(_) => {
                self.send(&asker.refuse("cancel", "feature-not-implemented", None));
            }
        }
    }

    fn is_within(&self, peer: &str, sid: &str) -> bool {
        let State::Present(present) = &self.state else { return false };
        present.direct.pair().is_some_and(|pair| pair.peer == peer && pair.live.sid == sid)
    }

    fn direct_offered(&mut self, asker: &Asker, peer: &str, jingle: Jingle) {
        if self.is_within(peer, &jingle.sid) {
            return self.send(&asker.result());
        }
        if let Err(refused) = self.direct_verdict(peer) {
            self.send(&asker.result());
            return self.decline(asker, jingle, refused);
        }
        let usable = is_usable(jingle.transport()) && jingle.sid.len() <= 64;
        let Some(mut offer) = jingle.clone().into_offer().filter(|_| usable) else {
            self.send(&asker.refuse("modify", "bad-request", None));
            return self.ignored(Oddity::MalformedJingle);
        };
        self.send(&asker.result());
        let contents = answerable(&offer.contents);
        let contents: Vec<Content> = contents.into_iter().filter(|content| content.kind.is_some()).collect();
        if !has_both(&contents) {
            return self.decline(asker, jingle, ("unsupported-applications", "Neither Opus nor VP8 may be missing"));
        }
        let initiator = asker.from.clone().unwrap_or_default();
        let mut pair = Pair::new(peer, initiator, false, offer.sid.clone(), contents);
        let Some(present) = self.present_mut() else { return };
        let (sources, refused) = admit(&mut pair, &present.roster, std::mem::take(&mut offer.sources));
        offer.sources = sources;
        pair.addresses = cut(&mut offer);
        present.direct_offers += 1;
        present.direct = Direct::Offered(pair);
        self.event(Event::Direct(DirectNews::Offered(Box::new(offer))));
        self.ignored_all(refused);
    }

    /// Whether an offer of this member is welcome.
    fn direct_verdict(&self, peer: &str) -> Result<(), Refused> {
        let State::Present(present) = &self.state else { return Err(("gone", "Left")) };
        if !self.config.direct {
            return Err(("decline", "P2P disabled"));
        }
        if present.roster.only_other() != Some(peer) {
            return Err(("decline", "P2P requirements not met"));
        }
        if present.direct_offers >= MAX_OFFERS {
            return Err(("busy", "Too many offers"));
        }
        // We offer only with the smaller id, and then theirs has to wait.
        match present.direct {
            Direct::None | Direct::Due(_) => Ok(()),
            Direct::Wanted(_) | Direct::Offering(_) | Direct::Offered(_) | Direct::Agreed(_) => {
                Err(("busy", "P2P already in progress"))
            }
        }
    }

    fn decline(&mut self, asker: &Asker, offer: Jingle, (condition, text): Refused) {
        let mut decline = Jingle::new(Action::SessionTerminate, &offer.sid);
        decline.initiator = offer.initiator;
        decline.reason = Some(Reason { condition: condition.into(), text: Some(text.into()) });
        let to = asker.from.clone();
        let payload = decline.to_xml(Form::Xml);
        self.ask(to.as_deref(), "set", Question::Courtesy, payload);
    }

    fn direct_accepted(&mut self, asker: &Asker, peer: &str, mut jingle: Jingle) {
        let usable = is_usable(jingle.transport());
        let Some(present) = self.present_mut() else { return };
        if !matches!(present.direct, Direct::Offering(_)) {
            return self.send(&asker.refuse("wait", "unexpected-request", None));
        }
        if !usable {
            self.send(&asker.refuse("modify", "bad-request", None));
            self.ignored(Oddity::MalformedJingle);
            return self.end_direct(Some(("incompatible-parameters", None)));
        }
        self.send(&asker.result());
        if !takes_ours(&jingle.contents) {
            return self.end_direct(Some(("incompatible-parameters", None)));
        }
        jingle.action = Action::SessionInitiate;
        let Some(mut answer) = jingle.into_offer() else { return };
        let Some(present) = self.present_mut() else { return };
        let Direct::Offering(mut pair) = std::mem::take(&mut present.direct) else { return };
        debug_assert_eq!(pair.peer, peer);
        let (sources, refused) = admit(&mut pair, &present.roster, std::mem::take(&mut answer.sources));
        answer.sources = sources;
        pair.addresses += cut(&mut answer);
        present.direct = Direct::Agreed(pair);
        self.event(Event::Direct(DirectNews::Accepted(Box::new(answer))));
        self.ignored_all(refused);
    }

    fn direct_addresses(&mut self, asker: &Asker, jingle: &Jingle) {
        self.send(&asker.result());
        let Some(pair) = self.present_mut().and_then(|present| present.direct.pair_mut()) else { return };
        let named: Vec<_> = jingle
            .contents
            .iter()
            .filter_map(|content| content.transport.as_ref())
            .flat_map(|transport| transport.candidates.iter().cloned())
            .collect();
        let room = MAX_ADDRESSES.saturating_sub(pair.addresses);
        let too_many = named.len() > room;
        let taken: Vec<_> = named.into_iter().take(room).collect();
        pair.addresses += taken.len();
        if !taken.is_empty() {
            self.event(Event::Direct(DirectNews::Candidates(taken)));
        }
        if too_many {
            self.ignored(Oddity::TooMany);
        }
    }

    fn direct_sources(&mut self, asker: &Asker, peer: &str, sources: Sources) {
        self.send(&asker.result());
        let Some(present) = self.present_mut() else { return };
        let Some(pair) = present.direct.pair_mut().filter(|pair| pair.peer == peer) else { return };
        let (sources, refused) = admit(pair, &present.roster, sources);
        if !sources.sources.is_empty() {
            self.event(Event::Direct(DirectNews::SourcesAdded(sources)));
        }
        self.ignored_all(refused);
    }

    fn direct_wish(&mut self, asker: &Asker, jingle: Jingle) {
        self.send(&asker.result());
        let pair = self.present_mut().and_then(|present| present.direct.pair());
        if let (Some(wish), Some(pair)) = (jingle.wish, pair) {
            let pictures = wish.senders.allows(pair.we_offered);
            self.event(Event::Direct(DirectNews::Wish { pictures, wish }));
        }
    }
}

fn is_usable(transport: Option<&Transport>) -> bool {
    transport.is_some_and(|transport| {
        !transport.ufrag.is_empty() && !transport.pwd.is_empty() && transport.fingerprint.is_some()
    })
}

/// Leaves no more addresses than are taken, all in the first section; returns how many.
fn cut(offer: &mut Offer) -> usize {
    let mut room = MAX_ADDRESSES;
    for transport in offer.contents.iter_mut().filter_map(|content| content.transport.as_mut()) {
        transport.candidates.truncate(room);
        room -= transport.candidates.len();
    }
    MAX_ADDRESSES - room
}

/// Everything in the session is the other person's. Clients of before 2022 give their sources no names.
fn admit(pair: &mut Pair, roster: &Roster, mut sources: Sources) -> (Sources, BTreeSet<Oddity>) {
    let peer = pair.peer.clone();
    for source in &mut sources.sources {
        if source.name.is_empty() {
            let letter = if source.kind == Kind::Audio { 'a' } else { 'v' };
            source.name = format!("{peer}-{letter}0");
        }
        source.owner.get_or_insert_with(|| peer.clone());
    }
    let before = sources.sources.len();
    sources.sources.retain(|source| source.owner.as_deref() == Some(peer.as_str()));
    let strangers = sources.sources.len() < before;
    let (admitted, mut refused) = pair.live.admit(roster, sources);
    if strangers {
        refused.insert(Oddity::SourceOfStranger);
    }
    (admitted, refused)
}
