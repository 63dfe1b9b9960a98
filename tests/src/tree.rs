//! A clean Debian below the target folder: what `debootstrap --variant=minbase` makes and what apt resolves from our packages' own
//! `Depends`, nothing else. Programs run in it by bubblewrap, whose mounts end with the program.
//!
//! Needs root (or `sudo`) and the system's Debian mirror; the tree without our packages is kept for the next run.

use crate::folder::Home;
use crate::{Failure, Outcome};
use std::path::{Path, PathBuf};
use std::process::Command;

const DRIVER: &str = "$WEBKIT_INSPECTOR_SERVER";
const AUTOMATION: &str = "$TAURI_WEBVIEW_AUTOMATION";

/// One root folder of its own.
pub struct Tree {
    root: PathBuf,
}

/// Where trees, and what apt fetched for them, lie between two runs.
fn shelf() -> Outcome<PathBuf> {
    let folder = std::env::var_os("RUNDE_TREES").map(PathBuf::from);
    folder.ok_or_else(|| "RUNDE_TREES is not set: use cargo xtask test package".into())
}

/// One of the packages that `cargo xtask package` made.
pub fn package(name: &str) -> Outcome<PathBuf> {
    let folder = std::env::var_os("RUNDE_PACKAGES").map(PathBuf::from);
    let folder = folder.ok_or_else(|| Failure::from("RUNDE_PACKAGES is not set: use cargo xtask test package"))?;
    let mut found: Vec<PathBuf> = std::fs::read_dir(&folder)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.file_name().is_some_and(|file| file.to_string_lossy().starts_with(&format!("{name}_"))))
        .filter(|path| path.extension().is_some_and(|end| end == "deb"))
        .collect();
    match (found.pop(), found.is_empty()) {
        (Some(file), true) => Ok(file),
        _ => Err(format!("exactly one {name}_*.deb has to lie in {}", folder.display()).into()),
    }
}

impl Tree {
    /// A fresh tree with nothing in it but minbase.
    pub fn clean(name: &str) -> Outcome<Self> {
        base()?.copy(name)
    }

    /// The same files under another name; hard links, since dpkg replaces files and never writes into them.
    pub fn copy(&self, name: &str) -> Outcome<Self> {
        let root = shelf()?.join(name);
        run(privileged("rm").arg("-rf").arg(&root))?;
        run(privileged("cp").arg("-al").arg(&self.root).arg(&root))?;
        Ok(Self { root })
    }

    /// The folder that is `/` in it.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether a path (from the root, without a leading slash) exists in the tree.
    pub fn has(&self, path: &str) -> bool {
        self.root.join(path).symlink_metadata().is_ok()
    }

    /// Lays a file into the tree (path from the root, without a leading slash).
    pub fn place(&self, path: &str, bytes: &[u8]) -> Outcome {
        let scratch = tempfile::NamedTempFile::new()?;
        std::fs::write(scratch.path(), bytes)?;
        run(privileged("cp").arg(scratch.path()).arg(self.root.join(path))).map(drop)
    }

    /// A program in the tree, with a home of the test's own and its desktop as `surroundings` set them up.
    pub fn program(&self, home: &Home, surroundings: impl Fn(&mut Command), words: &[&str]) -> Command {
        self.program_with(home, surroundings, &[], words)
    }

    /// The same with more words for bubblewrap, such as further mounts.
    pub fn program_with(
        &self,
        home: &Home,
        surroundings: impl Fn(&mut Command),
        more: &[&str],
        words: &[&str],
    ) -> Command {
        let mut model = Command::new("model");
        home.apply(&mut model);
        surroundings(&mut model);
        let mut command = self.bubble();
        command.arg("--bind").arg(home.root()).arg(home.root()).args([
            "--ro-bind-try",
            "/tmp/.X11-unix",
            "/tmp/.X11-unix",
        ]);
        for (name, value) in model.get_envs() {
            if let Some(value) = value {
                command.arg("--setenv").arg(name).arg(value);
            }
        }
        command.args(more).arg("--").args(words);
        command
    }

