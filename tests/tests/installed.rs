//! The packages as a person gets them: installed into a clean Debian with nothing but what they declare, started there, looked at,
//! upgraded, removed. The screenshots are those of docs/install.md.

#[path = "installed/bad_input.rs"]
mod bad_input;
#[path = "installed/links.rs"]
mod links;
#[path = "installed/session.rs"]
mod session;

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::tree::{self, Tree};
use e2e::{Failure, Outcome};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
const PACKAGES: [&str; 2] = ["runde", "runde-cli"];
const LARGEST: u64 = 20_000_000;
/// Bytes of a screenshot with a page of text on it; the line that is shown before has 8 000.
const A_PAGE: u64 = 40_000;

/// The clean tree with both packages, made once.
fn installed() -> Outcome<&'static Tree> {
    static TREE: OnceLock<Result<Tree, String>> = OnceLock::new();
    let made = TREE.get_or_init(|| prepare().map_err(|error| error.to_string()));
    made.as_ref().map_err(|error| error.clone().into())
}

fn prepare() -> Outcome<Tree> {
    let start = Instant::now();
    let tree = Tree::clean("installed")?;
    println!("minbase after {} s", start.elapsed().as_secs());
    let files = [inside("runde")?, inside("runde-cli")?];
    tree.install(&files.iter().map(String::as_str).collect::<Vec<_>>())?;
    println!("installed after {} s", start.elapsed().as_secs());
    Ok(tree)
}

/// Where the tree sees one of our packages.
fn inside(name: &str) -> Outcome<String> {
    let file = tree::package(name)?;
    Ok(format!("/packages/{}", file.file_name().unwrap_or_default().to_string_lossy()))
}

fn nothing(_: &mut Command) {}

/// What a command of ours prints in the tree.
fn said(tree: &Tree, home: &Home, words: &[&str]) -> Outcome<String> {
    tree::run(&mut tree.program(home, nothing, words))
}

