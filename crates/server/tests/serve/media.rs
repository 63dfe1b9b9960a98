//! Media through the whole server: datagrams in, datagrams out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::SinkExt as _;
use runde_privacy::access_log::{Line, Retention};
use runde_rtp::ext::AudioLevel;
use runde_rtp::vp8::{Descriptor, PictureId};
use runde_rtp::{Packet, SeqNo, Ssrc, vp8};
use runde_server::{AccessLog, ServerHandle};
use runde_signalling::jingle::{Jingle, Transport};
use runde_signalling::{ns, xml};
use runde_transport::driver::Driver;
use runde_transport::socket::Socket as Udp;
use runde_transport::{
    Candidate, Config, Credentials, Endpoint, Event, ExtensionIds, Fingerprint, Identity, Kind, PayloadType, Remote,
    RxTrack, Setup, TxTrack,
};
use tokio::time::{interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Metadata, Subscriber};

use crate::stage::{Guest, PATIENCE, Socket, attribute, open, open_with_log, socket, until};

pub const OPUS: PayloadType = PayloadType { number: 111, rtx: None, clock_rate: 48_000 };
pub const VP8: PayloadType = PayloadType { number: 100, rtx: Some(96), clock_rate: 90_000 };

/// A guest with a media path of its own.
pub struct Peer {
    pub guest: Guest,
    pub driver: Driver,
    pub channel: Socket,
    /// What it was offered.
    pub offer: String,
    identity: Identity,
    pub sid: String,
    base: u32,
    layers: u32,
    sent: u16,
    packets: [u16; 3],
    key_due: [bool; 3],
    pub heard: Heard,
}

impl Peer {
    /// Takes the offer with one voice (`base + 50`) and one camera (layers `base..`, repaired on `base + 10..`), ready to
    /// receive what the others send.
    pub async fn accept(mut guest: Guest, base: u32, layers: u32, others: &[u32]) -> Self {
        let offer = until(&mut guest.socket, "session-initiate").await;
        let stanza = xml::parse(&offer, &xml::Limits::PEER).unwrap();
        let jingle = Jingle::from_xml(stanza.find("jingle", ns::JINGLE).unwrap()).unwrap();
        let identity = Identity::generate().unwrap();
        let own = Credentials::generate(&identity).unwrap();
        let udp = Udp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let ids = ExtensionIds { audio_level: Some(1), abs_send_time: Some(3), transport_cc: Some(5), mid: None };
        let config = Config::guest(own.clone(), udp.local_addr().unwrap(), ids);
        let mut endpoint = Endpoint::new(Instant::now(), &identity, config).unwrap();
        declare(&mut endpoint, base, layers, others);
        guest.say(&session_accept(&guest, &jingle.sid, (base, layers), &own, &identity)).await;
        endpoint.set_remote(Instant::now(), &remote(jingle.transport().unwrap())).unwrap();
        let channel = socket(&attribute(&offer, "url"), None).await.unwrap();
        let driver = Driver::new(udp, endpoint).unwrap();
        let (packets, key_due, heard) = ([0; 3], [true; 3], Heard::default());
        Self {
            guest,
            driver,
            channel,
            offer,
            identity,
            sid: jingle.sid,
            base,
            layers,
            sent: 0,
            packets,
            key_due,
            heard,
        }
    }

    pub async fn connected(&mut self) {
        while !matches!(self.driver.next().await.unwrap(), Event::Connected { .. }) {}
    }

