//! Every sentence this program says to a person, German beside English.

use std::env;

use runde_client::{Change, DeviceKind, LeftReason, MediaKind, MeetingEvent, Waiting};
use runde_privacy::{HeadState, Lang, Verdict};

mod failures;
mod refusals;

pub use failures::failure;
pub use refusals::{refusal, refusal_word};

/// Sentences without a blank to fill in.
#[derive(Debug, Clone, Copy)]
pub enum Message {
    Usage,
    Recorded,
    NothingRecorded,
    FileRightsOnly,
    AccountPassword,
    RoomPassword,
}

/// The language of the system, as POSIX looks for it.
pub fn system_language() -> Lang {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG"));
    Lang::from_locale(&locale.unwrap_or_default())
}

pub const fn message(message: Message, lang: Lang) -> &'static str {
    match (message, lang) {
        (Message::Usage, Lang::De) => USAGE_DE,
        (Message::Usage, Lang::En) => USAGE_EN,
        (Message::Recorded, Lang::De) => "Die Kenntnisnahme ist auf diesem Gerät festgehalten.",
        (Message::Recorded, Lang::En) => "That the notice was noted is recorded on this device.",
        (Message::NothingRecorded, Lang::De) => "Hier ist noch nichts festgehalten.",
        (Message::NothingRecorded, Lang::En) => "Nothing has been recorded here yet.",
        (Message::AccountPassword, Lang::De) => "Passwort des Kontos: ",
        (Message::AccountPassword, Lang::En) => "Password of the account: ",
        (Message::RoomPassword, Lang::De) => "Passwort des Raums: ",
        (Message::RoomPassword, Lang::En) => "Password of the room: ",
        (Message::FileRightsOnly, Lang::De) => {
            "Der Schlüssel ist nur durch Dateirechte geschützt; dass ein Ende abgeschnitten wurde, lässt sich nicht ausschließen."
        }
        (Message::FileRightsOnly, Lang::En) => {
            "The key is protected by file rights only; that a tail was cut off cannot be excluded."
        }
    }
}

/// One sentence on one ledger.
pub fn verdict(name: &str, verdict: &Verdict, lang: Lang) -> String {
    let (lines, erased) = (verdict.lines, verdict.erased);
    let state = match (verdict.damage, verdict.head, lang) {
        (Some(damage), _, Lang::De) => {
            format!("beschädigt ({damage}); Runde hebt die Datei beim nächsten Start auf und fragt neu")
        }
        (Some(damage), _, Lang::En) => {
            format!("damaged ({damage}); Runde keeps the file and asks again at its next start")
        }
        (None, HeadState::Behind, Lang::De) => "gekürzt: festgehaltene Zeilen fehlen".to_owned(),
        (None, HeadState::Behind, Lang::En) => "cut: recorded lines are missing".to_owned(),
        (None, _, Lang::De) => "unversehrt".to_owned(),
        (None, _, Lang::En) => "sound".to_owned(),
    };
    let torn = match (verdict.torn, lang) {
        (false, _) => "",
        (true, Lang::De) => ", dahinter eine unfertige Zeile",
        (true, Lang::En) => ", then an unfinished line",
    };
    match lang {
        Lang::De => format!("{name}: {state}, {lines} Zeilen, davon {erased} gelöscht{torn}"),
        Lang::En => format!("{name}: {state}, {lines} lines, {erased} of them erased{torn}"),
    }
}

pub const fn head_word(head: HeadState) -> &'static str {
    match head {
        HeadState::Equal => "equal",
        HeadState::Ahead(_) => "ahead",
        HeadState::Behind => "behind",
        HeadState::Unknown => "unknown",
    }
}

pub const fn device_word(device: DeviceKind) -> &'static str {
    match device {
        DeviceKind::Microphone => "microphone",
        DeviceKind::Speaker => "speaker",
        DeviceKind::Camera => "camera",
    }
}

/// A meeting's event for a person; figures and sources are for programs.
pub fn meeting(event: &MeetingEvent, lang: Lang) -> Option<String> {
    let german = lang == Lang::De;
    let pick = |de: &str, en: &str| if german { de.to_owned() } else { en.to_owned() };
    Some(match event {
        MeetingEvent::Joined { room, .. } => format!("{} {room}", pick("Im Raum", "In the room")),
        MeetingEvent::Waiting { why: Waiting::Lobby } => pick(
            "Sie sind im Warteraum. Die Moderation wurde verständigt; warten Sie, oder beenden Sie mit Strg-C.",
            "You are in the lobby. The moderators know; wait, or end with Ctrl-C.",
        ),
        MeetingEvent::Waiting { why: Waiting::Host } => pick(
            "Die Person, die den Raum öffnet, ist noch nicht da. Warten Sie, oder beenden Sie mit Strg-C.",
            "The person who opens the room is not there yet. Wait, or end with Ctrl-C.",
        ),
        MeetingEvent::LoginNeeded { url } => format!(
            "{} {url}",
            pick(
                "Wer ein Konto hat, bekommt einen Link mit Anmeldung im eigenen Browser hier:",
                "Whoever has an account gets a link with a login in their own browser here:",
            )
        ),
        MeetingEvent::Participant { change: Change::Added, name, .. } => format!("+ {name}"),
        MeetingEvent::Participant { change: Change::Removed, name, .. } => format!("- {name}"),
        MeetingEvent::Chat(line) => format!("{}: {}", line.name, line.text),
        MeetingEvent::MutedByModerator { kind: MediaKind::Audio } => {
            pick("Die Moderation hat das Mikrofon ausgeschaltet.", "A moderator switched the microphone off.")
        }
        MeetingEvent::MutedByModerator { kind: MediaKind::Video } => {
            pick("Die Moderation hat die Kamera ausgeschaltet.", "A moderator switched the camera off.")
        }
        MeetingEvent::DeviceFailed { device, reason } => device_failed(*device, reason, lang),
        MeetingEvent::Reconnecting { attempt } => {
            format!("{} ({attempt})", pick("Verbindung wird wiederhergestellt", "Reconnecting"))
        }
        MeetingEvent::Left { reason } => left(reason, lang),
        MeetingEvent::Participant { change: Change::Changed, .. }
        | MeetingEvent::Source { .. }
        | MeetingEvent::DominantSpeaker { .. }
        | MeetingEvent::MediaConnected
        | MeetingEvent::Stats(_) => return None,
    })
}

