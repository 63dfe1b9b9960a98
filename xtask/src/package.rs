//! `cargo xtask package`: the packages of this system, from a built program to files a person installs.
//!
//! Start at [`package`]. `tree` lays out what is installed, `deb` and `rpm` wrap it, `manual` and `completions` are made from the same texts
//! that the programs and the documentation show, `notices` from the licences of everything that is linked in.

mod completions;
mod deb;
mod manual;
mod rpm;
mod tree;
mod windows;

use crate::{notices, process, system, ui, workspace};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Beyond this somebody linked in something nobody wants to download (issue of the packages: 20 MB at most).
const LARGEST: u64 = 20_000_000;

/// Which programs are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Those that `cargo xtask test` has just built and tested; another profile would compile every crate a second time.
    Tested,
    /// Fast to build: no link-time optimisation, sixteen units. Cargo reserves the name `package`.
    Packaged,
    /// What is published.
    Release,
}

impl Profile {
    fn folder(self) -> &'static str {
        match self {
            Self::Tested => "debug",
            Self::Packaged => "packaged",
            Self::Release => "release",
        }
    }
}

/// One package: its name, the tree that is to lie on the disk, and what the system needs besides the linked libraries.
struct Content {
    name: &'static str,
    summary: &'static str,
    description: &'static str,
    root: PathBuf,
    program: PathBuf,
    /// Debian's names; the libraries it links are found by themselves.
    depends: &'static [&'static str],
    recommends: &'static [&'static str],
    /// The same as `depends` in the names that rpm distributions share.
    requires: &'static [&'static str],
    /// Files an administrator edits, which an upgrade leaves alone.
    settings: &'static [&'static str],
    /// Shell for the four moments of a package's life: name of the script, its text.
    scripts: &'static [(&'static str, &'static str)],
}

/// `cargo xtask package [--tested|--release] [--rpm|--windows]`; `--target windows` is the same as `--windows`.
pub fn package(arguments: &[&str]) -> Result<(), String> {
    let known = ["--tested", "--release", "--rpm", "--windows"];
    let mut arguments = arguments.to_vec();
    if let Some(at) = arguments.windows(2).position(|two| two == ["--target", "windows"]) {
        arguments.splice(at..at + 2, ["--windows"]);
    }
    if let Some(unknown) = arguments.iter().find(|word| !known.contains(word)) {
        return Err(format!("{unknown} is not known; there are: {}", known.join(" ")));
    }
    if !cfg!(target_os = "linux") {
        return Err("Packages of this system are made by the release workflow (docs/install.md, section Publishing); \
            deb and rpm are made on Linux."
            .to_owned());
    }
    system::prepare(false)?;
    let profile = match (arguments.contains(&"--tested"), arguments.contains(&"--release")) {
        (true, _) => Profile::Tested,
        (false, true) => Profile::Release,
        (false, false) => Profile::Packaged,
    };
    if arguments.contains(&"--windows") {
        println!("{}", installer(profile)?.display());
        return Ok(());
    }
    for file in debs(profile)? {
        println!("{}", file.display());
    }
    if arguments.contains(&"--rpm") {
        for file in rpms(profile)? {
            println!("{}", file.display());
        }
    }
    Ok(())
}

/// Where the finished packages lie.
pub fn folder() -> PathBuf {
    workspace::target().join("package")
}

/// Builds both programs and both Debian packages.
pub fn debs(profile: Profile) -> Result<Vec<PathBuf>, String> {
    let contents = contents(profile)?;
    contents.iter().map(|content| small(deb::pack(content, &folder())?, LARGEST)).collect()
}

/// The same as rpm packages.
pub fn rpms(profile: Profile) -> Result<Vec<PathBuf>, String> {
    let contents = contents(profile)?;
    contents.iter().map(|content| small(rpm::pack(content, &folder())?, LARGEST)).collect()
}

/// Builds both programs for Windows and the program that installs them.
pub fn installer(profile: Profile) -> Result<PathBuf, String> {
    ui::build()?;
    let profile = if profile == Profile::Release { profile } else { Profile::Packaged };
    // It holds both programs.
    small(windows::pack(profile, &folder())?, 2 * LARGEST)
}

/// What the tests under Wine need beside the installer: the unit tests of what is written for Windows alone.
pub fn tests_for_windows(profile: Profile) -> Result<(), String> {
    let program = crate::windows::unit_tests(profile.folder(), "runde-profile")?;
    let place = folder().join("windows/profile-tests.exe");
    std::fs::copy(&program, &place).map(drop).map_err(|error| format!("{}: {error}", program.display()))
}

fn small(file: PathBuf, most: u64) -> Result<PathBuf, String> {
    let size = std::fs::metadata(&file).map_err(|error| format!("{}: {error}", file.display()))?.len();
    if size > most {
        return Err(format!("{}: {size} bytes; it may have {most}", file.display()));
    }
    Ok(file)
}

fn contents(profile: Profile) -> Result<[Content; 2], String> {
    if profile != Profile::Tested {
        ui::build()?;
        build(profile)?;
    }
    let programs = workspace::target().join(profile.folder());
    let roots = folder().join("trees");
    if roots.exists() {
        std::fs::remove_dir_all(&roots).map_err(|error| format!("{}: {error}", roots.display()))?;
    }
    let (app, cli) = (programs.join("runde"), programs.join("runde-cli"));
    for program in [&app, &cli] {
        links_no_codec(program)?;
    }
    Ok([tree::app(&roots.join("runde"), &app)?, tree::cli(&roots.join("runde-cli"), &cli)?])
}

/// Both programs with the codecs linked in. One call for both, so that what they share is compiled once.
fn build(profile: Profile) -> Result<(), String> {
    let mut command = Command::new(workspace::cargo());
    command
        .args(["build", "--locked", "--profile", profile.folder(), "--features", "runde/custom-protocol", "--bins"])
        .args(["--package", "runde", "--package", "runde-cli"])
        .env("RUNDE_STATIC", "1")
        .current_dir(workspace::root());
    process::show(&mut command)
}

/// The shared libvpx has another number in each distribution; a package that names one installs on no other.
fn links_no_codec(program: &Path) -> Result<(), String> {
    let output = Command::new("ldd").arg(program).output().map_err(|error| format!("ldd does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.lines().find(|line| line.contains("libvpx") || line.contains("libopus")) {
        _ if !output.status.success() => Err(format!("ldd cannot read {}", program.display())),
        Some(line) => Err(format!("{} links a codec of this machine: {}", program.display(), line.trim())),
        None => Ok(()),
    }
}

/// The one version, from the workspace's manifest.
pub fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

/// When the packed sources were last changed, so that the same commit gives the same package. Seconds since 1970.
fn moment() -> String {
    let mut git = Command::new("git");
    git.args(["log", "-1", "--format=%ct"]).current_dir(workspace::root());
    let said = git.output().map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default();
    if said.is_empty() { "0".to_owned() } else { said }
}

/// Standard output of a program, or what it complained about.
fn output_of(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("{name} does not start: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("{name}: {}", String::from_utf8_lossy(&output.stderr).trim()))
    }
}

/// The licence texts that go into a package.
fn third_party(package: &str) -> Result<String, String> {
    notices::text(package)
}
