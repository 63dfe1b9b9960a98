//! The room: takes what happens, says what to send.
//!
//! `publish` keeps the sources, `media` is the way of a packet, `watch` decides who sees what and tells them.

mod map;
mod media;
mod publish;
mod watch;

use crate::endpoint::{Endpoint, EndpointId, VideoConstraints, Wants};
use crate::format::{Format, Formats, OFFERED};
use crate::slots::SlotSsrcs;
use crate::source::{MediaKind, Published, Source, SourceId, VideoType};
use crate::speaker::Speaker;
use runde_rtp::{Packet, SeqNo, Ssrc};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Endpoints of one room. Every pair of them has a route; beyond this number a room needs more than one thread.
const MAX_ENDPOINTS: usize = 200;
/// How often the room looks for layers that fell silent and key frames that did not come.
const TICK: Duration = Duration::from_millis(100);

/// What the offer of this server says about payload types and extensions.
#[derive(Clone, Copy, Debug)]
pub struct RoomConfig {
    /// Opus.
    pub audio_payload_type: u8,
    /// What guests may send.
    pub video: [Format; OFFERED.len()],
    /// Header-extension id of the audio level (RFC 6464).
    pub audio_level_id: u8,
}

impl Default for RoomConfig {
    /// The numbers that Jitsi uses.
    fn default() -> Self {
        Self { audio_payload_type: 111, video: OFFERED, audio_level_id: 1 }
    }
}

/// What happens to a room.
#[derive(Clone, Debug)]
pub enum Input {
    EndpointJoined {
        id: EndpointId,
    },
    EndpointLeft {
        id: EndpointId,
    },
    /// The endpoint's media path works or is lost. It receives nothing before the first `true`.
    Path {
        endpoint: EndpointId,
        active: bool,
    },
    /// The endpoint understands source maps: from now on it is sent on these SSRCs and told what they carry. Before its
    /// media path works for the first time.
    Rewriting {
        endpoint: EndpointId,
        slots: SlotSsrcs,
    },
    /// The video formats that the endpoint takes, under its own numbers; until it says so, all that are offered. It is sent
    /// nothing in another.
    Formats {
        endpoint: EndpointId,
        taken: Vec<Format>,
    },
    /// Its bridge channel is open (again): it is told the state of things.
    ChannelOpened {
        endpoint: EndpointId,
    },
    /// All sources of the endpoint; what is missing here is removed.
    SourcesDeclared {
        endpoint: EndpointId,
        sources: Vec<Source>,
    },
    VideoType {
        endpoint: EndpointId,
        source: Arc<str>,
        kind: VideoType,
    },
    /// A decrypted media packet, already out of its retransmission wrapping.
    Rtp {
        from: EndpointId,
        packet: Packet,
    },
    /// A receiver misses packets of a stream it is sent.
    Nacked {
        from: EndpointId,
        ssrc: Ssrc,
        seqs: Vec<SeqNo>,
    },
    /// A receiver needs a key frame of a stream it is sent.
    KeyFrameRequested {
        by: EndpointId,
        ssrc: Ssrc,
    },
    /// Bits per second the endpoint's line takes.
    Bandwidth {
        endpoint: EndpointId,
        bps: u64,
    },
    Constraints {
        endpoint: EndpointId,
        constraints: VideoConstraints,
    },
    Tick,
}

/// Whether a packet is sent for the first time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Media,
    Rtx,
}

/// What a receiver is told over its bridge channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Notice {
    /// Former speakers come latest first.
    DominantSpeaker { endpoint: EndpointId, former: Vec<EndpointId> },
    /// Names of all video sources it now receives, sorted.
    ForwardedSources(Vec<Arc<str>>),
    /// Lines that somebody wants of its own source: 0 nobody, `u32::MAX` unlimited.
    SenderConstraints { source: Arc<str>, max_height: u32 },
    /// What some of its SSRCs carry from now on.
    Mapped { kind: MediaKind, sources: Vec<Mapping> },
    /// Another endpoint's media path was lost or is back.
    Connectivity { endpoint: EndpointId, active: bool },
}

/// Which source an SSRC of a receiver carries.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mapping {
    pub source: Arc<str>,
    pub owner: EndpointId,
    pub ssrc: Ssrc,
    pub rtx: Option<Ssrc>,
    /// What the source shows; nothing of meaning for sound.
    pub video_type: VideoType,
}

#[derive(Clone, Debug)]
pub enum Output {
    /// To be sealed and sent. Transport-wide numbers and send time are the transport's to add.
    Forward {
        to: EndpointId,
        packet: Packet,
        kind: Kind,
    },
    RequestKeyFrame {
        from: EndpointId,
        ssrc: Ssrc,
    },
    Tell {
        to: EndpointId,
        notice: Notice,
    },
    /// Nothing more to do until the next input, or [`Input::Tick`] at this time.
    Wait(Option<Instant>),
}

/// One meeting room. **One [`Room::handle`], then drain [`Room::poll_output`] to [`Output::Wait`].**
#[derive(Debug)]
pub struct Room {
    config: RoomConfig,
    endpoints: BTreeMap<EndpointId, Endpoint>,
    sources: BTreeMap<SourceId, Published>,
    /// Every declared SSRC, retransmission streams too: nobody can take another's.
    by_ssrc: BTreeMap<Ssrc, (SourceId, usize)>,
    next_source: u32,
    speaker: Speaker,
    /// Layers a key frame is needed of; kept until the throttle lets the request through.
    needs_key: BTreeSet<(SourceId, usize)>,
    next_tick: Option<Instant>,
    outputs: VecDeque<Output>,
}

