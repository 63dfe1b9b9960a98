//! What a browser, a stranger and a flood get.

use std::sync::Arc;

use futures_util::SinkExt as _;
use runde_server::{ServeError, ServeOptions, Server, Tls};
use sha2::Digest as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{self, DigitallySignedStruct, SignatureScheme};
use tokio_tungstenite::tungstenite::Message;

use crate::stage::{PATIENCE, fetch, is_closed, open, options, permit, raw, socket};

#[tokio::test]
async fn a_room_link_shows_a_page_without_script_under_a_strict_policy() {
    let server = open();
    let page = fetch(&server, "/Montagsrunde").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    assert!(page.contains("content-security-policy: default-src 'none'; style-src 'sha256-"), "{page}");
    assert!(page.contains("Montagsrunde") && !page.contains("<script"));
    assert!(page.contains("privacy notice"), "English as asked");
}

#[tokio::test]
async fn a_room_name_with_markup_comes_back_escaped() {
    let server = open();
    for path in ["/%3Cscript%3Ealert(1)%3C%2Fscript%3E", "/%3Cimg%20src=x%20onerror=y%3E", "/x%22onclick=%22y"] {
        let page = fetch(&server, path).await;
        assert!(!page.contains("<script>") && !page.contains("<img") && !page.contains("\"onclick"), "{page}");
    }
}

#[tokio::test]
async fn the_services_are_where_config_js_says() {
    let server = open();
    let config = fetch(&server, "/config.js?room=runde").await;
    assert!(config.contains("application/javascript") && config.contains("var config = {"), "{config}");
    let ws = format!("ws://{}/xmpp-websocket", server.local_addr());
    assert!(config.contains(&ws), "{config}");
    assert!(fetch(&server, "/xmpp-websocket?room=runde").await.starts_with("HTTP/1.1 200"), "a keep-alive GET");
    assert!(socket(&ws, Some("xmpp")).await.is_ok());
}

