//! What the access log and its holds have to say, German beside English.

use runde_privacy::Lang;
use runde_privacy::access_log::hold::{HoldError, Incident, State};
use runde_server::{HoldFailure, Kept, Listing, LogTrouble, Seal};

/// Something about the access log of a running server.
pub fn trouble(trouble: &LogTrouble, lang: Lang) -> String {
    if lang == Lang::En {
        return trouble.to_string();
    }
    match trouble {
        LogTrouble::Unwritable { path, reason } => format!(
            "Das Zugriffsprotokoll lässt sich nicht schreiben ({}: {reason}). Die Räume laufen weiter; diese Zeilen gehen verloren, bis es wieder geht.",
            path.display()
        ),
        LogTrouble::Overrun => {
            "Verbindungen endeten schneller, als der Datenträger schreiben kann. Einige Zeilen des Zugriffsprotokolls sind verloren.".to_owned()
        }
        LogTrouble::Stuck { path, reason } => format!(
            "Überfälliges im Zugriffsprotokoll ließ sich nicht löschen ({}: {reason}). Löschen Sie es von Hand.",
            path.display()
        ),
        LogTrouble::Odd(names) => {
            format!("Das gehört nicht zum Zugriffsprotokoll und blieb unberührt: {}.", names.join(", "))
        }
        LogTrouble::NotYet(name) => format!(
            "Nach der Uhr dieses Rechners liegt {name} in der Zukunft. Die Datei bleibt; prüfen Sie die Uhr."
        ),
        LogTrouble::ReviewDue(incident) => format!(
            "Die Sicherung {incident} ist zu prüfen: Wird sie noch gebraucht? `runde-cli hold review {incident}` oder `runde-cli hold release {incident}`."
        ),
    }
}

pub const fn trouble_word(trouble: &LogTrouble) -> &'static str {
    match trouble {
        LogTrouble::Unwritable { .. } => "unwritable",
        LogTrouble::Overrun => "overrun",
        LogTrouble::Stuck { .. } => "stuck",
        LogTrouble::Odd(_) => "odd-names",
        LogTrouble::NotYet(_) => "future",
        LogTrouble::ReviewDue(_) => "review-due",
    }
}

/// On standard error: the lines themselves may be on standard output.
pub fn exported(lines: u64, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "{lines} Zeilen. Was Sie ausgeben, löscht Runde nicht mehr: Bewahren Sie es nicht länger auf, als Ihr Hinweis sagt."
        ),
        Lang::En => {
            format!("{lines} lines. Runde does not delete what you export: keep it no longer than your notice says.")
        }
    }
}

pub fn started(incident: &Incident, kept: &Kept, lang: Lang) -> String {
    let (lines, file) = (kept.lines, kept.file.display());
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "Sicherung {incident}: {lines} Zeilen in {file}. In vier Wochen ist zu prüfen, ob sie noch gebraucht wird."
        ),
        Lang::En => format!(
            "Hold {incident}: {lines} lines in {file}. In four weeks it has to be reviewed whether it is still needed."
        ),
    }
}

pub fn reviewed(incident: &Incident, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => {
            format!("Sicherung {incident}: geprüft, wird noch gebraucht. Nächste Prüfung in vier Wochen.")
        }
        Lang::En => format!("Hold {incident}: reviewed, still needed. Next review in four weeks."),
    }
}

pub fn released(incident: &Incident, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!("Sicherung {incident}: aufgehoben, die Zeilen sind gelöscht."),
        Lang::En => format!("Hold {incident}: released, its lines are deleted."),
    }
}

pub const fn none(lang: Lang) -> &'static str {
    match lang {
        Lang::De | Lang::DeSimple => "Es gibt keine Sicherungen.",
        Lang::En => "There are no holds.",
    }
}

/// One hold of the list.
pub fn listing(listing: &Listing, needs_review: bool, lang: Lang) -> String {
    let (incident, started) = (&listing.entry.incident, listing.entry.started);
    let state = match (&listing.entry.state, lang) {
        (State::Held { lines, .. }, Lang::De | Lang::DeSimple) => format!("{lines} Zeilen"),
        (State::Held { lines, .. }, Lang::En) => format!("{lines} lines"),
        (State::Released { released }, Lang::De | Lang::DeSimple) => format!("aufgehoben {released}"),
        (State::Released { released }, Lang::En) => format!("released {released}"),
    };
    let due = listing.entry.review_due().map(|due| match (needs_review, lang) {
        (true, Lang::De | Lang::DeSimple) => format!(", Prüfung fällig seit {due}"),
        (true, Lang::En) => format!(", review due since {due}"),
        (false, Lang::De | Lang::DeSimple) => format!(", nächste Prüfung {due}"),
        (false, Lang::En) => format!(", next review {due}"),
    });
    let seal = match (listing.seal, lang) {
        (Seal::Sound, Lang::De | Lang::DeSimple) => ", Siegel unversehrt",
        (Seal::Sound, Lang::En) => ", seal sound",
        (Seal::Changed, Lang::De | Lang::DeSimple) => ", Siegel verletzt: Die Datei ist nicht, was gesichert wurde",
        (Seal::Changed, Lang::En) => ", seal broken: the file is not what was held",
        (Seal::Missing, Lang::De | Lang::DeSimple) => ", die Datei fehlt",
        (Seal::Missing, Lang::En) => ", its file is missing",
        (Seal::Deleted, _) => "",
    };
    format!("{incident} {started}: {state}{}{seal}", due.unwrap_or_default())
}

