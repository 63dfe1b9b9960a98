//! `ledger [list|verify|export]`: what this profile recorded. Reads only, also while the app runs.

use runde_privacy::{Lang, Standing, Verdict, export};
use runde_profile::{Inspection, Places, Protection, inspect};
use serde_json::{Value, json};

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{self, Message, message, system_language};
use crate::output;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    List,
    Verify,
    Export(Format),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    JsonLd,
    Kantara,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let (action, json, lang) = parse(arguments)?;
    let Some(seen) = inspect(&Places::of_user()?)? else {
        return Ok(nothing(action, json, lang));
    };
    match action {
        Action::List => list(&seen, json),
        Action::Export(format) => output::print(&pretty(&exported(&seen, format))),
        Action::Verify => return Ok(verify(&seen, json, lang)),
    }
    Ok(Exit::Done)
}

fn parse(mut arguments: Arguments) -> Result<(Action, bool, Lang), Failure> {
    let (mut action, mut format, mut json, mut lang) = (None, None, false, system_language());
    while let Some(next) = arguments.next()? {
        match next {
            Next::Word(word) if action.is_none() => action = Some(action_of(word)?),
            Next::Option(option) if option == "--json" => json = true,
            Next::Option(option) if option == "--format" => format = Some(format_of(arguments.text()?)?),
            Next::Option(option) if option == "--lang" => lang = Lang::parse(&arguments.text()?)?,
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    let action = match (action.unwrap_or(Action::List), format) {
        (Action::Export(_), Some(format)) => Action::Export(format),
        (_, Some(_)) => return Err(Next::Option("--format".to_owned()).unexpected()),
        (action, None) => action,
    };
    Ok((action, json, lang))
}

fn action_of(word: String) -> Result<Action, Failure> {
    match word.as_str() {
        "list" => Ok(Action::List),
        "verify" => Ok(Action::Verify),
        "export" => Ok(Action::Export(Format::Json)),
        _ => Err(Failure::Value { option: "ledger", value: word, expected: "list, verify or export" }),
    }
}

fn format_of(word: String) -> Result<Format, Failure> {
    match word.as_str() {
        "json" => Ok(Format::Json),
        "json-ld" => Ok(Format::JsonLd),
        "kantara" => Ok(Format::Kantara),
        _ => Err(Failure::Value { option: "--format", value: word, expected: "json, json-ld or kantara" }),
    }
}

fn nothing(action: Action, json: bool, lang: Lang) -> Exit {
    match (action, json) {
        (Action::Export(Format::Json), _) => output::print(&pretty(&export::plain_empty())),
        (Action::Export(Format::JsonLd), _) => output::print(&pretty(&export::json_ld_empty())),
        (Action::Export(Format::Kantara), _) => output::print("[]"),
        (Action::Verify, true) => output::event(&json!({"event": "ledger", "lines": 0, "sound": true})),
        (Action::List, true) => {}
        (Action::List | Action::Verify, false) => output::print(message(Message::NothingRecorded, lang)),
    }
    Exit::Done
}

fn list(seen: &Inspection, json: bool) {
    for receipt in seen.acknowledgements.receipts() {
        let line = json!({"event": "acknowledgement", "receipt": receipt});
        let text = receipt.record.map(|r| {
            format!("{} {} {} {}{}", r.acknowledged_at, r.host, r.lang.tag(), r.notice_sha256, standing(r.status))
        });
        show(json, &line, receipt.monotonic_seq, text);
    }
    for receipt in seen.consents.receipts() {
        let line = json!({"event": "consent", "receipt": receipt});
        let text = receipt.record.map(|r| format!("{} {} {:?}", r.time, r.purpose.id(), r.state));
        show(json, &line, receipt.monotonic_seq, text);
    }
}

/// What an entry says beyond "noted".
const fn standing(status: Standing) -> &'static str {
    match status {
        Standing::Informed => "",
        Standing::Objected => " objected",
        Standing::Lifted => " lifted",
    }
}

fn show(json: bool, line: &Value, seq: u64, text: Option<String>) {
    if json {
        output::event(line);
    } else {
        output::print(&format!("{seq} {}", text.unwrap_or_else(|| "-".to_owned())));
    }
}

fn exported(seen: &Inspection, format: Format) -> Value {
    match format {
        Format::Json => export::plain(protection(seen.protection), &seen.acknowledgements, &seen.consents),
        Format::JsonLd => export::json_ld(&seen.acknowledgements, &seen.consents),
        Format::Kantara => export::kantara(&seen.consents),
    }
}

fn verify(seen: &Inspection, json: bool, lang: Lang) -> Exit {
    let verdicts = [("acknowledgements", &seen.acknowledgements_verdict), ("consents", &seen.consents_verdict)];
    for (name, verdict) in verdicts {
        if json {
            output::event(&verdict_event(name, verdict, seen.protection));
        } else {
            output::print(&messages::verdict(name, verdict, lang));
        }
    }
    if !json && seen.protection == Protection::FileRights {
        output::print(message(Message::FileRightsOnly, lang));
    }
    let sound = verdicts.iter().all(|(_, verdict)| verdict.is_sound());
    if sound { Exit::Done } else { Exit::Failed }
}

fn verdict_event(name: &str, verdict: &Verdict, guard: Protection) -> Value {
    json!({
        "event": "ledger",
        "ledger": name,
        "sound": verdict.is_sound(),
        "lines": verdict.lines,
        "erased": verdict.erased,
        "damage": verdict.damage.map(|damage| damage.to_string()),
        "torn": verdict.torn,
        "head": messages::head_word(verdict.head),
        "clock_back": verdict.clock_back,
        "dated_ahead": verdict.dated_ahead,
        "protection": protection(guard),
    })
}

pub const fn protection(protection: Protection) -> &'static str {
    match protection {
        Protection::Keyring => "keyring",
        Protection::FileRights => "file-rights",
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
