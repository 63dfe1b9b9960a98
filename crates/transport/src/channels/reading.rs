//! What arrives whole in a stream: messages for the application, and those that open a channel.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rtc_sctp::PayloadProtocolIdentifier as Ppi;

use super::control::{self, Open, Said};
use super::{Channel, ChannelEvent, ChannelId, ChannelMessage, Channels, MAX_CHANNELS, MAX_RECEIVED, Stage};
use crate::DtlsRole;

impl Channels {
    pub(super) fn read(&mut self, now: Instant, id: u16) {
        if !self.is_up {
            self.early.insert(id);
            return;
        }
        loop {
            let Some(Ok(mut stream)) = self.line().map(|line| line.stream(id)) else { return };
            let Ok(Some(chunks)) = stream.read_sctp() else { return };
            self.vet.delivered(id);
            let Ok(payload) = chunks.to_payload(MAX_RECEIVED) else { return self.refuse(now, id) };
            if !self.take(now, id, chunks.ppi, payload) {
                return self.refuse(now, id);
            }
        }
    }

    /// False when the stream is to be reset.
    fn take(&mut self, now: Instant, id: u16, kind: Ppi, payload: BytesMut) -> bool {
        if kind == Ppi::Dcep {
            return self.take_control(now, id, &payload);
        }
        let Some(channel) = self.channels.get(&id) else { return false };
        if matches!(channel.stage, Stage::Closing { .. }) {
            return true;
        }
        let message = match kind {
            Ppi::String => String::from_utf8(payload.to_vec()).ok().map(ChannelMessage::Text),
            Ppi::StringEmpty => Some(ChannelMessage::Text(String::new())),
            Ppi::BinaryEmpty => Some(ChannelMessage::Binary(Bytes::new())),
            Ppi::Dcep | Ppi::Binary | Ppi::Unknown | _ => Some(ChannelMessage::Binary(payload.freeze())),
        };
        let Some(message) = message else { return false };
        self.events.push_back(ChannelEvent::Message { id: ChannelId(id), message });
        true
    }

    fn take_control(&mut self, now: Instant, id: u16, payload: &[u8]) -> bool {
        match control::parse(payload) {
            Some(control::Heard::Open(open)) => self.opened_by_peer(now, id, open),
            Some(control::Heard::Acknowledged) => self.confirmed(id),
            None => false,
        }
    }

    fn opened_by_peer(&mut self, now: Instant, id: u16, open: Open) -> bool {
        let is_ours = id.is_multiple_of(2) == (self.role == DtlsRole::Client);
        if is_ours || id == u16::MAX || self.channels.contains_key(&id) || self.channels.len() >= MAX_CHANNELS {
            return false;
        }
        if !self.line().is_some_and(|line| control::say(line, now, id, &open, &Said::Acknowledge)) {
            return false;
        }
        self.announce(id, true, &open);
        self.channels.insert(id, Channel { open, stage: Stage::Open, full: false });
        true
    }

    fn confirmed(&mut self, id: u16) -> bool {
        let Some(channel) = self.channels.get_mut(&id) else { return false };
        if channel.stage == Stage::Opening {
            channel.stage = Stage::Open;
            let open = channel.open.clone();
            self.announce(id, false, &open);
        }
        true
    }
}
