//! One media session: the endpoint behind the focus' offer, and what both sides agreed on.
//!
//! It turns an offer into a transport and an answer, and declares streams as signalling names them. It decodes
//! nothing. Start at [`Session::open`]; a second offer makes a second session in its place.

mod direct;
mod renew;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use bytes::Bytes;
use runde_rtp::ext::uris;
use runde_rtp::{Packet, Ssrc};
use runde_signalling::guest::{Command, Mapped, answerable};
use runde_signalling::jingle::{self, Content, Kind, Offer, Semantics, Source, Sources, VideoType};
use runde_transport as transport;
use runde_transport::driver::route;
use runde_transport::relay::{Opening, Relay};
use runde_transport::{
    ChannelId, ChannelMessage, Config, Credentials, DataChannels, Driver, Endpoint, ExtensionIds, Identity, Remote,
    RxTrack, TxTrack,
};

pub(super) use direct::Half;

use super::names;
use super::uplink::{Stream, Terms, Uplink};
use crate::contacts::Errand;

/// The pseudo owner of the bridge's own streams: probing and padding, nothing to hear or see (jitsi.md 4.2).
pub(super) const BRIDGE_OWNER: &str = "jvb";

/// What a bridge expects its channel to be called (jitsi.md 5.1).
const BRIDGE_LABEL: &str = "JVB data channel";
const BRIDGE_PROTOCOL: &str = "http://jitsi.org/protocols/colibri";

