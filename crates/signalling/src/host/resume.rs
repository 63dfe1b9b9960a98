//! Guests whose socket broke: their seat is kept while they may come back (XEP-0198 5), and nobody sits twice because a
//! former self still holds a seat.

use super::ConnId;
use super::connection::Connection;
use super::core::Host;
use super::line::number;
use crate::ns;
use crate::stream;
use crate::xml::Element;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

/// How long a seat is kept for a guest whose socket is gone, as in Jitsi's deployments.
const AWAY: Duration = Duration::from_secs(60);
/// A guest that is alive says something every ten seconds, or answers when it is asked. One that comes in anew while its
/// former self was silent for this long (two of these and the time to answer) takes that one's place.
const SILENT: Duration = Duration::from_secs(25);

/// Bytes of a machine's name. Jitsi's have 32; a shorter one could be guessed, and it gives a seat back.
const MACHINE: RangeInclusive<usize> = 16..=64;

impl Host {
    /// A web socket is gone; its guest may come back on another.
    pub(super) fn socket_gone(&mut self, now: Instant, socket: ConnId) {
        let Some(id) = self.sockets.remove(&socket) else { return };
        self.held.forget(id);
        let connection = self.connections.get(&id);
        let inside = connection.is_some_and(|connection| connection.seat.is_some() || connection.knock.is_some());
        if self.out.cut(id) && inside {
            self.doubted.remove(&id);
            self.away.insert(id, now + AWAY);
        } else {
            self.gone(id);
        }
    }

    /// Ends a connection from our side.
    pub(super) fn drop_line(&mut self, id: ConnId) {
        self.out.close(id);
        self.sockets.retain(|_, line| *line != id);
        self.gone(id);
    }

    pub(super) fn manage(&mut self, id: ConnId, bound: bool, stanza: &Element) {
        let resume = matches!(stanza.get("resume"), Some("true" | "1")).then(|| self.token(16));
        if bound && self.out.count(id, resume.clone()) {
            self.out.send(id, &stream::enabled(resume.as_deref(), AWAY.as_secs()));
        } else {
            self.out.send(id, &stream::sm_failed("unexpected-request"));
        }
    }

    pub(super) fn confess(&mut self, id: ConnId) {
        if let Some(heard) = self.out.heard(id) {
            self.out.send(id, &stream::confirmation(heard));
        }
    }

    /// A guest that has logged in anew wants its former line back.
    pub(super) fn resume(&mut self, fresh: ConnId, logged_in: bool, stanza: &Element) {
        let former = stanza.get("previd").filter(|_| logged_in).and_then(|id| self.out.find(id));
        let Some(id) = former else {
            return self.out.send(fresh, &stream::sm_failed("item-not-found"));
        };
        let moved = number(stanza).ok_or(()).and_then(|h| self.out.resume(id, fresh, h));
        let Ok(socket) = moved else {
            // It knows the id, so it is the guest, and it will enter anew: the former self would only be a ghost.
            self.out.send(fresh, &stream::sm_failed("item-not-found"));
            return self.drop_line(id);
        };
        if let Some(socket) = socket {
            self.sockets.remove(&socket);
        }
        self.sockets.insert(fresh, id);
        self.away.remove(&id);
        self.doubted.remove(&id);
        let from = self.connections.remove(&fresh).map(|connection| connection.from);
        if let (Some(connection), Some(from)) = (self.connections.get_mut(&id), from) {
            connection.from = from;
        }
    }

    /// Other connections of the same machine in that room, and until when each of them is believed to be alive.
    fn former_selves(&self, id: ConnId, room: &str) -> Vec<(ConnId, Option<Instant>)> {
        let machine = self.connections.get(&id).and_then(|connection| connection.machine.as_deref());
        let Some(machine) = machine else { return Vec::new() };
        let same = |(other, connection): &(&ConnId, &Connection)| {
            let here = connection.seat.as_ref().is_some_and(|seat| seat.room == room);
            **other != id && here && connection.machine.as_deref() == Some(machine)
        };
        let alive = |other: &ConnId, c: &Connection| (!self.away.contains_key(other)).then_some(c.heard + SILENT);
        self.connections.iter().filter(same).map(|(other, c)| (*other, alive(other, c))).collect()
    }

    /// Former selves whose seat is free for the taking.
    pub(super) fn ghosts(&self, now: Instant, id: ConnId, room: &str) -> Vec<ConnId> {
        let dead = |(_, until): &(ConnId, Option<Instant>)| until.is_none_or(|until| until <= now);
        self.former_selves(id, room).into_iter().filter(dead).map(|(other, _)| other).collect()
    }

    /// Somebody has entered a room in which the same machine sat already: a former self without a socket makes way at
    /// once and hands over its rights, one whose socket may be dead has to show that it lives.
    pub(super) fn take_over(&mut self, now: Instant, id: ConnId, room: &str, endpoint: &str) {
        for ghost in self.ghosts(now, id, room) {
            if self.moderates(ghost, room)
                && let Some(room) = self.rooms.get_mut(room)
            {
                room.promote(endpoint, "focus", &mut self.out);
            }
            self.drop_line(ghost);
        }
        for (other, until) in self.former_selves(id, room) {
            self.doubted.extend(until.map(|until| (other, until)));
            self.out.prod(other);
        }
    }

    /// Those who did not come back, and those who did not show that they live.
    pub(super) fn give_up_absent(&mut self, now: Instant) {
        let due = self.away.iter().chain(&self.doubted).filter(|(_, until)| **until <= now);
        let due: Vec<ConnId> = due.map(|(id, _)| *id).collect();
        for id in due {
            self.drop_line(id);
        }
    }

    /// When the next of them is given up.
    pub(super) fn absence_due(&self) -> Option<Instant> {
        self.away.values().chain(self.doubted.values()).min().copied()
    }

    /// Which machine this is, as the guest's client says. Nobody else is told.
    pub(super) fn remember_machine(&mut self, id: ConnId, machine: Option<&str>) {
        let machine = machine.filter(|name| MACHINE.contains(&name.len()));
        if let (Some(connection), Some(machine)) = (self.connections.get_mut(&id), machine) {
            connection.machine = Some(machine.to_owned());
        }
    }
}

/// The machine in a join presence of clients that asked for the conference by HTTP.
pub(super) fn machine_of(x: Option<&Element>) -> Option<String> {
    x?.text_of("billingid", ns::MUC)
}
