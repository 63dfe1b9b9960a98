//! The arrows between crates, as data and as a check. ARCHITECTURE.md draws them; this holds them.
//!
//! Only normal dependencies of shipped crates are bound: tests, tools and dev-dependencies may reach anywhere.

use serde_json::Value;

/// Who may name whom, among our own packages.
const ARROWS: &[(&str, &[&str])] = &[
    ("runde", &["runde-client", "runde-server", "runde-privacy", "runde-profile", "runde-print"]),
    ("runde-cli", &["runde-client", "runde-server", "runde-privacy", "runde-profile", "runde-print"]),
    (
        "runde-client",
        &["runde-signalling", "runde-transport", "runde-media", "runde-devices", "runde-privacy", "runde-rtp"],
    ),
    ("runde-server", &["runde-signalling", "runde-transport", "runde-sfu", "runde-privacy", "runde-rtp"]),
    // Letters become PDF here alone, so that nothing else carries fonts and a PDF library.
    ("runde-print", &["runde-privacy"]),
    ("runde-profile", &["runde-privacy"]),
    ("runde-devices", &["runde-media", "runde-privacy"]),
    ("runde-media", &["runde-rtp"]),
    ("runde-transport", &["runde-rtp"]),
    ("runde-sfu", &["runde-rtp"]),
    ("runde-rtp", &[]),
    ("runde-signalling", &[]),
    ("runde-privacy", &[]),
];

/// Outside packages that belong to few rooms: a name or a prefix ending in `*`, and who may use it.
const RESERVED: &[(&str, &[&str])] = &[
    ("tauri*", &["runde"]),
    ("ts-rs", &["runde"]),
    // Dialogs that ask where a file goes: only a window has them.
    ("rfd", &["runde"]),
    ("gtk", &["runde"]),
    ("keyring*", &["runde-profile"]),
    ("directories", &["runde-profile"]),
    ("krilla*", &["runde-print"]),
    ("rtc-*", &["runde-transport"]),
    ("webrtc*", &["runde-transport"]),
    ("quinn-udp", &["runde-transport"]),
    ("tokio", &["runde-transport", "runde-client", "runde-server", "runde-cli", "runde"]),
    ("cpal", &["runde-devices"]),
    ("nokhwa*", &["runde-devices"]),
    ("v4l", &["runde-devices"]),
    ("opus*", &["runde-media"]),
    ("sonora*", &["runde-media"]),
];

/// Not shipped: whole-system tests, fuzz targets and chores.
const TOOLS: &[&str] = &["e2e", "runde-fuzz", "xtask"];

/// Every arrow that is drawn in a manifest but not in the tables above.
pub fn violations(metadata: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        let name = package["name"].as_str().unwrap_or_default();
        if TOOLS.contains(&name) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(from, _)| *from == name) else {
            found.push(format!("{name}: a new crate needs its arrows in xtask/src/layering.rs"));
            continue;
        };
        for dependency in normal_dependencies(package) {
            let ours = dependency == "runde" || dependency.starts_with("runde-") || TOOLS.contains(&dependency);
            if ours && !allowed.contains(&dependency) {
                found.push(format!("{name} -> {dependency}: not an arrow of the house"));
            }
            if RESERVED.iter().any(|(reserved, users)| names(reserved, dependency) && !users.contains(&name)) {
                found.push(format!("{name} -> {dependency}: reserved for another crate"));
            }
        }
    }
    found
}

fn normal_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|dependency| dependency["kind"].is_null()).filter_map(|dependency| dependency["name"].as_str())
}

fn names(reserved: &str, dependency: &str) -> bool {
    match reserved.strip_suffix('*') {
        Some(start) => dependency.starts_with(start),
        None => dependency == reserved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_workspace_draws_only_the_arrows_of_the_house() {
        let metadata = crate::workspace::metadata().unwrap();
        assert!(metadata["packages"].as_array().unwrap().len() > ARROWS.len());
        assert_eq!(violations(&metadata), Vec::<String>::new());
    }

    #[test]
    fn a_wrong_arrow_a_reserved_name_and_an_unknown_crate_are_found() {
        let tree = |from: &str, to: &str, kind: Value| json!({"packages": [{"name": from, "dependencies": [{"name": to, "kind": kind}]}]});
        assert_eq!(violations(&tree("runde-sfu", "runde-signalling", Value::Null)).len(), 1);
        assert_eq!(violations(&tree("runde-signalling", "tokio", Value::Null)).len(), 1);
        assert_eq!(violations(&tree("runde-client", "tauri-plugin-shell", Value::Null)).len(), 1);
        assert_eq!(violations(&tree("runde-extra", "serde", Value::Null)).len(), 1);
        assert!(violations(&tree("runde-sfu", "runde-signalling", json!("dev"))).is_empty());
        assert!(violations(&tree("runde-server", "runde-sfu", Value::Null)).is_empty());
    }
}
