//! An append-only record whose lines prove their order and their wholeness.
//!
//! Each line carries a sequence number, the code of the line before, and an HMAC-SHA-256 over both and
//! over H(salt, payload). Erasing takes payload and salt away and leaves the hash, so the chain stays
//! whole while the content is gone; a [`Verdict`] then counts it as erased. The key comes from the
//! keyring of the computer (or a key file), so whoever can only write the file cannot forge a line.
//!
//! What it is not: it writes nothing. [`Ledger::record`] yields a [`Pending`] line; the caller appends
//! and fsyncs it and only then calls [`Pending::confirm`]. An unconfirmed record does not exist.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use rand_core::RngCore;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::stamp::Moment;

mod line;
mod verdict;

use line::Entry;
pub use line::{MAX_LINE, Refused};
pub(crate) use verdict::AHEAD_SECONDS;
pub use verdict::{Damage, HeadState, Verdict};

/// The secret that makes lines unforgeable. Its `Debug` does not show it.
#[derive(Clone)]
pub struct ChainKey([u8; 32]);

/// Sequence number and code of the last line; kept apart from the file so that a cut tail shows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    pub seq: u64,
    /// 64 hexadecimal digits.
    pub code: String,
}

/// The confirmed records of one kind.
#[derive(Debug, Clone)]
pub struct Ledger<R> {
    key: ChainKey,
    entries: Vec<Entry>,
    records: Vec<Option<R>>,
}

/// What came out of reading a ledger's bytes.
#[derive(Debug, Clone)]
pub struct Replay<R> {
    /// Every line up to the first that cannot be trusted.
    pub ledger: Ledger<R>,
    pub damage: Option<Damage>,
    /// Bytes after the last line feed that are no line: an append cut off before it was confirmed.
    pub torn: Vec<u8>,
    /// The last line is whole but its line feed is missing.
    pub unterminated: bool,
}

/// A line that is not yet on disk. Dropping it leaves the ledger as it was.
#[must_use = "append the line, fsync, then confirm"]
#[derive(Debug)]
pub struct Pending<'a, R> {
    ledger: &'a mut Ledger<R>,
    entry: Entry,
    record: R,
}

/// A record that says when it was made.
pub trait Dated {
    fn dated(&self) -> Moment;
}

/// A record with its place in the chain, for export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Receipt<'a, R> {
    pub monotonic_seq: u64,
    pub prev_hash: String,
    pub hash: String,
    pub erased: bool,
    pub record: Option<&'a R>,
}

#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("the record cannot be written as JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    #[error("the record takes {0} bytes, more than the {MAX_LINE} of a line")]
    TooLong(usize),
}

impl ChainKey {
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// A key for one ledger, so that a line of one cannot be moved into another.
    #[must_use]
    pub fn for_ledger(&self, name: &str) -> Self {
        Self(self.code(&[b"runde ledger ", name.as_bytes()]))
    }

    fn code(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.mac();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn mac(&self) -> Hmac<Sha256> {
        // RFC 2104: a key shorter than the hash's block is padded with zeros.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        <Hmac<Sha256> as KeyInit>::new(&block.into())
    }
}

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("ChainKey(..)")
    }
}

impl<R: Serialize + DeserializeOwned> Ledger<R> {
    #[must_use]
    pub const fn new(key: ChainKey) -> Self {
        Self { key, entries: Vec::new(), records: Vec::new() }
    }

    /// Reads a ledger file, believing nothing that its key does not prove. Never fails: what cannot
    /// be trusted is told in [`Replay::damage`] and [`Replay::torn`].
    #[must_use]
    pub fn replay(key: ChainKey, bytes: &[u8]) -> Replay<R> {
        let mut replay = Replay { ledger: Self::new(key), damage: None, torn: Vec::new(), unterminated: false };
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let whole = piece.strip_suffix(b"\n");
            let taken = replay.ledger.take(whole.unwrap_or(piece));
            match (whole, taken) {
                (Some(_), Ok(())) => {}
                (None, Ok(())) => replay.unterminated = true,
                (None, Err(_)) => replay.torn = piece.to_vec(),
                (Some(_), Err(why)) => {
                    replay.damage = Some(Damage { line: replay.ledger.entries.len() + 1, why });
                    break;
                }
            }
        }
        replay
    }

    /// Prepares a record. `rng` salts it, so that after erasing nobody can guess it from its hash.
    ///
    /// # Errors
    /// When the record is no JSON or longer than [`MAX_LINE`].
    pub fn record(&mut self, record: R, rng: &mut impl RngCore) -> Result<Pending<'_, R>, LedgerError> {
        let payload = serde_json::value::to_raw_value(&record)?;
        let mut salt = [0; line::SALT];
        rng.fill_bytes(&mut salt);
        let entry = Entry::new(&self.key, self.entries.last(), salt, payload);
        let length = entry.to_line().len();
        if length > MAX_LINE {
            return Err(LedgerError::TooLong(length));
        }
        Ok(Pending { ledger: self, entry, record })
    }

    /// The records that are not erased, oldest first.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = &R> {
        self.records.iter().flatten()
    }

    /// Number of lines, erased ones included.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// `None` while nothing is recorded.
    #[must_use]
    pub fn head(&self) -> Option<Head> {
        self.entries.last().map(|entry| Head { seq: entry.seq, code: hex::encode(entry.code) })
    }

    /// Removes content and salt of line `seq`; says whether there was anything to remove. The caller
    /// then replaces the file by [`Self::to_bytes`].
    pub fn erase(&mut self, seq: u64) -> bool {
        let Some(at) = self.entries.iter().position(|entry| entry.seq == seq) else { return false };
        self.records[at] = None;
        self.entries[at].content.take().is_some()
    }

    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.entries.iter().map(|entry| entry.to_line() + "\n").collect::<String>().into_bytes()
    }

    /// Everything, erased lines too, for a person to keep.
    #[must_use]
    pub fn receipts(&self) -> Vec<Receipt<'_, R>> {
        let pairs = self.entries.iter().zip(&self.records);
        pairs.map(|(entry, record)| Receipt::new(entry, record.as_ref())).collect()
    }

    fn take(&mut self, line: &[u8]) -> Result<(), Refused> {
        let entry = Entry::parse(&self.key, self.entries.last(), line)?;
        let record = match &entry.content {
            None => None,
            Some(content) => Some(serde_json::from_str(content.payload.get()).map_err(|_| Refused::UnknownRecord)?),
        };
        self.entries.push(entry);
        self.records.push(record);
        Ok(())
    }
}

impl<'a, R> Receipt<'a, R> {
    fn new(entry: &Entry, record: Option<&'a R>) -> Self {
        Self {
            monotonic_seq: entry.seq,
            prev_hash: hex::encode(entry.prev),
            hash: hex::encode(entry.code),
            erased: entry.content.is_none(),
            record,
        }
    }
}

impl<R> Pending<'_, R> {
    /// The line to append, line feed included.
    #[must_use]
    pub fn line(&self) -> String {
        self.entry.to_line() + "\n"
    }

    /// Call this only once the line is on disk (fsync returned). Yields the sequence number.
    pub fn confirm(self) -> u64 {
        let seq = self.entry.seq;
        self.ledger.entries.push(self.entry);
        self.ledger.records.push(Some(self.record));
        seq
    }
}

#[cfg(test)]
mod tests;
