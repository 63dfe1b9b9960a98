//! The frames a guest writes, each from its parts. No decisions here; shapes as recorded in `tests/traces`.

use super::{GuestConfig, Me, SourceState, caps};
use crate::secret::Secret;
use crate::xml::{CLIENT, Element};
use crate::{disco, ns, stream};
use std::collections::BTreeMap;

/// The codecs we can send and receive, in the form of `jitsi_participant_codecList`. Others choose theirs by it.
const CODECS: &str = "vp8";

pub(super) fn iq(id: &str, kind: &str, to: Option<&str>, payload: Element) -> Element {
    stream::iq(kind, id, Some(payload)).attr_opt("to", to)
}

pub(super) fn conference(config: &GuestConfig) -> Element {
    let property = Element::new("property", ns::FOCUS).attr("name", "rtcstatsEnabled").attr("value", false);
    Element::new("conference", ns::FOCUS)
        .attr("room", config.room_jid())
        .attr("machine-uid", &config.machine)
        .attr_opt("token", config.token.as_ref().map(Secret::expose))
        .child(property)
}

/// The same question as JSON, for the way by HTTP. The token has a header of its own there.
pub(super) fn conference_json(config: &GuestConfig) -> String {
    let properties = serde_json::json!({ "rtcstatsEnabled": false });
    serde_json::json!({ "machineUid": config.machine, "room": config.room_jid(), "properties": properties }).to_string()
}

/// What somebody in a lobby says: the name is all that moderators have to decide by.
pub(super) fn knock(to: &str, name: &str) -> Element {
    Element::new("presence", CLIENT)
        .attr("to", to)
        .child(Element::new("x", ns::MUC))
        .child(Element::new("nick", ns::NICK).text(name))
}

/// Presence replaces everything said before, so each one holds all of us.
pub(super) fn presence(to: &str, me: &Me) -> Element {
    let presence = body(Element::new("presence", CLIENT).attr("to", to), me);
    match me.hand {
        Some(at) => presence.child(Element::new("jitsi_participant_raisedHand", CLIENT).text(at.to_string())),
        None => presence,
    }
}

/// The first presence, which asks to be let in. History is refused: a newcomer has no claim to what was said before.
pub(super) fn join(to: &str, password: Option<&str>, me: &Me) -> Element {
    let x = Element::new("x", ns::MUC);
    let x = match password {
        Some(password) => x.child(Element::new("password", ns::MUC).text(password)),
        None => x,
    };
    presence(to, me).child(x)
}

fn body(presence: Element, me: &Me) -> Element {
    let presence = presence
        .child(disco::caps(caps::NODE, &caps::ver(me.classic)))
        .child(Element::new("SourceInfo", CLIENT).text(source_info(&me.sources)))
        .child(Element::new("jitsi_participant_codecList", CLIENT).text(CODECS))
        // Libraries of before 2023 read one codec and know no list.
        .child(Element::new("jitsi_participant_codecType", CLIENT).text(CODECS));
    if me.name.is_empty() {
        return presence;
    }
    presence.child(Element::new("nick", ns::NICK).text(me.name.as_str()))
}

fn source_info(sources: &BTreeMap<String, SourceState>) -> String {
    let of = |(name, state): (&String, &SourceState)| {
        let mut entry = serde_json::Map::new();
        entry.insert("muted".into(), state.muted.into());
        if state.desktop {
            entry.insert("videoType".into(), "desktop".into());
        }
        (name.clone(), serde_json::Value::Object(entry))
    };
    let map: serde_json::Map<String, serde_json::Value> = sources.iter().map(of).collect();
    serde_json::Value::Object(map).to_string()
}

pub(super) fn unavailable(place: &str) -> Element {
    Element::new("presence", CLIENT).attr("to", place).attr("type", "unavailable")
}

pub(super) fn message(to: &str, kind: &str, text: &str) -> Element {
    Element::new("message", CLIENT).attr("to", to).attr("type", kind).child(Element::new("body", CLIENT).text(text))
}

/// Whom to answer, and under which id.
#[derive(Debug, Clone)]
pub(super) struct Asker {
    id: String,
    /// Absent when our own server asks.
    pub(super) from: Option<String>,
}

impl Asker {
    /// Without an id there is nothing to answer to.
    pub(super) fn of(iq: &Element) -> Option<Self> {
        Some(Asker { id: iq.get("id")?.to_owned(), from: iq.get("from").map(str::to_owned) })
    }

    fn reply(&self, kind: &str) -> Element {
        stream::iq(kind, &self.id, None).attr_opt("to", self.from.as_ref())
    }

    pub(super) fn result(&self) -> Element {
        self.reply("result")
    }

    pub(super) fn refuse(&self, kind: &str, condition: &str, more: Option<Element>) -> Element {
        let error = stream::error(kind, condition).with_children(more);
        self.reply("error").child(error)
    }

    /// XEP-0166 section 10: there is no such session.
    pub(super) fn unknown_session(&self) -> Element {
        let more = Element::new("unknown-session", ns::JINGLE_ERRORS);
        self.refuse("cancel", "item-not-found", Some(more))
    }
}

/// The node is answered as asked when it is ours with the right hash (XEP-0115 6.2), refused when it is another.
pub(super) fn disco_answer(asker: &Asker, node: Option<&str>, classic: bool) -> Element {
    let ours = format!("{}#{}", caps::NODE, caps::ver(classic));
    if node.is_some_and(|node| node != ours) {
        return asker.refuse("cancel", "item-not-found", None);
    }
    let features = caps::offered(classic).map(disco::feature);
    asker.result().child(disco::query(node).with_children(features))
}

/// The first child of that name, whatever its namespace: conditions and reasons come in several.
pub(super) fn named<'a>(element: &'a Element, name: &str) -> Option<&'a Element> {
    element.children().find(|child| child.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn names(element: &Element, found: &mut BTreeSet<String>) {
        found.insert(element.name().to_owned());
        element.children().for_each(|child| names(child, found));
    }

    /// What a server and the others learn of us by presence: features, sources, codecs, the name somebody chose, a raised hand.
    #[test]
    fn presence_says_nothing_of_person_machine_or_statistics_but_the_chosen_name() {
        let source = SourceState { muted: true, desktop: true };
        let me = Me { name: "Ada".into(), sources: [("aaaa-a0".into(), source)].into(), hand: Some(7), classic: false };
        let first = join("room@muc.example/aaaa", Some("sesam"), &me);
        let mut found = BTreeSet::new();
        names(&first, &mut found);
        let allowed = [
            "SourceInfo",
            "c",
            "jitsi_participant_codecList",
            "jitsi_participant_codecType",
            "jitsi_participant_raisedHand",
            "nick",
            "password",
            "presence",
            "x",
        ];
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), allowed);
        let text = first.to_string();
        for told in
            ["email", "stats-id", "statsId", "avatar", "identity", "user-agent", "version", std::env::consts::OS]
        {
            assert!(!text.to_lowercase().contains(&told.to_lowercase()), "{told} in {text}");
        }
        let nameless = presence("room@muc.example/aaaa", &Me { name: String::new(), ..me }).to_string();
        assert!(!nameless.contains("Ada") && !nameless.contains("<nick"), "{nameless}");
        assert!(!knock("lobby@muc.example/aaaa", "Ada").to_string().contains("SourceInfo"));
    }
}
