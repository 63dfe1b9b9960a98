//! `kill -9` in the middle of recording: what the program confirmed is there, and what is there is whole.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use runde_privacy::{Lang, Notice, Target};

/// Programs that are killed. Some die before they record, some while they do, some are too fast.
const PROGRAMS: u64 = 40;

/// After so many the ledger is verified.
const VERIFIED_EVERY: u64 = 4;

fn cli(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_runde-cli"));
    command.env("RUNDE_HOME", home).env("LC_ALL", "en_GB.UTF-8").stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A part of `latest`, spread evenly; the machine adds its own chance.
fn moment(number: u64, latest: Duration) -> Duration {
    let mixed = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33;
    latest * u32::try_from(mixed % 1000).unwrap() / 1000
}

/// Records one host and says whether the program confirmed it: exit code 0 comes after the fsync.
fn record_and_kill(home: &Path, number: u64, latest: Duration) -> bool {
    let host = format!("host{number}.example");
    let hash = Notice::for_target(&Target::new(&host, None).unwrap()).sha256(Lang::En);
    let mut child = cli(home).args(["notice", &host, "--ack", &hash]).spawn().unwrap();
    std::thread::sleep(moment(number, latest));
    let _ = child.kill();
    child.wait().unwrap().success()
}

fn recorded(home: &Path) -> Vec<String> {
    let listed = cli(home).args(["ledger", "list"]).stdout(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    text.lines().filter_map(|line| line.split(' ').find(|word| word.ends_with(".example"))).map(str::to_owned).collect()
}

#[test]
fn a_program_killed_at_any_moment_loses_nothing_that_it_confirmed() {
    let home = tempfile::tempdir().unwrap();
    // The first run makes the profile; the second tells what a run takes on this machine, now.
    let note = |hash: &str| cli(home.path()).args(["notice", "embedded-room", "--ack", hash]).status().unwrap();
    assert!(note(&Notice::embedded_room().sha256(Lang::En)).success());
    let start = Instant::now();
    assert!(note(&Notice::embedded_room().sha256(Lang::De)).success());
    let mut latest = start.elapsed();
    let mut confirmed = Vec::new();
    for number in 0..PROGRAMS {
        // Kills come earlier after a run that ended by itself and later after one that did not, so that both
        // stay frequent however fast the machine is at the moment.
        if record_and_kill(home.path(), number, latest) {
            confirmed.push(format!("host{number}.example"));
            latest = latest * 9 / 10;
        } else {
            latest = latest * 11 / 10 + Duration::from_millis(1);
        }
        if number % VERIFIED_EVERY == 0 {
            let verified = cli(home.path()).args(["ledger", "verify"]).status().unwrap();
            assert!(verified.success(), "after program {number}");
        }
    }
    // One that nobody kills repairs what the others may have left unfinished, and adds to it.
    let hash = Notice::meet_jit_si().sha256(Lang::En);
    assert!(cli(home.path()).args(["notice", "meet.jit.si", "--ack", &hash]).status().unwrap().success());
    let recorded = recorded(home.path());
    let lost: Vec<_> = confirmed.iter().filter(|host| !recorded.contains(host)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(!confirmed.is_empty() && confirmed.len() < PROGRAMS as usize, "{} confirmed", confirmed.len());
}
