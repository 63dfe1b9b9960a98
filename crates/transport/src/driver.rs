//! A guest's endpoint with its socket, on tokio.
//!
//! It owns both and decides nothing: call [`Driver::next`] in the loop that also tells the endpoint what to send.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Instant;

use bytes::Bytes;

use crate::event::{CloseReason, Event, Output};
use crate::relay::{Relay, Relayed};
use crate::socket::Socket;
use crate::{Candidate, Credentials, Endpoint, TransportError};

/// Datagrams gathered before they are sent: a key frame of the largest layer.
const GATHERED: usize = 128;

/// One endpoint and one socket, and a relay where one is needed.
#[derive(Debug)]
pub struct Driver {
    socket: Socket,
    address: SocketAddr,
    /// Our address as the endpoint knows it. It stays when the socket is replaced.
    own: SocketAddr,
    endpoint: Endpoint,
    relay: Option<Relay>,
    /// The server behind the relay, once it relays.
    relaying: Option<SocketAddr>,
    /// Nothing may go to the other side but through the relay.
    only_relay: bool,
    gathered: Vec<(SocketAddr, Bytes)>,
}

impl Driver {
    /// Joins an endpoint with the socket it was made for.
    ///
    /// # Errors
    /// When the socket cannot say where it is bound.
    pub fn new(socket: Socket, endpoint: Endpoint) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let (own, relay, relaying, only_relay) = (address, None, None, false);
        Ok(Self { socket, address, own, endpoint, relay, relaying, only_relay, gathered: Vec::with_capacity(GATHERED) })
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

    /// Uses a relay as soon as it relays, unless a direct way was found before. With `only` the own socket is used for
    /// nothing: the endpoint must not know the other side's own addresses then.
    pub fn relay_through(&mut self, relay: Relay, only: bool) {
        (self.relay, self.only_relay) = (Some(relay), only);
    }

    /// The relay's server, while media goes through it.
    #[must_use]
    pub fn relaying(&self) -> Option<SocketAddr> {
        self.relaying.filter(|_| self.endpoint.path().is_some_and(Relay::is_alias))
    }

    /// New ICE credentials on both sides ([`Endpoint::ice_restart`]). The ways through the relay stay ways to the other side.
    ///
    /// # Errors
    /// When the agent refuses them.
    pub fn ice_restart(
        &mut self,
        now: Instant,
        local: Credentials,
        remote: &Credentials,
        candidates: &[Candidate],
    ) -> Result<(), TransportError> {
        let direct = candidates.iter().filter(|_| !self.only_relay).cloned();
        let relayed =
            self.relay.iter().filter(|_| self.relaying.is_some()).flat_map(|relay| relay.candidates(self.own));
        let candidates: Vec<_> = direct.chain(relayed).collect();
        self.endpoint.ice_restart(now, local, remote, &candidates)
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
                Drained::Event(event) => {
                    self.spare_relay();
                    return Ok(event);
                }
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
                    let (endpoint, own, direct) = (&mut self.endpoint, self.own, !self.only_relay);
                    self.socket.recv_batch(|now, src, bytes| {
                        // Nobody can really send from an address that stands for a way through the relay.
                        if direct && !Relay::is_alias(src) {
                            endpoint.handle_datagram(now, src, own, bytes);
                        }
                    })?;
                }
                relayed = relayed(&mut self.relay) => {
                    if let Some(event) = self.relayed(relayed) {
                        return Ok(event);
                    }
                }
                () = due => self.endpoint.handle_timeout(Instant::now()),
            }
        }
    }

    fn relayed(&mut self, relayed: Option<Relayed>) -> Option<Event> {
        let now = Instant::now();
        match relayed {
            Some(Relayed::Datagram(peer, bytes)) => {
                let src = self.relay.as_ref().and_then(|relay| relay.alias_of(peer, self.own))?;
                self.endpoint.handle_datagram(now, src, self.own, &bytes);
                None
            }
            Some(Relayed::Ready(server)) => {
                if self.endpoint.path().is_some() {
                    self.relay = None;
                    return None;
                }
                self.relaying = Some(server);
                for candidate in self.relay.iter().flat_map(|relay| relay.candidates(self.own)) {
                    if let Err(error) = self.endpoint.add_candidate(now, &candidate) {
                        tracing::debug!(%error, "no way through the relay");
                    }
                }
                None
            }
            None => {
                let lost = self.only_relay || self.relaying().is_some();
                (self.relay, self.relaying) = (None, None);
                lost.then_some(Event::Closed(CloseReason::IceFailed))
            }
        }
    }

    /// A relay that nothing goes through is given back.
    fn spare_relay(&mut self) {
        if self.relay.is_some() && self.endpoint.path().is_some_and(|path| !Relay::is_alias(path)) {
            (self.relay, self.relaying) = (None, None);
        }
    }

    /// Sends what the endpoint has for the network, up to its next event.
    fn drain(&mut self) -> io::Result<Drained> {
        loop {
            let drained = match self.endpoint.poll_output() {
                Output::Transmit { dst, bytes } if Relay::is_alias(dst) => {
                    if let Some(relay) = &self.relay {
                        relay.send(dst, self.own, bytes);
                    }
                    continue;
                }
                Output::Transmit { .. } if self.only_relay => continue,
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

/// Ends when the relay brings something or is over; never where there is none.
async fn relayed(relay: &mut Option<Relay>) -> Option<Relayed> {
    match relay {
        Some(relay) => relay.next().await,
        None => std::future::pending().await,
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
        match route(candidate.addr) {
            Ok(ip) => return Ok(SocketAddr::new(ip, 0)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// From which address of ours the system would send there now. Nothing is sent: connecting a UDP socket only asks the
/// routing table.
///
/// # Errors
/// When no way leads there.
pub fn route(to: SocketAddr) -> io::Result<IpAddr> {
    let any: IpAddr = if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let probe = UdpSocket::bind(SocketAddr::new(any, 0))?;
    probe.connect(to)?;
    Ok(probe.local_addr()?.ip())
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
