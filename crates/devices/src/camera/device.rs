//! Real cameras by the system's own interface.

use super::{CameraSettings, convert};
use crate::error::DeviceError;
use crate::event::{DeviceEvent, DeviceKind, EventSender};
use crate::list::Device;
use nokhwa::utils::{ApiBackend, CameraFormat, CameraInfo, FrameFormat, RequestedFormat, RequestedFormatType};
use nokhwa::{Buffer, NokhwaError};
use runde_media::{Mailbox, Picture};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// Longest wait for the first opening; some cameras need two seconds to wake.
pub(super) const OPEN_WITHIN: Duration = Duration::from_secs(10);
/// Between two tries to open again.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Bad pictures in a row before a camera counts as lost: a second.
const MAX_BAD: u32 = 30;
/// Formats understood here.
const FORMATS: &[FrameFormat] = &[FrameFormat::YUYV, FrameFormat::NV12, FrameFormat::MJPEG, FrameFormat::GRAY];

/// All cameras; the first is the default.
pub(crate) fn list() -> Vec<Device> {
    let entry = |(n, info): (usize, &CameraInfo)| Device { id: id(info), name: info.human_name(), is_default: n == 0 };
    infos().iter().enumerate().map(entry).collect()
}

fn infos() -> Vec<CameraInfo> {
    nokhwa::query(ApiBackend::Auto).unwrap_or_default()
}

fn id(info: &CameraInfo) -> String {
    info.index().as_string()
}

/// Work of the camera's thread: open, report, read, open again, until stopped.
pub(super) fn run(
    wanted: Option<&str>,
    settings: CameraSettings,
    pictures: &Mailbox<Picture>,
    events: &EventSender,
    report: &mpsc::SyncSender<Result<(), DeviceError>>,
    stopped: &mpsc::Receiver<()>,
) {
    let (mut camera, mut id) = match open(wanted, settings) {
        Ok(opened) => opened,
        Err(error) => {
            let _ = report.send(Err(error));
            return;
        }
    };
    if report.send(Ok(())).is_err() {
        return;
    }
    let mut seq = 0;
    while read(&mut camera, &mut seq, pictures, stopped) {
        drop(camera);
        events.push(DeviceEvent::Lost { kind: DeviceKind::Camera, id });
        (camera, id) = loop {
            if stopped.recv_timeout(TRY_EVERY) != Err(mpsc::RecvTimeoutError::Timeout) {
                return;
            }
            if let Ok(opened) = open(wanted, settings).or_else(|_| open(None, settings)) {
                break opened;
            }
        };
        events.push(DeviceEvent::Reopened { kind: DeviceKind::Camera, id: id.clone() });
    }
}

/// Puts pictures into the mailbox. True when the camera is lost, false when nobody needs it any more.
fn read(camera: &mut nokhwa::Camera, seq: &mut u64, pictures: &Mailbox<Picture>, stopped: &mpsc::Receiver<()>) -> bool {
    let mut bad = 0;
    while bad < MAX_BAD {
        if stopped.try_recv() == Err(mpsc::TryRecvError::Disconnected) {
            return false;
        }
        let Ok(buffer) = camera.frame() else {
            bad += MAX_BAD / 3; // the driver itself fails: three times is enough
            continue;
        };
        *seq += 1;
        let Some(picture) = picture(&buffer, *seq, Instant::now()) else {
            bad += 1;
            continue;
        };
        bad = 0;
        pictures.put(picture);
    }
    true
}

fn picture(buffer: &Buffer, seq: u64, at: Instant) -> Option<Picture> {
    let (size, bytes) = (buffer.resolution(), buffer.buffer());
    match buffer.source_frame_format() {
        FrameFormat::YUYV => convert::yuyv(bytes, size.width(), size.height(), seq, at),
        FrameFormat::NV12 => convert::nv12(bytes, size.width(), size.height(), seq, at),
        FrameFormat::GRAY => convert::grey(bytes, size.width(), size.height(), seq, at),
        FrameFormat::MJPEG => convert::jpeg(bytes, seq, at),
        FrameFormat::RAWRGB | FrameFormat::RAWBGR => None, // not among those asked for
    }
}

