//! The connections to a server: name, TCP, TLS with the pin of a link; then WebSocket frames or one HTTP request.
//!
//! Every socket is opened and counted by `contacts`, and only after a `Permit` reached [`crate::Meeting`]. This knows
//! neither XMPP nor bridge messages, and never repeats a connection by itself. Start at `connect`; `pump` moves
//! frames between a socket and two channels, `fetch` is one HTTP exchange.

mod bosh;
mod fetch;
mod proxy;
mod pump;
mod relays;
mod target;
mod tls;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use proxy::Proxy;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};

use crate::contacts::{Counted, Errand};
pub(crate) use bosh::pump_bosh;
pub(crate) use fetch::{Answer, Ask, fetch, page};
pub(crate) use pump::{INCOMING_FRAMES, Incoming, OUTGOING_FRAMES, pump};
pub(crate) use relays::openings as relay_openings;
pub(crate) use target::{Reach, Target};

/// One stanza or bridge message. An offer in a room of a thousand stays below it; more is an attack on memory.
const FRAME_BYTES: usize = 1 << 20;
/// A longer one is read to its end and thrown away up to here, so that a room's giant presence does not end the stream.
const GIANT_BYTES: usize = 4 << 20;
/// What is kept of a giant: enough to see which kind of stanza it was.
const GIANT_HEAD: usize = 64;

/// Name, TCP, TLS and upgrade together. Longer, and a person thinks the program hangs.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// What lies unread is there at once.
const LAST_WORD: Duration = Duration::from_millis(200);

/// Product and major version only: enough for a server's log, too little to tell people apart.
const USER_AGENT: &str = concat!("Runde/", env!("CARGO_PKG_VERSION_MAJOR"));

/// Why there is no connection. Nothing here names the host: the face knows it from the link.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    #[error("the name of the server is unknown")]
    UnknownName,
    #[error("nothing listens there")]
    Refused,
    #[error("no answer within {} s", CONNECT_TIMEOUT.as_secs())]
    Timeout,
    #[error("the network does not reach the server ({0})")]
    Unreachable(String),
    #[error("an unencrypted connection is only made to this computer")]
    PlainRefused,
    #[error("the server's certificate is not the one named in the link")]
    WrongFingerprint,
    #[error("nobody vouches for the server's certificate, and the link names none")]
    UntrustedCertificate,
    #[error("the encrypted connection failed ({0})")]
    Tls(String),
    #[error("this is no Jitsi server (HTTP status {0})")]
    NotJitsi(u16),
    #[error("this is no Jitsi server (no WebSocket)")]
    NoWebSocket,
    #[error("the address is not usable")]
    BadAddress,
    #[error("the server names an address that only its own network may name")]
    TooNear,
    #[error("the server offers no relay, and without one it would learn this computer's address for media")]
    NoRelay,
    #[error("the proxy that the environment names refuses (HTTP status {0})")]
    ProxyRefused(u16),
    #[error("the connection broke")]
    Broken,
}

/// From which address of this computer a connection goes, and where it leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Way {
    pub(crate) local: IpAddr,
    pub(crate) peer: SocketAddr,
}

/// How an open connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The server said that it goes away (close code 1001, RFC 6455 7.4.1).
    GoingAway,
    /// Anything else.
    Broken,
}

trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for T {}

/// An open WebSocket.
pub(crate) struct Socket {
    inner: WebSocketStream<Box<dyn ByteStream>>,
    pub(crate) way: Way,
}

/// Opens a WebSocket.
///
/// # Errors
/// [`WireError`], within [`CONNECT_TIMEOUT`].
pub(crate) async fn connect(target: &Target, errand: &Errand) -> Result<Socket, WireError> {
    timeout(CONNECT_TIMEOUT, Box::pin(open(target, errand))).await.unwrap_or(Err(WireError::Timeout))
}

async fn open(target: &Target, errand: &Errand) -> Result<Socket, WireError> {
    let request = request(target)?;
    let (stream, way) = open_stream(target, errand).await?;
    let limits = WebSocketConfig::default().max_message_size(Some(GIANT_BYTES)).max_frame_size(Some(GIANT_BYTES));
    let (inner, _answer) = tokio_tungstenite::client_async_with_config(request, stream, Some(limits))
        .await
        .map_err(|error| upgrade_error(&error))?;
    Ok(Socket { inner, way })
}

/// A stream that is protected as the target wants it, and where it leads.
async fn open_stream(target: &Target, errand: &Errand) -> Result<(Box<dyn ByteStream>, Way), WireError> {
    let tcp = dial(target, errand).await?;
    let broken = |_| WireError::Broken;
    let way = Way { local: tcp.local_addr().map_err(broken)?.ip(), peer: tcp.peer_addr().map_err(broken)? };
    if target.secure {
        return Ok((Box::new(tls::wrap(tcp, &target.host, target.pin).await?), way));
    }
    Ok((Box::new(tcp), way))
}

