//! Chores of the house: `cargo xtask run`, `test`, `bench`, `tidy`, `package`, `release`, `bindings`.
//!
//! Not a build system: Cargo and npm build, this installs what they need, calls them in order, times the stages and counts.
//! Start at `main`; each chore has a file of its own.

mod bench;
mod count;
mod flatpak;
mod layering;
#[cfg(test)]
mod macos;
mod notices;
mod package;
mod process;
mod release;
mod run;
mod sbom;
mod stages;
mod suites;
mod supply;
mod system;
mod third_party;
mod tidy;
mod ui;
mod windows;
mod workflows;
mod workspace;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask run [-- ARGUMENTS]      install what is missing, build and start the app
cargo xtask test [STAGE] [--full]   all stages, or one of: fmt tidy supply clippy unit ui e2e package windows workflows
cargo xtask bench [NAME]            absolute figures: join (--peer chromium: beside Jitsi's library), cpu
cargo xtask tidy                    the house rules alone
cargo xtask supply                  licences, banned crates and sources of what is linked in
cargo xtask package [--tested|--release] [--rpm|--windows]  packages, in target/package; --tested: of what the tests built
cargo xtask release X.Y.Z           the next version: manifest, changelog; commits nothing
cargo xtask changes X.Y.Z           that version's section of the changelog
cargo xtask flatpak                 what a Flatpak is built from without a network
cargo xtask sbom                    what is linked in, as CycloneDX JSON
cargo xtask bindings                write the TypeScript types from the Rust ones
cargo xtask setup [--test]          install system packages and UI packages only";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["run", rest @ ..] => run::run(rest.strip_prefix(&["--"]).unwrap_or(rest)),
        ["test", rest @ ..] => match stages::test(rest) {
            Ok(held) => return if held { ExitCode::SUCCESS } else { ExitCode::FAILURE },
            Err(reason) => Err(reason),
        },
        ["bench", rest @ ..] => bench::bench(rest),
        ["tidy"] => tidy::report(),
        ["supply"] => supply::report(),
        ["package", rest @ ..] => package::package(rest),
        ["flatpak"] => flatpak::write(),
        ["sbom"] => sbom::print(),
        ["release", version] => release::release(version),
        ["changes", version] => release::changes(version),
        ["bindings"] => ui::write_bindings(),
        ["setup", rest @ ..] => run::setup(rest.contains(&"--test")),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}
