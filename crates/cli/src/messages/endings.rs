//! How a meeting ended, or why it never began: what happened, why, what to do.

use runde_client::LeftReason;
use runde_client::wire::WireError;
use runde_privacy::Lang;

use super::refusals;

/// German beside English.
type Pair = (String, String);

pub fn sentence(reason: &LeftReason, lang: Lang) -> String {
    let (de, en) = match reason {
        LeftReason::Asked => same("Raum verlassen.", "Left the room."),
        LeftReason::Unreachable(error) => unreachable(error),
        LeftReason::Refused(why) => return refusals::refusal(why, lang),
        LeftReason::Kicked => same(
            "Die Moderation hat Sie aus dem Raum entfernt. Fragen Sie dort nach, bevor Sie erneut beitreten.",
            "A moderator removed you from the room. Ask there before you join again.",
        ),
        LeftReason::RoomEnded => same(
            "Der Raum wurde geschlossen, von der Person, die ihn geöffnet hat. Bitten Sie um einen neuen Link.",
            "The room was closed by the person who opened it. Ask for a new link.",
        ),
        LeftReason::Lost => same(
            "Die Verbindung ist abgerissen und ließ sich nicht wiederherstellen. Prüfen Sie Ihr Netz und treten Sie neu bei.",
            "The connection broke and could not be repaired. Check your network and join again.",
        ),
    };
    if lang.is_german() { de } else { en }
}

fn same(de: &str, en: &str) -> Pair {
    (de.to_owned(), en.to_owned())
}

fn unreachable(error: &WireError) -> Pair {
    match error {
        WireError::UnknownName | WireError::BadAddress => same(
            "Den Server gibt es unter diesem Namen nicht, oder dieses Gerät hat kein Netz. Prüfen Sie den Link und die Verbindung.",
            "There is no server of this name, or this device has no network. Check the link and your connection.",
        ),
        WireError::Refused => same(
            "Der Server weist die Verbindung ab; unter dieser Adresse läuft gerade kein Raum. Fragen Sie die Person, die Sie eingeladen hat, ob er offen ist.",
            "The server refuses the connection; no room is running at this address. Ask the person who invited you whether it is open.",
        ),
        WireError::Timeout => same(
            "Der Server antwortet nicht; er ist aus, oder eine Firewall hält die Verbindung auf. Versuchen Sie es gleich noch einmal oder aus einem anderen Netz.",
            "The server does not answer; it is off, or a firewall stops the connection. Try again in a moment or from another network.",
        ),
        WireError::Unreachable(detail) => (
            format!(
                "Das Netz führt nicht zum Server (das System sagt: {detail}). Prüfen Sie Ihre Verbindung und versuchen Sie es erneut."
            ),
            format!(
                "The network does not lead to the server (the system says: {detail}). Check your connection and try again."
            ),
        ),
        WireError::PlainRefused => same(
            "Der Link ist ungeschützt (http) und führt auf einen anderen Rechner; jeder unterwegs könnte mithören. Bitten Sie um einen Link mit https.",
            "The link is unprotected (http) and leads to another computer; everybody on the way could listen. Ask for a link with https.",
        ),
        WireError::WrongFingerprint => same(
            "Der Server weist sich mit einem anderen Zertifikat aus, als der Link nennt; jemand könnte sich dazwischen befinden. Treten Sie nicht bei und lassen Sie sich den Link auf einem anderen Weg neu geben.",
            "The server shows another certificate than the link names; somebody may be in between. Do not join, and have the link given to you again by another way.",
        ),
        WireError::UntrustedCertificate => same(
            "Für das Zertifikat des Servers bürgt niemand, und der Link nennt keines. Treten Sie nicht bei und bitten Sie um den vollständigen Link (er endet mit #fp=…).",
            "Nobody vouches for the server's certificate, and the link names none. Do not join, and ask for the whole link (it ends with #fp=…).",
        ),
        WireError::Tls(detail) => (
            format!(
                "Die verschlüsselte Verbindung kam nicht zustande ({detail}). Fragen Sie die Person, die den Server betreibt."
            ),
            format!("The encrypted connection failed ({detail}). Ask the person who runs the server."),
        ),
        WireError::NotJitsi(_) | WireError::NoWebSocket => same(
            "Unter dieser Adresse antwortet kein Jitsi-Server, den Runde versteht. Prüfen Sie den Link oder öffnen Sie ihn in einem Browser.",
            "What answers at this address is no Jitsi server that Runde understands. Check the link or open it in a browser.",
        ),
        WireError::TooNear => same(
            "Der Server nennt für seine Dienste eine Adresse, die nur sein eigenes Netz nennen darf; dorthin verbindet Runde nicht. Fragen Sie die Person, die den Server betreibt.",
            "The server names an address for its services that only its own network may name; Runde does not connect there. Ask the person who runs the server.",
        ),
        WireError::NoRelay => same(
            "Der Server bietet keine Zwischenstation (TURN) an; ohne sie erführe sein Videoserver die Adresse dieses Rechners. Treten Sie ohne --relay-only bei oder fragen Sie die Person, die den Server betreibt.",
            "The server offers no relay (TURN); without one its video server would learn the address of this computer. Join without --relay-only, or ask the person who runs the server.",
        ),
        WireError::ProxyRefused(status) => (
            format!(
                "Der Proxy aus der Umgebung (HTTPS_PROXY) lässt die Verbindung nicht zu (Status {status}). Prüfen Sie seine Adresse und Anmeldung, oder nehmen Sie den Server mit NO_PROXY aus."
            ),
            format!(
                "The proxy of the environment (HTTPS_PROXY) does not allow the connection (status {status}). Check its address and login, or except the server with NO_PROXY."
            ),
        ),
        WireError::Broken => same(
            "Die Verbindung brach beim Aufbau ab. Prüfen Sie Ihr Netz und versuchen Sie es erneut.",
            "The connection broke while it was being made. Check your network and try again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_client::Refusal;

    #[test]
    fn a_wrong_fingerprint_is_told_as_a_danger_and_never_with_another_try() {
        let reason = LeftReason::Unreachable(WireError::WrongFingerprint);
        let (de, en) = (sentence(&reason, Lang::De), sentence(&reason, Lang::En));
        assert!(de.contains("Treten Sie nicht bei") && !de.contains("erneut"), "{de}");
        assert!(en.contains("Do not join") && !en.contains("ry again"), "{en}");
    }

    #[test]
    fn each_ending_has_a_sentence_of_its_own_in_both_languages() {
        let unreachable = [
            WireError::UnknownName,
            WireError::Refused,
            WireError::Timeout,
            WireError::Unreachable("E42".into()),
            WireError::PlainRefused,
            WireError::WrongFingerprint,
            WireError::UntrustedCertificate,
            WireError::Tls("E42".into()),
            WireError::NotJitsi(404),
            WireError::TooNear,
            WireError::NoRelay,
            WireError::ProxyRefused(407),
            WireError::Broken,
        ];
        let refused = [
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
            Refusal::NoFocus,
            Refusal::Refused("E42".into()),
        ];
        let reasons = unreachable.map(LeftReason::Unreachable).into_iter().chain(refused.map(LeftReason::Refused));
        let rest = [LeftReason::Asked, LeftReason::Kicked, LeftReason::RoomEnded, LeftReason::Lost];
        let reasons: Vec<_> = reasons.chain(rest).collect();
        for lang in [Lang::De, Lang::En] {
            let said: std::collections::BTreeSet<String> =
                reasons.iter().map(|reason| sentence(reason, lang)).collect();
            assert_eq!(said.len(), reasons.len(), "{said:?}");
        }
    }
}
