//! ICE of one endpoint, full or lite, behind one face; and the full agent over `rtc-ice` with a guard in front.
//!
//! The library's agent changes its role on the word of an unauthenticated request. So every message is verified here
//! (USERNAME, MESSAGE-INTEGRITY) before the agent sees it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc_crypto::RTCCryptoProvider;
use rtc_ice::candidate::candidate_host::CandidateHostConfig;
use rtc_ice::candidate::{CandidateConfig, CandidateType, unmarshal_candidate};
use rtc_ice::mdns::MulticastDnsMode;
use rtc_ice::{Agent, AgentConfig, Event as AgentEvent};
use rtc_shared::{TransportContext, TransportMessage, TransportProtocol};
use sansio::Protocol;

use crate::lite::Lite;
use crate::stun::{Check, Class, Stun};
use crate::{Candidate, CandidateKind, CloseReason, Config, Credentials, IceRole, Identity, TransportError};

/// No authenticated answer for so long means nobody consents to our packets any more (RFC 7675 section 5.1).
pub(crate) const CONSENT: Duration = Duration::from_secs(15);
/// As long as people wait for a connection; phones waking up need some of it.
pub(crate) const CONNECTING: Duration = Duration::from_secs(30);
/// Addresses remembered per peer. A guest has a handful; each costs checks.
pub(crate) const MAX_CANDIDATES: usize = 32;

/// Of a check beside the agent's own: peer-reflexive type preference 110 (RFC 8445 section 7.1.1).
const CHECK_PRIORITY: u32 = (110 << 24) + (65_535 << 8) + 255;

/// What ICE tells the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IceEvent {
    /// Send here from now on.
    Selected(SocketAddr),
    /// A check was answered after this long.
    RoundTrip(Duration),
    /// It is over.
    Failed(CloseReason),
}

/// What both kinds queue for the endpoint.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(crate) transmits: VecDeque<(SocketAddr, Bytes)>,
    pub(crate) events: VecDeque<IceEvent>,
}

/// Either kind.
pub(crate) enum Ice {
    Full(Box<Full>),
    Lite(Box<Lite>),
}

impl Ice {
    pub(crate) fn new(now: Instant, identity: &Identity, config: &Config) -> Result<Self, TransportError> {
        Ok(match config.role {
            IceRole::Lite => Self::Lite(Box::new(Lite::new(now, identity.provider().clone(), config.local.clone())?)),
            IceRole::FullControlled | IceRole::FullControlling => {
                Self::Full(Box::new(Full::new(now, identity.provider().clone(), config)?))
            }
        })
    }

    pub(crate) fn set_remote(&mut self, now: Instant, remote: &Credentials) -> Result<(), TransportError> {
        match self {
            Self::Full(full) => full.set_remote(now, remote),
            Self::Lite(lite) => {
                lite.set_remote(now, remote);
                Ok(())
            }
        }
    }

    pub(crate) fn add_candidate(&mut self, candidate: &Candidate) -> Result<(), TransportError> {
        match self {
            Self::Full(full) => full.add_candidate(candidate),
            // A lite side is found by its guests; it never goes looking.
            Self::Lite(_) => Ok(()),
        }
    }

    pub(crate) fn restart(
        &mut self,
        now: Instant,
        local: &Credentials,
        remote: &Credentials,
    ) -> Result<(), TransportError> {
        match self {
            Self::Full(full) => full.restart(now, local, remote),
            Self::Lite(lite) => {
                lite.restart(now, local, remote);
                Ok(())
            }
        }
    }

    /// A STUN datagram; `false` if it was refused.
    pub(crate) fn handle(&mut self, now: Instant, src: SocketAddr, bytes: &[u8]) -> bool {
        match self {
            Self::Full(full) => full.handle(now, src, bytes),
            Self::Lite(lite) => lite.handle(now, src, bytes),
        }
    }

    /// Whether `src` has proved to be the peer.
    pub(crate) fn is_validated(&self, src: SocketAddr) -> bool {
        match self {
            Self::Full(full) => full.validated.contains(&src),
            Self::Lite(lite) => lite.is_validated(src),
        }
    }

    /// Authentic media came from `src`.
    pub(crate) fn media_from(&mut self, now: Instant, src: SocketAddr) {
        if let Self::Lite(lite) = self {
            lite.media_from(now, src);
        }
    }

