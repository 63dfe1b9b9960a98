//! `cargo xtask run`: from a fresh clone to the open window by one command.

use crate::{process, system, ui, workspace};
use std::process::Command;

/// System packages and UI packages, nothing built.
pub fn setup(for_tests: bool) -> Result<(), String> {
    system::prepare(for_tests)?;
    ui::install()
}

/// Installs, builds, starts; arguments go to the app (a room link, say).
pub fn run(arguments: &[&str]) -> Result<(), String> {
    system::prepare(false)?;
    ui::build()?;
    println!("Building the app (the first time takes some minutes) …");
    let mut build = Command::new(workspace::cargo());
    build
        .args(["build", "--locked", "--package", "runde", "--bin", "runde", "--features", "custom-protocol"])
        .current_dir(workspace::root());
    process::show(&mut build)?;
    let program = workspace::target().join("debug").join(format!("runde{}", std::env::consts::EXE_SUFFIX));
    println!("Starting {}", program.display());
    let status =
        Command::new(&program).args(arguments).status().map_err(|error| format!("{}: {error}", program.display()))?;
    if status.success() { Ok(()) } else { Err(format!("the app ended with {status}")) }
}
