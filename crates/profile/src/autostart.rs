//! The entry that starts the program with the session (Desktop Application Autostart Specification): a file of ours outside the
//! profile, so the page of what is stored and erasing know it.

use std::path::{Path, PathBuf};

use crate::disk;
use crate::error::ProfileError;
use crate::places::Places;
use crate::profile::Profile;

/// With this argument the program shows no window.
pub const HIDDEN: &str = "--hidden";

/// Whether the session starts the program, and which one that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Autostart {
    pub on: bool,
    /// The program that is started; there may be more than one version on a computer. Empty while it is off.
    pub program: PathBuf,
}

impl Profile {
    /// `None` where the session of this system or this profile knows no such entry.
    #[must_use]
    pub fn autostart(&self) -> Option<Autostart> {
        let entry = self.places().autostart.as_deref()?;
        Some(disk::read(entry).map_or_else(|_| Autostart::default(), |bytes| read(&String::from_utf8_lossy(&bytes))))
    }

    /// Lets the session start `program`, in the tray; `None` ends that.
    ///
    /// # Errors
    /// When the policy took the function away, there is no such entry here, or it could not be written; then it is as it was.
    pub fn set_autostart(&self, program: Option<&Path>) -> Result<(), ProfileError> {
        let entry = self.places().autostart.as_deref().ok_or(ProfileError::NoHome)?;
        let Some(program) = program else { return remove(self.places()).map(drop) };
        if !self.policy().allows_autostart() {
            return Err(ProfileError::Locked("autostart".to_owned()));
        }
        if let Some(folder) = entry.parent() {
            disk::make_folder(folder)?;
        }
        disk::replace(entry, written(program).as_bytes())
    }
}

/// Takes the entry away, and the draft of one; whether there was any.
pub(crate) fn remove(places: &Places) -> Result<bool, ProfileError> {
    let Some(entry) = &places.autostart else { return Ok(false) };
    let was = entry.exists();
    disk::remove(entry)?;
    disk::remove(&entry.with_extension("new"))?;
    Ok(was)
}

/// `TryExec` lets the session pass over the entry once the program is gone.
fn written(program: &Path) -> String {
    let program = program.to_string_lossy();
    format!(
        "[Desktop Entry]\nType=Application\nName=Runde\nIcon=org.runde.Runde\nExec={} {HIDDEN}\nTryExec={}\nTerminal=false\n",
        string(&quoted(&program)),
        string(&program),
    )
}

/// An argument of `Exec`: in quotes, with the four letters that mean something inside them, and `%`, which begins a field code.
fn quoted(argument: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in argument.chars() {
        match letter {
            '"' | '`' | '$' | '\\' => quoted.extend(['\\', letter]),
            '%' => quoted.push_str("%%"),
            _ => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// A value of the kind string: a line break would end it.
fn string(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn read(text: &str) -> Autostart {
    let value = |key: &str| {
        let of_key = |line: &str| {
            line.split_once('=').filter(|(name, _)| name.trim() == key).map(|(_, value)| value.trim().to_owned())
        };
        text.lines().find_map(of_key)
    };
    // Desktops switch an entry off by one of these two instead of taking it away.
    let off =
        value("Hidden").as_deref() == Some("true") || value("X-GNOME-Autostart-enabled").as_deref() == Some("false");
    match value("TryExec").filter(|_| !off) {
        Some(program) => Autostart { on: true, program: unescaped(&program).into() },
        None => Autostart::default(),
    }
}

fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '\\') {
            (_, true) => plain.extend(letters.next().map(|next| match next {
                'n' => '\n',
                'r' => '\r',
                's' => ' ',
                't' => '\t',
                other => other,
            })),
            (letter, false) => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_names_the_program_whatever_letters_its_path_has() {
        for path in
            ["/usr/bin/runde", "/opt/my programs/ru\"nde", "/opt/100%/$HOME/`x`/runde", "/opt/back\\slash/ru\nnde"]
        {
            let text = written(Path::new(path));
            assert_eq!(read(&text), Autostart { on: true, program: path.into() }, "{text}");
            assert_eq!(text.lines().count(), 7, "{text}");
        }
        assert!(
            written(Path::new("/usr/bin/runde"))
                .contains("\nExec=\"/usr/bin/runde\" --hidden\nTryExec=/usr/bin/runde\n")
        );
        assert!(written(Path::new("/a b/$x%/runde")).contains("\nExec=\"/a b/\\\\$x%%/runde\" --hidden\n"));
    }

    #[test]
    fn an_entry_that_the_desktop_switched_off_is_off() {
        let text = written(Path::new("/usr/bin/runde"));
        for line in ["Hidden=true", "X-GNOME-Autostart-enabled=false"] {
            assert_eq!(read(&format!("{text}{line}\n")), Autostart::default());
        }
        assert_eq!(read("nonsense"), Autostart::default());
    }
}
