//! Why a room or its server did not let somebody in: a word for programs, a sentence for people. What happened, why, what to
//! do.

use runde_client::Refusal;
use runde_privacy::Lang;

/// The word that stands in the JSON line `left` as `refusal`.
pub const fn refusal_word(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::PasswordNeeded => "password-needed",
        Refusal::PasswordWrong => "password-wrong",
        Refusal::MembersOnly => "members-only",
        Refusal::LobbyRefused => "lobby-refused",
        Refusal::LobbyClosed => "lobby-closed",
        Refusal::Full => "full",
        Refusal::Banned => "banned",
        Refusal::NotAllowed => "not-allowed",
        Refusal::NameNeeded => "name-needed",
        Refusal::NickTaken => "nick-taken",
        Refusal::AuthenticationNeeded | Refusal::NoAnonymousLogin => "login-needed",
        Refusal::LoginRefused => "login-refused",
        Refusal::TokenRefused => "token-refused",
        Refusal::ServerUnproven => "server-unproven",
        Refusal::NoPasswordLogin => "no-password-login",
        Refusal::VisitorsOnly { .. } => "visitors-only",
        Refusal::NotReserved(_) => "not-reserved",
        Refusal::NoFocus => "no-focus",
        Refusal::RequestRefused(_) => "request-refused",
        Refusal::Refused(_) => "refused",
        Refusal::Silent(_) => "silent",
        Refusal::Closed(_) => "closed",
    }
}

pub fn refusal(why: &Refusal, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => german(why),
        Lang::En => english(why),
    }
}

fn german(why: &Refusal) -> String {
    let sentence = match why {
        Refusal::PasswordNeeded => {
            "Der Raum hat ein Passwort. Rufen Sie join mit --password-stdin auf und geben Sie es ein."
        }
        Refusal::PasswordWrong => "Das Passwort des Raums stimmt nicht. Fragen Sie die Person, die Sie eingeladen hat.",
        Refusal::MembersOnly => {
            "Der Raum ist nur für Mitglieder und hat keinen Warteraum. Bitten Sie die Moderation um Zutritt."
        }
        Refusal::LobbyRefused => {
            "Die Moderation hat Sie im Warteraum abgewiesen. Fragen Sie die Person, die Sie eingeladen hat."
        }
        Refusal::LobbyClosed => "Der Warteraum wurde geschlossen, während Sie warteten. Treten Sie neu bei.",
        Refusal::Full => "Der Raum ist voll. Versuchen Sie es später erneut.",
        Refusal::Banned => "Sie sind von diesem Raum ausgeschlossen. Nur die Moderation kann das aufheben.",
        Refusal::NotAllowed => {
            "Der Server erlaubt Ihnen diesen Raum nicht. Fragen Sie die Person, die Sie eingeladen hat."
        }
        Refusal::NameNeeded => "Der Raum verlangt einen Namen. Geben Sie mit --name einen an.",
        Refusal::NickTaken => "Jeder versuchte Platz im Raum war besetzt. Versuchen Sie es erneut.",
        Refusal::AuthenticationNeeded | Refusal::NoAnonymousLogin => {
            "Der Server verlangt eine Anmeldung. Melden Sie sich mit --user an oder holen Sie sich einen Link mit Anmeldung."
        }
        Refusal::LoginRefused => "Der Server kennt diesen Benutzernamen mit diesem Passwort nicht. Prüfen Sie beides.",
        Refusal::TokenRefused => {
            "Der Server nimmt die Anmeldung im Link nicht an; vielleicht ist sie abgelaufen. Holen Sie sich einen neuen Link."
        }
        Refusal::ServerUnproven => {
            "Der Server konnte nicht beweisen, dass er Ihr Passwort kennt, und wurde verlassen. Fragen Sie seinen Betreiber."
        }
        Refusal::NoPasswordLogin => "Der Server bietet keine Anmeldung mit Passwort. Treten Sie ohne --user bei.",
        Refusal::VisitorsOnly { .. } => {
            "Der Raum nimmt nur noch Zuschauer auf, und das kann Runde nicht. Bitten Sie die Moderation um einen Platz."
        }
        Refusal::NotReserved(_) => {
            "Der Raum ist für jetzt nicht reserviert. Fragen Sie die Person, die Sie eingeladen hat."
        }
        Refusal::NoFocus => {
            "Der Konferenzdienst des Servers antwortet nicht. Versuchen Sie es später oder fragen Sie den Betreiber."
        }
        Refusal::RequestRefused(why) => {
            return format!("Der Konferenzdienst hat abgelehnt ({why}). Fragen Sie den Betreiber des Servers.");
        }
        Refusal::Refused(why) => {
            return format!("Der Raum lässt Sie nicht ein ({why}). Fragen Sie die Person, die Sie eingeladen hat.");
        }
        Refusal::Silent(step) => {
            return format!("Der Server antwortet nicht mehr (Schritt: {step}). Versuchen Sie es erneut.");
        }
        Refusal::Closed(step) => {
            return format!("Der Server hat die Verbindung beendet (Schritt: {step}). Versuchen Sie es erneut.");
        }
    };
    sentence.to_owned()
}

