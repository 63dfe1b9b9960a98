//! A process is killed in the middle of recording: nothing that it confirmed may be missing.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use runde_privacy::{Lang, Method, Target};
use runde_profile::{Build, Opening, Places, Profile, Shown, now};

/// Folder in which the child records, and its sign that it is the child.
const ROOT: &str = "RUNDE_TEST_KILL_ROOT";

/// Recorded by the child before it gets killed; and in total if nobody kills it.
const CONFIRMED_BEFORE_KILL: usize = 25;
const WITHOUT_KILL: usize = 3;

fn open(root: &Path) -> Profile {
    let opening = Opening { places: Places::at(root), build: Build::default(), wait: Duration::from_secs(5) };
    Profile::open(opening).unwrap()
}

fn record(profile: &mut Profile, number: usize) -> String {
    let target = Target::new(&format!("host{number}.example"), None).unwrap();
    let shown = Shown { lang: Lang::En, shown_at: now(), scrolled_to_end: false, method: Method::Button };
    profile.acknowledge(&target, shown).unwrap().ack_id
}

fn ids(profile: &Profile) -> Vec<String> {
    profile.acknowledgements().records().map(|record| record.ack_id.clone()).collect()
}

/// In the child it tells each confirmed record on its standard output until it is killed.
#[test]
fn recording_goes_on_as_long_as_the_process_lives() {
    if let Some(root) = std::env::var_os(ROOT) {
        let mut profile = open(Path::new(&root));
        for number in 0.. {
            println!("\nconfirmed {}", record(&mut profile, number));
        }
    }
    let root = tempfile::tempdir().unwrap();
    let mut profile = open(root.path());
    let told: Vec<_> = (0..WITHOUT_KILL).map(|number| record(&mut profile, number)).collect();
    drop(profile);
    assert_eq!(ids(&open(root.path())), told);
}

#[test]
fn a_killed_process_loses_nothing_that_it_confirmed() {
    let root = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "recording_goes_on_as_long_as_the_process_lives", "--nocapture"])
        .env(ROOT, root.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut confirmed = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        confirmed.extend(line.unwrap().strip_prefix("confirmed ").map(str::to_owned));
        if confirmed.len() == CONFIRMED_BEFORE_KILL {
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();

    assert!(confirmed.len() >= CONFIRMED_BEFORE_KILL);
    let profile = open(root.path());
    let recorded = ids(&profile);
    assert!(recorded.starts_with(&confirmed), "{} of {} are there", recorded.len(), confirmed.len());
    assert!(recorded.len() <= confirmed.len() + 1, "at most one was on disk and not yet told");
}
