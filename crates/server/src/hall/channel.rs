//! The bridge channel as a data channel inside the media path (jitsi.md 5.1): opened by the guest, text messages.
//!
//! What is said in it means the same as on the web socket; see `bridge.rs`. Other channels of a guest are left alone.

use std::time::Instant;

use runde_sfu::EndpointId;
use runde_transport::{ChannelEvent, ChannelId, ChannelMessage, TransportError};

use super::Hall;
use super::seat::Way;
use crate::wire::MAX_BRIDGE_FRAME;

/// The protocol that a Jitsi client names when it opens its bridge channel.
const PROTOCOL: &str = "http://jitsi.org/protocols/colibri";

impl Hall {
    pub(super) fn channel_said(&mut self, now: Instant, from: EndpointId, event: ChannelEvent) {
        match event {
            ChannelEvent::Opened { id, by_peer: true, protocol, .. } if protocol == PROTOCOL => {
                self.channel_opened(now, from, id);
            }
            ChannelEvent::Message { id, message: ChannelMessage::Text(text) } if self.is_bridge(from, id) => {
                self.channel_text(now, from, id, &text);
            }
            ChannelEvent::Closed { id } if self.is_bridge(from, id) => self.channel_gone(from),
            ChannelEvent::Lost => {
                let by_channel = |seat: &super::Seat| matches!(seat.bridge, Some(Way::DataChannel(_)));
                if self.seats.get(&from).is_some_and(by_channel) {
                    self.channel_gone(from);
                }
            }
            ChannelEvent::Ready
            | ChannelEvent::Opened { .. }
            | ChannelEvent::Message { .. }
            | ChannelEvent::Writable { .. }
            | ChannelEvent::Closed { .. } => {}
        }
    }

    fn is_bridge(&self, guest: EndpointId, id: ChannelId) -> bool {
        self.seats.get(&guest).is_some_and(|seat| seat.bridge == Some(Way::DataChannel(id)))
    }

    fn channel_opened(&mut self, now: Instant, guest: EndpointId, id: ChannelId) {
        let Some(seat) = self.seats.get_mut(&guest) else { return };
        let former = seat.bridge.replace(Way::DataChannel(id));
        // Its media count where its other words do.
        if seat.meter.is_none() {
            let connection = self.host.connection_of(&seat.room, &seat.endpoint);
            let outbox = connection.and_then(|connection| self.outboxes.get(&connection));
            seat.meter = outbox.map(|outbox| outbox.meter.clone());
        }
        self.close_socket(former);
        self.bridge_stands(now, guest);
    }

    /// Whoever says too much, or too much at once, loses the channel, as on a web socket.
    fn channel_text(&mut self, now: Instant, from: EndpointId, id: ChannelId, text: &str) {
        let Some(seat) = self.seats.get_mut(&from) else { return };
        if text.len() > MAX_BRIDGE_FRAME || !seat.pace.allow(now) {
            tracing::debug!(endpoint = from.0, "a guest says too much; its bridge channel is closed");
            return self.close_channel(now, from, id);
        }
        self.guest_said(now, from, text);
    }

    fn close_channel(&mut self, now: Instant, guest: EndpointId, id: ChannelId) {
        if let Some(endpoint) = self.port.get_mut(guest) {
            endpoint.close_channel(now, id);
        }
        self.channel_gone(guest);
    }

    fn channel_gone(&mut self, guest: EndpointId) {
        if let Some(seat) = self.seats.get_mut(&guest) {
            seat.bridge = None;
        }
    }

    /// Says something on the guest's bridge channel, if it has one. A guest that does not read loses it.
    pub(super) fn say_by_bridge(&mut self, now: Instant, to: EndpointId, text: String) {
        match self.seats.get(&to).and_then(|seat| seat.bridge) {
            None => {}
            Some(Way::WebSocket(connection)) => self.say(connection, text),
            Some(Way::DataChannel(id)) => {
                let Some(endpoint) = self.port.get_mut(to) else { return };
                let said = endpoint.send_on_channel(now, id, &ChannelMessage::Text(text));
                if said == Err(TransportError::ChannelFull) {
                    tracing::debug!(endpoint = to.0, "a guest does not read; its bridge channel is closed");
                    self.close_channel(now, to, id);
                }
            }
        }
    }
}
