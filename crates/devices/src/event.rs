//! What happens to devices while they are in use.

use crate::list::DeviceList;
use runde_media::channel;
use std::fmt;

/// Events that wait to be read. Devices change by hand; **when full, the oldest goes**, and the list is asked for anew anyway.
const EVENTS: usize = 32;

/// What kind of device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum DeviceKind {
    Microphone,
    Speaker,
    Camera,
}

impl fmt::Display for DeviceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Microphone => "microphone",
            Self::Speaker => "speaker",
            Self::Camera => "camera",
        })
    }
}

/// Something a user should know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum DeviceEvent {
    /// An open device went away or fell silent. It is looked for again, then the default one is taken.
    Lost { kind: DeviceKind, id: String },
    /// A device was opened again after [`DeviceEvent::Lost`]; perhaps another one.
    Reopened { kind: DeviceKind, id: String },
    /// Devices came or went.
    ListChanged(DeviceList),
}

/// Writing end; clone it for each device.
pub type EventSender = channel::Sender<DeviceEvent>;
/// Reading end.
pub type EventReceiver = channel::Receiver<DeviceEvent>;

/// A queue for the events of all devices.
#[must_use]
pub fn events() -> (EventSender, EventReceiver) {
    channel::bounded(EVENTS)
}
