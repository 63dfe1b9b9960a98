//! Exports of the ledgers as JSON-LD, held against our SHACL shapes by pySHACL: what the program writes conforms, and whatever breaks a
//! record is found.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::program::built;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

const SHAPES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/privacy/vocabulary/shapes.ttl");

fn cli(home: &Home, words: &[&str]) -> Outcome<String> {
    let mut command = Command::new(built("RUNDE_CLI")?);
    home.apply(&mut command);
    let output = command.args(words).output()?;
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

/// A profile with a record of every kind: noted, objected, lifted, erased, granted, withdrawn, refused.
fn export(home: &Home) -> Outcome<Value> {
    let notice = cli(home, &["notice", "meet.jit.si"])?;
    let hash = notice.lines().last().and_then(|line| line.strip_prefix("sha256: ")).ok_or("no hash")?;
    cli(home, &["notice", "meet.jit.si", "--ack", hash])?;
    for words in [
        ["object", "erased.example"],
        ["lift", "erased.example"],
        ["erase", "acknowledgements/2"],
        ["object", "other.example"],
        ["lift", "other.example"],
        ["object", "other.example"],
        ["grant", "display-name"],
        ["withdraw", "display-name"],
        ["withdraw", "recent-rooms"],
        ["grant", "recent-rooms"],
    ] {
        cli(home, &["rights", words[0], words[1]])?;
    }
    Ok(serde_json::from_str(&cli(home, &["ledger", "export", "--format", "json-ld"])?)?)
}

fn third_party(program: &str) -> Outcome<PathBuf> {
    Ok(built("RUNDE_THIRD_PARTY")?.join("pyshacl/bin").join(program))
}

/// Whether the document conforms, and what was said about it.
fn judged(home: &Home, document: &Value) -> Outcome<(bool, String)> {
    let file = home.path("export.jsonld");
    std::fs::write(&file, document.to_string())?;
    let mut command = Command::new(third_party("pyshacl")?);
    command.args(["--shacl", SHAPES, "--shacl-file-format", "turtle", "--data-file-format", "json-ld"]).arg(&file);
    let output = command.output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) => Ok((true, said)),
        Some(1) if said.contains("Conforms: False") => Ok((false, said)),
        _ => Err(format!("pySHACL did not judge: {said}").into()),
    }
}

/// A way to break a document, with what is broken.
type Break = (&'static str, fn(&mut Value));

/// The first entry of this type.
fn first<'a>(document: &'a mut Value, kind: &str) -> &'a mut Value {
    let graph = document["@graph"].as_array_mut().into_iter().flatten();
    let mut found = graph.filter(|entry| entry["@type"] == kind && entry.get("runde:erased").is_none());
    found.next().unwrap_or_else(|| panic!("no {kind} in the export"))
}

fn record(document: &mut Value) -> &mut Value {
    &mut first(document, "dpv:ConsentReceipt")["dct:hasPart"]
}

fn without(value: &mut Value, name: &str) {
    let gone = value.as_object_mut().and_then(|fields| fields.remove(name));
    assert!(gone.is_some(), "{name} was to be there");
}

const BREAKS: [Break; 18] = [
    ("a receipt without its record", |all| without(first(all, "dpv:ConsentReceipt"), "dct:hasPart")),
    ("a receipt outside the chain", |all| without(first(all, "dpv:ConsentReceipt"), "runde:chain")),
    ("a receipt of another profile", |all| {
        first(all, "dpv:ConsentReceipt")["dct:conformsTo"] = json!({"@id": "https://example.org/other"});
    }),
    ("a code that is none", |all| first(all, "dpv:ConsentReceipt")["runde:chain"]["runde:code"] = json!("abc")),
    ("a line without a number", |all| first(all, "dpv:ConsentReceipt")["runde:chain"]["runde:sequence"] = json!(0)),
    ("a consent of nobody", |all| without(record(all), "dpv:hasDataSubject")),
    ("a consent to nothing", |all| without(&mut record(all)["dpv:hasProcess"], "dpv:hasPurpose")),
    ("a consent under no words", |all| without(record(all), "dpv:hasNotice")),
    ("words with a short hash", |all| record(all)["dpv:hasNotice"]["runde:sha256"] = json!("ab")),
    ("a switch that was on beforehand", |all| record(all)["runde:defaultWas"] = json!(true)),
    ("another legal basis", |all| {
        record(all)["dpv:hasProcess"]["dpv:hasLegalBasis"] = json!({"@id": "eu-gdpr:A6-1-f"});
    }),
    ("no way to withdraw", |all| without(&mut record(all)["dpv:hasProcess"], "dpv:hasConsentControl")),
    ("nobody who is answerable", |all| without(&mut record(all)["dpv:hasProcess"], "dpv:hasDataController")),
    ("a consent without an end", |all| without(&mut record(all)["dpv:hasConsentStatus"], "dct:valid")),
    ("a status that does not exist", |all| record(all)["dpv:hasConsentStatus"]["@type"] = json!("dpv:ConsentAssumed")),
    ("a refusal that holds for a year", |all| {
        record(all)["dpv:hasConsentStatus"]["@type"] = json!("dpv:ConsentRefused");
    }),
    ("an acknowledgement without a notice", |all| without(first(all, "dpv:Record"), "dpv:hasNotice")),
    ("an erased line that still says something", |all| first(all, "dpv:Record")["runde:erased"] = json!(true)),
];

#[test]
fn what_is_exported_has_the_shape_that_is_promised_and_a_broken_record_is_found() -> Outcome {
    let home = Home::new()?;
    let sound = export(&home)?;
    assert!(Path::new(SHAPES).is_file());
    let (conforms, said) = judged(&home, &sound)?;
    assert!(conforms, "{said}");
    for (what, breaks) in BREAKS {
        let mut broken = sound.clone();
        breaks(&mut broken);
        let (conforms, said) = judged(&home, &broken)?;
        assert!(!conforms, "{what} was not found: {said}");
    }
    Ok(())
}
