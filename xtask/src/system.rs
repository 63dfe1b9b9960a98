//! The machine underneath: which system packages are missing, and how to get them.
//!
//! Debian and Ubuntu are served (`apt.txt` is the one list); elsewhere the commands are printed, never guessed at silently.

use crate::process;
use std::process::Command;

const LIST: &str = include_str!("../apt.txt");
const LEAST_RUST: (u32, u32) = (1, 92);
const LEAST_NODE: (u32, u32) = (20, 19);

/// One line of `apt.txt`.
#[derive(Debug, PartialEq, Eq)]
struct Package {
    /// Names of the same thing in several distributions, in order of preference.
    names: Vec<&'static str>,
    for_tests: bool,
    reason: &'static str,
}

fn packages() -> Vec<Package> {
    LIST.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, stage) = (words.next()?, words.next()?);
            let reason = line.split_once(&format!(" {stage} "))?.1.trim();
            Some(Package { names: name.split('|').collect(), for_tests: stage == "test", reason })
        })
        .collect()
}

/// Checks Rust and Node, then installs what `apt.txt` names and the machine lacks.
pub fn prepare(for_tests: bool) -> Result<(), String> {
    version("rustc", LEAST_RUST, "https://rustup.rs (then: rustup update stable)")?;
    version("node", LEAST_NODE, "https://nodejs.org or your system's packages")?;
    if !cfg!(target_os = "linux") || !process::answers("dpkg-query", "--version") {
        return elsewhere();
    }
    let missing: Vec<Package> = packages()
        .into_iter()
        .filter(|package| (for_tests || !package.for_tests) && !package.names.iter().any(|name| installed(name)))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("Missing system packages; they are installed now:");
    for package in &missing {
        println!("  {:32} {}", package.names.join(" or "), package.reason);
    }
    install(&missing)
}

fn installed(name: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${Status}", name])
        .output()
        .is_ok_and(|output| output.stdout.ends_with(b"ok installed"))
}

/// The first of the names that this distribution has.
fn choose(package: &Package, available: impl Fn(&str) -> bool) -> &'static str {
    package.names.iter().copied().find(|name| available(name)).unwrap_or(package.names[0])
}

/// Whether there is something to install under this name. A name that only others depend on has no candidate.
fn available(name: &str) -> bool {
    let output = Command::new("apt-cache").args(["policy", name]).env("LC_ALL", "C").output();
    output.is_ok_and(|output| {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.contains("Candidate:") && !text.contains("Candidate: (none)")
    })
}

fn install(packages: &[Package]) -> Result<(), String> {
    let first: Vec<&str> = packages.iter().map(|package| package.names[0]).collect();
    let advice = || format!("Install them by hand: sudo apt-get install {}", first.join(" "));
    let apt = |arguments: &[&str]| -> Result<(), String> {
        let mut command = if is_root() {
            Command::new("apt-get")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.args(["--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
            sudo
        };
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        process::show(&mut command).map_err(|error| format!("{error}\n{}", advice()))
    };
    apt(&["update", "-qq"])?;
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages.iter().map(|package| choose(package, available)));
    apt(&arguments)
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn elsewhere() -> Result<(), String> {
    let commands = if cfg!(target_os = "macos") {
        "xcode-select --install\nbrew install cmake pkg-config libvpx"
    } else if cfg!(target_os = "windows") {
        "winget install Kitware.CMake LLVM.LLVM Microsoft.EdgeWebView2Runtime\nvcpkg install libvpx:x64-windows-static-md"
    } else if process::answers("dnf", "--version") {
        "sudo dnf install cmake pkgconf-pkg-config clang-devel libvpx-devel alsa-lib-devel webkit2gtk4.1-devel libappindicator-gtk3-devel librsvg2-devel dbus-devel xdg-utils"
    } else if process::answers("pacman", "--version") {
        "sudo pacman -S --needed cmake pkgconf clang libvpx alsa-lib webkit2gtk-4.1 libayatana-appindicator librsvg dbus xdg-utils"
    } else {
        return Err(
            "This system's package manager is not known here; xtask/apt.txt lists what is needed and why.".to_owned()
        );
    };
    println!("This needs the following once, if it is not there yet:\n\n{commands}\n");
    Ok(())
}

/// Fails with one sentence when a tool is missing or too old.
fn version(tool: &str, least: (u32, u32), source: &str) -> Result<(), String> {
    let output = Command::new(tool)
        .arg("--version")
        .output()
        .map_err(|_| format!("{tool} was not found. Get {}.{} or newer from {source}", least.0, least.1))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match numbers(&text) {
        Some(found) if found >= least => Ok(()),
        _ => Err(format!(
            "{tool} is too old ({}); {}.{} or newer is needed, from {source}",
            text.trim(),
            least.0,
            least.1
        )),
    }
}

/// The first `major.minor` in a version text.
fn numbers(text: &str) -> Option<(u32, u32)> {
    let start = text.find(|letter: char| letter.is_ascii_digit())?;
    let mut parts = text.get(start..)?.split(|letter: char| !letter.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_package_list_is_read_with_its_reason() {
        let lines = LIST.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        let read = packages();
        assert_eq!(read.len(), lines);
        assert!(read.iter().all(|package| package.reason.len() > 5));
        assert!(read.iter().any(|package| package.for_tests) && read.iter().any(|package| !package.for_tests));
    }

    #[test]
    fn where_distributions_differ_the_first_name_that_exists_is_taken() {
        let package = Package { names: vec!["chromium", "chromium-browser"], for_tests: true, reason: "a browser" };
        assert_eq!(choose(&package, |_| true), "chromium");
        assert_eq!(choose(&package, |name| name == "chromium-browser"), "chromium-browser");
        assert_eq!(choose(&package, |_| false), "chromium", "the message of apt-get then says what is missing");
        assert!(packages().iter().any(|package| package.names.len() > 1));
    }

    #[test]
    fn versions_are_compared_by_number_not_by_letter() {
        assert_eq!(numbers("rustc 1.95.0 (abc)"), Some((1, 95)));
        assert_eq!(numbers("v20.19.1"), Some((20, 19)));
        assert!(numbers("v20.9.0") < Some(LEAST_NODE));
        assert_eq!(numbers("none"), None);
    }
}
