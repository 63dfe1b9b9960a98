//! The house rules that a compiler does not know. Each rule is a function from a file to the complaints about it.

use crate::{layering, workspace};

/// Production lines of one file: beyond the first number a word, beyond the second a failure.
const LONG: usize = 500;
const TOO_LONG: usize = 600;
const BANNED: [&str; 8] = ["Manager", "Service", "Helper", "Util", "Utils", "Handler", "Data", "Info"];
/// Terms of the protocols that end in a banned word.
const FIELD_TERMS: [&str; 3] = ["TransportInfo", "SessionInfo", "SourceInfo"];
const PURE: [&str; 5] = ["rtp", "signalling", "sfu", "privacy", "print"];

/// One file of the repository, as the rules see it.
struct File<'a> {
    path: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The part above the tests that stand at a file's end.
    fn production(&self) -> &str {
        self.text.split("#[cfg(test)]\nmod ").next().unwrap_or(self.text)
    }

    fn is_test(&self) -> bool {
        self.path.starts_with("tests/") || self.path.contains("/tests/") || self.path.contains(".test.")
    }
}

/// Prints every complaint; an error when there is one.
pub fn report() -> Result<(), String> {
    let mut complaints = layering::violations(&workspace::metadata()?);
    for path in workspace::files()? {
        let Ok(text) = std::fs::read_to_string(workspace::root().join(&path)) else { continue };
        complaints.extend(check(&File { path: &path, text: &text }));
    }
    complaints.extend(pure_clippy_files());
    if complaints.is_empty() { Ok(()) } else { Err(format!("tidy:\n  {}", complaints.join("\n  "))) }
}

fn check(file: &File) -> Vec<String> {
    let rules: [fn(&File) -> Option<String>; 9] =
        [header, length, placement, names, file_name, unfinished, skipped, foreign_paths, threads];
    rules.iter().filter_map(|rule| rule(file)).map(|complaint| format!("{}: {complaint}", file.path)).collect()
}

fn header(file: &File) -> Option<String> {
    let wanted = file.is_rust() && file.path.contains("src/") && !file.path.starts_with("fuzz/");
    let head = file
        .text
        .trim_start_matches("#![cfg_attr(not(debug_assertions), windows_subsystem = \"windows\")]")
        .trim_start();
    (wanted && !head.starts_with("//!")).then(|| "a module begins with its `//!` header".to_owned())
}

fn length(file: &File) -> Option<String> {
    let counted = (file.is_rust() || file.path.ends_with(".ts") || file.path.ends_with(".svelte"))
        && !file.is_test()
        && !file.path.contains("/bindings/");
    let lines = file.production().lines().count();
    if counted && lines > LONG && lines <= TOO_LONG {
        println!("tidy: {}: {lines} production lines, soon too long", file.path);
    }
    (counted && lines > TOO_LONG).then(|| format!("{lines} production lines; {TOO_LONG} at most"))
}

fn placement(file: &File) -> Option<String> {
    let module = file.path.ends_with("/mod.rs") && !file.is_test();
    module.then(|| "`foo.rs` beside `foo/`, never `mod.rs`".to_owned())
}

fn names(file: &File) -> Option<String> {
    if !file.is_rust() || file.path.starts_with("xtask/src/tidy") {
        return None;
    }
    let words = ["struct ", "enum ", "trait ", "type "];
    let types = file.text.lines().filter_map(|line| {
        let line = line
            .trim_start()
            .trim_start_matches("pub(crate) ")
            .trim_start_matches("pub(super) ")
            .trim_start_matches("pub ");
        let rest = words.iter().find_map(|word| line.strip_prefix(word))?;
        rest.split(|letter: char| !letter.is_alphanumeric()).next()
    });
    let banned = |name: &&str| BANNED.iter().any(|word| name.ends_with(word)) && !FIELD_TERMS.contains(name);
    types.into_iter().find(banned).map(|name| format!("`{name}`: the last word says nothing; name what it is"))
}

fn file_name(file: &File) -> Option<String> {
    let stem = file.path.rsplit('/').next()?.split('.').next()?.to_lowercase();
    let code = file.is_rust() || file.path.ends_with(".ts") || file.path.ends_with(".svelte");
    let banned = BANNED.iter().any(|word| stem.rsplit(['_', '-']).next() == Some(word.to_lowercase().as_str()));
    (code && banned).then(|| "the file name's last word says nothing".to_owned())
}

