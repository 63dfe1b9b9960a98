//! The fuzzing corpus torn and twisted for a minute per target; `cargo xtask test --full`.

use e2e::Outcome;
use e2e::corpus::{Seeds, Twist};
use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_minute_of_twisted_inputs_makes_no_parser_panic() -> Outcome {
    for (name, target) in runde_fuzz::TARGETS {
        let seeds = Seeds::read(name)?;
        let (mut twist, start, mut count) = (Twist::new(name), Instant::now(), 0_u64);
        while start.elapsed() < MINUTE {
            target(&twist.one_of(&seeds));
            count += 1;
        }
        println!("{name}: {count} inputs");
    }
    Ok(())
}
