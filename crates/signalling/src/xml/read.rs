//! Text to [`Element`], within [`Limits`]. Grammar and namespaces are `rxml`'s; what is counted is ours.

use super::{Element, Node};
use rxml::{Event, Options, Parse, Parser, WithOptions};

/// How much of a document is accepted. Counted while reading, so nothing larger is ever built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Nesting, the root being 1. Jingle needs 6; deeper trees only exhaust stacks.
    pub depth: usize,
    /// Attributes of one element. Jingle's candidates have 13.
    pub attributes: usize,
    /// Bytes of an element or attribute name.
    pub name: usize,
    /// Bytes of the whole document.
    pub bytes: usize,
    /// Elements below the root, all levels together.
    pub children: usize,
}

impl Limits {
    /// For stanzas that another participant wrote.
    pub const PEER: Self = Self { depth: 64, attributes: 64, name: 256, bytes: 256 * 1024, children: 20_000 };
    /// For stanzas that may carry everybody's sources: the focus speaks for the whole room.
    pub const FOCUS: Self = Self { bytes: 1024 * 1024, ..Self::PEER };
}

/// Why a text is not an acceptable document.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// One of [`Limits`] is exceeded; the word says which.
    #[error("the document exceeds the limit on {0}")]
    TooLarge(&'static str),
    /// Not well-formed, or one of the constructs that stanzas may not have (DTD, comment, processing instruction).
    #[error("not a well-formed stanza: {0}")]
    Malformed(String),
}

/// Reads one document.
///
/// # Errors
/// [`XmlError`] when the text is not well-formed, has a DTD, comment, processing instruction or
/// undeclared entity, or exceeds a limit.
pub fn parse(text: &str, limits: &Limits) -> Result<Element, XmlError> {
    if text.len() > limits.bytes {
        return Err(XmlError::TooLarge("bytes"));
    }
    // A token is one attribute value or name; the document's own size bounds it already.
    let options = Options { max_token_length: limits.bytes, ..Options::default() };
    let mut parser = Parser::with_options(options);
    let mut rest = text.as_bytes();
    let mut builder = Builder { open: Vec::new(), root: None, count: 0, limits };
    loop {
        match parser.parse(&mut rest, true) {
            Ok(Some(event)) => builder.take(event)?,
            Ok(None) => break,
            Err(error) => return Err(XmlError::Malformed(describe(&error))),
        }
    }
    builder.root.ok_or_else(|| XmlError::Malformed("no element".to_owned()))
}

fn describe(error: &rxml::error::EndOrError) -> String {
    match error {
        rxml::error::EndOrError::NeedMoreData => "it ends too early".to_owned(),
        rxml::error::EndOrError::Error(error) => error.to_string(),
    }
}

struct Builder<'a> {
    open: Vec<Element>,
    root: Option<Element>,
    count: usize,
    limits: &'a Limits,
}

impl Builder<'_> {
    fn take(&mut self, event: Event) -> Result<(), XmlError> {
        match event {
            Event::XmlDeclaration(..) => Ok(()),
            Event::StartElement(_, (ns, name), attrs) => self.start(ns.as_str(), &name, &attrs),
            Event::EndElement(_) => {
                self.end();
                Ok(())
            }
            Event::Text(_, text) => {
                self.text(text);
                Ok(())
            }
        }
    }

    fn start(&mut self, ns: &str, name: &str, attrs: &rxml::AttrMap) -> Result<(), XmlError> {
        if self.open.len() >= self.limits.depth {
            return Err(XmlError::TooLarge("depth"));
        }
        if self.count > self.limits.children {
            return Err(XmlError::TooLarge("children"));
        }
        self.count += 1;
        if attrs.len() > self.limits.attributes {
            return Err(XmlError::TooLarge("attributes"));
        }
        if name.len() > self.limits.name || ns.len() > self.limits.name {
            return Err(XmlError::TooLarge("names"));
        }
        let mut element = Element::new(name, ns);
        for ((ns, name), value) in attrs {
            if name.len() > self.limits.name {
                return Err(XmlError::TooLarge("names"));
            }
            if ns.is_none() {
                element.set(name.as_str(), value);
            } else if ns.as_str() == rxml::XMLNS_XML && name.as_str() == "lang" {
                element.set("xml:lang", value);
            }
        }
        self.open.push(element);
        Ok(())
    }

    fn end(&mut self) {
        let Some(done) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.push(done),
            None => self.root = Some(done),
        }
    }

    fn text(&mut self, text: String) {
        let Some(parent) = self.open.last_mut() else { return };
        // Long text arrives in pieces; one node keeps equality independent of where it was cut.
        if let Some(Node::Text(before)) = parent.nodes.last_mut() {
            before.push_str(&text);
        } else if !text.is_empty() {
            parent.nodes.push(Node::Text(text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Element, XmlError> {
        parse(text, &Limits::PEER)
    }

    #[test]
    fn children_inherit_the_namespace_and_prefixes_are_resolved() {
        let e = read("<s:features xmlns:s='urn:s' xmlns='urn:d'><a b=\"1\" xml:lang='en'/></s:features>").unwrap();
        assert!(e.is("features", "urn:s"));
        let a = e.find("a", "urn:d").unwrap();
        assert_eq!((a.get("b"), a.get("xml:lang")), (Some("1"), Some("en")));
    }

    #[test]
    fn depth_attributes_names_size_and_children_are_limited_exactly() {
        let nested = |n: usize| "<a>".repeat(n) + &"</a>".repeat(n);
        assert!(read(&nested(64)).is_ok());
        assert_eq!(read(&nested(65)), Err(XmlError::TooLarge("depth")));
        let attributes = |n: usize| (0..n).fold("<a".to_owned(), |s, i| s + &format!(" b{i}=''")) + "/>";
        assert!(read(&attributes(64)).is_ok());
        assert_eq!(read(&attributes(65)), Err(XmlError::TooLarge("attributes")));
        let named = |n: usize| format!("<{}/>", "n".repeat(n));
        assert!(read(&named(256)).is_ok());
        assert_eq!(read(&named(257)), Err(XmlError::TooLarge("names")));
        assert_eq!(read(&format!("<a {}='1'/>", "n".repeat(257))), Err(XmlError::TooLarge("names")));
        let many = |n: usize| format!("<a>{}</a>", "<b/>".repeat(n));
        assert!(read(&many(20_000)).is_ok());
        assert_eq!(read(&many(20_001)), Err(XmlError::TooLarge("children")));
        let long = |n: usize| format!("<a>{}</a>", "x".repeat(n - 7));
        assert!(read(&long(256 * 1024)).is_ok());
        assert_eq!(read(&long(256 * 1024 + 1)), Err(XmlError::TooLarge("bytes")));
        assert!(parse(&long(1024 * 1024), &Limits::FOCUS).is_ok());
    }

    #[test]
    fn no_dtd_comment_instruction_or_own_entity_gets_in() {
        for bad in [
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "<a><!-- hidden --></a>",
            "<a><?php x?></a>",
            "<a>&lol;</a>",
            "<a><b></a></b>",
            "<a b='1' b='2'/>",
            "<x:a/>",
            "<a/><b/>",
            "<a",
            "",
            "words",
        ] {
            assert!(matches!(read(bad), Err(XmlError::Malformed(_))), "{bad}");
        }
    }
}
