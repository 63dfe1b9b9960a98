//! The program as a person's hand starts it: a profile of the test's own, English, no session keyring.

#![allow(dead_code, reason = "each suite uses its part")]

use std::path::Path;
use std::process::{Command, Output};

pub fn command(home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runde-cli"));
    command.args(words).env("RUNDE_HOME", home).env("LC_ALL", "en_GB.UTF-8").env_remove("DBUS_SESSION_BUS_ADDRESS");
    command
}

pub fn cli(home: &Path, words: &[&str]) -> Output {
    command(home, words).output().unwrap()
}

/// Standard output.
pub fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Standard error.
pub fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// A call that must succeed.
pub fn done(home: &Path, words: &[&str]) -> Output {
    let output = cli(home, words);
    assert_eq!(code(&output), 0, "{words:?}: {}", said(&output));
    output
}

/// The hash on the last line of a notice.
pub fn hash_of(notice: &Output) -> String {
    text(notice).lines().last().unwrap().strip_prefix("sha256: ").unwrap().to_owned()
}
