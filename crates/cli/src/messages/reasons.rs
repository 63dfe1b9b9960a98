//! Reasons that stand inside a German sentence. The English ones are the errors' own words.

use runde_client::{LinkError, SpawnError};
use runde_privacy::ledger::{Damage, Refused};
use runde_profile::{Trouble, TroubleKind};

pub fn link(why: &LinkError) -> &'static str {
    match why {
        LinkError::NoRoom => "er nennt keinen Raum",
        LinkError::TooLong => "der Link oder der Raumname ist zu lang",
        LinkError::Characters => "er enthält Zeichen, die in keinen Link gehören",
        LinkError::Scheme => "diese Art von Link ist nicht bekannt",
        LinkError::Host => "der Server darin ist nicht zu erkennen",
        LinkError::Unprotected => "ungeschützt (http) geht es nur zu diesem Rechner selbst",
        LinkError::Fingerprint => "die Prüfsumme darin ist beschädigt",
    }
}

pub fn call(why: &lexopt::Error) -> String {
    match why {
        lexopt::Error::MissingValue { option: Some(option) } => format!("{option} braucht einen Wert"),
        lexopt::Error::MissingValue { option: None } => "ein Wert fehlt".to_owned(),
        lexopt::Error::UnexpectedOption(option) => format!("{option} gibt es hier nicht"),
        lexopt::Error::UnexpectedArgument(word) => format!("{} ist zu viel", word.display()),
        lexopt::Error::UnexpectedValue { option, value } => {
            format!("{option} nimmt keinen Wert, auch nicht {}", value.display())
        }
        lexopt::Error::NonUnicodeValue(word) => format!("{} ist kein lesbarer Text", word.display()),
        lexopt::Error::ParsingFailed { value, .. } => format!("{value} ist nicht verständlich"),
        lexopt::Error::Custom(error) => error.to_string(),
    }
}

/// What an option expects. The English words are written where the option is read; one that is not listed here is a form that reads
/// the same in both languages.
pub fn expected(english: &'static str) -> &'static str {
    match english {
        "a time such as 20s, 500ms or 2m" => "eine Zeit wie 20s, 500ms oder 2m",
        "on or off" => "on oder off",
        "a number of lines" => "eine Zahl von Zeilen",
        "list, verify or export" => "list, verify oder export",
        "ADDRESS:PORT, such as 127.0.0.1:8443" => "ADRESSE:PORT, zum Beispiel 127.0.0.1:8443",
        "self-signed, off or CERT,KEY" => "self-signed, off oder ZERTIFIKAT,SCHLÜSSEL",
        "a value that the field can hold" => "ein Wert, den das Feld haben kann",
        "a field of docs/cli.md" => "ein Feld aus docs/cli.md",
        "recent-rooms, display-name or peer-to-peer" => "recent-rooms, display-name oder peer-to-peer",
        other => other,
    }
}

pub fn spawn(why: &SpawnError) -> &'static str {
    match why {
        SpawnError::OtherHost => "die Kenntnisnahme gilt für einen anderen Server",
        SpawnError::Link(_) => "die Adresse im Link ist nicht benutzbar",
        SpawnError::NoRuntime => "das Programm ist nicht bereit",
        SpawnError::NoRandomness => "das System liefert keine Zufallszahlen",
    }
}

pub fn damage(damage: Damage) -> String {
    let why = match damage.why {
        Refused::TooLong => "sie ist zu lang",
        Refused::NotALine => "sie ist nicht wie eine Zeile des Verzeichnisses geschrieben",
        Refused::WrongNumber => "ihre Nummer folgt nicht auf die vorige",
        Refused::WrongChain => "sie setzt die vorige nicht fort",
        Refused::WrongCode => "sie ist nicht mit dem Schlüssel dieses Profils gesichert",
        Refused::WrongContent => "ihr Inhalt passt nicht zu seiner Prüfsumme",
        Refused::UnknownRecord => "ihr Inhalt ist kein Eintrag dieser Art",
    };
    format!("Zeile {}: {why}", damage.line)
}

/// What was found damaged when the profile was opened, and what was done about it.
pub fn trouble(trouble: &Trouble) -> String {
    let what = match trouble.kind {
        TroubleKind::Damaged => {
            "wurde verändert oder beschädigt und gilt nicht mehr; die Hinweise werden noch einmal gezeigt"
        }
        TroubleKind::Cut => {
            "fehlen Zeilen, die festgehalten waren; das Verzeichnis gilt nicht mehr, und die Hinweise werden noch einmal gezeigt"
        }
        TroubleKind::Unfinished => "endete mit einer unfertigen Zeile, die entfernt wurde; alle fertigen sind da",
        TroubleKind::Settings => "ließ sich nicht lesen; es gelten wieder die Voreinstellungen",
        TroubleKind::Notice => {
            "ist nicht der Hinweis, der zur Kenntnis genommen wurde; er wird gezeigt, sobald er wieder gebraucht wird"
        }
        TroubleKind::Operator => {
            "ließ sich nicht lesen; Ihre Angaben als verantwortliche Stelle müssen neu gemacht werden"
        }
        TroubleKind::Key => {
            "ließ sich nicht lesen; es gibt einen neuen Schlüssel, und die Hinweise werden noch einmal gezeigt"
        }
    };
    let file = trouble.file.display();
    let said = if trouble.kind == TroubleKind::Cut { format!("In {file} {what}.") } else { format!("{file} {what}.") };
    match &trouble.kept_as {
        Some(kept) => format!("{said} Die alte Datei ist als {} aufgehoben.", kept.display()),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_profile_is_told_in_german_with_the_place_of_the_old_file() {
        for kind in
            [TroubleKind::Damaged, TroubleKind::Cut, TroubleKind::Unfinished, TroubleKind::Settings, TroubleKind::Key]
        {
            let found = Trouble { file: "/p/a.ledger".into(), kept_as: Some("/p/a.damaged-1".into()), kind };
            let said = trouble(&found);
            assert!(said.contains("/p/a.ledger") && said.contains("/p/a.damaged-1"), "{said}");
            assert!(!said.contains(" the "), "{said}");
        }
    }

    #[test]
    fn every_expectation_of_an_option_has_german_words() {
        let sources = [
            include_str!("../arguments.rs"),
            include_str!("../join.rs"),
            include_str!("../ledger.rs"),
            include_str!("../serve.rs"),
        ];
        let mut found = 0;
        for english in ["a time such as 20s, 500ms or 2m", "on or off", "a number of lines", "list, verify or export"] {
            assert!(
                sources.iter().any(|source| source.contains(&format!("\"{english}\""))),
                "{english} is said nowhere"
            );
            assert_ne!(expected(english), english);
            found += 1;
        }
        assert_eq!(found, 4);
    }
}
