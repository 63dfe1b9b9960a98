//! Permission to switch a microphone, a camera or a screen on (Jitsi's "A/V moderation").

use super::{News, endpoint};
use crate::xml::{CLIENT, Element};
use serde_json::Value;
use std::collections::BTreeSet;

/// Guests read of one list of permissions.
const MAX_LISTED: usize = 2_000;

/// What needs permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Media {
    Audio,
    Video,
    Desktop,
}

impl Media {
    pub const ALL: [Self; 3] = [Self::Audio, Self::Video, Self::Desktop];

    /// The protocol's word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Desktop => "desktop",
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.word() == word)
    }
}

pub(super) fn read(said: &Value) -> Vec<News> {
    let flag = |key: &str| said.get(key).and_then(Value::as_bool);
    let media = said.get("mediaType").and_then(Value::as_str).and_then(Media::named);
    if let Some(lists) = said.get("whitelists") {
        return Media::ALL.into_iter().filter_map(|media| listed(media, lists)).collect();
    }
    let Some(media) = media else { return Vec::new() };
    if let Some(needed) = flag("enabled") {
        let by = said.get("actor").and_then(Value::as_str).and_then(endpoint);
        return vec![News::Permission { media, needed, by }];
    }
    match (flag("removed"), flag("approved")) {
        (Some(true), _) => vec![News::Allowed { media, allowed: false }],
        (_, Some(true)) => vec![News::Allowed { media, allowed: true }],
        _ => Vec::new(),
    }
}

fn listed(media: Media, lists: &Value) -> Option<News> {
    let list = lists.get(media.word())?.as_array()?;
    let endpoints: BTreeSet<String> =
        list.iter().take(MAX_LISTED).filter_map(Value::as_str).filter_map(endpoint).collect();
    Some(News::AllAllowed { media, endpoints })
}

fn element() -> Element {
    // Without a namespace of its own, as the library writes it.
    Element::new("av_moderation", CLIENT)
}

pub(super) fn switch(media: Media, needed: bool) -> Element {
    element().attr("enable", needed).attr("mediaType", media.word())
}

pub(super) fn allow(media: Media, jid: &str, allowed: bool) -> Element {
    let list = if allowed { "jidToWhitelist" } else { "jidToBlacklist" };
    element().attr("mediaType", media.word()).attr(list, jid)
}

/// What a moderator asks of the component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Asked {
    Switch { media: Media, needed: bool },
    Allow { media: Media, endpoint: String, allowed: bool },
}

/// Reads what [`switch`] and [`allow`] write.
pub(crate) fn asked(message: &Element) -> Option<Asked> {
    let asked = message.children().find(|child| child.name() == "av_moderation")?;
    let media = asked.get("mediaType").and_then(Media::named)?;
    if let Some(enable) = asked.get("enable") {
        return Some(Asked::Switch { media, needed: enable == "true" });
    }
    let (jid, allowed) = match (asked.get("jidToWhitelist"), asked.get("jidToBlacklist")) {
        (Some(jid), _) => (jid, true),
        (None, Some(jid)) => (jid, false),
        (None, None) => return None,
    };
    Some(Asked::Allow { media, endpoint: endpoint(jid)?, allowed })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_shape_of_the_component_is_the_news_it_means() {
        let (media, audio) = (Media::Audio, "audio");
        let table = [
            (
                json!({ "enabled": true, "mediaType": audio, "actor": "r@muc/aa" }),
                vec![News::Permission { media, needed: true, by: Some("aa".into()) }],
            ),
            (json!({ "approved": true, "mediaType": audio }), vec![News::Allowed { media, allowed: true }]),
            (json!({ "removed": true, "mediaType": audio }), vec![News::Allowed { media, allowed: false }]),
            (
                json!({ "whitelists": { "audio": ["r@muc/bb", 7, "r@muc"] }, "mediaType": audio }),
                vec![News::AllAllowed { media, endpoints: ["bb".to_owned()].into() }],
            ),
            (json!({ "enabled": true, "mediaType": "smell" }), vec![]),
            (json!({ "mediaType": audio }), vec![]),
        ];
        for (said, news) in table {
            assert_eq!(read(&said), news, "{said}");
        }
    }

    #[test]
    fn a_host_reads_what_a_guest_writes() {
        let media = Media::Desktop;
        let message = |child| Element::new("message", CLIENT).child(child);
        assert_eq!(asked(&message(switch(media, true))), Some(Asked::Switch { media, needed: true }));
        let allowed = Asked::Allow { media, endpoint: "bb".into(), allowed: false };
        assert_eq!(asked(&message(allow(media, "r@muc/bb", false))), Some(allowed));
        assert_eq!(asked(&message(element())), None);
    }
}
