//! `cargo xtask sbom`: what is linked into the programs as a CycloneDX 1.5 document, on standard output.

use crate::{supply, workspace};
use serde_json::{Value, json};

/// Prints the document.
pub fn print() -> Result<(), String> {
    let text = serde_json::to_string_pretty(&document()?).map_err(|error| error.to_string())?;
    println!("{text}");
    Ok(())
}

fn document() -> Result<Value, String> {
    let tree = workspace::whole_metadata()?;
    let shipped = supply::shipped(&tree, &["runde", "runde-cli"]);
    let crates = tree["packages"].as_array().into_iter().flatten();
    let mut components: Vec<Value> = crates
        .filter(|package| !package["source"].is_null() && package["id"].as_str().is_some_and(|id| shipped.contains(id)))
        .map(|package| component("cargo", text(package, "name"), text(package, "version"), text(package, "license")))
        .collect();
    let lock = std::fs::read_to_string(workspace::root().join("ui/package-lock.json"))
        .map_err(|error| format!("ui/package-lock.json: {error}"))?;
    let lock: Value = serde_json::from_str(&lock).map_err(|error| format!("ui/package-lock.json: {error}"))?;
    for (name, package) in supply::shipped_web(&lock) {
        components.push(component("npm", name, text(package, "version"), supply::web_licence(name, package)));
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "name": "runde", "version": env!("CARGO_PKG_VERSION"),
            "licenses": [{"expression": "Apache-2.0"}],
        }},
        "components": components,
    }))
}

/// One entry, named as package URLs are (purl: a scope's `@` is written `%40`). `/` is how crates once wrote OR.
fn component(kind: &str, name: &str, version: &str, licence: &str) -> Value {
    let purl = format!("pkg:{kind}/{}@{version}", name.replace('@', "%40"));
    let licence = licence.replace(" / ", "/").replace('/', " OR ");
    json!({
        "type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
        "licenses": [{"expression": licence}],
    })
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_linked_crate_and_web_package_is_one_component_with_its_licence() {
        let document = document().unwrap();
        let components = document["components"].as_array().unwrap();
        let refs: std::collections::BTreeSet<&str> =
            components.iter().map(|component| component["bom-ref"].as_str().unwrap()).collect();
        assert_eq!(refs.len(), components.len());
        assert!(refs.iter().any(|name| name.starts_with("pkg:cargo/tauri@2.")));
        assert!(refs.iter().any(|name| name.starts_with("pkg:npm/svelte@")));
        assert!(components.iter().all(|component| component["licenses"][0]["expression"] != ""));
    }

    #[test]
    fn a_scope_and_an_old_licence_expression_are_written_as_their_standards_want() {
        let entry = component("npm", "@lucide/svelte", "1.0.0", "MIT/Apache-2.0");
        assert_eq!(entry["purl"], "pkg:npm/%40lucide/svelte@1.0.0");
        assert_eq!(entry["licenses"][0]["expression"], "MIT OR Apache-2.0");
    }
}
