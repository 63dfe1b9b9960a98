//! Rooms under a notice of one's own, as host and guest meet them: written, noted, served, fetched, compared, changed, kept.

#![allow(clippy::unwrap_used)]
#![cfg(unix)]

mod hand;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use hand::{cli, code, command, done, hash_of, said, text};

const SCHOOL: &str = r#"{"name": "Gymnasium Musterstadt", "address": ["Schulstraße 1", "12345 Musterstadt"],
    "contact": "sekretariat@schule.example", "officer": "none", "basis": "public-task", "authority": "nw"}"#;

fn record(home: &Path, content: &str) -> String {
    let file = home.join("operator-file.json");
    fs::write(&file, content).unwrap();
    file.display().to_string()
}

/// A running `serve`.
struct Serve {
    child: Child,
    url: String,
    fragment: String,
}

impl Serve {
    fn start(home: &Path, listen: &str, more: &[&str]) -> Self {
        let mut words = vec!["serve", "--listen", listen, "--tls", "off", "--json"];
        words.extend(more);
        let mut child = command(home, &words).stdout(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let listening: Value = serde_json::from_str(&first).unwrap();
        let word = |name: &str| listening[name].as_str().unwrap().to_owned();
        Self { url: word("url"), fragment: word("fragment"), child }
    }

    /// A school that serves under its own notice.
    fn school(home: &Path, content: &str, listen: &str) -> Self {
        let file = record(home, content);
        let hash = hash_of(&done(home, &["notice", "--operator", &file]));
        Self::start(home, listen, &["--operator", &file, "--notice-ack", &hash])
    }

    fn link(&self) -> String {
        format!("{}/Runde{}", self.url, self.fragment)
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.url.strip_prefix("http://").unwrap()).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\naccept-language: de\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A server that says the same to everybody, as often as it is asked.
fn always(head: &'static str, body: Vec<u8>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 4_000]);
            let _ = write!(stream, "HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = stream.write_all(&body);
        }
    });
    port
}

#[test]
fn a_school_opens_rooms_under_its_own_notice_and_guests_read_it_before_they_enter() {
    let (host, guest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let file = record(host.path(), SCHOOL);
    let refused = cli(host.path(), &["serve", "--listen", "127.0.0.1:0", "--tls", "off", "--operator", &file]);
    assert_eq!(code(&refused), 3, "whoever hosts notes it first");
    assert!(said(&refused).contains(&format!("runde-cli notice --operator {file}")), "{}", said(&refused));
    let server = Serve::school(host.path(), SCHOOL, "127.0.0.1:0");
    let page = server.get("/Runde");
    assert!(page.contains("Gymnasium Musterstadt") && page.contains("einfacher Sprache"), "{page}");
    assert!(server.get("/.well-known/privacy").contains("Schulstraße 1"));
    assert!(server.get("/config.js").contains("/.well-known/privacy"));

    let link = server.link();
    let join = ["join", &link, "--name", "Ada", "--for", "300ms"];
    let warning = hash_of(&done(guest.path(), &["notice", &link]));
    assert_eq!(code(&cli(guest.path(), &["notice", &link, "--fetch"])), 3, "the warning comes first");
    assert_eq!(code(&cli(guest.path(), &join)), 3);
    done(guest.path(), &["notice", &link, "--ack", &warning]);
    let asked = cli(guest.path(), &join);
    assert_eq!(code(&asked), 3, "the school's own notice comes next: {}", said(&asked));
    assert!(said(&asked).contains("--fetch"), "{}", said(&asked));
    let shown = done(guest.path(), &["notice", &link, "--fetch", "--lang", "en"]);
    assert!(text(&shown).contains("Controller is: Gymnasium Musterstadt, Schulstraße 1, 12345 Musterstadt"));
    done(guest.path(), &["notice", &link, "--fetch", "--ack", &hash_of(&shown)]);
    done(guest.path(), &join);

    let noted = text(&done(guest.path(), &["notice", "--noted", "--json"]));
    let last: Value = serde_json::from_str(noted.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&last["notice_id"], &last["readable"], &last["lang"]),
        (&"operator".into(), &true.into(), &"en".into())
    );
    let exported: Value = serde_json::from_str(&text(&done(guest.path(), &["ledger", "export"]))).unwrap();
    assert_eq!(exported["acknowledgements"][1]["record"]["text_source"], "host");
    let letter = text(&done(guest.path(), &["rights", "letter", "15", "--to", "127.0.0.1"]));
    assert!(letter.contains("Gymnasium Musterstadt\nSchulstraße 1\n12345 Musterstadt"), "{letter}");
}

