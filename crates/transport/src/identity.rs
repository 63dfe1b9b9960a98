//! Who we are to DTLS: a self-signed certificate, its fingerprint, and the one crypto provider.
//!
//! One identity serves all endpoints of a process.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use rtc_crypto::{HashAlgorithm, RTCCryptoProvider};
use rtc_dtls::crypto::Certificate;

/// The identity could not be made; the text is the provider's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no certificate or randomness: {0}")]
pub struct IdentityError(pub String);

/// A certificate with its private key.
#[derive(Clone)]
pub struct Identity {
    provider: Arc<dyn RTCCryptoProvider>,
    certificate: Certificate,
    fingerprint: Fingerprint,
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Identity").field("fingerprint", &self.fingerprint).finish_non_exhaustive()
    }
}

impl Identity {
    /// A fresh ECDSA P-256 certificate that names nobody.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, IdentityError> {
        let failed = |error: &dyn fmt::Display| IdentityError(error.to_string());
        let provider = rtc_crypto::default_provider().map_err(|error| failed(&error))?;
        let certificate = Certificate::generate_self_signed(vec!["runde".to_owned()], provider.crypto())
            .map_err(|error| failed(&error))?;
        let der = certificate.certificate.first().ok_or_else(|| failed(&"empty chain"))?;
        let fingerprint = Fingerprint::of(&*provider, der).ok_or_else(|| failed(&"no SHA-256"))?;
        Ok(Self { provider, certificate, fingerprint })
    }

    /// What signalling tells the other side.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    pub(crate) fn provider(&self) -> &Arc<dyn RTCCryptoProvider> {
        &self.provider
    }

    pub(crate) fn certificate(&self) -> &Certificate {
        &self.certificate
    }
}

/// The hash of a certificate (RFC 8122); prints as `AB:CD:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    /// Always `sha-256`: weaker ones are refused when parsing.
    pub hash: String,
    /// 32 bytes.
    pub bytes: Vec<u8>,
}

/// A fingerprint we cannot or will not check.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FingerprintError {
    /// Only SHA-256 is accepted.
    #[error("fingerprints with {0} are not accepted")]
    Hash(String),
    /// Not 32 bytes of hexadecimal with colons.
    #[error("the fingerprint is not 32 hexadecimal bytes")]
    Malformed,
}

/// Bytes of a SHA-256 digest.
const SHA256_BYTES: usize = 32;

impl Fingerprint {
    /// Reads the two halves of a Jingle `<fingerprint>`.
    ///
    /// # Errors
    /// When the hash is not SHA-256 or the digest is malformed.
    pub fn parse(hash: &str, digest: &str) -> Result<Self, FingerprintError> {
        if !hash.eq_ignore_ascii_case("sha-256") {
            return Err(FingerprintError::Hash(hash.chars().take(16).collect()));
        }
        digest.parse()
    }

    pub(crate) fn of(provider: &dyn RTCCryptoProvider, der: &[u8]) -> Option<Self> {
        let bytes = provider.crypto().hash(HashAlgorithm::Sha256, der).ok()?;
        Some(Self { hash: "sha-256".to_owned(), bytes: bytes.to_vec() })
    }
}

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(digest: &str) -> Result<Self, FingerprintError> {
        let byte = |part: &str| -> Option<u8> {
            let hexadecimal = part.len() == 2 && part.bytes().all(|digit| digit.is_ascii_hexdigit());
            if hexadecimal { u8::from_str_radix(part, 16).ok() } else { None }
        };
        let bytes: Vec<u8> = digest
            .trim()
            .split(':')
            .take(SHA256_BYTES + 1)
            .map(|part| byte(part).ok_or(FingerprintError::Malformed))
            .collect::<Result<_, _>>()?;
        if bytes.len() != SHA256_BYTES {
            return Err(FingerprintError::Malformed);
        }
        Ok(Self { hash: "sha-256".to_owned(), bytes })
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.bytes.iter().enumerate() {
            let colon = if index == 0 { "" } else { ":" };
            write!(formatter, "{colon}{byte:02X}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_prints_as_it_parses() {
        let identity = Identity::generate().unwrap();
        let text = identity.fingerprint().to_string();
        assert_eq!(text.len(), 32 * 3 - 1);
        assert_eq!(Fingerprint::parse("SHA-256", &text).as_ref(), Ok(identity.fingerprint()));
        assert_eq!(Fingerprint::parse("sha-256", &text.to_lowercase()).as_ref(), Ok(identity.fingerprint()));
    }

    #[test]
    fn weak_or_broken_fingerprints_are_refused() {
        assert_eq!(Fingerprint::parse("sha-1", "AB:CD"), Err(FingerprintError::Hash("sha-1".to_owned())));
        for text in ["", "AB", "AB:", "+1:", &"AB:".repeat(32), &"ÄB:".repeat(40)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(FingerprintError::Malformed), "{text}");
        }
    }
}
