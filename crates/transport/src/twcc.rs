//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01), both directions.
//!
//! [`Arrivals`] notes when packets came and writes the messages; [`Departures`] notes when ours left and reads them.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use runde_rtp::{Extender, SeqNo};

use crate::estimate::Report;

/// Arrival times are told in ticks of 250 microseconds.
const TICK: Duration = Duration::from_micros(250);
/// The reference time of a message counts 64 ms, that is 256 ticks.
const TICKS_PER_REFERENCE: i64 = 256;
/// Packets told of in one message: with two bytes each it still fits a datagram.
const MAX_PER_MESSAGE: u64 = 400;
/// A jump further than this is a restart of the sender's counting, not a loss.
const MAX_JUMP: u64 = 2_000;
/// Arrivals kept until they are told; 100 ms of 80 Mbit/s.
const MAX_ARRIVALS: usize = 1_000;
/// Packets sent that may still be told of: two seconds at 20 Mbit/s.
const MAX_DEPARTURES: usize = 4_096;

const NOT_RECEIVED: u8 = 0;
const SMALL_DELTA: u8 = 1;
const LARGE_DELTA: u8 = 2;

/// What came, until it has been told.
#[derive(Debug)]
pub(crate) struct Arrivals {
    epoch: Instant,
    extender: Extender,
    ticks: BTreeMap<u64, i64>,
    next: Option<u64>,
    count: u8,
}

impl Arrivals {
    pub(crate) fn new(epoch: Instant) -> Self {
        Self { epoch, extender: Extender::default(), ticks: BTreeMap::new(), next: None, count: 0 }
    }

    pub(crate) fn note(&mut self, seq: SeqNo, now: Instant) {
        if self.extender.highest().is_some_and(|highest| self.extender.peek(seq).abs_diff(highest) > MAX_JUMP) {
            *self = Self { count: self.count, ..Self::new(self.epoch) };
        }
        let index = self.extender.extend(seq);
        if self.ticks.len() < MAX_ARRIVALS && self.next.is_none_or(|next| index >= next) {
            let ticks = now.saturating_duration_since(self.epoch).as_micros() / TICK.as_micros();
            self.ticks.entry(index).or_insert(i64::try_from(ticks).unwrap_or(i64::MAX / 2));
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ticks.is_empty()
    }

    /// The next message, and what it tells is forgotten. `None` when all has been told.
    pub(crate) fn write(&mut self) -> Option<Vec<u8>> {
        let first = *self.ticks.first_key_value()?.0;
        let base = self.next.unwrap_or(first);
        let reference = self.ticks.get(&first)?.div_euclid(TICKS_PER_REFERENCE);
        let (mut symbols, mut deltas, mut last) = (Vec::new(), Vec::new(), reference * TICKS_PER_REFERENCE);
        let newest = *self.ticks.last_key_value()?.0;
        let mut index = base;
        while index <= newest && index - base < MAX_PER_MESSAGE {
            if let Some(ticks) = self.ticks.get(&index) {
                let delta = ticks - last;
                if let Ok(small) = u8::try_from(delta) {
                    symbols.push(SMALL_DELTA);
                    deltas.push(small);
                } else if let Ok(large) = i16::try_from(delta) {
                    symbols.push(LARGE_DELTA);
                    deltas.extend_from_slice(&large.to_be_bytes());
                } else {
                    break;
                }
                last = *ticks;
            } else {
                symbols.push(NOT_RECEIVED);
            }
            index += 1;
        }
        self.ticks = self.ticks.split_off(&index);
        self.next = Some(index);
        Some(self.message(base, reference, &symbols, &deltas))
    }

    #[allow(clippy::cast_possible_truncation)] // the fields are defined as the low bits
    fn message(&mut self, base: u64, reference: i64, symbols: &[u8], deltas: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(12 + symbols.len() / 3 + deltas.len());
        out.extend_from_slice(&(base as u16).to_be_bytes());
        out.extend_from_slice(&(symbols.len() as u16).to_be_bytes());
        out.extend_from_slice(&(reference as u32).to_be_bytes()[1..]);
        out.push(self.count);
        self.count = self.count.wrapping_add(1);
        write_chunks(symbols, &mut out);
        out.extend_from_slice(deltas);
        out.resize(out.len().next_multiple_of(4), 0);
        out
    }
}

/// Status chunks: a run where seven or more are alike, else a vector of seven two-bit symbols.
fn write_chunks(mut symbols: &[u8], out: &mut Vec<u8>) {
    while let Some(&first) = symbols.first() {
        let run = symbols.iter().take_while(|symbol| **symbol == first).count();
        let (chunk, taken) = if run >= 7 {
            (u16::from(first) << 13 | u16::try_from(run).unwrap_or(0), run)
        } else {
            let vector = symbols.iter().take(7).zip([12u8, 10, 8, 6, 4, 2, 0]);
            (vector.fold(0xc000, |chunk, (symbol, shift)| chunk | u16::from(*symbol) << shift), symbols.len().min(7))
        };
        out.extend_from_slice(&chunk.to_be_bytes());
        symbols = &symbols[taken..];
    }
}

/// What we sent, until it has been told of.
#[derive(Debug, Default)]
pub(crate) struct Departures {
    extender: Extender,
    next: u16,
    /// The index of the first kept.
    first: u64,
    sent: VecDeque<Departure>,
    reference: Option<(i64, i64)>,
}

#[derive(Debug, Clone, Copy)]
struct Departure {
    at: Instant,
    size: usize,
    told: bool,
}

impl Departures {
    /// The number of the packet that leaves now.
    pub(crate) fn number(&mut self, now: Instant, size: usize) -> SeqNo {
        let seq = SeqNo(self.next);
        self.next = self.next.wrapping_add(1);
        let index = self.extender.extend(seq);
        if self.sent.is_empty() {
            self.first = index;
        }
        self.sent.push_back(Departure { at: now, size, told: false });
        if self.sent.len() > MAX_DEPARTURES {
            self.sent.pop_front();
            self.first += 1;
        }
        seq
    }

