//! Which device: a pure value that can be written in settings and on the command line.

use std::path::PathBuf;
use std::str::FromStr;

/// Why a text names no choice.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{text:?} is none of {allowed}")]
pub struct ChoiceError {
    pub text: String,
    pub allowed: &'static str,
}

/// Where sound comes from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum MicrophoneChoice {
    /// What the system calls its default.
    #[default]
    Default,
    /// The id of a listed device, or its exact name.
    Id(String),
    /// A WAV file (PCM16, 48 kHz), over and over.
    File(PathBuf),
    /// A steady 440 Hz.
    Tone,
    None,
}

/// Where sound goes to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum SpeakerChoice {
    /// What the system calls its default.
    #[default]
    Default,
    /// The id of a listed device, or its exact name.
    Id(String),
    /// A WAV file (PCM16, 48 kHz, mono).
    File(PathBuf),
    None,
}

/// Where pictures come from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum CameraChoice {
    /// The first camera of the list.
    #[default]
    Default,
    /// The id of a listed device, or its exact name.
    Id(String),
    /// A Y4M file, over and over.
    File(PathBuf),
    /// Moving shapes with a barcode; see [`crate::pattern`].
    Pattern,
    None,
}

impl MicrophoneChoice {
    /// True where a real device is meant, which takes a permit.
    #[must_use]
    pub fn is_device(&self) -> bool {
        matches!(self, Self::Default | Self::Id(_))
    }
}

impl SpeakerChoice {
    /// True where a real device is meant, which takes a permit.
    #[must_use]
    pub fn is_device(&self) -> bool {
        matches!(self, Self::Default | Self::Id(_))
    }
}

impl CameraChoice {
    /// True where a real device is meant, which takes a permit.
    #[must_use]
    pub fn is_device(&self) -> bool {
        matches!(self, Self::Default | Self::Id(_))
    }
}

const MICROPHONES: &str = "FILE.wav, tone, none, default, device:ID";
const SPEAKERS: &str = "FILE.wav, none, default, device:ID";
const CAMERAS: &str = "FILE.y4m, pattern, none, default, device:ID";

/// The grammar of the command line: `FILE.wav|tone|none|default|device:ID`.
impl FromStr for MicrophoneChoice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        Ok(match text {
            "default" => Self::Default,
            "tone" => Self::Tone,
            "none" => Self::None,
            _ => match named(text, ".wav", MICROPHONES)? {
                Named::Device(id) => Self::Id(id),
                Named::File(path) => Self::File(path),
            },
        })
    }
}

/// The grammar of the command line: `FILE.wav|none|default|device:ID`.
impl FromStr for SpeakerChoice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        Ok(match text {
            "default" => Self::Default,
            "none" => Self::None,
            _ => match named(text, ".wav", SPEAKERS)? {
                Named::Device(id) => Self::Id(id),
                Named::File(path) => Self::File(path),
            },
        })
    }
}

/// The grammar of the command line: `FILE.y4m|pattern|none|default|device:ID`.
impl FromStr for CameraChoice {
    type Err = ChoiceError;

    fn from_str(text: &str) -> Result<Self, ChoiceError> {
        Ok(match text {
            "default" => Self::Default,
            "pattern" => Self::Pattern,
            "none" => Self::None,
            _ => match named(text, ".y4m", CAMERAS)? {
                Named::Device(id) => Self::Id(id),
                Named::File(path) => Self::File(path),
            },
        })
    }
}

enum Named {
    Device(String),
    File(PathBuf),
}

fn named(text: &str, ending: &str, allowed: &'static str) -> Result<Named, ChoiceError> {
    let refused = || ChoiceError { text: text.to_owned(), allowed };
    if let Some(id) = text.strip_prefix("device:") {
        return if id.is_empty() { Err(refused()) } else { Ok(Named::Device(id.to_owned())) };
    }
    let stem = text.len().checked_sub(ending.len()).filter(|stem| *stem > 0 && text.is_char_boundary(*stem));
    match stem {
        Some(stem) if text[stem..].eq_ignore_ascii_case(ending) => Ok(Named::File(text.into())),
        _ => Err(refused()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_lines_words_are_understood() {
        assert_eq!("tone".parse(), Ok(MicrophoneChoice::Tone));
        assert_eq!("a b.WAV".parse(), Ok(MicrophoneChoice::File("a b.WAV".into())));
        assert_eq!("device:pulseaudio:x".parse(), Ok(SpeakerChoice::Id("pulseaudio:x".into())));
        assert_eq!("pattern".parse(), Ok(CameraChoice::Pattern));
        assert_eq!("./c.y4m".parse(), Ok(CameraChoice::File("./c.y4m".into())));
        assert!(CameraChoice::Default.is_device() && !CameraChoice::Pattern.is_device());
    }

    #[test]
    fn anything_else_is_refused_with_what_is_allowed() {
        for text in ["", "tone", "device:", ".wav", "x.mp3", "ä"] {
            let error = text.parse::<SpeakerChoice>().unwrap_err();
            assert!(error.to_string().contains("FILE.wav"), "{error}");
        }
    }
}
