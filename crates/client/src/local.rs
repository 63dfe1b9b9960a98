//! The devices of this guest: opened and closed away from the runtime's threads, since a driver may take seconds.
//!
//! What was chosen becomes a source or a sink of the media crate; what cannot be opened becomes a [`DeviceFault`]. Start
//! at [`Local::next`].

mod turns;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use runde_devices::{
    CameraChoice, CameraSettings, DeviceEvent, EventReceiver, EventSender, MicrophoneChoice, SpeakerChoice, events,
    open_camera, open_microphone, open_speaker, open_synthetic_camera, open_synthetic_microphone,
    open_synthetic_speaker, y4m,
};
use runde_media::mailbox::Taken;
use runde_media::process::Processing;
use runde_media::{Hear, Mailbox, Picture, Speak};
use runde_privacy::{LocalDevices, Permit};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::event::{DeviceFault, DeviceKind};
use crate::options::{AudioIn, AudioOut, ScreenIn, VideoIn};
use turns::Turns;

/// Stands in the header of recordings; pictures come as they come.
const RECORDED_FPS: u32 = 30;

/// How long a recording waits for a picture before it looks whether it is over.
const PATIENCE: Duration = Duration::from_millis(100);

/// Longest name of a recording; names come from others.
const MAX_FILE_NAME: usize = 64;

/// A camera that is open; dropping it closes it, which may take half a second.
pub(crate) struct Camera {
    pictures: Arc<Mailbox<Picture>>,
    _open: Box<dyn Send>,
}

impl Camera {
    /// Where its newest picture lies.
    pub(crate) fn pictures(&self) -> Arc<Mailbox<Picture>> {
        self.pictures.clone()
    }

    /// One that shows nothing and drops `open` when it is closed.
    #[cfg(test)]
    pub(crate) fn blind(open: impl Send + 'static) -> Self {
        Self { pictures: Arc::default(), _open: Box::new(open) }
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.pictures.close();
    }
}

/// What became of a device. An opening that something newer replaced is closed and never told.
pub(crate) enum Opened {
    /// With the processing that suits it.
    Microphone(Result<Box<dyn Hear>, DeviceFault>, Processing),
    Speaker(Result<Box<dyn Speak>, DeviceFault>),
    Camera(Result<Camera, DeviceFault>),
    /// What is shared as the screen.
    Screen(Result<Camera, DeviceFault>),
    /// Something was closed.
    Closed,
    /// An open device, by its id, went away; it is looked for below.
    Lost(DeviceKind, String),
    /// It, or another one, is open again.
    Reopened(DeviceKind, String),
    /// The pictures of a source are not written to a file, or no longer.
    Unrecorded {
        source: String,
        detail: String,
    },
}

/// Opens what was chosen; blocks as long as the driver does.
pub(crate) trait Opener: Send + Sync {
    /// With the processing that suits it.
    fn microphone(&self, input: AudioIn) -> Result<(Box<dyn Hear>, Processing), DeviceFault>;
    fn speaker(&self, output: AudioOut) -> Result<Box<dyn Speak>, DeviceFault>;
    fn camera(&self, input: VideoIn) -> Result<Camera, DeviceFault>;
}

/// The devices of this computer, and what stands in for them where there is no permit.
struct Computer {
    permit: Option<Permit<LocalDevices>>,
    events: EventSender,
}

impl Opener for Computer {
    fn microphone(&self, input: AudioIn) -> Result<(Box<dyn Hear>, Processing), DeviceFault> {
        let (choice, wanted) = microphone_choice(input);
        let processing = if choice.is_device() { Processing::ALL } else { Processing::NONE };
        let opened = match &self.permit {
            Some(permit) => open_microphone(permit, &choice, &self.events),
            None => open_synthetic_microphone(&choice),
        };
        opened.map(|open| (Box::new(open) as Box<dyn Hear>, processing)).map_err(|error| DeviceFault::of(error, wanted))
    }

    fn speaker(&self, output: AudioOut) -> Result<Box<dyn Speak>, DeviceFault> {
        let (choice, wanted) = speaker_choice(output);
        let opened = match &self.permit {
            Some(permit) => open_speaker(permit, &choice, &self.events),
            None => open_synthetic_speaker(&choice),
        };
        opened.map(|open| Box::new(open) as Box<dyn Speak>).map_err(|error| DeviceFault::of(error, wanted))
    }

