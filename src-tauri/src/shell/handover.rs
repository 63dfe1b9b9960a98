//! A start while the program runs: what it was called with goes to the first one before anything of a window is loaded.
//!
//! The plugin for single instances does the same later, inside Tauri, and ends the process there: one start in some seven hundred
//! crashed then, since threads of the toolkit were running while its libraries were taken down. It stays for what starts at the very
//! same moment, and for the other systems. What is said here is the plugin's own protocol.

use std::time::Duration;

use zbus::blocking::connection::Builder;

/// As the plugin makes it of the identifier in `tauri.conf.json`.
const NAME: &str = "org.runde.Runde.SingleInstance";
const PATH: &str = "/org/runde/Runde/SingleInstance";
const INTERFACE: &str = "org.SingleInstance.DBus";
/// A first one that is busy takes its time; one that hangs is the plugin's matter.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whether another one runs and has taken what this one was called with (program first), so that this one can end.
pub(crate) fn handed_over(words: &[String]) -> bool {
    let folder = std::env::current_dir().unwrap_or_default();
    match tell(words, &folder.to_string_lossy()) {
        Ok(()) => true,
        Err(error) => {
            // Nobody has the name, as at every first start; or there is no bus of a session.
            tracing::debug!(%error, "no other one runs");
            false
        }
    }
}

fn tell(words: &[String], folder: &str) -> zbus::Result<()> {
    let bus = Builder::session()?.method_timeout(PATIENCE).build()?;
    bus.call_method(Some(NAME), PATH, Some(INTERFACE), "ExecuteCallback", &(words, folder)).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another name would find nobody, and the plugin would hide it.
    #[test]
    fn the_name_is_the_plugins_for_our_identifier() {
        let config: serde_json::Value = serde_json::from_str(include_str!("../../../tauri.conf.json")).unwrap();
        let name = format!("{}.SingleInstance", config["identifier"].as_str().unwrap());
        assert_eq!((NAME, PATH.trim_start_matches('/').replace('/', ".")), (name.as_str(), name.clone()));
    }
}
