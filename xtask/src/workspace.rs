//! Where things are: the repository root, the target folder, the files under version control.

use std::path::{Path, PathBuf};

/// The repository's top folder (this package lies one level below it).
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}

/// Cargo's output folder, wherever the caller's environment put it.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// The cargo that started this program, so that one toolchain does everything.
pub fn cargo() -> String {
    std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned())
}

/// `cargo metadata` of the workspace members, without their dependencies' own trees.
pub fn metadata() -> Result<serde_json::Value, String> {
    metadata_with(&["--no-deps"])
}

/// `cargo metadata` with every dependency on every system, as `Cargo.lock` has them.
pub fn whole_metadata() -> Result<serde_json::Value, String> {
    metadata_with(&["--locked"])
}

/// The same with what is compiled for this system alone.
pub fn metadata_of_this_system() -> Result<serde_json::Value, String> {
    let said = std::process::Command::new("rustc").arg("-vV").output();
    let said = said.map_err(|error| format!("rustc does not start: {error}"))?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc names no host")?;
    metadata_of(host)
}

/// The same for another system, by the name of its target.
pub fn metadata_of(target: &str) -> Result<serde_json::Value, String> {
    metadata_with(&["--locked", "--filter-platform", target])
}

fn metadata_with(switches: &[&str]) -> Result<serde_json::Value, String> {
    let output = std::process::Command::new(cargo())
        .args(["metadata", "--format-version", "1"])
        .args(switches)
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata does not start: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata is not JSON: {error}"))
}

/// Paths (relative to the root) of all files git tracks or would add. Rules that saw no file would hold, so none is an error.
pub fn files() -> Result<Vec<String>, String> {
    let output = std::process::Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("git does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let files: Vec<String> = text.lines().filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    if !output.status.success() || files.is_empty() {
        return Err(format!("git lists no files here: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(files)
}
