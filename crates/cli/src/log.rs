//! `log export [FILE]`: the access log of rooms opened here as one file, with its five fields and no other. Reads only.

use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use runde_privacy::access_log::ExportFormat;
use runde_profile::{Places, now};
use runde_server::{HoldFailure, export_log};

use crate::arguments::{Arguments, Next};
use crate::exit::{Exit, Failure};
use crate::messages::{holds as say, system_language};
use crate::output;
use crate::rights::paper::OwnFile;
use crate::serve::log_folder;

struct Options {
    /// Standard output where nobody named one.
    file: Option<PathBuf>,
    folder: Option<PathBuf>,
    format: ExportFormat,
}

pub fn run(mut arguments: Arguments) -> Result<Exit, Failure> {
    match arguments.next()? {
        Some(Next::Word(word)) if word == "export" => {}
        Some(Next::Word(value)) => return Err(Failure::Value { option: "log", value, expected: "export" }),
        Some(other @ Next::Option(_)) => return Err(other.unexpected()),
        None => return Err(Failure::Missing("export")),
    }
    let options = parse(arguments)?;
    let folder = options.folder.map_or_else(|| Places::of_user().map(|places| log_folder(&places)), Ok)?;
    if !folder.is_dir() {
        return Err(HoldFailure::NoLog(folder).into());
    }
    let unreadable = |source| Failure::File { path: folder.clone(), source };
    let count = match &options.file {
        Some(file) => OwnFile::new(file)?.fill_with(|out| export_log(&folder, options.format, now(), out))?,
        None => {
            let mut out = BufWriter::new(std::io::stdout().lock());
            let count = export_log(&folder, options.format, now(), &mut out).map_err(unreadable)?;
            out.flush().map_err(|source| Failure::File { path: Path::new("-").to_owned(), source })?;
            count
        }
    };
    output::complain(&say::exported(count, system_language()));
    Ok(Exit::Done)
}

fn parse(mut arguments: Arguments) -> Result<Options, Failure> {
    let mut options = Options { file: None, folder: None, format: ExportFormat::JsonLines };
    let mut said = false;
    while let Some(next) = arguments.next()? {
        match next {
            Next::Word(word) if !said => {
                said = true;
                options.file = Some(PathBuf::from(word)).filter(|file| file.as_os_str() != "-");
            }
            Next::Option(option) if option == "--format" => options.format = format_of(arguments.text()?)?,
            Next::Option(option) if option == "--access-log" => options.folder = Some(arguments.path()?),
            other @ (Next::Word(_) | Next::Option(_)) => return Err(other.unexpected()),
        }
    }
    Ok(options)
}

fn format_of(value: String) -> Result<ExportFormat, Failure> {
    match value.as_str() {
        "json-lines" => Ok(ExportFormat::JsonLines),
        "csv" => Ok(ExportFormat::Csv),
        _ => Err(Failure::Value { option: "--format", value, expected: "json-lines or csv" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_leaves_as_lines_of_json_unless_a_table_is_asked_for() {
        let options = parse(Arguments::of(&["log.csv", "--format", "csv"])).unwrap();
        assert_eq!((options.format, options.file), (ExportFormat::Csv, Some("log.csv".into())));
        let options = parse(Arguments::of(&["-", "--access-log", "logs"])).unwrap();
        assert_eq!(
            (options.format, options.file, options.folder),
            (ExportFormat::JsonLines, None, Some("logs".into()))
        );
        assert!(parse(Arguments::of(&["one", "two"])).is_err() && parse(Arguments::of(&["--format", "xml"])).is_err());
    }
}
