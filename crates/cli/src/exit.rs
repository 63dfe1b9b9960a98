//! How the program ends, and the failures that make it end early.

use std::process::ExitCode;

use runde_privacy::{Lang, LangError, Notice};
use runde_profile::ProfileError;

use crate::messages;

/// Exit codes of the command line contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done = 0,
    /// Something local failed: the profile, a ledger that is not sound.
    Failed = 1,
    BadArguments = 2,
    /// Nothing was sent.
    NotNoted = 3,
    UnreachableOrRefused = 4,
    RoomEnded = 5,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command stopped before it was done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("{0}")]
    Arguments(#[from] lexopt::Error),
    #[error("unknown command {0:?}")]
    UnknownCommand(String),
    #[error("{option} cannot be {value:?}: {expected}")]
    Value { option: &'static str, value: String, expected: &'static str },
    #[error("missing {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Language(#[from] LangError),
    #[error("{0}")]
    Link(runde_client::LinkError),
    #[error(transparent)]
    Host(#[from] runde_privacy::TargetError),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The notice was not noted, or the given hash is not its hash.
    #[error("the notice was not noted")]
    NotNoted { notice: Box<Notice>, place: String, wrong_hash: bool },
    #[error(transparent)]
    Serve(#[from] runde_server::ServeError),
    #[error(transparent)]
    Spawn(#[from] runde_client::SpawnError),
    #[error("the password could not be read: {0}")]
    Secret(std::io::Error),
    #[error("the runtime could not start: {0}")]
    Runtime(std::io::Error),
}

impl Failure {
    pub const fn exit(&self) -> Exit {
        match self {
            Self::Arguments(_)
            | Self::UnknownCommand(_)
            | Self::Value { .. }
            | Self::Missing(_)
            | Self::Language(_)
            | Self::Link(_)
            | Self::Host(_) => Exit::BadArguments,
            Self::NotNoted { .. } => Exit::NotNoted,
            Self::Serve(error) => serve_exit(error),
            Self::Profile(_) | Self::Spawn(_) | Self::Secret(_) | Self::Runtime(_) => Exit::Failed,
        }
    }

    /// One sentence: what happened, why, what to do.
    pub fn sentence(&self, lang: Lang) -> String {
        messages::failure(self, lang)
    }
}

const fn serve_exit(error: &runde_server::ServeError) -> Exit {
    use runde_server::ServeError as E;
    match error {
        E::TlsNeeded(_) | E::Certificate { .. } | E::PublicUrl(_) => Exit::BadArguments,
        E::PortInUse(_) | E::Listen { .. } | E::Identity(_) => Exit::UnreachableOrRefused,
    }
}
