//! What devices there are. Asking opens no stream and captures nothing.

use crate::event::DeviceKind;
use crate::{camera, sound};

/// One device as the system names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Stable over restarts as far as the system allows.
    pub id: String,
    /// For people.
    pub name: String,
    pub is_default: bool,
}

/// All devices, in the system's order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DeviceList {
    pub microphones: Vec<Device>,
    pub speakers: Vec<Device>,
    pub cameras: Vec<Device>,
}

/// Asks the system. A sound system that does not answer, or no right to look at cameras, is an empty list. May take some
/// 100 ms: not for async tasks.
#[must_use]
pub fn list() -> DeviceList {
    let (microphones, speakers) = sound::list();
    DeviceList { microphones, speakers, cameras: camera::list() }
}

impl DeviceList {
    /// The devices of one kind.
    #[must_use]
    pub fn of(&self, kind: DeviceKind) -> &[Device] {
        match kind {
            DeviceKind::Microphone => &self.microphones,
            DeviceKind::Speaker => &self.speakers,
            DeviceKind::Camera => &self.cameras,
        }
    }
}
