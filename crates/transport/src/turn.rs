//! One allocation on a TURN server (RFC 8656), sans IO: messages of the server in, messages for it out.
//!
//! `rtc-turn` speaks the protocol; here it is held to one server, one allocation and the peers that were named before. What
//! carries the messages, a socket or a stream, is [`crate::relay`]'s business, except that streams pad (section 12.5).

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use bytes::{Bytes, BytesMut};
use rtc_crypto::RTCCryptoProvider;
use rtc_shared::turn_framing::TurnStreamDecoder;
use rtc_shared::{TransportContext, TransportMessage, TransportProtocol};
use rtc_turn::client::{Client, ClientConfig, Event};
use sansio::Protocol;

use crate::TransportError;

/// What a stream may hold that is no whole message yet: the longest message and the next one's beginning.
const MAX_BUFFERED: usize = 2 * 65_535;

/// A server and who we are there (the long-term credentials of a deployment, XEP-0215).
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    /// An address, never a name: the library would look names up while everybody waits.
    pub server: SocketAddr,
    pub username: String,
    pub password: String,
}

/// Without the credentials: they open the deployment's relay.
impl std::fmt::Debug for Account {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Account").field("server", &self.server).finish_non_exhaustive()
    }
}

/// What an allocation tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// The server relays to and from this peer now.
    Open(SocketAddr),
    /// Something came from a peer.
    Datagram(SocketAddr, Bytes),
    /// The server refuses, or does not answer.
    Failed(String),
}

/// One allocation.
pub(crate) struct Allocation {
    client: Client,
    server: SocketAddr,
    local: SocketAddr,
    /// What comes from a stream, cut into messages; none over datagrams.
    decoder: Option<TurnStreamDecoder>,
    peers: Vec<SocketAddr>,
    relayed: Option<SocketAddr>,
}

impl Allocation {
    /// Asks `account.server` for an allocation, from `local`, to speak with `peers` and nobody else.
    ///
    /// # Errors
    /// When the parameters are refused.
    pub(crate) fn new(
        now: Instant,
        account: &Account,
        local: SocketAddr,
        stream: bool,
        peers: &[SocketAddr],
        provider: Arc<dyn RTCCryptoProvider>,
    ) -> Result<Self, TransportError> {
        let config = ClientConfig {
            turn_serv_addr: account.server.to_string(),
            local_addr: local,
            transport_protocol: if stream { TransportProtocol::TCP } else { TransportProtocol::UDP },
            username: account.username.clone(),
            password: account.password.clone(),
            ..ClientConfig::default()
        };
        let refused = |error: rtc_shared::error::Error| TransportError::Ice(error.to_string());
        let mut client = Client::new(config, provider).map_err(refused)?;
        client.allocate(now).map_err(refused)?;
        let decoder = stream.then(TurnStreamDecoder::new);
        Ok(Self { client, server: account.server, local, decoder, peers: peers.to_vec(), relayed: None })
    }

    /// Bytes from the server: one datagram, or a piece of the stream.
    ///
    /// # Errors
    /// When a stream holds something that is not TURN, or more than a message; it cannot be read on.
    pub(crate) fn handle(&mut self, now: Instant, bytes: &[u8]) -> Result<(), TransportError> {
        let Some(decoder) = &mut self.decoder else {
            self.message(now, bytes);
            return Ok(());
        };
        decoder.extend_from_slice(bytes);
        let mut messages = Vec::new();
        while let Some(message) = decoder.next_message().map_err(|_| TransportError::Malformed)? {
            messages.push(message);
        }
        let kept = decoder.buffered_len();
        for message in messages {
            self.message(now, &message);
        }
        if kept > MAX_BUFFERED { Err(TransportError::Malformed) } else { Ok(()) }
    }

    fn message(&mut self, now: Instant, bytes: &[u8]) {
        let transport_protocol = if self.decoder.is_some() { TransportProtocol::TCP } else { TransportProtocol::UDP };
        let transport =
            TransportContext { local_addr: self.local, peer_addr: self.server, transport_protocol, ecn: None };
        let message = BytesMut::from(bytes);
        if let Err(error) = self.client.handle_read(TransportMessage { now, transport, message }) {
            tracing::debug!(%error, "a message of the relay");
        }
    }

