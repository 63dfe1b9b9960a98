//! What people have that a package does not expect: a home that cannot be written, half an installation, two versions, another program
//! for the same links, libraries that are missing. Each gets a sentence, and nothing that worked before is broken.

use super::session::{to_the_settings, until, user, users_home};
use super::{A_PAGE, SOON, hash, inside, installed, nothing, said, shot, shown};
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::tree::{self, Tree};
use e2e::web::Web;
use e2e::{Failure, Outcome};
use std::process::Command;

/// Bytes of a screenshot with a sentence on it: an empty window has a tenth.
const A_SENTENCE: u64 = 15_000;

/// What a program that fails says, and how it ends.
fn refused(command: &mut Command) -> Outcome<(Option<i32>, String)> {
    let output = command.output()?;
    Ok((output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[test]
fn a_home_that_cannot_be_written_gets_a_sentence_with_its_path_and_a_window() -> Outcome {
    let (tree, home) = (installed()?, Home::new()?);
    let desktop = Desktop::start(&home)?;
    let (root, run) = (home.root().display().to_string(), home.path("run").display().to_string());
    let mounts = ["--ro-bind", &root, &root, "--bind", &run, &run];
    let note = said(tree, &home, &["runde-cli", "notice", "embedded-room"])?;
    let words = ["runde-cli", "notice", "embedded-room", "--ack", &hash(&note)?];
    let (code, sentence) = refused(&mut tree.program_with(&home, nothing, &mounts, &words))?;
    assert_eq!(code, Some(1), "{sentence}");
    assert!(sentence.contains(&home.path("profile").display().to_string()), "{sentence}");
    // A web view that keeps nothing cannot be driven; the page is looked at.
    let surroundings = |command: &mut Command| desktop.apply(command);
    let mut app = Program::start("runde", &mut tree.program_with(&home, surroundings, &mounts, &["runde"]))?;
    shown(&desktop, "installed-read-only-home", A_SENTENCE)?;
    assert!(!app.is_over()?);
    Ok(())
}

#[test]
fn half_an_installation_is_whole_again_after_the_package_is_installed_once_more() -> Outcome {
    let tree = installed()?.copy("damaged")?;
    let home = super::lived_in(&tree)?;
    let spoil = "cd /usr/bin && head -c 1000000 runde > torn && chmod 755 torn && mv torn runde && rm /usr/share/applications/org.runde.Runde.desktop /usr/bin/runde-cli";
    tree.administer(&["sh", "-c", spoil])?;
    assert!(said(&tree, &home, &["runde"]).is_err(), "half a program runs");
    tree.administer(&["dpkg", "--install", &inside("runde")?, &inside("runde-cli")?])?;
    assert_eq!(tree.administer(&["dpkg", "--verify", "runde", "runde-cli"])?, "");
    assert_eq!(super::receipts(&tree, &home)?, 1);
    Ok(())
}

#[test]
fn of_two_versions_the_second_hands_its_link_to_the_first_and_the_command_line_writes_beside_it_in_turn() -> Outcome {
    let tree = installed()?.copy("two-versions")?;
    let home = Home::new()?;
    tree.administer(&["sh", "-c", "mkdir -p /opt/other && cp /usr/bin/runde /opt/other/runde"])?;
    let desktop = Desktop::start(&home)?;
    let surroundings = |command: &mut Command| desktop.apply(command);
    let mut first = Program::start("runde", &mut tree.program(&home, surroundings, &["runde"]))?;
    shown(&desktop, "installed-first-version", A_PAGE)?;
    let words = ["/opt/other/runde", "jitsi-meet://rooms.example.org/kaffee"];
    let mut second = Program::start("other", &mut tree.program(&home, surroundings, &words))?;
    assert!(second.ended(SOON)?.success());
    let before = std::fs::read(shot("installed-first-version"))?;
    until("the page of the link", || {
        shown(&desktop, "installed-second-version", A_PAGE)?;
        Ok(std::fs::read(shot("installed-second-version"))? != before)
    })?;
    assert!(!first.is_over()?);
    // The command line, whichever version, takes its turn; the window reads again before it writes.
    let note = said(&tree, &home, &["runde-cli", "notice", "embedded-room"])?;
    let words = ["runde-cli", "notice", "embedded-room", "--ack", &hash(&note)?];
    said(&tree, &home, &words)?;
    assert_eq!(super::receipts(&tree, &home)?, 1);
    Ok(())
}

/// The program that the system opens links of this kind with.
fn opener(tree: &Tree, home: &Home) -> Outcome<String> {
    Ok(said(tree, home, &["xdg-mime", "query", "default", "x-scheme-handler/jitsi-meet"])?.trim().to_owned())
}

#[tokio::test]
async fn links_that_another_program_has_stay_its_own_until_chosen_and_go_back_to_it() -> Outcome {
    let (tree, home) = (installed()?, users_home()?);
    let folder = home.path("data").join("applications");
    std::fs::create_dir_all(&folder)?;
    std::fs::write(
        folder.join("other.desktop"),
        "[Desktop Entry]\nType=Application\nName=Other\nExec=/bin/true %u\nMimeType=x-scheme-handler/jitsi-meet;\n",
    )?;
    let chosen = "[Default Applications]\ntext/html=other.desktop\nx-scheme-handler/jitsi-meet=other.desktop\n";
    std::fs::write(home.path("config").join("mimeapps.list"), chosen)?;
    assert_eq!(opener(tree, &home)?, "other.desktop", "the package took it over");
    let desktop = Desktop::start(&home)?;
    let program = tree.script(&home, user(&desktop), &[], &["runde"])?;
    let web = Web::app(&home, &desktop, &program, &[]).await?;
    to_the_settings(&web).await?;
    let switch = "Links mit jitsi-meet:// in Runde öffnen";
    web.press(switch).await?;
    until("our turn", || Ok(opener(tree, &home)? == "runde-handler.desktop"))?;
    web.press(switch).await?;
    until("the other program's turn", || Ok(opener(tree, &home)? == "other.desktop"))?;
    let left = std::fs::read_to_string(home.path("config").join("mimeapps.list"))?;
    assert!(left.contains("text/html=other.desktop"), "{left}");
    Ok(())
}

#[test]
fn without_the_trays_library_the_window_opens_all_the_same() -> Outcome {
    let tree = installed()?.copy("without-tray")?;
    tree.administer(&["dpkg", "--remove", "--force-depends", "libayatana-appindicator3-1"])?;
    let home = Home::new()?;
    let desktop = Desktop::start(&home)?;
    let surroundings = |command: &mut Command| desktop.apply(command);
    let log = home.path("log");
    let words = ["sh", "-c", &format!("exec runde 2>{}", log.display())];
    let _app = Program::start("runde", &mut tree.program(&home, surroundings, &words))?;
    shown(&desktop, "installed-without-tray", A_PAGE)?;
    let log = std::fs::read_to_string(log)?;
    assert!(log.contains("no tray icon"), "{log}");
    Ok(())
}

#[test]
fn a_package_without_its_libraries_is_refused_by_their_names() -> Outcome {
    let tree = Tree::clean("bare")?;
    let failed = tree.administer(&["dpkg", "--install", &inside("runde")?]).err().map(|error| error.to_string());
    let failed = failed.ok_or_else(|| Failure::from("it installed without its libraries"))?;
    assert!(failed.contains("libwebkit2gtk") || failed.contains("dependency problems"), "{failed}");
    let status =
        tree::run(&mut tree.program(&Home::new()?, nothing, &["dpkg-query", "-W", "-f", "${Status}", "runde"]))?;
    assert!(status.contains("unpacked"), "{status}");
    Ok(())
}

#[tokio::test]
async fn the_words_of_an_organisation_stand_before_the_notice_of_its_server_and_change_no_hash() -> Outcome {
    let tree = installed()?.copy("managed")?;
    let (home, host) = (users_home()?, "meet.musterverein.example");
    let plain = said(&tree, &home, &["runde-cli", "notice", host])?;
    let policy = format!(
        r#"{{"version":1,"organisation":"Musterverein e. V.","off":["autostart"],"notices":[{{"hosts":["{host}"],"de":"Bitte zeichnen Sie nichts auf.","en":"Please record nothing.","contact":"it@musterverein.example"}}]}}"#
    );
    tree.place("etc/runde/policy.json", policy.as_bytes())?;
    let (code, words) = refused(&mut tree.program(&home, nothing, &["runde-cli", "notice", host]))?;
    assert!(code == Some(0) && words.contains("Bitte zeichnen Sie nichts auf."), "{words}");
    assert_eq!(said(&tree, &home, &["runde-cli", "notice", host])?, plain);
    let desktop = Desktop::start(&home)?;
    let program = tree.script(&home, user(&desktop), &[], &["runde"])?;
    let web = Web::app(&home, &desktop, &program, &["https://meet.musterverein.example/kaffee"]).await?;
    web.reads("Musterverein e. V. schreibt zu diesem Server", SOON).await?;
    web.painted().await?;
    desktop.screenshot(&shot("installed-foreword"))?;
    drop(web);
    // Nonsense shuts: nobody is let in past it.
    tree.place("etc/runde/policy.json", policy.replace("\"en\"", "\"noted\"").as_bytes())?;
    let (code, sentence) = refused(&mut tree.program(&home, nothing, &["runde-cli", "notice", host]))?;
    assert!(code == Some(1) && sentence.contains("/etc/runde/policy.json"), "{sentence}");
    Ok(())
}
