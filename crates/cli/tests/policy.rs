//! `runde-cli policy` as an administrator calls it before a file is rolled out.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn policy(home: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runde-cli"));
    command.env("RUNDE_HOME", home).env("LC_ALL", "en_US.UTF-8").arg("policy").args(words).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn each_value_is_explained_and_nothing_is_written() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("p.json");
    fs::write(&file, r#"{"version":1,"locked":{"default_server":"meet.example"},"off":["hosting"]}"#).unwrap();
    let said = policy(home.path(), &["--explain", "--json", "--file", file.to_str().unwrap()]);
    assert!(said.status.success(), "{}", text(&said.stderr));
    let lines: Vec<serde_json::Value> =
        text(&said.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["locks"], serde_json::json!(["default_server", "hosting"]));
    let of = |key: &str| lines.iter().find(|line| line["key"] == key).unwrap();
    assert_eq!(
        (&of("default_server")["from"], &of("default_server")["value"]),
        (&"locked".into(), &"meet.example".into())
    );
    assert_eq!(of("hosting")["from"], "off");
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
}

#[test]
fn nonsense_is_one_sentence_with_its_place_and_exit_code_1() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("p.json");
    fs::write(&file, "{\"version\":1,\n\"on\":[\"hosting\"]}").unwrap();
    let said = policy(home.path(), &["--file", file.to_str().unwrap()]);
    assert_eq!(said.status.code(), Some(1));
    assert!(text(&said.stderr).contains("line 2, column 4") && said.stdout.is_empty(), "{}", text(&said.stderr));
    assert_eq!(text(&said.stderr).lines().count(), 1);
}
