//! Everything the programs write about a person, file by file and field by field: what for, on what basis,
//! how long. The page "what is stored about me" (Art. 15 GDPR) is made from it, and a test compares it with a
//! profile in which every feature was used: a file or field that is not here fails.
//!
//! Whoever writes something new to a profile adds it here.

use serde::Serialize;
use serde_json::Value;

use crate::access_log::hold::Incident;
use crate::access_log::{DayFile, Line};
use crate::lang::Lang;

mod entries;

pub use entries::ENTRIES;

/// Which folder of a profile, or beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Folder {
    Data,
    Config,
    /// Not the profile's own: where the desktop looks for what it starts with the session and for links.
    Session,
}

/// How a file is read for the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Lines,
    /// Lines of an access log.
    Log,
    /// One JSON document, then lines of an access log.
    SealedLog,
    /// `Key=value` lines under one heading (Desktop Entry Specification).
    Desktop,
    /// `key=program;program` lines in a list of the desktop's own; only those that name us are read.
    Shared,
    /// Nothing inside is for reading: the lock, half-written drafts, damaged copies.
    Closed,
}

/// The same sentence in German and English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    pub de: &'static str,
    pub en: &'static str,
}

/// One file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub folder: Folder,
    /// Name, or what names it where it is made from other names.
    pub name: &'static str,
    pub shape: Shape,
    pub purpose: Said,
    pub basis: Said,
    pub retention: Said,
    pub fields: &'static [Field],
}

/// One field. Places in lists are left out of its path: `payload.host`, `link`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    pub path: &'static str,
    pub says: Said,
    /// The value is a secret and is not shown.
    pub secret: bool,
}

impl Said {
    #[must_use]
    pub const fn text(self, lang: Lang) -> &'static str {
        match lang {
            Lang::De | Lang::DeSimple => self.de,
            Lang::En => self.en,
        }
    }
}

/// Names of the entries whose files have changing names.
pub const DAMAGED: &str = "*.damaged-*";
pub const DRAFT: &str = "*.new";
/// The access log of a host's rooms and the evidence taken from it, in a folder of their own.
pub const ACCESS_DAY: &str = "access-log/access-*.log";
pub const HOLD_REGISTER: &str = "access-log/holds/register.json";
pub const HELD: &str = "access-log/holds/*.hold";
pub const HOLD_DRAFT: &str = "access-log/holds/register.new";
/// The text of a notice that was noted, named by its hash.
pub const NOTICE: &str = "notices/*.json";
/// What starts the program with the session.
pub const AUTOSTART: &str = "org.runde.Runde.desktop";
/// What opens links, and the two lists of the desktop that name it.
pub const HANDLER: &str = "runde-handler.desktop";
pub const LINK_CHOICES: &str = "mimeapps.list";
pub const LINK_CACHE: &str = "mimeinfo.cache";

impl Entry {
    /// The entry of a file, by its name inside the folder.
    #[must_use]
    pub fn of(folder: Folder, name: &str) -> Option<&'static Self> {
        let named = |wanted: &str| ENTRIES.iter().find(|entry| entry.folder == folder && entry.name == wanted);
        if let Some(entry) = named(name).or_else(|| changing(name).and_then(named)) {
            return Some(entry);
        }
        if let Some((original, when)) = name.rsplit_once(".damaged-") {
            let digits = !when.is_empty() && when.bytes().all(|byte| byte.is_ascii_digit());
            let original = named(original).or_else(|| changing(original).and_then(named));
            return original.filter(|_| digits).and_then(|_| named(DAMAGED));
        }
        let stem = name.strip_suffix(".new")?;
        if changing(&format!("{stem}.json")) == Some(NOTICE) {
            return named(DRAFT);
        }
        let ours = |entry: &&Self| entry.name.split('.').next() == Some(stem) && entry.folder == folder;
        ENTRIES.iter().find(ours).and_then(|_| named(DRAFT))
    }

    #[must_use]
    pub fn field(&self, path: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.path == path)
    }
}

/// The entry of a file whose name holds a day, an incident or a hash.
fn changing(name: &str) -> Option<&'static str> {
    if let Some(hash) =
        name.strip_prefix("notices").and_then(|name| name.trim_start_matches(['/', '\\']).strip_suffix(".json"))
    {
        return (hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(NOTICE);
    }
    let inside = name.strip_prefix("access-log")?.trim_start_matches(['/', '\\']);
    if DayFile::named(inside).is_some() {
        return Some(ACCESS_DAY);
    }
    let held = inside.strip_prefix("holds")?.trim_start_matches(['/', '\\']);
    match (held, held.strip_suffix(".hold")) {
        ("register.json", _) => Some(HOLD_REGISTER),
        ("register.new", _) => Some(HOLD_DRAFT),
        (_, Some(incident)) => Incident::try_from(incident.to_owned()).is_ok().then_some(HELD),
        (_, None) => None,
    }
}

