//! One HTTP exchange over the same TLS as everything else: GET and POST, bounded in size and time, few redirects.
//!
//! No cookies, no cache, no compression. Start at [`fetch`].

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, LOCATION, USER_AGENT};
use hyper::rt::ReadBufCursor;
use hyper::{Method, Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::{ByteStream, CONNECT_TIMEOUT, Target, WireError, open_stream};
use crate::contacts::Errand;

/// A large deployment's config.js has 80 KiB; an answer to a conference request less than one.
pub(super) const MAX_BODY: usize = 1 << 20;

/// From the first byte to the last of one exchange, redirects included.
const LIMIT: Duration = Duration::from_secs(10);

/// Redirects followed. One moves to a shard, one adds a version; more go in circles.
const MAX_REDIRECTS: usize = 3;

/// A whole answer that was read within a limit of its own.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Media type without parameters, lower case.
    pub(crate) kind: String,
    /// `None`: longer than the limit.
    pub(crate) body: Option<Vec<u8>>,
}

/// One GET that follows nothing and reads at most `limit` bytes.
///
/// # Errors
/// [`WireError`]; an answer of any status is none.
pub(crate) async fn page(target: &Target, limit: usize, errand: &Errand) -> Result<Page, WireError> {
    let read = async {
        let (response, _, _driven) = respond(target, &Ask::Get, errand).await?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let status = response.status().as_u16();
        match Limited::new(response.into_body(), limit).collect().await {
            Ok(body) => Ok(Page { status, kind, body: Some(body.to_bytes().to_vec()) }),
            Err(error) if error.is::<LengthLimitError>() => Ok(Page { status, kind, body: None }),
            Err(_) => Err(WireError::Broken),
        }
    };
    timeout(LIMIT, Box::pin(read)).await.unwrap_or(Err(WireError::Timeout))
}

/// What is asked of a server.
#[derive(Clone)]
pub(crate) enum Ask {
    Get,
    /// JSON, with a token for the header.
    Post {
        json: String,
        bearer: Option<String>,
    },
}

/// What it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// The address that answered.
    pub(crate) peer: IpAddr,
}

/// One exchange. Redirects are followed for GET only, within [`Target::redirected`].
///
/// # Errors
/// [`WireError`]; an answer of any status is none.
pub(crate) async fn fetch(target: &Target, ask: Ask, errand: &Errand) -> Result<Answer, WireError> {
    timeout(LIMIT, Box::pin(follow(target.clone(), ask, errand))).await.unwrap_or(Err(WireError::Timeout))
}

async fn follow(mut target: Target, ask: Ask, errand: &Errand) -> Result<Answer, WireError> {
    for _ in 0..=MAX_REDIRECTS {
        let (answer, location) = exchange(&target, &ask, errand).await?;
        let next = location.filter(|_| matches!(ask, Ask::Get)).and_then(|location| target.redirected(&location));
        match next {
            Some(next) => target = next,
            None => return Ok(answer),
        }
    }
    Err(WireError::NotJitsi(StatusCode::LOOP_DETECTED.as_u16()))
}

async fn exchange(target: &Target, ask: &Ask, errand: &Errand) -> Result<(Answer, Option<String>), WireError> {
    let (response, peer, _driven) = respond(target, ask, errand).await?;
    let status = response.status();
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|_| WireError::Broken)?;
    let answer = Answer { status: status.as_u16(), body: body.to_bytes().to_vec(), peer };
    Ok((answer, location.filter(|_| status.is_redirection())))
}

/// The head of an answer, where it came from, and what moves the bytes of its body as long as it lives.
async fn respond(
    target: &Target,
    ask: &Ask,
    errand: &Errand,
) -> Result<(Response<Incoming>, IpAddr, AbortOnDropHandle<hyper::Result<()>>), WireError> {
    let request = request(target, ask)?;
    let opened = timeout(CONNECT_TIMEOUT, Box::pin(open_stream(target, errand))).await;
    let (stream, way) = opened.unwrap_or(Err(WireError::Timeout))?;
    let (mut sender, connection) = http1::handshake(Stream(stream)).await.map_err(|_| WireError::Broken)?;
    // Ends with the exchange, finished or not.
    let driven = AbortOnDropHandle::new(tokio::spawn(connection));
    let response = sender.send_request(request).await.map_err(|_| WireError::Broken)?;
    Ok((response, way.peer.ip(), driven))
}

/// What the host header says: without the usual port.
pub(super) fn host_of(target: &Target) -> String {
    match target.port {
        443 if target.secure => target.authority().trim_end_matches(":443").to_owned(),
        80 if !target.secure => target.authority().trim_end_matches(":80").to_owned(),
        _ => target.authority(),
    }
}

