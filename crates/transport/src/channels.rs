//! Data channels of one peer (RFC 8831, RFC 8832): SCTP inside the DTLS association, sans IO.
//!
//! The DTLS client begins the SCTP association and the DTLS server waits for it; both may open channels. Whatever
//! arrives is looked over in `channels/vet.rs` before the library parses it, since any participant of a room can send
//! it; `channels/lines.rs` owns the library's associations, `channels/control.rs` is the protocol that opens a channel.

mod control;
mod event;
mod lines;
mod reading;
#[cfg(test)]
mod tests;
mod vet;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_sctp::{Association, Event, PayloadProtocolIdentifier as Ppi, StreamEvent};

use crate::{DtlsRole, TransportError};

use control::{Open, Said};
pub use event::{ChannelEvent, ChannelId, ChannelMessage, DataChannels};
use lines::Lines;
use vet::{Verdict, Vet};

/// The largest message taken in; browsers say the same of themselves.
pub(crate) const MAX_RECEIVED: usize = 256 * 1024;
/// SCTP's receive window: a few of the largest messages.
const WINDOW: u32 = 1024 * 1024;
/// A peer that says nothing takes so much (RFC 8841 section 6.1).
const UNSAID_MAX_MESSAGE: usize = 64 * 1024;
/// What one channel may hold unsent; beyond it sending is refused, since old words help nobody.
const MAX_UNSENT: usize = 1024 * 1024;
/// A channel that was full may be written to again from here on.
const LOW_UNSENT: usize = 256 * 1024;
/// A bridge needs one; some clients open a few more for their own ends.
const MAX_CHANNELS: usize = 16;
/// Names of channels are short; a longer one is refused.
const MAX_NAME: usize = 1024;
/// Streams that were reset because they meant nothing, in one association: after these the peer is not believed.
const MAX_REFUSED: usize = 16;
/// While the peer goes on sending, a close may never be completed: then the channel is closed for us all the same.
const CLOSE: Duration = Duration::from_secs(5);
/// Closes that were never completed; each may hold a window's worth.
const MAX_UNFINISHED: usize = 8;

#[derive(Debug)]
struct Channel {
    open: Open,
    stage: Stage,
    full: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Asked for, not confirmed.
    Opening,
    Open,
    Closing {
        until: Instant,
    },
}

/// The association and its channels.
pub(crate) struct Channels {
    role: DtlsRole,
    max_message: usize,
    /// `None` once it is over.
    lines: Option<Lines>,
    is_up: bool,
    vet: Vet,
    channels: BTreeMap<u16, Channel>,
    /// To be opened when the association stands.
    waiting: VecDeque<u16>,
    /// Streams that had something to read before it stood.
    early: BTreeSet<u16>,
    next: u16,
    refused: usize,
    unfinished: usize,
    events: VecDeque<ChannelEvent>,
    packets: VecDeque<Bytes>,
}

impl Channels {
    pub(crate) fn new(role: DtlsRole, max_message: Option<u32>) -> Self {
        let max_message = match max_message {
            None => UNSAID_MAX_MESSAGE,
            Some(0) => MAX_UNSENT,
            Some(said) => usize::try_from(said).unwrap_or(MAX_UNSENT).min(MAX_UNSENT),
        };
        Self {
            role,
            max_message,
            lines: Some(Lines::new(role, u32::try_from(max_message).unwrap_or(u32::MAX))),
            is_up: false,
            vet: Vet::new(role),
            channels: BTreeMap::new(),
            waiting: VecDeque::new(),
            early: BTreeSet::new(),
            // RFC 8832 section 6: even numbers are the DTLS client's.
            next: match role {
                DtlsRole::Client => 0,
                DtlsRole::Server => 1,
            },
            refused: 0,
            unfinished: 0,
            events: VecDeque::new(),
            packets: VecDeque::new(),
        }
    }

    /// DTLS stands.
    pub(crate) fn start(&mut self, now: Instant) {
        if self.role == DtlsRole::Client {
            self.guarded(now, |channels| channels.lines.as_mut().is_some_and(|lines| lines.connect(now)));
        }
    }

