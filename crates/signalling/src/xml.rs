//! One XML element and the bounded way from text to it and back.
//!
//! This is not a general XML library: a document is one stanza (one WebSocket frame, RFC 7395),
//! namespaces are resolved while reading and written as plain `xmlns` on every element that
//! needs one. There are no prefixes except `stream:`, which old clients look for by name.
//! Start at [`parse`] and [`Element::new`].

use std::fmt;

mod read;
pub use read::{Limits, XmlError, parse};

/// Namespace of plain stanzas (RFC 6120).
pub const CLIENT: &str = "jabber:client";
/// Namespace of `<stream:features/>` (RFC 6120, 4.8.2).
pub const STREAM: &str = "http://etherx.jabber.org/streams";

/// A piece of an element's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data with references already expanded.
    Text(String),
}

/// One element: local name, namespace, attributes in order of appearance, content.
///
/// Attributes are those without a namespace, plus `xml:lang` under exactly that name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    name: String,
    ns: String,
    attrs: Vec<(String, String)>,
    nodes: Vec<Node>,
}

impl Element {
    /// An empty element. Both strings come from our own code, never from a peer.
    #[must_use]
    pub fn new(name: &str, ns: &str) -> Self {
        Self { name: name.to_owned(), ns: ns.to_owned(), attrs: Vec::new(), nodes: Vec::new() }
    }

    /// Sets an attribute (replacing one of the same name).
    #[must_use]
    pub fn attr(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.set(name, value);
        self
    }

    /// Sets an attribute where a value is there.
    #[must_use]
    pub fn attr_opt<V: fmt::Display>(self, name: &str, value: Option<V>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// Appends a child.
    #[must_use]
    pub fn child(mut self, child: Element) -> Self {
        self.push(child);
        self
    }

    /// Appends many children.
    #[must_use]
    pub fn with_children(mut self, children: impl IntoIterator<Item = Element>) -> Self {
        self.nodes.extend(children.into_iter().map(Node::Element));
        self
    }

    /// Appends text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        if !text.is_empty() {
            self.nodes.push(Node::Text(text));
        }
        self
    }

    /// Sets an attribute in place.
    pub fn set(&mut self, name: &str, value: impl fmt::Display) {
        let value = value.to_string();
        match self.attrs.iter_mut().find(|(known, _)| known == name) {
            Some(slot) => slot.1 = value,
            None => self.attrs.push((name.to_owned(), value)),
        }
    }

    /// Removes an attribute if it is there.
    pub fn unset(&mut self, name: &str) {
        self.attrs.retain(|(known, _)| known != name);
    }

    /// Appends a child in place.
    pub fn push(&mut self, child: Element) {
        self.nodes.push(Node::Element(child));
    }

    /// Keeps only the child elements for which the question is answered with yes.
    pub fn retain(&mut self, mut keep: impl FnMut(&Element) -> bool) {
        self.nodes.retain(|node| match node {
            Node::Element(child) => keep(child),
            Node::Text(_) => true,
        });
    }

    /// Changes the child elements in place.
    pub fn each_mut(&mut self, mut change: impl FnMut(&mut Element)) {
        for node in &mut self.nodes {
            if let Node::Element(child) = node {
                change(child);
            }
        }
    }

    /// Local name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Namespace URI, empty if there is none.
    #[must_use]
    pub fn ns(&self) -> &str {
        &self.ns
    }

    /// Is this that element?
    #[must_use]
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attrs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All attributes in order.
    pub fn attrs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.attrs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// All child elements in order.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(child) => Some(child),
            Node::Text(_) => None,
        })
    }

    /// The content with text and elements in order.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// All child elements of that name and namespace.
    pub fn all<'a>(&'a self, name: &'a str, ns: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children().filter(move |child| child.is(name, ns))
    }

    /// The first child element of that name and namespace.
    #[must_use]
    pub fn find(&self, name: &str, ns: &str) -> Option<&Element> {
        self.children().find(|child| child.is(name, ns))
    }

    /// The element's own text, children left out.
    #[must_use]
    pub fn own_text(&self) -> String {
        self.nodes
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect()
    }

    /// The text of the first such child, if there is such a child.
    #[must_use]
    pub fn text_of(&self, name: &str, ns: &str) -> Option<String> {
        self.find(name, ns).map(Element::own_text)
    }

    fn write(&self, out: &mut String, around: &str) {
        let prefixed = self.ns == STREAM;
        out.push('<');
        if prefixed {
            out.push_str("stream:");
        }
        out.push_str(&self.name);
        let inside = if prefixed { CLIENT } else { &self.ns };
        if prefixed {
            out.push_str(" xmlns:stream='");
            out.push_str(STREAM);
            out.push('\'');
        }
        if inside != around {
            out.push_str(" xmlns='");
            escape(inside, true, out);
            out.push('\'');
        }
        for (name, value) in &self.attrs {
            out.push(' ');
            out.push_str(name);
            out.push_str("='");
            escape(value, true, out);
            out.push('\'');
        }
        if self.nodes.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        for node in &self.nodes {
            match node {
                Node::Element(child) => child.write(out, inside),
                Node::Text(text) => escape(text, false, out),
            }
        }
        out.push_str(if prefixed { "</stream:" } else { "</" });
        out.push_str(&self.name);
        out.push('>');
    }
}

/// The element as a whole document, as one frame carries it.
impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = String::with_capacity(256);
        self.write(&mut out, "");
        f.write_str(&out)
    }
}

fn escape(text: &str, in_attribute: bool, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            // A reader turns these into a space (attribute) or a line feed unless they are references.
            '\r' => out.push_str("&#13;"),
            '\n' if in_attribute => out.push_str("&#10;"),
            '\t' if in_attribute => out.push_str("&#9;"),
            // XML 1.0 has no way to write other controls or non-characters; a peer would drop the stream.
            '\n' | '\t' => out.push(c),
            c if c < ' ' || c == '\u{fffe}' || c == '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_with_markup_quotes_and_line_ends_intact() {
        let element = Element::new("message", CLIENT)
            .attr("to", "a'b\"<&>\n\t\r")
            .child(Element::new("body", CLIENT).text("x < y && z > 'q' \"r\" \r\n ü 🎈"))
            .child(Element::new("x", "urn:other").child(Element::new("y", "")));
        let back = parse(&element.to_string(), &Limits::PEER).unwrap();
        assert_eq!(back, element);
    }

    #[test]
    fn characters_that_xml_cannot_carry_become_the_replacement_character() {
        let element = Element::new("body", CLIENT).text("a\u{1}b\u{ffff}c");
        let back = parse(&element.to_string(), &Limits::PEER).unwrap();
        assert_eq!(back.own_text(), "a\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn stream_features_keep_the_prefix_that_clients_search_for() {
        let features = Element::new("features", STREAM).child(Element::new("bind", "urn:ietf:params:xml:ns:xmpp-bind"));
        let text = features.to_string();
        assert!(text.starts_with("<stream:features xmlns:stream="), "{text}");
        assert_eq!(parse(&text, &Limits::PEER).unwrap(), features);
    }
}
