//! Sentences of `pack`.

use runde_privacy::Lang;
use runde_privacy::pack::Stricter;

/// What a kind of house asks for beyond what is allowed to everybody.
pub const fn stricter(what: Stricter, lang: Lang) -> &'static str {
    match (what, lang.is_german()) {
        (Stricter::Retention, true) => {
            "Das Zugriffsprotokoll ist länger, als hier sein soll (Schule und Amt: 7 Tage; Betriebsrat: keines). Ändern Sie retention_days."
        }
        (Stricter::Retention, false) => {
            "The access log is kept longer than it should be here (school and office: 7 days; works council: none). Change retention_days."
        }
        (Stricter::Officer, true) => "Eine datenschutzbeauftragte Person ist nicht genannt. Ergänzen Sie officer.",
        (Stricter::Officer, false) => "No data protection officer is named. Add officer.",
        (Stricter::Basis, true) => "Die Rechtsgrundlage fehlt. Ergänzen Sie basis.",
        (Stricter::Basis, false) => "The legal basis is missing. Add basis.",
        (Stricter::Authority, true) => "Die Aufsichtsbehörde fehlt. Ergänzen Sie authority.",
        (Stricter::Authority, false) => "The supervisory authority is missing. Add authority.",
        (Stricter::Contact, true) => "Telefon oder E-Mail fehlt. Ergänzen Sie contact.",
        (Stricter::Contact, false) => "Telephone or e-mail is missing. Add contact.",
        (Stricter::Certificate, true) => {
            "Öffentlich erreichbare Räume eines Amtes brauchen ein Zertifikat, für das eine Stelle bürgt (--tls ZERT,SCHLÜSSEL)."
        }
        (Stricter::Certificate, false) => {
            "Publicly reachable rooms of an office need a certificate that an authority vouches for (--tls CERT,KEY)."
        }
    }
}