    fn camera(&self, input: VideoIn) -> Result<Camera, DeviceFault> {
        let ((choice, wanted), settings) = (camera_choice(input), CameraSettings::default());
        let pictures: Arc<Mailbox<Picture>> = Arc::default();
        let opened = match &self.permit {
            Some(permit) => open_camera(permit, &choice, settings, pictures.clone(), &self.events),
            None => open_synthetic_camera(&choice, settings, pictures.clone()),
        };
        opened.map(|open| Camera { pictures, _open: Box::new(open) }).map_err(|error| DeviceFault::of(error, wanted))
    }
}

/// A job that is done.
enum Done {
    Microphone,
    Speaker,
    Camera,
    Screen,
    Closed,
}

/// Opens and closes devices in the background, one of each kind at a time.
pub(crate) struct Local {
    opener: Arc<dyn Opener>,
    work: JoinSet<Done>,
    microphones: Turns<(Box<dyn Hear>, Processing)>,
    speakers: Turns<Box<dyn Speak>>,
    cameras: Turns<Camera>,
    screens: Turns<Camera>,
    events: EventReceiver,
    unrecorded: (mpsc::Sender<Unrecorded>, mpsc::Receiver<Unrecorded>),
}

/// A source and what the system said.
type Unrecorded = (String, String);

/// Recordings that failed and were not yet told. They fail together, when a disk is full; what comes beyond is dropped, since it
/// says the same.
const UNRECORDED: usize = 16;

impl Local {
    pub(crate) fn new(permit: Option<Permit<LocalDevices>>) -> Self {
        let (told, events) = events();
        Self::with(Arc::new(Computer { permit, events: told }), events)
    }

    /// Writes pictures into `folder`; what cannot be written is told by [`Local::next`].
    pub(crate) fn recorder(&self, folder: PathBuf) -> Recorder {
        Recorder { folder, unrecorded: self.unrecorded.0.clone() }
    }

    /// Devices of somebody else's making.
    pub(crate) fn with(opener: Arc<dyn Opener>, events: EventReceiver) -> Self {
        Self {
            opener,
            work: JoinSet::new(),
            microphones: Turns::default(),
            speakers: Turns::default(),
            cameras: Turns::default(),
            screens: Turns::default(),
            events,
            unrecorded: mpsc::channel(UNRECORDED),
        }
    }

    /// In place of every microphone that was asked for before and did not come yet.
    pub(crate) fn open_microphone(&mut self, input: AudioIn) {
        let opener = self.opener.clone();
        let job = self.microphones.opening(move || opener.microphone(input));
        self.work_on(job, Done::Microphone);
    }

    /// As [`Local::open_microphone`].
    pub(crate) fn open_speaker(&mut self, output: AudioOut) {
        let opener = self.opener.clone();
        let job = self.speakers.opening(move || opener.speaker(output));
        self.work_on(job, Done::Speaker);
    }

    /// As [`Local::open_microphone`], and after the cameras given to [`Local::close`] before: else it would be found busy.
    pub(crate) fn open_camera(&mut self, input: VideoIn) {
        let opener = self.opener.clone();
        let job = self.cameras.opening(move || opener.camera(input));
        self.work_on(job, Done::Camera);
    }

    /// What stands in for the screen, as [`Local::open_microphone`].
    pub(crate) fn open_screen(&mut self, input: ScreenIn) {
        let input = match input {
            ScreenIn::None => VideoIn::None,
            ScreenIn::Pattern => VideoIn::Pattern,
            ScreenIn::File(path) => VideoIn::File(path),
        };
        let opener = self.opener.clone();
        let job = self.screens.opening(move || opener.camera(input));
        self.work_on(job, Done::Screen);
    }

    /// A screen that is on its way is no longer wanted, and what is open is closed.
    pub(crate) fn close_screen(&mut self, open: Option<impl Send + 'static>) {
        if let Some(job) = self.screens.forget() {
            self.work_on(job, Done::Closed);
        }
        if let Some(open) = open {
            let job = self.screens.closing(open);
            self.work_on(job, Done::Closed);
        }
    }

    /// Whether a device of this kind is on its way.
    pub(crate) fn is_opening(&self, kind: DeviceKind) -> bool {
        match kind {
            DeviceKind::Microphone => self.microphones.is_opening(),
            DeviceKind::Speaker => self.speakers.is_opening(),
            DeviceKind::Camera => self.cameras.is_opening(),
        }
    }