impl Room {
    #[must_use]
    pub fn new(config: RoomConfig) -> Self {
        Self {
            config,
            endpoints: BTreeMap::new(),
            sources: BTreeMap::new(),
            by_ssrc: BTreeMap::new(),
            next_source: 0,
            speaker: Speaker::default(),
            needs_key: BTreeSet::new(),
            next_tick: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes one thing that happened. Inputs about endpoints that are not in the room are ignored.
    pub fn handle(&mut self, now: Instant, input: Input) {
        match input {
            Input::EndpointJoined { id } => self.join(now, id),
            Input::EndpointLeft { id } => self.leave(now, id),
            Input::Path { endpoint, active } => self.path_changed(now, endpoint, active),
            Input::Rewriting { endpoint, slots } => self.begin_rewriting(now, endpoint, &slots),
            Input::Formats { endpoint, taken } => self.take_formats(endpoint, taken),
            Input::ChannelOpened { endpoint } => self.tell_everything(endpoint),
            Input::SourcesDeclared { endpoint, sources } => self.declare(now, endpoint, sources),
            Input::VideoType { endpoint, source, kind } => self.set_video_type(now, endpoint, &source, kind),
            Input::Rtp { from, packet } => self.packet(now, from, packet),
            Input::Nacked { from, ssrc, seqs } => self.answer_loss(now, from, ssrc, &seqs),
            Input::KeyFrameRequested { by, ssrc } => self.key_frame_wanted(by, ssrc),
            Input::Bandwidth { endpoint, bps } => self.bandwidth(now, endpoint, bps),
            Input::Constraints { endpoint, constraints } => self.constrain(now, endpoint, constraints),
            Input::Tick => self.tick(now),
        }
        self.flush_key_requests(now);
        let busy = !self.endpoints.is_empty();
        self.next_tick = busy.then(|| self.next_tick.unwrap_or(now + TICK));
    }

    pub fn poll_output(&mut self) -> Output {
        self.outputs.pop_front().unwrap_or(Output::Wait(self.next_tick))
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.endpoints.is_empty()
    }

    /// Who is sent a video source of this endpoint.
    #[must_use]
    pub fn viewers_of(&self, endpoint: EndpointId) -> Vec<EndpointId> {
        let theirs = |id: &SourceId| self.sources.get(id).is_some_and(|source| source.owner == endpoint);
        let sees = |receiver: &Endpoint| {
            receiver.routes.iter().any(|(id, route)| route.is_video() && route.target().is_some() && theirs(id))
        };
        self.endpoints.iter().filter(|(_, receiver)| sees(receiver)).map(|(id, _)| *id).collect()
    }

    /// How often a source of this endpoint was declared and not taken in: another's name or SSRC was in it, it had too
    /// many layers, there were too many sources, or the endpoint has changed its SSRCs too often.
    #[must_use]
    pub fn refused_sources(&self, endpoint: EndpointId) -> u64 {
        self.endpoints.get(&endpoint).map_or(0, |endpoint| endpoint.refused)
    }

    fn join(&mut self, now: Instant, id: EndpointId) {
        if self.endpoints.len() >= MAX_ENDPOINTS || self.endpoints.contains_key(&id) {
            return;
        }
        let mut endpoint = Endpoint::default();
        for (source, published) in &self.sources {
            endpoint.add_route(*source, publish::route_for(published));
        }
        self.endpoints.insert(id, endpoint);
        self.watch_again(now, id);
    }

    fn leave(&mut self, now: Instant, id: EndpointId) {
        if self.endpoints.remove(&id).is_none() {
            return;
        }
        self.speaker.remove(id);
        let theirs: Vec<_> = self.sources.iter().filter(|(_, s)| s.owner == id).map(|(source, _)| *source).collect();
        for source in theirs {
            self.remove_source(source);
        }
        self.watch_all_again(now);
        self.tell_senders();
    }

    fn path_changed(&mut self, now: Instant, id: EndpointId, active: bool) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else { return };
        if endpoint.active == active {
            return;
        }
        let told = endpoint.was_active;
        endpoint.active = active;
        endpoint.was_active |= active;
        for route in endpoint.routes.values_mut() {
            route.restart();
        }
        if told {
            self.tell_others(id, &Notice::Connectivity { endpoint: id, active });
        }
        self.watch_again(now, id);
    }

    fn take_formats(&mut self, id: EndpointId, taken: Vec<Format>) {
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.formats = Formats::new(taken);
        }
    }

    fn bandwidth(&mut self, now: Instant, id: EndpointId, bps: u64) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else { return };
        endpoint.line.estimated(now, bps);
        self.watch_again(now, id);
    }

    fn constrain(&mut self, now: Instant, id: EndpointId, constraints: VideoConstraints) {
        let Some(endpoint) = self.endpoints.get_mut(&id) else { return };
        endpoint.wants.get_or_insert_with(Wants::default).apply(constraints);
        self.watch_again(now, id);
        self.tell_senders();
    }

    fn tick(&mut self, now: Instant) {
        self.next_tick = Some(now + TICK);
        for endpoint in self.endpoints.values_mut() {
            endpoint.line.review(now);
        }
        self.watch_all_again(now);
        self.ask_again(now);
    }

    fn tell(&mut self, to: EndpointId, notice: Notice) {
        self.outputs.push_back(Output::Tell { to, notice });
    }

    fn tell_others(&mut self, about: EndpointId, notice: &Notice) {
        let others: Vec<_> = self.endpoints.keys().copied().filter(|id| *id != about).collect();
        for to in others {
            self.tell(to, notice.clone());
        }
    }
}
