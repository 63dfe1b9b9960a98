//! Dropping the handle of a meeting ends every thread it started. A process of its own, since threads are counted.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)] // a test that cannot go on has failed

use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;
use rand_core::SeedableRng;
use runde_client::{AudioIn, JoinOptions, Meeting, MeetingEvent, RoomLink, VideoIn};
use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice, Target};
use runde_server::{ServeOptions, Server, Tls};

/// Far more than it takes; only a hanging test meets it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Threads that media and devices start, by the beginning of their names.
const OURS: [&str; 5] = ["mic", "cam", "enc-video", "dec-", "dev-watch"];

fn our_threads() -> Vec<String> {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap();
    let name = |task: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(task.ok()?.path().join("comm")).ok();
    let names = tasks.filter_map(name).map(|name| name.trim().to_owned());
    names.filter(|name| OURS.iter().any(|known| name.starts_with(known))).collect()
}

async fn wait_until(what: &str, mut true_now: impl FnMut() -> bool) {
    let began = Instant::now();
    while !true_now() {
        assert!(began.elapsed() < PATIENCE, "{what} never happened: {:?}", our_threads());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dropped_meeting_leaves_no_thread_behind() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
    let noted = Acknowledgement::noted(&Notice::embedded_room(), Lang::De, Circumstances::default(), &mut rng);
    ledger.record(noted, &mut rng).unwrap().confirm();
    let gate = Gate::replay(&ledger);
    let serve = ServeOptions { tls: Tls::Off, ..ServeOptions::new("127.0.0.1:0".parse().unwrap()) };
    let server = Server::spawn(gate.host().unwrap(), serve).unwrap();
    let link = RoomLink::parse(&server.room_link("garden"), "meet.jit.si").unwrap();
    let permit = gate.contact(&Target::new(&link.host, link.rn.as_deref()).unwrap()).unwrap();
    let mut options = JoinOptions::new(link, "Ada");
    (options.audio_in, options.microphone) = (AudioIn::Tone, true);
    (options.video_in, options.camera) = (VideoIn::Pattern, true);

    let mut meeting = Meeting::spawn(permit, options).unwrap();
    let joined = async { while !matches!(meeting.next_event().await, Some(MeetingEvent::Joined { .. })) {} };
    tokio::time::timeout(PATIENCE, joined).await.unwrap();
    wait_until("microphone, camera, encoder and mixer", || our_threads().len() >= 4).await;
    drop(meeting);
    wait_until("the end of all threads", || our_threads().is_empty()).await;
}
