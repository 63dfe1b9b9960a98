//! Whoever opens rooms for more than private use says who they are: a small record, and the notice made from it.
//!
//! Nothing is made up: what the record leaves out stands in the notice's box of gaps. The wording is ours and the same for
//! everybody, so facts keep their ids in every language and can be compared.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::access_log::Retention;
use crate::document::{Document, is_invisible};
use crate::lang::Lang;
use crate::letter::authority::Authority;
use crate::letter::day::Day;
use crate::notice;
use crate::template;

/// Letters of a name, a line of an address, or the way to reach somebody.
pub const MAX_WORDS: usize = 200;
/// Lines of an address (DIN 5008 has six).
const MAX_LINES: usize = 6;
/// What stands for the officer where there is none.
pub const NO_OFFICER: &str = "none";

/// Who opens rooms. Read from a file of JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operator {
    /// Person or organisation.
    pub name: String,
    /// Postal address without the name, line by line.
    pub address: Vec<String>,
    /// Telephone or e-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Data protection officer and how to reach them; the word `none` where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub officer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Days the access log is kept, at most 56; without it there is no log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention_days: Option<u8>,
    /// Supervisory authority: `bund` or two letters of a German state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Raised by the operator with every change.
    #[serde(default = "first")]
    pub version: u32,
    /// Day such as `2026-11-25`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<String>,
}

/// On what the processing rests (Art. 6(1) GDPR). Consent is not among them: entering a meeting must not need one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Letter b.
    Contract,
    /// Letter c.
    LegalObligation,
    /// Letter e.
    PublicTask,
    /// Letter f.
    LegitimateInterest,
}

