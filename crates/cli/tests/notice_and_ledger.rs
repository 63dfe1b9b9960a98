//! The program as a person or a script runs it: notices and ledgers, without any network.

#![allow(clippy::unwrap_used)]

mod hand;

use std::process::{Command, Output};

use sha2::{Digest, Sha256};

use hand::{cli, code, text};

/// The text above the last line, and the hash on it.
fn shown(output: &Output) -> (String, String) {
    let all = text(output);
    let at = all.trim_end().rfind('\n').unwrap() + 1;
    let hash = all[at..].trim_end().strip_prefix("sha256: ").unwrap().to_owned();
    (all[..at].to_owned(), hash)
}

fn hashes_in(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 64).count()
}

#[test]
fn the_last_line_is_the_hash_of_everything_above_it_and_the_only_hash() {
    let home = tempfile::tempdir().unwrap();
    for place in ["meet.jit.si", "meet.example.org", "embedded-room"] {
        for lang in ["de", "en", "de-simple"] {
            let output = cli(home.path(), &["notice", place, "--lang", lang]);
            let (above, hash) = shown(&output);
            assert_eq!(hash, hex::encode(Sha256::digest(above)), "{place} {lang}");
            assert_eq!((hashes_in(&text(&output)), code(&output)), (1, 0));
        }
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "showing a notice writes nothing");
}

#[test]
fn every_fact_and_every_gap_is_printed() {
    let home = tempfile::tempdir().unwrap();
    for lang in ["de", "en"] {
        let printed = text(&cli(home.path(), &["notice", "https://meet.jit.si/Room", "--lang", lang]));
        assert!((1..=25).all(|n| printed.contains(&format!("- [F{n:02}]"))), "{lang}");
        assert!((1..=12).all(|n| printed.contains(&format!("- [G{n}]"))), "{lang}");
    }
}

#[test]
fn the_plain_german_text_can_be_noted_like_the_others() {
    let home = tempfile::tempdir().unwrap();
    for place in ["meet.jit.si", "meet.example.org", "embedded-room"] {
        let (_, hash) = shown(&cli(home.path(), &["notice", place, "--lang", "de-simple"]));
        assert_eq!(code(&cli(home.path(), &["notice", place, "--ack", &hash])), 0, "{place}");
        assert!(text(&cli(home.path(), &["ledger"])).contains(&format!("{place} de-simple {hash}")));
    }
}

#[test]
fn a_link_with_the_hash_of_the_embedded_notice_shows_that_notice() {
    let home = tempfile::tempdir().unwrap();
    let (own, hash) = shown(&cli(home.path(), &["notice", "embedded-room", "--lang", "de"]));
    let link = format!("https://127.0.0.1:8443/room#rn={hash}");
    assert_eq!(shown(&cli(home.path(), &["notice", &link, "--lang", "de"])).0, own);
    let unknown = format!("https://127.0.0.1:8443/room#rn={}", "0".repeat(64));
    assert!(text(&cli(home.path(), &["notice", &unknown, "--lang", "en"])).contains("unknown operator of 127.0.0.1"));
}

#[test]
fn noting_is_recorded_once_the_hash_is_right_and_the_ledger_proves_it() {
    let home = tempfile::tempdir().unwrap();
    let (_, hash) = shown(&cli(home.path(), &["notice", "meet.jit.si", "--lang", "de"]));
    assert_eq!(code(&cli(home.path(), &["notice", "meet.jit.si", "--ack", &"0".repeat(64)])), 3);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0, "a wrong hash writes nothing");

    assert_eq!(code(&cli(home.path(), &["notice", "meet.jit.si", "--ack", &hash])), 0);
    assert!(text(&cli(home.path(), &["ledger"])).contains(&format!("meet.jit.si de {hash}")));
    let verified = cli(home.path(), &["ledger", "verify"]);
    assert_eq!(code(&verified), 0);
    assert!(text(&verified).contains("protected by file rights only"));
    let exported: serde_json::Value = serde_json::from_str(&text(&cli(home.path(), &["ledger", "export"]))).unwrap();
    let record = &exported["acknowledgements"][0]["record"];
    assert_eq!((&record["notice_sha256"], &record["method"]), (&hash.into(), &"cli-flag".into()));
    assert_eq!((&record["lang"], &record["text_source"]), (&"de".into(), &"bundled".into()));
}

#[test]
fn a_ledger_is_exported_in_three_formats_and_twice_the_same() {
    let home = tempfile::tempdir().unwrap();
    let export = |format: &str| text(&cli(home.path(), &["ledger", "export", "--format", format]));
    assert_eq!(export("kantara").trim(), "[]");
    let (_, hash) = shown(&cli(home.path(), &["notice", "meet.jit.si", "--lang", "en"]));
    cli(home.path(), &["notice", "meet.jit.si", "--ack", &hash]);
    for format in ["json", "json-ld", "kantara"] {
        assert_eq!(export(format), export(format), "{format}");
    }
    let linked: serde_json::Value = serde_json::from_str(&export("json-ld")).unwrap();
    assert_eq!(linked["@graph"][0]["dpv:hasNotice"]["runde:sha256"], hash);
    assert_eq!(linked["@graph"][0]["dpv:hasStatus"]["@type"], "dpv:LegitimateInterestInformed");
    assert_eq!(code(&cli(home.path(), &["ledger", "export", "--format", "xml"])), 2);
    assert_eq!(code(&cli(home.path(), &["ledger", "list", "--format", "json"])), 2);
}

