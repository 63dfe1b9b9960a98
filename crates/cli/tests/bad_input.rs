//! What goes wrong around a profile, from outside: programs that come at once, files of a later version, a disk that is full. Each time
//! a sentence, nothing lost, and nobody contacted on the strength of what cannot be read.

#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

mod hand;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use hand::{cli, command, said, text};

fn hash_of(home: &Path, place: &str) -> String {
    hand::hash_of(&cli(home, &["notice", place]))
}

fn note(home: &Path, place: &str) -> Output {
    cli(home, &["notice", place, "--ack", &hash_of(home, place)])
}

/// The hosts whose notices are on record.
fn noted(home: &Path) -> Vec<String> {
    let exported: Value = serde_json::from_str(&text(&cli(home, &["ledger", "export"]))).unwrap();
    let records = exported["acknowledgements"].as_array().unwrap();
    records.iter().map(|receipt| receipt["record"]["host"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn programs_that_note_at_once_wait_for_each_other_and_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let places: Vec<String> = (0..6).map(|number| format!("h{number}.example")).collect();
    let hashes: Vec<String> = places.iter().map(|place| hash_of(home.path(), place)).collect();
    let start = |(place, hash): (&String, &String)| {
        let mut command = command(home.path(), &["notice", place, "--ack", hash]);
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let started: Vec<_> = places.iter().zip(&hashes).map(start).collect();
    for mut one in started {
        assert!(one.wait().unwrap().success());
    }
    let mut kept = noted(home.path());
    kept.sort();
    assert_eq!(kept, places);
    assert!(cli(home.path(), &["ledger", "verify"]).status.success());
}

#[test]
fn a_ledger_of_a_later_version_is_kept_and_opens_nothing() {
    let home = tempfile::tempdir().unwrap();
    assert!(note(home.path(), "127.0.0.1").status.success());
    let ledger = home.path().join("data/acknowledgements.ledger");
    let later = fs::read_to_string(&ledger).unwrap().replacen("{\"v\":1,", "{\"v\":2,", 1);
    fs::write(&ledger, &later).unwrap();
    assert_eq!(cli(home.path(), &["ledger", "verify"]).status.code(), Some(1));
    let export = home.path().join("contacts.json");
    let refused = cli(
        home.path(),
        &["join", "http://127.0.0.1:9/garden", "--name", "Ada", "--contacts", &export.display().to_string()],
    );
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    assert!(said(&refused).contains("acknowledgements.ledger"), "{}", said(&refused));
    let contacts: Value = serde_json::from_slice(&fs::read(&export).unwrap()).unwrap();
    assert_eq!(contacts["contacts"], serde_json::json!([]), "nobody was contacted");
    let kept = fs::read_dir(home.path().join("data")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<_> = kept.filter(|path| path.to_string_lossy().contains(".damaged-")).collect();
    assert_eq!(kept.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>(), [later]);
}

#[test]
fn settings_of_a_later_version_are_read_as_far_as_they_are_known() {
    let home = tempfile::tempdir().unwrap();
    fs::create_dir_all(home.path().join("config")).unwrap();
    fs::write(home.path().join("config/settings.json"), r#"{"relay_only": true, "of_tomorrow": 1}"#).unwrap();
    assert!(note(home.path(), "meet.jit.si").status.success());
    let shown = text(&cli(home.path(), &["rights", "show"]));
    assert!(shown.contains("relay_only") && !shown.contains(".damaged-"), "{shown}");
}

/// A profile on a disk of its own that has no room left: nothing new is noted, what was noted stays, and with room again all is well.
#[test]
fn on_a_full_disk_a_sentence_is_said_and_nothing_noted_before_is_lost() {
    let root = tempfile::tempdir().unwrap();
    let (first, second) = (hash_of(root.path(), "first.example"), hash_of(root.path(), "second.example"));
    let script = format!(
        "mount -t tmpfs -o size=256k tmpfs \"$RUNDE_HOME\" || exit 90
        \"$CLI\" notice first.example --ack {first} >/dev/null || exit 91
        cat /dev/zero > \"$RUNDE_HOME/ballast\" 2>/dev/null
        \"$CLI\" notice second.example --ack {second} >/dev/null; echo \"full: $?\"
        \"$CLI\" ledger verify >/dev/null; echo \"verified: $?\"
        rm \"$RUNDE_HOME/ballast\"
        \"$CLI\" notice second.example --ack {second} >/dev/null; echo \"room: $?\"
        \"$CLI\" ledger export"
    );
    let root_already = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    let mut words = vec!["--mount"];
    words.extend((!root_already).then_some("--user").into_iter().chain((!root_already).then_some("--map-root-user")));
    let mut command = Command::new("unshare");
    command.args(words).args(["sh", "-c", &script]).env("RUNDE_HOME", root.path());
    command.env("CLI", env!("CARGO_BIN_EXE_runde-cli")).env("LC_ALL", "en_GB.UTF-8");
    let output = command.env_remove("DBUS_SESSION_BUS_ADDRESS").output().unwrap();
    let (told, complained) = (text(&output), said(&output));
    let (steps, export) = told.split_once('{').unwrap_or_else(|| panic!("{told} {complained}"));
    assert_eq!(steps.split_whitespace().collect::<String>(), "full:1verified:0room:0", "{complained}");
    assert!(complained.contains("space") || complained.contains("disk"), "{complained}");
    let exported: Value = serde_json::from_str(&format!("{{{export}")).unwrap();
    let hosts = exported["acknowledgements"].as_array().unwrap().iter().map(|one| one["record"]["host"].clone());
    assert_eq!(hosts.collect::<Vec<_>>(), ["first.example", "second.example"]);
}

/// A profile whose last records are dated ahead of this computer's clock: what a clock looks like that was moved back since.
fn of_a_clock_ahead(home: &Path) {
    let elsewhere = tempfile::tempdir().unwrap();
    assert!(note(elsewhere.path(), "first.example").status.success());
    for words in [["rights", "withdraw", "recent-rooms"], ["rights", "object", "away.example"]] {
        assert!(cli(elsewhere.path(), &words).status.success(), "{words:?}");
    }
    let mut archive: Value = serde_json::from_str(&text(&cli(elsewhere.path(), &["rights", "export", "-"]))).unwrap();
    move_ahead(&mut archive);
    let file = home.join("ahead.json");
    fs::write(&file, archive.to_string()).unwrap();
    let taken = cli(home, &["rights", "import", &file.display().to_string()]);
    assert!(taken.status.success(), "{}", said(&taken));
    fs::remove_file(file).unwrap();
}

/// Every time in the document, thirty years later.
fn move_ahead(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(move_ahead),
        Value::Array(all) => all.iter_mut().for_each(move_ahead),
        Value::String(text) => {
            let is_time = text.len() == 20 && text.ends_with('Z') && text.as_bytes()[10] == b'T';
            if let Some(year) = text.get(..4).and_then(|year| year.parse::<u32>().ok()).filter(|_| is_time) {
                *text = format!("{:04}{}", year + 30, &text[4..]);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[test]
fn after_a_clock_was_moved_back_records_keep_their_order_it_is_said_and_nothing_opens_or_is_lost() {
    let home = tempfile::tempdir().unwrap();
    of_a_clock_ahead(home.path());
    let before = fs::read(home.path().join("data/acknowledgements.ledger")).unwrap();
    assert!(note(home.path(), "second.example").status.success());
    assert!(fs::read(home.path().join("data/acknowledgements.ledger")).unwrap().starts_with(&before));
    assert_eq!(noted(home.path()), ["first.example", "away.example", "second.example"]);
    let verified = cli(home.path(), &["ledger", "verify"]);
    assert!(verified.status.success() && text(&verified).contains("Line 3 has an earlier time"), "{}", text(&verified));
    assert_eq!(text(&verified).matches("Line 1 has a time that has not come yet").count(), 2, "{}", text(&verified));
    let told = text(&cli(home.path(), &["ledger", "verify", "--json"]));
    assert_eq!(told.matches("\"dated_ahead\":1").count(), 2, "{told}");
    let german = text(&cli(home.path(), &["ledger", "verify", "--lang", "de"]));
    assert!(german.contains("Zeile 3") && german.contains("Uhr dieses Rechners wurde zurückgestellt"), "{german}");

    // The objection holds, and nobody is asked again about what was withdrawn.
    let refused = cli(home.path(), &["join", "https://away.example:9/garden", "--name", "Ada"]);
    assert_eq!(refused.status.code(), Some(3), "{}", said(&refused));
    let asked = text(&cli(home.path(), &["rights", "consents", "--json"]));
    let of_rooms: Value = asked
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .find(|event| event["purpose"] == "recent-rooms")
        .unwrap();
    assert_eq!((&of_rooms["granted"], &of_rooms["may_ask"]), (&false.into(), &false.into()));
}

/// A consent that a fast clock dated thirty years ahead would otherwise be valid for thirty-one.
#[test]
fn a_consent_dated_ahead_permits_nothing_and_may_be_asked_for_again() {
    let (home, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(cli(elsewhere.path(), &["rights", "grant", "recent-rooms"]).status.success());
    let mut archive: Value = serde_json::from_str(&text(&cli(elsewhere.path(), &["rights", "export", "-"]))).unwrap();
    move_ahead(&mut archive);
    let file = home.path().join("ahead.json");
    fs::write(&file, archive.to_string()).unwrap();
    assert!(cli(home.path(), &["rights", "import", &file.display().to_string()]).status.success());
    let of_rooms = || -> (Value, Value) {
        let told = text(&cli(home.path(), &["rights", "consents", "--json"]));
        let events = told.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let event = events.into_iter().find(|event| event["purpose"] == "recent-rooms").unwrap();
        (event["granted"].clone(), event["may_ask"].clone())
    };
    assert_eq!(of_rooms(), (false.into(), true.into()));
    let german = text(&cli(home.path(), &["ledger", "verify", "--lang", "de"]));
    assert!(german.contains("Zeile 1 trägt eine Zeit, die noch nicht war"), "{german}");
    assert!(cli(home.path(), &["rights", "grant", "recent-rooms"]).status.success());
    assert_eq!(of_rooms(), (true.into(), false.into()), "given anew under the right clock");
}