/// What in the record cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OperatorError {
    #[error("{0} must be 1 to {MAX_WORDS} visible characters on one line")]
    Words(&'static str),
    #[error("address must be 1 to {MAX_LINES} lines")]
    Address,
    #[error("retention_days must be 1 to 56, eight weeks, or be left out")]
    Retention,
    #[error("{0:?} is no authority: bund, or two letters of a German state")]
    Authority(String),
    #[error("{0:?} is no day such as 2026-11-25")]
    Day(String),
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

const fn first() -> u32 {
    1
}

impl Operator {
    /// # Errors
    /// [`OperatorError`] says what is wrong and with which field.
    pub fn read(bytes: &[u8]) -> Result<Self, OperatorError> {
        let read: Self = serde_json::from_slice(bytes).map_err(|error| OperatorError::Unreadable(error.to_string()))?;
        read.checked()
    }

    /// The same, tidied, if it can be used: for details that were typed and not read.
    ///
    /// # Errors
    /// [`OperatorError`] says what is wrong and with which field.
    pub fn checked(self) -> Result<Self, OperatorError> {
        let operator = self.tidied();
        operator.check()?;
        Ok(operator)
    }

    /// Under the next version and valid from `day`, where it says anything else than `before` did.
    #[must_use]
    pub fn succeeding(self, before: Option<&Self>, day: Day) -> Self {
        let Some(before) = before else { return Self { valid_from: Some(day.to_string()), version: first(), ..self } };
        let same = Self { version: before.version, valid_from: before.valid_from.clone(), ..self };
        if same == *before {
            return same;
        }
        Self { version: before.version.saturating_add(1), valid_from: Some(day.to_string()), ..same }
    }

    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Without blanks around words, and in the form in which texts are hashed.
    fn tidied(mut self) -> Self {
        let tidy = |text: &mut String| *text = text.trim().nfc().collect();
        tidy(&mut self.name);
        self.address.iter_mut().for_each(tidy);
        self.contact.iter_mut().chain(&mut self.officer).chain(&mut self.authority).for_each(tidy);
        self
    }

    pub(crate) fn check(&self) -> Result<(), OperatorError> {
        words("name", &self.name)?;
        if self.address.is_empty() || self.address.len() > MAX_LINES {
            return Err(OperatorError::Address);
        }
        self.address.iter().try_for_each(|line| words("address", line))?;
        self.contact.iter().try_for_each(|text| words("contact", text))?;
        self.officer.iter().try_for_each(|text| words("officer", text))?;
        if self.retention_days.is_some() && self.retention().is_none() {
            return Err(OperatorError::Retention);
        }
        if let Some(key) = self.authority.as_ref().filter(|key| Authority::find(key).is_none()) {
            return Err(OperatorError::Authority(key.clone()));
        }
        let day = self.valid_from.as_ref().filter(|text| Day::parse(text).is_none());
        day.map_or(Ok(()), |text| Err(OperatorError::Day(text.clone())))
    }

    /// How long the access log is kept; `None` where there is none.
    #[must_use]
    pub fn retention(&self) -> Option<Retention> {
        Retention::of_days(self.retention_days?.into()).ok()
    }

    /// Name and address, as a letter begins.
    #[must_use]
    pub fn postal_address(&self) -> Vec<String> {
        std::iter::once(&self.name).chain(&self.address).cloned().collect()
    }

    /// The notice that guests read, in every language.
    #[must_use]
    pub fn document(&self) -> Document {
        let texts = Lang::ALL.map(|lang| (lang, self.text(lang)));
        Document::new(self.version, Some(self.clone()), self.retention(), texts)
    }

    fn text(&self, lang: Lang) -> String {
        let template = match lang {
            Lang::De => include_str!("../notices/operator.de.md"),
            Lang::En => include_str!("../notices/operator.en.md"),
            Lang::DeSimple => include_str!("../notices/operator.de-simple.md"),
        };
        let own = template::filled(template, |word| self.is(word), &self.blanks(lang));
        format!("{own}\n\n{}\n", notice::local_functions(lang).trim()).nfc().collect()
    }

    fn is(&self, word: &str) -> bool {
        let none = self.officer.as_deref() == Some(NO_OFFICER);
        match word {
            "log" => self.retention().is_some(),
            "contact" => self.contact.is_some(),
            "officer" => self.officer.is_some() && !none,
            "no-officer" => none,
            "officer-unsaid" => self.officer.is_none(),
            "basis" => self.basis.is_some(),
            "authority" => self.authority.is_some(),
            "gaps" => {
                self.contact.is_none() || self.officer.is_none() || self.basis.is_none() || self.authority.is_none()
            }
            _ => false,
        }
    }

    fn blanks(&self, lang: Lang) -> BTreeMap<&'static str, String> {
        let authority = self.authority.as_deref().and_then(Authority::find);
        let authority = authority.map(|found| format!("{} ({})", found.name, found.site));
        let from = self.valid_from.as_ref().map(|day| match lang {
            Lang::De | Lang::DeSimple => format!(", gültig ab {day}"),
            Lang::En => format!(", valid from {day}"),
        });
        BTreeMap::from([
            ("name", self.name.clone()),
            ("address", self.address.join(", ")),
            ("version", self.version.to_string()),
            ("from", from.unwrap_or_default()),
            ("contact", self.contact.clone().unwrap_or_default()),
            ("officer", self.officer.clone().unwrap_or_default()),
            ("basis", self.basis.map(|basis| basis.words(lang)).unwrap_or_default().to_owned()),
            ("period", self.retention().map(|log| notice::period(log, lang)).unwrap_or_default()),
            ("authority", authority.unwrap_or_default()),
        ])
    }
}

impl Basis {
    pub(crate) const fn words(self, lang: Lang) -> &'static str {
        match (self, lang.is_german()) {
            (Self::Contract, true) => "Vertrag (Art. 6 Abs. 1 Buchst. b DSGVO)",
            (Self::Contract, false) => "contract (Art. 6(1)(b) GDPR)",
            (Self::LegalObligation, true) => "rechtliche Verpflichtung (Art. 6 Abs. 1 Buchst. c DSGVO)",
            (Self::LegalObligation, false) => "legal obligation (Art. 6(1)(c) GDPR)",
            (Self::PublicTask, true) => "öffentliche Aufgabe (Art. 6 Abs. 1 Buchst. e DSGVO)",
            (Self::PublicTask, false) => "public task (Art. 6(1)(e) GDPR)",
            (Self::LegitimateInterest, true) => {
                "berechtigtes Interesse daran, das Gespräch zu führen (Art. 6 Abs. 1 Buchst. f DSGVO)"
            }
            (Self::LegitimateInterest, false) => "legitimate interest in holding the conversation (Art. 6(1)(f) GDPR)",
        }
    }
}

fn words(name: &'static str, text: &str) -> Result<(), OperatorError> {
    let hidden = text.chars().any(|c| c.is_control() || is_invisible(c));
    let sound = !text.trim().is_empty() && text.chars().count() <= MAX_WORDS && !hidden;
    if sound { Ok(()) } else { Err(OperatorError::Words(name)) }
}

#[cfg(test)]
mod tests;
