//! The way to the other side through a relay of the deployment, where no direct one works or none shall be used.
//!
//! ICE here knows one own address. So a peer that is reached through the relay gets a second address, from a range that no
//! network routes ([`alias`]), which the driver translates: to the agent it is one more candidate, and nothing else of the
//! endpoint needs to know. Several servers are tried at once; the first that relays is used. Start at [`Relay::begin`].

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_crypto::RTCCryptoProvider;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout, timeout_at};

use crate::Identity;
use crate::config::{Candidate, CandidateKind};
use crate::ice::MAX_CANDIDATES;
use crate::socket::Meter;
use crate::turn::{Account, Allocation, Fact};

/// Datagrams waiting for the relay: a key frame of the largest layer. What finds no room is lost.
const OUTGOING: usize = 256;
/// Datagrams of the relay not yet read. What finds no room is lost.
const INCOMING: usize = 256;
/// Name, connection, allocation and permission together.
const OPENING: Duration = Duration::from_secs(10);
/// The largest message.
const MESSAGE: usize = 65_535;
/// How long giving the allocation back may take.
const FAREWELL: Duration = Duration::from_millis(200);
/// Type preference 0 (RFC 8445 section 5.1.2.2): any other way is better.
const PRIORITY: u32 = (65_535 << 8) + 255;

/// A stream of bytes to a server, protected or not.
pub trait ByteStream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> ByteStream for T {}

/// What carries messages to a server.
pub enum Link {
    /// Connected to the server, with whoever counts what passes.
    Datagrams(UdpSocket, Arc<dyn Meter>),
    /// TCP, or TLS over it, with the own address.
    Stream(Box<dyn ByteStream>, SocketAddr),
}

/// A server that is being connected to; `None` when it cannot be.
pub type Opening = Pin<Box<dyn Future<Output = Option<(Link, Account)>> + Send>>;

/// What comes from a relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Relayed {
    /// It relays now, through this server.
    Ready(SocketAddr),
    Datagram(SocketAddr, Bytes),
}

/// A way through a relay, or to one that is still being opened. Dropping it gives the allocation back.
#[derive(Debug)]
pub struct Relay {
    outgoing: mpsc::Sender<(SocketAddr, Bytes)>,
    incoming: mpsc::Receiver<Relayed>,
    peers: Vec<SocketAddr>,
}

/// The second address of the peer with this number, in the family of `own`: class E (RFC 1112), or the discard prefix (RFC
/// 6666). Neither is ever routed.
fn alias(number: usize, port: u16, own: SocketAddr) -> SocketAddr {
    let last = u8::try_from(number + 1).unwrap_or(u8::MAX);
    let ip: IpAddr = match own {
        SocketAddr::V4(_) => Ipv4Addr::new(240, 0, 0, last).into(),
        SocketAddr::V6(_) => Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, last.into()).into(),
    };
    SocketAddr::new(ip, port)
}

impl Relay {
    /// Connects to all `servers` and uses the first that relays to one of the peers behind `candidates`, not before
    /// `earliest`: a direct way shall win where there is one. Must be called within the runtime.
    #[must_use]
    pub fn begin(identity: &Identity, servers: Vec<Opening>, candidates: &[Candidate], earliest: Instant) -> Self {
        let usable = |candidate: &&Candidate| {
            candidate.component == 1 && candidate.protocol.eq_ignore_ascii_case("udp") && candidate.addr.port() != 0
        };
        let peers: Vec<_> = candidates.iter().filter(usable).map(|c| c.addr).take(MAX_CANDIDATES / 2).collect();
        let ((outgoing, to_send), (received, incoming)) = (mpsc::channel(OUTGOING), mpsc::channel(INCOMING));
        let work = work(servers, peers.clone(), earliest, identity.provider().clone(), to_send, received);
        tokio::spawn(work);
        Self { outgoing, incoming, peers }
    }

    /// The candidates that lead through the relay, for an endpoint whose address is `own`.
    pub(crate) fn candidates(&self, own: SocketAddr) -> Vec<Candidate> {
        let candidate = |(number, peer): (usize, &SocketAddr)| Candidate {
            foundation: format!("9{number}"),
            priority: PRIORITY,
            kind: CandidateKind::Relay,
            ..Candidate::host(alias(number, peer.port(), own))
        };
        self.peers.iter().enumerate().map(candidate).collect()
    }

