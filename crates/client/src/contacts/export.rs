//! The ledger as JSON, the same for every face. docs/privacy.md describes it.

use serde_json::{Value, json};

use super::{Beyond, Carrier, Contacted, Ignored, Seen};

/// Of this shape.
const SCHEMA: &str = "runde-contacts-1";

impl Seen {
    /// `schema`, `contacts`, `beyond`, `ignored`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let Beyond { times, sent, received } = self.beyond;
        json!({
            "schema": SCHEMA,
            "contacts": self.contacts.iter().map(contacted).collect::<Vec<_>>(),
            "beyond": {"times": times, "sent": sent, "received": received},
            "ignored": self.ignored.iter().map(ignored).collect::<Vec<_>>(),
        })
    }
}

fn contacted(entry: &Contacted) -> Value {
    let counted = entry.carrier != Carrier::System;
    json!({
        "host": entry.host,
        "address": entry.address.map(|address| address.to_string()),
        "carrier": entry.carrier.word(),
        "purpose": entry.purpose.word(),
        "first": entry.first.to_string(),
        "last": entry.last.to_string(),
        "times": entry.times,
        "sent": counted.then_some(entry.sent),
        "received": counted.then_some(entry.received),
        "notice": {"id": entry.ground.notice_id(), "sha256": entry.ground.sha256()},
    })
}

fn ignored(ignored: &Ignored) -> Value {
    json!({"key": ignored.key, "kind": ignored.kind.word(), "host": ignored.host})
}
