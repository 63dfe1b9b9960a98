//! The folder of an access log: append a line, delete a day. Files are for their owner only.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use runde_privacy::access_log::{Day, DayFile, Fate, Line, MAX_LINE, Retention};
use runde_privacy::stamp::Moment;

/// The folder of sealed copies, beside the days.
pub(super) const HOLDS: &str = "holds";
/// Odd names that are told at most; the first few say what there is to see.
const NAMED: usize = 8;

/// An open folder.
#[derive(Debug)]
pub(super) struct Book {
    folder: PathBuf,
    retention: Retention,
    /// Held as long as the book: two servers would cut each other's lines.
    _lock: File,
}

/// What deleting met.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Days that are gone now.
    pub deleted: usize,
    /// Days that the clock says have not come yet: kept.
    pub not_yet: Vec<String>,
    /// Things that are no files of ours: left alone. At most eight names.
    pub odd: Vec<String>,
    /// Overdue, and still there.
    pub stuck: Vec<(PathBuf, String)>,
}

impl Book {
    pub(super) fn open(folder: &Path, retention: Retention) -> io::Result<Self> {
        private_folder(folder)?;
        let lock = File::open(folder)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::ResourceBusy, "another server writes its log there"));
            }
            // Not every system locks folders; then it is up to the host.
            Err(fs::TryLockError::Error(_)) => {}
        }
        Ok(Self { folder: folder.to_owned(), retention, _lock: lock })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn purge(&self, now: Moment) -> io::Result<Purged> {
        purge(&self.folder, now, self.retention)
    }

    /// Appends each line to the file of its day.
    pub(super) fn append(&self, lines: &[Line]) -> Result<(), (PathBuf, io::Error)> {
        for same_day in lines.chunk_by(|one, next| Day::of(one.time) == Day::of(next.time)) {
            let Some(first) = same_day.first() else { continue };
            let file = DayFile { day: Day::of(first.time), kept: self.retention };
            let path = self.folder.join(file.name());
            let text: String = same_day.iter().map(|line| format!("{line}\n")).collect();
            append(&path, text.as_bytes()).map_err(|source| (path, source))?;
        }
        Ok(())
    }
}

/// Deletes every day in `folder` whose time is over: the time its name promises, or `retention` if that is shorter.
/// Nothing else is touched.
///
/// # Errors
/// The folder cannot be read.
pub fn purge(folder: &Path, now: Moment, retention: Retention) -> io::Result<Purged> {
    let mut purged = Purged::default();
    let mut names: Vec<_> = fs::read_dir(folder)?.collect::<Result<_, _>>()?;
    names.sort_by_key(fs::DirEntry::file_name);
    for entry in names {
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        let plain = entry.file_type()?.is_file();
        match DayFile::named(&name).filter(|_| plain).map(|file| file.fate(now, retention)) {
            Some(Fate::Kept) => {}
            Some(Fate::NotYet) => purged.not_yet.push(name),
            Some(Fate::Overdue) => match fs::remove_file(&path) {
                Ok(()) => purged.deleted += 1,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => purged.stuck.push((path, error.to_string())),
            },
            None if name == HOLDS => {}
            None if purged.odd.len() < NAMED => purged.odd.push(name),
            None => {}
        }
    }
    Ok(purged)
}

/// Makes a folder that only its owner can enter; one that strangers can write to is refused.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path)?.permissions()) & 0o002 != 0 {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "everybody on this computer can write to it"));
    }
    Ok(())
}

/// Readable by the owner alone, from the moment the file exists.
pub(super) fn private(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, mode);
    let _ = mode;
    options
}

/// The file of a day, if it is one and not a link that leads elsewhere.
pub(super) fn is_plain(path: &Path) -> bool {
    fs::symlink_metadata(path).map_or(true, |found| found.is_file())
}

/// Whole lines or nothing: what cannot be written to its end is taken back.
fn append(path: &Path, text: &[u8]) -> io::Result<()> {
    if !is_plain(path) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a plain file"));
    }
    let mut file = private(OpenOptions::new().read(true).append(true).create(true), 0o600).open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    let before = end_of_lines(&mut file)?;
    file.set_len(before)?;
    let written = file.write_all(text);
    if written.is_err() {
        let _ = file.set_len(before);
    }
    written
}

