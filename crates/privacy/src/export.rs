//! The ledgers in other people's formats: JSON-LD with terms of the Data Privacy Vocabulary, laid out after
//! ISO/IEC TS 27560:2023, and consent receipts after the Kantara Initiative's specification 1.1.
//!
//! Both are mappings of our fields, written down in docs/privacy-ledger.md; neither is a validation against
//! the texts of those bodies. The same ledgers always give the same document: no clock, no randomness.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::acknowledgement::Acknowledgement;
use crate::consent::ConsentRecord;
use crate::ledger::{Ledger, Receipt};

mod kantara;
mod linked;

pub use kantara::kantara;
pub use linked::{json_ld, json_ld_empty};

/// Name of our own format.
pub const PLAIN_SCHEMA: &str = "runde-receipts-1";

/// Every line of both ledgers with its place in the chain. `protection` says what guards the key.
#[must_use]
pub fn plain(protection: &str, acks: &Ledger<Acknowledgement>, consents: &Ledger<ConsentRecord>) -> Value {
    json!({
        "schema": PLAIN_SCHEMA,
        "protection": protection,
        "acknowledgements": acks.receipts(),
        "consents": consents.receipts(),
    })
}

/// What nobody recorded yet looks like.
#[must_use]
pub fn plain_empty() -> Value {
    json!({"schema": PLAIN_SCHEMA, "acknowledgements": [], "consents": []})
}

/// A name for the receipt of one line that is the same at every export: the first half of the line's code
/// as a UUID of version 8 (RFC 9562 5.8).
fn receipt_id<R: Serialize>(receipt: &Receipt<'_, R>) -> String {
    let mut bytes = [0_u8; 16];
    // A line's code is hexadecimal by construction.
    let _ = hex::decode_to_slice(&receipt.hash[..32], &mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

/// Receipts whose record is still there.
fn kept<R: Serialize + DeserializeOwned>(ledger: &Ledger<R>) -> impl Iterator<Item = (Receipt<'_, R>, &R)> {
    ledger.receipts().into_iter().filter_map(|receipt| receipt.record.map(|record| (receipt, record)))
}

#[cfg(test)]
mod tests;
