//! The installer for Windows, made by NSIS on Debian from `packaging/windows/runde.nsi`.

use super::{Profile, output_of, version};
use crate::{notices, system, windows, workspace};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The web view's loader, which lies beside the program; the crate that binds it brings it.
const LOADER: &str = "WebView2Loader.dll";

pub fn pack(profile: Profile, folder: &Path) -> Result<PathBuf, String> {
    system::prepare_for("windows-installer")?;
    let built = windows::build(profile.folder(), &["runde", "runde-cli"])?;
    let desk = folder.join("windows");
    let (programs, texts) = (desk.join("programs"), desk.join("texts"));
    let _ = std::fs::remove_dir_all(&desk);
    for folder in [&programs, &texts] {
        std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    for program in ["runde.exe", "runde-cli.exe"] {
        copy(&built.join(program), &programs.join(program))?;
        needs_nothing_of_the_compiler(&programs.join(program))?;
    }
    copy(&loader(&built)?, &programs.join(LOADER))?;
    write(&texts.join("LICENSE.txt"), include_str!("../../../LICENSE"))?;
    let of_both = ["runde", "runde-cli"].map(|program| notices::text_for(program, windows::TARGET));
    let [app, cli] = of_both;
    write(&texts.join("THIRD-PARTY.txt"), &format!("{}\n\n{}", app?, cli?))?;
    let file = folder.join(format!("Runde-{}-setup.exe", version()));
    let define = |name: &str, value: &dyn std::fmt::Display| format!("-D{name}={value}");
    let mut makensis = Command::new("makensis");
    makensis
        .args(["-V2", &define("VERSION", &version()), &define("PROGRAMS", &programs.display())])
        .args([define("TEXTS", &texts.display()), define("OUT", &file.display())])
        .arg(define("ICON", &workspace::root().join("icons/icon.ico").display()))
        .arg(workspace::root().join("packaging/windows/runde.nsi"));
    output_of(&mut makensis)?;
    Ok(file)
}

/// Windows has none of the compiler's own libraries, and nobody should have to look for them.
fn needs_nothing_of_the_compiler(program: &Path) -> Result<(), String> {
    let mut command = Command::new("x86_64-w64-mingw32-objdump");
    let text = output_of(command.arg("-p").arg(program))?;
    let foreign = text.lines().filter_map(|line| line.trim().strip_prefix("DLL Name: "));
    match foreign.into_iter().find(|name| name.starts_with("lib")) {
        Some(name) => Err(format!("{} needs {name}, which no Windows has", program.display())),
        None => Ok(()),
    }
}

/// Cargo puts the loader beside the program only for some toolchains; it is in the build folder of its crate for all.
fn loader(built: &Path) -> Result<PathBuf, String> {
    let folders = std::fs::read_dir(built.join("build")).into_iter().flatten().flatten();
    let of_crate = folders
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("webview2-com-sys-")));
    of_crate
        .map(|path| path.join("out/x64").join(LOADER))
        .find(|path| path.is_file())
        .ok_or_else(|| format!("{LOADER} is not in {}", built.display()))
}

fn copy(from: &Path, to: &Path) -> Result<(), String> {
    std::fs::copy(from, to).map(|_| ()).map_err(|error| format!("{}: {error}", from.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}