fn device_failed(device: DeviceKind, reason: &str, lang: Lang) -> String {
    let name = match (device, lang) {
        (DeviceKind::Microphone, Lang::De) => "Das Mikrofon",
        (DeviceKind::Speaker, Lang::De) => "Der Lautsprecher",
        (DeviceKind::Camera, Lang::De) => "Die Kamera",
        (DeviceKind::Microphone, Lang::En) => "The microphone",
        (DeviceKind::Speaker, Lang::En) => "The speaker",
        (DeviceKind::Camera, Lang::En) => "The camera",
    };
    match lang {
        Lang::De => format!(
            "{name} lässt sich nicht benutzen ({reason}); das Gespräch geht ohne weiter. Stecken Sie das Gerät neu ein oder wählen Sie ein anderes."
        ),
        Lang::En => format!(
            "{name} cannot be used ({reason}); the meeting goes on without it. Plug it in again or choose another."
        ),
    }
}

fn left(reason: &LeftReason, lang: Lang) -> String {
    let (de, en) = match reason {
        LeftReason::Asked => ("Raum verlassen.".to_owned(), "Left the room.".to_owned()),
        LeftReason::Unreachable(why) => (
            format!(
                "Der Server ist nicht erreichbar ({why}). Prüfen Sie den Link und die Verbindung und versuchen Sie es erneut."
            ),
            format!("The server cannot be reached ({why}). Check the link and your connection and try again."),
        ),
        LeftReason::Refused(why) => return refusal(why, lang),
        LeftReason::Kicked => (
            "Die Moderation hat Sie aus dem Raum entfernt.".to_owned(),
            "A moderator removed you from the room.".to_owned(),
        ),
        LeftReason::RoomEnded => ("Der Raum wurde geschlossen.".to_owned(), "The room was closed.".to_owned()),
        LeftReason::Lost => (
            "Die Verbindung ist abgerissen und ließ sich nicht wiederherstellen. Treten Sie neu bei.".to_owned(),
            "The connection broke and could not be repaired. Join again.".to_owned(),
        ),
    };
    if lang == Lang::De { de } else { en }
}

const USAGE_DE: &str = "Aufruf:
  runde-cli serve [--listen ADRESSE:PORT] [--public-url URL] [--tls self-signed|off|ZERT,SCHLÜSSEL]
                  [--data ORDNER] [--notice-ack SHA256] [--json]
  runde-cli join LINK --name NAME --notice-ack SHA256 [--audio-in DATEI.wav|tone|none|device:ID]
                  [--audio-out DATEI.wav|none|device:ID] [--video-in DATEI.y4m|pattern|none|device:ID]
                  [--video-out ORDNER|none] [--processing on|off] [--chat TEXT] [--for 20s] [--json]
                  [--user KONTO] [--password-stdin]
  runde-cli notice HOST|LINK|embedded-room [--lang de|en] [--ack SHA256]
  runde-cli ledger [list|verify|export] [--lang de|en] [--json]
  runde-cli doctor [--json]
Enden: 0 fertig, 1 Fehler auf diesem Gerät, 2 falsche Angaben, 3 Hinweis nicht zur Kenntnis genommen
(nichts gesendet), 4 nicht erreichbar oder abgewiesen, 5 Raum beendet";

const USAGE_EN: &str = "Usage:
  runde-cli serve [--listen ADDR:PORT] [--public-url URL] [--tls self-signed|off|CERT,KEY]
                  [--data DIR] [--notice-ack SHA256] [--json]
  runde-cli join LINK --name NAME --notice-ack SHA256 [--audio-in FILE.wav|tone|none|device:ID]
                  [--audio-out FILE.wav|none|device:ID] [--video-in FILE.y4m|pattern|none|device:ID]
                  [--video-out DIR|none] [--processing on|off] [--chat TEXT] [--for 20s] [--json]
                  [--user ACCOUNT] [--password-stdin]
  runde-cli notice HOST|LINK|embedded-room [--lang de|en] [--ack SHA256]
  runde-cli ledger [list|verify|export] [--lang de|en] [--json]
  runde-cli doctor [--json]
Exits: 0 done, 1 failure on this device, 2 bad arguments, 3 notice not noted (nothing was sent),
4 unreachable or refused, 5 room ended";
