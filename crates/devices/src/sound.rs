//! The system's sound: which host, which device, which format; streams whose callbacks only move samples.
//!
//! What it is not: no blocks and no pace; see `microphone` and `speaker`. Nothing in a callback locks, allocates or logs.

mod keep;
mod rate;
#[cfg(target_os = "linux")]
mod server;

pub(crate) use keep::{Kept, Opened, Signals};

use crate::error::DeviceError;
use crate::event::DeviceKind;
use crate::list::Device;
use cpal::traits::{DeviceTrait, HostTrait, StreamTrait};
use cpal::{BufferSize, FromSample, SampleFormat, SizedSample, StreamConfig};
use rate::Rate;
use runde_media::block::{BLOCK_SAMPLES, SAMPLE_RATE};
#[cfg(target_os = "linux")]
use server::host;
use std::sync::Arc;

/// Samples between callback and reader: 200 ms. Whoever falls further behind than that has lost sound anyway.
pub(crate) const RING: usize = 20 * BLOCK_SAMPLES;
/// Most channels of a device that are mixed down or filled.
const MAX_CHANNELS: u16 = 32;

/// The system's own sound, which has no connection to keep.
#[cfg(not(target_os = "linux"))]
fn host() -> Arc<cpal::Host> {
    Arc::new(cpal::default_host())
}

/// Microphones and speakers.
pub(crate) fn list() -> (Vec<Device>, Vec<Device>) {
    let host = host();
    let default = |device: Option<cpal::Device>| device.and_then(|device| id(&device));
    let (default_in, default_out) = (default(host.default_input_device()), default(host.default_output_device()));
    let (mut microphones, mut speakers) = (Vec::new(), Vec::new());
    for device in host.devices().into_iter().flatten() {
        let Some(id) = id(&device).filter(|id| is_for_people(id)) else { continue };
        let name = device.description().map_or_else(|_| id.clone(), |description| description.name().to_owned());
        let entry = |default: &Option<String>| Device {
            id: id.clone(),
            name: name.clone(),
            is_default: default.as_ref() == Some(&id),
        };
        if device.supports_input() {
            microphones.push(entry(&default_in));
        }
        if device.supports_output() {
            speakers.push(entry(&default_out));
        }
    }
    (microphones, speakers)
}

/// ALSA also lists converters and endless silence as devices; only cards and the default are ones to choose.
fn is_for_people(id: &str) -> bool {
    let Some(name) = id.strip_prefix("alsa:") else { return true };
    ["default", "sysdefault", "hw:", "plughw:", "pipewire"].iter().any(|start| name.starts_with(start))
}

fn id(device: &cpal::Device) -> Option<String> {
    device.id().ok().map(|id| id.to_string())
}

/// The device with this id or exact name; the default one for `None`.
fn find(kind: DeviceKind, wanted: Option<&str>) -> Result<cpal::Device, DeviceError> {
    let host = host();
    let Some(wanted) = wanted else {
        let default = match kind {
            DeviceKind::Speaker => host.default_output_device(),
            DeviceKind::Microphone | DeviceKind::Camera => host.default_input_device(),
        };
        return default.ok_or(DeviceError::NoDefault { kind });
    };
    let mut devices = host.devices().map_err(|error| refused(kind, wanted, &error))?;
    let is_wanted = |device: &cpal::Device| {
        let does = if kind == DeviceKind::Speaker { device.supports_output() } else { device.supports_input() };
        does && (id(device)
            .is_some_and(|id| id == wanted || id.split_once(':').is_some_and(|(_, rest)| rest == wanted))
            || device.description().is_ok_and(|description| description.name() == wanted))
    };
    devices.find(is_wanted).ok_or_else(|| DeviceError::NotFound { kind, id: wanted.to_owned() })
}

