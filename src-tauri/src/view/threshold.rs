//! In front of a room: what it asks of who wants in, and what somebody else has to do first.

use runde_client::Secret;
use serde::{Deserialize, Deserializer, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Threshold {
    pub room: String,
    pub host: String,
    pub wants: Wants,
    /// An answer was given and is being tried.
    pub trying: bool,
    /// The name that was given so far, for whoever has to give one.
    pub name: String,
    /// A page of the server on which a person logs in; `open_login_page` opens it in the browser.
    pub login_page: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Wants {
    /// The room's password: `give_password`.
    Password,
    /// The one that was given is not it.
    OtherPassword,
    /// An account of the server: `give_login`.
    Login,
    /// The one that was given is not accepted.
    OtherLogin,
    /// A link with another token; the one that was opened is not accepted.
    OtherToken,
    /// A name: `give_name`.
    Name,
    /// Nothing: a moderator decides whether we come in.
    Moderator,
    /// Nothing: the room opens when its host comes.
    Host,
}

/// What a moderator asks for: `moderate`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "act", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum Moderation {
    Mute {
        endpoint: String,
    },
    StopCamera {
        endpoint: String,
    },
    Kick {
        endpoint: String,
    },
    /// Makes somebody a moderator, too.
    Grant {
        endpoint: String,
    },
    Subject {
        text: String,
    },
    /// `None` takes it away.
    Password {
        #[serde(default, deserialize_with = "secret")]
        #[cfg_attr(test, ts(type = "string | null"))]
        password: Option<Secret>,
    },
    /// Whether strangers wait until somebody lets them in.
    Lobby {
        on: bool,
    },
    LetIn {
        endpoint: String,
    },
    TurnAway {
        endpoint: String,
    },
}

/// Somebody who waits to be let in.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Knocker {
    pub endpoint: String,
    /// At most 80 characters; empty when none was given.
    pub name: String,
}

/// A password from the window. An empty one is none.
pub fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    Ok(text.filter(|text| !text.is_empty()).map(Secret::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_from_the_window_is_read_and_never_printed() {
        let read = |json: &str| serde_json::from_str::<Moderation>(json).unwrap();
        let set = read(r#"{"act":"password","password":"geheim"}"#);
        assert_eq!(set, Moderation::Password { password: Some("geheim".into()) });
        assert!(!format!("{set:?}").contains("geheim"));
        for none in [r#"{"act":"password","password":null}"#, r#"{"act":"password","password":""}"#] {
            assert_eq!(read(none), Moderation::Password { password: None });
        }
    }
}
