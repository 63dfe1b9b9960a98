//! The hall: one task that owns the UDP socket, the conversation and all rooms as plain values.
//!
//! Web socket tasks and whoever holds the handle reach it through one bounded channel; a full one makes them wait,
//! since a guest that says too much is cut by its own pace long before. Guests are reached through one bounded channel
//! each; a full one closes that guest's connection. Start at [`Hall::run`].

mod bridge;
mod channel;
mod media;
mod pulse;
mod seat;
mod talk;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use runde_sfu::EndpointId;
use runde_signalling::host::{self, Host, HostConfig};
use runde_transport::{Identity, Port, socket::Socket};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_util::sync::CancellationToken;

pub(crate) use runde_signalling::host::ConnId;

use crate::access_log::Meter;
use crate::site::Site;
use seat::{Chamber, Seat};

/// What web socket tasks say and have not been heard yet. One turn of the loop takes microseconds; this is a second of
/// a full house.
pub(crate) const INBOX: usize = 1024;
/// Inputs taken before outputs are sent, so that a talkative channel cannot hold up media.
const INPUTS_A_TURN: usize = 64;
/// Datagrams collected before they are sent in one system call.
const DATAGRAMS_A_TURN: usize = 256;

/// From web socket tasks.
#[derive(Debug)]
pub(crate) enum ToHall {
    Opened {
        id: ConnId,
        from: IpAddr,
        outbox: mpsc::Sender<Frame>,
        /// Counts what this guest is sent, media too if its bridge channel is a data channel.
        meter: Meter,
    },
    Xmpp(ConnId, String),
    /// A conference request by HTTP: JSON in, JSON out, nothing if it is refused.
    Conference {
        body: String,
        reply: oneshot::Sender<Option<String>>,
    },
    /// Asks whether this guest may have its bridge channel.
    BridgeWanted {
        id: ConnId,
        conference: String,
        endpoint: String,
        password: String,
        outbox: mpsc::Sender<Frame>,
        /// Counts what this guest is sent, media too.
        meter: Meter,
        reply: oneshot::Sender<bool>,
    },
    BridgeOpened(ConnId),
    Bridge(ConnId, String),
    Closed(ConnId),
}

/// To a web socket task.
#[derive(Debug)]
pub(crate) enum Frame {
    Text(String),
    /// The connection belongs to a guest in a room.
    Seated,
    /// A room asked its guest for something to type.
    Asked,
}

/// A web socket as the hall sees it. Dropping the sender closes it.
#[derive(Debug)]
struct Outbox {
    frames: mpsc::Sender<Frame>,
    /// It was told that it is seated.
    seated: bool,
    meter: Meter,
}

pub(crate) struct Hall {
    site: Arc<Site>,
    identity: Identity,
    socket: Socket,
    local: SocketAddr,
    host: Host,
    port: Port<EndpointId>,
    chambers: BTreeMap<String, Chamber>,
    seats: BTreeMap<EndpointId, Seat>,
    /// Which seat a bridge channel belongs to.
    bridges: BTreeMap<ConnId, EndpointId>,
    outboxes: BTreeMap<ConnId, Outbox>,
    next_endpoint: u32,
    outgoing: Vec<(SocketAddr, Bytes)>,
    scratch: Vec<u8>,
    host_wait: Option<Instant>,
    port_wait: Option<Instant>,
    /// When it is looked next who has fallen silent.
    look_due: Option<Instant>,
    told: Told,
}

/// What the hall says of itself to whoever holds the handle.
pub(crate) struct Told {
    /// Rooms in which media was offered.
    pub(crate) rooms: watch::Sender<usize>,
    /// Guests of which a source was not taken in, since the start.
    pub(crate) refused: watch::Sender<u64>,
}

impl Hall {
    /// A hall without rooms. `seed` comes from the operating system.
    pub(crate) fn new(
        site: Arc<Site>,
        host: HostConfig,
        identity: Identity,
        socket: Socket,
        local: SocketAddr,
        seed: [u8; 32],
        told: Told,
    ) -> Self {
        let host = Host::new(host, seed);
        Self {
            site,
            identity,
            socket,
            local,
            host,
            port: Port::new(),
            chambers: BTreeMap::new(),
            seats: BTreeMap::new(),
            bridges: BTreeMap::new(),
            outboxes: BTreeMap::new(),
            next_endpoint: 1,
            outgoing: Vec::with_capacity(DATAGRAMS_A_TURN),
            scratch: Vec::with_capacity(2048),
            host_wait: None,
            port_wait: None,
            look_due: None,
            told,
        }
    }

