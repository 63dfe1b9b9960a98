//! Media that failed: a new session, or new ICE credentials for the one that is there.

use super::core::Host;
use super::room::{Occupant, Session};
use super::{ConnId, Event};
use crate::jingle::{Action, Content, Form, Jingle, Sources, Transport};
use crate::stream;
use crate::xml::Element;
use std::time::{Duration, Instant};

/// Between two restarts of one guest, as in Jicofo.
const PAUSE: Duration = Duration::from_secs(5);
/// Restarts of one guest in a minute. Both kinds are counted apart, as in Jicofo: one in place that came to nothing must not
/// be in the way of a new session.
const A_MINUTE: usize = 5;

/// The state of ICE within one session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ice {
    /// Credentials so far; the first ones are generation 0.
    generation: u32,
    /// New ones of ours are made or offered, the guest's are awaited.
    restarting: bool,
}

impl Host {
    /// Counts a restart; false if it comes too soon after others.
    fn may_restart(
        &mut self,
        now: Instant,
        name: &str,
        own: &str,
        kind: impl Fn(&mut Occupant) -> &mut Vec<Instant>,
    ) -> bool {
        let occupant = self.rooms.get_mut(name).and_then(|room| room.occupants.get_mut(own));
        let Some(before) = occupant.map(kind) else { return false };
        before.retain(|then| now.saturating_duration_since(*then) < Duration::from_secs(60));
        let hasty = before.last().is_some_and(|last| now.saturating_duration_since(*last) < PAUSE);
        if hasty || before.len() >= A_MINUTE {
            return false;
        }
        before.push(now);
        true
    }

    /// The guest's session failed and it wants another.
    pub(super) fn restart(&mut self, now: Instant, id: ConnId, name: &str, own: &str, stanza: &Element) {
        if !self.may_restart(now, name, own, |occupant| &mut occupant.restarts) {
            return self.refuse(id, stanza, "wait", "resource-constraint");
        }
        self.answer(id, stanza, "result", None);
        self.forget_session(name, own, Session::Allocating);
        self.out.tell(Event::Allocate { room: name.to_owned(), endpoint: own.to_owned() });
    }

    /// The guest's media is gone, the guest is not.
    pub(super) fn forget_session(&mut self, name: &str, own: &str, next: Session) {
        let occupant = self.rooms.get_mut(name).and_then(|room| room.occupants.get_mut(own));
        let Some(occupant) = occupant else { return };
        occupant.session = next;
        occupant.ice = Ice::default();
        let went = std::mem::take(&mut occupant.sources);
        self.tell_others(name, own, Action::SourceRemove, &went.without_simulcast());
        self.sources_changed(name, own, Sources::default());
    }

    /// The guest's network changed: it wants new credentials while media goes on over the old path.
    pub(super) fn restart_ice(&mut self, now: Instant, id: ConnId, name: &str, own: &str, stanza: &Element) {
        let occupant = self.rooms.get(name).and_then(|room| room.occupants.get(own));
        if !occupant.is_some_and(|occupant| matches!(occupant.session, Session::Accepted(_))) {
            return self.refuse(id, stanza, "wait", "unexpected-request");
        }
        if !self.may_restart(now, name, own, |occupant| &mut occupant.renewals) {
            return self.refuse(id, stanza, "wait", "resource-constraint");
        }
        self.answer(id, stanza, "result", None);
        if let Some(occupant) = self.rooms.get_mut(name).and_then(|room| room.occupants.get_mut(own)) {
            occupant.ice = Ice { generation: occupant.ice.generation.saturating_add(1), restarting: true };
            self.out.tell(Event::RenewIce { room: name.to_owned(), endpoint: own.to_owned() });
        }
    }

    /// New credentials of ours are there: the guest is told them and answers with its own.
    pub(super) fn ice_renewed(&mut self, name: &str, endpoint: &str, transport: Transport) {
        let id = self.next_id();
        let Some(room) = self.rooms.get(name) else { return };
        let Some(occupant) = room.occupants.get(endpoint).filter(|occupant| occupant.ice.restarting) else { return };
        let Some(sid) = occupant.session.sid() else { return };
        let mut jingle = Jingle::new(Action::TransportInfo, sid);
        jingle.contents = vec![Content { name: "audio".to_owned(), transport: Some(transport), ..Content::default() }];
        jingle.ice_generation = Some(occupant.ice.generation);
        let written = jingle.to_xml(Form::Xml);
        let from = room.occupant_address("focus");
        room.send(endpoint, stream::iq("set", &id, Some(written)).attr("from", from), &mut self.out);
    }

    /// Candidates, or the guest's half of a restart that is under way. The latter counts once; clients repeat it.
    pub(super) fn transport_said(&mut self, name: &str, own: &str, generation: Option<u32>, transport: Transport) {
        let occupant = self.rooms.get_mut(name).and_then(|room| room.occupants.get_mut(own));
        let Some(occupant) = occupant else { return };
        let (room, endpoint) = (name.to_owned(), own.to_owned());
        if occupant.ice.restarting && generation == Some(occupant.ice.generation) {
            occupant.ice.restarting = false;
            self.out.tell(Event::IceRenewed { room, endpoint, transport });
        } else {
            self.out.tell(Event::TransportChanged { room, endpoint, transport });
        }
    }
}
