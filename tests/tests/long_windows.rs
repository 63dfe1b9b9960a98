//! The installer and the command line for Windows, under Wine: installed without a question, a room hosted and joined with sound and
//! picture both ways, ledgers verified, removed. What Wine cannot show (the window, cameras, the keyring) is not tested.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::program::Program;
use e2e::room::{Room, notice_of};
use e2e::web::free_port;
use e2e::{Outcome, sound};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
const SETUP: Duration = Duration::from_secs(180);
/// Level of the tone that `--audio-in tone` sends, dB below full scale.
const TONE: f64 = -20.0;
const CLASSES: &str = r"HKCU\Software\Classes";
const ENTRY: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Uninstall\Runde";
const START: &str = r"HKCU\Software\Microsoft\Windows\CurrentVersion\Run";
const INSTALLED: &str = "AppData/Local/Programs/Runde";

/// A Windows of the test's own.
struct Windows {
    home: Home,
    desktop: Option<Desktop>,
}

impl Windows {
    fn new() -> Outcome<Self> {
        Self::boot(Home::new()?, None)
    }

    /// With a screen from the start, which Wine looks for once.
    fn with_screen() -> Outcome<Self> {
        let home = Home::new()?;
        let desktop = Desktop::start(&home)?;
        Self::boot(home, Some(desktop))
    }

    fn boot(home: Home, desktop: Option<Desktop>) -> Outcome<Self> {
        let windows = Self { home, desktop };
        let mut boot = windows.command("wineboot");
        Program::start("wineboot", boot.arg("-i"))?.ended(SETUP)?;
        Ok(windows)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        self.home.apply(&mut command);
        if let Some(desktop) = &self.desktop {
            desktop.apply(&mut command);
        }
        command
            .env("WINEPREFIX", self.home.path("wine"))
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=")
            .env("USER", "person")
            .env_remove("RUNDE_HOME");
        command
    }

    /// Home of the person in it.
    fn person(&self) -> Outcome<PathBuf> {
        let users = std::fs::read_dir(self.home.path("wine").join("drive_c/users"))?;
        let mut people = users.flatten().map(|entry| entry.path()).filter(|path| !path.ends_with("Public"));
        people.next().ok_or_else(|| "this Windows has no person".into())
    }

    fn run(&self, program: &str, words: &[&str]) -> Outcome<String> {
        let output = self.command("wine").arg(program).args(words).output()?;
        let said = String::from_utf8_lossy(&output.stdout).replace('\r', "");
        if output.status.success() {
            return Ok(said);
        }
        Err(format!("{program} {words:?}: {said}{}", String::from_utf8_lossy(&output.stderr)).into())
    }

    /// One value of the registry; none if the key is not there.
    fn registry(&self, key: &str, value: &str) -> Option<String> {
        let named: &[&str] = if value.is_empty() { &["/ve"] } else { &["/v", value] };
        let said = self.run("reg", &[&["query", key], named].concat()).ok()?;
        let line = said.lines().find(|line| line.contains("REG_"))?;
        line.split_once("REG_SZ").map(|(_, rest)| rest.trim().to_owned())
    }

    fn setup(&self, words: &[&str]) -> Outcome {
        let files = std::fs::read_dir(packages()?)?.flatten().map(|entry| entry.path());
        let setup = files.into_iter().find(|path| path.to_string_lossy().ends_with("-setup.exe"));
        let setup = setup.ok_or("no installer was made")?;
        self.run(&setup.to_string_lossy(), &[&["/S"], words].concat())?;
        complete(&self.person()?.join(INSTALLED))
    }

    fn remove(&self) -> Outcome {
        let folder = self.person()?.join(INSTALLED);
        std::fs::remove_file(folder.join("bcryptprimitives.dll"))?;
        self.run(&folder.join("uninstall.exe").to_string_lossy(), &["/S"])?;
        // The uninstaller goes on from a copy of itself, since it cannot remove what runs.
        let end = std::time::Instant::now() + PATIENCE;
        while folder.exists() && std::time::Instant::now() < end {
            std::thread::sleep(Duration::from_millis(200));
        }
        assert!(!folder.exists(), "{} stays", folder.display());
        Ok(())
    }

    /// The installed command line.
    fn cli(&self, words: &[&str]) -> Outcome<Program> {
        let program = self.person()?.join(INSTALLED).join("runde-cli.exe");
        Program::start("runde-cli.exe", self.command("wine").arg(program).args(words))
    }

    fn said(&self, words: &[&str]) -> Outcome<String> {
        let program = self.person()?.join(INSTALLED).join("runde-cli.exe");
        self.run(&program.to_string_lossy(), words)
    }

