//! HTTP: connections in, pages and web sockets out. Everything that is not named here is 404.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{DefaultBodyLimit, Extension, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use runde_privacy::document::WELL_KNOWN;

use crate::access_log::{Counted, Meter, Pen};
use crate::hall::{ConnId, ToHall};
use crate::page;
use crate::site::Site;
use crate::web_root::WebRoot;
use crate::wire::{Line, MAX_BRIDGE_FRAME, MAX_XMPP_FRAME, OUTBOX, Wire};

/// TCP connections that have not become a guest's web socket: handshakes, pages, strangers' sockets. A stranger costs
/// about 30 kB; more of them than this wait in the system's queue.
const STRANGERS: usize = 256;
/// The TLS handshake, then each request's head, must be complete within this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
const HEAD: Duration = Duration::from_secs(10);
/// Life of a connection that serves pages only.
const PAGES: Duration = Duration::from_secs(60);
/// Bytes and lines of a request's head.
const MAX_HEAD: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
/// Bytes of a conference request; a client's has about 300.
const MAX_REQUEST: usize = 4 * 1024;
/// The hall answers at once; this only ends the wait when it is gone.
const ANSWER: Duration = Duration::from_secs(5);

/// The address at the other end of a connection.
#[derive(Clone, Copy)]
struct From(IpAddr);

/// What every request may use.
#[derive(Clone)]
pub(crate) struct Web {
    pub(crate) site: Arc<Site>,
    pub(crate) hall: mpsc::Sender<ToHall>,
    pub(crate) cancel: CancellationToken,
    pub(crate) tasks: TaskTracker,
    pen: Option<Pen>,
    pages: Option<Arc<WebRoot>>,
    strangers: Arc<Semaphore>,
    next: Arc<AtomicU64>,
}

impl Web {
    pub(crate) fn new(
        site: Arc<Site>,
        hall: mpsc::Sender<ToHall>,
        cancel: CancellationToken,
        tasks: TaskTracker,
        pen: Option<Pen>,
    ) -> Self {
        let strangers = Arc::new(Semaphore::new(STRANGERS));
        Self { site, hall, cancel, tasks, pen, pages: None, strangers, next: Arc::new(AtomicU64::new(1)) }
    }

    /// Serves a build of Jitsi's web page, too.
    pub(crate) fn with_pages(self, pages: Option<WebRoot>) -> Self {
        Self { pages: pages.map(Arc::new), ..self }
    }

    /// Accepts until cancelled.
    pub(crate) async fn listen(self, listener: TcpListener, acceptor: Option<TlsAcceptor>) {
        let slots = Arc::new(Semaphore::new(STRANGERS));
        let router = router(self.clone());
        loop {
            let slot = tokio::select! {
                () = self.cancel.cancelled() => return,
                slot = Arc::clone(&slots).acquire_owned() => slot,
            };
            let accepted = tokio::select! {
                () = self.cancel.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let Ok((stream, from)) = accepted else {
                // Out of file descriptors: trying again at once would only spin.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let router = router.clone().layer(Extension(From(from.ip())));
            let meter = Meter::new(self.pen.clone(), from.ip());
            let (acceptor, cancel) = (acceptor.clone(), self.cancel.clone());
            self.tasks.spawn(async move {
                let _slot = slot;
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = greet(stream, acceptor, router, meter) => {}
                }
            });
        }
    }

    fn connection(&self) -> ConnId {
        ConnId(self.next.fetch_add(1, Ordering::Relaxed))
    }
}

async fn greet(stream: TcpStream, acceptor: Option<TlsAcceptor>, router: Router, meter: Meter) {
    let _ = stream.set_nodelay(true);
    let stream = Counted::new(stream, meter.clone());
    match acceptor {
        None => serve(stream, router, meter).await,
        Some(acceptor) => {
            if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                serve(stream, router, meter).await;
            }
        }
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, router: Router, meter: Meter) {
    let pages = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        meter.asked(request.headers());
        request.extensions_mut().insert(meter.clone());
        pages.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // Errors are the guest's: a cut connection, a malformed request.
    let _ = timeout(PAGES, connection).await;
}

fn router(web: Web) -> Router {
    Router::new()
        .route("/config.js", get(config_js))
        .route("/xmpp-websocket", get(xmpp))
        .route(WELL_KNOWN, get(notice_document))
        .route(page::NOTICE_PAGE, get(notice_page))
        .route("/conference-request/v1", post(conference_request).layer(DefaultBodyLimit::max(MAX_REQUEST)))
        .route("/colibri-ws/{server}/{conference}/{endpoint}", get(bridge))
        .route("/{room}", get(landing))
        .fallback(supplied)
        .with_state(web)
}

async fn landing(State(web): State<Web>, uri: Uri, headers: HeaderMap) -> Response {
    if let Some(file) = supplied_file(&web, uri.path()).await {
        return file;
    }
    if wants_supplied_page(&uri, &headers)
        && let Some(page) = supplied_page(&web).await
    {
        return page;
    }
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let Some(html) = page::landing(&web.site, uri.path(), page::language(asked)) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    html_page(html)
}

/// What is no page of ours may be a file of the supplied build.
async fn supplied(State(web): State<Web>, uri: Uri) -> Response {
    supplied_file(&web, uri.path()).await.unwrap_or_else(|| StatusCode::NOT_FOUND.into_response())
}

async fn supplied_file(web: &Web, path: &str) -> Option<Response> {
    let (pages, path) = (Arc::clone(web.pages.as_ref()?), path.to_owned());
    let (bytes, kind) = tokio::task::spawn_blocking(move || pages.file(&path)).await.ok()??;
    Some(with_kind(kind, Body::from(bytes)))
}

/// The person asked for it on our page of the room, or Jitsi's desktop app shows it in a frame.
fn wants_supplied_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let framed = headers.get("sec-fetch-dest").is_some_and(|kind| kind == "iframe");
    framed || uri.query().is_some_and(|query| query.split('&').any(|part| part == page::IN_BROWSER))
}

