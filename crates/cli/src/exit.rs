//! How the program ends, and the failures that make it end early.

use std::path::PathBuf;
use std::process::ExitCode;

use runde_client::AnnouncedError;
use runde_print::PrintError;
use runde_privacy::stamp::Moment;
use runde_privacy::{Lang, LangError, Notice, OperatorError};
use runde_profile::{ImportError, ProfileError};

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
    /// Somebody objected to this controller.
    #[error("an objection to {host} is in force since {since}")]
    Objected { host: String, since: Moment },
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A file that somebody named.
    #[error("{} cannot be used: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// Where to send a letter is not known.
    #[error("no address of {of}")]
    NoAddress { of: String, site: Option<&'static str> },
    #[error(transparent)]
    Print(#[from] PrintError),
    #[error(transparent)]
    Serve(#[from] runde_server::ServeError),
    #[error("an access log cannot be kept for {0:?} days")]
    Retention(String),
    /// A notice that is not bundled, or its words.
    #[error(transparent)]
    Notice(#[from] NoticeFailure),
    #[error(transparent)]
    Hold(#[from] runde_server::HoldFailure),
    #[error(transparent)]
    Spawn(#[from] runde_client::SpawnError),
    #[error("the password could not be read: {0}")]
    Secret(std::io::Error),
    #[error("the runtime could not start: {0}")]
    Runtime(std::io::Error),
}

/// What goes wrong with notices that are written by operators, fetched, or kept.
#[derive(Debug, thiserror::Error)]
pub enum NoticeFailure {
    /// The record of an operator.
    #[error("{}: {why}", path.display())]
    Operator { path: PathBuf, why: OperatorError },
    #[error("the access log is not the one in the operator's details")]
    OperatorsRetention,
    /// A server's own notice did not arrive or cannot be shown.
    #[error("{host}: {error}")]
    Announced { host: String, error: AnnouncedError },
    #[error("{host} offers no notice")]
    NoNoticeThere { host: String },
    /// The link names a notice that the server does not offer.
    #[error("{host} does not show the notice that the link promises")]
    NoticeMissing { host: String },
    #[error("{host} shows another notice than the link promises")]
    NoticeDiffers { host: String },
    #[error("{0:?} was never noted here")]
    NeverNoted(String),
    #[error("the words of {0} are gone")]
    TextGone(String),
    /// Asked to stop before there was a meeting to leave.
    #[error("stopped")]
    Stopped,
}

impl NoticeFailure {
    const fn exit(&self) -> Exit {
        match self {
            Self::Operator { .. } | Self::OperatorsRetention => Exit::BadArguments,
            Self::Announced { .. }
            | Self::NoNoticeThere { .. }
            | Self::NoticeMissing { .. }
            | Self::NoticeDiffers { .. } => Exit::UnreachableOrRefused,
            Self::NeverNoted(_) | Self::TextGone(_) => Exit::Failed,
            Self::Stopped => Exit::Done,
        }
    }
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
            | Self::Retention(_)
            | Self::Host(_)
            | Self::NoAddress { .. } => Exit::BadArguments,
            Self::Notice(failure) => failure.exit(),
            Self::NotNoted { .. } | Self::Objected { .. } => Exit::NotNoted,
            Self::Import(error) => import_exit(error),
            Self::Serve(error) => serve_exit(error),
            Self::Hold(error) => hold_exit(error),
            Self::Profile(_)
            | Self::Spawn(_)
            | Self::Secret(_)
            | Self::Runtime(_)
            | Self::File { .. }
            | Self::Print(_) => Exit::Failed,
        }
    }

    /// One sentence: what happened, why, what to do.
    pub fn sentence(&self, lang: Lang) -> String {
        messages::failure(self, lang)
    }
}

const fn import_exit(error: &ImportError) -> Exit {
    match error {
        ImportError::TooLarge
        | ImportError::Unreadable(_)
        | ImportError::Schema(_)
        | ImportError::Notice(_)
        | ImportError::Operator(_) => Exit::BadArguments,
        ImportError::NotEmpty | ImportError::Profile(_) => Exit::Failed,
    }
}

const fn serve_exit(error: &runde_server::ServeError) -> Exit {
    use runde_server::ServeError as E;
    match error {
        E::TlsNeeded(_) | E::Certificate { .. } | E::PublicUrl(_) | E::WebRoot { .. } => Exit::BadArguments,
        E::AccessLog { .. } => Exit::Failed,
        E::NoticeHidesLog | E::LogNotNoted | E::NoticeNotNoted => Exit::NotNoted,
        E::LongPassword => Exit::BadArguments,
        E::PortInUse(_) | E::Listen { .. } | E::Identity(_) => Exit::UnreachableOrRefused,
    }
}

const fn hold_exit(error: &runde_server::HoldFailure) -> Exit {
    use runde_privacy::access_log::hold::HoldError as R;
    use runde_server::HoldFailure as E;
    match error {
        E::Rule(R::Known(_) | R::Unknown(_)) => Exit::Failed,
        E::Rule(R::Incident(_) | R::Words(_) | R::Network(_) | R::Time(_) | R::NoRule | R::Backwards) => {
            Exit::BadArguments
        }
        E::NoLog(_) | E::NothingMatches | E::TooMany | E::Register(_) | E::File { .. } => Exit::Failed,
    }
}
