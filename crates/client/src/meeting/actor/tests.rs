//! The actor without a server: devices that take their time.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};

use runde_media::process::Processing;
use runde_media::{AudioBlock, Gone, Hear, Speak};
use runde_signalling::link::RoomLink;

use super::*;
use crate::event::DeviceKind;
use crate::local::{Camera, Opener};
use crate::options::{AudioIn, AudioOut, VideoIn};

/// Far more than anything here takes; only a hanging test meets it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a face would hold of the actor.
struct Seat {
    actor: Actor,
    events: mpsc::Receiver<MeetingEvent>,
}

/// An actor in a room, whose server does not exist.
fn seat(microphone: bool, camera: bool) -> Seat {
    let link = RoomLink::parse("http://127.0.0.1:9/garden", "meet.jit.si").unwrap();
    let target = Target::room(&link).unwrap();
    let options = JoinOptions { microphone, camera, ..JoinOptions::new(link, "Ada") };
    let (told, events) = mpsc::channel(64);
    let faces = Faces {
        events: told,
        state: watch::channel(MeetingState::new("garden", "Ada")).0,
        pictures: watch::channel(Pictures::new()).0,
        levels: watch::channel(Levels::default()).0,
    };
    let (identity, cancel) = (Identity::generate().unwrap(), CancellationToken::new());
    let rng = ChaCha20Rng::from_seed([7; 32]);
    let mut actor = Actor::new(options, target, rng, mpsc::channel(1).1, faces, cancel, identity);
    actor.endpoint = "aaaa0001".to_owned();
    actor.faces.learn(Fact::Joined { endpoint: "aaaa0001".to_owned() });
    Seat { actor, events }
}

impl Seat {
    /// Takes what devices tell until nothing is under way and `jobs` of them are done.
    async fn settle(&mut self, jobs: usize) {
        for _ in 0..jobs {
            let Ok(opened) = timeout(PATIENCE, self.actor.local.next()).await else { break };
            self.actor.opened(opened);
        }
    }

    fn failures(&mut self) -> Vec<String> {
        let mut failures = Vec::new();
        while let Ok(event) = self.events.try_recv() {
            if let MeetingEvent::DeviceFailed { reason, .. } = event {
                failures.push(reason);
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
    fn microphone(&self, input: AudioIn) -> Result<(Box<dyn Hear>, Processing), String> {
        self.wait();
        let mut open = self.microphones.lock().unwrap();
        if !open.is_empty() {
            return Err(format!("busy with {open:?}"));
        }
        open.push(input.clone());
        Ok((Box::new(Silence(input, self.microphones.clone())), Processing::NONE))
    }

    fn speaker(&self, _output: AudioOut) -> Result<Box<dyn Speak>, String> {
        Err("no speaker".to_owned())
    }

    fn camera(&self, _input: VideoIn) -> Result<Camera, String> {
        self.wait();
        let light = Light(self.cameras.clone());
        if self.cameras.fetch_add(1, Ordering::SeqCst) > 0 { Err("busy".to_owned()) } else { Ok(Camera::blind(light)) }
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
    assert_eq!(seat.failures(), Vec::<String>::new());
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
    assert_eq!(seat.failures(), Vec::<String>::new());
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
    assert_eq!(seat.failures(), Vec::<String>::new());
    assert_eq!(hold.cameras.load(Ordering::SeqCst), 1);
    assert!(seat.actor.sending.take_camera().is_some());
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
    assert!(seat.actor.sending.take_camera().is_none() && !seat.actor.local.is_opening(DeviceKind::Camera));
    assert_eq!(hold.cameras.load(Ordering::SeqCst), 0, "its light is still on");
}