#[test]
fn a_changed_ledger_does_not_verify_and_looking_at_it_does_not_touch_it() {
    let home = tempfile::tempdir().unwrap();
    let (_, hash) = shown(&cli(home.path(), &["notice", "meet.jit.si"]));
    cli(home.path(), &["notice", "meet.jit.si", "--ack", &hash]);
    let file = home.path().join("data/acknowledgements.ledger");
    let forged = std::fs::read_to_string(&file).unwrap().replace("meet.jit.si", "meet.jit.xx");
    std::fs::write(&file, &forged).unwrap();
    let verified = cli(home.path(), &["ledger", "verify", "--json"]);
    assert_eq!(code(&verified), 1);
    let line: serde_json::Value = serde_json::from_str(text(&verified).lines().next().unwrap()).unwrap();
    assert_eq!((&line["event"], &line["sound"]), (&"ledger".into(), &false.into()));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), forged);
}

#[test]
fn without_the_notice_neither_joining_nor_serving_begins() {
    let home = tempfile::tempdir().unwrap();
    let link = "https://nowhere.invalid/room";
    for words in [
        &["join", link, "--name", "A"][..],
        &["join", link, "--name", "A", "--notice-ack", "00"],
        &["serve", "--listen", "127.0.0.1:0"],
    ] {
        let output = cli(home.path(), words);
        assert_eq!(code(&output), 3, "{words:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("runde-cli notice"), "it says what to do");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn bad_arguments_end_with_two_and_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    for words in [
        &[][..],
        &["dance"],
        &["notice"],
        &["notice", "meet.jit.si", "--lang", "fr"],
        &["notice", "h ö st"],
        &["join", "https://h.example/room"],
        &["join", "https://h.example/room", "--name", "A", "--for", "soon"],
        &["serve", "--tls", "maybe"],
        &["ledger", "burn"],
    ] {
        let output = cli(home.path(), words);
        assert_eq!(code(&output), 2, "{words:?}");
        assert!(!output.stderr.is_empty(), "{words:?}");
    }
}

#[test]
fn a_german_system_is_answered_in_german() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_runde-cli"))
        .args(["notice", "h ö st"])
        .env("RUNDE_HOME", home.path())
        .env("LC_ALL", "de_DE.UTF-8")
        .output()
        .unwrap();
    assert!(String::from_utf8_lossy(&output.stderr).contains("Prüfen Sie die Schreibweise"));
}

#[test]
fn the_doctor_names_the_profile_the_keyring_the_ledgers_the_port_and_looks_at_no_device_unasked() {
    let home = tempfile::tempdir().unwrap();
    let output = cli(home.path(), &["doctor", "--json"]);
    let items: Vec<serde_json::Value> = text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<_> = items.iter().map(|item| item["item"].as_str().unwrap()).collect();
    assert!(["profile", "keyring", "ledgers", "port", "devices"].iter().all(|name| names.contains(name)), "{names:?}");
    assert_eq!(code(&output), 0);
}

#[test]
fn the_doctor_lists_the_devices_once_a_notice_was_noted() {
    let home = tempfile::tempdir().unwrap();
    let (_, hash) = shown(&cli(home.path(), &["notice", "meet.jit.si", "--lang", "de"]));
    assert_eq!(code(&cli(home.path(), &["notice", "meet.jit.si", "--ack", &hash])), 0);
    let output = cli(home.path(), &["doctor", "--json"]);
    let items: Vec<serde_json::Value> = text(&output).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for kind in ["microphones", "speakers", "cameras"] {
        let finding = items.iter().find(|item| item["item"] == kind).unwrap();
        // Which devices there are depends on the computer; that each is named or its absence explained does not.
        let listed = finding["devices"].as_array().unwrap();
        assert_eq!(finding["good"], !listed.is_empty());
        assert!(listed.iter().all(|device| device["id"].is_string() && device["name"].is_string()));
        assert_eq!(listed.is_empty(), finding["advice"] != "");
    }
}

#[test]
fn a_german_reads_no_english_reason_in_a_refusal_nor_on_a_damaged_file() {
    let home = tempfile::tempdir().unwrap();
    let german = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_runde-cli"))
            .args(words)
            .env("RUNDE_HOME", home.path())
            .env("LC_ALL", "de_DE.UTF-8")
            .output()
            .unwrap();
        String::from_utf8(output.stderr).unwrap()
    };
    let refusals = [
        (&["notice", "https://h.example/"][..], "er nennt keinen Raum"),
        (&["join", "--name"], "--name braucht einen Wert"),
        (&["notice", "--frob"], "--frob gibt es hier nicht"),
        (&["join", "https://h.example/r", "--name", "A", "--for", "soon"], "eine Zeit wie 20s"),
    ];
    for (words, reason) in refusals {
        let said = german(words);
        assert!(said.contains(reason), "{words:?}: {said}");
    }
    let (_, hash) = shown(&cli(home.path(), &["notice", "meet.jit.si", "--lang", "de"]));
    assert_eq!(code(&cli(home.path(), &["notice", "meet.jit.si", "--ack", &hash])), 0);
    std::fs::write(home.path().join("config").join("settings.json"), "not json").unwrap();
    let said = german(&["notice", "meet.example", "--ack", &"0".repeat(64)]);
    assert!(!said.contains("could not be read"), "{said}");
    let (_, hash) = shown(&cli(home.path(), &["notice", "meet.example", "--lang", "de"]));
    let said = german(&["notice", "meet.example", "--ack", &hash]);
    assert!(said.contains("es gelten wieder die Voreinstellungen"), "{said}");
}
