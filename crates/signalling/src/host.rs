//! The room's side of the conversation: room service and focus in one, for any number of rooms.
//!
//! [`Host`] owns no socket: it is told which connection said what and answers with what to send.
//! Media transports are made by somebody else, who is asked by [`Event::Allocate`] and answers
//! with [`Input::Allocated`]. Start at [`Host::handle`]; `host/room.rs` is one room.

mod connection;
mod core;
mod enter;
mod extras;
mod focus;
mod guard;
mod iq;
mod line;
mod lobby;
mod message;
mod moderate;
mod offer;
mod relay;
mod restart;
mod resume;
mod room;
mod settings;
mod sources;

pub use self::core::Host;
pub use self::settings::MAX_PASSWORD;
use crate::guest::Relay;
use crate::jingle::{Group, PayloadType, Source, Transport};
use crate::secret::Secret;
use std::net::IpAddr;
use std::time::Instant;

/// A connection's number, chosen by whoever owns the sockets and never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ConnId(pub u64);

/// What a host is and how much it lets in.
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// The XMPP domain, e.g. `meet.test`; rooms live at `conference.` of it, the focus at `focus.`.
    pub domain: String,
    /// Rooms at a time. Protects memory from somebody who invents names.
    pub max_rooms: usize,
    /// Guests in one room. What one machine's upload can carry is far below.
    pub max_guests: usize,
    /// Connections at a time, logged in or not.
    pub max_connections: usize,
    /// Relays that guests are told of (XEP-0215), with the credentials for them.
    pub relays: Vec<Relay>,
    /// What every room asks for from its beginning, until one of its moderators decides otherwise; at most [`MAX_PASSWORD`] bytes.
    pub password: Option<Secret>,
    /// Every room begins with a lobby. The first who comes to an empty room enters it, or whoever knows the password where
    /// there is one; strangers wait, also for the first to come.
    pub lobby: bool,
}

impl HostConfig {
    /// Limits for a laptop in a living room.
    #[must_use]
    pub fn new(domain: &str) -> Self {
        Self {
            domain: domain.to_owned(),
            max_rooms: 50,
            max_guests: 100,
            max_connections: 1_000,
            relays: Vec::new(),
            password: None,
            lobby: false,
        }
    }
}

/// What a host is told.
#[derive(Clone, Debug)]
pub enum Input {
    /// A web socket was opened.
    Opened {
        /// Its number.
        connection: ConnId,
        /// The other end's address, as good as it is known. Wrong passwords are counted by it.
        from: IpAddr,
    },
    /// A text frame arrived.
    Text(ConnId, String),
    /// The web socket is gone.
    Closed(ConnId),
    /// The answer to [`Event::Allocate`].
    Allocated {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
        /// What to offer to this guest, bridge channel included.
        transport: Transport,
    },
    /// The answer to [`Event::RenewIce`].
    IceRenewed {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
        /// The same transport with new ICE credentials of ours.
        transport: Transport,
    },
}

/// What happened in rooms, for whoever moves media.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A guest needs a media transport. Asked a second time for the same guest, the former
    /// transport is to be thrown away: the guest wants to start anew.
    Allocate {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
    },
    /// A guest took the offer.
    Accepted {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
        /// The guest's side.
        transport: Transport,
        /// The payload types of its video section: what it can be sent.
        video: Vec<PayloadType>,
        /// All its sources.
        sources: Vec<Source>,
        /// Groups among them, simulcast included.
        groups: Vec<Group>,
    },
    /// A guest added or removed sources.
    SourcesChanged {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
        /// All its sources now.
        sources: Vec<Source>,
        /// All groups now.
        groups: Vec<Group>,
    },
    /// A guest's network changed: it needs new ICE credentials for the transport that it has. The old ones stay in use
    /// until [`Event::IceRenewed`].
    RenewIce {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
    },
    /// The guest's new credentials; ours are those of the last [`Input::IceRenewed`].
    IceRenewed {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
        /// The guest's side.
        transport: Transport,
    },
    /// A guest sent candidates.
    TransportChanged {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
        /// What it sent.
        transport: Transport,
    },
    /// A guest is gone; its transport, if it had one, too.
    EndpointLeft {
        /// Room name.
        room: String,
        /// Endpoint id.
        endpoint: String,
    },
    /// The last guest left; the room does not exist any more.
    RoomEmpty {
        /// Room name.
        room: String,
    },
}

/// What a host wants done.
// Outputs are handled one at a time and never stored in bulk, so the large variant costs nothing.
#[allow(clippy::large_enum_variant)]
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Send this text frame.
    Send(ConnId, String),
    /// Close the web socket after what was sent before.
    CloseConnection(ConnId),
    /// Tell whoever moves media.
    Event(Event),
    /// Nothing more to do; call `handle_timeout` at that time if there is one.
    Wait(Option<Instant>),
}
