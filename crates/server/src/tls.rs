//! The certificate of the page and the web sockets, and its fingerprint for the link.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest as _, Sha256};
use tokio_rustls::TlsAcceptor;

use crate::{ServeError, Tls};

/// How connections are accepted.
pub(crate) struct Protection {
    pub(crate) acceptor: Option<TlsAcceptor>,
    /// SHA-256 of the certificate's DER, 64 lower-case hex digits.
    pub(crate) fingerprint: Option<String>,
}

impl Protection {
    /// `names` are the hosts and addresses a self-signed certificate is for.
    pub(crate) fn prepare(tls: &Tls, names: Vec<String>) -> Result<Self, ServeError> {
        match tls {
            Tls::Off => Ok(Self { acceptor: None, fingerprint: None }),
            Tls::SelfSigned => {
                let (certificate, key) = self_signed(names)?;
                Self::from_parts(vec![certificate], key, Path::new("self-signed"))
            }
            Tls::Files { cert, key } => {
                let chain = CertificateDer::pem_file_iter(cert)
                    .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                    .map_err(|error| refused(cert, &error))?;
                let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| refused(key, &error))?;
                Self::from_parts(chain, secret, cert)
            }
        }
    }

    fn from_parts(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        path: &Path,
    ) -> Result<Self, ServeError> {
        let own = chain.first().ok_or_else(|| refused(path, &"it holds no certificate"))?;
        let fingerprint = hex::encode(Sha256::digest(own));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(|error| refused(path, &error))?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: Some(TlsAcceptor::from(Arc::new(config))), fingerprint: Some(fingerprint) })
    }
}

/// A certificate that names the program and its addresses, never a person.
fn self_signed(names: Vec<String>) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), ServeError> {
    let failed = |error: rcgen::Error| ServeError::Identity(error.to_string());
    let key = rcgen::KeyPair::generate().map_err(failed)?;
    let mut params = rcgen::CertificateParams::new(names).map_err(failed)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "Runde");
    let certificate = params.self_signed(&key).map_err(failed)?;
    let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
    Ok((certificate.der().clone(), PrivateKeyDer::Pkcs8(secret)))
}

fn refused(path: &Path, reason: &dyn std::fmt::Display) -> ServeError {
    ServeError::Certificate { path: path.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_start_makes_another_certificate() {
        let prepare =
            || Protection::prepare(&Tls::SelfSigned, vec!["127.0.0.1".to_owned()]).unwrap().fingerprint.unwrap();
        let (first, second) = (prepare(), prepare());
        assert_eq!(first.len(), 64);
        assert_ne!(first, second);
    }

    #[test]
    fn a_certificate_that_cannot_be_read_is_named() {
        let missing = Tls::Files { cert: "/nowhere/cert.pem".into(), key: "/nowhere/key.pem".into() };
        let Err(error) = Protection::prepare(&missing, Vec::new()) else { panic!("it was read") };
        assert!(error.to_string().contains("/nowhere/cert.pem"), "{error}");
    }
}
