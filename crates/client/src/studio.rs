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
use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::task::AbortOnDropHandle;

use crate::event::{DeviceFault, DeviceKind, DeviceNews};
use crate::local::{Camera, Local, Opened};
use crate::options::{AudioIn, VideoIn};

/// How often the level is told.
const LEVELS_EVERY: Duration = Duration::from_millis(100);

/// News of devices not yet taken. They change by hand, and a page asks ten times a second; what comes beyond that is
/// dropped.
const NEWS: usize = 16;

/// The prejoin page's devices. Dropping it closes them.
pub struct Studio {
    pictures: Arc<Mailbox<Picture>>,
    level: watch::Receiver<u8>,
    news: mpsc::Receiver<(DeviceKind, DeviceNews)>,
    _task: AbortOnDropHandle<()>,
}

impl Studio {
    /// Opens what is chosen, in the background; what does not open is told by [`Studio::news`]. Must be called
    /// within a tokio runtime.
    pub fn open(permit: &Permit<LocalDevices>, microphone: AudioIn, camera: VideoIn) -> Self {
        let pictures: Arc<Mailbox<Picture>> = Arc::default();
        let (tell_level, level) = watch::channel(runde_media::level::SILENT);
        let (tell_news, news) = mpsc::channel(NEWS);
        let mut local = Local::new(Some(permit.clone()));
        if microphone != AudioIn::None {
            local.open_microphone(microphone);
        }
        if camera != VideoIn::None {
            local.open_camera(camera);
        }
        let room =
            Room { local, sound: None, camera: None, pictures: pictures.clone(), level: tell_level, news: tell_news };
        Self { pictures, level, news, _task: AbortOnDropHandle::new(tokio::spawn(room.run())) }
    }

    /// Where the newest own picture appears.
    pub fn pictures(&self) -> Arc<Mailbox<Picture>> {
        self.pictures.clone()
    }

    /// The microphone's level at 10 Hz, dB below overload: 0 loudest, 127 silence.
    pub fn level(&self) -> watch::Receiver<u8> {
        self.level.clone()
    }

    /// The next device that could not be opened, went away or came back; `None` when there is nothing new.
    pub fn news(&mut self) -> Option<(DeviceKind, DeviceNews)> {
        self.news.try_recv().ok()
    }
}

struct Room {
    local: Local,
    /// With its units, which never come: a microphone nobody listens to would end.
    sound: Option<(AudioSender, Receiver<Unit>)>,
    camera: Option<Camera>,
    pictures: Arc<Mailbox<Picture>>,
    level: watch::Sender<u8>,
    news: mpsc::Sender<(DeviceKind, DeviceNews)>,
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
                    Err(error) => self.failed(DeviceKind::Microphone, DeviceFault::failed(&error)),
                }
            }
            Opened::Camera(Ok(camera)) => self.camera = Some(camera),
            Opened::Microphone(Err(fault), _) => self.failed(DeviceKind::Microphone, fault),
            Opened::Camera(Err(fault)) => self.failed(DeviceKind::Camera, fault),
            Opened::Lost(device, id) => self.failed(device, DeviceFault::Lost { id }),
            Opened::Reopened(device, id) => self.tell(device, DeviceNews::Reopened { id }),
            Opened::Speaker(_) | Opened::Screen(_) | Opened::Closed | Opened::Unrecorded { .. } => {}
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

    fn failed(&self, device: DeviceKind, fault: DeviceFault) {
        self.tell(device, DeviceNews::Failed(fault));
    }

    fn tell(&self, device: DeviceKind, news: DeviceNews) {
        if self.news.try_send((device, news)).is_err() {
            tracing::debug!("nobody takes the news of the devices");
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;
    use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice};

    /// Leave to open devices, as a profile gives it in which a notice was noted.
    fn permit() -> Permit<LocalDevices> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let noted = Acknowledgement::noted(&Notice::embedded_room(), Lang::De, Circumstances::default(), &mut rng);
        let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
        ledger.record(noted, &mut rng).unwrap().confirm();
        Gate::replay(&ledger).local_devices().unwrap()
    }

    #[tokio::test]
    async fn what_does_not_open_before_the_meeting_is_told_once() {
        let mut studio = Studio::open(&permit(), AudioIn::None, VideoIn::File("/nowhere/face.y4m".into()));
        let news = tokio::time::timeout(Duration::from_secs(20), studio.news.recv()).await.unwrap();
        let Some((DeviceKind::Camera, DeviceNews::Failed(DeviceFault::File { path, .. }))) = news else {
            panic!("{news:?}")
        };
        assert!(path.ends_with("face.y4m"));
        assert_eq!(studio.news(), None);
    }
}
