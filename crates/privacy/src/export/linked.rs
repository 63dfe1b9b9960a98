//! JSON-LD: one receipt a consent line, one record an acknowledgement. Terms with the prefix `runde` are ours.

use serde_json::{Value, json};

use super::{kept, receipt_id};
use crate::acknowledgement::{Acknowledgement, Method};
use crate::consent::ConsentRecord;
use crate::lang::Lang;
use crate::ledger::{Ledger, Receipt};

/// Profile of the guide "Consent records and receipts" of the Data Privacy Vocabulary.
const RECEIPT_PROFILE: &str = "https://w3id.org/dpv/schema/dpv-27560#receipt-eu-gdpr";

/// Rights that hold for data which somebody keeps on their own device with their own consent.
const RIGHTS: [&str; 5] = ["A7-3", "A15", "A17", "A20", "A77"];

/// Both ledgers as one JSON-LD document. Erased lines appear with their codes only.
#[must_use]
pub fn json_ld(acks: &Ledger<Acknowledgement>, consents: &Ledger<ConsentRecord>) -> Value {
    let erased_acks = acks.receipts().into_iter().filter(|receipt| receipt.erased).map(|r| erased(&r));
    let erased_consents = consents.receipts().into_iter().filter(|receipt| receipt.erased).map(|r| erased(&r));
    let noted = kept(acks).map(|(receipt, record)| acknowledgement(&receipt, record));
    let agreed = kept(consents).map(|(receipt, record)| consent(&receipt, record, consents));
    let graph: Vec<Value> = noted.chain(erased_acks).chain(agreed).chain(erased_consents).collect();
    json!({"@context": context(), "@graph": graph})
}

/// The document of somebody who recorded nothing.
#[must_use]
pub fn json_ld_empty() -> Value {
    json!({"@context": context(), "@graph": []})
}

fn context() -> Value {
    json!({
        "dpv": "https://w3id.org/dpv#",
        "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
        "dct": "http://purl.org/dc/terms/",
        "runde": "urn:runde:terms#",
    })
}

fn consent(receipt: &Receipt<'_, ConsentRecord>, record: &ConsentRecord, all: &Ledger<ConsentRecord>) -> Value {
    let id = format!("urn:uuid:{}", receipt_id(receipt));
    json!({
        "@id": id,
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": id,
        "dct:conformsTo": {"@id": RECEIPT_PROFILE},
        "dct:hasPart": consent_record(record, all),
        "runde:chain": chain(receipt),
    })
}

fn consent_record(record: &ConsentRecord, all: &Ledger<ConsentRecord>) -> Value {
    let id = format!("urn:uuid:{}", record.record_id);
    let mut value = json!({
        "@id": id,
        "@type": "dpv:ConsentRecord",
        "dct:identifier": id,
        "dct:conformsTo": {"@id": record.schema},
        "dpv:hasDataSubject": subject(&record.subject_pseudonym),
        "dpv:hasNotice": {
            "@type": "dpv:ConsentNotice",
            "@id": format!("urn:notice:{}:{}", record.notice_id, record.ui_text_sha256),
            "dct:language": record.lang.tag(),
            "runde:sha256": record.ui_text_sha256,
        },
        "dpv:hasProcess": process(record),
        "dpv:hasConsentStatus": status(record),
        "runde:choiceBefore": record.choice_before,
        "runde:choiceAfter": record.choice_after,
        "runde:defaultWas": record.default_was,
        "runde:appVersion": record.app_version,
    });
    if let Some(before) = answer_before(record, all) {
        value["dct:replaces"] = json!({"@id": format!("urn:uuid:{}", before.record_id)});
    }
    value
}

/// The answer about the same purpose that this one followed.
fn answer_before<'a>(record: &ConsentRecord, all: &'a Ledger<ConsentRecord>) -> Option<&'a ConsentRecord> {
    let earlier = all.records().take_while(|other| other.record_id != record.record_id);
    earlier.filter(|other| other.purpose == record.purpose).last()
}