    /// Reads a feedback message: one report per packet that has not been told of as arrived before, in order of sending.
    pub(crate) fn read(&mut self, message: &[u8]) -> Vec<Report> {
        let Some(head) = message.get(..8) else { return Vec::new() };
        let base = self.extender.peek(SeqNo(u16::from_be_bytes([head[0], head[1]])));
        let count = usize::from(u16::from_be_bytes([head[2], head[3]]));
        if count > MAX_DEPARTURES {
            return Vec::new();
        }
        let reference = self.unwrap_reference(i64::from(u32::from_be_bytes([0, head[4], head[5], head[6]])));
        let Some((symbols, mut deltas)) = read_chunks(&message[8..], count) else { return Vec::new() };
        let mut ticks = reference * TICKS_PER_REFERENCE;
        let mut reports = Vec::with_capacity(symbols.len());
        for (index, symbol) in (base..).zip(symbols) {
            let arrival = match read_delta(symbol, &mut deltas) {
                Ok(delta) => delta.map(|delta| {
                    ticks += delta;
                    ticks
                }),
                Err(Truncated) => break,
            };
            reports.extend(self.report(index, arrival));
        }
        reports
    }

    fn report(&mut self, index: u64, ticks: Option<i64>) -> Option<Report> {
        let at = usize::try_from(index.checked_sub(self.first)?).ok()?;
        let departure = self.sent.get_mut(at)?;
        if departure.told {
            return None;
        }
        departure.told = ticks.is_some();
        let arrival = ticks.map(|ticks| TICK * u32::try_from(ticks.max(0)).unwrap_or(u32::MAX));
        Some(Report { departure: departure.at, arrival, size: departure.size })
    }

