//! `pack`: papers for the officer of data protection, from the settings with which rooms are opened.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use runde_print::pdf_of_text;
use runde_privacy::Lang;
use runde_privacy::pack::{House, Protection, Setup, Sheet};

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{packs as words, system_language};
use crate::operator;
use crate::output;
use crate::rights::paper::write_new;

const SHEETS: &str = "record, measures, pre-check, mapping or notice";
const HOUSES: &str = "school, public-office or works-council";

struct Options {
    operator: Option<PathBuf>,
    listen: IpAddr,
    public: bool,
    protection: Protection,
    house: Option<House>,
    sheets: Vec<Sheet>,
    out: Option<PathBuf>,
    pdf: bool,
    lang: Lang,
}

pub fn run(arguments: Arguments) -> Result<Exit, Failure> {
    let options = parse(arguments)?;
    let source = options.operator.as_deref().unwrap_or(Path::new("profile"));
    let operator = operator::named(source, None)?.operator;
    let (protection, listen, public) = (options.protection, options.listen, options.public);
    let setup = Setup { operator, protection, listen, public };
    for sheet in &options.sheets {
        let text = sheet.text(&setup, options.lang);
        match &options.out {
            Some(folder) => write(folder, *sheet, &text, &options)?,
            None => output::print(&format!("{text}\n")),
        }
    }
    let stricter = options.house.map(|house| house.objections(&setup)).unwrap_or_default();
    for objection in &stricter {
        output::complain(words::stricter(*objection, options.lang));
    }
    Ok(if stricter.is_empty() { Exit::Done } else { Exit::Failed })
}

fn write(folder: &Path, sheet: Sheet, text: &str, options: &Options) -> Result<(), Failure> {
    let file = |ending: &str| folder.join(format!("{}.{}.{ending}", sheet.id(), options.lang.tag()));
    if options.pdf {
        return write_new(&file("pdf"), &pdf_of_text(text, options.lang)?);
    }
    write_new(&file("md"), text.as_bytes())
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options {
        operator: None,
        listen: IpAddr::V4(Ipv4Addr::LOCALHOST),
        public: false,
        protection: Protection::SelfSigned,
        house: None,
        sheets: Vec::new(),
        out: None,
        pdf: false,
        lang: system_language(),
    };
    while let Some(next) = arguments.next()? {
        let Next::Option(option) = &next else { return Err(next.unexpected()) };
        match option.as_str() {
            "--operator" => options.operator = Some(arguments.path()?),
            "--listen" => {
                let address: SocketAddr = arguments.parsed("--listen", "ADDRESS:PORT, such as 127.0.0.1:8443")?;
                options.listen = address.ip();
            }
            "--public-url" => options.public = !arguments.text()?.is_empty(),
            "--tls" => options.protection = protection(&arguments.text()?),
            "--house" => options.house = Some(house(arguments.text()?)?),
            "--part" => options.sheets.push(sheet(arguments.text()?)?),
            "--out" => options.out = Some(arguments.path()?),
            "--pdf" => options.pdf = true,
            "--lang" => options.lang = Lang::parse(&arguments.text()?)?,
            _ => return Err(next.unexpected()),
        }
    }
    if options.pdf && options.out.is_none() {
        return Err(Failure::Missing("--out DIR"));
    }
    if options.sheets.is_empty() {
        options.sheets = Sheet::ALL.into();
    }
    Ok(options)
}

/// As `serve` reads it; whether the files are a certificate is not looked at here.
fn protection(value: &str) -> Protection {
    match value {
        "self-signed" => Protection::SelfSigned,
        "off" => Protection::Plain,
        _ => Protection::Certificate,
    }
}

fn sheet(value: String) -> Result<Sheet, Failure> {
    let found = Sheet::ALL.into_iter().find(|sheet| sheet.id() == value);
    found.ok_or(Failure::Value { option: "--part", value, expected: SHEETS })
}

fn house(value: String) -> Result<House, Failure> {
    let found = House::ALL.into_iter().find(|house| house.id() == value);
    found.ok_or(Failure::Value { option: "--house", value, expected: HOUSES })
}
