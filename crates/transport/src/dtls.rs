//! One DTLS association per endpoint (RFC 5764), under a constant address so that a change of path cannot lose it.
//!
//! The handshake is fed only by ICE-validated senders (the endpoint sees to that), only with plausible records, and
//! only so many bytes; when it fails all the same it starts again.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::endpoint::{Endpoint as Library, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile as Negotiable;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error as LibraryError;

use crate::records::{self, Hello, HelloAssembly};
use crate::srtp::Srtp;
use crate::{CloseReason, DtlsRole, Fingerprint, Identity, TransportError};

/// The address the library knows the peer by, whatever its real one is.
const PEER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
/// A whole handshake needs about 5 KB in each direction; this leaves room for every flight to be repeated.
const MAX_HANDSHAKE_BYTES: usize = 64 * 1024;
/// Datagrams of one attempt, for the same reason.
const MAX_HANDSHAKE_DATAGRAMS: usize = 128;
/// Flights a peer may repeat once there are keys. The library keeps fragments of up to 2 MB, whoever sent them.
const MAX_REPEATS: usize = 32;
/// Longer than any round trip with repetitions; a handshake that is not through by then has been spoilt.
const ATTEMPT: Duration = Duration::from_secs(5);
/// A lost flight is repeated after this long; the RFC's one second is felt when joining.
const FLIGHT_INTERVAL: Duration = Duration::from_millis(400);
/// With [`ATTEMPT`] about half a minute, as long as people wait.
const MAX_ATTEMPTS: u32 = 6;

/// What a call led to.
pub(crate) enum Outcome {
    /// Keys are there.
    Connected(Box<Srtp>),
    /// It is over.
    Closed(CloseReason),
}

/// The association.
pub(crate) struct Dtls {
    identity: Identity,
    role: DtlsRole,
    expected: Fingerprint,
    library: Library,
    state: State,
    attempts: u32,
    hello: HelloAssembly,
    /// Datagrams held until the hello in them is whole.
    waiting: VecDeque<Vec<u8>>,
    /// What came inside, until it is taken after the same call.
    received: VecDeque<Bytes>,
}

enum State {
    /// As server: no hello yet. As client: not started.
    Idle,
    Handshaking {
        since: Instant,
        random: Option<[u8; 32]>,
        bytes: usize,
        datagrams: usize,
    },
    Connected {
        repeats: usize,
    },
    Dead,
}

impl Dtls {
    pub(crate) fn new(identity: &Identity, role: DtlsRole, expected: Fingerprint) -> Self {
        Self {
            identity: identity.clone(),
            role,
            expected,
            library: Library::new(PEER, TransportProtocol::UDP, None),
            state: State::Idle,
            attempts: 0,
            hello: HelloAssembly::default(),
            waiting: VecDeque::new(),
            received: VecDeque::new(),
        }
    }

    pub(crate) fn role(&self) -> DtlsRole {
        self.role
    }

    /// As client, sends the first flight; as server, waits for it. Does nothing once begun.
    pub(crate) fn start(&mut self, now: Instant) -> Result<(), TransportError> {
        if self.role == DtlsRole::Server || !matches!(self.state, State::Idle) {
            return Ok(());
        }
        self.begin(now, None)
    }

    fn begin(&mut self, now: Instant, hello: Option<&Hello>) -> Result<(), TransportError> {
        let failed = |error: LibraryError| TransportError::Dtls(error.to_string());
        self.attempts += 1;
        let offer = hello.map(|hello| hello.srtp_profiles.as_slice());
        let config = self.handshake_config(&profiles(offer)).map_err(failed)?;
        self.library = match self.role {
            DtlsRole::Server => Library::new(PEER, TransportProtocol::UDP, Some(config)),
            DtlsRole::Client => {
                let mut library = Library::new(PEER, TransportProtocol::UDP, None);
                library.connect(now, PEER, config, None).map_err(failed)?;
                library
            }
        };
        let random = hello.map(|hello| hello.random);
        self.state = State::Handshaking { since: now, random, bytes: 0, datagrams: 0 };
        Ok(())
    }

