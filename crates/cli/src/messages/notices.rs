//! Sentences of `notice`, and of a server's own notice on the way into a room.

use runde_client::AnnouncedError;
use runde_privacy::{ChangeKind, DocumentError, Lang, OperatorError};

use crate::exit::NoticeFailure;

const fn pick(lang: Lang, de: &'static str, en: &'static str) -> &'static str {
    if lang.is_german() { de } else { en }
}

/// How a place stands after `runde-cli notice`.
pub fn as_argument(place: &str) -> String {
    if place.starts_with("--") { place.to_owned() } else { format!("'{place}'") }
}

/// What went wrong with a notice.
pub fn failure(failure: &NoticeFailure, lang: Lang) -> String {
    match failure {
        NoticeFailure::Operator { path, why } => operator(&path.display().to_string(), why, lang),
        NoticeFailure::OperatorsRetention => retention_differs(lang).to_owned(),
        NoticeFailure::Announced { host, error } => announced(host, error, lang),
        NoticeFailure::NoNoticeThere { host } => none_there(host, lang),
        NoticeFailure::NoticeMissing { host } => missing(host, lang),
        NoticeFailure::NoticeDiffers { host } => differs(host, lang),
        NoticeFailure::NeverNoted(sha256) => never_noted(sha256, lang),
        NoticeFailure::TextGone(sha256) => text_gone(sha256, lang),
        NoticeFailure::Stopped => stopped(lang).to_owned(),
    }
}

/// Words of the organisation that manages this computer; they are no part of the notice.
pub fn foreword(organisation: &str, text: &str, contact: &str, lang: Lang) -> String {
    let ask = match (contact.is_empty(), lang.is_german()) {
        (true, _) => String::new(),
        (false, true) => format!("\nFragen dazu: {contact}"),
        (false, false) => format!("\nQuestions: {contact}"),
    };
    let says = if lang.is_german() { "schreibt zu diesem Server" } else { "says about this server" };
    format!("{organisation} {says}:\n{text}{ask}")
}

pub fn changed(place: &str, lang: Lang) -> String {
    let place = as_argument(place);
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "Dieser Hinweis lautet anders als der, den Sie zur Kenntnis genommen haben. `runde-cli notice {place} --changes` zeigt die Unterschiede."
        ),
        Lang::En => format!(
            "This notice reads otherwise than the one you noted. `runde-cli notice {place} --changes` shows the differences."
        ),
    }
}

pub const fn nothing_earlier(lang: Lang) -> &'static str {
    pick(
        lang,
        "Es gibt keine frühere Fassung, die Sie zur Kenntnis genommen haben und die anders lautet.",
        "There is no earlier version that you noted and that reads otherwise.",
    )
}

pub const fn kind(kind: ChangeKind, lang: Lang) -> &'static str {
    match kind {
        ChangeKind::Added => pick(lang, "neu:", "new:"),
        ChangeKind::Removed => pick(lang, "entfallen:", "gone:"),
        ChangeKind::Reworded => pick(lang, "geändert:", "changed:"),
    }
}

pub const fn unreadable(lang: Lang) -> &'static str {
    pick(lang, " (Wortlaut nicht mehr da)", " (words no longer there)")
}

fn never_noted(sha256: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => {
            format!(
                "Ein Hinweis mit der Prüfsumme {sha256:?} ist hier nicht zur Kenntnis genommen. `runde-cli notice --noted` zeigt alle."
            )
        }
        Lang::En => {
            format!("No notice with the hash {sha256:?} was noted here. `runde-cli notice --noted` lists them all.")
        }
    }
}

fn text_gone(sha256: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "Der Wortlaut zu {sha256} ist nicht mehr lesbar: seine Datei fehlt oder ist beschädigt. Der Nachweis der Kenntnisnahme bleibt."
        ),
        Lang::En => format!(
            "The words of {sha256} can no longer be read: their file is missing or damaged. The record that they were noted stays."
        ),
    }
}

fn none_there(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "{host} bietet keinen eigenen Hinweis an. Fragen Sie die Person, die Sie eingeladen hat, welcher dort gilt."
        ),
        Lang::En => {
            format!("{host} offers no notice of its own. Ask the person who invited you which one applies there.")
        }
    }
}

fn missing(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "Der Link verspricht einen Hinweis, den {host} nicht zeigt. Der Raum wurde nicht betreten. Bitten Sie um einen neuen Link."
        ),
        Lang::En => format!(
            "The link promises a notice that {host} does not show. The room was not entered. Ask for a new link."
        ),
    }
}

fn differs(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "{host} zeigt einen anderen Hinweis, als der Link verspricht. Der Raum wurde nicht betreten. Bitten Sie um einen neuen Link."
        ),
        Lang::En => {
            format!("{host} shows another notice than the link promises. The room was not entered. Ask for a new link.")
        }
    }
}

/// What the server offers as its notice is none; what the wire says has its own sentences.
fn announced(host: &str, error: &AnnouncedError, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => {
            let why = match error {
                AnnouncedError::Unusable(why) => unusable(why),
                AnnouncedError::Wire(_) | AnnouncedError::OtherHost => "er kam nicht an".to_owned(),
            };
            format!(
                "Der Hinweis, den {host} anbietet, lässt sich nicht zeigen ({why}). Der Raum wurde nicht betreten. Fragen Sie den Betreiber."
            )
        }
        Lang::En => format!(
            "The notice that {host} offers cannot be shown ({error}). The room was not entered. Ask its operator."
        ),
    }
}

fn unusable(why: &DocumentError) -> String {
    match why {
        DocumentError::TooLarge => "er ist zu groß".to_owned(),
        DocumentError::Unreadable(_) => "er ist nicht lesbar".to_owned(),
        DocumentError::Schema(schema) => format!("er hat eine andere Fassung, {schema:?}"),
        DocumentError::NoText => "er hat keinen Text".to_owned(),
        DocumentError::Text { lang, .. } => format!("der Text {} enthält Unzulässiges", lang.tag()),
        DocumentError::Retention(days) => format!("er nennt ein Zugriffsprotokoll für {days} Tage"),
        DocumentError::Operator(why) => operator_german(why),
    }
}

/// What is wrong with a record of an operator.
fn operator(file: &str, why: &OperatorError, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!("Die Angaben in {file} gehen so nicht: {}.", operator_german(why)),
        Lang::En => format!("The details in {file} cannot be used: {why}."),
    }
}

fn operator_german(why: &OperatorError) -> String {
    match why {
        OperatorError::Words(field) => format!("{field} braucht 1 bis 200 sichtbare Zeichen in einer Zeile"),
        OperatorError::Address => "address braucht 1 bis 6 Zeilen".to_owned(),
        OperatorError::Retention => "retention_days ist 1 bis 56 (acht Wochen) oder fehlt".to_owned(),
        OperatorError::Authority(key) => format!("authority ist bund oder zwei Buchstaben eines Landes, nicht {key:?}"),
        OperatorError::Day(day) => format!("valid_from ist ein Tag wie 2026-11-25, nicht {day:?}"),
        OperatorError::Unreadable(why) => format!("die Datei ist nicht lesbar ({why})"),
    }
}

const fn stopped(lang: Lang) -> &'static str {
    pick(lang, "Abgebrochen. Der Raum wurde nicht betreten.", "Stopped. The room was not entered.")
}

const fn retention_differs(lang: Lang) -> &'static str {
    pick(
        lang,
        "--access-log und --retention sagen anderes als retention_days in den Angaben. Ändern Sie eines von beiden.",
        "--access-log and --retention say something else than retention_days in the details. Change one of them.",
    )
}
