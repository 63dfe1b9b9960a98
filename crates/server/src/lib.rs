//! The room server inside Runde: one port, a web page, two web sockets, media for everybody in the room.
//!
//! What it is not: it decides nothing about the conversation (`runde-signalling`), about packets (`runde-transport`) or
//! about who sees whom (`runde-sfu`); it brings them together. It logs no name, no address and no room above debug, and
//! writes nothing to disk but the access log that its guests' notice names, if the host asked for one.
//!
//! Start at [`Server::spawn`]. `hall` is the one task that owns the UDP socket and all rooms; `web` takes connections,
//! `wire` is one web socket, `site` knows how the server is called, `page` is what a browser sees, `access_log` is what is
//! remembered.

mod access_log;
mod hall;
mod options;
mod pace;
mod page;
mod site;
mod tls;
mod web;
mod web_root;
mod wire;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use runde_privacy::{Host, Lang, Permit};
use runde_transport::Identity;
use runde_transport::socket::Socket;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use access_log::export as export_log;
pub use access_log::{AccessLog, Clock, HoldFailure, Holds, Kept, Listing, LogTrouble, Look, Seal, look, purge};
pub use options::{MAX_SLOTS, ServeError, ServeOptions, Tls};
pub use runde_signalling::guest::Relay;
pub use runde_signalling::secret::Secret;
pub use web_root::WebRootError;

use hall::{Hall, INBOX, Told};
use site::Site;
use tls::Protection;
use web::Web;

/// Tries to find a port number that is free for TCP and UDP when none was asked for.
const PORT_TRIES: usize = 8;
/// How long guests' connections may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(3);

/// Opens rooms.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Listens and serves until the handle is shut down or dropped. Must be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`ServeError`] says what is in the way.
    pub fn spawn(permit: Permit<Host>, options: ServeOptions) -> Result<ServerHandle, ServeError> {
        if options.tls == Tls::Off && !options.listen.ip().is_loopback() {
            return Err(ServeError::TlsNeeded(options.listen));
        }
        if options.access_log.is_some() && permit.access_log() != options.retention() {
            return Err(ServeError::LogNotNoted);
        }
        if options.notice()? != *permit.notice() {
            return Err(ServeError::NoticeNotNoted);
        }
        // Overdue days are gone before anybody can come in.
        let log = options.access_log.as_ref().map(access_log::open).transpose()?;
        let root = options.web_root.as_ref().map(|folder| web_root::of(folder)).transpose()?;
        let (listener, socket, local) = bind(options.listen)?;
        let site = Site::new(&options, local, &interfaces())?;
        let host = options.host(&site.host)?;
        let protection = Protection::prepare(&options.tls, certificate_names(&site))?;
        let site = Arc::new(site.with_proofs(protection.fingerprint.as_deref(), &options.notice.sha256(Lang::De)));
        let identity = Identity::generate().map_err(|error| ServeError::Identity(error.to_string()))?;
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|error| ServeError::Identity(error.to_string()))?;

        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let (inbox_in, inbox) = mpsc::channel(INBOX);
        let (rooms_in, rooms) = watch::channel(0);
        let (refused_in, refused) = watch::channel(0);
        let told = Told { rooms: rooms_in, refused: refused_in };
        let hall = Hall::new(Arc::clone(&site), host, identity, socket, local, seed, told);
        tasks.spawn(hall.run(inbox, cancel.clone()));
        let (pen, troubles) = log.map_or((None, None), |(pen, scribe, troubles)| {
            tasks.spawn(scribe.run());
            (Some(pen), Some(troubles))
        });
        let web = Web::new(Arc::clone(&site), inbox_in, cancel.clone(), tasks.clone(), pen).with_pages(root);
        tasks.spawn(web.listen(listener, protection.acceptor));
        tracing::info!("rooms can be opened");
        Ok(ServerHandle { site, local, rooms, refused, troubles, tasks, cancel: cancel.drop_guard() })
    }
}

/// A running server. Dropping it ends all rooms without a goodbye.
#[derive(Debug)]
pub struct ServerHandle {
    site: Arc<Site>,
    local: SocketAddr,
    rooms: watch::Receiver<usize>,
    refused: watch::Receiver<u64>,
    troubles: Option<mpsc::Receiver<LogTrouble>>,
    tasks: TaskTracker,
    cancel: DropGuard,
}

impl ServerHandle {
    /// The base of every room link: `https://host:port`, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.site.url
    }

    /// What comes after the room in a link: `#fp=…&rn=…`, or `#rn=…` without TLS.
    #[must_use]
    pub fn fragment(&self) -> &str {
        &self.site.fragment
    }

    /// Where it listens, with the port that was really taken.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The link of a room, to be given to guests.
    #[must_use]
    pub fn room_link(&self, room: &str) -> String {
        format!("{}/{room}{}", self.site.url, self.site.fragment)
    }

    /// Rooms in which media was offered, that is with two guests or more.
    #[must_use]
    pub fn rooms(&self) -> usize {
        *self.rooms.borrow()
    }

    /// Guests of which a room has not taken all streams, since the start. Each counts once; changes whenever there is one more.
    #[must_use]
    pub fn refused(&self) -> watch::Receiver<u64> {
        self.refused.clone()
    }

    /// What goes wrong with the access log from now on; `None` without one, and the second time.
    pub fn log_troubles(&mut self) -> Option<mpsc::Receiver<LogTrouble>> {
        self.troubles.take()
    }

    /// Ends all rooms, tells the guests, and frees the port.
    pub async fn shutdown(self) {
        let cancel = self.cancel.disarm();
        cancel.cancel();
        self.tasks.close();
        let _ = timeout(GOODBYE, self.tasks.wait()).await;
    }
}

/// TCP and UDP on the same number.
fn bind(wanted: SocketAddr) -> Result<(tokio::net::TcpListener, Socket, SocketAddr), ServeError> {
    let tries = if wanted.port() == 0 { PORT_TRIES } else { 1 };
    let mut last = None;
    for _ in 0..tries {
        let bound = listen(wanted).and_then(|listener| {
            let local = listener.local_addr()?;
            Ok((listener, Socket::bind(local)?, local))
        });
        match bound {
            Ok(bound) => return Ok(bound),
            Err(error) => last = Some(error),
        }
    }
    let source = last.unwrap_or_else(|| io::Error::from(io::ErrorKind::AddrInUse));
    if source.kind() == io::ErrorKind::AddrInUse {
        return Err(ServeError::PortInUse(wanted));
    }
    Err(ServeError::Listen { addr: wanted, source })
}

fn listen(addr: SocketAddr) -> io::Result<tokio::net::TcpListener> {
    let listener = std::net::TcpListener::bind(addr)?;
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

fn interfaces() -> Vec<IpAddr> {
    let found = if_addrs::get_if_addrs().unwrap_or_default();
    found.iter().map(if_addrs::Interface::ip).collect()
}

fn certificate_names(site: &Site) -> Vec<String> {
    let mut names = vec![site.host.trim_matches(['[', ']']).to_owned(), "localhost".to_owned()];
    names.extend(site.addresses.iter().map(|address| address.ip().to_string()));
    names.sort();
    names.dedup();
    names
}
