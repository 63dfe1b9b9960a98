//! The room server's side of ICE: it answers checks, and sends one of its own only to whoever has proved to be a guest.
//!
//! Jitsi guests are controlled agents that never tell their addresses, so the server, controlling, nominates an address
//! when it hears from it. A guest that turns out to be controlling nominates for itself and the newest nomination wins.
//! A guest that moves is followed: the library's agent would stay with the first pair for ever.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use rtc_crypto::RTCCryptoProvider;

use crate::ice::{CONNECTING, CONSENT, IceEvent, Queue};
use crate::stun::{self, Check, Class, Stun, Transaction};
use crate::{CloseReason, Credentials, TransportError};

/// Addresses remembered of one guest: interfaces times families, and those it has left.
const MAX_PATHS: usize = 16;
/// An unanswered check of ours is repeated after this long, then after twice as long, and so on (RFC 8489 section 6.2.1).
const FIRST_REPEAT: Duration = Duration::from_millis(100);
/// Sent so often in all, the last 3.1 s after the first.
const MAX_SENT: u32 = 6;
/// The selected address is checked so often, for consent and the round trip.
const KEEPALIVE: Duration = Duration::from_millis(2_500);
/// A selected address silent for so long gives way to another that checks.
const SILENT: Duration = Duration::from_millis(1_500);
/// A selected address silent for so long gives way to another that delivers media: even a muted guest sends RTCP every
/// 100 ms while it receives.
const QUIET: Duration = Duration::from_millis(250);
/// Peer-reflexive type preference 110, local preference and component as of our only candidate.
const PRIORITY: u32 = (110 << 24) + (65_535 << 8) + 255;

/// A lite agent.
pub(crate) struct Lite {
    provider: Arc<dyn RTCCryptoProvider>,
    tie_breaker: u64,
    local: Credentials,
    /// The generation before a restart: valid until the new one is used.
    former: Option<Credentials>,
    remote: Option<Credentials>,
    paths: Vec<Path>,
    selected: Option<SocketAddr>,
    began: Instant,
    consent: Option<Instant>,
    failed: bool,
    pub(crate) queue: Queue,
}

/// An address that has sent an authentic check.
#[derive(Debug, Clone)]
struct Path {
    addr: SocketAddr,
    heard: Instant,
    guest_controls: bool,
    /// It answered a check of ours, so it is not somebody else's address put into a request.
    answered: bool,
    pending: Option<Pending>,
    last_check: Option<Instant>,
}

/// A check of ours that waits for its answer.
#[derive(Debug, Clone)]
struct Pending {
    transaction: Transaction,
    bytes: Bytes,
    began: Instant,
    sent: u32,
    repeat: Instant,
    nominates: bool,
}

impl Lite {
    pub(crate) fn new(
        now: Instant,
        provider: Arc<dyn RTCCryptoProvider>,
        local: Credentials,
    ) -> Result<Self, TransportError> {
        let mut random = [0u8; 8];
        provider.random().fill(&mut random).map_err(|error| TransportError::Ice(error.to_string()))?;
        Ok(Self {
            provider,
            tie_breaker: u64::from_be_bytes(random),
            local,
            former: None,
            remote: None,
            paths: Vec::new(),
            selected: None,
            began: now,
            consent: None,
            failed: false,
            queue: Queue::default(),
        })
    }

    pub(crate) fn set_remote(&mut self, now: Instant, remote: &Credentials) {
        self.remote = Some(remote.clone());
        self.began = now;
        for index in 0..self.paths.len() {
            self.check(now, index);
        }
    }

    pub(crate) fn restart(&mut self, now: Instant, local: &Credentials, remote: &Credentials) {
        self.former = Some(std::mem::replace(&mut self.local, local.clone()));
        self.remote = Some(remote.clone());
        self.consent = self.consent.map(|_| now);
        for path in &mut self.paths {
            // The guest's agent begins anew and waits to be nominated again.
            (path.answered, path.pending, path.last_check) = (false, None, None);
        }
    }

