//! What leaves: packets through pacer and feedback, stamped and sealed at the last moment; RTCP.

use std::time::Instant;

use bytes::Bytes;
use runde_rtp::{Packet, Ssrc, View, ext::AbsSendTime};

use super::{Endpoint, TRANSPORT_CC_INTERVAL};
use crate::Kind;
use crate::chain::Outbox;
use crate::event::Output;
use crate::feedback::Feedback;
use crate::stamp::{self, Head};
use crate::{TransportError, rtcp};

/// More than any path carries in one piece; what is larger would only be fragmented and lost.
const MAX_PACKET: usize = 1_500;

impl Endpoint {
    /// Sends a packet of a declared stream. Video of a guest is paced; everything is stamped with the transport-wide
    /// sequence number and the send time where these were negotiated, and a guest's is kept for retransmission.
    ///
    /// # Errors
    /// When it is not connected, not declared, too large, or repeats an index.
    pub fn send_rtp(&mut self, now: Instant, packet: Packet) -> Result<(), TransportError> {
        self.check_sendable(packet.ssrc, packet.payload.len())?;
        if let Feedback::Chain(chain) = &mut self.feedback {
            let kind = self.tracks.sending(packet.ssrc).ok_or(TransportError::UnknownSsrc(packet.ssrc.0))?.kind;
            match kind {
                Kind::Audio => chain.send(now, &packet),
                Kind::Video => self.pacer.push(now, packet),
            }
            self.pump_media(now);
            return Ok(());
        }
        let elements = packet.extensions.iter().map(|(id, value)| (*id, &value[..]));
        self.transmit_rtp(now, Head::from(&packet), elements, &packet.payload)
    }

    /// Sends RTP bytes that are already rewritten for this peer, at once: the fan-out of a room server. Its SSRC is a
    /// declared stream's or that stream's RTX.
    ///
    /// # Errors
    /// As [`Endpoint::send_rtp`].
    pub fn send_forwarded(&mut self, now: Instant, rtp: &[u8]) -> Result<(), TransportError> {
        let view = View::parse(rtp).map_err(|_| TransportError::Malformed)?;
        self.check_sendable(view.ssrc(), rtp.len())?;
        self.transmit_rtp(now, Head::from(&view), view.extensions(), view.payload())
    }

    fn check_sendable(&self, ssrc: Ssrc, size: usize) -> Result<(), TransportError> {
        if !self.announced || self.closed {
            return Err(TransportError::NotConnected);
        }
        if !self.tracks.sends(ssrc) {
            return Err(TransportError::UnknownSsrc(ssrc.0));
        }
        if size > MAX_PACKET {
            return Err(TransportError::Malformed);
        }
        Ok(())
    }

    /// Asks the other side for a key frame (PLI). How often is the caller's decision.
    pub fn request_key_frame(&mut self, now: Instant, ssrc: Ssrc) {
        let mut compound = Vec::new();
        rtcp::write_picture_loss(self.reporter(), ssrc, &mut compound);
        self.outbox.rtcp.push(compound);
        self.pump_media(now);
    }

    pub(super) fn tell_arrivals(&mut self, now: Instant) {
        if self.arrivals_due.is_none_or(|due| due > now) {
            return;
        }
        while let Some(message) = self.arrivals.write() {
            let mut compound = Vec::new();
            rtcp::write_transport_cc(self.reporter(), self.last_received, &message, &mut compound);
            self.outbox.rtcp.push(compound);
        }
        self.arrivals_due = (!self.arrivals.is_empty()).then(|| now + TRANSPORT_CC_INTERVAL);
    }

    /// Lets the pacer release, takes what feedback wants sent, stamps and seals it all.
    pub(super) fn pump_media(&mut self, now: Instant) {
        if self.srtp.is_none() || self.path.is_none() {
            self.outbox = Outbox::default();
            return;
        }
        if let Feedback::Chain(chain) = &mut self.feedback {
            while let Some(packet) = self.pacer.pop(now) {
                chain.send(now, &packet);
            }
        }
        self.feedback.drain(&mut self.outbox);
        let outbox = std::mem::take(&mut self.outbox);
        for packet in &outbox.rtp {
            let elements = packet.extensions.iter().map(|(id, value)| (*id, &value[..]));
            if let Err(error) = self.transmit_rtp(now, Head::from(packet), elements, &packet.payload) {
                tracing::debug!(%error, "packet not sent");
            }
        }
        for compound in &outbox.rtcp {
            self.transmit_rtcp(now, compound);
        }
    }

    fn transmit_rtp<'a>(
        &mut self,
        now: Instant,
        head: Head,
        elements: impl Iterator<Item = (u8, &'a [u8])>,
        payload: &[u8],
    ) -> Result<(), TransportError> {
        let (Some(srtp), Some(dst)) = (&mut self.srtp, self.path) else { return Err(TransportError::NotConnected) };
        let ids = self.config.extensions;
        let since = now.saturating_duration_since(self.epoch);
        let time = AbsSendTime::from_micros(u64::try_from(since.as_micros()).unwrap_or(0)).to_bytes();
        let number = ids.transport_cc.map(|id| (id, self.departures.number(now, payload.len() + 28).0.to_be_bytes()));
        let stamps =
            [ids.abs_send_time.map(|id| (id, &time[..])), number.as_ref().map(|(id, number)| (*id, &number[..]))];
        let (mut packet, header) = stamp::write(head, elements, &stamps, payload);
        srtp.sealer.seal(&mut packet, header)?;
        self.stats.sent_packets += 1;
        self.stats.sent_bytes += packet.len() as u64;
        self.feedback.sent(now, head.ssrc, head.payload_type, head.timestamp, payload.len());
        self.outputs.push_back(Output::Transmit { dst, bytes: Bytes::from(packet) });
        Ok(())
    }

    fn transmit_rtcp(&mut self, now: Instant, compound: &[u8]) {
        self.note_own_report(now, compound);
        let (Some(srtp), Some(dst)) = (&mut self.srtp, self.path) else { return };
        if let Some(sealed) = srtp.seal_rtcp(compound) {
            self.stats.sent_bytes += sealed.len() as u64;
            self.outputs.push_back(Output::Transmit { dst, bytes: sealed.freeze() });
        }
    }
}
