//! Recent rooms, a voluntary function: without its consent nothing here is read or written.

use runde_privacy::stamp::Moment;
use serde::{Deserialize, Serialize};

/// As said in the consent's text.
const KEPT_SECONDS: i64 = 30 * 24 * 60 * 60;

/// More than a menu can show.
const MAX_ROOMS: usize = 20;

/// A room somebody was in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentRoom {
    /// Without query and without any part of the fragment but `fp` and `rn`: a token never gets here.
    pub link: String,
    pub used_at: Moment,
}

/// The newest first, each once, none older than promised.
pub(crate) fn remember(rooms: Vec<RecentRoom>, link: &str, now: Moment) -> Vec<RecentRoom> {
    let link = without_secrets(link);
    let older = rooms.into_iter().filter(|room| room.link != link);
    let all = std::iter::once(RecentRoom { link: link.clone(), used_at: now }).chain(older);
    fresh(all.collect(), now)
}

pub(crate) fn fresh(rooms: Vec<RecentRoom>, now: Moment) -> Vec<RecentRoom> {
    let young = |room: &RecentRoom| now.unix().saturating_sub(room.used_at.unix()) < KEPT_SECONDS;
    rooms.into_iter().filter(young).take(MAX_ROOMS).collect()
}

/// A list from elsewhere, held to the same rules.
pub(crate) fn clean(rooms: &[RecentRoom], now: Moment) -> Vec<RecentRoom> {
    let held = |room: &RecentRoom| RecentRoom { link: without_secrets(&room.link), used_at: room.used_at };
    fresh(rooms.iter().map(held).collect(), now)
}

fn without_secrets(link: &str) -> String {
    let (before, fragment) = link.split_once('#').unwrap_or((link, ""));
    let place = before.split('?').next().unwrap_or_default();
    let allowed = fragment.split('&').filter(|part| part.starts_with("fp=") || part.starts_with("rn="));
    let kept = allowed.collect::<Vec<_>>().join("&");
    if kept.is_empty() { place.to_owned() } else { format!("{place}#{kept}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_never_remembered() {
        let rooms = remember(Vec::new(), "https://h/room?jwt=secret#fp=1&jwt=secret&rn=2", Moment::from_unix(9));
        assert_eq!(rooms[0].link, "https://h/room#fp=1&rn=2");
    }

    #[test]
    fn a_room_stands_once_and_leaves_after_thirty_days() {
        let first = remember(Vec::new(), "https://h/a", Moment::from_unix(0));
        let both = remember(first, "https://h/b", Moment::from_unix(5));
        let again = remember(both, "https://h/a", Moment::from_unix(6));
        assert_eq!(again.iter().map(|room| room.link.as_str()).collect::<Vec<_>>(), ["https://h/a", "https://h/b"]);
        assert_eq!(fresh(again, Moment::from_unix(5 + KEPT_SECONDS)).len(), 1);
    }
}
