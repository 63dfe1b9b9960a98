//! The room server's RTP feedback: reports and NACKs towards each guest, without a history of what was forwarded.
//!
//! NACKs of guests are not answered here: the room keeps one history for all receivers.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use runde_rtp::{Extender, Packet, SeqNo, Ssrc};

use crate::chain::Outbox;
use crate::rtcp::{self, Block, Sent};
use crate::track::{RxTrack, TxTrack};

/// Reports once a second, as browsers do.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// A missing packet is first asked for after this long: it may only have been overtaken.
const REORDERING: Duration = Duration::from_millis(10);
/// And then again at this pace.
const NACK_INTERVAL: Duration = Duration::from_millis(50);
/// A packet asked for so often is given up.
const MAX_NACKS: u8 = 10;
/// Missing packets remembered per stream; a gap beyond is no loss but a break, and ends in a key frame.
const MAX_MISSING: u64 = 512;
/// Seconds from 1900 to a date of no importance (2024-01-01): NTP times only have to agree with each other.
const NTP_BASE: u64 = 3_913_056_000;

pub(crate) struct Lean {
    epoch: Instant,
    receivers: BTreeMap<Ssrc, Receiver>,
    senders: BTreeMap<Ssrc, Sender>,
    report_due: Instant,
}

/// A stream that arrives (RFC 3550 appendix A).
#[derive(Debug)]
struct Receiver {
    track: RxTrack,
    extender: Extender,
    first: u64,
    received: u64,
    told_expected: u64,
    told_received: u64,
    transit: Option<i64>,
    jitter: f64,
    last_report: Option<(u32, Instant)>,
    missing: BTreeMap<u64, Missing>,
}

#[derive(Debug, Clone, Copy)]
struct Missing {
    due: Instant,
    asked: u8,
}

/// A stream that leaves.
#[derive(Debug)]
struct Sender {
    track: TxTrack,
    packets: u32,
    octets: u32,
    last: Option<(u32, u32, Instant)>,
}

impl Lean {
    pub(crate) fn new(now: Instant) -> Self {
        Self { epoch: now, receivers: BTreeMap::new(), senders: BTreeMap::new(), report_due: now + REPORT_INTERVAL }
    }

    pub(crate) fn declare_rx(&mut self, track: &RxTrack) {
        self.receivers.insert(track.ssrc, Receiver::new(track.clone()));
    }

    pub(crate) fn declare_tx(&mut self, track: &TxTrack) {
        let sender = Sender { track: track.clone(), packets: 0, octets: 0, last: None };
        self.senders.insert(track.ssrc, sender);
    }

    pub(crate) fn remove_rx(&mut self, ssrc: Ssrc) {
        self.receivers.remove(&ssrc);
    }

    pub(crate) fn remove_tx(&mut self, ssrc: Ssrc) {
        self.senders.remove(&ssrc);
    }

    /// A media packet arrived; `recovered` ones came through RTX and say nothing about jitter.
    pub(crate) fn receive(&mut self, now: Instant, packet: &Packet, recovered: bool) {
        let since = now.saturating_duration_since(self.epoch);
        if let Some(receiver) = self.receivers.get_mut(&packet.ssrc) {
            receiver.receive(now, since, packet, recovered);
        }
    }

    pub(crate) fn sender_report(&mut self, now: Instant, ssrc: Ssrc, ntp: u64) {
        if let Some(receiver) = self.receivers.get_mut(&ssrc) {
            receiver.last_report = Some((middle(ntp), now));
        }
    }

    /// A packet left. Repairs are no part of the stream's own count.
    pub(crate) fn sent(&mut self, now: Instant, ssrc: Ssrc, payload_type: u8, timestamp: u32, size: usize) {
        let Some(sender) = self.senders.get_mut(&ssrc) else { return };
        sender.packets = sender.packets.wrapping_add(1);
        sender.octets = sender.octets.wrapping_add(u32::try_from(size).unwrap_or(0));
        sender.last = Some((timestamp, sender.track.clock_rate(payload_type), now));
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, reporter: Ssrc, out: &mut Outbox) {
        for (ssrc, receiver) in &mut self.receivers {
            let seqs = receiver.ask(now);
            if !seqs.is_empty() {
                let mut nack = Vec::new();
                rtcp::write_nack(reporter, *ssrc, &seqs, &mut nack);
                out.rtcp.push(nack);
            }
        }
        if now >= self.report_due {
            self.report_due = now + REPORT_INTERVAL;
            self.report(now, reporter, out);
        }
    }

