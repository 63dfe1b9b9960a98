//! One connection from its first frame to a bound address, and where its guest sits.

use super::relay::Asked;
use std::net::IpAddr;
use std::time::Instant;

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
    /// The machine it runs on, as its client says.
    pub(super) machine: Option<String>,
    /// When it last said anything.
    pub(super) heard: Instant,
    /// What it asked other guests.
    pub(super) asked: Asked,
}

impl Connection {
    pub(super) fn new(now: Instant, from: IpAddr) -> Self {
        let (stage, jid, asked) = (Stage::Fresh, String::new(), Asked::default());
        Self { stage, jid, seat: None, knock: None, from, machine: None, heard: now, asked }
    }
}
