//! Every sentence this program says to a person, German beside English.

use std::env;

use runde_client::{Change, DeviceKind, MeetingEvent, Waiting};
use runde_privacy::{HeadState, Lang, Verdict};

pub mod contacts;
mod devices;
mod endings;
mod extras;
mod failures;
pub mod holds;
mod moderation;
pub mod notices;
pub mod packs;
pub mod policy;
mod reasons;
mod refusals;
pub mod rights;

pub use devices::fault_word;
pub use failures::failure;
pub use moderation::misread;
pub use refusals::refusal_word;

/// Sentences without a blank to fill in.
#[derive(Debug, Clone, Copy)]
pub enum Message {
    Usage,
    Recorded,
    NothingRecorded,
    FileRightsOnly,
    AccountPassword,
    RoomPassword,
    RelayPassword,
}

/// The language of the system, as POSIX looks for it.
pub fn system_language() -> Lang {
    let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let locale = set("LC_ALL").or_else(|| set("LC_MESSAGES")).or_else(|| set("LANG"));
    Lang::from_locale(&locale.unwrap_or_default())
}

pub const fn message(message: Message, lang: Lang) -> &'static str {
    match (message, lang) {
        (Message::Usage, Lang::De | Lang::DeSimple) => USAGE_DE,
        (Message::Usage, Lang::En) => USAGE_EN,
        (Message::Recorded, Lang::De | Lang::DeSimple) => "Die Kenntnisnahme ist auf diesem Gerät festgehalten.",
        (Message::Recorded, Lang::En) => "That the notice was noted is recorded on this device.",
        (Message::NothingRecorded, Lang::De | Lang::DeSimple) => "Hier ist noch nichts festgehalten.",
        (Message::NothingRecorded, Lang::En) => "Nothing has been recorded here yet.",
        (Message::AccountPassword, Lang::De | Lang::DeSimple) => "Passwort des Kontos: ",
        (Message::AccountPassword, Lang::En) => "Password of the account: ",
        (Message::RoomPassword, Lang::De | Lang::DeSimple) => "Passwort des Raums: ",
        (Message::RoomPassword, Lang::En) => "Password of the room: ",
        (Message::RelayPassword, Lang::De | Lang::DeSimple) => "Passwort des TURN-Servers: ",
        (Message::RelayPassword, Lang::En) => "Password of the TURN server: ",
        (Message::FileRightsOnly, Lang::De | Lang::DeSimple) => {
            "Der Schlüssel ist nur durch Dateirechte geschützt; dass ein Ende abgeschnitten wurde, lässt sich nicht ausschließen."
        }
        (Message::FileRightsOnly, Lang::En) => {
            "The key is protected by file rights only; that a tail was cut off cannot be excluded."
        }
    }
}

/// What was found damaged when the profile was opened.
pub fn trouble(found: &runde_profile::Trouble, lang: Lang) -> String {
    match lang {
        Lang::De | Lang::DeSimple => reasons::trouble(found),
        Lang::En => found.to_string(),
    }
}

/// One sentence on one ledger.
pub fn verdict(name: &str, verdict: &Verdict, lang: Lang) -> String {
    let (lines, erased) = (verdict.lines, verdict.erased);
    let state = match (verdict.damage, verdict.head, lang) {
        (Some(damage), _, Lang::De | Lang::DeSimple) => {
            format!(
                "beschädigt ({}); Runde hebt die Datei beim nächsten Start auf und fragt neu",
                reasons::damage(damage)
            )
        }
        (Some(damage), _, Lang::En) => {
            format!("damaged ({damage}); Runde keeps the file and asks again at its next start")
        }
        (None, HeadState::Behind, Lang::De | Lang::DeSimple) => "gekürzt: festgehaltene Zeilen fehlen".to_owned(),
        (None, HeadState::Behind, Lang::En) => "cut: recorded lines are missing".to_owned(),
        (None, _, Lang::De | Lang::DeSimple) => "unversehrt".to_owned(),
        (None, _, Lang::En) => "sound".to_owned(),
    };
    let torn = match (verdict.torn, lang) {
        (false, _) => "",
        (true, Lang::De | Lang::DeSimple) => ", dahinter eine unfertige Zeile",
        (true, Lang::En) => ", then an unfinished line",
    };
    let clock = match (verdict.clock_back, lang) {
        (None, _) => String::new(),
        (Some(line), Lang::De | Lang::DeSimple) => format!(
            ". Zeile {line} trägt eine frühere Zeit als eine davor: Die Uhr dieses Rechners wurde zurückgestellt. Es zählt die Reihenfolge der Zeilen"
        ),
        (Some(line), Lang::En) => format!(
            ". Line {line} has an earlier time than one before it: this computer's clock was moved back. The order of the lines counts"
        ),
    };
    let ahead = match (verdict.dated_ahead, lang) {
        (None, _) => String::new(),
        (Some(line), Lang::De | Lang::DeSimple) => format!(
            ". Zeile {line} trägt eine Zeit, die noch nicht war: Die Uhr ging damals vor oder geht jetzt nach. Eine Einwilligung mit solcher Zeit gilt nicht"
        ),
        (Some(line), Lang::En) => format!(
            ". Line {line} has a time that has not come yet: the clock was fast then or is slow now. A consent with such a time does not count"
        ),
    };
    match lang {
        Lang::De | Lang::DeSimple => {
            format!("{name}: {state}, {lines} Zeilen, davon {erased} gelöscht{torn}{clock}{ahead}")
        }
        Lang::En => format!("{name}: {state}, {lines} lines, {erased} of them erased{torn}{clock}{ahead}"),
    }
}

