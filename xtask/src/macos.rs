//! What the bundle for macOS is made of, parsed as macOS will: nothing of it has run on a Mac yet, so this much is checked everywhere.

use crate::workspace;
use plist::{Dictionary, Value};

fn text(path: &str) -> String {
    std::fs::read_to_string(workspace::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn dictionary(path: &str) -> Dictionary {
    let value = Value::from_reader_xml(text(path).as_bytes()).unwrap_or_else(|error| panic!("{path}: {error}"));
    value.into_dictionary().unwrap()
}

fn config() -> serde_json::Value {
    serde_json::from_str(&text("tauri.conf.json")).unwrap()
}

#[test]
fn macos_asks_for_each_device_with_a_sentence_in_both_languages() {
    let info = dictionary("packaging/macos/Info.plist");
    for key in ["NSCameraUsageDescription", "NSMicrophoneUsageDescription", "NSLocalNetworkUsageDescription"] {
        let sentences = info.get(key).and_then(Value::as_string).unwrap_or_else(|| panic!("{key} is missing"));
        let (german, english) = sentences.split_once(" · ").unwrap();
        assert!(german.starts_with("Runde ") && german.ends_with('.') && english.ends_with('.'), "{key}");
    }
    let languages = info.get("CFBundleLocalizations").and_then(Value::as_array).unwrap();
    assert_eq!(languages.iter().filter_map(Value::as_string).collect::<Vec<_>>(), ["de", "en"]);
}

/// With the hardened runtime a program that names none of these gets no camera, and one that names more is easier to misuse.
#[test]
fn macos_grants_camera_and_microphone_and_nothing_else() {
    let granted = dictionary("packaging/macos/Entitlements.plist");
    let names: Vec<&str> = granted.keys().map(String::as_str).collect();
    assert_eq!(names, ["com.apple.security.device.camera", "com.apple.security.device.audio-input"]);
    assert!(granted.values().all(|value| value.as_boolean() == Some(true)));
}

#[test]
fn the_bundle_names_these_files_its_icon_its_category_and_both_link_schemes() {
    let config = config();
    let bundle = &config["bundle"];
    assert_eq!(bundle["macOS"]["infoPlist"], "packaging/macos/Info.plist");
    assert_eq!(bundle["macOS"]["entitlements"], "packaging/macos/Entitlements.plist");
    assert_eq!((&bundle["macOS"]["hardenedRuntime"], &bundle["category"]), (&true.into(), &"Video".into()));
    // The bundler makes CFBundleURLTypes of these.
    assert_eq!(config["plugins"]["deep-link"]["desktop"]["schemes"], serde_json::json!(["runde", "jitsi-meet"]));
    assert!(bundle["icon"].as_array().unwrap().iter().any(|icon| icon == "icons/icon.icns"));
    let icon = std::fs::read(workspace::root().join("icons/icon.icns")).unwrap();
    assert!(icon.starts_with(b"icns") && icon.len() > 10_000);
}

/// A port whose files grow is a second program.
#[test]
fn a_file_for_another_system_is_no_longer_than_its_twin_for_linux() {
    let length = |path: &str| text(path).split("#[cfg(test)]").next().unwrap_or_default().lines().count();
    let linux = length("crates/profile/src/autostart/entry.rs");
    for twin in ["agent", "run_key"] {
        let lines = length(&format!("crates/profile/src/autostart/{twin}.rs"));
        assert!(lines <= linux, "{twin}: {lines} lines, on Linux {linux}");
    }
}
