//! Nothing before the notice: until it is noted, no process of the app's or the command line's tree opens an internet socket or a
//! device, no packet moves, and no sound is captured or played. The same probe sees all of it afterwards, or it proves nothing.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::probe::Probe;
use e2e::program::built;
use e2e::{Failure, Outcome, room};
use std::process::Command;
use std::time::{Duration, Instant};

/// How long the app is watched while its notice waits.
const WATCH: Duration = Duration::from_secs(8);
/// How long a page may take to be there, under the probe and on a busy machine.
const START: Duration = Duration::from_secs(60);
const END: Duration = Duration::from_secs(60);
/// A room as it would be on another computer; nothing listens there.
const LINK: &str = "https://127.0.0.1:9/table";

/// Streams that record or play at the sound server.
fn streams(home: &Home, desktop: &Desktop) -> Outcome<usize> {
    let mut count = 0;
    for kind in ["source-outputs", "sink-inputs"] {
        let mut command = Command::new("pactl");
        home.apply(&mut command);
        desktop.apply(&mut command);
        let output = command.args(["list", "short", kind]).output()?;
        count += String::from_utf8_lossy(&output.stdout).lines().count();
    }
    Ok(count)
}

/// Waits until `there` holds.
fn until(what: &str, limit: Duration, mut there: impl FnMut() -> Outcome<bool>) -> Outcome {
    let end = Instant::now() + limit;
    while !there()? {
        if Instant::now() > end {
            return Err(Failure::from(format!("{what}: not in time")));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

#[test]
fn the_app_contacts_nobody_and_opens_no_device_while_its_notice_waits() -> Outcome {
    for arguments in [&[][..], &["https://meet.example/table"][..], &["runde://127.0.0.1:9/table"][..]] {
        let home = Home::new()?;
        let desktop = Desktop::start(&home)?;
        // The virtual microphone is itself a stream of the sound server; what counts is what the app adds.
        let streams_before = streams(&home, &desktop)?;
        let probe = Probe::start(&home, Some(&desktop), &built("RUNDE_BIN")?, arguments)?;
        until("the page with the notice", START, || desktop.is_painted("Runde"))?;
        let end = Instant::now() + WATCH;
        while Instant::now() < end {
            assert_eq!(streams(&home, &desktop)?, streams_before, "{arguments:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
        assert_eq!(probe.internet_sockets()?, Vec::<String>::new(), "{arguments:?}");
        assert_eq!(probe.device_files()?, Vec::<String>::new(), "{arguments:?}");
        assert_eq!(probe.packets()?, 0, "{arguments:?}");
    }
    Ok(())
}

/// The control: the same app under the same probe, with the notice noted before it starts, so that the link leads to the prejoin page.
/// By keyboard: the first thing to reach is the microphone's switch; the name's field is further on, and Enter in it joins.
#[test]
fn the_same_probe_sees_streams_sockets_and_packets_of_the_app_once_the_notice_is_noted() -> Outcome {
    let home = Home::new()?;
    let desktop = Desktop::start(&home)?;
    let hash = room::notice_of(&home, LINK)?;
    let mut note = Command::new(built("RUNDE_CLI")?);
    home.apply(&mut note);
    assert!(note.args(["notice", LINK, "--ack", &hash]).output()?.status.success());
    let streams_before = streams(&home, &desktop)?;
    let probe = Probe::start(&home, Some(&desktop), &built("RUNDE_BIN")?, &[LINK])?;
    until("the prejoin page", START, || desktop.is_painted("Runde"))?;
    until("a stream of the microphone", START, || {
        desktop.press(&["Tab", "space"])?;
        std::thread::sleep(Duration::from_millis(1_500));
        Ok(streams(&home, &desktop)? > streams_before)
    })?;
    assert_eq!(probe.packets()?, 0, "listening to oneself contacts nobody");
    until("packets", START, || {
        desktop.press(&["Tab", "Return"])?;
        std::thread::sleep(Duration::from_millis(1_000));
        Ok(probe.packets()? > 0)
    })?;
    assert!(!probe.internet_sockets()?.is_empty());
    Ok(())
}

#[test]
fn the_command_line_sends_nothing_without_the_right_hash() -> Outcome {
    let wrong = "0".repeat(64);
    for ack in [&[][..], &["--notice-ack", wrong.as_str()][..]] {
        let home = Home::new()?;
        let mut words = vec!["join", LINK, "--name", "Ada", "--for", "2s"];
        words.extend(ack);
        let mut probe = Probe::start(&home, None, &built("RUNDE_CLI")?, &words)?;
        assert_eq!(probe.program.ended(END)?.code(), Some(3), "{words:?}");
        assert_eq!(probe.internet_sockets()?, Vec::<String>::new());
        assert_eq!(probe.packets()?, 0);
    }
    Ok(())
}

#[test]
fn the_same_probe_sees_sockets_and_packets_of_the_command_line_once_the_notice_is_noted() -> Outcome {
    let home = Home::new()?;
    let hash = room::notice_of(&home, LINK)?;
    let words = ["join", LINK, "--name", "Ada", "--notice-ack", &hash, "--for", "2s"];
    let mut probe = Probe::start(&home, None, &built("RUNDE_CLI")?, &words)?;
    assert_eq!(probe.program.ended(END)?.code(), Some(4), "nothing listens there");
    assert!(!probe.internet_sockets()?.is_empty());
    assert!(probe.packets()? > 0);
    Ok(())
}
