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
    std::fs::write(&file, spec(content, &files(&content.root)?))
        .map_err(|error| format!("{}: {error}", file.display()))?;
    let mut build = Command::new("rpmbuild");
    build.args(["-bb", "--define"]).arg(format!("_topdir {}", desk.display()));
    build.arg("--define").arg(format!("_rpmdir {}", folder.display()));
    build.args(["--define", "_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm"]);
    build.args(["--define", "use_source_date_epoch_as_buildtime 1", "--define", "_build_id_links none"]);
    let said = output_of(build.arg(&file).env("SOURCE_DATE_EPOCH", moment()))?;
    let written = said.lines().find_map(|line| line.strip_prefix("Wrote: "));
    written.map(|path| PathBuf::from(path.trim())).ok_or_else(|| format!("rpmbuild said: {said}"))
}

/// Every installed file, as a path from the root.
fn files(root: &Path) -> Result<Vec<String>, String> {
    let said = output_of(Command::new("find").args([".", "-type", "f"]).current_dir(root))?;
    let mut files: Vec<String> = said.lines().filter_map(|line| line.strip_prefix('.')).map(str::to_owned).collect();
    files.sort();
    Ok(files)
}

fn spec(content: &Content, files: &[String]) -> String {
    let listed = |path: &String| match content.settings.contains(&path.as_str()) {
        true => format!("%config(noreplace) {path}"),
        false => path.clone(),
    };
    let list: Vec<String> = files.iter().map(listed).collect();
    format!(
        "Name: {}\nVersion: {}\nRelease: 1\nSummary: {}\nLicense: Apache-2.0\n%global debug_package %{{nil}}\n%global __strip /bin/true\n\n%description\n{}\n\n%install\nmkdir -p %{{buildroot}}\ncp -a {}/. %{{buildroot}}/\n\n%files\n{}\n",
        content.name,
        version(),
        content.summary,
        content.description,
        content.root.display(),
        list.join("\n"),
    )
}
