//! A host's log as one text to hand on. It reads only, also while a server writes, and one line at a time: after a flood a log is large.

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use runde_privacy::access_log::{DayFile, ExportFormat, Fate, Line, MAX_LINE, Retention};
use runde_privacy::stamp::Moment;

use super::book::is_plain;

/// Writes every line whose time is not over, the oldest day first; says how many. A day that is overdue at `now` is left out, also
/// where nobody has deleted it yet.
///
/// # Errors
/// The folder or a day's file cannot be read, or `out` cannot be written.
pub fn export(log: &Path, format: ExportFormat, now: Moment, out: &mut impl Write) -> io::Result<u64> {
    let mut days = Vec::new();
    for entry in fs::read_dir(log)? {
        let entry = entry?;
        let day = DayFile::named(&entry.file_name().to_string_lossy()).filter(|_| is_plain(&entry.path()));
        days.extend(day.filter(|day| day.fate(now, Retention::CEILING) != Fate::Overdue));
    }
    days.sort_unstable();
    out.write_all(format.head().as_bytes())?;
    let (mut count, mut written) = (0, Ok(()));
    for day in days {
        each_line(&log.join(day.name()), |line| {
            written = out.write_all(format.line(&line).as_bytes());
            count += u64::from(written.is_ok());
            written.is_ok()
        })?;
        std::mem::replace(&mut written, Ok(()))?;
    }
    out.flush()?;
    Ok(count)
}

/// Whole lines of a file that are lines of ours, until `go_on` says no. What is none is passed over.
pub(super) fn each_line(path: &Path, mut go_on: impl FnMut(Line) -> bool) -> io::Result<()> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut bytes = Vec::with_capacity(MAX_LINE + 1);
    loop {
        bytes.clear();
        let read = reader.by_ref().take(MAX_LINE as u64 + 1).read_until(b'\n', &mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        let whole = bytes.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
        if let Some(line) = whole.and_then(|text| text.parse().ok())
            && !go_on(line)
        {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(time: &str, last: u8) -> String {
        format!("{time} 184320 \"Chromium 130\" \"Linux\" 192.0.2.{last}\n")
    }

    fn at(time: &str) -> Moment {
        Moment::try_from(time.to_owned()).unwrap()
    }

    /// Two days, one of them in files of two promises, with what is no line of ours between them.
    fn a_log() -> tempfile::TempDir {
        let log = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(log.path().join(name), text).unwrap();
        write("access-2026-11-24-56d.log", line("2026-11-24T08:00:00Z", 3));
        write(
            "access-2026-11-23-56d.log",
            line("2026-11-23T08:00:00Z", 2) + "Anna was here\n" + &"x".repeat(900) + "\n",
        );
        write("access-2026-11-23-1d.log", line("2026-11-23T09:00:00Z", 1));
        write("notes.txt", line("2026-11-23T09:00:00Z", 9));
        fs::create_dir(log.path().join("holds")).unwrap();
        write("holds/flood.hold", line("2026-11-23T09:00:00Z", 8));
        log
    }

    fn exported(log: &Path, format: ExportFormat, now: &str) -> (u64, String) {
        let mut out = Vec::new();
        let count = export(log, format, at(now), &mut out).unwrap();
        (count, String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_line_leaves_once_the_oldest_day_first_and_nothing_else_does() {
        let log = a_log();
        let (count, text) = exported(log.path(), ExportFormat::JsonLines, "2026-11-23T12:00:00Z");
        let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let last = |line: &serde_json::Value| line["ip"].as_str().unwrap().to_owned();
        assert_eq!(
            (count, lines.iter().map(last).collect::<Vec<_>>()),
            (3, ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map(String::from).to_vec())
        );
        assert!(lines.iter().all(|line| line.as_object().unwrap().len() == 5), "{text}");
        let (count, text) = exported(log.path(), ExportFormat::Csv, "2026-11-23T12:00:00Z");
        assert_eq!((count, text.lines().count()), (3, 4));
        assert!(text.lines().all(|line| line.split(',').count() == 5) && !text.contains("Anna"), "{text}");
    }

    #[test]
    fn what_is_overdue_leaves_no_more_and_exporting_deletes_nothing() {
        let log = a_log();
        let (count, text) = exported(log.path(), ExportFormat::Csv, "2026-11-24T12:00:00Z");
        assert!(count == 2 && !text.contains("192.0.2.1\n"), "{text}");
        assert_eq!(exported(log.path(), ExportFormat::JsonLines, "2027-11-24T12:00:00Z"), (0, String::new()));
        assert_eq!(fs::read_dir(log.path()).unwrap().count(), 5, "deleting is the purge's");
    }
}