fn unfinished(file: &File) -> Option<String> {
    let code = file.is_rust() || file.path.ends_with(".ts") || file.path.ends_with(".svelte");
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
    let line = file.text.lines().find(|line| marks.iter().any(|mark| line.contains(mark)) && !line.contains('#'));
    if code { line.map(|line| format!("unfinished without an issue number: {}", line.trim())) } else { None }
}

fn skipped(file: &File) -> Option<String> {
    let ignored = file.is_rust() && file.text.contains(concat!("#[", "ignore"));
    let skipped =
        file.path.contains(".test.") && [".skip(", ".only(", ".todo("].iter().any(|word| file.text.contains(word));
    (ignored || skipped).then(|| "a test that does not run looks green without being so".to_owned())
}

fn foreign_paths(file: &File) -> Option<String> {
    let places = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/home/", "user")];
    let place = places.iter().find(|place| {
        file.text.match_indices(**place).any(|(at, _)| {
            let before = file.text[..at].chars().next_back();
            !before.is_some_and(|letter| letter.is_alphanumeric() || "._-".contains(letter))
        })
    })?;
    Some(format!("names a place of one machine ({place})"))
}

fn threads(file: &File) -> Option<String> {
    let shipped = file.path.starts_with("crates/") || file.path.starts_with("src-tauri/");
    let owner = [
        "crates/media/",
        "crates/devices/",
        "crates/profile/",
        "crates/server/src/engine",
        "crates/client/src/place/script",
    ];
    let spawns = file.production().contains("thread::spawn") || file.production().contains("thread::Builder");
    let example = file.path.contains("/examples/") || file.is_test();
    (file.is_rust() && shipped && spawns && !example && !owner.iter().any(|place| file.path.starts_with(place)))
        .then(|| "threads live in media and devices (and where ARCHITECTURE.md names them)".to_owned())
}

/// A per-crate `clippy.toml` hides the root one, so the pure crates' files must repeat it and equal each other.
fn pure_clippy_files() -> Vec<String> {
    let read = |path: String| std::fs::read_to_string(workspace::root().join(path)).unwrap_or_default();
    let root = read("clippy.toml".to_owned());
    let first = read(format!("crates/{}/clippy.toml", PURE[0]));
    let mut complaints = Vec::new();
    for name in PURE {
        let text = read(format!("crates/{name}/clippy.toml"));
        if text != first {
            complaints.push(format!("crates/{name}/clippy.toml differs from crates/{}/clippy.toml", PURE[0]));
        }
        if let Some(line) = root.lines().find(|line| !text.contains(line)) {
            complaints.push(format!("crates/{name}/clippy.toml lacks the root's line: {line}"));
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check(&File { path, text })
    }

    #[test]
    fn a_good_file_has_no_complaint() {
        assert!(complaints("crates/sfu/src/route.rs", "//! Routes.\n\npub struct Route;\n").is_empty());
    }

    #[test]
    fn each_rule_finds_what_it_is_for() {
        let body = |text: &str| format!("//! Head.\n{text}\n");
        assert_eq!(complaints("crates/sfu/src/route.rs", "pub struct Route;\n").len(), 1);
        assert_eq!(complaints("crates/sfu/src/route.rs", &body(&"x\n".repeat(601))).len(), 1);
        assert_eq!(complaints("crates/sfu/src/route/mod.rs", &body("")).len(), 1);
        assert_eq!(complaints("crates/sfu/src/a.rs", &body("pub struct RoomManager;")).len(), 1);
        assert_eq!(complaints("crates/sfu/src/room_utils.rs", &body("")).len(), 1);
        assert_eq!(complaints("crates/sfu/src/a.rs", &body(concat!("// TO", "DO later"))).len(), 1);
        assert_eq!(complaints("crates/sfu/src/a.rs", &body(concat!("#[", "ignore]"))).len(), 1);
        assert_eq!(complaints("docs/a.md", concat!("see /wo", "rk/here")).len(), 1);
        assert_eq!(complaints("crates/sfu/src/a.rs", &body("std::thread::spawn(run);")).len(), 1);
    }

    #[test]
    fn the_protocols_own_terms_may_end_as_they_do() {
        assert!(complaints("crates/signalling/src/a.rs", "//! Head.\npub struct SourceInfo;\n").is_empty());
    }
}
