//! `cargo xtask bench`: absolute figures, in release mode, never part of the tests.

use crate::{process, system, third_party, ui, workspace};
use std::process::Command;

/// Builds release programs and runs the benchmarks that are named, or all.
pub fn bench(names: &[&str]) -> Result<(), String> {
    system::prepare(true)?;
    ui::build()?;
    third_party::prepare()?;
    // One call for all: what the three share is compiled once, with one set of features.
    let mut build = Command::new(workspace::cargo());
    build
        .args(["build", "--locked", "--release", "--features", "runde/custom-protocol", "--bins"])
        .args(["--package", "runde-cli", "--package", "runde", "--package", "e2e"])
        .current_dir(workspace::root());
    process::show(&mut build)?;
    let release = workspace::target().join("release");
    let mut command = Command::new(release.join("bench"));
    command
        .args(names)
        .env("RUNDE_BIN", release.join("runde"))
        .env("RUNDE_CLI", release.join("runde-cli"))
        .env("RUNDE_THIRD_PARTY", third_party::folder())
        .current_dir(workspace::root());
    process::show(&mut command)
}