    /// Asks the peer for a sign of life at once, where it is a bridge; a lite side asks by its own plan.
    pub(crate) fn check_path(&mut self) {
        if let Self::Full(full) = self {
            full.check_path();
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        match self {
            Self::Full(full) => full.handle_timeout(now),
            Self::Lite(lite) => lite.handle_timeout(now),
        }
    }

    pub(crate) fn poll_timeout(&mut self) -> Option<Instant> {
        match self {
            Self::Full(full) => full.poll_timeout(),
            Self::Lite(lite) => lite.poll_timeout(),
        }
    }

    pub(crate) fn queue(&mut self) -> &mut Queue {
        match self {
            Self::Full(full) => &mut full.queue,
            Self::Lite(lite) => &mut lite.queue,
        }
    }
}

/// A full agent.
pub(crate) struct Full {
    agent: Agent,
    provider: Arc<dyn RTCCryptoProvider>,
    address: SocketAddr,
    controlling: bool,
    local: Credentials,
    remote: Option<Credentials>,
    candidates: usize,
    began: Option<Instant>,
    selected: Option<SocketAddr>,
    consent: Option<Instant>,
    failed: bool,
    /// Addresses that have sent something authentic: the agent itself would also accept those merely signalled.
    validated: Vec<SocketAddr>,
    queue: Queue,
}

impl Full {
    fn new(now: Instant, provider: Arc<dyn RTCCryptoProvider>, config: &Config) -> Result<Self, TransportError> {
        let controlling = config.role == IceRole::FullControlling;
        let agent_config = agent_config(config);
        let mut agent = Agent::new(now, Arc::new(agent_config), provider.clone()).map_err(refused)?;
        let own = CandidateHostConfig {
            base_config: CandidateConfig {
                network: "udp".to_owned(),
                address: config.address.ip().to_string(),
                port: config.address.port(),
                component: 1,
                ..Default::default()
            },
            ..Default::default()
        };
        agent.add_local_candidate(own.new_candidate_host().map_err(refused)?).map_err(refused)?;
        Ok(Self {
            agent,
            provider,
            address: config.address,
            controlling,
            local: config.local.clone(),
            remote: None,
            candidates: 0,
            began: None,
            selected: None,
            consent: None,
            failed: false,
            validated: Vec::new(),
            queue: Queue::default(),
        })
    }

    fn set_remote(&mut self, now: Instant, remote: &Credentials) -> Result<(), TransportError> {
        self.began = Some(now);
        self.remote = Some(remote.clone());
        self.agent
            .start_connectivity_checks(now, self.controlling, remote.ufrag.clone(), remote.pwd.clone())
            .map_err(refused)?;
        self.drain(now);
        Ok(())
    }

    fn add_candidate(&mut self, candidate: &Candidate) -> Result<(), TransportError> {
        let usable = candidate.component == 1
            && candidate.protocol.eq_ignore_ascii_case("udp")
            && candidate.addr.is_ipv4() == self.address.is_ipv4()
            && candidate.addr.port() != 0;
        if !usable || self.candidates >= MAX_CANDIDATES {
            return Ok(());
        }
        self.candidates += 1;
        let candidate = unmarshal_candidate(&line(candidate)).map_err(refused)?;
        self.agent.add_remote_candidate(candidate).map_err(refused)?;
        Ok(())
    }

    /// Consent runs on from what was heard last: who asks for this hears nothing, and credentials are no sign of life.
    fn restart(&mut self, now: Instant, local: &Credentials, remote: &Credentials) -> Result<(), TransportError> {
        self.agent.restart(now, local.ufrag.clone(), local.pwd.clone(), true).map_err(refused)?;
        self.local = local.clone();
        self.candidates = 0;
        self.set_remote(now, remote)
    }

    fn handle(&mut self, now: Instant, src: SocketAddr, bytes: &[u8]) -> bool {
        let Some(message) = Stun::parse(bytes) else { return false };
        if !self.vouched_for(&message) {
            return false;
        }
        if !self.validated.contains(&src) {
            self.validated.push(src);
            if self.validated.len() > MAX_CANDIDATES {
                self.validated.remove(0);
            }
        }
        if message.class == Class::Success && self.selected == Some(src) {
            self.consent = Some(now);
        }
        let transport = self.context(src);
        let message = BytesMut::from(bytes);
        let accepted = self.agent.handle_read(TransportMessage { now, transport, message }).is_ok();
        self.drain(now);
        accepted
    }

    /// One check to the selected address beside the agent's own, which come by a clock that knows of no change of network.
    /// Its answer counts for consent like any other.
    fn check_path(&mut self) {
        let (Some(remote), Some(selected)) = (&self.remote, self.selected) else { return };
        let check = Check {
            username: format!("{}:{}", remote.ufrag, self.local.ufrag),
            password: &remote.pwd,
            // It settles role conflicts, and there is none on a path that stood.
            tie_breaker: 0,
            priority: CHECK_PRIORITY,
            controlling: self.controlling,
            nominate: false,
        };
        if let Some((_, bytes)) = check.build(self.provider.crypto()) {
            self.queue.transmits.push_back((selected, Bytes::from(bytes)));
        }
    }

    /// A request is addressed to us by the peer and made with our password; an answer is made with the peer's.
    fn vouched_for(&self, message: &Stun<'_>) -> bool {
        let Some(remote) = &self.remote else { return false };
        let crypto = self.provider.crypto();
        match message.class {
            Class::Request => {
                message.addressed_to() == Some(&self.local.ufrag)
                    && message.sent_by() == Some(&remote.ufrag)
                    && message.is_authentic(&self.local.pwd, crypto)
            }
            Class::Success => message.is_authentic(&remote.pwd, crypto),
        }
    }

