//! `notice HOST|LINK`: the text that applies there, its hash as the last line. Opens no socket.

use runde_privacy::{Lang, Notice, Target};

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{Message, message, system_language};
use crate::output;
use crate::permit::{acknowledge, open_profile, target_of};

struct Options {
    place: String,
    target: Target,
    lang: Option<Lang>,
    ack: Option<String>,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = parse(arguments)?;
    let notice = Notice::for_target(&options.target);
    let noted_in = options.ack.as_deref().and_then(|ack| notice.language_of(ack));
    let lang = options.lang.or(noted_in).unwrap_or_else(system_language);
    output::print(&format!("{}sha256: {}", notice.text(lang), notice.sha256(lang)));
    if let Some(ack) = options.ack {
        let mut profile =
            if noted_in.is_some() { open_profile(None)? } else { return Err(wrong(notice, options.place)) };
        acknowledge(&mut profile, &options.target, &ack, &options.place)?;
        output::complain(message(Message::Recorded, lang));
    }
    Ok(Exit::Done)
}

fn wrong(notice: Notice, place: String) -> Failure {
    Failure::NotNoted { notice: Box::new(notice), place, wrong_hash: true }
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let (mut place, mut lang, mut ack) = (None, None, None);
    while let Some(next) = arguments.next()? {
        match next {
            Next::Word(word) if place.is_none() => place = Some(word),
            Next::Option(option) if option == "--lang" => lang = Some(Lang::parse(&arguments.text()?)?),
            Next::Option(option) if option == "--ack" => ack = Some(arguments.text()?),
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    let place = place.ok_or(Failure::Missing("HOST|LINK"))?;
    Ok(Options { target: target_of(&place)?, place, lang, ack })
}
