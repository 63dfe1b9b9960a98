//! Nothing before the notice, in every way in which the command line can be called: all of them at once in one network namespace,
//! under one trace and one capture. One more call whose notice is noted is the control: the same probe must see it.

use e2e::folder::Home;
use e2e::probe::Probe;
use e2e::program::built;
use e2e::{Failure, Outcome, room};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// All calls together, on a busy machine and traced.
const END: Duration = Duration::from_secs(240);
/// So many that a call forgotten here is likelier than one that is not tried.
const ENOUGH: usize = 50;
/// Calls at a time.
const AT_ONCE: &str = "8";

/// Rooms elsewhere, as they are written; nothing listens at any of them.
const PLACES: [&str; 9] = [
    "https://meet.jit.si/table",
    "https://meet.example/table",
    "https://meet.example/tenant/table?jwt=abc",
    "https://192.0.2.7/table",
    "https://[2001:db8::7]:8443/table",
    "jitsi-meet://meet.example/table",
    "runde://127.0.0.1:9/table",
    "http://127.0.0.1:9/table",
    "table",
];

/// A profile that something happened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Past {
    Fresh,
    /// Noted for another server.
    Elsewhere,
    /// Noted for this one, and the ledger changed afterwards.
    Damaged,
    /// Noted for this one, and its key lost.
    Keyless,
    /// Noted for this one, then objected to.
    Objected,
}

/// One call and the exit code it must have.
#[derive(Debug, Clone)]
struct Start {
    past: Past,
    words: Vec<String>,
    code: i32,
}

fn start(past: Past, words: &[&str], code: i32) -> Start {
    Start { past, words: words.iter().map(|word| (*word).to_owned()).collect(), code }
}

fn joins(home: &Home) -> Outcome<Vec<Start>> {
    let (wrong, other) = ("0".repeat(64), room::notice_of(home, "elsewhere.example")?);
    let embedded = room::notice_of(home, "embedded-room")?;
    let embedded = format!("https://192.0.2.7/table#rn={embedded}");
    let unknown = format!("https://192.0.2.7/table#rn={wrong}");
    let mut all = Vec::new();
    for place in PLACES.into_iter().chain([embedded.as_str(), unknown.as_str()]) {
        all.push(start(Past::Fresh, &["join", place, "--name", "Ada"], 3));
        for hash in [&wrong, &other] {
            all.push(start(Past::Fresh, &["join", place, "--name", "Ada", "--notice-ack", hash], 3));
        }
    }
    for past in [Past::Elsewhere, Past::Damaged, Past::Keyless, Past::Objected] {
        for place in ["https://meet.example/table", "jitsi-meet://meet.example/table"] {
            all.push(start(past, &["join", place, "--name", "Ada", "--audio-in", "tone", "--json"], 3));
        }
    }
    Ok(all)
}

fn others() -> Vec<Start> {
    let wrong = "0".repeat(64);
    let mut all: Vec<Start> = PLACES.into_iter().map(|place| start(Past::Fresh, &["notice", place], 0)).collect();
    for place in ["https://meet.example/table", "https://192.0.2.7/table"] {
        all.push(start(Past::Fresh, &["notice", place, "--fetch"], 3));
        all.push(start(Past::Fresh, &["notice", place, "--ack", &wrong], 3));
        all.push(start(Past::Objected, &["notice", "https://meet.example/table", "--fetch"], 3));
    }
    for options in [&[][..], &["--notice-ack", &wrong], &["--listen", "0.0.0.0:8443"], &["--access-log", "on"]] {
        all.push(start(Past::Fresh, &[&["serve"][..], options].concat(), 3));
    }
    for words in [
        &["help"][..],
        &["version"],
        &["ledger"],
        &["ledger", "verify"],
        &["ledger", "export", "--format", "json-ld"],
        &["notice", "--noted"],
        &["hold"],
        &["rights", "show"],
        &["rights", "export", "-"],
        &["rights", "object", "meet.example"],
        &["rights", "letter", "15", "--to", "meet.jit.si"],
        &["rights", "erase", "all"],
        &["doctor"],
    ] {
        all.push(start(Past::Fresh, words, 0));
    }
    all.push(start(Past::Fresh, &["log", "export"], 1));
    all
}