fn request(target: &Target, ask: &Ask) -> Result<Request<Full<Bytes>>, WireError> {
    let host = host_of(target);
    let request = Request::builder().uri(&target.path).header(HOST, host).header(USER_AGENT, super::USER_AGENT);
    let built = match ask {
        Ask::Get => request.method(Method::GET).body(Full::default()),
        Ask::Post { json, bearer } => {
            let mut request = request.method(Method::POST).header(CONTENT_TYPE, "application/json");
            if let Some(bearer) = bearer {
                request = request.header(AUTHORIZATION, format!("Bearer {bearer}"));
            }
            request.body(Full::from(json.clone()))
        }
    };
    built.map_err(|_| WireError::BadAddress)
}

/// A stream in the words of hyper.
pub(super) struct Stream(pub(super) Box<dyn ByteStream>);

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<std::io::Result<()>> {
        // Through a piece of our own, because hyper's buffer may hold memory that was never written.
        let mut piece = [0; 8 * 1024];
        let room = piece.len().min(buffer.remaining());
        let mut read = ReadBuf::new(&mut piece[..room]);
        let polled = Pin::new(&mut self.0).poll_read(context, &mut read);
        if matches!(polled, Poll::Ready(Ok(()))) {
            buffer.put_slice(read.filled());
        }
        polled
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Reach;
    use super::*;
    use crate::contacts::{Contacts, errand};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn ask_for(target: &Target, ask: Ask) -> Result<Answer, WireError> {
        fetch(target, ask, &errand(&Contacts::default())).await
    }

    fn target(port: u16, path: &str) -> Target {
        let (host, path, reach) = ("127.0.0.1".to_owned(), path.to_owned(), Reach::Anywhere);
        Target { secure: false, host, port, path, pin: None, protocol: None, reach }
    }

    /// Answers every connection with what `answer` makes of its request.
    async fn serve(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            loop {
                let (mut tcp, _) = listener.accept().await.unwrap();
                let mut head = vec![0; 4_000];
                let read = tcp.read(&mut head).await.unwrap();
                let _ = tcp.write_all(&answer(&String::from_utf8_lossy(&head[..read]))).await;
            }
        });
        port
    }

    fn page(body: &str) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len()).into_bytes()
    }

    #[tokio::test]
    async fn a_page_is_fetched_and_a_request_says_little_of_who_asks() {
        let port = serve(page).await;
        let answer = ask_for(&target(port, "/config.js?room=rosa"), Ask::Get).await.unwrap();
        let head = String::from_utf8(answer.body).unwrap().to_lowercase();
        assert!(head.starts_with("get /config.js?room=rosa http/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("host: 127.0.0.1:{port}\r\n")) && head.contains("user-agent: runde/0\r\n"));
        assert_eq!((answer.status, head.lines().filter(|line| line.contains(':')).count()), (200, 2), "{head}");
    }

    #[tokio::test]
    async fn a_post_carries_its_token_in_the_header() {
        let port = serve(page).await;
        let ask = Ask::Post { json: "{\"a\":1}".into(), bearer: Some("t.o.k".into()) };
        let answer = ask_for(&target(port, "/conference?room=rosa"), ask).await.unwrap();
        let said = String::from_utf8(answer.body).unwrap();
        assert!(said.starts_with("POST /conference?room=rosa HTTP/1.1"), "{said}");
        assert!(said.contains("Bearer t.o.k\r\n") && said.ends_with("{\"a\":1}"), "{said}");
    }

    #[tokio::test]
    async fn redirects_are_followed_three_times_and_not_to_other_hosts() {
        let step = |head: &str| {
            let left = head.as_bytes()[5];
            let next = if left == b'0' { return page("done") } else { char::from(left - 1) };
            format!("HTTP/1.1 302 Found\r\nlocation: /{next}\r\ncontent-length: 0\r\n\r\n").into_bytes()
        };
        let port = serve(step).await;
        assert_eq!(ask_for(&target(port, "/3"), Ask::Get).await.unwrap().body, b"done");
        assert_eq!(ask_for(&target(port, "/4"), Ask::Get).await, Err(WireError::NotJitsi(508)));
        let away = |_: &str| b"HTTP/1.1 301 Moved\r\nlocation: http://127.0.0.2/\r\ncontent-length: 0\r\n\r\n".to_vec();
        let port = serve(away).await;
        assert_eq!(ask_for(&target(port, "/"), Ask::Get).await.unwrap().status, 301);
    }

    #[tokio::test]
    async fn a_giant_answer_and_one_that_never_ends_are_cut_off() {
        let port = serve(|_| page(&"x".repeat(MAX_BODY + 1))).await;
        assert_eq!(ask_for(&target(port, "/"), Ask::Get).await, Err(WireError::Broken));
        let port = serve(|_| page(&"x".repeat(MAX_BODY))).await;
        assert_eq!(ask_for(&target(port, "/"), Ask::Get).await.unwrap().body.len(), MAX_BODY);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let silent = target(listener.local_addr().unwrap().port(), "/");
        tokio::time::pause();
        assert_eq!(ask_for(&silent, Ask::Get).await, Err(WireError::Timeout));
    }
}
