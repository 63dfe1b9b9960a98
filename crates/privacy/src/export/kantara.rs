//! Consent receipts with the fields of the Kantara Initiative's specification 1.1. It knows no refusal and
//! no withdrawal as a state, so there is one receipt for each consent that was given; a later withdrawal
//! stands in `termination`. Acknowledgements are no consents and do not appear.

use serde_json::{Value, json};

use super::linked::{controller_name, withdrawal};
use super::{kept, receipt_id};
use crate::consent::ConsentRecord;
use crate::lang::Lang;
use crate::ledger::{Ledger, Receipt};

const VERSION: &str = "KI-CR-v1.1.0";

/// A list of receipts, oldest first.
#[must_use]
pub fn kantara(consents: &Ledger<ConsentRecord>) -> Value {
    let given = kept(consents).filter(|(_, record)| record.state.permits());
    given.map(|(receipt, record)| consent(&receipt, record, consents)).collect()
}

fn consent(receipt: &Receipt<'_, ConsentRecord>, record: &ConsentRecord, all: &Ledger<ConsentRecord>) -> Value {
    let not_stated = not_stated(record.lang);
    json!({
        "version": VERSION,
        "jurisdiction": record.jurisdiction,
        "consentTimestamp": record.time.unix(),
        "collectionMethod": record.method,
        "consentReceiptID": receipt_id(receipt),
        "language": record.lang.spoken().tag(),
        "piiPrincipalId": record.subject_pseudonym,
        "piiControllers": [{
            "piiController": controller_name(record.lang),
            "onBehalf": false,
            "contact": not_stated,
            "address": {},
            "email": not_stated,
            "phone": not_stated,
        }],
        "policyUrl": format!("urn:notice:{}:{}", record.notice_id, record.ui_text_sha256),
        "services": [{
            "service": "Runde",
            "purposes": [{
                "purpose": record.purpose_title,
                "purposeCategory": [record.purpose.id()],
                "consentType": "EXPLICIT",
                "piiCategory": [record.personal_data],
                "primaryPurpose": false,
                "termination": termination(record, all),
                "thirdPartyDisclosure": false,
            }],
        }],
        "sensitive": false,
        "spiCat": [],
    })
}

/// How the consent ends, and when it did.
fn termination(record: &ConsentRecord, all: &Ledger<ConsentRecord>) -> String {
    let later = all.records().skip_while(|other| other.record_id != record.record_id).skip(1);
    let ended = later.filter(|other| other.purpose == record.purpose).find(|other| !other.state.permits());
    let way = format!("{} ({})", withdrawal(record.lang), record.valid);
    match ended {
        Some(end) => format!("{way}; {}: {}", end.time, ended_word(record.lang)),
        None => way,
    }
}

const fn not_stated(lang: Lang) -> &'static str {
    match lang {
        Lang::De | Lang::DeSimple => "nicht angegeben",
        Lang::En => "not stated",
    }
}

const fn ended_word(lang: Lang) -> &'static str {
    match lang {
        Lang::De | Lang::DeSimple => "beendet",
        Lang::En => "ended",
    }
}
