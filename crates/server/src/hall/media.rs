//! The way of media: from the port into the room and out again.

use std::time::Instant;

use runde_sfu::{self as sfu, EndpointId, Output};
use runde_transport::{Event, port};

use super::seat::Line;
use super::{DATAGRAMS_A_TURN, Hall};

impl Hall {
    /// Takes everything the port has: datagrams to send, packets and facts for the rooms.
    pub(super) fn drain_port(&mut self, now: Instant) {
        loop {
            match self.port.poll_output() {
                port::Output::Transmit { dst, bytes } => {
                    self.outgoing.push((dst, bytes));
                    if self.outgoing.len() >= DATAGRAMS_A_TURN {
                        self.send_all();
                    }
                }
                port::Output::Event(id, event) => self.arrived(now, id, event),
                port::Output::Wait(until) => {
                    self.port_wait = until;
                    return;
                }
            }
        }
    }

    fn arrived(&mut self, now: Instant, id: EndpointId, event: Event) {
        let (input, at) = match event {
            Event::Rtp(packet, arrival) => (sfu::Input::Rtp { from: id, packet }, arrival),
            Event::Connected { .. } => {
                self.note_line(id, Line::Up);
                (sfu::Input::Path { endpoint: id, active: true }, now)
            }
            Event::Closed(reason) => {
                self.note_line(id, Line::Down);
                tracing::debug!(endpoint = id.0, ?reason, "a guest's media path ended");
                (sfu::Input::Path { endpoint: id, active: false }, now)
            }
            Event::KeyFrameRequested { ssrc } => (sfu::Input::KeyFrameRequested { by: id, ssrc }, now),
            Event::Nacked { ssrc, seqs } => (sfu::Input::Nacked { from: id, ssrc, seqs }, now),
            Event::Bandwidth { bps } => (sfu::Input::Bandwidth { endpoint: id, bps }, now),
            Event::Channel(event) => return self.channel_said(now, id, event),
            Event::RoundTrip(_) | Event::PathChanged | Event::Unannounced { .. } => return,
        };
        let Some(room) = self.seats.get(&id).map(|seat| seat.room.clone()) else { return };
        self.room(at, &room, input);
    }

    /// Tells a room one thing and does what it wants.
    pub(super) fn room(&mut self, now: Instant, name: &str, input: sfu::Input) {
        let Some(chamber) = self.chambers.get_mut(name) else { return };
        chamber.room.handle(now, input);
        let mut told = Vec::new();
        loop {
            match chamber.room.poll_output() {
                Output::Forward { to, packet, .. } => {
                    self.scratch.clear();
                    packet.encode(&mut self.scratch);
                    if let Some(endpoint) = self.port.get_mut(to)
                        && let Err(error) = endpoint.send_forwarded(now, &self.scratch)
                    {
                        tracing::trace!(endpoint = to.0, %error, "a packet was not sent on");
                    }
                }
                Output::RequestKeyFrame { from, ssrc } => {
                    if let Some(endpoint) = self.port.get_mut(from) {
                        endpoint.request_key_frame(now, ssrc);
                    }
                }
                Output::Tell { to, notice } => told.push((to, notice)),
                Output::Wait(until) => {
                    chamber.wait = until;
                    break;
                }
            }
        }
        for (to, notice) in told {
            self.tell(now, to, &notice);
        }
    }
}