pub const fn head_word(head: HeadState) -> &'static str {
    match head {
        HeadState::Equal => "equal",
        HeadState::Ahead(_) => "ahead",
        HeadState::Behind => "behind",
        HeadState::Unknown => "unknown",
    }
}

pub const fn device_word(device: DeviceKind) -> &'static str {
    match device {
        DeviceKind::Microphone => "microphone",
        DeviceKind::Speaker => "speaker",
        DeviceKind::Camera => "camera",
    }
}

/// A meeting's event for a person; figures and sources are for programs.
pub fn meeting(event: &MeetingEvent, lang: Lang) -> Option<String> {
    let german = lang.is_german();
    let pick = |de: &str, en: &str| if german { de.to_owned() } else { en.to_owned() };
    Some(match event {
        MeetingEvent::Joined { room, .. } => format!("{} {room}", pick("Im Raum", "In the room")),
        MeetingEvent::Waiting { why: Waiting::Lobby } => pick(
            "Sie sind im Warteraum. Die Moderation wurde verständigt; warten Sie, oder beenden Sie mit Strg-C.",
            "You are in the lobby. The moderators know; wait, or end with Ctrl-C.",
        ),
        MeetingEvent::Waiting { why: Waiting::Host } => pick(
            "Die Person, die den Raum öffnet, ist noch nicht da. Warten Sie, oder beenden Sie mit Strg-C.",
            "The person who opens the room is not there yet. Wait, or end with Ctrl-C.",
        ),
        MeetingEvent::LoginNeeded { url } => format!(
            "{} {url}",
            pick(
                "Wer ein Konto hat, bekommt einen Link mit Anmeldung im eigenen Browser hier:",
                "Whoever has an account gets a link with a login in their own browser here:",
            )
        ),
        MeetingEvent::Participant { change: Change::Added, name, .. } => format!("+ {name}"),
        MeetingEvent::Participant { change: Change::Removed, name, .. } => format!("- {name}"),
        MeetingEvent::Chat(line) => format!("{}: {}", line.name, line.text),
        MeetingEvent::MutedByModerator { kind, screen, by } => moderation::muted(*kind, *screen, by.as_deref(), lang),
        MeetingEvent::Extra(news) => return extras::sentence(news, lang),
        MeetingEvent::MustAsk(media) => extras::must_ask(*media, lang),
        MeetingEvent::Moving { room } => extras::moving(room.as_deref(), lang),
        MeetingEvent::Role { .. }
        | MeetingEvent::Reaction { .. }
        | MeetingEvent::Subject(_)
        | MeetingEvent::Rules(_)
        | MeetingEvent::Knock { .. }
        | MeetingEvent::Ignored { .. }
        | MeetingEvent::NotDone { .. } => return moderation::sentence(event, lang),
        MeetingEvent::Direct { on, .. } => direct(*on, german),
        MeetingEvent::NoBridge { .. } => pick(NO_BRIDGE_DE, NO_BRIDGE_EN),
        MeetingEvent::NoBridgeChannel => pick(NO_CHANNEL_DE, NO_CHANNEL_EN),
        MeetingEvent::Device { device, news } => devices::sentence(*device, news, lang),
        MeetingEvent::ShareFailed(fault) => format!(
            "{} ({fault}). {}",
            pick("Es wird nichts geteilt", "Nothing is shared"),
            pick("Prüfen Sie, was --share nennt.", "Check what --share names."),
        ),
        MeetingEvent::Unrecorded { source, detail } => unrecorded(source, detail, german),
        MeetingEvent::Reconnecting { attempt } => {
            format!("{} ({attempt})", pick("Verbindung wird wiederhergestellt", "Reconnecting"))
        }
        MeetingEvent::Left { reason } => endings::sentence(reason, lang),
        MeetingEvent::Participant { change: Change::Changed, .. }
        | MeetingEvent::Source { .. }
        | MeetingEvent::DominantSpeaker { .. }
        | MeetingEvent::MediaConnected
        | MeetingEvent::Stats(_) => return None,
    })
}

