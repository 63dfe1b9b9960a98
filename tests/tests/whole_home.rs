//! The whole home of a user, compared before, after a tour of the window and after erasing: each new or changed byte is one that
//! `rights show` explains, and then it is gone again.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::{Program, built};
use e2e::web::Web;
use e2e::{Failure, Outcome};
use fantoccini::Locator;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
/// What other programs keep for themselves, inside the home: graphics driver, keyring, the test's window manager and sound server, and
/// the runtime folder, which is memory.
const OF_OTHERS: [&str; 5] = ["cache/mesa_shader_cache", "cache/openbox", "config/pulse", "data/keyrings", "run"];
const LIST: &str = "[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/jitsi-meet=web.desktop\n";

type Snapshot = BTreeMap<PathBuf, Vec<u8>>;

fn walk(root: &Path, folder: &Path, found: &mut Snapshot) -> Outcome {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let inside = path.strip_prefix(root)?.to_owned();
        let others = OF_OTHERS.iter().any(|name| inside.starts_with(name));
        if path.is_dir() {
            if !others {
                walk(root, &path, found)?;
            }
        } else if !others {
            found.insert(path.clone(), std::fs::read(&path).unwrap_or_default());
        }
    }
    Ok(())
}

fn snapshot(home: &Home) -> Outcome<Snapshot> {
    let mut found = Snapshot::new();
    walk(home.root(), home.root(), &mut found)?;
    Ok(found)
}

fn changed(before: &Snapshot, after: &Snapshot) -> Vec<PathBuf> {
    after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes)).map(|(path, _)| path.clone()).collect()
}

