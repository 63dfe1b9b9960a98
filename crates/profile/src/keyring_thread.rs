//! The keyring, asked from a thread of its own, because a locked keyring or a broken session bus can
//! block for ever. After [`KEYRING_LIMIT`] it counts as absent for the life of this process.

use std::sync::mpsc::{self, Receiver, SyncSender};
use std::time::Duration;

use keyring::{Entry, Error};

/// How long somebody waits for the window before it feels broken.
pub const KEYRING_LIMIT: Duration = Duration::from_secs(3);

const SERVICE: &str = "org.runde.Runde";

/// A question and where its answer goes.
struct Question {
    wish: Wish,
    answer: SyncSender<Result<Option<String>, Silent>>,
}

enum Wish {
    Read,
    Write(String),
    Remove,
}

/// One entry of the keyring.
pub(crate) struct KeyringThread {
    questions: SyncSender<Question>,
    gave_up: std::cell::Cell<bool>,
}

/// The keyring did not answer, or said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Silent;

impl KeyringThread {
    /// `user` tells profiles apart.
    pub fn start(user: String) -> Self {
        // One question at a time: whoever asks waits for the answer.
        let (questions, inbox) = mpsc::sync_channel(1);
        let spawned = std::thread::Builder::new().name("keyring".to_owned()).spawn(move || serve(&user, &inbox));
        Self { questions, gave_up: std::cell::Cell::new(spawned.is_err()) }
    }

    /// `None` if the keyring works and holds no such entry.
    pub fn read(&self) -> Result<Option<String>, Silent> {
        self.ask(Wish::Read)
    }

    pub fn write(&self, secret: String) -> Result<(), Silent> {
        self.ask(Wish::Write(secret)).map(drop)
    }

    /// Removing what is not there is fine.
    pub fn remove(&self) -> Result<(), Silent> {
        self.ask(Wish::Remove).map(drop)
    }

    fn ask(&self, wish: Wish) -> Result<Option<String>, Silent> {
        if self.gave_up.get() {
            return Err(Silent);
        }
        let (answer, reply) = mpsc::sync_channel(1);
        self.questions.try_send(Question { wish, answer }).map_err(|_| Silent)?;
        reply.recv_timeout(KEYRING_LIMIT).unwrap_or_else(|_| {
            self.gave_up.set(true);
            Err(Silent)
        })
    }
}

/// Whether a keyring can be reached now; takes at most [`KEYRING_LIMIT`]. For diagnosis.
#[must_use]
pub fn keyring_answers() -> bool {
    KeyringThread::start("doctor".to_owned()).read().is_ok()
}

fn serve(user: &str, inbox: &Receiver<Question>) {
    for question in inbox {
        // Whoever asked may have given up waiting.
        let _ = question.answer.send(answer(user, &question.wish));
    }
}

fn answer(user: &str, wish: &Wish) -> Result<Option<String>, Silent> {
    let entry = Entry::new(SERVICE, user).map_err(|_| Silent)?;
    let answer = match wish {
        Wish::Read => entry.get_password().map(Some),
        Wish::Write(secret) => entry.set_password(secret).map(|()| None),
        Wish::Remove => entry.delete_credential().map(|()| None),
    };
    match answer {
        Ok(found) => Ok(found),
        Err(Error::NoEntry) => Ok(None),
        Err(_) => Err(Silent),
    }
}
