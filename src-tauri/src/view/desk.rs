//! The privacy desk: what is on record, what is stored, letters and their reminders.

use serde::{Deserialize, Serialize};

use super::{Hosting, Lang, Pack, RoomLog, UnixSeconds};

/// Everything its pages show; there only while somebody looks at them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct PrivacyDesk {
    /// The page that was asked for from outside the window, such as the tray.
    pub opened_at: DeskPage,
    pub protection: KeyProtection,
    pub acknowledgements: Judgement,
    pub consents: Judgement,
    /// Newest first.
    pub entries: Vec<LedgerEntry>,
    /// Every file of the profile.
    pub stored: Vec<StoredFile>,
    /// Whom one may object to and write to.
    pub operators: Vec<Operator>,
    pub authorities: Vec<Authority>,
    /// The letter that was composed last.
    pub letter: Option<Letter>,
    /// What was written to a file last.
    pub saved: Option<Saved>,
    pub hosting: Hosting,
    /// As it was when its page asked for it last.
    pub log: Option<RoomLog>,
    /// The paper that was asked for last.
    pub pack: Option<Pack>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum DeskPage {
    Voluntary,
    Ledger,
    Stored,
    Rights,
    Letters,
    Hosting,
    RoomLog,
    Pack,
    Contacts,
}

/// What guards the key of the ledgers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum KeyProtection {
    Keyring,
    FileRights,
}

/// What a ledger's file is worth, read anew from the disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Judgement {
    /// Believed lines, erased ones included.
    pub lines: u32,
    pub erased: u32,
    /// Number of the first line that cannot be believed.
    pub broken_at: Option<u32>,
    /// Lines that the keyring knew are gone.
    pub cut: bool,
    /// A last line that was never finished; nothing confirmed is missing.
    pub torn: bool,
    /// Number of the first line that is dated before one above it: the clock was moved back.
    pub clock_back: Option<u32>,
    /// Number of the first line that is dated more than a day ahead: a consent with such a time does not count.
    pub dated_ahead: Option<u32>,
}

/// One line of either ledger.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LedgerEntry {
    /// As `erase` takes it, such as `consents/3`.
    pub item: String,
    pub seq: u32,
    pub kind: EntryKind,
    /// Zero for an erased entry, whose other fields are empty.
    #[cfg_attr(test, ts(type = "number"))]
    pub at: UnixSeconds,
    /// The host of an acknowledgement, the purpose id of a consent.
    pub subject: String,
    /// Version of the notice; empty for a consent.
    pub version: String,
    /// Of the text that was shown.
    pub sha256: String,
    /// As on the command line: `de`, `en`, `de-simple`.
    pub lang: String,
    pub by_button: bool,
    /// The text with this hash can be read again by `show_text`.
    pub readable: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum EntryKind {
    Noted,
    Objected,
    Lifted,
    Given,
    Refused,
    Deferred,
    Withdrawn,
    /// Asked for, run out or made invalid: nothing is permitted.
    Lapsed,
    Erased,
}

/// The same sentence in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Said {
    pub de: String,
    pub en: String,
}

/// One file of the profile (Art. 15 GDPR).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StoredFile {
    pub path: String,
    /// Without folders.
    pub name: String,
    #[cfg_attr(test, ts(type = "number"))]
    pub bytes: u64,
    #[cfg_attr(test, ts(type = "number | null"))]
    pub changed: Option<UnixSeconds>,
    /// `None`: no program of ours writes such a file.
    pub reasons: Option<Reasons>,
    /// Lines of a ledger, entries of a list.
    pub records: Vec<StoredRecord>,
    /// What `erase` takes to erase this file's content; `None` where only everything at once can go.
    pub item: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reasons {
    pub purpose: Said,
    pub basis: Said,
    pub retention: Said,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StoredRecord {
    /// What `erase` takes for this one; `None` where only the whole file can go.
    pub item: Option<String>,
    pub values: Vec<StoredValue>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct StoredValue {
    /// What `erase` takes for this value alone.
    pub item: Option<String>,
    pub path: String,
    /// `None` for a secret, which is not shown.
    pub value: Option<String>,
    /// `None`: no program of ours writes such a field.
    pub says: Option<Said>,
}

/// Whoever runs a server whose notice is on record or that was objected to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Operator {
    pub host: String,
    pub controller_id: String,
    pub controller_name: String,
    /// As the notice states it; empty where it does not.
    pub address: Vec<String>,
    /// Since when an objection is in force.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub objected: Option<UnixSeconds>,
}

/// A supervisory authority (Art. 77 GDPR). Its present address stands on its site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Authority {
    pub key: String,
    pub name: String,
    pub site: String,
}

/// What the window sends to have a letter composed. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LetterRequest {
    /// As in `15`, `7(3)`.
    pub article: String,
    pub host: String,
    pub lang: Lang,
    /// Name and address, one part a line; empty leaves room to write them by hand.
    pub sender: String,
    /// Where the letter goes, one part a line; empty takes the address of the notice.
    pub address: String,
    /// For a complaint: key of the authority.
    pub authority: Option<String>,
    pub details: String,
}

/// A finished letter, as text to look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Letter {
    pub text: String,
    /// When to see whether an answer came, in words of the letter's language.
    pub remind_on: String,
    /// A reminder for this letter is kept.
    pub reminded: bool,
}

/// A letter whose answer somebody waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Reminder {
    pub article: String,
    pub to: String,
    /// `YYYY-MM-DD`, as is the next.
    pub written_on: String,
    pub remind_on: String,
    /// The day has come.
    pub due: bool,
}

/// What can be written to a file of the person's choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Document {
    LedgerJson,
    LedgerJsonLd,
    LedgerKantara,
    /// Everything but the key (Art. 20 GDPR).
    Profile,
    LetterPdf,
    LetterText,
    /// The contact ledger as it is now.
    Contacts,
    /// The paper on the page.
    PackPdf,
    PackText,
    /// The access log of one's own rooms, an object a line.
    LogJson,
    /// The same as a table.
    LogCsv,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Saved {
    pub document: Document,
    pub path: String,
}
