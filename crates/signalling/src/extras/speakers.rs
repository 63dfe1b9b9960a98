//! How long each person has spoken, as a deployment counts it (works councils want to know that it does).

use super::{MAX_ID, MAX_TEXT, text};
use serde_json::Value;

/// People read of one list.
const MAX_LISTED: usize = 500;

/// One person in the server's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    pub endpoint: String,
    /// Empty when none was given.
    pub name: String,
    /// Seconds.
    pub seconds: u64,
}

pub(super) fn read(said: &Value) -> Vec<Spoken> {
    let users = said.get("users").and_then(Value::as_object);
    let fits = |(endpoint, _): &(&String, &Value)| !endpoint.is_empty() && endpoint.len() <= MAX_ID;
    let spoken = |(endpoint, user): (&String, &Value)| Spoken {
        endpoint: endpoint.clone(),
        name: text(user, "displayName", MAX_TEXT).unwrap_or_default(),
        seconds: user.get("totalDominantSpeakerTime").and_then(Value::as_u64).unwrap_or_default() / 1_000,
    };
    users.into_iter().flatten().filter(fits).take(MAX_LISTED).map(spoken).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_servers_list_is_read_in_seconds_and_cut() {
        let said = json!({ "users": { "aa": { "displayName": "Ada", "totalDominantSpeakerTime": 61_500 }, "bb": 7 } });
        let spoken = read(&said);
        assert_eq!(spoken[0], Spoken { endpoint: "aa".into(), name: "Ada".into(), seconds: 61 });
        assert_eq!((spoken.len(), spoken[1].seconds), (2, 0));
        let crowd: serde_json::Map<String, Value> = (0..2_000).map(|n| (n.to_string(), json!({}))).collect();
        assert_eq!(read(&json!({ "users": crowd })).len(), MAX_LISTED);
        assert!(read(&json!({ "users": [] })).is_empty());
    }
}
