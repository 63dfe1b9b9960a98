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
        let noted = notice_of(home, "embedded-room")?;
        let mut words = vec!["serve", "--json", "--listen", listen, "--notice-ack", &noted];
        words.extend(options);
        let mut server = Program::cli(home, &words)?;
        let heard = server.event("listening", START)?;
        let part = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
        let link = format!("{}/{name}{}", part("url"), part("fragment"));
        let notice = notice_of(home, &link)?;
        Ok(Self { server, link, notice })
    }

    /// A guest with a home of its own, as on another computer.
    pub fn guest(&self, home: &Home, name: &str, options: &[&str]) -> Outcome<Program> {
        let mut words = vec!["join", &self.link, "--name", name, "--notice-ack", &self.notice, "--json"];
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
