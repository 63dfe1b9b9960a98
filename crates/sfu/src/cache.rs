//! The last packets of one layer, kept to answer receivers that lost one. Bounded in number and, as the room refuses
//! long packets, in bytes.

use runde_rtp::{Codec, Look, Packet};

/// Two to three seconds of 720p video: longer than any player waits for a lost packet. At most 0.8 MB a layer.
const PACKETS: usize = 512;

/// A packet with what it says of its picture, as it came.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) codec: Codec,
    pub(crate) look: Look,
    pub(crate) packet: Packet,
}

#[derive(Debug, Default)]
pub(crate) struct Cache {
    /// Indexed by number modulo [`PACKETS`]; empty until the first packet, so silent layers cost nothing.
    slots: Vec<Option<(u64, Piece)>>,
}

impl Cache {
    pub(crate) fn insert(&mut self, number: u64, piece: Piece) {
        if self.slots.is_empty() {
            self.slots.resize_with(PACKETS, || None);
        }
        let slot = &mut self.slots[place(number)];
        if slot.as_ref().is_none_or(|(kept, _)| *kept < number) {
            *slot = Some((number, piece));
        }
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Piece> {
        let (kept, piece) = self.slots.get(place(number))?.as_ref()?;
        (*kept == number).then_some(piece)
    }
}

fn place(number: u64) -> usize {
    (number % PACKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece() -> Piece {
        Piece { codec: Codec::Vp8, look: Look::default(), packet: Packet::default() }
    }

    #[test]
    fn the_oldest_packet_gives_way_and_never_comes_back() {
        let mut cache = Cache::default();
        assert!(cache.get(3).is_none());
        cache.insert(3, piece());
        assert!(cache.get(3).is_some());
        cache.insert(3 + PACKETS as u64, piece());
        assert!(cache.get(3).is_none());
        cache.insert(3, piece());
        assert!(cache.get(3 + PACKETS as u64).is_some(), "a late packet does not push out a newer one");
        assert_eq!(cache.slots.len(), PACKETS);
    }
}