fn refused(kind: DeviceKind, id: &str, error: &cpal::Error) -> DeviceError {
    use cpal::ErrorKind;
    let reason = error.to_string();
    let known = error.kind();
    if known == ErrorKind::DeviceNotAvailable && id.is_empty() {
        DeviceError::NoDefault { kind }
    } else if known == ErrorKind::DeviceNotAvailable {
        DeviceError::NotFound { kind, id: id.to_owned() }
    } else if known == ErrorKind::DeviceBusy {
        DeviceError::Busy { kind }
    } else if known == ErrorKind::PermissionDenied {
        DeviceError::Denied { kind }
    } else if known == ErrorKind::HostUnavailable {
        DeviceError::NoSoundSystem { reason }
    } else if known == ErrorKind::UnsupportedConfig {
        DeviceError::Unsupported { kind, reason }
    } else {
        DeviceError::Failed { kind, reason }
    }
}

/// A format of the device that needs least conversion: 48 kHz, floats, few channels, else what the device calls its default.
fn format(device: &cpal::Device, kind: DeviceKind) -> Result<(StreamConfig, Samples), DeviceError> {
    let failed = |error: cpal::Error| refused(kind, "", &error);
    let speaker = kind == DeviceKind::Speaker;
    let ranges: Vec<_> = if speaker {
        device.supported_output_configs().map_err(failed)?.collect()
    } else {
        device.supported_input_configs().map_err(failed)?.collect()
    };
    let fits = ranges.iter().filter(|range| {
        let rates = range.min_sample_rate()..=range.max_sample_rate();
        rates.contains(&SAMPLE_RATE)
            && (1..=MAX_CHANNELS).contains(&range.channels())
            && Samples::of(range.sample_format()).is_some()
    });
    let best = fits.min_by_key(|range| (range.sample_format() != SampleFormat::F32, range.channels()));
    if let Some((best, samples)) = best.and_then(|best| Some((best, Samples::of(best.sample_format())?))) {
        let config = StreamConfig {
            channels: best.channels(),
            sample_rate: SAMPLE_RATE,
            buffer_size: BufferSize::Fixed(u32::try_from(BLOCK_SAMPLES).unwrap_or(480)),
        };
        return Ok((config, samples));
    }
    let default = if speaker { device.default_output_config() } else { device.default_input_config() };
    let default = default.map_err(failed)?;
    match Samples::of(default.sample_format()).filter(|_| (1..=MAX_CHANNELS).contains(&default.channels())) {
        Some(samples) => Ok((StreamConfig { buffer_size: BufferSize::Default, ..default.config() }, samples)),
        None => Err(DeviceError::Unsupported { kind, reason: format!("{default:?}") }),
    }
}

/// The sample formats converted here; every device offers one of them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Samples {
    F32,
    I16,
    I32,
    U8,
}

impl Samples {
    fn of(format: SampleFormat) -> Option<Self> {
        let known = [
            (SampleFormat::F32, Self::F32),
            (SampleFormat::I16, Self::I16),
            (SampleFormat::I32, Self::I32),
            (SampleFormat::U8, Self::U8),
        ];
        known.into_iter().find(|(theirs, _)| *theirs == format).map(|(_, ours)| ours)
    }
}

/// Opens a microphone; its samples come out of the ring, mono at 48 kHz.
pub(crate) fn capture(
    wanted: Option<&str>,
    signals: &Arc<Signals>,
) -> Result<Opened<rtrb::Consumer<f32>>, DeviceError> {
    let kind = DeviceKind::Microphone;
    let device = find(kind, wanted)?;
    let (config, samples) = format(&device, kind)?;
    let id = id(&device).unwrap_or_default();
    attempts(config, |config| {
        let (tx, rx) = rtrb::RingBuffer::new(RING);
        let stream = match samples {
            Samples::F32 => build_input::<f32>(&device, config, tx, signals),
            Samples::I16 => build_input::<i16>(&device, config, tx, signals),
            Samples::I32 => build_input::<i32>(&device, config, tx, signals),
            Samples::U8 => build_input::<u8>(&device, config, tx, signals),
        }?;
        stream.play()?;
        Ok(Opened { stream, end: rx, id: id.clone() })
    })
    .map_err(|error| refused(kind, &id, &error))
}

