//! The harness of the whole-system tests: programs with their JSON lines, a desktop of the test's own, sound and pictures that can
//! be recognised again.
//!
//! It knows the product only from outside: programs, windows, sockets, files. Start at [`program`] and [`desktop`].

pub mod capture;
pub mod connect;
pub mod corpus;
pub mod cost;
pub mod coturn;
pub mod desktop;
pub mod door;
pub mod folder;
pub mod listen;
pub mod meddler;
pub mod picture;
pub mod probe;
pub mod program;
pub mod prosody;
pub mod relay;
pub mod room;
pub mod rpm;
pub mod site;
pub mod sound;
pub mod stock;
pub mod tree;
pub mod web;
pub mod world;

/// An error of the harness: what was waited for, or what did not start.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What a test or a step of it returns.
pub type Outcome<T = ()> = Result<T, Failure>;
