//! Whom a link would make us talk to. Parsing links is `runde-signalling`'s work; this is only the
//! host, checked so that it can stand inside a notice whose hash matters.

use serde::Serialize;

use crate::access_log::Retention;
use crate::lang::Lang;
use crate::notice::Notice;

/// RFC 1035 2.3.4: a name has at most 253 visible characters, a label at most 63.
const MAX_HOST: usize = 253;
const MAX_LABEL: usize = 63;

/// A host that somebody wants to reach, and the notice hash its link carries (`#rn=`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Target {
    host: String,
    embedded_notice: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host name or address")]
pub struct TargetError(pub String);

impl Target {
    /// The word that stands for "the room I open myself" where a host is expected.
    pub const OWN_ROOM: &'static str = "embedded-room";

    /// `host` is a DNS name (ASCII, punycode for others) or an address, without port; `rn` is the
    /// lower-case SHA-256 that an embedded room puts into its links.
    ///
    /// # Errors
    /// When `host` holds anything a host name or address cannot hold.
    pub fn new(host: &str, rn: Option<&str>) -> Result<Self, TargetError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        let host = bare.to_ascii_lowercase();
        if !is_host(&host) {
            return Err(TargetError(host));
        }
        Ok(Self { host, embedded_notice: rn.map(str::to_ascii_lowercase) })
    }

    /// The target of a first launch without a link.
    #[must_use]
    pub fn meet_jit_si() -> Self {
        Self { host: "meet.jit.si".to_owned(), embedded_notice: None }
    }

    /// The room that this profile's owner opens.
    #[must_use]
    pub fn own_room() -> Self {
        Self { host: Self::OWN_ROOM.to_owned(), embedded_notice: None }
    }

    /// The same, with an access log.
    #[must_use]
    pub fn own_room_with_log(retention: Retention) -> Self {
        let notice = Notice::embedded_room_with_log(retention).sha256(Lang::De);
        Self { host: Self::OWN_ROOM.to_owned(), embedded_notice: Some(notice) }
    }

    /// The room of whoever said so in a notice of their own.
    #[must_use]
    pub fn own_room_with(notice: &Notice) -> Self {
        Self { host: Self::OWN_ROOM.to_owned(), embedded_notice: Some(notice.sha256(Lang::De)) }
    }

    /// The same host, for which this notice holds: what its link said, or what it was found to say.
    #[must_use]
    pub fn with_notice(&self, sha256: &str) -> Self {
        Self { host: self.host.clone(), embedded_notice: Some(sha256.to_ascii_lowercase()) }
    }

    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    #[must_use]
    pub fn embedded_notice(&self) -> Option<&str> {
        self.embedded_notice.as_deref()
    }

    #[must_use]
    pub(crate) fn is_loopback(&self) -> bool {
        let address = self.host.parse::<std::net::IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

fn is_host(host: &str) -> bool {
    if host.is_empty() || host.len() > MAX_HOST {
        return false;
    }
    if host.contains(':') {
        return host.parse::<std::net::Ipv6Addr>().is_ok();
    }
    let letters = |label: &str| label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    host.split('.').all(|label| !label.is_empty() && label.len() <= MAX_LABEL && letters(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_host_written_differently_is_the_same_target() {
        assert_eq!(Target::new("Meet.Example.ORG.", None), Target::new("meet.example.org", None));
        assert_eq!(Target::new("[::1]", None).unwrap().host(), "::1");
    }

    #[test]
    fn a_host_cannot_smuggle_text_or_a_hash_into_a_notice() {
        let hash = "a".repeat(64);
        for bad in ["", "a b", "x\n# y", "ex[F08]", "a..b", hash.as_str(), "über.example", ":::"] {
            assert!(Target::new(bad, None).is_err(), "{bad:?}");
        }
    }
}
