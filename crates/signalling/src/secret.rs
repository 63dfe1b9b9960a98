//! Passwords and tokens: values that no log shows and that leave no copy behind when they are dropped.

use std::fmt;
use zeroize::Zeroizing;

/// A text that prints as nothing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody_who_prints_it() {
        let secret = Secret::from("letmein");
        assert_eq!(format!("{:?} {:?}", secret, Some(&secret)), "Secret Some(Secret)");
        assert_eq!(secret.expose(), "letmein");
    }
}
