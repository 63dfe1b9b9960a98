//! Reactions: a short sign to everybody, over the bridge channel, kept by nobody.
//!
//! The words are those of Jitsi's clients (`endpoint-reaction`); others are ignored. Start at [`Reaction`].

use super::ToBridge;
use serde_json::{Value, json};

/// How the payload names itself.
const NAME: &str = "endpoint-reaction";
/// Signs read of one message: clients gather what somebody presses within half a second.
const AT_ONCE: usize = 8;

/// One sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reaction {
    Like,
    Clap,
    Laugh,
    Surprised,
    Boo,
    Silence,
}

impl Reaction {
    pub const ALL: [Self; 6] = [Self::Like, Self::Clap, Self::Laugh, Self::Surprised, Self::Boo, Self::Silence];

    /// Its word in the protocol.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Like => "like",
            Self::Clap => "clap",
            Self::Laugh => "laugh",
            Self::Surprised => "surprised",
            Self::Boo => "boo",
            Self::Silence => "silence",
        }
    }

    /// The sign with this word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reaction| reaction.word() == word)
    }

    /// To everybody; `at_ms` since 1970.
    #[must_use]
    pub fn message(self, at_ms: u64) -> ToBridge {
        let payload = json!({ "name": NAME, "reactions": [self.word()], "timestamp": at_ms });
        ToBridge::EndpointMessage { to: String::new(), payload }
    }

    /// The signs in somebody's message; none where it is about something else.
    #[must_use]
    pub fn in_message(payload: &Value) -> Vec<Self> {
        if payload.get("name").and_then(Value::as_str) != Some(NAME) {
            return Vec::new();
        }
        let words = payload.get("reactions").and_then(Value::as_array).into_iter().flatten();
        words.filter_map(|word| Self::named(word.as_str()?)).take(AT_ONCE).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_is_read_as_it_was_written() {
        for reaction in Reaction::ALL {
            let ToBridge::EndpointMessage { to, payload } = reaction.message(7) else { panic!("a message to all") };
            assert_eq!((to.as_str(), Reaction::in_message(&payload)), ("", vec![reaction]));
        }
    }

    #[test]
    fn strange_or_endless_messages_are_no_signs() {
        assert!(Reaction::in_message(&json!({ "name": "e2e-ping-request", "reactions": ["like"] })).is_empty());
        assert!(Reaction::in_message(&json!({ "name": NAME, "reactions": "like" })).is_empty());
        let odd = json!({ "name": NAME, "reactions": ["volcano", 7, "clap"] });
        assert_eq!(Reaction::in_message(&odd), [Reaction::Clap]);
        let endless = json!({ "name": NAME, "reactions": vec!["like"; 1_000] });
        assert_eq!(Reaction::in_message(&endless).len(), AT_ONCE);
    }
}
