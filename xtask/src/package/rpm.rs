//! An RPM around the same tree, by `rpmbuild`. The libraries it needs are found by rpm itself from the program.

use super::{Content, moment, output_of, version};
use crate::process;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Packs one tree and yields the file.
pub fn pack(content: &Content, folder: &Path) -> Result<PathBuf, String> {
    if !process::answers("rpmbuild", "--version") {
        return Err("rpmbuild was not found. Debian, Ubuntu: apt install rpm; Fedora: dnf install rpm-build".to_owned());
    }
    let desk = content.root.with_extension("rpm");
    std::fs::create_dir_all(&desk).map_err(|error| format!("{}: {error}", desk.display()))?;
    let file = desk.join("runde.spec");
    std::fs::write(&file, spec(content, &files(&content.root)?, &folders(&content.root)?))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut build = Command::new("rpmbuild");
    build.args(["-bb", "--define"]).arg(format!("_topdir {}", desk.display()));
    build.arg("--define").arg(format!("_rpmdir {}", folder.display()));
    build.args(["--define", "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm"]);
    // Debian's rpm packs with gzip unless told, half as large again.
    build.args(["--define", "_binary_payload w9.xzdio"]);
    build.args(["--define", "use_source_date_epoch_as_buildtime 1", "--define", "_build_id_links none"]);
    let said = output_of(build.arg(&file).env("SOURCE_DATE_EPOCH", moment()))?;
    let written = said.lines().find_map(|line| line.strip_prefix("Wrote: "));
    written.map(|path| PathBuf::from(path.trim())).ok_or_else(|| format!("rpmbuild said: {said}"))
}

/// A unit is read when it comes and when it goes; the one that goes for good is stopped first (rpm counts the versions that stay).
const UNIT: &str = "%post\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi\n\n%preun\nif [ $1 -eq 0 ] && [ -d /run/systemd/system ]; then systemctl --no-reload disable --now runde-cli.service || :; fi\n\n%postun\nif [ -d /run/systemd/system ]; then systemctl daemon-reload || :; fi\n\n";

/// Where zsh of these distributions looks, and where Debian's does.
const ZSH: (&str, &str) = ("/usr/share/zsh/site-functions", "/usr/share/zsh/vendor-completions");

/// Folders that are ours alone: rpm takes away only those that a package owns.
fn folders(root: &Path) -> Result<Vec<String>, String> {
    let said = output_of(Command::new("find").args([".", "-type", "d", "-name", "runde*"]).current_dir(root))?;
    let mut folders: Vec<String> = said.lines().filter_map(|line| line.strip_prefix('.')).map(str::to_owned).collect();
    folders.sort();
    Ok(folders)
}

/// Every installed file, as a path from the root.
fn files(root: &Path) -> Result<Vec<String>, String> {
    let said = output_of(Command::new("find").args([".", "-type", "f"]).current_dir(root))?;
    let mut files: Vec<String> =
        said.lines().filter_map(|line| line.strip_prefix('.')).map(|line| line.replace(ZSH.1, ZSH.0)).collect();
    files.sort();
    Ok(files)
}

fn spec(content: &Content, files: &[String], folders: &[String]) -> String {
    let listed = |path: &String| match content.settings.contains(&path.as_str()) {
        true => format!("%config(noreplace) {path}"),
        false => path.clone(),
    };
    let owned = folders.iter().map(|path| format!("%dir {path}"));
    let list: Vec<String> = owned.chain(files.iter().map(listed)).collect();
    let requires: Vec<String> = content.requires.iter().map(|name| format!("Requires: {name}\n")).collect();
    let scripts = if files.iter().any(|path| path.ends_with(".service")) { UNIT } else { "" };
    format!(
        "Name: {}\nVersion: {}\nRelease: 1\nSummary: {}\nLicense: Apache-2.0\n{}%global debug_package %{{nil}}\n%global __strip /bin/true\n\n%description\n{}\n\n%install\nmkdir -p %{{buildroot}}\ncp -a {}/. %{{buildroot}}/\nif [ -d %{{buildroot}}{} ]; then mv %{{buildroot}}{} %{{buildroot}}{}; fi\n\n{scripts}%files\n{}\n",
        content.name,
        version(),
        content.summary,
        requires.concat(),
        content.description,
        content.root.display(),
        ZSH.1,
        ZSH.1,
        ZSH.0,
        list.join("\n"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spec_names_what_is_opened_at_run_time_what_is_ours_and_what_an_administrator_edits() {
        let content = Content {
            name: "runde-cli",
            summary: "meetings",
            description: "One.",
            root: PathBuf::from("/tree"),
            program: PathBuf::new(),
            depends: &[],
            recommends: &[],
            requires: &["xdg-utils"],
            settings: &["/etc/runde/serve.env"],
            scripts: &[],
        };
        let files = ["/etc/runde/serve.env", "/usr/bin/runde-cli", "/usr/lib/systemd/system/runde-cli.service"];
        let text = spec(&content, &files.map(str::to_owned), &["/etc/runde".to_owned()]);
        assert!(text.contains("\nLicense: Apache-2.0\nRequires: xdg-utils\n"), "{text}");
        assert!(
            text.contains("%files\n%dir /etc/runde\n%config(noreplace) /etc/runde/serve.env\n/usr/bin/runde-cli\n"),
            "{text}"
        );
        assert!(text.contains("%preun\nif [ $1 -eq 0 ]"), "{text}");
        assert!(
            !spec(&content, &files[..2].iter().map(ToString::to_string).collect::<Vec<_>>(), &[]).contains("%post")
        );
    }
}
