//! Tests of `ledger`.

use proptest::prelude::*;
use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::*;

fn key() -> ChainKey {
    ChainKey::from_bytes([9; 32]).for_ledger("tests")
}

/// A number before a space is the second.
impl Dated for String {
    fn dated(&self) -> Moment {
        let number = self.split(' ').next().and_then(|number| number.parse().ok());
        Moment::from_unix(number.unwrap_or_default())
    }
}

fn ledger_of(count: usize) -> Ledger<String> {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut ledger = Ledger::new(key());
    for number in 0..count {
        ledger.record(format!("record \"{number}\" ä"), &mut rng).unwrap().confirm();
    }
    ledger
}

fn replay(bytes: &[u8]) -> Replay<String> {
    Ledger::replay(key(), bytes)
}

#[test]
fn what_was_confirmed_is_read_back() {
    let written = ledger_of(3);
    let read = replay(&written.to_bytes());
    assert!(read.ledger.records().eq(written.records()));
    assert_eq!(read.ledger.head(), written.head());
    assert!(read.verdict(written.head().as_ref(), Moment::default()).is_sound());
}

#[test]
fn a_record_that_is_not_confirmed_does_not_exist() {
    let mut ledger = ledger_of(1);
    let pending = ledger.record("lost".into(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
    assert!(pending.line().ends_with('\n'));
    drop(pending);
    assert_eq!(ledger.len(), 1);
}

#[test]
fn erasing_leaves_the_chain_whole_and_the_content_gone() {
    let mut ledger = ledger_of(3);
    let head = ledger.head();
    assert!(ledger.erase(2) && !ledger.erase(2) && !ledger.erase(9));
    let bytes = ledger.to_bytes();
    assert!(!String::from_utf8_lossy(&bytes).contains("record \\\"1\\\""));
    let verdict = replay(&bytes).verdict(head.as_ref(), Moment::default());
    assert!(verdict.is_sound());
    assert_eq!((verdict.lines, verdict.erased, verdict.head), (3, 1, HeadState::Equal));
}

#[test]
fn an_erased_line_shows_in_the_receipts_without_its_record() {
    let mut ledger = ledger_of(2);
    ledger.erase(1);
    let receipts = ledger.receipts();
    assert!(receipts[0].erased && receipts[0].record.is_none());
    assert_eq!(receipts[1].prev_hash, receipts[0].hash);
    assert!(receipts[1].record.is_some());
}

#[test]
fn the_head_tells_a_crash_from_a_cut_and_from_a_swap() {
    let (two, three) = (ledger_of(2), ledger_of(3));
    assert_eq!(three.compare(two.head().as_ref()), HeadState::Ahead(1));
    assert_eq!(two.compare(three.head().as_ref()), HeadState::Behind);
    assert_eq!(two.compare(two.head().as_ref()), HeadState::Equal);
    assert_eq!(two.compare(None), HeadState::Unknown);
    let mut other = Ledger::new(key());
    other.record("another story".to_owned(), &mut ChaCha8Rng::seed_from_u64(8)).unwrap().confirm();
    assert_eq!(other.compare(ledger_of(1).head().as_ref()), HeadState::Behind);
    assert_eq!(Ledger::<String>::new(key()).compare(two.head().as_ref()), HeadState::Behind);
}

#[test]
fn an_append_cut_off_by_a_crash_is_torn_and_not_damage() {
    let bytes = ledger_of(2).to_bytes();
    let read = replay(&bytes[..bytes.len() - 20]);
    assert_eq!((read.ledger.len(), read.damage), (1, None));
    assert!(read.verdict(None, Moment::default()).torn);
}

#[test]
fn a_line_that_lacks_only_its_line_feed_counts() {
    let bytes = ledger_of(2).to_bytes();
    let read = replay(&bytes[..bytes.len() - 1]);
    assert!(read.unterminated && read.torn.is_empty());
    assert_eq!(read.ledger.len(), 2);
}

#[test]
fn a_line_of_another_ledger_or_another_profile_is_refused() {
    let bytes = ledger_of(1).to_bytes();
    for other in [ChainKey::from_bytes([9; 32]).for_ledger("others"), ChainKey::from_bytes([8; 32])] {
        let read = Ledger::<String>::replay(other, &bytes);
        assert_eq!(read.damage, Some(Damage { line: 1, why: Refused::WrongCode }));
    }
}

#[test]
fn a_genuine_line_with_a_record_of_another_kind_is_refused() {
    let read = Ledger::<u32>::replay(key(), &ledger_of(1).to_bytes());
    assert_eq!(read.damage, Some(Damage { line: 1, why: Refused::UnknownRecord }));
}

#[test]
fn a_record_too_long_for_a_line_is_refused_before_it_is_written() {
    let mut ledger = ledger_of(0);
    let refused = ledger.record("x".repeat(MAX_LINE), &mut ChaCha8Rng::seed_from_u64(1));
    assert!(matches!(refused, Err(LedgerError::TooLong(_))));
    let read = replay(&[vec![b'{'; MAX_LINE + 1], vec![b'\n']].concat());
    assert_eq!(read.damage, Some(Damage { line: 1, why: Refused::TooLong }));
}

#[test]
fn spelling_a_code_in_capitals_is_a_change_too() {
    let text = String::from_utf8(ledger_of(1).to_bytes()).unwrap();
    let (head, tail) = text.split_at(text.find("\"salt\"").unwrap());
    let shouted = format!("{head}{}", tail.replace('a', "A"));
    assert_ne!(shouted, text);
    assert!(replay(shouted.as_bytes()).damage.is_some());
}

proptest! {
    #[test]
    fn every_flipped_bit_is_found(bit in 0_usize..(8 * 1200)) {
        let ledger = ledger_of(4);
        let mut bytes = ledger.to_bytes();
        let bit = bit % (8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verdict = replay(&bytes).verdict(ledger.head().as_ref(), Moment::default());
        prop_assert!(!verdict.is_sound());
    }

    #[test]
    fn every_missing_or_moved_line_is_found(from in 0_usize..5, to in 0_usize..5) {
        let ledger = ledger_of(5);
        let text = String::from_utf8(ledger.to_bytes()).unwrap();
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let taken = lines.remove(from);
        prop_assert!(!replay(lines.concat().as_bytes()).verdict(ledger.head().as_ref(), Moment::default()).is_sound());
        lines.insert(to, taken);
        let sound = replay(lines.concat().as_bytes()).verdict(ledger.head().as_ref(), Moment::default()).is_sound();
        prop_assert_eq!(sound, from == to);
    }

    #[test]
    fn no_bytes_make_reading_fail(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let read = replay(&bytes);
        prop_assert_eq!(read.ledger.len(), 0);
    }
}

#[test]
fn a_clock_that_was_moved_back_is_named_and_takes_nothing_of_the_order() {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut ledger = Ledger::new(key());
    for second in ["5 a", "7 b", "6 c", "6 d", "9 e"] {
        ledger.record(second.to_owned(), &mut rng).unwrap().confirm();
    }
    let verdict =
        |ledger: &Ledger<String>| replay(&ledger.to_bytes()).verdict(ledger.head().as_ref(), Moment::default());
    let seen = verdict(&ledger);
    assert_eq!((seen.is_sound(), seen.lines, seen.clock_back), (true, 5, Some(3)));
    ledger.erase(2);
    assert_eq!(verdict(&ledger).clock_back, None, "an erased line has no time any more");
}

#[test]
fn a_line_that_is_dated_ahead_of_the_clock_is_named() {
    const DAY: i64 = 24 * 60 * 60;
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut ledger = Ledger::new(key());
    for day in [1, 2, 9, 3] {
        ledger.record(format!("{} day", day * DAY), &mut rng).unwrap().confirm();
    }
    let seen = |day: i64| replay(&ledger.to_bytes()).verdict(None, Moment::from_unix(day * DAY));
    assert_eq!((seen(3).dated_ahead, seen(3).clock_back, seen(3).is_sound()), (Some(3), Some(4), true));
    assert_eq!([7, 8, 9].map(|day| seen(day).dated_ahead), [Some(3), None, None], "a day is what clocks are set by");
    assert_eq!(seen(0).dated_ahead, Some(2));
}
