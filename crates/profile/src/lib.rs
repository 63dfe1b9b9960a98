//! What one user keeps on this computer: two ledgers, their key, settings, and, if they agreed to it,
//! recent rooms, under the policy of whoever manages the computer.
//!
//! The rules of what is recorded are `runde-privacy`'s; here are the files (append, fsync, lock), the
//! keyring and the folders. It opens no internet socket; the keyring is asked over the session bus.
//!
//! Where to start: [`Profile::open`] for a program that records, [`Profile::open_for_long`] for one that stays, [`inspect`] for one that only reads,
//! [`holdings`] for what a person may ask about themselves.

#![forbid(unsafe_code)]

mod archive;
mod autostart;
mod disk;
mod edit;
mod erase;
mod error;
mod holdings;
mod inspect;
mod keyring_thread;
mod ledger_file;
mod links;
mod places;
mod policy;
mod profile;
mod recents;
mod reminders;
mod secrets;
mod settings;
mod shelf;
mod turns;

pub use archive::{Archive, ImportError, MAX_ARCHIVE};
pub use autostart::{Autostart, HIDDEN};
pub use edit::{EditError, FIELDS};
pub use erase::{Erased, Item};
pub use error::{ProfileError, Trouble, TroubleKind};
pub use holdings::{Held, HeldValue, holdings, is_explained};
pub use inspect::{Inspection, inspect};
pub use keyring_thread::{KEYRING_LIMIT, keyring_answers};
pub use links::LinkPlaces;
pub use places::Places;
pub use policy::{Explained, Foreword, Origin, Policy, PolicyFault, explain};
pub use profile::{Build, Opening, Profile, Shown, now};
pub use recents::RecentRoom;
pub use reminders::Reminder;
pub use secrets::Protection;
pub use settings::{Processing, Settings, Theme};
pub use shelf::known_notices;
