//! A guest whose program sleeps for a minute: the server has closed its connection meanwhile and keeps its seat.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::listen::{assert_back, removed, wait_for_sound};
use e2e::room::Room;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_program_that_slept_for_a_minute_is_back_in_its_seat() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "table")?;
    let mut bert = room.guest(&second, "Bert", &[])?;
    bert.event("joined", PATIENCE)?;
    let mut alice = room.guest(&first, "Alice", &["--audio-in", "tone"])?;
    alice.event("connected", PATIENCE)?;
    wait_for_sound(&mut bert, true)?;
    alice.sleep(Duration::from_secs(60))?;
    println!("sound after {:?}", assert_back(&mut bert, Instant::now())?);
    for _ in 0..3 {
        bert.event("stats", PATIENCE)?;
    }
    assert_eq!((removed(&bert), alice.events("joined").len()), (vec![], 1));
    Ok(())
}