/// The fields of a line of an access log by their paths; `None` for anything else.
#[must_use]
pub fn log_fields(line: &str) -> Option<Vec<(String, String)>> {
    let Line { time, bytes_sent, client, os, ip } = line.parse().ok()?;
    let fields = [
        ("time", time.to_string()),
        ("bytes_sent", bytes_sent.to_string()),
        ("client", client.to_string()),
        ("os", os.name().to_owned()),
        ("ip", ip.to_string()),
    ];
    Some(fields.map(|(path, value)| (path.to_owned(), value)).into())
}

/// Every value inside a document with its path; empty lists and objects count as values.
#[must_use]
pub fn leaves(document: &Value) -> Vec<(String, String)> {
    let mut found = Vec::new();
    descend(document, String::new(), &mut found);
    found
}

fn descend(value: &Value, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, inner) in fields {
                let inside = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                descend(inner, inside, found);
            }
        }
        Value::Array(all) if !all.is_empty() => all.iter().for_each(|inner| descend(inner, path.clone(), found)),
        Value::String(text) => found.push((path, text.clone())),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            found.push((path, value.to_string()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_file_is_known_by_its_name_and_in_its_own_folder_only() {
        let name = |folder, name| Entry::of(folder, name).map(|entry| entry.name);
        assert_eq!(name(Folder::Data, "consents.ledger"), Some("consents.ledger"));
        assert_eq!(name(Folder::Config, "consents.ledger"), None);
        assert_eq!(name(Folder::Data, "consents.ledger.damaged-1795424400"), Some(DAMAGED));
        assert_eq!(name(Folder::Config, "settings.new"), Some(DRAFT));
        for stranger in ["notes.txt", "notes.txt.damaged-1", "consents.ledger.damaged-x", "other.new", ".new", ""] {
            assert_eq!(name(Folder::Data, stranger), None, "{stranger}");
        }
    }

    #[test]
    fn the_files_of_an_access_log_are_known_in_their_folders_only() {
        let name = |name| Entry::of(Folder::Data, name).map(|entry| entry.name);
        assert_eq!(name("access-log/access-2026-11-23-56d.log"), Some(ACCESS_DAY));
        assert_eq!(name("access-log/holds/register.json"), Some(HOLD_REGISTER));
        assert_eq!(name("access-log/holds/register.new"), Some(HOLD_DRAFT));
        assert_eq!(name("access-log/holds/2026-11-flood.hold"), Some(HELD));
        for stranger in [
            "access-2026-11-23-56d.log",
            "access-log/access-2026-11-23-57d.log",
            "access-log/notes.txt",
            "access-log/register.json",
            "access-log/holds/.hold",
            "access-log/holds/a b.hold",
            "access-log/holds/deeper/x.hold",
        ] {
            assert_eq!(name(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn a_kept_notice_its_draft_and_its_damaged_copy_are_known_by_their_hash() {
        let name = |name: &str| Entry::of(Folder::Data, name).map(|entry| entry.name);
        let hash = "ab".repeat(32);
        assert_eq!(name(&format!("notices/{hash}.json")), Some(NOTICE));
        assert_eq!(name(&format!("notices/{hash}.new")), Some(DRAFT));
        assert_eq!(name(&format!("notices/{hash}.json.damaged-7")), Some(DAMAGED));
        assert_eq!((name("notices/x.json"), name(&format!("{hash}.json"))), (None, None));
    }

    #[test]
    fn the_five_fields_of_a_line_are_told_apart() {
        let fields = log_fields("2026-11-23T09:00:07Z 184320 \"Chromium 130\" \"Linux\" 192.0.2.7").unwrap();
        let entry = Entry::of(Folder::Data, "access-log/access-2026-11-23-56d.log").unwrap();
        assert!(fields.len() == 5 && fields.iter().all(|(path, _)| entry.field(path).is_some()));
        assert_eq!(log_fields("hello"), None);
    }

    #[test]
    fn every_value_is_found_with_its_path() {
        let document = json!({"a": {"b": 1, "c": [{"d": "x"}, {"d": null}]}, "e": {}, "f": []});
        let found = leaves(&document);
        let paths: Vec<_> = found.iter().map(|(path, value)| format!("{path}={value}")).collect();
        assert_eq!(paths, ["a.b=1", "a.c.d=x", "a.c.d=null", "e={}", "f=[]"]);
    }

    #[test]
    fn every_entry_says_why_on_what_basis_and_how_long_in_both_languages() {
        for entry in ENTRIES {
            let said = [entry.purpose, entry.basis, entry.retention];
            let fields = entry.fields.iter().map(|field| field.says);
            assert!(
                said.into_iter().chain(fields).all(|said| !said.de.is_empty() && !said.en.is_empty()),
                "{}",
                entry.name
            );
        }
    }
}
