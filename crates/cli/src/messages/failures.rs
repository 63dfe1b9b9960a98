//! Failures as sentences: what happened, why, what to do. The English ones of our own crates are theirs.

use runde_print::PrintError;
use runde_privacy::{Lang, LangError, Notice, NoticeKind};
use runde_profile::{ImportError, ProfileError};
use runde_server::ServeError;

use super::{holds, notices, reasons};
use crate::exit::Failure;

pub fn failure(failure: &Failure, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => german(failure),
        Lang::En => english(failure),
    }
}

fn german(failure: &Failure) -> String {
    match failure {
        Failure::Arguments(why) => {
            format!("Der Aufruf ist nicht verständlich ({}). `runde-cli help` zeigt, was geht.", reasons::call(why))
        }
        Failure::UnknownCommand(word) => {
            format!("Den Befehl {word:?} gibt es nicht. `runde-cli help` zeigt, was geht.")
        }
        Failure::Value { option, value, expected } => {
            format!("{option} kann nicht {value:?} sein. Erwartet wird: {}.", reasons::expected(expected))
        }
        Failure::Missing(what) => format!("Es fehlt: {what}. `runde-cli help` zeigt, was geht."),
        Failure::Language(LangError(tag)) => {
            format!("Die Sprache {tag:?} ist unbekannt. Benutzen Sie de, en oder de-simple.")
        }
        Failure::Link(why) => {
            format!(
                "Das ist kein Link zu einem Raum ({}). Er sieht aus wie https://meet.example.org/raum.",
                reasons::link(why)
            )
        }
        Failure::Host(why) => {
            format!("{:?} ist kein Name oder keine Adresse eines Servers. Prüfen Sie die Schreibweise.", why.0)
        }
        Failure::Profile(why) => german_profile(why),
        Failure::NotNoted { notice, place, wrong_hash } => german_notice(notice, place, *wrong_hash),
        Failure::Objected { host, since } => format!(
            "Sie haben der Verarbeitung durch den Betreiber von {host} widersprochen ({since}). Gesendet wurde nichts. Wollen Sie doch dorthin, nehmen Sie den Widerspruch mit `runde-cli rights lift {host}` zurück."
        ),
        Failure::Import(why) => german_import(why),
        Failure::File { path, source } => format!(
            "{} lässt sich nicht benutzen ({source}). Nennen Sie eine lesbare Datei, zum Schreiben eine, die es noch nicht gibt.",
            path.display()
        ),
        Failure::NoAddress { of, site } => german_address(of, *site),
        Failure::Print(PrintError::Glyph(letter)) => format!(
            "Die Schrift der PDF-Datei kennt den Buchstaben {letter:?} nicht. Lassen Sie --pdf weg und drucken Sie den Text mit einem anderen Programm."
        ),
        Failure::Print(PrintError::Pdf(why)) => {
            format!("Die PDF-Datei ließ sich nicht erzeugen ({why}). Lassen Sie --pdf weg und drucken Sie den Text.")
        }
        Failure::Serve(why) => german_serve(why),
        Failure::Retention(days) => {
            format!(
                "Ein Zugriffsprotokoll kann nicht {days:?} Tage aufbewahrt werden. Möglich sind 1 bis 56 (acht Wochen)."
            )
        }
        Failure::Hold(why) => holds::failure(why, Lang::De),
        Failure::Notice(why) => notices::failure(why, Lang::De),
        Failure::Spawn(why) => {
            format!("Das Gespräch konnte nicht beginnen ({}). Gesendet wurde nichts.", reasons::spawn(why))
        }
        Failure::Secret(why) => {
            format!("Das Passwort ließ sich nicht lesen ({why}). Geben Sie es über die Standardeingabe.")
        }
        Failure::Runtime(why) => format!(
            "Das Programm konnte nicht starten (das System sagt: {why}). Beenden Sie andere Programme und versuchen Sie es erneut."
        ),
    }
}

