//! Words and options, on top of `lexopt`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::{Arg, Parser, ValueExt};

use crate::exit::Failure;

pub struct Arguments(Parser);

/// The next argument, owned.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    Word(String),
    Option(String),
}

impl Arguments {
    pub fn of_process() -> Self {
        Self(Parser::from_env())
    }

    #[cfg(test)]
    pub fn of(words: &[&str]) -> Self {
        Self(Parser::from_args(words))
    }

    /// The command itself; `--help` counts as one.
    pub fn word(&mut self) -> Result<Option<String>, Failure> {
        Ok(self.next()?.map(|next| match next {
            Next::Word(word) => word,
            Next::Option(option) => option,
        }))
    }

    pub fn next(&mut self) -> Result<Option<Next>, Failure> {
        let next = self.0.next()?;
        let Some(next) = next else { return Ok(None) };
        Ok(Some(match next {
            Arg::Value(word) => Next::Word(word.string()?),
            Arg::Long(name) => Next::Option(format!("--{name}")),
            Arg::Short(letter) => Next::Option(format!("-{letter}")),
        }))
    }

    pub fn text(&mut self) -> Result<String, Failure> {
        Ok(self.0.value()?.string()?)
    }

    pub fn path(&mut self) -> Result<PathBuf, Failure> {
        Ok(self.value()?.into())
    }

    pub fn parsed<T: std::str::FromStr>(&mut self, option: &'static str, expected: &'static str) -> Result<T, Failure> {
        let value = self.text()?;
        value.parse().map_err(|_| Failure::Value { option, value, expected })
    }

    /// `20s`, `500ms`, `2m`, `1h` or seconds without a unit.
    pub fn duration(&mut self, option: &'static str) -> Result<Duration, Failure> {
        let value = self.text()?;
        duration(&value).ok_or(Failure::Value { option, value, expected: "a time such as 20s, 500ms or 2m" })
    }

    pub fn on_off(&mut self, option: &'static str) -> Result<bool, Failure> {
        let value = self.text()?;
        match value.as_str() {
            "on" => Ok(true),
            "off" => Ok(false),
            _ => Err(Failure::Value { option, value, expected: "on or off" }),
        }
    }

    fn value(&mut self) -> Result<OsString, Failure> {
        Ok(self.0.value()?)
    }
}

impl Next {
    /// What to answer when nothing else fits.
    pub fn unexpected(self) -> Failure {
        match self {
            Self::Word(word) => lexopt::Arg::Value(word.into()).unexpected().into(),
            Self::Option(option) => lexopt::Error::UnexpectedOption(option).into(),
        }
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "" | "s" => Some(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_a_unit_or_means_seconds() {
        assert_eq!(duration("20s"), Some(Duration::from_secs(20)));
        assert_eq!(duration("500ms"), Some(Duration::from_millis(500)));
        assert_eq!(duration("7"), Some(Duration::from_secs(7)));
        for bad in ["", "s", "1d", "-1s", "99999999999999999999s", "18446744073709551615h"] {
            assert_eq!(duration(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn what_nobody_asked_for_is_named_in_the_refusal() {
        let refusal = Next::Option("--frob".into()).unexpected();
        assert!(refusal.to_string().contains("--frob"));
    }
}
