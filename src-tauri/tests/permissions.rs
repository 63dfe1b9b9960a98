//! What the window may ask for: every command there is, and no other. Without a line in a permission file a command is refused at
//! run time only, which no compiler sees.

use std::collections::BTreeSet;

const COMMANDS: &str = include_str!("../src/commands.rs");
const PERMISSIONS: &str = include_str!("../permissions/window.toml");
const CAPABILITY: &str = include_str!("../capabilities/main.json");

fn commands() -> BTreeSet<&'static str> {
    let functions = COMMANDS.split("#[tauri::command]").skip(1);
    functions.filter_map(|text| text.split("fn ").nth(1)?.split('(').next()).collect()
}

fn allowed() -> BTreeSet<&'static str> {
    let lists = PERMISSIONS.lines().filter(|line| line.starts_with("commands.allow"));
    lists.flat_map(|line| line.split('"').skip(1).step_by(2)).collect()
}

#[test]
fn every_command_is_allowed_by_a_permission_and_nothing_else_is() {
    assert!(commands().len() > 15);
    assert_eq!(commands(), allowed());
}

#[test]
fn the_one_window_has_our_permissions_and_none_of_the_systems() {
    let capability: serde_json::Value = serde_json::from_str(CAPABILITY).expect("the capability file is JSON");
    let granted: BTreeSet<&str> =
        capability["permissions"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
    let ours: BTreeSet<&str> = PERMISSIONS
        .lines()
        .filter_map(|line| line.strip_prefix("identifier = "))
        .map(|name| name.trim_matches('"'))
        .collect();
    assert_eq!(granted, ours);
}
