//! What a host sees of their own log: which days there are, and the newest lines. It reads only, also while a server writes.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

use runde_privacy::access_log::{DayFile, Line, MAX_LINE};

/// A log at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    /// Each day's file with its bytes, the newest first.
    pub days: Vec<(DayFile, u64)>,
    /// The newest first.
    pub newest: Vec<Line>,
    /// There are lines beyond `newest`.
    pub more: bool,
}

/// Days, and at most `most` lines; empty where there was never a log.
///
/// # Errors
/// The folder or a day's file cannot be read.
pub fn look(log: &Path, most: usize) -> io::Result<Look> {
    let mut seen = Look::default();
    let entries = match fs::read_dir(log) {
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => return Ok(seen),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let day = DayFile::named(&entry.file_name().to_string_lossy());
        if let Some(day) = day.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_file())) {
            seen.days.push((day, entry.metadata()?.len()));
        }
    }
    seen.days.sort_by_key(|(day, _)| std::cmp::Reverse(*day));
    // Lines of one day may lie in files of two promises, so a day is only done when all its files were read.
    let mut found: Vec<Line> = Vec::new();
    for (day, _) in &seen.days {
        if found.len() > most && found.last().is_some_and(|line| line.time >= next_day(*day)) {
            break;
        }
        found.extend(tail(&log.join(day.name()), most + 1)?);
        found.sort_by_key(|line| std::cmp::Reverse(line.time));
    }
    seen.more = found.len() > most;
    found.truncate(most);
    seen.newest = found;
    Ok(seen)
}

fn next_day(file: DayFile) -> runde_privacy::stamp::Moment {
    runde_privacy::stamp::Moment::from_unix(file.day.start().unix() + 24 * 60 * 60)
}

/// The last lines of a file, at most `most`; what is no line of ours is left out.
fn tail(path: &Path, most: usize) -> io::Result<Vec<Line>> {
    let mut file = File::open(path)?;
    let room = (most * (MAX_LINE + 1)) as u64;
    let start = file.metadata()?.len().saturating_sub(room);
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(room).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first one may have been cut by where reading began.
    let lines = text.lines().skip(usize::from(start > 0)).filter_map(|line| line.parse().ok());
    let lines: Vec<Line> = lines.collect();
    Ok(lines[lines.len().saturating_sub(most)..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(time: &str, last: u8) -> String {
        format!("{time} 184320 \"Chromium 130\" \"Linux\" 192.0.2.{last}\n")
    }

    #[test]
    fn days_and_newest_lines_come_newest_first_and_nothing_else_is_read() {
        let log = tempfile::tempdir().unwrap();
        assert_eq!(look(&log.path().join("none"), 5).unwrap(), Look::default());
        let write = |name: &str, text: String| fs::write(log.path().join(name), text).unwrap();
        write("access-2026-11-23-14d.log", line("2026-11-23T09:00:07Z", 1) + &line("2026-11-23T21:00:07Z", 3));
        write("access-2026-11-23-7d.log", line("2026-11-23T12:00:07Z", 2) + "half a li");
        write("access-2026-11-22-14d.log", (0..90).map(|at| line("2026-11-22T10:00:00Z", at)).collect());
        write("notes.txt", line("2026-11-24T10:00:00Z", 9));
        fs::create_dir(log.path().join("holds")).unwrap();
        let seen = look(log.path(), 3).unwrap();
        let days: Vec<String> = seen.days.iter().map(|(day, _)| day.name()).collect();
        assert_eq!(days, ["access-2026-11-23-14d.log", "access-2026-11-23-7d.log", "access-2026-11-22-14d.log"]);
        let from: Vec<String> = seen.newest.iter().map(|line| line.ip.to_string()).collect();
        assert_eq!((from, seen.more), (vec!["192.0.2.3".into(), "192.0.2.2".into(), "192.0.2.1".into()], true));
        let all = look(log.path(), 200).unwrap();
        assert_eq!((all.newest.len(), all.more), (93, false));
        assert_eq!(look(log.path(), 50).unwrap().newest.len(), 50);
    }
}
