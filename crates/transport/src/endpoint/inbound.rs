//! What arrives: each protocol to its part, media to the caller, feedback to the estimator.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use runde_rtp::{Packet, SeqNo, Ssrc};

use super::{Endpoint, TRANSPORT_CC_INTERVAL};
use crate::demux::{self, Protocol};
use crate::event::{Event, Output};
use crate::lean::middle;
use crate::rtcp::{self, Item};
use crate::tracks::Taken;

/// Retransmissions a peer may ask for within a second: twice what 720p has in it.
const NACKED_PER_SECOND: usize = 2_000;
/// Packets of streams that nobody announced looked at within a second.
const LOOKS_PER_SECOND: usize = 10;
/// No round trip of a conversation is longer; what says so is wrong.
const MAX_ROUND_TRIP: Duration = Duration::from_secs(10);

impl Endpoint {
    /// Whether the datagram was of use to anybody.
    pub(super) fn inbound(&mut self, now: Instant, src: SocketAddr, bytes: &[u8]) -> bool {
        match demux::classify(bytes) {
            Some(Protocol::Stun) => self.ice.handle(now, src, bytes),
            Some(Protocol::Dtls) => self.inbound_dtls(now, src, bytes),
            Some(Protocol::Rtp) => self.inbound_rtp(now, src, bytes),
            Some(Protocol::Rtcp) => self.inbound_rtcp(now, src, bytes),
            None => false,
        }
    }

    /// Only from an address that ICE has validated: anybody could spoil a handshake otherwise.
    fn inbound_dtls(&mut self, now: Instant, src: SocketAddr, bytes: &[u8]) -> bool {
        if !self.ice.is_validated(src) {
            return false;
        }
        let Some(dtls) = &mut self.dtls else { return false };
        self.dtls_from = Some(src);
        if let Some(outcome) = dtls.handle(now, bytes) {
            self.conclude(now, outcome);
        }
        true
    }

    fn inbound_rtp(&mut self, now: Instant, src: SocketAddr, bytes: &[u8]) -> bool {
        let Some(ssrc) = demux::rtp_ssrc(bytes).map(Ssrc).filter(|_| self.srtp.is_some()) else { return false };
        if !self.tracks.receives(ssrc) {
            self.stats.unknown_ssrc += 1;
            self.note_unannounced(now, ssrc, bytes);
            return true;
        }
        let Some(srtp) = &mut self.srtp else { return false };
        let Some(clear) = srtp.open_rtp(bytes) else { return false };
        let Ok(packet) = Packet::parse(clear.freeze()) else { return false };
        self.ice.media_from(now, src);
        self.stats.received_packets += 1;
        self.stats.received_bytes += bytes.len() as u64;
        self.note_arrival(now, &packet);
        match self.tracks.take(packet) {
            Taken::Fresh { packet, recovered } => {
                self.stats.repaired += u64::from(recovered);
                self.feedback.receive(now, &packet, recovered);
                self.outputs.push_back(Output::Event(Event::Rtp(packet, now)));
            }
            Taken::Repeated => self.stats.duplicates += 1,
            Taken::Unknown => self.stats.refused += 1,
        }
        true
    }

    /// A stream that nobody announced may say what it is (RFC 8843 section 9.2).
    fn note_unannounced(&mut self, now: Instant, ssrc: Ssrc, bytes: &[u8]) {
        let Some(id) = self.config.extensions.mid else { return };
        let Ok(packet) = Packet::parse(Bytes::copy_from_slice(bytes)) else { return };
        let Some(stream) = packet.extension(id).and_then(|mid| self.tracks.by_mid(mid)) else { return };
        let authentic = || self.srtp.as_ref().is_some_and(|srtp| srtp.is_authentic(bytes));
        if self.unannounced.may_look(now) && authentic() {
            let payload_type = packet.payload_type;
            self.outputs.push_back(Output::Event(Event::Unannounced { ssrc, stream, payload_type }));
        }
    }

    fn note_arrival(&mut self, now: Instant, packet: &Packet) {
        let number = self.config.extensions.transport_cc.and_then(|id| packet.extension(id));
        let Some(&[high, low]) = number else { return };
        self.arrivals.note(SeqNo(u16::from_be_bytes([high, low])), now);
        self.last_received = packet.ssrc;
        self.arrivals_due.get_or_insert(now + TRANSPORT_CC_INTERVAL);
    }

