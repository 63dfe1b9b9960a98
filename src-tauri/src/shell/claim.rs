//! A kind of link that another program had before: `xdg-mime` writes over whoever was chosen, so whoever that was is put behind ours in
//! the user's list (MIME Applications Associations). Giving the links back then gives them to that program.

use std::path::Path;
use std::process::Command;

const GROUP: &str = "[Default Applications]";

/// The desktop file of the program that has these links now.
pub fn holder(scheme: &str) -> Option<String> {
    let output = Command::new("xdg-mime").args(["query", "default", &mime(scheme)]).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().trim().to_owned();
    (!said.is_empty()).then_some(said)
}

/// Our desktop file names the program in quotes, which `xdg-mime` of xdg-utils 1.1 takes for a part of its name; it then passes over
/// the entry as one of a program that is not there. A path without letters that mean something needs none.
///
/// # Errors
/// When the file cannot be read or written.
pub fn without_quotes(entry: &Path) -> std::io::Result<()> {
    match unquoted(&std::fs::read_to_string(entry)?) {
        Some(text) => std::fs::write(entry, text),
        None => Ok(()),
    }
}

fn unquoted(entry: &str) -> Option<String> {
    let (start, rest) = entry.split_once("\nExec=\"")?;
    let (program, arguments) = rest.split_once('"')?;
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._+-".contains(letter);
    program.chars().all(plain).then(|| format!("{start}\nExec={program}{arguments}"))
}

/// Puts `before` behind whoever stands first for this scheme.
///
/// # Errors
/// When the list cannot be read or written.
pub fn keep_behind(list: &Path, scheme: &str, before: &str) -> std::io::Result<()> {
    match with_behind(&std::fs::read_to_string(list)?, scheme, before) {
        Some(text) => std::fs::write(list, text),
        None => Ok(()),
    }
}

/// `None` where nothing is to be changed.
fn with_behind(list: &str, scheme: &str, before: &str) -> Option<String> {
    let mut in_group = false;
    let mut changed = false;
    let lines = list.lines().map(|line| {
        if line.starts_with('[') {
            in_group = line.trim() == GROUP;
        }
        let chosen = line.split_once('=').filter(|(key, _)| in_group && !changed && key.trim() == mime(scheme));
        let Some((key, programs)) = chosen else { return line.to_owned() };
        let mut programs: Vec<&str> =
            programs.split(';').map(str::trim).filter(|program| !program.is_empty()).collect();
        if programs.is_empty() || programs.contains(&before) {
            return line.to_owned();
        }
        changed = true;
        programs.push(before);
        format!("{key}={};", programs.join(";"))
    });
    let text: Vec<String> = lines.collect();
    changed.then(|| text.join("\n") + "\n")
}

fn mime(scheme: &str) -> String {
    format!("x-scheme-handler/{scheme}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_stay_only_where_a_path_needs_them() {
        let entry = |program: &str| format!("[Desktop Entry]\nExec={program} %u\nName=\"x\"\n");
        assert_eq!(unquoted(&entry("\"/usr/bin/runde\"")), Some(entry("/usr/bin/runde")));
        assert_eq!(unquoted(&entry("\"/my programs/runde\"")), None);
        assert_eq!(unquoted(&entry("/usr/bin/runde")), None);
    }

    #[test]
    fn whoever_had_the_links_stands_behind_us_once_and_nothing_else_is_touched() {
        let list = "[Added Associations]\nx-scheme-handler/jitsi-meet=a.desktop;\n\n[Default Applications]\ntext/html=web.desktop\nx-scheme-handler/jitsi-meet=runde-handler.desktop\n";
        let kept = with_behind(list, "jitsi-meet", "other.desktop").unwrap();
        assert_eq!(kept, list.replace("=runde-handler.desktop", "=runde-handler.desktop;other.desktop;"));
        assert_eq!(with_behind(&kept, "jitsi-meet", "other.desktop"), None);
        assert_eq!(with_behind(list, "runde", "other.desktop"), None);
        assert_eq!(with_behind(list, "jitsi-meet", "runde-handler.desktop"), None);
    }
}
