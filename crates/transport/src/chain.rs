//! A guest's RTP feedback: the interceptors of webrtc-rs without their congestion controller.
//!
//! They generate and answer NACKs and write reports. What they are told is what the endpoint delivers: recovered packets
//! come back through here as media, with a fresh header, or the NACK generator would ask for them again.

use std::time::{Duration, Instant};

use rtc_interceptor::{
    AttributedPacket, Interceptor, NackGeneratorBuilder, NackResponderBuilder, Packet as ChainPacket, RTCPFeedback,
    ReceiverReportBuilder, Registry, SenderReportBuilder, Slot, StreamInfo, TaggedPacket,
};
use rtc_shared::TransportContext;
use runde_rtp::{Packet, SeqNo, Ssrc};

use crate::track::{PayloadType, RxTrack, TxTrack};

/// Packets kept for retransmission per stream: a second of 720p.
const HISTORY: u16 = 1024;
/// Missing packets are asked for at this pace.
const NACK_INTERVAL: Duration = Duration::from_millis(30);
/// A packet asked for so often is given up: its picture is late by then.
const MAX_NACKS: u16 = 8;
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// What feedback wants sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) rtp: Vec<Packet>,
    pub(crate) rtcp: Vec<Vec<u8>>,
}

pub(crate) struct Chain {
    interceptors: Box<dyn Interceptor>,
}

impl Chain {
    pub(crate) fn new() -> Self {
        let responder = NackResponderBuilder::new().with_size(HISTORY).build();
        let generator =
            NackGeneratorBuilder::new().with_interval(NACK_INTERVAL).with_max_nacks_per_packet(MAX_NACKS).build();
        let interceptors = Registry::new()
            .with(Slot::NackResponder, responder)
            .with(Slot::NackGenerator, generator)
            .with(Slot::ReceiverReport, ReceiverReportBuilder::new().with_interval(REPORT_INTERVAL).build())
            .with(Slot::SenderReport, SenderReportBuilder::new().with_interval(REPORT_INTERVAL).build())
            .build();
        Self { interceptors: Box::new(interceptors) }
    }

    pub(crate) fn declare_rx(&mut self, track: &RxTrack) {
        self.interceptors.bind_remote_stream(&stream_info(track.ssrc, track.rtx, &track.payload_types));
    }

    pub(crate) fn remove_rx(&mut self, track: &RxTrack) {
        self.interceptors.unbind_remote_stream(&stream_info(track.ssrc, track.rtx, &track.payload_types));
    }

    pub(crate) fn declare_tx(&mut self, track: &TxTrack) {
        self.interceptors.bind_local_stream(&stream_info(track.ssrc, track.rtx, &track.payload_types));
    }

    pub(crate) fn remove_tx(&mut self, track: &TxTrack) {
        self.interceptors.unbind_local_stream(&stream_info(track.ssrc, track.rtx, &track.payload_types));
    }

    /// A media packet arrived or was recovered.
    pub(crate) fn receive(&mut self, now: Instant, packet: &Packet) {
        let _ = self.interceptors.handle_read(tagged(now, ChainPacket::Rtp(to_library(packet))));
        while self.interceptors.poll_read().is_some() {}
    }

    pub(crate) fn receive_rtcp(&mut self, now: Instant, compound: &bytes::Bytes) {
        if let Ok(packets) = rtc_rtcp::packet::unmarshal(&mut compound.clone()) {
            let _ = self.interceptors.handle_read(tagged(now, ChainPacket::Rtcp(packets)));
        }
        while self.interceptors.poll_read().is_some() {}
    }

    /// A media packet leaves: it comes out of [`Chain::drain`].
    pub(crate) fn send(&mut self, now: Instant, packet: &Packet) {
        let _ = self.interceptors.handle_write(tagged(now, ChainPacket::Rtp(to_library(packet))));
    }

