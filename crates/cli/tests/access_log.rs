//! The access log as a host and a guest meet it: switched on, noted, written, held, released.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod hand;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use hand::{cli, code, command, text};

fn hash(home: &Path, place: &str) -> String {
    hand::hash_of(&cli(home, &["notice", place, "--lang", "de"]))
}

/// A running `serve`.
struct Serve {
    child: Child,
    out: BufReader<std::process::ChildStdout>,
    url: String,
    fragment: String,
    listening: Value,
}

impl Serve {
    fn start(home: &Path, more: &[&str]) -> Self {
        let mut words = vec!["serve", "--listen", "127.0.0.1:0", "--tls", "off", "--json"];
        words.extend(more);
        let mut child = command(home, &words).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        let listening: Value = serde_json::from_str(&first).unwrap();
        let word = |name: &str| listening[name].as_str().unwrap().to_owned();
        Self { url: word("url"), fragment: word("fragment"), child, out, listening }
    }

    fn fetch(&self, path: &str) {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nuser-agent: {agent}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// Asks it to stop and gives back what it still said.
    fn stop(mut self) -> String {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        let mut rest = String::new();
        self.out.read_to_string(&mut rest).unwrap();
        assert!(self.child.wait().unwrap().success());
        rest
    }
}

impl Drop for Serve {
    /// A failed test leaves nothing running.
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

/// The only day of the log in this profile.
fn day(home: &Path) -> PathBuf {
    let days = fs::read_dir(home.join("data/access-log")).unwrap().map(|entry| entry.unwrap().path());
    days.filter(|path| path.is_file()).exactly_one()
}

trait ExactlyOne: Iterator + Sized {
    fn exactly_one(mut self) -> Self::Item {
        let first = self.next().unwrap();
        assert!(self.next().is_none(), "more than one");
        first
    }
}

impl<I: Iterator> ExactlyOne for I {}

#[test]
fn a_log_is_kept_only_once_its_own_notice_is_noted_and_guests_note_it_too() {
    let (host, guest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (plain, logged) = (hash(host.path(), "embedded-room"), hash(host.path(), "embedded-room:14"));
    let asked = ["--access-log", "on", "--retention", "14", "--notice-ack"];
    let serve = ["serve", "--listen", "127.0.0.1:0", "--tls", "off"];
    let refused = cli(host.path(), &[&serve[..], &asked[..], &[&plain]].concat());
    assert_eq!(code(&refused), 3, "the plain notice says that nothing is stored");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("runde-cli notice 'embedded-room:14'"));

    let server = Serve::start(host.path(), &[&asked[..], &[&logged]].concat());
    assert_eq!(server.listening["access_log"]["retention_days"], 14);
    assert_eq!(server.fragment, format!("#rn={logged}"));
    let link = format!("{}/runde{}", server.url, server.fragment);
    let shown = text(&cli(guest.path(), &["notice", &link, "--lang", "en"]));
    for field in
        ["date and time", "amount of data sent", "browser", "operating system", "IP address", "at most 14 days"]
    {
        assert!(shown.contains(field), "{field}");
    }
    let join = ["join", &link, "--name", "Ada", "--for", "1s", "--notice-ack"];
    assert_eq!(code(&cli(guest.path(), &[&join[..], &[&plain]].concat())), 3, "another room's notice");
    let joined = cli(guest.path(), &[&join[..], &[&logged]].concat());
    assert_eq!(code(&joined), 0, "{}", String::from_utf8_lossy(&joined.stderr));
    assert!(server.stop().contains("stopped"));

    let written = fs::read_to_string(day(host.path())).unwrap();
    assert!(day(host.path()).display().to_string().ends_with("-14d.log"));
    assert!(written.contains("\"Runde 0\"") && !written.contains("Ada"), "{written}");
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(day(host.path())).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn rooms_without_a_log_write_nothing_and_still_end_a_former_one() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data/access-log");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("access-2020-01-01-14d.log"), "").unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    let server = Serve::start(home.path(), &["--notice-ack", &hash(home.path(), "embedded-room")]);
    assert_eq!(server.listening["access_log"], Value::Null);
    server.fetch("/runde");
    server.stop();
    assert!(!folder.join("access-2020-01-01-14d.log").exists() && folder.join("notes.txt").exists());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn days_of_a_former_log_go_when_their_own_lines_were_promised_to() {
    use runde_privacy::access_log::{Day, DayFile, Retention};
    use runde_privacy::stamp::Moment;
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data/access-log");
    fs::create_dir_all(&folder).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let file = |age: i64, days: u32| {
        let then = Moment::from_unix(i64::try_from(now).unwrap() - age * 24 * 60 * 60);
        DayFile { day: Day::of(then), kept: Retention::of_days(days).unwrap() }.name()
    };
    let (kept, gone) = ([file(5, 14), file(20, 56), file(0, 7)], [file(20, 14), file(8, 7), file(57, 56)]);
    for name in kept.iter().chain(&gone) {
        fs::write(folder.join(name), "").unwrap();
    }
    let server = Serve::start(home.path(), &["--notice-ack", &hash(home.path(), "embedded-room")]);
    server.stop();
    let left = |names: &[String]| names.iter().filter(|name| folder.join(name).exists()).count();
    assert_eq!((left(&kept), left(&gone)), (3, 0));
}

#[test]
fn a_hold_is_begun_listed_reviewed_and_released_by_hand() {
    let home = tempfile::tempdir().unwrap();
    let logged = hash(home.path(), "embedded-room:56");
    let server = Serve::start(home.path(), &["--access-log", "on", "--notice-ack", &logged]);
    server.fetch("/Geheimraum");
    server.fetch("/Geheimraum");
    server.stop();
    assert!(!home.path().join("data/access-log/holds").exists(), "nothing from outside begins one");

    let start = ["hold", "start", "--incident", "inc-1", "--reason", "flood of requests", "--person", "Ada Example"];
    assert_eq!(code(&cli(home.path(), &start)), 2, "a rule is needed");
    assert_eq!(code(&cli(home.path(), &[&start[..], &["--ip", "203.0.113.1"]].concat())), 1, "nothing matches");
    let started = cli(home.path(), &[&start[..], &["--ip", "127.0.0.1"]].concat());
    assert_eq!(code(&started), 0, "{}", String::from_utf8_lossy(&started.stderr));
    assert!(text(&started).contains("Hold inc-1: 2 lines"));
    assert_eq!(code(&cli(home.path(), &[&start[..], &["--ip", "127.0.0.1"]].concat())), 1, "there is one");

    let listed = cli(home.path(), &["hold", "list", "--json"]);
    let row: Value = serde_json::from_str(&text(&listed)).unwrap();
    assert_eq!(
        (&row["seal"], &row["entry"]["lines"], &row["needs_review"]),
        (&"sound".into(), &2.into(), &false.into())
    );
    assert_eq!(code(&cli(home.path(), &["hold", "review", "inc-1"])), 0);
    let sealed = home.path().join("data/access-log/holds/inc-1.hold");
    let shown = text(&cli(home.path(), &["rights", "show", "--json"]));
    for file in shown.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let fields = file["fields"].as_array().unwrap();
        assert!(file["known"] == true && fields.iter().all(|field| field["says"].is_string()), "{file}");
    }
    for name in ["access-20", "inc-1.hold", "register.json"] {
        assert!(shown.contains(name), "{name}");
    }
    let register = fs::read_to_string(sealed.with_file_name("register.json")).unwrap();
    for personal in ["Ada", "flood", "127.0.0.1", "Firefox"] {
        assert!(fs::read_to_string(&sealed).unwrap().contains(personal) && !register.contains(personal), "{personal}");
    }
    assert_eq!(code(&cli(home.path(), &["hold", "release", "inc-1"])), 0);
    assert!(!sealed.exists());
    assert_eq!(code(&cli(home.path(), &["hold", "release", "inc-1"])), 1);
    assert!(text(&cli(home.path(), &["hold"])).contains("released"));
}

#[test]
fn the_log_leaves_as_one_file_of_five_fields_and_nothing_of_it_changes() {
    let home = tempfile::tempdir().unwrap();
    let none = cli(home.path(), &["log", "export"]);
    assert!(code(&none) == 1 && String::from_utf8_lossy(&none.stderr).contains("no access log"));
    let logged = hash(home.path(), "embedded-room:56");
    let server = Serve::start(home.path(), &["--access-log", "on", "--notice-ack", &logged]);
    server.fetch("/Geheimraum");
    server.fetch("/Geheimraum");
    server.stop();
    let before = fs::read(day(home.path())).unwrap();

    let told = cli(home.path(), &["log", "export"]);
    assert!(code(&told) == 0 && String::from_utf8_lossy(&told.stderr).contains("2 lines"));
    for line in text(&told).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let fields: Vec<&String> = line.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["bytes_sent", "client", "ip", "os", "time"]);
        assert_eq!(
            (&line["client"], &line["os"], &line["ip"]),
            (&"Firefox 128".into(), &"Linux".into(), &"127.0.0.1".into())
        );
    }
    let file = home.path().join("log.csv");
    let name = file.display().to_string();
    let export = ["log", "export", &name, "--format", "csv"];
    assert_eq!(code(&cli(home.path(), &export)), 0);
    let table = fs::read_to_string(&file).unwrap();
    assert!(table.starts_with("time,bytes_sent,client,os,ip\n") && table.lines().count() == 3, "{table}");
    assert!(!table.contains("Geheimraum"));
    assert_ne!(code(&cli(home.path(), &export)), 0, "no other file is written over");
    assert_eq!(fs::read_to_string(&file).unwrap(), table);
    use std::os::unix::fs::PermissionsExt as _;
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(day(home.path())).unwrap(), before);
}