    fn context(&self, src: SocketAddr) -> TransportContext {
        TransportContext {
            local_addr: self.address,
            peer_addr: src,
            transport_protocol: TransportProtocol::UDP,
            ecn: None,
        }
    }

    fn drain(&mut self, now: Instant) {
        while let Some(datagram) = self.agent.poll_write() {
            self.queue.transmits.push_back((datagram.transport.peer_addr, datagram.message.freeze()));
        }
        while let Some(event) = self.agent.poll_event() {
            if let AgentEvent::SelectedCandidatePairChange(_, remote) = event.event {
                self.selected = Some(remote.addr());
                self.consent = Some(now);
                self.queue.events.push_back(IceEvent::Selected(remote.addr()));
            }
        }
    }

    fn deadline(&self) -> Option<(Instant, CloseReason)> {
        match (self.consent, self.began) {
            _ if self.failed => None,
            (Some(consent), _) => Some((consent + CONSENT, CloseReason::ConsentExpired)),
            (None, Some(began)) => Some((began + CONNECTING, CloseReason::IceFailed)),
            (None, None) => None,
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.agent.poll_timeout().is_some_and(|due| due <= now)
            && let Err(error) = self.agent.handle_timeout(now)
        {
            tracing::debug!(%error, "ICE agent");
        }
        self.drain(now);
        if let Some((_, reason)) = self.deadline().filter(|(due, _)| *due <= now) {
            self.failed = true;
            self.queue.events.push_back(IceEvent::Failed(reason));
        }
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        let deadline = self.deadline().map(|(due, _)| due);
        [self.agent.poll_timeout(), deadline].into_iter().flatten().min()
    }
}

fn agent_config(config: &Config) -> AgentConfig {
    AgentConfig {
        local_ufrag: config.local.ufrag.clone(),
        local_pwd: config.local.pwd.clone(),
        is_controlling: config.role == IceRole::FullControlling,
        candidate_types: vec![CandidateType::Host, CandidateType::ServerReflexive, CandidateType::Relay],
        // The default asks the local network for names, once per agent.
        multicast_dns_mode: MulticastDnsMode::Disabled,
        check_interval: Duration::from_millis(100),
        // The default gives a pair up after seven checks, while the other side may still be reading our answer.
        max_binding_requests: Some(u16::MAX),
        keepalive_interval: Some(Duration::from_secs(2)),
        // Zero switches the library's own ends off: consent is counted here, by authenticated answers only.
        disconnected_timeout: Some(Duration::ZERO),
        failed_timeout: Some(Duration::ZERO),
        ..Default::default()
    }
}

fn refused(error: impl std::fmt::Display) -> TransportError {
    TransportError::Ice(error.to_string())
}

/// The candidate in the form the library reads (RFC 8839 section 5.1).
fn line(candidate: &Candidate) -> String {
    let kind = match candidate.kind {
        CandidateKind::Host => "host",
        CandidateKind::ServerReflexive => "srflx",
        CandidateKind::PeerReflexive => "prflx",
        CandidateKind::Relay => "relay",
    };
    // The foundation is the peer's text: only characters the grammar has may come near the library's parser.
    let foundation: String = candidate.foundation.chars().filter(char::is_ascii_alphanumeric).take(32).collect();
    let foundation = if foundation.is_empty() { "0".to_owned() } else { foundation };
    let base = format!(
        "{foundation} 1 udp {} {} {} typ {kind}",
        candidate.priority,
        candidate.addr.ip(),
        candidate.addr.port()
    );
    match candidate.related {
        Some(related) => format!("{base} raddr {} rport {}", related.ip(), related.port()),
        None if candidate.kind == CandidateKind::Host => base,
        None => format!("{base} raddr {} rport 9", candidate.addr.ip()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ExtensionIds;

    #[test]
    fn trap_8_the_agent_has_no_mdns_of_its_own_and_the_host_no_agent() {
        let identity = Identity::generate().unwrap();
        let credentials = Credentials::generate(&identity).unwrap();
        let address = "10.0.0.1:5000".parse().unwrap();
        let guest = Config::guest(credentials.clone(), address, ExtensionIds::default());
        assert!(agent_config(&guest).multicast_dns_mode == MulticastDnsMode::Disabled);
        let host = Config::host(credentials, address, ExtensionIds::default());
        assert!(matches!(Ice::new(Instant::now(), &identity, &host), Ok(Ice::Lite(_))));
    }

    #[test]
    fn what_a_peer_writes_into_a_candidate_stays_within_the_grammar() {
        let mut candidate = Candidate::host("10.0.0.1:5000".parse().unwrap());
        candidate.foundation = "1 2 udp 9\r\nevil".repeat(100);
        candidate.kind = CandidateKind::ServerReflexive;
        assert!(unmarshal_candidate(&line(&candidate)).is_ok());
        candidate.foundation = "ä".to_owned();
        candidate.kind = CandidateKind::Relay;
        candidate.related = Some("[::1]:9".parse().unwrap());
        assert!(unmarshal_candidate(&line(&candidate)).is_ok());
    }
}
