//! Joins a room, counts the packets of everybody for ten seconds, and leaves.
//!
//! `cargo run -p runde-client --example join_and_count -- https://127.0.0.1:8443/garden#fp=…&rn=…`
//!
//! It keeps no ledger: the notice is printed, and Enter says that it was noted for this one run. A product records it
//! on disk first (see the crate `runde-profile`).

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{BufRead, stdin};
use std::time::Duration;

use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use runde_client::{Command, JoinOptions, Meeting, MeetingEvent, RoomLink};
use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Contact, Gate, Lang, Ledger, Notice, Permit, Target};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let text = std::env::args().nth(1).ok_or("which room? give its link")?;
    let link = RoomLink::parse(&text, "meet.jit.si")?;
    let permit = note(&link)?;
    let mut meeting = Meeting::spawn(permit, JoinOptions::new(link, "Counter"))?;
    let commands = meeting.commands();
    let mut packets = BTreeMap::new();
    let leave = async {
        tokio::time::sleep(Duration::from_secs(10)).await;
        commands.send(Command::Leave)
    };
    let count = async {
        while let Some(event) = meeting.next_event().await {
            if let MeetingEvent::Stats(stats) = event {
                packets.extend(stats.sources.into_iter().map(|source| (source.source, source.packets)));
            } else {
                println!("{event:?}");
            }
        }
    };
    let ((), left) = tokio::join!(count, leave);
    left.ok();
    for (source, count) in packets {
        println!("{source}: {count} packets");
    }
    Ok(())
}

/// Shows the notice for the link's host and makes the permit that contact needs.
fn note(link: &RoomLink) -> Result<Permit<Contact>, Box<dyn Error>> {
    let target = Target::new(&link.host, link.rn.as_deref())?;
    let notice = Notice::for_target(&target);
    println!("{}\n\nEnter: noted", notice.text(Lang::En));
    stdin().lock().read_line(&mut String::new())?;
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)?;
    let mut rng = ChaCha20Rng::from_seed(seed);
    let circumstances = Circumstances { target: Some(target.clone()), ..Circumstances::default() };
    let mut ledger = Ledger::new(ChainKey::from_bytes([0; 32]));
    ledger.record(Acknowledgement::noted(&notice, Lang::En, circumstances, &mut rng), &mut rng)?.confirm();
    Ok(Gate::replay(&ledger).contact(&target)?)
}
