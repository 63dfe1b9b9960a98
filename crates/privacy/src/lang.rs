//! The languages a notice can be shown in. Interface texts have their own catalogue elsewhere.

use serde::{Deserialize, Serialize};

/// A language in which every notice exists. German leads, English says the same facts, plain German
/// says them in short sentences on one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    De,
    En,
    #[serde(rename = "de-simple")]
    DeSimple,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no language {0:?}; use de, en or de-simple")]
pub struct LangError(pub String);

impl Lang {
    pub const ALL: [Self; 3] = [Self::De, Self::En, Self::DeSimple];

    /// The languages in which programs speak; plain German is for notices only.
    pub const SPOKEN: [Self; 2] = [Self::De, Self::En];

    /// # Errors
    /// When there are no notices in that language.
    pub fn parse(text: &str) -> Result<Self, LangError> {
        Self::ALL.into_iter().find(|lang| lang.tag() == text).ok_or_else(|| LangError(text.to_owned()))
    }

    /// From a POSIX locale such as `en_GB.UTF-8`: German for `de*` and for no statement, else English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        let speaks_german = locale.is_empty() || locale.starts_with("de");
        if speaks_german { Self::De } else { Self::En }
    }

    /// As on the command line and in records. A BCP 47 tag where one exists; `simple` is registered
    /// for other languages only, so this one is ours.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
            Self::DeSimple => "de-simple",
        }
    }

    /// The language of everything around a notice in this one.
    #[must_use]
    pub const fn spoken(self) -> Self {
        match self {
            Self::De | Self::DeSimple => Self::De,
            Self::En => Self::En,
        }
    }

    #[must_use]
    pub const fn is_german(self) -> bool {
        matches!(self, Self::De | Self::DeSimple)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_read_by_its_tag_and_others_are_unknown() {
        for lang in Lang::ALL {
            assert_eq!(Lang::parse(lang.tag()), Ok(lang));
            assert_eq!(serde_json::to_value(lang).unwrap(), lang.tag());
        }
        assert_eq!(Lang::parse("fr"), Err(LangError("fr".into())));
    }

    #[test]
    fn a_machine_without_a_language_is_spoken_to_in_german() {
        assert_eq!(Lang::from_locale(""), Lang::De);
        assert_eq!(Lang::from_locale("de_AT.UTF-8"), Lang::De);
        assert_eq!(Lang::from_locale("C.UTF-8"), Lang::En);
    }

    #[test]
    fn whatever_is_said_around_a_plain_notice_is_said_in_german() {
        assert_eq!(Lang::ALL.map(Lang::spoken), [Lang::De, Lang::En, Lang::De]);
    }
}
