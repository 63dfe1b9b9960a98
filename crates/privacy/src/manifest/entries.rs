//! The table of files and fields.

use super::{
    ACCESS_DAY, AUTOSTART, DAMAGED, DRAFT, Entry, Field, Folder, HANDLER, HELD, HOLD_DRAFT, HOLD_REGISTER, LINK_CACHE,
    LINK_CHOICES, NOTICE, Said, Shape,
};

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
    field("relay_only", "Ton und Bild nur über eine Zwischenstation", "sound and picture through a relay only"),
    field("default_server", "Server für bloße Raumnamen", "server for bare room names"),
    field("listen", "Adresse für eigene Räume", "address for rooms of your own"),
];

const RECENTS: &[Field] = &[
    field("link", "Link des Raums, ohne Zugangsdaten", "link of the room, without credentials"),
    field("used_at", "wann zuletzt benutzt", "when last used"),
];

const LOG_LINE: &[Field] = &[
    field("time", "wann eine Verbindung endete", "when a connection ended"),
    field("bytes_sent", "gesendete Datenmenge", "amount of data sent"),
    field("client", "Programm oder Browser mit Hauptversion", "program or browser with its major version"),
    field("os", "Betriebssystem", "operating system"),
    field("ip", "IP-Adresse des Gastes", "IP address of the guest"),
];

const SEALED: &[Field] = &[
    field("v", "Fassung des Formats", "version of the format"),
    field("incident", "Vorfall", "incident"),
    field("at", "wann gesichert", "when taken"),
    field("person", "wer das entschied", "who decided it"),
    field("reason", "Grund", "reason"),
    field("ip", "IP-Adresse, im Kopf die der Regel", "IP address, in the head that of the rule"),
    field("from", "Regel: ab wann", "rule: from when"),
    field("until", "Regel: bis wann", "rule: until when"),
    field("time", "wann eine Verbindung endete", "when a connection ended"),
    field("bytes_sent", "gesendete Datenmenge", "amount of data sent"),
    field("client", "Programm oder Browser mit Hauptversion", "program or browser with its major version"),
    field("os", "Betriebssystem", "operating system"),
];

const REGISTER: &[Field] = &[
    field("v", "Fassung des Formats", "version of the format"),
    field("holds", "Sicherungen; hier keine", "holds; none here"),
    field("holds.incident", "Vorfall", "incident"),
    field("holds.started", "wann begonnen", "when begun"),
    field("holds.state", "gesichert oder freigegeben", "held or released"),
    field("holds.reviewed", "wann zuletzt geprüft", "when last reviewed"),
    field("holds.lines", "Zahl der Zeilen", "number of lines"),
    field("holds.sha256", "Prüfsumme der Sicherung", "hash of the copy"),
    field("holds.released", "wann freigegeben", "when released"),
];

const NOTICE_FIELDS: &[Field] = &[
    field("schema", "Fassung des Formats", "version of the format"),
    field("version", "Fassung des Hinweises", "version of the notice"),
    field("access_log_days", "Tage, die ein Zugriffsprotokoll aufbewahrt wird", "days an access log is kept"),
    field("texts.de", "Text auf Deutsch", "text in German"),
    field("texts.en", "Text auf Englisch", "text in English"),
    field("texts.de-simple", "Text in einfacher Sprache", "text in plain German"),
    field("operator.name", "Name der verantwortlichen Stelle", "name of the controller"),
    field("operator.address", "ihre Anschrift", "its address"),
    field("operator.contact", "wie sie zu erreichen ist", "how to reach it"),
    field("operator.officer", "Datenschutzbeauftragte", "data protection officer"),
    field("operator.basis", "Rechtsgrundlage", "legal basis"),
    field("operator.retention_days", "Tage, die ein Zugriffsprotokoll aufbewahrt wird", "days an access log is kept"),
    field("operator.authority", "Aufsichtsbehörde", "supervisory authority"),
    field("operator.version", "Fassung ihrer Angaben", "version of its details"),
    field("operator.valid_from", "seit wann sie gelten", "since when they hold"),
];

