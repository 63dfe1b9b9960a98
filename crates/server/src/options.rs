//! What whoever opens rooms decides, and why it may be refused.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use runde_privacy::Notice;
use runde_privacy::access_log::Retention;
use runde_signalling::guest::Relay;
use runde_signalling::host::{HostConfig, MAX_PASSWORD};
use runde_signalling::secret::Secret;

use crate::access_log::AccessLog;

/// Slots unless asked for otherwise: what a Jitsi bridge has.
const SLOTS: usize = 50;
/// Three SSRCs each: with a guest's own streams far below what one transport takes.
pub const MAX_SLOTS: usize = 200;

/// How the connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// A certificate made at start and kept in memory only; its fingerprint is part of every link.
    SelfSigned,
    /// PEM files: the certificate chain and its key.
    Files {
        /// The chain, own certificate first.
        cert: PathBuf,
        /// PKCS#8, PKCS#1 or SEC1.
        key: PathBuf,
    },
    /// None: allowed on loopback only.
    Off,
}

/// Where and how rooms are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeOptions {
    /// TCP and UDP use the same number; port 0 takes a free one.
    pub listen: SocketAddr,
    /// How guests reach it when that differs from `listen`, e.g. `https://meet.example.org`.
    pub public_url: Option<String>,
    /// Where guests send sound and pictures when that differs, behind a router that passes another port on. No other address is
    /// told to them then.
    pub media: Option<SocketAddr>,
    /// The host's own relays, for guests behind networks that let nothing else through; guests are told the credentials.
    pub relays: Vec<Relay>,
    /// How the connection is protected.
    pub tls: Tls,
    /// The notice that guests note before they come in; its hash is in every link (`#rn=`).
    pub notice: Notice,
    /// The access log; none is kept unless asked for. Set it with [`Self::with_access_log`] or [`Self::under`], which set the
    /// notice too.
    pub access_log: Option<AccessLog>,
    /// What every room asks for from its beginning; a moderator may change it in the room. At most 256 bytes.
    pub password: Option<Secret>,
    /// Every room begins with a lobby: the first who comes enters (with the password where there is one), others wait.
    pub lobby: bool,
    /// How many voices, and how many pictures, a guest is sent at once whose client understands source maps (SSRC rewriting), 1 to
    /// [`MAX_SLOTS`]. The SSRCs are given to whoever is to be heard and seen. To other guests everything is sent that they ask for.
    pub slots: usize,
    /// A build of Jitsi's web page, for guests whose client loads its host's page. None is part of Runde.
    pub web_root: Option<PathBuf>,
}

impl ServeOptions {
    /// A self-signed server at `listen` with the bundled notice for rooms of one's own.
    #[must_use]
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            public_url: None,
            media: None,
            relays: Vec::new(),
            tls: Tls::SelfSigned,
            notice: Notice::embedded_room(),
            access_log: None,
            password: None,
            lobby: false,
            slots: SLOTS,
            web_root: None,
        }
    }

    /// Keeps an access log, and says so to the guests.
    #[must_use]
    pub fn with_access_log(self, log: AccessLog) -> Self {
        Self { notice: Notice::embedded_room_with_log(log.retention), access_log: Some(log), ..self }
    }

    /// Serves under the notice that whoever opens the rooms wrote, with the access log it names.
    #[must_use]
    pub fn under(self, notice: Notice, access_log: Option<AccessLog>) -> Self {
        Self { notice, access_log, ..self }
    }

    /// What the conversation's side of the server is to be.
    pub(crate) fn host(&self, domain: &str) -> Result<HostConfig, ServeError> {
        if self.password.as_ref().is_some_and(|password| password.expose().len() > MAX_PASSWORD) {
            return Err(ServeError::LongPassword);
        }
        Ok(HostConfig {
            relays: self.relays.clone(),
            password: self.password.clone(),
            lobby: self.lobby,
            ..HostConfig::new(domain)
        })
    }

    /// How long the access log is kept, where there is one.
    pub(crate) fn retention(&self) -> Option<Retention> {
        self.access_log.as_ref().map(|log| log.retention)
    }

    /// The notice guests are shown, if it says about the access log what is so.
    pub(crate) fn notice(&self) -> Result<Notice, ServeError> {
        let sound = self.notice.is_of_rooms() && self.notice.access_log() == self.retention();
        if sound { Ok(self.notice.clone()) } else { Err(ServeError::NoticeHidesLog) }
    }
}

/// Why no room could be opened: what happened, why, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("port {} is in use by another program; stop it or choose another port with --listen", .0.port())]
    PortInUse(SocketAddr),
    #[error("{addr} cannot be listened on: {source}; choose an address of this computer with --listen")]
    Listen { addr: SocketAddr, source: io::Error },
    #[error(
        "{0} can be reached from outside, where a connection without TLS could be read by others; leave TLS on or listen on 127.0.0.1"
    )]
    TlsNeeded(SocketAddr),
    #[error("{} cannot be used as certificate or key: {reason}; it must be a PEM file this user can read", path.display())]
    Certificate { path: PathBuf, reason: String },
    #[error("no certificate could be made: {0}; the system gave no random numbers, try again")]
    Identity(String),
    #[error(
        "the access log cannot be kept in {}: {source}; choose another folder, or serve without a log", folder.display()
    )]
    AccessLog { folder: PathBuf, source: io::Error },
    #[error("{} cannot be served as a web page: {source}; name the folder of a build of Jitsi's web page", folder.display())]
    WebRoot { folder: PathBuf, source: crate::WebRootError },
    #[error("the notice that guests would be shown does not say what is so about the access log")]
    NoticeHidesLog,
    #[error("the password is longer than {MAX_PASSWORD} bytes; choose a shorter one")]
    LongPassword,
    #[error("the notice about rooms with this access log has not been noted")]
    LogNotNoted,
    #[error("the notice that guests would be shown has not been noted by whoever opens the rooms")]
    NoticeNotNoted,
    #[error("{0:?} is not a public address; it reads like https://meet.example.org or https://192.0.2.7:8443")]
    PublicUrl(String),
}