    fn handshake_config(&self, profiles: &[Negotiable]) -> Result<Arc<HandshakeConfig>, LibraryError> {
        let (provider, expected) = (self.identity.provider().clone(), self.expected.clone());
        let hashing = provider.clone();
        ConfigBuilder::default()
            .with_crypto_provider(provider)
            .with_certificates(vec![self.identity.certificate().clone()])
            .with_srtp_protection_profiles(profiles.to_vec())
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            .with_flight_interval(FLIGHT_INTERVAL)
            // There is no authority behind these certificates: the fingerprint from signalling is the check.
            .with_insecure_skip_verify(true)
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_verify_peer_certificate(Some(Arc::new(move |chain, _| {
                let shown = chain.first().and_then(|der| Fingerprint::of(&*hashing, der));
                if shown.as_ref() == Some(&expected) {
                    Ok(())
                } else {
                    Err(LibraryError::ErrNoMatchingCertificateFingerprint)
                }
            })))
            .build(self.role == DtlsRole::Client, None)
            .map(Arc::new)
    }

    /// A DTLS datagram from an ICE-validated sender.
    pub(crate) fn handle(&mut self, now: Instant, datagram: &[u8]) -> Option<Outcome> {
        match &mut self.state {
            State::Dead => None,
            State::Connected { repeats } => {
                let repeated = records::has_plaintext(datagram);
                *repeats += usize::from(repeated);
                if repeated && *repeats > MAX_REPEATS { None } else { self.read(now, datagram) }
            }
            State::Idle | State::Handshaking { .. } => self.handle_handshake(now, datagram),
        }
    }

    fn handle_handshake(&mut self, now: Instant, datagram: &[u8]) -> Option<Outcome> {
        let datagram = records::plausible(datagram, self.role);
        if datagram.is_empty() {
            return None;
        }
        if self.role == DtlsRole::Server {
            return self.serve(now, datagram);
        }
        if self.spend(datagram.len()) { self.read(now, &datagram) } else { None }
    }

    /// As server: a hello with a new random begins a new attempt; the datagrams it came in are fed to it.
    fn serve(&mut self, now: Instant, datagram: Vec<u8>) -> Option<Outcome> {
        /// A hello in more pieces than this is no hello.
        const MAX_PIECES: usize = 8;
        if let Some(hello) = self.hello.push(&datagram) {
            let current = match &self.state {
                State::Handshaking { random, .. } => *random,
                State::Idle | State::Connected { .. } | State::Dead => None,
            };
            if current != Some(hello.random) {
                if self.attempts >= MAX_ATTEMPTS {
                    return Some(self.die(CloseReason::DtlsFailed));
                }
                self.begin(now, Some(&hello)).ok()?;
            }
        }
        if matches!(self.state, State::Idle) {
            self.waiting.push_back(datagram);
            self.waiting.truncate(MAX_PIECES);
            return None;
        }
        self.waiting.push_back(datagram);
        let mut outcome = None;
        while let Some(datagram) = self.waiting.pop_front() {
            if self.spend(datagram.len()) {
                outcome = outcome.or(self.read(now, &datagram));
            }
        }
        outcome
    }

    /// Whether the attempt may take so many bytes more.
    fn spend(&mut self, count: usize) -> bool {
        let State::Handshaking { bytes, datagrams, .. } = &mut self.state else { return true };
        *bytes += count;
        *datagrams += 1;
        *bytes <= MAX_HANDSHAKE_BYTES && *datagrams <= MAX_HANDSHAKE_DATAGRAMS
    }

    fn read(&mut self, now: Instant, datagram: &[u8]) -> Option<Outcome> {
        match self.library.read(now, PEER, None, BytesMut::from(datagram)) {
            Ok(events) => events.into_iter().fold(None, |outcome, event| outcome.or(self.take(event))),
            Err(LibraryError::ErrNoMatchingCertificateFingerprint) => Some(self.die(CloseReason::WrongFingerprint)),
            // Garbage that got this far may or may not have spoilt the attempt: its time limit decides.
            Err(error) => {
                tracing::debug!(%error, "DTLS datagram refused");
                None
            }
        }
    }

