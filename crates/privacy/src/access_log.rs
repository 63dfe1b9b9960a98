//! What a room server may remember, as values: the line of its access log, how long a day of lines lives, and
//! what an incident may take out of that.
//!
//! What it is not: it opens no file and asks no clock. `runde-server` writes, deletes and copies; here is decided
//! what. The log is off unless somebody switches it on, and the notice that guests note then says so.
//!
//! Start at [`Line`]; [`agent`] fills two of its fields, [`DayFile`] and [`Retention`] end it, [`hold`] is the exception.

pub mod agent;
pub mod hold;
mod line;
mod retention;

pub use agent::{Client, Os, Product};
pub use line::{ExportFormat, Line, LineError, MAX_LINE};
pub use retention::{Day, DayFile, Fate, PURGE_EVERY, Retention, RetentionError, until_next_purge};