fn shot(name: &str) -> PathBuf {
    let reports = std::env::var_os("RUNDE_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from);
    reports.join("screenshots").join(format!("{name}.png"))
}

/// Waits for a page that is more than `than` bytes of picture: letters all over it. While the profile is read there is one line.
fn shown(desktop: &Desktop, name: &str, than: u64) -> Outcome<u64> {
    let end = Instant::now() + SOON;
    loop {
        desktop.screenshot(&shot(name))?;
        let size = std::fs::metadata(shot(name))?.len();
        if size > than {
            return Ok(size);
        }
        if Instant::now() > end {
            return Err(Failure::from(format!("{name}: {size} bytes of picture, no page with a text")));
        }
    }
}

#[test]
fn a_package_is_small_and_needs_no_codec_of_the_machine_that_built_it() -> Outcome {
    for name in PACKAGES {
        let file = tree::package(name)?;
        let depends = tree::field(&file, "Depends")?;
        assert!(depends.contains("libc6 (>="), "{depends}");
        assert!(!depends.contains("vpx") && !depends.contains("opus"), "{depends}");
        let size = std::fs::metadata(&file)?.len();
        println!("{name}: {size} bytes, {depends}");
        assert!(size <= LARGEST, "{name}: {size} bytes");
    }
    Ok(())
}

#[test]
fn the_catalogue_of_programs_can_show_it() -> Outcome {
    let home = Home::new()?;
    let folder = home.path("unpacked");
    tree::run(Command::new("dpkg-deb").arg("-x").arg(tree::package("runde")?).arg(&folder))?;
    let metainfo = folder.join("usr/share/metainfo/org.runde.Runde.metainfo.xml");
    tree::run(Command::new("appstreamcli").args(["validate", "--no-net"]).arg(&metainfo))?;
    let desktop = folder.join("usr/share/applications/org.runde.Runde.desktop");
    tree::run(Command::new("desktop-file-validate").arg(&desktop)).map(drop)
}

#[test]
fn every_library_is_there_with_the_declared_packages_alone() -> Outcome {
    let (tree, home) = (installed()?, Home::new()?);
    for name in PACKAGES {
        let linked = said(tree, &home, &["ldd", &format!("/usr/bin/{name}")])?;
        assert!(!linked.contains("not found"), "{linked}");
    }
    Ok(())
}

/// Manual pages, completions of three shells, the unit, and the licences of everything that is linked in.
#[test]
fn what_comes_beside_the_programs_lies_where_the_system_looks_for_it() -> Outcome {
    let tree = installed()?;
    for name in PACKAGES {
        for file in
            [format!("man/man1/{name}.1.gz"), format!("doc/{name}/copyright"), format!("doc/{name}/changelog.gz")]
        {
            assert!(tree.has(&format!("usr/share/{file}")), "{file}");
        }
        let notices = tree.administer(&["zcat", &format!("/usr/share/doc/{name}/THIRD-PARTY.gz")])?;
        for part in ["libvpx", "opusic-sys", "Liberation Sans"] {
            assert!(notices.contains(part), "{name}: {part}");
        }
        assert!(notices.lines().count() > 2_000, "{name}");
    }
    let completions = "usr/share/bash-completion/completions/runde-cli";
    for file in [
        completions,
        "usr/share/zsh/vendor-completions/_runde-cli",
        "usr/share/fish/vendor_completions.d/runde-cli.fish",
        "usr/lib/systemd/system/runde-cli.service",
        "etc/runde/serve.env",
        "usr/share/metainfo/org.runde.Runde.metainfo.xml",
        "usr/share/icons/hicolor/scalable/apps/org.runde.Runde.svg",
    ] {
        assert!(tree.has(file), "{file}");
    }
    let ask = format!(
        ". /{completions}; COMP_WORDS=(runde-cli no); COMP_CWORD=1; $(complete -p runde-cli | sed 's/.*-F \\([^ ]*\\).*/\\1/'); echo \"${{COMPREPLY[@]}}\""
    );
    assert_eq!(tree.administer(&["bash", "-c", &ask])?.trim(), "notice");
    Ok(())
}

#[test]
fn the_window_opens_and_links_of_both_schemes_lead_to_it() -> Outcome {
    let (tree, home) = (installed()?, Home::new()?);
    let desktop = Desktop::start(&home)?;
    for scheme in ["runde", "jitsi-meet"] {
        let asked = format!("x-scheme-handler/{scheme}");
        let opens = said(tree, &home, &["xdg-mime", "query", "default", &asked])?;
        assert_eq!(opens.trim(), "org.runde.Runde.desktop", "{scheme}");
    }
    let surroundings = |command: &mut Command| desktop.apply(command);
    let app = Program::start("runde", &mut tree.program(&home, surroundings, &["runde"]))?;
    shown(&desktop, "installed", A_PAGE)?;
    let link = ["xdg-open", "jitsi-meet://rooms.example.org/kaffee"];
    tree::run(&mut tree.program(&home, surroundings, &link))?;
    let end = Instant::now() + SOON;
    while shown(&desktop, "installed-link", A_PAGE)? > 0
        && std::fs::read(shot("installed"))? == std::fs::read(shot("installed-link"))?
    {
        assert!(Instant::now() < end, "the link changed nothing");
    }
    drop(app);
    Ok(())
}

#[test]
fn the_command_line_looks_around_hosts_and_joins() -> Outcome {
    let (tree, home) = (installed()?, Home::new()?);
    let found = said(tree, &home, &["runde-cli", "doctor", "--json"])?;
    assert!(found.lines().count() > 3 && found.contains("\"ledgers\""), "{found}");
    let (_server, base, fragment) = served(tree, &home)?;
    let link = format!("{base}/table{fragment}");
    let guest_home = Home::new()?;
    let noted = crate::hash(&said(tree, &guest_home, &["runde-cli", "notice", &link])?)?;
    let words = [
        "runde-cli",
        "join",
        &link,
        "--name",
        "Ada",
        "--notice-ack",
        &noted,
        "--audio-in",
        "tone",
        "--json",
        "--for",
        "2s",
    ];
    let mut guest = Program::start("join", &mut tree.program(&guest_home, nothing, &words))?;
    guest.event("joined", SOON)?;
    assert!(guest.ended(SOON)?.success());
    Ok(())
}

/// A room server in the tree, the address of its rooms and what a link ends with.
fn served(tree: &Tree, home: &Home) -> Outcome<(Program, String, String)> {
    let hash = hash(&said(tree, home, &["runde-cli", "notice", "embedded-room"])?)?;
    let listen = format!("127.0.0.1:{}", e2e::web::free_port()?);
    let words = ["runde-cli", "serve", "--json", "--listen", &listen, "--notice-ack", &hash];
    let mut server = Program::start("serve", &mut tree.program(home, nothing, &words))?;
    let heard = server.event("listening", SOON)?;
    let part = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
    Ok((server, part("url"), part("fragment")))
}

fn hash(notice: &str) -> Outcome<String> {
    let last = notice.lines().last().and_then(|line| line.strip_prefix("sha256: "));
    last.map(str::to_owned).ok_or_else(|| "the notice ends without its hash".into())
}

/// A profile as the older version left it: one noted notice, one setting.
fn lived_in(tree: &Tree) -> Outcome<Home> {
    let home = Home::new()?;
    let hash = hash(&said(tree, &home, &["runde-cli", "notice", "embedded-room"])?)?;
    said(tree, &home, &["runde-cli", "notice", "embedded-room", "--ack", &hash])?;
    Ok(home)
}

fn receipts(tree: &Tree, home: &Home) -> Outcome<usize> {
    let exported: Value = serde_json::from_str(&said(tree, home, &["runde-cli", "ledger", "export"])?)?;
    said(tree, home, &["runde-cli", "ledger", "verify"])?;
    Ok(exported["acknowledgements"].as_array().map_or(0, Vec::len))
}

#[test]
fn an_older_version_is_replaced_and_removed_and_what_a_person_keeps_stays() -> Outcome {
    let (tree, scratch) = (installed()?.copy("upgraded")?, Home::new()?);
    let settings = "etc/runde/serve.env";
    for name in PACKAGES {
        let old = tree::aged(&tree::package(name)?, "0.0.1", scratch.root())?;
        into(&tree, &old)?;
        tree.administer(&["dpkg", "--force-downgrade", "--install", "/opt/old.deb"])?;
    }
    assert_eq!(version(&tree, "runde")?, "0.0.1");
    let home = lived_in(&tree)?;
    tree.administer(&[
        "sh",
        "-c",
        &format!(
            "echo '# mine' >> /{settings}.new; cat /{settings} >> /{settings}.new; mv /{settings}.new /{settings}"
        ),
    ])?;
    tree.administer(&["dpkg", "--install", &inside("runde")?, &inside("runde-cli")?])?;
    assert_ne!(version(&tree, "runde")?, "0.0.1");
    assert_eq!(receipts(&tree, &home)?, 1);
    assert!(tree.administer(&["head", "-1", &format!("/{settings}")])?.contains("# mine"));
    tree.administer(&["apt-get", "remove", "-y", "-qq", "runde", "runde-cli"])?;
    assert!(!tree.has("usr/bin/runde") && !tree.has("usr/bin/runde-cli") && tree.has(settings));
    // The window's package leaves nothing that could be purged.
    tree.administer(&["dpkg", "--purge", "runde-cli"])?;
    assert!(!tree.has(settings) && !tree.has("etc/runde"));
    assert!(home.path("profile").join("data/acknowledgements.ledger").is_file());
    let left = tree.administer(&["sh", "-c", "find / -xdev -iname '*runde*' -not -path '/proc/*' -not -path '/packages/*' -not -path '/var/cache/apt/*' -not -path '/var/log/*'"])?;
    assert_eq!(left.replace("/opt/old.deb\n", "").trim(), "", "left behind");
    Ok(())
}

/// Lays a file into the tree.
fn into(tree: &Tree, file: &Path) -> Outcome {
    let bytes = std::fs::read(file)?;
    tree.place("opt/old.deb", &bytes)
}

fn version(tree: &Tree, package: &str) -> Outcome<String> {
    tree.administer(&["dpkg-query", "-W", "-f", "${Version}", package])
}
