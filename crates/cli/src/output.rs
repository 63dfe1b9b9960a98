//! Standard output and error. A reader that went away (`| head`) is no reason to panic.

use std::io::Write;

pub fn print(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", line.trim_end_matches('\n')).and_then(|()| out.flush());
}

/// One event of the JSON stream.
pub fn event(value: &serde_json::Value) {
    print(&value.to_string());
}

pub fn complain(sentence: &str) {
    let _ = writeln!(std::io::stderr().lock(), "runde-cli: {sentence}");
}
