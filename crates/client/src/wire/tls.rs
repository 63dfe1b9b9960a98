//! TLS with two ways to trust: a chain to a certificate authority of this computer, or the fingerprint in the link.
//!
//! The fingerprint counts only where there is no chain; it never overrules an authority, and never repairs a
//! certificate that an authority issued for somebody else or that has run out. Start at [`judge`].

use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::WireError;
use super::target::Pin;
use crate::contacts::Counted;

/// Speaks TLS over `tcp`.
pub(super) async fn wrap(tcp: Counted, host: &str, pin: Option<Pin>) -> Result<TlsStream<Counted>, WireError> {
    let name = ServerName::try_from(host.to_owned()).map_err(|_| WireError::BadAddress)?;
    // Reading the system's roots is file work; the runtime's threads must not wait for it.
    let roots = tokio::task::spawn_blocking(roots).await.map_err(|_| WireError::Tls("no roots".to_owned()))?;
    let config = config(roots, pin).map_err(|error| WireError::Tls(error.to_string()))?;
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await.map_err(|error| wire_error(&error))
}

/// The system's certificate authorities, read once. None is no error: then only fingerprints are trusted.
fn roots() -> Arc<RootCertStore> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let read = || {
        let mut store = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (taken, refused) = store.add_parsable_certificates(found.certs);
        tracing::debug!(taken, refused, "certificate authorities of the system");
        Arc::new(store)
    };
    ROOTS.get_or_init(read).clone()
}

fn config(roots: Arc<RootCertStore>, pin: Option<Pin>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier::new(roots, pin, provider.clone());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn wire_error(error: &std::io::Error) -> WireError {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match inner {
        Some(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure)) => {
            WireError::WrongFingerprint
        }
        Some(Error::InvalidCertificate(refusal)) if has_no_chain(refusal) => WireError::UntrustedCertificate,
        Some(other) => WireError::Tls(other.to_string()),
        None => WireError::Broken,
    }
}

/// Whether no authority says anything about the certificate, as against an authority saying "not like this".
fn has_no_chain(refusal: &CertificateError) -> bool {
    if matches!(refusal, CertificateError::UnknownIssuer) {
        return true;
    }
    // A self-signed certificate that calls itself an authority is refused before any chain is looked for.
    let CertificateError::Other(other) = refusal else { return false };
    matches!(other.0.downcast_ref::<webpki::Error>(), Some(webpki::Error::CaUsedAsEndEntity))
}

/// The decision: what the authorities said, the certificate shown, the fingerprint the link names.
fn judge(authorities: Result<(), Error>, shown: &[u8], pin: Option<Pin>) -> Result<(), Error> {
    let Err(Error::InvalidCertificate(refusal)) = &authorities else { return authorities };
    let Some(pin) = pin else { return authorities };
    if !has_no_chain(refusal) {
        return authorities;
    }
    if <[u8; 32]>::from(Sha256::digest(shown)) == pin {
        return Ok(());
    }
    Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
}

#[derive(Debug)]
struct Verifier {
    /// `None` where the system has no authorities at all.
    authorities: Option<Arc<WebPkiServerVerifier>>,
    pin: Option<Pin>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn new(roots: Arc<RootCertStore>, pin: Option<Pin>, provider: Arc<CryptoProvider>) -> Self {
        let authorities = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build().ok();
        Self { authorities, pin, provider }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let said = match &self.authorities {
            Some(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
                .map(|_verified| ()),
            None => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        };
        judge(said, end_entity, self.pin).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
    use rustls::pki_types::PrivateKeyDer;
    use tokio::net::{TcpListener, TcpStream};
    use tokio_rustls::TlsAcceptor;

    struct Shown {
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    }

    impl Shown {
        fn pin(&self) -> Pin {
            Sha256::digest(&self.chain[0]).into()
        }
    }

    fn self_signed(is_ca: IsCa) -> Shown {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.is_ca = is_ca;
        let certificate = params.self_signed(&key).unwrap();
        Shown { chain: vec![certificate.der().clone()], key: key.serialize_der().try_into().unwrap() }
    }

    /// An authority, and a certificate for `name` that it issued.
    fn issued(name: &str) -> (Arc<RootCertStore>, Shown) {
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Authorities are looked up by their name, which must not be that of the self-signed ones.
        authority.distinguished_name.push(rcgen::DnType::CommonName, "an authority");
        let issuer = rcgen::CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(issuer.der().clone()).unwrap();
        (Arc::new(roots), Shown { chain: vec![leaf.der().clone()], key: key.serialize_der().try_into().unwrap() })
    }

    /// One handshake over loopback with a server that shows `shown`.
    async fn handshake(shown: Shown, roots: Arc<RootCertStore>, pin: Option<Pin>) -> Result<(), WireError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let server = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(shown.chain, shown.key)
            .unwrap();
        let serving = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let _ = TlsAcceptor::from(Arc::new(server)).accept(tcp).await;
        });
        let config = config(roots, pin).unwrap();
        #[expect(clippy::disallowed_methods, reason = "a handshake and nothing else")]
        let tcp = TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let outcome = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        serving.await.unwrap();
        outcome.map(|_| ()).map_err(|error| wire_error(&error))
    }

    fn nobody() -> Arc<RootCertStore> {
        Arc::new(RootCertStore::empty())
    }

    #[tokio::test]
    async fn a_self_signed_certificate_is_trusted_by_the_links_fingerprint() {
        for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
            let (roots, _) = issued("elsewhere");
            let shown = self_signed(is_ca);
            let pin = shown.pin();
            assert_eq!(handshake(shown, roots, Some(pin)).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn another_self_signed_certificate_than_the_links_is_refused_as_such() {
        let outcome = handshake(self_signed(IsCa::NoCa), nobody(), Some([9; 32])).await;
        assert_eq!(outcome, Err(WireError::WrongFingerprint));
    }

    #[tokio::test]
    async fn a_self_signed_certificate_without_a_fingerprint_is_untrusted() {
        let (roots, _) = issued("elsewhere");
        assert_eq!(handshake(self_signed(IsCa::NoCa), roots, None).await, Err(WireError::UntrustedCertificate));
    }

    #[tokio::test]
    async fn a_chain_to_an_authority_needs_no_fingerprint_and_ignores_a_wrong_one() {
        for pin in [None, Some([9; 32])] {
            let (roots, shown) = issued("localhost");
            assert_eq!(handshake(shown, roots, pin).await, Ok(()));
        }
    }

    #[tokio::test]
    async fn an_authoritys_certificate_for_another_name_is_not_saved_by_a_fingerprint() {
        let (roots, shown) = issued("elsewhere");
        let pin = shown.pin();
        assert!(matches!(handshake(shown, roots, Some(pin)).await, Err(WireError::Tls(_))));
    }
}
