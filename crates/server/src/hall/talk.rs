//! The conversation: what the host core wants sent, and what it says about guests and their media.

use std::time::Instant;

use runde_sfu::{self as sfu, EndpointId, Room, RoomConfig};
use runde_signalling::host::{self, ConnId, Event, Output};
use runde_signalling::jingle::{self, Group, PayloadType, Source, Transport};
use runde_transport::{Candidate, Config, Credentials, DataChannels, Endpoint, ExtensionIds};

use super::seat::{self, Chamber, Line, Seat, Way};
use super::{Frame, Hall};
use crate::pace::Pace;

/// Header extensions of the offer.
const EXTENSIONS: ExtensionIds =
    ExtensionIds { audio_level: Some(1), abs_send_time: Some(3), transport_cc: Some(5), mid: None };

impl Hall {
    pub(super) fn converse(&mut self, now: Instant, input: host::Input) {
        self.host.handle(now, input);
        self.drain_host(now);
    }

    pub(super) fn drain_host(&mut self, now: Instant) {
        loop {
            match self.host.poll_output() {
                Output::Send(id, text) => self.say(id, text),
                Output::CloseConnection(id) => {
                    self.outboxes.remove(&id);
                }
                Output::Event(event) => self.happened(now, event),
                Output::Wait(until) => {
                    self.host_wait = until;
                    return;
                }
            }
        }
    }

    /// Sends to a web socket; one that does not read is closed.
    pub(super) fn say(&mut self, id: ConnId, text: String) {
        let Some(outbox) = self.outboxes.get_mut(&id) else { return };
        if !outbox.seated && is_for_a_guest(&text) {
            outbox.seated = outbox.frames.try_send(Frame::Seated).is_ok();
        } else if !outbox.seated && asks_a_person(&text) {
            // A full channel ends the connection below anyway.
            let _ = outbox.frames.try_send(Frame::Asked);
        }
        if outbox.frames.try_send(Frame::Text(text)).is_err() {
            tracing::debug!("a guest does not read; its connection is closed");
            self.outboxes.remove(&id);
        }
    }

    fn happened(&mut self, now: Instant, event: Event) {
        match event {
            Event::Allocate { room, endpoint } => self.allocate(now, room, endpoint),
            Event::Accepted { room, endpoint, transport, video, sources, groups } => {
                self.accepted(now, &room, &endpoint, &transport, &sources);
                self.takes(now, &room, &endpoint, &video);
                self.changed(now, &room, &endpoint, &sources, &groups);
            }
            Event::SourcesChanged { room, endpoint, sources, groups } => {
                self.changed(now, &room, &endpoint, &sources, &groups);
            }
            Event::RenewIce { room, endpoint } => self.renew_ice(now, room, endpoint),
            Event::IceRenewed { room, endpoint, transport } => self.ice_renewed(now, &room, &endpoint, &transport),
            // A lite agent needs no candidates of the guest.
            Event::TransportChanged { .. } => {}
            Event::EndpointLeft { room, endpoint } => self.left(now, &room, &endpoint),
            Event::RoomEmpty { room } => {
                let seats = self.chambers.get(&room).map(|chamber| chamber.seats.values().copied().collect::<Vec<_>>());
                for id in seats.unwrap_or_default() {
                    self.unseat(now, id);
                }
                self.chambers.remove(&room);
            }
        }
    }

    /// Makes a guest's transport and offers it. Asked again for the same guest, the former one is thrown away.
    fn allocate(&mut self, now: Instant, room: String, endpoint: String) {
        if let Some(id) = self.chambers.get(&room).and_then(|chamber| chamber.seats.get(&endpoint)).copied() {
            self.unseat(now, id);
        }
        let Some((id, transport)) = self.open_seat(now, &room, &endpoint) else {
            tracing::warn!("a guest cannot be offered media: no transport could be made");
            return;
        };
        tracing::debug!(endpoint = id.0, "media is offered");
        self.room(now, &room, sfu::Input::EndpointJoined { id });
        self.host.handle(now, host::Input::Allocated { room, endpoint, transport });
    }