fn process(record: &ConsentRecord) -> Value {
    let rights: Vec<Value> = RIGHTS.iter().map(|right| json!({"@id": format!("eu-gdpr:{right}")})).collect();
    json!({
        "@type": "dpv:Process",
        "dpv:hasPurpose": {"@type": "dpv:Purpose", "dct:identifier": record.purpose.id(), "dct:title": record.purpose_title},
        "dpv:hasLegalBasis": {"@id": record.legal_basis},
        "dpv:hasPersonalData": {
            "@type": "dpv:PersonalData",
            "dct:title": record.personal_data,
            "dpv:hasNecessity": {"@id": "dpv:Optional"},
        },
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "dct:identifier": record.controller,
            "dpv:hasName": controller_name(record.lang),
        },
        "dpv:hasStorageCondition": {
            "@type": "dpv:StorageCondition",
            "dpv:hasLocation": {"@id": "dpv:WithinDevice"},
            "dpv:hasDuration": record.retention,
        },
        "dpv:hasRecipient": record.recipients,
        "dpv:hasJurisdiction": record.jurisdiction,
        "dpv:hasConsentControl": {"@type": "dpv:WithdrawConsent", "dct:title": withdrawal(record.lang)},
        "dpv:hasRight": rights,
    })
}

fn status(record: &ConsentRecord) -> Value {
    let state = serde_json::to_value(record.state).unwrap_or_default();
    let mut value = json!({
        "@type": state,
        "dct:date": record.time,
        "dpv:isIndicatedBy": subject(&record.subject_pseudonym),
        "dpv:hasIndicationMethod": method(record.method),
    });
    if record.state.permits() {
        value["dct:valid"] = json!(record.valid);
    }
    value
}

fn acknowledgement(receipt: &Receipt<'_, Acknowledgement>, record: &Acknowledgement) -> Value {
    let id = format!("urn:uuid:{}", record.ack_id);
    json!({
        "@id": id,
        "@type": "dpv:Record",
        "dct:identifier": id,
        "dpv:hasDataSubject": subject(&record.subject_pseudonym),
        "dpv:hasNotice": {
            "@type": ["dpv:PrivacyNotice", "eu-gdpr:DirectDataCollectionNotice"],
            "@id": format!("urn:notice:{}:{}", record.notice_id, record.notice_sha256),
            "dct:language": record.lang.tag(),
            "dct:source": record.text_source,
            "runde:sha256": record.notice_sha256,
            "runde:noticeVersion": record.notice_version,
        },
        "dpv:hasDataController": {
            "@type": "dpv:DataController",
            "dct:identifier": record.controller_id,
            "runde:host": record.host,
        },
        "dpv:hasRight": {"@id": "eu-gdpr:A13"},
        "dpv:hasStatus": {
            "@type": record.status,
            "dct:date": record.acknowledged_at,
            "dpv:isIndicatedBy": subject(&record.subject_pseudonym),
            "dpv:hasIndicationMethod": method(record.method),
        },
        "runde:shownAt": record.shown_at,
        "runde:scrolledToEnd": record.scrolled_to_end,
        "runde:appVersion": record.app_version,
        "runde:uiBuild": record.ui_build_hash,
        "runde:chain": chain(receipt),
    })
}

fn erased<R: serde::Serialize>(receipt: &Receipt<'_, R>) -> Value {
    json!({
        "@id": format!("urn:uuid:{}", receipt_id(receipt)),
        "@type": "dpv:Record",
        "runde:erased": true,
        "runde:chain": chain(receipt),
    })
}

fn chain<R: serde::Serialize>(receipt: &Receipt<'_, R>) -> Value {
    json!({
        "runde:sequence": receipt.monotonic_seq,
        "runde:previousCode": receipt.prev_hash,
        "runde:code": receipt.hash,
    })
}

fn subject(pseudonym: &str) -> Value {
    json!({"@type": "dpv:DataSubject", "@id": format!("urn:uuid:{pseudonym}")})
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::Button => "button",
        Method::CliFlag => "cli-flag",
    }
}

pub(super) const fn controller_name(lang: Lang) -> &'static str {
    match lang {
        Lang::De | Lang::DeSimple => "Die Person selbst, nur auf diesem Gerät",
        Lang::En => "The person themselves, on this device only",
    }
}

pub(super) const fn withdrawal(lang: Lang) -> &'static str {
    match lang {
        Lang::De | Lang::DeSimple => "Einstellungen, Datenschutz, Schalter aus",
        Lang::En => "Settings, privacy, switch off",
    }
}