    /// Asks for new ICE credentials, takes them and answers with its own; then its network changes.
    async fn restart_ice(&mut self) {
        let jingle = |action: &str, inside: &str| {
            let sid = &self.sid;
            format!(
                "<iq xmlns='jabber:client' type='set' id='{action}' to='runde@conference.127.0.0.1/focus'>\
                 <jingle xmlns='urn:xmpp:jingle:1' action='{action}' sid='{sid}'>{inside}</jingle></iq>"
            )
        };
        let wish = "<bridge-session xmlns='http://jitsi.org/protocol/focus' id='x' ice-restart='true'/>";
        self.guest.socket.send(Message::text(jingle("session-info", wish))).await.unwrap();
        let info = until(&mut self.guest.socket, "transport-info").await;
        assert!(info.contains("ice-generation='1'") && info.contains("setup='passive'"), "{info}");
        let stanza = xml::parse(&info, &xml::Limits::PEER).unwrap();
        let told = Jingle::from_xml(stanza.find("jingle", ns::JINGLE).unwrap()).unwrap();
        let theirs = remote(told.transport().unwrap());
        let own = Credentials::generate(&self.identity).unwrap();
        let half = format!(
            "<content name='audio' creator='responder'><transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' \
             ice-generation='1' ufrag='{}' pwd='{}'/></content>",
            own.ufrag, own.pwd
        );
        self.guest.socket.send(Message::text(jingle("transport-info", &half))).await.unwrap();
        until(&mut self.guest.socket, "id='transport-info'").await;
        self.driver.move_to(Udp::bind("127.0.0.1:0".parse().unwrap()).unwrap()).unwrap();
        let now = Instant::now();
        self.driver.endpoint().ice_restart(now, own, &theirs.credentials, &theirs.candidates).unwrap();
    }

    pub async fn watch(&mut self, height: u32) {
        // What the line takes is said here, so that no story waits for an estimate to grow.
        let wants = format!(
            r#"{{"colibriClass":"ReceiverVideoConstraints","lastN":-1,"assumedBandwidthBps":5000000,"defaultConstraints":{{"maxHeight":{height}}}}}"#
        );
        self.channel.send(Message::text(wants)).await.unwrap();
    }

    /// Packets that its own pacer gave up: holes that no server can fill.
    fn given_up(&mut self) -> u64 {
        self.driver.endpoint().stats().too_old
    }

    /// One block of sound and one picture of each layer; a key frame where one was asked for.
    pub fn send(&mut self) {
        self.sent += 1;
        let now = Instant::now();
        let level = AudioLevel { voice: true, below_full_scale: 20 }.to_byte();
        let voice = Packet {
            payload_type: 111,
            seq: SeqNo(self.sent),
            timestamp: u32::from(self.sent) * 960,
            ssrc: Ssrc(self.base + 50),
            extensions: vec![(1, Bytes::copy_from_slice(&[level]))],
            payload: Bytes::from_static(b"sound"),
            ..Packet::default()
        };
        self.driver.endpoint().send_rtp(now, voice).unwrap();
        for layer in 0..self.layers as usize {
            let key = std::mem::take(&mut self.key_due[layer]);
            for part in 0..PACKETS[layer] {
                self.packets[layer] += 1;
                let packet = Packet {
                    payload_type: 100,
                    marker: part + 1 == PACKETS[layer],
                    seq: SeqNo(self.packets[layer]),
                    timestamp: u32::from(self.sent) * 1800,
                    ssrc: Ssrc(self.base + layer as u32),
                    payload: piece(self.sent, part == 0, key.then_some(HEIGHTS[layer]), BYTES[layer]),
                    ..Packet::default()
                };
                self.driver.endpoint().send_rtp(now, packet).unwrap();
            }
        }
    }

    pub fn take(&mut self, event: Event) {
        match event {
            Event::KeyFrameRequested { ssrc } => self.key_due[(ssrc.0 - self.base) as usize] = true,
            Event::Rtp(packet, _) if packet.payload_type == 111 => {
                assert_eq!(&packet.payload[..], b"sound");
                self.heard.sound.push(packet.seq.0);
            }
            Event::Rtp(packet, _) => {
                self.heard.pictures.push(packet.seq.0);
                self.heard.lines = vp8::key_frame_size(&packet.payload).map_or(self.heard.lines, |(_, lines)| lines);
            }
            Event::Closed(_) => self.heard.closed = true,
            Event::Connected { .. } | Event::Nacked { .. } | Event::Bandwidth { .. } => {}
            Event::RoundTrip(_) | Event::PathChanged | Event::Unannounced { .. } | Event::Channel(_) => {}
        }
    }
}

/// Fifty pictures a second of these packets: 0.16, 0.44 and 1.3 Mbit/s.
const PACKETS: [u16; 3] = [1, 1, 3];
const BYTES: [usize; 3] = [400, 1100, 1100];
const HEIGHTS: [u16; 3] = [180, 360, 720];

