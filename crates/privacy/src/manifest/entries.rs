//! The table of files and fields.

use super::{DAMAGED, DRAFT, Entry, Field, Folder, Said, Shape};

const fn said(de: &'static str, en: &'static str) -> Said {
    Said { de, en }
}

const fn field(path: &'static str, de: &'static str, en: &'static str) -> Field {
    Field { path, says: said(de, en), secret: false }
}

const NEEDED: Said = said(
    "Notwendig für den gewünschten Dienst (§ 25 Abs. 2 Nr. 2 TDDDG); eigene Nachweise, die das Gerät nicht verlassen",
    "Necessary for the service you asked for (§ 25(2) no. 2 TDDDG); records of your own that do not leave the device",
);
const AGREED: Said = said(
    "Ihre Einwilligung (Art. 6 Abs. 1 Buchst. a DSGVO, § 25 Abs. 1 TDDDG)",
    "Your consent (Art. 6(1)(a) GDPR, § 25(1) TDDDG)",
);
const UNTIL_ERASED: Said = said("bis Sie es löschen", "until you erase it");

const ACKNOWLEDGEMENT: &[Field] = &[
    field("v", "Fassung des Formats", "version of the format"),
    field("seq", "laufende Nummer", "running number"),
    field("prev", "Kennzahl der Zeile davor", "code of the line before"),
    field("body", "Prüfsumme des Eintrags", "hash of the record"),
    field("mac", "Kennzahl der Zeile", "code of the line"),
    field("salt", "Zufallszahl zur Prüfsumme", "random number in the hash"),
    field("payload.ack_id", "Kennung des Eintrags", "id of the record"),
    field(
        "payload.status",
        "zur Kenntnis genommen, widersprochen oder Widerspruch zurückgenommen",
        "noted, objected, or objection lifted",
    ),
    field("payload.notice_id", "welcher Hinweis", "which notice"),
    field("payload.notice_version", "seine Fassung", "its version"),
    field("payload.notice_sha256", "Prüfsumme seines Textes", "hash of its text"),
    field("payload.lang", "Sprache", "language"),
    field("payload.controller_id", "Verantwortlicher", "controller"),
    field("payload.host", "Server", "server"),
    field("payload.shown_at", "wann gezeigt", "when shown"),
    field("payload.scrolled_to_end", "ob bis zum Ende gelesen", "whether read to the end"),
    field("payload.acknowledged_at", "wann festgehalten", "when recorded"),
    field("payload.app_version", "Fassung des Programms", "version of the program"),
    field("payload.ui_build_hash", "Bau der Oberfläche", "build of the interface"),
    field("payload.subject_pseudonym", "zufällige Kennung dieses Profils", "random name of this profile"),
    field("payload.method", "Knopf oder Befehlszeile", "button or command line"),
    field("payload.text_source", "woher der Text kam", "where the text came from"),
];

const CONSENT: &[Field] = &[
    field("v", "Fassung des Formats", "version of the format"),
    field("seq", "laufende Nummer", "running number"),
    field("prev", "Kennzahl der Zeile davor", "code of the line before"),
    field("body", "Prüfsumme des Eintrags", "hash of the record"),
    field("mac", "Kennzahl der Zeile", "code of the line"),
    field("salt", "Zufallszahl zur Prüfsumme", "random number in the hash"),
    field("payload.record_id", "Kennung des Eintrags", "id of the record"),
    field("payload.schema", "Vorlage der Felder", "layout of the fields"),
    field("payload.subject_pseudonym", "zufällige Kennung dieses Profils", "random name of this profile"),
    field("payload.notice_id", "welcher Text", "which text"),
    field("payload.lang", "Sprache", "language"),
    field("payload.purpose", "freiwillige Funktion", "voluntary function"),
    field("payload.purpose_title", "ihr Name", "its name"),
    field("payload.legal_basis", "Rechtsgrundlage", "legal basis"),
    field("payload.personal_data", "welche Daten sie betrifft", "which data it concerns"),
    field("payload.controller", "wer zuständig ist", "who is in charge"),
    field("payload.location", "wo die Daten liegen", "where the data are"),
    field("payload.retention", "wie lange", "for how long"),
    field("payload.recipients", "wer sie bekommt", "who gets them"),
    field("payload.jurisdiction", "geltendes Recht", "law that applies"),
    field("payload.withdrawal", "wo sie widerrufen wird", "where it is withdrawn"),
    field("payload.state", "Ihre Antwort", "your answer"),
    field("payload.time", "wann", "when"),
    field("payload.valid", "wie lange sie gilt", "how long it holds"),
    field("payload.method", "Knopf oder Befehlszeile", "button or command line"),
    field("payload.ui_text_sha256", "Prüfsumme des gezeigten Textes", "hash of the text shown"),
    field("payload.choice_before", "was vorher galt", "what held before"),
    field("payload.choice_after", "was danach gilt", "what holds after"),
    field("payload.default_was", "Voreinstellung, immer aus", "default, always off"),
    field("payload.app_version", "Fassung des Programms", "version of the program"),
];