    fn take(&mut self, event: EndpointEvent) -> Option<Outcome> {
        match event {
            EndpointEvent::PeerClosed => return Some(self.die(CloseReason::ByPeer)),
            EndpointEvent::ApplicationData(bytes) => {
                self.received.push_back(bytes.freeze());
                return None;
            }
            EndpointEvent::HandshakeComplete => {}
            _ => return None,
        }
        let keyed = self.library.get_connection_state(PEER);
        match keyed.and_then(|state| Srtp::from_handshake(state, self.identity.provider())) {
            Some(srtp) => {
                self.state = State::Connected { repeats: 0 };
                Some(Outcome::Connected(Box::new(srtp)))
            }
            None => Some(self.die(CloseReason::DtlsFailed)),
        }
    }

    fn die(&mut self, reason: CloseReason) -> Outcome {
        self.state = State::Dead;
        Outcome::Closed(reason)
    }

    /// Repeats flights, and begins again when an attempt has taken too long.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<Outcome> {
        let State::Handshaking { since, .. } = self.state else { return None };
        let repeated = self.library.handle_timeout(PEER, now);
        let spoilt = repeated.is_err() || now.saturating_duration_since(since) >= ATTEMPT;
        if !spoilt {
            return None;
        }
        if self.attempts >= MAX_ATTEMPTS {
            return Some(self.die(CloseReason::DtlsFailed));
        }
        match self.role {
            DtlsRole::Server => self.state = State::Idle,
            DtlsRole::Client => {
                if self.begin(now, None).is_err() {
                    return Some(self.die(CloseReason::DtlsFailed));
                }
            }
        }
        None
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let State::Handshaking { since, .. } = self.state else { return None };
        let limit = since + ATTEMPT;
        Some(self.library.poll_timeout(&PEER).map_or(limit, |flight| flight.min(limit)))
    }

    /// What came inside. Taken after every call, wanted or not, so that nothing gathers.
    pub(crate) fn poll_received(&mut self) -> Option<Bytes> {
        self.received.pop_front()
    }

    /// Carries something to the other side; without keys it is dropped.
    pub(crate) fn write(&mut self, now: Instant, bytes: &[u8]) {
        if matches!(self.state, State::Connected { .. })
            && let Err(error) = self.library.write(now, PEER, bytes)
        {
            tracing::debug!(%error, "DTLS carries nothing");
        }
    }

    pub(crate) fn poll_transmit(&mut self) -> Option<Bytes> {
        self.library.poll_transmit().map(|datagram| datagram.message.freeze())
    }

    /// Queues `close_notify`.
    pub(crate) fn close(&mut self, now: Instant) {
        if matches!(self.state, State::Connected { .. }) {
            self.library.stop(now, PEER);
        }
        self.state = State::Dead;
    }
}

