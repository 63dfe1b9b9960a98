//! The Rust test binaries: built once for the whole workspace (one set of features, so nothing is compiled twice), then run one
//! by one with a time limit each.

use crate::count::{self, Count};
use crate::{package, process, third_party, workspace};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A unit-test binary that runs longer is stuck; whole-system suites get more.
const UNIT_LIMIT: Duration = Duration::from_secs(300);
const SYSTEM_LIMIT: Duration = Duration::from_secs(900);

/// One compiled test program.
#[derive(Debug)]
pub struct Suite {
    pub package: String,
    pub name: String,
    pub program: PathBuf,
    folder: PathBuf,
}

/// Builds every test of the workspace and both programs, and lists the test programs.
pub fn build() -> Result<Vec<Suite>, String> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["test", "--locked", "--workspace", "--features", "runde/custom-protocol", "--no-run"])
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(workspace::root())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cargo test does not start: {error}"))?;
    if !output.status.success() {
        return Err("the tests do not compile".to_owned());
    }
    Ok(String::from_utf8_lossy(&output.stdout).lines().filter_map(suite).collect())
}

/// The examples in the documentation, among them those that must not compile: what proves that a permit cannot be forged.
pub fn documentation() -> Result<Count, String> {
    println!("-- documentation");
    let mut command = Command::new(workspace::cargo());
    command
        .args(["test", "--locked", "--workspace", "--features", "runde/custom-protocol", "--doc"])
        .current_dir(workspace::root());
    let ran = process::watch(&mut command, SYSTEM_LIMIT)?;
    Ok(match count::libtest(&ran.lines) {
        Some(count) if ran.success && count.passed > 0 => count,
        Some(count) if count.failed > 0 => count,
        _ => Count::ONE_FAILED,
    })
}

/// Reads one of Cargo's messages; only test executables are of interest.
fn suite(line: &str) -> Option<Suite> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    if message.get("profile")?.get("test")?.as_bool() != Some(true) {
        return None;
    }
    let program = message.get("executable")?.as_str()?.into();
    let manifest: PathBuf = message.get("manifest_path")?.as_str()?.into();
    let folder = manifest.parent()?.to_path_buf();
    let package = folder.file_name()?.to_string_lossy().into_owned();
    let name = message.get("target")?.get("name")?.as_str()?.to_owned();
    Some(Suite { package, name, program, folder })
}

impl Suite {
    /// Whether this suite drives whole programs (package `e2e`).
    pub fn is_system(&self) -> bool {
        self.folder == workspace::root().join("tests")
    }

    /// What is tested from installed packages, in trees of their own.
    pub fn is_of_packages(&self) -> bool {
        self.is_system() && ["installed", "long_rpm", "long_unit"].contains(&self.name.as_str())
    }

    /// What is tested of the programs for Windows, under Wine.
    pub fn is_of_windows(&self) -> bool {
        self.is_system() && self.name == "long_windows"
    }

    /// Slow suites are named so and run with `--full` only.
    pub fn is_long(&self) -> bool {
        self.name.starts_with("long_")
    }

    pub fn run(&self) -> Result<Count, String> {
        let (limit, threads) = if self.is_system() { (SYSTEM_LIMIT, "1") } else { (UNIT_LIMIT, "2") };
        println!("-- {} {}", self.package, self.name);
        let mut command = Command::new(&self.program);
        command
            .arg("--test-threads")
            .arg(threads)
            .current_dir(&self.folder)
            .env("RUNDE_BIN", built("runde"))
            .env("RUNDE_CLI", built("runde-cli"))
            .env("RUNDE_THIRD_PARTY", third_party::folder())
            .env("RUNDE_PACKAGES", package::folder())
            .env("RUNDE_TREES", workspace::target().join("trees"))
            .env("RUNDE_REPORTS", workspace::target().join("reports"));
        let ran = process::watch(&mut command, limit)?;
        if ran.timed_out {
            eprintln!("{} {}: stopped after {} s", self.package, self.name, limit.as_secs());
        }
        let said = count::libtest(&ran.lines);
        Ok(match said {
            Some(count) if ran.success || count.failed > 0 => count,
            Some(count) => Count { failed: count.failed + 1, ..count },
            None => Count::ONE_FAILED,
        })
    }
}

/// Where Cargo puts a program of this workspace.
fn built(name: &str) -> PathBuf {
    workspace::target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_executables_are_taken_from_the_build_messages() {
        let message = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/a/crates/sfu/Cargo.toml","target":{{"name":"runde_sfu"}},"profile":{{"test":{test}}},"executable":{executable}}}"#
            )
        };
        let read = suite(&message(true, r#""/t/deps/runde_sfu-1""#)).unwrap();
        assert_eq!((read.package.as_str(), read.name.as_str(), read.is_long()), ("sfu", "runde_sfu", false));
        assert!(suite(&message(false, r#""/t/runde""#)).is_none());
        assert!(suite(&message(true, "null")).is_none());
        assert!(suite("not json").is_none());
    }
}
