//! The one error of the boundary, made: short constructors, so that no caller forgets what a sentence needs.

use crate::view::{ErrorCode, UiError};
use std::collections::BTreeMap;

impl UiError {
    /// An error whose sentences need no values; doing the same again will not help.
    pub fn new(code: ErrorCode) -> Self {
        Self { code, params: BTreeMap::new(), retry: false }
    }

    /// Adds a value for the sentences (each code's doc names its keys).
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> Self {
        self.params.insert(key.to_owned(), value.into());
        self
    }

    /// Doing the same again may work.
    #[must_use]
    pub fn retryable(mut self) -> Self {
        self.retry = true;
        self
    }

    /// The app is closing or a reply was lost: a fault of ours, said without names.
    pub fn internal(detail: &str) -> Self {
        Self::new(ErrorCode::Internal).with("detail", detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_carries_its_values_and_whether_to_try_again() {
        let error = UiError::new(ErrorCode::HostSilent).with("host", "meet.example").retryable();
        assert_eq!(error.params["host"], "meet.example");
        assert!(error.retry);
        assert!(!UiError::internal("x").retry);
    }
}
