//! The library's associations: the one in use, and those that a repeated INIT begins before there is one.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use rtc_sctp::{
    Association, AssociationHandle, ClientConfig, DatagramEvent, Endpoint, EndpointConfig, EndpointEvent, Payload,
    ServerConfig, TimerConfig, TransportConfig,
};
use rtc_shared::TransportProtocol;

use super::WINDOW;
use crate::DtlsRole;

/// The address the library knows the peer by; DTLS knows the real one.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
/// Every repeated INIT begins an association; of these only the newest are kept until one stands.
pub(super) const MAX_HALF_OPEN: usize = 4;

struct Line {
    handle: AssociationHandle,
    association: Association,
    /// The number before the peer's first (TSN), as its INIT said.
    first_tsn: u32,
}

pub(super) struct Lines {
    library: Endpoint,
    config: TransportConfig,
    current: Option<Line>,
    half_open: VecDeque<Line>,
}

impl Lines {
    pub(super) fn new(role: DtlsRole, max_message: u32) -> Self {
        // Where it gives up repeating, the library says nothing and stays silent for ever: whether the peer is there is
        // for ICE to find out.
        let patience =
            TimerConfig { max_t3_rtx_retrans: usize::MAX, max_reconfig_retrans: usize::MAX, ..TimerConfig::default() };
        let config = TransportConfig::default()
            .with_max_message_size(max_message)
            .with_max_receive_buffer_size(WINDOW)
            .with_timer_config(patience);
        let server = (role == DtlsRole::Server).then(|| Arc::new(ServerConfig::new(config.clone())));
        let library = Endpoint::new(PEER, TransportProtocol::UDP, Arc::new(EndpointConfig::new()), server);
        Self { library, config, current: None, half_open: VecDeque::new() }
    }

    pub(super) fn connect(&mut self, now: Instant) -> bool {
        if self.current.is_some() {
            return true;
        }
        let Ok((handle, association)) = self.library.connect(now, ClientConfig::new(self.config.clone()), PEER) else {
            return false;
        };
        self.current = Some(Line { handle, association, first_tsn: 0 });
        true
    }

    pub(super) fn current(&mut self) -> Option<&mut Association> {
        self.current.as_mut().map(|line| &mut line.association)
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Line> {
        self.current.iter_mut().chain(&mut self.half_open)
    }

    /// A packet that was looked over. `first_tsn` belongs to the INIT in it, if there is one.
    pub(super) fn feed(&mut self, now: Instant, packet: Bytes, first_tsn: u32) {
        match self.library.handle(now, PEER, None, packet) {
            Some((handle, DatagramEvent::AssociationEvent(event))) => {
                if let Some(line) = self.each().find(|line| line.handle == handle) {
                    line.association.handle_event(event);
                }
            }
            Some((handle, DatagramEvent::NewAssociation(association))) => {
                if self.half_open.len() >= MAX_HALF_OPEN
                    && let Some(oldest) = self.half_open.pop_front()
                {
                    self.library.handle_event(oldest.handle, EndpointEvent::drained());
                }
                self.half_open.push_back(Line { handle, association, first_tsn });
            }
            Some(_) | None => {}
        }
    }

    /// The first that stands is the one, and no other is begun; says the number before the peer's first.
    pub(super) fn choose(&mut self) -> Option<u32> {
        let Some(at) = self.half_open.iter().position(|line| !line.association.is_handshaking()) else {
            for line in &mut self.half_open {
                while line.association.poll().is_some() {}
            }
            return None;
        };
        let chosen = self.half_open.remove(at)?;
        self.library.reject_new_associations();
        for line in self.half_open.drain(..) {
            self.library.handle_event(line.handle, EndpointEvent::drained());
        }
        let first_tsn = chosen.first_tsn;
        self.current = Some(chosen);
        Some(first_tsn)
    }

    pub(super) fn is_over(&self) -> bool {
        self.current.as_ref().is_some_and(|line| line.association.is_closed())
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.current.iter().chain(&self.half_open).filter_map(|line| line.association.poll_timeout()).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        for line in self.each() {
            if line.association.poll_timeout().is_some_and(|due| due <= now) {
                line.association.handle_timeout(now);
            }
        }
    }

    pub(super) fn flush(&mut self, now: Instant, packets: &mut VecDeque<Bytes>) {
        for line in self.each() {
            while let Some(transmit) = line.association.poll_transmit(now) {
                if let Payload::RawEncode(encoded) = transmit.message {
                    packets.extend(encoded);
                }
            }
            // Said at the beginning of an end already; the association is kept until it is closed.
            while line.association.poll_endpoint_event().is_some() {}
        }
    }

    /// Ends it as a closed browser tab does.
    pub(super) fn abort(&mut self, now: Instant, packets: &mut VecDeque<Bytes>) {
        if let Some(line) = self.current() {
            let _ = line.abort();
        }
        self.flush(now, packets);
    }

    #[cfg(test)]
    pub(super) fn half_open(&self) -> usize {
        self.half_open.len()
    }
}
