//! A UDP socket that sends and receives trains of datagrams (GSO and GRO where the system has them).

use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
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
    state: UdpSocketState,
    buffers: Vec<Vec<u8>>,
    train: Vec<u8>,
    dropped: u64,
}

impl Socket {
    /// Binds, with large buffers where the system grants them. Needs a tokio runtime.
    ///
    /// # Errors
    /// As the system says: address in use, not ours, no permission.
    pub fn bind(addr: SocketAddr) -> io::Result<Self> {
        let socket = std::net::UdpSocket::bind(addr)?;
        socket.set_nonblocking(true)?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        for grown in [
            state.set_recv_buffer_size(UdpSockRef::from(&socket), BUFFER),
            state.set_send_buffer_size(UdpSockRef::from(&socket), BUFFER),
        ] {
            if let Err(error) = grown {
                tracing::debug!(%error, "the system keeps its own buffer size");
            }
        }
        let io = tokio::net::UdpSocket::from_std(socket)?;
        Ok(Self { io, state, buffers: vec![vec![0; TRAIN]; TRAINS], train: Vec::with_capacity(TRAIN), dropped: 0 })
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
            let mut slices: Vec<IoSliceMut<'_>> =
                self.buffers.iter_mut().map(|buffer| IoSliceMut::new(buffer)).collect();
            let (io, state) = (&self.io, &self.state);
            let trains = match io.try_io(Interest::READABLE, || state.recv(io.into(), &mut slices, &mut metas)) {
                Ok(trains) => trains,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if is_about_a_peer(&error) => continue,
                Err(error) => return Err(error),
            };
            let now = Instant::now();
            for (meta, buffer) in metas.iter().zip(&self.buffers).take(trains) {
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
        let mut sent = 0;
        let mut rest = datagrams;
        while let Some((dst, first)) = rest.first() {
            let count = self.train_len(rest);
            let (train, after) = rest.split_at(count);
            rest = after;
            let contents = if count == 1 {
                &first[..]
            } else {
                self.train.clear();
                train.iter().for_each(|(_, bytes)| self.train.extend_from_slice(bytes));
                &self.train[..]
            };
            let segment_size = (count > 1).then_some(first.len());
            let transmit = Transmit { destination: *dst, ecn: None, contents, segment_size, src_ip: None };
            // Straight to the system: the runtime would say "not writable" until it has once waited for it.
            match self.state.try_send((&self.io).into(), &transmit) {
                Ok(()) => sent += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock || is_about_a_peer(&error) => {
                    self.dropped += count as u64;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    /// Datagrams the system had no room for.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Leading datagrams that can travel as one train: same place, same size, only the last may be shorter.
    fn train_len(&self, datagrams: &[(SocketAddr, Bytes)]) -> usize {
        let Some((dst, first)) = datagrams.first() else { return 0 };
        let limit = self.state.max_gso_segments().min(MAX_TRAIN / first.len().max(1)).max(1);
        let alike = |(to, bytes): &&(SocketAddr, Bytes)| to == dst && bytes.len() == first.len() && !bytes.is_empty();
        let full = datagrams.iter().take(limit).take_while(alike).count().max(1);
        let shorter = |(to, bytes): &(SocketAddr, Bytes)| to == dst && !bytes.is_empty() && bytes.len() < first.len();
        if full < limit && datagrams.get(full).is_some_and(shorter) { full + 1 } else { full }
    }
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

    fn loopback() -> SocketAddr {
        "127.0.0.1:0".parse().unwrap()
    }

    #[tokio::test]
    async fn trains_arrive_as_the_datagrams_they_were_made_of() {
        let (mut ours, mut theirs) = (Socket::bind(loopback()).unwrap(), Socket::bind(loopback()).unwrap());
        let dst = theirs.local_addr().unwrap();
        let sizes = [1200, 1200, 1200, 700, 1200, 1200, 90, 90, 100, 1];
        let sent: Vec<_> = (0u8..).zip(sizes).map(|(mark, size)| (dst, Bytes::from(vec![mark; size]))).collect();
        assert_eq!(ours.train_len(&sent), if ours.state.max_gso_segments() > 1 { 4 } else { 1 });
        assert_eq!(ours.send_batch(&sent).unwrap(), sent.len());
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
