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
    /// What needs it first, as the head of the list explains.
    stage: &'static str,
    reason: &'static str,
}

fn packages() -> Vec<Package> {
    LIST.lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            let (name, stage) = (words.next()?, words.next()?);
            let reason = line.split_once(&format!(" {stage} "))?.1.trim();
            Some(Package { names: name.split('|').collect(), stage, reason })
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
    install_missing(|stage| stage == "build" || (for_tests && stage == "test"))
}

/// Installs what one chore needs beyond that; on other systems than Debian's family whoever asks finds out what is missing.
pub fn prepare_for(chore: &str) -> Result<(), String> {
    if !process::answers("dpkg-query", "--version") {
        return Ok(());
    }
    install_missing(|stage| stage == chore)
}

fn install_missing(wanted: impl Fn(&str) -> bool) -> Result<(), String> {
    let missing: Vec<Package> = packages()
        .into_iter()
        .filter(|package| wanted(package.stage) && !package.names.iter().any(|name| installed(name)))
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

/// Apt's sources of this machine, asked for source packages instead: the text of a `.sources` file (sources.list(5)).
pub fn source_packages() -> Result<String, String> {
    let folder = std::fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<_> = folder.chain([std::path::PathBuf::from("/etc/apt/sources.list")]).collect();
    files.sort();
    let stanzas = files.iter().filter_map(|file| {
        let text = std::fs::read_to_string(file).ok()?;
        match file.extension()?.to_str()? {
            "sources" => Some(stanzas_for_sources(&text)),
            "list" => Some(text.lines().filter_map(line_for_sources).collect()),
            _ => None,
        }
    });
    let found: String = stanzas.collect();
    if found.trim().is_empty() { Err("apt knows no place to get packages from".to_owned()) } else { Ok(found) }
}

fn stanzas_for_sources(text: &str) -> String {
    let lines = text.lines().map(|line| if line.starts_with("Types:") { "Types: deb-src" } else { line });
    lines.map(|line| format!("{line}\n")).chain(["\n".to_owned()]).collect()
}

/// `deb [signed-by=/a.gpg] http://host/debian bookworm main` as a stanza.
fn line_for_sources(line: &str) -> Option<String> {
    let rest = line.trim().strip_prefix("deb ")?.trim();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(more) => more.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let (uri, suite) = (words.next()?, words.next()?);
    let components: Vec<&str> = words.collect();
    let key = options.split_whitespace().find_map(|option| option.strip_prefix("signed-by="));
    let key = key.map(|file| format!("Signed-By: {file}\n")).unwrap_or_default();
    Some(format!("Types: deb-src\nURIs: {uri}\nSuites: {suite}\nComponents: {}\n{key}\n", components.join(" ")))
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
        let windows = ["windows", "windows-source", "windows-installer", "windows-tests"];
        let stages = [&["build", "test", "packages-tests", "workflows", "workflows-go"], &windows[..]].concat();
        for stage in &stages {
            assert!(read.iter().any(|package| package.stage == *stage), "{stage}");
        }
        assert!(read.iter().all(|package| stages.contains(&package.stage)));
    }

    #[test]
    fn where_distributions_differ_the_first_name_that_exists_is_taken() {
        let package = Package { names: vec!["chromium", "chromium-browser"], stage: "test", reason: "a browser" };
        assert_eq!(choose(&package, |_| true), "chromium");
        assert_eq!(choose(&package, |name| name == "chromium-browser"), "chromium-browser");
        assert_eq!(choose(&package, |_| false), "chromium", "the message of apt-get then says what is missing");
        assert!(packages().iter().any(|package| package.names.len() > 1));
    }

    #[test]
    fn sources_are_asked_for_from_where_packages_come_from() {
        let deb822 = "Types: deb\nURIs: http://host/debian\nSuites: a a-updates\nComponents: main\n\nTypes: deb\nURIs: http://host/s\n";
        let read = stanzas_for_sources(deb822);
        assert_eq!(read.matches("Types: deb-src\n").count(), 2);
        assert!(read.contains("Suites: a a-updates\n") && !read.contains("Types: deb\n"), "{read}");
        assert_eq!(
            line_for_sources("deb [arch=amd64 signed-by=/k.gpg] http://host/debian a main contrib").unwrap(),
            "Types: deb-src\nURIs: http://host/debian\nSuites: a\nComponents: main contrib\nSigned-By: /k.gpg\n\n"
        );
        assert_eq!(line_for_sources("deb http://h/u a main").unwrap().lines().count(), 5);
        for other in ["# deb http://h/u a main", "deb-src http://h/u a main", "", "deb [x"] {
            assert_eq!(line_for_sources(other), None, "{other}");
        }
    }

    #[test]
    fn versions_are_compared_by_number_not_by_letter() {
        assert_eq!(numbers("rustc 1.95.0 (abc)"), Some((1, 95)));
        assert_eq!(numbers("v20.19.1"), Some((20, 19)));
        assert!(numbers("v20.9.0") < Some(LEAST_NODE));
        assert_eq!(numbers("none"), None);
    }
}
