//! The chain key in a real Secret Service: where it lies, what guards it, what a cut ledger looks like, and what happens when the
//! keyring is gone or locked.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::{Program, built};
use e2e::web::Web;
use e2e::{Outcome, room};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const START: Duration = Duration::from_secs(20);
const LINKS: [&str; 2] = ["https://one.example/table", "https://two.example/table"];

/// A bus that lets everybody on it talk and starts nothing by itself.
const BUS: &str = r#"<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A session bus with an unlocked keyring on it.
struct Session {
    home: Home,
    address: String,
    keyring: Program,
    _bus: Program,
}

impl Session {
    fn start() -> Outcome<Self> {
        let home = Home::new()?;
        let mut bus = Command::new("dbus-daemon");
        home.apply(&mut bus);
        // Without activation: a keyring that was ended stays away.
        let socket = home.path("run").join("keyring-bus");
        let config = home.path("bus.conf");
        fs::write(&config, BUS.replace("SOCKET", &socket.display().to_string()))?;
        let config = format!("--config-file={}", config.display());
        let mut bus = Program::start("bus", bus.args(["--nofork", "--print-address=1", &config]))?;
        let address = bus.line(START)?;
        let keyring = keyring(&home, &address)?;
        Ok(Self { home, address, keyring, _bus: bus })
    }

    /// The command line with the profile where the system keeps it, so that the keyring is asked.
    fn cli(&self, words: &[&str]) -> Outcome<Output> {
        let mut command = Command::new(built("RUNDE_CLI")?);
        self.home.apply(&mut command);
        command.env_remove("RUNDE_HOME").env("DBUS_SESSION_BUS_ADDRESS", &self.address).args(words);
        Ok(command.output()?)
    }

    fn cli_in(&self, locale: &str, words: &[&str]) -> Outcome<Output> {
        let mut command = Command::new(built("RUNDE_CLI")?);
        self.home.apply(&mut command);
        command.env_remove("RUNDE_HOME").env_remove("LANGUAGE").env("LC_ALL", locale);
        Ok(command.env("DBUS_SESSION_BUS_ADDRESS", &self.address).args(words).output()?)
    }

    fn acknowledge(&self, link: &str) -> Outcome<Output> {
        let hash = room::notice_of(&self.home, link)?;
        self.cli(&["notice", link, "--ack", &hash])
    }

    /// Ends the keyring; it does not come back by itself.
    fn end_keyring(&mut self) -> Outcome {
        let nothing = Program::start("nothing", Command::new("sleep").arg("60"))?;
        std::mem::replace(&mut self.keyring, nothing).kill()
    }

    /// What "lock" in a desktop's keyring program does; returns once it is.
    fn lock_keyring(&self) -> Outcome {
        let collection = "/org/freedesktop/secrets/collection/login";
        let ask = |words: &[&str]| -> Outcome<Output> {
            let mut command = Command::new("dbus-send");
            self.home.apply(&mut command);
            command.env("DBUS_SESSION_BUS_ADDRESS", &self.address);
            command.args(["--session", "--print-reply", "--dest=org.freedesktop.secrets"]).args(words);
            Ok(command.output()?)
        };
        let all = format!("array:objpath:{collection}");
        ask(&["/org/freedesktop/secrets", "org.freedesktop.Secret.Service.Lock", &all])?;
        let property = "org.freedesktop.DBus.Properties.Get";
        let locked = ask(&[collection, property, "string:org.freedesktop.Secret.Collection", "string:Locked"])?;
        let said = String::from_utf8_lossy(&locked.stdout).into_owned();
        if said.contains("boolean true") { Ok(()) } else { Err(format!("the keyring stayed open: {said}").into()) }
    }

