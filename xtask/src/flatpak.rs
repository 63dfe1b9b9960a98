//! `cargo xtask flatpak`: everything a Flatpak is built from besides this repository, each file with its place and hash, from the two
//! lock files. The build itself then needs no network (`packaging/flatpak/org.runde.Runde.yml`).

use crate::workspace;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

const FILE: &str = "packaging/flatpak/sources.json";
const CRATES: &str = "https://static.crates.io/crates";
const WEB: &str = "https://registry.npmjs.org";
/// Cargo reads this in `CARGO_HOME`, which is the folder `cargo` of the build.
const CONFIG: &str =
    "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"cargo/vendor\"\n";

/// Writes the list beside the manifest.
pub fn write() -> Result<(), String> {
    let sources = sources()?;
    let text = serde_json::to_string_pretty(&sources).map_err(|error| error.to_string())?;
    std::fs::write(workspace::root().join(FILE), text + "\n").map_err(|error| format!("{FILE}: {error}"))?;
    println!("{FILE}: {} sources", sources.len());
    Ok(())
}

fn sources() -> Result<Vec<Value>, String> {
    let read =
        |path: &str| std::fs::read_to_string(workspace::root().join(path)).map_err(|error| format!("{path}: {error}"));
    let lock: Value = serde_json::from_str(&read("ui/package-lock.json")?).map_err(|error| error.to_string())?;
    let mut sources = crates(&read("Cargo.lock")?);
    sources.push(json!({"type": "inline", "contents": CONFIG, "dest": "cargo", "dest-filename": "config.toml"}));
    sources.extend(web(&lock)?);
    Ok(sources)
}

/// The registry's crates as Cargo expects them in a folder of sources: unpacked, with the archive's hash beside them.
fn crates(lock: &str) -> Vec<Value> {
    let mut sources = Vec::new();
    for package in lock.split("[[package]]").skip(1) {
        let value = |key: &str| {
            let start = format!("{key} = \"");
            package.lines().find_map(|line| line.strip_prefix(&start)?.strip_suffix('"'))
        };
        // What lies in this repository has no hash.
        let (Some(name), Some(version), Some(hash)) = (value("name"), value("version"), value("checksum")) else {
            continue;
        };
        let folder = format!("cargo/vendor/{name}-{version}");
        sources.push(json!({
            "type": "archive", "archive-type": "tar-gzip", "dest": folder, "sha256": hash,
            "url": format!("{CRATES}/{name}/{name}-{version}.crate"),
        }));
        let beside = json!({"package": hash, "files": {}}).to_string();
        sources.push(json!({
            "type": "inline", "contents": beside, "dest": folder, "dest-filename": ".cargo-checksum.json",
        }));
    }
    sources
}

/// The window's packages, each unpacked where npm would; none of them runs a script when it is installed.
fn web(lock: &Value) -> Result<Vec<Value>, String> {
    let mut sources = Vec::new();
    for (path, package) in lock["packages"].as_object().into_iter().flatten().filter(|(path, _)| !path.is_empty()) {
        if !fits(package) {
            continue;
        }
        let name = path.rsplit("node_modules/").next().unwrap_or(path);
        let version = package["version"].as_str().unwrap_or_default();
        let hash = package["integrity"].as_str().and_then(|hash| hash.strip_prefix("sha512-"));
        let hash = hash.and_then(|hash| BASE64_STANDARD.decode(hash).ok());
        let hash = hash.ok_or_else(|| format!("ui/package-lock.json has no hash of {name} {version}"))?;
        if package["hasInstallScript"] == true {
            return Err(format!("{name} {version} runs a script when it is installed"));
        }
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        let last = name.rsplit('/').next().unwrap_or(name);
        sources.push(json!({
            "type": "archive", "archive-type": "tar-gzip", "dest": format!("ui/{path}"), "sha512": hash,
            "url": format!("{WEB}/{name}/-/{last}-{version}.tgz"),
        }));
    }
    Ok(sources)
}

/// Whether a package is for Linux on x86-64 with glibc, as the runtime is.
fn fits(package: &Value) -> bool {
    [("os", "linux"), ("cpu", "x64"), ("libc", "glibc")].into_iter().all(|(key, wanted)| {
        let named: Option<Vec<&str>> =
            package[key].as_array().map(|values| values.iter().filter_map(Value::as_str).collect());
        named.is_none_or(|values| values.contains(&wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_locked_crate_and_package_has_a_place_an_address_and_a_hash() {
        let sources = sources().unwrap();
        let locked =
            std::fs::read_to_string(workspace::root().join("Cargo.lock")).unwrap().matches("checksum = ").count();
        let of = |place: &str| {
            let archives = sources.iter().filter(|source| source["type"] == "archive");
            archives.filter(|source| source["dest"].as_str().unwrap().starts_with(place)).collect::<Vec<_>>()
        };
        let (crates, web) = (of("cargo/vendor/"), of("ui/node_modules/"));
        assert!(crates.len() == locked && locked > 500, "{} of {locked}", crates.len());
        assert!(crates.iter().all(|source| source["sha256"].as_str().unwrap().len() == 64));
        assert!(web.len() > 100 && web.iter().all(|source| source["sha512"].as_str().unwrap().len() == 128));
        let places: std::collections::BTreeSet<&str> =
            crates.iter().chain(&web).map(|source| source["dest"].as_str().unwrap()).collect();
        assert_eq!(places.len(), crates.len() + web.len());
    }

    #[test]
    fn a_package_for_another_system_is_left_out_and_one_with_a_script_or_without_a_hash_is_an_error() {
        let lock = |package: Value| json!({"packages": {"": {}, "node_modules/@a/b": package}});
        let hash = format!("sha512-{}", BASE64_STANDARD.encode([7_u8; 64]));
        let good = web(&lock(json!({"version": "1.0.0", "integrity": hash}))).unwrap();
        assert_eq!(good[0]["url"], "https://registry.npmjs.org/@a/b/-/b-1.0.0.tgz");
        assert_eq!(good[0]["sha512"], "07".repeat(64));
        assert!(web(&lock(json!({"version": "1.0.0", "os": ["darwin"]}))).unwrap().is_empty());
        assert!(web(&lock(json!({"version": "1.0.0"}))).is_err());
        assert!(web(&lock(json!({"version": "1.0.0", "integrity": hash, "hasInstallScript": true}))).is_err());
    }
}
