//! What an organisation says about its own servers, before the notice of the server. It is not part of what is noted: the record names
//! the server's text alone, and no word of a foreword answers a question.

use runde_privacy::{Lang, Notice, Target};
use serde::Deserialize;

use super::PolicyFault;

/// A page of text in each language; a longer one would push the notice itself out of sight.
const LONGEST: usize = 2_000;
/// Name and mail address, or a telephone number.
const LONGEST_CONTACT: usize = 200;
/// Forewords of one policy, and hosts of one foreword.
pub(super) const MOST: usize = 32;

/// One text and the servers it is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Foreword {
    hosts: Vec<String>,
    de: String,
    en: String,
    #[serde(default)]
    contact: String,
}

impl Foreword {
    #[must_use]
    pub fn text(&self, lang: Lang) -> &str {
        if lang.is_german() { &self.de } else { &self.en }
    }

    /// Whom to ask at the organisation; empty where it does not say.
    #[must_use]
    pub fn contact(&self) -> &str {
        &self.contact
    }

    pub(super) fn hosts(&self) -> &[String] {
        &self.hosts
    }

    pub(super) fn is_about(&self, target: &Target) -> bool {
        self.hosts.iter().any(|host| Target::new(host, None).is_ok_and(|own| own.host() == target.host()))
    }

    pub(super) fn check(&self) -> Result<(), PolicyFault> {
        let refused = |key, value: &str| Err(PolicyFault::Value { key, value: value.to_owned() });
        if self.hosts.is_empty() || self.hosts.len() > MOST {
            return refused("notices.hosts", &self.hosts.len().to_string());
        }
        if let Some(host) = self.hosts.iter().find(|host| !may_be_own(host)) {
            return refused("notices.hosts", host);
        }
        match () {
            () if !is_text(&self.de, LONGEST) => refused("notices.de", &self.de),
            () if !is_text(&self.en, LONGEST) => refused("notices.en", &self.en),
            () if !self.contact.is_empty()
                && (!is_text(&self.contact, LONGEST_CONTACT) || self.contact.contains('\n')) =>
            {
                refused("notices.contact", &self.contact)
            }
            () => Ok(()),
        }
    }
}

/// A server whose operator Runde knows belongs to nobody else, and an organisation does not speak for it.
fn may_be_own(host: &str) -> bool {
    Target::new(host, None).is_ok_and(|target| Notice::for_target(&target).postal_address().is_none())
}

fn is_text(text: &str, longest: usize) -> bool {
    let plain = |letter: char| !letter.is_control() || letter == '\n';
    !text.trim().is_empty() && text.chars().count() <= longest && text.chars().all(plain)
}
