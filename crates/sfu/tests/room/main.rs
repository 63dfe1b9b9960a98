//! A room with guests in memory and time in hand.
#![allow(clippy::disallowed_methods)] // tests begin at some instant; what follows is counted from it

mod codecs;
mod properties;
mod slots;
mod stage;
mod stories;