    /// A device of this kind that is on its way is no longer wanted: it is closed as soon as it is open.
    pub(crate) fn forget(&mut self, kind: DeviceKind) {
        let job: Option<Box<dyn FnOnce() + Send>> = match kind {
            DeviceKind::Microphone => self.microphones.forget().map(|job| Box::new(job) as _),
            DeviceKind::Speaker => self.speakers.forget().map(|job| Box::new(job) as _),
            DeviceKind::Camera => self.cameras.forget().map(|job| Box::new(job) as _),
        };
        if let Some(job) = job {
            self.work_on(job, Done::Closed);
        }
    }

    /// Drops something that holds a camera, which takes its time; a camera opened after it waits.
    pub(crate) fn close(&mut self, thing: impl Send + 'static) {
        let job = self.cameras.closing(thing);
        self.work_on(job, Done::Closed);
    }

    fn work_on(&mut self, job: impl FnOnce() + Send + 'static, done: Done) {
        self.work.spawn_blocking(move || {
            job();
            done
        });
    }

    /// The next news of a device. Safe to drop half way.
    pub(crate) async fn next(&mut self) -> Opened {
        loop {
            tokio::select! {
                Some(done) = self.work.join_next() => match done {
                    Ok(done) => if let Some(opened) = self.fetch(&done) {
                        return opened;
                    },
                    Err(error) => tracing::error!(%error, "work on a device broke off"),
                },
                Some(event) = self.events.next() => match event {
                    DeviceEvent::Lost { kind, id } => return Opened::Lost(kind_of(kind), id),
                    DeviceEvent::Reopened { kind, id } => return Opened::Reopened(kind_of(kind), id),
                    DeviceEvent::ListChanged(_) => {}
                },
                Some((source, detail)) = self.unrecorded.1.recv() => return Opened::Unrecorded { source, detail },
                else => std::future::pending().await,
            }
        }
    }

    fn fetch(&mut self, done: &Done) -> Option<Opened> {
        Some(match done {
            Done::Microphone => match self.microphones.fetch()? {
                Ok((microphone, processing)) => Opened::Microphone(Ok(microphone), processing),
                Err(reason) => Opened::Microphone(Err(reason), Processing::NONE),
            },
            Done::Speaker => Opened::Speaker(self.speakers.fetch()?),
            Done::Camera => Opened::Camera(self.cameras.fetch()?),
            Done::Screen => Opened::Screen(self.screens.fetch()?),
            Done::Closed => Opened::Closed,
        })
    }
}

fn kind_of(kind: runde_devices::DeviceKind) -> DeviceKind {
    match kind {
        runde_devices::DeviceKind::Microphone => DeviceKind::Microphone,
        runde_devices::DeviceKind::Speaker => DeviceKind::Speaker,
        runde_devices::DeviceKind::Camera => DeviceKind::Camera,
    }
}

/// The choice in the device crate's words, and the id of the device where one is named.
fn microphone_choice(input: AudioIn) -> (MicrophoneChoice, Option<String>) {
    match input {
        AudioIn::None => (MicrophoneChoice::None, None),
        AudioIn::Tone => (MicrophoneChoice::Tone, None),
        AudioIn::File(path) => (MicrophoneChoice::File(path), None),
        AudioIn::Device(id) => (MicrophoneChoice::Id(id.clone()), Some(id)),
        AudioIn::Default => (MicrophoneChoice::Default, None),
    }
}

fn speaker_choice(output: AudioOut) -> (SpeakerChoice, Option<String>) {
    match output {
        AudioOut::None => (SpeakerChoice::None, None),
        AudioOut::File(path) => (SpeakerChoice::File(path), None),
        AudioOut::Device(id) => (SpeakerChoice::Id(id.clone()), Some(id)),
        AudioOut::Default => (SpeakerChoice::Default, None),
    }
}

fn camera_choice(input: VideoIn) -> (CameraChoice, Option<String>) {
    match input {
        VideoIn::None => (CameraChoice::None, None),
        VideoIn::Pattern => (CameraChoice::Pattern, None),
        VideoIn::File(path) => (CameraChoice::File(path), None),
        VideoIn::Device(id) => (CameraChoice::Id(id.clone()), Some(id)),
        VideoIn::Default => (CameraChoice::Default, None),
    }
}

/// Writes the pictures of others to files.
pub(crate) struct Recorder {
    folder: PathBuf,
    unrecorded: mpsc::Sender<Unrecorded>,
}

