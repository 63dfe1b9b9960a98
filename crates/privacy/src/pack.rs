//! Papers for whoever answers for data protection where rooms are opened: record of processing, measures, pre-check for an
//! impact assessment, mapping to guidance, and the notice. They are made from the settings with which rooms are opened, say
//! what is not met, and leave a mark where only a person can know.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::lang::Lang;
use crate::letter::authority::Authority;
use crate::operator::{NO_OFFICER, Operator};
use crate::template;

/// One paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sheet {
    /// Art. 30 GDPR.
    Record,
    /// Art. 32 GDPR.
    Measures,
    /// Art. 35 GDPR.
    PreCheck,
    /// To the guidance of the DSK and requirements of the BSI.
    Mapping,
    /// What guests read.
    Notice,
}

/// How connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protection {
    /// A certificate made at each start, known by its fingerprint in the link.
    SelfSigned,
    /// A certificate of one's own.
    Certificate,
    /// None: this computer only.
    Plain,
}

/// The settings with which rooms are opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setup {
    pub operator: Operator,
    pub protection: Protection,
    /// Address that is listened on.
    pub listen: IpAddr,
    /// Whether guests reach it under another, public address.
    pub public: bool,
}

/// A kind of house, whose settings are only ever stricter than what Runde allows everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum House {
    School,
    PublicOffice,
    /// Rules agreed between employer and works council.
    WorksCouncil,
}

/// A setting that a house does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stricter {
    /// The access log is kept longer than the house allows, or at all.
    Retention,
    /// Nobody is named as data protection officer.
    Officer,
    /// No legal basis is stated.
    Basis,
    /// No supervisory authority is stated.
    Authority,
    /// Nothing but post is stated to reach the controller.
    Contact,
    /// Guests cannot tell the server by a certificate that others vouch for.
    Certificate,
}

impl Sheet {
    pub const ALL: [Self; 5] = [Self::Record, Self::Measures, Self::PreCheck, Self::Mapping, Self::Notice];

    /// As on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Measures => "measures",
            Self::PreCheck => "pre-check",
            Self::Mapping => "mapping",
            Self::Notice => "notice",
        }
    }

    /// Markdown; the notice as guests read it.
    #[must_use]
    pub fn text(self, setup: &Setup, lang: Lang) -> String {
        let template = match (self, lang.is_german()) {
            (Self::Record, true) => include_str!("../pack/record.de.md"),
            (Self::Record, false) => include_str!("../pack/record.en.md"),
            (Self::Measures, true) => include_str!("../pack/measures.de.md"),
            (Self::Measures, false) => include_str!("../pack/measures.en.md"),
            (Self::PreCheck, true) => include_str!("../pack/precheck.de.md"),
            (Self::PreCheck, false) => include_str!("../pack/precheck.en.md"),
            (Self::Mapping, true) => include_str!("../pack/mapping.de.md"),
            (Self::Mapping, false) => include_str!("../pack/mapping.en.md"),
            (Self::Notice, _) => return setup.operator.document().text(lang).to_owned(),
        };
        template::filled(template, |word| word == "log" && setup.operator.retention().is_some(), &setup.blanks(lang))
            + "\n"
    }
}

