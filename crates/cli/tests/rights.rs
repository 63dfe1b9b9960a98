//! `rights`, as a person runs it.

#![allow(clippy::unwrap_used)]

mod hand;

use std::fs;
use std::path::{Path, PathBuf};

use runde_privacy::{Lang, Notice};
use serde_json::Value;

use hand::{cli, code, done, said, text};

fn note(home: &Path, place: &str, lang: Lang) {
    let target = runde_privacy::Target::new(place, None).unwrap();
    let hash = Notice::for_target(&target).sha256(lang);
    done(home, &["notice", place, "--ack", &hash]);
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

fn holdings(home: &Path) -> Vec<Value> {
    let shown = text(&done(home, &["rights", "show", "--json"]));
    shown.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every command that writes, each in every way.
fn tour(home: &Path) {
    note(home, "meet.jit.si", Lang::De);
    note(home, "marker.example", Lang::DeSimple);
    let own = Notice::embedded_room().sha256(Lang::En);
    done(home, &["notice", "embedded-room", "--ack", &own]);
    done(home, &["rights", "object", "other.example"]);
    done(home, &["rights", "object", "again.example"]);
    done(home, &["rights", "lift", "again.example"]);
    done(home, &["rights", "grant", "display-name"]);
    done(home, &["rights", "edit", "display-name", "Ada"]);
    done(home, &["rights", "edit", "theme", "dark"]);
    done(home, &["rights", "withdraw", "recent-rooms"]);
    done(home, &["rights", "consents"]);
    done(home, &["rights", "erase", "acknowledgements/2"]);
    for words in [&["ledger", "verify"][..], &["ledger", "export"], &["doctor"], &["rights", "show"]] {
        done(home, words);
    }
    done(home, &["rights", "export", home.join("export.json").to_str().unwrap()]);
    assert_eq!(code(&cli(home, &["join", "https://other.example/r", "--name", "A"])), 3);
}

#[test]
fn after_a_tour_of_every_command_the_page_explains_every_file_and_every_field() {
    let home = tempfile::tempdir().unwrap();
    tour(home.path());
    let held = holdings(home.path());
    for file in &held {
        assert_eq!(file["known"], true, "{file}");
        let fields = file["fields"].as_array().unwrap();
        assert!(fields.iter().all(|field| field["says"].is_string()), "{file}");
    }
    let mut shown: Vec<_> = held.iter().map(|file| PathBuf::from(file["file"].as_str().unwrap())).collect();
    let mut there = [files(&home.path().join("data")), files(&home.path().join("config"))].concat();
    shown.sort();
    there.sort();
    assert_eq!(shown, there);
    assert!(there.len() >= 3, "ledger, key, lock");
    let page = text(&done(home.path(), &["rights", "show", "--lang", "de"]));
    assert!(page.contains("Aufbewahrung: bis Sie es löschen") && page.contains("meet.jit.si"));

    fs::write(home.path().join("data/stray"), "x").unwrap();
    assert!(holdings(home.path()).iter().any(|file| file["known"] == false));
}

#[test]
fn joining_somebody_one_objected_to_ends_with_three_until_it_is_lifted() {
    let home = tempfile::tempdir().unwrap();
    let link = "https://127.0.0.1:9/room";
    note(home.path(), "127.0.0.1", Lang::En);
    done(home.path(), &["rights", "object", "127.0.0.1"]);
    let hash = Notice::for_target(&runde_privacy::Target::new("127.0.0.1", None).unwrap()).sha256(Lang::En);
    for words in [&["join", link, "--name", "A"][..], &["join", link, "--name", "A", "--notice-ack", &hash]] {
        let refused = cli(home.path(), words);
        assert_eq!(code(&refused), 3);
        assert!(said(&refused).contains("You objected") && said(&refused).contains("rights lift 127.0.0.1"));
    }
    assert!(text(&done(home.path(), &["ledger"])).trim_end().ends_with(" objected"));
    assert!(said(&done(home.path(), &["rights", "object", "127.0.0.1"])).contains("already"));
    done(home.path(), &["rights", "lift", "127.0.0.1"]);
    assert!(said(&done(home.path(), &["rights", "lift", "127.0.0.1"])).contains("No objection"));
    let joined = cli(home.path(), &["join", link, "--name", "A"]);
    assert_eq!(code(&joined), 4, "the gate is open again and nothing listens there: {}", said(&joined));
    assert_eq!(code(&cli(home.path(), &["rights", "object", "embedded-room"])), 2, "nobody objects to themselves");
}

#[test]
fn a_profile_is_taken_to_another_folder() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    tour(here.path());
    let file = here.path().join("export.json").display().to_string();
    assert_eq!(code(&cli(here.path(), &["rights", "export", &file])), 1, "an existing file is not overwritten");
    done(there.path(), &["rights", "import", &file]);
    let records = |home: &Path| -> Value {
        let mut archive: Value = serde_json::from_str(&text(&done(home, &["rights", "export", "-"]))).unwrap();
        archive.as_object_mut().unwrap().remove("json_ld");
        archive
    };
    assert_eq!(records(here.path()), records(there.path()));
    assert_eq!(code(&cli(there.path(), &["rights", "import", &file])), 1, "a used profile is not overwritten");
    fs::write(there.path().join("odd"), "{}").unwrap();
    let odd = there.path().join("odd").display().to_string();
    assert_eq!(code(&cli(there.path(), &["rights", "import", &odd])), 2);
    done(there.path(), &["ledger", "verify"]);
}

#[test]
fn what_is_erased_is_found_nowhere_and_the_ledger_says_erased() {
    let home = tempfile::tempdir().unwrap();
    tour(home.path());
    let verified = text(&done(home.path(), &["ledger", "verify"]));
    assert!(verified.contains("sound, 6 lines, 1 of them erased"), "{verified}");
    let holds = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).unwrap()).contains("marker.example");
    assert_eq!(files(&home.path().join("data")).into_iter().filter(holds).count(), 0);
    let kept = said(&done(home.path(), &["rights", "erase", "acknowledgements"]));
    assert!(kept.contains("other.example") && kept.contains("rights lift"));
    assert_eq!(code(&cli(home.path(), &["rights", "erase", "shoes"])), 2);
    done(home.path(), &["rights", "erase", "all"]);
    assert_eq!(files(home.path()), [home.path().join("export.json")], "the export is the person's own file");
}

