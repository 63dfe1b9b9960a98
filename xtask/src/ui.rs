//! The web part: npm packages, build, checks. Nothing is fetched or built twice for the same inputs.

use crate::count::{self, Count};
use crate::{process, workspace};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const UI_TESTS: Duration = Duration::from_secs(600);

fn folder() -> PathBuf {
    workspace::root().join("ui")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
    command.args(arguments).current_dir(folder());
    command
}

/// A fingerprint of files, so that a second start touches no registry and builds nothing.
fn fingerprint(paths: &[String]) -> String {
    let mut hasher = DefaultHasher::new();
    for path in paths {
        path.hash(&mut hasher);
        std::fs::read(workspace::root().join(path)).unwrap_or_default().hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
}

/// Runs `work` unless the stamp file says that these very inputs were done already and the result is still there.
fn once(stamp: &Path, now: &str, result: &Path, work: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    if result.exists() && std::fs::read_to_string(stamp).is_ok_and(|before| before == now) {
        return Ok(());
    }
    work()?;
    std::fs::write(stamp, now).map_err(|error| format!("{}: {error}", stamp.display()))
}

/// `npm ci`, only when the lock file changed.
pub fn install() -> Result<(), String> {
    let packages = folder().join("node_modules");
    let lock = fingerprint(&["ui/package-lock.json".to_owned()]);
    once(&packages.join(".runde-installed"), &lock, &packages, || {
        println!("Fetching the UI's packages (npm ci) …");
        process::show(&mut npm(&["ci", "--no-audit", "--no-fund", "--loglevel=error"]))
    })
}

/// The production bundle in `ui/dist`, only when a source changed.
pub fn build() -> Result<(), String> {
    install()?;
    let sources: Vec<String> = workspace::files()?.into_iter().filter(|path| path.starts_with("ui/")).collect();
    let stamp = folder().join("node_modules/.runde-built");
    once(&stamp, &fingerprint(&sources), &folder().join("dist/index.html"), || {
        println!("Building the UI …");
        process::show(&mut npm(&["run", "--silent", "build"]))
    })
}

/// Type check, unit tests and the browser run of every page.
pub fn test() -> Result<Count, String> {
    build()?;
    let mut sum = Count::of(&told(process::show(&mut npm(&["run", "--silent", "check"]))));
    let report = workspace::target().join("ui-tests.json");
    let _ = std::fs::remove_file(&report);
    let output = format!("--outputFile={}", report.display());
    let ran = process::watch(&mut npm(&["test", "--", "--reporter=default", "--reporter=json", &output]), UI_TESTS)?;
    let said = std::fs::read_to_string(&report).ok().and_then(|text| count::vitest(&text));
    sum += closed(said, ran.success, "ui unit tests");
    let ran = process::watch(&mut npm(&["run", "--silent", "e2e"]), UI_TESTS)?;
    sum += closed(count::plain(&ran.lines), ran.success, "ui browser tests");
    Ok(sum)
}

fn told(result: Result<(), String>) -> Result<(), String> {
    result.inspect_err(|reason| eprintln!("{reason}"))
}

/// A runner that ended badly without naming a failed test still failed once.
fn closed(said: Option<Count>, success: bool, name: &str) -> Count {
    match said {
        Some(count) if success == (count.failed == 0) && count.passed > 0 => count,
        Some(count) if count.failed > 0 => count,
        _ => {
            eprintln!("{name}: ended without a count");
            Count::ONE_FAILED
        }
    }
}

/// Writes `ui/src/backend/bindings` from the Rust types (the test in `view.rs` compares them).
pub fn write_bindings() -> Result<(), String> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["test", "--package", "runde", "--lib", "bindings"])
        .env("RUNDE_WRITE_BINDINGS", workspace::root().join("ui/src/backend/bindings"))
        .current_dir(workspace::root());
    process::show(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn work_is_done_again_only_when_its_inputs_change_or_its_result_is_gone() {
        let folder = std::env::temp_dir().join(format!("runde-once-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (stamp, result, done) = (folder.join("stamp"), folder.join("result"), Cell::new(0));
        let go = |inputs: &str| {
            once(&stamp, inputs, &result, || {
                done.set(done.get() + 1);
                std::fs::write(&result, "made").map_err(|error| error.to_string())
            })
            .unwrap();
            done.get()
        };
        assert_eq!((go("a"), go("a"), go("b"), go("b")), (1, 1, 2, 2));
        std::fs::remove_file(&result).unwrap();
        assert_eq!((go("b"), go("b")), (3, 3));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
