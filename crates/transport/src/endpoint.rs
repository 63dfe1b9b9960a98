//! One peer, sans IO: datagrams, instants and packets in; datagrams, facts and a wake-up time out.
//!
//! Joins ICE, DTLS, SRTP, feedback and estimate; each of them knows nothing of the others. What arrives is in
//! `endpoint/inbound.rs`, what leaves in `endpoint/outbound.rs`, data channels in `endpoint/channels.rs`.

mod channels;
mod inbound;
mod outbound;
#[cfg(test)]
mod rubbish;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use runde_rtp::Ssrc;

use crate::chain::Outbox;
use crate::channels::Channels;
use crate::dtls::{Dtls, Outcome};
use crate::estimate::Estimator;
use crate::event::{CloseReason, Event, Output, Stats};
use crate::feedback::Feedback;
use crate::ice::{Ice, IceEvent};
use crate::pacer::Pacer;
use crate::srtp::Srtp;
use crate::tracks::{Removed, Tracks};
use crate::twcc::{Arrivals, Departures};
use crate::{Candidate, Config, Credentials, DtlsRole, Identity, Remote, RxTrack, Setup, TransportError, TxTrack};

/// Feedback for the other side's estimator is sent so often.
const TRANSPORT_CC_INTERVAL: Duration = Duration::from_millis(100);
/// The SSRC we report under while we send nothing ourselves, as browsers do.
const NOBODY: Ssrc = Ssrc(1);
/// Sender reports remembered to measure the round trip by the answers.
const REMEMBERED_REPORTS: usize = 64;

/// One peer.
pub struct Endpoint {
    config: Config,
    identity: Identity,
    epoch: Instant,
    ice: Ice,
    dtls: Option<Dtls>,
    channels: Option<Channels>,
    srtp: Option<Box<Srtp>>,
    /// Where the peer is reached; DTLS may answer a validated address before one is selected.
    path: Option<SocketAddr>,
    dtls_from: Option<SocketAddr>,
    announced: bool,
    closed: bool,
    /// When something of the peer came that was of use.
    heard: Option<Instant>,
    tracks: Tracks,
    feedback: Feedback,
    arrivals: Arrivals,
    arrivals_due: Option<Instant>,
    /// Named in our transport-wide feedback; any stream of the peer will do.
    last_received: Ssrc,
    departures: Departures,
    estimator: Estimator,
    told_bandwidth: u64,
    pacer: Pacer,
    reports: VecDeque<(u32, Instant)>,
    /// Newest report on a stream we send, until it is taken; only of declared ones, so no more than those.
    losses: BTreeMap<Ssrc, u8>,
    nacked: NackBudget,
    unannounced: LookBudget,
    outputs: VecDeque<Output>,
    outbox: Outbox,
    stats: Stats,
}

/// How many retransmissions a peer may ask for within a second.
#[derive(Debug, Default)]
struct NackBudget {
    since: Option<Instant>,
    spent: usize,
}

/// How many packets of streams that nobody announced were looked at within a second.
#[derive(Debug, Default)]
struct LookBudget {
    since: Option<Instant>,
    spent: usize,
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Endpoint");
        shown.field("role", &self.config.role).field("connected", &self.announced).finish_non_exhaustive()
    }
}

impl Endpoint {
    /// An endpoint that knows its own half and waits for the other's.
    ///
    /// # Errors
    /// When an ICE parameter is refused.
    pub fn new(now: Instant, identity: &Identity, config: Config) -> Result<Self, TransportError> {
        let estimator = Estimator::new(config.start_bitrate, config.max_bitrate);
        let mut pacer = Pacer::default();
        pacer.set_estimate(config.start_bitrate);
        Ok(Self {
            ice: Ice::new(now, identity, &config)?,
            identity: identity.clone(),
            epoch: now,
            dtls: None,
            channels: None,
            srtp: None,
            path: None,
            dtls_from: None,
            announced: false,
            closed: false,
            heard: None,
            tracks: Tracks::default(),
            feedback: Feedback::new(now, config.mode),
            arrivals: Arrivals::new(now),
            arrivals_due: None,
            last_received: Ssrc(0),
            departures: Departures::default(),
            told_bandwidth: estimator.target(),
            estimator,
            pacer,
            reports: VecDeque::new(),
            losses: BTreeMap::new(),
            nacked: NackBudget::default(),
            unannounced: LookBudget::default(),
            outputs: VecDeque::new(),
            outbox: Outbox::default(),
            stats: Stats::default(),
            config,
        })
    }

