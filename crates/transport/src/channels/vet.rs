//! What a packet must look like before the SCTP library parses it (RFC 9260).
//!
//! The pinned library panics on some chunks whose lengths do not agree, walks over every number that a FORWARD-TSN skips,
//! and takes in every fragment that comes in sequence, window or not, for as long as a message has no end. So lengths are
//! checked, steps are limited, and the bytes of each stream since its last message are counted.

use std::collections::BTreeMap;

use super::{MAX_CHANNELS, MAX_RECEIVED, WINDOW};
use crate::DtlsRole;

/// Bytes of one stream without a whole message: the window, and the largest message twice for what was repeated.
pub(super) const MAX_PENDING: usize = WINDOW as usize + 2 * MAX_RECEIVED;
/// The same for all streams of a peer: who keeps to the window needs a quarter of it.
pub(super) const MAX_PENDING_IN_ALL: usize = 4 * WINDOW as usize;
/// Streams with half a message.
const MAX_STREAMS: usize = 2 * MAX_CHANNELS;
/// Numbers that a FORWARD-TSN may skip; the library visits each.
pub(super) const MAX_STEP: u32 = 1 << 16;

const HEADER: usize = 12;
const CHUNK_HEADER: usize = 4;

const DATA: u8 = 0;
const INIT: u8 = 1;
const INIT_ACK: u8 = 2;
const SACK: u8 = 3;
const ABORT: u8 = 6;
const SHUTDOWN: u8 = 7;
const SHUTDOWN_ACK: u8 = 8;
const ERROR: u8 = 9;
const COOKIE_ACK: u8 = 11;
const SHUTDOWN_COMPLETE: u8 = 14;
const FORWARD_TSN: u8 = 192;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Pass,
    /// The packet is not for the library.
    Drop,
    /// The peer takes more memory than it may.
    End,
}

#[derive(Debug)]
pub(super) struct Vet {
    role: DtlsRole,
    /// The peer's newest number (TSN), as far as one can tell without reassembling.
    newest_tsn: u32,
    /// The number before its first, from INIT or INIT ACK.
    first_tsn: Option<u32>,
    pending: BTreeMap<u16, usize>,
}

impl Vet {
    pub(super) fn new(role: DtlsRole) -> Self {
        Self { role, newest_tsn: 0, first_tsn: None, pending: BTreeMap::new() }
    }

    /// The number before the peer's first, as its newest INIT said.
    pub(super) fn first_tsn(&self) -> u32 {
        self.first_tsn.unwrap_or(0)
    }

    /// The association whose INIT named this number stands.
    pub(super) fn begin(&mut self, first_tsn: u32) {
        self.newest_tsn = first_tsn;
    }

    /// A whole message was read.
    pub(super) fn delivered(&mut self, id: u16) {
        self.pending.remove(&id);
    }

    pub(super) fn stream_gone(&mut self, id: u16) {
        self.pending.remove(&id);
    }

    pub(super) fn look(&mut self, packet: &[u8], is_up: bool) -> Verdict {
        let mut rest = packet.get(HEADER..).unwrap_or_default();
        while !rest.is_empty() {
            let Some(length) = rest.get(2..CHUNK_HEADER).map(|length| usize::from(be16(length))) else {
                return Verdict::Drop;
            };
            let Some(chunk) = rest.get(..length).filter(|_| length >= CHUNK_HEADER) else { return Verdict::Drop };
            let verdict = self.look_at(chunk, is_up);
            if verdict != Verdict::Pass {
                return verdict;
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Verdict::Pass
    }

    fn look_at(&mut self, chunk: &[u8], is_up: bool) -> Verdict {
        match chunk[0] {
            DATA => self.count(chunk),
            INIT => self.note_init(chunk),
            INIT_ACK if !is_up => self.note_init_ack(chunk),
            SACK => pass_if(is_sack(chunk)),
            ABORT | ERROR => pass_if(are_causes(&chunk[CHUNK_HEADER..])),
            SHUTDOWN => pass_if(chunk.len() == 8),
            SHUTDOWN_ACK | COOKIE_ACK | SHUTDOWN_COMPLETE => pass_if(chunk.len() == CHUNK_HEADER),
            // The library takes one inside the handshake, too.
            FORWARD_TSN => pass_if(is_up && self.is_small_step(chunk)),
            _ => Verdict::Pass,
        }
    }

    fn count(&mut self, chunk: &[u8]) -> Verdict {
        const FIXED: usize = 16;
        let Some(size) = chunk.len().checked_sub(FIXED) else { return Verdict::Drop };
        let (tsn, id) = (be32(&chunk[4..]), be16(&chunk[8..]));
        if tsn.wrapping_sub(self.newest_tsn) <= MAX_STEP {
            self.newest_tsn = tsn;
        }
        if !self.pending.contains_key(&id) && self.pending.len() >= MAX_STREAMS {
            return Verdict::End;
        }
        let pending = self.pending.entry(id).or_default();
        *pending += size;
        if *pending > MAX_PENDING || self.pending.values().sum::<usize>() > MAX_PENDING_IN_ALL {
            return Verdict::End;
        }
        Verdict::Pass
    }

    fn note_init(&mut self, chunk: &[u8]) -> Verdict {
        if let Some(first) = chunk.get(16..20).filter(|_| self.role == DtlsRole::Server) {
            self.first_tsn = Some(be32(first).wrapping_sub(1));
        }
        Verdict::Pass
    }

    /// The first INIT ACK counts. One with another number answers a repeated INIT: its association is not ours.
    fn note_init_ack(&mut self, chunk: &[u8]) -> Verdict {
        let Some(first) = chunk.get(16..20).filter(|_| self.role == DtlsRole::Client) else { return Verdict::Drop };
        let said = be32(first).wrapping_sub(1);
        let first_tsn = *self.first_tsn.get_or_insert(said);
        self.newest_tsn = first_tsn;
        pass_if(said == first_tsn)
    }

    fn is_small_step(&self, chunk: &[u8]) -> bool {
        let Some(tsn) = chunk.get(4..8).map(be32) else { return false };
        let step = tsn.wrapping_sub(self.newest_tsn);
        // From half of the numbers on it lies behind (RFC 1982) and moves nothing.
        step <= MAX_STEP || step >= 1 << 31
    }
}

fn pass_if(good: bool) -> Verdict {
    if good { Verdict::Pass } else { Verdict::Drop }
}

/// RFC 9260 section 3.3.4: as long as its blocks and repeats say.
fn is_sack(chunk: &[u8]) -> bool {
    const FIXED: usize = 16;
    let counts = chunk.get(12..FIXED);
    counts
        .is_some_and(|counts| chunk.len() == FIXED + 4 * (usize::from(be16(counts)) + usize::from(be16(&counts[2..]))))
}

/// RFC 9260 section 3.3.10, without padding between causes, as the library walks.
fn are_causes(mut rest: &[u8]) -> bool {
    while !rest.is_empty() {
        let Some(length) = rest.get(2..4).map(|length| usize::from(be16(length))).filter(|length| *length >= 4) else {
            return false;
        };
        let Some(next) = rest.get(length..) else { return false };
        rest = next;
    }
    true
}

fn be16(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

fn be32(bytes: &[u8]) -> u32 {
    u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}
