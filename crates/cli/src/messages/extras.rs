//! Sentences about what a room offers besides. What concerns data protection is said in full.

use runde_client::{Capture, Media, News};
use runde_privacy::Lang;

/// None for what is for programs.
pub fn sentence(news: &News, lang: Lang) -> Option<String> {
    let german = lang.is_german();
    let pick = |de: &str, en: &str| if german { de.to_owned() } else { en.to_owned() };
    Some(match news {
        News::Capture { what, on } => captured(*what, *on, lang).to_owned(),
        News::Permission { media, needed: true, .. } => {
            format!("{} {}.", device(*media, lang), pick("braucht jetzt eine Freigabe", "needs permission now"))
        }
        News::Permission { media, needed: false, .. } => {
            format!("{} {}.", device(*media, lang), pick("braucht keine Freigabe mehr", "needs no permission any more"))
        }
        News::Allowed { media, allowed: true } => {
            format!("{} {}.", device(*media, lang), pick("ist freigegeben", "may be switched on"))
        }
        News::Allowed { media, allowed: false } => {
            format!(
                "{} {}.",
                device(*media, lang),
                pick("ist nicht mehr freigegeben", "may not be switched on any more")
            )
        }
        News::Poll(poll) => format!("{} {} [{}]", pick("Umfrage:", "Poll:"), poll.question, poll.answers.join(" | ")),
        News::Speakers(_) => {
            pick("Der Server zählt mit, wer wie lange spricht.", "The server counts how long each person speaks.")
        }
        News::MoveTo { .. } => {
            pick("Die Moderation schickt Sie in einen anderen Raum.", "A moderator sends you to another room.")
        }
        News::Offered(_) | News::AllAllowed { .. } | News::Vote { .. } | News::Rooms(_) => return None,
    })
}

const fn captured(what: Capture, on: bool, lang: Lang) -> &'static str {
    match (what, on, lang.is_german()) {
        (Capture::Recording, true, true) => "Achtung: Dieses Gespräch wird aufgezeichnet (Ton und Bild).",
        (Capture::Recording, true, false) => "Attention: this meeting is being recorded (sound and picture).",
        (Capture::Recording, false, true) => "Die Aufzeichnung ist beendet.",
        (Capture::Recording, false, false) => "The recording has ended.",
        (Capture::Stream, true, true) => "Achtung: Dieses Gespräch wird live ins Netz übertragen.",
        (Capture::Stream, true, false) => "Attention: this meeting is being streamed live.",
        (Capture::Stream, false, true) => "Die Übertragung ist beendet.",
        (Capture::Stream, false, false) => "The live stream has ended.",
        (Capture::Transcription, true, true) => "Achtung: Was gesagt wird, wird mitgeschrieben.",
        (Capture::Transcription, true, false) => "Attention: what is said is being transcribed.",
        (Capture::Transcription, false, true) => "Das Mitschreiben ist beendet.",
        (Capture::Transcription, false, false) => "The transcription has ended.",
    }
}

const fn device(media: Media, lang: Lang) -> &'static str {
    match (media, lang.is_german()) {
        (Media::Audio, true) => "Das Mikrofon",
        (Media::Audio, false) => "The microphone",
        (Media::Video, true) => "Die Kamera",
        (Media::Video, false) => "The camera",
        (Media::Desktop, true) => "Das Teilen des Bildschirms",
        (Media::Desktop, false) => "Sharing the screen",
    }
}

/// It was to be switched on.
pub fn must_ask(media: Media, lang: Lang) -> String {
    let device = device(media, lang);
    if lang.is_german() {
        format!("{device} muss erst freigegeben werden. Heben Sie die Hand, um darum zu bitten.")
    } else {
        format!("{device} has to be allowed first. Raise your hand to ask for it.")
    }
}

pub fn moving(room: Option<&str>, lang: Lang) -> String {
    match (room, lang.is_german()) {
        (Some(_), true) => "Wechsel in einen anderen Raum …".to_owned(),
        (None, true) => "Zurück in den Hauptraum …".to_owned(),
        (Some(_), false) => "Moving to another room …".to_owned(),
        (None, false) => "Back to the main room …".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_said_in_either_language() {
        let news = News::Capture { what: Capture::Recording, on: true };
        assert!(sentence(&news, Lang::De).unwrap().contains("aufgezeichnet"));
        assert!(sentence(&news, Lang::En).unwrap().contains("recorded"));
    }
}
