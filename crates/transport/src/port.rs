//! Many endpoints behind one UDP socket: who is a datagram for?
//!
//! A check finds its endpoint by the user name in it; everything else by the address it comes from, once a check from
//! there has been authentic. So it is made for endpoints that are called, [`crate::IceRole::Lite`] ones; an endpoint that
//! calls first has a socket of its own. No socket here; see [`crate::socket`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;

use crate::Endpoint;
use crate::demux::{self, Protocol};
use crate::event::{self, Event};
use crate::stun::{Class, Stun};

/// What a port wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Output<K> {
    /// Send this datagram.
    Transmit {
        /// To whom.
        dst: SocketAddr,
        /// The datagram.
        bytes: Bytes,
    },
    /// Something happened at an endpoint.
    Event(K, Event),
    /// Nothing more now: come back with [`Port::handle_timeout`] at this instant, or never if `None`.
    Wait(Option<Instant>),
}

/// Endpoints by a key of the caller's choice.
#[derive(Debug)]
pub struct Port<K> {
    endpoints: BTreeMap<K, Entry>,
    by_fragment: BTreeMap<String, K>,
    by_address: BTreeMap<SocketAddr, K>,
    wakes: BTreeSet<(Instant, K)>,
    dirty: VecDeque<K>,
    unrouted: u64,
}

#[derive(Debug)]
struct Entry {
    endpoint: Endpoint,
    fragments: Vec<String>,
    addresses: Vec<SocketAddr>,
    wake: Option<Instant>,
    dirty: bool,
}

/// Addresses kept per endpoint: as many as an endpoint itself remembers, and some that it has forgotten.
const MAX_ADDRESSES: usize = 32;

impl<K: Ord + Copy> Port<K> {
    /// An empty port.
    #[must_use]
    pub fn new() -> Self {
        Self {
            endpoints: BTreeMap::new(),
            by_fragment: BTreeMap::new(),
            by_address: BTreeMap::new(),
            wakes: BTreeSet::new(),
            dirty: VecDeque::new(),
            unrouted: 0,
        }
    }

    /// Takes an endpoint in; an older one under the same key is dropped.
    pub fn insert(&mut self, key: K, endpoint: Endpoint) {
        self.remove(key);
        let entry = Entry { endpoint, fragments: Vec::new(), addresses: Vec::new(), wake: None, dirty: false };
        self.endpoints.insert(key, entry);
        self.refresh(key);
        self.mark(key);
    }

    /// Takes it out; its addresses and user name lead nowhere afterwards.
    pub fn remove(&mut self, key: K) -> Option<Endpoint> {
        let entry = self.endpoints.remove(&key)?;
        self.by_fragment.retain(|_, owner| *owner != key);
        self.by_address.retain(|_, owner| *owner != key);
        if let Some(wake) = entry.wake {
            self.wakes.remove(&(wake, key));
        }
        Some(entry.endpoint)
    }

    /// The endpoint, to be told something; its outputs come with the next [`Port::poll_output`].
    pub fn get_mut(&mut self, key: K) -> Option<&mut Endpoint> {
        self.mark(key);
        self.endpoints.get_mut(&key).map(|entry| &mut entry.endpoint)
    }

    /// The endpoint, to be looked at.
    #[must_use]
    pub fn get(&self, key: K) -> Option<&Endpoint> {
        self.endpoints.get(&key).map(|entry| &entry.endpoint)
    }

    /// Datagrams that were for nobody.
    #[must_use]
    pub fn unrouted(&self) -> u64 {
        self.unrouted
    }

    /// A datagram came from `src` to our address `dst`. For nobody: counted, never answered.
    pub fn handle_datagram(&mut self, now: Instant, src: SocketAddr, dst: SocketAddr, bytes: &[u8]) {
        let Some(key) = self.route(src, bytes) else {
            self.unrouted += 1;
            return;
        };
        self.mark(key);
        let Some(entry) = self.endpoints.get_mut(&key) else { return };
        entry.endpoint.handle_datagram(now, src, dst, bytes);
        if bytes[0] <= 3 && entry.endpoint.is_validated(src) {
            self.learn(src, key);
        }
    }