pub fn stray(incident: &Incident, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => format!(
            "{incident}: steht nicht im Verzeichnis der Sicherungen. `runde-cli hold release {incident}` löscht die Datei."
        ),
        Lang::En => {
            format!("{incident}: not in the register of holds. `runde-cli hold release {incident}` deletes the file.")
        }
    }
}

pub fn failure(why: &HoldFailure, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => german(why),
        Lang::En => english(why),
    }
}

fn german(why: &HoldFailure) -> String {
    match why {
        HoldFailure::Rule(why) => german_rule(why),
        HoldFailure::NoLog(folder) => format!(
            "In {} gibt es kein Zugriffsprotokoll. Nennen Sie mit --access-log den Ordner, den `serve` benutzt.",
            folder.display()
        ),
        HoldFailure::NothingMatches => {
            "Keine Zeile passt; gesichert wurde nichts. Prüfen Sie --ip, --from und --until (Zeiten in UTC).".to_owned()
        }
        HoldFailure::TooMany => {
            "Mehr als 200000 Zeilen passen; gesichert wurde nichts. Grenzen Sie mit --ip, --from oder --until ein."
                .to_owned()
        }
        HoldFailure::Register(path) => format!(
            "{} ist kein lesbares Verzeichnis der Sicherungen oder stammt von einer neueren Version. Geändert wurde nichts.",
            path.display()
        ),
        HoldFailure::File { path, source } => format!(
            "{} lässt sich nicht benutzen ({source}). Prüfen Sie Platz, Eigentümer und Rechte des Ordners.",
            path.display()
        ),
    }
}

fn german_rule(why: &HoldError) -> String {
    match why {
        HoldError::Incident(id) => format!(
            "{id:?} ist keine Kennung: 1 bis 40 Zeichen aus a-z, A-Z, 0-9, Punkt, Strich und Unterstrich, vorn ein Buchstabe oder eine Ziffer."
        ),
        HoldError::Words(name) => format!("--{name} muss 1 bis 200 Zeichen in einer Zeile haben."),
        HoldError::Network(text) => format!("{text:?} ist keine Adresse und kein Bereich wie 192.0.2.0/24."),
        HoldError::Time(text) => format!("{text:?} ist keine Zeit wie 2026-11-23 oder 2026-11-23T09:00:00Z."),
        HoldError::NoRule => {
            "Ohne --ip, --from oder --until würde alles gesichert. Sagen Sie, welche Zeilen es sein sollen.".to_owned()
        }
        HoldError::Backwards => "--until liegt vor --from. Vertauschen Sie die Zeiten.".to_owned(),
        HoldError::Known(id) => {
            format!("Eine Sicherung {id} gibt es schon oder gab es. Wählen Sie eine andere Kennung, etwa {id}-2.")
        }
        HoldError::Unknown(id) => format!("Eine Sicherung {id} gibt es nicht. `runde-cli hold list` zeigt alle."),
    }
}

fn english(why: &HoldFailure) -> String {
    match why {
        HoldFailure::Rule(HoldError::Incident(id)) => {
            format!("{id:?} is no id: 1 to 40 of a-z, A-Z, 0-9, dot, dash and underscore, a letter or digit first.")
        }
        HoldFailure::Rule(HoldError::Words(name)) => format!("--{name} must have 1 to 200 characters on one line."),
        HoldFailure::Rule(HoldError::Network(text)) => {
            format!("{text:?} is no address and no range such as 192.0.2.0/24.")
        }
        HoldFailure::Rule(HoldError::Time(text)) => {
            format!("{text:?} is no time such as 2026-11-23 or 2026-11-23T09:00:00Z.")
        }
        HoldFailure::Rule(HoldError::NoRule) => {
            "Without --ip, --from or --until everything would be held. Say which lines it should be.".to_owned()
        }
        HoldFailure::Rule(HoldError::Backwards) => "--until lies before --from. Exchange the times.".to_owned(),
        HoldFailure::Rule(HoldError::Known(id)) => {
            format!("There is a hold {id} already, or there was one. Choose another id, such as {id}-2.")
        }
        HoldFailure::Rule(HoldError::Unknown(id)) => format!("There is no hold {id}. `runde-cli hold list` shows all."),
        HoldFailure::NoLog(folder) => format!(
            "There is no access log in {}. Name the folder that `serve` uses with --access-log.",
            folder.display()
        ),
        HoldFailure::NothingMatches => {
            "No line matches; nothing is held. Check --ip, --from and --until (times in UTC).".to_owned()
        }
        HoldFailure::TooMany => {
            "More than 200000 lines match; nothing is held. Narrow it down with --ip, --from or --until.".to_owned()
        }
        HoldFailure::Register(path) => format!(
            "{} is no readable register of holds, or comes from a later version. Nothing was changed.",
            path.display()
        ),
        HoldFailure::File { path, source } => {
            format!("{} cannot be used ({source}). Check the folder's space, owner and rights.", path.display())
        }
    }
}