    /// The verdict on the acknowledgements.
    fn verify(&self) -> Outcome<Value> {
        let output = self.cli(&["ledger", "verify", "--json"])?;
        let text = String::from_utf8(output.stdout)?;
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let verdict =
            lines.into_iter().find(|line| line["ledger"].as_str().is_some_and(|name| name.starts_with("ack")));
        Ok(verdict.ok_or_else(|| format!("no verdict in {text}"))?)
    }

    fn ledger(&self) -> Outcome<PathBuf> {
        file_below(&self.home.path("data"), "acknowledgements.ledger").ok_or_else(|| "no ledger was written".into())
    }
}

/// Starts the keyring, unlocked with a password that it reads from its standard input, and waits until it answers.
fn keyring(home: &Home, address: &str) -> Outcome<Program> {
    let script = "printf secret | exec gnome-keyring-daemon --foreground --unlock --components=secrets";
    let mut command = Command::new("sh");
    home.apply(&mut command);
    command.args(["-c", script]).env("DBUS_SESSION_BUS_ADDRESS", address).stderr(Stdio::null());
    let keyring = Program::start("keyring", &mut command)?;
    let end = Instant::now() + START;
    loop {
        let mut ask = Command::new("dbus-send");
        home.apply(&mut ask);
        ask.env("DBUS_SESSION_BUS_ADDRESS", address).args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
            "/org/freedesktop/secrets/aliases/default",
            "org.freedesktop.DBus.Properties.Get",
            "string:org.freedesktop.Secret.Collection",
            "string:Locked",
        ]);
        let answer = ask.output()?;
        if String::from_utf8_lossy(&answer.stdout).contains("boolean false") {
            return Ok(keyring);
        }
        if Instant::now() > end {
            return Err(format!("the keyring did not open: {}", String::from_utf8_lossy(&answer.stderr)).into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn file_below(folder: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(folder)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .find_map(|path| if path.is_dir() { file_below(&path, name) } else { path.ends_with(name).then_some(path) })
}

#[test]
fn the_key_lies_in_the_keyring_and_a_cut_ledger_is_found_by_it() -> Outcome {
    let session = Session::start()?;
    for link in LINKS {
        assert!(session.acknowledge(link)?.status.success());
    }
    assert_eq!(file_below(session.home.root(), "ledger.key"), None, "no key on disk where a keyring answers");
    let verdict = session.verify()?;
    assert_eq!(
        (verdict["sound"].as_bool(), verdict["protection"].as_str(), verdict["head"].as_str()),
        (Some(true), Some("keyring"), Some("equal")),
        "{verdict}"
    );

    let path = session.ledger()?;
    let whole = fs::read_to_string(&path)?;
    let lines: Vec<&str> = whole.lines().collect();
    fs::write(&path, lines[..lines.len() - 1].join("\n") + "\n")?;
    let verdict = session.verify()?;
    assert_eq!((verdict["sound"].as_bool(), verdict["head"].as_str()), (Some(false), Some("behind")), "{verdict}");
    fs::write(&path, whole)?;
    assert_eq!(session.verify()?["sound"], true);
    Ok(())
}

#[test]
fn without_the_keyring_that_holds_its_key_nothing_is_recorded_and_nothing_is_lost() -> Outcome {
    let mut session = Session::start()?;
    assert!(session.acknowledge(LINKS[0])?.status.success());
    let path = session.ledger()?;
    let before = fs::read(&path)?;
    session.end_keyring()?;

    let refused = session.acknowledge(LINKS[1])?;
    assert_eq!(refused.status.code(), Some(1), "{}", String::from_utf8_lossy(&refused.stderr));
    assert_eq!(fs::read(&path)?, before);
    assert_eq!(
        file_below(session.home.root(), "ledger.key"),
        None,
        "a second key would make the first ledger worthless"
    );

    session.keyring = keyring(&session.home, &session.address)?;
    assert!(session.acknowledge(LINKS[1])?.status.success());
    let verdict = session.verify()?;
    assert_eq!((verdict["sound"].as_bool(), verdict["lines"].as_u64()), (Some(true), Some(2)), "{verdict}");
    Ok(())
}

#[test]
fn a_locked_keyring_is_told_in_both_languages_and_nothing_is_recorded_contacted_or_lost() -> Outcome {
    let mut session = Session::start()?;
    assert!(session.acknowledge(LINKS[0])?.status.success());
    let path = session.ledger()?;
    let before = fs::read(&path)?;
    let hash = room::notice_of(&session.home, LINKS[1])?;
    session.lock_keyring()?;
    let contacts = session.home.path("contacts.json");
    let noting = ["notice", LINKS[1], "--ack", &hash];
    let joining = ["join", LINKS[0], "--name", "Ada", "--contacts", &contacts.display().to_string()];
    for (locale, sentence) in
        [("de_DE.UTF-8", "Entsperren Sie ihn und starten Sie neu"), ("en_GB.UTF-8", "Unlock it and start again")]
    {
        for words in [&noting[..], &joining[..], &["ledger", "verify"], &["rights", "export", "-"]] {
            let refused = session.cli_in(locale, words)?;
            let said = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert!(refused.status.code() == Some(1) && said.contains(sentence), "{words:?}: {said}");
        }
        let written: Value = serde_json::from_slice(&fs::read(&contacts)?)?;
        assert_eq!(written["contacts"], serde_json::json!([]), "nobody was to be contacted");
        fs::remove_file(&contacts)?;
    }
    assert_eq!(fs::read(&path)?, before);
    assert_eq!(file_below(session.home.root(), "ledger.key"), None, "no second key");

    // As after the next login.
    session.end_keyring()?;
    session.keyring = keyring(&session.home, &session.address)?;
    assert!(session.acknowledge(LINKS[1])?.status.success());
    let verdict = session.verify()?;
    assert_eq!((verdict["sound"].as_bool(), verdict["lines"].as_u64()), (Some(true), Some(2)), "{verdict}");
    Ok(())
}

/// The window holds its profile open; the keyring may end meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn a_keyring_that_goes_while_the_window_is_open_costs_no_record() -> Outcome {
    let mut session = Session::start()?;
    let settings = session.home.path("config").join("org.runde.Runde");
    fs::create_dir(&settings)?;
    fs::write(settings.join("settings.json"), r#"{"language":"de"}"#)?;
    let desktop = Desktop::start(&session.home)?;
    let program = session.home.path("run").join("runde");
    let text = format!(
        "#!/bin/sh\nunset RUNDE_HOME\nDBUS_SESSION_BUS_ADDRESS='{}'\nexport DBUS_SESSION_BUS_ADDRESS\nexec '{}' \"$@\"\n",
        session.address,
        built("RUNDE_BIN")?.display()
    );
    fs::write(&program, text)?;
    fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let web = Web::app(&session.home, &desktop, &program, &[]).await?;
    web.press("Zur Kenntnis genommen").await?;
    web.reads("Freiwillige Funktionen", START).await?;
    session.end_keyring()?;
    web.press("Zuletzt benutzte Räume merken").await?;
    web.press("Weiter").await?;
    web.reads("Link oder Raumname", START).await?;
    drop(web);

    session.keyring = keyring(&session.home, &session.address)?;
    let verdict = session.verify()?;
    assert_eq!(
        (verdict["sound"].as_bool(), verdict["protection"].as_str()),
        (Some(true), Some("keyring")),
        "{verdict}"
    );
    let asked = String::from_utf8(session.cli(&["rights", "consents", "--json"])?.stdout)?;
    let event = |line: &str| serde_json::from_str::<Value>(line).ok();
    let rooms = asked.lines().filter_map(event).find(|event| event["purpose"] == "recent-rooms");
    assert_eq!(rooms.ok_or("no answer about recent rooms")?["granted"], true, "{asked}");
    assert_eq!(file_below(session.home.root(), "ledger.key"), None, "no second key");
    Ok(())
}
