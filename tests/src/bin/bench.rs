//! The benchmarks behind docs/benchmarks.md: `join` (how quickly one is in, hears, sees) and `cpu` (what a guest costs).
//!
//! Run by `cargo xtask bench`, in release mode, on a machine that does nothing else.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::room::Room;
use runde_client::{AudioIn, JoinOptions, Meeting, MeetingEvent, MeetingHandle, RoomLink, VideoIn};
use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice, Target};
use std::time::{Duration, Instant};

const RUNS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(20);
/// CPU time is taken over this long, after as long a start.
const WINDOW: Duration = Duration::from_secs(10);

fn main() -> Outcome {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|word| word == name);
    if wanted("join") {
        tokio::runtime::Runtime::new()?.block_on(join())?;
    }
    if wanted("cpu") {
        cpu()?;
    }
    Ok(())
}

/// Milliseconds from the link to joined, to the first sound, to the first picture, of one guest.
struct Arrival {
    joined: f64,
    sound: f64,
    picture: f64,
}

async fn join() -> Outcome {
    let home = Home::new()?;
    let room = Room::open(&home, "bench")?;
    let talker = guest(&room.link, true)?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let mut arrivals = Vec::new();
    for _ in 0..RUNS {
        arrivals.push(tokio::time::timeout(PATIENCE, arrive(&room.link)).await??);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    drop(talker);
    println!("join, {RUNS} runs on loopback with TLS, milliseconds   median    p95");
    row("link to joined", arrivals.iter().map(|arrival| arrival.joined).collect());
    row("link to first sound", arrivals.iter().map(|arrival| arrival.sound).collect());
    row("link to first picture", arrivals.iter().map(|arrival| arrival.picture).collect());
    Ok(())
}

fn row(name: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() - 1) as f64 * share).round() as usize).copied().unwrap_or(f64::NAN);
    println!("  {name:46} {:8.0} {:6.0}", at(0.5), at(0.95));
}

async fn arrive(link: &str) -> Outcome<Arrival> {
    let start = Instant::now();
    let mut meeting = guest(link, false)?;
    let since = || start.elapsed().as_secs_f64() * 1000.0;
    while !matches!(meeting.next_event().await.ok_or("the meeting ended")?, MeetingEvent::Joined { .. }) {}
    let joined = since();
    let (mut sound, mut picture) = (None, None);
    while sound.is_none() || picture.is_none() {
        tokio::time::sleep(Duration::from_millis(2)).await;
        while let Ok(event) = meeting.events().try_recv() {
            let MeetingEvent::Stats(stats) = event else { continue };
            let first = stats.sources.iter().find_map(|source| source.first_sound);
            sound = sound.or(first.map(|after| after.as_secs_f64() * 1000.0));
        }
        let people = meeting.state().borrow().people.clone();
        let source = people.iter().flat_map(|person| &person.sources).find(|source| source.name.ends_with("-v0"));
        let shown = source.and_then(|source| meeting.pictures(&source.name)).is_some_and(|box_| box_.puts() > 0);
        picture = picture.or_else(|| shown.then(since));
    }
    Ok(Arrival { joined, sound: sound.unwrap_or(f64::NAN), picture: picture.unwrap_or(f64::NAN) })
}

fn guest(link: &str, talks: bool) -> Outcome<MeetingHandle> {
    let link = RoomLink::parse(link, "meet.jit.si")?;
    let target = Target::new(&link.host, link.rn.as_deref())?;
    let mut options = JoinOptions::new(link, if talks { "Talker" } else { "Guest" });
    if talks {
        (options.audio_in, options.microphone) = (AudioIn::Tone, true);
        (options.video_in, options.camera) = (VideoIn::Pattern, true);
    }
    Ok(Meeting::spawn(gate()?.contact(&target)?, options)?)
}

/// A gate as after the notice about rooms on one's own computer was noted.
fn gate() -> Outcome<Gate> {
    let mut random = Fixed;
    let noted = Acknowledgement::noted(&Notice::embedded_room(), Lang::De, Circumstances::default(), &mut random);
    let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
    ledger.record(noted, &mut random)?.confirm();
    Ok(Gate::replay(&ledger))
}

/// The ledger of a benchmark protects nothing.
struct Fixed;

impl rand_core::RngCore for Fixed {
    fn next_u32(&mut self) -> u32 {
        7
    }
    fn next_u64(&mut self) -> u64 {
        7
    }
    fn fill_bytes(&mut self, to: &mut [u8]) {
        to.fill(7);
    }
}

/// A headless guest in a call of two with 720 lines: three layers while the other wants 720, one while the other wants 180.
fn cpu() -> Outcome {
    println!("cpu, call of two, 1280x720 sent and received, headless          cores   PSS MB");
    for (name, lines) in [("three layers wanted (720 lines)", "720"), ("one layer wanted (180 lines)", "180")] {
        let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
        let room = Room::open(&host, "bench")?;
        let media = ["--audio-in", "tone", "--video-in", "pattern"];
        let other = [&media[..], &["--receive-height", lines]].concat();
        let mut measured = room.guest(&first, "Measured", &media)?;
        let mut peer = room.guest(&second, "Peer", &other)?;
        measured.event("connected", PATIENCE)?;
        peer.event("connected", PATIENCE)?;
        std::thread::sleep(WINDOW);
        let (before, start) = (cpu_seconds(&measured)?, Instant::now());
        std::thread::sleep(WINDOW);
        let cores = (cpu_seconds(&measured)? - before) / start.elapsed().as_secs_f64();
        println!("  {name:60} {cores:6.2} {:7.0}", proportional_megabytes(measured.id())?);
    }
    Ok(())
}

/// User and system time so far (proc(5), fields 14 and 15 in clock ticks of 10 ms).
fn cpu_seconds(program: &Program) -> Outcome<f64> {
    let text = std::fs::read_to_string(format!("/proc/{}/stat", program.id()))?;
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks = |index: usize| -> f64 { fields.get(index).and_then(|field| field.parse().ok()).unwrap_or(0.0) };
    Ok((ticks(11) + ticks(12)) / 100.0)
}

fn proportional_megabytes(id: u32) -> Outcome<f64> {
    let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let kilobytes: f64 =
        line.and_then(|rest| rest.split_whitespace().next()).and_then(|n| n.parse().ok()).unwrap_or(0.0);
    Ok(kilobytes / 1024.0)
}
