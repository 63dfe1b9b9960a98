//! One guest's place in a room, and what signalling's words mean in transport's and the room's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use runde_rtp::{Codec, Ssrc};
use runde_sfu::{EndpointId, Format, LayerSsrc, MediaKind, OFFERED, Room, SlotSsrcs, Source};
use runde_signalling::host::ConnId;
use runde_signalling::jingle;
use runde_transport::{
    Candidate, ChannelId, Credentials, Fingerprint, Kind, PayloadType, Remote, RxTrack, Setup, TxTrack,
};

use crate::access_log::Meter;
use crate::pace::Pace;

/// Sound in the offer; pictures are [`OFFERED`].
const OPUS: PayloadType = PayloadType { number: 111, rtx: None, clock_rate: 48_000 };

/// One room with the seats in it.
#[derive(Debug)]
pub(super) struct Chamber {
    pub(super) room: Room,
    pub(super) wait: Option<Instant>,
    /// By endpoint id as signalled.
    pub(super) seats: BTreeMap<String, EndpointId>,
    /// Names the conference in the path of the bridge channel.
    pub(super) conference: String,
}

/// One guest that was offered media.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) room: String,
    pub(super) endpoint: String,
    /// Opens the bridge channel.
    pub(super) password: String,
    pub(super) bridge: Option<Way>,
    /// Of what comes by a data channel; a web socket counts for itself.
    pub(super) pace: Pace,
    /// Of the newest bridge channel: the media of a guest counts there.
    pub(super) meter: Option<Meter>,
    pub(super) sources: Vec<Source>,
    /// Its media path, as the others were told.
    pub(super) line: Line,
    /// It took the offer: it may be sent the others' streams.
    pub(super) accepted: bool,
    /// Its client understands source maps, so it is sent on SSRCs of its own and none of the others'.
    pub(super) rewriting: bool,
    /// Our part in DTLS since then; a restart of ICE does not change it.
    pub(super) setup: jingle::Setup,
    /// A source of it was refused, and that was said.
    pub(super) refused: bool,
    /// New ICE credentials of ours that the guest was told and has not answered yet.
    pub(super) renewed: Option<Credentials>,
}

/// The media path of a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Line {
    /// Not there yet, or over.
    #[default]
    Down,
    Up,
    /// It stands, but nothing has come over it for a while: a crash, a sleep, a network that is away.
    Silent,
}

/// By which of its two ways a guest's bridge channel came. The newer one counts: the guest reconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    WebSocket(ConnId),
    DataChannel(ChannelId),
}

/// The streams of an endpoint as the room sees them: one source per name, layers in the order of its SIM group.
pub(super) fn sources(signalled: &[jingle::Source], groups: &[jingle::Group]) -> Vec<Source> {
    let mut found: Vec<Source> = Vec::new();
    for one in signalled {
        let is_rtx = groups.iter().any(|g| g.semantics == jingle::Semantics::Fid && g.ssrcs.get(1) == Some(&one.ssrc));
        if is_rtx || found.iter().any(|known| *known.name == *one.name) {
            continue;
        }
        let simulcast = groups
            .iter()
            .find(|group| group.semantics == jingle::Semantics::Sim && group.ssrcs.contains(&one.ssrc))
            .map_or(vec![one.ssrc], |group| group.ssrcs.clone());
        let layer = |ssrc: u32| LayerSsrc { ssrc: Ssrc(ssrc), rtx: rtx_of(ssrc, groups) };
        let kind = match one.kind {
            jingle::Kind::Audio => MediaKind::Audio,
            jingle::Kind::Video => MediaKind::Video,
        };
        let layers = simulcast.into_iter().map(layer).collect();
        found.push(Source { name: one.name.as_str().into(), kind, layers });
    }
    found
}

fn rtx_of(primary: u32, groups: &[jingle::Group]) -> Option<Ssrc> {
    let repairs =
        |group: &&jingle::Group| group.semantics == jingle::Semantics::Fid && group.ssrcs.first() == Some(&primary);
    groups.iter().find(repairs).and_then(|group| group.ssrcs.get(1)).map(|ssrc| Ssrc(*ssrc))
}

