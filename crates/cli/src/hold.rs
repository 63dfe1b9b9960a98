//! `hold start|list|review|release`: lines of an access log that an incident takes out of the deletion.
//!
//! Only this command begins one: by somebody at this computer, who says why.

use std::path::PathBuf;

use runde_privacy::Lang;
use runde_privacy::access_log::hold::{Act, HoldError, Incident, Network, Rule, time_of, words};
use runde_privacy::stamp::Moment;
use runde_profile::{Places, now};
use runde_server::{HoldFailure, Holds, Listing, Seal};
use serde_json::{Value, json};

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{holds as say, system_language};
use crate::output;
use crate::serve::log_folder;

#[derive(Default)]
struct Options {
    action: Option<String>,
    incident: Option<String>,
    reason: Option<String>,
    person: Option<String>,
    ip: Option<String>,
    from: Option<String>,
    until: Option<String>,
    folder: Option<PathBuf>,
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = parse(arguments)?;
    let folder = match &options.folder {
        Some(folder) => folder.clone(),
        None => log_folder(&Places::of_user()?),
    };
    let (holds, lang) = (Holds::of(&folder), system_language());
    match options.action.as_deref().unwrap_or("list") {
        "start" => start(&holds, &options, lang),
        "list" => list(&holds, options.json, lang),
        "review" => {
            let incident = options.incident()?;
            holds.review(&incident, now())?;
            told(options.json, "reviewed", &incident, &say::reviewed(&incident, lang))
        }
        "release" => {
            let incident = options.incident()?;
            holds.release(&incident, now())?;
            told(options.json, "released", &incident, &say::released(&incident, lang))
        }
        other => {
            let value = other.to_owned();
            Err(Failure::Value { option: "hold", value, expected: "start, list, review or release" })
        }
    }
}

fn start(holds: &Holds, options: &Options, lang: Lang) -> Result<Exit, Failure> {
    let act = options.act(now())?;
    let kept = holds.start(&act)?;
    if options.json {
        output::event(&json!({
            "event": "hold", "change": "started", "incident": act.incident, "lines": kept.lines,
            "file": kept.file.display().to_string(),
        }));
    } else {
        output::print(&say::started(&act.incident, &kept, lang));
    }
    Ok(Exit::Done)
}

fn told(json: bool, change: &str, incident: &Incident, sentence: &str) -> Result<Exit, Failure> {
    if json {
        output::event(&json!({"event": "hold", "change": change, "incident": incident}));
    } else {
        output::print(sentence);
    }
    Ok(Exit::Done)
}

/// Ends with 1 if a sealed text is not what was sealed, or one is in no register.
fn list(holds: &Holds, json: bool, lang: Lang) -> Result<Exit, Failure> {
    let (listed, strays, now) = (holds.list()?, holds.strays(), now());
    for listing in &listed {
        let needs_review = listing.entry.reminders(now) > 0;
        if json {
            output::event(&event(listing, needs_review));
        } else {
            output::print(&say::listing(listing, needs_review, lang));
        }
    }
    for incident in &strays {
        told(json, "stray", incident, &say::stray(incident, lang))?;
    }
    if listed.is_empty() && strays.is_empty() && !json {
        output::print(say::none(lang));
    }
    let sound = listed.iter().all(|listing| matches!(listing.seal, Seal::Sound | Seal::Deleted));
    Ok(if sound && strays.is_empty() { Exit::Done } else { Exit::Failed })
}

fn event(listing: &Listing, needs_review: bool) -> Value {
    let seal = match listing.seal {
        Seal::Sound => "sound",
        Seal::Changed => "changed",
        Seal::Missing => "missing",
        Seal::Deleted => "deleted",
    };
    json!({
        "event": "hold", "change": "listed", "entry": listing.entry, "seal": seal,
        "review_due": listing.entry.review_due(), "needs_review": needs_review,
    })
}

impl Options {
    fn incident(&self) -> Result<Incident, Failure> {
        let id = self.incident.clone().ok_or(Failure::Missing("ID"))?;
        Ok(Incident::try_from(id).map_err(HoldFailure::Rule)?)
    }

    fn act(&self, at: Moment) -> Result<Act, Failure> {
        let rule = |why: HoldError| HoldFailure::Rule(why);
        let ip = self.ip.as_deref().map(str::parse::<Network>).transpose().map_err(rule)?;
        let from = self.from.as_deref().map(|from| time_of(from, false)).transpose().map_err(rule)?;
        let until = self.until.as_deref().map(|until| time_of(until, true)).transpose().map_err(rule)?;
        let reason = self.reason.as_deref().ok_or(Failure::Missing("--reason"))?;
        let person = self.person.as_deref().ok_or(Failure::Missing("--person"))?;
        Ok(Act {
            incident: self.incident()?,
            reason: words("reason", reason).map_err(rule)?,
            person: words("person", person).map_err(rule)?,
            rule: Rule::new(ip, from, until).map_err(rule)?,
            at,
        })
    }
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options::default();
    while let Some(next) = arguments.next()? {
        match &next {
            Next::Word(word) if options.action.is_none() => options.action = Some(word.clone()),
            Next::Word(word) if options.incident.is_none() => options.incident = Some(word.clone()),
            Next::Word(_) => return Err(next.unexpected()),
            Next::Option(option) => match option.as_str() {
                "--incident" => options.incident = Some(arguments.text()?),
                "--reason" => options.reason = Some(arguments.text()?),
                "--person" => options.person = Some(arguments.text()?),
                "--ip" => options.ip = Some(arguments.text()?),
                "--from" => options.from = Some(arguments.text()?),
                "--until" => options.until = Some(arguments.text()?),
                "--access-log" => options.folder = Some(arguments.path()?),
                "--json" => options.json = true,
                _ => return Err(next.unexpected()),
            },
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: [&str; 6] = ["start", "--incident", "inc-1", "--reason", "flood", "--person"];

    fn act(more: &[&str]) -> Result<Act, Failure> {
        let words: Vec<&str> = WHO.iter().chain(&["Ada Example"]).chain(more).copied().collect();
        parse(Arguments::of(&words))?.act(Moment::from_unix(0))
    }

    #[test]
    fn a_hold_needs_its_incident_its_reason_its_person_and_a_rule() {
        assert_eq!(act(&["--ip", "192.0.2.0/24", "--from", "2026-11-23"]).unwrap().person, "Ada Example");
        assert!(matches!(act(&[]), Err(Failure::Hold(_))), "no rule");
        for cut in [1, 3, 5] {
            let without = parse(Arguments::of(&WHO[..cut])).unwrap().act(Moment::from_unix(0));
            assert!(matches!(without, Err(Failure::Missing(_))), "{cut}");
        }
    }

    #[test]
    fn what_is_no_rule_is_a_bad_argument() {
        for odd in [["--ip", "everybody"], ["--from", "yesterday"], ["--incident", "../up"], ["--reason", ""]] {
            let refused = act(&["--until", "2026-11-23", odd[0], odd[1]]).unwrap_err();
            assert_eq!(refused.exit(), Exit::BadArguments, "{odd:?}");
        }
    }
}
