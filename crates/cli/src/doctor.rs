//! `doctor`: what this computer has for Runde, what is missing, how to get it.
//!
//! Ports are tried only if the notice about hosting was noted: before that no internet socket is opened. Devices are looked at only
//! once any notice was noted; looking opens no stream and captures nothing.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};

use runde_client::devices::{self, Device, DeviceList};
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

/// German beside English.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Words(String, String);

impl Words {
    fn same(text: &str) -> Self {
        Self(text.to_owned(), text.to_owned())
    }

    fn of(de: &str, en: &str) -> Self {
        Self(de.to_owned(), en.to_owned())
    }

    fn in_language(&self, lang: Lang) -> &str {
        match lang {
            Lang::De | Lang::DeSimple => &self.0,
            Lang::En => &self.1,
        }
    }
}

/// One thing that was looked at.
struct Finding {
    item: &'static str,
    good: bool,
    value: Words,
    /// What to do; empty when nothing is to be done.
    advice: Words,
    /// Devices with their ids, for `device:ID`.
    devices: Vec<Device>,
}

impl Finding {
    fn good(item: &'static str, value: Words) -> Self {
        Self { item, good: true, value, advice: Words::same(""), devices: Vec::new() }
    }

    fn bad(item: &'static str, value: Words, advice: Words) -> Self {
        Self { item, good: false, value, advice, devices: Vec::new() }
    }
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
    let gate = seen.ok().flatten().map(|seen| Gate::replay(&seen.acknowledgements)).unwrap_or_default();
    findings.push(port(gate.host().is_ok()));
    let found = gate.local_devices().is_ok().then(devices::list);
    findings.extend(local(found.as_ref()));
    Ok(findings)
}

fn profile(places: &Places) -> Finding {
    Finding::good("profile", Words::same(&places.data.display().to_string()))
}

fn keyring(places: &Places) -> Finding {
    if !places.keyring {
        return Finding::good("keyring", Words::of("nicht benutzt (RUNDE_HOME)", "not used (RUNDE_HOME)"));
    }
    if keyring_answers() {
        return Finding::good("keyring", Words::of("antwortet", "answers"));
    }
    let advice = Words::of(
        "Ohne Schlüsselbund schützen nur Dateirechte den Schlüssel der Protokolle. Unter Linux hilft zum Beispiel das Paket gnome-keyring und eine Anmeldung mit Sitzungsbus.",
        "Without a keyring only file rights protect the key of the ledgers. On Linux the package gnome-keyring and a login with a session bus help, for example.",
    );
    Finding::bad("keyring", Words::of("antwortet nicht", "does not answer"), advice)
}

fn ledgers(seen: Option<&Inspection>, unreadable: bool) -> Finding {
    let Some(seen) = seen else {
        let advice = Words::of(
            "Entsperren Sie den Schlüsselbund und prüfen Sie die Rechte des Ordners.",
            "Unlock the keyring and check the rights of the folder.",
        );
        return if unreadable {
            Finding::bad("ledgers", Words::of("jetzt nicht lesbar", "cannot be read now"), advice)
        } else {
            Finding::good("ledgers", Words::of("nichts festgehalten", "nothing recorded"))
        };
    };
    let (guard_de, guard_en) = match seen.protection {
        Protection::Keyring => ("durch den Schlüsselbund geschützt", "protected by the keyring"),
        Protection::FileRights => ("nur durch Dateirechte geschützt", "protected by file rights only"),
    };
    let word = protection(seen.protection);
    let value = |de: &str, en: &str| Words(format!("{de}, {guard_de} ({word})"), format!("{en}, {guard_en} ({word})"));
    if seen.acknowledgements_verdict.is_sound() && seen.consents_verdict.is_sound() {
        return Finding::good("ledgers", value("unversehrt", "sound"));
    }
    let advice = Words::of("`runde-cli ledger verify` sagt mehr.", "`runde-cli ledger verify` tells more.");
    Finding::bad("ledgers", value("nicht unversehrt", "not sound"), advice)
}

fn port(may_host: bool) -> Finding {
    if !may_host {
        let value = Words(
            format!("{PORT} nicht versucht, bevor der Hinweis zum Öffnen von Räumen zur Kenntnis genommen ist"),
            format!("{PORT} not tried before the notice about hosting is noted"),
        );
        let advice =
            Words::of("`runde-cli notice embedded-room` zeigt ihn.", "`runde-cli notice embedded-room` shows it.");
        return Finding { advice, ..Finding::good("port", value) };
    }
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, PORT));
    if TcpListener::bind(addr).is_ok() && UdpSocket::bind(addr).is_ok() {
        return Finding::good("port", Words(format!("{PORT} frei"), format!("{PORT} free")));
    }
    let advice = Words::of("Wählen Sie mit --listen einen anderen Port.", "Choose another port with --listen.");
    Finding::bad("port", Words(format!("{PORT} belegt"), format!("{PORT} in use")), advice)
}

