//! Passwords, from standard input or a prompt: never from the command line or the environment, where others can read them.

use std::io::{self, BufRead, IsTerminal, Read};

use runde_client::{Login, Secret};
use runde_privacy::Lang;

use crate::exit::Failure;
use crate::messages::{Message, message};

/// Bytes of a password line. Longer ones are refused instead of cut.
const MAX_LINE: u64 = 1_024;

/// Which secrets a call needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needed {
    /// The account that `--user` named.
    pub user: Option<String>,
    /// `--password-stdin`: the room's password.
    pub room: bool,
}

/// One password for `question`: a prompt on a terminal, else a line of standard input.
pub fn ask(question: Message, lang: Lang) -> Result<Secret, Failure> {
    if io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(message(question, lang)).map_err(Failure::Secret)?.into());
    }
    line(&mut io::stdin().lock())
}

impl Needed {
    /// Asks for them, in this order: the account's, then the room's. Each is one line.
    pub fn read(self, lang: Lang) -> Result<(Login, Option<Secret>), Failure> {
        if io::stdin().is_terminal() {
            self.with(|question| {
                Ok(rpassword::prompt_password(message(question, lang)).map_err(Failure::Secret)?.into())
            })
        } else {
            let mut lines = io::stdin().lock();
            self.with(|_| line(&mut lines))
        }
    }

    fn with(self, mut ask: impl FnMut(Message) -> Result<Secret, Failure>) -> Result<(Login, Option<Secret>), Failure> {
        let login = match self.user {
            Some(user) => Login::Account { user, password: ask(Message::AccountPassword)? },
            None => Login::Anonymous,
        };
        let room = if self.room { Some(ask(Message::RoomPassword)?) } else { None };
        Ok((login, room))
    }
}

fn line(from: &mut impl BufRead) -> Result<Secret, Failure> {
    let mut line = String::new();
    from.by_ref().take(MAX_LINE + 1).read_line(&mut line).map_err(Failure::Secret)?;
    let complete = line.len() as u64 <= MAX_LINE;
    let text = line.trim_end_matches(['\r', '\n']);
    if text.is_empty() || !complete {
        return Err(Failure::Missing("a password on standard input"));
    }
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(needed: Needed, input: &str) -> Result<(Login, Option<Secret>), Failure> {
        let mut lines = input.as_bytes();
        needed.with(|_| line(&mut lines))
    }

    #[test]
    fn the_accounts_password_comes_before_the_rooms() {
        let needed = Needed { user: Some("ada".into()), room: true };
        let (login, room) = read(needed, "first \r\nsecond\n").unwrap();
        assert_eq!(login, Login::Account { user: "ada".into(), password: "first ".into() });
        assert_eq!(room, Some("second".into()));
        let nothing = read(Needed::default(), "").unwrap();
        assert_eq!(nothing, (Login::Anonymous, None), "nothing is read that was not asked for");
    }

    #[test]
    fn an_empty_or_endless_line_is_no_password() {
        let needed = Needed { user: None, room: true };
        for input in ["", "\n", &"x".repeat(2_000)] {
            assert!(matches!(read(needed.clone(), input), Err(Failure::Missing(_))));
        }
        assert!(read(needed, &format!("{}\n", "x".repeat(1_000))).is_ok());
    }
}