/// Opens a speaker; it plays what is put into the ring, mono at 48 kHz, and silence when that is empty.
pub(crate) fn playback(
    wanted: Option<&str>,
    signals: &Arc<Signals>,
) -> Result<Opened<rtrb::Producer<f32>>, DeviceError> {
    let kind = DeviceKind::Speaker;
    let device = find(kind, wanted)?;
    let (config, samples) = format(&device, kind)?;
    let id = id(&device).unwrap_or_default();
    attempts(config, |config| {
        let (tx, rx) = rtrb::RingBuffer::new(RING);
        let stream = match samples {
            Samples::F32 => build_output::<f32>(&device, config, rx, signals),
            Samples::I16 => build_output::<i16>(&device, config, rx, signals),
            Samples::I32 => build_output::<i32>(&device, config, rx, signals),
            Samples::U8 => build_output::<u8>(&device, config, rx, signals),
        }?;
        stream.play()?;
        Ok(Opened { stream, end: tx, id: id.clone() })
    })
    .map_err(|error| refused(kind, &id, &error))
}

/// With the wished size of the device's buffer first, then with whatever it likes.
fn attempts<T>(
    config: StreamConfig,
    mut open: impl FnMut(StreamConfig) -> Result<T, cpal::Error>,
) -> Result<T, cpal::Error> {
    match open(config) {
        Err(error) if error.kind() == cpal::ErrorKind::UnsupportedConfig => {
            open(StreamConfig { buffer_size: BufferSize::Default, ..config })
        }
        result => result,
    }
}

fn build_input<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut ring: rtrb::Producer<f32>,
    signals: &Arc<Signals>,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample,
    f32: FromSample<T>,
{
    let (alive, failed) = (signals.clone(), signals.clone());
    let channels = usize::from(config.channels.max(1));
    let mut rate = Rate::new(config.sample_rate, SAMPLE_RATE);
    let share = 1.0 / f32::from(config.channels.max(1));
    let callback = move |samples: &[T], _: &cpal::InputCallbackInfo| {
        alive.beat(samples.len() / channels);
        for frame in samples.chunks_exact(channels) {
            let mono = frame.iter().map(|sample| f32::from_sample_(*sample)).sum::<f32>() * share;
            rate.push(mono, |sample| {
                let _ = ring.push(sample); // a full ring loses the newest: its reader is gone or asleep
            });
        }
    };
    device.build_input_stream(config, callback, move |error| failed.error(&error), None)
}

fn build_output<T>(
    device: &cpal::Device,
    config: StreamConfig,
    mut ring: rtrb::Consumer<f32>,
    signals: &Arc<Signals>,
) -> Result<cpal::Stream, cpal::Error>
where
    T: SizedSample + FromSample<f32>,
{
    let (alive, failed) = (signals.clone(), signals.clone());
    let channels = usize::from(config.channels.max(1));
    let mut rate = Rate::new(SAMPLE_RATE, config.sample_rate);
    let callback = move |samples: &mut [T], _: &cpal::OutputCallbackInfo| {
        alive.beat(samples.len() / channels);
        for frame in samples.chunks_exact_mut(channels) {
            let sample = rate.pull(|| ring.pop().unwrap_or(0.0));
            frame.fill(T::from_sample_(sample));
        }
    };
    device.build_output_stream(config, callback, move |error| failed.error(&error), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alsas_converters_are_no_devices() {
        for id in ["alsa:null", "alsa:speexrate", "alsa:pulse", "alsa:upmix"] {
            assert!(!is_for_people(id), "{id}");
        }
        for id in ["alsa:default", "alsa:hw:CARD=PCH,DEV=0", "pulseaudio:null", "wasapi:{0.0.1}"] {
            assert!(is_for_people(id), "{id}");
        }
    }

    #[test]
    fn the_systems_words_become_clear_errors() {
        use cpal::ErrorKind;
        let told = |known: ErrorKind, id| refused(DeviceKind::Speaker, id, &cpal::Error::from(known));
        assert!(matches!(told(ErrorKind::DeviceNotAvailable, "x"), DeviceError::NotFound { id, .. } if id == "x"));
        assert!(matches!(told(ErrorKind::DeviceNotAvailable, ""), DeviceError::NoDefault { .. }));
        assert!(matches!(told(ErrorKind::DeviceBusy, "x"), DeviceError::Busy { .. }));
        assert!(matches!(told(ErrorKind::PermissionDenied, "x"), DeviceError::Denied { .. }));
        assert!(matches!(told(ErrorKind::HostUnavailable, "x"), DeviceError::NoSoundSystem { .. }));
    }
}
