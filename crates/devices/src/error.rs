//! Why a device or its stand-in did not open.

use crate::event::DeviceKind;
use std::path::PathBuf;

/// Each variant is one clear sentence for the user; faces translate by variant.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// No device with this id is there: unplugged, or named wrongly.
    #[error("the {kind} {id:?} is not there")]
    NotFound { kind: DeviceKind, id: String },
    /// The system has no such device at all.
    #[error("there is no {kind}")]
    NoDefault { kind: DeviceKind },
    /// Another program holds it.
    #[error("the {kind} is used by another program")]
    Busy { kind: DeviceKind },
    /// The system does not let this program use it.
    #[error("the system does not allow the use of the {kind}")]
    Denied { kind: DeviceKind },
    /// The sound system does not answer.
    #[error("the sound system does not answer: {reason}")]
    NoSoundSystem { reason: String },
    /// It gives or takes nothing we understand.
    #[error("the {kind} speaks no format understood here: {reason}")]
    Unsupported { kind: DeviceKind, reason: String },
    /// Anything else, in the system's words.
    #[error("the {kind} failed: {reason}")]
    Failed { kind: DeviceKind, reason: String },
    /// A real device was meant where only stand-ins are opened.
    #[error("a real {kind} opens only after the notice on local functions was noted")]
    NeedsPermit { kind: DeviceKind },
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: std::io::Error },
    /// A file is not what its ending says.
    #[error("{}: {reason}", path.display())]
    Format { path: PathBuf, reason: String },
    /// The system gave no thread.
    #[error("no thread for the {kind}: {source}")]
    Thread { kind: DeviceKind, source: std::io::Error },
}
