//! `notice`: the text that applies somewhere, its hash as the last line; what changed in it; every version that was noted.
//! Only `--fetch` opens a socket, and only once the warning about the unknown operator was noted.

use std::path::PathBuf;

use runde_client::{Contacts, RoomLink, Seen};
use runde_privacy::{Lang, Notice, Shelf, Target};
use runde_profile::{Places, Policy, inspect, known_notices};

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure, NoticeFailure};
use crate::messages::{Message, contacts as told, message, notices as words, system_language};
use crate::operator::{self, Named};
use crate::output;
use crate::permit::{self, acknowledge, open_profile, target_of};
use crate::rights::paper::OwnFile;

mod changes;
mod noted;

#[derive(Default)]
struct Options {
    place: Option<String>,
    operator: Option<PathBuf>,
    lang: Option<Lang>,
    ack: Option<String>,
    fetch: bool,
    /// Where to write whom `fetch` contacted.
    contacts: Option<PathBuf>,
    noted: bool,
    changes: bool,
    json: bool,
}

/// A notice, whom it is noted for, and how both were named.
struct Asked {
    notice: Notice,
    target: Target,
    place: String,
    operator: Option<Named>,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = parse(arguments)?;
    if options.noted {
        return noted::run(options.place.as_deref(), options.json, options.lang.unwrap_or_else(system_language));
    }
    let asked = asked(&options)?;
    let noted_in = options.ack.as_deref().and_then(|ack| asked.notice.language_of(ack));
    let lang = options.lang.or(noted_in).unwrap_or_else(system_language);
    let earlier = changes::earlier(&asked.notice, &asked.target, lang)?;
    // Apart from the notice, whose hash covers what is printed.
    if let Some(said) = foreword(&asked.target, lang)? {
        output::complain(&said);
    }
    if options.changes {
        changes::show(earlier.as_deref(), &asked.notice, options.json, lang);
    } else {
        output::print(&format!("{}sha256: {}", asked.notice.text(lang), asked.notice.sha256(lang)));
        if earlier.is_some() {
            output::complain(&words::changed(&asked.place, lang));
        }
    }
    if let Some(ack) = &options.ack {
        note(&asked, ack, noted_in.is_some())?;
        output::complain(message(Message::Recorded, lang));
    }
    Ok(Exit::Done)
}

/// What the organisation that manages this computer says about a server of its own.
fn foreword(target: &Target, lang: Lang) -> Result<Option<String>, Failure> {
    let policy = Policy::read(&Places::of_user()?.policy)?;
    let organisation = policy.organisation().unwrap_or_default();
    let said = policy.foreword(target);
    Ok(said.map(|foreword| words::foreword(organisation, foreword.text(lang), foreword.contact(), lang)))
}

fn note(asked: &Asked, ack: &str, is_its_hash: bool) -> Result<(), Failure> {
    if !is_its_hash {
        let (notice, place) = (Box::new(asked.notice.clone()), asked.place.clone());
        return Err(Failure::NotNoted { notice, place, wrong_hash: true });
    }
    let mut profile = open_profile(None)?;
    profile.consider(asked.notice.document());
    acknowledge(&mut profile, &asked.target, ack, &asked.place)?;
    drop(profile);
    asked.operator.as_ref().map_or(Ok(()), |named| named.keep(None))
}

fn asked(options: &Options) -> Result<Asked, Failure> {
    if let Some(source) = &options.operator {
        let named = operator::named(source, None)?;
        let notice = named.notice();
        let (target, place) = (Target::own_room_with(&notice), named.place.clone());
        return Ok(Asked { notice, target, place, operator: Some(named) });
    }
    let place = options.place.clone().ok_or(Failure::Missing("HOST|LINK"))?;
    let target = target_of(&place)?;
    if options.fetch {
        return fetched(place, target, options);
    }
    let notice = Notice::known(&target, &known_notices(&Places::of_user()?)?);
    Ok(Asked { notice, target, place, operator: None })
}

/// The second stage: what the server says about itself.
fn fetched(place: String, target: Target, options: &Options) -> Result<Asked, Failure> {
    let link = link_of(&place)?;
    let contacts = Contacts::default();
    let file = options.contacts.as_deref().map(OwnFile::new).transpose()?;
    let found = permit::second_stage(&link, &target, &place, &contacts);
    tell(&contacts.seen(), file, options.lang)?;
    let Some(document) = found? else {
        return Err(NoticeFailure::NoNoticeThere { host: target.host().to_owned() }.into());
    };
    let target = target.with_notice(&document.id());
    Ok(Asked { notice: Notice::stated(document), target, place, operator: None })
}

/// Who was asked for it, also where that led to nothing. Apart from the notice, whose hash covers what is printed.
fn tell(seen: &Seen, file: Option<OwnFile>, lang: Option<Lang>) -> Result<(), Failure> {
    if let Some(file) = file {
        file.fill(format!("{:#}\n", seen.to_json()).as_bytes())?;
    }
    // Nobody was: then the sentence about the notice that is missing says so.
    if !seen.contacts.is_empty() {
        let lang = lang.unwrap_or_else(system_language);
        told::lines(seen, lang).iter().for_each(|line| output::complain(line));
    }
    Ok(())
}

/// The link of a place that may be a bare host; which room it names is never sent.
fn link_of(place: &str) -> Result<RoomLink, Failure> {
    let whole = if place.contains(['/', '#']) { place.to_owned() } else { format!("https://{place}/notice") };
    RoomLink::parse(&whole, permit::DEFAULT_SERVER).map_err(Failure::Link)
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options::default();
    while let Some(next) = arguments.next()? {
        let option = match next {
            Next::Word(word) if options.place.is_none() => {
                options.place = Some(word);
                continue;
            }
            Next::Word(_) => return Err(next.unexpected()),
            Next::Option(option) => option,
        };
        match option.as_str() {
            "--lang" => options.lang = Some(Lang::parse(&arguments.text()?)?),
            "--ack" => options.ack = Some(arguments.text()?),
            "--operator" => options.operator = Some(arguments.path()?),
            "--fetch" => options.fetch = true,
            "--contacts" => options.contacts = Some(arguments.path()?),
            "--noted" => options.noted = true,
            "--changes" => options.changes = true,
            "--json" => options.json = true,
            _ => return Err(Next::Option(option).unexpected()),
        }
    }
    Ok(options)
}

/// The records of this profile with the texts they name; nothing where nothing was recorded.
fn records() -> Result<(Vec<(u64, runde_privacy::Acknowledgement)>, Shelf), Failure> {
    let Some(seen) = inspect(&Places::of_user()?)? else { return Ok((Vec::new(), Shelf::default())) };
    let receipts = seen.acknowledgements.receipts().into_iter();
    let records = receipts.filter_map(|receipt| Some((receipt.monotonic_seq, receipt.record?.clone())));
    Ok((records.collect(), seen.shelf))
}