    /// The second address of a peer.
    pub(crate) fn alias_of(&self, peer: SocketAddr, own: SocketAddr) -> Option<SocketAddr> {
        let number = self.peers.iter().position(|known| *known == peer)?;
        Some(alias(number, peer.port(), own))
    }

    /// Whether this address is one that only leads through a relay.
    pub(crate) fn is_alias(addr: SocketAddr) -> bool {
        match addr.ip() {
            IpAddr::V4(ip) => ip.octets()[0] == 240,
            IpAddr::V6(ip) => ip.segments()[0] == 0x100,
        }
    }

    /// Sends to the peer behind a second address; what finds no room is lost.
    pub(crate) fn send(&self, addr: SocketAddr, own: SocketAddr, bytes: Bytes) {
        let peer = self.peers.iter().find(|peer| self.alias_of(**peer, own) == Some(addr));
        if let Some(peer) = peer
            && self.outgoing.try_send((*peer, bytes)).is_err()
        {
            tracing::trace!("the relay takes no more");
        }
    }

    /// What comes next; `None` when there is no relay, or no more. Safe to drop half way.
    pub(crate) async fn next(&mut self) -> Option<Relayed> {
        self.incoming.recv().await
    }
}

/// An open link with its allocation.
struct Open {
    link: Link,
    allocation: Allocation,
    server: SocketAddr,
}

async fn work(
    servers: Vec<Opening>,
    peers: Vec<SocketAddr>,
    earliest: Instant,
    provider: Arc<dyn RTCCryptoProvider>,
    mut to_send: mpsc::Receiver<(SocketAddr, Bytes)>,
    received: mpsc::Sender<Relayed>,
) {
    let mut attempts = JoinSet::new();
    for server in servers {
        let (peers, provider) = (peers.clone(), provider.clone());
        attempts.spawn(async move { timeout(OPENING, open(server, &peers, provider)).await.ok().flatten() });
    }
    let mut first = None;
    while let Some(attempt) = attempts.join_next().await {
        if let Ok(Some(open)) = attempt {
            first = Some(open);
            break;
        }
    }
    attempts.abort_all();
    let Some(mut open) = first else { return tracing::info!("no relay of the deployment can be used") };
    let wait = async { while to_send.recv().await.is_some() {} };
    if timeout_at(earliest.into(), wait).await.is_err() && received.send(Relayed::Ready(open.server)).await.is_ok() {
        let ended = carry(&mut open, &mut to_send, &received).await;
        tracing::info!(?ended, "the relay is no longer used");
    }
    open.allocation.close(Instant::now());
    let _ = timeout(FAREWELL, flush(&mut open)).await;
}

/// Connects, allocates, and waits for the first permission.
async fn open(server: Opening, peers: &[SocketAddr], provider: Arc<dyn RTCCryptoProvider>) -> Option<Open> {
    let (link, account) = server.await?;
    let (local, stream) = match &link {
        Link::Datagrams(socket, _) => (socket.local_addr().ok()?, false),
        Link::Stream(_, local) => (*local, true),
    };
    let allocation = Allocation::new(Instant::now(), &account, local, stream, peers, provider).ok()?;
    let mut open = Open { link, allocation, server: account.server };
    let mut buffer = vec![0; MESSAGE];
    loop {
        flush(&mut open).await.ok()?;
        while let Some(fact) = open.allocation.poll_fact(Instant::now()) {
            match fact {
                Fact::Open(_) => return Some(open),
                Fact::Failed(why) => {
                    tracing::info!(why, stream, "a relay refuses");
                    return None;
                }
                Fact::Datagram(..) => {}
            }
        }
        flush(&mut open).await.ok()?;
        turn(&mut open, &mut buffer).await.ok()?;
    }
}

