//! Everything a user can set, with its default, in one struct and one file.

use runde_privacy::Lang;
use serde::{Deserialize, Serialize};

/// Colours of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    #[default]
    System,
    Light,
    Dark,
    /// High contrast.
    Contrast,
}

/// What is done to the microphone's sound before it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Processing {
    pub echo: bool,
    pub noise: bool,
    pub gain: bool,
}

/// Fields that a newer version wrote are ignored, missing ones get their default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// `None`: as the system says.
    pub language: Option<Lang>,
    pub theme: Theme,
    /// Kept only while the consent for it is in force.
    pub display_name: Option<String>,
    /// Device ids as the system names them; `None`: the system's default.
    pub microphone: Option<String>,
    pub speaker: Option<String>,
    pub camera: Option<String>,
    pub processing: Processing,
    /// Sound and picture through a relay of the server and by no other way.
    pub relay_only: bool,
    /// Host that a bare room name means.
    pub default_server: String,
    /// Address and port, TCP and UDP alike, where rooms of one's own are opened.
    pub listen: String,
}

impl Default for Processing {
    fn default() -> Self {
        Self { echo: true, noise: true, gain: true }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            theme: Theme::default(),
            display_name: None,
            microphone: None,
            speaker: None,
            camera: None,
            processing: Processing::default(),
            relay_only: false,
            default_server: "meet.jit.si".to_owned(),
            listen: "127.0.0.1:8443".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_an_older_or_newer_version_are_read() {
        let read: Settings = serde_json::from_str(r#"{"theme":"dark","from_the_future":1}"#).unwrap();
        assert_eq!(read, Settings { theme: Theme::Dark, ..Settings::default() });
    }
}