    /// The other half; from here on checks are sent. Said once: later changes are an [`Endpoint::ice_restart`].
    ///
    /// # Errors
    /// When an ICE parameter is refused.
    pub fn set_remote(&mut self, now: Instant, remote: &Remote) -> Result<(), TransportError> {
        let role = match remote.setup {
            Setup::Active => DtlsRole::Server,
            Setup::Passive => DtlsRole::Client,
            Setup::ActPass => self.config.dtls,
        };
        if self.dtls.is_none() {
            self.dtls = Some(Dtls::new(&self.identity, role, remote.fingerprint.clone()));
            self.prepare_channels();
        }
        self.ice.set_remote(now, &remote.credentials)?;
        for candidate in &remote.candidates {
            self.ice.add_candidate(candidate)?;
        }
        self.pump(now);
        Ok(())
    }

    /// One more address of the other side. Those of another family, component or protocol are ignored.
    ///
    /// # Errors
    /// When the agent refuses it.
    pub fn add_candidate(&mut self, now: Instant, candidate: &Candidate) -> Result<(), TransportError> {
        self.ice.add_candidate(candidate)?;
        self.pump(now);
        Ok(())
    }

    /// Announces a stream that will arrive; packets of others are counted and dropped.
    ///
    /// # Errors
    /// When an SSRC is taken or there are too many.
    pub fn declare_rx(&mut self, track: &RxTrack) -> Result<(), TransportError> {
        self.tracks.declare_rx(track)?;
        self.feedback.declare_rx(track);
        Ok(())
    }

    /// Says what packets of a declared stream say in their `mid` extension, so that they are known by it should they come
    /// under another SSRC ([`Event::Unannounced`]).
    pub fn expect_mid(&mut self, ssrc: Ssrc, mid: &str) {
        self.tracks.expect_mid(ssrc, mid.as_bytes());
    }

    /// Announces a stream that we will send.
    ///
    /// # Errors
    /// When an SSRC is taken or there are too many.
    pub fn declare_tx(&mut self, track: &TxTrack) -> Result<(), TransportError> {
        self.tracks.declare_tx(track)?;
        self.feedback.declare_tx(track);
        Ok(())
    }

    /// Takes a stream of either direction back, with its RTX. An SSRC unknown here is no error.
    pub fn remove(&mut self, ssrc: Ssrc) {
        for removed in self.tracks.remove(ssrc) {
            self.feedback.remove(&removed);
            self.retire(&removed);
        }
    }

    /// What the keys have been used for with these streams is forgotten as far as that is safe.
    fn retire(&mut self, removed: &Removed) {
        let (Some(srtp), tracks) = (&mut self.srtp, &self.tracks) else { return };
        match removed {
            Removed::Rx(track) => {
                let ssrcs = std::iter::once(track.ssrc).chain(track.rtx).map(|ssrc| ssrc.0);
                srtp.retire(ssrcs, |ssrc| tracks.receives(Ssrc(ssrc)));
            }
            Removed::Tx(track) => {
                let ssrcs = std::iter::once(track.ssrc).chain(track.rtx).map(|ssrc| ssrc.0);
                srtp.sealer.retire(ssrcs, |ssrc| tracks.sends(Ssrc(ssrc)));
            }
        }
    }

    /// A datagram came from `src` to our address `dst` (an endpoint has one address of its own, so `dst` is only for
    /// the caller's symmetry with sockets that have several).
    pub fn handle_datagram(&mut self, now: Instant, src: SocketAddr, _dst: SocketAddr, bytes: &[u8]) {
        if self.closed {
            return;
        }
        if self.inbound(now, src, bytes) {
            self.heard = Some(now);
        } else {
            self.stats.refused += 1;
        }
        self.pump(now);
    }