fn direct(on: bool, german: bool) -> String {
    let sentence = match (on, german) {
        (true, true) => "Direkt verbunden: Ton und Bild gehen ohne den Videoserver zur anderen Person.",
        (true, false) => "Connected directly: sound and picture go to the other person without the video server.",
        (false, true) => "Ton und Bild gehen wieder über den Videoserver.",
        (false, false) => "Sound and picture go through the video server again.",
    };
    sentence.to_owned()
}

fn unrecorded(source: &str, detail: &str, german: bool) -> String {
    if german {
        format!(
            "Das Bild {source} wird nicht aufgezeichnet (das System sagt: {detail}); das Gespräch geht weiter. Prüfen Sie den Ordner von --video-out und den freien Platz."
        )
    } else {
        format!(
            "The picture {source} is not being recorded (the system says: {detail}); the meeting goes on. Check the folder of --video-out and the free space."
        )
    }
}

const NO_BRIDGE_DE: &str = "Der Server hat zurzeit keinen Videoserver für den Raum: Niemand ist zu hören oder zu sehen. Der Raum wird bald neu betreten, bis es geht; Chat geht weiter.";
const NO_BRIDGE_EN: &str = "The server has no video server for the room at the moment: nobody is heard or seen. The room is entered anew soon, until it works; chat goes on.";
const NO_CHANNEL_DE: &str = "Der Videoserver bietet keinen Steuerkanal an, den Runde öffnen kann: Ton geht, Bilder der anderen kommen vielleicht nicht. Öffnen Sie den Link in einem Browser, wenn Sie die Bilder brauchen.";
const NO_CHANNEL_EN: &str = "The video server offers no control channel that Runde can open: sound works, pictures of the others may not come. Open the link in a browser if you need the pictures.";

const USAGE_DE: &str = "Aufruf:
  runde-cli serve [--listen ADRESSE:PORT] [--public-url URL] [--media ADRESSE:PORT] [--tls self-signed|off|ZERT,SCHLÜSSEL]
                  [--turn ADRESSE]… [--turn-user NAME]
                  [--password-stdin|--password-file DATEI] [--lobby on|off] [--slots ZAHL] [--web-root ORDNER]
                  [--data ORDNER] [--access-log on|off|ORDNER] [--retention TAGE] [--operator DATEI|profile]
                  [--notice-ack SHA256] [--json]
  runde-cli join LINK --name NAME --notice-ack SHA256 [--audio-in DATEI.wav|tone|none|device:ID]
                  [--audio-out DATEI.wav|none|device:ID] [--video-in DATEI.y4m|pattern|none|device:ID]
                  [--share DATEI.y4m|pattern]
                  [--video-out ORDNER|none] [--layers 1|2|3] [--processing on|off] [--chat TEXT] [--for 20s] [--json]
                  [--user KONTO] [--password-stdin] [--relay-only] [--p2p] [--orders] [--contacts DATEI]
  runde-cli notice HOST|LINK|embedded-room[:TAGE] [--fetch [--contacts DATEI]] [--changes] [--lang de|en|de-simple]
                  [--ack SHA256]
  runde-cli notice --operator DATEI|profile [--changes] [--lang de|en|de-simple] [--ack SHA256]
  runde-cli notice --noted [SHA256] [--json]
  runde-cli ledger [list|verify|export] [--format json|json-ld|kantara] [--lang de|en] [--json]
  runde-cli hold start --incident KENNUNG --reason TEXT --person NAME [--ip ADRESSE[/BITS]] [--from ZEIT]
                  [--until ZEIT] [--access-log ORDNER] [--json]
  runde-cli hold [list|review KENNUNG|release KENNUNG] [--access-log ORDNER] [--json]
  runde-cli log export [DATEI] [--format json-lines|csv] [--access-log ORDNER]
  runde-cli rights show [--lang de|en] [--json]
  runde-cli rights export DATEI | import DATEI | erase all|EINTRAG | object HOST | lift HOST
  runde-cli rights edit FELD WERT | consents | grant ZWECK | withdraw ZWECK
  runde-cli rights letter 7(3)|15|16|17|18|20|21|77 --to HOST [--lang de|en] [--from DATEI]
                  [--address DATEI] [--details DATEI] [--authority LAND] [--date TAG] [--pdf DATEI]
  runde-cli pack [--operator DATEI|profile] [--listen ADRESSE:PORT] [--public-url URL] [--tls …] [--part TEIL]
                  [--house school|public-office|works-council] [--out ORDNER [--pdf]] [--lang de|en]
  runde-cli policy [--explain] [--file DATEI] [--json]
  runde-cli doctor [--json]