    fn open_seat(&mut self, now: Instant, room: &str, endpoint: &str) -> Option<(EndpointId, Transport)> {
        let credentials = Credentials::generate(&self.identity).ok()?;
        let (password, conference) = (token()?, token()?);
        let address = self.site.addresses.first().copied().unwrap_or(self.local);
        // Whether the guest can have data channels is not known yet. They cost nothing until it begins.
        let channels = DataChannels::On { max_message: None };
        let config = Config { channels, ..Config::host(credentials.clone(), address, EXTENSIONS) };
        let transport = Endpoint::new(now, &self.identity, config).ok()?;
        let id = EndpointId(self.next_endpoint);
        self.next_endpoint = self.next_endpoint.wrapping_add(1);
        self.port.insert(id, transport);
        let chamber = self.chambers.entry(room.to_owned()).or_insert_with(|| Chamber {
            room: Room::new(RoomConfig::default()),
            wait: None,
            seats: std::collections::BTreeMap::new(),
            conference,
        });
        chamber.seats.insert(endpoint.to_owned(), id);
        let sockets = self.site.web_socket_base();
        let web_socket = format!("{sockets}/colibri-ws/runde/{}/{endpoint}?pwd={password}", chamber.conference);
        let (room, endpoint) = (room.to_owned(), endpoint.to_owned());
        let setup = jingle::Setup::ActPass;
        let seat = Seat {
            room,
            endpoint,
            password,
            bridge: None,
            pace: Pace::new(now),
            meter: None,
            sources: Vec::new(),
            line: Line::Down,
            accepted: false,
            rewriting: false,
            setup,
            refused: false,
            renewed: None,
        };
        self.seats.insert(id, seat);
        Some((id, self.offered(credentials, Some(web_socket), setup)))
    }

    /// New credentials for a guest whose network changed. Media goes on under the old ones until it answers.
    fn renew_ice(&mut self, now: Instant, room: String, endpoint: String) {
        let id = self.seat_id(&room, &endpoint);
        let fresh = Credentials::generate(&self.identity).ok();
        let (Some(seat), Some(fresh)) = (id.and_then(|id| self.seats.get_mut(&id)), fresh) else { return };
        seat.renewed = Some(fresh.clone());
        let setup = seat.setup;
        let transport = self.offered(fresh, None, setup);
        self.host.handle(now, host::Input::IceRenewed { room, endpoint, transport });
    }

    fn ice_renewed(&mut self, now: Instant, room: &str, endpoint: &str, transport: &Transport) {
        let Some(id) = self.seat_id(room, endpoint) else { return };
        let Some(ours) = self.seats.get_mut(&id).and_then(|seat| seat.renewed.take()) else { return };
        let theirs = Credentials { ufrag: transport.ufrag.clone(), pwd: transport.pwd.clone() };
        let Some(endpoint) = self.port.get_mut(id) else { return };
        if let Err(error) = endpoint.ice_restart(now, ours, &theirs, &[]) {
            tracing::debug!(endpoint = id.0, %error, "a guest's new credentials are refused");
        }
    }

    fn offered(&self, credentials: Credentials, web_socket: Option<String>, setup: jingle::Setup) -> Transport {
        let fingerprint = self.identity.fingerprint();
        let ours = self.site.addresses.iter().map(|address| Candidate::host(*address));
        Transport {
            ufrag: credentials.ufrag,
            pwd: credentials.pwd,
            fingerprint: Some(jingle::Fingerprint { hash: fingerprint.hash.clone(), value: fingerprint.to_string() }),
            setup: Some(setup),
            candidates: ours.enumerate().map(|(nth, candidate)| seat::candidate(&candidate, nth)).collect(),
            web_socket,
        }
    }

    fn accepted(&mut self, now: Instant, room: &str, endpoint: &str, transport: &Transport, own: &[Source]) {
        let Some(id) = self.seat_id(room, endpoint) else { return };
        let rewriting = self.host.rewrites_for(room, endpoint);
        let Some(remote) = seat::remote(transport) else {
            tracing::debug!(endpoint = id.0, "a guest's transport has no usable fingerprint");
            return;
        };
        let Some(endpoint) = self.port.get_mut(id) else { return };
        if let Err(error) = endpoint.set_remote(now, &remote) {
            tracing::debug!(endpoint = id.0, %error, "a guest's transport is refused");
            return;
        }
        if let Some(seat) = self.seats.get_mut(&id) {
            seat.accepted = true;
            seat.rewriting = rewriting;
            seat.setup = seat::our_setup(transport.setup);
        }
        if rewriting {
            return self.rewrite_for(now, id, room, own);
        }
        let others: Vec<sfu::Source> = self.neighbours(id).flat_map(|(_, seat)| seat.sources.iter().cloned()).collect();
        for source in &others {
            self.declare_leaving(id, source);
        }
    }

