//! Nothing before the notice: until it is noted, no process of the app's or the command line's tree opens an internet socket, no
//! packet moves, and no sound or picture is captured. The same probe sees both afterwards, or it proves nothing.

use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::probe::Probe;
use e2e::program::built;
use e2e::{Outcome, room};
use std::process::Command;
use std::time::Duration;

/// How long the app is watched while its notice waits.
const WATCH: Duration = Duration::from_secs(8);
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

#[test]
fn the_app_contacts_nobody_and_opens_no_device_while_its_notice_waits() -> Outcome {
    for arguments in [&[][..], &["https://meet.example/table"][..], &["runde://127.0.0.1:9/table"][..]] {
        let home = Home::new()?;
        let desktop = Desktop::start(&home)?;
        // The virtual microphone is itself a stream of the sound server; what counts is what the app adds.
        let streams_before = streams(&home, &desktop)?;
        let probe = Probe::start(&home, Some(&desktop), &built("RUNDE_BIN")?, arguments)?;
        std::thread::sleep(WATCH);
        assert_eq!(probe.internet_sockets()?, Vec::<String>::new(), "{arguments:?}");
        assert_eq!(probe.packets()?, 0, "{arguments:?}");
        assert_eq!(streams(&home, &desktop)?, streams_before, "{arguments:?}");
        assert!(desktop.shows_window("Runde")?, "the window was there while it was watched");
    }
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
fn the_same_probe_sees_sockets_and_packets_once_the_notice_is_noted() -> Outcome {
    let home = Home::new()?;
    let hash = room::notice_of(&home, LINK)?;
    let words = ["join", LINK, "--name", "Ada", "--notice-ack", &hash, "--for", "2s"];
    let mut probe = Probe::start(&home, None, &built("RUNDE_CLI")?, &words)?;
    assert_eq!(probe.program.ended(END)?.code(), Some(4), "nothing listens there");
    assert!(!probe.internet_sockets()?.is_empty());
    assert!(probe.packets()? > 0);
    Ok(())
}
