//! The law as values: notices, the ledgers that record what was noted and agreed to, and the gate
//! that turns those records into permits.
//!
//! What it is not: it opens no file, no socket and no keyring, and it asks no clock. `runde-profile`
//! stores what this crate computes.
//!
//! Where to start: [`notice`] for the texts, [`operator`] for those that a host writes, [`difference`] for what changed in them, [`ledger`] for the chain, [`gate`] for the permits, [`access_log`] for
//! what a room server may remember.
//! A test that needs a permit gets it the way the product does:
//!
//! ```
//! use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice, Target};
//! # struct Zero; impl rand_core::RngCore for Zero { fn next_u32(&mut self) -> u32 { 7 } fn next_u64(&mut self) -> u64 { 7 }
//! #   fn fill_bytes(&mut self, to: &mut [u8]) { to.fill(7) } }
//! # let mut rng = Zero;
//! let target = Target::new("meet.jit.si", None)?;
//! let noted = Acknowledgement::noted(&Notice::for_target(&target), Lang::De, Circumstances::default(), &mut rng);
//! let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
//! ledger.record(noted, &mut rng)?.confirm();
//! let permit = Gate::replay(&ledger).contact(&target)?;
//! assert_eq!(permit.host(), "meet.jit.si");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod access_log;
pub mod acknowledgement;
pub mod consent;
pub mod difference;
pub mod document;
pub mod export;
pub mod gate;
pub mod lang;
pub mod ledger;
pub mod letter;
pub mod manifest;
pub mod notice;
pub mod operator;
pub mod pack;
pub mod purpose;
pub mod stamp;
pub mod target;
mod template;

pub use acknowledgement::{Acknowledgement, Circumstances, Method, Standing, TextSource};
pub use consent::{Choice, ConsentRecord, ConsentState};
pub use difference::{Change, ChangeKind, Piece, PieceKind, changes};
pub use document::{Document, DocumentError, Shelf};
pub use gate::{Asks, Contact, Fetch, Gate, Ground, Host, LocalDevices, Permit};
pub use lang::{Lang, LangError};
pub use ledger::{ChainKey, Damage, Head, HeadState, Ledger, LedgerError, Pending, Verdict};
pub use notice::{Notice, NoticeKind, Point, Section};
pub use operator::{Basis, Operator, OperatorError};
pub use purpose::Purpose;
pub use target::{Target, TargetError};