fn english(why: &Refusal) -> String {
    let sentence = match why {
        Refusal::PasswordNeeded => "The room has a password. Call join with --password-stdin and type it.",
        Refusal::PasswordWrong => "That is not the room's password. Ask the person who invited you.",
        Refusal::MembersOnly => "The room is for members only and has no lobby. Ask its moderators to admit you.",
        Refusal::LobbyRefused => "A moderator turned you away in the lobby. Ask the person who invited you.",
        Refusal::LobbyClosed => "The lobby was closed while you waited. Join again.",
        Refusal::Full => "The room is full. Try again later.",
        Refusal::Banned => "You are banned from this room. Only its moderators can undo that.",
        Refusal::NotAllowed => "The server does not allow you this room. Ask the person who invited you.",
        Refusal::NameNeeded => "The room wants a name. Give one with --name.",
        Refusal::NickTaken => "Every place that was tried in the room was taken. Try again.",
        Refusal::AuthenticationNeeded | Refusal::NoAnonymousLogin => {
            "The server wants a login. Log in with --user, or get a link with a login in it."
        }
        Refusal::LoginRefused => "The server does not know this user name with this password. Check both.",
        Refusal::TokenRefused => {
            "The server does not accept the login in the link; it may have run out. Get a new link."
        }
        Refusal::ServerUnproven => {
            "The server could not prove that it knows your password and was left. Ask its operator."
        }
        Refusal::NoPasswordLogin => "The server offers no login with a password. Join without --user.",
        Refusal::VisitorsOnly { .. } => {
            "The room takes spectators only, which Runde cannot be. Ask its moderators for a place."
        }
        Refusal::NotReserved(_) => "The room is not reserved for now. Ask the person who invited you.",
        Refusal::NoFocus => "The server's conference service does not answer. Try again later or ask its operator.",
        Refusal::RequestRefused(why) => {
            return format!("The conference service refused ({why}). Ask the server's operator.");
        }
        Refusal::Refused(why) => {
            return format!("The room does not let you in ({why}). Ask the person who invited you.");
        }
        Refusal::Silent(step) => return format!("The server stopped answering while {step}. Try again."),
        Refusal::Closed(step) => return format!("The server ended the connection while {step}. Try again."),
    };
    sentence.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all() -> Vec<Refusal> {
        let text = || "text".to_owned();
        vec![
            Refusal::PasswordNeeded,
            Refusal::PasswordWrong,
            Refusal::MembersOnly,
            Refusal::LobbyRefused,
            Refusal::LobbyClosed,
            Refusal::Full,
            Refusal::Banned,
            Refusal::NotAllowed,
            Refusal::NameNeeded,
            Refusal::NickTaken,
            Refusal::AuthenticationNeeded,
            Refusal::LoginRefused,
            Refusal::TokenRefused,
            Refusal::ServerUnproven,
            Refusal::NoPasswordLogin,
            Refusal::VisitorsOnly { node: text() },
            Refusal::NotReserved(text()),
            Refusal::NoFocus,
            Refusal::RequestRefused(text()),
            Refusal::Refused(text()),
        ]
    }

    #[test]
    fn every_refusal_has_a_word_and_a_sentence_of_its_own_in_both_languages() {
        let all = all();
        let words: BTreeSet<_> = all.iter().map(refusal_word).collect();
        assert_eq!(words.len(), all.len());
        for lang in [Lang::De, Lang::En] {
            let sentences: BTreeSet<_> = all.iter().map(|why| refusal(why, lang)).collect();
            assert_eq!(sentences.len(), all.len());
            assert!(sentences.iter().all(|sentence| sentence.ends_with('.') && sentence.contains(". ")));
        }
    }
}