/// One packet of a picture.
fn piece(id: u16, first: bool, key: Option<u16>, bytes: usize) -> Bytes {
    let mut payload = Vec::new();
    let picture_id = Some(PictureId::Fifteen(id));
    Descriptor { start_of_partition: first, picture_id, ..Descriptor::default() }.write(&mut payload);
    match key {
        Some(height) => {
            payload.extend_from_slice(&[0x10, 0, 0, 0x9d, 1, 0x2a]);
            payload.extend_from_slice(&(height / 9 * 16).to_le_bytes());
            payload.extend_from_slice(&height.to_le_bytes());
        }
        None => payload.push(0x11),
    }
    payload.resize(bytes, 7);
    payload.into()
}

fn declare(endpoint: &mut Endpoint, own: u32, layers: u32, others: &[u32]) {
    let tx = |ssrc, rtx, kind, pt| TxTrack { ssrc: Ssrc(ssrc), rtx, kind, payload_types: vec![pt] };
    let rx = |ssrc, rtx, kind, pt| RxTrack { ssrc: Ssrc(ssrc), rtx, kind, payload_types: vec![pt] };
    endpoint.declare_tx(&tx(own + 50, None, Kind::Audio, OPUS)).unwrap();
    for layer in own..own + layers {
        endpoint.declare_tx(&tx(layer, Some(Ssrc(layer + 10)), Kind::Video, VP8)).unwrap();
    }
    for other in others {
        endpoint.declare_rx(&rx(other + 50, None, Kind::Audio, OPUS)).unwrap();
        endpoint.declare_rx(&rx(*other, Some(Ssrc(other + 10)), Kind::Video, VP8)).unwrap();
    }
}

pub fn remote(offered: &Transport) -> Remote {
    let fingerprint = offered.fingerprint.as_ref().unwrap();
    Remote {
        credentials: Credentials { ufrag: offered.ufrag.clone(), pwd: offered.pwd.clone() },
        fingerprint: Fingerprint::parse(&fingerprint.hash, &fingerprint.value).unwrap(),
        setup: Setup::ActPass,
        candidates: offered.candidates.iter().map(|candidate| Candidate::host(candidate.addr)).collect(),
    }
}

pub fn session_accept(guest: &Guest, sid: &str, camera: (u32, u32), own: &Credentials, identity: &Identity) -> String {
    let (base, layers) = camera;
    let id = guest.id;
    let transport = format!(
        "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' ufrag='{}' pwd='{}'>\
         <fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='active'>{}</fingerprint></transport>",
        own.ufrag,
        own.pwd,
        identity.fingerprint()
    );
    let source = |ssrc: u32, name: &str| {
        format!(
            "<source xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' ssrc='{ssrc}' name='{id}-{name}'>\
             <parameter name='msid' value='{id}-{name} track-{name}'/></source>"
        )
    };
    let group = |semantics: &str, ssrcs: &[u32]| {
        let inside: String = ssrcs.iter().map(|ssrc| format!("<source ssrc='{ssrc}'/>")).collect();
        format!("<ssrc-group xmlns='urn:xmpp:jingle:apps:rtp:ssma:0' semantics='{semantics}'>{inside}</ssrc-group>")
    };
    let primaries: Vec<u32> = (base..base + layers).collect();
    let mut camera: String = primaries.iter().map(|ssrc| source(*ssrc, "v0") + &source(ssrc + 10, "v0")).collect();
    camera += &primaries.iter().map(|ssrc| group("FID", &[*ssrc, ssrc + 10])).collect::<String>();
    if layers > 1 {
        camera += &group("SIM", &primaries);
    }
    let content = |name: &str, inside: String| {
        format!(
            "<content name='{name}' creator='responder' senders='both'><description \
             xmlns='urn:xmpp:jingle:apps:rtp:1' media='{name}'>{inside}</description>{transport}</content>"
        )
    };
    format!(
        "<iq xmlns='jabber:client' type='set' id='accept' to='runde@conference.127.0.0.1/focus'>\
         <jingle xmlns='urn:xmpp:jingle:1' action='session-accept' sid='{sid}'>{}{}</jingle></iq>",
        content("audio", source(base + 50, "a0")),
        content("video", camera)
    )
}

/// What one guest was sent: numbers of sound and of pictures, and the size of the last key frame.
#[derive(Default)]
pub struct Heard {
    pub sound: Vec<u16>,
    pub pictures: Vec<u16>,
    lines: u16,
    pub closed: bool,
}

