//! One room: who is in it, what everybody is shown of everybody, who moderates, kick.

use super::extras::Extras;
use super::line::Outbox;
use super::lobby::Lobby;
use super::restart::Ice;
use super::settings::Settings;
use super::{ConnId, Event, HostConfig};
use crate::jingle::{Sources, Transport};
use crate::xml::{CLIENT, Element};
use crate::{disco, muc, ns};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// A guest's media session.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Session {
    /// Nothing yet.
    None,
    /// A transport was asked for.
    Allocating,
    /// The transport is there; the guest's features are awaited.
    Ready(Box<Transport>),
    /// Offered under this sid.
    Offered(String),
    /// Accepted under this sid.
    Accepted(String),
}

impl Session {
    pub(super) fn sid(&self) -> Option<&str> {
        match self {
            Self::Offered(sid) | Self::Accepted(sid) => Some(sid),
            Self::None | Self::Allocating | Self::Ready(_) => None,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Occupant {
    pub(super) connection: ConnId,
    pub(super) jid: String,
    /// The n-th who ever entered; the lowest is the oldest.
    pub(super) order: u64,
    pub(super) moderator: bool,
    /// A moderator called it a member, which only means that it may come back while strangers must wait.
    pub(super) member: bool,
    /// What the guest says about itself, cleaned.
    pub(super) presence: Vec<Element>,
    /// What the client can do; `None` until it says so.
    pub(super) features: Option<BTreeSet<String>>,
    /// The id of our question for features and when it stops being waited for.
    pub(super) asked: Option<(String, Instant)>,
    pub(super) session: Session,
    /// Its session is one in which the bridge says whose source each SSRC carries, so the focus names none.
    pub(super) rewriting: bool,
    pub(super) ice: Ice,
    pub(super) sources: Sources,
    /// When this guest last wanted to start anew, newest last.
    pub(super) restarts: Vec<Instant>,
    /// The same for new credentials in place.
    pub(super) renewals: Vec<Instant>,
}

/// How long features are awaited before a guest is offered what every client understands.
pub(super) const FEATURES_WAIT: Duration = Duration::from_secs(2);
/// How long a room without anybody is kept after it was asked for.
pub(super) const EMPTY_WAIT: Duration = Duration::from_secs(60);

#[derive(Clone, Debug)]
pub(super) struct Room {
    pub(super) name: String,
    /// `name@conference.domain`
    pub(super) address: String,
    pub(super) focus_jid: String,
    pub(super) meeting: String,
    pub(super) subject: String,
    pub(super) settings: Settings,
    /// Connections that may enter whatever the settings say: a moderator let them in, or they were here before.
    pub(super) admitted: BTreeSet<ConnId>,
    pub(super) lobby: Lobby,
    pub(super) extras: Extras,
    pub(super) occupants: BTreeMap<String, Occupant>,
    pub(super) entered: u64,
    /// Media has been set up at least once.
    pub(super) active: bool,
    /// An unused room ends then.
    pub(super) until: Option<Instant>,
}

impl Room {
    /// An empty room that ends unless somebody comes.
    pub(super) fn new(now: Instant, name: &str, meeting: String, config: &HostConfig) -> Self {
        let domain = &config.domain;
        Self {
            name: name.to_owned(),
            address: format!("{name}@conference.{domain}"),
            focus_jid: format!("focus@auth.{domain}/focus"),
            meeting,
            subject: String::new(),
            settings: Settings::of(config),
            admitted: BTreeSet::new(),
            lobby: Lobby::new(format!("{name}@lobby.{domain}")),
            extras: Extras::default(),
            occupants: BTreeMap::new(),
            entered: 0,
            active: false,
            until: Some(now + EMPTY_WAIT),
        }
    }

    /// When it ends unless somebody comes. Who knocks at it keeps it: the one who opens may come late.
    pub(super) fn ends(&self) -> Option<Instant> {
        self.until.filter(|_| !self.lobby.is_waited_in())
    }

    pub(super) fn occupant_address(&self, endpoint: &str) -> String {
        format!("{}/{endpoint}", self.address)
    }

    pub(super) fn focus_presence(&self) -> Element {
        let property =
            |key: &str, value: &str| Element::new("property", ns::FOCUS).attr("key", key).attr("value", value);
        let mut properties =
            Element::new("conference-properties", ns::FOCUS).child(property("support-terminate-restart", "true"));
        if self.active {
            properties.push(property("bridge-count", "1"));
        }
        Element::new("presence", CLIENT)
            .attr("from", self.occupant_address("focus"))
            .child(properties)
            .child(muc::user(muc::item("owner", "moderator", Some(&self.focus_jid)), &[]))
    }

    fn item(occupant: &Occupant) -> Element {
        let (affiliation, role) = match (occupant.moderator, occupant.member) {
            (true, _) => ("owner", "moderator"),
            (false, true) => ("member", "participant"),
            (false, false) => ("none", "participant"),
        };
        muc::item(affiliation, role, Some(&occupant.jid))
    }

    /// What others see of a guest. `statuses` are for the guest itself.
    fn presence(&self, endpoint: &str, occupant: &Occupant, item: Element, statuses: &[u16]) -> Element {
        Element::new("presence", CLIENT)
            .attr("from", self.occupant_address(endpoint))
            .with_children(occupant.presence.iter().cloned())
            .child(muc::user(item, statuses))
    }

    pub(super) fn send(&self, endpoint: &str, stanza: Element, out: &mut Outbox) {
        if let Some(occupant) = self.occupants.get(endpoint) {
            let to = occupant.jid.clone();
            out.send(occupant.connection, &stanza.attr("to", to));
        }
    }

    pub(super) fn broadcast(&self, stanza: &Element, out: &mut Outbox) {
        for endpoint in self.occupants.keys() {
            self.send(endpoint, stanza.clone(), out);
        }
    }

    /// Shows a guest's state to everybody, itself included.
    pub(super) fn show(&self, endpoint: &str, out: &mut Outbox) {
        let Some(occupant) = self.occupants.get(endpoint) else { return };
        for other in self.occupants.keys() {
            let statuses: &[u16] = if other == endpoint { &[110] } else { &[] };
            self.send(other, self.presence(endpoint, occupant, Self::item(occupant), statuses), out);
        }
    }

    /// Lets a guest in: it sees the focus, everybody, itself, the subject; everybody sees it.
    pub(super) fn enter(&mut self, endpoint: &str, mut occupant: Occupant, out: &mut Outbox) {
        self.entered += 1;
        occupant.order = self.entered;
        self.until = None;
        self.occupants.insert(endpoint.to_owned(), occupant);
        self.send(endpoint, self.focus_presence(), out);
        for (other, seen) in &self.occupants {
            if other != endpoint {
                self.send(endpoint, self.presence(other, seen, Self::item(seen), &[]), out);
            }
        }
        let Some(me) = self.occupants.get(endpoint) else { return };
        for other in self.occupants.keys() {
            let statuses: &[u16] = if other == endpoint { &[100, 110] } else { &[] };
            self.send(other, self.presence(endpoint, me, Self::item(me), statuses), out);
        }
        let subject = Element::new("subject", CLIENT).text(self.subject.clone());
        self.send(endpoint, self.announcement().child(subject), out);
        self.greet(endpoint, out);
        self.appoint(out);
    }

    /// A message of the room itself.
    fn announcement(&self) -> Element {
        Element::new("message", CLIENT).attr("type", "groupchat").attr("from", &self.address)
    }

    /// Tells everybody that the settings changed; clients ask anew what the room is like (XEP-0045 10.2.1).
    pub(super) fn announce_settings(&self, out: &mut Outbox) {
        let status = Element::new("status", ns::MUC_USER).attr("code", 104);
        self.broadcast(&self.announcement().child(Element::new("x", ns::MUC_USER).child(status)), out);
    }

    /// A room has a moderator as long as anybody is in it: the guest who is there longest.
    pub(super) fn appoint(&mut self, out: &mut Outbox) {
        if self.occupants.values().any(|occupant| occupant.moderator) {
            return;
        }
        let oldest = self.occupants.iter().min_by_key(|(_, occupant)| occupant.order).map(|(id, _)| id.clone());
        if let Some(oldest) = oldest {
            self.promote(&oldest, "focus", out);
        }
    }

    pub(super) fn promote(&mut self, endpoint: &str, actor: &str, out: &mut Outbox) {
        let Some(occupant) = self.occupants.get_mut(endpoint) else { return };
        occupant.moderator = true;
        let occupant = occupant.clone();
        let item = Self::item(&occupant).child(Element::new("actor", ns::MUC_USER).attr("nick", actor));
        for other in self.occupants.keys() {
            let statuses: &[u16] = if other == endpoint { &[110] } else { &[] };
            self.send(other, self.presence(endpoint, &occupant, item.clone(), statuses), out);
        }
        self.tell_lists(endpoint, out);
    }

    /// Says that somebody may stay and come back while strangers must wait.
    pub(super) fn make_member(&mut self, endpoint: &str, out: &mut Outbox) {
        let Some(occupant) = self.occupants.get_mut(endpoint) else { return };
        self.admitted.insert(occupant.connection);
        if !std::mem::replace(&mut occupant.member, true) {
            self.show(endpoint, out);
        }
    }

    /// Takes a guest out and tells everybody, itself included.
    pub(super) fn leave(&mut self, endpoint: &str, kicked: Option<(&str, String)>, out: &mut Outbox) {
        let Some(occupant) = self.occupants.get(endpoint) else { return };
        let affiliation = if occupant.moderator { "owner" } else { "none" };
        let mut item = muc::item(affiliation, "none", Some(&occupant.jid));
        let mut statuses = Vec::new();
        if let Some((actor, reason)) = kicked {
            self.admitted.remove(&occupant.connection);
            item.push(Element::new("actor", ns::MUC_USER).attr("nick", actor));
            item.push(Element::new("reason", ns::MUC_USER).text(reason));
            statuses.push(307);
        }
        let gone = |statuses: &[u16]| {
            Element::new("presence", CLIENT)
                .attr("type", "unavailable")
                .attr("from", self.occupant_address(endpoint))
                .child(muc::user(item.clone(), statuses))
        };
        for other in self.occupants.keys() {
            if other == endpoint {
                let mut own = statuses.clone();
                own.push(110);
                self.send(other, gone(&own), out);
            } else {
                self.send(other, gone(&statuses), out);
            }
        }
        self.occupants.remove(endpoint);
        self.forget_permission(endpoint);
        out.tell(Event::EndpointLeft { room: self.name.clone(), endpoint: endpoint.to_owned() });
        self.appoint(out);
    }

    /// Asks a new guest, as the focus, what its client can do.
    pub(super) fn ask_features(&mut self, endpoint: &str, id: String, now: Instant, out: &mut Outbox) {
        let from = self.occupant_address("focus");
        let Some(occupant) = self.occupants.get_mut(endpoint) else { return };
        let node =
            occupant.presence.iter().find(|child| child.is("c", ns::CAPS)).map(|caps| {
                format!("{}#{}", caps.get("node").unwrap_or_default(), caps.get("ver").unwrap_or_default())
            });
        occupant.asked = Some((id.clone(), now + FEATURES_WAIT));
        let question = crate::stream::iq("get", &id, Some(disco::query(node.as_deref()))).attr("from", from);
        self.send(endpoint, question, out);
    }
}