const OPERATOR: &[Field] = &[
    field("name", "Ihr Name oder der Ihrer Organisation", "your name or that of your organisation"),
    field("address", "Anschrift", "address"),
    field("contact", "wie man Sie erreicht", "how to reach you"),
    field("officer", "Datenschutzbeauftragte", "data protection officer"),
    field("basis", "Rechtsgrundlage", "legal basis"),
    field("retention_days", "Tage, die ein Zugriffsprotokoll aufbewahrt wird", "days an access log is kept"),
    field("authority", "Aufsichtsbehörde", "supervisory authority"),
    field("version", "Fassung der Angaben", "version of the details"),
    field("valid_from", "seit wann sie gelten", "since when they hold"),
];

const OPERATION: Said = said(
    "Störungen finden und Angriffe aufklären (Art. 6 Abs. 1 Buchst. f DSGVO); steht im Hinweis Ihrer Räume",
    "Finding faults and clearing up attacks (Art. 6(1)(f) GDPR); the notice of your rooms says so",
);
const EVIDENCE: Said = said(
    "Aufklärung eines Angriffs (Art. 6 Abs. 1 Buchst. f, Art. 17 Abs. 3 Buchst. e DSGVO)",
    "Clearing up an attack (Art. 6(1)(f), Art. 17(3)(e) GDPR)",
);
const UNTIL_RELEASED: Said = said("bis Sie die Sicherung freigeben", "until you release the hold");

const REMINDERS: &[Field] = &[
    field("article", "Artikel, auf den sich Ihr Schreiben stützt", "article your letter rests on"),
    field("to", "Dienst, um den es geht", "service it is about"),
    field("written_on", "Datum des Schreibens", "date of the letter"),
    field("remind_on", "wann erinnert wird", "when you are reminded"),
];

const START: &[Field] = &[
    field("Type", "Art des Eintrags", "kind of entry"),
    field("Name", "Name des Programms", "name of the program"),
    field("Icon", "sein Bild", "its icon"),
    field("Exec", "was gestartet wird", "what is started"),
    field(
        "TryExec",
        "das Programm, ohne das der Eintrag nicht gilt",
        "the program without which the entry does not count",
    ),
    field("Terminal", "ob mit Textfenster; nein", "whether with a text window; no"),
];

const OPENER: &[Field] = &[
    field("Type", "Art des Eintrags", "kind of entry"),
    field("Name", "Name des Programms", "name of the program"),
    field("Exec", "was gestartet wird", "what is started"),
    field("Terminal", "ob mit Textfenster; nein", "whether with a text window; no"),
    field("MimeType", "welche Art von Links", "which kind of links"),
    field("NoDisplay", "ob es im Menü steht; nein", "whether it is hidden in the menu; yes"),
];