fn english(failure: &Failure) -> String {
    match failure {
        Failure::Arguments(why) => {
            format!("The call cannot be understood ({why}). `runde-cli help` shows what can be done.")
        }
        Failure::UnknownCommand(word) => {
            format!("There is no command {word:?}. `runde-cli help` shows what can be done.")
        }
        Failure::Value { option, value, expected } => format!("{option} cannot be {value:?}. Expected is {expected}."),
        Failure::Missing(what) => format!("{what} is missing. `runde-cli help` shows what can be done."),
        Failure::Link(why) => {
            format!("This is no link to a room ({why}). It looks like https://meet.example.org/room.")
        }
        Failure::Host(why) => format!("{:?} is not the name or address of a server. Check its spelling.", why.0),
        Failure::NotNoted { notice, place, wrong_hash } => english_notice(notice, place, *wrong_hash),
        Failure::Objected { host, since } => format!(
            "You objected to processing by the operator of {host} ({since}). Nothing was sent. If you want to go there after all, lift the objection with `runde-cli rights lift {host}`."
        ),
        Failure::File { path, source } => format!(
            "{} cannot be used ({source}). Name a readable file; for writing, one that does not exist yet.",
            path.display()
        ),
        Failure::NoAddress { of, site: Some(site) } => {
            format!(
                "The address of \"{of}\" is missing. Take it from {site} and give it with --address FILE, one part a line."
            )
        }
        Failure::NoAddress { of, site: None } => format!(
            "The notice for {of} states no postal address. If you know it, give it with --address FILE, one part a line."
        ),
        Failure::Print(PrintError::Glyph(letter)) => format!(
            "The font of the PDF lacks the letter {letter:?}. Leave --pdf out and print the text with another program."
        ),
        Failure::Print(PrintError::Pdf(why)) => {
            format!("The PDF could not be made ({why}). Leave --pdf out and print the text.")
        }
        Failure::Spawn(why) => format!("The meeting could not begin ({why}). Nothing was sent."),
        Failure::Secret(why) => format!("The password could not be read ({why}). Give it on standard input."),
        Failure::Runtime(why) => format!("The program could not start ({why}). Close other programs and try again."),
        Failure::Retention(days) => {
            format!("An access log cannot be kept for {days:?} days. Possible are 1 to 56 (eight weeks).")
        }
        Failure::Hold(why) => holds::failure(why, Lang::En),
        Failure::Notice(why) => notices::failure(why, Lang::En),
        Failure::Language(_) | Failure::Profile(_) | Failure::Serve(_) | Failure::Import(_) => failure.to_string(),
    }
}

fn german_notice(notice: &Notice, place: &str, wrong_hash: bool) -> String {
    let (id, place) = (notice.id(), how_to_read(notice, place));
    let why =
        if wrong_hash { "die genannte Prüfsumme gehört nicht zu seinem heutigen Text" } else { "das fehlt noch" };
    format!(
        "Der Datenschutzhinweis „{id}“ muss vorher zur Kenntnis genommen sein; {why}. Gesendet wurde nichts. \
         Lesen Sie ihn mit `runde-cli notice {place}` und geben Sie --notice-ack SHA256 mit der Prüfsumme seiner letzten Zeile an."
    )
}

/// The words after `runde-cli notice` that show this notice. What is not from a link offline has to be fetched.
fn how_to_read(notice: &Notice, place: &str) -> String {
    let argument = notices::as_argument(place);
    let fetched = matches!(notice.kind(), NoticeKind::Stated(_)) && !place.starts_with("--");
    if fetched { format!("{argument} --fetch") } else { argument }
}

fn english_notice(notice: &Notice, place: &str, wrong_hash: bool) -> String {
    let (id, place) = (notice.id(), how_to_read(notice, place));
    let why = if wrong_hash { "the given hash is not that of its present text" } else { "this has not happened yet" };
    format!(
        "The privacy notice \"{id}\" has to be noted first; {why}. Nothing was sent. \
         Read it with `runde-cli notice {place}` and give --notice-ack SHA256 with the hash from its last line."
    )
}

fn german_profile(why: &ProfileError) -> String {
    match why {
        ProfileError::InUse(path) => format!(
            "Ein anderes Runde benutzt dieses Profil ({}). Schließen Sie es oder wählen Sie mit RUNDE_HOME einen anderen Ordner.",
            path.display()
        ),
        ProfileError::DiskFull(path) => format!(
            "Der Datenträger ist voll, {} konnte nicht geschrieben werden. Was vorher festgehalten war, ist unversehrt. Schaffen Sie Platz und versuchen Sie es erneut.",
            path.display()
        ),
        ProfileError::File { path, source } => format!(
            "{} lässt sich nicht benutzen (das System sagt: {source}). Prüfen Sie Eigentümer und Rechte des Ordners.",
            path.display()
        ),
        ProfileError::NoHome => "Dieses System nennt keinen persönlichen Ordner. Setzen Sie RUNDE_HOME auf einen Ordner Ihrer Wahl.".to_owned(),
        ProfileError::KeyringSilent => "Der Schlüsselbund mit dem Schlüssel dieses Profils antwortet nicht. Entsperren Sie ihn und starten Sie neu; geändert wurde nichts.".to_owned(),
        ProfileError::NoRandomness => "Dieses System liefert keine Zufallszahlen, daher lässt sich kein Schlüssel erzeugen. Starten Sie es neu.".to_owned(),
        ProfileError::Policy { path, why } => format!(
            "Die Vorgaben dieses Rechners in {} ergeben keinen Sinn: {}. Gesendet wurde nichts. Fragen Sie, wer den Rechner verwaltet.",
            path.display(),
            super::policy::fault(why)
        ),
        ProfileError::Locked(what) => format!("{what} ist durch die Vorgaben dieses Rechners festgelegt. Fragen Sie, wer ihn verwaltet."),
        ProfileError::Record(why) => format!("Der Eintrag lässt sich nicht schreiben ({why}). Festgehalten wurde nichts."),
    }
}