const SETTINGS: &[Field] = &[
    field("language", "Sprache", "language"),
    field("theme", "Farben", "colours"),
    field("display_name", "Anzeigename; nur mit Ihrer Einwilligung", "display name; only with your consent"),
    field("microphone", "gewähltes Mikrofon", "chosen microphone"),
    field("speaker", "gewählter Lautsprecher", "chosen speaker"),
    field("camera", "gewählte Kamera", "chosen camera"),
    field("processing.echo", "Echounterdrückung", "echo cancellation"),
    field("processing.noise", "Rauschunterdrückung", "noise suppression"),
    field("processing.gain", "Pegelausgleich", "gain control"),
    field("default_server", "Server für bloße Raumnamen", "server for bare room names"),
    field("listen", "Adresse für eigene Räume", "address for rooms of your own"),
];

const RECENTS: &[Field] = &[
    field("link", "Link des Raums, ohne Zugangsdaten", "link of the room, without credentials"),
    field("used_at", "wann zuletzt benutzt", "when last used"),
];

const REMINDERS: &[Field] = &[
    field("article", "Artikel, auf den sich Ihr Schreiben stützt", "article your letter rests on"),
    field("to", "Dienst, um den es geht", "service it is about"),
    field("written_on", "Datum des Schreibens", "date of the letter"),
    field("remind_on", "wann erinnert wird", "when you are reminded"),
];

const KEY: &[Field] = &[
    field("profile_id", "zufällige Kennung dieses Profils", "random name of this profile"),
    field("heads", "Stand der Protokolle", "state of the ledgers"),
    Field { path: "chain_key", says: said("Schlüssel der Protokolle", "key of the ledgers"), secret: true },
];

/// Every file, data folder first.
pub const ENTRIES: &[Entry] = &[
    Entry {
        folder: Folder::Data,
        name: "acknowledgements.ledger",
        shape: Shape::Lines,
        purpose: said(
            "Nachweis, welche Datenschutzhinweise zur Kenntnis genommen wurden und gegen wen Widerspruch eingelegt ist",
            "Proof of which privacy notices were noted and to whom you objected",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: ACKNOWLEDGEMENT,
    },
    Entry {
        folder: Folder::Data,
        name: "consents.ledger",
        shape: Shape::Lines,
        purpose: said(
            "Nachweis, wie Sie über freiwillige Funktionen entschieden haben",
            "Proof of how you decided about voluntary functions",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: CONSENT,
    },
    Entry {
        folder: Folder::Data,
        name: "ledger.key",
        shape: Shape::Json,
        purpose: said(
            "Schlüssel, der die Protokolle gegen Fälschung schützt; liegt sonst im Schlüsselbund",
            "Key that protects the ledgers against forgery; otherwise in the keyring",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: KEY,
    },
    Entry {
        folder: Folder::Data,
        name: "recents.json",
        shape: Shape::Json,
        purpose: said("Zuletzt benutzte Räume wieder anklicken", "Clicking recent rooms again"),
        basis: AGREED,
        retention: said("30 Tage, oder bis Sie widerrufen", "30 days, or until you withdraw"),
        fields: RECENTS,
    },
    Entry {
        folder: Folder::Data,
        name: "reminders.json",
        shape: Shape::Json,
        purpose: said(
            "Erinnerung daran, dass eine Antwort auf Ihr Schreiben fällig ist; von Ihnen vorgemerkt",
            "Reminding you that an answer to your letter is due; you asked for it",
        ),
        basis: NEEDED,
        retention: said("bis Sie sie abhaken", "until you tick it off"),
        fields: REMINDERS,
    },
    Entry {
        folder: Folder::Data,
        name: "profile.lock",
        shape: Shape::Closed,
        purpose: said(
            "Verhindert, dass zwei Programme zugleich schreiben; leer",
            "Keeps two programs from writing at once; empty",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: &[],
    },
    Entry {
        folder: Folder::Data,
        name: DAMAGED,
        shape: Shape::Closed,
        purpose: said(
            "Eine Datei, die verändert vorgefunden wurde, so wie sie war; zur Prüfung aufgehoben",
            "A file that was found changed, as it was; kept for examination",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: &[],
    },
    Entry {
        folder: Folder::Data,
        name: DRAFT,
        shape: Shape::Closed,
        purpose: said(
            "Entwurf einer Datei, während sie geschrieben wird; bleibt nur nach einem Absturz",
            "Draft of a file while it is written; stays only after a crash",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: &[],
    },
    Entry {
        folder: Folder::Config,
        name: "settings.json",
        shape: Shape::Json,
        purpose: said("Ihre Einstellungen", "Your settings"),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: SETTINGS,
    },
    Entry {
        folder: Folder::Config,
        name: DAMAGED,
        shape: Shape::Closed,
        purpose: said(
            "Einstellungen, die unlesbar vorgefunden wurden, so wie sie waren",
            "Settings that were found unreadable, as they were",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: &[],
    },
    Entry {
        folder: Folder::Config,
        name: DRAFT,
        shape: Shape::Closed,
        purpose: said(
            "Entwurf der Einstellungen, während sie geschrieben werden; bleibt nur nach einem Absturz",
            "Draft of the settings while they are written; stays only after a crash",
        ),
        basis: NEEDED,
        retention: UNTIL_ERASED,
        fields: &[],
    },
];
