//! Files of other people that the tests run against, fetched once into the target folder. Never shipped, never committed.

use crate::{process, workspace};
use std::path::PathBuf;
use std::process::Command;

const LIST: &str = include_str!("../third-party.txt");

/// Where the fetched files lie.
pub fn folder() -> PathBuf {
    workspace::target().join("third-party")
}

/// Package with version, file inside it.
fn wanted() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = LIST.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?))
    })
}

/// Fetches what is missing.
pub fn prepare() -> Result<(), String> {
    for (package, file) in wanted() {
        let name = file.rsplit('/').next().unwrap_or(file);
        if !folder().join(name).is_file() {
            fetch(package, file, name)?;
        }
    }
    shapes()
}

/// What judges exports of the ledgers, in an environment of its own; every file must have the hash that the list names.
fn shapes() -> Result<(), String> {
    let place = folder().join("pyshacl");
    if place.join("bin/pyshacl").is_file() {
        return Ok(());
    }
    std::fs::create_dir_all(folder()).map_err(|error| format!("{}: {error}", folder().display()))?;
    process::show(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&place))?;
    let mut install = Command::new(place.join("bin/pip"));
    install.args(["install", "--quiet", "--require-hashes", "--only-binary=:all:", "-r"]);
    process::show(install.arg(workspace::root().join("xtask/pyshacl.txt")))
}

fn fetch(package: &str, file: &str, name: &str) -> Result<(), String> {
    let scratch = folder().join("unpacked");
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let output = Command::new("npm")
        .args(["pack", "--silent", "--pack-destination"])
        .arg(&scratch)
        .arg(package)
        .current_dir(workspace::root())
        .output()
        .map_err(|error| format!("npm pack does not start: {error}"))?;
    let archive = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || archive.is_empty() {
        return Err(format!("{package} could not be fetched: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    let mut unpack = Command::new("tar");
    unpack.arg("-xzf").arg(scratch.join(&archive)).arg("-C").arg(&scratch).arg(format!("package/{file}"));
    process::show(&mut unpack)?;
    let (from, to) = (scratch.join("package").join(file), folder().join(name));
    std::fs::rename(&from, &to).map_err(|error| format!("{}: {error}", to.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_python_package_is_named_with_version_and_hash() {
        let list = include_str!("../pyshacl.txt");
        let packages: Vec<_> = list.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(packages.iter().any(|line| line.starts_with("pyshacl==")));
        assert!(packages.iter().all(|line| line.contains("==") && line.contains(" --hash=sha256:")), "{packages:?}");
    }

    #[test]
    fn every_listed_file_has_a_package_with_a_fixed_version() {
        assert_eq!(wanted().count(), 2);
        assert!(
            wanted().all(|(package, file)| package.rsplit('@').next().is_some_and(|v| v.starts_with(char::is_numeric))
                && !file.is_empty())
        );
    }
}
