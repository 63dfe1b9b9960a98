//! A Debian package around a tree (deb(5), Debian Policy chapters 5 and 7). The libraries it needs are what the linker wrote into the
//! program, as `dpkg-shlibdeps` names them.

use super::{Content, moment, output_of, version};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packs one tree and yields the file.
pub fn pack(content: &Content, folder: &Path) -> Result<PathBuf, String> {
    let architecture = output_of(Command::new("dpkg").arg("--print-architecture"))?.trim().to_owned();
    let control = control(content, &architecture, &libraries(content)?, size(&content.root)?);
    let meta = content.root.join("DEBIAN");
    write(&meta, "control", &control, 0o644)?;
    if !content.settings.is_empty() {
        write(&meta, "conffiles", &format!("{}\n", content.settings.join("\n")), 0o644)?;
    }
    for (name, text) in content.scripts {
        write(&meta, name, text, 0o755)?;
    }
    let file = folder.join(format!("{}_{}_{architecture}.deb", content.name, version()));
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.args(["--build", "--root-owner-group", "-Zxz"]).arg(&content.root).arg(&file);
    output_of(dpkg.env("SOURCE_DATE_EPOCH", moment()))?;
    std::fs::remove_dir_all(&meta).map_err(|error| format!("{}: {error}", meta.display()))?;
    Ok(file)
}

/// `shlibs:Depends` of the program. The tool wants to stand in a source package, so it gets an empty one.
fn libraries(content: &Content) -> Result<String, String> {
    let desk = content.root.with_extension("shlibdeps");
    write(
        &desk.join("debian"),
        "control",
        &format!("Source: {0}\n\nPackage: {0}\nArchitecture: any\n", content.name),
        0o644,
    )?;
    let mut command = Command::new("dpkg-shlibdeps");
    let said = output_of(command.args(["-O", "-e"]).arg(&content.program).current_dir(&desk))?;
    said.trim().strip_prefix("shlibs:Depends=").map(str::to_owned).ok_or_else(|| format!("dpkg-shlibdeps said: {said}"))
}

fn control(content: &Content, architecture: &str, libraries: &str, kilobytes: u64) -> String {
    let depends: Vec<&str> = std::iter::once(libraries).chain(content.depends.iter().copied()).collect();
    let recommends = match content.recommends {
        [] => String::new(),
        some => format!("Recommends: {}\n", some.join(", ")),
    };
    format!(
        "Package: {}\nVersion: {}\nArchitecture: {architecture}\nMaintainer: The Runde authors <maintainers@runde.invalid>\nInstalled-Size: {kilobytes}\nDepends: {}\n{recommends}Section: net\nPriority: optional\nDescription: {}\n {}\n",
        content.name,
        version(),
        depends.join(", "),
        content.summary,
        content.description.replace('\n', "\n "),
    )
}

/// Kilobytes on the disk.
fn size(root: &Path) -> Result<u64, String> {
    let said = output_of(Command::new("du").args(["-sk"]).arg(root))?;
    said.split_whitespace().next().and_then(|word| word.parse().ok()).ok_or_else(|| format!("du said: {said}"))
}

fn write(folder: &Path, name: &str, text: &str, mode: u32) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{}/{name}: {error}", folder.display());
    std::fs::create_dir_all(folder).map_err(failed)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).map_err(failed)?;
    std::fs::write(folder.join(name), text).map_err(failed)?;
    std::fs::set_permissions(folder.join(name), std::fs::Permissions::from_mode(mode)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_file_names_what_the_linker_found_and_what_is_opened_at_run_time() {
        let content = Content {
            name: "runde",
            summary: "meetings",
            description: "One.\nTwo.",
            root: PathBuf::new(),
            program: PathBuf::new(),
            depends: &["xdg-utils"],
            recommends: &[],
            requires: &[],
            settings: &[],
            scripts: &[],
        };
        let text = control(&content, "amd64", "libc6 (>= 2.34)", 12);
        assert!(text.contains("\nDepends: libc6 (>= 2.34), xdg-utils\nSection:"), "{text}");
        assert!(text.ends_with("Description: meetings\n One.\n Two.\n"), "{text}");
    }
}
