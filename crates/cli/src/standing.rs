//! An objection (Art. 21 GDPR) that is recorded while somebody is in a room ends the stay within a second.

use std::path::Path;
use std::time::{Duration, SystemTime};

use runde_privacy::{Gate, Target};
use runde_profile::{Places, inspect};

/// Twice in the second that an objection may take to be felt, and a little more.
const LOOK: Duration = Duration::from_millis(400);

/// Returns once an objection to the controller of this host is in force; never otherwise.
pub async fn objected(target: Target) {
    let Ok(places) = Places::of_user() else { return std::future::pending().await };
    let ledger = places.data.join("acknowledgements.ledger");
    let mut seen = state(&ledger);
    loop {
        tokio::time::sleep(LOOK).await;
        let now = state(&ledger);
        if now == seen {
            continue;
        }
        seen = now;
        let (places, target) = (places.clone(), target.clone());
        // The keyring may take a while; the meeting does not wait for it.
        let found = tokio::task::spawn_blocking(move || {
            let ledgers = inspect(&places).ok().flatten()?;
            Gate::replay(&ledgers.acknowledgements).objection(&target)
        });
        if found.await.ok().flatten().is_some() {
            return;
        }
    }
}

/// Tells two states of a file apart without reading it; a ledger only grows.
fn state(file: &Path) -> Option<(u64, Option<SystemTime>)> {
    file.metadata().ok().map(|file| (file.len(), file.modified().ok()))
}
