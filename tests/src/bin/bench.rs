//! The benchmarks behind docs/benchmarks.md: `join` (how quickly one is in, hears, sees; `--peer chromium` sets Jitsi's own library beside it) and `cpu` (what a guest and the app cost).
//!
//! Run by `cargo xtask bench`, in release mode, on a machine that does nothing else.

use e2e::Outcome;
use e2e::cost::{Cost, tree};
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::built;
use e2e::room::Room;
use e2e::stock::Stock;
use e2e::web::Web;
use runde_client::{AudioIn, JoinOptions, Meeting, MeetingEvent, MeetingHandle, RoomLink, VideoIn};
use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice, Target};
use std::time::{Duration, Instant};

const RUNS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(20);
/// The tile that the aim for the app speaks of, in pixels.
const TILE: (u64, u64) = (640, 360);
/// CPU time is taken over this long, after as long a start.
const WINDOW: Duration = Duration::from_secs(10);

fn main() -> Outcome {
    let mut named: Vec<String> = std::env::args().skip(1).collect();
    let against = named.iter().position(|word| word == "--peer");
    if let Some(at) = against {
        let peer: Vec<String> = named.drain(at..(at + 2).min(named.len())).collect();
        if peer.get(1).map(String::as_str) != Some("chromium") || named != ["join"] {
            return Err("it reads: join --peer chromium".into());
        }
        return tokio::runtime::Runtime::new()?.block_on(join_beside_chromium());
    }
    if let Some(unknown) = named.iter().find(|word| !["join", "cpu"].contains(&word.as_str())) {
        return Err(format!("no benchmark {unknown}; there are: join cpu").into());
    }
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

/// Ours and Jitsi's own library in Chromium by turns, in one room, in one run; both without TLS and without media of their own.
async fn join_beside_chromium() -> Outcome {
    let home = Home::new()?;
    let room = Room::open_with(&home, "bench", &["--tls", "off"])?;
    let talker = guest(&room.link, true)?;
    let stock = Stock::start(&room).await?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    // The first of each is a warm-up.
    for run in 0..=RUNS {
        let our = tokio::time::timeout(PATIENCE, arrive(&room.link)).await??;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let their = stock.arrive().await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        if run > 0 {
            ours.push(our);
            theirs.push(their);
        }
    }
    drop(talker);
    stock.end().await?;
    println!("join, {RUNS} runs on loopback without TLS, by turns, milliseconds   median    p95");
    row("joined, this program", ours.iter().map(|our| our.joined).collect());
    row("joined, lib-jitsi-meet in Chromium", theirs.iter().map(|their| their.0).collect());
    row("first picture, this program", ours.iter().map(|our| our.picture).collect());
    row("first picture, lib-jitsi-meet in Chromium", theirs.iter().map(|their| their.1).collect());
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

/// A call of two: what a headless guest costs, and what the app costs.
fn cpu() -> Outcome {
    println!("cpu, call of two, one source of 1280x720                         cores   PSS MB");
    headless("headless guest, sends 720, 360 and 180 lines, sees 720", "720", 0.6)?;
    headless("headless guest, sends 180 lines (nobody wants more), sees 720", "180", 0.4)?;
    tokio::runtime::Runtime::new()?.block_on(app())
}

fn line(name: &str, cores: f64, megabytes: f64) {
    println!("  {name:62} {cores:6.2} {megabytes:7.0}");
}

/// Makes the window so large that the guest's tile has about the size that the aim speaks of; answers the size it then has.
async fn sized(web: &Web) -> Outcome<(u64, u64)> {
    const SIZE: &str = "const hole = [...document.querySelectorAll('.tile .picture')].find(each => each.clientWidth > 0); return hole ? [hole.clientWidth, hole.clientHeight] : null";
    /// Two tiles share what a window gains, and which way they lie may change, so one step rarely does.
    const STEPS: usize = 12;
    for _ in 0..STEPS {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = web.until("the guest's tile", PATIENCE, SIZE, |size| !size.is_null()).await?;
        let tile = (now[0].as_u64().ok_or("no width")?, now[1].as_u64().ok_or("no height")?);
        if tile.0.abs_diff(TILE.0) <= TILE.0 / 100 && tile.1.abs_diff(TILE.1) <= TILE.1 / 100 {
            return Ok(tile);
        }
        let window = web.client.get_window_size().await?;
        let fitting = |have: u64, tile: u64, aim: u64| u32::try_from((have + 2 * aim).saturating_sub(2 * tile));
        web.client.set_window_size(fitting(window.0, tile.0, TILE.0)?, fitting(window.1, tile.1, TILE.1)?).await?;
    }
    Err("the guest's tile does not come to its size".into())
}

/// How busy processes were between two moments.
fn cores(before: &[Cost], after: &[Cost], time: Duration) -> Vec<(String, f64)> {
    let busy = |cost: &Cost| {
        let start = before.iter().find(|earlier| earlier.id == cost.id).map_or(0.0, |earlier| earlier.cpu);
        (cost.name.clone(), (cost.cpu - start) / time.as_secs_f64())
    };
    after.iter().map(busy).collect()
}

/// `wanted`: how many lines the other one asks for, which decides the layers that are sent.
fn headless(name: &str, wanted: &str, aim: f64) -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "bench")?;
    let media = ["--audio-in", "tone", "--video-in", "pattern"];
    let other = [&media[..], &["--receive-height", wanted]].concat();
    let mut measured = room.guest(&first, "Measured", &media)?;
    let mut peer = room.guest(&second, "Peer", &other)?;
    measured.event("connected", PATIENCE)?;
    peer.event("connected", PATIENCE)?;
    std::thread::sleep(WINDOW);
    let (before, start) = (vec![Cost::of(measured.id())?], Instant::now());
    std::thread::sleep(WINDOW);
    let after = vec![Cost::of(measured.id())?];
    let busy: f64 = cores(&before, &after, start.elapsed()).iter().map(|(_, cores)| cores).sum();
    line(&format!("{name} (aim {aim})"), busy, after[0].megabytes()?);
    Ok(())
}