/// Why an offer could not be answered; the focus is asked for another.
#[derive(Debug, thiserror::Error)]
pub(super) enum SessionError {
    #[error("the offer lacks {0}")]
    Lacks(&'static str),
    #[error("no address of the bridge is reachable from here")]
    NoRoute,
    #[error("the offer's fingerprint is unreadable")]
    Fingerprint,
    #[error("no socket: {0}")]
    Socket(#[from] std::io::Error),
    #[error("the transport refused the offer: {0}")]
    Transport(#[from] transport::TransportError),
    #[error("no randomness: {0}")]
    Identity(#[from] transport::IdentityError),
}

/// The relays of the deployment, and whether nothing else may be used.
#[derive(Default)]
pub(super) struct Relays {
    pub(super) openings: Vec<Opening>,
    pub(super) only: bool,
}

/// A direct way has so long to be found before a relay is used.
const DIRECT_FIRST: Duration = Duration::from_millis(500);

/// A running session.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) driver: Driver,
    pub(super) connected: bool,
    /// Where the bridge channel is as a WebSocket; it may be a data channel, too, or only that.
    pub(super) web_socket: Option<String>,
    /// The other side's certificate, as signalling names it.
    certificate: Option<jingle::Fingerprint>,
    /// Our half, as signalling has it.
    answer: jingle::Transport,
    /// Where the bridge was reachable when the session began.
    bridge: SocketAddr,
    errand: Errand,
    pub(super) has_data_channels: bool,
    audio: Vec<transport::PayloadType>,
    video: Vec<transport::PayloadType>,
    declared: BTreeSet<u32>,
    /// What of it is heard and seen.
    heard: BTreeMap<u32, Announced>,
    /// What packets of declared streams say in their `mid` extension, where the bridge said so.
    mids: BTreeMap<u32, String>,
}

/// What a declared stream carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Announced {
    pub(super) source: Source,
    /// Name of the owner, taken from the source's name where nothing else says it.
    pub(super) owner: String,
}

impl Session {
    /// Answers `offer` as `endpoint`: opens a socket, starts ICE, declares what is sent. The command is the answer.
    ///
    /// # Errors
    /// [`SessionError`]; nothing is left open then.
    pub(super) fn open(
        now: Instant,
        identity: &Identity,
        offer: &Offer,
        endpoint: &str,
        uplink: &mut Uplink,
        (relays, errand): (Relays, &Errand),
    ) -> Result<(Self, Command), SessionError> {
        let offered = offer.transport().ok_or(SessionError::Lacks("a transport"))?;
        let remote = remote(offered)?;
        let contents = answerable(&offer.contents);
        let of = |kind| contents.iter().find(|content| content.kind == Some(kind));
        let audio = of(Kind::Audio).ok_or(SessionError::Lacks("sound that we speak"))?;
        let video = of(Kind::Video);
        let (local_address, bridge) = way_to(&remote.candidates)?;
        let socket = errand.media_socket(local_address)?;
        let local = Credentials::generate(identity)?;
        // Jingle has no word for the largest message that the other side takes.
        let channels = DataChannels::On { max_message: None };
        let channels = if offer.has_data_channels() { channels } else { DataChannels::Off };
        let guest = Config::guest(local.clone(), socket.local_addr()?, extension_ids(&offer.contents, audio, video));
        let config = Config { channels, ..guest };
        let mut core = Endpoint::new(now, identity, config)?;
        let candidates = if relays.only { Vec::new() } else { remote.candidates.clone() };
        core.set_remote(now, &Remote { candidates, ..remote.clone() })?;
        let mut driver = Driver::new(socket, core)?;
        if !relays.openings.is_empty() {
            let earliest = if relays.only { now } else { now + DIRECT_FIRST };
            let relay = Relay::begin(identity, relays.openings, &remote.candidates, earliest);
            driver.relay_through(relay, relays.only);
        }
        let answer = own_transport(identity, local, answer_to(remote.setup));
        let mut session = Self {
            driver,
            certificate: offered.fingerprint.clone(),
            answer: answer.clone(),
            connected: false,
            bridge,
            errand: errand.clone(),
            web_socket: offer.web_socket().map(str::to_owned),
            has_data_channels: offer.has_data_channels(),
            audio: payload_types(audio, "opus"),
            video: video.map(|content| payload_types(content, "VP8")).unwrap_or_default(),
            declared: BTreeSet::new(),
            heard: BTreeMap::new(),
            mids: BTreeMap::new(),
        };
        session.declare_tx(uplink)?;
        uplink.agree(terms(Some(audio), &session.audio), terms(video, &session.video));
        let (sources, groups) = own_sources(endpoint, uplink, !session.video.is_empty());
        Ok((session, Command::Accept { transport: answer, sources, groups }))
    }

    fn declare_tx(&mut self, uplink: &Uplink) -> Result<(), SessionError> {
        let declare = |stream: &Stream, kind, payload_types: &[transport::PayloadType]| TxTrack {
            ssrc: stream.ssrc,
            rtx: stream.rtx,
            kind,
            payload_types: payload_types.to_vec(),
        };
        let sound = declare(&uplink.audio, transport::Kind::Audio, &self.audio);
        self.driver.endpoint().declare_tx(&sound)?;
        if self.video.is_empty() {
            return Ok(());
        }
        for stream in &uplink.video {
            let picture = declare(stream, transport::Kind::Video, &self.video);
            self.driver.endpoint().declare_tx(&picture)?;
        }
        Ok(())
    }

    /// Declares the screen's stream; false where this session has no pictures, or takes no more streams.
    pub(super) fn declare_screen(&mut self, stream: &Stream) -> bool {
        if self.video.is_empty() {
            return false;
        }
        let payload_types = self.video.clone();
        let track = TxTrack { ssrc: stream.ssrc, rtx: stream.rtx, kind: transport::Kind::Video, payload_types };
        let declared = self.driver.endpoint().declare_tx(&track);
        declared.inspect_err(|refused| tracing::warn!(%refused, "the screen cannot be sent")).is_ok()
    }

    /// Declares streams that the bridge gave to sources of others.
    pub(super) fn map(&mut self, mapped: &Mapped) -> Vec<Announced> {
        let announced = self.announce(&mapped.come);
        for (ssrc, mid) in mapped.mids.iter().filter(|(ssrc, _)| self.declared.contains(ssrc)) {
            self.driver.endpoint().expect_mid(Ssrc(*ssrc), mid);
            self.mids.insert(*ssrc, mid.clone());
        }
        announced
    }

    /// What the packets of a stream say in their `mid` extension.
    pub(super) fn mid_of(&self, stream: Ssrc) -> Option<&str> {
        self.mids.get(&stream.0).map(String::as_str)
    }

    /// Declares streams of others; those of the bridge itself are declared too, so that its padding is acknowledged,
    /// but not returned.
    pub(super) fn announce(&mut self, sources: &Sources) -> Vec<Announced> {
        let repairs: BTreeSet<u32> = sources
            .groups
            .iter()
            .filter(|group| group.semantics == Semantics::Fid)
            .flat_map(|group| group.ssrcs.iter().skip(1).copied())
            .collect();
        let primaries = sources.sources.iter().filter(|source| !repairs.contains(&source.ssrc));
        let mut heard = Vec::new();
        for source in primaries {
            if !self.declare_rx(source, sources.rtx_of(source.ssrc)) {
                continue;
            }
            let Some(owner) = source.owner.clone().or_else(|| names::owner(&source.name).map(str::to_owned)) else {
                continue;
            };
            if owner != BRIDGE_OWNER {
                heard.push(Announced { source: source.clone(), owner });
            }
        }
        self.heard.extend(heard.iter().map(|announced| (announced.source.ssrc, announced.clone())));
        heard
    }

    /// Everything of others that was announced and not withdrawn.
    pub(super) fn heard(&self) -> Vec<Announced> {
        self.heard.values().cloned().collect()
    }

    fn declare_rx(&mut self, source: &Source, rtx: Option<u32>) -> bool {
        let (kind, payload_types) = match source.kind {
            Kind::Audio => (transport::Kind::Audio, self.audio.clone()),
            Kind::Video => (transport::Kind::Video, self.video.clone()),
        };
        let track = RxTrack { ssrc: Ssrc(source.ssrc), rtx: rtx.map(Ssrc), kind, payload_types };
        if !self.declared.insert(source.ssrc) {
            return false;
        }
        if let Err(refused) = self.driver.endpoint().declare_rx(&track) {
            tracing::warn!(ssrc = source.ssrc, %refused, "a source is not received");
            self.declared.remove(&source.ssrc);
            return false;
        }
        true
    }

    /// Forgets a stream.
    pub(super) fn withdraw(&mut self, ssrc: u32) {
        self.mids.remove(&ssrc);
        self.heard.remove(&ssrc);
        if self.declared.remove(&ssrc) {
            self.driver.endpoint().remove(Ssrc(ssrc));
        }
    }

    /// Where media goes; before a path is chosen, where it will probably go.
    pub(super) fn peer(&mut self) -> SocketAddr {
        let relay = self.driver.relaying();
        relay.or_else(|| self.driver.endpoint().path()).unwrap_or(self.bridge)
    }

    /// Goes on from another address of this computer.
    ///
    /// # Errors
    /// When no socket can be opened there, or a relay is in between: its allocation belongs to the old address.
    pub(super) fn go_by(&mut self, ip: IpAddr) -> std::io::Result<()> {
        if self.driver.relaying().is_some() {
            return Err(std::io::ErrorKind::AddrNotAvailable.into());
        }
        if self.driver.local_addr().ip() == ip {
            return Ok(());
        }
        self.driver.move_to(self.errand.media_socket(SocketAddr::new(ip, 0))?)
    }

    /// Sends one packet; before the connection stands it is dropped, since it would be old then.
    pub(super) fn send(&mut self, packet: Packet) {
        if !self.connected {
            return;
        }
        if let Err(refused) = self.driver.endpoint().send_rtp(Instant::now(), packet) {
            tracing::debug!(%refused, "a packet was not sent");
        }
    }

    /// Opens the bridge channel inside the media path, as a Jitsi client names it; it stands soon after DTLS does.
    pub(super) fn open_bridge_channel(&mut self) -> Option<ChannelId> {
        let opened = self.driver.endpoint().open_channel(Instant::now(), BRIDGE_LABEL, BRIDGE_PROTOCOL);
        opened.inspect_err(|refused| tracing::debug!(%refused, "no data channel to the bridge")).ok()
    }

    pub(super) fn say_on_channel(&mut self, id: ChannelId, text: String) {
        let said = self.driver.endpoint().send_on_channel(Instant::now(), id, &ChannelMessage::Text(text));
        if let Err(refused) = said {
            tracing::debug!(%refused, "the bridge channel takes no message");
        }
    }

    /// Whether a payload type is a codec that was agreed on.
    pub(super) fn speaks(&self, kind: Kind, payload_type: u8) -> bool {
        self.agreed(kind).iter().any(|known| known.number == payload_type)
    }

    /// The SSRCs of a stream and of its repairs once `ssrc`, on which this payload type came, is part of it.
    pub(super) fn bound(&self, kind: Kind, ssrc: Ssrc, stream: Ssrc, payload_type: u8) -> Option<(u32, Option<u32>)> {
        bound(self.agreed(kind), ssrc, stream, payload_type)
    }

    fn agreed(&self, kind: Kind) -> &[transport::PayloadType] {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }
}

/// Media puts the stream under its SSRC; the repairs of before may come to it in the same way, as they say the same `mid`.
fn bound(agreed: &[transport::PayloadType], ssrc: Ssrc, stream: Ssrc, payload_type: u8) -> Option<(u32, Option<u32>)> {
    let media = agreed.iter().any(|known| known.number == payload_type);
    let repair = agreed.iter().any(|known| known.rtx == Some(payload_type));
    match (media, repair) {
        (true, _) => Some((ssrc.0, None)),
        (false, true) => Some((stream.0, Some(ssrc.0))),
        (false, false) => None,
    }
}

fn remote(offered: &jingle::Transport) -> Result<Remote, SessionError> {
    let fingerprint = offered.fingerprint.as_ref().ok_or(SessionError::Lacks("a fingerprint"))?;
    if offered.ufrag.is_empty() || offered.pwd.is_empty() {
        return Err(SessionError::Lacks("ICE credentials"));
    }
    let setup = match offered.setup {
        Some(jingle::Setup::Active) => transport::Setup::Active,
        Some(jingle::Setup::Passive) => transport::Setup::Passive,
        Some(jingle::Setup::ActPass) | None => transport::Setup::ActPass,
    };
    Ok(Remote {
        credentials: Credentials { ufrag: offered.ufrag.clone(), pwd: offered.pwd.clone() },
        fingerprint: transport::Fingerprint::parse(&fingerprint.hash, &fingerprint.value)
            .map_err(|_| SessionError::Fingerprint)?,
        setup,
        candidates: offered.candidates.iter().map(candidate).collect(),
    })
}

fn candidate(offered: &jingle::Candidate) -> transport::Candidate {
    let kind = match offered.kind {
        jingle::CandidateKind::Host => transport::CandidateKind::Host,
        jingle::CandidateKind::ServerReflexive => transport::CandidateKind::ServerReflexive,
        jingle::CandidateKind::PeerReflexive => transport::CandidateKind::PeerReflexive,
        jingle::CandidateKind::Relay => transport::CandidateKind::Relay,
    };
    transport::Candidate {
        foundation: offered.foundation.clone(),
        component: u16::from(offered.component),
        protocol: offered.protocol.clone(),
        priority: offered.priority,
        addr: offered.addr,
        kind,
        related: offered.related,
    }
}

/// The own address on the way to the best reachable candidate, and that candidate.
fn way_to(candidates: &[transport::Candidate]) -> Result<(SocketAddr, SocketAddr), SessionError> {
    let mut usable: Vec<_> = candidates.iter().filter(|c| c.protocol == "udp" && c.component == 1).collect();
    usable.sort_by_key(|candidate| std::cmp::Reverse(candidate.priority));
    let way = |candidate: &&transport::Candidate| Some((route(candidate.addr).ok()?, candidate.addr));
    let (ip, bridge) = usable.iter().find_map(way).ok_or(SessionError::NoRoute)?;
    Ok((SocketAddr::new(ip, 0), bridge))
}

fn extension(content: &Content, uri: &str) -> Option<u8> {
    content.extensions.iter().find(|known| known.uri == uri).map(|known| known.id)
}

/// Both sections share one transport, so an id means the same in both.
fn extension_ids(offered: &[Content], audio: &Content, video: Option<&Content>) -> ExtensionIds {
    let find = |uri| extension(audio, uri).or_else(|| video.and_then(|video| extension(video, uri)));
    ExtensionIds {
        audio_level: find(uris::AUDIO_LEVEL),
        abs_send_time: find(uris::ABS_SEND_TIME),
        transport_cc: find(uris::TRANSPORT_CC),
        // Read only, so it is not in our answer: what we send is told apart by SSRC.
        mid: offered.iter().find_map(|content| extension(content, uris::MID)),
    }
}

/// The codec we speak, with its RTX number where the offer has one.
fn payload_types(content: &Content, codec: &str) -> Vec<transport::PayloadType> {
    let of_codec = content.payload_types.iter().filter(|known| known.name.eq_ignore_ascii_case(codec));
    let repair = |number: u8| {
        let repairs = |known: &&jingle::PayloadType| {
            known.name.eq_ignore_ascii_case("rtx") && known.parameter("apt") == Some(number.to_string().as_str())
        };
        content.payload_types.iter().find(repairs).map(|known| known.id)
    };
    of_codec
        .map(|known| transport::PayloadType { number: known.id, rtx: repair(known.id), clock_rate: known.clock_rate })
        .take(1)
        .collect()
}

fn terms(content: Option<&Content>, agreed: &[transport::PayloadType]) -> Terms {
    let Some((content, agreed)) = content.zip(agreed.first()) else { return Terms::default() };
    Terms {
        payload_type: agreed.number,
        audio_level: extension(content, uris::AUDIO_LEVEL),
        mid: extension(content, uris::MID).map(|id| (id, Bytes::from(content.name.clone()))),
    }
}

/// The DTLS role that is left for the answer.
const fn answer_to(offered: transport::Setup) -> jingle::Setup {
    match offered {
        transport::Setup::Active => jingle::Setup::Passive,
        transport::Setup::Passive | transport::Setup::ActPass => jingle::Setup::Active,
    }
}

/// No candidates: a bridge learns us from our checks, and our addresses stay with us (jitsi.md 4.4).
fn own_transport(identity: &Identity, local: Credentials, setup: jingle::Setup) -> jingle::Transport {
    let fingerprint = identity.fingerprint();
    jingle::Transport {
        ufrag: local.ufrag,
        pwd: local.pwd,
        fingerprint: Some(jingle::Fingerprint { hash: fingerprint.hash.clone(), value: fingerprint.to_string() }),
        setup: Some(setup),
        candidates: Vec::new(),
        web_socket: None,
    }
}

/// One sound, and the layers of one picture with their repairs (jitsi.md 4.4). One layer alone is no group.
fn own_sources(endpoint: &str, uplink: &Uplink, with_video: bool) -> (Vec<Source>, Vec<jingle::Group>) {
    let source = |kind: Kind, ssrc: Ssrc, name: &str, track: Ssrc| Source {
        kind,
        ssrc: ssrc.0,
        name: name.to_owned(),
        owner: None,
        msid: Some(format!("{endpoint}-{}-0-1 {:08x}-1", kind.as_str(), track.0)),
        video_type: VideoType::Camera,
    };
    let sound = uplink.audio.ssrc;
    let mut sources = vec![source(Kind::Audio, sound, &names::microphone(endpoint), sound)];
    if !with_video {
        return (sources, Vec::new());
    }
    let group = |semantics, ssrcs: Vec<u32>| jingle::Group { kind: Kind::Video, semantics, ssrcs };
    let layers = &uplink.video;
    let name = names::camera(endpoint);
    let mut groups = Vec::new();
    if layers.len() > 1 {
        groups.push(group(Semantics::Sim, layers.iter().map(|layer| layer.ssrc.0).collect()));
    }
    for layer in layers {
        sources.push(source(Kind::Video, layer.ssrc, &name, layers[0].ssrc));
        let Some(rtx) = layer.rtx else { continue };
        sources.push(source(Kind::Video, rtx, &name, layers[0].ssrc));
        groups.push(group(Semantics::Fid, vec![layer.ssrc.0, rtx.0]));
    }
    (sources, groups)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;

    fn codec(id: u8, name: &str, parameters: &[(&str, &str)]) -> jingle::PayloadType {
        let parameters = parameters.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        jingle::PayloadType { id, name: name.to_owned(), clock_rate: 90_000, parameters, ..Default::default() }
    }

    #[test]
    fn the_repair_number_is_the_one_that_points_at_our_codec() {
        let content = Content {
            payload_types: vec![
                codec(41, "AV1", &[]),
                codec(42, "rtx", &[("apt", "41")]),
                codec(100, "VP8", &[]),
                codec(96, "rtx", &[("apt", "100")]),
            ],
            ..Content::default()
        };
        let agreed = payload_types(&content, "VP8");
        assert_eq!(agreed, [transport::PayloadType { number: 100, rtx: Some(96), clock_rate: 90_000 }]);
        assert!(payload_types(&content, "H264").is_empty());
    }

    #[test]
    fn an_ssrc_that_is_known_by_its_mid_is_the_streams_or_its_repairs_by_its_payload_type() {
        let agreed = [transport::PayloadType { number: 100, rtx: Some(96), clock_rate: 90_000 }];
        let bound = |payload_type| bound(&agreed, Ssrc(7), Ssrc(1), payload_type);
        assert_eq!((bound(100), bound(96)), (Some((7, None)), Some((1, Some(7)))));
        assert_eq!(bound(41), None, "another codec says nothing");
    }

    #[test]
    fn three_layers_are_announced_low_to_high_each_with_its_repair() {
        let uplink = Uplink::new(3, &mut ChaCha8Rng::seed_from_u64(1));
        let (sources, groups) = own_sources("1a2b3c4d", &uplink, true);
        assert_eq!(sources.len(), 7);
        assert!(sources[1..].iter().all(|s| s.name == "1a2b3c4d-v0" && s.msid == sources[1].msid));
        assert_ne!(sources[0].msid, sources[1].msid);
        assert_eq!(groups[0].ssrcs, uplink.video.iter().map(|s| s.ssrc.0).collect::<Vec<_>>());
        assert_eq!(groups.len(), 4);
        let named: Vec<_> = sources.iter().map(|s| s.ssrc).collect();
        assert!(groups.iter().flat_map(|g| &g.ssrcs).all(|ssrc| named.contains(ssrc)));
    }

    #[test]
    fn one_layer_is_announced_without_a_group_of_layers() {
        let uplink = Uplink::new(1, &mut ChaCha8Rng::seed_from_u64(1));
        let (sources, groups) = own_sources("1a2b3c4d", &uplink, true);
        assert_eq!(sources.len(), 3);
        assert_eq!(groups.iter().map(|group| group.semantics).collect::<Vec<_>>(), [Semantics::Fid]);
    }

    #[test]
    fn without_pictures_in_the_offer_only_sound_is_announced() {
        let uplink = Uplink::new(3, &mut ChaCha8Rng::seed_from_u64(1));
        let (sources, groups) = own_sources("1a2b3c4d", &uplink, false);
        assert_eq!((sources.len(), groups.len()), (1, 0));
    }

    #[test]
    fn the_own_address_is_the_one_that_reaches_the_best_candidate() {
        let here = |priority, addr: &str| transport::Candidate {
            priority,
            ..transport::Candidate::host(addr.parse().unwrap())
        };
        let (found, bridge) = way_to(&[here(1, "127.0.0.2:9"), here(2, "127.0.0.1:9")]).unwrap();
        assert_eq!((found.ip(), bridge), ("127.0.0.1".parse().unwrap(), "127.0.0.1:9".parse().unwrap()));
        assert!(matches!(way_to(&[]), Err(SessionError::NoRoute)));
    }

    #[test]
    fn an_offer_without_credentials_or_fingerprint_is_refused() {
        let bare = jingle::Transport { ufrag: "a".into(), pwd: "b".into(), ..Default::default() };
        assert!(matches!(remote(&bare), Err(SessionError::Lacks("a fingerprint"))));
    }
}
