//! One line of a ledger: JSON with a fixed order of fields, read back only if writing it again gives
//! the very same bytes. That strictness is what makes every flipped bit visible.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::ChainKey;

/// Longest line in bytes. A record is about 1 kB; the bound keeps a planted file from filling memory.
pub const MAX_LINE: usize = 64 * 1024;

/// Bytes of salt: 128 bits, more than anybody can try.
pub(super) const SALT: usize = 16;

/// Version of the format.
const VERSION: u8 = 1;

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub seq: u64,
    pub prev: [u8; 32],
    pub body: [u8; 32],
    pub code: [u8; 32],
    pub content: Option<Content>,
}

#[derive(Debug, Clone)]
pub(super) struct Content {
    pub salt: [u8; SALT],
    pub payload: Box<RawValue>,
}

/// Why a line was not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("it is longer than {MAX_LINE} bytes")]
    TooLong,
    #[error("it is not written as a ledger line")]
    NotALine,
    #[error("its number does not follow the line before")]
    WrongNumber,
    #[error("it does not continue the line before")]
    WrongChain,
    #[error("its code was not made with this profile's key")]
    WrongCode,
    #[error("its content does not match its hash")]
    WrongContent,
    #[error("its content is no record of this kind")]
    UnknownRecord,
}

/// The order of the fields is the order in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    v: u8,
    seq: u64,
    prev: String,
    body: String,
    mac: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    payload: Option<Box<RawValue>>,
}

impl Entry {
    pub fn new(key: &ChainKey, before: Option<&Self>, salt: [u8; SALT], payload: Box<RawValue>) -> Self {
        let (seq, prev) = follow(before);
        let body = body_hash(&salt, &payload);
        let code = code(key, seq, &prev, &body);
        Self { seq, prev, body, code, content: Some(Content { salt, payload }) }
    }

    pub fn parse(key: &ChainKey, before: Option<&Self>, line: &[u8]) -> Result<Self, Refused> {
        if line.len() > MAX_LINE {
            return Err(Refused::TooLong);
        }
        let entry = Self::read(line).ok_or(Refused::NotALine)?;
        let (seq, prev) = follow(before);
        if entry.seq != seq {
            return Err(Refused::WrongNumber);
        }
        if entry.prev != prev {
            return Err(Refused::WrongChain);
        }
        if entry.code != code(key, seq, &prev, &entry.body) {
            return Err(Refused::WrongCode);
        }
        let genuine = |content: &Content| body_hash(&content.salt, &content.payload) == entry.body;
        if !entry.content.as_ref().is_none_or(genuine) {
            return Err(Refused::WrongContent);
        }
        Ok(entry)
    }

    /// Without line feed.
    pub fn to_line(&self) -> String {
        let written = Written {
            v: VERSION,
            seq: self.seq,
            prev: hex::encode(self.prev),
            body: hex::encode(self.body),
            mac: hex::encode(self.code),
            salt: self.content.as_ref().map(|content| hex::encode(content.salt)),
            payload: self.content.as_ref().map(|content| content.payload.clone()),
        };
        // Numbers, strings and finished JSON: nothing in this struct can refuse to be written.
        serde_json::to_string(&written).unwrap_or_default()
    }

    fn read(line: &[u8]) -> Option<Self> {
        let written: Written = serde_json::from_slice(line).ok()?;
        let content = match (written.salt, written.payload) {
            (Some(salt), Some(payload)) => Some(Content { salt: bytes(&salt)?, payload }),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => return None,
        };
        let (prev, body, code) = (bytes(&written.prev)?, bytes(&written.body)?, bytes(&written.mac)?);
        let entry = Self { seq: written.seq, prev, body, code, content };
        (entry.to_line().as_bytes() == line).then_some(entry)
    }
}

fn follow(before: Option<&Entry>) -> (u64, [u8; 32]) {
    before.map_or((1, [0; 32]), |entry| (entry.seq.saturating_add(1), entry.code))
}

fn body_hash(salt: &[u8], payload: &RawValue) -> [u8; 32] {
    Sha256::new().chain_update(salt).chain_update(payload.get()).finalize().into()
}

fn code(key: &ChainKey, seq: u64, prev: &[u8], body: &[u8]) -> [u8; 32] {
    key.code(&[&[VERSION], &seq.to_be_bytes(), prev, body])
}

fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}
