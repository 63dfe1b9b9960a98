//! Microphones, speakers and cameras: list them, choose one, open it, notice when it goes away; and stand-ins made of files,
//! tones and patterns for tests and for those who have no device.
//!
//! What it is not: no codec, no meeting. Real devices open only with a [`Permit<LocalDevices>`](runde_privacy::Permit); the
//! stand-ins are no devices and need none.
//!
//! Start at [`list`], [`open_microphone`], [`open_speaker`], [`open_camera`]; what their sound and pictures flow into is
//! [`runde_media::send`] and [`runde_media::receive`].

mod camera;
mod choice;
mod error;
mod event;
mod list;
mod microphone;
mod sound;
mod speaker;
mod watch;

pub mod pattern;
pub mod tone;
pub mod wav;
pub mod y4m;

pub use camera::{Camera, CameraSettings, open_camera, open_synthetic_camera};
pub use choice::{CameraChoice, ChoiceError, MicrophoneChoice, SpeakerChoice};
pub use error::DeviceError;
pub use event::{DeviceEvent, DeviceKind, EventReceiver, EventSender, events};
pub use list::{Device, DeviceList, list};
pub use microphone::{Microphone, open_microphone, open_synthetic_microphone};
pub use speaker::{Speaker, open_speaker, open_synthetic_speaker};
pub use watch::Watch;
