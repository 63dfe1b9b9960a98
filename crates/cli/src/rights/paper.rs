//! Files that a person names: read within bounds, written without overwriting anything.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use runde_privacy::letter::{MAX_ADDRESS_LINE, MAX_ADDRESS_LINES, MAX_DETAILS};
use runde_profile::MAX_ARCHIVE;

use crate::exit::Failure;

/// `-` is standard input. One byte more than an archive may have, so that a longer one is noticed.
pub fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let refused = |source| Failure::File { path: path.to_owned(), source };
    let mut bytes = Vec::new();
    let limit = MAX_ARCHIVE as u64 + 1;
    let read = if path.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        File::open(path).map_err(refused)?.take(limit).read_to_end(&mut bytes)
    };
    read.map_err(refused)?;
    Ok(bytes)
}

/// For its owner alone, and never in the place of another file.
pub fn write_new(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    OwnFile::new(path)?.fill(bytes)
}

/// A new file that is there and empty: whether it can be written is known before there is anything to write.
pub struct OwnFile {
    path: PathBuf,
    file: File,
}

impl OwnFile {
    /// For its owner alone, and never in the place of another file.
    pub fn new(path: &Path) -> Result<Self, Failure> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|source| Failure::File { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), file })
    }

    pub fn fill(self, bytes: &[u8]) -> Result<(), Failure> {
        self.fill_with(|file| file.write_all(bytes))
    }

    /// The same for what is written piece by piece. Where it cannot be finished nothing stays.
    pub fn fill_with<T>(self, write: impl FnOnce(&mut BufWriter<&File>) -> std::io::Result<T>) -> Result<T, Failure> {
        let Self { path, file } = self;
        let mut out = BufWriter::new(&file);
        let done = write(&mut out).and_then(|done| out.flush().and_then(|()| file.sync_all()).map(|()| done));
        done.map_err(|source| {
            let _ = std::fs::remove_file(&path);
            Failure::File { path, source }
        })
    }
}

/// A name and address, one part a line.
pub fn address(path: &Path, option: &'static str) -> Result<Vec<String>, Failure> {
    let text = text(path, option)?;
    let lines: Vec<String> = text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let fits = lines.len() <= MAX_ADDRESS_LINES && lines.iter().all(|line| line.chars().count() <= MAX_ADDRESS_LINE);
    if lines.is_empty() || !fits {
        let value = path.display().to_string();
        return Err(Failure::Value { option, value, expected: "a file with 1 to 6 lines of at most 60 letters" });
    }
    Ok(lines)
}

pub fn details(path: &Path) -> Result<String, Failure> {
    let text = text(path, "--details")?;
    let trimmed = text.trim();
    if trimmed.is_empty() || trimmed.chars().count() > MAX_DETAILS {
        let value = path.display().to_string();
        return Err(Failure::Value { option: "--details", value, expected: "a file with 1 to 6000 letters" });
    }
    Ok(trimmed.to_owned())
}

fn text(path: &Path, option: &'static str) -> Result<String, Failure> {
    let value = path.display().to_string();
    String::from_utf8(read(path)?).map_err(|_| Failure::Value { option, value, expected: "a text file in UTF-8" })
}
