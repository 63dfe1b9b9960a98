//! The privacy desk in the real window: records, what is stored, objection, a letter, taking along, erasing everything and coming back.
//! After each click the files themselves are looked at, from outside.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::built;
use e2e::web::Web;
use e2e::{Failure, Outcome};
use fantoccini::Locator;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(60);
/// The name of a person, which must be nowhere once it was erased.
const MARKER: &str = "Zwetschgenkuchen";
/// WebDriver's name of the key.
const ENTER: &str = "\u{e007}";
/// Withdrawing takes effect within this.
const AT_ONCE: Duration = Duration::from_secs(1);

fn reports() -> PathBuf {
    std::env::var_os("RUNDE_REPORTS").map_or_else(std::env::temp_dir, PathBuf::from).join("screenshots")
}

fn shot(name: &str) -> PathBuf {
    reports().join(format!("{name}.png"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.flat_map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { vec![entry.path()] }).collect()
}

/// Files of the profile that hold the planted name.
fn holding_marker(home: &Home) -> Vec<PathBuf> {
    let holds = |path: &PathBuf| {
        std::fs::read(path).is_ok_and(|bytes| bytes.windows(MARKER.len()).any(|part| part == MARKER.as_bytes()))
    };
    files(&home.path("profile")).into_iter().filter(holds).collect()
}

fn cli(home: &Home, words: &[&str]) -> Outcome<Output> {
    let mut command = Command::new(built("RUNDE_CLI")?);
    home.apply(&mut command);
    Ok(command.args(words).output()?)
}

fn json(bytes: &[u8]) -> Outcome<Value> {
    Ok(serde_json::from_slice(bytes)?)
}

/// A person at the window.
struct Seat {
    home: Home,
    desktop: Desktop,
    web: Web,
}

impl Seat {
    async fn take() -> Outcome<Self> {
        let home = Home::new()?;
        let desktop = Desktop::start(&home)?;
        let web = Web::app(&home, &desktop, &built("RUNDE_BIN")?, &[]).await?;
        Ok(Self { home, desktop, web })
    }

    /// Through the notice and the voluntary page, switching both memories on; then a stay in a room of one's own under the planted name.
    async fn arrive(&self) -> Outcome {
        let web = &self.web;
        web.press("Zur Kenntnis genommen").await?;
        web.press("Zuletzt benutzte Räume merken").await?;
        web.press("Anzeigenamen merken").await?;
        web.press("Weiter").await?;
        web.press("Raum auf diesem Gerät öffnen").await?;
        web.press("Zur Kenntnis genommen").await?;
        web.reads("Ihr Name", SOON).await?;
        web.fill("#name", MARKER).await?;
        web.press("Beitreten").await?;
        web.reads("Link kopieren", SOON).await?;
        web.press("Verlassen").await?;
        web.reads("Ihr Name ist für das nächste Mal gemerkt", SOON).await?;
        web.press("Zur Startseite").await?;
        assert!(!holding_marker(&self.home).is_empty(), "the name was to be kept");
        Ok(())
    }

    /// A setting as the settings page would change it.
    async fn set(&self, key: &str, value: &str) -> Outcome {
        let change = format!("{{ change: {{ key: '{key}', value: '{value}' }} }}");
        let script = format!("window.__TAURI_INTERNALS__.invoke('set_setting', {change})");
        self.web.client.execute(&script, Vec::new()).await?;
        Ok(())
    }

    async fn turn_to(&self, page: &str) -> Outcome {
        let path = format!("//nav[@aria-label='Datenschutz']//button[normalize-space()='{page}']");
        self.click(Locator::XPath(&path)).await
    }

    /// Scrolls to it and clicks as soon as nothing lies over it any more: a question takes a moment to go.
    async fn click(&self, what: Locator<'_>) -> Outcome {
        let end = Instant::now() + SOON;
        let element = self.web.client.wait().at_most(SOON).for_element(what).await?;
        while let Err(covered) = element.click().await {
            if Instant::now() > end {
                return Err(format!("{what:?}: {covered:?}").into());
            }
            let to_the_middle = "arguments[0].scrollIntoView({ block: 'center' })";
            self.web.client.execute(to_the_middle, vec![serde_json::to_value(&element)?]).await?;
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// Back to the page below.
    async fn close(&self) -> Outcome {
        self.click(Locator::Css(".desk header button")).await
    }

    /// Says yes to the question that is open.
    async fn agree(&self) -> Outcome {
        self.click(Locator::Css("[role=alertdialog] button:last-of-type")).await
    }

    async fn picture(&self, name: &str) -> Outcome {
        self.web.painted().await?;
        self.desktop.screenshot(&shot(name))
    }

    /// Presses a button that asks for a file and answers the dialog with `path`.
    async fn save_as(&self, button: &str, path: &Path) -> Outcome {
        self.web.press(button).await?;
        self.desktop.answer_dialog("Speichern unter", path)?;
        self.web.reads(&format!("Gespeichert: {}", path.display()), SOON).await
    }
}

/// The page of the ledgers and its export, held against what the command line says of the same profile.
async fn ledger(seat: &Seat) -> Outcome {
    seat.turn_to("Protokolle").await?;
    seat.web.reads("Die Kette ist vollständig", SOON).await?;
    seat.picture("desk-ledger").await?;
    let file = seat.home.path("ledgers.json");
    seat.save_as("JSON speichern …", &file).await?;
    let verified = cli(&seat.home, &["ledger", "verify"])?;
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let exported = cli(&seat.home, &["ledger", "export", "--format", "json"])?;
    assert_eq!(json(&std::fs::read(&file)?)?, json(&exported.stdout)?);
    let linked = seat.home.path("ledgers.jsonld");
    seat.save_as("JSON-LD speichern …", &linked).await?;
    let exported = cli(&seat.home, &["ledger", "export", "--format", "json-ld"])?;
    assert_eq!(json(&std::fs::read(&linked)?)?, json(&exported.stdout)?);
    Ok(())
}

/// Whom the program went to so far: its own room alone, as the page and the saved file say.
async fn contacts(seat: &Seat) -> Outcome {
    seat.turn_to("Kontakte").await?;
    seat.web.reads("Gespräch mit dem Raum", SOON).await?;
    seat.picture("desk-contacts").await?;
    let file = seat.home.path("contacts.json");
    seat.save_as("JSON speichern …", &file).await?;
    let saved = json(&std::fs::read(&file)?)?;
    let contacts = saved["contacts"].as_array().ok_or("no contacts")?;
    assert!(!contacts.is_empty() && contacts.iter().all(|entry| entry["notice"]["id"] == "embedded-room"), "{saved:#}");
    Ok(())
}

/// What is stored, and one value erased where it stands.
async fn stored(seat: &Seat) -> Outcome {
    seat.turn_to("Was gespeichert ist").await?;
    seat.web.reads("Art. 15 DSGVO", SOON).await?;
    seat.picture("desk-stored").await?;
    seat.click(Locator::XPath("//section[@aria-label='Einstellungen']//summary")).await?;
    seat.web.reads(MARKER, SOON).await?;
    seat.click(Locator::Css("button[aria-label^='Löschen: Anzeigename']")).await?;
    seat.picture("desk-question").await?;
    seat.agree().await?;
    let gone = format!("return document.body.innerText.includes('{MARKER}')");
    seat.web.until("the name is gone from the page", SOON, &gone, |there| there == false).await?;
    assert_eq!(holding_marker(&seat.home), Vec::<PathBuf>::new());
    Ok(())
}

/// Withdrawing: from any page two clicks, and the list is off the disk within a second.
async fn withdrawal(seat: &Seat) -> Outcome {
    let list = seat.home.path("profile").join("data/recents.json");
    assert!(list.is_file(), "the room was to be remembered");
    seat.web.press("Datenschutz").await?;
    seat.web.reads("Ausschalten widerruft", SOON).await?;
    seat.picture("desk-voluntary").await?;
    let start = Instant::now();
    seat.web.press("Zuletzt benutzte Räume merken").await?;
    while list.is_file() {
        assert!(start.elapsed() < AT_ONCE, "still there after {:?}", start.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

async fn objection(seat: &Seat) -> Outcome {
    seat.turn_to("Ihre Rechte").await?;
    seat.web.press("Der Verarbeitung durch meet.jit.si widersprechen").await?;
    seat.web.reads("Es wird keine Verbindung aufgenommen", SOON).await?;
    seat.picture("desk-rights").await?;
    seat.close().await?;
    seat.web.fill("#link", "https://meet.jit.si/Elternabend").await?;
    seat.click(Locator::Css("form button[type=submit]")).await?;
    seat.web.reads("Sie haben der Verarbeitung durch diesen Betreiber widersprochen", SOON).await?;
    seat.web.press("Datenschutz").await?;
    seat.turn_to("Ihre Rechte").await?;
    seat.web.press("Widerspruch gegen meet.jit.si zurücknehmen").await?;
    seat.web.reads("Widersprechen", SOON).await
}

/// A letter whose PDF is read by somebody else's program.
async fn letter(seat: &Seat) -> Outcome {
    seat.turn_to("Schreiben").await?;
    seat.web.fill("#letter-sender", &format!("Ada {MARKER}{ENTER}Weg 1{ENTER}12345 Ort")).await?;
    seat.picture("desk-letters").await?;
    seat.web.press("Schreiben verfassen").await?;
    seat.web.reads("675 Creekside Way", SOON).await?;
    let show = "document.querySelector('#letter-title').scrollIntoView(); return true";
    seat.web.until("the letter in view", SOON, show, |shown| shown == true).await?;
    seat.picture("desk-letter").await?;
    let file = seat.home.path("letter.pdf");
    seat.save_as("Als PDF speichern …", &file).await?;
    let text = Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output()?;
    let text = String::from_utf8(text.stdout)?;
    let sender = format!("Ada {MARKER} · Weg 1 · 12345 Ort");
    for part in ["8×8, Inc.", "675 Creekside Way", "Campbell, California 95008", &sender] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    let image = reports().join("desk-letter-pdf");
    let drawn = Command::new("pdftoppm").args(["-png", "-r", "80", "-singlefile"]).arg(&file).arg(&image).status()?;
    assert!(drawn.success());
    seat.click(Locator::XPath("//button[contains(., 'an die Antwort erinnern')]")).await?;
    seat.web.reads("Runde erinnert Sie am", SOON).await?;
    let kept = std::fs::read_to_string(seat.home.path("profile").join("data/reminders.json"))?;
    assert!(kept.contains("meet.jit.si") && holding_marker(&seat.home).is_empty(), "{kept}");
    Ok(())
}

/// Says who answers for rooms opened here, with a slip on the way; then a room opens under the notice made from it.
async fn own_notice(seat: &Seat) -> Outcome {
    let kept = seat.home.path("profile").join("config/operator.json");
    seat.turn_to("Räume öffnen").await?;
    seat.web.press("Speichern").await?;
    seat.web.reads("Der Name kann so nicht im Hinweis stehen", SOON).await?;
    seat.picture("desk-hosting-refused").await?;
    seat.web.fill("#hosting-name", "Musterverein Beispiel").await?;
    seat.web.fill("#hosting-address", &format!("Vereinsweg 1{ENTER}12345 Ort")).await?;
    seat.web.fill("#hosting-retentionDays", "14").await?;
    seat.web.press("Hinweis ansehen").await?;
    seat.web.reads("So würde der Hinweis lauten", SOON).await?;
    assert!(!kept.exists(), "looking keeps nothing");
    let show = "document.querySelector('#hosting-draft').scrollIntoView(); return true";
    seat.web.until("the notice in view", SOON, show, |shown| shown == true).await?;
    seat.picture("desk-hosting-draft").await?;
    seat.web.press("Speichern").await?;
    seat.web.reads("unter dem Hinweis von: Musterverein Beispiel", SOON).await?;
    assert_eq!(json(&std::fs::read(&kept)?)?["retention_days"], 14);
    seat.close().await?;
    seat.web.reads("Verantwortlich: Musterverein Beispiel.", SOON).await?;
    seat.picture("home-responsible").await?;
    seat.web.press("Raum auf diesem Gerät öffnen").await?;
    seat.web.reads("Was sich geändert hat", SOON).await?;
    seat.picture("notice-changed").await?;
    seat.web.press("Zur Kenntnis genommen").await?;
    seat.web.reads("Ihr Name", SOON).await?;
    seat.web.reads("Verantwortlich: Musterverein Beispiel.", SOON).await?;
    seat.picture("prejoin-operator").await?;
    seat.web.press("Beitreten").await?;
    seat.web.reads("Link kopieren", SOON).await?;
    seat.web.reads("Musterverein Beispiel", SOON).await?;
    seat.picture("meeting-operator").await?;
    let read = "return document.body.innerText.match(/https:\\S+#\\S+/)?.[0] ?? ''";
    let link = seat.web.client.execute(read, Vec::new()).await?;
    let link = link.as_str().unwrap_or_default().to_owned();
    guest_reads(&link)?;
    seat.web.press("Verlassen").await?;
    seat.web.press("Zur Startseite").await?;
    seat.web.press("Datenschutz").await?;
    log_and_papers(seat).await?;
    other_looks(seat).await?;
    every_version(seat).await
}

/// What the room just now left in the log, held with a reason and released; then a paper, saved as PDF and read by somebody else's program.
async fn log_and_papers(seat: &Seat) -> Outcome {
    seat.turn_to("Zugriffsprotokoll").await?;
    seat.web.reads("behalten das Zugriffsprotokoll 14 Tage", SOON).await?;
    seat.web.reads("127.0.0.1", SOON).await?;
    seat.picture("desk-access-log").await?;
    let folder = seat.home.path("profile").join("data/access-log");
    let table = seat.home.path("log.csv");
    seat.save_as("Tabelle (CSV) speichern …", &table).await?;
    let exported = cli(&seat.home, &["log", "export", "--format", "csv"])?;
    assert_eq!(std::fs::read(&table)?, exported.stdout);
    assert!(
        exported.stdout.starts_with(b"time,bytes_sent,client,os,ip\n") && exported.stdout.ends_with(b",127.0.0.1\n")
    );
    for (field, text) in [("incident", "2026-11-flut"), ("reason", "Flut"), ("person", "Ada"), ("ip", "127.0.0.0/8")] {
        seat.web.fill(&format!("#hold-{field}"), text).await?;
    }
    seat.web.press("Sichern").await?;
    seat.web.reads("Flut (entschieden von Ada)", SOON).await?;
    let show = "document.querySelector('#holds').scrollIntoView(); return true";
    seat.web.until("the hold in view", SOON, show, |shown| shown == true).await?;
    seat.picture("desk-access-log-hold").await?;
    assert!(folder.join("holds/2026-11-flut.hold").is_file());
    let listed = cli(&seat.home, &["hold", "list"])?;
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stdout));
    seat.click(Locator::Css("button[aria-label='Sicherung 2026-11-flut aufheben']")).await?;
    seat.agree().await?;
    seat.web.reads("die Zeilen sind gelöscht", SOON).await?;
    assert!(!folder.join("holds/2026-11-flut.hold").exists());

    seat.turn_to("Unterlagen").await?;
    seat.web.reads("Verantwortlich: Musterverein Beispiel", SOON).await?;
    seat.web.press("Blatt ansehen").await?;
    seat.web.reads("Vereinsweg 1, 12345 Ort", SOON).await?;
    seat.picture("desk-papers").await?;
    let show = "document.querySelector('#pack-paper').scrollIntoView(); return true";
    seat.web.until("the paper in view", SOON, show, |shown| shown == true).await?;
    seat.picture("desk-paper").await?;
    let file = seat.home.path("paper.pdf");
    seat.save_as("Als PDF speichern …", &file).await?;
    let text = Command::new("pdftotext").arg("-layout").arg(&file).arg("-").output()?;
    let text = String::from_utf8(text.stdout)?;
    assert!(
        text.contains("Musterverein Beispiel") && text.contains("Verzeichnis von Verarbeitungstätigkeiten"),
        "{text}"
    );
    Ok(())
}

/// The newer pages in English, light and dark, for the documentation.
async fn other_looks(seat: &Seat) -> Outcome {
    seat.set("language", "en").await?;
    for look in ["light", "dark"] {
        seat.set("look", look).await?;
        for (page, says, name) in [
            ("Voluntary functions", "Runde works fully without them", "voluntary"),
            ("Records", "The chain is whole", "ledger"),
            ("Contacts", "Conversation with the room", "contacts"),
            ("What is stored", "Art. 15 GDPR", "stored"),
            ("Your rights", "Object", "rights"),
            ("Letters", "Compose letter", "letters"),
            ("Opening rooms", "Musterverein Beispiel", "hosting"),
            ("Access log", "127.0.0.1", "access-log"),
            ("Papers", "Musterverein Beispiel", "papers"),
        ] {
            let path = format!("//nav[@aria-label='Privacy']//button[normalize-space()='{page}']");
            seat.click(Locator::XPath(&path)).await?;
            seat.web.reads(says, SOON).await?;
            seat.picture(&format!("desk-{name}-english-{look}")).await?;
        }
        seat.web.press("Look at the sheet").await?;
        let show = "const paper = document.querySelector('#pack-paper'); paper?.scrollIntoView(); return !!paper";
        seat.web.until("the paper in view", SOON, show, |shown| shown == true).await?;
        seat.picture(&format!("desk-paper-english-{look}")).await?;
    }
    seat.set("language", "de").await?;
    seat.set("look", "system").await
}

/// Both texts that were noted for one's own rooms are read from the records.
async fn every_version(seat: &Seat) -> Outcome {
    seat.turn_to("Protokolle").await?;
    let own = "(//ol/li[.//bdi[normalize-space()='Räume auf diesem Gerät']]//button[normalize-space()='Text lesen'])";
    seat.click(Locator::XPath(&format!("{own}[1]"))).await?;
    seat.web.reads("Musterverein Beispiel", SOON).await?;
    seat.web.press("Zurück").await?;
    seat.turn_to("Protokolle").await?;
    seat.click(Locator::XPath(&format!("{own}[2]"))).await?;
    seat.web.reads("Person, die diesen Raum geöffnet hat", SOON).await?;
    seat.web.press("Zurück").await?;
    seat.turn_to("Protokolle").await?;
    seat.web.reads("Die Kette ist vollständig", SOON).await
}

/// Somebody else's profile: the room itself says whose notice holds, and nobody enters unread.
fn guest_reads(link: &str) -> Outcome {
    let guest = Home::new()?;
    let warned = cli(&guest, &["notice", link])?;
    let warning = String::from_utf8(warned.stdout)?;
    let hash = warning.lines().last().and_then(|line| line.strip_prefix("sha256: ")).ok_or("no hash of the warning")?;
    let refused = cli(&guest, &["join", link, "--name", "Gast", "--notice-ack", hash, "--for", "1s"])?;
    assert_eq!(refused.status.code(), Some(3), "{}", String::from_utf8_lossy(&refused.stderr));
    let said = String::from_utf8(cli(&guest, &["notice", link, "--fetch"])?.stdout)?;
    assert!(said.contains("Musterverein Beispiel, Vereinsweg 1, 12345 Ort") && said.contains("14 Tage"), "{said}");
    Ok(())
}

/// Takes the profile along, erases everything, and brings it back from the file.
async fn away_and_back(seat: &Seat) -> Outcome {
    let file = seat.home.path("profile.json");
    seat.turn_to("Ihre Rechte").await?;
    seat.save_as("Profil speichern …", &file).await?;
    seat.web.press("Alles löschen").await?;
    seat.agree().await?;
    seat.web.reads("Solange ein Raum offen ist", SOON).await?;
    seat.close().await?;
    seat.web.press("Raum schließen").await?;
    seat.web.press("Datenschutz").await?;
    seat.turn_to("Ihre Rechte").await?;
    seat.web.press("Alles löschen").await?;
    seat.agree().await?;
    seat.web.reads("675 Creekside Way", SOON).await?;
    let left: Vec<PathBuf> = files(&seat.home.path("profile"));
    let records = left.iter().filter(|path| path.extension().is_some_and(|end| end == "ledger"));
    assert!(records.clone().all(|path| path.metadata().is_ok_and(|file| file.len() == 0)), "{left:?}");
    assert!(!left.iter().any(|path| path.ends_with("reminders.json")), "{left:?}");

    // The language went with the settings; without them it is the one of the web view.
    seat.web.press("Continue without a connection").await?;
    seat.web.press("Privacy").await?;
    seat.click(Locator::XPath("//nav[@aria-label='Privacy']//button[normalize-space()='Your rights']")).await?;
    seat.web.press("Read in a profile …").await?;
    seat.agree().await?;
    seat.desktop.answer_dialog("Datei wählen", &file)?;
    seat.web.reads("Link oder Raumname", SOON).await?;
    let verified = cli(&seat.home, &["ledger", "verify"])?;
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    let (kept, taken) = (cli(&seat.home, &["ledger", "export"])?, json(&std::fs::read(&file)?)?);
    let records = |ledger: &Value| ledger.as_array().map_or(0, Vec::len);
    let kept = json(&kept.stdout)?;
    for ledger in ["acknowledgements", "consents"] {
        assert_eq!(records(&kept[ledger]), records(&taken[ledger]), "{ledger}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_sees_takes_along_and_erases_what_is_stored_about_them() -> Outcome {
    let seat = Seat::take().await?;
    let told = tour(&seat).await;
    if told.is_err() {
        seat.desktop.screenshot(&shot("desk-failed"))?;
    }
    told
}

async fn tour(seat: &Seat) -> Result<(), Failure> {
    seat.arrive().await?;
    withdrawal(seat).await?;
    ledger(seat).await?;
    contacts(seat).await?;
    stored(seat).await?;
    objection(seat).await?;
    letter(seat).await?;
    own_notice(seat).await?;
    away_and_back(seat).await
}