impl Recorder {
    /// Writes every picture that comes into the returned mailbox to a file, and hands it on. Ends when that mailbox is closed.
    /// A source that is recorded for the `nth` time goes to a file of its own. Must be called within the runtime.
    pub(crate) fn record(&self, source: &str, nth: u32, onward: Arc<Mailbox<Picture>>) -> Arc<Mailbox<Picture>> {
        let decoded: Arc<Mailbox<Picture>> = Arc::default();
        let again = if nth > 1 { format!("-{nth}") } else { String::new() };
        let path = self.folder.join(format!("{}{again}.y4m", file_name(source)));
        let (pictures, unrecorded, source) = (decoded.clone(), self.unrecorded.clone(), source.to_owned());
        tokio::task::spawn_blocking(move || {
            let tell = |detail: String| {
                let _ = unrecorded.try_send((source.clone(), detail)); // when full, see UNRECORDED
            };
            let mut writer = y4m::Writer::create(&path, RECORDED_FPS).inspect_err(|error| tell(error.to_string())).ok();
            loop {
                match pictures.take(PATIENCE) {
                    Taken::Got(picture) => {
                        if let Some(Err(error)) = writer.as_mut().map(|writer| writer.picture(&picture)) {
                            tell(error.to_string());
                            writer = None;
                        }
                        onward.put(picture);
                    }
                    Taken::Nothing => {}
                    Taken::Closed => return,
                }
            }
        });
        decoded
    }
}

/// A source's name as a file's: names come from others and must not lead out of the folder.
fn file_name(source: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '_' };
    source.chars().map(plain).take(MAX_FILE_NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_cannot_name_a_file_outside_the_folder() {
        assert_eq!(file_name("1a2b3c4d-v0"), "1a2b3c4d-v0");
        assert_eq!(file_name("../../etc/passwd"), "______etc_passwd");
        assert_eq!(file_name(&"x".repeat(500)).len(), MAX_FILE_NAME);
    }

    #[tokio::test]
    async fn a_real_device_needs_the_permit_and_says_so() {
        let mut local = Local::new(None);
        local.open_microphone(AudioIn::Default);
        let Opened::Microphone(Err(fault), _) = local.next().await else { panic!("it opened") };
        assert_eq!(fault, DeviceFault::Denied { id: None });
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let mut local = Local::new(None);
        local.open_microphone(AudioIn::File("/nowhere/voice.wav".into()));
        let Opened::Microphone(Err(DeviceFault::File { path, .. }), _) = local.next().await else {
            panic!("it opened")
        };
        assert!(path.ends_with("voice.wav"));
    }

    #[tokio::test]
    async fn a_device_that_went_away_and_the_one_taken_instead_are_both_told() {
        let (told, heard) = events();
        let mut local = Local::with(Arc::new(Computer { permit: None, events: told.clone() }), heard);
        let kind = runde_devices::DeviceKind::Microphone;
        told.push(DeviceEvent::Lost { kind, id: "usb".into() });
        told.push(DeviceEvent::ListChanged(runde_devices::DeviceList::default()));
        told.push(DeviceEvent::Reopened { kind, id: "built-in".into() });
        let Opened::Lost(DeviceKind::Microphone, lost) = local.next().await else { panic!("not lost") };
        let Opened::Reopened(DeviceKind::Microphone, next) = local.next().await else { panic!("not back") };
        assert_eq!((lost.as_str(), next.as_str()), ("usb", "built-in"));
    }

    #[tokio::test]
    async fn a_recording_that_cannot_be_written_is_told_and_its_pictures_are_still_shown() {
        let mut local = Local::new(None);
        let shown: Arc<Mailbox<Picture>> = Arc::default();
        let decoded = local.recorder("/dev/null/films".into()).record("1a2b3c4d-v0", 1, shown.clone());
        let Opened::Unrecorded { source, detail } = local.next().await else { panic!("nothing is told") };
        assert!(source == "1a2b3c4d-v0" && detail.contains("/dev/null/films"), "{detail}");
        decoded.put(Picture::plain(16, 16, [0, 128, 128], 1, std::time::Instant::now()));
        assert!(shown.next().await.is_some());
        decoded.close();
    }

    #[tokio::test]
    async fn a_pattern_is_a_camera_without_a_permit() {
        let mut local = Local::new(None);
        local.open_camera(VideoIn::Pattern);
        let Opened::Camera(Ok(camera)) = local.next().await else { panic!("no camera") };
        assert!(camera.pictures().next().await.is_some());
        local.close(camera);
        assert!(matches!(local.next().await, Opened::Closed));
    }
}