    fn inbound_rtcp(&mut self, now: Instant, src: SocketAddr, bytes: &[u8]) -> bool {
        let Some(clear) = self.srtp.as_mut().and_then(|srtp| srtp.open_rtcp(bytes)) else { return false };
        let compound: Bytes = clear.freeze();
        self.ice.media_from(now, src);
        self.stats.received_packets += 1;
        self.stats.received_bytes += bytes.len() as u64;
        let mut asked = 0;
        rtcp::walk(&compound, |item| asked += self.note_item(now, item));
        if self.nacked.may_answer(now, asked) {
            self.feedback.receive_rtcp(now, &compound);
        }
        true
    }

    /// How many retransmissions the item asks for.
    fn note_item(&mut self, now: Instant, item: Item<'_>) -> usize {
        match item {
            Item::SenderReport { ssrc, ntp } => self.feedback.sender_report(now, ssrc, ntp),
            Item::Block(block) => {
                if self.tracks.sending(block.ssrc).is_some() {
                    self.losses.insert(block.ssrc, block.fraction_lost);
                }
                self.note_block(now, block.last_report, block.delay);
            }
            Item::TransportCc(message) => self.note_transport_cc(now, message),
            Item::KeyFrame { ssrc } if self.tracks.sending(ssrc).is_some() => {
                self.outputs.push_back(Output::Event(Event::KeyFrameRequested { ssrc }));
            }
            Item::Nack { ssrc, seqs } if self.tracks.sending(ssrc).is_some() => {
                let asked = seqs.len();
                if self.feedback.is_lean() && self.nacked.may_answer(now, asked) {
                    self.outputs.push_back(Output::Event(Event::Nacked { ssrc, seqs }));
                    return 0;
                }
                return asked;
            }
            Item::KeyFrame { .. } | Item::Nack { .. } | Item::Bye { .. } => {}
        }
        0
    }

    /// RFC 3550 section 6.4.1: now, less when our report left, less how long the other side kept it.
    fn note_block(&mut self, now: Instant, last_report: u32, delay: u32) {
        let Some((_, sent)) = self.reports.iter().rev().find(|(middle, _)| *middle == last_report) else { return };
        let kept = Duration::from_micros(u64::from(delay) * 1_000_000 / 65_536);
        let sample = now.saturating_duration_since(*sent).checked_sub(kept);
        if let Some(sample) = sample.filter(|sample| *sample <= MAX_ROUND_TRIP) {
            self.note_round_trip(sample);
        }
    }

    fn note_transport_cc(&mut self, now: Instant, message: &[u8]) {
        let reports = self.departures.read(message);
        self.estimator.on_reports(now, &reports);
        let bps = self.estimator.target();
        self.pacer.set_estimate(bps);
        // A change of less than one part in fifty is noise.
        if bps.abs_diff(self.told_bandwidth) * 50 >= self.told_bandwidth {
            self.told_bandwidth = bps;
            self.outputs.push_back(Output::Event(Event::Bandwidth { bps }));
        }
    }

    /// Remembers a sender report of ours that leaves now.
    pub(super) fn note_own_report(&mut self, now: Instant, compound: &[u8]) {
        let reports = &mut self.reports;
        rtcp::walk(compound, |item| {
            if let Item::SenderReport { ntp, .. } = item {
                reports.push_back((middle(ntp), now));
            }
        });
        while self.reports.len() > super::REMEMBERED_REPORTS {
            self.reports.pop_front();
        }
    }
}

impl super::LookBudget {
    /// Whether one more packet of a stream that nobody announced may be looked at: each costs a key.
    fn may_look(&mut self, now: Instant) -> bool {
        let over = |since| now.saturating_duration_since(since) >= Duration::from_secs(1);
        if self.since.is_none_or(over) {
            *self = Self { since: Some(now), spent: 0 };
        }
        self.spent += 1;
        self.spent <= LOOKS_PER_SECOND
    }
}

impl super::NackBudget {
    /// Whether so many more retransmissions may be asked for in this second.
    fn may_answer(&mut self, now: Instant, asked: usize) -> bool {
        let over = |since| now.saturating_duration_since(since) >= Duration::from_secs(1);
        if self.since.is_none_or(over) {
            *self = Self { since: Some(now), spent: 0 };
        }
        self.spent += asked;
        self.spent <= NACKED_PER_SECOND
    }
}
