//! A room that sends each guest one voice and one picture at a time, under the same two SSRCs: who is heard and seen changes, and what
//! is heard and seen is always theirs.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::picture::Film;
use e2e::program::Program;
use e2e::room::Room;
use e2e::sound::{self, RATE};
use runde_devices::pattern::Pattern;
use runde_devices::y4m;
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

const JOIN: Duration = Duration::from_secs(60);
/// How long each speaks.
const SPEECH: f32 = 8.0;
/// Pictures in the file of each guest; the file loops.
const PICTURES: u64 = 90;

/// Three who speak and show something, one after the other.
struct Talker {
    endpoint: String,
    words: Vec<i16>,
    /// Number of its first picture.
    first: u64,
    program: Program,
}

/// A film whose barcodes nobody else has.
fn film(home: &Home, first: u64) -> Outcome<String> {
    let file = home.path("camera.y4m");
    let (pattern, mut writer) = (Pattern::new(320, 180), y4m::Writer::create(&file, 15)?);
    for number in first..first + PICTURES {
        writer.picture(&pattern.draw(number, number, Instant::now()))?;
    }
    Ok(file.display().to_string())
}

/// Speech, then silence for longer than the meeting lasts: files loop, and nobody shall speak twice.
fn turn(home: &Home, seed: u32) -> Outcome<(String, Vec<i16>)> {
    let (speech, file) = (sound::sentence(SPEECH, seed), home.path("microphone.wav"));
    sound::write(&file, &[speech.clone(), vec![0_i16; 300 * RATE as usize]].concat())?;
    Ok((file.display().to_string(), speech))
}

fn sources<'a>(line: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    let all = line["sources"].as_array().into_iter().flatten();
    all.filter(move |source| source["kind"] == kind && source["mine"] == false)
}

/// Whether a line of statistics says that the sound of `endpoint` was heard in its whole second; `None` where it has no SSRC.
fn speaks(line: &Value, endpoint: &str) -> Option<bool> {
    let sound = sources(line, "audio").find(|source| source["endpoint"] == endpoint)?;
    sound["level"].as_f64().map(|level| level > -60.0)
}

fn shows(line: &Value, endpoint: &str) -> bool {
    sources(line, "video").any(|source| source["endpoint"] == endpoint && source["fps"].as_f64() > Some(3.0))
}

/// Somebody comes, speaks and is seen by `listener`, and falls silent.
fn take_turn(room: &Room, home: &Home, listener: &mut Program, number: u32) -> Outcome<Talker> {
    let first = u64::from(number) * 1_000;
    let ((microphone, words), camera) = (turn(home, 7 * number)?, film(home, first)?);
    let name = format!("Guest {number}");
    let options = ["--audio-in", &microphone, "--video-in", &camera, "--receive-height", "180", "--layers", "1"];
    let mut program = room.guest(home, &name, &options)?;
    let endpoint = program.event("joined", JOIN)?["endpoint"].as_str().unwrap_or_default().to_owned();
    listener.wait("the talker's voice", JOIN, |line| speaks(line, &endpoint) == Some(true))?;
    listener.wait("the talker's picture", JOIN, |line| shows(line, &endpoint))?;
    listener.wait("silence", JOIN, |line| speaks(line, &endpoint) == Some(false))?;
    Ok(Talker { endpoint, words, first, program })
}

/// Numbers of all recorded pictures of one endpoint.
fn numbers(folder: &Path, endpoint: &str) -> Outcome<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.to_string_lossy().contains(endpoint) {
            numbers.extend(Film::read(&path)?.numbers);
        }
    }
    Ok(numbers)
}

#[test]
fn with_one_slot_for_three_talkers_each_is_heard_and_seen_as_themselves() -> Outcome {
    let (host, ear) = (Home::new()?, Home::new()?);
    let homes = [Home::new()?, Home::new()?, Home::new()?];
    let room = Room::open_with(&host, "narrow", &["--tls", "self-signed", "--slots", "1"])?;
    let (heard, seen) = (ear.path("heard.wav"), ear.path("seen"));
    let text = |path: &Path| path.display().to_string();
    let listens = ["--audio-out", &text(&heard), "--video-out", &text(&seen), "--receive-height", "180"];
    let mut listener = room.guest(&ear, "Listener", &listens)?;
    listener.event("joined", JOIN)?;

    let mut talkers = Vec::new();
    for (number, home) in (1..).zip(&homes) {
        talkers.push(take_turn(&room, home, &mut listener, number)?);
    }
    let line = listener.event("stats", JOIN)?;
    let now = |kind| sources(&line, kind).map(|source| source["endpoint"].clone()).collect::<Vec<_>>();
    let last = Value::from(talkers[2].endpoint.as_str());
    assert_eq!((now("audio"), now("video")), (vec![last.clone()], vec![last]), "one of each kind");
    assert!(listener.terminate(JOIN)?.success());

    let mut words = Vec::new();
    for talker in talkers {
        let own = talker.first..talker.first + PICTURES;
        let numbers = numbers(&seen, &talker.endpoint)?;
        let strange: Vec<&u32> = numbers.iter().filter(|number| !own.contains(&u64::from(**number))).collect();
        println!("{} pictures of {own:?}", numbers.len());
        assert!(numbers.len() >= 20 && strange.is_empty(), "{} pictures of {own:?}; {strange:?}", numbers.len());
        words.extend(talker.words);
        assert!(talker.program.terminate(JOIN)?.success());
    }
    // The mix holds one after the other; each piece must be one of the three, as it was spoken.
    let likeness = sound::likeness(&words, &sound::read(&heard)?);
    println!("the mix: {likeness:?}");
    assert!(likeness.pieces >= 70 && likeness.correlation >= 0.9, "{likeness:?}");
    Ok(())
}