    fn report(&mut self, now: Instant, reporter: Ssrc, out: &mut Outbox) {
        let ntp = self.ntp(now);
        for (ssrc, sender) in &self.senders {
            let Some((timestamp, clock_rate, at)) = sender.last else { continue };
            let passed = now.saturating_duration_since(at).as_micros() * u128::from(clock_rate) / 1_000_000;
            let rtp_time = timestamp.wrapping_add(u32::try_from(passed & 0xffff_ffff).unwrap_or(0));
            let sent = Sent { ssrc: *ssrc, ntp, rtp_time, packets: sender.packets, octets: sender.octets };
            let mut report = Vec::with_capacity(28);
            rtcp::write_sender_report(&sent, &mut report);
            out.rtcp.push(report);
        }
        let blocks: Vec<Block> = self.receivers.values_mut().filter_map(|receiver| receiver.block(now)).collect();
        if !blocks.is_empty() {
            let mut report = Vec::with_capacity(8 + 24 * blocks.len());
            rtcp::write_receiver_report(reporter, &blocks, &mut report);
            out.rtcp.push(report);
        }
    }

    fn ntp(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.epoch);
        let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
        (NTP_BASE + since.as_secs()) << 32 | fraction
    }

    pub(crate) fn poll_timeout(&self) -> Instant {
        let asks = self.receivers.values().filter_map(Receiver::due);
        asks.fold(self.report_due, Instant::min)
    }
}

impl Receiver {
    fn new(track: RxTrack) -> Self {
        Self {
            track,
            extender: Extender::default(),
            first: 0,
            received: 0,
            told_expected: 0,
            told_received: 0,
            transit: None,
            jitter: 0.0,
            last_report: None,
            missing: BTreeMap::new(),
        }
    }

    fn receive(&mut self, now: Instant, since: Duration, packet: &Packet, recovered: bool) {
        let before = self.extender.highest();
        let index = self.extender.extend(packet.seq);
        self.received += 1;
        self.missing.remove(&index);
        match before {
            None => self.first = index,
            Some(highest) if index > highest => self.miss(now, highest, index),
            Some(_) => {}
        }
        if !recovered {
            self.measure_jitter(since, packet);
        }
    }

    fn miss(&mut self, now: Instant, highest: u64, index: u64) {
        if index - highest > MAX_MISSING {
            self.missing.clear();
            return;
        }
        if self.track.rtx.is_some() {
            let missing = Missing { due: now + REORDERING, asked: 0 };
            self.missing.extend((highest + 1..index).map(|index| (index, missing)));
        }
        self.missing = self.missing.split_off(&index.saturating_sub(MAX_MISSING));
    }

    /// RFC 3550 section 6.4.1.
    #[allow(clippy::cast_precision_loss)] // differences of arrival times
    fn measure_jitter(&mut self, since: Duration, packet: &Packet) {
        let clock = u128::from(self.track.clock_rate(packet.payload_type));
        let arrival = i64::try_from(since.as_micros() * clock / 1_000_000).unwrap_or(i64::MAX / 2);
        let transit = arrival - i64::from(packet.timestamp);
        if let Some(last) = self.transit.replace(transit) {
            let difference = (transit - last).abs() as f64;
            // A timestamp that leaps by half a lap says nothing about the network.
            if difference < f64::from(u32::MAX / 2) {
                self.jitter += (difference - self.jitter) / 16.0;
            }
        }
    }

    fn ask(&mut self, now: Instant) -> Vec<SeqNo> {
        self.missing.retain(|_, missing| missing.asked < MAX_NACKS || now < missing.due);
        let mut seqs = Vec::new();
        for (index, missing) in &mut self.missing {
            if missing.due <= now && missing.asked < MAX_NACKS {
                *missing = Missing { due: now + NACK_INTERVAL, asked: missing.asked + 1 };
                seqs.push(SeqNo((index & 0xffff) as u16));
            }
        }
        seqs
    }