    /// The 24-bit reference time goes round every 12 days; unrolled from a high start so that it never becomes negative.
    fn unwrap_reference(&mut self, reference: i64) -> i64 {
        const LAP: i64 = 1 << 24;
        let (last, unrolled) = self.reference.unwrap_or((reference, 256));
        let step = (reference - last).rem_euclid(LAP);
        let step = if step >= LAP / 2 { step - LAP } else { step };
        let unrolled = (unrolled + step).max(0);
        self.reference = Some((reference, unrolled));
        unrolled
    }
}

struct Truncated;

fn read_delta(symbol: u8, deltas: &mut &[u8]) -> Result<Option<i64>, Truncated> {
    let size = match symbol {
        SMALL_DELTA => 1,
        LARGE_DELTA => 2,
        _ => return Ok(None),
    };
    let (bytes, rest) = deltas.split_at_checked(size).ok_or(Truncated)?;
    *deltas = rest;
    Ok(Some(match bytes {
        [high, low] => i64::from(i16::from_be_bytes([*high, *low])),
        _ => i64::from(bytes[0]),
    }))
}

/// The symbols of `count` packets, and what follows the chunks.
fn read_chunks(mut bytes: &[u8], count: usize) -> Option<(Vec<u8>, &[u8])> {
    let mut symbols = Vec::with_capacity(count);
    while symbols.len() < count {
        let (chunk, rest) = bytes.split_at_checked(2)?;
        bytes = rest;
        let chunk = u16::from_be_bytes([chunk[0], chunk[1]]);
        let room = count - symbols.len();
        if chunk & 0x8000 == 0 {
            let run = usize::from(chunk & 0x1fff).min(room);
            if run == 0 {
                return None;
            }
            symbols.resize(symbols.len() + run, (chunk >> 13 & 3) as u8);
        } else if chunk & 0x4000 == 0 {
            symbols.extend((0..14).rev().map(|bit| (chunk >> bit & 1) as u8).take(room));
        } else {
            symbols.extend((0..7).rev().map(|pair| (chunk >> (2 * pair) & 3) as u8).take(room));
        }
    }
    Some((symbols, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rtc_rtcp::transport_feedbacks::transport_layer_cc::TransportLayerCc;
    use rtc_shared::marshal::{Marshal, Unmarshal};

    /// Sends `fates` (arrival in ms, or lost) one per millisecond and returns what comes back.
    fn exchange(fates: &[Option<u64>]) -> Vec<Option<u64>> {
        let epoch = Instant::now();
        let (mut arrivals, mut departures) = (Arrivals::new(epoch), Departures::default());
        let mut numbered = Vec::new();
        for (index, fate) in (0u64..).zip(fates) {
            numbered.push((departures.number(epoch + Duration::from_millis(index), 1000), *fate));
        }
        for (seq, fate) in numbered {
            if let Some(at) = fate {
                arrivals.note(seq, epoch + Duration::from_millis(at));
            }
        }
        let mut reports = Vec::new();
        while let Some(message) = arrivals.write() {
            reports.extend(departures.read(&message));
        }
        let first = reports.iter().find_map(|report| report.arrival);
        let offset = fates.iter().flatten().next().copied().unwrap_or(0);
        let since = |arrival: Duration| {
            u64::try_from((arrival + Duration::from_millis(offset) - first.unwrap_or_default()).as_millis()).unwrap()
        };
        reports.iter().map(|report| report.arrival.map(since)).collect()
    }

    #[test]
    fn arrivals_and_losses_come_back_as_they_were() {
        let mut fates: Vec<Option<u64>> = (0..900).map(|index| (index % 7 != 3).then_some(50 + index)).collect();
        fates[0] = Some(50);
        fates[600..640].fill(None);
        fates[899] = Some(2_000);
        assert_eq!(exchange(&fates), fates);
    }

    #[test]
    fn a_pause_too_long_for_a_delta_begins_another_message() {
        let fates = [Some(50), Some(51), Some(20_000), Some(20_001)];
        assert_eq!(exchange(&fates), fates);
    }

    #[test]
    fn the_library_reads_our_message_and_we_read_the_librarys() {
        let epoch = Instant::now();
        let (mut arrivals, mut departures) = (Arrivals::new(epoch), Departures::default());
        for index in 0..20u64 {
            let seq = departures.number(epoch, 100);
            if index % 3 != 1 {
                arrivals.note(seq, epoch + Duration::from_millis(70 * index));
            }
        }
        let message = arrivals.write().unwrap();
        let mut packet = Vec::new();
        crate::rtcp::write_transport_cc(runde_rtp::Ssrc(1), runde_rtp::Ssrc(2), &message, &mut packet);
        let library = TransportLayerCc::unmarshal(&mut &packet[..]).unwrap();
        assert_eq!((library.base_sequence_number, library.packet_status_count), (0, 19));
        assert_eq!(library.recv_deltas.len(), 13);
        let again = library.marshal().unwrap();
        assert_eq!(departures.read(&again[12..]).iter().filter(|report| report.arrival.is_some()).count(), 13);
    }

    #[test]
    fn a_message_that_lies_about_its_count_costs_nothing() {
        let mut departures = Departures::default();
        departures.number(Instant::now(), 1);
        assert!(departures.read(&[0, 0, 0xff, 0xff, 0, 0, 0, 0, 0x1f, 0xff]).is_empty());
        assert!(departures.read(&[0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0]).is_empty());
    }

    #[test]
    fn a_sender_that_starts_counting_anew_is_followed() {
        let epoch = Instant::now();
        let mut arrivals = Arrivals::new(epoch);
        arrivals.note(SeqNo(5), epoch);
        arrivals.note(SeqNo(30_000), epoch);
        let message = arrivals.write().unwrap();
        assert_eq!(message[..4], [0x75, 0x30, 0, 1]);
        assert!(arrivals.is_empty());
    }

    proptest! {
        #[test]
        fn any_message_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), sent in 0..5000usize) {
            let (now, mut departures) = (Instant::now(), Departures::default());
            for _ in 0..sent {
                departures.number(now, 100);
            }
            prop_assert!(departures.read(&bytes).len() <= MAX_DEPARTURES);
        }
    }
}