    /// The same as a file that others start, such as a driver or a watcher, with their arguments behind its own.
    pub fn script(
        &self,
        home: &Home,
        surroundings: impl Fn(&mut Command),
        more: &[&str],
        words: &[&str],
    ) -> Outcome<PathBuf> {
        use std::os::unix::fs::PermissionsExt;
        // What WebKit's driver tells the program it drives; empty where nobody drives it.
        let told = ["--setenv", "WEBKIT_INSPECTOR_SERVER", DRIVER, "--setenv", "TAURI_WEBVIEW_AUTOMATION", AUTOMATION];
        let more: Vec<&str> = told.into_iter().chain(more.iter().copied()).collect();
        let command = self.program_with(home, surroundings, &more, words);
        let said = std::iter::once(command.get_program()).chain(command.get_args()).map(|word| {
            let word = word.to_string_lossy();
            if word == DRIVER || word == AUTOMATION {
                return format!("\"{word}\"");
            }
            format!("'{}'", word.replace('\'', "'\\''"))
        });
        let text = format!("#!/bin/sh\nexec {} \"$@\"\n", said.collect::<Vec<_>>().join(" "));
        let mut names = (0..).map(|number| home.path(&format!("in-the-tree-{number}")));
        let file = names.find(|file| !file.exists()).ok_or("no name is free")?;
        std::fs::write(&file, text)?;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))?;
        Ok(file)
    }

    /// A program of an administrator, to its end; yields what it printed.
    pub fn administer(&self, words: &[&str]) -> Outcome<String> {
        let mut command = self.bubble();
        if let Some(folder) = package_folder() {
            command.arg("--ro-bind").arg(&folder).arg("/packages");
        }
        command.args(["--setenv", "DEBIAN_FRONTEND", "noninteractive", "--cap-add", "ALL", "--"]).args(words);
        run(&mut command)
    }

    /// Installs packages of ours by apt, which fetches what they say they need.
    pub fn install(&self, files: &[&str]) -> Outcome {
        let mut words = vec!["apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0"];
        words.extend(["-o", "APT::Keep-Downloaded-Packages=true"]);
        words.extend(files);
        self.administer(&["apt-get", "update", "-qq"])?;
        self.administer(&words).map(drop)
    }

    fn bubble(&self) -> Command {
        let mut command = privileged("bwrap");
        command.arg("--bind").arg(&self.root).arg("/");
        command.args([
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            "--perms",
            "1777",
            "--tmpfs",
            "/tmp",
            "--die-with-parent",
            "--clearenv",
        ]);
        if let Ok(fetched) = fetched() {
            command.arg("--bind").arg(fetched).arg("/var/cache/apt/archives");
        }
        command.args(["--ro-bind", "/etc/resolv.conf", "/etc/resolv.conf", "--chdir", "/"]);
        command.args(["--setenv", "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]);
        for name in ["http_proxy", "https_proxy"] {
            if let Some(value) = std::env::var_os(name) {
                command.args(["--setenv", name]).arg(value);
            }
        }
        command
    }
}

pub(crate) fn package_folder() -> Option<PathBuf> {
    std::env::var_os("RUNDE_PACKAGES").map(PathBuf::from)
}

/// What apt has fetched so far.
fn fetched() -> Outcome<PathBuf> {
    let folder = shelf()?.join("fetched");
    std::fs::create_dir_all(folder.join("partial"))?;
    Ok(folder)
}

/// The tree that all others are copied from; made once.
fn base() -> Outcome<Tree> {
    let release = release()?;
    let (root, done) = (shelf()?.join(format!("minbase-{release}")), shelf()?.join(format!("minbase-{release}.done")));
    if !done.is_file() {
        run(privileged("rm").arg("-rf").arg(&root))?;
        let sources = sources(&release)?;
        let mirror = sources.first().map(|source| source.0.clone()).ok_or("apt knows no mirror of this system")?;
        let mut debootstrap = privileged("debootstrap");
        debootstrap
            .args(["--variant=minbase", "--include=ca-certificates"])
            .arg(format!("--cache-dir={}", fetched()?.display()));
        run(debootstrap.arg(&release).arg(&root).arg(mirror))?;
        let lines: Vec<String> =
            sources.iter().map(|(mirror, suite, parts)| format!("deb {mirror} {suite} {parts}\n")).collect();
        let list = shelf()?.join("sources.list");
        std::fs::write(&list, lines.concat())?;
        run(privileged("cp").arg(&list).arg(root.join("etc/apt/sources.list")))?;
        std::fs::write(&done, "")?;
    }
    Ok(Tree { root })
}

/// The code name of this system's release.
fn release() -> Outcome<String> {
    let text = std::fs::read_to_string("/etc/os-release")?;
    let name = text.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    name.map(str::to_owned).ok_or_else(|| "this system has no code name in /etc/os-release".into())
}

/// The system's own sources of this release and its updates: mirror, suite, component; the release itself first.
fn sources(release: &str) -> Outcome<Vec<(String, String, String)>> {
    let mut ask = Command::new("apt-get");
    let format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
    let said = run(ask.args(["indextargets", "--format", format, "Created-By: Packages"]))?;
    let mut found: Vec<(String, String, String)> = said
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            Some((words.next()?, words.next()?, words.next()?))
        })
        .filter(|(_, suite, part)| suite.starts_with(release) && (part == "main" || part == "universe"))
        .collect();
    found.sort_by_key(|(_, suite, _)| (suite != release, suite.clone()));
    found.dedup();
    Ok(found)
}

pub fn privileged(program: &str) -> Command {
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if root {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["-n", program]);
    command
}

/// Runs to the end; an error carries the last words.
pub fn run(command: &mut Command) -> Outcome<String> {
    let name = format!("{command:?}");
    let output = command.output().map_err(|error| Failure::from(format!("{name}: {error}")))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    let all = text(&output.stdout) + &text(&output.stderr);
    let last: Vec<&str> = all.lines().rev().take(15).collect();
    Err(format!("{name}: {}\n{}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("\n")).into())
}

/// The fields of a package file.
pub fn field(file: &Path, name: &str) -> Outcome<String> {
    Ok(run(Command::new("dpkg-deb").arg("-f").arg(file).arg(name))?.trim().to_owned())
}

/// The same package with another version, as if it had been made earlier.
pub fn aged(file: &Path, version: &str, folder: &Path) -> Outcome<PathBuf> {
    let unpacked = folder.join("aged");
    run(Command::new("dpkg-deb").arg("-R").arg(file).arg(&unpacked))?;
    let control = unpacked.join("DEBIAN/control");
    let text = std::fs::read_to_string(&control)?;
    let lines: Vec<String> = text
        .lines()
        .map(|line| if line.starts_with("Version: ") { format!("Version: {version}") } else { line.to_owned() })
        .collect();
    std::fs::write(&control, lines.join("\n") + "\n")?;
    let aged = folder.join("aged.deb");
    run(Command::new("dpkg-deb").args(["-b", "--root-owner-group", "-Znone"]).arg(&unpacked).arg(&aged))?;
    std::fs::remove_dir_all(&unpacked)?;
    Ok(aged)
}