/// The SRTP profiles to offer as client (`None`), or to choose from as server.
///
/// The library follows the client's order, and browsers put AES-CM first: so a server that wants GCM must offer nothing
/// else, and may do so only if the client has it.
fn profiles(offer: Option<&[u16]>) -> Vec<Negotiable> {
    const GCM: [Negotiable; 2] = [Negotiable::Srtp_Aead_Aes_128_Gcm, Negotiable::Srtp_Aead_Aes_256_Gcm];
    match offer {
        None => [GCM.as_slice(), &[Negotiable::Srtp_Aes128_Cm_Hmac_Sha1_80]].concat(),
        Some(offer) if GCM.iter().any(|gcm| offer.contains(&(*gcm as u16))) => GCM.to_vec(),
        Some(_) => vec![Negotiable::Srtp_Aes128_Cm_Hmac_Sha1_80],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;

    struct Pair {
        now: Instant,
        sides: [Dtls; 2],
        connected: [Option<Profile>; 2],
        closed: [Option<CloseReason>; 2],
    }

    fn pair() -> Pair {
        let (client, server) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        let sides = [
            Dtls::new(&client, DtlsRole::Client, server.fingerprint().clone()),
            Dtls::new(&server, DtlsRole::Server, client.fingerprint().clone()),
        ];
        Pair { now: Instant::now(), sides, connected: [None; 2], closed: [None; 2] }
    }

    impl Pair {
        fn note(&mut self, side: usize, outcome: Option<Outcome>) {
            match outcome {
                Some(Outcome::Connected(srtp)) => self.connected[side] = Some(srtp.profile),
                Some(Outcome::Closed(reason)) => self.closed[side] = Some(reason),
                None => {}
            }
        }

        /// Runs for up to `seconds`, with `between` seeing and changing every datagram and side.
        fn run(&mut self, seconds: u64, mut between: impl FnMut(usize, &mut Vec<u8>, &mut Dtls)) {
            let end = self.now + Duration::from_secs(seconds);
            self.sides[0].start(self.now).unwrap();
            while self.now < end && self.connected.contains(&None) && self.closed == [None; 2] {
                for from in 0..2 {
                    while let Some(datagram) = self.sides[from].poll_transmit() {
                        let mut datagram = datagram.to_vec();
                        between(from, &mut datagram, &mut self.sides[1 - from]);
                        let outcome = self.sides[1 - from].handle(self.now, &datagram);
                        self.note(1 - from, outcome);
                    }
                }
                self.now += Duration::from_millis(20);
                for side in 0..2 {
                    let outcome = self.sides[side].handle_timeout(self.now);
                    self.note(side, outcome);
                }
            }
        }
    }

    #[test]
    fn both_roles_reach_the_same_gcm_profile() {
        let mut pair = pair();
        pair.run(5, |_, _, _| {});
        assert_eq!(pair.connected, [Some(Profile::Aes128Gcm); 2]);
    }

    #[test]
    fn a_certificate_that_was_not_signalled_ends_it() {
        let mut pair = pair();
        pair.sides[0].expected.bytes[0] ^= 1;
        pair.run(5, |_, _, _| {});
        assert_eq!(pair.connected, [None; 2]);
        assert_eq!(pair.closed[0], Some(CloseReason::WrongFingerprint));
    }

    #[test]
    fn trap_3_garbage_in_every_gap_of_the_handshake_does_not_kill_it() {
        let mut pair = pair();
        let now = pair.now;
        pair.run(20, |_, _, to| {
            for kind in 20..=25u8 {
                for body in [&b""[..], &[2, 40], &[0; 12], &[0xff; 40]] {
                    to.handle(now, &records::tests::record(kind, 0, body));
                }
                to.handle(now, &[kind; 30]);
            }
        });
        assert_eq!(pair.connected, [Some(Profile::Aes128Gcm); 2]);
        assert!(pair.now - now < Duration::from_secs(1), "no attempt was lost");
    }

    /// The ServerKeyExchange of a flight gets a signature that is wrong in its last bit.
    fn spoil_key_exchange(datagram: &mut [u8]) -> bool {
        const SERVER_KEY_EXCHANGE: u8 = 12;
        let mut at = 0;
        while let Some(head) = datagram.get(at..at + 14) {
            let end = at + 13 + usize::from(u16::from_be_bytes([head[11], head[12]]));
            if head[0] == 22 && head[3..5] == [0, 0] && head[13] == SERVER_KEY_EXCHANGE {
                datagram[end - 1] ^= 1;
                return true;
            }
            at = end;
        }
        false
    }

    #[test]
    fn trap_3_a_poisoned_attempt_is_begun_again_and_succeeds() {
        let mut pair = pair();
        let (started, mut spoilt) = (pair.now, 0);
        pair.run(30, |from, datagram, client| {
            if from == 1 && client.attempts == 1 && spoil_key_exchange(datagram) {
                spoilt += 1;
            }
        });
        assert!(spoilt >= 1);
        assert_eq!(pair.connected, [Some(Profile::Aes128Gcm); 2], "{:?}", pair.closed);
        assert_eq!([pair.sides[0].attempts, pair.sides[1].attempts], [2, 2]);
        assert!(pair.now - started < ATTEMPT + Duration::from_secs(1));
    }

    #[test]
    fn trap_3_a_handshake_that_can_never_succeed_ends_after_six_attempts() {
        let mut pair = pair();
        pair.run(120, |from, datagram, _| {
            if from == 1 {
                spoil_key_exchange(datagram);
            }
        });
        assert_eq!(pair.connected, [None; 2]);
        assert!(pair.closed.contains(&Some(CloseReason::DtlsFailed)), "{:?}", pair.closed);
        assert_eq!(pair.sides[0].attempts, MAX_ATTEMPTS);
    }

    /// A fragment that the library would keep for later: a certificate far ahead of its turn.
    fn far_ahead(sequence: u8, size: usize) -> Vec<u8> {
        let [_, high, middle, low] = u32::try_from(size).unwrap().to_be_bytes();
        let mut message = vec![11, high, middle, low, 0, sequence, 0, 0, 0, high, middle, low];
        message.resize(message.len() + size, 0x55);
        records::tests::record(22, 0, &message)
    }

    #[test]
    fn trap_3_an_attempt_takes_in_64_kib_and_128_datagrams_and_the_next_one_is_clean() {
        for (count, size) in [(MAX_HANDSHAKE_DATAGRAMS, 1), (9, 8_000)] {
            let mut pair = pair();
            let now = pair.now;
            let mut left = count;
            pair.run(30, |from, _, server| {
                let begun = matches!(server.state, State::Handshaking { .. });
                while from == 0 && begun && left > 0 {
                    server.handle(now, &far_ahead(20, size));
                    left -= 1;
                }
            });
            assert_eq!(left, 0);
            assert_eq!(pair.connected, [Some(Profile::Aes128Gcm); 2], "{:?}", pair.closed);
            assert_eq!(pair.sides[1].attempts, 2, "the first attempt took no more than {count} times {size} bytes");
        }
    }

    #[test]
    fn a_flood_before_the_hello_holds_no_memory() {
        let mut pair = pair();
        let half = records::tests::record(22, 0, &[1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 9]);
        for _ in 0..10_000 {
            pair.sides[1].handle(pair.now, &half);
        }
        assert!(pair.sides[1].waiting.len() <= 8);
    }

    #[test]
    fn trap_4_a_server_offers_gcm_only_to_clients_that_have_it() {
        let mut pair = pair();
        // The library as client without GCM, as an old browser would be.
        let (client, server) = (Identity::generate().unwrap(), Identity::generate().unwrap());
        pair.sides[0] = Dtls::new(&client, DtlsRole::Client, server.fingerprint().clone());
        pair.sides[1] = Dtls::new(&server, DtlsRole::Server, client.fingerprint().clone());
        let old = pair.sides[0].handshake_config(&[Negotiable::Srtp_Aes128_Cm_Hmac_Sha1_80]).unwrap();
        let mut library = Library::new(PEER, TransportProtocol::UDP, None);
        library.connect(pair.now, PEER, old, None).unwrap();
        pair.sides[0].library = library;
        pair.sides[0].state = State::Handshaking { since: pair.now, random: None, bytes: 0, datagrams: 0 };
        pair.run(5, |_, _, _| {});
        assert_eq!(pair.connected, [Some(Profile::Aes128CmSha1); 2]);
    }

    #[test]
    fn trap_4_the_order_of_a_browser_still_leads_to_gcm() {
        assert_eq!(profiles(Some(&[1, 8, 7])), profiles(Some(&[7])));
        assert_eq!(profiles(Some(&[1, 2])), [Negotiable::Srtp_Aes128_Cm_Hmac_Sha1_80]);
        assert!(!profiles(Some(&[1, 8])).contains(&Negotiable::Srtp_Aes128_Cm_Hmac_Sha1_80));
    }

    /// As recorded from Chromium 156: a post-quantum key share makes the hello larger than a datagram.
    #[test]
    fn a_browsers_hello_in_two_datagrams_is_answered() {
        let first = include_bytes!("../tests/chromium/hello-1.bin");
        let second = include_bytes!("../tests/chromium/hello-2.bin");
        let identity = Identity::generate().unwrap();
        let mut server = Dtls::new(&identity, DtlsRole::Server, identity.fingerprint().clone());
        let now = Instant::now();
        assert!(server.handle(now, first).is_none() && server.poll_transmit().is_none());
        server.handle(now, second);
        assert!(server.poll_transmit().is_some(), "a hello or a cookie comes back");
    }
}