#[tokio::test]
async fn a_room_can_be_asked_for_by_http_before_anybody_connects() {
    let server = open();
    let post = |kind: &str, body: &str| {
        let length = body.len();
        format!(
            "POST /conference-request/v1?room=runde HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        )
    };
    let body = r#"{"machineUid":"4a89","properties":{"rtcstatsEnabled":false},"room":"runde@conference.127.0.0.1"}"#;
    let answer = raw(&server, &post("application/json; charset=utf-8", body)).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""focusJid":"focus@auth.127.0.0.1""#), "{answer}");
    assert!(answer.contains(r#""ready":true"#), "{answer}");
    let foreign = body.replace("conference.", "elsewhere.");
    let refused = [
        (post("text/plain", body), "415"),
        (post("application/json", &foreign), "400"),
        (post("application/json", "{"), "400"),
        (post("application/json", &" ".repeat(5_000)), "413"),
        ("GET /conference-request/v1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".to_owned(), "405"),
    ];
    for (request, status) in refused {
        let answer = raw(&server, &request).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{status}: {answer}");
    }
}

#[tokio::test]
async fn everything_else_is_not_found() {
    let server = open();
    for path in ["/", "/a/b", "/.git/config", "/colibri-ws/x", "/config.js/x", "/%2e%2e/etc/passwd", "/http-bind/x"] {
        let answer = fetch(&server, path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_bridge_channel_needs_its_password() {
    let server = open();
    let url = format!("ws://{}/colibri-ws/runde/0000/aabbccdd?pwd=guess", server.local_addr());
    let refused = socket(&url, None).await.unwrap_err();
    assert!(refused.contains("403"), "{refused}");
}

#[tokio::test]
async fn a_head_that_is_too_long_or_never_ends_is_cut() {
    let server = open();
    let long = format!("GET /x HTTP/1.1\r\nhost: {}\r\n\r\n", "a".repeat(64 * 1024));
    let answer = raw(&server, &long).await;
    assert!(!answer.starts_with("HTTP/1.1 200"), "{answer}");
    let many = format!("GET /x HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1000));
    assert!(!raw(&server, &many).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_frame_above_the_limit_ends_the_connection_and_only_that_one() {
    let server = open();
    let url = format!("ws://{}/xmpp-websocket", server.local_addr());
    let mut innocent = socket(&url, Some("xmpp")).await.unwrap();
    let mut hostile = socket(&url, Some("xmpp")).await.unwrap();
    let _ = hostile.send(Message::text("x".repeat(300 * 1024))).await;
    assert!(is_closed(&mut hostile).await);
    let mut binary = socket(&url, Some("xmpp")).await.unwrap();
    binary.send(Message::binary(vec![1, 2, 3])).await.unwrap();
    assert!(is_closed(&mut binary).await, "XMPP is text");
    let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='127.0.0.1' version='1.0'/>";
    innocent.send(Message::text(open)).await.unwrap();
    crate::stage::until(&mut innocent, "ANONYMOUS").await;
}

#[tokio::test]
async fn a_flood_of_frames_ends_the_connection() {
    let server = open();
    let mut socket = socket(&format!("ws://{}/xmpp-websocket", server.local_addr()), Some("xmpp")).await.unwrap();
    for _ in 0..2000 {
        if socket.send(Message::text("<presence xmlns='jabber:client'/>")).await.is_err() {
            return;
        }
    }
    assert!(is_closed(&mut socket).await);
}

#[tokio::test]
async fn a_port_in_use_is_named_with_what_to_do() {
    let server = open();
    let again = ServeOptions { listen: server.local_addr(), ..options(Tls::Off) };
    let refused = Server::spawn(permit(), again).unwrap_err();
    assert!(matches!(refused, ServeError::PortInUse(addr) if addr == server.local_addr()));
    assert!(refused.to_string().contains("choose another port"), "{refused}");
}

#[tokio::test]
async fn a_port_whose_udp_half_is_taken_is_in_use_too() {
    let held = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let taken = ServeOptions { listen: held.local_addr().unwrap(), ..options(Tls::Off) };
    assert!(matches!(Server::spawn(permit(), taken).unwrap_err(), ServeError::PortInUse(_)));
}

#[tokio::test]
async fn without_tls_only_loopback_is_served() {
    let open = ServeOptions { listen: "0.0.0.0:0".parse().unwrap(), ..options(Tls::Off) };
    assert!(matches!(Server::spawn(permit(), open).unwrap_err(), ServeError::TlsNeeded(_)));
}

#[tokio::test]
async fn shutting_down_frees_the_port_and_tells_the_guests() {
    let server = open();
    let addr = server.local_addr();
    let mut guest = socket(&format!("ws://{addr}/xmpp-websocket"), Some("xmpp")).await.unwrap();
    server.shutdown().await;
    assert!(is_closed(&mut guest).await);
    let again = Server::spawn(permit(), ServeOptions { listen: addr, ..options(Tls::Off) });
    assert!(again.is_ok(), "{:?}", again.err());
}

#[tokio::test]
async fn the_link_carries_the_fingerprint_of_the_certificate_that_is_shown() {
    let server = Server::spawn(permit(), options(Tls::SelfSigned)).unwrap();
    let stream = TcpStream::connect(server.local_addr()).await.unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone))
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream =
        timeout(PATIENCE, TlsConnector::from(Arc::new(config)).connect(name, stream)).await.unwrap().unwrap();
    let shown = stream.get_ref().1.peer_certificates().unwrap()[0].clone();
    let fingerprint = hex::encode(sha2::Sha256::digest(&shown));
    assert!(server.fragment().starts_with(&format!("#fp={fingerprint}&rn=")), "{}", server.fragment());
    assert!(server.url().starts_with("https://127.0.0.1:"));
    stream.write_all(b"GET /runde HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut page = String::new();
    let _ = stream.read_to_string(&mut page).await;
    assert!(page.contains("href=\"runde://127.0.0.1:") && page.contains(&fingerprint), "{page}");
}

/// Accepts every certificate: the test compares it itself.
#[derive(Debug)]
struct Anyone;

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::ED25519, SignatureScheme::RSA_PSS_SHA256]
    }
}