    /// The user name fragments that reach this endpoint.
    pub(crate) fn fragments(&self) -> impl Iterator<Item = &str> {
        let former = self.former.as_ref().map(|former| former.ufrag.as_str());
        std::iter::once(self.local.ufrag.as_str()).chain(former)
    }

    pub(crate) fn handle(&mut self, now: Instant, src: SocketAddr, bytes: &[u8]) -> bool {
        let Some(message) = Stun::parse(bytes) else { return false };
        match message.class {
            Class::Request => self.handle_request(now, src, &message),
            Class::Success => self.handle_success(now, src, &message),
        }
    }

    fn handle_request(&mut self, now: Instant, src: SocketAddr, message: &Stun<'_>) -> bool {
        let Some(password) = self.password_for(message) else { return false };
        let crypto = self.provider.crypto();
        if !message.is_authentic(&password, crypto) {
            return false;
        }
        if let Some(answer) = stun::success(message.transaction, src, &password, crypto) {
            self.queue.transmits.push_back((src, Bytes::from(answer)));
        }
        if message.addressed_to() == Some(&self.local.ufrag) {
            self.former = None;
        }
        let Some(index) = self.hear(now, src) else { return true };
        self.paths[index].guest_controls = message.controlling;
        if self.selected == Some(src) {
            self.consent = Some(now);
        }
        if message.controlling && message.use_candidate {
            self.select(now, src);
        }
        self.check(now, index);
        true
    }

    /// Our password for the generation addressed, if the sender names itself as the guest we know.
    fn password_for(&self, message: &Stun<'_>) -> Option<String> {
        let ours = message.addressed_to()?;
        if let Some(former) = self.former.as_ref().filter(|former| former.ufrag == ours) {
            return Some(former.pwd.clone());
        }
        let known = self.remote.as_ref().is_none_or(|remote| message.sent_by() == Some(&remote.ufrag));
        (known && ours == self.local.ufrag).then(|| self.local.pwd.clone())
    }

    /// The path of `src`, made if there is room: the one heard longest ago goes, never the selected one.
    fn hear(&mut self, now: Instant, src: SocketAddr) -> Option<usize> {
        if let Some(index) = self.paths.iter().position(|path| path.addr == src) {
            self.paths[index].heard = now;
            return Some(index);
        }
        if self.paths.len() >= MAX_PATHS {
            let spare = self.paths.iter().enumerate().filter(|(_, path)| Some(path.addr) != self.selected);
            let oldest = spare.min_by_key(|(_, path)| path.heard).map(|(index, _)| index)?;
            self.paths.swap_remove(oldest);
        }
        self.paths.push(Path {
            addr: src,
            heard: now,
            guest_controls: false,
            answered: false,
            pending: None,
            last_check: None,
        });
        Some(self.paths.len() - 1)
    }

    /// Sends our own check on a path if one is due, nominating where this address is or should become the selected one.
    fn check(&mut self, now: Instant, index: usize) {
        let Some(remote) = &self.remote else { return };
        let path = &self.paths[index];
        let is_selected = self.selected == Some(path.addr);
        let nominates = self.selected.is_none() || is_selected || self.is_silent(now);
        let waits = path.pending.as_ref().is_some_and(|pending| pending.nominates || !nominates);
        let recent = path.last_check.is_some_and(|sent| now.saturating_duration_since(sent) < KEEPALIVE);
        let settled = path.answered && if is_selected { recent } else { !nominates };
        if path.guest_controls || waits || settled {
            return;
        }
        let check = Check {
            username: format!("{}:{}", remote.ufrag, self.local.ufrag),
            password: &remote.pwd,
            tie_breaker: self.tie_breaker,
            priority: PRIORITY,
            controlling: true,
            nominate: nominates,
        };
        let Some((transaction, bytes)) = check.build(self.provider.crypto()) else { return };
        let (bytes, repeat) = (Bytes::from(bytes), now + FIRST_REPEAT);
        let path = &mut self.paths[index];
        path.last_check = Some(now);
        path.pending = Some(Pending { transaction, bytes: bytes.clone(), began: now, sent: 1, repeat, nominates });
        self.queue.transmits.push_back((path.addr, bytes));
    }

