//! `policy [--explain] [--file FILE]`: what whoever manages this computer fixed, and where each value comes from. It changes nothing.

use std::path::PathBuf;

use runde_profile::{Explained, Origin, Places, Policy, explain};
use serde_json::json;

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{policy as say, system_language};
use crate::output;

#[derive(Default)]
struct Options {
    file: Option<PathBuf>,
    explain: bool,
    json: bool,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = options(arguments)?;
    let places = Places::of_user()?;
    let places = options.file.map_or(places.clone(), |file| places.under(file));
    let policy = Policy::read(&places.policy)?;
    let lang = system_language();
    if options.json {
        output::event(&json!({
            "event": "policy", "file": places.policy, "present": policy.is_present(),
            "organisation": policy.organisation(), "locks": policy.locks(),
        }));
    } else {
        output::print(&say::found(&places.policy, &policy, lang));
    }
    if options.explain {
        for line in explain(&places, &policy)? {
            show(&line, options.json);
        }
    }
    Ok(Exit::Done)
}

fn options(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options::default();
    while let Some(next) = arguments.next()? {
        match next {
            Next::Option(option) if option == "--explain" => options.explain = true,
            Next::Option(option) if option == "--json" => options.json = true,
            Next::Option(option) if option == "--file" => options.file = Some(arguments.path()?),
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

fn show(line: &Explained, json: bool) {
    let Explained { key, value, origin } = line;
    if json {
        return output::event(&json!({"event": "value", "key": key, "value": value, "from": origin.word()}));
    }
    let value = match (value.as_str(), origin) {
        ("", Origin::Off | Origin::User) => String::new(),
        ("", _) => " -".to_owned(),
        (value, _) => format!(" {value}"),
    };
    output::print(&format!("{key}:{value} ({})", say::origin(*origin, system_language())));
}
