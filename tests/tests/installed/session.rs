//! Starting with the session, from the switch in the window to the program that the entry starts.

use super::{SOON, installed, shot};
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::probe::Probe;
use e2e::program::Program;
use e2e::web::Web;
use e2e::{Failure, Outcome, tree};
use std::process::Command;
use std::time::{Duration, Instant};

const SWITCH: &str = "Mit der Anmeldung am Rechner starten";
/// Long enough for a window to open or for somebody to be contacted.
const WATCH: Duration = Duration::from_secs(8);

/// A home whose user reads German, in the profile that no variable leads away from.
pub fn users_home() -> Outcome<Home> {
    let home = Home::new()?;
    let settings = home.path("config").join("org.runde.Runde");
    std::fs::create_dir(&settings)?;
    std::fs::write(settings.join("settings.json"), r#"{"language":"de"}"#)?;
    Ok(home)
}

/// A user's own profile: one in a folder of its own has no session.
pub fn user(desktop: &Desktop) -> impl Fn(&mut Command) + '_ {
    |command| {
        desktop.apply(command);
        command.env_remove("RUNDE_HOME");
    }
}

pub fn until(what: &str, done: impl Fn() -> Outcome<bool>) -> Outcome {
    let end = Instant::now() + SOON;
    while !done()? {
        if Instant::now() > end {
            return Err(Failure::from(format!("{what} never came")));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// Through the first pages to the settings.
pub async fn to_the_settings(web: &Web) -> Outcome {
    web.press("Zur Kenntnis genommen").await?;
    web.reads("Freiwillige Funktionen", SOON).await?;
    web.press("Weiter").await?;
    web.reads("Link oder Raumname", SOON).await?;
    web.press("Einstellungen").await
}

#[tokio::test]
async fn the_session_starts_it_in_the_tray_once_somebody_wants_that_and_nobody_is_contacted() -> Outcome {
    let (tree, home) = (installed()?, users_home()?);
    let desktop = Desktop::start(&home)?;
    let entry = home.path("config").join("autostart/org.runde.Runde.desktop");
    let program = tree.script(&home, user(&desktop), &[], &["runde"])?;
    let web = Web::app(&home, &desktop, &program, &[]).await?;
    to_the_settings(&web).await?;
    web.reads(SWITCH, SOON).await?;
    assert!(!entry.exists(), "nobody chose it yet");
    web.press(SWITCH).await?;
    until("the entry", || Ok(entry.is_file()))?;
    web.painted().await?;
    desktop.screenshot(&shot("installed-autostart"))?;
    tree::run(Command::new("desktop-file-validate").arg(&entry))?;
    let text = std::fs::read_to_string(&entry)?;
    assert!(text.contains("Exec=\"/usr/bin/runde\" --hidden\nTryExec=/usr/bin/runde\n"), "{text}");
    drop(web);
    until("the end of the window", || Ok(!desktop.has_window("Runde")?))?;
    as_the_session_does(&home, &desktop, &text)?;
    // Off again: the entry goes, and with it the start.
    let web = Web::app(&home, &desktop, &program, &[]).await?;
    web.reads("Link oder Raumname", SOON).await?;
    web.press("Einstellungen").await?;
    web.press(SWITCH).await?;
    until("the end of the entry", || Ok(!entry.exists()))
}

/// Starts what the entry says, watched in a network of its own; then comes a person.
fn as_the_session_does(home: &Home, desktop: &Desktop, entry: &str) -> Outcome {
    let line = entry.lines().find_map(|line| line.strip_prefix("Exec=")).ok_or("no Exec")?;
    let tree = installed()?;
    let start = tree.script(home, user(desktop), &[], &["sh", "-c", &format!("exec {line}")])?;
    let mut probe = Probe::start(home, Some(desktop), &start, &[])?;
    let end = Instant::now() + WATCH;
    while Instant::now() < end {
        assert!(!desktop.has_window("Runde")?, "a window");
        assert!(!probe.program.is_over()?, "it ended");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!((probe.internet_sockets()?, probe.device_files()?), (Vec::new(), Vec::new()));
    assert_eq!(probe.packets()?, 0);
    // The same program, seen by the same watcher, is there when somebody comes.
    let mut second = Program::start("runde", &mut tree.program(home, user(desktop), &["runde"]))?;
    until("the window", || desktop.is_painted("Runde"))?;
    assert!(second.ended(SOON)?.success(), "the second start hands over to the first");
    assert!(!probe.program.is_over()?);
    Ok(())
}