fn request(target: &Target) -> Result<Request, WireError> {
    let mut request = target.url().into_client_request().map_err(|_| WireError::BadAddress)?;
    let headers = request.headers_mut();
    headers.insert("User-Agent", HeaderValue::from_static(USER_AGENT));
    if let Some(protocol) = target.protocol {
        headers.insert("Sec-WebSocket-Protocol", HeaderValue::from_static(protocol));
    }
    Ok(request)
}

/// The addresses of a name in the system's order. Whether they may lie there is checked against the address itself,
/// because a name may resolve to anything.
async fn addresses(host: &str, port: u16, reach: Reach, errand: &Errand) -> Result<Vec<SocketAddr>, WireError> {
    let found = errand.look_up(host, port).await.map_err(|_| WireError::UnknownName)?;
    let (within, nearer): (Vec<_>, Vec<_>) = found.into_iter().partition(|address| reach.covers(address.ip()));
    match (within.is_empty(), nearer.is_empty()) {
        (false, _) => Ok(within),
        (true, false) => Err(WireError::TooNear),
        (true, true) => Err(WireError::UnknownName),
    }
}

/// Tries every address of the name; through a proxy where the environment wants one.
async fn dial(target: &Target, errand: &Errand) -> Result<Counted, WireError> {
    let proxy = Proxy::towards(&target.host, |name| std::env::var(name).ok()).filter(|_| target.secure);
    if let Some(proxy) = proxy {
        return proxy.tunnel(&target.authority(), errand).await;
    }
    let mut failure = WireError::UnknownName;
    for address in addresses(&target.host, target.port, target.reach, errand).await? {
        if !target.secure && !address.ip().is_loopback() {
            failure = WireError::PlainRefused;
            continue;
        }
        match errand.connect(&target.host, address).await {
            Ok(tcp) => return Ok(tcp),
            Err(error) => failure = dial_error(&error),
        }
    }
    Err(failure)
}

fn dial_error(error: &io::Error) -> WireError {
    let kind = error.kind();
    if kind == io::ErrorKind::ConnectionRefused {
        return WireError::Refused;
    }
    if kind == io::ErrorKind::TimedOut {
        return WireError::Timeout;
    }
    WireError::Unreachable(kind.to_string())
}

fn upgrade_error(error: &WebSocketError) -> WireError {
    if let WebSocketError::Http(answer) = error {
        return WireError::NotJitsi(answer.status().as_u16());
    }
    if matches!(error, WebSocketError::Io(_) | WebSocketError::ConnectionClosed) {
        return WireError::Broken;
    }
    WireError::NoWebSocket
}

/// What stands for a frame that is too long: its beginning, and a mark that neither XML nor JSON ends with. Whoever reads it refuses
/// it, and still counts it as the stanza that it was.
fn head_of_giant(text: &str) -> String {
    let mut end = GIANT_HEAD.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}<", text.get(..end).unwrap_or_default())
}

impl Socket {
    /// The next text frame, or how the connection ended. Binary frames are skipped: neither protocol has any.
    pub(crate) async fn next(&mut self) -> Result<String, Ended> {
        loop {
            let Some(Ok(frame)) = self.inner.next().await else { return Err(Ended::Broken) };
            if let Message::Close(said) = &frame {
                let going_away = said.as_ref().is_some_and(|said| said.code == CloseCode::Away);
                return Err(if going_away { Ended::GoingAway } else { Ended::Broken });
            }
            if let Message::Text(text) = frame {
                return Ok(if text.len() > FRAME_BYTES { head_of_giant(&text) } else { text.as_str().to_owned() });
            }
        }
    }

    /// How a connection ended that takes nothing more: the other side's close may still lie unread.
    pub(crate) async fn last_word(&mut self) -> Ended {
        let rest = async {
            loop {
                if let Err(ended) = self.next().await {
                    return ended;
                }
            }
        };
        timeout(LAST_WORD, rest).await.unwrap_or(Ended::Broken)
    }

    /// Sends one text frame.
    ///
    /// # Errors
    /// [`WireError::Broken`].
    pub(crate) async fn send(&mut self, text: String) -> Result<(), WireError> {
        self.inner.send(Message::text(text)).await.map_err(|_| WireError::Broken)
    }

    /// Says good-bye; an answer is not awaited.
    pub(crate) async fn close(&mut self) {
        let _ = self.inner.close(None).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::{Contacts, errand};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_tungstenite::tungstenite::protocol::CloseFrame;

    async fn listener() -> (TcpListener, Target) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        (listener, plain("127.0.0.1", port))
    }

