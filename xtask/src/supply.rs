//! Where the code comes from that we link: licences, banned crates, sources, build scripts that could download. `deny.toml` is the one
//! list; cargo-deny reads it in the release workflow, this reads it everywhere, without a network and without another tool to build.

use crate::workspace;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Crates that talk HTTP: none of them may be what a build script is made of.
const DOWNLOADERS: [&str; 7] = ["attohttpc", "curl", "isahc", "minreq", "reqwest", "ureq", "zip-download"];

/// Packages whose manifest names no licence, and what their own licence file says.
const UNNAMED: [(&str, &str); 1] = [("svelte-toolbelt", "MIT")];

/// The lists of `deny.toml`.
#[derive(Debug, Default)]
struct Rules {
    licences: BTreeSet<String>,
    banned: BTreeSet<String>,
    registries: BTreeSet<String>,
}

/// Fails with every complaint; prints what was looked at, and what could not be.
pub fn report() -> Result<(), String> {
    let text =
        std::fs::read_to_string(workspace::root().join("deny.toml")).map_err(|error| format!("deny.toml: {error}"))?;
    let (rules, tree) = (rules(&text), workspace::whole_metadata()?);
    let lock = std::fs::read_to_string(workspace::root().join("ui/package-lock.json"))
        .map_err(|error| format!("ui/package-lock.json: {error}"))?;
    let lock: Value = serde_json::from_str(&lock).map_err(|error| format!("ui/package-lock.json: {error}"))?;
    let mut complaints = crates(&rules, &tree);
    complaints.extend(web_packages(&rules, &lock));
    println!(
        "supply: {} crates, {} of them shipped; {} packages of the window",
        all(&tree).count(),
        shipped(&tree, &["runde", "runde-cli"]).len(),
        shipped_web(&lock).count()
    );
    println!("supply: advisories: not checked: no database");
    if complaints.is_empty() { Ok(()) } else { Err(format!("supply:\n  {}", complaints.join("\n  "))) }
}

/// Reads the lists: section, key, then one string a line.
fn rules(text: &str) -> Rules {
    let (mut rules, mut section, mut key) = (Rules::default(), "", "");
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            (section, key) = (name, "");
        } else if let Some(name) = line.strip_suffix("= [") {
            key = name.trim();
        } else if line == "]" {
            key = "";
        } else if let Some(word) = line.split('"').nth(1).filter(|_| !key.is_empty()) {
            let list = match (section, key) {
                ("licenses", "allow") => &mut rules.licences,
                ("bans", "deny") => &mut rules.banned,
                ("sources", "allow-registry") => &mut rules.registries,
                _ => continue,
            };
            list.insert(word.to_owned());
        }
    }
    rules
}

fn all(tree: &Value) -> impl Iterator<Item = &Value> {
    tree["packages"].as_array().into_iter().flatten()
}

fn crates(rules: &Rules, tree: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let shipped = shipped(tree, &["runde", "runde-cli"]);
    for package in all(tree) {
        let (name, version) = (text(package, "name"), text(package, "version"));
        if rules.banned.contains(name) {
            found.push(format!("{name} {version}: banned, see deny.toml"));
        }
        // What lies in this repository has no source.
        let Some(source) = package["source"].as_str() else { continue };
        let registry = source.strip_prefix("registry+").unwrap_or(source);
        if !rules.registries.contains(registry) {
            found.push(format!("{name} {version}: comes from {registry}"));
        }
        if shipped.contains(text(package, "id")) && !allowed(rules, text(package, "license")) {
            found.push(format!("{name} {version}: licence {:?}", text(package, "license")));
        }
    }
    found.extend(downloading(tree));
    found
}

/// Crates whose build script is made with something that talks HTTP.
fn downloading(tree: &Value) -> Vec<String> {
    let names: BTreeMap<&str, &str> = all(tree).map(|package| (text(package, "id"), text(package, "name"))).collect();
    let edges = edges(tree, |kind| kind == "build");
    let plain = edges_of_code(tree);
    let mut found = Vec::new();
    for (from, to) in &edges {
        let reached = closure(&plain, to.iter().copied());
        for bad in reached.iter().filter_map(|id| names.get(id)).filter(|name| DOWNLOADERS.contains(name)) {
            found.push(format!("{}: its build script is made with {bad}", names.get(from).unwrap_or(from)));
        }
    }
    found
}

/// Ids of everything that ends up in these programs, on any system.
pub fn shipped<'a>(tree: &'a Value, programs: &[&str]) -> BTreeSet<&'a str> {
    let roots =
        all(tree).filter(|package| programs.contains(&text(package, "name"))).map(|package| text(package, "id"));
    closure(&edges_of_code(tree), roots)
}

fn edges_of_code(tree: &Value) -> BTreeMap<&str, Vec<&str>> {
    edges(tree, |kind| kind == "normal")
}

/// Who names whom by dependencies of this kind (`normal`, `build`, `dev`).
fn edges(tree: &Value, wanted: impl Fn(&str) -> bool) -> BTreeMap<&str, Vec<&str>> {
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for node in tree["resolve"]["nodes"].as_array().into_iter().flatten() {
        for dependency in node["deps"].as_array().into_iter().flatten() {
            let kinds = dependency["dep_kinds"].as_array().into_iter().flatten();
            if kinds.map(|kind| kind["kind"].as_str().unwrap_or("normal")).any(&wanted) {
                edges.entry(text(node, "id")).or_default().push(text(dependency, "pkg"));
            }
        }
    }
    edges
}

