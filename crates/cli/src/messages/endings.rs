//! How a meeting ended, or why it never began: what happened, why, what to do.

use runde_client::wire::WireError;
use runde_client::{LeftReason, Refusal};
use runde_privacy::Lang;

/// German beside English.
type Pair = (String, String);

pub fn sentence(reason: &LeftReason, lang: Lang) -> String {
    let (de, en) = match reason {
        LeftReason::Asked => same("Raum verlassen.", "Left the room."),
        LeftReason::Unreachable(error) => unreachable(error),
        LeftReason::Refused(refusal) => refused(refusal),
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
    if lang == Lang::De { de } else { en }
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
        WireError::Broken => same(
            "Die Verbindung brach beim Aufbau ab. Prüfen Sie Ihr Netz und versuchen Sie es erneut.",
            "The connection broke while it was being made. Check your network and try again.",
        ),
    }
}

fn refused(refusal: &Refusal) -> Pair {
    match refusal {
        Refusal::PasswordNeeded => same(
            "Der Raum verlangt ein Passwort, und das kann diese Fassung noch nicht. Öffnen Sie den Link in einem Browser oder bitten Sie um einen Raum ohne Passwort.",
            "The room asks for a password, which this version cannot give yet. Open the link in a browser or ask for a room without one.",
        ),
        Refusal::Lobby { .. } => same(
            "Der Raum hat einen Vorraum, und das kann diese Fassung noch nicht. Bitten Sie die Moderation, ihn abzuschalten, oder öffnen Sie den Link in einem Browser.",
            "The room has a lobby, which this version cannot wait in yet. Ask a moderator to switch it off, or open the link in a browser.",
        ),
        Refusal::Full => {
            same("Der Raum ist voll. Versuchen Sie es später noch einmal.", "The room is full. Try again later.")
        }
        Refusal::AuthenticationNeeded | Refusal::NoAnonymousLogin => same(
            "Der Server verlangt eine Anmeldung, und das kann diese Fassung noch nicht. Öffnen Sie den Link in einem Browser.",
            "The server wants a login, which this version cannot give yet. Open the link in a browser.",
        ),
        Refusal::WaitingForHost => same(
            "Der Raum ist noch nicht offen; die Person, die ihn leitet, ist noch nicht da. Versuchen Sie es in einigen Minuten noch einmal.",
            "The room is not open yet; its host has not come. Try again in a few minutes.",
        ),
        Refusal::NameNeeded => same(
            "Der Raum verlangt einen Namen. Geben Sie mit --name einen an, ein erfundener genügt.",
            "The room wants a name. Give one with --name; an invented one will do.",
        ),
        Refusal::NickTaken => same(
            "Im Raum waren alle versuchten Kennungen vergeben. Versuchen Sie es noch einmal.",
            "Every id that was tried is taken in the room. Try again.",
        ),
        Refusal::NotAllowed => same(
            "Der Server lässt Sie nicht ein; Sie stehen nicht auf seiner Liste. Fragen Sie die Person, die Sie eingeladen hat.",
            "The server does not let you in; you are not on its list. Ask the person who invited you.",
        ),
        Refusal::RequestRefused(detail) | Refusal::Refused(detail) => (
            format!(
                "Der Server lässt Sie nicht ein (er sagt: {detail}). Fragen Sie die Person, die Sie eingeladen hat."
            ),
            format!("The server does not let you in (it says: {detail}). Ask the person who invited you."),
        ),
        Refusal::Silent(_) => same(
            "Der Server hat die Verbindung angenommen und schweigt dann; er ist überlastet oder nicht fertig eingerichtet. Versuchen Sie es gleich noch einmal.",
            "The server took the connection and then says nothing; it is overloaded or not fully set up. Try again in a moment.",
        ),
        Refusal::Closed(_) => same(
            "Der Server hat die Verbindung beim Eintritt geschlossen. Versuchen Sie es gleich noch einmal.",
            "The server closed the connection on the way in. Try again in a moment.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            WireError::Broken,
        ];
        let refused = [
            Refusal::PasswordNeeded,
            Refusal::Lobby { room: None },
            Refusal::Full,
            Refusal::AuthenticationNeeded,
            Refusal::WaitingForHost,
            Refusal::NameNeeded,
            Refusal::NickTaken,
            Refusal::NotAllowed,
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
