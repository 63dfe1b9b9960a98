//! Tests of `export`.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

use super::*;
use crate::acknowledgement::{Circumstances, Method};
use crate::consent::{Choice, ConsentState};
use crate::lang::Lang;
use crate::ledger::ChainKey;
use crate::notice::Notice;
use crate::purpose::Purpose;
use crate::stamp::Moment;

/// Names of the Data Privacy Vocabulary.
const DPV: &str = include_str!("../../vocabulary/dpv-2.3.txt");

/// Properties of the DCMI Metadata Terms (http://purl.org/dc/terms/) that the mapping uses.
const DCT: [&str; 9] =
    ["conformsTo", "date", "hasPart", "identifier", "language", "replaces", "source", "title", "valid"];

const DOCUMENT: &str = include_str!("../../../../docs/privacy-ledger.md");

fn ledgers() -> (Ledger<Acknowledgement>, Ledger<ConsentRecord>) {
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    let key = ChainKey::from_bytes([6; 32]);
    let (mut acks, mut consents) = (Ledger::new(key.for_ledger("a")), Ledger::new(key.for_ledger("c")));
    for lang in Lang::ALL {
        let how = Circumstances {
            subject_pseudonym: "0f0e0d0c-0b0a-4908-8706-050403020100".into(),
            ..Circumstances::default()
        };
        let record = Acknowledgement::noted(&Notice::meet_jit_si(), lang, how, &mut rng);
        acks.record(record, &mut rng).unwrap().confirm();
    }
    let states = [
        ConsentState::Requested,
        ConsentState::Deferred,
        ConsentState::Refused,
        ConsentState::Given,
        ConsentState::Expired,
        ConsentState::Renewed,
        ConsentState::Invalidated,
        ConsentState::Withdrawn,
    ];
    for (second, state) in states.into_iter().enumerate() {
        let choice = Choice {
            purpose: Purpose::RecentRooms,
            state,
            lang: Lang::De,
            at: Moment::from_unix(1_795_424_400 + second as i64),
            method: Method::Button,
            app_version: "0".into(),
            subject_pseudonym: "0f0e0d0c-0b0a-4908-8706-050403020100".into(),
        };
        let record = ConsentRecord::new(choice, &consents, &mut rng);
        consents.record(record, &mut rng).unwrap().confirm();
    }
    acks.erase(2);
    consents.erase(1);
    (acks, consents)
}

/// Every object key and every name that stands as a value of `@id` or `@type`.
fn collect(value: &Value, keys: &mut BTreeSet<String>, named: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                keys.insert(key.clone());
                let names = inner.as_array().map_or_else(|| vec![inner], |all| all.iter().collect());
                if key.starts_with('@') {
                    named.extend(
                        names.iter().filter_map(|name| name.as_str()).map(|name| (key.clone(), name.to_owned())),
                    );
                }
                collect(inner, keys, named);
            }
        }
        Value::Array(all) => all.iter().for_each(|inner| collect(inner, keys, named)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn terms() -> (BTreeSet<String>, BTreeSet<(String, String)>) {
    let (acks, consents) = ledgers();
    let (mut keys, mut named) = (BTreeSet::new(), BTreeSet::new());
    collect(&json_ld(&acks, &consents)["@graph"], &mut keys, &mut named);
    (keys, named)
}

#[test]
fn every_term_of_the_linked_export_exists_in_its_vocabulary() {
    let kinds: BTreeMap<String, &str> = DPV
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(' ').collect::<Vec<_>>().try_into().ok())
        .map(|[prefix, kind, name]: [&str; 3]| (format!("{prefix}:{name}"), kind))
        .collect();
    assert!(kinds.len() > 1300, "the list is there");
    let (keys, named) = terms();
    for key in keys.iter().filter(|key| !key.starts_with('@') && !key.starts_with("runde:")) {
        let dct = key.strip_prefix("dct:").is_some_and(|name| DCT.contains(&name));
        assert!(dct || kinds.get(key) == Some(&"property"), "{key}");
    }
    let ours = |name: &str| name.starts_with("dpv:") || name.starts_with("eu-gdpr:");
    for (place, name) in named.iter().filter(|(place, name)| place == "@type" || ours(name)) {
        assert_eq!(kinds.get(name), Some(&"class"), "{place} {name}");
    }
    assert!(named.contains(&("@id".into(), "eu-gdpr:A6-1-a".into())));
}

