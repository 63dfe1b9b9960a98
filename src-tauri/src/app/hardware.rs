//! Microphones, speakers and cameras as the window lists them. Looked at only after a notice was noted.

use super::desk::Desk;
use super::{App, Place};
use crate::shell::Shell;
use crate::view::{Device, DeviceChoice, DeviceState, Devices};
use runde_client::devices::{self, DeviceEvent, DeviceKind, DeviceList, EventReceiver, Watch};

/// The list of devices and the thread that keeps it true.
#[derive(Default)]
pub struct Hardware {
    watch: Option<(Watch, EventReceiver)>,
    list: Option<DeviceList>,
}

impl Hardware {
    /// Begins to look, once.
    pub fn look(&mut self) {
        if self.watch.is_some() {
            return;
        }
        let (sender, receiver) = devices::events();
        match Watch::spawn(sender) {
            Ok(watch) => self.watch = Some((watch, receiver)),
            Err(error) => tracing::warn!(%error, "devices cannot be watched"),
        }
    }

    /// Takes what the thread found; true where the list changed.
    pub fn take_news(&mut self) -> bool {
        let Some((_, receiver)) = &mut self.watch else { return false };
        let mut changed = false;
        while let Some(event) = receiver.try_next() {
            if let DeviceEvent::ListChanged(list) = event {
                self.list = Some(list);
                changed = true;
            }
        }
        changed
    }

    fn device(&self, kind: DeviceKind, chosen: Option<String>, on: bool) -> Device {
        let Some(list) = &self.list else {
            return Device { on, state: DeviceState::Unknown, chosen, choices: Vec::new() };
        };
        let choices: Vec<DeviceChoice> = list
            .of(kind)
            .iter()
            .map(|device| DeviceChoice { id: device.id.clone(), name: device.name.clone() })
            .collect();
        let state = if choices.is_empty() { DeviceState::Missing } else { DeviceState::Ready };
        Device { on, state, chosen, choices }
    }
}

impl<S: Shell> App<S> {
    pub(super) fn devices_slice(&self, desk: &Desk) -> Devices {
        let chosen = desk.preferences();
        let (microphone, camera) = self.devices_on();
        Devices {
            microphone: self.hardware.device(DeviceKind::Microphone, chosen.microphone.clone(), microphone),
            camera: self.hardware.device(DeviceKind::Camera, chosen.camera.clone(), camera),
            speaker: self.hardware.device(DeviceKind::Speaker, chosen.speaker.clone(), false),
        }
    }

    fn devices_on(&self) -> (bool, bool) {
        match (&self.seat, &self.place) {
            (Some(seat), _) => {
                let me = seat.state().me;
                (me.microphone, me.camera)
            }
            (None, Place::Prejoin(door)) => (door.microphone, door.camera),
            (None, _) => (false, false),
        }
    }
}
