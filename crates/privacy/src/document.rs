//! A notice as a document that travels and is kept: its text in every language it has, and who is answerable.
//!
//! Rooms of ours serve theirs at [`WELL_KNOWN`]; another server may do the same. A profile keeps the document of every
//! notice that was noted, so that each version stays readable whatever a later program bundles. Texts are text: they are
//! shown as they stand, never interpreted. A document from outside is refused as a whole if anything in it is odd.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::is_nfc;

use crate::access_log::Retention;
use crate::lang::Lang;
use crate::operator::{Operator, OperatorError};

/// Name of the format.
pub const SCHEMA: &str = "runde-notice-1";

/// Where a server offers its document, with the media type `application/json`.
pub const WELL_KNOWN: &str = "/.well-known/runde-notice";

/// Three long texts take about 60 KiB. More is not read: a notice that long is none.
pub const MAX_DOCUMENT: usize = 256 * 1024;

/// Of one language; a notice of a large authority has about 40 KiB.
const MAX_TEXT: usize = 80 * 1024;

/// Letters of a hash in hexadecimal; what is printed around a text must be the only one.
const HASH: usize = 64;

/// One version of one notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Document {
    schema: String,
    version: u32,
    /// Who is answerable, where they wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    operator: Option<Operator>,
    /// How long an access log is kept; none for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    access_log_days: Option<u8>,
    texts: BTreeMap<Lang, String>,
}