/// Microphones, speakers and cameras; `None`: nobody may look yet.
fn local(found: Option<&DeviceList>) -> Vec<Finding> {
    let Some(found) = found else {
        let value = Words::of(
            "nicht angesehen, bevor ein Hinweis zur Kenntnis genommen ist",
            "not looked at before a notice is noted",
        );
        let advice =
            Words::of("`runde-cli notice meet.jit.si` zeigt einen.", "`runde-cli notice meet.jit.si` shows one.");
        return vec![Finding { advice, ..Finding::good("devices", value) }];
    };
    let sound = Words::of(
        "Schließen Sie ein Gerät an. Fehlen alle, läuft das Tonsystem nicht: starten Sie PipeWire oder PulseAudio.",
        "Connect a device. If all are missing, the sound system is not running: start PipeWire or PulseAudio.",
    );
    let camera = Words::of(
        "Schließen Sie eine Kamera an. Unter Linux muss der Benutzer in der Gruppe video sein.",
        "Connect a camera. On Linux the user has to be in the group video.",
    );
    vec![
        kind("microphones", &found.microphones, sound.clone()),
        kind("speakers", &found.speakers, sound),
        kind("cameras", &found.cameras, camera),
    ]
}

fn kind(item: &'static str, devices: &[Device], advice: Words) -> Finding {
    if devices.is_empty() {
        return Finding::bad(item, Words::of("keine", "none"), advice);
    }
    Finding { devices: devices.to_vec(), ..Finding::good(item, Words::same(&devices.len().to_string())) }
}

impl Finding {
    fn show(&self, json: bool, lang: Lang) {
        let (value, advice) = (self.value.in_language(lang), self.advice.in_language(lang));
        if json {
            let devices: Vec<_> = self
                .devices
                .iter()
                .map(|device| json!({"id": device.id, "name": device.name, "default": device.is_default}))
                .collect();
            output::event(&json!({
                "event": "finding", "item": self.item, "good": self.good, "value": value, "advice": advice,
                "devices": devices,
            }));
            return;
        }
        let mark = if self.good { "ok " } else { "-- " };
        let advice = if advice.is_empty() { String::new() } else { format!(". {advice}") };
        output::print(&format!("{mark} {}: {value}{advice}", self.name(lang)));
        for device in &self.devices {
            let star = if device.is_default { "*" } else { " " };
            output::print(&format!("     {star} {} (device:{})", device.name, device.id));
        }
    }

    /// For people; programs read `item`.
    fn name(&self, lang: Lang) -> &'static str {
        match (self.item, lang) {
            ("profile", Lang::De) => "Profil",
            ("keyring", Lang::De) => "Schlüsselbund",
            ("ledgers", Lang::De) => "Verzeichnisse",
            ("port", Lang::De) => "Port",
            ("devices", Lang::De) => "Geräte",
            ("microphones", Lang::De) => "Mikrofone",
            ("speakers", Lang::De) => "Lautsprecher",
            ("cameras", Lang::De) => "Kameras",
            (item, _) => item,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_looks_at_devices_before_a_notice_was_noted() {
        let findings = local(None);
        assert_eq!((findings.len(), findings[0].item), (1, "devices"));
        assert!(findings[0].value.in_language(Lang::De).starts_with("nicht angesehen"));
    }

    #[test]
    fn each_kind_of_device_is_listed_with_the_id_that_a_call_takes_and_a_missing_one_comes_with_advice() {
        let device = Device { id: "usb".into(), name: "USB Audio".into(), is_default: true };
        let found = DeviceList { microphones: vec![device], ..DeviceList::default() };
        let findings = local(Some(&found));
        let items: Vec<_> = findings.iter().map(|finding| (finding.item, finding.good)).collect();
        assert_eq!(items, [("microphones", true), ("speakers", false), ("cameras", false)]);
        assert_eq!(findings[0].devices[0].id, "usb");
        for lang in Lang::ALL {
            assert!(findings[1..].iter().all(|finding| !finding.advice.in_language(lang).is_empty()));
        }
    }

    #[test]
    fn a_german_reads_german_values() {
        for finding in local(Some(&DeviceList::default())) {
            assert_eq!(finding.value.in_language(Lang::De), "keine");
            assert_ne!(finding.name(Lang::De), finding.item);
        }
    }
}
