//! The tray: a pure model of its menu and the adapter that shows it. Never the only way to anything: some desktops show no tray.

use tauri::menu::{Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::{AppHandle, Runtime};

/// What a click in the tray asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TrayAction {
    Open,
    /// Voluntary functions, to withdraw one with the next click.
    Privacy,
    HostNow,
    JoinFromClipboard,
    JoinRecent(String),
    ToggleMicrophone,
    Leave,
    Quit,
}

/// Everything the menu depends on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tray {
    pub german: bool,
    pub in_meeting: bool,
    pub microphone_on: bool,
    /// Links with the room names to show; empty unless that consent was given.
    pub recents: Vec<(String, String)>,
}

/// One line of the menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    Item { id: String, label: String, enabled: bool },
    Recents(Vec<(String, String)>, String),
    Line,
}

const RECENT: &str = "recent:";
/// Menus longer than this are searched, not read.
const RECENTS_SHOWN: usize = 8;

impl Tray {
    /// The menu, top to bottom.
    pub fn entries(&self) -> Vec<Entry> {
        let say = |german: &str, english: &str| if self.german { german.to_owned() } else { english.to_owned() };
        let item = |id: &str, label: String, enabled: bool| Entry::Item { id: id.to_owned(), label, enabled };
        let microphone = match self.microphone_on {
            true => say("Mikrofon ausschalten", "Mute microphone"),
            false => say("Mikrofon einschalten", "Unmute microphone"),
        };
        let mut entries = vec![
            item("open", say("Runde öffnen", "Open Runde"), true),
            item("privacy", say("Datenschutz", "Privacy"), true),
            Entry::Line,
            item("host", say("Jetzt Raum öffnen", "Host a room now"), !self.in_meeting),
            item(
                "clipboard",
                say("Link aus der Zwischenablage beitreten", "Join link from clipboard"),
                !self.in_meeting,
            ),
        ];
        if !self.recents.is_empty() && !self.in_meeting {
            let shown = self.recents.iter().take(RECENTS_SHOWN).cloned().collect();
            entries.push(Entry::Recents(shown, say("Letzte Räume", "Recent rooms")));
        }
        entries.extend([
            Entry::Line,
            item("microphone", microphone, self.in_meeting),
            item("leave", say("Besprechung verlassen", "Leave meeting"), self.in_meeting),
            Entry::Line,
            item("quit", say("Runde beenden", "Quit Runde"), true),
        ]);
        entries
    }

    /// What a clicked line means; `None` for an id that is not ours.
    pub fn action(id: &str) -> Option<TrayAction> {
        Some(match id {
            "open" => TrayAction::Open,
            "privacy" => TrayAction::Privacy,
            "host" => TrayAction::HostNow,
            "clipboard" => TrayAction::JoinFromClipboard,
            "microphone" => TrayAction::ToggleMicrophone,
            "leave" => TrayAction::Leave,
            "quit" => TrayAction::Quit,
            other => TrayAction::JoinRecent(other.strip_prefix(RECENT)?.to_owned()),
        })
    }
}

/// Builds the native menu from the model.
pub fn menu<R: Runtime>(app: &AppHandle<R>, tray: &Tray) -> tauri::Result<Menu<R>> {
    let menu = Menu::new(app)?;
    for entry in tray.entries() {
        match entry {
            Entry::Item { id, label, enabled } => {
                menu.append(&MenuItem::with_id(app, id, label, enabled, None::<&str>)?)?
            }
            Entry::Line => menu.append(&PredefinedMenuItem::separator(app)?)?,
            Entry::Recents(rooms, label) => {
                let submenu = Submenu::new(app, label, true)?;
                for (link, room) in rooms {
                    submenu.append(&MenuItem::with_id(app, format!("{RECENT}{link}"), room, true, None::<&str>)?)?;
                }
                menu.append(&submenu)?;
            }
        }
    }
    Ok(menu)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(tray: &Tray) -> Vec<(String, bool)> {
        let entries = tray.entries().into_iter();
        entries
            .filter_map(|entry| if let Entry::Item { id, enabled, .. } = entry { Some((id, enabled)) } else { None })
            .collect()
    }

    #[test]
    fn every_line_of_the_menu_means_something() {
        assert!(ids(&Tray::default()).iter().all(|(id, _)| Tray::action(id).is_some()));
        assert_eq!(Tray::action("recent:https://h/r"), Some(TrayAction::JoinRecent("https://h/r".into())));
        assert_eq!(Tray::action("rubbish"), None);
    }

    #[test]
    fn in_a_meeting_one_can_mute_and_leave_but_not_join_another() {
        let tray = Tray { in_meeting: true, recents: vec![("l".into(), "r".into())], ..Tray::default() };
        let enabled: Vec<String> = ids(&tray).into_iter().filter(|(_, enabled)| *enabled).map(|(id, _)| id).collect();
        assert_eq!(enabled, ["open", "privacy", "microphone", "leave", "quit"]);
        assert!(!tray.entries().iter().any(|entry| matches!(entry, Entry::Recents(..))));
    }

    #[test]
    fn recent_rooms_appear_only_when_there_are_any() {
        let with = Tray { recents: vec![("l".into(), "r".into())], ..Tray::default() };
        assert!(with.entries().iter().any(|entry| matches!(entry, Entry::Recents(..))));
        assert!(!Tray::default().entries().iter().any(|entry| matches!(entry, Entry::Recents(..))));
    }
}