#[test]
fn the_mapping_that_is_written_down_names_every_term_of_the_linked_export() {
    let (keys, named) = terms();
    let names = named.into_iter().filter(|(place, _)| place == "@type").map(|(_, name)| name);
    for term in keys.into_iter().filter(|key| !key.starts_with('@')).chain(names) {
        assert!(DOCUMENT.contains(&format!("`{term}`")), "docs/privacy-ledger.md does not explain {term}");
    }
}

#[test]
fn the_mapping_that_is_written_down_names_every_field_of_a_kantara_receipt() {
    let (_, consents) = ledgers();
    let (mut keys, mut named) = (BTreeSet::new(), BTreeSet::new());
    collect(&kantara(&consents), &mut keys, &mut named);
    assert!(keys.len() > 20);
    for key in keys {
        assert!(DOCUMENT.contains(&format!("`{key}`")), "docs/privacy-ledger.md does not explain {key}");
    }
}

#[test]
fn the_same_ledgers_always_give_the_same_documents() {
    let ((acks, consents), (again, consents_again)) = (ledgers(), ledgers());
    assert_eq!(json_ld(&acks, &consents).to_string(), json_ld(&again, &consents_again).to_string());
    assert_eq!(kantara(&consents).to_string(), kantara(&consents_again).to_string());
}

#[test]
fn texts_in_different_languages_are_different_notices() {
    let (acks, consents) = ledgers();
    let document = json_ld(&acks, &consents);
    let nodes = document["@graph"].as_array().unwrap().iter();
    let notices: Vec<_> = nodes.filter(|node| node.get("dpv:hasStatus").is_some()).collect();
    assert_eq!(notices.len(), 2);
    assert_ne!(notices[0]["dpv:hasNotice"]["@id"], notices[1]["dpv:hasNotice"]["@id"]);
}

#[test]
fn an_erased_line_is_named_by_its_code_and_says_nothing_else() {
    let (acks, consents) = ledgers();
    let document = json_ld(&acks, &consents);
    let erased: Vec<_> =
        document["@graph"].as_array().unwrap().iter().filter(|node| node["runde:erased"] == true).collect();
    assert_eq!(erased.len(), 2);
    assert!(erased.iter().all(|node| node.get("dpv:hasStatus").is_none() && node.get("dct:hasPart").is_none()));
}

#[test]
fn only_a_given_consent_is_a_kantara_receipt_and_its_end_is_told() {
    let (_, consents) = ledgers();
    let receipts = kantara(&consents);
    let all = receipts.as_array().unwrap();
    assert_eq!(all.len(), 2, "given and renewed");
    assert_eq!(all[0]["consentTimestamp"], 1_795_424_403);
    let end = |receipt: &Value| receipt["services"][0]["purposes"][0]["termination"].as_str().unwrap().to_owned();
    assert!(end(&all[0]).contains("2026-11-23T09:00:04Z") && end(&all[1]).contains("2026-11-23T09:00:06Z"));
}

#[test]
fn a_receipt_carries_the_whole_record_and_what_it_replaces() {
    let (acks, consents) = ledgers();
    let document = json_ld(&acks, &consents);
    let receipts: Vec<_> =
        document["@graph"].as_array().unwrap().iter().filter(|node| node["@type"] == "dpv:ConsentReceipt").collect();
    assert_eq!(receipts.len(), 7);
    let (first, second) = (&receipts[0]["dct:hasPart"], &receipts[1]["dct:hasPart"]);
    assert_eq!(first.get("dct:replaces"), None);
    assert_eq!(second["dct:replaces"]["@id"], first["@id"]);
    assert_eq!(receipts[2]["dct:hasPart"]["dpv:hasConsentStatus"]["@type"], "dpv:ConsentGiven");
    assert_eq!(receipts[2]["dct:hasPart"]["dpv:hasConsentStatus"]["dct:valid"], "P365D");
    assert_eq!(first["dpv:hasConsentStatus"].get("dct:valid"), None, "what was not given is not valid for a time");
}
