//! `rights`: what a person may ask of this device, and the letters with which they ask others.

use std::path::{Path, PathBuf};

use runde_privacy::{Lang, Method, Target};
use runde_profile::{Archive, Item};

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{rights as words, system_language};
use crate::output;
use crate::permit::{open_profile, target_of};

mod letter;
mod own;
pub mod paper;
mod show;

const ACTIONS: &str = "show, export FILE, import FILE, edit FIELD VALUE, erase ITEM, consents, grant PURPOSE, withdraw PURPOSE, object HOST, lift HOST or letter ARTICLE";

pub fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    let action = match arguments.next()? {
        Some(Next::Word(word)) => word,
        Some(other @ Next::Option(_)) => return Err(other.unexpected()),
        None => return Err(Failure::Missing(ACTIONS)),
    };
    match action.as_str() {
        "show" => show::run(arguments),
        "letter" => letter::run(arguments),
        "export" => with_word(arguments, "FILE", export),
        "import" => with_word(arguments, "FILE", import),
        "erase" => with_word(arguments, "ITEM", erase),
        "edit" => own::edit(arguments),
        "consents" => own::consents(arguments),
        "grant" => with_word(arguments, "PURPOSE", |purpose, lang| own::decide(purpose, true, lang)),
        "withdraw" => with_word(arguments, "PURPOSE", |purpose, lang| own::decide(purpose, false, lang)),
        "object" => with_word(arguments, "HOST", |host, lang| object(host, lang, true)),
        "lift" => with_word(arguments, "HOST", |host, lang| object(host, lang, false)),
        _ => Err(Failure::Value { option: "rights", value: action, expected: ACTIONS }),
    }
}

/// One word, and perhaps the language in which to answer.
fn with_word(
    mut arguments: Arguments,
    missing: &'static str,
    act: impl FnOnce(String, Lang) -> Result<(), Failure>,
) -> Result<Exit, Failure> {
    let (mut word, mut lang) = (None, system_language());
    while let Some(next) = arguments.next()? {
        match next {
            Next::Word(given) if word.is_none() => word = Some(given),
            Next::Option(option) if option == "--lang" => lang = Lang::parse(&arguments.text()?)?,
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    act(word.ok_or(Failure::Missing(missing))?, lang)?;
    Ok(Exit::Done)
}

fn export(file: String, lang: Lang) -> Result<(), Failure> {
    let text = open_profile(None)?.archive().to_json();
    if file == "-" {
        output::print(&text);
        return Ok(());
    }
    paper::write_new(Path::new(&file), text.as_bytes())?;
    output::complain(words::exported(lang));
    Ok(())
}

fn import(file: String, lang: Lang) -> Result<(), Failure> {
    let archive = Archive::read(&paper::read(&PathBuf::from(file))?)?;
    open_profile(None)?.import(archive)?;
    output::complain(words::imported(lang));
    Ok(())
}

fn erase(item: String, lang: Lang) -> Result<(), Failure> {
    if item == "all" {
        let strangers = open_profile(None)?.erase_all()?;
        output::complain(&words::erased_all(&strangers, lang));
        return Ok(());
    }
    let expected = "all, display-name, settings, recent-rooms, operator, reminders, autostart, links, damaged, acknowledgements[/LINE] or consents[/LINE]";
    let parsed = Item::parse(&item).ok_or(Failure::Value { option: "erase", value: item, expected })?;
    let erased = open_profile(None)?.erase(parsed)?;
    output::complain(&words::erased(&erased, lang));
    Ok(())
}

fn object(host: String, lang: Lang, objects: bool) -> Result<(), Failure> {
    let target = target_of(&host)?;
    if target == Target::own_room() {
        return Err(Failure::Value { option: "HOST", value: host, expected: "the server of somebody else" });
    }
    let mut profile = open_profile(None)?;
    let in_force = profile.gate().objection(&target).is_some();
    let said = match (objects, in_force) {
        (true, false) => {
            profile.object(&target, lang, Method::CliFlag)?;
            words::objected(target.host(), lang)
        }
        (false, true) => {
            profile.lift(&target, lang, Method::CliFlag)?;
            words::lifted(target.host(), lang)
        }
        (true, true) => words::objected_before(target.host(), lang),
        (false, false) => words::nothing_to_lift(target.host(), lang),
    };
    output::complain(&said);
    Ok(())
}