Enden: 0 fertig, 1 Fehler auf diesem Gerät, 2 falsche Angaben, 3 Hinweis nicht zur Kenntnis genommen
(nichts gesendet), 4 nicht erreichbar oder abgewiesen, 5 Raum beendet";

const USAGE_EN: &str = "Usage:
  runde-cli serve [--listen ADDR:PORT] [--public-url URL] [--media ADDR:PORT] [--tls self-signed|off|CERT,KEY]
                  [--turn ADDRESS]… [--turn-user NAME]
                  [--password-stdin|--password-file FILE] [--lobby on|off] [--slots NUMBER] [--web-root DIR]
                  [--data DIR] [--access-log on|off|DIR] [--retention DAYS] [--operator FILE|profile]
                  [--notice-ack SHA256] [--json]
  runde-cli join LINK --name NAME --notice-ack SHA256 [--audio-in FILE.wav|tone|none|device:ID]
                  [--audio-out FILE.wav|none|device:ID] [--video-in FILE.y4m|pattern|none|device:ID]
                  [--share FILE.y4m|pattern]
                  [--video-out DIR|none] [--layers 1|2|3] [--processing on|off] [--chat TEXT] [--for 20s] [--json]
                  [--user ACCOUNT] [--password-stdin] [--relay-only] [--p2p] [--orders] [--contacts FILE]
  runde-cli notice HOST|LINK|embedded-room[:DAYS] [--fetch [--contacts FILE]] [--changes] [--lang de|en|de-simple]
                  [--ack SHA256]
  runde-cli notice --operator FILE|profile [--changes] [--lang de|en|de-simple] [--ack SHA256]
  runde-cli notice --noted [SHA256] [--json]
  runde-cli ledger [list|verify|export] [--format json|json-ld|kantara] [--lang de|en] [--json]
  runde-cli hold start --incident ID --reason TEXT --person NAME [--ip ADDRESS[/BITS]] [--from TIME]
                  [--until TIME] [--access-log DIR] [--json]
  runde-cli hold [list|review ID|release ID] [--access-log DIR] [--json]
  runde-cli log export [FILE] [--format json-lines|csv] [--access-log DIR]
  runde-cli rights show [--lang de|en] [--json]
  runde-cli rights export FILE | import FILE | erase all|ITEM | object HOST | lift HOST
  runde-cli rights edit FIELD VALUE | consents | grant PURPOSE | withdraw PURPOSE
  runde-cli rights letter 7(3)|15|16|17|18|20|21|77 --to HOST [--lang de|en] [--from FILE]
                  [--address FILE] [--details FILE] [--authority STATE] [--date DAY] [--pdf FILE]
  runde-cli pack [--operator FILE|profile] [--listen ADDR:PORT] [--public-url URL] [--tls …] [--part PART]
                  [--house school|public-office|works-council] [--out DIR [--pdf]] [--lang de|en]
  runde-cli policy [--explain] [--file FILE] [--json]
  runde-cli doctor [--json]
Exits: 0 done, 1 failure on this device, 2 bad arguments, 3 notice not noted (nothing was sent),
4 unreachable or refused, 5 room ended";