async fn supplied_page(web: &Web) -> Option<Response> {
    let pages = Arc::clone(web.pages.as_ref()?);
    let page = tokio::task::spawn_blocking(move || pages.page()).await.ok()??;
    Some(with_kind("text/html; charset=utf-8", Body::from(page)))
}

/// The notice for programs: what a guest's Runde reads before it enters.
async fn notice_document(State(web): State<Web>) -> Response {
    plain("application/json", web.site.notice.document().to_json())
}

/// The notice for people whose client only knows a link to it.
async fn notice_page(State(web): State<Web>, headers: HeaderMap) -> Response {
    let asked = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    html_page(page::notice_alone(&web.site.notice, page::language(asked)))
}

fn html_page(html: String) -> Response {
    let mut response = plain("text/html; charset=utf-8", html);
    if let Ok(policy) = page::content_security_policy().parse() {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn config_js(State(web): State<Web>) -> Response {
    plain("application/javascript; charset=utf-8", web.site.config_js())
}

/// The conference request of clients that ask before they connect. JSON by name only: a foreign page cannot send that
/// without asking the browser, and so opens no rooms here behind its reader's back.
async fn conference_request(State(web): State<Web>, headers: HeaderMap, body: String) -> Response {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        return StatusCode::UNSUPPORTED_MEDIA_TYPE.into_response();
    }
    let (reply, answer) = oneshot::channel();
    if web.hall.send(ToHall::Conference { body, reply }).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match timeout(ANSWER, answer).await {
        Ok(Ok(Some(answer))) => plain("application/json", answer),
        Ok(Ok(None)) => StatusCode::BAD_REQUEST.into_response(),
        Ok(Err(_)) | Err(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
    }
}

async fn xmpp(
    State(web): State<Web>,
    Extension(From(from)): Extension<From>,
    Extension(meter): Extension<Meter>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Response {
    // A plain GET keeps a load balancer's affinity; clients only look at the status.
    let Ok(upgrade) = upgrade else { return StatusCode::OK.into_response() };
    let Ok(stranger) = Arc::clone(&web.strangers).try_acquire_owned() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (outbox_in, outbox) = mpsc::channel(OUTBOX);
    let id = web.connection();
    upgrade.protocols(["xmpp"]).max_frame_size(MAX_XMPP_FRAME).max_message_size(MAX_XMPP_FRAME).on_upgrade(
        move |socket| async move {
            if web.hall.send(ToHall::Opened { id, from, outbox: outbox_in, meter }).await.is_ok() {
                let (hall, cancel, stranger) = (web.hall.clone(), web.cancel.clone(), Some(stranger));
                Wire { socket, id, line: Line::Xmpp, hall, outbox, stranger, cancel }.run().await;
            }
        },
    )
}

async fn bridge(
    State(web): State<Web>,
    Path((_, conference, endpoint)): Path<(String, String, String)>,
    Extension(meter): Extension<Meter>,
    uri: Uri,
    upgrade: WebSocketUpgrade,
) -> Response {
    let password = uri.query().unwrap_or_default().split('&').find_map(|part| part.strip_prefix("pwd="));
    let password = password.unwrap_or_default().to_owned();
    let (outbox_in, outbox) = mpsc::channel(OUTBOX);
    let id = web.connection();
    let (reply, answer) = oneshot::channel();
    let asked = ToHall::BridgeWanted { id, conference, endpoint, password, outbox: outbox_in, meter, reply };
    if web.hall.send(asked).await.is_err() || !matches!(timeout(ANSWER, answer).await, Ok(Ok(true))) {
        return StatusCode::FORBIDDEN.into_response();
    }
    upgrade.max_frame_size(MAX_BRIDGE_FRAME).max_message_size(MAX_BRIDGE_FRAME).on_upgrade(move |socket| async move {
        let (hall, cancel) = (web.hall.clone(), web.cancel.clone());
        if hall.send(ToHall::BridgeOpened(id)).await.is_ok() {
            Wire { socket, id, line: Line::Bridge, hall, outbox, stranger: None, cancel }.run().await;
        }
    })
}

fn plain(kind: &'static str, body: String) -> Response {
    with_kind(kind, Body::from(body))
}

fn with_kind(kind: &'static str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, body).into_response()
}

#[cfg(test)]
mod tests {
    use futures_util::StreamExt as _;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::Instant;
    use tokio_tungstenite::tungstenite::Message;
    use tokio_tungstenite::{WebSocketStream, client_async};

    use super::*;
    use crate::ServeOptions;
    use crate::hall::Frame;

    /// A hall that lets everybody in, or that never says a word.
    fn web(seats: bool) -> Web {
        web_saying(seats.then_some(|| Frame::Seated))
    }

    /// A hall that says the same to everybody who comes.
    fn web_saying(greeting: Option<fn() -> Frame>) -> Web {
        let options = ServeOptions::new("127.0.0.1:8443".parse().unwrap());
        let site = Site::new(&options, options.listen, &[]).unwrap();
        let (hall, mut inbox) = mpsc::channel(8);
        tokio::spawn(async move {
            let mut kept = Vec::new();
            while let Some(said) = inbox.recv().await {
                if let ToHall::Opened { outbox, .. } = said {
                    if let Some(greeting) = greeting {
                        outbox.send(greeting()).await.unwrap();
                    }
                    kept.push(outbox);
                }
            }
        });
        Web::new(Arc::new(site), hall, CancellationToken::new(), TaskTracker::new(), None)
    }

    fn connect(web: &Web) -> DuplexStream {
        let (near, far) = duplex(64 * 1024);
        let from = From(std::net::Ipv4Addr::LOCALHOST.into());
        let meter = Meter::new(None, from.0);
        tokio::spawn(serve(far, router(web.clone()).layer(Extension(from)), meter));
        near
    }

    async fn socket(web: &Web) -> WebSocketStream<DuplexStream> {
        client_async("ws://x/xmpp-websocket", connect(web)).await.unwrap().0
    }

    async fn seconds_until_closed(mut socket: WebSocketStream<DuplexStream>) -> u64 {
        let start = Instant::now();
        while !matches!(socket.next().await, None | Some(Err(_) | Ok(Message::Close(_)))) {}
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_dribbles_in_is_cut() {
        let (start, mut stream) = (Instant::now(), connect(&web(false)));
        stream.write_all(b"GET /runde HTTP/1.1\r\nhost").await.unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(start.elapsed() <= HEAD + Duration::from_secs(1), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_only_asks_for_pages_ends() {
        let (start, mut stream) = (Instant::now(), connect(&web(false)));
        while stream.write_all(b"GET /runde HTTP/1.1\r\nhost: x\r\n\r\n").await.is_ok() {
            let mut answer = [0; 32 * 1024];
            if stream.read(&mut answer).await.unwrap_or(0) == 0 {
                break;
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        assert!(start.elapsed() <= PAGES + Duration::from_secs(3), "{:?}", start.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_stranger_who_never_enters_a_room_is_sent_away_though_it_answers_pings() {
        let closed = seconds_until_closed(socket(&web(false)).await).await;
        assert!((30..=45).contains(&closed), "{closed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_has_five_minutes_to_type_a_password() {
        let web = web_saying(Some(|| Frame::Asked));
        let closed = seconds_until_closed(socket(&web).await).await;
        assert!((300..=315).contains(&closed), "{closed}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_that_answers_pings_stays_and_one_that_does_not_is_gone() {
        let web = web(true);
        let mut present = socket(&web).await;
        let stays =
            timeout(Duration::from_secs(300), async { while present.next().await.is_some_and(|m| m.is_ok()) {} });
        assert!(stays.await.is_err(), "five minutes of nothing but pings");
        let dark = socket(&web).await;
        tokio::time::sleep(Duration::from_secs(70)).await;
        assert!(seconds_until_closed(dark).await <= 1);
    }

    #[tokio::test(start_paused = true)]
    async fn strangers_beyond_the_slots_are_refused_and_guests_free_theirs() {
        let mut full = Vec::new();
        let waiting = web(false);
        for _ in 0..STRANGERS {
            full.push(socket(&waiting).await);
        }
        assert!(client_async("ws://x/xmpp-websocket", connect(&waiting)).await.is_err());
        let welcoming = web(true);
        for _ in 0..STRANGERS + 20 {
            full.push(socket(&welcoming).await);
            tokio::task::yield_now().await;
        }
    }
}
