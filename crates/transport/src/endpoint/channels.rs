//! Data channels of an endpoint: the calls, and the way between them and DTLS.

use std::time::Instant;

use super::Endpoint;
use crate::channels::{ChannelId, ChannelMessage};
use crate::event::{Event, Output};
use crate::{DataChannels, TransportError};

impl Endpoint {
    /// Opens an ordered, reliable data channel; [`crate::ChannelEvent::Opened`] follows, or `Closed`. May be asked for
    /// as soon as the other half is known, long before DTLS stands.
    ///
    /// # Errors
    /// When there are no data channels here, too many, or a name is longer than 1024 bytes.
    pub fn open_channel(&mut self, now: Instant, label: &str, protocol: &str) -> Result<ChannelId, TransportError> {
        let channels = self.channels.as_mut().filter(|_| !self.closed).ok_or(TransportError::NoChannels)?;
        let id = channels.open(now, label, protocol)?;
        self.pump(now);
        Ok(id)
    }

    /// Sends a message on an open channel.
    ///
    /// # Errors
    /// When the channel is not open, the message larger than the other side takes, or 1 MiB unsent.
    pub fn send_on_channel(
        &mut self,
        now: Instant,
        id: ChannelId,
        message: &ChannelMessage,
    ) -> Result<(), TransportError> {
        let channels = self.channels.as_mut().filter(|_| !self.closed).ok_or(TransportError::NoChannels)?;
        channels.send(now, id, message)?;
        self.pump(now);
        Ok(())
    }

    /// Closes a channel once what was sent has arrived, after 5 s in any case; [`crate::ChannelEvent::Closed`] follows.
    pub fn close_channel(&mut self, now: Instant, id: ChannelId) {
        if let Some(channels) = &mut self.channels {
            channels.close(now, id);
        }
        self.pump(now);
    }

    /// DTLS stands: so may the association.
    pub(super) fn start_channels(&mut self, now: Instant) {
        if let Some(channels) = &mut self.channels {
            channels.start(now);
        }
    }

    /// The DTLS role is known: it decides who begins.
    pub(super) fn prepare_channels(&mut self) {
        if let (Some(dtls), DataChannels::On { max_message }, None) = (&self.dtls, self.config.channels, &self.channels)
        {
            self.channels = Some(crate::channels::Channels::new(dtls.role(), max_message));
        }
    }

    /// Hands on what DTLS carried and what it is to carry.
    pub(super) fn pump_channels(&mut self, now: Instant) {
        let Some(dtls) = &mut self.dtls else { return };
        while let Some(packet) = dtls.poll_received() {
            if let Some(channels) = &mut self.channels {
                channels.handle(now, packet);
            }
        }
        let Some(channels) = &mut self.channels else { return };
        while let Some(packet) = channels.poll_packet() {
            dtls.write(now, &packet);
        }
        if self.closed {
            return;
        }
        while let Some(event) = channels.poll_event() {
            self.outputs.push_back(Output::Event(Event::Channel(event)));
        }
    }
}
