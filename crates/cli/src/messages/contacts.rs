//! The contact ledger in lines for a person.

use runde_client::{Carrier, Contacted, Ignored, IgnoredKind, Purpose, Seen};
use runde_privacy::Lang;

/// One line for each host, then what servers asked for in vain.
pub fn lines(seen: &Seen, lang: Lang) -> Vec<String> {
    let pick = |de: &'static str, en: &'static str| if lang.is_german() { de } else { en };
    let mut lines: Vec<String> = seen.contacts.iter().map(|entry| contacted(entry, lang)).collect();
    if seen.beyond.times > 0 || seen.beyond.received > 0 {
        let (out, back) = (seen.beyond.sent, seen.beyond.received);
        lines.push(match lang {
            Lang::De | Lang::DeSimple => format!("und weitere: {out} Bytes gesendet, {back} empfangen"),
            Lang::En => format!("and more: {out} bytes sent, {back} received"),
        });
    }
    if lines.is_empty() {
        lines.push(pick("Bisher wurde niemand kontaktiert.", "Nobody has been contacted yet.").to_owned());
    }
    lines.extend(seen.ignored.iter().map(|wish| ignored(wish, lang)));
    lines
}

fn contacted(entry: &Contacted, lang: Lang) -> String {
    let why = purpose(entry.purpose, lang);
    let address = entry.address.map(|address| format!(" {address}/{}", entry.carrier.word())).unwrap_or_default();
    let (host, first, last) = (&entry.host, entry.first, entry.last);
    let under = format!("{} {}", entry.ground.notice_id(), entry.ground.sha256());
    match (lang, entry.carrier) {
        (Lang::De | Lang::DeSimple, Carrier::System) => format!("{host}: {why}, {first} bis {last}, nach {under}"),
        (Lang::En, Carrier::System) => format!("{host}: {why}, {first} to {last}, under {under}"),
        (Lang::De | Lang::DeSimple, _) => format!(
            "{host}{address}: {why}, {first} bis {last}, {} Bytes gesendet, {} empfangen, nach {under}",
            entry.sent, entry.received
        ),
        (Lang::En, _) => format!(
            "{host}{address}: {why}, {first} to {last}, {} bytes sent, {} received, under {under}",
            entry.sent, entry.received
        ),
    }
}

const fn purpose(purpose: Purpose, lang: Lang) -> &'static str {
    let (de, en) = match purpose {
        Purpose::Notice => ("Datenschutzhinweis des Servers", "the server's own notice"),
        Purpose::Configuration => ("Einstellungen des Servers", "the server's configuration"),
        Purpose::Signalling => ("Gespräch mit dem Raum", "conversation with the room"),
        Purpose::ConferenceRequest => ("Anfrage nach der Konferenz", "request for the conference"),
        Purpose::BridgeChannel => ("Steuerkanal des Videoservers", "the video server's channel"),
        Purpose::Media => ("Ton und Bild", "sound and picture"),
        Purpose::Direct => ("andere teilnehmende Person, direkte Verbindung", "another participant, direct connection"),
        Purpose::Relay => ("Zwischenstation für Ton und Bild", "relay for sound and picture"),
        Purpose::Proxy => ("Proxy dieses Rechners", "this computer's proxy"),
        Purpose::NameResolution => ("Namensauflösung durch das System", "name looked up by the system"),
    };
    match lang {
        Lang::De | Lang::DeSimple => de,
        Lang::En => en,
    }
}

fn ignored(wish: &Ignored, lang: Lang) -> String {
    let (de, en) = match wish.kind {
        IgnoredKind::Avatars => ("fremde Profilbilder", "avatars from elsewhere"),
        IgnoredKind::Analytics => ("Nutzungsanalyse", "analytics"),
        IgnoredKind::Statistics => ("Statistik an andere", "statistics for others"),
        IgnoredKind::Relay => ("nicht benutzter STUN- oder TURN-Server", "a STUN or TURN server that is not used"),
        IgnoredKind::PeerToPeer => {
            ("direkte Verbindungen unter Teilnehmenden", "direct connections among participants")
        }
        IgnoredKind::Pages => ("Seiten und Bilder von anderswo", "pages and pictures from elsewhere"),
        IgnoredKind::Gifs => ("Bildersammlung", "a collection of moving pictures"),
        IgnoredKind::Integration => ("Dienste anderer", "services of others"),
        IgnoredKind::Address => ("unzulässige Adresse", "an address that may not be used"),
    };
    let host = wish.host.as_ref().map(|host| format!(" ({host})")).unwrap_or_default();
    match lang {
        Lang::De | Lang::DeSimple => format!("ignoriert: {de}, {}{host}", wish.key),
        Lang::En => format!("ignored: {en}, {}{host}", wish.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_ledger_says_so_in_both_languages_and_a_wish_names_its_host() {
        let mut seen = Seen::default();
        assert_eq!(lines(&seen, Lang::De), ["Bisher wurde niemand kontaktiert."]);
        let host = Some("stun.elsewhere.example".to_owned());
        seen.ignored.push(Ignored { kind: IgnoredKind::Relay, key: "stun".to_owned(), host });
        let said = lines(&seen, Lang::En).join("\n");
        assert!(said.contains("Nobody") && said.contains("stun (stun.elsewhere.example)"), "{said}");
    }
}
