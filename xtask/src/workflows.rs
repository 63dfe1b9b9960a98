//! The workflows of the code host, checked by actionlint, which also has shellcheck read the shell in them. `xtask/actionlint` names it and
//! all that it is made of by version and hash (`go.sum`); Go compiles it once into the target folder.

use crate::{process, system, workspace};
use std::path::PathBuf;
use std::process::Command;

const MODULE: &str = "github.com/rhysd/actionlint/cmd/actionlint";

/// Fails with what is wrong with a workflow, printed.
pub fn check() -> Result<(), String> {
    system::prepare_for("workflows")?;
    if !process::answers("shellcheck", "--version") {
        return Err("shellcheck was not found; without it the shell in the workflows is not read".to_owned());
    }
    process::show(Command::new(actionlint()?).arg("-color").current_dir(workspace::root()))
}

fn actionlint() -> Result<PathBuf, String> {
    let program = workspace::target().join("tools").join("actionlint");
    if !process::answers("go", "version") {
        system::prepare_for("workflows-go")?;
    }
    // Go itself knows whether there is anything to do.
    let mut go = Command::new("go");
    go.args(["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-o"])
        .arg(&program)
        .arg(MODULE)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("CGO_ENABLED", "0")
        .current_dir(workspace::root().join("xtask/actionlint"));
    process::show(&mut go)?;
    Ok(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<(PathBuf, String)> {
        let folder = std::fs::read_dir(workspace::root().join(".github/workflows")).unwrap();
        folder
            .map(|entry| entry.unwrap().path())
            .map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()))
            .collect()
    }

    #[test]
    fn every_action_is_pinned_by_hash_with_its_version_beside_it() {
        let mut seen = 0;
        for (path, text) in texts() {
            for line in text.lines().filter_map(|line| line.split_once("uses: ")).map(|(_, used)| used) {
                let (action, rest) = line.split_once('@').unwrap();
                let (hash, version) = rest.split_once(" # v").unwrap_or((rest, ""));
                let pinned = hash.len() == 40 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
                assert!(pinned && !version.is_empty(), "{}: {action}@{rest}", path.display());
                seen += 1;
            }
        }
        assert!(seen > 10, "{seen} actions");
    }

    #[test]
    fn a_release_is_a_draft_of_three_systems_with_checksums_parts_list_and_origin() {
        let text = texts().into_iter().find(|(path, _)| path.ends_with("release.yml")).unwrap().1;
        for part in [
            "package --release --rpm",
            "appimage",
            "package --release --windows",
            "dmg",
            "sha256sum",
            "xtask sbom",
            "attest-build-provenance",
            "gh release create",
            "--draft",
            "xtask changes",
            "cargo deny check",
            "npm audit",
        ] {
            assert!(text.contains(part), "{part}");
        }
        // Whoever has no key gets a sentence, not a failure.
        assert_eq!(text.matches("::notice::No ").count(), 2);
    }

    #[test]
    fn actionlint_and_what_it_is_made_of_have_a_hash_each() {
        let (wanted, sums) = (include_str!("../actionlint/go.mod"), include_str!("../actionlint/go.sum"));
        let modules: Vec<&str> = wanted.lines().filter_map(|line| line.trim().strip_suffix(" // indirect")).collect();
        assert!(modules.iter().any(|module| module.starts_with("github.com/rhysd/actionlint v")), "{modules:?}");
        for module in modules {
            assert!(sums.contains(&format!("{module} h1:")), "{module}");
        }
    }
}
