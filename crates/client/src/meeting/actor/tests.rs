//! The actor without a server: devices that take their time, and offers that cannot be answered.

mod direct;
mod extras;
mod renewal;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use runde_media::process::Processing;
use runde_media::{AudioBlock, Gone, Hear, Speak};
use runde_signalling::jingle::{self, Content, Kind, Offer};
use runde_signalling::link::RoomLink;
use runde_transport::ChannelEvent;

use tokio::time::timeout;

use super::*;
use crate::event::{DeviceFault, DeviceKind, DeviceNews};
use crate::local::{Camera, Opener};
use crate::options::{AudioIn, AudioOut, VideoIn};
use crate::state::{Connection, Presence};

/// Far more than anything here takes; only a hanging test meets it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a face would hold of the actor.
struct Seat {
    actor: Actor,
    events: mpsc::Receiver<MeetingEvent>,
    state: watch::Receiver<MeetingState>,
}

/// An actor in a room, whose server does not exist.
fn seat(microphone: bool, camera: bool) -> Seat {
    let link = RoomLink::parse("http://127.0.0.1:9/garden", "meet.jit.si").unwrap();
    let place = Place::guessed(&link, &crate::contacts::errand(&crate::contacts::Contacts::default())).unwrap();
    let options = JoinOptions { microphone, camera, ..JoinOptions::new(link, "Ada") };
    let (told, events) = mpsc::channel(64);
    let (state_in, state) = watch::channel(MeetingState::new("garden", "Ada"));
    let faces = Faces {
        events: told,
        state: state_in,
        pictures: watch::channel(Pictures::new()).0,
        levels: watch::channel(Levels::default()).0,
        began: Instant::now(),
    };
    let (identity, cancel) = (Identity::generate().unwrap(), CancellationToken::new());
    let rng = ChaCha20Rng::from_seed([7; 32]);
    let mut actor = Actor::new(options, place, rng, mpsc::channel(1).1, faces, cancel, identity);
    actor.endpoint = "aaaa0001".to_owned();
    actor.faces.learn(Fact::Joined { endpoint: "aaaa0001".to_owned(), moderator: false });
    Seat { actor, events, state }
}

/// Somebody else in the room, without sources.
fn bob() -> Presence {
    Presence { endpoint: "bbbb0001".into(), name: "Bob".into(), hand: false, moderator: false, sources: Vec::new() }
}

impl Seat {
    /// Takes what devices tell until nothing is under way and `jobs` of them are done.
    async fn settle(&mut self, jobs: usize) {
        for _ in 0..jobs {
            let Ok(opened) = timeout(PATIENCE, self.actor.local.next()).await else { break };
            self.actor.opened(opened);
        }
    }

    fn failures(&mut self) -> Vec<DeviceFault> {
        let mut failures = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let MeetingEvent::Device { news: DeviceNews::Failed(fault), .. } = event {
                failures.push(fault);
            }
        }
        failures
    }
}

/// A computer whose drivers open nothing before the test says so, and no two devices of a kind at once.
struct Slow {
    begun: SyncSender<()>,
    held: Mutex<Receiver<()>>,
    microphones: Arc<Mutex<Vec<AudioIn>>>,
    cameras: Arc<AtomicUsize>,
}

/// Sound that is there as long as its entry in the list.
struct Silence(AudioIn, Arc<Mutex<Vec<AudioIn>>>);

impl Hear for Silence {
    fn hear(&mut self, at_most: Duration) -> Result<Option<AudioBlock>, Gone> {
        std::thread::sleep(at_most);
        Ok(None)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        self.1.lock().unwrap().retain(|open| *open != self.0);
    }
}

/// One of the lights that shine.
struct Light(Arc<AtomicUsize>);