/// How many numbers between the first and the last never came, in whatever order the others did. No run here is long
/// enough for the numbers to begin again at zero.
pub fn holes(numbers: &[u16]) -> u64 {
    let distinct: BTreeSet<u16> = numbers.iter().copied().collect();
    assert_eq!(distinct.len(), numbers.len(), "each packet once: {numbers:?}");
    let (Some(first), Some(last)) = (distinct.first(), distinct.last()) else { return 0 };
    u64::from(last - first) + 1 - distinct.len() as u64
}

/// A room in which Anna sends and all are connected.
pub async fn meeting(server: &ServerHandle, layers: u32) -> [Peer; 3] {
    let anna = Guest::enter(server, "aaaaaaaa").await;
    let bert = Guest::enter(server, "bbbbbbbb").await;
    let cleo = Guest::enter(server, "cccccccc").await;
    let mut anna = Peer::accept(anna, 1000, layers, &[2000, 3000]).await;
    let mut bert = Peer::accept(bert, 2000, 1, &[1000, 3000]).await;
    let mut cleo = Peer::accept(cleo, 3000, 1, &[1000, 2000]).await;
    until(&mut cleo.guest.socket, "result").await;
    let all = async { tokio::join!(anna.connected(), bert.connected(), cleo.connected()) };
    timeout(PATIENCE, all).await.expect("all connect");
    [anna, bert, cleo]
}

/// Lets Anna send until the others have got enough,
/// and every hole is filled that Anna's pacer has not made itself.
async fn stream(meeting: &mut [Peer; 3], enough: impl Fn(&Heard, &Heard) -> bool) {
    let [anna, bert, cleo] = meeting;
    let mut tick = interval(Duration::from_millis(20));
    let run = async {
        loop {
            let given_up = anna.given_up();
            let whole = |heard: &Heard| heard.closed || holes(&heard.pictures) <= given_up;
            if enough(&bert.heard, &cleo.heard) && whole(&bert.heard) && whole(&cleo.heard) {
                return;
            }
            tokio::select! {
                _ = tick.tick() => anna.send(),
                event = anna.driver.next() => anna.take(event.unwrap()),
                event = bert.driver.next() => bert.take(event.unwrap()),
                event = cleo.driver.next() => cleo.take(event.unwrap()),
            }
        }
    };
    let done = timeout(2 * PATIENCE, run).await;
    assert!(
        done.is_ok(),
        "bert {:?} cleo {:?}",
        (bert.heard.sound.len(), bert.heard.lines),
        (cleo.heard.pictures.len(), cleo.heard.lines)
    );
}

#[tokio::test]
async fn sound_and_pictures_travel_from_one_guest_through_the_server_to_the_others() {
    let server = open();
    let mut meeting = Box::pin(meeting(&server, 1)).await;
    meeting[1].watch(720).await;
    let watched = until(&mut meeting[0].channel, "SenderSourceConstraints").await;
    assert!(watched.contains("aaaaaaaa-v0"), "{watched}");
    stream(&mut meeting, |bert, cleo| bert.pictures.len() >= 60 && cleo.sound.len() >= 60).await;
    let [anna, bert, cleo] = &mut meeting;
    assert!(cleo.heard.pictures.is_empty(), "no picture before the first wish");
    for numbers in [&bert.heard.sound, &cleo.heard.sound] {
        assert_eq!(holes(numbers), 0, "no gap: {numbers:?}");
    }
    assert!(holes(&bert.heard.pictures) <= anna.given_up(), "no gap: {:?}", bert.heard.pictures);
    until(&mut bert.channel, "aaaaaaaa-v0").await;
    let speaker = until(&mut bert.channel, "DominantSpeakerEndpointChangeEvent").await;
    assert!(speaker.contains("aaaaaaaa"), "{speaker}");
}