    fn due(&self) -> Option<Instant> {
        self.missing.values().map(|missing| missing.due).min()
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // fields of 8, 24 and 32 bits
    fn block(&mut self, now: Instant) -> Option<Block> {
        let highest = self.extender.highest()?;
        let expected = highest + 1 - self.first.min(highest);
        let interval = expected - self.told_expected.min(expected);
        let arrived = self.received - self.told_received;
        let lost_now = interval.saturating_sub(arrived);
        (self.told_expected, self.told_received) = (expected, self.received);
        let (last_report, delay) = self.last_report.map_or((0, 0), |(report, at)| {
            let delay = now.saturating_duration_since(at).as_micros() * 65_536 / 1_000_000;
            (report, u32::try_from(delay).unwrap_or(u32::MAX))
        });
        Some(Block {
            ssrc: self.track.ssrc,
            fraction_lost: (lost_now * 256 / interval.max(1)).min(255) as u8,
            lost: expected.saturating_sub(self.received).min(0x007f_ffff) as u32,
            highest_seq: (highest - Extender::FIRST_LAP.min(highest)) as u32,
            jitter: self.jitter as u32,
            last_report,
            delay,
        })
    }
}

/// The 32 bits of an NTP time that reports refer to.
pub(crate) fn middle(ntp: u64) -> u32 {
    ((ntp >> 16) & 0xffff_ffff) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Kind, PayloadType};

    fn track() -> RxTrack {
        let payload_types = vec![PayloadType { number: 100, rtx: Some(101), clock_rate: 90_000 }];
        RxTrack { ssrc: Ssrc(5), rtx: Some(Ssrc(6)), kind: Kind::Video, payload_types }
    }

    fn packet(seq: u16) -> Packet {
        Packet {
            payload_type: 100,
            seq: SeqNo(seq),
            ssrc: Ssrc(5),
            timestamp: u32::from(seq) * 900,
            ..Packet::default()
        }
    }

    fn asked(lean: &mut Lean, now: Instant) -> Vec<SeqNo> {
        let mut out = Outbox::default();
        lean.handle_timeout(now, Ssrc(1), &mut out);
        let mut asked = Vec::new();
        for compound in &out.rtcp {
            rtcp::walk(compound, |item| {
                if let rtcp::Item::Nack { seqs, .. } = item {
                    asked.extend(seqs);
                }
            });
        }
        asked
    }

    #[test]
    fn a_gap_is_asked_for_until_it_closes_and_never_for_ever() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut lean = Lean::new(start);
        lean.declare_rx(&track());
        for seq in [65_534, 65_535, 2, 3] {
            lean.receive(at(0), &packet(seq), false);
        }
        assert!(asked(&mut lean, at(5)).is_empty(), "it may only have been overtaken");
        assert_eq!(asked(&mut lean, at(10)), [SeqNo(0), SeqNo(1)]);
        assert!(asked(&mut lean, at(20)).is_empty());
        lean.receive(at(30), &packet(0), true);
        assert_eq!(asked(&mut lean, at(60)), [SeqNo(1)]);
        let more = (2..100).map(|round| asked(&mut lean, at(60 + 50 * round)).len()).sum::<usize>();
        assert_eq!(more, usize::from(MAX_NACKS) - 2);
        assert!(lean.receivers[&Ssrc(5)].missing.is_empty());
    }

    #[test]
    fn wild_jumps_of_the_sequence_number_cost_no_memory() {
        let start = Instant::now();
        let mut lean = Lean::new(start);
        lean.declare_rx(&track());
        for step in 0..20_000u32 {
            let seq = (step.wrapping_mul(2_654_435_761) >> 16) as u16;
            lean.receive(start, &packet(seq), false);
            assert!(lean.receivers[&Ssrc(5)].missing.len() <= usize::try_from(MAX_MISSING).unwrap() + 1);
        }
    }

    #[test]
    fn a_report_tells_loss_and_the_delay_since_the_senders_report() {
        let start = Instant::now();
        let mut lean = Lean::new(start);
        lean.declare_rx(&track());
        for seq in (0..100).filter(|seq| seq % 4 != 1) {
            lean.receive(start, &packet(seq), false);
        }
        lean.sender_report(start + Duration::from_millis(500), Ssrc(5), 0x0001_0002_0003_0004);
        let mut out = Outbox::default();
        lean.handle_timeout(start + Duration::from_secs(1), Ssrc(1), &mut out);
        let mut blocks = Vec::new();
        for compound in &out.rtcp {
            rtcp::walk(compound, |item| {
                if let rtcp::Item::Block(block) = item {
                    blocks.push(block);
                }
            });
        }
        let [block] = blocks[..] else { panic!("one block") };
        assert_eq!((block.lost, block.fraction_lost, block.highest_seq), (25, 64, 99));
        assert_eq!((block.last_report, block.delay), (0x0002_0003, 32_768));
    }
}