fn german_import(why: &ImportError) -> String {
    match why {
        ImportError::NotEmpty => "Dieses Profil enthält schon Einträge. Löschen Sie sie zuerst (`runde-cli rights erase all`) oder wählen Sie mit RUNDE_HOME einen anderen Ordner.".to_owned(),
        ImportError::TooLarge => "Die Datei ist zu groß für ein ausgeführtes Profil. Geändert wurde nichts.".to_owned(),
        ImportError::Unreadable(why) => format!("Die Datei ist kein ausgeführtes Profil ({why}). Geändert wurde nichts."),
        ImportError::Schema(schema) => format!("Die Datei ist eine andere Art oder Fassung ({schema:?}). Geändert wurde nichts."),
        ImportError::Notice(_) | ImportError::Operator(_) => {
            "Ein Hinweis in der Datei ist nicht benutzbar. Geändert wurde nichts.".to_owned()
        }
        ImportError::Profile(why) => german_profile(why),
    }
}

fn german_address(of: &str, site: Option<&str>) -> String {
    match site {
        Some(site) => format!(
            "Es fehlt die Anschrift von „{of}“. Sie steht auf {site}; geben Sie sie mit --address DATEI an, je Zeile ein Teil."
        ),
        None => format!(
            "Der Hinweis für {of} nennt keine Postanschrift. Kennen Sie sie, geben Sie sie mit --address DATEI an, je Zeile ein Teil."
        ),
    }
}

fn german_serve(why: &ServeError) -> String {
    match why {
        ServeError::PortInUse(addr) => format!(
            "Den Port {} benutzt schon ein anderes Programm. Beenden Sie es oder wählen Sie mit --listen einen anderen.",
            addr.port()
        ),
        ServeError::Listen { addr, source } => format!(
            "Auf {addr} lässt sich nicht lauschen (das System sagt: {source}). Wählen Sie mit --listen eine Adresse dieses Rechners."
        ),
        ServeError::TlsNeeded(addr) => format!(
            "{addr} ist von außen erreichbar, ohne TLS könnten andere mitlesen. Lassen Sie TLS an oder lauschen Sie auf 127.0.0.1."
        ),
        ServeError::Certificate { path, reason } => format!(
            "{} taugt nicht als Zertifikat oder Schlüssel ({reason}). Es muss eine lesbare PEM-Datei sein.",
            path.display()
        ),
        ServeError::Identity(why) => format!("Es ließ sich kein Zertifikat erzeugen ({why}). Versuchen Sie es erneut."),
        ServeError::AccessLog { folder, source } => format!(
            "In {} lässt sich kein Zugriffsprotokoll führen ({source}). Wählen Sie einen anderen Ordner, oder öffnen Sie Räume ohne Protokoll.",
            folder.display()
        ),
        ServeError::WebRoot { folder, source } => format!(
            "{} lässt sich nicht als Webseite ausliefern ({source}). Nennen Sie den Ordner eines fertigen Jitsi-Webclients.",
            folder.display()
        ),
        ServeError::LongPassword => "Das Passwort ist länger als 256 Byte. Wählen Sie ein kürzeres.".to_owned(),
        ServeError::NoticeHidesLog | ServeError::LogNotNoted => {
            "Der Hinweis auf dieses Zugriffsprotokoll ist nicht zur Kenntnis genommen. Geöffnet wurde nichts."
                .to_owned()
        }
        ServeError::NoticeNotNoted => {
            "Der Hinweis, den Ihre Gäste sehen würden, ist von Ihnen nicht zur Kenntnis genommen. Geöffnet wurde nichts."
                .to_owned()
        }
        ServeError::PublicUrl(url) => format!(
            "{url:?} ist keine öffentliche Adresse. Sie sieht aus wie https://meet.example.org oder https://192.0.2.7:8443."
        ),
    }
}
