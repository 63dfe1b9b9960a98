//! The XMPP connection by plain HTTP requests (BOSH), where there is no WebSocket. Same two channels as `pump`.
//!
//! Two connections to the server are kept and used again and again; one usually waits for the server to say something. What
//! the bodies mean is `runde_signalling::bosh`'s business. Start at [`pump_bosh`].

use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Method, Request, StatusCode};
use runde_signalling::bosh::{self, Bosh, BoshError};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use super::fetch::{MAX_BODY, Stream, host_of};
use super::{CONNECT_TIMEOUT, Ended, Incoming, Target, Way, WireError, open_stream};
use crate::contacts::Errand;

/// For how long a request may stay unanswered: the server holds it for a while, and answers within a few seconds then.
const LIMIT: Duration = Duration::from_secs(bosh::WAIT + 15);

/// One connection, free for the next request.
struct Line {
    sender: SendRequest<Full<Bytes>>,
    _driven: AbortOnDropHandle<()>,
}

impl Line {
    async fn open(target: &Target, errand: &Errand) -> Result<(Self, Way), WireError> {
        let opened = timeout(CONNECT_TIMEOUT, Box::pin(open_stream(target, errand))).await;
        let (stream, way) = opened.unwrap_or(Err(WireError::Timeout))?;
        let (sender, connection) = http1::handshake(Stream(stream)).await.map_err(|_| WireError::Broken)?;
        let driven = tokio::spawn(async move {
            let _ = connection.await;
        });
        Ok((Self { sender, _driven: AbortOnDropHandle::new(driven) }, way))
    }

    async fn post(&mut self, target: &Target, body: &str) -> Result<String, WireError> {
        let request = Request::builder()
            .method(Method::POST)
            .uri(&target.path)
            .header(HOST, host_of(target))
            .header(USER_AGENT, super::USER_AGENT)
            .header(CONTENT_TYPE, "text/xml; charset=utf-8")
            .body(Full::from(body.to_owned()))
            .map_err(|_| WireError::BadAddress)?;
        let response = self.sender.send_request(request).await.map_err(|_| WireError::Broken)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), MAX_BODY).collect().await.map_err(|_| WireError::Broken)?;
        if status != StatusCode::OK {
            return Err(WireError::NotJitsi(status.as_u16()));
        }
        String::from_utf8(body.to_bytes().to_vec()).map_err(|_| WireError::Broken)
    }
}

/// What became of a request: its number, the answer, and the connection for the next one.
type Done = (u64, Result<(String, Line), WireError>);

/// One request over a free connection, or over a new one. A server may close a connection that was free: then the same
/// request, with its number, goes over a new one (XEP-0124 section 14.3).
async fn post(target: Target, errand: Errand, free: Option<Line>, request: bosh::Request) -> Done {
    let exchange = async {
        if let Some(mut line) = free
            && let Ok(answer) = line.post(&target, &request.body).await
        {
            return Ok((answer, line));
        }
        let (mut line, _) = Line::open(&target, &errand).await?;
        let answer = line.post(&target, &request.body).await?;
        Ok((answer, line))
    };
    (request.rid, timeout(LIMIT, Box::pin(exchange)).await.unwrap_or(Err(WireError::Timeout)))
}

/// Connects, then moves frames, as `pump` does over a WebSocket. Returns whether it had opened.
pub(crate) async fn pump_bosh(
    target: &Target,
    errand: &Errand,
    outgoing: &mut mpsc::Receiver<String>,
    incoming: &mpsc::Sender<Incoming>,
) -> bool {
    let mut random = [0; 8];
    let opened = match getrandom::fill(&mut random) {
        Ok(()) => Line::open(target, errand).await,
        Err(_) => Err(WireError::Broken),
    };
    let (line, way) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            let _ = incoming.send(Incoming::Failed(error)).await;
            return false;
        }
    };
    if incoming.send(Incoming::Opened(way)).await.is_ok() {
        carry((target, errand), line, Bosh::new(u64::from_le_bytes(random)), outgoing, incoming).await;
        let _ = incoming.send(Incoming::Closed(Ended::Broken)).await;
    }
    true
}

/// Until the conversation is over, nobody listens any more, or the last word is answered.
async fn carry(
    (target, errand): (&Target, &Errand),
    line: Line,
    mut bosh: Bosh,
    outgoing: &mut mpsc::Receiver<String>,
    incoming: &mpsc::Sender<Incoming>,
) {
    let (mut free, mut posts, mut leaving) = (vec![line], JoinSet::<Done>::new(), false);
    loop {
        while let Some(request) = bosh.next_request() {
            posts.spawn(post(target.clone(), errand.clone(), free.pop(), request));
        }
        if leaving && posts.is_empty() {
            return;
        }
        tokio::select! {
            said = outgoing.recv(), if !leaving => match said {
                Some(frame) => bosh.say(frame),
                None => {
                    bosh.say("<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>".to_owned());
                    leaving = true;
                }
            },
            Some(Ok((rid, answer))) = posts.join_next() => {
                let Ok((body, line)) = answer.inspect_err(|error| tracing::info!(%error, "a request failed")) else {
                    return;
                };
                free.push(line);
                if !hand_on(bosh.answered(rid, body), incoming).await {
                    return;
                }
            }
        }
    }
}

/// False when there is nothing more to come, or nobody to hear it.
async fn hand_on(heard: Result<Vec<String>, BoshError>, incoming: &mpsc::Sender<Incoming>) -> bool {
    let frames = match heard {
        Ok(frames) => frames,
        Err(error) => {
            tracing::info!(%error, "the conversation is over");
            return false;
        }
    };
    for frame in frames {
        if incoming.send(Incoming::Text(frame)).await.is_err() {
            return false;
        }
    }
    true
}
