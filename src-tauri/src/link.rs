//! Links that the system hands over: as an argument, by a scheme, by a second start. All are treated as hostile text; what they
//! may do is `open_link`, which shows host and room and waits for a person.

/// The longest text taken for a link (the link grammar's own limit, docs/links.md).
const LONGEST: usize = 64 * 1024;

/// The first argument that may be a link or a room name; switches are none.
pub fn from_arguments(arguments: &[String]) -> Option<String> {
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
    fn a_link_longer_than_any_link_is_not_looked_at() {
        assert_eq!(found(&["x".repeat(LONGEST + 1).as_str()]), None);
    }
}