#[test]
fn a_changed_copy_and_a_foreign_file_make_the_list_end_with_one() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("data/access-log");
    fs::create_dir_all(&folder).unwrap();
    assert_eq!(text(&cli(home.path(), &["hold"])).trim(), "There are no holds.");
    let now = runde_profile::now();
    let name = format!("access-{}-56d.log", now.to_string().split('T').next().unwrap());
    fs::write(folder.join(name), format!("{now} 9 \"curl 8\" \"unknown\" 192.0.2.7\n")).unwrap();
    let start = ["hold", "start", "--incident", "a", "--reason", "r", "--person", "p", "--ip", "192.0.2.0/24"];
    assert_eq!(code(&cli(home.path(), &start)), 0);
    assert_eq!(code(&cli(home.path(), &["hold", "list"])), 0);
    fs::write(folder.join("holds/b.hold"), "left behind").unwrap();
    let listed = cli(home.path(), &["hold", "list"]);
    assert_eq!(code(&listed), 1);
    assert!(text(&listed).contains("not in the register"));
    assert_eq!(code(&cli(home.path(), &["hold", "release", "b"])), 0);
    fs::remove_file(folder.join("holds/a.hold")).unwrap();
    fs::write(folder.join("holds/a.hold"), "forged").unwrap();
    let listed = cli(home.path(), &["hold", "list"]);
    assert!(code(&listed) == 1 && text(&listed).contains("seal broken"), "{}", text(&listed));
}

