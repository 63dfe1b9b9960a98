//! A UDP socket that sends and receives trains of datagrams (GSO and GRO where the system has them).

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::io::Interest;

/// Asked of the system for both directions: a key frame to every guest of a full room fits.
const BUFFER: usize = 4 * 1024 * 1024;
/// Trains taken in one system call.
const TRAINS: usize = 16;
/// The longest train: what one UDP message can be.
const TRAIN: usize = 65_535;
/// System calls per [`Socket::recv_batch`], so that one flood does not keep the caller from its timers.
const CALLS: usize = 8;
/// A train ends before this, since IP and UDP headers need room in the message too.
const MAX_TRAIN: usize = 60_000;

/// A batching UDP socket on tokio.
#[derive(Debug)]
pub struct Socket {
    io: tokio::net::UdpSocket,
    calls: SystemCalls,
    buffers: Vec<Vec<u8>>,
    train: Vec<u8>,
    counts: Counts,
    meter: Option<Arc<dyn Meter>>,
}

/// Told of everything that passes a socket: payload bytes, without the headers of UDP and IP. It is called between two system
/// calls and must not wait.
pub trait Meter: Send + Sync + std::fmt::Debug {
    /// The system took so many bytes for this peer.
    fn sent(&self, peer: SocketAddr, bytes: u64);
    /// So many bytes came from it.
    fn received(&self, peer: SocketAddr, bytes: u64);
}

/// What a socket has handed to the system since it was bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Datagrams that went out.
    pub datagrams: u64,
    /// System calls that they took: with segmentation offload one call carries a whole train of datagrams.
    pub trains: u64,
    /// Datagrams that were lost here: the system had no room for them, or refused where they should go.
    pub dropped: u64,
}

/// How datagrams cross to the system.
#[derive(Debug)]
enum SystemCalls {
    Trains(UdpSocketState),
    /// One by one, where the options that trains need are missing, as under Wine. A second handle on the same socket,
    /// since tokio's own would say "not writable" until it has once waited for it.
    Lone(std::net::UdpSocket),
}

impl SystemCalls {
    fn of(socket: &std::net::UdpSocket) -> io::Result<Self> {
        match UdpSocketState::new(UdpSockRef::from(socket)) {
            Ok(state) => {
                grow(&state, socket);
                Ok(Self::Trains(state))
            }
            Err(error) => {
                tracing::debug!(%error, "this system takes datagrams one by one");
                socket.try_clone().map(Self::Lone)
            }
        }
    }

    /// How many datagrams one train may have now; the system may lower it after a failure.
    fn longest(&self) -> usize {
        match self {
            Self::Trains(state) => state.max_gso_segments(),
            Self::Lone(_) => 1,
        }
    }

    /// Fills buffers, each with one train; returns how many.
    fn recv(
        &self,
        io: &tokio::net::UdpSocket,
        buffers: &mut [Vec<u8>],
        metas: &mut [RecvMeta; TRAINS],
    ) -> io::Result<usize> {
        match self {
            Self::Trains(state) => {
                let mut slices: Vec<IoSliceMut<'_>> =
                    buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
                io.try_io(Interest::READABLE, || state.recv(io.into(), &mut slices, metas))
            }
            Self::Lone(_) => {
                let Some(buffer) = buffers.first_mut() else { return Ok(0) };
                let (length, from) = io.try_recv_from(buffer)?;
                (metas[0].addr, metas[0].len, metas[0].stride) = (from, length, length);
                Ok(1)
            }
        }
    }
}

/// Larger buffers, where the system grants them.
fn grow(state: &UdpSocketState, socket: &std::net::UdpSocket) {
    let received = state.set_recv_buffer_size(socket.into(), BUFFER);
    if let Err(error) = received.and_then(|()| state.set_send_buffer_size(socket.into(), BUFFER)) {
        tracing::debug!(%error, "the system keeps its own buffer size");
    }
}

/// Where trains go. The socket itself, except in tests.
trait Rails {
    /// How many datagrams one train may have now; the system may lower it after a failure.
    fn longest(&self) -> usize;
    fn send(&self, train: &Transmit<'_>) -> io::Result<()>;
}

impl Rails for (&tokio::net::UdpSocket, &SystemCalls, Option<&dyn Meter>) {
    fn longest(&self) -> usize {
        self.1.longest()
    }