/// What this source's sender will send.
pub(super) fn arriving(source: &Source) -> impl Iterator<Item = RxTrack> {
    source.layers.iter().map(|layer| {
        let (kind, payload_types) = form(source.kind);
        RxTrack { ssrc: layer.ssrc, rtx: layer.rtx, kind, payload_types }
    })
}

/// What a receiver of this source will be sent: everything on the first layer's SSRC.
pub(super) fn leaving(source: &Source) -> Option<TxTrack> {
    let (kind, payload_types) = form(source.kind);
    let first = source.layers.first()?;
    Some(TxTrack { ssrc: first.ssrc, rtx: first.rtx, kind, payload_types })
}

/// SSRCs for a guest that understands source maps, `count` of each kind and none of its own; nothing if the system has no
/// random numbers.
pub(super) fn slots(count: usize, own: &[jingle::Source]) -> Option<SlotSsrcs> {
    let mut taken: BTreeSet<u32> = own.iter().map(|source| source.ssrc).chain([0]).collect();
    let mut fresh = || loop {
        let ssrc = getrandom::u32().ok()?;
        if taken.insert(ssrc) {
            return Some(Ssrc(ssrc));
        }
    };
    let mut slots = SlotSsrcs::default();
    for _ in 0..count {
        slots.sound.push(fresh()?);
        slots.pictures.push(LayerSsrc { ssrc: fresh()?, rtx: Some(fresh()?) });
    }
    Some(slots)
}

/// What a guest may be sent on these.
pub(super) fn leaving_on(slots: &SlotSsrcs) -> impl Iterator<Item = TxTrack> {
    let track = |kind, ssrc, rtx| {
        let (kind, payload_types) = form(kind);
        TxTrack { ssrc, rtx, kind, payload_types }
    };
    let sound = slots.sound.iter().map(move |ssrc| track(MediaKind::Audio, *ssrc, None));
    sound.chain(slots.pictures.iter().map(move |slot| track(MediaKind::Video, slot.ssrc, slot.rtx)))
}

fn form(kind: MediaKind) -> (Kind, Vec<PayloadType>) {
    let video = |format: &Format| PayloadType { number: format.payload_type, rtx: format.rtx, clock_rate: 90_000 };
    match kind {
        MediaKind::Audio => (Kind::Audio, vec![OPUS]),
        MediaKind::Video => (Kind::Video, OFFERED.iter().map(video).collect()),
    }
}

/// The video formats of a guest's answer, under the numbers it gives them.
pub(super) fn taken(answered: &[jingle::PayloadType]) -> Vec<Format> {
    let named = |codec| answered.iter().find(move |known| known.name.eq_ignore_ascii_case(name(codec)));
    let rtx = |of: u8| {
        let repairs = |known: &&jingle::PayloadType| known.parameter("apt") == Some(of.to_string().as_str());
        answered.iter().filter(|known| known.name.eq_ignore_ascii_case("rtx")).find(repairs).map(|known| known.id)
    };
    let format = |offered: &Format| {
        let payload_type = named(offered.codec)?.id;
        Some(Format { codec: offered.codec, payload_type, rtx: rtx(payload_type) })
    };
    OFFERED.iter().filter_map(format).collect()
}

const fn name(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus => "opus",
        Codec::Vp8 => "VP8",
        Codec::Vp9 => "VP9",
        Codec::Av1 { .. } => "AV1",
        Codec::H264 => "H264",
    }
}

/// The guest's half of the transport, if it is complete and its fingerprint is one we accept.
pub(super) fn remote(said: &jingle::Transport) -> Option<Remote> {
    let fingerprint = said.fingerprint.as_ref()?;
    Some(Remote {
        credentials: Credentials { ufrag: said.ufrag.clone(), pwd: said.pwd.clone() },
        fingerprint: Fingerprint::parse(&fingerprint.hash, &fingerprint.value).ok()?,
        setup: match said.setup {
            Some(jingle::Setup::Passive) => Setup::Passive,
            Some(jingle::Setup::ActPass) => Setup::ActPass,
            Some(jingle::Setup::Active) | None => Setup::Active,
        },
        // Lite answers checks from wherever they come; it never sends one to an address it was only told.
        candidates: Vec::new(),
    })
}

