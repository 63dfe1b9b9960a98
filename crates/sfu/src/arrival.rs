//! Which sequence numbers of a remote sender are believed (after RFC 3550 A.1).

use runde_rtp::SeqNo;

/// A packet further ahead than this is a restart or a lie; believed only when its successor follows. Three seconds
/// of 720p video.
const MAX_AHEAD: i16 = 1000;
/// A packet further back is of no use to any receiver.
const MAX_BEHIND: i16 = -1000;

/// Numbers the packets of one stream, unrolled to 64 bits.
#[derive(Debug, Default)]
pub(crate) struct Arrival {
    highest: Option<u64>,
    /// What would have to come next for the last strange number to be a restart.
    suspected: Option<SeqNo>,
}

impl Arrival {
    /// The packet's number, or `None` when it is not believed. After a restart numbers jump by more than
    /// [`Arrival::RESTART`], never back.
    pub(crate) fn accept(&mut self, seq: SeqNo) -> Option<u64> {
        let Some(highest) = self.highest else {
            let first = (1 << 16) + u64::from(seq.0);
            self.highest = Some(first);
            return Some(first);
        };
        let step = seq.distance(SeqNo((highest & 0xffff) as u16));
        if (MAX_BEHIND..=MAX_AHEAD).contains(&step) {
            self.suspected = None;
            let number = highest.saturating_add_signed(i64::from(step));
            self.highest = Some(highest.max(number));
            return Some(number);
        }
        if self.suspected.replace(seq.next()) != Some(seq) {
            return None;
        }
        self.suspected = None;
        let restarted = ((highest >> 16) + 2) << 16 | u64::from(seq.0);
        self.highest = Some(restarted);
        Some(restarted)
    }

    /// A jump of at least this many numbers is a restart of the stream, not loss.
    pub(crate) const RESTART: u64 = MAX_AHEAD as u64 + 1;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wild_number_is_refused_and_the_stream_goes_on() {
        let mut arrival = Arrival::default();
        let first = arrival.accept(SeqNo(10)).unwrap();
        assert_eq!(arrival.accept(SeqNo(40_000)), None);
        assert_eq!(arrival.accept(SeqNo(11)), Some(first + 1));
    }

    #[test]
    fn two_in_a_row_are_a_restart_and_numbers_still_grow() {
        let mut arrival = Arrival::default();
        let first = arrival.accept(SeqNo(60_000)).unwrap();
        assert_eq!(arrival.accept(SeqNo(5_0000 - 20_000)), None);
        let again = arrival.accept(SeqNo(30_001)).unwrap();
        assert!(again > first + Arrival::RESTART);
        assert_eq!(arrival.accept(SeqNo(30_002)), Some(again + 1));
    }

    #[test]
    fn numbers_go_on_over_the_wrap() {
        let mut arrival = Arrival::default();
        let first = arrival.accept(SeqNo(65_535)).unwrap();
        assert_eq!(arrival.accept(SeqNo(0)), Some(first + 1));
        assert_eq!(arrival.accept(SeqNo(65_534)), Some(first - 1));
    }
}
