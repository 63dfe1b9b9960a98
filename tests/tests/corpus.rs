//! The fuzzing corpus, replayed without a fuzzer: every kept input as it is, then torn and twisted a fixed number of times.

use e2e::Outcome;
use e2e::corpus::{Seeds, Twist};

/// Twisted inputs per target in the normal run; `long_corpus` goes on for much longer.
const TWISTS: usize = 4_000;

#[test]
fn no_kept_input_and_nothing_made_of_it_makes_a_parser_panic() -> Outcome {
    for (name, target) in runde_fuzz::TARGETS {
        let seeds = Seeds::read(name)?;
        seeds.all().for_each(target);
        let mut twist = Twist::new(name);
        for _ in 0..TWISTS {
            target(&twist.one_of(&seeds));
        }
    }
    Ok(())
}
