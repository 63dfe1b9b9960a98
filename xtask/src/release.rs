//! `cargo xtask release X.Y.Z`: the one version (in `Cargo.toml`, from where Tauri, the packages and the records take it), the dated
//! changelog, and a tree that was clean before. It commits and pushes nothing.

use crate::workspace;
use std::path::Path;
use std::process::Command;

const UNRELEASED: &str = "## Unreleased";

/// Changes the files and says what is left to do.
pub fn release(version: &str) -> Result<(), String> {
    let mut today = Command::new("date");
    let day = said(today.args(["-u", "+%F"]))?;
    at(&workspace::root(), version, &day)?;
    println!(
        "Version {version} of {day}. Look at it and publish:\n  git diff\n  git commit --all --message 'Version {version}'\n  git tag v{version}\n  git push --atomic origin main v{version}"
    );
    Ok(())
}

/// The same in any checkout.
fn at(root: &Path, version: &str, day: &str) -> Result<(), String> {
    let wanted = numbers(version).ok_or_else(|| format!("{version} is no version; three numbers, such as 1.2.3"))?;
    let manifest = read(root, "Cargo.toml")?;
    let old = manifest
        .lines()
        .find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
        .ok_or("Cargo.toml has no version")?
        .to_owned();
    if numbers(&old).is_none_or(|old| old >= wanted) {
        return Err(format!("{version} does not come after {old}"));
    }
    let changed = said(Command::new("git").args(["status", "--porcelain"]).current_dir(root))?;
    if !changed.is_empty() {
        return Err(format!("There are changes that are not committed:\n{changed}"));
    }
    if !said(Command::new("git").args(["tag", "--list", &format!("v{version}")]).current_dir(root))?.is_empty() {
        return Err(format!("v{version} is a tag already"));
    }
    let changelog = dated(&read(root, "CHANGELOG.md")?, version, day)?;
    write(root, "CHANGELOG.md", &changelog)?;
    write(
        root,
        "Cargo.toml",
        &manifest.replacen(&format!("version = \"{old}\""), &format!("version = \"{version}\""), 1),
    )?;
    // The members' own entries in Cargo.lock, nobody else's.
    let mut update = Command::new(workspace::cargo());
    said(update.args(["update", "--quiet", "--workspace", "--offline"]).current_dir(root)).map(drop)
}

/// Moves what is unreleased below a heading with version and day.
fn dated(changelog: &str, version: &str, day: &str) -> Result<String, String> {
    let text = section(changelog, "Unreleased").unwrap_or_default();
    if text.trim().is_empty() {
        return Err("CHANGELOG.md has nothing under Unreleased".to_owned());
    }
    Ok(changelog.replacen(UNRELEASED, &format!("{UNRELEASED}\n\n## {version} · {day}"), 1))
}

/// What stands below one heading of the changelog: the text of a release.
pub fn section(changelog: &str, version: &str) -> Option<String> {
    let mut lines = changelog
        .lines()
        .skip_while(|line| line.strip_prefix("## ").is_none_or(|title| title.split(' ').next() != Some(version)));
    lines.next()?;
    Some(lines.take_while(|line| !line.starts_with("## ")).collect::<Vec<_>>().join("\n").trim().to_owned())
}

/// Prints the changelog's section of a version, for the release workflow.
pub fn changes(version: &str) -> Result<(), String> {
    let text = section(&read(&workspace::root(), "CHANGELOG.md")?, version);
    println!("{}", text.ok_or_else(|| format!("CHANGELOG.md has no {version}"))?);
    Ok(())
}

fn numbers(version: &str) -> Option<[u32; 3]> {
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    parts.try_into().ok()
}

fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name} does not start: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

fn read(root: &Path, name: &str) -> Result<String, String> {
    std::fs::read_to_string(root.join(name)).map_err(|error| format!("{name}: {error}"))
}

fn write(root: &Path, name: &str, text: &str) -> Result<(), String> {
    std::fs::write(root.join(name), text).map_err(|error| format!("{name}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_bumps_one_place_dates_the_changelog_and_leaves_the_rest() {
        let clone = std::env::temp_dir().join(format!("runde-release-{}", std::process::id()));
        let mut git = Command::new("git");
        said(git.args(["clone", "--quiet", "--local", "--no-tags"]).arg(workspace::root()).arg(&clone)).unwrap();
        at(&clone, "9.9.9", "2030-01-31").unwrap();
        let changed = said(Command::new("git").args(["diff", "--name-only"]).current_dir(&clone)).unwrap();
        assert_eq!(changed.lines().collect::<Vec<_>>(), ["CHANGELOG.md", "Cargo.lock", "Cargo.toml"]);
        let changelog = read(&clone, "CHANGELOG.md").unwrap();
        assert!(section(&changelog, "9.9.9").unwrap().starts_with("- "));
        assert_eq!(section(&changelog, "Unreleased").as_deref(), Some(""));
        let mut metadata = Command::new(workspace::cargo());
        metadata.args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"]).current_dir(&clone);
        assert!(said(&mut metadata).unwrap().contains("\"name\":\"runde\",\"version\":\"9.9.9\""));
        let again = at(&clone, "9.9.10", "2030-02-01").unwrap_err();
        assert!(again.contains("not committed"), "{again}");
        assert!(at(&clone, "9.9.8", "2030-02-01").unwrap_err().contains("does not come after"));
        assert!(at(&clone, "10.0", "2030-02-01").is_err() && at(&clone, "v10.0.0", "2030-02-01").is_err());
        std::fs::remove_dir_all(&clone).unwrap();
    }

    #[test]
    fn there_is_one_version() {
        for file in ["tauri.conf.json", "ui/package.json"] {
            let text = read(&workspace::root(), file).unwrap();
            let config: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert!(config["version"].is_null(), "{file} has a version of its own");
        }
    }

    #[test]
    fn a_release_without_changes_is_refused() {
        assert!(
            dated("# Changelog\n\n## Unreleased\n\n## 0.1.0 · 2026-01-01\n\n- a\n", "0.2.0", "2026-01-02").is_err()
        );
    }
}
