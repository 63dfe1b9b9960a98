//! `rights show`: everything the profile holds, with purpose, basis and retention (Art. 15 GDPR). Reads
//! only, also while the app runs.

use runde_privacy::Lang;
use runde_privacy::manifest::{Entry, Folder};
use runde_profile::{Held, Places, Protection, holdings, inspect};
use serde_json::json;

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{rights as words, system_language};
use crate::output;

pub fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    let (mut json, mut lang) = (false, system_language());
    while let Some(next) = arguments.next()? {
        match next {
            Next::Option(option) if option == "--json" => json = true,
            Next::Option(option) if option == "--lang" => lang = Lang::parse(&arguments.text()?)?,
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    let places = Places::of_user()?;
    let held = holdings(&places)?;
    if !json {
        output::print(words::show_title(lang));
    }
    for file in &held {
        if json { event(file, lang) } else { page(file, lang) }
    }
    // The keyring is asked only where it may hold something.
    let guarded = places.keyring && inspect(&places)?.is_some_and(|seen| seen.protection == Protection::Keyring);
    if guarded && let Some(entry) = Entry::of(Folder::Data, "ledger.key") {
        keyring(entry, json, lang);
    }
    Ok(Exit::Done)
}

fn event(file: &Held, lang: Lang) {
    let fields: Vec<_> = file
        .values
        .iter()
        .map(|value| {
            let says = value.field.map(|field| field.says.text(lang));
            json!({"path": value.path, "value": value.value, "says": says})
        })
        .collect();
    output::event(&json!({
        "event": "holding",
        "file": file.path.display().to_string(),
        "bytes": file.bytes,
        "changed": file.changed,
        "known": file.entry.is_some(),
        "purpose": file.entry.map(|entry| entry.purpose.text(lang)),
        "basis": file.entry.map(|entry| entry.basis.text(lang)),
        "retention": file.entry.map(|entry| entry.retention.text(lang)),
        "fields": fields,
    }));
}

fn page(file: &Held, lang: Lang) {
    let changed = file.changed.map(|at| at.to_string()).unwrap_or_default();
    output::print(&format!("\n{}", file.path.display()));
    output::print(&words::size(file.bytes, &changed, lang));
    let Some(entry) = file.entry else {
        output::print(words::stranger(lang));
        return;
    };
    reasons(entry, lang);
    for value in &file.values {
        let says = value.field.map_or_else(|| words::stranger(lang).trim(), |field| field.says.text(lang));
        let secret = value.field.is_some_and(|field| field.secret);
        let shown = if secret { words::secret(lang) } else { value.value.as_str() };
        output::print(&format!("    {}: {shown}  ({says})", value.path));
    }
}

fn reasons(entry: &Entry, lang: Lang) {
    for line in words::reasons(entry, lang) {
        output::print(&line);
    }
}

fn keyring(entry: &Entry, json: bool, lang: Lang) {
    if json {
        output::event(&json!({
            "event": "holding", "file": "keyring", "known": true, "purpose": entry.purpose.text(lang),
            "basis": entry.basis.text(lang), "retention": entry.retention.text(lang),
        }));
        return;
    }
    output::print(&format!("\n{}", words::in_keyring(lang)));
    reasons(entry, lang);
}
