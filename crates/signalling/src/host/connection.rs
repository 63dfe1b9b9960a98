//! One connection from its first frame to a bound address, and the queue of what is to be sent.

use super::{ConnId, Event, Output};
use crate::xml::Element;
use std::collections::VecDeque;
use std::net::IpAddr;

/// How far a connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Fresh,
    LoggedIn,
    Bound,
}

/// Where a connection's guest sits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seat {
    pub(super) room: String,
    pub(super) endpoint: String,
}

#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) stage: Stage,
    /// Full address, given by us, unguessable.
    pub(super) jid: String,
    pub(super) seat: Option<Seat>,
    /// Where it waits to be let in; kept beside the seat until the guest says that it has left the lobby.
    pub(super) knock: Option<Seat>,
    /// Where it comes from; many connections share one.
    pub(super) from: IpAddr,
}

impl Connection {
    pub(super) const fn new(from: IpAddr) -> Self {
        Self { stage: Stage::Fresh, jid: String::new(), seat: None, knock: None, from }
    }
}

/// What is to be done, oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox(VecDeque<Output>);

impl Outbox {
    pub(super) fn send(&mut self, to: ConnId, stanza: &Element) {
        self.0.push_back(Output::Send(to, stanza.to_string()));
    }

    pub(super) fn close(&mut self, connection: ConnId) {
        self.0.push_back(Output::CloseConnection(connection));
    }

    pub(super) fn tell(&mut self, event: Event) {
        self.0.push_back(Output::Event(event));
    }

    pub(super) fn pop(&mut self) -> Option<Output> {
        self.0.pop_front()
    }
}