    /// The instant of [`Output::Wait`] has come; earlier calls do no harm.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.closed {
            return;
        }
        self.ice.handle_timeout(now);
        if let Some(outcome) = self.dtls.as_mut().and_then(|dtls| dtls.handle_timeout(now)) {
            self.conclude(now, outcome);
        }
        if let Some(channels) =
            self.channels.as_mut().filter(|channels| channels.poll_timeout().is_some_and(|due| due <= now))
        {
            channels.handle_timeout(now);
        }
        if self.srtp.is_some() {
            let reporter = self.reporter();
            self.feedback.handle_timeout(now, reporter, &mut self.outbox);
            self.tell_arrivals(now);
        }
        self.pump(now);
    }

    /// What to do next. Drain until [`Output::Wait`] after every call.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        Output::Wait(if self.closed { None } else { self.next_timeout() })
    }

    fn next_timeout(&mut self) -> Option<Instant> {
        let handshake = self.dtls.as_ref().and_then(Dtls::poll_timeout);
        let media = if self.srtp.is_some() {
            let feedback = self.feedback.poll_timeout();
            [feedback, self.arrivals_due, self.pacer.poll_timeout()].into_iter().flatten().min()
        } else {
            None
        };
        let channels = self.channels.as_ref().and_then(Channels::poll_timeout);
        [self.ice.poll_timeout(), handshake, channels, media].into_iter().flatten().min()
    }

    /// New ICE credentials on both sides; a guest says it through [`crate::Driver::ice_restart`]. DTLS, SRTP and streams stay, media goes on where it went.
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
        self.ice.restart(now, &local, remote)?;
        self.config.local = local;
        for candidate in candidates {
            self.ice.add_candidate(candidate)?;
        }
        self.pump(now);
        Ok(())
    }

    /// Says goodbye to the other side; drain afterwards. No event follows.
    pub fn close(&mut self, now: Instant) {
        if let Some(dtls) = &mut self.dtls {
            dtls.close(now);
        }
        self.pump(now);
        self.closed = true;
    }

    /// Counters since the start.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats { too_old: self.pacer.too_old, bandwidth: self.estimator.target(), ..self.stats }
    }

    /// What share of a stream we send got lost on the way to the other side, in 256ths, as its newest report says (RFC
    /// 3550 section 6.4.1). Each report is told once; `None` before the next.
    pub fn take_loss(&mut self, ssrc: Ssrc) -> Option<u8> {
        self.losses.remove(&ssrc)
    }

    /// Where the other side is reached now.
    #[must_use]
    pub fn path(&self) -> Option<SocketAddr> {
        self.path
    }

    /// When the other side was heard last; checks, their answers and media count.
    #[must_use]
    pub fn heard(&self) -> Option<Instant> {
        self.heard
    }

    /// Asks the other side for a sign of life on the selected path, at once: after the network has changed, it learns so
    /// where we are, and we learn whether it follows.
    pub fn check_path(&mut self, now: Instant) {
        if !self.closed {
            self.ice.check_path();
            self.pump(now);
        }
    }

    /// The user name fragments by which checks find this endpoint: during a restart there are two.
    pub(crate) fn fragments(&self) -> Vec<String> {
        match &self.ice {
            Ice::Full(_) => vec![self.config.local.ufrag.clone()],
            Ice::Lite(lite) => lite.fragments().map(str::to_owned).collect(),
        }
    }

    /// Whether these are the fragments; asked after every datagram, so it makes no strings.
    pub(crate) fn has_fragments(&self, known: &[String]) -> bool {
        match &self.ice {
            Ice::Full(_) => known == [self.config.local.ufrag.as_str()],
            Ice::Lite(lite) => lite.fragments().eq(known.iter().map(String::as_str)),
        }
    }

    /// Whether `src` has proved to be this peer.
    pub(crate) fn is_validated(&self, src: SocketAddr) -> bool {
        self.ice.is_validated(src)
    }

    fn reporter(&self) -> Ssrc {
        self.tracks.first_sent().unwrap_or(NOBODY)
    }

    fn conclude(&mut self, now: Instant, outcome: Outcome) {
        match outcome {
            Outcome::Connected(srtp) => {
                self.srtp = Some(srtp);
                self.start_channels(now);
            }
            Outcome::Closed(reason) => self.end(reason),
        }
    }

    fn end(&mut self, reason: CloseReason) {
        if !self.closed {
            self.closed = true;
            self.outputs.push_back(Output::Event(Event::Closed(reason)));
        }
    }

    /// Moves everything the parts have queued to the outputs.
    fn pump(&mut self, now: Instant) {
        while let Some((dst, bytes)) = self.ice.queue().transmits.pop_front() {
            self.outputs.push_back(Output::Transmit { dst, bytes });
        }
        while let Some(event) = self.ice.queue().events.pop_front() {
            self.note_ice(now, event);
        }
        self.announce();
        self.pump_channels(now);
        self.pump_dtls();
        self.pump_media(now);
    }

    fn note_ice(&mut self, now: Instant, event: IceEvent) {
        match event {
            IceEvent::Selected(addr) => {
                let moved = self.path.replace(addr).is_some_and(|before| before != addr);
                if moved && self.announced {
                    self.outputs.push_back(Output::Event(Event::PathChanged));
                }
                let started = self.dtls.as_mut().map_or(Ok(()), |dtls| dtls.start(now));
                if started.is_err() {
                    self.end(CloseReason::DtlsFailed);
                }
            }
            IceEvent::RoundTrip(sample) => self.note_round_trip(sample),
            IceEvent::Failed(reason) => self.end(reason),
        }
    }

    fn note_round_trip(&mut self, sample: Duration) {
        self.stats.round_trip = Some(sample);
        self.outputs.push_back(Output::Event(Event::RoundTrip(sample)));
    }

    fn pump_dtls(&mut self) {
        let Some(dtls) = &mut self.dtls else { return };
        while let Some(bytes) = dtls.poll_transmit() {
            if let Some(dst) = self.path.or(self.dtls_from) {
                self.outputs.push_back(Output::Transmit { dst, bytes });
            }
        }
    }

    fn announce(&mut self) {
        if let (Some(srtp), Some(_), false) = (&self.srtp, self.path, self.announced) {
            self.announced = true;
            self.outputs.push_back(Output::Event(Event::Connected { profile: srtp.profile }));
        }
    }
}