/// The wanted camera, or the first that opens: one device often shows itself several times, and not all give pictures.
fn open(wanted: Option<&str>, settings: CameraSettings) -> Result<(nokhwa::Camera, String), DeviceError> {
    let kind = DeviceKind::Camera;
    let infos = infos();
    let is_wanted = |info: &&CameraInfo| wanted.is_none_or(|wanted| id(info) == wanted || info.human_name() == wanted);
    let mut error = match wanted {
        Some(wanted) => DeviceError::NotFound { kind, id: wanted.to_owned() },
        None => DeviceError::NoDefault { kind },
    };
    for info in infos.iter().filter(is_wanted) {
        match open_one(info, settings) {
            Ok(camera) => return Ok((camera, id(info))),
            Err(refusal) => error = refused(&refusal),
        }
    }
    Err(error)
}

fn open_one(info: &CameraInfo, settings: CameraSettings) -> Result<nokhwa::Camera, NokhwaError> {
    let any = RequestedFormat::with_formats(RequestedFormatType::None, FORMATS);
    let mut camera = nokhwa::Camera::new(info.index().clone(), any)?;
    if let Some(best) = best(&camera.compatible_camera_formats()?, settings) {
        camera.set_camera_requset(RequestedFormat::with_formats(RequestedFormatType::Exact(best), FORMATS))?;
    }
    camera.open_stream()?;
    Ok(camera)
}

/// The format nearest to the wish: enough pictures a second first, then the size, then what costs least to convert.
fn best(formats: &[CameraFormat], settings: CameraSettings) -> Option<CameraFormat> {
    let costs = |format: &CameraFormat| {
        let slow = settings.fps.saturating_sub(format.frame_rate()).div_ceil(10);
        let size = format.height().abs_diff(settings.height) + format.width().abs_diff(settings.width);
        let convert = FORMATS.iter().position(|known| *known == format.format());
        (slow, size, convert, format.frame_rate().abs_diff(settings.fps))
    };
    formats.iter().filter(|format| FORMATS.contains(&format.format())).min_by_key(|format| costs(format)).copied()
}

fn refused(error: &NokhwaError) -> DeviceError {
    let kind = DeviceKind::Camera;
    let reason = error.to_string();
    let says = |words: &[&str]| words.iter().any(|word| reason.to_ascii_lowercase().contains(word));
    if says(&["busy", "resource temporarily"]) {
        DeviceError::Busy { kind }
    } else if says(&["permission", "denied", "not authorized"]) {
        DeviceError::Denied { kind }
    } else if says(&["no such file", "no such device"]) {
        DeviceError::NoDefault { kind }
    } else {
        DeviceError::Failed { kind, reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nokhwa::utils::Resolution;

    #[test]
    fn the_nearest_format_wins_and_too_slow_ones_do_not() {
        let format = |width, height, kind, fps| CameraFormat::new(Resolution::new(width, height), kind, fps);
        let offered = [
            format(640, 480, FrameFormat::YUYV, 30),
            format(1280, 720, FrameFormat::YUYV, 10),
            format(1280, 720, FrameFormat::MJPEG, 30),
            format(1280, 720, FrameFormat::RAWRGB, 30),
            format(1920, 1080, FrameFormat::MJPEG, 30),
        ];
        assert_eq!(best(&offered, CameraSettings::default()), Some(offered[2]));
        let small = CameraSettings { width: 640, height: 360, fps: 30 };
        assert_eq!(best(&offered, small), Some(offered[0]));
        assert_eq!(best(&offered[3..4], small), None);
    }

    #[test]
    fn the_systems_words_become_clear_errors() {
        let told = |text: &str| refused(&NokhwaError::OpenStreamError(text.to_owned()));
        assert!(matches!(told("Device or resource busy (os error 16)"), DeviceError::Busy { .. }));
        assert!(matches!(told("Permission denied (os error 13)"), DeviceError::Denied { .. }));
        assert!(matches!(told("what?"), DeviceError::Failed { .. }));
    }

    #[test]
    fn a_camera_that_is_not_there_is_named() {
        let error = open(Some("no such camera"), CameraSettings::default()).err();
        assert!(matches!(error, Some(DeviceError::NotFound { id, .. }) if id == "no such camera"));
    }
}
