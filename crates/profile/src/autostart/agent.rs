//! macOS: a launch agent of ours among the user's (launchd.plist(5)). Nobody has seen launchd read it yet: no Mac was at hand.

use std::path::{Path, PathBuf};

use super::{Autostart, HIDDEN, started};
use crate::disk;
use crate::error::ProfileError;
use crate::holdings::Held;

const LABEL: &str = "org.runde.Runde";
/// The two strings stand before and after the program.
const BEFORE: &str = "<key>ProgramArguments</key>\n  <array>\n    <string>";
const AFTER: &str = "</string>";

pub(crate) fn place() -> Option<PathBuf> {
    let home = directories::BaseDirs::new()?.home_dir().to_owned();
    Some(home.join("Library/LaunchAgents").join(format!("{LABEL}.plist")))
}

pub(super) fn look(agent: &Path) -> Autostart {
    match disk::read(agent).ok().and_then(|bytes| program_of(&String::from_utf8_lossy(&bytes))) {
        Some(program) => Autostart { on: true, program: program.into() },
        None => Autostart::default(),
    }
}

pub(super) fn write(agent: &Path, program: &Path) -> Result<(), ProfileError> {
    if let Some(folder) = agent.parent() {
        disk::make_folder(folder)?;
    }
    disk::replace(agent, written(program).as_bytes())
}

pub(super) fn remove(agent: &Path) -> Result<bool, ProfileError> {
    let was = agent.exists();
    disk::remove(agent)?;
    disk::remove(&agent.with_extension("new"))?;
    Ok(was)
}

pub(super) fn held(agent: &Path) -> Result<Option<Held>, ProfileError> {
    let bytes = disk::read(agent)?;
    let line = program_of(&String::from_utf8_lossy(&bytes));
    Ok(line.and_then(|line| started(agent.to_owned(), bytes.len(), line)))
}

fn written(program: &Path) -> String {
    let program = program.to_string_lossy().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>{LABEL}</string>
  {BEFORE}{program}{AFTER}
    <string>{HIDDEN}</string>
  </array>
  <key>LimitLoadToSessionType</key>
  <string>Aqua</string>
  <key>RunAtLoad</key>
  <true/>
</dict>
</plist>
"#
    )
}

fn program_of(text: &str) -> Option<String> {
    let (program, _) = text.split_once(BEFORE)?.1.split_once(AFTER)?;
    Some(program.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::holdings::is_explained;

    #[test]
    fn an_agent_names_the_program_is_listed_and_goes_again() {
        let home = tempfile::tempdir().unwrap();
        let agent = home.path().join("LaunchAgents/org.runde.Runde.plist");
        assert_eq!((look(&agent), remove(&agent).unwrap()), (Autostart::default(), false));
        for program in ["/Applications/Runde.app/Contents/MacOS/runde", "/a & b/<c>/&amp;/runde"] {
            write(&agent, Path::new(program)).unwrap();
            assert_eq!(look(&agent), Autostart { on: true, program: program.into() });
        }
        let held = held(&agent).unwrap().unwrap();
        assert!(is_explained(std::slice::from_ref(&held)) && held.bytes > 400, "{held:?}");
        assert!(remove(&agent).unwrap() && !agent.exists());
        assert!(place().unwrap().ends_with("Library/LaunchAgents/org.runde.Runde.plist"));
    }
}