fn closure<'a>(edges: &BTreeMap<&'a str, Vec<&'a str>>, roots: impl Iterator<Item = &'a str>) -> BTreeSet<&'a str> {
    let mut waiting: Vec<&str> = roots.collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = waiting.pop() {
        if seen.insert(id) {
            waiting.extend(edges.get(id).into_iter().flatten());
        }
    }
    seen
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// Packages of the window that end up in its bundle: what `npm ci --omit=dev` would install, and Svelte, whose runtime is compiled in.
pub fn shipped_web(lock: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let packages = lock["packages"].as_object().into_iter().flatten();
    packages
        .map(|(path, package)| (path.rsplit("node_modules/").next().unwrap_or(path), package))
        .filter(|(name, package)| !name.is_empty() && (package["dev"].as_bool() != Some(true) || *name == "svelte"))
}

/// What a package of the window is licensed under.
pub fn web_licence<'a>(name: &str, package: &'a Value) -> &'a str {
    let unnamed = UNNAMED.iter().find(|(known, _)| *known == name);
    package["license"].as_str().or(unnamed.map(|(_, licence)| *licence)).unwrap_or_default()
}

fn web_packages(rules: &Rules, lock: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (name, package) in shipped_web(lock) {
        let licence = web_licence(name, package);
        if !allowed(rules, licence) {
            found.push(format!("{name}: licence {licence:?}"));
        }
    }
    let packages = lock["packages"].as_object().into_iter().flatten();
    for (path, package) in packages {
        // The lock file names no place for what the registry has; an address is one of somebody's own.
        if package["resolved"].is_string() {
            found.push(format!("{path}: comes from {}", text(package, "resolved")));
        }
    }
    found
}

/// Whether an SPDX expression can be met with allowed licences only (SPDX 2.3 annex D; `/` is what crates once wrote for OR).
fn allowed(rules: &Rules, expression: &str) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let mut words = spaced.split_whitespace().peekable();
    let held = either(rules, &mut words);
    held && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

fn either(rules: &Rules, words: &mut Words) -> bool {
    let mut held = both(rules, words);
    while words.next_if_eq(&"OR").is_some() {
        held |= both(rules, words);
    }
    held
}

fn both(rules: &Rules, words: &mut Words) -> bool {
    let mut held = one(rules, words);
    while words.next_if_eq(&"AND").is_some() {
        held &= one(rules, words);
    }
    held
}

fn one(rules: &Rules, words: &mut Words) -> bool {
    match words.next() {
        Some("(") => {
            let held = either(rules, words);
            words.next() == Some(")") && held
        }
        Some(name) => {
            let exception = words.next_if_eq(&"WITH").and_then(|_| words.next());
            let whole = exception.map_or_else(|| name.to_owned(), |exception| format!("{name} WITH {exception}"));
            rules.licences.contains(&whole)
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn house() -> Rules {
        rules(&std::fs::read_to_string(workspace::root().join("deny.toml")).unwrap())
    }

    #[test]
    fn what_we_link_keeps_to_the_lists() {
        assert_eq!(report(), Ok(()));
    }

    #[test]
    fn the_lists_of_deny_toml_are_read() {
        let rules = house();
        assert!(rules.licences.contains("MPL-2.0") && rules.licences.contains("Apache-2.0 WITH LLVM-exception"));
        for name in ["olm-sys", "usrsctp-sys", "xml-rs", "tauri-plugin-shell"] {
            assert!(rules.banned.contains(name), "{name}");
        }
        assert_eq!(rules.registries.len(), 1);
    }

    #[test]
    fn a_licence_expression_holds_only_if_its_parts_do() {
        let rules = house();
        for good in
            ["MIT", "GPL-3.0 OR MIT", "(MIT OR GPL-2.0) AND ISC", "Apache-2.0/MIT", "Apache-2.0 WITH LLVM-exception"]
        {
            assert!(allowed(&rules, good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "MIT WITH Classpath-exception-2.0", "MIT ISC", "(MIT"] {
            assert!(!allowed(&rules, bad), "{bad}");
        }
    }

    /// `runde` names `a`; `a` builds with `b`, which names `ureq`.
    fn planted(name: &str, licence: &str, source: &str) -> Value {
        let package = |name: &str, licence: &str, source: &str| json!({"id": name, "name": name, "version": "1.0.0", "license": licence, "source": source});
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        json!({
            "packages": [
                {"id": "runde", "name": "runde", "version": "1.0.0", "license": "Apache-2.0", "source": null},
                package(name, licence, source), package("b", "MIT", registry), package("ureq", "MIT", registry),
            ],
            "resolve": {"nodes": [
                {"id": "runde", "deps": [{"pkg": name, "dep_kinds": [{"kind": null}]}]},
                {"id": name, "deps": [{"pkg": "b", "dep_kinds": [{"kind": "build"}]}]},
                {"id": "b", "deps": [{"pkg": "ureq", "dep_kinds": [{"kind": null}]}]},
            ]},
        })
    }

    #[test]
    fn a_banned_crate_a_foreign_licence_another_source_and_a_downloading_build_script_are_found() {
        let registry = "registry+https://github.com/rust-lang/crates.io-index";
        let downloads = "its build script is made with ureq";
        let found = |name: &str, licence: &str, source: &str| crates(&house(), &planted(name, licence, source));
        assert_eq!(found("a", "MIT", registry), [format!("a: {downloads}")]);
        let worst = found("olm-sys", "GPL-3.0-only", "git+https://example.org/olm");
        assert_eq!(worst.len(), 4, "{worst:?}");
        let lock = json!({"packages": {
            "": {"license": "Apache-2.0"},
            "node_modules/x": {"license": "AGPL-3.0", "dev": false},
            "node_modules/y": {"license": "MIT", "resolved": "https://example.org/y", "dev": true},
        }});
        assert_eq!(web_packages(&house(), &lock).len(), 2);
    }
}