    pub(crate) fn drain(&mut self, out: &mut Outbox) {
        while let Some(tagged) = self.interceptors.poll_write() {
            if let ChainPacket::Rtp(packet) = tagged.message.packet {
                out.rtp.push(from_library(packet));
            } else if let ChainPacket::Rtcp(packets) = tagged.message.packet
                && let Ok(bytes) = rtc_rtcp::packet::marshal(&packets)
            {
                out.rtcp.push(bytes.to_vec());
            }
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.interceptors.poll_timeout().is_some_and(|due| due <= now) {
            let _ = self.interceptors.handle_timeout(now);
        }
    }

    pub(crate) fn poll_timeout(&mut self) -> Option<Instant> {
        self.interceptors.poll_timeout()
    }
}

/// NACK is switched on only with RTX: without it the responder would send the same packet under the same index again.
fn stream_info(ssrc: Ssrc, rtx: Option<Ssrc>, payload_types: &[PayloadType]) -> StreamInfo {
    let first = payload_types.first();
    let nack = RTCPFeedback { typ: "nack".to_owned(), parameter: String::new() };
    StreamInfo {
        ssrc: ssrc.0,
        ssrc_rtx: rtx.map(|rtx| rtx.0),
        payload_type: first.map_or(0, |known| known.number),
        payload_type_rtx: first.and_then(|known| known.rtx),
        clock_rate: first.map_or(90_000, |known| known.clock_rate),
        rtcp_feedback: if rtx.is_some() { vec![nack] } else { Vec::new() },
        ..Default::default()
    }
}

fn tagged(now: Instant, packet: ChainPacket) -> TaggedPacket {
    TaggedPacket { now, transport: TransportContext::default(), message: AttributedPacket::new(packet) }
}

/// With a header built anew: the library leaves padding behind when elements are taken out of one.
fn to_library(packet: &Packet) -> rtc_rtp::Packet {
    let mut header = rtc_rtp::Header {
        version: 2,
        marker: packet.marker,
        payload_type: packet.payload_type,
        sequence_number: packet.seq.0,
        timestamp: packet.timestamp,
        ssrc: packet.ssrc.0,
        ..Default::default()
    };
    for (id, value) in &packet.extensions {
        if header.set_extension(*id, value.clone()).is_err() {
            tracing::debug!(id, "extension element left out");
        }
    }
    rtc_rtp::Packet { header, payload: packet.payload.clone() }
}

fn from_library(packet: rtc_rtp::Packet) -> Packet {
    let header = packet.header;
    let extensions = header.extensions.into_iter().map(|element| (element.id, element.payload)).collect();
    Packet {
        payload_type: header.payload_type,
        marker: header.marker,
        seq: SeqNo(header.sequence_number),
        timestamp: header.timestamp,
        ssrc: Ssrc(header.ssrc),
        extensions,
        payload: packet.payload,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Kind;
    use bytes::Bytes;

    fn answers_to_a_nack(rtx: Option<Ssrc>) -> Vec<Packet> {
        let (now, mut chain, mut out) = (Instant::now(), Chain::new(), Outbox::default());
        let payload_types = vec![PayloadType { number: 100, rtx: Some(96), clock_rate: 90_000 }];
        chain.declare_tx(&TxTrack { ssrc: Ssrc(5), rtx, kind: Kind::Video, payload_types });
        for seq in 0..10 {
            let payload = Bytes::from_static(b"picture");
            let extensions = vec![(5, Bytes::from_static(&[9, 9]))];
            let packet =
                Packet { payload_type: 100, ssrc: Ssrc(5), seq: SeqNo(seq), extensions, payload, ..Packet::default() };
            chain.send(now, &packet);
        }
        chain.drain(&mut out);
        assert_eq!(std::mem::take(&mut out.rtp).len(), 10);
        let mut nack = Vec::new();
        crate::rtcp::write_nack(Ssrc(1), Ssrc(5), &[SeqNo(3)], &mut nack);
        chain.receive_rtcp(now, &Bytes::from(nack));
        chain.drain(&mut out);
        out.rtp
    }

    #[test]
    fn trap_6_a_nack_is_answered_through_rtx_or_not_at_all() {
        assert!(answers_to_a_nack(None).is_empty());
        let answers = answers_to_a_nack(Some(Ssrc(6)));
        let [answer] = &answers[..] else { panic!("one answer: {answers:?}") };
        assert_eq!((answer.ssrc, answer.payload_type, &answer.payload[..]), (Ssrc(6), 96, &b"\0\x03picture"[..]));
    }
}
