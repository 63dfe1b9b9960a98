//! `cargo xtask bench`: absolute figures, in release mode, never part of the tests.

use crate::{process, system, third_party, ui, workspace};
use std::process::Command;

/// Builds release programs and runs the benchmarks that are named, or all.
pub fn bench(names: &[&str]) -> Result<(), String> {
    system::prepare(true)?;
    ui::build()?;
    third_party::prepare()?;
    let mut build = Command::new(workspace::cargo());
    build
        .args([
            "build",
            "--locked",
            "--release",
            "--package",
            "runde-cli",
            "--package",
            "runde",
            "--features",
            "runde/custom-protocol",
        ])
        .current_dir(workspace::root());
    process::show(&mut build)?;
    let release = workspace::target().join("release");
    let mut command = Command::new(workspace::cargo());
    command
        .args(["run", "--locked", "--release", "--package", "e2e", "--bin", "bench", "--"])
        .args(names)
        .env("RUNDE_BIN", release.join("runde"))
        .env("RUNDE_CLI", release.join("runde-cli"))
        .env("RUNDE_THIRD_PARTY", third_party::folder())
        .current_dir(workspace::root());
    process::show(&mut command)
}
