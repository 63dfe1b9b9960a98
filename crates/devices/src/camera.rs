//! A camera or what stands in for it; pictures go into a mailbox where the newest wins.

mod convert;
mod device;

pub(crate) use device::list;

use crate::choice::CameraChoice;
use crate::error::DeviceError;
use crate::event::{DeviceKind, EventSender};
use crate::pattern::Pattern;
use crate::y4m;
use runde_media::{Mailbox, Picture};
use runde_privacy::{LocalDevices, Permit};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long a closing camera is waited for: some drivers block in the middle of a picture.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// What is wished; a camera gives what comes nearest, a file gives what it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CameraSettings {
    pub width: u32,
    pub height: u32,
    /// Pictures a second.
    pub fps: u32,
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self { width: 1280, height: 720, fps: 30 }
    }
}

/// Handle of the thread `cam`; dropping it closes the camera.
pub struct Camera {
    stop: Option<mpsc::Sender<()>>,
    done: mpsc::Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

/// Opens what is chosen; its pictures go into `pictures`. A camera that goes away later is opened again by itself; `events`
/// tells.
///
/// # Errors
/// [`DeviceError`] when it does not open now.
pub fn open_camera(
    _permit: &Permit<LocalDevices>,
    choice: &CameraChoice,
    settings: CameraSettings,
    pictures: Arc<Mailbox<Picture>>,
    events: &EventSender,
) -> Result<Camera, DeviceError> {
    let wanted = match choice {
        CameraChoice::Default => None,
        CameraChoice::Id(id) => Some(id.clone()),
        CameraChoice::File(_) | CameraChoice::Pattern | CameraChoice::None => {
            return open_synthetic_camera(choice, settings, pictures);
        }
    };
    let (report, reported) = mpsc::sync_channel(1);
    let events = events.clone();
    let camera = Camera::spawn(move |stopped| {
        device::run(wanted.as_deref(), settings, &pictures, &events, &report, stopped);
    })?;
    match reported.recv_timeout(device::OPEN_WITHIN) {
        Ok(Ok(())) => Ok(camera),
        Ok(Err(error)) => Err(error),
        Err(_) => Err(DeviceError::Failed { kind: DeviceKind::Camera, reason: "it does not answer".to_owned() }),
    }
}

/// Opens what stands in for a camera: these are no devices and need no permit.
///
/// # Errors
/// [`DeviceError::NeedsPermit`] for real cameras; [`DeviceError`] for files that cannot be read.
pub fn open_synthetic_camera(
    choice: &CameraChoice,
    settings: CameraSettings,
    pictures: Arc<Mailbox<Picture>>,
) -> Result<Camera, DeviceError> {
    match choice {
        CameraChoice::Pattern => {
            let (pattern, mut frame) = (Pattern::new(settings.width, settings.height), 0);
            let draw = move |at| {
                frame += 1;
                Some(pattern.draw(frame, unix_ms(), at))
            };
            Camera::spawn(move |stopped| play(f64::from(settings.fps), &pictures, stopped, draw))
        }
        CameraChoice::File(path) => {
            let mut file = y4m::Reader::open(path)?;
            let read = move |at| match file.picture(at) {
                Ok(picture) => Some(picture),
                Err(error) => {
                    tracing::warn!("camera: {error}");
                    None
                }
            };
            let fps = y4m::Reader::open(path)?.fps();
            Camera::spawn(move |stopped| play(fps, &pictures, stopped, read))
        }
        CameraChoice::None => Camera::spawn(|_| ()),
        CameraChoice::Default | CameraChoice::Id(_) => Err(DeviceError::NeedsPermit { kind: DeviceKind::Camera }),
    }
}

impl Camera {
    fn spawn(work: impl FnOnce(&mpsc::Receiver<()>) + Send + 'static) -> Result<Self, DeviceError> {
        let (stop, stopped) = mpsc::channel();
        let (finished, done) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("cam".to_owned())
            .spawn(move || {
                work(&stopped);
                drop(finished);
            })
            .map_err(|source| DeviceError::Thread { kind: DeviceKind::Camera, source })?;
        Ok(Self { stop: Some(stop), done, thread: Some(thread) })
    }
}

impl Drop for Camera {
    fn drop(&mut self) {
        self.stop = None; // the thread sees the end of its channel
        let hangs = self.done.recv_timeout(CLOSE_WITHIN) == Err(mpsc::RecvTimeoutError::Timeout);
        if let Some(thread) = self.thread.take()
            && !hangs
        {
            let _ = thread.join();
        }
    }
}

/// Puts one picture after the other into the mailbox, in rhythm, until stopped or out of pictures.
fn play(
    fps: f64,
    pictures: &Mailbox<Picture>,
    stopped: &mpsc::Receiver<()>,
    mut next: impl FnMut(Instant) -> Option<Picture>,
) {
    let gap = Duration::from_secs_f64(1.0 / fps.clamp(1.0, 120.0));
    let mut due = Instant::now();
    loop {
        let now = Instant::now();
        // Behind by more than a few pictures the rhythm begins anew.
        due = if now.saturating_duration_since(due) > gap * 4 { now } else { due };
        let rest = due.saturating_duration_since(now);
        if stopped.recv_timeout(rest) != Err(mpsc::RecvTimeoutError::Timeout) {
            return;
        }
        let Some(picture) = next(Instant::now()) else { return };
        pictures.put(picture);
        due += gap;
    }
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern;
    use runde_media::mailbox::Taken;

    #[test]
    fn the_pattern_comes_in_rhythm_with_rising_numbers_and_ends_with_its_handle() {
        let pictures = Arc::new(Mailbox::new());
        let settings = CameraSettings { width: 320, height: 180, fps: 100 };
        let camera = open_synthetic_camera(&CameraChoice::Pattern, settings, pictures.clone()).unwrap();
        let mut last = 0;
        for _ in 0..10 {
            let Taken::Got(picture) = pictures.take(Duration::from_secs(20)) else { panic!("no picture") };
            let barcode = pattern::read(&picture).unwrap();
            assert!(barcode.frame > last);
            last = barcode.frame;
        }
        drop(camera);
        pictures.try_take();
        assert!(matches!(pictures.take(Duration::from_millis(50)), Taken::Nothing));
    }

    #[test]
    fn real_cameras_need_a_permit() {
        let pictures = Arc::new(Mailbox::new());
        let refused = open_synthetic_camera(&CameraChoice::Default, CameraSettings::default(), pictures).err();
        assert!(matches!(refused, Some(DeviceError::NeedsPermit { kind: DeviceKind::Camera })));
    }
}