#[tokio::test]
async fn each_receiver_gets_the_size_it_asked_for_and_a_cut_guest_disturbs_nobody() {
    let server = open();
    let mut meeting = Box::pin(meeting(&server, 3)).await;
    meeting[1].watch(180).await;
    meeting[2].watch(720).await;
    stream(&mut meeting, |bert, cleo| bert.lines == 180 && cleo.lines == 720).await;
    let given_up = meeting[0].given_up();
    assert!(holes(&meeting[2].heard.pictures) <= given_up, "layers switch without a gap");

    // Bert's computer goes dark: no goodbye, neither on the web socket nor in media.
    let [_, bert, cleo] = &mut meeting;
    drop(std::mem::replace(
        &mut bert.guest.socket,
        socket(&format!("ws://{}/xmpp-websocket", server.local_addr()), Some("xmpp")).await.unwrap(),
    ));
    until(&mut cleo.guest.socket, "unavailable").await;
    let before = cleo.heard.pictures.len();
    stream(&mut meeting, |bert, cleo| bert.closed && cleo.pictures.len() >= before + 200).await;
    assert!(!meeting[0].heard.closed && !meeting[2].heard.closed);
}

#[tokio::test]
async fn the_media_a_guest_was_sent_counts_in_the_line_of_its_bridge_channel() {
    let home = tempfile::tempdir().unwrap();
    let server = open_with_log(AccessLog::new(home.path().to_owned(), Retention::CEILING));
    let mut meeting = Box::pin(meeting(&server, 1)).await;
    meeting[1].watch(720).await;
    stream(&mut meeting, |bert, _| bert.pictures.len() >= 60).await;
    let sent = (60 * BYTES[0]) as u64;
    drop(meeting);
    server.shutdown().await;
    let day = std::fs::read_dir(home.path()).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(day).unwrap();
    let lines: Vec<Line> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(lines.len(), 6, "a web socket and a bridge channel each: {text}");
    assert_eq!(lines.iter().filter(|line| line.bytes_sent >= sent).count(), 1, "only Bert looked: {text}");
}

#[tokio::test]
async fn a_guest_whose_network_changed_gets_new_credentials_and_media_goes_on_in_the_same_session() {
    let server = open();
    let mut meeting = Box::pin(meeting(&server, 1)).await;
    stream(&mut meeting, |bert, _| bert.sound.len() >= 20).await;
    let former = meeting[1].driver.local_addr();
    meeting[1].restart_ice().await;
    assert_ne!(meeting[1].driver.local_addr(), former);
    let before = meeting[1].heard.sound.len();
    stream(&mut meeting, |bert, _| bert.sound.len() >= before + 60).await;
    assert!(meeting.iter().all(|peer| !peer.heard.closed));
}

#[tokio::test]
async fn what_goes_to_one_guest_leaves_in_trains() {
    let said = closing_words();
    let server = open();
    let mut meeting = Box::pin(meeting(&server, 3)).await;
    meeting[1].watch(720).await;
    meeting[2].watch(720).await;
    stream(&mut meeting, |bert, cleo| {
        bert.lines == 720 && cleo.lines == 720 && cleo.pictures.len() >= 300 && bert.pictures.len() >= 300
    })
    .await;
    let port = u64::from(server.local_addr().port());
    server.shutdown().await;
    let closed = said.lock().unwrap().iter().find(|words| words.get("port") == Some(&port)).cloned();
    let closed = closed.expect("the socket says what it has done");
    let (datagrams, trains) = (closed["datagrams"], closed["trains"]);
    assert!(datagrams > 600, "{closed:?}");
    // Without segmentation offload in the system every train is one datagram.
    assert!(if closed["longest"] > 1 { trains < datagrams } else { trains == datagrams }, "{closed:?}");
}

/// What UDP sockets of this process say when they close, by the names of the fields.
type ClosingWords = Mutex<Vec<BTreeMap<&'static str, u64>>>;

fn closing_words() -> &'static ClosingWords {
    static SAID: ClosingWords = Mutex::new(Vec::new());
    // Another test may have set it already; it is the same one.
    let _ = tracing::subscriber::set_global_default(Listener(&SAID));
    &SAID
}

/// Hears debug lines of sockets and nothing else.
struct Listener(&'static ClosingWords);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == "runde_transport::socket"
    }

    fn event(&self, event: &tracing::Event<'_>) {
        let mut words = Words(BTreeMap::new());
        event.record(&mut words);
        self.0.lock().unwrap().push(words.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

struct Words(BTreeMap<&'static str, u64>);

impl Visit for Words {
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name(), value);
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
