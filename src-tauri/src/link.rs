//! Links that the system hands over: as an argument, by a scheme, by a second start. All are treated as hostile text; what they
//! may do is `open_link`, which shows host and room and waits for a person.

use crate::app::Message;

/// The longest text taken for a link (the link grammar's own limit, docs/links.md).
const LONGEST: usize = 64 * 1024;

/// What a start with these arguments asks for. With the session the program starts in the tray; a link is asked for by a person.
pub fn opened<O>(arguments: &[String]) -> Message<O> {
    let hidden = arguments.iter().any(|word| word == runde_profile::HIDDEN);
    match from_arguments(arguments) {
        None if hidden => Message::StartedHidden,
        link => Message::Opened(link),
    }
}

/// The first argument that may be a link or a room name; switches are none.
fn from_arguments(arguments: &[String]) -> Option<String> {
    let candidate = arguments.iter().find(|word| !word.starts_with('-') && !word.trim().is_empty())?;
    (candidate.len() <= LONGEST).then(|| candidate.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str]) -> Option<String> {
        from_arguments(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_first_word_that_is_no_switch_is_the_link() {
        assert_eq!(found(&["--hidden", "runde://host/room"]), Some("runde://host/room".into()));
        assert_eq!(found(&["  https://host/room  "]), Some("https://host/room".into()));
        assert_eq!(found(&["--hidden", " "]), None);
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn a_start_with_the_session_shows_no_window_unless_it_brings_a_link() {
        let message = |words: &[&str]| opened::<()>(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert!(matches!(message(&["--hidden"]), Message::StartedHidden));
        assert!(matches!(message(&["--hidden", "runde://h/r"]), Message::Opened(Some(_))));
        assert!(matches!(message(&[]), Message::Opened(None)));
    }

    #[test]
    fn a_link_longer_than_any_link_is_not_looked_at() {
        assert_eq!(found(&["x".repeat(LONGEST + 1).as_str()]), None);
    }
}
