//! Sentences about moderating: what was done to somebody, who knocks, what an order came to.

use runde_client::{Change, MediaKind, MeetingEvent};
use runde_privacy::Lang;

use crate::orders::Misread;

/// Who silenced us.
pub fn muted(kind: MediaKind, screen: bool, by: Option<&str>, lang: Lang) -> String {
    let german = lang.is_german();
    let who =
        by.map_or_else(|| if german { "Die Moderation".to_owned() } else { "A moderator".to_owned() }, str::to_owned);
    match (kind, german) {
        (MediaKind::Video, true) if screen => format!("{who} hat das Teilen des Bildschirms beendet."),
        (MediaKind::Video, false) if screen => format!("{who} ended the sharing of the screen."),
        (MediaKind::Audio, true) => format!("{who} hat das Mikrofon ausgeschaltet."),
        (MediaKind::Video, true) => format!("{who} hat die Kamera ausgeschaltet."),
        (MediaKind::Audio, false) => format!("{who} switched the microphone off."),
        (MediaKind::Video, false) => format!("{who} switched the camera off."),
    }
}

/// None for what says nothing to a person.
pub fn sentence(event: &MeetingEvent, lang: Lang) -> Option<String> {
    let german = lang.is_german();
    let pick = |de: &str, en: &str| if german { de.to_owned() } else { en.to_owned() };
    Some(match event {
        MeetingEvent::Role { moderator: true } => pick("Sie moderieren den Raum.", "You moderate the room."),
        MeetingEvent::Role { moderator: false } => pick("Sie moderieren nicht mehr.", "You no longer moderate."),
        MeetingEvent::Subject(text) if text.is_empty() => return None,
        MeetingEvent::Subject(text) => format!("{} {text}", pick("Thema:", "Subject:")),
        MeetingEvent::Rules(rules) => {
            let on = |set: bool| if set { pick("an", "on") } else { pick("aus", "off") };
            format!(
                "{} {}, {} {}",
                pick("Passwort", "Password"),
                on(rules.password),
                pick("Warteraum", "lobby"),
                on(rules.lobby)
            )
        }
        MeetingEvent::Knock { change: Change::Added, endpoint, name } => {
            format!("{} {name} ({endpoint})", pick("Es klopft:", "Somebody knocks:"))
        }
        MeetingEvent::NotDone { condition } => {
            format!("{} ({condition}).", pick("Der Raum hat das abgelehnt", "The room refused that"))
        }
        MeetingEvent::Ignored { .. } => pick(
            "Der Raum hat etwas gesagt, das nicht stimmen kann. Es wurde nicht beachtet; das Gespräch geht weiter.",
            "The room said something that cannot be true. It was not obeyed; the meeting goes on.",
        ),
        MeetingEvent::Knock { .. }
        | MeetingEvent::Reaction { .. }
        | MeetingEvent::Joined { .. }
        | MeetingEvent::Waiting { .. }
        | MeetingEvent::LoginNeeded { .. }
        | MeetingEvent::Participant { .. }
        | MeetingEvent::Source { .. }
        | MeetingEvent::Chat(_)
        | MeetingEvent::DominantSpeaker { .. }
        | MeetingEvent::MediaConnected
        | MeetingEvent::NoBridge { .. }
        | MeetingEvent::NoBridgeChannel
        | MeetingEvent::Direct { .. }
        | MeetingEvent::MutedByModerator { .. }
        | MeetingEvent::Stats(_)
        | MeetingEvent::Device { .. }
        | MeetingEvent::ShareFailed(_)
        | MeetingEvent::Extra(_)
        | MeetingEvent::MustAsk(_)
        | MeetingEvent::Moving { .. }
        | MeetingEvent::Unrecorded { .. }
        | MeetingEvent::Reconnecting { .. }
        | MeetingEvent::Left { .. } => return None,
    })
}

/// Why a line of `--orders` was not carried out.
pub fn misread(number: u32, why: Misread, lang: Lang) -> String {
    if !lang.is_german() {
        return format!("Line {number} was not carried out: {why}.");
    }
    let why = match why {
        Misread::Unknown => "diese Anweisung gibt es nicht",
        Misread::Incomplete => "der Anweisung fehlt ein Teil, oder er ist nicht bekannt",
        Misread::Nobody => "niemand mit diesem Namen oder dieser Kennung ist da",
        Misread::Several => "mehrere heißen so; nehmen Sie die Kennung",
    };
    format!("Zeile {number} wurde nicht ausgeführt: {why}.")
}
