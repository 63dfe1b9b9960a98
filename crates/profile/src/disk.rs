//! The few ways in which this crate touches a file: append and fsync, replace as a whole, keep aside.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::ProfileError;
use crate::profile::now;

/// Largest file read whole. A ledger grows by about 1 kB per notice, so this is tens of thousands of
/// notices; beyond it the file is not ours.
const MAX_FILE: u64 = 64 * 1024 * 1024;

/// How often a busy lock is tried again.
const LOCK_RETRY: Duration = Duration::from_millis(50);

/// Makes a folder that only its owner can enter.
pub(crate) fn make_folder(path: &Path) -> Result<(), ProfileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| ProfileError::file(path, source))
}

/// Empty if the file does not exist.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ProfileError> {
    let mut bytes = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(MAX_FILE).read_to_end(&mut bytes).map_err(|source| ProfileError::file(path, source))?,
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => 0,
        Err(source) => return Err(ProfileError::file(path, source)),
    };
    Ok(bytes)
}

/// Returns once `line` is on disk. When it cannot get there, the file is as it was.
pub(crate) fn append(path: &Path, line: &[u8]) -> Result<(), ProfileError> {
    let refused = |source| ProfileError::file(path, source);
    let is_new = !path.exists();
    let mut file = private(OpenOptions::new().append(true).create(true)).open(path).map_err(refused)?;
    let before = file.metadata().map_err(refused)?.len();
    let written = file.write_all(line).and_then(|()| file.sync_all());
    if let Err(source) = written {
        // Half a line must not stay; if even this fails, the next start takes the torn line off.
        let _ = file.set_len(before).and_then(|()| file.sync_all());
        return Err(refused(source));
    }
    if is_new { sync_folder(path) } else { Ok(()) }
}

/// Puts `bytes` in the place of the file at once: a reader sees the old or the new content, never half.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), ProfileError> {
    let refused = |source| ProfileError::file(path, source);
    let draft = path.with_extension("new");
    let mut options = OpenOptions::new();
    let mut file = private(options.write(true).create(true).truncate(true)).open(&draft).map_err(refused)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| fs::rename(&draft, path));
    if let Err(source) = written {
        let _ = fs::remove_file(&draft);
        return Err(refused(source));
    }
    sync_folder(path)
}

/// Copies a damaged file to `<name>.damaged-<unix seconds>` and says where it is; `None` if there is none.
pub(crate) fn keep_aside(path: &Path) -> Result<Option<PathBuf>, ProfileError> {
    if !path.exists() {
        return Ok(None);
    }
    let Some(name) = path.file_name() else { return Ok(None) };
    let kept = (0..u32::MAX)
        .map(|try_| format!("{}.damaged-{}", name.to_string_lossy(), now().unix() + i64::from(try_)))
        .map(|name| path.with_file_name(name))
        .find(|kept| !kept.exists())
        .unwrap_or_else(|| path.with_extension("damaged"));
    fs::copy(path, &kept).map_err(|source| ProfileError::file(&kept, source))?;
    Ok(Some(kept))
}

/// Removing what is not there is fine.
pub(crate) fn remove(path: &Path) -> Result<(), ProfileError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(ProfileError::file(path, source)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Takes the lock of a profile, waiting for at most `wait`. It ends with the returned file.
pub(crate) fn lock(path: &Path, wait: Duration) -> Result<File, ProfileError> {
    let start = Instant::now();
    let mut file = lock_file(path)?;
    loop {
        match file.try_lock() {
            Ok(()) if is_at(&file, path) => return Ok(file),
            // Whoever had it erased everything, the file of the lock included.
            Ok(()) => file = lock_file(path)?,
            Err(fs::TryLockError::WouldBlock) if start.elapsed() < wait => std::thread::sleep(LOCK_RETRY),
            Err(fs::TryLockError::WouldBlock) => return Err(ProfileError::InUse(path.to_owned())),
            Err(fs::TryLockError::Error(source)) => return Err(ProfileError::file(path, source)),
        }
    }
}

fn lock_file(path: &Path) -> Result<File, ProfileError> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let mut options = OpenOptions::new();
    let file = private(options.write(true).create(true).truncate(false)).open(path);
    file.map_err(|source| ProfileError::file(path, source))
}

/// Whether this open file is the one that lies there now.
#[cfg(unix)]
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |file: fs::Metadata| (file.dev(), file.ino());
    file.metadata().map(place).ok() == path.metadata().map(place).ok()
}

#[cfg(not(unix))]
pub(crate) fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Readable by the owner alone, from the moment the file exists.
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// A new name in a folder is durable only once the folder is.
fn sync_folder(path: &Path) -> Result<(), ProfileError> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(|source| ProfileError::file(folder, source))?;
    }
    let _ = path;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_called_a_full_disk() {
        assert!(matches!(append(Path::new("/dev/full"), b"line\n"), Err(ProfileError::DiskFull(_))));
    }

    #[test]
    fn two_files_kept_aside_in_the_same_second_both_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.ledger");
        fs::write(&path, b"first").unwrap();
        let first = keep_aside(&path).unwrap().unwrap();
        fs::write(&path, b"second").unwrap();
        let second = keep_aside(&path).unwrap().unwrap();
        assert_eq!((fs::read(first).unwrap(), fs::read(second).unwrap()), (b"first".to_vec(), b"second".to_vec()));
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_whose_file_was_removed_meanwhile_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("profile.lock");
        let first = lock(&path, Duration::ZERO).unwrap();
        let waiting = {
            let path = path.clone();
            std::thread::spawn(move || lock(&path, Duration::from_secs(20)).unwrap())
        };
        std::thread::sleep(Duration::from_millis(200));
        fs::remove_file(&path).unwrap();
        drop(first);
        let second = waiting.join().unwrap();
        assert!(is_at(&second, &path));
        assert!(matches!(lock(&path, Duration::ZERO), Err(ProfileError::InUse(_))), "two would have it");
    }

    #[test]
    fn what_is_replaced_is_never_half() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.json");
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