    fn plain(host: &str, port: u16) -> Target {
        let path = "/xmpp-websocket?room=rosa".to_owned();
        let (host, protocol, reach) = (host.to_owned(), Some("xmpp"), Reach::Anywhere);
        Target { secure: false, host, port, path, pin: None, protocol, reach }
    }

    #[tokio::test]
    async fn the_upgrade_says_what_it_is_and_little_of_who_asks() {
        let (listener, target) = listener().await;
        let serving = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 2_000];
            let read = tcp.read(&mut head).await.unwrap();
            tcp.write_all(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&head[..read]).to_lowercase()
        });
        assert_eq!(connect(&target, &errand(&Contacts::default())).await.err(), Some(WireError::NotJitsi(404)));
        let head = serving.await.unwrap();
        assert!(head.starts_with("get /xmpp-websocket?room=rosa http/1.1"), "{head}");
        assert!(head.contains("sec-websocket-protocol: xmpp") && head.contains("user-agent: runde/0\r\n"), "{head}");
        assert!(!head.contains("linux") && !head.contains("cookie"), "{head}");
    }

    #[tokio::test]
    async fn without_encryption_only_this_computer_is_reached() {
        // The unspecified address leads to this computer, too, but does not say so.
        assert_eq!(
            connect(&plain("0.0.0.0", 9), &errand(&Contacts::default())).await.err(),
            Some(WireError::PlainRefused)
        );
        assert_eq!(
            connect(&plain("127.0.0.1", 9), &errand(&Contacts::default())).await.err(),
            Some(WireError::Refused)
        );
    }

    #[tokio::test]
    async fn a_name_that_resolves_nearer_than_allowed_is_not_contacted() {
        let (listener, mut target) = listener().await;
        target.host = "localhost".to_owned();
        target.reach = Reach::Private;
        assert_eq!(connect(&target, &errand(&Contacts::default())).await.err(), Some(WireError::TooNear));
        assert!(timeout(Duration::from_millis(50), listener.accept()).await.is_err(), "somebody came");
    }

    #[tokio::test]
    async fn of_a_frame_over_a_megabyte_a_beginning_comes_that_nobody_can_read_and_the_connection_goes_on() {
        let (listener, mut target) = listener().await;
        target.protocol = None;
        let serving = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(tcp).await.unwrap();
            // The cut would fall into the middle of a letter.
            let giant = format!("<presence a='{}'/>", "\u{e4}".repeat(FRAME_BYTES));
            for frame in [giant, format!("<iq/>{}", " ".repeat(FRAME_BYTES)), "hello".to_owned()] {
                socket.send(Message::text(frame)).await.unwrap();
            }
        });
        let mut socket = connect(&target, &errand(&Contacts::default())).await.ok().unwrap();
        for start in ["<presence a='\u{e4}", "<iq/>"] {
            let read = socket.next().await.unwrap();
            assert!(read.starts_with(start) && read.ends_with('<') && read.len() <= GIANT_HEAD + 1, "{read}");
        }
        assert_eq!(socket.next().await.as_deref(), Ok("hello"));
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_giant_frame_ends_the_connection() {
        let (listener, mut target) = listener().await;
        target.protocol = None;
        let serving = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let mut socket = tokio_tungstenite::accept_async(tcp).await.unwrap();
            socket.send(Message::text("hello")).await.unwrap();
            let _ = socket.send(Message::text("x".repeat(GIANT_BYTES + 1))).await;
        });
        let mut socket = connect(&target, &errand(&Contacts::default())).await.ok().unwrap();
        assert_eq!(socket.next().await.as_deref(), Ok("hello"));
        assert_eq!(socket.next().await, Err(Ended::Broken));
        drop(socket);
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_server_that_goes_away_is_told_from_a_connection_that_breaks() {
        for (said, ended) in [(Some(CloseCode::Away), Ended::GoingAway), (None, Ended::Broken)] {
            let (listener, mut target) = listener().await;
            target.protocol = None;
            tokio::spawn(async move {
                let (tcp, _) = listener.accept().await.unwrap();
                let mut socket = tokio_tungstenite::accept_async(tcp).await.unwrap();
                let frame = said.map(|code| CloseFrame { code, reason: "".into() });
                let _ = socket.close(frame).await;
            });
            let mut socket = connect(&target, &errand(&Contacts::default())).await.ok().unwrap();
            assert_eq!(socket.next().await, Err(ended));
        }
    }

    #[tokio::test]
    async fn something_that_is_no_web_server_is_named_so() {
        let (listener, target) = listener().await;
        tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let _ = tcp.write_all(b"220 mail.example ESMTP\r\n").await;
            let _ = tcp.read(&mut [0; 512]).await;
        });
        assert_eq!(connect(&target, &errand(&Contacts::default())).await.err(), Some(WireError::NoWebSocket));
    }
}
