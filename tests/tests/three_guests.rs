//! Three headless guests in one embedded room: what one says, shows and writes reaches the others as it went in, and a guest that
//! crashes disturbs nobody.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::picture::Film;
use e2e::program::Program;
use e2e::room::Room;
use e2e::sound::{self, RATE};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const JOIN: Duration = Duration::from_secs(60);
/// The room keeps the seat of a guest whose connection broke for a minute: he may come back.
const SEAT: Duration = Duration::from_secs(120);
/// How long each of the two speaks.
const SPEECH: f32 = 10.0;
/// A change of talker is announced within this time.
const ANNOUNCED: Duration = Duration::from_secs(1);

/// Speech, then silence for longer than the meeting lasts: files loop, and nobody shall speak twice.
fn turn(home: &Home, name: &str, seed: u32) -> Outcome<(String, Vec<i16>)> {
    let speech = sound::sentence(SPEECH, seed);
    let file = home.path(name);
    sound::write(&file, &[speech.clone(), vec![0_i16; 300 * RATE as usize]].concat())?;
    Ok((file.display().to_string(), speech))
}

/// Whether a line of statistics says that the sound of `endpoint` was silent for its whole second, or was not.
fn speaks(line: &Value, endpoint: &str) -> Option<bool> {
    let sources = line["sources"].as_array()?;
    let sound = sources.iter().find(|source| source["endpoint"] == endpoint && source["kind"] == "audio")?;
    sound["level"].as_f64().map(|level| level > -60.0)
}

fn only_film(folder: &Path, endpoint: &str) -> Outcome<Film> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let names = entries.iter().map(|entry| entry.path());
    let film = names.filter(|path| path.to_string_lossy().contains(endpoint)).max();
    Film::read(&film.ok_or_else(|| format!("no film of {endpoint} in {entries:?}"))?)
}

/// In order, and moving all the time. A picture may come twice where the room changes layers: each layer has its own key frame of it.
fn rises(numbers: &[u32]) -> bool {
    let repeated = numbers.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let moving = numbers.windows(15).all(|pictures| pictures.last() > pictures.first());
    numbers.windows(2).all(|pair| pair[0] <= pair[1]) && repeated <= 10 && moving
}

/// Waits until `listener` has heard `endpoint` and then, for a whole second, nothing more of it.
fn wait_for_the_end_of_speech(listener: &mut Program, endpoint: &str) -> Outcome {
    for speaking in [true, false] {
        listener.wait("that somebody speaks and ends", JOIN, |line| speaks(line, endpoint) == Some(speaking))?;
    }
    Ok(())
}

/// Whether a line of statistics says that pictures of `endpoint` came with so many lines.
fn shows(line: &Value, endpoint: &str, lines: u64) -> bool {
    line["sources"].as_array().into_iter().flatten().any(|source| {
        source["endpoint"] == endpoint
            && source["kind"] == "video"
            && source["mine"] == false
            && source["height"] == lines
    })
}

fn packets(line: &Value, endpoint: &str) -> u64 {
    let sources = line["sources"].as_array().cloned().unwrap_or_default();
    sources.iter().filter(|source| source["endpoint"] == endpoint).filter_map(|source| source["packets"].as_u64()).sum()
}

