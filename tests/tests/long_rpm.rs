//! The rpm packages, installed by rpm itself into a clean tree: its own check of what they need, of every installed file, an upgrade and
//! a removal. The tree is a Debian, since no distribution made of rpms is at hand; what it offers is told to rpm as what it is.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::rpm::{self, Rpm};
use e2e::tree::{self, Tree};
use e2e::{Failure, Outcome};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
const PACKAGES: [&str; 2] = ["runde", "runde-cli"];
const LARGEST: u64 = 20_000_000;
/// What the app opens at run time and names by package.
const PROGRAMS: [&str; 2] = ["xdg-utils", "desktop-file-utils"];
const SETTINGS: &str = "etc/runde/serve.env";
/// Bytes of a screenshot with a page of text on it.
const A_PAGE: u64 = 40_000;

/// A Debian with the libraries that the app needs and nothing of ours.
fn without_us(name: &str) -> Outcome<Tree> {
    let tree = Tree::clean(name)?;
    let inside = |name: &str| -> Outcome<String> {
        Ok(format!("/packages/{}", tree::package(name)?.file_name().unwrap_or_default().to_string_lossy()))
    };
    tree.install(&[&inside("runde")?, &inside("runde-cli")?])?;
    tree.administer(&["dpkg", "--purge", "runde", "runde-cli"])?;
    assert!(!tree.has("usr/bin/runde") && !tree.has("etc/runde"));
    Ok(tree)
}

fn said(tree: &Tree, home: &Home, words: &[&str]) -> Outcome<String> {
    tree::run(&mut tree.program(home, |_| {}, words))
}

fn files() -> Outcome<[String; 2]> {
    let file = |name: &str| rpm::package(name).map(|file| file.to_string_lossy().into_owned());
    Ok([file(PACKAGES[0])?, file(PACKAGES[1])?])
}

/// One noted notice, whose hash is its last line.
fn note(tree: &Tree, home: &Home) -> Outcome {
    let notice = said(tree, home, &["runde-cli", "notice", "embedded-room"])?;
    let hash = notice.lines().last().and_then(|line| line.strip_prefix("sha256: ")).ok_or("no hash")?;
    said(tree, home, &["runde-cli", "notice", "embedded-room", "--ack", hash]).map(drop)
}

#[test]
fn it_is_small_and_refused_where_its_libraries_are_missing() -> Outcome {
    let (tree, [app, cli]) = (Tree::clean("rpm-bare")?, files()?);
    for file in [&app, &cli] {
        let size = std::fs::metadata(file)?.len();
        println!("{file}: {size} bytes");
        assert!(size <= LARGEST, "{file}: {size} bytes");
        let needs = tree::run(Command::new("rpm").args(["-qp", "--requires", file]))?;
        assert!(needs.contains("libc.so.6") && !needs.contains("vpx") && !needs.contains("opus"), "{needs}");
    }
    let refused = Rpm::empty(&tree)?.run(&["--install", &app]).err().map(|error| error.to_string());
    let refused = refused.ok_or_else(|| Failure::from("it installed without its libraries"))?;
    assert!(refused.contains("libwebkit2gtk-4.1.so.0") && refused.contains("is needed by"), "{refused}");
    assert!(!tree.has("usr/bin/runde"));
    Ok(())
}

#[test]
fn it_is_installed_started_upgraded_and_removed_and_what_a_person_keeps_stays() -> Outcome {
    let (tree, scratch, [app, cli]) = (without_us("rpm")?, Home::new()?, files()?);
    let rpm = Rpm::empty(&tree)?;
    rpm.learn_the_system(&PROGRAMS, scratch.root())?;
    let old = PACKAGES.map(|name| rpm::aged(name, "0.0.1", scratch.root()));
    for file in old {
        rpm.run(&["--install", &file?.to_string_lossy()])?;
    }
    let home = Home::new()?;
    note(&tree, &home)?;
    let mine = format!("{}# mine\n", std::fs::read_to_string(tree.root().join(SETTINGS))?);
    tree.place("opt/mine", mine.as_bytes())?;
    tree.administer(&["sh", "-c", &format!("rm /{SETTINGS} && mv /opt/mine /{SETTINGS}")])?;

    rpm.run(&["--upgrade", &app, &cli])?;
    let versions = rpm.run(&["-q", "--qf", "%{NAME} %{VERSION}\\n", "runde", "runde-cli"])?;
    assert!(versions.lines().count() == 2 && !versions.contains("0.0.1"), "{versions}");
    assert_eq!(std::fs::read_to_string(tree.root().join(SETTINGS))?, mine, "the administrator's file");
    // Verification of every file by size, hash, owner and rights, and of what is needed; the edited file alone differs.
    rpm.run(&["-V", "runde"])?;
    let differs = rpm.run(&["-V", "runde-cli"]).err().map(|error| error.to_string()).unwrap_or_default();
    let lines: Vec<&str> = differs.lines().skip(1).collect();
    assert!(lines.len() == 1 && lines[0].contains(&format!("c /{SETTINGS}")), "{differs}");
    for name in [
        "usr/share/zsh/site-functions/_runde-cli",
        "usr/share/man/man1/runde.1.gz",
        "usr/lib/systemd/system/runde-cli.service",
    ] {
        assert!(tree.has(name), "{name}");
    }
    assert!(!tree.has("usr/share/zsh/vendor-completions/_runde-cli"), "Debian's folder");
    starts(&tree)?;
    let verified = said(&tree, &home, &["runde-cli", "ledger", "verify"])?;
    assert!(verified.contains("acknowledgements: unversehrt, 1 Zeilen"), "{verified}");

    rpm.run(&["--erase", "runde", "runde-cli"])?;
    assert!(!tree.has("usr/bin/runde") && !tree.has("usr/bin/runde-cli") && !tree.has(SETTINGS));
    // What an administrator edited is kept under another name, and with it its folder; rpm has no purge.
    tree.administer(&["sh", "-c", &format!("rm /{SETTINGS}.rpmsave && rmdir /etc/runde")])?;
    assert!(home.path("profile").join("data/acknowledgements.ledger").is_file());
    let left = tree.administer(&["sh", "-c", "find / -xdev -iname '*runde*' -not -path '/proc/*' -not -path '/packages/*' -not -path '/var/cache/apt/*' -not -path '/var/log/*'"])?;
    assert_eq!(left.trim(), "", "left behind");
    Ok(())
}

/// The window opens, and links lead to it.
fn starts(tree: &Tree) -> Outcome {
    let home = Home::new()?;
    let desktop = Desktop::start(&home)?;
    let opens = said(tree, &home, &["xdg-mime", "query", "default", "x-scheme-handler/jitsi-meet"])?;
    assert_eq!(opens.trim(), "org.runde.Runde.desktop");
    let _app = Program::start("runde", &mut tree.program(&home, |command| desktop.apply(command), &["runde"]))?;
    let reports = std::env::var_os("RUNDE_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from);
    let shot = reports.join("screenshots/installed-rpm.png");
    let end = Instant::now() + SOON;
    loop {
        desktop.screenshot(&shot)?;
        if std::fs::metadata(&shot)?.len() > A_PAGE {
            return Ok(());
        }
        assert!(Instant::now() < end, "no page with a text");
    }
}
