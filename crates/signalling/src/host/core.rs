//! [`Host`]: connections in, stanzas sorted by what they are and whom they address.

use super::connection::{Connection, Stage};
use super::enter::Held;
use super::guard::Guard;
use super::line::{Outbox, number};
use super::relay::Asked;
use super::room::Room;
use super::{ConnId, Event, HostConfig, Input, Output};
use crate::ns;
use crate::stream;
use crate::xml::{self, CLIENT, Element, Limits};
use rand_chacha::ChaCha20Rng;
use rand_core::{RngCore as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::time::Instant;

/// Bytes of a room name: 128 characters, the worst of them percent-encoded.
const MAX_ROOM_NAME: usize = 1_000;
/// Bytes of a chat message or of an IQ between guests. Everybody gets a copy of the former.
pub(super) const MAX_RELAYED: usize = 64 * 1024;

/// Any number of rooms and the connections of their guests.
#[derive(Clone, Debug)]
pub struct Host {
    pub(super) config: HostConfig,
    rng: ChaCha20Rng,
    /// By the number of the first socket; a guest that resumes keeps it.
    pub(super) connections: BTreeMap<ConnId, Connection>,
    /// Which connection a socket belongs to.
    pub(super) sockets: BTreeMap<ConnId, ConnId>,
    /// Guests without a socket, and until when their seat is kept.
    pub(super) away: BTreeMap<ConnId, Instant>,
    /// Guests whose socket may be dead, and until when they have to say something.
    pub(super) doubted: BTreeMap<ConnId, Instant>,
    pub(super) rooms: BTreeMap<String, Room>,
    pub(super) guard: Guard,
    pub(super) held: Held,
    pub(super) out: Outbox,
    ids: u64,
}

impl Host {
    /// A host without rooms. `seed` must come from the operating system: addresses that nobody
    /// may guess are made of it.
    #[must_use]
    pub fn new(config: HostConfig, seed: [u8; 32]) -> Self {
        Self {
            config,
            rng: ChaCha20Rng::from_seed(seed),
            connections: BTreeMap::new(),
            sockets: BTreeMap::new(),
            away: BTreeMap::new(),
            doubted: BTreeMap::new(),
            rooms: BTreeMap::new(),
            guard: Guard::default(),
            held: Held::default(),
            out: Outbox::default(),
            ids: 0,
        }
    }

    /// Takes in what happened. Afterwards [`Host::poll_output`] is to be drained.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::Opened { connection, from } => {
                if self.connections.len() < self.config.max_connections {
                    self.connections.insert(connection, Connection::new(now, from));
                    self.sockets.insert(connection, connection);
                    self.out.open(connection);
                } else {
                    self.out.close(connection);
                }
            }
            Input::Text(connection, text) => self.text(now, connection, &text),
            Input::Closed(connection) => self.socket_gone(now, connection),
            Input::Allocated { room, endpoint, transport } => self.allocated(now, &room, &endpoint, transport),
            Input::IceRenewed { room, endpoint, transport } => self.ice_renewed(&room, &endpoint, transport),
        }
        self.handle_timeout(now);
    }

    /// Does what is due: offers to guests that never said what they can do, passwords that had to wait, seats of guests
    /// that did not come back, unused rooms.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.give_up_absent(now);
        self.offer_overdue(now);
        self.judge_held(now);
        self.rooms.retain(|_, room| room.ends().is_none_or(|end| now < end));
    }

    /// What is to be done next; [`Output::Wait`] when nothing is left.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.out.pop() {
            return output;
        }
        let waits = self.rooms.values().flat_map(|room| room.ends().into_iter().chain(room.features_due()));
        Output::Wait(waits.chain(self.held.due(&self.guard)).chain(self.absence_due()).min())
    }

    /// Number of rooms, asked-for ones included.
    #[must_use]
    pub fn rooms(&self) -> usize {
        self.rooms.len()
    }

    /// Number of guests in a room.
    #[must_use]
    pub fn guests(&self, room: &str) -> usize {
        self.rooms.get(room).map_or(0, |room| room.occupants.len())
    }

    pub(super) fn conference_domain(&self) -> String {
        format!("conference.{}", self.config.domain)
    }

    pub(super) fn lobby_domain(&self) -> String {
        format!("lobby.{}", self.config.domain)
    }

    /// Makes the room if it may exist. Only the focus, asked by a conference request, makes rooms.
    pub(super) fn create_room(&mut self, now: Instant, name: &str) -> bool {
        let odd = |c: char| c.is_control() || c.is_whitespace() || "/?#&@:'\"<>".contains(c) || c.is_ascii_uppercase();
        if name.is_empty() || name.len() > MAX_ROOM_NAME || name.contains(odd) {
            return false;
        }
        if self.rooms.contains_key(name) {
            return true;
        }
        if self.rooms.len() >= self.config.max_rooms {
            return false;
        }
        let meeting = self.token(16);
        self.rooms.insert(name.to_owned(), Room::new(now, name, meeting, &self.config));
        true
    }

    /// Random bytes as lower-case hex.
    pub(super) fn token(&mut self, bytes: usize) -> String {
        let mut random = vec![0; bytes];
        self.rng.fill_bytes(&mut random);
        random.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) fn next_id(&mut self) -> String {
        self.ids += 1;
        format!("runde-{}", self.ids)
    }

    fn text(&mut self, now: Instant, socket: ConnId, text: &str) {
        let Some(id) = self.sockets.get(&socket).copied() else { return };
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.heard = now;
        let (stage, bound) = (connection.stage, connection.stage == Stage::Bound);
        self.doubted.remove(&id);
        let Ok(stanza) = xml::parse(text, &Limits::PEER) else {
            // Not XML: nothing on this connection can be trusted to be in step any more.
            self.out.send(id, &stream::close());
            return self.drop_line(id);
        };
        self.out.hear(id, &stanza);
        match (stanza.ns(), stanza.name()) {
            (ns::FRAMING, "open") => self.open(id, stage),
            (ns::FRAMING, "close") => {
                self.out.send(id, &stream::close());
                self.drop_line(id);
            }
            (ns::SASL, "auth") => self.auth(id, stage, &stanza),
            (ns::SM, "enable") => self.manage(id, bound, &stanza),
            (ns::SM, "resume") => self.resume(id, stage == Stage::LoggedIn, &stanza),
            (ns::SM, "r") => self.confess(id),
            (ns::SM, "a") => number(&stanza).into_iter().for_each(|h| self.out.confirm(id, h)),
            (CLIENT, "iq") if bound => self.iq(now, id, stanza),
            (CLIENT, "iq") => self.bind(id, stage, &stanza),
            (CLIENT, "presence") if bound => self.presence(now, id, &stanza),
            (CLIENT, "message") if bound => self.message(id, &stanza),
            // Odd but well-formed: later protocols may send it, and nobody else is harmed.
            _ => {}
        }
    }

    fn open(&mut self, id: ConnId, stage: Stage) {
        let token = self.token(16);
        self.out.send(id, &stream::open_from(&self.config.domain, &token));
        match stage {
            Stage::Fresh => self.out.send(id, &stream::features_login()),
            Stage::LoggedIn | Stage::Bound => self.out.send(id, &stream::features_bind()),
        }
    }

    fn auth(&mut self, id: ConnId, stage: Stage, stanza: &Element) {
        if stage == Stage::Fresh && stanza.get("mechanism") == Some("ANONYMOUS") {
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.stage = Stage::LoggedIn;
            }
            self.out.send(id, &stream::success());
        } else {
            self.out.send(id, &stream::failure("invalid-mechanism"));
        }
    }

    fn bind(&mut self, id: ConnId, stage: Stage, stanza: &Element) {
        let is_bind = stanza.get("type") == Some("set") && stanza.find("bind", ns::BIND).is_some();
        if stage == Stage::LoggedIn && is_bind {
            let (node, resource) = (self.token(16), self.token(6));
            let jid = format!("{node}@{}/{resource}", self.config.domain);
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.stage = Stage::Bound;
                connection.jid.clone_from(&jid);
            }
            self.out.send(id, &stream::bind_result(stanza.get("id").unwrap_or_default(), &jid));
        } else {
            self.refuse(id, stanza, "auth", "not-authorized");
        }
    }

    /// Answers a stanza with an error, unless it is itself an answer.
    pub(super) fn refuse(&mut self, id: ConnId, stanza: &Element, kind: &str, condition: &str) {
        self.answer(id, stanza, "error", Some(stream::error(kind, condition)));
    }

    /// Answers a stanza in the name of whom it addressed.
    pub(super) fn answer(&mut self, id: ConnId, stanza: &Element, kind: &str, child: Option<Element>) {
        self.answer_with(id, stanza, kind, child);
    }

    pub(super) fn answer_with(
        &mut self,
        id: ConnId,
        stanza: &Element,
        kind: &str,
        children: impl IntoIterator<Item = Element>,
    ) {
        if matches!(stanza.get("type"), Some("result" | "error")) {
            return;
        }
        let jid = self.jid(id).to_owned();
        let mut answer = Element::new(stanza.name(), CLIENT)
            .attr("type", kind)
            .attr_opt("id", stanza.get("id"))
            .attr_opt("from", stanza.get("to"))
            .with_children(children);
        if !jid.is_empty() {
            answer.set("to", jid);
        }
        self.out.send(id, &answer);
    }

    pub(super) fn jid(&self, id: ConnId) -> &str {
        self.connections.get(&id).map_or("", |connection| connection.jid.as_str())
    }

    /// May this connection's guest moderate that room?
    pub(super) fn moderates(&self, id: ConnId, room: &str) -> bool {
        let occupant = self.seat_in(id, room).and_then(|own| self.rooms.get(room)?.occupants.get(&own));
        occupant.is_some_and(|occupant| occupant.moderator)
    }

    /// Where a connection's guest sits, if it sits in that room.
    pub(super) fn seat_in(&self, id: ConnId, room: &str) -> Option<String> {
        let seat = self.connections.get(&id)?.seat.as_ref()?;
        (seat.room == room).then(|| seat.endpoint.clone())
    }

    /// A guest is gone for good, with everything that is kept for it.
    pub(super) fn gone(&mut self, id: ConnId) {
        let Some(connection) = self.connections.remove(&id) else { return };
        self.held.forget(id);
        self.away.remove(&id);
        self.doubted.remove(&id);
        for room in self.rooms.values_mut() {
            room.admitted.remove(&id);
        }
        if let Some(seat) = connection.knock {
            self.stop_knocking(&seat.room, &seat.endpoint);
        }
        if let Some(seat) = connection.seat {
            self.leave(&seat.room, &seat.endpoint, None);
        }
        self.out.forget(id);
    }

    /// Takes a guest out of its room; the last one takes the room along.
    pub(super) fn leave(&mut self, name: &str, endpoint: &str, kicked: Option<(&str, String)>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        let connection = room.occupants.get(endpoint).map(|occupant| occupant.connection);
        room.leave(endpoint, kicked, &mut self.out);
        let ended = room.occupants.is_empty();
        if let Some(id) = connection {
            self.answer_for(id);
        }
        if let Some(connection) = connection.and_then(|id| self.connections.get_mut(&id)) {
            connection.seat = None;
            connection.asked = Asked::default();
        }
        if ended {
            self.close_lobby(name, None);
            self.rooms.remove(name);
            self.out.tell(Event::RoomEmpty { room: name.to_owned() });
        }
    }
}
