//! Everything the programs write about a person, file by file and field by field: what for, on what basis,
//! how long. The page "what is stored about me" (Art. 15 GDPR) is made from it, and a test compares it with a
//! profile in which every feature was used: a file or field that is not here fails.
//!
//! Whoever writes something new to a profile adds it here.

use serde::Serialize;
use serde_json::Value;

use crate::lang::Lang;

mod entries;

pub use entries::ENTRIES;

/// Which folder of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Folder {
    Data,
    Config,
}

/// How a file is read for the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One JSON document.
    Json,
    /// One JSON document a line.
    Lines,
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

impl Entry {
    /// The entry of a file, by its name inside the folder.
    #[must_use]
    pub fn of(folder: Folder, name: &str) -> Option<&'static Self> {
        let named = |wanted: &str| ENTRIES.iter().find(|entry| entry.folder == folder && entry.name == wanted);
        if let Some(entry) = named(name) {
            return Some(entry);
        }
        if let Some((original, when)) = name.rsplit_once(".damaged-") {
            let digits = !when.is_empty() && when.bytes().all(|byte| byte.is_ascii_digit());
            return named(original).filter(|_| digits).and_then(|_| named(DAMAGED));
        }
        let stem = name.strip_suffix(".new")?;
        let ours = |entry: &&Self| entry.name.split('.').next() == Some(stem) && entry.folder == folder;
        ENTRIES.iter().find(ours).and_then(|_| named(DRAFT))
    }

    #[must_use]
    pub fn field(&self, path: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.path == path)
    }
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