#[test]
fn a_letter_is_written_as_text_and_as_pdf_and_nothing_of_it_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let (from, pdf) = (home.path().join("me.txt"), home.path().join("letter.pdf"));
    fs::write(&from, "Ada Şahin\nHauptstraße 1\n12345 Musterstadt\n").unwrap();
    let (from, pdf) = (from.display().to_string(), pdf.display().to_string());
    let call = ["rights", "letter", "15", "--to", "meet.jit.si", "--from", &from, "--date", "2026-11-24"];
    let written = done(home.path(), &call);
    let letter = text(&written);
    assert!(letter.contains("Ada Şahin") && letter.contains("675 Creekside Way"), "{letter}");
    assert!(letter.contains("24 November 2026") && said(&written).contains("2026-12-24"));
    let german = text(&done(home.path(), &[&call[..], &["--lang", "de"]].concat()));
    assert!(german.contains("Auskunft nach Art. 15 DSGVO: meet.jit.si"));
    done(home.path(), &[&call[..], &["--pdf", &pdf]].concat());
    assert!(fs::read(&pdf).unwrap().starts_with(b"%PDF-"));
    assert!(!home.path().join("data").exists(), "a letter needs no profile");
}

#[test]
fn an_address_that_no_notice_states_is_asked_for_and_not_invented() {
    let home = tempfile::tempdir().unwrap();
    let refused = cli(home.path(), &["rights", "letter", "17", "--to", "meet.example.org"]);
    assert_eq!(code(&refused), 2);
    assert!(said(&refused).contains("--address"));
    let address = home.path().join("a.txt");
    fs::write(&address, "Verein\nWeg 2\n54321 Ort\n").unwrap();
    let address = address.display().to_string();
    let letter =
        text(&done(home.path(), &["rights", "letter", "17", "--to", "meet.example.org", "--address", &address]));
    assert!(letter.contains("Verein\nWeg 2\n54321 Ort") && letter.contains("meet.example.org"));
    let complaint = cli(home.path(), &["rights", "letter", "77", "--to", "meet.jit.si", "--authority", "he"]);
    assert_eq!(code(&complaint), 2);
    assert!(said(&complaint).contains("datenschutz.hessen.de"));
    let call = ["rights", "letter", "77", "--to", "meet.jit.si", "--authority", "he", "--address", &address];
    assert!(text(&done(home.path(), &call)).contains("8×8, Inc."));
}

#[test]
fn bad_calls_of_rights_end_with_two_and_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    for words in [
        &["rights"][..],
        &["rights", "dance"],
        &["rights", "erase"],
        &["rights", "object"],
        &["rights", "letter"],
        &["rights", "letter", "15"],
        &["rights", "letter", "22", "--to", "meet.jit.si"],
        &["rights", "letter", "15", "--to", "meet.jit.si", "--date", "24.11.2026"],
        &["rights", "letter", "77", "--to", "meet.jit.si"],
    ] {
        let output = cli(home.path(), words);
        assert_eq!(code(&output), 2, "{words:?}");
        assert!(!said(&output).is_empty(), "{words:?}");
    }
}

fn consents(home: &Path) -> Vec<(String, bool, bool)> {
    let lines = text(&done(home, &["rights", "consents", "--json"]));
    let read = |line: &str| serde_json::from_str::<Value>(line).unwrap();
    let told = |event: Value| {
        let flag = |name: &str| event[name].as_bool().unwrap();
        (event["purpose"].as_str().unwrap().to_owned(), flag("granted"), flag("may_ask"))
    };
    lines.lines().map(read).map(told).collect()
}

#[test]
fn a_withdrawal_is_in_force_when_the_command_returns_and_nobody_is_asked_again() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(consents(home.path())[1], ("display-name".into(), false, true));
    assert_eq!(code(&cli(home.path(), &["rights", "edit", "display-name", "Zwetschge"])), 2, "without the consent");
    done(home.path(), &["rights", "grant", "display-name"]);
    done(home.path(), &["rights", "edit", "display-name", "Zwetschge"]);
    assert_eq!(consents(home.path())[1], ("display-name".into(), true, false));
    let settings = || fs::read_to_string(home.path().join("config/settings.json")).unwrap();
    assert!(settings().contains("Zwetschge"));
    done(home.path(), &["rights", "withdraw", "display-name"]);
    assert!(!settings().contains("Zwetschge"));
    assert_eq!(consents(home.path())[1], ("display-name".into(), false, false));
    assert_eq!(code(&cli(home.path(), &["rights", "grant", "analytics"])), 2);
}

#[test]
fn a_correction_says_what_it_corrected_and_what_it_cannot() {
    let home = tempfile::tempdir().unwrap();
    assert!(said(&done(home.path(), &["rights", "edit", "default-server", "meet.example"])).contains("default-server"));
    for words in [["default-server", "a b"], ["theme", "pink"], ["payload.host", "x"], ["operator.name", "x"]] {
        assert_eq!(code(&cli(home.path(), &["rights", "edit", words[0], words[1]])), 2, "{words:?}");
    }
    assert_eq!(code(&cli(home.path(), &["rights", "edit", "theme"])), 2);
}
