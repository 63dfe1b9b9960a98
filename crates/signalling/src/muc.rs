//! Rooms (XEP-0045) as Jitsi uses them: presence with sources, names and hands; items and statuses.
//!
//! [`Presence`] reads what a room sends; the builders are for both roles. A presence replaces the
//! one before, so what is not in it is not there any more.

mod clean;

pub use clean::{MAX_NAME_BYTES, MAX_NAME_GRAPHEMES, clean_name, clean_presence};

use crate::json;
use crate::ns;
use crate::xml::{CLIENT, Element};
use serde_json::Value;
use std::collections::BTreeMap;

/// Sources in one SourceInfo; a guest may have 20 SSRCs.
const MAX_SOURCES: usize = 20;
/// Statuses kept of one presence.
const MAX_STATUSES: usize = 16;

/// `<x xmlns='…muc#user'/>` with one item and statuses.
#[must_use]
pub fn user(item: Element, statuses: &[u16]) -> Element {
    let status = |code: &u16| Element::new("status", ns::MUC_USER).attr("code", code);
    Element::new("x", ns::MUC_USER).child(item).with_children(statuses.iter().map(status))
}

/// `<item/>` with what somebody is in the room.
#[must_use]
pub fn item(affiliation: &str, role: &str, jid: Option<&str>) -> Element {
    Element::new("item", ns::MUC_USER).attr("affiliation", affiliation).attr("role", role).attr_opt("jid", jid)
}

/// `<nick/>` with a display name.
#[must_use]
pub fn nick(name: &str) -> Element {
    Element::new("nick", ns::NICK).text(name)
}

/// State of one source in SourceInfo.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceState {
    /// Nothing is sent. A source that is not named at all counts as muted.
    pub muted: bool,
    /// `camera` or `desktop`; not said for cameras.
    pub video_type: Option<String>,
}

/// `<SourceInfo/>`.
#[must_use]
pub fn source_info(sources: &BTreeMap<String, SourceState>) -> Element {
    let mut object = serde_json::Map::new();
    for (name, state) in sources {
        let mut entry = serde_json::Map::new();
        entry.insert("muted".to_owned(), state.muted.into());
        if let Some(video_type) = &state.video_type {
            entry.insert("videoType".to_owned(), video_type.as_str().into());
        }
        object.insert(name.clone(), Value::Object(entry));
    }
    Element::new("SourceInfo", CLIENT).text(Value::Object(object).to_string())
}

/// Is this source name one of that endpoint (`EP-a0`, `EP-v1`, with an optional suffix)?
#[must_use]
pub fn owns_source(endpoint: &str, name: &str) -> bool {
    let Some(rest) = name.strip_prefix(endpoint).and_then(|rest| rest.strip_prefix('-')) else { return false };
    let Some(rest) = rest.strip_prefix(['a', 'v']) else { return false };
    let digits = rest.split('.').next().unwrap_or_default();
    !digits.is_empty() && digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) && rest.len() <= 32
}

/// What a room says about an occupant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// The occupant has left.
    pub unavailable: bool,
    /// Stanza error condition, e.g. `not-allowed`.
    pub error: Option<String>,
    /// Real address; how the focus is recognised.
    pub jid: Option<String>,
    /// `owner`, `none` …
    pub affiliation: Option<String>,
    /// `moderator`, `participant`, `none`.
    pub role: Option<String>,
    /// Who did it (kick, promotion).
    pub actor: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Codes: 110 self, 307 kicked …
    pub statuses: Vec<u16>,
    /// Display name, cleaned.
    pub name: Option<String>,
    /// Codecs in order of preference.
    pub codecs: Vec<String>,
    /// Since when the hand is up, unix milliseconds.
    pub raised_hand: Option<u64>,
    /// States of own sources by name; `None` if nothing was said.
    pub sources: Option<BTreeMap<String, SourceState>>,
    /// The room was destroyed.
    pub destroyed: bool,
}

