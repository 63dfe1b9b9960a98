//! Percent coding and normal forms as Jitsi's web app does them.

use unicode_normalization::UnicodeNormalization as _;

/// Percent-decodes once; a text that does not decode to UTF-8 stays as it is.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).filter(|_| byte == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        let value = pair.filter(|pair| !pair.starts_with('+')).and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match value {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// `encodeURIComponent` of JavaScript.
pub(super) fn encode_component(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// For a path that is read again as a link: there, what `encodeURIComponent` leaves as it is would be stripped.
pub(super) fn encode_segment(text: &str) -> String {
    let stripped = |c: char| "!'()*".contains(c);
    let encode = |c: char| if stripped(c) { format!("%{:02X}", u32::from(c)) } else { c.to_string() };
    encode_component(text).chars().map(encode).collect()
}

/// NFKC, then lower case.
pub(super) fn normalise(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}

/// Controls and characters that turn text around or hide in it.
pub(super) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}
