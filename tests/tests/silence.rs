//! A guest that crashes keeps its seat for a minute, since it may come back; the others are told at once that nothing comes from it.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::listen::wait_for_sound;
use e2e::room::Room;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
/// Nothing for four seconds, and a look each half.
const TOLD: Duration = Duration::from_secs(6);

#[test]
fn the_others_are_told_that_a_guest_has_fallen_silent_and_that_it_is_back() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "table")?;
    let mut bert = room.guest(&second, "Bert", &[])?;
    bert.event("joined", PATIENCE)?;
    let mut alice = room.guest(&first, "Alice", &["--audio-in", "tone"])?;
    alice.event("connected", PATIENCE)?;
    wait_for_sound(&mut bert, true)?;
    let reachable = |wanted: bool| {
        move |line: &serde_json::Value| {
            line["event"] == "participant" && line["change"] == "changed" && line["reachable"] == wanted
        }
    };
    alice.sleep(Duration::from_secs(8))?;
    bert.wait("that Alice has fallen silent", PATIENCE, reachable(false))?;
    bert.wait("that Alice is back", PATIENCE, reachable(true))?;
    wait_for_sound(&mut bert, true)?;
    let died = Instant::now();
    alice.kill()?;
    let (told, _) = bert.wait_at("that Alice has fallen silent for good", PATIENCE, reachable(false))?;
    let after = told.saturating_duration_since(died);
    println!("told after {after:?}");
    assert!(after <= TOLD, "told after {after:?}");
    assert!(bert.events("participant").iter().all(|line| line["change"] != "removed"), "the seat is kept");
    Ok(())
}
