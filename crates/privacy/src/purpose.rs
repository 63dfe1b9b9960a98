//! The catalogue of voluntary functions. Each is off until somebody switches it on by itself.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::lang::Lang;

/// Something the program may do only with consent. Never on this list: analytics, advertising,
/// avatars from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    RecentRooms,
    DisplayName,
    PersonVolume,
    UpdateCheck,
    CrashReport,
    PeerToPeer,
    LocalRecording,
    KeptCaptions,
    ChatExport,
    Calendar,
    CameraAutoStart,
}

/// What is said about a purpose before somebody decides; its hash goes into the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Wording {
    pub title: &'static str,
    /// What is kept or done, where, for how long.
    pub text: &'static str,
}

impl Purpose {
    pub const ALL: [Self; 11] = [
        Self::RecentRooms,
        Self::DisplayName,
        Self::PersonVolume,
        Self::UpdateCheck,
        Self::CrashReport,
        Self::PeerToPeer,
        Self::LocalRecording,
        Self::KeptCaptions,
        Self::ChatExport,
        Self::Calendar,
        Self::CameraAutoStart,
    ];

    /// The purposes whose function exists in this version: asking for others would be collecting
    /// consents on stock.
    pub const OFFERED: [Self; 3] = [Self::RecentRooms, Self::DisplayName, Self::PeerToPeer];

    /// Same spelling as in JSON and on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::RecentRooms => "recent-rooms",
            Self::DisplayName => "display-name",
            Self::PersonVolume => "person-volume",
            Self::UpdateCheck => "update-check",
            Self::CrashReport => "crash-report",
            Self::PeerToPeer => "peer-to-peer",
            Self::LocalRecording => "local-recording",
            Self::KeptCaptions => "kept-captions",
            Self::ChatExport => "chat-export",
            Self::Calendar => "calendar",
            Self::CameraAutoStart => "camera-auto-start",
        }
    }

    /// Personal data concerned, ISO 8601 retention. Everything stays on the device.
    #[must_use]
    pub const fn retention(self) -> &'static str {
        match self {
            Self::RecentRooms => "P30D",
            Self::DisplayName
            | Self::PersonVolume
            | Self::UpdateCheck
            | Self::CrashReport
            | Self::PeerToPeer
            | Self::LocalRecording
            | Self::KeptCaptions
            | Self::ChatExport
            | Self::Calendar
            | Self::CameraAutoStart => "until-withdrawn",
        }
    }

    #[must_use]
    pub const fn wording(self, lang: Lang) -> Wording {
        match lang {
            Lang::De | Lang::DeSimple => self.german(),
            Lang::En => self.english(),
        }
    }

    /// Hash of title, line feed, text.
    #[must_use]
    pub fn text_sha256(self, lang: Lang) -> String {
        let wording = self.wording(lang);
        hex::encode(Sha256::digest(format!("{}\n{}", wording.title, wording.text)))
    }

    const fn german(self) -> Wording {
        let (title, text) = match self {
            Self::RecentRooms => (
                "Zuletzt benutzte Räume merken",
                "Raumname und Server bleiben 30 Tage auf diesem Gerät, damit Sie sie wieder anklicken können.",
            ),
            Self::DisplayName => {
                ("Anzeigenamen merken", "Ihr Anzeigename bleibt auf diesem Gerät, bis Sie das ausschalten.")
            }
            Self::PersonVolume => {
                ("Lautstärke je Person merken", "Name und eingestellte Lautstärke bleiben auf diesem Gerät.")
            }
            Self::UpdateCheck => {
                ("Nach neuen Fassungen sehen", "Der Server für neue Fassungen erfährt dabei Ihre IP-Adresse.")
            }
            Self::CrashReport => {
                ("Absturzbericht ablegen", "Ein Bericht bleibt auf diesem Gerät; Sie senden ihn nur von Hand.")
            }
            Self::PeerToPeer => (
                "Direkte Verbindung zu zweit",
                "Sind Sie nur zu zweit, gehen Ton und Bild ohne den Videoserver von Rechner zu Rechner. Die andere Person erfährt dabei Ihre IP-Adresse.",
            ),
            Self::LocalRecording => (
                "Auf diesem Gerät aufzeichnen",
                "Bild und Ton des Gesprächs werden in eine Datei geschrieben, die Sie wählen.",
            ),
            Self::KeptCaptions => {
                ("Untertitel behalten", "Mitgeschriebene Worte bleiben nach dem Gespräch auf diesem Gerät.")
            }
            Self::ChatExport => ("Chat sichern", "Chattexte werden in eine Datei geschrieben, die Sie wählen."),
            Self::Calendar => ("Kalender lesen", "Termine werden auf diesem Gerät nach Raumlinks durchsucht."),
            Self::CameraAutoStart => {
                ("Kamera gleich einschalten", "Die Kamera läuft schon, wenn Sie einen Raum betreten.")
            }
        };
        Wording { title, text }
    }

    const fn english(self) -> Wording {
        let (title, text) = match self {
            Self::RecentRooms => (
                "Remember recent rooms",
                "Room name and server stay on this device for 30 days so that you can click them again.",
            ),
            Self::DisplayName => {
                ("Remember my display name", "Your display name stays on this device until you switch this off.")
            }
            Self::PersonVolume => ("Remember the volume of each person", "Name and chosen volume stay on this device."),
            Self::UpdateCheck => ("Look for new versions", "The server for new versions learns your IP address."),
            Self::CrashReport => ("Keep a crash report", "A report stays on this device; you send it by hand only."),
            Self::PeerToPeer => (
                "Direct connection when there are two",
                "While there are only two of you, sound and picture go from computer to computer without the video server. The other person learns your IP address.",
            ),
            Self::LocalRecording => (
                "Record on this device",
                "Picture and sound of the conversation are written to a file that you choose.",
            ),
            Self::KeptCaptions => {
                ("Keep captions", "Words that were written down stay on this device after the conversation.")
            }
            Self::ChatExport => ("Save the chat", "Chat texts are written to a file that you choose."),
            Self::Calendar => ("Read the calendar", "Appointments are searched for room links on this device."),
            Self::CameraAutoStart => ("Switch the camera on at once", "The camera already runs when you enter a room."),
        };
        Wording { title, text }
    }
}
