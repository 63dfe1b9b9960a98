//! Addresses of the form `node@domain/resource`. Not normalised: Jitsi compares bytes (nodes may hold `%c3`).

use std::fmt;

/// Longest accepted part in bytes (RFC 7622, 3.1).
const MAX_PART: usize = 1023;

/// An address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Jid {
    /// Before the `@`: a room's name or an account.
    pub node: Option<String>,
    /// The server or component.
    pub domain: String,
    /// After the `/`: in a room the endpoint id.
    pub resource: Option<String>,
}

impl Jid {
    /// Splits an address; `None` if it is empty, has an empty part or a part over 1023 bytes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (bare, resource) = match text.split_once('/') {
            Some((bare, resource)) => (bare, Some(resource)),
            None => (text, None),
        };
        let (node, domain) = match bare.split_once('@') {
            Some((node, domain)) => (Some(node), domain),
            None => (None, bare),
        };
        let good = |part: &str| !part.is_empty() && part.len() <= MAX_PART && !part.chars().any(char::is_control);
        if !good(domain) || domain.contains('@') || !node.is_none_or(good) || !resource.is_none_or(good) {
            return None;
        }
        Some(Self { node: node.map(str::to_owned), domain: domain.to_owned(), resource: resource.map(str::to_owned) })
    }

    /// The address of a room.
    #[must_use]
    pub fn room(name: &str, domain: &str) -> Self {
        Self { node: Some(name.to_owned()), domain: domain.to_owned(), resource: None }
    }

    /// The address without its resource.
    #[must_use]
    pub fn bare(&self) -> Self {
        Self { resource: None, ..self.clone() }
    }

    /// The same address with another resource.
    #[must_use]
    pub fn with(&self, resource: &str) -> Self {
        Self { resource: Some(resource.to_owned()), ..self.clone() }
    }
}

impl fmt::Display for Jid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(node) = &self.node {
            write!(f, "{node}@")?;
        }
        f.write_str(&self.domain)?;
        if let Some(resource) = &self.resource {
            write!(f, "/{resource}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_split_and_joined_again() {
        for text in ["d", "n@d", "d/r", "caf%c3%a9%20room@conference.d/a/b@c"] {
            assert_eq!(Jid::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Jid::parse("n@d/a/b@c").unwrap().resource.as_deref(), Some("a/b@c"));
    }

    #[test]
    fn addresses_with_empty_or_enormous_parts_are_refused() {
        for bad in ["", "@d", "n@", "n@d/", "/r", "a@b@c", "n\u{1}@d"] {
            assert_eq!(Jid::parse(bad), None, "{bad:?}");
        }
        assert_eq!(Jid::parse(&"d".repeat(1024)), None);
    }
}
