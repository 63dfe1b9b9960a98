//! `rights letter ARTICLE --to HOST`: a letter as text, or as PDF. Names and addresses come from files and
//! are kept nowhere; no socket is opened.

use std::path::PathBuf;

use runde_privacy::letter::authority::Authority;
use runde_privacy::letter::day::Day;
use runde_privacy::letter::{Article, Letter, Request};
use runde_privacy::{Lang, Notice};
use runde_profile::{Places, inspect, now};

use super::paper;
use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{rights as words, system_language};
use crate::output;
use crate::permit::target_of;

#[derive(Default)]
struct Options {
    article: Option<Article>,
    to: Option<String>,
    lang: Option<Lang>,
    from: Option<PathBuf>,
    address: Option<PathBuf>,
    details: Option<PathBuf>,
    authority: Option<Authority>,
    date: Option<Day>,
    pdf: Option<PathBuf>,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = parse(arguments)?;
    let lang = options.lang.unwrap_or_else(system_language);
    let request = request(&options, lang)?;
    let letter = Letter::write(&request);
    match &options.pdf {
        Some(file) => paper::write_new(file, &runde_print::pdf(&letter)?)?,
        None => output::print(&letter.text()),
    }
    output::complain(&words::reminder(request.article, letter.remind_on, lang));
    Ok(Exit::Done)
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options::default();
    while let Some(next) = arguments.next()? {
        let option = match next {
            Next::Word(word) if options.article.is_none() => {
                options.article = Some(article(word)?);
                continue;
            }
            Next::Word(_) => return Err(next.unexpected()),
            Next::Option(option) => option,
        };
        match option.as_str() {
            "--to" => options.to = Some(arguments.text()?),
            "--lang" => options.lang = Some(Lang::parse(&arguments.text()?)?),
            "--from" => options.from = Some(arguments.path()?),
            "--address" => options.address = Some(arguments.path()?),
            "--details" => options.details = Some(arguments.path()?),
            "--authority" => options.authority = Some(authority(arguments.text()?)?),
            "--date" => options.date = Some(day(arguments.text()?)?),
            "--pdf" => options.pdf = Some(arguments.path()?),
            _ => return Err(Next::Option(option).unexpected()),
        }
    }
    Ok(options)
}

fn article(value: String) -> Result<Article, Failure> {
    let expected = "7(3), 15, 16, 17, 18, 20, 21 or 77";
    Article::parse(&value).ok_or(Failure::Value { option: "letter", value, expected })
}

fn authority(value: String) -> Result<Authority, Failure> {
    let expected = "bund, bw, by, be, bb, hb, hh, he, mv, ni, nw, rp, sl, sn, st, sh or th";
    Authority::find(&value).ok_or(Failure::Value { option: "--authority", value, expected })
}

fn day(value: String) -> Result<Day, Failure> {
    Day::parse(&value).ok_or(Failure::Value { option: "--date", value, expected: "a date such as 2026-11-24" })
}

fn request(options: &Options, lang: Lang) -> Result<Request, Failure> {
    let article = options.article.ok_or(Failure::Missing("ARTICLE"))?;
    let target = target_of(options.to.as_deref().ok_or(Failure::Missing("--to HOST"))?)?;
    let notice = Notice::for_target(&target);
    let known = match notice.postal_address() {
        Some(lines) => lines,
        None => noted_address(target.host())?,
    };
    let given = options.address.as_ref().map(|file| paper::address(file, "--address")).transpose()?;
    let service = notice.record_host(&target);
    let recipient = recipient(article, given, &known, options.authority, &service)?;
    Ok(Request {
        article,
        lang,
        sender: options.from.as_ref().map(|file| paper::address(file, "--from")).transpose()?.unwrap_or_default(),
        recipient,
        service,
        controller: known,
        details: options.details.as_deref().map(paper::details).transpose()?,
        on: options.date.unwrap_or_else(|| Day::of(now())),
    })
}

/// The address in the newest notice that was noted for this host; none where none says one.
fn noted_address(host: &str) -> Result<Vec<String>, Failure> {
    let Some(seen) = inspect(&Places::of_user()?)? else { return Ok(Vec::new()) };
    let noted = seen.acknowledgements.records().rev().filter(|record| record.host == host);
    let mut addresses = noted.filter_map(|record| Notice::of_record(record, &seen.shelf)?.postal_address());
    Ok(addresses.next().unwrap_or_default())
}

/// Nobody's address is invented: what the notice does not say, the writer must.
fn recipient(
    article: Article,
    given: Option<Vec<String>>,
    known: &[String],
    authority: Option<Authority>,
    service: &str,
) -> Result<Vec<String>, Failure> {
    match (article, authority, given) {
        (Article::Complaint, Some(authority), Some(address)) => Ok([vec![authority.name.to_owned()], address].concat()),
        (Article::Complaint, Some(authority), None) => {
            Err(Failure::NoAddress { of: authority.name.to_owned(), site: Some(authority.site) })
        }
        (Article::Complaint, None, None) => Err(Failure::Missing("--authority STATE")),
        (_, _, Some(address)) => Ok(address),
        (_, _, None) if known.is_empty() => Err(Failure::NoAddress { of: service.to_owned(), site: None }),
        (_, _, None) => Ok(known.to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(article: Article, given: bool, known: bool, authority: Option<&str>) -> Result<Vec<String>, Failure> {
        let known = if known { vec!["8×8, Inc.".to_owned()] } else { Vec::new() };
        let given = given.then(|| vec!["Weg 1".to_owned()]);
        recipient(article, given, &known, authority.and_then(Authority::find), "h.example")
    }

    #[test]
    fn a_letter_goes_to_the_address_of_the_notice_or_to_the_given_one() {
        assert_eq!(to(Article::Access, false, true, None).unwrap(), ["8×8, Inc."]);
        assert_eq!(to(Article::Access, true, true, None).unwrap(), ["Weg 1"]);
        assert!(matches!(to(Article::Access, false, false, None), Err(Failure::NoAddress { site: None, .. })));
    }

    #[test]
    fn a_complaint_goes_to_an_authority_and_never_to_the_controller() {
        assert!(matches!(to(Article::Complaint, false, true, None), Err(Failure::Missing(_))));
        assert!(matches!(to(Article::Complaint, false, true, Some("he")), Err(Failure::NoAddress { .. })));
        let lines = to(Article::Complaint, true, true, Some("he")).unwrap();
        assert!(lines[0].starts_with("Hessisch") && lines[1] == "Weg 1");
    }
}