/// Makes the profile in `folder` what `past` says.
fn prepare(past: Past, folder: &Path) -> Outcome {
    let note = |words: &[&str]| -> Outcome {
        let mut command = Command::new(built("RUNDE_CLI")?);
        let output = command.args(words).env("RUNDE_HOME", folder).env("LC_ALL", "C").output()?;
        if output.status.success() { Ok(()) } else { Err(Failure::from(format!("{words:?} failed"))) }
    };
    let hash_of = |place: &str| -> Outcome<String> {
        let output = Command::new(built("RUNDE_CLI")?).args(["notice", place]).env("RUNDE_HOME", folder).output()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Ok(text.lines().last().and_then(|line| line.strip_prefix("sha256: ")).ok_or("no hash")?.to_owned())
    };
    if past == Past::Fresh {
        return Ok(());
    }
    let place = if past == Past::Elsewhere { "elsewhere.example" } else { "meet.example" };
    note(&["notice", place, "--ack", &hash_of(place)?])?;
    let ledger = folder.join("data/acknowledgements.ledger");
    match past {
        Past::Damaged => {
            let text = std::fs::read_to_string(&ledger)?.replace("\"shown_at\":\"20", "\"shown_at\":\"19");
            std::fs::write(&ledger, text)?;
        }
        Past::Keyless => std::fs::remove_file(folder.join("data/ledger.key"))?,
        Past::Objected => note(&["rights", "object", "meet.example"])?,
        Past::Fresh | Past::Elsewhere => {}
    }
    Ok(())
}

/// A call as a program of its own, with its profile prepared.
fn script(home: &Home, number: usize, start: &Start) -> Outcome<PathBuf> {
    let folder = home.path(&format!("start-{number}"));
    std::fs::create_dir(&folder)?;
    prepare(start.past, &folder)?;
    let quoted: Vec<String> = start.words.iter().map(|word| format!("'{word}'")).collect();
    let (cli, folder) = (built("RUNDE_CLI")?, folder.display().to_string());
    let text = format!(
        "RUNDE_HOME='{folder}' '{}' {} >'{folder}.out' 2>&1 </dev/null\necho $? >'{folder}.code'\n",
        cli.display(),
        quoted.join(" ")
    );
    let path = home.path(&format!("start-{number}.sh"));
    std::fs::write(&path, text)?;
    Ok(path)
}

/// Runs every call under one probe and checks their exit codes.
fn run(home: &Home, starts: &[Start]) -> Outcome<Probe> {
    let mut list = String::new();
    for (number, start) in starts.iter().enumerate() {
        list.push_str(&format!("{}\n", script(home, number, start)?.display()));
    }
    let scripts = home.path("scripts");
    std::fs::write(&scripts, list)?;
    let scripts = scripts.display().to_string();
    let words = ["-a", scripts.as_str(), "-P", AT_ONCE, "-n", "1", "sh"];
    let mut probe = Probe::start(home, None, Path::new("/usr/bin/xargs"), &words)?;
    probe.program.ended(END)?;
    for (number, start) in starts.iter().enumerate() {
        let said = |ending: &str| std::fs::read_to_string(home.path(&format!("start-{number}.{ending}")));
        assert_eq!(said("code")?.trim(), start.code.to_string(), "{start:?}: {}", said("out")?);
    }
    Ok(probe)
}

#[test]
fn no_way_to_call_it_contacts_anybody_before_the_notice_is_noted() -> Outcome {
    let home = Home::new()?;
    let starts = [joins(&home)?, others()].concat();
    assert!(starts.len() >= ENOUGH, "{}", starts.len());
    let probe = run(&home, &starts)?;
    assert_eq!(probe.internet_sockets()?, Vec::<String>::new());
    assert_eq!(probe.device_files()?, Vec::<String>::new());
    assert_eq!(probe.packets()?, 0);
    Ok(())
}

#[test]
fn the_same_probe_sees_the_one_call_among_them_whose_notice_is_noted() -> Outcome {
    let home = Home::new()?;
    let place = "http://127.0.0.1:9/table";
    let hash = room::notice_of(&home, place)?;
    let mut starts = others();
    starts.push(start(Past::Fresh, &["join", place, "--name", "Ada", "--notice-ack", &hash], 4));
    let probe = run(&home, &starts)?;
    assert!(!probe.internet_sockets()?.is_empty());
    assert!(probe.packets()? > 0);
    Ok(())
}
