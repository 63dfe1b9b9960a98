//! A real server on loopback, spoken to with hand-written frames and real datagrams.

// Helpers of tests fail by panicking, like the tests themselves.
#![allow(clippy::unwrap_used)]

mod access_log;
mod channel;
mod hostile;
mod http;
mod media;
mod rewriting;
mod rooms;
mod stage;
mod web_root;