    /// Sends unanswered checks again, and gives them up in the end: the guest's next check begins anew.
    fn repeat(&mut self, now: Instant) {
        for path in &mut self.paths {
            let Some(pending) = path.pending.as_mut().filter(|pending| pending.repeat <= now) else { continue };
            if pending.sent >= MAX_SENT {
                path.pending = None;
                continue;
            }
            pending.repeat = now + FIRST_REPEAT * 2u32.pow(pending.sent);
            pending.sent += 1;
            self.queue.transmits.push_back((path.addr, pending.bytes.clone()));
        }
    }

    fn handle_success(&mut self, now: Instant, src: SocketAddr, message: &Stun<'_>) -> bool {
        let Some(remote) = &self.remote else { return false };
        let Some(index) = self.paths.iter().position(|path| path.addr == src) else { return false };
        let path = &mut self.paths[index];
        let asked = path.pending.as_ref().is_some_and(|pending| pending.transaction == message.transaction);
        if !asked || !message.is_authentic(&remote.pwd, self.provider.crypto()) {
            return false;
        }
        let Some(pending) = path.pending.take() else { return false };
        path.answered = true;
        path.heard = now;
        // Of a repeated check nobody knows which one was answered.
        if pending.sent == 1 {
            self.queue.events.push_back(IceEvent::RoundTrip(now.saturating_duration_since(pending.began)));
        }
        if pending.nominates {
            self.select(now, src);
        }
        if self.selected == Some(src) {
            self.consent = Some(now);
        }
        true
    }

    fn select(&mut self, now: Instant, addr: SocketAddr) {
        if self.selected == Some(addr) {
            return;
        }
        self.selected = Some(addr);
        self.consent = Some(now);
        self.queue.events.push_back(IceEvent::Selected(addr));
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.silent_for(now).is_none_or(|silence| silence >= SILENT)
    }

    fn silent_for(&self, now: Instant) -> Option<Duration> {
        let path = self.paths.iter().find(|path| Some(path.addr) == self.selected)?;
        Some(now.saturating_duration_since(path.heard))
    }

    pub(crate) fn is_validated(&self, src: SocketAddr) -> bool {
        self.paths.iter().any(|path| path.addr == src)
    }

    /// Authentic media says best where a guest is: it decides once the selected address has gone quiet.
    pub(crate) fn media_from(&mut self, now: Instant, src: SocketAddr) {
        let quiet = self.silent_for(now).is_none_or(|silence| silence >= QUIET);
        let Some(path) = self.paths.iter_mut().find(|path| path.addr == src) else { return };
        path.heard = now;
        let proved = path.answered || path.guest_controls;
        if proved && quiet && self.selected != Some(src) {
            self.select(now, src);
        }
    }

    fn deadline(&self) -> Option<(Instant, CloseReason)> {
        match self.consent {
            _ if self.failed => None,
            Some(consent) => Some((consent + CONSENT, CloseReason::ConsentExpired)),
            None if self.remote.is_some() => Some((self.began + CONNECTING, CloseReason::IceFailed)),
            None => None,
        }
    }

    pub(crate) fn handle_timeout(&mut self, now: Instant) {
        self.repeat(now);
        let selected = self.paths.iter().position(|path| Some(path.addr) == self.selected);
        if let Some(index) = selected {
            self.check(now, index);
        }
        if let Some((_, reason)) = self.deadline().filter(|(due, _)| *due <= now) {
            self.failed = true;
            self.queue.events.push_back(IceEvent::Failed(reason));
        }
    }

    pub(crate) fn poll_timeout(&self) -> Option<Instant> {
        let selected = self.paths.iter().find(|path| Some(path.addr) == self.selected && !path.guest_controls);
        let idle = selected.filter(|path| path.pending.is_none());
        let keepalive = idle.and_then(|path| path.last_check).map(|sent| sent + KEEPALIVE);
        let repeats = self.paths.iter().filter_map(|path| path.pending.as_ref()).map(|pending| pending.repeat).min();
        let deadline = self.deadline().map(|(due, _)| due);
        [keepalive, repeats, deadline].into_iter().flatten().min()
    }
}
