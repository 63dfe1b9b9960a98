//! `runde-cli`: rooms and meetings without a window, and the notices and ledgers in words.
//!
//! What it is not: it decides nothing about meetings or law; it parses arguments, calls the crates that
//! do, and prints. One file per subcommand; docs/cli.md is the contract. Where to start: [`main`].

#![forbid(unsafe_code)]

mod arguments;
mod doctor;
mod exit;
mod hold;
mod join;
mod ledger;
mod log;
mod messages;
mod notice;
mod operator;
mod orders;
mod output;
mod pack;
mod permit;
mod policy;
mod report;
mod rights;
mod secrets;
mod serve;
mod standing;
mod turn;

use std::process::ExitCode;

use arguments::Arguments;
use exit::{Exit, Failure};
use messages::{Message, message};

fn main() -> ExitCode {
    log_to_stderr();
    let lang = messages::system_language();
    let outcome = run(Arguments::of_process());
    let exit = outcome.unwrap_or_else(|failure| {
        output::complain(&failure.sentence(lang));
        failure.exit()
    });
    exit.into()
}

fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    let Some(command) = arguments.word()? else {
        output::complain(message(Message::Usage, messages::system_language()));
        return Ok(Exit::BadArguments);
    };
    match command.as_str() {
        "serve" => serve::run(arguments),
        "join" => join::run(arguments),
        "notice" => notice::run(arguments),
        "ledger" => ledger::run(arguments),
        "hold" => hold::run(arguments),
        "log" => log::run(arguments),
        "pack" => pack::run(arguments),
        "rights" => rights::run(arguments),
        "policy" => policy::run(arguments),
        "doctor" => doctor::run(arguments),
        "help" | "--help" | "-h" => {
            output::print(message(Message::Usage, messages::system_language()));
            Ok(Exit::Done)
        }
        "version" | "--version" => {
            output::print(env!("CARGO_PKG_VERSION"));
            Ok(Exit::Done)
        }
        _ => Err(Failure::UnknownCommand(command)),
    }
}

/// Only what `RUST_LOG` asks for, and only to standard error: standard output is for events.
fn log_to_stderr() {
    let asked = tracing_subscriber::EnvFilter::try_from_default_env();
    let filter = asked.unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}
