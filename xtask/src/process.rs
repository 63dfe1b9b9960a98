//! Starting other programs: visibly, with a time limit, and with their lines read while they are shown.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Runs a command, shows its output as it comes; an error names the command and how it ended.
pub fn show(command: &mut Command) -> Result<(), String> {
    let line = words(command);
    let status = command.stdin(Stdio::null()).status().map_err(|error| format!("{line}: does not start: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{line}: {status}")) }
}

/// What a watched program left behind.
pub struct Watched {
    pub lines: Vec<String>,
    pub success: bool,
    pub timed_out: bool,
}

/// Runs a command, shows and keeps its standard output, and ends it when `limit` has passed.
pub fn watch(command: &mut Command, limit: Duration) -> Result<Watched, String> {
    let line = words(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{line}: does not start: {error}"))?;
    let (sender, receiver) = mpsc::sync_channel(256);
    let output = child.stdout.take();
    let reader = std::thread::spawn(move || {
        for text in output.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
            if sender.send(text).is_err() {
                return;
            }
        }
    });
    let end = Instant::now() + limit;
    let mut lines = Vec::new();
    let timed_out = loop {
        match receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok(text) => {
                println!("{text}");
                lines.push(text);
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break false,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                break true;
            }
        }
    };
    drop(receiver);
    let status = child.wait().map_err(|error| format!("{line}: {error}"))?;
    if !timed_out {
        let _ = reader.join();
    }
    Ok(Watched { lines, success: status.success() && !timed_out, timed_out })
}

/// Whether a program answers at all.
pub fn answers(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn words(command: &Command) -> String {
    let arguments = command.get_args().map(|word| word.to_string_lossy().into_owned());
    std::iter::once(command.get_program().to_string_lossy().into_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}
