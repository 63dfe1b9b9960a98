//! What can go wrong with a profile. `code` is the key under which faces keep the sentence in each
//! language; the English sentence stands here.

use std::io;
use std::path::{Path, PathBuf};

use crate::policy::PolicyFault;

/// Why a profile could not be opened or written. Nothing recorded before is lost by any of these.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    #[error("this profile is in use by another Runde ({}). Close it, or choose another folder with RUNDE_HOME.", .0.display())]
    InUse(PathBuf),
    #[error("the disk is full, so {} could not be written. What was recorded before is unharmed. Free some space and try again.", .0.display())]
    DiskFull(PathBuf),
    #[error("{} cannot be used: {source}. Check the folder's owner and rights.", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("this system names no home folder. Set RUNDE_HOME to a folder of your choice.")]
    NoHome,
    #[error(
        "the keyring that holds this profile's key does not answer. Unlock it and start again; nothing was changed."
    )]
    KeyringSilent,
    #[error("this system gives no random numbers, so no key can be made")]
    NoRandomness,
    #[error("the policy of this computer, {}, makes no sense: {why}. Nothing was sent. Ask whoever manages this computer.", path.display())]
    Policy { path: PathBuf, why: PolicyFault },
    /// A setting or a function that the organisation fixed.
    #[error("{0} is fixed by the policy of this computer. Ask whoever manages it.")]
    Locked(String),
    #[error(transparent)]
    Record(#[from] runde_privacy::LedgerError),
}

impl ProfileError {
    /// Key of the sentence in message catalogues.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InUse(_) => "profile-in-use",
            Self::DiskFull(_) => "profile-disk-full",
            Self::File { .. } => "profile-file",
            Self::NoHome => "profile-no-home",
            Self::KeyringSilent => "profile-keyring-silent",
            Self::NoRandomness => "profile-no-randomness",
            Self::Policy { .. } => "profile-policy",
            Self::Locked(_) => "profile-locked",
            Self::Record(_) => "profile-record",
        }
    }

    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        if matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
            return Self::DiskFull(path.to_owned());
        }
        Self::File { path: path.to_owned(), source }
    }
}

/// Something found at opening that the user should hear of. The profile works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub file: PathBuf,
    /// Where the damaged file lies now; `None` if there was nothing left to keep.
    pub kept_as: Option<PathBuf>,
    pub kind: TroubleKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TroubleKind {
    /// Lines were changed, moved or made with another key.
    Damaged,
    /// The end that the keyring remembers is missing.
    Cut,
    /// The last append never finished; the record was not confirmed.
    Unfinished,
    /// The settings could not be read; defaults apply.
    Settings,
    /// The text of a noted notice is not what it was.
    Notice,
    /// The details of the operator of one's own rooms could not be read.
    Operator,
    /// The key was unreadable, so what it protected can no longer be checked.
    Key,
}

impl TroubleKind {
    /// Key of the sentence in message catalogues.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Damaged => "trouble-damaged",
            Self::Cut => "trouble-cut",
            Self::Unfinished => "trouble-unfinished",
            Self::Settings => "trouble-settings",
            Self::Notice => "trouble-notice",
            Self::Operator => "trouble-operator",
            Self::Key => "trouble-key",
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self.kind {
            TroubleKind::Damaged => "was changed or damaged and is no longer believed; notices will be shown again",
            TroubleKind::Cut => {
                "lacks lines that were recorded; it is no longer believed and notices will be shown again"
            }
            TroubleKind::Unfinished => "ended in an unfinished line, which was taken off; all finished ones are there",
            TroubleKind::Settings => "could not be read; the settings are back to their defaults",
            TroubleKind::Notice => "is not the notice that was noted; it is shown again when it is needed",
            TroubleKind::Operator => "could not be read; your details as operator of rooms have to be given again",
            TroubleKind::Key => "could not be read; a new key was made and notices will be shown again",
        };
        write!(out, "{} {what}.", self.file.display())?;
        match &self.kept_as {
            Some(kept) => write!(out, " The old file is kept as {}.", kept.display()),
            None => Ok(()),
        }
    }
}