    fn route(&self, src: SocketAddr, bytes: &[u8]) -> Option<K> {
        if demux::classify(bytes)? != Protocol::Stun {
            return self.by_address.get(&src).copied();
        }
        let message = Stun::parse(bytes)?;
        match message.class {
            Class::Request => self.by_fragment.get(message.addressed_to()?).copied(),
            Class::Success => self.by_address.get(&src).copied(),
        }
    }

    /// An address in use by another endpoint stays with it: an authentic guest may still lie about its source address.
    fn learn(&mut self, src: SocketAddr, key: K) {
        if let Some(owner) = self.by_address.get(&src).copied().filter(|owner| *owner != key) {
            let in_use = self.endpoints.get(&owner).is_some_and(|entry| entry.endpoint.path() == Some(src));
            if in_use {
                return;
            }
        }
        let Some(entry) = self.endpoints.get_mut(&key) else { return };
        if entry.addresses.contains(&src) {
            self.by_address.insert(src, key);
            return;
        }
        entry.addresses.push(src);
        if entry.addresses.len() > MAX_ADDRESSES {
            let path = entry.endpoint.path();
            if let Some(at) = entry.addresses.iter().position(|addr| Some(*addr) != path) {
                let gone = entry.addresses.remove(at);
                if self.by_address.get(&gone) == Some(&key) {
                    self.by_address.remove(&gone);
                }
            }
        }
        self.by_address.insert(src, key);
    }

    /// The instant of [`Output::Wait`] has come; earlier calls do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some(&(due, key)) = self.wakes.first().filter(|(due, _)| *due <= now) {
            self.wakes.remove(&(due, key));
            if let Some(entry) = self.endpoints.get_mut(&key) {
                entry.wake = None;
                entry.endpoint.handle_timeout(now);
            }
            self.mark(key);
        }
    }

    /// What to do next. Drain until [`Output::Wait`] after every call.
    pub fn poll_output(&mut self) -> Output<K> {
        while let Some(&key) = self.dirty.front() {
            let Some(entry) = self.endpoints.get_mut(&key) else {
                self.dirty.pop_front();
                continue;
            };
            match entry.endpoint.poll_output() {
                event::Output::Transmit { dst, bytes } => return Output::Transmit { dst, bytes },
                event::Output::Event(event) => return Output::Event(key, event),
                event::Output::Wait(wake) => {
                    self.dirty.pop_front();
                    self.settle(key, wake);
                }
            }
        }
        Output::Wait(self.wakes.first().map(|(wake, _)| *wake))
    }

    fn mark(&mut self, key: K) {
        if let Some(entry) = self.endpoints.get_mut(&key).filter(|entry| !entry.dirty) {
            entry.dirty = true;
            self.dirty.push_back(key);
        }
    }

    fn settle(&mut self, key: K, wake: Option<Instant>) {
        let Some(entry) = self.endpoints.get_mut(&key) else { return };
        entry.dirty = false;
        if entry.wake != wake {
            if let Some(before) = std::mem::replace(&mut entry.wake, wake) {
                self.wakes.remove(&(before, key));
            }
            self.wakes.extend(wake.map(|wake| (wake, key)));
        }
        self.refresh(key);
    }

    /// Keeps the user names that lead to an endpoint in step with it: a restart changes them.
    fn refresh(&mut self, key: K) {
        let Some(entry) = self.endpoints.get_mut(&key) else { return };
        if entry.endpoint.has_fragments(&entry.fragments) {
            return;
        }
        let fragments = entry.endpoint.fragments();
        for gone in std::mem::replace(&mut entry.fragments, fragments.clone()) {
            if self.by_fragment.get(&gone) == Some(&key) {
                self.by_fragment.remove(&gone);
            }
        }
        self.by_fragment.extend(fragments.into_iter().map(|fragment| (fragment, key)));
    }
}

impl<K> Drop for Port<K> {
    fn drop(&mut self) {
        tracing::debug!(unrouted = self.unrouted, "port closed");
    }
}

