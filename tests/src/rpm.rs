//! The other kind of package in the same clean tree: a database of rpm's own, in which the system is one package that offers the libraries
//! that really lie there, as rpm itself reads them. So what our packages need is checked without a distribution that is made of rpms.

use crate::tree::{self, Tree, privileged};
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What distributions of this kind offer by other names than those of libraries: the loader, the shell of the scripts.
const BESIDES: [&str; 2] = ["rtld(GNU_HASH)", "/bin/sh"];

/// One of the packages that `cargo xtask package --rpm` made.
pub fn package(name: &str) -> Outcome<PathBuf> {
    let folder = tree::package_folder()
        .ok_or_else(|| Failure::from("RUNDE_PACKAGES is not set: use cargo xtask test package"))?;
    let start = format!("{name}-");
    let named = |path: &PathBuf| {
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let version =
            file.strip_prefix(&start).is_some_and(|rest| rest.starts_with(|letter: char| letter.is_ascii_digit()));
        version && file.ends_with(".rpm")
    };
    let mut found: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).filter(named).collect();
    match (found.pop(), found.is_empty()) {
        (Some(file), true) => Ok(file),
        _ => Err(format!("exactly one {start}*.rpm has to lie in {}", folder.display()).into()),
    }
}

/// The same package as if it had been made earlier, from the description that the newer one was built by.
pub fn aged(name: &str, version: &str, scratch: &Path) -> Outcome<PathBuf> {
    let folder = tree::package_folder().unwrap_or_default();
    let text = std::fs::read_to_string(folder.join("trees").join(format!("{name}.rpm")).join("runde.spec"))?;
    let lines: Vec<String> = text
        .lines()
        .map(|line| if line.starts_with("Version: ") { format!("Version: {version}") } else { line.to_owned() })
        .collect();
    build(&(lines.join("\n") + "\n"), scratch)
}

/// Builds what `text` describes, without spending time on compression.
fn build(text: &str, scratch: &Path) -> Outcome<PathBuf> {
    let desk = tempfile::tempdir_in(scratch)?.keep();
    let file = desk.join("package.spec");
    std::fs::write(&file, text)?;
    let mut build = Command::new("rpmbuild");
    build.args(["-bb", "--define"]).arg(format!("_topdir {}", desk.display()));
    build.args(["--define", "_binary_payload w0.gzdio", "--define", "_build_id_links none"]);
    let said = tree::run(build.arg(&file))?;
    let written = said.lines().find_map(|line| line.strip_prefix("Wrote: "));
    written.map(|path| PathBuf::from(path.trim())).ok_or_else(|| format!("rpmbuild said: {said}").into())
}

/// rpm for one tree.
pub struct Rpm<'a> {
    tree: &'a Tree,
}

impl<'a> Rpm<'a> {
    /// A database that knows nothing yet.
    pub fn empty(tree: &'a Tree) -> Outcome<Self> {
        let rpm = Self { tree };
        rpm.run(&["--initdb"])?;
        Ok(rpm)
    }

    /// Tells it what the tree offers. `programs`: packages of the tree that others ask for by name.
    pub fn learn_the_system(&self, programs: &[&str], scratch: &Path) -> Outcome {
        let folders = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"].map(|folder| self.tree.root().join(folder));
        let found = tree::run(Command::new("find").args(&folders).args(["-maxdepth", "1", "-name", "*.so*"]))?;
        let mut reader = Command::new("/usr/lib/rpm/rpmdeps");
        let said = tree::run(reader.arg("--provides").args(found.lines()))?;
        let mut offers: Vec<&str> = said.lines().chain(programs.iter().copied()).chain(BESIDES).collect();
        offers.sort_unstable();
        offers.dedup();
        let lines: Vec<String> = offers.iter().map(|offer| format!("Provides: {offer}\n")).collect();
        let text = format!(
            "Name: system\nVersion: 1\nRelease: 1\nSummary: what lies in this tree\nLicense: none\n{}\n%description\nThe tree.\n\n%files\n",
            lines.concat()
        );
        let file = build(&text, scratch)?;
        self.run(&["--install", &file.to_string_lossy()]).map(drop)
    }

    pub fn run(&self, words: &[&str]) -> Outcome<String> {
        let mut rpm = privileged("rpm");
        rpm.arg("--root").arg(self.tree.root()).args(["--dbpath", "/var/lib/rpm"]);
        tree::run(rpm.args(words))
    }
}