/// The app in its window on a virtual display with software drawing, its microphone on; each of its processes by itself.
async fn app() -> Outcome {
    let (host, home, other) = (Home::new()?, Home::new()?, Home::new()?);
    // High enough for that tile below one's own.
    let desktop = Desktop::start_with(&home, "1280x1024x24")?;
    let room = Room::open(&host, "bench")?;
    let mut note = std::process::Command::new(built("RUNDE_CLI")?);
    home.apply(&mut note);
    if !note.args(["notice", &room.link, "--ack", &room.notice]).output()?.status.success() {
        return Err("the notice could not be noted".into());
    }
    let web = Web::app(&home, &desktop, &built("RUNDE_BIN")?, &[&room.link]).await?;
    web.press("Mikrofon").await?;
    web.press("Beitreten").await?;
    let mut guest = room.guest(&other, "Guest", &["--audio-in", "tone", "--video-in", "pattern"])?;
    guest.event("connected", PATIENCE)?;
    let size = sized(&web).await?;
    tokio::time::sleep(WINDOW).await;
    let (before, start) = (tree(web.driver())?, Instant::now());
    tokio::time::sleep(WINDOW).await;
    let after = tree(web.driver())?;
    let (mut all, mut memory) = (0.0, 0.0);
    for (cost, (name, cores)) in after.iter().zip(cores(&before, &after, start.elapsed())) {
        let megabytes = cost.megabytes()?;
        let what = match name.as_str() {
            "runde" => "app: signalling, sound, decoding",
            "WebKitWebProces" => "app: web view, drawing in software",
            "WebKitNetworkPr" => "app: web view, local files",
            _ => continue,
        };
        (all, memory) = (all + cores, memory + megabytes);
        line(what, cores, megabytes);
    }
    line(&format!("app altogether, one tile of {}x{} (aim 1.1 at {}x{})", size.0, size.1, TILE.0, TILE.1), all, memory);
    web.client.close().await?;
    Ok(())
}