impl Presence {
    /// Reads a `<presence/>`; unknown children are ignored.
    #[must_use]
    pub fn from_xml(stanza: &Element) -> Self {
        let endpoint = stanza.get("from").and_then(|from| from.split_once('/')).map_or("", |(_, endpoint)| endpoint);
        let user = stanza.find("x", ns::MUC_USER);
        let item = user.and_then(|x| x.find("item", ns::MUC_USER));
        let of_item = |name: &str| item.and_then(|item| item.get(name)).map(str::to_owned);
        Self {
            unavailable: stanza.get("type") == Some("unavailable"),
            error: (stanza.get("type") == Some("error"))
                .then(|| crate::stream::error_condition(stanza).unwrap_or("undefined-condition").to_owned()),
            jid: of_item("jid"),
            affiliation: of_item("affiliation"),
            role: of_item("role"),
            actor: item
                .and_then(|item| item.find("actor", ns::MUC_USER))
                .and_then(|actor| actor.get("nick"))
                .map(str::to_owned),
            reason: item.and_then(|item| item.text_of("reason", ns::MUC_USER)).map(|r| clean_name(&r)),
            statuses: user
                .into_iter()
                .flat_map(|x| x.all("status", ns::MUC_USER))
                .filter_map(|status| status.get("code")?.parse().ok())
                .take(MAX_STATUSES)
                .collect(),
            name: stanza.text_of("nick", ns::NICK).map(|name| clean_name(&name)).filter(|name| !name.is_empty()),
            codecs: stanza
                .text_of("jitsi_participant_codecList", CLIENT)
                .map(|list| list.split(',').take(16).map(|codec| codec.trim().to_owned()).collect())
                .unwrap_or_default(),
            raised_hand: stanza
                .text_of("jitsi_participant_raisedHand", CLIENT)
                .and_then(|since| since.trim().parse().ok())
                .filter(|since| *since > 0),
            sources: stanza.text_of("SourceInfo", CLIENT).and_then(|text| read_source_info(&text, endpoint)),
            destroyed: user.is_some_and(|x| x.find("destroy", ns::MUC_USER).is_some()),
        }
    }
}

/// Reads SourceInfo, keeping what belongs to the endpoint.
fn read_source_info(text: &str, endpoint: &str) -> Option<BTreeMap<String, SourceState>> {
    let value = json::parse(text).ok()?;
    let own = value.as_object()?.iter().filter(|(name, _)| owns_source(endpoint, name)).take(MAX_SOURCES);
    let state = |entry: &Value| SourceState {
        muted: entry.get("muted").and_then(Value::as_bool).unwrap_or(false),
        video_type: entry.get("videoType").and_then(Value::as_str).map(str::to_owned),
    };
    Some(own.map(|(name, entry)| (name.clone(), state(entry))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    #[test]
    fn a_presence_is_read_with_its_sources_hand_and_item() {
        let text = "<presence xmlns='jabber:client' from='r@conference.d/8015759d'><unknown xmlns='urn:new'/>\
            <jitsi_participant_codecList>av1, vp8</jitsi_participant_codecList><jitsi_participant_raisedHand>12</jitsi_participant_raisedHand>\
            <nick xmlns='http://jabber.org/protocol/nick'>User\n2</nick>\
            <SourceInfo>{\"8015759d-a0\":{\"muted\":true},\"8015759d-v1\":{\"muted\":false,\"videoType\":\"desktop\"},\"other-a0\":{\"muted\":false}}</SourceInfo>\
            <x xmlns='http://jabber.org/protocol/muc#user'><item role='participant' affiliation='none' jid='a@d/b'/><status code='110'/></x></presence>";
        let read = Presence::from_xml(&parse(text, &Limits::PEER).unwrap());
        assert_eq!(
            (read.name.as_deref(), read.raised_hand, read.jid.as_deref()),
            (Some("User 2"), Some(12), Some("a@d/b"))
        );
        assert_eq!(read.codecs, ["av1", "vp8"]);
        assert_eq!(read.statuses, [110]);
        let sources = read.sources.unwrap();
        assert_eq!(sources.keys().collect::<Vec<_>>(), ["8015759d-a0", "8015759d-v1"]);
        assert_eq!(
            source_info(&sources).own_text(),
            r#"{"8015759d-a0":{"muted":true},"8015759d-v1":{"muted":false,"videoType":"desktop"}}"#
        );
    }

    #[test]
    fn only_names_of_the_endpoint_itself_are_its_sources() {
        assert!(owns_source("ab", "ab-a0") && owns_source("ab", "ab-v12") && owns_source("ab", "ab-a0.en"));
        for foreign in ["ab-x0", "ab-a", "abc-a0", "ab-a0x", "a0", "ab-v9999", ""] {
            assert!(!owns_source("ab", foreign), "{foreign}");
        }
    }
}