/// Takes in what comes from the server, or what is due.
async fn turn(open: &mut Open, buffer: &mut [u8]) -> io::Result<()> {
    let due = open.allocation.poll_timeout();
    let wake = async {
        match due {
            Some(due) => sleep_until(due.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        read = read(&mut open.link, open.server, buffer) => {
            let length = read?;
            let heard = open.allocation.handle(Instant::now(), &buffer[..length]);
            heard.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
        }
        () = wake => {
            open.allocation.handle_timeout(Instant::now());
            Ok(())
        }
    }
}

/// Safe to drop half way.
async fn read(link: &mut Link, server: SocketAddr, buffer: &mut [u8]) -> io::Result<usize> {
    match link {
        Link::Datagrams(socket, meter) => {
            let length = socket.recv(buffer).await?;
            meter.received(server, length as u64);
            Ok(length)
        }
        Link::Stream(stream, _) => match stream.read(buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            length => Ok(length),
        },
    }
}

async fn flush(open: &mut Open) -> io::Result<()> {
    while let Some(message) = open.allocation.poll_transmit() {
        match &mut open.link {
            // What is lost here is lost as elsewhere on the way.
            Link::Datagrams(socket, meter) => {
                if let Ok(length) = socket.send(&message).await {
                    meter.sent(open.server, length as u64);
                }
            }
            Link::Stream(stream, _) => stream.write_all(&message).await?,
        }
    }
    if let Link::Stream(stream, _) = &mut open.link {
        stream.flush().await?;
    }
    Ok(())
}

/// Moves datagrams both ways until nobody wants them any more or the link breaks.
async fn carry(
    open: &mut Open,
    to_send: &mut mpsc::Receiver<(SocketAddr, Bytes)>,
    received: &mpsc::Sender<Relayed>,
) -> io::Result<()> {
    let mut buffer = vec![0; MESSAGE];
    loop {
        tokio::select! {
            letter = to_send.recv() => {
                let Some((peer, bytes)) = letter else { return Ok(()) };
                open.allocation.send(Instant::now(), peer, &bytes);
                while let Ok((peer, bytes)) = to_send.try_recv() {
                    open.allocation.send(Instant::now(), peer, &bytes);
                }
            }
            turned = turn(open, &mut buffer) => turned?,
        }
        while let Some(fact) = open.allocation.poll_fact(Instant::now()) {
            if let Fact::Datagram(peer, bytes) = fact
                && received.try_send(Relayed::Datagram(peer, bytes)).is_err()
                && received.is_closed()
            {
                return Ok(());
            }
        }
        flush(open).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_peer_has_a_second_address_of_our_own_family_that_no_network_routes() {
        let identity = Identity::generate().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let peers = ["192.0.2.1:10000", "[2001:db8::1]:10000"];
        let mut candidates: Vec<_> = peers.iter().map(|peer| Candidate::host(peer.parse().unwrap())).collect();
        candidates.push(Candidate { protocol: "tcp".to_owned(), ..candidates[0].clone() });
        let _inside = runtime.enter();
        let relay = Relay::begin(&identity, Vec::new(), &candidates, Instant::now());
        for (own, expected) in
            [("10.0.0.1:1", ["240.0.0.1:10000", "240.0.0.2:10000"]), ("[::1]:1", ["[100::1]:10000", "[100::2]:10000"])]
        {
            let own = own.parse().unwrap();
            let named = relay.candidates(own);
            assert_eq!(named.iter().map(|c| c.addr.to_string()).collect::<Vec<_>>(), expected);
            assert!(named.iter().all(|candidate| Relay::is_alias(candidate.addr)));
            assert_eq!(relay.alias_of(candidates[1].addr, own), Some(named[1].addr));
        }
        assert!(!Relay::is_alias(candidates[0].addr) && !Relay::is_alias(candidates[1].addr));
        assert!(
            relay.candidates("10.0.0.1:1".parse().unwrap())[0].priority < Candidate::host(candidates[0].addr).priority
        );
    }

    #[tokio::test]
    async fn without_any_server_there_is_no_relay() {
        let identity = Identity::generate().unwrap();
        let mut relay = Relay::begin(&identity, vec![Box::pin(async { None })], &[], Instant::now());
        assert_eq!(relay.next().await, None);
    }
}
