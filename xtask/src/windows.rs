//! The programs for Windows, made on Debian: the compiler's target, the codec, the build.
//!
//! Start at [`compile`] (a stage of the tests) and [`build`] (what `package --target windows` packs), [`unit_tests`] for what is written for Windows alone.

use crate::{process, system, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

pub const TARGET: &str = "x86_64-pc-windows-gnu";

/// Compiles and links the command line, as cheaply as that can be known to work.
pub fn compile() -> Result<(), String> {
    build("compiled", &["runde-cli"]).map(|_| ())
}

/// Builds packages for Windows; the folder of the programs.
pub fn build(profile: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let mut command = cargo("build", profile, packages)?;
    if packages.contains(&"runde") {
        command.args(["--features", "runde/custom-protocol"]);
    }
    process::show(&mut command)?;
    Ok(workspace::target().join(TARGET).join(profile))
}

/// Compiles the unit tests of one library, for Wine to run; the program.
pub fn unit_tests(profile: &str, package: &str) -> Result<PathBuf, String> {
    let mut command = cargo("test", profile, &[package])?;
    command.args(["--lib", "--no-run", "--message-format", "json-render-diagnostics"]).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| format!("cargo does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("the tests of {package} do not compile for Windows"));
    }
    let programs = String::from_utf8_lossy(&output.stdout).lines().filter_map(executable).collect::<Vec<_>>();
    programs.into_iter().next().ok_or_else(|| format!("{package} has no tests"))
}

fn executable(line: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(message.get("executable")?.as_str()?.into())
}

fn cargo(word: &str, profile: &str, packages: &[&str]) -> Result<Command, String> {
    system::prepare_for("windows")?;
    let mut command = toolchain()?;
    command
        .args([word, "--locked", "--target", TARGET, "--profile", profile])
        .args(packages.iter().flat_map(|package| ["--package", package]))
        .env("RUNDE_STATIC", "1")
        .env("PKG_CONFIG_ALLOW_CROSS", "1")
        .env("PKG_CONFIG_LIBDIR", codec()?.join("lib/pkgconfig"))
        .current_dir(workspace::root());
    Ok(command)
}

/// A Cargo that can compile for Windows: this one where rustup has or gets the target, Debian's with the standard library's source
/// elsewhere.
fn toolchain() -> Result<Command, String> {
    if has_target() || (process::answers("rustup", "--version") && add_target() && has_target()) {
        return Ok(Command::new(workspace::cargo()));
    }
    system::prepare_for("windows-source")?;
    let (debian, source) = (Path::new("/usr/bin/cargo"), Path::new("/usr/lib/rustlib/src/rust/library"));
    if !debian.is_file() || !source.is_dir() {
        return Err(format!("Rust cannot compile for Windows here: rustup target add {TARGET}"));
    }
    let mut command = Command::new(debian);
    command
        .env("PATH", "/usr/bin:/bin")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_UNSTABLE_BUILD_STD", "std,panic_unwind")
        // It links the stack checks by itself, and what .cargo/config.toml says for rustup's would link them twice.
        .env("CARGO_ENCODED_RUSTFLAGS", "")
        .env_remove("RUSTC")
        .env_remove("RUSTUP_TOOLCHAIN");
    Ok(command)
}

/// Whether the compiler has a standard library for Windows.
fn has_target() -> bool {
    let said = Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).output();
    said.is_ok_and(|output| {
        let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        output.status.success() && folder.is_dir()
    })
}

fn add_target() -> bool {
    println!("Rust's target {TARGET} is added.");
    process::show(Command::new("rustup").args(["target", "add", TARGET])).is_ok()
}

/// libvpx for Windows, from the source package of Debian: no registry carries it, and the one beside this system is for this system.
/// The folder that holds `include` and `lib`.
fn codec() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os("RUNDE_WINDOWS_VPX") {
        return Ok(folder.into());
    }
    let place = workspace::target().join("windows-vpx");
    let made = place.join("made");
    if made.join("lib/libvpx.a").is_file() {
        return Ok(made);
    }
    println!("libvpx is built for Windows, once.");
    let _ = std::fs::remove_dir_all(&place);
    let source = source(&place)?;
    let build = place.join("build");
    std::fs::create_dir_all(&build).map_err(|error| format!("{}: {error}", build.display()))?;
    process::show(
        Command::new(source.join("configure"))
            .args(["--target=x86_64-win64-gcc", "--enable-static", "--disable-shared", "--disable-vp9"])
            .args(["--disable-examples", "--disable-tools", "--disable-docs", "--disable-unit-tests"])
            .args(["--disable-webm-io", "--disable-libyuv"])
            .arg(format!("--prefix={}", made.display()))
            .env("CROSS", "x86_64-w64-mingw32-")
            .current_dir(&build),
    )?;
    let jobs = std::thread::available_parallelism().map_or(2, usize::from).to_string();
    process::show(Command::new("make").args(["--quiet", "-j", &jobs, "install"]).current_dir(&build))?;
    Ok(made)
}

/// Debian's libvpx with its patches, unpacked below `place`. The machine's own list of sources stays as it is.
fn source(place: &Path) -> Result<PathBuf, String> {
    let lists = place.join("lists");
    std::fs::create_dir_all(lists.join("partial")).map_err(|error| format!("{}: {error}", lists.display()))?;
    let sources = place.join("sources.sources");
    std::fs::write(&sources, system::source_packages()?).map_err(|error| format!("{}: {error}", sources.display()))?;
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .args(["-qq", "-o", &format!("Dir::Etc::SourceList={}", sources.display())])
            .args(["-o", "Dir::Etc::SourceParts=-", "-o", &format!("Dir::State::Lists={}", lists.display())])
            .args(words)
            .current_dir(place);
        process::show(&mut command)
    };
    apt(&["update"])?;
    apt(&["source", "libvpx"])?;
    let entries = std::fs::read_dir(place).map_err(|error| format!("{}: {error}", place.display()))?;
    let unpacked = entries.flatten().map(|entry| entry.path()).find(|path| path.join("configure").is_file());
    unpacked.ok_or_else(|| "apt-get source libvpx unpacked no source".to_owned())
}
