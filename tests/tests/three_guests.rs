//! Three headless guests in one embedded room: what one says, shows and writes reaches the others as it went in, and a guest that
//! crashes disturbs nobody.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::picture::Film;
use e2e::program::Program;
use e2e::room::Room;
use e2e::sound::{self, RATE};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const JOIN: Duration = Duration::from_secs(20);
const MEET: Duration = Duration::from_secs(24);

/// Eight seconds of speech and eight of silence, in this order or the other way round.
fn turns(home: &Home, name: &str, seed: u32, speaks_first: bool) -> Outcome<(PathBuf, Vec<i16>)> {
    let speech = sound::sentence(8.0, seed);
    let silence = vec![0_i16; 8 * RATE as usize];
    let samples = if speaks_first { [speech.clone(), silence].concat() } else { [silence, speech.clone()].concat() };
    let file = home.path(name);
    sound::write(&file, &samples)?;
    Ok((file, speech))
}

fn only_film(folder: &Path, endpoint: &str) -> Outcome<Film> {
    let entries = std::fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    let names = entries.iter().map(|entry| entry.path());
    let film = names.filter(|path| path.to_string_lossy().contains(endpoint)).max();
    Film::read(&film.ok_or_else(|| format!("no film of {endpoint} in {entries:?}"))?)
}

/// Frame numbers of the readable pictures.
fn numbers(film: &Film) -> Vec<u32> {
    film.pictures.iter().filter_map(|picture| e2e::picture::number(film.width, film.height, picture)).collect()
}

/// In order, and moving. A picture may come twice where the room changes layers: each layer has its own key frame of it.
fn rises(numbers: &[u32]) -> bool {
    let repeated = numbers.windows(2).filter(|pair| pair[0] == pair[1]).count();
    numbers.windows(2).all(|pair| pair[0] <= pair[1]) && repeated <= 10
}

/// Heights of the pictures of `endpoint`, as the guest's own statistics say, newest last.
fn heights(guest: &Program, endpoint: &str) -> Vec<u64> {
    let stats = guest.events("stats");
    let sources = stats.iter().flat_map(|line| line["sources"].as_array().cloned().unwrap_or_default());
    let pictures =
        sources.filter(|source| source["endpoint"] == endpoint && source["kind"] == "video" && source["mine"] == false);
    pictures.filter_map(|source| source["height"].as_u64()).filter(|height| *height > 0).collect()
}

fn packets(line: &Value, endpoint: &str) -> u64 {
    let sources = line["sources"].as_array().cloned().unwrap_or_default();
    sources.iter().filter(|source| source["endpoint"] == endpoint).filter_map(|source| source["packets"].as_u64()).sum()
}

#[test]
fn three_guests_hear_see_and_read_each_other_and_survive_the_crash_of_one() -> Outcome {
    let (host, first, second, third) = (Home::new()?, Home::new()?, Home::new()?, Home::new()?);
    let room = Room::open(&host, "table")?;
    let (alices_file, alices_words) = turns(&first, "alice.wav", 7, true)?;
    let (berts_file, berts_words) = turns(&second, "bert.wav", 99, false)?;
    let (heard, small, large) = (third.path("heard.wav"), third.path("small"), second.path("large"));
    let text = |path: &Path| path.display().to_string();

    let mut bert = room.guest(&second, "Bert", &["--audio-in", &text(&berts_file), "--video-out", &text(&large)])?;
    bert.event("joined", JOIN)?;
    let quiet = ["--audio-out", &text(&heard), "--video-out", &text(&small), "--receive-height", "180"];
    let mut cleo = room.guest(&third, "Cleo", &quiet)?;
    cleo.event("joined", JOIN)?;
    let shows = ["--audio-in", &text(&alices_file), "--video-in", "pattern", "--chat", "Guten Tag zusammen"];
    let mut alice = room.guest(&first, "Alice", &shows)?;
    let alice_id = alice.event("joined", JOIN)?["endpoint"].as_str().unwrap_or_default().to_owned();

    let line = cleo.event("chat", JOIN)?;
    assert_eq!((line["name"].as_str(), line["text"].as_str()), (Some("Alice"), Some("Guten Tag zusammen")));
    let end = Instant::now() + MEET;
    let mut talkers = Vec::new();
    while Instant::now() < end {
        if let Ok(news) = cleo.event("dominant", end.saturating_duration_since(Instant::now())) {
            talkers.push(news["endpoint"].as_str().unwrap_or_default().to_owned());
        }
    }
    assert!(talkers.len() >= 2 && talkers.contains(&alice_id), "talkers: {talkers:?}");

    bert.event("stats", JOIN)?;
    assert_eq!(heights(&bert, &alice_id).last(), Some(&720));
    bert.kill()?;
    cleo.wait("that Bert is gone", Duration::from_secs(20), |line| {
        line["event"] == "participant" && line["change"] == "removed" && line["name"] == "Bert"
    })?;
    let before = packets(&cleo.event("stats", JOIN)?, &alice_id);
    for _ in 0..2 {
        cleo.event("stats", JOIN)?;
    }
    let after = packets(&cleo.event("stats", JOIN)?, &alice_id);
    assert!(after > before + 50, "after the crash {before} packets became {after}");

    assert_eq!(heights(&cleo, &alice_id).last(), Some(&180));
    assert!(cleo.terminate(JOIN)?.success());
    assert!(alice.terminate(JOIN)?.success());

    // The mix holds both of them in turns; each piece must be one of the two, as it was spoken.
    let likeness = sound::likeness(&[alices_words, berts_words].concat(), &sound::read(&heard)?);
    assert!(likeness.pieces >= 60 && likeness.correlation >= 0.9, "{likeness:?}");
    assert!(likeness.level_db.abs() <= 1.0, "{likeness:?}");

    let film = only_film(&small, &alice_id)?;
    assert_eq!(film.height, 180);
    let seen = numbers(&film);
    assert!(seen.len() >= 100 && rises(&seen), "{} pictures, rising: {}", seen.len(), rises(&seen));
    let film = only_film(&large, &alice_id)?;
    let seen = numbers(&film);
    assert!(seen.len() >= 100 && rises(&seen), "{} pictures, rising: {}", seen.len(), rises(&seen));
    Ok(())
}