    /// What DTLS has decrypted.
    pub(crate) fn handle(&mut self, now: Instant, packet: Bytes) {
        if self.lines.is_none() {
            return;
        }
        match self.vet.look(&packet, self.is_up) {
            Verdict::Drop => {}
            Verdict::End => self.abort(now),
            Verdict::Pass => self.guarded(now, |channels| {
                let first_tsn = channels.vet.first_tsn();
                if let Some(lines) = &mut channels.lines {
                    lines.feed(now, packet, first_tsn);
                }
                true
            }),
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if self.lines.is_none() {
            return;
        }
        self.guarded(now, |channels| {
            if let Some(lines) = &mut channels.lines {
                lines.handle_timeout(now);
            }
            true
        });
        let late = |channel: &Channel| matches!(channel.stage, Stage::Closing { until } if until <= now);
        let late: Vec<u16> = self.channels.iter().filter(|(_, channel)| late(channel)).map(|(id, _)| *id).collect();
        self.unfinished += late.len();
        for id in late {
            self.forget(id);
        }
        if self.unfinished > MAX_UNFINISHED {
            self.abort(now);
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let lines = self.lines.as_ref()?;
        let closing = self.channels.values().filter_map(|channel| match channel.stage {
            Stage::Closing { until } => Some(until),
            Stage::Opening | Stage::Open => None,
        });
        closing.chain(lines.poll_timeout()).min()
    }

    /// A packet for DTLS to carry.
    pub(crate) fn poll_packet(&mut self) -> Option<Bytes> {
        self.packets.pop_front()
    }

    pub(crate) fn poll_event(&mut self) -> Option<ChannelEvent> {
        self.events.pop_front()
    }

    /// Opens an ordered, reliable channel, now or as soon as the association stands.
    pub(crate) fn open(&mut self, now: Instant, label: &str, protocol: &str) -> Result<ChannelId, TransportError> {
        if self.lines.is_none() {
            return Err(TransportError::NoChannels);
        }
        let is_spent = self.next >= u16::MAX - 2;
        if self.channels.len() >= MAX_CHANNELS || is_spent || label.len() > MAX_NAME || protocol.len() > MAX_NAME {
            return Err(TransportError::TooManyChannels { limit: MAX_CHANNELS });
        }
        let id = self.next;
        // A number is not used again: a late reset of the old channel would hit the new one.
        self.next += 2;
        let open = Open::reliable(label, protocol);
        self.channels.insert(id, Channel { open, stage: Stage::Opening, full: false });
        self.waiting.push_back(id);
        self.guarded(now, |channels| {
            channels.ask_waiting(now);
            true
        });
        Ok(ChannelId(id))
    }

    pub(crate) fn send(&mut self, now: Instant, id: ChannelId, message: &ChannelMessage) -> Result<(), TransportError> {
        if message.len() > self.max_message {
            return Err(TransportError::MessageTooLarge { limit: self.max_message });
        }
        let (Some(channel), Some(lines)) = (self.channels.get_mut(&id.0), &mut self.lines) else {
            return Err(TransportError::ChannelNotOpen);
        };
        if channel.stage != Stage::Open {
            return Err(TransportError::ChannelNotOpen);
        }
        let Some(mut stream) = lines.current().and_then(|line| line.stream(id.0).ok()) else {
            return Err(TransportError::ChannelNotOpen);
        };
        let unsent = stream.buffered_amount().unwrap_or(0);
        if unsent > 0 && unsent + message.len() > MAX_UNSENT {
            channel.full = true;
            return Err(TransportError::ChannelFull);
        }
        let (kind, bytes) = wire(message);
        stream.write_chunk_with_ppi(now, &bytes, kind).map_err(|_| TransportError::ChannelNotOpen)?;
        self.guarded(now, |_| true);
        Ok(())
    }

    /// What was said before still arrives; [`ChannelEvent::Closed`] follows.
    pub(crate) fn close(&mut self, now: Instant, id: ChannelId) {
        if !self.channels.contains_key(&id.0) {
            return;
        }
        if !self.is_up {
            self.waiting.retain(|waiting| *waiting != id.0);
            self.forget(id.0);
            return;
        }
        self.guarded(now, |channels| {
            if let Some(channel) = channels.channels.get_mut(&id.0) {
                channel.stage = Stage::Closing { until: now + CLOSE };
            }
            // What is unread would put off the peer's reset for ever.
            channels.read(now, id.0);
            channels.reset(now, id.0);
            true
        });
    }

    /// Runs what calls the library with whatever a peer has made of its state; a panic there, or a `false`, is the end of
    /// the association and of nothing else. What came is read before anything is sent: the library tells of the room that
    /// reading makes only in the acknowledgement it sends for a packet, and a closed window would stay closed.
    fn guarded(&mut self, now: Instant, work: impl FnOnce(&mut Self) -> bool) {
        let done = catch_unwind(AssertUnwindSafe(|| {
            let goes_on = work(self);
            goes_on && self.settle(now)
        }));
        match done {
            Ok(true) => {}
            Ok(false) => self.lose(),
            Err(_) => {
                tracing::warn!("the SCTP library gave up on a packet; the data channels of one peer are closed");
                self.lose();
            }
        }
        if self.refused > MAX_REFUSED {
            self.refused = 0;
            self.abort(now);
        }
    }

    fn abort(&mut self, now: Instant) {
        let said = catch_unwind(AssertUnwindSafe(|| {
            if let Some(lines) = &mut self.lines {
                lines.abort(now, &mut self.packets);
            }
        }));
        tracing::debug!(said = said.is_ok(), "the data channels of a peer are ended");
        self.lose();
    }

    fn lose(&mut self) {
        if self.lines.take().is_some() {
            self.channels.clear();
            self.waiting.clear();
            self.early.clear();
            self.events.push_back(ChannelEvent::Lost);
        }
    }

    /// Takes what the library says, reads, and lets it send. False when the association is over.
    fn settle(&mut self, now: Instant) -> bool {
        let Some(lines) = &mut self.lines else { return true };
        if let Some(first_tsn) = lines.choose() {
            self.vet.begin(first_tsn);
        }
        while let Some(event) = self.line().and_then(Association::poll) {
            if !self.note(now, event) {
                return false;
            }
        }
        let Some(lines) = &mut self.lines else { return true };
        lines.flush(now, &mut self.packets);
        !lines.is_over()
    }

    fn line(&mut self) -> Option<&mut Association> {
        self.lines.as_mut().and_then(Lines::current)
    }

    /// False when the association is over.
    fn note(&mut self, now: Instant, event: Event) -> bool {
        match event {
            Event::Connected => self.stand(now),
            Event::HandshakeFailed { .. } => return false,
            // Said of each stream: the peer reset it, or the whole association is over.
            Event::AssociationLost { id, .. } => {
                self.early.remove(&id);
                self.vet.stream_gone(id);
                self.forget(id);
            }
            Event::Stream(StreamEvent::Readable { id }) => self.read(now, id),
            Event::Stream(StreamEvent::BufferedAmountLow { id }) => {
                if self.channels.get_mut(&id).is_some_and(|channel| std::mem::take(&mut channel.full)) {
                    self.events.push_back(ChannelEvent::Writable { id: ChannelId(id) });
                }
            }
            Event::Stream(_) | Event::DatagramReceived | _ => {}
        }
        true
    }

    fn stand(&mut self, now: Instant) {
        if self.is_up {
            return;
        }
        self.is_up = true;
        self.events.push_back(ChannelEvent::Ready);
        self.ask_waiting(now);
        for id in std::mem::take(&mut self.early) {
            self.read(now, id);
        }
    }

    fn ask_waiting(&mut self, now: Instant) {
        if !self.is_up {
            return;
        }
        while let Some(id) = self.waiting.pop_front() {
            let Some(open) = self.channels.get(&id).map(|channel| channel.open.clone()) else { continue };
            let asked = self.line().is_some_and(|line| {
                let fits = line.negotiated_max_streams().is_some_and(|limit| id < limit);
                fits && line.open_stream(id, Ppi::Binary).is_ok() && control::say(line, now, id, &open, &Said::Open)
            });
            if !asked {
                self.forget(id);
            }
        }
    }

    fn announce(&mut self, id: u16, by_peer: bool, open: &Open) {
        let (label, protocol) = (open.label.clone(), open.protocol.clone());
        self.events.push_back(ChannelEvent::Opened { id: ChannelId(id), by_peer, label, protocol });
    }

    fn refuse(&mut self, now: Instant, id: u16) {
        self.refused += 1;
        self.reset(now, id);
    }

    fn reset(&mut self, now: Instant, id: u16) {
        if let Some(Ok(mut stream)) = self.line().map(|line| line.stream(id)) {
            let _ = stream.close(now);
        }
        if let Some(channel) = self.channels.get_mut(&id)
            && !matches!(channel.stage, Stage::Closing { .. })
        {
            channel.stage = Stage::Closing { until: now + CLOSE };
        }
    }

    fn forget(&mut self, id: u16) {
        if self.channels.remove(&id).is_some() {
            self.events.push_back(ChannelEvent::Closed { id: ChannelId(id) });
        }
    }
}

/// How a message is marked (RFC 8831 section 8); an empty one needs a byte to travel at all.
fn wire(message: &ChannelMessage) -> (Ppi, Bytes) {
    const NOTHING: Bytes = Bytes::from_static(&[0]);
    match message {
        ChannelMessage::Text(text) if text.is_empty() => (Ppi::StringEmpty, NOTHING),
        ChannelMessage::Text(text) => (Ppi::String, Bytes::copy_from_slice(text.as_bytes())),
        ChannelMessage::Binary(bytes) if bytes.is_empty() => (Ppi::BinaryEmpty, NOTHING),
        ChannelMessage::Binary(bytes) => (Ppi::Binary, bytes.clone()),
    }
}
