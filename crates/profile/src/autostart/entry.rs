//! Linux: a file of ours among the session's (Desktop Application Autostart Specification).

use std::path::{Path, PathBuf};

use runde_privacy::manifest::{AUTOSTART, Folder};

use super::{Autostart, HIDDEN};
use crate::disk;
use crate::error::ProfileError;
use crate::holdings::{self, Held};

/// The XDG folder of session entries. A Flatpak sees no such folder of the session: what it wrote would start nothing.
pub(crate) fn place() -> Option<PathBuf> {
    if Path::new("/.flatpak-info").exists() {
        return None;
    }
    let folders = directories::BaseDirs::new()?;
    Some(folders.config_dir().join("autostart").join(AUTOSTART))
}

pub(super) fn look(entry: &Path) -> Autostart {
    disk::read(entry).map_or_else(|_| Autostart::default(), |bytes| read(&String::from_utf8_lossy(&bytes)))
}

pub(super) fn write(entry: &Path, program: &Path) -> Result<(), ProfileError> {
    if let Some(folder) = entry.parent() {
        disk::make_folder(folder)?;
    }
    disk::replace(entry, written(program).as_bytes())
}

/// The entry, and the draft of one.
pub(super) fn remove(entry: &Path) -> Result<bool, ProfileError> {
    let was = entry.exists();
    disk::remove(entry)?;
    disk::remove(&entry.with_extension("new"))?;
    Ok(was)
}

/// Among the entries of other programs only ours is looked at.
pub(super) fn held(entry: &Path) -> Result<Option<Held>, ProfileError> {
    if !entry.exists() {
        return Ok(None);
    }
    holdings::look(Folder::Session, entry.parent().unwrap_or(entry), entry.to_owned()).map(Some)
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
