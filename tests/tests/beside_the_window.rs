//! What `runde-cli` withdraws, objects to or erases while the window is open counts there within a second, and nobody's record is lost
//! when both write at once.

use e2e::Outcome;
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::built;
use e2e::room::Room;
use e2e::web::Web;
use fantoccini::Locator;
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
/// A withdrawal is effective within this, from the moment on at which its command has ended.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Answers that each side records while the other one does.
const EACH: usize = 12;

const RECENT: &str = "Zuletzt benutzte Räume merken";
const NAMED: &str = "Anzeigenamen merken";

fn shot(name: &str) -> PathBuf {
    let reports = std::env::var_os("RUNDE_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from);
    reports.join("screenshots").join(format!("{name}.png"))
}

/// To its end, which must be a good one; when that was, and what it said.
fn cli(home: &Home, words: &[&str]) -> Outcome<(Instant, String)> {
    let mut command = Command::new(built("RUNDE_CLI")?);
    home.apply(&mut command);
    let output = command.args(words).output()?;
    let ended = Instant::now();
    if output.status.success() {
        return Ok((ended, String::from_utf8(output.stdout)?));
    }
    Err(format!("{words:?}: {}", String::from_utf8_lossy(&output.stderr)).into())
}

/// Whether the switch with this label is on.
fn is_on(label: &str) -> String {
    format!(
        "const label = [...document.querySelectorAll('label')].find(one => one.innerText.trim() === '{label}');
         return document.getElementById(label?.htmlFor)?.getAttribute('aria-checked') === 'true'"
    )
}

fn reads(text: &str) -> String {
    format!("return document.body.innerText.includes('{text}')")
}

/// Lines of the ledger of consents; it must be whole.
fn consents(home: &Home) -> Outcome<usize> {
    let (_, told) = cli(home, &["ledger", "verify", "--json"])?;
    let judged = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let judged = judged.into_iter().find(|line| line["ledger"] == "consents").ok_or("no judgement")?;
    assert_eq!((&judged["sound"], &judged["erased"]), (&true.into(), &0.into()), "{judged}");
    Ok(usize::try_from(judged["lines"].as_u64().unwrap_or_default())?)
}

/// A person at the window, and somebody beside them with the command line.
struct Table {
    home: Home,
    desktop: Desktop,
    web: Web,
    room: Room,
    _host: Home,
}

impl Table {
    async fn sit() -> Outcome<Self> {
        let (home, host) = (Home::new()?, Home::new()?);
        let room = Room::open(&host, "elternabend")?;
        let desktop = Desktop::start(&home)?;
        let web = Web::app(&home, &desktop, &built("RUNDE_BIN")?, &[]).await?;
        web.press("Zur Kenntnis genommen").await?;
        web.press(RECENT).await?;
        web.press(NAMED).await?;
        web.press("Weiter").await?;
        Ok(Self { home, desktop, web, room, _host: host })
    }

    /// The command, and how long after its end the page says so.
    async fn at_once(&self, words: &[&str], script: &str, wanted: bool) -> Outcome {
        let (ended, _) = cli(&self.home, words)?;
        self.web.until(&format!("{words:?} in the window"), AT_ONCE, script, |value| *value == wanted).await?;
        let after = ended.elapsed();
        println!("{words:?}: in the window after {after:?}");
        assert!(after <= AT_ONCE, "{words:?}: only after {after:?}");
        Ok(())
    }

    async fn enter(&self) -> Outcome {
        self.web.fill("#link", &self.room.link).await?;
        self.web.client.find(Locator::Css("form button[type=submit]")).await?.click().await?;
        Ok(())
    }

    async fn join(&self) -> Outcome {
        self.web.reads("Ihr Name", SOON).await?;
        self.web.fill("#name", "Ada").await?;
        self.web.press("Beitreten").await?;
        self.web.reads("Link kopieren", SOON).await
    }
}

async fn withdrawal(table: &Table) -> Outcome {
    let list = table.home.path("profile").join("data/recents.json");
    table.enter().await?;
    table.web.press("Zur Kenntnis genommen").await?;
    table.join().await?;
    table.web.press("Verlassen").await?;
    table.web.press("Zur Startseite").await?;
    table.web.reads("elternabend", SOON).await?;
    assert!(list.is_file(), "the room was to be remembered");
    table.at_once(&["rights", "withdraw", "recent-rooms"], &reads("elternabend"), false).await?;
    assert!(!list.exists());
    table.web.press("Datenschutz").await?;
    table.web.reads("Ausschalten widerruft", SOON).await?;
    table.at_once(&["rights", "grant", "recent-rooms"], &is_on(RECENT), true).await?;
    table.at_once(&["rights", "withdraw", "display-name"], &is_on(NAMED), false).await?;
    table.at_once(&["rights", "withdraw", "recent-rooms"], &is_on(RECENT), false).await
}

/// Both answer questions as fast as they can: the window one, the command line the other.
async fn at_the_same_time(table: &Table) -> Outcome {
    let before = consents(&table.home)?;
    let (program, mut commands) = (built("RUNDE_CLI")?, Vec::new());
    for number in 0..EACH {
        let mut command = Command::new(&program);
        table.home.apply(&mut command);
        command.args(["rights", if number % 2 == 0 { "grant" } else { "withdraw" }, "recent-rooms"]);
        commands.push(command);
    }
    let beside = tokio::task::spawn_blocking(move || {
        let done = |command: &mut Command| command.output().is_ok_and(|output| output.status.success());
        commands.iter_mut().all(done)
    });
    for number in 0..EACH {
        let script = format!(
            "const done = arguments[0];
             window.__TAURI_INTERNALS__.invoke('set_consent', {{ purpose: 'display-name', granted: {}, lang: 'de' }})
               .then(() => done('kept'), error => done(JSON.stringify(error)))",
            number % 2 == 0
        );
        assert_eq!(table.web.client.execute_async(&script, Vec::new()).await?, "kept");
    }
    assert!(beside.await?, "a command failed");
    assert_eq!(consents(&table.home)?, before + 2 * EACH);
    table.web.until("the last answer of the command line", SOON, &is_on(RECENT), |on| *on == false).await?;
    Ok(())
}

async fn objection(table: &Table) -> Outcome {
    table.web.client.find(Locator::Css(".desk header button")).await?.click().await?;
    table.enter().await?;
    table.join().await?;
    let words = ["rights", "object", "127.0.0.1"];
    table.at_once(&words, &reads("Sie haben der Verarbeitung durch diesen Betreiber widersprochen"), true).await?;
    let gone = "return document.body.innerText.includes('Sie haben den Raum verlassen')";
    table.web.until("the page after a meeting", SOON, gone, |gone| *gone == true).await?;
    table.web.painted().await?;
    table.desktop.screenshot(&shot("objected-elsewhere"))?;
    table.web.press("Zur Startseite").await?;
    table.enter().await?;
    table.web.reads("Zu 127.0.0.1 wird keine Verbindung aufgenommen", SOON).await?;
    cli(&table.home, &["rights", "lift", "127.0.0.1"])?;
    Ok(())
}

async fn erasure(table: &Table) -> Outcome {
    table.at_once(&["rights", "erase", "all"], &reads("675 Creekside Way"), true).await?;
    // The language went with the settings; without them it is the one of the web view.
    table.web.reads("Your profile was erased", SOON).await?;
    table.web.painted().await?;
    table.desktop.screenshot(&shot("erased-elsewhere"))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_command_line_withdraws_objects_to_and_erases_counts_in_the_open_window_within_a_second() -> Outcome {
    let table = Table::sit().await?;
    let told = tour(&table).await;
    if told.is_err() {
        table.desktop.screenshot(&shot("beside-failed"))?;
    }
    told
}

async fn tour(table: &Table) -> Outcome {
    withdrawal(table).await?;
    at_the_same_time(table).await?;
    objection(table).await?;
    erasure(table).await
}