impl Setup {
    fn blanks(&self, lang: Lang) -> BTreeMap<&'static str, String> {
        let open = if lang.is_german() { "[eintragen]" } else { "[fill in]" };
        let or_open = |text: Option<String>| text.unwrap_or_else(|| open.to_owned());
        let authority = self.operator.authority.as_deref().and_then(Authority::find);
        let officer = self.operator.officer.clone().map(|officer| match (officer.as_str(), lang.is_german()) {
            (NO_OFFICER, true) => "nicht benannt".to_owned(),
            (NO_OFFICER, false) => "none designated".to_owned(),
            (_, _) => officer,
        });
        BTreeMap::from([
            ("name", self.operator.name.clone()),
            ("address", self.operator.address.join(", ")),
            ("contact", or_open(self.operator.contact.clone())),
            ("officer", or_open(officer)),
            ("basis", or_open(self.operator.basis.map(|basis| basis.words(lang).to_owned()))),
            ("authority", or_open(authority.map(|found| format!("{} ({})", found.name, found.site)))),
            ("days", self.operator.retention().map(|log| log.days().to_string()).unwrap_or_default()),
            ("tls", self.protection.words(lang).to_owned()),
            ("reach", self.reach(lang).to_owned()),
            ("logging", self.logging(lang)),
        ])
    }

    const fn reach(&self, lang: Lang) -> &'static str {
        match (self.listen.is_loopback(), self.public, lang.is_german()) {
            (true, _, true) => "nur von diesem Rechner aus erreichbar.",
            (true, _, false) => "can be reached from this computer only.",
            (false, false, true) => "im eigenen Netz erreichbar, unter der gewählten Adresse.",
            (false, false, false) => "can be reached in one's own network, at the chosen address.",
            (false, true, true) => "öffentlich erreichbar, unter der gewählten Adresse.",
            (false, true, false) => "can be reached publicly, at the chosen address.",
        }
    }

    fn logging(&self, lang: Lang) -> String {
        match (self.operator.retention().map(|log| log.days()), lang.is_german()) {
            (None, true) => "keine Konten, kein Zugriffsprotokoll.".to_owned(),
            (None, false) => "no accounts, no access log.".to_owned(),
            (Some(days), true) => format!("keine Konten; Zugriffsprotokoll aus fünf Feldern, {days} Tage."),
            (Some(days), false) => format!("no accounts; access log of five fields, {days} days."),
        }
    }
}

impl Protection {
    const fn words(self, lang: Lang) -> &'static str {
        match (self, lang.is_german()) {
            (Self::SelfSigned, true) => "TLS mit einem Zertifikat, dessen Fingerabdruck im Link steht;",
            (Self::SelfSigned, false) => "TLS with a certificate whose fingerprint is in the link;",
            (Self::Certificate, true) => "TLS mit dem Zertifikat des Verantwortlichen;",
            (Self::Certificate, false) => "TLS with the controller's certificate;",
            (Self::Plain, true) => "ohne TLS, daher nur auf diesem Rechner selbst;",
            (Self::Plain, false) => "without TLS and therefore on this computer only;",
        }
    }
}

impl House {
    pub const ALL: [Self; 3] = [Self::School, Self::PublicOffice, Self::WorksCouncil];

    /// As on the command line.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::School => "school",
            Self::PublicOffice => "public-office",
            Self::WorksCouncil => "works-council",
        }
    }

    /// Days an access log may be kept there: a week, as practised for traffic data; among employees none, since a log could be
    /// read as a record of attendance.
    #[must_use]
    pub const fn longest_log(self) -> u8 {
        match self {
            Self::School | Self::PublicOffice => 7,
            Self::WorksCouncil => 0,
        }
    }

    /// What would have to be changed. Nothing is ever allowed that is not allowed without a house.
    #[must_use]
    pub fn objections(self, setup: &Setup) -> Vec<Stricter> {
        let operator = &setup.operator;
        let named = operator.officer.as_deref().is_some_and(|officer| officer != NO_OFFICER);
        let public = self == Self::PublicOffice;
        let found = [
            (operator.retention().is_some_and(|log| log.days() > self.longest_log()), Stricter::Retention),
            // Public bodies have one in any case (Art. 37(1)(a) GDPR); schools are public bodies.
            (!named && self != Self::WorksCouncil, Stricter::Officer),
            (operator.basis.is_none(), Stricter::Basis),
            (operator.authority.is_none(), Stricter::Authority),
            (operator.contact.is_none(), Stricter::Contact),
            (public && setup.public && setup.protection != Protection::Certificate, Stricter::Certificate),
        ];
        found.into_iter().filter_map(|(is, what)| is.then_some(what)).collect()
    }
}

#[cfg(test)]
mod tests;
