//! What of a guest's own words is passed on: names made harmless, presence without forged parts.

use super::{nick, owns_source};
use crate::json;
use crate::ns;
use crate::xml::{CLIENT, Element};
use serde_json::{Map, Value};
use unicode_segmentation::UnicodeSegmentation as _;

/// A tile has room for no more.
pub const MAX_NAME_GRAPHEMES: usize = 50;
/// One grapheme can be made of any number of combining marks, so bytes are counted too.
pub const MAX_NAME_BYTES: usize = 200;
/// Bytes of a whole presence; everybody gets a copy of each change.
const MAX_PRESENCE: usize = 16 * 1024;
/// Children of a presence; Jitsi's longest has about 20.
const MAX_CHILDREN: usize = 64;

/// Parts that only the server may write: room items, occupant ids, delays, the focus's words,
/// and who somebody is according to a login.
fn is_ours_to_write(child: &Element) -> bool {
    [ns::MUC, ns::MUC_USER, ns::MUC_ADMIN, ns::MUC_OWNER, ns::OCCUPANT_ID, ns::FOCUS, ns::DELAY].contains(&child.ns())
        || matches!(child.name(), "identity" | "permissions" | "bot" | "error" | "bridgeNotAvailable")
}

/// Characters that turn text around, hide in it or break a line.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{61c}')
}

/// A display name without controls, line ends and direction marks, at most 50 graphemes and 200 bytes.
#[must_use]
pub fn clean_name(name: &str) -> String {
    let mut clean = String::new();
    let visible: String = name.chars().take(4 * MAX_NAME_BYTES).map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    for grapheme in visible.trim().graphemes(true).take(MAX_NAME_GRAPHEMES) {
        if clean.len() + grapheme.len() > MAX_NAME_BYTES {
            break;
        }
        clean.push_str(grapheme);
    }
    clean.trim_end().to_owned()
}

/// What of a guest's presence others are shown; `None` if it is too large.
#[must_use]
pub fn clean_presence(stanza: &Element, endpoint: &str) -> Option<Vec<Element>> {
    let mut kept = Vec::new();
    for child in stanza.children().filter(|child| !is_ours_to_write(child)) {
        if kept.len() == MAX_CHILDREN {
            return None;
        }
        kept.push(if child.is("nick", ns::NICK) {
            nick(&clean_name(&child.own_text()))
        } else if child.is("SourceInfo", CLIENT) {
            own_source_info(&child.own_text(), endpoint)
        } else {
            child.clone()
        });
    }
    let size: usize = kept.iter().map(|child| child.to_string().len()).sum();
    (size <= MAX_PRESENCE).then_some(kept)
}

fn own_source_info(text: &str, endpoint: &str) -> Element {
    let own: Map<String, Value> = match json::parse(text) {
        Ok(Value::Object(all)) => all.into_iter().filter(|(name, _)| owns_source(endpoint, name)).collect(),
        Ok(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) | Err(_) => Map::new(),
    };
    Element::new("SourceInfo", CLIENT).text(Value::Object(own).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_at_graphemes_and_bytes_and_lose_what_hides_in_them() {
        assert_eq!(clean_name(&"a".repeat(1 << 20)).len(), 50);
        let zalgo = format!("e{}", "\u{301}".repeat(10_000));
        assert!(clean_name(&zalgo).len() <= MAX_NAME_BYTES);
        assert_eq!(clean_name("👨‍👩‍👧‍👦".repeat(60).as_str()).graphemes(true).count(), MAX_NAME_BYTES / "👨‍👩‍👧‍👦".len());
        assert_eq!(clean_name(" Ann\u{202e}gro.live\r\n\u{0}x "), "Ann gro.live   x");
        assert_eq!(clean_name("\u{200b}\u{2066}\n"), "");
    }

    #[test]
    fn forged_parts_of_a_presence_are_not_passed_on() {
        let presence = Element::new("presence", CLIENT)
            .child(super::super::user(super::super::item("owner", "moderator", Some("focus@auth.d/x")), &[110]))
            .child(Element::new("identity", CLIENT))
            .child(Element::new("conference-properties", ns::FOCUS))
            .child(Element::new("SourceInfo", CLIENT).text(r#"{"a-a0":{"muted":true},"b-a0":{"muted":true}}"#))
            .child(Element::new("future", "urn:new").text("kept"));
        let kept = clean_presence(&presence, "a").unwrap();
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0].own_text(), r#"{"a-a0":{"muted":true}}"#);
        assert!(kept[1].is("future", "urn:new"));
    }

    #[test]
    fn an_enormous_presence_is_refused() {
        let big = Element::new("presence", CLIENT).child(Element::new("x", "urn:x").text("y".repeat(MAX_PRESENCE)));
        assert_eq!(clean_presence(&big, "a"), None);
        let many = Element::new("presence", CLIENT).with_children((0..65).map(|_| Element::new("x", "urn:x")));
        assert_eq!(clean_presence(&many, "a"), None);
    }
}
