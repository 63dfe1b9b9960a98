//! Windows: a value of ours in the registry's list of what starts with the session (`Run`), below the current user's key. The list of
//! the task manager switches such a value off in a list of its own (`StartupApproved`).

use std::path::{Path, PathBuf};

use windows_registry::{CURRENT_USER, Key};

use super::{Autostart, HIDDEN, started};
use crate::error::ProfileError;
use crate::holdings::Held;

/// The installer writes the same value (`packaging/windows/runde.nsi`).
const VALUE: &str = "Runde";
const APPROVED: &str = r"Explorer\StartupApproved\Run";

pub(crate) fn place() -> Option<PathBuf> {
    Some(PathBuf::from(r"Software\Microsoft\Windows\CurrentVersion\Run"))
}

pub(super) fn look(key: &Path) -> Autostart {
    match line(key).as_deref().and_then(program_of).filter(|_| !is_switched_off(key)) {
        Some(program) => Autostart { on: true, program: program.into() },
        None => Autostart::default(),
    }
}

/// Whoever asks for it here means it, so the task manager's word no longer counts.
pub(super) fn write(key: &Path, program: &Path) -> Result<(), ProfileError> {
    let list = CURRENT_USER.create(name(key)).map_err(|error| refused(key, error))?;
    list.set_string(VALUE, written(program)).map_err(|error| refused(key, error))?;
    take_out(&approved(key)).map(drop)
}

pub(super) fn remove(key: &Path) -> Result<bool, ProfileError> {
    let was = take_out(key)?;
    take_out(&approved(key))?;
    Ok(was)
}

/// The registry keeps no time of a single value.
pub(super) fn held(key: &Path) -> Result<Option<Held>, ProfileError> {
    let path = Path::new("HKEY_CURRENT_USER").join(key).join(VALUE);
    Ok(line(key).and_then(|line| started(path, line.len(), line)))
}

fn line(key: &Path) -> Option<String> {
    CURRENT_USER.open(name(key)).and_then(|list| list.get_string(VALUE)).ok()
}

/// Twelve bytes of which the first is odd for what was switched off; no value means on.
fn is_switched_off(key: &Path) -> bool {
    let list = CURRENT_USER.open(name(&approved(key)));
    list.and_then(|list| list.get_value(VALUE)).is_ok_and(|value| value.first().is_some_and(|first| first % 2 == 1))
}

fn take_out(key: &Path) -> Result<bool, ProfileError> {
    let Ok(list) = CURRENT_USER.options().read().write().open(name(key)) else { return Ok(false) };
    if !has(&list) {
        return Ok(false);
    }
    list.remove_value(VALUE).map_err(|error| refused(key, error))?;
    Ok(true)
}

fn has(list: &Key) -> bool {
    list.get_value(VALUE).is_ok()
}

fn approved(key: &Path) -> PathBuf {
    key.with_file_name(APPROVED)
}

fn name(key: &Path) -> String {
    key.display().to_string()
}

/// No path of Windows holds a quote.
fn written(program: &Path) -> String {
    format!("\"{}\" {HIDDEN}", program.display())
}

fn program_of(line: &str) -> Option<&str> {
    match line.trim().strip_prefix('"') {
        Some(rest) => rest.split('"').next(),
        None => line.split_whitespace().next(),
    }
    .filter(|program| !program.is_empty())
}

fn refused(key: &Path, error: impl Into<std::io::Error>) -> ProfileError {
    ProfileError::file(&Path::new("HKEY_CURRENT_USER").join(key), error.into())
}

/// These run under Wine (`cargo xtask test windows --full`), each in a key of its own.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::holdings::is_explained;

    fn own_key(test: &str) -> PathBuf {
        let key = format!(r"Software\Runde-{test}-{}\Run", std::process::id());
        PathBuf::from(key)
    }

    fn clear(key: &Path) {
        CURRENT_USER.remove_tree(name(key.parent().unwrap())).unwrap();
    }

    #[test]
    fn the_value_names_the_program_and_goes_again() {
        let (key, program) = (own_key("goes"), Path::new(r"C:\Users\Jörg Ö\Programs\Runde\runde.exe"));
        assert_eq!((look(&key), remove(&key).unwrap()), (Autostart::default(), false));
        assert!(held(&key).unwrap().is_none());
        write(&key, program).unwrap();
        assert_eq!(line(&key).unwrap(), r#""C:\Users\Jörg Ö\Programs\Runde\runde.exe" --hidden"#);
        assert_eq!(look(&key), Autostart { on: true, program: program.into() });
        assert!(look(&key).starts(Path::new(r"c:\users\Jörg Ö\programs\runde\RUNDE.exe")));
        let held = held(&key).unwrap().unwrap();
        assert!(is_explained(std::slice::from_ref(&held)) && held.path.ends_with(r"Run\Runde"), "{held:?}");
        assert!(remove(&key).unwrap() && line(&key).is_none());
        clear(&key);
    }

    #[test]
    fn what_the_task_manager_switched_off_is_off_until_it_is_chosen_here() {
        let (key, program) = (own_key("off"), Path::new(r"C:\runde.exe"));
        write(&key, program).unwrap();
        let list = CURRENT_USER.create(name(&approved(&key))).unwrap();
        list.set_bytes(VALUE, windows_registry::Type::Bytes, &[3, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap();
        assert_eq!(look(&key), Autostart::default());
        list.set_bytes(VALUE, windows_registry::Type::Bytes, &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        assert!(look(&key).on);
        list.set_bytes(VALUE, windows_registry::Type::Bytes, &[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
        write(&key, program).unwrap();
        assert!(look(&key).on && !has(&list));
        clear(&key);
    }
}
