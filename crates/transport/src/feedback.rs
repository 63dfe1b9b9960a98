//! The two machineries of RTP feedback behind one face: a guest's interceptor chain, a room server's lean one.

use std::time::Instant;

use bytes::Bytes;
use runde_rtp::{Packet, Ssrc};

use crate::chain::{Chain, Outbox};
use crate::config::Mode;
use crate::lean::Lean;
use crate::track::{RxTrack, TxTrack};
use crate::tracks::Removed;

pub(crate) enum Feedback {
    Chain(Box<Chain>),
    Lean(Box<Lean>),
}

impl Feedback {
    pub(crate) fn new(now: Instant, mode: Mode) -> Self {
        match mode {
            Mode::Chain => Self::Chain(Box::new(Chain::new())),
            Mode::Lean => Self::Lean(Box::new(Lean::new(now))),
        }
    }

    pub(crate) fn is_lean(&self) -> bool {
        matches!(self, Self::Lean(_))
    }

    pub(crate) fn declare_rx(&mut self, track: &RxTrack) {
        match self {
            Self::Chain(chain) => chain.declare_rx(track),
            Self::Lean(lean) => lean.declare_rx(track),
        }
    }

    pub(crate) fn declare_tx(&mut self, track: &TxTrack) {
        match self {
            Self::Chain(chain) => chain.declare_tx(track),
            Self::Lean(lean) => lean.declare_tx(track),
        }
    }

    pub(crate) fn remove(&mut self, removed: &Removed) {
        match (self, removed) {
            (Self::Chain(chain), Removed::Rx(track)) => chain.remove_rx(track),
            (Self::Chain(chain), Removed::Tx(track)) => chain.remove_tx(track),
            (Self::Lean(lean), Removed::Rx(track)) => lean.remove_rx(track.ssrc),
            (Self::Lean(lean), Removed::Tx(track)) => lean.remove_tx(track.ssrc),
        }
    }

    /// A media packet arrived, or came back from RTX.
    pub(crate) fn receive(&mut self, now: Instant, packet: &Packet, recovered: bool) {
        match self {
            Self::Chain(chain) => chain.receive(now, packet),
            Self::Lean(lean) => lean.receive(now, packet, recovered),
        }
    }

    /// A compound arrived. The lean side is told item by item instead.
    pub(crate) fn receive_rtcp(&mut self, now: Instant, compound: &Bytes) {
        if let Self::Chain(chain) = self {
            chain.receive_rtcp(now, compound);
        }
    }

    pub(crate) fn sender_report(&mut self, now: Instant, ssrc: Ssrc, ntp: u64) {
        if let Self::Lean(lean) = self {
            lean.sender_report(now, ssrc, ntp);
        }
    }

    pub(crate) fn sent(&mut self, now: Instant, ssrc: Ssrc, payload_type: u8, timestamp: u32, size: usize) {
        if let Self::Lean(lean) = self {
            lean.sent(now, ssrc, payload_type, timestamp, size);
        }
    }

    pub(crate) fn drain(&mut self, out: &mut Outbox) {
        if let Self::Chain(chain) = self {
            chain.drain(out);
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant, reporter: Ssrc, out: &mut Outbox) {
        match self {
            Self::Chain(chain) => chain.handle_timeout(now),
            Self::Lean(lean) => lean.handle_timeout(now, reporter, out),
        }
    }

    pub(crate) fn poll_timeout(&mut self) -> Option<Instant> {
        match self {
            Self::Chain(chain) => chain.poll_timeout(),
            Self::Lean(lean) => Some(lean.poll_timeout()),
        }
    }
}
