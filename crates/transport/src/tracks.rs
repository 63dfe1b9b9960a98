//! Which SSRCs are declared, what repairs what, and which packets were delivered already.

use std::collections::BTreeMap;

use runde_rtp::{Packet, Ssrc, rtx};

use crate::{RxTrack, TransportError, TxTrack};

/// Tracks of one endpoint in one direction: a room of a hundred with three layers each has fewer.
pub(crate) const MAX_TRACKS: usize = 1024;
/// Packets of a stream remembered to recognise repeats: two seconds of 720p with its repairs.
const REMEMBERED: usize = 2048;

#[derive(Debug, Default)]
pub(crate) struct Tracks {
    rx: BTreeMap<Ssrc, Receiving>,
    rx_rtx: BTreeMap<Ssrc, Ssrc>,
    /// By `mid`: the stream whose packets say it.
    mids: BTreeMap<Vec<u8>, Ssrc>,
    tx: BTreeMap<Ssrc, TxTrack>,
    tx_rtx: BTreeMap<Ssrc, Ssrc>,
}

#[derive(Debug)]
struct Receiving {
    track: RxTrack,
    delivered: Delivered,
}

/// What was taken back.
pub(crate) enum Removed {
    Rx(RxTrack),
    Tx(TxTrack),
}

/// What a packet turned out to be.
pub(crate) enum Taken {
    /// Media, not seen before.
    Fresh { packet: Packet, recovered: bool },
    /// Seen before, or padding.
    Repeated,
    /// Nobody declared its SSRC, or its RTX payload type.
    Unknown,
}

impl Tracks {
    pub(crate) fn declare_rx(&mut self, track: &RxTrack) -> Result<(), TransportError> {
        let taken = |ssrc: &Ssrc| self.rx.contains_key(ssrc) || self.rx_rtx.contains_key(ssrc);
        check(track.ssrc, track.rtx, taken, self.rx.len())?;
        if let Some(rtx) = track.rtx {
            self.rx_rtx.insert(rtx, track.ssrc);
        }
        self.rx.insert(track.ssrc, Receiving { track: track.clone(), delivered: Delivered::default() });
        Ok(())
    }

    pub(crate) fn declare_tx(&mut self, track: &TxTrack) -> Result<(), TransportError> {
        let taken = |ssrc: &Ssrc| self.tx.contains_key(ssrc) || self.tx_rtx.contains_key(ssrc);
        check(track.ssrc, track.rtx, taken, self.tx.len())?;
        if let Some(rtx) = track.rtx {
            self.tx_rtx.insert(rtx, track.ssrc);
        }
        self.tx.insert(track.ssrc, track.clone());
        Ok(())
    }

    /// By its media SSRC.
    pub(crate) fn remove(&mut self, ssrc: Ssrc) -> Vec<Removed> {
        let rx = self.rx.remove(&ssrc).map(|receiving| Removed::Rx(receiving.track));
        let tx = self.tx.remove(&ssrc).map(Removed::Tx);
        self.rx_rtx.retain(|_, media| *media != ssrc);
        self.mids.retain(|_, media| *media != ssrc);
        self.tx_rtx.retain(|_, media| *media != ssrc);
        rx.into_iter().chain(tx).collect()
    }

    /// What packets of a declared stream say as their `mid`. A stream has one, and a `mid` one stream.
    pub(crate) fn expect_mid(&mut self, ssrc: Ssrc, mid: &[u8]) {
        self.mids.retain(|_, media| *media != ssrc);
        if self.rx.contains_key(&ssrc) {
            self.mids.insert(mid.to_vec(), ssrc);
        }
    }

    pub(crate) fn by_mid(&self, mid: &[u8]) -> Option<Ssrc> {
        self.mids.get(mid).copied()
    }

    pub(crate) fn receives(&self, ssrc: Ssrc) -> bool {
        self.rx.contains_key(&ssrc) || self.rx_rtx.contains_key(&ssrc)
    }

    pub(crate) fn sending(&self, ssrc: Ssrc) -> Option<&TxTrack> {
        self.tx.get(&ssrc)
    }

    /// Whether `ssrc` is a stream of ours, media or repair.
    pub(crate) fn sends(&self, ssrc: Ssrc) -> bool {
        self.tx.contains_key(&ssrc) || self.tx_rtx.contains_key(&ssrc)
    }

    pub(crate) fn first_sent(&self) -> Option<Ssrc> {
        self.tx.keys().next().copied()
    }

    /// Undoes RTX and drops repeats: browsers fill bandwidth probes with copies of packets long delivered.
    pub(crate) fn take(&mut self, packet: Packet) -> Taken {
        let media = self.rx_rtx.get(&packet.ssrc).copied();
        let Some(receiving) = self.rx.get_mut(&media.unwrap_or(packet.ssrc)) else { return Taken::Unknown };
        let (packet, recovered) = match media {
            None => (packet, false),
            Some(media) => {
                let Some(payload_type) = receiving.track.repaired_by(packet.payload_type) else {
                    return Taken::Unknown;
                };
                let Some(inner) = rtx::decapsulate(&packet, media, payload_type) else { return Taken::Repeated };
                (inner, true)
            }
        };
        if receiving.delivered.is_new(packet.seq.0) { Taken::Fresh { packet, recovered } } else { Taken::Repeated }
    }
}

fn check(ssrc: Ssrc, rtx: Option<Ssrc>, taken: impl Fn(&Ssrc) -> bool, count: usize) -> Result<(), TransportError> {
    if let Some(ssrc) = [Some(ssrc), rtx].into_iter().flatten().find(taken) {
        return Err(TransportError::SsrcTaken(ssrc.0));
    }
    if rtx == Some(ssrc) {
        return Err(TransportError::SsrcTaken(ssrc.0));
    }
    if count >= MAX_TRACKS {
        return Err(TransportError::TooManyTracks { limit: MAX_TRACKS });
    }
    Ok(())
}

/// The last [`REMEMBERED`] sequence numbers of a stream.
#[derive(Debug, Default)]
struct Delivered {
    /// Slot `seq % REMEMBERED` holds the sequence number plus one; zero is empty. Made with the first packet.
    slots: Vec<u32>,
}

impl Delivered {
    fn is_new(&mut self, seq: u16) -> bool {
        if self.slots.is_empty() {
            self.slots = vec![0; REMEMBERED];
        }
        let slot = &mut self.slots[usize::from(seq) % REMEMBERED];
        let mark = u32::from(seq) + 1;
        std::mem::replace(slot, mark) != mark
    }
}