    fn notice(&self, link: &str) -> Outcome<String> {
        let text = self.said(&["notice", link, "--lang", "de"])?;
        let hash = text.lines().last().and_then(|line| line.strip_prefix("sha256: "));
        Ok(hash.ok_or("the notice ends without its hash")?.to_owned())
    }
}

fn packages() -> Outcome<PathBuf> {
    Ok(PathBuf::from(std::env::var_os("RUNDE_PACKAGES").ok_or("RUNDE_PACKAGES is not set")?))
}

/// Wine 8 lacks one library that every Windows since 7 has.
fn complete(folder: &Path) -> Outcome {
    let mut compiler = Command::new("x86_64-w64-mingw32-gcc");
    compiler.args(["-shared", "-o"]).arg(folder.join("bcryptprimitives.dll"));
    let built = compiler.args(["wine/bcryptprimitives.c", "-ladvapi32"]).status()?;
    assert!(built.success(), "the missing library does not compile");
    Ok(())
}

/// Waits for figures in which the other's tone is heard at its level and the other's picture has its whole size.
fn sees_and_hears(guest: &mut Program, who: &str) -> Outcome {
    let source = |line: &Value, kind: &str, holds: &dyn Fn(&Value) -> bool| {
        let sources = line["sources"].as_array().cloned().unwrap_or_default();
        sources.iter().any(|source| source["mine"] == false && source["kind"] == kind && holds(source))
    };
    guest.wait(&format!("{who}: sound and picture"), PATIENCE, |line| {
        line["event"] == "stats"
            && source(line, "audio", &|it| it["level"].as_f64().is_some_and(|level| (level - TONE).abs() < 1.0))
            && source(line, "video", &|it| it["height"] == 720 && it["fps"].as_f64().is_some_and(|fps| fps > 15.0))
    })?;
    Ok(())
}

const MEDIA: [&str; 4] = ["--audio-in", "tone", "--video-in", "pattern"];

fn it_hosts(windows: &Windows) -> Outcome {
    let listen = format!("127.0.0.1:{}", free_port()?);
    let noted = windows.notice("embedded-room")?;
    let mut server = windows.cli(&["serve", "--json", "--listen", &listen, "--notice-ack", &noted])?;
    let heard = server.event("listening", PATIENCE)?;
    let part = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
    let link = format!("{}/table{}", part("url"), part("fragment"));
    let homes = [Home::new()?, Home::new()?];
    let join = |home: &Home, name: &str| -> Outcome<Program> {
        let noted = notice_of(home, &link)?;
        let words = ["join", &link, "--name", name, "--notice-ack", &noted, "--json"];
        Program::cli(home, &[&words, &MEDIA[..]].concat())
    };
    let (mut ada, mut bo) = (join(&homes[0], "Ada")?, join(&homes[1], "Bo")?);
    sees_and_hears(&mut ada, "Ada")?;
    sees_and_hears(&mut bo, "Bo")?;
    server.kill()
}

fn it_joins(windows: &Windows) -> Outcome {
    let (host, home) = (Home::new()?, Home::new()?);
    let room = Room::open(&host, "table")?;
    let mut bo = room.guest(&home, "Bo", &[&MEDIA[..], &["--chat", "Guten Tag"]].concat())?;
    bo.event("joined", PATIENCE)?;
    let noted = windows.notice(&room.link)?;
    let recording = windows.home.path("heard.wav");
    let out = recording.to_string_lossy().into_owned();
    let words = ["join", &room.link, "--name", "Ada", "--notice-ack", &noted, "--json", "--for", "15s"];
    let mut ada = windows.cli(&[&words, &MEDIA[..], &["--audio-out", &out]].concat())?;
    sees_and_hears(&mut ada, "the guest on Windows")?;
    sees_and_hears(&mut bo, "the guest beside it")?;
    assert!(ada.ended(PATIENCE)?.success());
    let samples = sound::read(&recording)?;
    let loud = samples.iter().filter(|sample| sample.unsigned_abs() > 2_000).count();
    assert!(loud > 48_000, "a tone of seconds was played, and {loud} samples are loud");
    Ok(())
}

