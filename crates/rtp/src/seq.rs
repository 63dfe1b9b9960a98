//! Numbers that go round: RTP sequence numbers (RFC 3550 5.1), how to compare them and how to unroll them.

use std::fmt;

/// Which stream a packet belongs to (RFC 3550 3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ssrc(pub u32);

impl fmt::Debug for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ssrc({:08x})", self.0)
    }
}

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A 16-bit sequence number. It has no total order, so it implements none: ask [`SeqNo::is_newer_than`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct SeqNo(pub u16);

impl SeqNo {
    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    /// Steps from `other` to `self` on the shorter way round: positive when `self` is newer.
    /// Exactly half a lap counts as older (-32768).
    #[must_use]
    pub fn distance(self, other: Self) -> i16 {
        self.0.wrapping_sub(other.0).cast_signed()
    }

    #[must_use]
    pub fn is_newer_than(self, other: Self) -> bool {
        self.distance(other) > 0
    }
}

/// Unrolls 16-bit numbers into 64 bits that only grow with the stream.
///
/// The first number seen is placed one lap up (`65536 + seq`), so that packets older than the first still get a
/// number of their own instead of colliding at zero. For an SRTP rollover counter subtract that lap.
#[derive(Clone, Debug, Default)]
pub struct Extender {
    highest: Option<u64>,
}

impl Extender {
    /// One lap: where counting begins.
    pub const FIRST_LAP: u64 = 1 << 16;

    /// The unrolled number nearest to the highest one so far. A number further back than the first lap allows stays
    /// at its place within lap zero.
    pub fn extend(&mut self, seq: SeqNo) -> u64 {
        let Some(highest) = self.highest else {
            let first = Self::FIRST_LAP + u64::from(seq.0);
            self.highest = Some(first);
            return first;
        };
        let extended = self.peek(seq);
        self.highest = Some(highest.max(extended));
        extended
    }

    /// What [`Extender::extend`] would answer, without remembering it.
    #[must_use]
    pub fn peek(&self, seq: SeqNo) -> u64 {
        let Some(highest) = self.highest else { return Self::FIRST_LAP + u64::from(seq.0) };
        let step = i64::from(seq.distance(SeqNo(low16(highest))));
        highest.checked_add_signed(step).unwrap_or(u64::from(seq.0))
    }

    /// The highest unrolled number so far.
    #[must_use]
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }
}

fn low16(n: u64) -> u16 {
    (n & 0xffff) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_after_the_last_is_zero_and_counts_as_newer() {
        assert_eq!(SeqNo(65535).next(), SeqNo(0));
        assert!(SeqNo(0).is_newer_than(SeqNo(65535)));
        assert!(!SeqNo(65535).is_newer_than(SeqNo(0)));
        assert_eq!(SeqNo(3).distance(SeqNo(65534)), 5);
    }

    #[test]
    fn unrolling_goes_on_over_the_wrap_and_back_for_a_late_packet() {
        let mut e = Extender::default();
        let first = e.extend(SeqNo(65534));
        assert_eq!(e.extend(SeqNo(1)), first + 3);
        assert_eq!(e.extend(SeqNo(65535)), first + 1);
        assert_eq!(e.highest(), Some(first + 3));
    }

    #[test]
    fn a_packet_older_than_the_first_has_its_own_number() {
        let mut e = Extender::default();
        let first = e.extend(SeqNo(0));
        assert_eq!(e.extend(SeqNo(65535)), first - 1);
    }

    #[test]
    fn walking_backwards_for_ever_never_underflows() {
        let mut e = Extender { highest: Some(5) };
        assert_eq!(e.extend(SeqNo(65000)), 65000);
    }
}
