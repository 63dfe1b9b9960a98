//! Whether guests hear each other, read from the figures that they print each second, and what each saw of the others.

use crate::Outcome;
use crate::program::Program;
use serde_json::Value;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);
/// From the moment on at which the network is back; a line comes late at times.
pub const BACK: Duration = Duration::from_millis(2_100);
/// What a line of figures covers.
const LINE: Duration = Duration::from_secs(1);
/// dBFS; what speaks is louder, what is repaired from nothing is not.
const AUDIBLE: f64 = -40.0;

fn level(line: &Value) -> Option<f64> {
    let sources = line["sources"].as_array()?;
    let heard = |source: &&Value| source["kind"] == "audio" && source["mine"] == false;
    sources.iter().filter(heard).filter_map(|source| source["level"].as_f64()).reduce(f64::max)
}

/// Waits for a second that is audible, or silent as a whole; when its line came.
pub fn wait_for_sound(guest: &mut Program, audible: bool) -> Outcome<Instant> {
    let (at, _) = guest.wait_at(if audible { "sound" } else { "silence" }, PATIENCE, |line| {
        line["event"] == "stats" && level(line).map_or(!audible, |level| (level > AUDIBLE) == audible)
    })?;
    Ok(at)
}

/// The first audible second that lies wholly after `moment` ends soon; after how long.
pub fn assert_back(guest: &mut Program, moment: Instant) -> Outcome<Duration> {
    loop {
        let at = wait_for_sound(guest, true)?;
        if let Some(after) = at.checked_duration_since(moment).filter(|after| *after >= LINE) {
            assert!(after <= BACK, "sound was back after {after:?}");
            return Ok(after);
        }
    }
}

/// Whom this guest saw leave.
pub fn removed(guest: &Program) -> Vec<Value> {
    guest.events("participant").into_iter().filter(|line| line["change"] == "removed").collect()
}