    /// Serves until cancelled, then says goodbye.
    pub(crate) async fn run(mut self, mut inbox: mpsc::Receiver<ToHall>, cancel: CancellationToken) {
        loop {
            let due = self.deadline();
            tokio::select! {
                () = cancel.cancelled() => break,
                Some(said) = inbox.recv() => self.hear(said, &mut inbox),
                readable = self.socket.readable() => {
                    if readable.is_err() || self.receive().is_err() {
                        tracing::error!("the UDP socket failed; all rooms are closed");
                        break;
                    }
                }
                () = until(due) => self.time_out(Instant::now()),
            }
            self.settle(Instant::now());
        }
        self.close_all(Instant::now());
    }

    fn hear(&mut self, first: ToHall, inbox: &mut mpsc::Receiver<ToHall>) {
        let now = Instant::now();
        self.heard(now, first);
        for _ in 1..INPUTS_A_TURN {
            let Ok(said) = inbox.try_recv() else { return };
            self.heard(now, said);
        }
    }

    fn heard(&mut self, now: Instant, said: ToHall) {
        match said {
            ToHall::Opened { id, from, outbox, meter } => {
                self.outboxes.insert(id, Outbox { frames: outbox, seated: false, meter });
                self.converse(now, host::Input::Opened { connection: id, from });
            }
            ToHall::Xmpp(id, text) => self.converse(now, host::Input::Text(id, text)),
            ToHall::Conference { body, reply } => {
                let _ = reply.send(self.host.conference_request(now, &body).ok());
                self.drain_host(now);
            }
            ToHall::BridgeWanted { id, conference, endpoint, password, outbox, meter, reply } => {
                let admitted = self.admit_bridge(id, &conference, &endpoint, &password, (outbox, meter));
                // Whoever asked may have gone; then the channel is taken back.
                if reply.send(admitted).is_err() && admitted {
                    self.bridge_closed(id);
                }
            }
            ToHall::BridgeOpened(id) => self.bridge_opened(now, id),
            ToHall::Bridge(id, text) => self.bridge_said(now, id, &text),
            ToHall::Closed(id) => {
                self.outboxes.remove(&id);
                if self.bridges.contains_key(&id) {
                    self.bridge_closed(id);
                } else {
                    self.converse(now, host::Input::Closed(id));
                }
            }
        }
    }

    fn receive(&mut self) -> std::io::Result<()> {
        let (socket, port, local) = (&mut self.socket, &mut self.port, self.local);
        socket.recv_batch(|arrival, src, bytes| port.handle_datagram(arrival, src, local, bytes))?;
        Ok(())
    }

    fn deadline(&self) -> Option<Instant> {
        let rooms = self.chambers.values().filter_map(|chamber| chamber.wait);
        rooms.chain(self.host_wait).chain(self.port_wait).chain(self.look_due).min()
    }

    fn time_out(&mut self, now: Instant) {
        self.look_for_silence(now);
        if self.host_wait.is_some_and(|due| due <= now) {
            self.host.handle_timeout(now);
            self.drain_host(now);
        }
        if self.port_wait.is_some_and(|due| due <= now) {
            self.port.handle_timeout(now);
        }
        let due = |chamber: &Chamber| chamber.wait.is_some_and(|due| due <= now);
        let rooms: Vec<String> =
            self.chambers.iter().filter(|(_, chamber)| due(chamber)).map(|(name, _)| name.clone()).collect();
        for name in rooms {
            self.room(now, &name, runde_sfu::Input::Tick);
        }
    }

    /// Drains the port, and with it everything that its events cause, until nothing is left to do.
    fn settle(&mut self, now: Instant) {
        self.drain_port(now);
        self.send_all();
        if self.look_due.is_none() && !self.seats.is_empty() {
            self.look_due = Some(now);
        }
        let rooms = self.chambers.values().filter(|chamber| !chamber.seats.is_empty()).count();
        self.told.rooms.send_if_modified(|known| std::mem::replace(known, rooms) != rooms);
    }

    fn send_all(&mut self) {
        if self.outgoing.is_empty() {
            return;
        }
        // Neighbours with the same destination travel as one train; the sort keeps each destination's order.
        self.outgoing.sort_by_key(|(destination, _)| *destination);
        if let Err(error) = self.socket.send_batch(&self.outgoing) {
            tracing::debug!(%error, "datagrams were not sent");
        }
        self.outgoing.clear();
    }

    fn close_all(&mut self, now: Instant) {
        let everybody: Vec<EndpointId> = self.seats.keys().copied().collect();
        for id in everybody {
            if let Some(endpoint) = self.port.get_mut(id) {
                endpoint.close(now);
            }
        }
        self.drain_port(now);
        self.send_all();
        for seat in std::mem::take(&mut self.seats) {
            self.count_media(seat.0, &seat.1);
        }
        self.told.rooms.send_replace(0);
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
