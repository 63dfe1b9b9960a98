//! Microphones, speakers and cameras as the window lists them, and what becomes of them. Looked at only after a notice was noted.

use super::desk::Desk;
use super::{App, Place, faults};
use crate::shell::Shell;
use crate::view::{Device, DeviceChoice, DeviceState, Devices};
use runde_client::devices::{DeviceEvent, DeviceKind as Kind, DeviceList, EventReceiver, Watch};
use runde_client::{DeviceFault, DeviceKind, DeviceNews};
use std::collections::{BTreeMap, BTreeSet};

/// Names of devices that were seen, so that one that was pulled out can still be called by its name. More than anybody plugs in;
/// beyond it the oldest looks are forgotten together.
const NAMES: usize = 128;

/// The eyes on the system's devices.
pub struct Looking {
    news: EventReceiver,
    /// The thread behind it; dropping it ends the looking. Tests have none.
    _thread: Option<Watch>,
}

impl Looking {
    pub fn new(news: EventReceiver, thread: Option<Watch>) -> Self {
        Self { news, _thread: thread }
    }
}

/// The list of devices and what is the matter with them.
#[derive(Default)]
pub struct Hardware {
    looking: Option<Looking>,
    list: Option<DeviceList>,
    names: BTreeMap<String, String>,
    /// Ids of devices that went away and were not yet replaced.
    lost: BTreeMap<DeviceKind, String>,
    busy: BTreeSet<DeviceKind>,
}

impl Hardware {
    /// Begins to look, once.
    pub fn look(&mut self, shell: &impl Shell) {
        if self.looking.is_none() {
            self.looking = shell.watch_devices();
        }
    }

    /// Takes what the thread found; true where the list changed.
    pub fn take_news(&mut self) -> bool {
        let Some(looking) = &mut self.looking else { return false };
        let mut newest = None;
        while let Some(event) = looking.news.try_next() {
            if let DeviceEvent::ListChanged(list) = event {
                newest = Some(list);
            }
        }
        let Some(list) = newest else { return false };
        self.learn_names(&list);
        self.list = Some(list);
        true
    }

    fn learn_names(&mut self, list: &DeviceList) {
        if self.names.len() > NAMES {
            self.names.clear();
        }
        for kind in [Kind::Microphone, Kind::Speaker, Kind::Camera] {
            self.names.extend(list.of(kind).iter().map(|device| (device.id.clone(), device.name.clone())));
        }
    }

    /// As the system calls it; `None` for an id asks for the default device.
    fn name(&self, device: DeviceKind, id: Option<&str>) -> Option<String> {
        let Some(id) = id else {
            let list = self.list.as_ref()?.of(listed(device));
            return list.iter().find(|entry| entry.is_default).map(|entry| entry.name.clone());
        };
        Some(self.names.get(id).cloned().unwrap_or_else(|| id.to_owned()))
    }

    fn device(&self, device: DeviceKind, chosen: Option<String>, on: bool) -> Device {
        let Some(list) = &self.list else {
            return Device { on, state: DeviceState::Unknown, chosen, choices: Vec::new() };
        };
        let choices: Vec<DeviceChoice> = list
            .of(listed(device))
            .iter()
            .map(|device| DeviceChoice { id: device.id.clone(), name: device.name.clone() })
            .collect();
        let state = if choices.is_empty() {
            DeviceState::Missing
        } else if self.busy.contains(&device) {
            DeviceState::Busy
        } else {
            DeviceState::Ready
        };
        Device { on, state, chosen, choices }
    }
}

const fn listed(device: DeviceKind) -> Kind {
    match device {
        DeviceKind::Microphone => Kind::Microphone,
        DeviceKind::Speaker => Kind::Speaker,
        DeviceKind::Camera => Kind::Camera,
    }
}

/// The id that a fault speaks of; `None`: the system's default.
fn id_of(fault: &DeviceFault) -> Option<&str> {
    match fault {
        DeviceFault::NotFound { id } | DeviceFault::Lost { id } => Some(id),
        DeviceFault::Busy { id } | DeviceFault::Denied { id } | DeviceFault::Failed { id, .. } => id.as_deref(),
        DeviceFault::NotChosen
        | DeviceFault::Missing
        | DeviceFault::SoundSystemSilent { .. }
        | DeviceFault::File { .. } => None,
    }
}

impl<S: Shell> App<S> {
    /// Looks at the devices, and at what the system does with links, as soon as a notice allows it, so that the settings can show
    /// both.
    pub(super) fn look_around(&mut self) {
        if self.desk.as_ref().is_ok_and(|desk| desk.gate().local_devices().is_ok()) {
            self.hardware.look(&self.shell);
            self.look_at_schemes();
        }
    }

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

    /// Takes what the prejoin page's devices have to say; true where there was anything.
    pub(super) fn hear_devices_at_the_door(&mut self) -> bool {
        let Place::Prejoin(door) = &mut self.place else { return false };
        let news = door.device_news();
        let any = !news.is_empty();
        for (device, news) in news {
            self.said_at_the_door(device, news);
        }
        any
    }

    /// A device that does not open is off, and its switch shows it; one that went away is looked for and stays on.
    pub(super) fn said_at_the_door(&mut self, device: DeviceKind, news: DeviceNews) {
        if let (Place::Prejoin(door), DeviceNews::Failed(fault)) = (&mut self.place, &news)
            && !matches!(fault, DeviceFault::Lost { .. })
        {
            door.switch_off(device);
            self.hang_pictures();
        }
        self.device_said(device, news);
    }

    /// A device failed, went away or came back: said once, the newest news of a device in the place of older.
    pub(super) fn device_said(&mut self, device: DeviceKind, news: DeviceNews) {
        self.forget_toasts_of(device);
        match news {
            DeviceNews::Failed(fault) => {
                match &fault {
                    DeviceFault::Lost { id } => drop(self.hardware.lost.insert(device, id.clone())),
                    DeviceFault::Busy { .. } | DeviceFault::Denied { .. } => drop(self.hardware.busy.insert(device)),
                    DeviceFault::NotChosen
                    | DeviceFault::Missing
                    | DeviceFault::NotFound { .. }
                    | DeviceFault::SoundSystemSilent { .. }
                    | DeviceFault::File { .. }
                    | DeviceFault::Failed { .. } => {}
                }
                let name = self.hardware.name(device, id_of(&fault));
                self.toast(faults::of_device(device, &fault, name));
            }
            DeviceNews::Reopened { id } => {
                let Some(before) = self.hardware.lost.remove(&device).filter(|before| *before != id) else { return };
                let name = |id: &str| self.hardware.name(device, Some(id)).unwrap_or_default();
                let error = faults::replaced(device, name(&before), name(&id));
                self.toast(error);
            }
        }
    }

    /// Somebody tries again or chooses another: what was said about that device is over.
    pub(super) fn forget_faults_of(&mut self, device: DeviceKind) {
        self.hardware.busy.remove(&device);
        self.hardware.lost.remove(&device);
        self.forget_toasts_of(device);
    }

    fn forget_toasts_of(&mut self, device: DeviceKind) {
        self.toasts.retain(|toast| faults::device_of(toast.error.code) != Some(device));
    }
}