/// Our part in DTLS when the guest says that this is its own.
pub(super) const fn our_setup(theirs: Option<jingle::Setup>) -> jingle::Setup {
    match theirs {
        Some(jingle::Setup::Passive) => jingle::Setup::Active,
        Some(jingle::Setup::Active | jingle::Setup::ActPass) | None => jingle::Setup::Passive,
    }
}

/// One of our addresses as signalling writes it.
pub(super) fn candidate(ours: &Candidate, nth: usize) -> jingle::Candidate {
    jingle::Candidate {
        foundation: (nth + 1).to_string(),
        component: 1,
        protocol: ours.protocol.clone(),
        priority: ours.priority.saturating_sub(u32::try_from(nth).unwrap_or(u32::MAX) << 8),
        addr: ours.addr,
        kind: jingle::CandidateKind::Host,
        related: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(kind: jingle::Kind, ssrc: u32, name: &str) -> jingle::Source {
        let video_type = jingle::VideoType::Camera;
        jingle::Source { kind, ssrc, name: name.to_owned(), owner: None, msid: None, video_type }
    }

    fn group(semantics: jingle::Semantics, ssrcs: &[u32]) -> jingle::Group {
        jingle::Group { kind: jingle::Kind::Video, semantics, ssrcs: ssrcs.to_vec() }
    }

    #[test]
    fn a_browsers_camera_is_one_source_of_three_layers() {
        let mut signalled: Vec<_> =
            [1, 2, 3, 11, 12, 13].into_iter().map(|ssrc| source(jingle::Kind::Video, ssrc, "ep-v0")).collect();
        signalled.push(source(jingle::Kind::Audio, 7, "ep-a0"));
        let groups = [
            group(jingle::Semantics::Sim, &[1, 2, 3]),
            group(jingle::Semantics::Fid, &[1, 11]),
            group(jingle::Semantics::Fid, &[2, 12]),
            group(jingle::Semantics::Fid, &[3, 13]),
        ];
        let found = sources(&signalled, &groups);
        assert_eq!(found.len(), 2);
        let layers: Vec<_> = found[0].layers.iter().map(|layer| (layer.ssrc.0, layer.rtx.map(|rtx| rtx.0))).collect();
        assert_eq!(layers, [(1, Some(11)), (2, Some(12)), (3, Some(13))]);
        assert_eq!(leaving(&found[0]).map(|track| (track.ssrc, track.rtx)), Some((Ssrc(1), Some(Ssrc(11)))));
        assert_eq!((found[1].kind, arriving(&found[1]).count()), (MediaKind::Audio, 1));
    }

    #[test]
    fn slots_are_ssrcs_that_nobody_else_has() {
        let slots = slots(50, &[source(jingle::Kind::Audio, 7, "ep-a0")]).unwrap();
        let all: BTreeSet<Ssrc> =
            leaving_on(&slots).flat_map(|track| std::iter::once(track.ssrc).chain(track.rtx)).collect();
        assert_eq!((all.len(), leaving_on(&slots).count()), (150, 100));
        assert!(!all.contains(&Ssrc(7)) && !all.contains(&Ssrc(0)));
    }

    #[test]
    fn a_guest_is_sent_the_codecs_of_its_answer_under_its_own_numbers() {
        let answer = |id, name: &str, apt: Option<&str>| jingle::PayloadType {
            id,
            name: name.to_owned(),
            clock_rate: 90_000,
            channels: 1,
            parameters: apt.map(|of| ("apt".to_owned(), of.to_owned())).into_iter().collect(),
            feedback: Vec::new(),
        };
        let ours = taken(&[answer(100, "VP8", None), answer(96, "rtx", Some("100"))]);
        assert_eq!(ours, OFFERED[..1]);
        let other = taken(&[answer(45, "av1", None), answer(46, "rtx", Some("45")), answer(100, "VP8", None)]);
        let numbers: Vec<_> = other.iter().map(|format| (format.payload_type, format.rtx)).collect();
        assert_eq!(numbers, [(100, None), (45, Some(46))]);
    }

    #[test]
    fn a_transport_without_a_usable_fingerprint_is_no_transport() {
        assert!(remote(&jingle::Transport::default()).is_none());
        let weak = jingle::Fingerprint { hash: "sha-1".to_owned(), value: "AB".repeat(20) };
        assert!(remote(&jingle::Transport { fingerprint: Some(weak), ..jingle::Transport::default() }).is_none());
    }
}