impl Drop for Light {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Opener for Slow {
    fn microphone(&self, input: AudioIn) -> Result<(Box<dyn Hear>, Processing), DeviceFault> {
        self.wait();
        let mut open = self.microphones.lock().unwrap();
        if !open.is_empty() {
            return Err(DeviceFault::failed(&format!("busy with {open:?}")));
        }
        open.push(input.clone());
        Ok((Box::new(Silence(input, self.microphones.clone())), Processing::NONE))
    }

    fn speaker(&self, _output: AudioOut) -> Result<Box<dyn Speak>, DeviceFault> {
        Err(DeviceFault::Missing)
    }

    fn camera(&self, _input: VideoIn) -> Result<Camera, DeviceFault> {
        self.wait();
        let light = Light(self.cameras.clone());
        if self.cameras.fetch_add(1, Ordering::SeqCst) > 0 {
            Err(DeviceFault::Busy { id: None })
        } else {
            Ok(Camera::blind(light))
        }
    }
}

impl Slow {
    fn wait(&self) {
        let _ = self.begun.try_send(());
        let _ = self.held.lock().unwrap().recv_timeout(PATIENCE);
    }
}

/// The ends of a [`Slow`] that the test holds.
struct Hold {
    begun: Receiver<()>,
    /// Dropping it lets everything open.
    held: SyncSender<()>,
    microphones: Arc<Mutex<Vec<AudioIn>>>,
    cameras: Arc<AtomicUsize>,
}

fn slow(seat: &mut Seat) -> Hold {
    let (begin, begun) = sync_channel(8);
    let (held, gate) = sync_channel(1);
    let (microphones, cameras) = (Arc::default(), Arc::default());
    let opener = Slow {
        begun: begin,
        held: Mutex::new(gate),
        microphones: Arc::clone(&microphones),
        cameras: Arc::clone(&cameras),
    };
    seat.actor.local = Local::with(Arc::new(opener), runde_devices::events().1);
    Hold { begun, held, microphones, cameras }
}

#[tokio::test]
async fn choosing_no_microphone_while_one_opens_leaves_none_open() {
    let mut seat = seat(true, false);
    let hold = slow(&mut seat);
    seat.actor.ask(Command::SwitchAudioIn(AudioIn::Default));
    hold.begun.recv_timeout(PATIENCE).unwrap();
    seat.actor.ask(Command::SwitchAudioIn(AudioIn::None));
    drop(hold.held);
    seat.settle(1).await;
    assert!(!seat.actor.sending.hears());
    assert!(hold.microphones.lock().unwrap().is_empty(), "it stayed open");
}

#[tokio::test]
async fn of_two_microphones_chosen_in_a_row_the_second_is_heard_and_the_first_is_closed_before_it_opens() {
    let mut seat = seat(true, false);
    let hold = slow(&mut seat);
    let named = |name: &str| AudioIn::Device(name.to_owned());
    seat.actor.ask(Command::SwitchAudioIn(named("first")));
    hold.begun.recv_timeout(PATIENCE).unwrap();
    seat.actor.ask(Command::SwitchAudioIn(named("second")));
    drop(hold.held);
    seat.settle(2).await;
    assert_eq!(seat.failures(), Vec::<DeviceFault>::new());
    assert!(seat.actor.sending.hears());
    assert_eq!(*hold.microphones.lock().unwrap(), [named("second")]);
}

#[tokio::test]
async fn unmuting_twice_while_the_microphone_opens_opens_it_once() {
    let mut seat = seat(false, false);
    let hold = slow(&mut seat);
    seat.actor.options.audio_in = AudioIn::Default;
    for on in [true, false, true] {
        seat.actor.ask(Command::SetMicrophone(on));
    }
    drop(hold.held);
    seat.settle(1).await;
    assert_eq!(seat.failures(), Vec::<DeviceFault>::new());
    assert_eq!((seat.actor.sending.hears(), hold.begun.try_iter().count()), (true, 1));
}

#[tokio::test]
async fn a_camera_switched_off_and_on_while_it_opens_does_not_meet_itself() {
    let mut seat = seat(false, false);
    let hold = slow(&mut seat);
    seat.actor.options.video_in = VideoIn::Default;
    seat.actor.ask(Command::SetCamera(true));
    hold.begun.recv_timeout(PATIENCE).unwrap();
    seat.actor.ask(Command::SetCamera(false));
    seat.actor.ask(Command::SetCamera(true));
    drop(hold.held);
    seat.settle(2).await;
    assert_eq!(seat.failures(), Vec::<DeviceFault>::new());
    assert_eq!(hold.cameras.load(Ordering::SeqCst), 1);
    assert!(seat.actor.sending.camera.take().is_some());
}

#[tokio::test]
async fn a_camera_switched_off_while_it_opens_is_closed_again() {
    let mut seat = seat(false, false);
    let hold = slow(&mut seat);
    seat.actor.options.video_in = VideoIn::Default;
    seat.actor.ask(Command::SetCamera(true));
    hold.begun.recv_timeout(PATIENCE).unwrap();
    seat.actor.ask(Command::SetCamera(false));
    drop(hold.held);
    seat.settle(1).await;
    assert!(seat.actor.sending.camera.take().is_none() && !seat.actor.local.is_opening(DeviceKind::Camera));
    assert_eq!(hold.cameras.load(Ordering::SeqCst), 0, "its light is still on");
}

/// An offer of a bridge on this computer, or one that lacks all of it.
fn offer(with_transport: bool) -> Offer {
    let fingerprint = Identity::generate().unwrap().fingerprint().clone();
    let candidate = jingle::Candidate {
        foundation: "1".to_owned(),
        component: 1,
        protocol: "udp".to_owned(),
        priority: 1,
        addr: "127.0.0.1:9".parse().unwrap(),
        kind: jingle::CandidateKind::Host,
        related: None,
    };
    let transport = jingle::Transport {
        ufrag: "ufrag".to_owned(),
        pwd: "a password of more than 22 letters".replace(' ', "0"),
        fingerprint: Some(jingle::Fingerprint { hash: fingerprint.hash.clone(), value: fingerprint.to_string() }),
        setup: Some(jingle::Setup::ActPass),
        candidates: vec![candidate],
        web_socket: None,
    };
    let opus = jingle::PayloadType { id: 111, name: "opus".to_owned(), clock_rate: 48_000, ..Default::default() };
    let sound = Content {
        name: "audio".to_owned(),
        kind: Some(Kind::Audio),
        payload_types: vec![opus],
        transport: with_transport.then_some(transport),
        ..Content::default()
    };
    let (sid, initiator) = ("1".to_owned(), "garden@conference.127.0.0.1/focus".to_owned());
    Offer { sid, initiator, contents: vec![sound], sources: jingle::Sources::default(), bridge_session: None }
}

#[tokio::test]
async fn two_offers_refused_within_five_seconds_are_followed_by_a_request_and_a_good_one() {
    let mut seat = seat(false, false);
    let start = Instant::now();
    seat.actor.offered(start, &offer(false));
    assert_eq!(seat.actor.restarts.due(), None, "asked at once");
    seat.actor.offered(start + Duration::from_secs(1), &offer(false));
    let due = start + Duration::from_secs(5);
    assert_eq!(seat.actor.wake(), Some(due), "nobody comes back to it");
    assert_eq!(seat.state.borrow().connection, Connection::Reconnecting);
    seat.actor.woken(due);
    assert_eq!(seat.actor.wake(), Some(due + Duration::from_secs(15)), "asked, and not for ever");
    seat.actor.offered(due, &offer(true));
    assert!(seat.actor.session.is_some());
    seat.actor.media_said(Ok(runde_transport::Event::Connected { profile: runde_transport::Profile::Aes128Gcm }));
    assert_eq!(seat.state.borrow().connection, Connection::Connected);
    let told: Vec<_> = std::iter::from_fn(|| seat.events.try_recv().ok()).collect();
    let attempts =
        told.iter().filter_map(|e| if let MeetingEvent::Reconnecting { attempt } = e { Some(*attempt) } else { None });
    assert_eq!(attempts.collect::<Vec<_>>(), [1, 2]);
}

#[tokio::test]
async fn a_repair_that_waits_is_given_up_when_the_last_person_goes() {
    let mut seat = seat(false, false);
    seat.actor.faces.learn(Fact::Present(bob()));
    let start = Instant::now();
    seat.actor.offered(start, &offer(false));
    seat.actor.offered(start, &offer(false));
    assert!(seat.actor.wake().is_some());
    seat.actor.guest_said(guest::Event::MemberLeft { endpoint: "bbbb0001".into() });
    assert_eq!((seat.actor.wake(), &seat.state.borrow().connection), (None, &Connection::InRoom));
}

#[tokio::test]
async fn a_bridge_without_a_channel_that_opens_here_is_told_once() {
    let mut seat = seat(false, false);
    let start = Instant::now();
    seat.actor.offered(start, &offer(true));
    seat.actor.offered(start, &offer(true));
    let told = std::iter::from_fn(|| seat.events.try_recv().ok());
    assert_eq!(told.filter(|event| *event == MeetingEvent::NoBridgeChannel).count(), 1);
    assert!(seat.state.borrow().no_bridge_channel);
}

/// A voice of somebody, as a focus names it.
fn named(ssrc: u32) -> jingle::Sources {
    let (name, owner) = ("bbbb0001-a0".to_owned(), Some("bbbb0001".to_owned()));
    let video_type = jingle::VideoType::Camera;
    let source = jingle::Source { kind: Kind::Audio, ssrc, name, owner, msid: None, video_type };
    jingle::Sources { sources: vec![source], groups: Vec::new() }
}

#[tokio::test]
async fn where_no_channel_opens_and_nobodys_sources_are_known_the_guest_enters_anew_and_has_them_named() {
    let mut seat = seat(false, false);
    seat.actor.offered(Instant::now(), &offer(true));
    assert_eq!((seat.actor.over.clone(), seat.actor.classic), (Some(Over::Anew { attempt: 1 }), true));
    // Once: then nothing more can be done about it.
    seat.actor.over = None;
    seat.actor.offered(Instant::now(), &offer(true));
    assert_eq!(seat.actor.over, None);
}

#[tokio::test]
async fn where_the_focus_names_sources_no_channel_is_no_reason_to_leave() {
    let mut seat = seat(false, false);
    seat.actor.offered(Instant::now(), &Offer { sources: named(7), ..offer(true) });
    assert_eq!((seat.actor.over, seat.actor.classic), (None, false));
}

#[tokio::test]
async fn a_mapped_source_is_decoded_and_leaves_its_ssrc_to_the_next() {
    let mut seat = seat(false, false);
    seat.actor.offered(Instant::now(), &Offer { sources: named(7), ..offer(true) });
    let to = |name: &str| {
        let mut come = named(8);
        (come.sources[0].name, come.sources[0].owner) = (format!("{name}-a0"), Some(name.to_owned()));
        guest::Mapped { come, ..guest::Mapped::default() }
    };
    seat.actor.guest_said(guest::Event::SourcesMapped(to("cccc0001")));
    let gone = to("cccc0001").come.sources;
    seat.actor.guest_said(guest::Event::SourcesMapped(guest::Mapped { gone, ..to("dddd0001") }));
    let heard: Vec<_> = seat.actor.downlink.stats(Instant::now()).into_iter().map(|stats| stats.source).collect();
    assert_eq!(heard, ["bbbb0001-a0", "dddd0001-a0"]);
    seat.actor.guest_said(guest::Event::MemberLeft { endpoint: "cccc0001".into() });
    assert_eq!(seat.actor.downlink.stats(Instant::now()).len(), 2, "who lost it takes nothing along");
}

#[tokio::test]
async fn a_guest_that_hides_its_address_leaves_a_server_without_a_relay() {
    let mut seat = seat(false, false);
    seat.actor.options.relay_only = true;
    seat.actor.offered(Instant::now(), &offer(true));
    assert_eq!(seat.actor.over, Some(Over::Ended(LeftReason::Unreachable(WireError::NoRelay))));
    assert!(seat.actor.session.is_none(), "no socket was opened");
}

#[tokio::test]
async fn a_bridge_without_a_web_socket_gets_its_channel_inside_the_media_path() {
    let mut seat = seat(false, false);
    let mut offer = offer(true);
    let shared = offer.contents[0].transport.clone();
    offer.contents.push(Content {
        name: "data".into(),
        transport: shared,
        sctp_port: Some(5000),
        ..Content::default()
    });
    seat.actor.offered(Instant::now(), &offer);
    assert!(matches!(seat.actor.bridge, Some(Bridge::DataChannel { open: false, .. })));
    assert!(!seat.state.borrow().no_bridge_channel);
    for _ in 0..5 {
        let Some(Bridge::DataChannel { id, .. }) = seat.actor.bridge else { panic!("given up too early") };
        seat.actor.channel_said(ChannelEvent::Closed { id });
    }
    assert!(seat.actor.bridge.is_none() && seat.state.borrow().no_bridge_channel, "it does not want one");
}

#[tokio::test]
async fn a_web_socket_that_does_not_open_is_replaced_by_a_data_channel_if_there_is_one() {
    let mut seat = seat(false, false);
    for (with_channels, expected) in [(false, false), (true, true)] {
        let mut offer = offer(true);
        let transport = offer.contents[0].transport.as_mut().unwrap();
        transport.web_socket = Some("ws://127.0.0.1:9/colibri-ws/a/b/c?pwd=d".into());
        let shared = Some(transport.clone());
        let sctp_port = with_channels.then_some(5000);
        offer.contents.push(Content { name: "data".into(), transport: shared, sctp_port, ..Content::default() });
        seat.actor.offered(Instant::now(), &offer);
        assert!(matches!(seat.actor.bridge, Some(Bridge::WebSocket(_))));
        seat.actor.bridge_said(News::Failed);
        assert_eq!(matches!(seat.actor.bridge, Some(Bridge::DataChannel { .. })), expected);
    }
}

#[tokio::test]
async fn what_a_room_says_that_cannot_be_true_is_told_once_each_also_after_a_rejoin() {
    let mut seat = seat(false, false);
    while seat.events.try_recv().is_ok() {}
    let odd = [guest::Oddity::TooMany, guest::Oddity::ForgedFocus, guest::Oddity::CommandOutOfPlace];
    for what in odd.into_iter().chain(odd) {
        seat.actor.guest_said(guest::Event::Ignored { what });
    }
    let told: Vec<_> = std::iter::from_fn(|| seat.events.try_recv().ok()).collect();
    let ignored = |what| MeetingEvent::Ignored { what };
    assert_eq!(told, [ignored(guest::Oddity::TooMany), ignored(guest::Oddity::ForgedFocus)]);
}

#[tokio::test]
async fn a_room_is_odd_for_what_no_honest_one_says_and_not_for_a_source_whose_owner_just_left() {
    let mut seat = seat(false, false);
    let odd = |seat: &Seat| seat.actor.place.errand.contacts().seen().odd_room;
    for what in [guest::Oddity::CommandOutOfPlace, guest::Oddity::SourceOfStranger] {
        seat.actor.guest_said(guest::Event::Ignored { what });
    }
    assert!(!odd(&seat));
    seat.actor.guest_said(guest::Event::Ignored { what: guest::Oddity::ForgedFocus });
    assert!(odd(&seat));
}