/// Why a document is not shown. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    #[error("the notice is larger than {MAX_DOCUMENT} bytes")]
    TooLarge,
    #[error("the notice cannot be read ({0})")]
    Unreadable(#[from] serde_json::Error),
    #[error("the notice has the format {0:?}; this version reads {SCHEMA:?}")]
    Schema(String),
    #[error("the notice has no text")]
    NoText,
    #[error("the text in {} {why}", lang.tag())]
    Text { lang: Lang, why: &'static str },
    #[error("the access log it names would be kept for {0} days, more than eight weeks")]
    Retention(u8),
    #[error("the details of the operator are not usable: {0}")]
    Operator(#[from] OperatorError),
}

impl Document {
    pub(crate) fn new(
        version: u32,
        operator: Option<Operator>,
        log: Option<Retention>,
        texts: [(Lang, String); 3],
    ) -> Self {
        let access_log_days = log.map(Retention::days);
        Self { schema: SCHEMA.to_owned(), version, operator, access_log_days, texts: texts.into() }
    }

    /// # Errors
    /// [`DocumentError`] for everything that is not exactly a notice.
    pub fn read(bytes: &[u8]) -> Result<Self, DocumentError> {
        if bytes.len() > MAX_DOCUMENT {
            return Err(DocumentError::TooLarge);
        }
        let named: serde_json::Value = serde_json::from_slice(bytes)?;
        let schema = named["schema"].as_str().unwrap_or_default();
        if schema != SCHEMA {
            return Err(DocumentError::Schema(schema.chars().take(40).collect()));
        }
        let document: Self = serde_json::from_value(named)?;
        document.check()?;
        Ok(document)
    }

    /// Whether it may be shown; a document from an archive was not read by [`Self::read`].
    ///
    /// # Errors
    /// [`DocumentError`] names what is odd.
    pub fn check(&self) -> Result<(), DocumentError> {
        if self.texts.is_empty() {
            return Err(DocumentError::NoText);
        }
        for (&lang, text) in &self.texts {
            oddity(text).map_or(Ok(()), |why| Err(DocumentError::Text { lang, why }))?;
        }
        if let Some(days) = self.access_log_days {
            Retention::of_days(days.into()).map_err(|_| DocumentError::Retention(days))?;
        }
        Ok(self.operator.as_ref().map_or(Ok(()), Operator::check)?)
    }

    /// Pretty JSON, as it is served and kept.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    #[must_use]
    pub const fn operator(&self) -> Option<&Operator> {
        self.operator.as_ref()
    }

    #[must_use]
    pub fn access_log(&self) -> Option<Retention> {
        Retention::of_days(self.access_log_days?.into()).ok()
    }

    /// The text in this language, or else in the first of German, English and plain German that there is.
    #[must_use]
    pub fn text(&self, lang: Lang) -> &str {
        self.texts.get(&lang).or_else(|| self.texts.values().next()).map_or("", String::as_str)
    }

    /// The languages it has, German first.
    pub fn languages(&self) -> impl Iterator<Item = Lang> {
        self.texts.keys().copied()
    }

    #[must_use]
    pub fn sha256(&self, lang: Lang) -> String {
        hash(self.text(lang))
    }

    /// The hash that stands for the whole document: that of its first language.
    #[must_use]
    pub fn id(&self) -> String {
        self.sha256(Lang::De)
    }

    /// The language whose text has this hash.
    #[must_use]
    pub fn language_of(&self, sha256: &str) -> Option<Lang> {
        self.texts.iter().find(|(_, text)| hash(text).eq_ignore_ascii_case(sha256)).map(|(lang, _)| *lang)
    }
}

pub(crate) fn hash(text: &str) -> String {
    hex::encode(Sha256::digest(text))
}

/// What is odd about a text, if anything.
fn oddity(text: &str) -> Option<&'static str> {
    if text.len() > MAX_TEXT {
        return Some("is too long");
    }
    if text.trim().is_empty() || !text.ends_with('\n') || text.ends_with("\n\n") {
        return Some("does not end with one line feed");
    }
    if !is_nfc(text) || text.chars().any(|c| (c.is_control() && c != '\n') || is_invisible(c)) {
        return Some("holds characters that do not show or are not normalised");
    }
    let hashes = text.split(|c: char| !c.is_ascii_hexdigit()).any(|word| word.len() == HASH);
    hashes.then_some("holds something that could be taken for its hash")
}

/// Characters that turn the direction of writing or have no width, by which a text can look like another.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Documents that are known without asking anybody: those that were noted before.
#[derive(Debug, Clone, Default)]
pub struct Shelf(BTreeSet<Document>);

impl Shelf {
    pub fn put(&mut self, document: Document) {
        self.0.insert(document);
    }

    /// The document that has this text in any language.
    #[must_use]
    pub fn find(&self, sha256: &str) -> Option<&Document> {
        self.0.iter().find(|document| document.language_of(sha256).is_some())
    }

    /// All of them.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.0.iter()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sound() -> Value {
        json!({"schema": SCHEMA, "version": 3, "texts": {"de": "# Hinweis\n\n- Wir sehen Ihre Adresse.\n", "en": "# Notice\n"}})
    }

    fn read(value: &Value) -> Result<Document, DocumentError> {
        Document::read(value.to_string().as_bytes())
    }

    #[test]
    fn a_document_is_read_and_written_without_a_change() {
        let document = read(&sound()).unwrap();
        assert_eq!(Document::read(document.to_json().as_bytes()).unwrap(), document);
        assert_eq!(document.language_of(&document.sha256(Lang::En).to_uppercase()), Some(Lang::En));
        assert_eq!((document.id(), document.version()), (document.sha256(Lang::De), 3));
        assert_eq!(
            document.text(Lang::DeSimple),
            document.text(Lang::De),
            "what is missing is said in the first language"
        );
    }

    #[test]
    fn what_is_odd_is_refused_as_a_whole() {
        let text = |text: &str| {
            let mut value = sound();
            value["texts"]["en"] = text.into();
            value
        };
        let with = |name: &str, value: Value| {
            let mut document = sound();
            document[name] = value;
            document
        };
        for odd in [
            text(""),
            text("no line feed"),
            text("two\n\n"),
            text("bell \u{7}\n"),
            text("turned \u{202e}txet\n"),
            text("e\u{301} is not normalised\n"),
            text(&format!("sha256: {}\n", "ab".repeat(32))),
            text(&format!("{}\n", "x".repeat(MAX_TEXT))),
            with("schema", "runde-notice-2".into()),
            with("texts", json!({})),
            with("texts", json!({"fr": "x\n"})),
            with("access_log_days", 57.into()),
            with("operator", json!({"name": "", "address": ["x"]})),
            json!([]),
        ] {
            assert!(read(&odd).is_err(), "{odd:.200}");
        }
        let large = format!("{{\"schema\":\"{SCHEMA}\",\"pad\":\"{}\"}}", "x".repeat(MAX_DOCUMENT));
        assert!(matches!(Document::read(large.as_bytes()), Err(DocumentError::TooLarge)));
    }

    #[test]
    fn a_shelf_finds_a_document_by_the_text_in_any_language_and_keeps_each_once() {
        let document = read(&sound()).unwrap();
        let mut shelf = Shelf::default();
        shelf.put(document.clone());
        shelf.put(document.clone());
        assert_eq!(shelf.find(&document.sha256(Lang::En)), Some(&document));
        assert_eq!((shelf.find(&"0".repeat(64)), shelf.0.len()), (None, 1));
    }
}