/// Where the last whole line ends. A program that was killed while writing may have left a part of one.
fn end_of_lines(file: &mut File) -> io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    let start = length.saturating_sub(MAX_LINE as u64 + 1);
    file.seek(SeekFrom::Start(start))?;
    let mut tail = Vec::with_capacity(MAX_LINE + 1);
    file.take(MAX_LINE as u64 + 1).read_to_end(&mut tail)?;
    let last = tail.iter().rposition(|byte| *byte == b'\n');
    Ok(last.map_or(start, |at| start + at as u64 + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;
    /// 2026-11-23T09:00:00Z.
    const NOW: i64 = 1_795_424_400;

    fn at(seconds: i64) -> Moment {
        Moment::from_unix(seconds)
    }

    fn line(seconds: i64) -> Line {
        format!("{} 1 \"Firefox 128\" \"Linux\" 192.0.2.7", at(seconds)).parse().unwrap()
    }

    fn book(folder: &Path, days: u32) -> Book {
        Book::open(folder, Retention::of_days(days).unwrap()).unwrap()
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn lines_go_to_the_file_of_their_day_which_only_the_owner_can_read() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("a/log");
        let book = book(&folder, 56);
        book.append(&[line(NOW), line(NOW + 1), line(NOW + DAY)]).unwrap();
        book.append(&[line(NOW + 2)]).unwrap();
        assert_eq!(names(&folder), ["access-2026-11-23-56d.log", "access-2026-11-24-56d.log"]);
        let text = fs::read_to_string(folder.join("access-2026-11-23-56d.log")).unwrap();
        assert_eq!(
            text.lines().map(|line| line.parse().unwrap()).collect::<Vec<Line>>(),
            [line(NOW), line(NOW + 1), line(NOW + 2)]
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&folder), mode(&folder.join("access-2026-11-23-56d.log"))), (0o700, 0o600));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_deletes_nothing_and_loses_nothing() {
        let home = tempfile::tempdir().unwrap();
        let book = book(home.path(), 56);
        book.append(&[line(NOW)]).unwrap();
        let back = NOW - 30 * DAY;
        assert_eq!(book.purge(at(back)).unwrap().not_yet, ["access-2026-11-23-56d.log"]);
        book.append(&[line(back)]).unwrap();
        book.append(&[line(NOW + 1)]).unwrap();
        assert_eq!(book.purge(at(NOW)).unwrap(), Purged::default());
        assert_eq!(names(home.path()), ["access-2026-10-24-56d.log", "access-2026-11-23-56d.log"]);
    }

    #[test]
    fn what_is_not_ours_is_left_alone_and_named() {
        let home = tempfile::tempdir().unwrap();
        let book = book(home.path(), 56);
        fs::write(home.path().join("notes.txt"), "mine").unwrap();
        fs::write(home.path().join("access-2020-01-01.log"), "another program's").unwrap();
        fs::create_dir(home.path().join("access-2020-01-02-56d.log")).unwrap();
        fs::create_dir(home.path().join(HOLDS)).unwrap();
        let purged = book.purge(at(NOW)).unwrap();
        assert_eq!(purged.odd, ["access-2020-01-01.log", "access-2020-01-02-56d.log", "notes.txt"]);
        assert_eq!((purged.deleted, names(home.path()).len()), (0, 4));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_a_day_is_neither_followed_nor_deleted() {
        let home = tempfile::tempdir().unwrap();
        let (folder, victim) = (home.path().join("log"), home.path().join("victim"));
        fs::write(&victim, "mine\n").unwrap();
        let book = book(&folder, 56);
        std::os::unix::fs::symlink(&victim, folder.join("access-2026-11-23-56d.log")).unwrap();
        assert!(book.append(&[line(NOW)]).is_err());
        assert_eq!(book.purge(at(NOW + 99 * DAY)).unwrap().odd.len(), 1);
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine\n");
    }

    #[test]
    fn the_beginning_of_a_line_that_a_crash_left_is_taken_off() {
        let home = tempfile::tempdir().unwrap();
        let book = book(home.path(), 56);
        let path = home.path().join("access-2026-11-23-56d.log");
        for torn in ["2026-11-23T09:0", ""] {
            fs::write(&path, format!("{}\n{torn}", line(NOW))).unwrap();
            book.append(&[line(NOW + 1)]).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n{}\n", line(NOW), line(NOW + 1)));
        }
    }

    #[test]
    fn a_folder_has_one_server() {
        let home = tempfile::tempdir().unwrap();
        let first = book(home.path(), 56);
        assert!(Book::open(home.path(), Retention::CEILING).is_err());
        drop(first);
        assert!(Book::open(home.path(), Retention::CEILING).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_everybody_can_write_to_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(Book::open(home.path(), Retention::CEILING).is_err());
    }

    #[test]
    fn days_of_a_shorter_promise_go_first() {
        let home = tempfile::tempdir().unwrap();
        book(home.path(), 14).append(&[line(NOW)]).unwrap();
        book(home.path(), 56).append(&[line(NOW)]).unwrap();
        assert_eq!(purge(home.path(), at(NOW + 14 * DAY), Retention::CEILING).unwrap().deleted, 1);
        assert_eq!(names(home.path()), ["access-2026-11-23-56d.log"]);
    }
}
