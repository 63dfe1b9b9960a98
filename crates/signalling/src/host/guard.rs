//! Who tries passwords or doors too often has to wait. Counted by address, since a new connection costs nothing.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

/// Missteps without a wait: somebody who mistypes, or two in one household.
const FREE: u32 = 3;
/// The wait after the first misstep that is not free; it doubles with each further one.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The wait does not grow beyond that: a guess every half minute finds nothing.
const LONGEST_WAIT: Duration = Duration::from_secs(32);
/// Missteps are forgotten when there was none for so long.
const MEMORY: Duration = Duration::from_secs(600);
/// Addresses remembered; beyond that the one that was quiet for the longest time is forgotten.
const MAX_ADDRESSES: usize = 4_096;

#[derive(Clone, Debug)]
struct Record {
    missteps: u32,
    last: Instant,
    until: Instant,
}

/// Missteps by address. A right password forgives nothing: whoever guesses may have a room of their own to be right in.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard(BTreeMap<IpAddr, Record>);

impl Guard {
    /// Until when the next try of this address has to wait, the past included.
    pub(super) fn until(&self, from: IpAddr) -> Option<Instant> {
        self.0.get(&household(from)).map(|record| record.until)
    }

    /// A wrong password, or a stranger who was sent away.
    pub(super) fn misstep(&mut self, now: Instant, from: IpAddr) {
        let from = household(from);
        if !self.0.contains_key(&from) && self.0.len() >= MAX_ADDRESSES {
            let quietest = self.0.iter().min_by_key(|(_, record)| record.last).map(|(from, _)| *from);
            quietest.map(|quietest| self.0.remove(&quietest));
        }
        let record = self.0.entry(from).or_insert(Record { missteps: 0, last: now, until: now });
        if now.saturating_duration_since(record.last) >= MEMORY {
            record.missteps = 0;
        }
        record.missteps = record.missteps.saturating_add(1);
        record.last = now;
        record.until = now + wait(record.missteps);
    }
}

fn wait(missteps: u32) -> Duration {
    let Some(doublings) = missteps.checked_sub(FREE + 1) else { return Duration::ZERO };
    FIRST_WAIT.saturating_mul(1 << doublings.min(16)).min(LONGEST_WAIT)
}

/// One household has one IPv4 address or one IPv6 network of 64 bits, in which it may use any address it likes.
fn household(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

#[cfg(test)]
// Somebody has to say what time it is when a story begins.
#[allow(clippy::disallowed_methods)]
mod tests {
    use super::*;

    fn waits(guard: &mut Guard, now: Instant, from: IpAddr, times: usize) -> Vec<u64> {
        let mut seconds = Vec::new();
        for _ in 0..times {
            guard.misstep(now, from);
            seconds.push(guard.until(from).unwrap().duration_since(now).as_secs());
        }
        seconds
    }

    #[test]
    fn the_wait_begins_with_the_fourth_misstep_and_doubles_up_to_half_a_minute() {
        let (mut guard, now) = (Guard::default(), Instant::now());
        let from = "192.0.2.1".parse().unwrap();
        assert_eq!(waits(&mut guard, now, from, 10), [0, 0, 0, 1, 2, 4, 8, 16, 32, 32]);
        assert_eq!(guard.until("192.0.2.2".parse().unwrap()), None);
        assert_eq!(waits(&mut guard, now + MEMORY, from, 1), [0], "forgotten");
    }

    #[test]
    fn an_ipv6_network_counts_as_one() {
        let (mut guard, now) = (Guard::default(), Instant::now());
        for n in 0..8u16 {
            guard.misstep(now, IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, n, n, n, n)));
        }
        assert!(guard.until("2001:db8:0:1::9".parse().unwrap()).unwrap() > now);
        assert_eq!(guard.until("2001:db8:0:2::9".parse().unwrap()), None);
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        guard.misstep(now, mapped);
        assert!(guard.until("192.0.2.1".parse().unwrap()).is_some());
    }

    #[test]
    fn any_number_of_addresses_takes_bounded_memory() {
        let (mut guard, now) = (Guard::default(), Instant::now());
        for n in 0..10_000u32 {
            guard.misstep(now + Duration::from_millis(n.into()), IpAddr::V4(n.into()));
        }
        assert_eq!(guard.0.len(), MAX_ADDRESSES);
        assert!(guard.until(IpAddr::V4(9_999.into())).is_some(), "the newest is remembered");
    }
}
