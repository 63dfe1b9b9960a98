//! THIRD-PARTY: the licence of every crate and web package that is linked into a program, with its text.
//!
//! Texts come from the packages' own files. Equal texts are printed once. A package without a file gets the text of its licence with its
//! authors' names; one whose licence has no text here is an error, so that nobody ships without.

use crate::{supply, workspace};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const NAMES: [&str; 5] = ["licen", "copying", "copyright", "notice", "unlicense"];
/// Sources of C code lie one or two folders below the crate that compiles them.
const DEPTH: usize = 2;
/// A licence is shorter; a longer file is something else of that name.
const LONGEST: u64 = 100_000;
/// What a package without a file of its own gets, by the first of these that its expression names.
const TEXTS: [(&str, &str); 5] = [
    ("MIT", include_str!("../licences/MIT.txt")),
    ("BSD-3-Clause", include_str!("../licences/BSD-3-Clause.txt")),
    ("MPL-2.0", include_str!("../licences/MPL-2.0.txt")),
    ("BSL-1.0", include_str!("../licences/BSL-1.0.txt")),
    ("Apache-2.0", include_str!("../../LICENSE")),
];

/// Linked in, but neither a crate nor a web package: name, licence, where its text lies.
const LIBRARIES: [(&str, &str, &str); 1] = [("libvpx", "BSD-3-Clause", "/usr/share/doc/libvpx-dev/copyright")];

/// The notices of one program (`runde` or `runde-cli`).
pub fn text(program: &str) -> Result<String, String> {
    of_tree(program, &workspace::metadata_of_this_system()?)
}

/// The same of a program for another system.
pub fn text_for(program: &str, target: &str) -> Result<String, String> {
    of_tree(program, &workspace::metadata_of(target)?)
}

fn of_tree(program: &str, tree: &Value) -> Result<String, String> {
    let shipped = supply::shipped(tree, &[program]);
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let packages = tree["packages"].as_array().into_iter().flatten();
    for package in packages.filter(|package| !package["source"].is_null()) {
        if package["id"].as_str().is_some_and(|id| shipped.contains(id)) {
            of_crate(package, &mut texts)?;
        }
    }
    for (name, licence, file) in LIBRARIES {
        let text = std::fs::read_to_string(file).unwrap_or_else(|_| TEXTS[1].1.to_owned());
        texts.entry(tidied(&text)).or_default().push(format!("{name} ({licence})"));
    }
    if program == "runde" {
        of_window(&mut texts)?;
    }
    // Letters are printed with it, and both programs print letters.
    let fonts = workspace::root().join("crates/print/fonts/OFL.txt");
    let text = std::fs::read_to_string(&fonts).map_err(|error| format!("{}: {error}", fonts.display()))?;
    texts.entry(tidied(&text)).or_default().push("Liberation Sans (OFL-1.1)".to_owned());
    Ok(print(program, &texts))
}

fn of_crate(package: &Value, texts: &mut BTreeMap<String, Vec<String>>) -> Result<(), String> {
    let word = |key: &str| package[key].as_str().unwrap_or_default();
    let label = format!("{} {} ({})", word("name"), word("version"), word("license"));
    let folder = Path::new(word("manifest_path")).parent().map(Path::to_owned).unwrap_or_default();
    let authors: Vec<&str> = package["authors"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    collect(&label, word("license"), &authors.join(", "), &folder, texts)
}

/// The packages that the window's bundle is made of.
fn of_window(texts: &mut BTreeMap<String, Vec<String>>) -> Result<(), String> {
    let folder = workspace::root().join("ui/node_modules");
    let lock = std::fs::read_to_string(workspace::root().join("ui/package-lock.json"))
        .map_err(|error| format!("ui/package-lock.json: {error}"))?;
    let lock: Value = serde_json::from_str(&lock).map_err(|error| format!("ui/package-lock.json: {error}"))?;
    for (name, package) in supply::shipped_web(&lock) {
        let (version, licence) = (package["version"].as_str().unwrap_or_default(), supply::web_licence(name, package));
        let label = format!("{name} {version} ({licence})");
        collect(&label, licence, "", &folder.join(name), texts)?;
    }
    Ok(())
}

fn collect(
    label: &str,
    licence: &str,
    authors: &str,
    folder: &Path,
    texts: &mut BTreeMap<String, Vec<String>>,
) -> Result<(), String> {
    let mut files = Vec::new();
    licence_files(folder, DEPTH, &mut files);
    files.sort();
    let found: Vec<String> = files.iter().filter_map(|file| std::fs::read_to_string(file).ok()).collect();
    let found = if found.is_empty() { vec![standard(label, licence, authors)?] } else { found };
    for text in found {
        let users = texts.entry(tidied(&text)).or_default();
        if !users.iter().any(|user| user == label) {
            users.push(label.to_owned());
        }
    }
    Ok(())
}

fn standard(label: &str, licence: &str, authors: &str) -> Result<String, String> {
    let known = TEXTS.iter().find(|(name, _)| licence.split([' ', '/', '(', ')']).any(|word| word == *name));
    let Some((name, text)) = known else {
        return Err(format!("{label}: has no licence file, and xtask/licences none for it"));
    };
    let authors = if authors.is_empty() { "the authors of this package" } else { authors };
    let owner = if *name == "MPL-2.0" || *name == "Apache-2.0" {
        String::new()
    } else {
        format!("Copyright (c) {authors}\n\n")
    };
    Ok(format!("{owner}{text}"))
}

fn licence_files(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().to_lowercase());
        if path.is_dir() {
            if depth > 0 && !["target", "node_modules", "tests", "src"].contains(&name.as_str()) {
                licence_files(&path, depth - 1, files);
            }
        } else if NAMES.iter().any(|start| name.starts_with(start))
            && !name.ends_with(".rs")
            && entry.metadata().is_ok_and(|meta| meta.len() < LONGEST)
        {
            files.push(path);
        }
    }
}

/// The same licence in another wrapping is the same licence.
fn tidied(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

fn print(program: &str, texts: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = format!("Software of others in {program}, and its licences.\n");
    let mut blocks: Vec<(&Vec<String>, &String)> = texts.iter().map(|(text, users)| (users, text)).collect();
    blocks.sort();
    for (users, text) in blocks {
        out.push_str(&format!("\n{}\n{}\n\n{text}\n", "=".repeat(100), users.join("\n")));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_of_the_command_line_is_named_with_a_text() {
        let text = text("runde-cli").unwrap();
        let tree = workspace::metadata_of_this_system().unwrap();
        let shipped = supply::shipped(&tree, &["runde-cli"]);
        let mut seen = 0;
        for package in tree["packages"].as_array().unwrap().iter().filter(|package| !package["source"].is_null()) {
            if shipped.contains(package["id"].as_str().unwrap()) {
                let name = format!("{} {} (", package["name"].as_str().unwrap(), package["version"].as_str().unwrap());
                assert!(text.contains(&name), "{name}");
                seen += 1;
            }
        }
        assert!(seen > 100 && text.contains("libvpx") && text.contains("Liberation Sans"), "{seen}");
    }

    #[test]
    fn a_package_without_a_file_gets_its_licence_text_and_an_unknown_licence_is_an_error() {
        let mut texts = BTreeMap::new();
        let nowhere = Path::new("/nonexistent");
        collect("a 1 (MIT)", "MIT/Apache-2.0", "Ada", nowhere, &mut texts).unwrap();
        assert!(texts.keys().next().unwrap().starts_with("Copyright (c) Ada\n\nPermission is hereby granted"));
        assert!(collect("b 1 (X)", "X", "", nowhere, &mut texts).is_err());
    }
}