#[test]
fn both_stages_can_be_noted_in_one_call_and_a_stray_hash_in_none() {
    let (host, guest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Serve::school(host.path(), SCHOOL, "127.0.0.1:0");
    let link = server.link();
    let warning = hash_of(&done(guest.path(), &["notice", &link]));
    let own = server.fragment.strip_prefix("#rn=").unwrap();
    let join = ["join", &link, "--name", "Ada", "--for", "300ms", "--notice-ack"];
    let stray = "0".repeat(64);
    assert_eq!(code(&cli(guest.path(), &[&join[..], &[&stray]].concat())), 3);
    assert!(!guest.path().join("data").exists(), "a wrong hash writes nothing");
    assert_eq!(code(&cli(guest.path(), &[&join[..], &[&warning, "--notice-ack", &stray]].concat())), 3);
    done(guest.path(), &[&join[..], &[&warning, "--notice-ack", own]].concat());
}

#[test]
fn a_changed_notice_is_asked_again_with_its_differences_and_the_old_one_stays_readable() {
    let (host, guest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Serve::school(host.path(), SCHOOL, "127.0.0.1:0");
    let (listen, link) = (server.url.strip_prefix("http://").unwrap().to_owned(), server.link());
    let warning = hash_of(&done(guest.path(), &["notice", &link]));
    let own = server.fragment.strip_prefix("#rn=").unwrap().to_owned();
    let join = ["--name", "Ada", "--for", "300ms"];
    done(guest.path(), &[&["join", &link][..], &join, &["--notice-ack", &warning, "--notice-ack", &own]].concat());
    drop(server);

    let logging = SCHOOL.replace("\"authority\"", "\"retention_days\": 14, \"authority\"");
    let server = Serve::school(host.path(), &logging, &listen);
    let changed = server.link();
    assert_ne!(changed, link);
    assert_eq!(code(&cli(guest.path(), &[&["join", &changed][..], &join].concat())), 3);
    let old_link = cli(guest.path(), &[&["join", &link][..], &join].concat());
    assert_eq!(code(&old_link), 0, "the old text is known, and noted for this host: {}", said(&old_link));
    let differences = text(&done(guest.path(), &["notice", &changed, "--fetch", "--changes", "--lang", "en"]));
    assert!(differences.contains("new: [E16]") && differences.contains("changed: [E08]"), "{differences}");
    assert!(differences.contains("{+at most 14 days") || differences.contains("14 days"), "{differences}");
    assert!(!differences.contains("[E10]"), "what stayed is not told");
    let shown = cli(guest.path(), &["notice", &changed, "--fetch"]);
    assert!(said(&shown).contains("--changes"), "{}", said(&shown));
    let ack = hash_of(&shown);
    done(guest.path(), &[&["join", &changed][..], &join, &["--notice-ack", &ack]].concat());

    let old = text(&done(guest.path(), &["notice", "--noted", &own]));
    assert!(old.contains("kein Zugriffsprotokoll") && old.ends_with(&format!("sha256: {own}\n")), "{old}");
    assert_eq!(text(&done(guest.path(), &["notice", "--noted"])).lines().count(), 3);
    assert_eq!(code(&cli(guest.path(), &["notice", "--noted", &"0".repeat(64)])), 1);
}

#[test]
fn what_is_promised_and_not_shown_is_not_entered() {
    let (host, guest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (server, stray) = (Serve::school(host.path(), SCHOOL, "127.0.0.1:0"), "0".repeat(64));
    let other = format!("{}/Runde#rn={stray}", server.url);
    let empty = format!("http://127.0.0.1:{}/Runde#rn={stray}", always("404 Not Found", Vec::new()));
    let json = "200 OK\r\ncontent-type: application/json";
    let huge = format!("http://127.0.0.1:{}/Runde", always(json, vec![b' '; 50 << 20]));
    let future = format!("http://127.0.0.1:{}/Runde", always(json, br#"{"schema":"runde-notice-9"}"#.to_vec()));
    let warning = hash_of(&done(guest.path(), &["notice", &huge]));
    for (link, why) in [
        (&other, "shows another notice than the link promises"),
        (&empty, "does not show"),
        (&huge, "larger than"),
        (&future, "runde-notice-9"),
    ] {
        let refused = cli(guest.path(), &["join", link, "--name", "A", "--for", "1s", "--notice-ack", &warning]);
        assert!(code(&refused) == 4 && said(&refused).contains(why), "{link}: {}", said(&refused));
    }
    let scripted = br#"{"schema":"runde-notice-1","version":1,"texts":{"de":"Wir <script>alert(1)</script>\n"}}"#;
    let scripted = format!("http://127.0.0.1:{}/Runde", always(json, scripted.to_vec()));
    let shown = text(&done(guest.path(), &["notice", &scripted, "--fetch"]));
    assert!(shown.starts_with("Wir <script>alert(1)</script>\n"), "text stays text: {shown}");
    assert_eq!(code(&cli(guest.path(), &["join", &scripted, "--name", "A", "--for", "1s"])), 3, "to be noted");
}

#[test]
fn the_details_are_kept_explained_and_erased_and_a_damaged_text_is_told() {
    let host = tempfile::tempdir().unwrap();
    drop(Serve::school(host.path(), SCHOOL, "127.0.0.1:0"));
    fs::remove_file(host.path().join("operator-file.json")).unwrap();
    drop(Serve::start(host.path(), "127.0.0.1:0", &["--operator", "profile"]));
    let shown = text(&done(host.path(), &["rights", "show", "--json"]));
    for file in shown.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let fields = file["fields"].as_array().unwrap();
        assert!(file["known"] == true && fields.iter().all(|field| field["says"].is_string()), "{file}");
    }
    assert!(shown.contains("operator.json") && shown.contains("/notices/"));
    let notices = || -> Vec<PathBuf> {
        let found = fs::read_dir(host.path().join("data/notices")).into_iter().flatten();
        found.map(|entry| entry.unwrap().path()).collect()
    };
    let kept = notices().pop().unwrap();
    fs::write(&kept, fs::read_to_string(&kept).unwrap().replace("Musterstadt", "Andersdorf")).unwrap();
    let told = cli(host.path(), &["rights", "object", "other.example"]);
    assert!(said(&told).contains("not the notice that was noted"), "{}", said(&told));
    let listed = text(&done(host.path(), &["notice", "--noted"]));
    assert!(listed.contains("words no longer there"), "{listed}");
    done(host.path(), &["rights", "erase", "operator"]);
    assert_eq!(code(&cli(host.path(), &["serve", "--operator", "profile"])), 1, "nothing is kept any more");
    done(host.path(), &["rights", "lift", "other.example"]);
    done(host.path(), &["rights", "erase", "acknowledgements"]);
    assert_eq!(notices(), Vec::<PathBuf>::new(), "the copy of the damaged text is gone, too");
}

#[test]
fn what_is_wrong_with_the_details_is_said_in_german_too() {
    let home = tempfile::tempdir().unwrap();
    for (content, part) in [
        (r#"{"name": "A", "address": ["b"], "retention_days": 57}"#, "1 bis 56 (acht Wochen)"),
        (r#"{"name": "A", "address": []}"#, "1 bis 6 Zeilen"),
        (r#"{"name": "A"}"#, "nicht lesbar"),
    ] {
        let file = record(home.path(), content);
        let output =
            command(home.path(), &["serve", "--operator", &file]).env("LC_ALL", "de_DE.UTF-8").output().unwrap();
        assert!(code(&output) == 2 && said(&output).contains(part), "{}", said(&output));
    }
}

#[test]
fn the_officers_papers_come_from_the_settings_as_text_and_as_pdf() {
    let home = tempfile::tempdir().unwrap();
    let file = record(home.path(), SCHOOL);
    let out = home.path().join("papers");
    fs::create_dir(&out).unwrap();
    let folder = out.display().to_string();
    let all = text(&done(home.path(), &["pack", "--operator", &file, "--tls", "a.pem,b.pem"]));
    for part in
        ["Art. 30", "Art. 32", "Art. 35", "DSK 4.1", "Controller is: Gymnasium Musterstadt", "controller's certificate"]
    {
        assert!(all.contains(part), "{part}");
    }
    done(home.path(), &["pack", "--operator", &file, "--out", &folder, "--pdf", "--lang", "de"]);
    for sheet in ["record", "measures", "pre-check", "mapping", "notice"] {
        assert!(fs::read(out.join(format!("{sheet}.de.pdf"))).unwrap().starts_with(b"%PDF-"), "{sheet}");
    }
    let again = cli(home.path(), &["pack", "--operator", &file, "--out", &folder, "--pdf", "--lang", "de"]);
    assert_eq!(code(&again), 1, "nothing is overwritten");
    let house = cli(home.path(), &["pack", "--operator", &file, "--house", "school", "--part", "record"]);
    assert!(code(&house) == 1 && said(&house).contains("Add officer"), "{}", said(&house));
    assert_eq!(code(&cli(home.path(), &["pack", "--house", "castle"])), 2);
    assert!(!home.path().join("data").exists(), "papers need no profile");
}

#[test]
fn an_objection_ends_a_stay_that_is_under_way_within_a_second() {
    let (host, guest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Serve::school(host.path(), SCHOOL, "127.0.0.1:0");
    let link = server.link();
    let warning = hash_of(&done(guest.path(), &["notice", &link]));
    done(guest.path(), &["notice", &link, "--ack", &warning]);
    let notice = hash_of(&done(guest.path(), &["notice", &link, "--fetch"]));
    let join = ["join", &link, "--name", "Ada", "--notice-ack", &notice, "--for", "60s", "--json"];
    let mut stay = command(guest.path(), &join).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut events = BufReader::new(stay.stdout.take().unwrap()).lines();
    assert!(events.any(|line| line.unwrap().contains("\"event\":\"joined\"")), "the guest comes in");
    // Its own room server may be slow to say good-bye; what counts is when it is told to.
    let rest = std::thread::spawn(move || events.map_while(Result::ok).any(|line| line.contains("\"event\":\"left\"")));
    done(guest.path(), &["rights", "object", "127.0.0.1"]);
    let recorded = std::time::Instant::now();
    assert!(rest.join().unwrap());
    assert!(recorded.elapsed() < std::time::Duration::from_secs(1), "{:?}", recorded.elapsed());
    let ended = stay.wait_with_output().unwrap();
    assert_eq!(code(&ended), 3);
    assert!(said(&ended).contains("You have objected"), "{}", said(&ended));
}

#[test]
fn whom_the_fetching_of_a_notice_contacted_is_told_and_written_down() {
    let (host, guest) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Serve::school(host.path(), SCHOOL, "127.0.0.1:0");
    let link = server.link();
    let file = guest.path().join("contacts.json").display().to_string();
    let early = cli(guest.path(), &["notice", &link, "--fetch", "--contacts", &file]);
    assert_eq!(code(&early), 3);
    assert!(!said(&early).contains("bytes sent"), "{}", said(&early));
    let nobody: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(nobody["contacts"], serde_json::json!([]), "before the warning was noted");
    fs::remove_file(&file).unwrap();

    let warning = hash_of(&done(guest.path(), &["notice", &link]));
    done(guest.path(), &["notice", &link, "--ack", &warning]);
    let fetched = done(guest.path(), &["notice", &link, "--fetch", "--contacts", &file]);
    let place = server.url.strip_prefix("http://").unwrap();
    let line = format!("127.0.0.1 {place}/tcp: the server's own notice");
    assert!(said(&fetched).contains(&line) && said(&fetched).contains(&warning), "{}", said(&fetched));
    assert!(text(&fetched).lines().last().unwrap().starts_with("sha256: "), "the notice itself is as it was");
    let ledger: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    let contacts = ledger["contacts"].as_array().unwrap();
    assert_eq!((contacts.len(), contacts[0]["purpose"].as_str()), (1, Some("notice")), "{ledger:#}");
    assert!(contacts[0]["sent"].as_u64() > Some(0) && contacts[0]["received"].as_u64() > Some(100), "{ledger:#}");

    // Somebody who answers with nonsense was contacted all the same.
    let odd = format!("http://127.0.0.1:{}/Runde", always("200 OK\r\ncontent-type: application/json", b"{".to_vec()));
    done(guest.path(), &["notice", &odd, "--ack", &hash_of(&done(guest.path(), &["notice", &odd]))]);
    let refused = cli(guest.path(), &["notice", &odd, "--fetch", "--lang", "de"]);
    assert!(code(&refused) == 4 && said(&refused).contains("Datenschutzhinweis des Servers"), "{}", said(&refused));
}