#[test]
fn what_cannot_be_kept_is_said_in_german_with_its_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let german = |words: &[&str]| command(home.path(), words).env("LC_ALL", "de_DE.UTF-8").output().unwrap();
    for (words, exit, part) in [
        (&["serve", "--access-log", "on", "--retention", "57"][..], 2, "1 bis 56 (acht Wochen)"),
        (&["serve", "--retention", "14"], 2, "Es fehlt: --access-log"),
        (&["notice", "embedded-room:57"], 2, "1 bis 56"),
        (&["hold", "start", "--incident", "a", "--reason", "r", "--person", "p", "--ip", "x"], 2, "keine Adresse"),
        (&["hold", "start", "--incident", "a", "--reason", "r", "--person", "p"], 2, "würde alles gesichert"),
        (
            &["hold", "start", "--incident", "a", "--reason", "r", "--person", "p", "--ip", "::1"],
            1,
            "kein Zugriffsprotokoll",
        ),
        (&["hold", "burn"], 2, "hold"),
    ] {
        let output = german(words);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(code(&output) == exit && said.contains(part), "{words:?}: {} {said}", code(&output));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_crash_of_the_server_leaves_no_memory_on_disk() {
    let home = tempfile::tempdir().unwrap();
    let server = Serve::start(home.path(), &["--notice-ack", &hash(home.path(), "embedded-room")]);
    let limits = fs::read_to_string(format!("/proc/{}/limits", server.child.id())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().filter(|word| *word == "0").count(), 2, "{core}");
    server.stop();
}
