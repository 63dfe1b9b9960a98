//! A room of the test's own: `runde-cli serve`, its link, the hash of its notice, and guests for it.

use crate::Outcome;
use crate::folder::Home;
use crate::program::{Program, built};
use crate::web::free_port;
use std::process::Command;
use std::time::Duration;

const START: Duration = Duration::from_secs(20);

/// A running server and a room in it.
pub struct Room {
    pub server: Program,
    pub link: String,
    /// SHA-256 of the German notice that its guests note.
    pub notice: String,
}

impl Room {
    /// Serves on loopback, self-signed, as a person would start it.
    pub fn open(home: &Home, name: &str) -> Outcome<Self> {
        Self::open_with(home, name, &["--tls", "self-signed"])
    }

    pub fn open_with(home: &Home, name: &str, options: &[&str]) -> Outcome<Self> {
        Self::open_at(home, name, &format!("127.0.0.1:{}", free_port()?), options)
    }

    /// At an address and port that the test knows beforehand.
    pub fn open_at(home: &Home, name: &str, listen: &str, options: &[&str]) -> Outcome<Self> {
        Self::started(home, name, listen, options, None)
    }

    fn started(home: &Home, name: &str, listen: &str, options: &[&str], input: Option<&str>) -> Outcome<Self> {
        let noted = notice_of(home, "embedded-room")?;
        let mut words = vec!["serve", "--json", "--listen", listen, "--notice-ack", &noted];
        words.extend(options);
        let mut server = match input {
            Some(line) => Program::cli_told(home, &words, &format!("{line}\n"))?,
            None => Program::cli(home, &words)?,
        };
        let heard = server.event("listening", START)?;
        let part = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
        let link = format!("{}/{name}{}", part("url"), part("fragment"));
        let notice = notice_of(home, &link)?;
        Ok(Self { server, link, notice })
    }

    /// Every room begins with this password, given on standard input.
    pub fn open_locked(home: &Home, name: &str, password: &str) -> Outcome<Self> {
        let listen = format!("127.0.0.1:{}", free_port()?);
        Self::started(home, name, &listen, &["--tls", "self-signed", "--password-stdin"], Some(password))
    }

    /// A guest who is told line by line what to do; the first lines are the passwords that `options` ask for.
    pub fn ordered(&self, home: &Home, name: &str, options: &[&str]) -> Outcome<Program> {
        let mut words = self.words(name);
        words.push("--orders");
        words.extend(options);
        Program::cli_ordered(home, &words)
    }

    /// A link to another room of the same server.
    pub fn link_to(&self, other: &str) -> String {
        let (base, fragment) = self.link.split_once('#').unwrap_or((&self.link, ""));
        let base = base.rsplit_once('/').map_or(base, |(server, _)| server);
        format!("{base}/{other}#{fragment}")
    }

    fn words<'a>(&'a self, name: &'a str) -> Vec<&'a str> {
        vec!["join", &self.link, "--name", name, "--notice-ack", &self.notice, "--json"]
    }

    /// A guest with a home of its own, as on another computer.
    pub fn guest(&self, home: &Home, name: &str, options: &[&str]) -> Outcome<Program> {
        let mut words = self.words(name);
        words.extend(options);
        Program::cli(home, &words)
    }
}

/// The hash that `runde-cli notice` prints in its last line.
pub fn notice_of(home: &Home, link: &str) -> Outcome<String> {
    let mut command = Command::new(built("RUNDE_CLI")?);
    home.apply(&mut command);
    let output = command.args(["notice", link, "--lang", "de"]).output()?;
    let text = String::from_utf8(output.stdout)?;
    let hash = text.lines().last().and_then(|line| line.strip_prefix("sha256: "));
    Ok(hash.ok_or("the notice ends without its hash")?.to_owned())
}
