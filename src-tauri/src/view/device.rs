//! Microphone, camera and speaker as the window lists them.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Devices {
    pub microphone: Device,
    pub camera: Device,
    pub speaker: Device,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Device {
    /// Capturing now. Always false for the speaker.
    pub on: bool,
    pub state: DeviceState,
    /// `None` follows the system.
    pub chosen: Option<String>,
    pub choices: Vec<DeviceChoice>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct DeviceChoice {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum DeviceState {
    /// Not looked at yet: devices are listed only after the notice.
    Unknown,
    Ready,
    Missing,
    /// Another program holds it, or the system refuses it.
    Busy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum DeviceKind {
    Microphone,
    Camera,
    Speaker,
}