    /// Something for a peer; before the server permits it, it is dropped, as on any network.
    pub(crate) fn send(&mut self, now: Instant, peer: SocketAddr, bytes: &[u8]) {
        let Some(relayed) = self.relayed else { return };
        let sent = self.client.relay(relayed).and_then(|mut relay| relay.send_to(now, bytes, peer));
        if let Err(error) = sent {
            tracing::trace!(%error, "not relayed");
        }
    }

    /// The next message for the server.
    pub(crate) fn poll_transmit(&mut self) -> Option<Bytes> {
        let mut message = self.client.poll_write()?.message;
        // ChannelData begins with the bits 01; a stream finds the next message by its padding.
        if self.decoder.is_some() && message.first().is_some_and(|first| first >> 6 == 1) {
            message.resize(message.len().next_multiple_of(4), 0);
        }
        Some(message.freeze())
    }

    pub(crate) fn poll_fact(&mut self, now: Instant) -> Option<Fact> {
        loop {
            match self.client.poll_event()? {
                Event::AllocateResponse(_, relayed) => self.permit(now, relayed),
                Event::CreatePermissionResponse(_, peer) => return Some(Fact::Open(peer)),
                Event::DataIndicationOrChannelData(_, peer, bytes) if self.peers.contains(&peer) => {
                    return Some(Fact::Datagram(peer, bytes.freeze()));
                }
                Event::AllocateError(_, error) => return Some(Fact::Failed(error.to_string())),
                Event::TransactionTimeout(_) if self.relayed.is_none() => {
                    return Some(Fact::Failed("no answer".to_owned()));
                }
                other => tracing::debug!(?other, "relay"),
            }
        }
    }

    fn permit(&mut self, now: Instant, relayed: SocketAddr) {
        self.relayed = Some(relayed);
        for peer in &self.peers {
            let asked = self.client.relay(relayed).and_then(|mut relay| relay.create_permission(now, *peer));
            if let Err(error) = asked {
                tracing::debug!(%error, "a permission was not asked for");
            }
        }
    }

    /// Gives the allocation back; send what [`Self::poll_transmit`] has.
    pub(crate) fn close(&mut self, now: Instant) {
        if let Some(mut relay) = self.relayed.and_then(|relayed| self.client.relay(relayed).ok()) {
            let _ = relay.close(now);
        }
    }

    pub(crate) fn poll_timeout(&mut self) -> Option<Instant> {
        self.client.poll_timeout()
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        if let Err(error) = self.client.handle_timeout(now) {
            tracing::debug!(%error, "relay");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Identity;

    fn allocation(stream: bool) -> Allocation {
        let account = Account {
            server: "192.0.2.1:3478".parse().unwrap(),
            username: "ada".to_owned(),
            password: "secret".to_owned(),
        };
        assert!(!format!("{account:?}").contains("secret"));
        let provider = Identity::generate().unwrap().provider().clone();
        let peers = ["192.0.2.9:10000".parse().unwrap()];
        Allocation::new(Instant::now(), &account, "192.0.2.7:1".parse().unwrap(), stream, &peers, provider).unwrap()
    }

    #[test]
    fn the_first_word_is_a_request_for_an_allocation() {
        let request = allocation(false).poll_transmit().unwrap();
        assert_eq!(request[..2], [0x00, 0x03]);
    }

    #[test]
    fn a_stream_that_speaks_something_else_is_given_up() {
        let mut allocation = allocation(true);
        assert!(allocation.handle(Instant::now(), &[0x00]).is_ok(), "the rest may follow");
        assert_eq!(allocation.handle(Instant::now(), b"\xffHTTP/1.1 400 Bad Request"), Ok(()), "a long message?");
        let mut other = self::allocation(true);
        assert_eq!(other.handle(Instant::now(), b"\xc0rest"), Err(TransportError::Malformed));
    }

    #[test]
    fn nothing_leaves_for_a_peer_before_the_server_permits_it() {
        let (mut allocation, now) = (allocation(false), Instant::now());
        while allocation.poll_transmit().is_some() {}
        allocation.send(now, "192.0.2.9:10000".parse().unwrap(), b"x");
        assert_eq!(allocation.poll_transmit(), None);
    }

    #[test]
    fn a_server_that_never_answers_is_told() {
        let mut allocation = allocation(false);
        let mut failed = None;
        for _ in 0..100 {
            let Some(due) = allocation.poll_timeout() else { break };
            allocation.handle_timeout(due);
            failed = failed.or(allocation.poll_fact(due));
        }
        assert!(matches!(failed, Some(Fact::Failed(_))), "{failed:?}");
    }
}
