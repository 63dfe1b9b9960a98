//! A room of the embedded server for guests of this crate, in one process.
#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice};
use runde_server::{ServeOptions, Server, ServerHandle, Tls};

/// Far more than anything here takes; only a hanging test meets it.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// A gate as it is after somebody noted the notice about rooms on the own computer.
pub fn gate() -> Gate {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let noted = Acknowledgement::noted(&Notice::embedded_room(), Lang::De, Circumstances::default(), &mut rng);
    let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
    ledger.record(noted, &mut rng).unwrap().confirm();
    Gate::replay(&ledger)
}

pub fn serve(tls: Tls) -> ServerHandle {
    let options = ServeOptions { tls, ..ServeOptions::new("127.0.0.1:0".parse().unwrap()) };
    Server::spawn(gate().host().unwrap(), options).unwrap()
}

/// The link of a room on a server that nobody tells to end.
pub fn serve_for_ever(room: &str) -> String {
    let server = serve(Tls::Off);
    let link = server.room_link(room);
    std::mem::forget(server);
    link
}
