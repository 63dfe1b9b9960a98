//! Sentences of `rights`.

use runde_privacy::letter::Article;
use runde_privacy::letter::day::Day;
use runde_privacy::manifest::Entry;
use runde_privacy::{Lang, Purpose};
use runde_profile::Erased;

const fn pick(lang: Lang, de: &'static str, en: &'static str) -> &'static str {
    if lang.is_german() { de } else { en }
}

pub const fn show_title(lang: Lang) -> &'static str {
    pick(
        lang,
        "Was dieses Profil über Sie speichert (Art. 15 DSGVO). Alles liegt nur auf diesem Gerät; die Hersteller von Runde erhalten nichts davon.",
        "What this profile stores about you (Art. 15 GDPR). All of it is on this device only; the makers of Runde receive none of it.",
    )
}

pub fn size(bytes: u64, changed: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!("  {bytes} Bytes, zuletzt geändert {changed}"),
        Lang::En => format!("  {bytes} bytes, last change {changed}"),
    }
}

pub const fn stranger(lang: Lang) -> &'static str {
    pick(lang, "  Das schreibt kein Programm von Runde.", "  No program of Runde writes this.")
}

pub const fn secret(lang: Lang) -> &'static str {
    pick(lang, "(geheim, wird nicht gezeigt)", "(secret, not shown)")
}

pub const fn in_keyring(lang: Lang) -> &'static str {
    pick(
        lang,
        "Schlüsselbund dieses Rechners, Dienst org.runde.Runde",
        "Keyring of this computer, service org.runde.Runde",
    )
}

pub fn reasons(entry: &Entry, lang: Lang) -> [String; 3] {
    let line = |de, en, text: &str| format!("  {}: {text}", pick(lang, de, en));
    [
        line("Zweck", "Purpose", entry.purpose.text(lang)),
        line("Grundlage", "Basis", entry.basis.text(lang)),
        line("Aufbewahrung", "Kept", entry.retention.text(lang)),
    ]
}

pub const fn exported(lang: Lang) -> &'static str {
    pick(
        lang,
        "Die Datei enthält alles, was dieses Profil über Sie speichert, außer seinem Schlüssel. Heben Sie sie entsprechend auf.",
        "The file holds everything that this profile stores about you, but not its key. Keep it accordingly.",
    )
}

pub const fn imported(lang: Lang) -> &'static str {
    pick(lang, "Das Profil ist wiederhergestellt.", "The profile is restored.")
}

pub fn erased(erased: &Erased, lang: Lang) -> String {
    let count = erased.count;
    let done = match lang {
        Lang::De | Lang::DeSimple => format!("Gelöscht: {count}."),
        Lang::En => format!("Erased: {count}."),
    };
    if erased.kept.is_empty() {
        return done;
    }
    let hosts = erased.kept.join(", ");
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "{done} Geblieben ist Ihr Widerspruch gegen: {hosts}. Er gilt noch; nehmen Sie ihn erst mit `runde-cli rights lift` zurück."
        ),
        Lang::En => format!(
            "{done} What stayed is your objection to: {hosts}. It is in force; lift it first with `runde-cli rights lift`."
        ),
    }
}

pub fn erased_all(strangers: &[String], lang: Lang) -> String {
    let done = pick(
        lang,
        "Alles, was Runde in diesem Profil gespeichert hat, ist gelöscht.",
        "Everything that Runde stored in this profile is erased.",
    );
    if strangers.is_empty() {
        return done.to_owned();
    }
    let left = pick(
        lang,
        "Nicht von Runde oder als Beweis gesichert und deshalb noch da:",
        "Not from Runde, or held as evidence, and therefore still there:",
    );
    format!("{done} {left} {}", strangers.join(", "))
}

pub fn objected(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "Ihr Widerspruch ist auf diesem Gerät festgehalten. Runde nimmt keine Verbindung zu {host} mehr auf. Den Brief an den Betreiber schreibt `runde-cli rights letter 21 --to {host}`."
        ),
        Lang::En => format!(
            "Your objection is recorded on this device. Runde no longer connects to {host}. `runde-cli rights letter 21 --to {host}` writes the letter to the operator."
        ),
    }
}

pub fn objected_before(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!("Gegen den Betreiber von {host} gilt schon ein Widerspruch."),
        Lang::En => format!("An objection to the operator of {host} is in force already."),
    }
}

pub fn lifted(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!("Der Widerspruch gegen den Betreiber von {host} ist zurückgenommen."),
        Lang::En => format!("The objection to the operator of {host} is lifted."),
    }
}

pub fn nothing_to_lift(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!("Gegen den Betreiber von {host} gilt kein Widerspruch."),
        Lang::En => format!("No objection to the operator of {host} is in force."),
    }
}

/// When to look for an answer, and what to do without one.
pub fn reminder(article: Article, on: Day, lang: Lang) -> String {
    let written = on.written(lang);
    match (article, lang) {
        (Article::Complaint, Lang::De | Lang::DeSimple) => {
            format!(
                "Merken Sie sich den {written} ({on}) vor. Ohne Nachricht bis dahin steht Ihnen der Rechtsweg offen."
            )
        }
        (Article::Complaint, Lang::En) => {
            format!("Make a note of {written} ({on}). Without word by then the courts are open to you.")
        }
        (_, Lang::De | Lang::DeSimple) => format!(
            "Merken Sie sich den {written} ({on}) vor. Ist bis dahin keine Antwort da, schreibt `runde-cli rights letter 77` die Beschwerde."
        ),
        (_, Lang::En) => format!(
            "Make a note of {written} ({on}). Without an answer by then, `runde-cli rights letter 77` writes the complaint."
        ),
    }
}

/// One line about a voluntary function.
pub fn consent(purpose: Purpose, granted: bool, may_ask: bool, lang: Lang) -> String {
    let state = match (granted, may_ask) {
        (true, _) => pick(lang, "an", "on"),
        (false, true) => pick(lang, "aus", "off"),
        (false, false) => pick(
            lang,
            "aus; nach einer Absage wird 90 Tage lang nicht gefragt",
            "off; after a refusal nobody is asked for 90 days",
        ),
    };
    format!("{} ({}): {state}", purpose.id(), purpose.wording(lang).title)
}

pub fn decided(purpose: Purpose, granted: bool, lang: Lang) -> String {
    let done = match granted {
        true => pick(lang, "Sie haben eingewilligt:", "You have consented to:"),
        false => pick(
            lang,
            "Nicht mehr erlaubt, und was dafür gespeichert war, ist gelöscht:",
            "No longer allowed, and what was stored for it is erased:",
        ),
    };
    format!("{done} {}", purpose.wording(lang).title)
}

pub fn edited(field: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!("Berichtigt: {field}."),
        Lang::En => format!("Corrected: {field}."),
    }
}

/// Told when an objection ends a stay.
pub fn left_after_objection(host: &str, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => {
            format!(
                "Sie haben der Verarbeitung durch den Betreiber von {host} widersprochen. Runde hat den Raum verlassen."
            )
        }
        Lang::En => format!("You have objected to the operator of {host}. Runde has left the room."),
    }
}
