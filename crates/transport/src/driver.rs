//! A guest's endpoint with its socket, on tokio.
//!
//! It owns both and decides nothing: call [`Driver::next`] in the loop that also tells the endpoint what to send.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use bytes::Bytes;

use crate::event::{Event, Output};
use crate::socket::Socket;
use crate::{Candidate, Endpoint};

/// Datagrams gathered before they are sent: a key frame of the largest layer.
const GATHERED: usize = 128;

/// One endpoint and one socket.
#[derive(Debug)]
pub struct Driver {
    socket: Socket,
    address: SocketAddr,
    endpoint: Endpoint,
    gathered: Vec<(SocketAddr, Bytes)>,
}

impl Driver {
    /// Joins an endpoint with the socket it was made for.
    ///
    /// # Errors
    /// When the socket cannot say where it is bound.
    pub fn new(socket: Socket, endpoint: Endpoint) -> io::Result<Self> {
        let address = socket.local_addr()?;
        Ok(Self { socket, address, endpoint, gathered: Vec::with_capacity(GATHERED) })
    }

    /// The endpoint, to declare, send, ask. What it wants sent leaves with the next [`Driver::next`].
    pub fn endpoint(&mut self) -> &mut Endpoint {
        &mut self.endpoint
    }

    /// Where the socket is bound.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Goes on with another socket: the network has changed, the association stays. The peer follows with the next
    /// authentic packet.
    ///
    /// # Errors
    /// When the socket cannot say where it is bound.
    pub fn move_to(&mut self, socket: Socket) -> io::Result<()> {
        self.address = socket.local_addr()?;
        self.socket = socket;
        Ok(())
    }

    /// Sends what is due, sleeps, receives; returns the next event. Dropping the future loses nothing, so it may stand
    /// in a `select!`.
    ///
    /// # Errors
    /// When the socket is gone for good.
    pub async fn next(&mut self) -> io::Result<Event> {
        loop {
            let wake = match self.drain()? {
                Drained::Event(event) => return Ok(event),
                Drained::Wait(wake) => wake,
            };
            let due = async {
                match wake {
                    Some(wake) => tokio::time::sleep_until(wake.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                readable = self.socket.readable() => {
                    readable?;
                    let (endpoint, address) = (&mut self.endpoint, self.address);
                    self.socket.recv_batch(|now, src, bytes| endpoint.handle_datagram(now, src, address, bytes))?;
                }
                () = due => self.endpoint.handle_timeout(Instant::now()),
            }
        }
    }

    /// Sends what the endpoint has for the network, up to its next event.
    fn drain(&mut self) -> io::Result<Drained> {
        loop {
            let drained = match self.endpoint.poll_output() {
                Output::Transmit { dst, bytes } => {
                    self.gathered.push((dst, bytes));
                    if self.gathered.len() >= GATHERED {
                        self.flush()?;
                    }
                    continue;
                }
                Output::Event(event) => Drained::Event(event),
                Output::Wait(wake) => Drained::Wait(wake),
            };
            self.flush()?;
            return Ok(drained);
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let sent = self.socket.send_batch(&self.gathered);
        self.gathered.clear();
        sent.map(|_| ())
    }
}

enum Drained {
    Event(Event),
    Wait(Option<Instant>),
}

/// The address of ours from which `candidates` are reached, with a port of zero to bind to: the first candidate whose
/// family this machine has a way for. Nothing is sent.
///
/// # Errors
/// When there is no candidate, or no way to any of them.
pub fn address_towards(candidates: &[Candidate]) -> io::Result<SocketAddr> {
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "the other side named no address");
    for candidate in candidates {
        let any = if candidate.addr.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let probed = UdpSocket::bind(SocketAddr::new(any, 0)).and_then(|probe| {
            probe.connect(candidate.addr)?;
            probe.local_addr()
        });
        match probed {
            Ok(addr) => return Ok(SocketAddr::new(addr.ip(), 0)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_to_loopback_begins_at_loopback() {
        let candidate = Candidate::host("127.0.0.1:9".parse().unwrap());
        assert_eq!(address_towards(&[candidate]).unwrap().to_string(), "127.0.0.1:0");
        assert!(address_towards(&[]).is_err());
    }
}
