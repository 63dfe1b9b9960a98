//! `<jingle/>` to [`Jingle`] and back.

use super::modify::{read_wish, write_wish};
use super::source::{read_group, read_source, write_group, write_source};
use super::{Action, BridgeSession, Content, Form, Jingle, Kind, Reason, Sources, read_compact, write_compact};
use crate::{ns, xml::Element};

/// Sections of one stanza; Jitsi has three.
const MAX_CONTENTS: usize = 16;

impl Jingle {
    /// Reads a `<jingle/>` element. `None` if it is another element or lacks action or sid.
    /// A compact source list that cannot be read counts as empty.
    #[must_use]
    pub fn from_xml(element: &Element) -> Option<Self> {
        if !element.is("jingle", ns::JINGLE) {
            return None;
        }
        let mut jingle = Self::new(Action::parse(element.get("action")?), element.get("sid")?);
        jingle.initiator = element.get("initiator").map(str::to_owned);
        jingle.responder = element.get("responder").map(str::to_owned);
        jingle.ice_generation = element.all("content", ns::JINGLE).find_map(read_generation);
        for content in element.all("content", ns::JINGLE).take(MAX_CONTENTS) {
            let read = Content::read(content);
            if let (Some(kind), Some(description)) = (read.kind, content.find("description", ns::RTP)) {
                jingle.sources.append(read_sources(description, kind));
            }
            jingle.contents.push(read);
        }
        if let Some(json) = element.text_of("json-message", ns::JITMEET) {
            jingle.sources.append(read_compact(&json).unwrap_or_default());
        }
        jingle.bundle = read_bundle(element);
        jingle.bridge_session = element.find("bridge-session", ns::FOCUS).map(read_bridge_session);
        jingle.reason = element.find("reason", ns::JINGLE).map(read_reason);
        jingle.ice_state = element.text_of("ice-state", ns::FOCUS);
        if jingle.action == Action::ContentModify {
            jingle.wish = read_wish(element);
        }
        Some(jingle)
    }

    /// Writes the `<jingle/>` element with its sources in the wanted form.
    #[must_use]
    pub fn to_xml(&self, form: Form) -> Element {
        let answers = matches!(self.action, Action::SessionAccept | Action::TransportAccept);
        let creator = if answers { "responder" } else { "initiator" };
        let mut element = Element::new("jingle", ns::JINGLE)
            .attr("action", self.action.as_str())
            .attr_opt("initiator", self.initiator.as_ref())
            .attr_opt("responder", self.responder.as_ref())
            .attr("sid", &self.sid);
        let bare = matches!(self.action, Action::SourceAdd | Action::SourceRemove);
        for content in self.contents_to_write(form) {
            let sources = match (form, content.kind) {
                (Form::Xml, Some(kind)) => write_sources(&self.sources, kind),
                (Form::Compact, _) | (Form::Xml, None) => Vec::new(),
            };
            let mut written = content.write(creator, bare, sources);
            if let Some(generation) = self.ice_generation {
                write_generation(&mut written, generation);
            }
            element.push(written);
        }
        element = element.with_children(self.wish.as_ref().map(write_wish));
        if !self.bundle.is_empty() {
            element.push(
                Element::new("group", ns::GROUPING)
                    .attr("semantics", "BUNDLE")
                    .with_children(self.bundle.iter().map(|n| Element::new("content", ns::GROUPING).attr("name", n))),
            );
        }
        if let Some(session) = &self.bridge_session {
            element.push(write_bridge_session(session));
        }
        if let Some(state) = &self.ice_state {
            element.push(Element::new("ice-state", ns::FOCUS).text(state.clone()));
        }
        if form == Form::Compact && (bare || !self.sources.is_empty()) {
            element.push(Element::new("json-message", ns::JITMEET).text(write_compact(&self.sources)));
        }
        if let Some(reason) = &self.reason {
            let mut written = Element::new("reason", ns::JINGLE).child(Element::new(&reason.condition, ns::JINGLE));
            if let Some(text) = &reason.text {
                written.push(Element::new("text", ns::JINGLE).text(text.clone()));
            }
            element.push(written);
        }
        element
    }

    /// A source-add in XML needs sections to hang its sources on, even if nobody made them.
    fn contents_to_write(&self, form: Form) -> Vec<Content> {
        let mut contents = self.contents.clone();
        if form == Form::Xml {
            for kind in [Kind::Audio, Kind::Video] {
                let used = self.sources.sources.iter().any(|source| source.kind == kind);
                if used && !contents.iter().any(|content| content.kind == Some(kind)) {
                    contents.push(Content { name: kind.as_str().to_owned(), kind: Some(kind), ..Content::default() });
                }
            }
        }
        contents
    }
}

fn read_generation(content: &Element) -> Option<u32> {
    content.find("transport", ns::ICE_UDP)?.get("ice-generation")?.parse().ok()
}

fn write_generation(content: &mut Element, generation: u32) {
    content.each_mut(|part| {
        if part.is("transport", ns::ICE_UDP) {
            part.set("ice-generation", generation);
        }
    });
}

fn read_sources(description: &Element, kind: Kind) -> Sources {
    Sources {
        sources: description.all("source", ns::SSMA).filter_map(|s| read_source(s, kind)).collect(),
        groups: description.all("ssrc-group", ns::SSMA).filter_map(|g| read_group(g, kind)).collect(),
    }
}

fn write_sources(sources: &Sources, kind: Kind) -> Vec<Element> {
    let of_kind = sources.sources.iter().filter(|source| source.kind == kind).map(write_source);
    of_kind.chain(sources.groups.iter().filter(|group| group.kind == kind).map(write_group)).collect()
}

fn read_bundle(element: &Element) -> Vec<String> {
    element
        .all("group", ns::GROUPING)
        .filter(|group| group.get("semantics") == Some("BUNDLE"))
        .flat_map(Element::children)
        .filter_map(|content| content.get("name").map(str::to_owned))
        .take(MAX_CONTENTS)
        .collect()
}

fn read_bridge_session(element: &Element) -> BridgeSession {
    let flag = |name: &str| element.get(name).and_then(|value| value.parse().ok());
    BridgeSession {
        id: element.get("id").unwrap_or_default().to_owned(),
        region: element.get("region").map(str::to_owned),
        restart: flag("restart"),
        ice_restart: flag("ice-restart"),
    }
}

fn write_bridge_session(session: &BridgeSession) -> Element {
    Element::new("bridge-session", ns::FOCUS)
        .attr("id", &session.id)
        .attr_opt("region", session.region.as_ref())
        .attr_opt("restart", session.restart)
        .attr_opt("ice-restart", session.ice_restart)
}

fn read_reason(element: &Element) -> Reason {
    Reason {
        condition: element
            .children()
            .find(|child| child.name() != "text")
            .map(|child| child.name().to_owned())
            .unwrap_or_default(),
        text: element.text_of("text", ns::JINGLE).filter(|text| !text.is_empty()),
    }
}