    fn send(&self, train: &Transmit<'_>) -> io::Result<()> {
        // Straight to the system: the runtime would say "not writable" until it has once waited for it.
        match self.1 {
            SystemCalls::Trains(state) => state.try_send(self.0.into(), train)?,
            SystemCalls::Lone(socket) => socket.send_to(train.contents, train.destination).map(|_| ())?,
        }
        if let Some(meter) = self.2 {
            meter.sent(train.destination, train.contents.len() as u64);
        }
        Ok(())
    }
}

impl Socket {
    /// Binds, with large buffers where the system grants them. Needs a tokio runtime.
    ///
    /// # Errors
    /// As the system says: address in use, not ours, no permission.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        Self::open(addr, None)
    }

    /// The same, with somebody who counts.
    ///
    /// # Errors
    /// As [`Socket::bind`].
    pub fn metered(addr: SocketAddr, meter: Arc<dyn Meter>) -> io::Result<Self> {
        Self::open(addr, Some(meter))
    }

    fn open(addr: SocketAddr, meter: Option<Arc<dyn Meter>>) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(addr)?;
        socket.set_nonblocking(true)?;
        let calls = SystemCalls::of(&socket)?;
        Self::with(socket, calls, meter)
    }

    fn with(socket: std::net::UdpSocket, calls: SystemCalls, meter: Option<Arc<dyn Meter>>) -> io::Result<Self> {
        let io = tokio::net::UdpSocket::from_std(socket)?;
        let (buffers, train) = (vec![vec![0; TRAIN]; TRAINS], Vec::with_capacity(TRAIN));
        Ok(Self { io, calls, buffers, train, counts: Counts::default(), meter })
    }

    /// Where it is bound.
    ///
    /// # Errors
    /// As the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.io.local_addr()
    }

    /// Waits until at least one datagram can be read. Cancel-safe.
    ///
    /// # Errors
    /// As the system says.
    pub async fn readable(&self) -> io::Result<()> {
        self.io.readable().await
    }

    /// Hands datagrams that are there now to `each(arrival, src, bytes)`; returns how many. `Ok(0)`: none is there.
    ///
    /// # Errors
    /// As the system says. What an unreachable peer's router reports back is no error.
    pub fn recv_batch(&mut self, mut each: impl FnMut(Instant, SocketAddr, &[u8])) -> io::Result<usize> {
        let mut count = 0;
        for _ in 0..CALLS {
            let mut metas = [RecvMeta::default(); TRAINS];
            let trains = match self.calls.recv(&self.io, &mut self.buffers, &mut metas) {
                Ok(trains) => trains,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if is_about_a_peer(&error) => continue,
                Err(error) => return Err(error),
            };
            let now = Instant::now();
            for (meta, buffer) in metas.iter().zip(&self.buffers).take(trains) {
                if let Some(meter) = &self.meter {
                    meter.received(meta.addr, meta.len as u64);
                }
                for datagram in buffer[..meta.len].chunks(meta.stride.max(1)) {
                    each(now, meta.addr, datagram);
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    /// Sends all, in trains where neighbours go to the same place and have the same size; returns how many were handed
    /// to the system. What it has no room for is lost, as UDP may, and counted.
    ///
    /// # Errors
    /// Only for errors of the socket itself, never for an unreachable peer.
    pub fn send_batch(&mut self, datagrams: &[(SocketAddr, Bytes)]) -> io::Result<usize> {
        let before = self.counts.datagrams;
        send_all(&(&self.io, &self.calls, self.meter.as_deref()), datagrams, &mut self.train, &mut self.counts)?;
        Ok(usize::try_from(self.counts.datagrams - before).unwrap_or(usize::MAX))
    }

    /// What has been sent since the socket was bound.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }
}

/// How well batching worked is only known at the end, and only of interest to whoever looks for it.
impl Drop for Socket {
    fn drop(&mut self) {
        let Counts { datagrams, trains, dropped } = self.counts;
        let (port, longest) = (self.io.local_addr().map_or(0, |addr| addr.port()), self.calls.longest() as u64);
        tracing::debug!(port, datagrams, trains, dropped, longest, "UDP socket closed");
    }
}

fn send_all(
    rails: &impl Rails,
    datagrams: &[(SocketAddr, Bytes)],
    buffer: &mut Vec<u8>,
    counts: &mut Counts,
) -> io::Result<()> {
    let mut rest = datagrams;
    while !rest.is_empty() {
        let (train, after) = rest.split_at(train_len(rails.longest(), rest));
        rest = after;
        match send_train(rails, train, buffer, counts) {
            // A network card without segmentation offload is found out by its first train.
            Err(error) if train.len() > 1 => {
                tracing::debug!(%error, "a train is refused; its datagrams go one by one");
                for lone in train.chunks(1) {
                    send_train(rails, lone, buffer, counts)?;
                }
            }
            done => done?,
        }
    }
    Ok(())
}

/// Sends datagrams for one place that can travel together; an error is the socket's own, or the train's.
fn send_train(
    rails: &impl Rails,
    train: &[(SocketAddr, Bytes)],
    buffer: &mut Vec<u8>,
    counts: &mut Counts,
) -> io::Result<()> {
    let Some((dst, first)) = train.first() else { return Ok(()) };
    let is_train = train.len() > 1;
    let contents = if is_train {
        buffer.clear();
        train.iter().for_each(|(_, bytes)| buffer.extend_from_slice(bytes));
        &buffer[..]
    } else {
        &first[..]
    };
    let segment_size = is_train.then_some(first.len());
    let transmit = Transmit { destination: *dst, ecn: None, contents, segment_size, src_ip: None };
    match rails.send(&transmit) {
        Ok(()) => {
            counts.datagrams += train.len() as u64;
            counts.trains += 1;
        }
        // Of a train this says that it cannot be cut into datagrams, not that nobody can be reached.
        Err(error) if is_train && error.kind() == io::ErrorKind::InvalidInput => return Err(error),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock || is_about_a_peer(&error) => {
            counts.dropped += train.len() as u64;
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// Leading datagrams that can travel as one train: same place, same size, only the last may be shorter.
fn train_len(longest: usize, datagrams: &[(SocketAddr, Bytes)]) -> usize {
    let Some((dst, first)) = datagrams.first() else { return 0 };
    let limit = longest.min(MAX_TRAIN / first.len().max(1)).max(1);
    let alike = |(to, bytes): &&(SocketAddr, Bytes)| to == dst && bytes.len() == first.len() && !bytes.is_empty();
    let full = datagrams.iter().take(limit).take_while(alike).count().max(1);
    let shorter = |(to, bytes): &(SocketAddr, Bytes)| to == dst && !bytes.is_empty() && bytes.len() < first.len();
    if full < limit && datagrams.get(full).is_some_and(shorter) { full + 1 } else { full }
}

/// Errors that tell of one peer or path, not of our socket.
fn is_about_a_peer(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    let kinds = [Kind::ConnectionRefused, Kind::ConnectionReset, Kind::HostUnreachable, Kind::NetworkUnreachable];
    kinds.contains(&error.kind())
        || matches!(
            error.kind(),
            Kind::PermissionDenied | Kind::InvalidInput | Kind::AddrNotAvailable | Kind::NetworkDown
        )
        || quinn_udp::is_msg_size_err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::cell::{Cell, RefCell};

    const EIO: i32 = 5;

    /// A network card that refuses trains with this error, and lone datagrams with that one.
    struct Card {
        longest: Cell<usize>,
        trains: fn() -> io::Error,
        lone: Option<io::ErrorKind>,
        sent: RefCell<Vec<Vec<u8>>>,
    }

    impl Card {
        fn refusing(trains: fn() -> io::Error) -> Self {
            Self { longest: Cell::new(64), trains, lone: None, sent: RefCell::default() }
        }

        fn send_all(&self, count: u8) -> (io::Result<()>, Counts) {
            let datagrams: Vec<_> = (0..count).map(|mark| (loopback(), Bytes::from(vec![mark; 1000]))).collect();
            let mut counts = Counts::default();
            (send_all(self, &datagrams, &mut Vec::new(), &mut counts), counts)
        }
    }

    impl Rails for Card {
        fn longest(&self) -> usize {
            self.longest.get()
        }

        fn send(&self, train: &Transmit<'_>) -> io::Result<()> {
            if train.segment_size.is_some() {
                self.longest.set(1);
                return Err((self.trains)());
            }
            if let Some(kind) = self.lone {
                return Err(kind.into());
            }
            self.sent.borrow_mut().push(train.contents.to_vec());
            Ok(())
        }
    }

    #[test]
    fn a_card_without_segmentation_gets_every_datagram_one_by_one() {
        for refusal in [|| io::Error::from_raw_os_error(EIO), || io::ErrorKind::InvalidInput.into()] {
            let card = Card::refusing(refusal);
            let (done, counts) = card.send_all(5);
            done.unwrap();
            assert_eq!(counts, Counts { datagrams: 5, trains: 5, dropped: 0 });
            let marks: Vec<u8> = card.sent.borrow().iter().map(|datagram| datagram[0]).collect();
            assert_eq!(marks, [0, 1, 2, 3, 4], "all, once, in order");
        }
    }

    #[test]
    fn a_train_that_finds_no_room_is_lost_and_not_tried_again() {
        let card = Card::refusing(|| io::ErrorKind::WouldBlock.into());
        let (done, counts) = card.send_all(5);
        done.unwrap();
        assert_eq!(counts, Counts { datagrams: 0, trains: 0, dropped: 5 });
        assert!(card.sent.borrow().is_empty());
    }

    #[test]
    fn a_socket_that_cannot_even_send_one_datagram_has_failed() {
        let card =
            Card { lone: Some(io::ErrorKind::BrokenPipe), ..Card::refusing(|| io::Error::from_raw_os_error(EIO)) };
        assert_eq!(card.send_all(5).0.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }

    fn loopback() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    /// Sends datagrams of many sizes from one to the other; how many system calls that took.
    async fn carry(ours: &mut Socket, theirs: &mut Socket) -> u64 {
        let dst = theirs.local_addr().unwrap();
        let sizes = [1200, 1200, 1200, 700, 1200, 1200, 90, 90, 100, 1];
        let sent: Vec<_> = (0u8..).zip(sizes).map(|(mark, size)| (dst, Bytes::from(vec![mark; size]))).collect();
        let longest = ours.calls.longest();
        assert_eq!(train_len(longest, &sent), if longest > 1 { 4 } else { 1 });
        assert_eq!(ours.send_batch(&sent).unwrap(), sent.len());
        let Counts { datagrams, trains, dropped } = ours.counts();
        assert_eq!((datagrams, dropped), (sent.len() as u64, 0));
        let mut received = Vec::new();
        while received.len() < sent.len() {
            theirs.readable().await.unwrap();
            let src = ours.local_addr().unwrap();
            theirs
                .recv_batch(|_, from, bytes| {
                    assert_eq!(from, src);
                    received.push(Bytes::copy_from_slice(bytes));
                })
                .unwrap();
        }
        assert_eq!(received, sent.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
        trains
    }

    #[tokio::test]
    async fn trains_arrive_as_the_datagrams_they_were_made_of() {
        let (mut ours, mut theirs) = (Socket::bind(loopback()).unwrap(), Socket::bind(loopback()).unwrap());
        let expected = if ours.calls.longest() > 1 { 4 } else { 10 };
        assert_eq!(carry(&mut ours, &mut theirs).await, expected);
    }

    #[tokio::test]
    async fn a_system_that_knows_no_trains_carries_the_same_one_by_one() {
        let [mut ours, mut theirs] = [(); 2].map(|()| {
            let socket = std::net::UdpSocket::bind(loopback()).unwrap();
            socket.set_nonblocking(true).unwrap();
            let calls = SystemCalls::Lone(socket.try_clone().unwrap());
            Socket::with(socket, calls, None).unwrap()
        });
        assert_eq!(carry(&mut ours, &mut theirs).await, 10);
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_is_no_error_of_the_socket() {
        let mut ours = Socket::bind(loopback()).unwrap();
        let gone = std::net::UdpSocket::bind(loopback()).unwrap().local_addr().unwrap();
        for _ in 0..5 {
            ours.send_batch(&[(gone, Bytes::from_static(b"x"))]).unwrap();
            ours.recv_batch(|_, _, _| panic!("nothing comes")).unwrap();
        }
    }
}
