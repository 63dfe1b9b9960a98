//! A started program: its JSON lines with the moment they came, a polite and an impolite end. Only what was started here is ever
//! ended, and then with everything it started itself.

use crate::folder::Home;
use crate::{Failure, Outcome};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

/// Lines kept between reader and test: more than a minute of the chattiest program.
const LINES: usize = 4096;

/// The path xtask hands over; a missing one is a failure, never a skip.
pub fn built(variable: &str) -> Outcome<PathBuf> {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .ok_or_else(|| format!("{variable} is not set: use cargo xtask test e2e").into())
}

/// A child process whose standard output is read line by line.
pub struct Program {
    name: String,
    child: Child,
    lines: Receiver<(Instant, String)>,
    /// Every line so far, for the message when something does not come.
    pub heard: Vec<String>,
}

impl Program {
    pub fn start(name: &str, command: &mut Command) -> Outcome<Self> {
        Self::start_with(name, command, Stdio::null())
    }

    fn start_with(name: &str, command: &mut Command, input: Stdio) -> Outcome<Self> {
        // A group of its own: a driver that is killed must not leave its browser behind.
        let mut child = command
            .process_group(0)
            .stdin(input)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| -> Failure { format!("{name} does not start: {error}").into() })?;
        let (sender, lines) = sync_channel(LINES);
        let output = child.stdout.take();
        std::thread::spawn(move || {
            for line in output.into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok) {
                if sender.send((Instant::now(), line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self { name: name.to_owned(), child, lines, heard: Vec::new() })
    }

    /// `runde-cli` with a home of its own.
    pub fn cli(home: &Home, arguments: &[&str]) -> Outcome<Self> {
        let mut command = Command::new(built("RUNDE_CLI")?);
        home.apply(&mut command);
        command.args(arguments);
        Self::start(arguments.first().unwrap_or(&"runde-cli"), &mut command)
    }

    /// The same, with something to read on its standard input.
    pub fn cli_told(home: &Home, arguments: &[&str], input: &str) -> Outcome<Self> {
        let mut command = Command::new(built("RUNDE_CLI")?);
        home.apply(&mut command);
        command.args(arguments);
        Self::start_told(arguments.first().unwrap_or(&"runde-cli"), &mut command, home, input)
    }

    /// Any program, with something to read on its standard input.
    pub fn start_told(name: &str, command: &mut Command, home: &Home, input: &str) -> Outcome<Self> {
        let file = home.path("input");
        std::fs::write(&file, input)?;
        Self::start_with(name, command, std::fs::File::open(file)?.into())
    }

    /// Whether it has ended by itself.
    pub fn is_over(&mut self) -> Outcome<bool> {
        Ok(self.child.try_wait()?.is_some())
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line that is JSON and for which `wanted` holds.
    pub fn wait(&mut self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Outcome<Value> {
        self.wait_at(what, limit, wanted).map(|(_, value)| value)
    }

    /// The same with the moment at which the line came, also where it is read later.
    pub fn wait_at(
        &mut self,
        what: &str,
        limit: Duration,
        wanted: impl Fn(&Value) -> bool,
    ) -> Outcome<(Instant, Value)> {
        let end = Instant::now() + limit;
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((at, line)) => {
                    let value = serde_json::from_str::<Value>(&line);
                    self.heard.push(line);
                    if let Ok(value) = value
                        && wanted(&value)
                    {
                        return Ok((at, value));
                    }
                }
                Err(reason) => return Err(self.missing(what, reason)),
            }
        }
    }

    /// A line for which `wanted` holds, among those heard so far or still to come.
    pub fn ever(&mut self, what: &str, limit: Duration, wanted: impl Fn(&Value) -> bool) -> Outcome<Value> {
        let heard = self.heard.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        match heard.into_iter().find(|value| wanted(value)) {
            Some(value) => Ok(value),
            None => self.wait(what, limit, wanted),
        }
    }

    /// The next line with this `event`.
    pub fn event(&mut self, name: &str, limit: Duration) -> Outcome<Value> {
        self.wait(name, limit, |value| value["event"] == name)
    }

    /// The next line of any kind.
    pub fn line(&mut self, limit: Duration) -> Outcome<String> {
        match self.lines.recv_timeout(limit) {
            Ok((_, line)) => {
                self.heard.push(line.clone());
                Ok(line)
            }
            Err(reason) => Err(self.missing("a line", reason)),
        }
    }

    fn missing(&mut self, what: &str, reason: RecvTimeoutError) -> Failure {
        let ended = match (reason, self.child.try_wait()) {
            (RecvTimeoutError::Timeout, _) => "in time".to_owned(),
            (RecvTimeoutError::Disconnected, Ok(Some(status))) => format!("before it ended with {status}"),
            (RecvTimeoutError::Disconnected, _) => "before it closed its output".to_owned(),
        };
        let tail = self.heard.iter().rev().take(12).rev().cloned().collect::<Vec<_>>().join("\n  ");
        format!("{} did not say {what} {ended}; last lines:\n  {tail}", self.name).into()
    }

    /// Asks it to end (SIGTERM) and waits.
    pub fn terminate(mut self, limit: Duration) -> Outcome<ExitStatus> {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::TERM)?;
        self.ended(limit)
    }

    /// Stops it in the middle of what it does (SIGSTOP), as a computer that sleeps, and lets it go on after a while.
    pub fn sleep(&self, length: Duration) -> Outcome {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::STOP)?;
        std::thread::sleep(length);
        Ok(rustix::process::kill_process(process, rustix::process::Signal::CONT)?)
    }

    /// Ends it at once (SIGKILL), as a crash would.
    pub fn kill(mut self) -> Outcome {
        self.kill_all();
        self.child.wait()?;
        Ok(())
    }

    /// Waits for its own end; keeps reading, so that it never blocks on a full pipe.
    pub fn ended(&mut self, limit: Duration) -> Outcome<ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            while let Ok((_, line)) = self.lines.try_recv() {
                self.heard.push(line);
            }
            if let Some(status) = self.child.try_wait()? {
                while let Ok((_, line)) = self.lines.recv_timeout(Duration::from_millis(200)) {
                    self.heard.push(line);
                }
                return Ok(status);
            }
            if Instant::now() > end {
                return Err(self.missing("goodbye", RecvTimeoutError::Timeout));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// All JSON lines heard so far with this `event`.
    pub fn events(&self, name: &str) -> Vec<Value> {
        let values = self.heard.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        values.filter(|value| value["event"] == name).collect()
    }
}

impl Program {
    /// Ends it and all it started, unless it was waited for: then its number may belong to somebody else.
    fn kill_all(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let group = rustix::process::Pid::from_child(&self.child);
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill_all();
        let _ = self.child.wait();
    }
}