    /// What the guest can be sent. One that describes nothing is sent whatever comes.
    fn takes(&mut self, now: Instant, room: &str, endpoint: &str, video: &[PayloadType]) {
        let Some(id) = self.seat_id(room, endpoint).filter(|_| !video.is_empty()) else { return };
        self.room(now, room, sfu::Input::Formats { endpoint: id, taken: seat::taken(video) });
    }

    /// The guest understands source maps: it is sent on SSRCs of its own, whoever comes and goes.
    fn rewrite_for(&mut self, now: Instant, id: EndpointId, room: &str, own: &[Source]) {
        let (Some(endpoint), Some(slots)) = (self.port.get_mut(id), seat::slots(self.site.slots, own)) else { return };
        for track in seat::leaving_on(&slots) {
            if let Err(error) = endpoint.declare_tx(&track) {
                tracing::debug!(endpoint = id.0, %error, "a stream cannot be sent on");
            }
        }
        self.room(now, room, sfu::Input::Rewriting { endpoint: id, slots });
    }

    /// Takes over an endpoint's sources: its transport expects them, everybody else's may send them on.
    fn changed(&mut self, now: Instant, room: &str, endpoint: &str, signalled: &[Source], groups: &[Group]) {
        let Some(id) = self.seat_id(room, endpoint) else { return };
        let sources = seat::sources(signalled, groups);
        let Some(seat) = self.seats.get_mut(&id) else { return };
        let before = std::mem::replace(&mut seat.sources, sources.clone());
        let others = self.sent_originals(id);
        for gone in before.iter().filter(|source| !sources.contains(source)) {
            self.forget(id, &others, gone);
        }
        for new in sources.iter().filter(|source| !before.contains(source)) {
            if let Some(endpoint) = self.port.get_mut(id) {
                for track in seat::arriving(new) {
                    if let Err(error) = endpoint.declare_rx(&track) {
                        tracing::debug!(endpoint = id.0, %error, "a stream is refused");
                    }
                }
            }
            for other in &others {
                self.declare_leaving(*other, new);
            }
        }
        self.room(now, room, sfu::Input::SourcesDeclared { endpoint: id, sources });
        self.note_refusal(room, id);
    }

    /// Says once of a guest that the room does not take all it declares. A guest with an honest client never gets there.
    fn note_refusal(&mut self, room: &str, id: EndpointId) {
        let refused = self.chambers.get(room).is_some_and(|chamber| chamber.room.refused_sources(id) > 0);
        let Some(seat) = self.seats.get_mut(&id).filter(|seat| refused && !seat.refused) else { return };
        seat.refused = true;
        tracing::warn!("a guest declares streams that its room does not take; they are not sent on");
        self.told.refused.send_modify(|guests| *guests = guests.saturating_add(1));
    }

    fn declare_leaving(&mut self, to: EndpointId, source: &sfu::Source) {
        let Some(endpoint) = self.port.get_mut(to) else { return };
        let Some(track) = seat::leaving(source) else { return };
        if let Err(error) = endpoint.declare_tx(&track) {
            tracing::debug!(endpoint = to.0, %error, "a stream cannot be sent on");
        }
    }

    /// Who is sent this guest's streams under their own SSRCs.
    fn sent_originals(&self, id: EndpointId) -> Vec<EndpointId> {
        self.neighbours(id).filter(|(_, seat)| seat.accepted && !seat.rewriting).map(|(id, _)| id).collect()
    }

    /// Takes a source out of its sender's transport and out of everybody's who was sent it.
    fn forget(&mut self, owner: EndpointId, others: &[EndpointId], source: &sfu::Source) {
        if let Some(endpoint) = self.port.get_mut(owner) {
            for layer in &source.layers {
                endpoint.remove(layer.ssrc);
            }
        }
        let Some(track) = seat::leaving(source) else { return };
        for other in others {
            if let Some(endpoint) = self.port.get_mut(*other) {
                endpoint.remove(track.ssrc);
            }
        }
    }