#[test]
fn it_is_installed_hosts_joins_and_is_removed() -> Outcome {
    let windows = Windows::new()?;
    let other = r"C:\Other\other.exe %1";
    windows.run("reg", &["add", &format!(r"{CLASSES}\jitsi-meet\shell\open\command"), "/ve", "/d", other, "/f"])?;
    windows.setup(&["/AUTOSTART"])?;
    let folder = windows.person()?.join(INSTALLED);
    for file in ["runde.exe", "runde-cli.exe", "WebView2Loader.dll", "LICENSE.txt", "THIRD-PARTY.txt", "uninstall.exe"]
    {
        assert!(folder.join(file).is_file(), "{file}");
    }
    let version = windows.registry(ENTRY, "DisplayVersion").ok_or("the list of programs has no Runde")?;
    assert_eq!(windows.said(&["--version"])?.trim(), version);
    let command = windows.registry(&format!(r"{CLASSES}\runde\shell\open\command"), "").unwrap_or_default();
    assert!(command.ends_with(r#"\Programs\Runde\runde.exe" "%1""#), "{command}");
    assert_eq!(
        windows.registry(&format!(r"{CLASSES}\jitsi-meet\shell\open\command"), "").as_deref(),
        Some(other),
        "a scheme of another program is left to it"
    );
    let menu = windows.person()?.join("AppData/Roaming/Microsoft/Windows/Start Menu/Programs");
    assert!(menu.join("Runde.lnk").is_file());
    let starts = windows.registry(START, "Runde").unwrap_or_default();
    assert!(starts.ends_with(r#"\Programs\Runde\runde.exe" --hidden"#), "{starts}");
    // What the installer wrote is what the program knows, shows and takes away.
    let stored = windows.said(&["rights", "show", "--lang", "de"])?;
    assert!(stored.contains(&format!("Exec: {starts}  (was gestartet wird)")), "{stored}");
    assert!(windows.said(&["rights", "erase", "autostart"]).is_ok() && windows.registry(START, "Runde").is_none());
    windows.setup(&["/AUTOSTART"])?;
    assert_eq!(windows.registry(START, "Runde").as_deref(), Some(starts.as_str()));

    it_hosts(&windows)?;
    it_joins(&windows)?;
    // The same text allowed both.
    let verified = windows.said(&["ledger", "verify"])?;
    assert!(verified.contains("acknowledgements: unversehrt, 1 Zeilen"), "{verified}");
    // Over itself, as a newer version would be, and over what is left of half an installation.
    std::fs::write(folder.join("runde-cli.exe"), b"torn")?;
    std::fs::remove_file(folder.join("LICENSE.txt"))?;
    assert!(windows.said(&["--version"]).is_err(), "half a program runs");
    windows.setup(&[])?;
    assert!(folder.join("LICENSE.txt").is_file() && windows.said(&["--version"])?.trim() == version);
    assert_eq!(windows.said(&["ledger", "verify"])?, verified);
    assert_eq!(windows.registry(START, "Runde").as_deref(), Some(starts.as_str()), "a choice outlives a newer version");

    windows.remove()?;
    for key in [ENTRY.to_owned(), format!(r"{CLASSES}\runde"), r"HKCU\Software\Runde".to_owned()] {
        assert!(windows.run("reg", &["query", &key]).is_err(), "{key} stays");
    }
    assert_eq!(windows.registry(&format!(r"{CLASSES}\jitsi-meet\shell\open\command"), "").as_deref(), Some(other));
    assert!(!menu.join("Runde.lnk").exists() && windows.registry(START, "Runde").is_none());
    let kept = windows.person()?.join("AppData/Roaming/org.runde.Runde");
    assert!(kept.is_dir(), "what the person keeps is not the installer's to remove");
    Ok(())
}

#[test]
fn without_microsofts_web_view_the_window_says_so_and_ends() -> Outcome {
    let windows = Windows::with_screen()?;
    windows.setup(&[])?;
    let desktop = windows.desktop.as_ref().ok_or("no screen")?;
    let program = windows.person()?.join(INSTALLED).join("runde.exe");
    let mut app = Program::start("runde.exe", windows.command("wine").arg(program))?;
    let end = std::time::Instant::now() + PATIENCE;
    while !desktop.has_window("Error")? {
        assert!(std::time::Instant::now() < end && !app.is_over()?, "no dialog");
        std::thread::sleep(Duration::from_millis(200));
    }
    // A program that runs cannot be replaced; nothing of it is touched.
    assert!(windows.setup(&[]).is_err() && windows.said(&["--version"]).is_ok());
    desktop.press(&["Return"])?;
    // It has no other window, and must not run on unseen.
    assert_eq!(app.ended(PATIENCE)?.code(), Some(1));
    Ok(())
}

/// The switch of the settings, which nothing but the window has: its value in the registry, written, read and taken away.
#[test]
fn what_is_written_for_windows_alone_holds_its_unit_tests() -> Outcome {
    let windows = Windows::new()?;
    let folder = windows.home.path("unit");
    std::fs::create_dir(&folder)?;
    complete(&folder)?;
    let program = folder.join("profile-tests.exe");
    std::fs::copy(packages()?.join("windows/profile-tests.exe"), &program)?;
    let said = windows.run(&program.to_string_lossy(), &["autostart"])?;
    assert!(said.contains("test result: ok. 2 passed; 0 failed"), "{said}");
    Ok(())
}
