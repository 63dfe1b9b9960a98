//! `doctor`: what this computer has for Runde, what is missing, how to get it.
//!
//! Ports are tried only if the notice about hosting was noted: before that no internet socket is opened.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use runde_privacy::{Gate, Lang};
use runde_profile::{Inspection, Places, Protection, inspect, keyring_answers};
use serde_json::json;

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::ledger::protection;
use crate::messages::system_language;
use crate::output;

/// The port rooms are opened on unless told otherwise.
const PORT: u16 = 8443;

/// One thing that was looked at.
struct Finding {
    item: &'static str,
    good: bool,
    value: String,
    /// What to do, German and English; empty when nothing is to be done.
    advice: (&'static str, &'static str),
}

pub fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    let mut json = false;
    while let Some(next) = arguments.next()? {
        match next {
            Next::Option(option) if option == "--json" => json = true,
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    let lang = system_language();
    for finding in findings()? {
        finding.show(json, lang);
    }
    Ok(Exit::Done)
}

fn findings() -> Result<Vec<Finding>, Failure> {
    let places = Places::of_user()?;
    let seen = inspect(&places);
    let mut findings = vec![profile(&places), keyring(&places)];
    findings.push(ledgers(seen.as_ref().map_or(None, Option::as_ref), seen.is_err()));
    let may_host = seen.ok().flatten().is_some_and(|seen| Gate::replay(&seen.acknowledgements).host().is_ok());
    findings.push(port(may_host));
    Ok(findings)
}

fn profile(places: &Places) -> Finding {
    Finding { item: "profile", good: true, value: places.data.display().to_string(), advice: ("", "") }
}

fn keyring(places: &Places) -> Finding {
    if !places.keyring {
        return Finding { item: "keyring", good: true, value: "not used (RUNDE_HOME)".to_owned(), advice: ("", "") };
    }
    let good = keyring_answers();
    let value = if good { "answers" } else { "does not answer" }.to_owned();
    let advice = (
        "Ohne Schlüsselbund schützen nur Dateirechte den Schlüssel der Protokolle. Unter Linux hilft zum Beispiel das Paket gnome-keyring und eine Anmeldung mit Sitzungsbus.",
        "Without a keyring only file rights protect the key of the ledgers. On Linux the package gnome-keyring and a login with a session bus help, for example.",
    );
    Finding { item: "keyring", good, value, advice: if good { ("", "") } else { advice } }
}

fn ledgers(seen: Option<&Inspection>, unreadable: bool) -> Finding {
    let Some(seen) = seen else {
        let value = if unreadable { "cannot be read now" } else { "nothing recorded" };
        let advice = (
            "Entsperren Sie den Schlüsselbund und prüfen Sie die Rechte des Ordners.",
            "Unlock the keyring and check the rights of the folder.",
        );
        let advice = if unreadable { advice } else { ("", "") };
        return Finding { item: "ledgers", good: !unreadable, value: value.to_owned(), advice };
    };
    let good = seen.acknowledgements_verdict.is_sound() && seen.consents_verdict.is_sound();
    let guard = match seen.protection {
        Protection::Keyring => "protected by the keyring",
        Protection::FileRights => "protected by file rights only",
    };
    let state = if good { "sound" } else { "not sound" };
    let advice = ("`runde-cli ledger verify` sagt mehr.", "`runde-cli ledger verify` tells more.");
    Finding {
        item: "ledgers",
        good,
        value: format!("{state}, {guard} ({})", protection(seen.protection)),
        advice: if good { ("", "") } else { advice },
    }
}

fn port(may_host: bool) -> Finding {
    if !may_host {
        let value = format!("{PORT} not tried before the notice about hosting is noted");
        let advice = ("`runde-cli notice embedded-room` zeigt ihn.", "`runde-cli notice embedded-room` shows it.");
        return Finding { item: "port", good: true, value, advice };
    }
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    let good = TcpListener::bind(addr).is_ok() && UdpSocket::bind(addr).is_ok();
    let value = format!("{PORT} {}", if good { "free" } else { "in use" });
    let advice = ("Wählen Sie mit --listen einen anderen Port.", "Choose another port with --listen.");
    Finding { item: "port", good, value, advice: if good { ("", "") } else { advice } }
}

impl Finding {
    fn show(&self, json: bool, lang: Lang) {
        let advice = match lang {
            Lang::De | Lang::DeSimple => self.advice.0,
            Lang::En => self.advice.1,
        };
        if json {
            output::event(&json!({
                "event": "finding", "item": self.item, "good": self.good, "value": self.value, "advice": advice,
            }));
            return;
        }
        let mark = if self.good { "ok " } else { "-- " };
        output::print(&format!("{mark} {}: {} {advice}", self.item, self.value));
    }
}