impl<K: Ord + Copy> Default for Port<K> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stun::Check;
    use crate::{Config, Credentials, ExtensionIds, Fingerprint, Identity, Remote, Setup};

    const HOST: &str = "10.0.0.2:8443";

    struct Room {
        port: Port<u8>,
        guests: Vec<(Credentials, Credentials)>,
        now: Instant,
    }

    fn room(count: u8) -> Room {
        let (identity, now) = (Identity::generate().unwrap(), Instant::now());
        let mut room = Room { port: Port::new(), guests: Vec::new(), now };
        for key in 0..count {
            let credentials = || Credentials::generate(&identity).unwrap();
            let (ours, theirs) = (credentials(), credentials());
            let config = Config::host(ours.clone(), HOST.parse().unwrap(), ExtensionIds::default());
            let mut endpoint = Endpoint::new(now, &identity, config).unwrap();
            let fingerprint: Fingerprint = identity.fingerprint().clone();
            let remote =
                Remote { credentials: theirs.clone(), fingerprint, setup: Setup::Active, candidates: Vec::new() };
            endpoint.set_remote(now, &remote).unwrap();
            room.port.insert(key, endpoint);
            room.guests.push((ours, theirs));
        }
        room
    }

    impl Room {
        /// A guest's authentic nominating check from `src`; where the answers go.
        fn check(&mut self, guest: usize, src: &str) -> Vec<String> {
            let (ours, theirs) = &self.guests[guest];
            let username = format!("{}:{}", ours.ufrag, theirs.ufrag);
            let check =
                Check { username, password: &ours.pwd, tie_breaker: 1, priority: 1, controlling: true, nominate: true };
            let provider = rtc_crypto::default_provider().unwrap();
            let (_, bytes) = check.build(provider.crypto()).unwrap();
            self.send(src, &bytes)
        }

        fn send(&mut self, src: &str, bytes: &[u8]) -> Vec<String> {
            self.port.handle_datagram(self.now, src.parse().unwrap(), HOST.parse().unwrap(), bytes);
            let mut answered = Vec::new();
            loop {
                match self.port.poll_output() {
                    Output::Transmit { dst, .. } => answered.push(dst.to_string()),
                    Output::Event(..) => {}
                    Output::Wait(_) => return answered,
                }
            }
        }

        fn owner(&self, src: &str) -> Option<u8> {
            self.port.by_address.get(&src.parse().unwrap()).copied()
        }
    }

    #[test]
    fn checks_find_their_endpoint_by_name_and_the_rest_follows_by_address() {
        let mut room = room(3);
        assert_eq!(room.check(1, "10.0.0.9:1"), ["10.0.0.9:1"]);
        assert_eq!(room.check(2, "10.0.0.9:2"), ["10.0.0.9:2"]);
        assert_eq!((room.owner("10.0.0.9:1"), room.owner("10.0.0.9:2")), (Some(1), Some(2)));
        assert!(room.send("10.0.0.9:3", &[22, 254, 253, 0]).is_empty());
        assert_eq!(room.port.unrouted(), 1);
    }

    #[test]
    fn a_guest_cannot_take_the_address_another_one_uses() {
        let mut room = room(2);
        room.check(0, "10.0.0.9:1");
        room.check(1, "10.0.0.9:1");
        assert_eq!(room.owner("10.0.0.9:1"), Some(0));
    }

    #[test]
    fn one_guest_with_a_thousand_addresses_holds_few() {
        let mut room = room(1);
        for number in 1..1_000 {
            room.check(0, &format!("10.0.0.9:{number}"));
        }
        assert!(room.port.by_address.len() <= MAX_ADDRESSES);
        assert_eq!(room.owner("10.0.0.9:999"), Some(0));
    }

    #[test]
    fn an_endpoint_that_is_taken_out_leaves_nothing_behind() {
        let mut room = room(2);
        room.check(0, "10.0.0.9:1");
        room.port.remove(0);
        assert!(room.check(0, "10.0.0.9:1").is_empty());
        assert_eq!((room.port.by_fragment.len(), room.port.by_address.len(), room.port.wakes.len()), (1, 0, 1));
    }
}