/// A home whose user reads German and has a web browser, in the profile that no variable leads away from.
fn users_home() -> Outcome<Home> {
    let home = Home::new()?;
    let settings = home.path("config").join("org.runde.Runde");
    std::fs::create_dir(&settings)?;
    std::fs::write(settings.join("settings.json"), r#"{"language":"de"}"#)?;
    std::fs::write(home.path("config").join("mimeapps.list"), LIST)?;
    let entries = home.path("data").join("applications");
    std::fs::create_dir(&entries)?;
    let browser = "[Desktop Entry]\nType=Application\nName=Web\nExec=/bin/true %u\nMimeType=text/html;x-scheme-handler/jitsi-meet;\n";
    std::fs::write(entries.join("web.desktop"), browser)?;
    Ok(home)
}

fn cli(home: &Home, desktop: &Desktop, words: &[&str]) -> Outcome<Output> {
    let mut command = Command::new(built("RUNDE_CLI")?);
    home.apply(&mut command);
    desktop.apply(&mut command);
    Ok(command.env_remove("RUNDE_HOME").args(words).output()?)
}

/// The files that the page for Art. 15 shows; fails where it knows one of them or a field of it not.
fn explained(home: &Home, desktop: &Desktop) -> Outcome<Vec<PathBuf>> {
    let shown = cli(home, desktop, &["rights", "show", "--json"])?;
    let text = String::from_utf8(shown.stdout)?;
    let mut files = Vec::new();
    for line in text.lines() {
        let event: Value = serde_json::from_str(line)?;
        let path = PathBuf::from(event["file"].as_str().unwrap_or_default());
        if !path.is_absolute() {
            continue;
        }
        assert_eq!(event["known"], true, "nobody explains {}", path.display());
        let fields = event["fields"].as_array().into_iter().flatten();
        let unknown: Vec<&Value> = fields.filter(|field| field["says"].is_null()).collect();
        assert!(unknown.is_empty(), "nobody explains {unknown:?} of {}", path.display());
        files.push(path);
    }
    Ok(files)
}

fn until(what: &str, done: impl Fn() -> Outcome<bool>) -> Outcome {
    let end = Instant::now() + SOON;
    while !done()? {
        if Instant::now() > end {
            return Err(Failure::from(format!("{what} never came")));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// The window on the user's own profile: one in a folder of its own has no session and no links.
fn program(home: &Home) -> Outcome<PathBuf> {
    let script = home.path("run").join("runde");
    let text = format!("#!/bin/sh\nunset RUNDE_HOME\nexec '{}' \"$@\"\n", built("RUNDE_BIN")?.display());
    std::fs::write(&script, text)?;
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    Ok(script)
}

/// Every switch that writes something, a stay in one's own room, one's own details as operator, a letter with its reminder.
async fn tour(web: &Web, home: &Home) -> Outcome {
    web.press("Zur Kenntnis genommen").await?;
    web.press("Zuletzt benutzte Räume merken").await?;
    web.press("Anzeigenamen merken").await?;
    web.press("Weiter").await?;
    web.reads("Link oder Raumname", SOON).await?;
    web.press("Einstellungen").await?;
    web.press("Mit der Anmeldung am Rechner starten").await?;
    for scheme in ["runde", "jitsi-meet"] {
        web.press(&format!("Links mit {scheme}:// in Runde öffnen")).await?;
        let list = home.path("config").join("mimeapps.list");
        let ours = format!("x-scheme-handler/{scheme}=runde-handler.desktop");
        until(&ours, || Ok(std::fs::read_to_string(&list)?.contains(&ours)))?;
    }
    web.press("Schließen").await?;
    web.press("Raum auf diesem Gerät öffnen").await?;
    web.press("Zur Kenntnis genommen").await?;
    web.reads("Ihr Name", SOON).await?;
    web.fill("#name", "Ada").await?;
    web.press("Beitreten").await?;
    web.reads("Link kopieren", SOON).await?;
    web.press("Verlassen").await?;
    web.press("Zur Startseite").await?;
    web.press("Raum schließen").await?;
    web.press("Datenschutz").await?;
    turn_to(web, "Räume öffnen").await?;
    web.fill("#hosting-name", "Musterverein").await?;
    web.fill("#hosting-address", "Vereinsweg 1").await?;
    web.press("Speichern").await?;
    web.reads("unter dem Hinweis von: Musterverein", SOON).await?;
    turn_to(web, "Schreiben").await?;
    web.press("Schreiben verfassen").await?;
    web.reads("675 Creekside Way", SOON).await?;
    let remind = "//button[contains(., 'an die Antwort erinnern')]";
    web.client.wait().at_most(SOON).for_element(Locator::XPath(remind)).await?.click().await?;
    web.reads("Runde erinnert Sie am", SOON).await
}

async fn turn_to(web: &Web, page: &str) -> Outcome {
    let path = format!("//nav[@aria-label='Datenschutz']//button[normalize-space()='{page}']");
    Ok(web.client.wait().at_most(SOON).for_element(Locator::XPath(&path)).await?.click().await?)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_byte_that_a_tour_leaves_in_the_home_is_explained_and_goes_with_erasing() -> Outcome {
    let home = users_home()?;
    let desktop = Desktop::start(&home)?;
    let before = snapshot(&home)?;
    let web = Web::app(&home, &desktop, &program(&home)?, &[]).await?;
    let toured = tour(&web, &home).await;
    if toured.is_err() {
        let reports = std::env::var_os("RUNDE_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from);
        desktop.screenshot(&reports.join("screenshots/whole-home-failed.png"))?;
    }
    toured?;
    drop(web);
    until("the end of the window", || Ok(!desktop.has_window("Runde")?))?;

    let left = snapshot(&home)?;
    let shown = explained(&home, &desktop)?;
    let new = changed(&before, &left);
    let unknown: Vec<&PathBuf> = new.iter().filter(|path| !shown.contains(path)).collect();
    assert!(unknown.is_empty(), "nobody explains {unknown:?}");
    for name in
        ["runde-handler.desktop", "mimeapps.list", "mimeinfo.cache", "org.runde.Runde.desktop", "reminders.json"]
    {
        assert!(new.iter().any(|path| path.ends_with(name)), "the tour was to write {name}: {new:?}");
    }

    // A byte that nobody wrote down is found.
    let stray = home.path("data").join("org.runde.Runde/stray");
    std::fs::write(&stray, "x")?;
    assert_eq!(changed(&left, &snapshot(&home)?), std::slice::from_ref(&stray));
    std::fs::remove_file(&stray)?;

    let erased = cli(&home, &desktop, &["rights", "erase", "all"])?;
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let after = snapshot(&home)?;
    let kept = changed(&before, &after);
    // The desktop's index was made for the user's other programs, too; of us it says nothing.
    let index = home.path("data").join("applications/mimeinfo.cache");
    let list = home.path("config").join("mimeapps.list");
    assert!(kept.iter().all(|path| *path == index || *path == list), "{kept:?}");
    for path in [index, list] {
        let text = String::from_utf8(after.get(&path).cloned().unwrap_or_default())?;
        assert!(!text.contains("runde-handler") && text.contains("text/html=web.desktop"), "{text}");
    }
    Ok(())
}

#[test]
fn without_a_driver_the_web_view_leaves_no_file() -> Outcome {
    let home = users_home()?;
    let desktop = Desktop::start(&home)?;
    let before = snapshot(&home)?;
    let mut command = Command::new(program(&home)?);
    home.apply(&mut command);
    desktop.apply(&mut command);
    let app = Program::start("runde", &mut command)?;
    until("the page", || desktop.is_painted("Runde"))?;
    // Time for the web view to write what it would.
    std::thread::sleep(Duration::from_secs(5));
    drop(app);
    let shown = explained(&home, &desktop)?;
    let new = changed(&before, &snapshot(&home)?);
    assert!(!new.is_empty() && new.iter().all(|path| shown.contains(path)), "{new:?}");
    Ok(())
}