#[test]
fn three_guests_hear_see_and_read_each_other_and_survive_the_crash_of_one() -> Outcome {
    let (host, first, second, third) = (Home::new()?, Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "table")?;
    let (alices_file, alices_words) = turn(&first, "alice.wav", 7)?;
    let (berts_file, berts_words) = turn(&second, "bert.wav", 99)?;
    let (heard, small, large) = (third.path("heard.wav"), third.path("small"), second.path("large"));
    let text = |path: &Path| path.display().to_string();

    let listens = ["--audio-out", &text(&heard), "--video-out", &text(&small), "--receive-height", "180"];
    let mut cleo = room.guest(&third, "Cleo", &listens)?;
    cleo.event("joined", JOIN)?;
    let shown = ["--audio-in", &alices_file, "--video-in", "pattern", "--chat", "Guten Tag zusammen"];
    let mut alice = room.guest(&first, "Alice", &shown)?;
    let alice_id = alice.event("joined", JOIN)?["endpoint"].as_str().unwrap_or_default().to_owned();
    wait_for_the_end_of_speech(&mut cleo, &alice_id)?;
    let line = cleo.ever("Alice's chat line", JOIN, |line| line["event"] == "chat")?;
    assert_eq!((line["name"].as_str(), line["text"].as_str()), (Some("Alice"), Some("Guten Tag zusammen")));
    cleo.wait("180 lines of Alice", JOIN, |line| shows(line, &alice_id, 180))?;

    // Alice is silent, so the next talker is Bert, from the moment his sound has a way.
    let mut bert = room.guest(&second, "Bert", &["--audio-in", &berts_file, "--video-out", &text(&large)])?;
    let bert_id = bert.event("joined", JOIN)?["endpoint"].as_str().unwrap_or_default().to_owned();
    let (speaking, _) = bert.wait_at("connected", JOIN, |line| line["event"] == "connected")?;
    let (announced, _) = cleo
        .wait_at("that Bert talks", JOIN, |line| line["event"] == "dominant" && line["endpoint"] == bert_id.as_str())?;
    let delay = announced.saturating_duration_since(speaking);
    assert!(delay <= ANNOUNCED, "the change of talker was announced after {delay:?}");
    bert.wait("720 lines of Alice", JOIN, |line| shows(line, &alice_id, 720))?;
    wait_for_the_end_of_speech(&mut cleo, &bert_id)?;

    bert.kill()?;
    cleo.wait("that Bert is gone", SEAT, |line| {
        line["event"] == "participant" && line["change"] == "removed" && line["name"] == "Bert"
    })?;
    let before = packets(&cleo.event("stats", JOIN)?, &alice_id);
    for _ in 0..2 {
        cleo.event("stats", JOIN)?;
    }
    let line = cleo.event("stats", JOIN)?;
    let after = packets(&line, &alice_id);
    assert!(after > before + 50, "after the crash {before} packets became {after}");
    assert!(shows(&line, &alice_id, 180), "{line}");
    assert!(cleo.terminate(JOIN)?.success());
    assert!(alice.terminate(JOIN)?.success());

    // The mix holds one after the other; each piece must be one of the two, as it was spoken.
    let likeness = sound::likeness(&[alices_words, berts_words].concat(), &sound::read(&heard)?);
    println!("the mix: {likeness:?}; change of talker announced after {delay:?}");
    assert!(likeness.pieces >= 60 && likeness.correlation >= 0.9, "{likeness:?}");
    assert!(likeness.level_db.abs() <= 1.0, "{likeness:?}");

    let film = only_film(&small, &alice_id)?;
    assert_eq!(film.height, 180);
    assert!(film.numbers.len() >= 100 && rises(&film.numbers), "{:?}", film.numbers);
    let film = only_film(&large, &alice_id)?;
    assert!(film.numbers.len() >= 100 && rises(&film.numbers), "{:?}", film.numbers);
    Ok(())
}

#[test]
fn a_guest_who_is_removed_hears_that_and_nothing_of_a_connection_that_broke() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "garden")?;
    let mut ada = room.ordered(&first, "Ada", &["--audio-in", "tone"])?;
    ada.event("joined", JOIN)?;
    let mut bo = room.guest(&second, "Bo", &["--audio-in", "tone"])?;
    bo.event("connected", JOIN)?;
    ada.say("kick Bo")?;
    assert_eq!(bo.event("left", JOIN)?["reason"], "kicked");
    assert_eq!(bo.events("reconnecting"), Vec::<Value>::new());
    Ok(())
}