    fn left(&mut self, now: Instant, room: &str, endpoint: &str) {
        if let Some(id) = self.seat_id(room, endpoint) {
            self.unseat(now, id);
        }
    }

    /// Ends a guest's media; the others keep theirs.
    pub(super) fn unseat(&mut self, now: Instant, id: EndpointId) {
        let others = self.sent_originals(id);
        let Some(seat) = self.seats.remove(&id) else { return };
        for source in &seat.sources {
            self.forget(id, &others, source);
        }
        if let Some(Way::WebSocket(bridge)) = seat.bridge {
            self.bridges.remove(&bridge);
            self.outboxes.remove(&bridge);
        }
        if let Some(endpoint) = self.port.get_mut(id) {
            endpoint.close(now);
        }
        self.drain_port(now);
        self.count_media(id, &seat);
        self.port.remove(id);
        self.room(now, &seat.room, sfu::Input::EndpointLeft { id });
        if let Some(chamber) = self.chambers.get_mut(&seat.room) {
            chamber.seats.remove(&seat.endpoint);
        }
    }

    /// Adds the media a guest was sent to what its bridge channel was sent.
    pub(super) fn count_media(&self, id: EndpointId, seat: &Seat) {
        if let (Some(meter), Some(endpoint)) = (&seat.meter, self.port.get(id)) {
            meter.add(endpoint.stats().sent_bytes);
        }
    }

    pub(super) fn seat_id(&self, room: &str, endpoint: &str) -> Option<EndpointId> {
        self.chambers.get(room)?.seats.get(endpoint).copied()
    }

    /// Everybody else in the same room.
    pub(super) fn neighbours(&self, id: EndpointId) -> impl Iterator<Item = (EndpointId, &Seat)> {
        let room = self.seats.get(&id).and_then(|seat| self.chambers.get(&seat.room));
        let ids = room.into_iter().flat_map(|chamber| chamber.seats.values().copied());
        ids.filter(move |other| *other != id).filter_map(|other| Some((other, self.seats.get(&other)?)))
    }
}

/// Only those in a room or before its door are sent presence, refusals aside, and only they have a line to resume.
fn is_for_a_guest(text: &str) -> bool {
    (text.starts_with("<presence") && !text.contains("<error")) || text.starts_with("<resumed")
}

/// A refusal after which a person types a password or a name and tries again on the same connection.
fn asks_a_person(text: &str) -> bool {
    text.starts_with("<presence") && (text.contains("<not-authorized") || text.contains("<registration-required"))
}

/// 128 random bits as lower-case hex.
fn token() -> Option<String> {
    let mut random = [0u8; 16];
    getrandom::fill(&mut random).ok()?;
    Some(hex::encode(random))
}

#[cfg(test)]
mod tests {
    use super::{asks_a_person, is_for_a_guest};
    use runde_signalling::stream;

    #[test]
    fn a_socket_belongs_to_a_guest_from_its_first_presence_or_from_where_it_resumes() {
        assert!(is_for_a_guest("<presence xmlns='jabber:client' from='r@conference.d/a'/>"));
        assert!(is_for_a_guest(&stream::resumed("0", 0).to_string()));
        for other in [stream::success(), stream::features_bind(), stream::sm_failed("item-not-found"), stream::ask()] {
            assert!(!is_for_a_guest(&other.to_string()), "{other}");
        }
        assert!(!is_for_a_guest("<presence xmlns='jabber:client' type='error'><error type='auth'/></presence>"));
    }

    #[test]
    fn a_person_is_asked_by_a_locked_room_and_by_a_lobby() {
        let refused = |condition: &str| {
            format!("<presence xmlns='jabber:client' type='error'>{}</presence>", stream::error("auth", condition))
        };
        assert!(asks_a_person(&refused("not-authorized")) && asks_a_person(&refused("registration-required")));
        assert!(!asks_a_person(&refused("forbidden")) && !is_for_a_guest(&refused("not-authorized")));
        assert!(!asks_a_person(&stream::failure("not-authorized").to_string()), "a login is not a room");
    }
}