const CHOSEN: &[Field] = &[
    field("x-scheme-handler/runde", "wer runde:-Links öffnet", "who opens runde: links"),
    field("x-scheme-handler/jitsi-meet", "wer jitsi-meet:-Links öffnet", "who opens jitsi-meet: links"),
];
const UNTIL_SWITCHED_OFF: Said = said("bis Sie den Schalter ausschalten", "until you turn the switch off");

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
        name: "window.lock",
        shape: Shape::Closed,
        purpose: said(
            "Verhindert, dass zwei Fenster zugleich ein Profil haben; leer",
            "Keeps two windows from having one profile at once; empty",
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
        folder: Folder::Data,
        name: ACCESS_DAY,
        shape: Shape::Log,
        purpose: said(
            "Zugriffsprotokoll Ihrer eigenen Räume, ein Tag je Datei; Angaben über Ihre Gäste",
            "Access log of your own rooms, a file a day; details about your guests",
        ),
        basis: OPERATION,
        retention: said(
            "so viele Tage, wie im Dateinamen steht, höchstens acht Wochen",
            "as many days as the file's name says, eight weeks at most",
        ),
        fields: LOG_LINE,
    },
    Entry {
        folder: Folder::Data,
        name: HELD,
        shape: Shape::SealedLog,
        purpose: said(
            "Als Beweis gesicherte Zeilen des Zugriffsprotokolls",
            "Lines of the access log, kept as evidence",
        ),
        basis: EVIDENCE,
        retention: UNTIL_RELEASED,
        fields: SEALED,
    },
    Entry {
        folder: Folder::Data,
        name: HOLD_REGISTER,
        shape: Shape::Json,
        purpose: said(
            "Verzeichnis dieser Sicherungen, ohne Angaben zu Personen",
            "Register of these holds, without details about persons",
        ),
        basis: EVIDENCE,
        retention: UNTIL_ERASED,
        fields: REGISTER,
    },
    Entry {
        folder: Folder::Data,
        name: HOLD_DRAFT,
        shape: Shape::Closed,
        purpose: said(
            "Entwurf des Verzeichnisses, während es geschrieben wird; bleibt nur nach einem Absturz",
            "Draft of the register while it is written; stays only after a crash",
        ),
        basis: EVIDENCE,
        retention: UNTIL_ERASED,
        fields: &[],
    },
    Entry {
        folder: Folder::Data,
        name: NOTICE,
        shape: Shape::Json,
        purpose: said(
            "Der Wortlaut eines Hinweises, den Sie zur Kenntnis genommen haben, damit jede Fassung lesbar bleibt",
            "The words of a notice that you noted, so that every version stays readable",
        ),
        basis: NEEDED,
        retention: said(
            "bis Sie die letzte Kenntnisnahme dieser Fassung löschen",
            "until you erase the last acknowledgement of this version",
        ),
        fields: NOTICE_FIELDS,
    },
    Entry {
        folder: Folder::Config,
        name: "operator.json",
        shape: Shape::Json,
        purpose: said(
            "Ihre Angaben als verantwortliche Stelle für Räume, die Sie öffnen; Ihre Gäste lesen sie",
            "Your details as controller of rooms that you open; your guests read them",
        ),
        basis: said(
            "Ihre Informationspflicht gegenüber Gästen (Art. 13 DSGVO)",
            "Your duty to inform your guests (Art. 13 GDPR)",
        ),
        retention: UNTIL_ERASED,
        fields: OPERATOR,
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
    Entry {
        folder: Folder::Session,
        name: AUTOSTART,
        shape: Shape::Desktop,
        purpose: said(
            "Startet Runde mit der Anmeldung am Rechner; liegt dort, wo der Desktop danach sucht",
            "Starts Runde when you log in to the computer; lies where the desktop looks for it",
        ),
        basis: NEEDED,
        retention: UNTIL_SWITCHED_OFF,
        fields: START,
    },
    Entry {
        folder: Folder::Session,
        name: HANDLER,
        shape: Shape::Desktop,
        purpose: said(
            "Lässt Links Runde öffnen, wenn Sie das gewählt haben; liegt dort, wo der Desktop danach sucht",
            "Lets links open Runde once you chose so; lies where the desktop looks for it",
        ),
        basis: NEEDED,
        retention: said(
            "bis Sie sie löschen; ausgeschaltet nennt sie keine Links mehr",
            "until you erase it; switched off it names no links any more",
        ),
        fields: OPENER,
    },
    Entry {
        folder: Folder::Session,
        name: LINK_CHOICES,
        shape: Shape::Shared,
        purpose: said(
            "Ihre Wahl, welches Programm Links öffnet. Die Liste gehört dem Desktop; hier stehen nur die Zeilen, die Runde nennen",
            "Your choice of which program opens links. The list is the desktop's; only the lines that name Runde are here",
        ),
        basis: NEEDED,
        retention: UNTIL_SWITCHED_OFF,
        fields: CHOSEN,
    },
    Entry {
        folder: Folder::Session,
        name: LINK_CACHE,
        shape: Shape::Shared,
        purpose: said(
            "Verzeichnis des Desktops, aus allen Einträgen gemacht; hier stehen nur die Zeilen, die Runde nennen",
            "Index of the desktop, made from all entries; only the lines that name Runde are here",
        ),
        basis: NEEDED,
        retention: UNTIL_SWITCHED_OFF,
        fields: CHOSEN,
    },
];
