//! What is said about the policy of a computer.

use std::path::Path;

use runde_privacy::Lang;
use runde_profile::{Origin, Policy, PolicyFault};

pub fn found(file: &Path, policy: &Policy, lang: Lang) -> String {
    let (file, german) = (file.display(), lang.is_german());
    let by = policy.organisation().unwrap_or_default();
    match (policy.is_present(), german) {
        (false, true) => format!("{file}: keine Vorgaben"),
        (false, false) => format!("{file}: no policy"),
        (true, true) => format!("{file}: gültig, festgelegt: {}. {by}", list(&policy.locks(), "nichts")),
        (true, false) => format!("{file}: valid, fixed: {}. {by}", list(&policy.locks(), "nothing")),
    }
}

fn list(names: &[String], none: &str) -> String {
    if names.is_empty() { none.to_owned() } else { names.join(", ") }
}

pub const fn origin(origin: Origin, lang: Lang) -> &'static str {
    match (origin, lang) {
        (Origin::Default, Lang::De | Lang::DeSimple) => "Voreinstellung von Runde",
        (Origin::Default, Lang::En) => "default of Runde",
        (Origin::Preset, Lang::De | Lang::DeSimple) => "Vorschlag der Organisation",
        (Origin::Preset, Lang::En) => "proposed by the organisation",
        (Origin::User, Lang::De | Lang::DeSimple) => "entscheidet, wer das Gerät benutzt",
        (Origin::User, Lang::En) => "decided by the user",
        (Origin::Locked, Lang::De | Lang::DeSimple) => "von der Organisation festgelegt",
        (Origin::Locked, Lang::En) => "fixed by the organisation",
        (Origin::Off, Lang::De | Lang::DeSimple) => "von der Organisation abgeschaltet",
        (Origin::Off, Lang::En) => "switched off by the organisation",
    }
}

/// In German; the English words are the error's own.
pub fn fault(why: &PolicyFault) -> String {
    match why {
        PolicyFault::Unreadable(why) => format!("sie ist nicht lesbar ({why})"),
        PolicyFault::Syntax { line, column, detail } => format!("Zeile {line}, Spalte {column}: {detail}"),
        PolicyFault::Version(version) => format!("die Fassung {version} ist unbekannt, es gibt nur 1"),
        PolicyFault::Value { key, value } => format!("{key} kann nicht {value:?} sein"),
        PolicyFault::Twice(key) => format!("{key} ist zugleich vorgeschlagen und festgelegt"),
        PolicyFault::Nameless => "zu notices gehört eine organisation, deren Worte sie sind".to_owned(),
        PolicyFault::TwoNotices(host) => format!("mehr als ein Text gilt {host}"),
    }
}
