//! The devices of this guest: opened and closed away from the runtime's threads, since a driver may take seconds.
//!
//! What was chosen becomes a source or a sink of the media crate; what cannot be opened becomes a sentence. Start at
//! [`Local::next`].

mod turns;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use runde_devices::{
    CameraChoice, CameraSettings, DeviceError, DeviceEvent, EventReceiver, EventSender, MicrophoneChoice,
    SpeakerChoice, events, open_camera, open_microphone, open_speaker, open_synthetic_camera,
    open_synthetic_microphone, open_synthetic_speaker, y4m,
};
use runde_media::mailbox::Taken;
use runde_media::process::Processing;
use runde_media::{Hear, Mailbox, Picture, Speak};
use runde_privacy::{LocalDevices, Permit};
use tokio::task::JoinSet;

use crate::event::DeviceKind;
use crate::options::{AudioIn, AudioOut, VideoIn};
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
    Microphone(Result<Box<dyn Hear>, String>, Processing),
    Speaker(Result<Box<dyn Speak>, String>),
    Camera(Result<Camera, String>),
    /// Something was closed.
    Closed,
    /// An open device went away; it is looked for below.
    Lost(DeviceKind),
}

/// Opens what was chosen; blocks as long as the driver does.
pub(crate) trait Opener: Send + Sync {
    /// With the processing that suits it.
    fn microphone(&self, input: AudioIn) -> Result<(Box<dyn Hear>, Processing), String>;
    fn speaker(&self, output: AudioOut) -> Result<Box<dyn Speak>, String>;
    fn camera(&self, input: VideoIn) -> Result<Camera, String>;
}

/// The devices of this computer, and what stands in for them where there is no permit.
struct Computer {
    permit: Option<Permit<LocalDevices>>,
    events: EventSender,
}

impl Opener for Computer {
    fn microphone(&self, input: AudioIn) -> Result<(Box<dyn Hear>, Processing), String> {
        let choice = microphone_choice(input);
        let processing = if choice.is_device() { Processing::ALL } else { Processing::NONE };
        let opened = match &self.permit {
            Some(permit) => open_microphone(permit, &choice, &self.events),
            None => open_synthetic_microphone(&choice),
        };
        opened.map(|open| (Box::new(open) as Box<dyn Hear>, processing)).map_err(sentence)
    }

    fn speaker(&self, output: AudioOut) -> Result<Box<dyn Speak>, String> {
        let choice = speaker_choice(output);
        let opened = match &self.permit {
            Some(permit) => open_speaker(permit, &choice, &self.events),
            None => open_synthetic_speaker(&choice),
        };
        opened.map(|open| Box::new(open) as Box<dyn Speak>).map_err(sentence)
    }

    fn camera(&self, input: VideoIn) -> Result<Camera, String> {
        let (choice, settings) = (camera_choice(input), CameraSettings::default());
        let pictures: Arc<Mailbox<Picture>> = Arc::default();
        let opened = match &self.permit {
            Some(permit) => open_camera(permit, &choice, settings, pictures.clone(), &self.events),
            None => open_synthetic_camera(&choice, settings, pictures.clone()),
        };
        opened.map(|open| Camera { pictures, _open: Box::new(open) }).map_err(sentence)
    }
}

/// A job that is done.
enum Done {
    Microphone,
    Speaker,
    Camera,
    Closed,
}

/// Opens and closes devices in the background, one of each kind at a time.
pub(crate) struct Local {
    opener: Arc<dyn Opener>,
    work: JoinSet<Done>,
    microphones: Turns<(Box<dyn Hear>, Processing)>,
    speakers: Turns<Box<dyn Speak>>,
    cameras: Turns<Camera>,
    events: EventReceiver,
}

impl Local {
    pub(crate) fn new(permit: Option<Permit<LocalDevices>>) -> Self {
        let (told, events) = events();
        Self::with(Arc::new(Computer { permit, events: told }), events)
    }

    /// Devices of somebody else's making.
    pub(crate) fn with(opener: Arc<dyn Opener>, events: EventReceiver) -> Self {
        Self {
            opener,
            work: JoinSet::new(),
            microphones: Turns::default(),
            speakers: Turns::default(),
            cameras: Turns::default(),
            events,
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
                Some(event) = self.events.next() => if let DeviceEvent::Lost { kind, .. } = event {
                    return Opened::Lost(kind_of(kind));
                },
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
            Done::Closed => Opened::Closed,
        })
    }
}

fn sentence(error: DeviceError) -> String {
    error.to_string()
}

fn kind_of(kind: runde_devices::DeviceKind) -> DeviceKind {
    match kind {
        runde_devices::DeviceKind::Microphone => DeviceKind::Microphone,
        runde_devices::DeviceKind::Speaker => DeviceKind::Speaker,
        runde_devices::DeviceKind::Camera => DeviceKind::Camera,
    }
}

fn microphone_choice(input: AudioIn) -> MicrophoneChoice {
    match input {
        AudioIn::None => MicrophoneChoice::None,
        AudioIn::Tone => MicrophoneChoice::Tone,
        AudioIn::File(path) => MicrophoneChoice::File(path),
        AudioIn::Device(id) => MicrophoneChoice::Id(id),
        AudioIn::Default => MicrophoneChoice::Default,
    }
}

fn speaker_choice(output: AudioOut) -> SpeakerChoice {
    match output {
        AudioOut::None => SpeakerChoice::None,
        AudioOut::File(path) => SpeakerChoice::File(path),
        AudioOut::Device(id) => SpeakerChoice::Id(id),
        AudioOut::Default => SpeakerChoice::Default,
    }
}

fn camera_choice(input: VideoIn) -> CameraChoice {
    match input {
        VideoIn::None => CameraChoice::None,
        VideoIn::Pattern => CameraChoice::Pattern,
        VideoIn::File(path) => CameraChoice::File(path),
        VideoIn::Device(id) => CameraChoice::Id(id),
        VideoIn::Default => CameraChoice::Default,
    }
}

/// Writes every picture that comes into the returned mailbox to a file in `folder`, and hands it on. Ends when that
/// mailbox is closed. Must be called within the runtime.
pub(crate) fn record(folder: &Path, source: &str, onward: Arc<Mailbox<Picture>>) -> Arc<Mailbox<Picture>> {
    let decoded: Arc<Mailbox<Picture>> = Arc::default();
    let path = folder.join(format!("{}.y4m", file_name(source)));
    let pictures = decoded.clone();
    tokio::task::spawn_blocking(move || {
        let mut writer = y4m::Writer::create(&path, RECORDED_FPS)
            .inspect_err(|error| tracing::warn!(%error, "pictures are not recorded"))
            .ok();
        loop {
            match pictures.take(PATIENCE) {
                Taken::Got(picture) => {
                    if let Some(Err(error)) = writer.as_mut().map(|writer| writer.picture(&picture)) {
                        tracing::warn!(%error, "recording ends");
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
        let Opened::Microphone(Err(reason), _) = local.next().await else { panic!("it opened") };
        assert!(reason.contains("notice"), "{reason}");
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
