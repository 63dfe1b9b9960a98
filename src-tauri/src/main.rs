#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]
//! The program: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    runde_app::run(std::env::args().skip(1).collect())
}
