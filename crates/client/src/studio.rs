//! Before the meeting: the own picture and the own level, with nobody else there.
//!
//! Nothing is encoded for the wire and no socket exists. Start at [`Studio::open`].

use std::sync::Arc;
use std::time::Duration;

use runde_media::channel::Receiver;
use runde_media::process::Processing;
use runde_media::send::{AudioConfig, AudioSender, Unit};
use runde_media::{Mailbox, Picture};
use runde_privacy::{LocalDevices, Permit};
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::event::DeviceKind;
use crate::local::{Camera, Local, Opened};
use crate::options::{AudioIn, VideoIn};

/// How often the level is told.
const LEVELS_EVERY: Duration = Duration::from_millis(100);

/// A device that could not be opened, and why.
pub type Trouble = (DeviceKind, String);

/// The prejoin page's devices. Dropping it closes them.
pub struct Studio {
    pictures: Arc<Mailbox<Picture>>,
    level: watch::Receiver<u8>,
    troubles: watch::Receiver<Vec<Trouble>>,
    _task: AbortOnDropHandle<()>,
}

impl Studio {
    /// Opens what is chosen, in the background; what does not open is told by [`Studio::troubles`]. Must be called
    /// within a tokio runtime.
    pub fn open(permit: &Permit<LocalDevices>, microphone: AudioIn, camera: VideoIn) -> Self {
        let pictures: Arc<Mailbox<Picture>> = Arc::default();
        let (tell_level, level) = watch::channel(runde_media::level::SILENT);
        let (tell_trouble, troubles) = watch::channel(Vec::new());
        let mut local = Local::new(Some(permit.clone()));
        if microphone != AudioIn::None {
            local.open_microphone(microphone);
        }
        if camera != VideoIn::None {
            local.open_camera(camera);
        }
        let room = Room {
            local,
            sound: None,
            camera: None,
            pictures: pictures.clone(),
            level: tell_level,
            troubles: tell_trouble,
        };
        Self { pictures, level, troubles, _task: AbortOnDropHandle::new(tokio::spawn(room.run())) }
    }

    /// Where the newest own picture appears.
    pub fn pictures(&self) -> Arc<Mailbox<Picture>> {
        self.pictures.clone()
    }

    /// The microphone's level at 10 Hz, dB below overload: 0 loudest, 127 silence.
    pub fn level(&self) -> watch::Receiver<u8> {
        self.level.clone()
    }

    /// What could not be opened or went away.
    pub fn troubles(&self) -> watch::Receiver<Vec<Trouble>> {
        self.troubles.clone()
    }
}

struct Room {
    local: Local,
    /// With its units, which never come: a microphone nobody listens to would end.
    sound: Option<(AudioSender, Receiver<Unit>)>,
    camera: Option<Camera>,
    pictures: Arc<Mailbox<Picture>>,
    level: watch::Sender<u8>,
    troubles: watch::Sender<Vec<Trouble>>,
}

impl Room {
    async fn run(mut self) {
        let mut tick = interval(LEVELS_EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                opened = self.local.next() => self.opened(opened),
                picture = next_picture(self.camera.as_ref().map(Camera::pictures)) => self.show(picture),
                _ = tick.tick() => self.measure(),
            }
        }
    }

    fn opened(&mut self, opened: Opened) {
        match opened {
            Opened::Microphone(Ok(source), _) => {
                let config = AudioConfig { processing: Processing::NONE, muted: true, ..AudioConfig::default() };
                match AudioSender::spawn(config, source, None) {
                    Ok(sound) => self.sound = Some(sound),
                    Err(error) => self.trouble(DeviceKind::Microphone, error.to_string()),
                }
            }
            Opened::Camera(Ok(camera)) => self.camera = Some(camera),
            Opened::Microphone(Err(reason), _) => self.trouble(DeviceKind::Microphone, reason),
            Opened::Camera(Err(reason)) => self.trouble(DeviceKind::Camera, reason),
            Opened::Lost(device) => self.trouble(device, "it went away".to_owned()),
            Opened::Speaker(_) | Opened::Closed => {}
        }
    }

    fn show(&mut self, picture: Option<Picture>) {
        match picture {
            Some(picture) => {
                self.pictures.put(picture);
            }
            None => self.camera = None,
        }
    }

    fn measure(&self) {
        if let Some((sender, _)) = &self.sound {
            self.level.send_replace(sender.stats().level.dbov);
        }
    }

    fn trouble(&self, device: DeviceKind, reason: String) {
        self.troubles.send_modify(|troubles| troubles.push((device, reason)));
    }
}

impl Drop for Room {
    /// Devices take their time to close; the runtime's threads must not wait for it.
    fn drop(&mut self) {
        let held = (self.sound.take(), self.camera.take());
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(held));
        }
    }
}

async fn next_picture(camera: Option<Arc<Mailbox<Picture>>>) -> Option<Picture> {
    match camera {
        Some(pictures) => pictures.next().await,
        None => std::future::pending().await,
    }
}
