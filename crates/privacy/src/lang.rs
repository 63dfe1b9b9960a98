//! The languages a notice can be shown in. Interface texts have their own catalogue elsewhere.

use serde::{Deserialize, Serialize};

/// A language in which every notice exists. German leads, English says the same facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    #[default]
    De,
    En,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LangError {
    /// Promised, not written yet: `de-simple`.
    #[error("the notices do not exist in {0} yet; use de or en")]
    NotYet(String),
    #[error("there is no language {0:?}; use de or en")]
    Unknown(String),
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::De, Self::En];

    /// # Errors
    /// Says apart a language that is planned and one that is not known.
    pub fn parse(text: &str) -> Result<Self, LangError> {
        match text {
            "de" => Ok(Self::De),
            "en" => Ok(Self::En),
            "de-simple" => Err(LangError::NotYet(text.to_owned())),
            _ => Err(LangError::Unknown(text.to_owned())),
        }
    }

    /// From a POSIX locale such as `en_GB.UTF-8`: German for `de*` and for no statement, else English.
    #[must_use]
    pub fn from_locale(locale: &str) -> Self {
        let speaks_german = locale.is_empty() || locale.starts_with("de");
        if speaks_german { Self::De } else { Self::En }
    }

    /// BCP 47 tag.
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::De => "de",
            Self::En => "en",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_german_is_promised_and_other_languages_are_unknown() {
        assert_eq!(Lang::parse("en"), Ok(Lang::En));
        assert_eq!(Lang::parse("de-simple"), Err(LangError::NotYet("de-simple".into())));
        assert_eq!(Lang::parse("fr"), Err(LangError::Unknown("fr".into())));
    }

    #[test]
    fn a_machine_without_a_language_is_spoken_to_in_german() {
        assert_eq!(Lang::from_locale(""), Lang::De);
        assert_eq!(Lang::from_locale("de_AT.UTF-8"), Lang::De);
        assert_eq!(Lang::from_locale("C.UTF-8"), Lang::En);
    }
}
