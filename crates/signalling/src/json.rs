//! JSON from peers: bounded in size and depth, and an object may not name a key twice.
//!
//! Two readers that disagree on which of two equal keys counts have been made to believe forged
//! bridge messages (JSA-2023-0001), so the second key refuses the message. Start at [`parse`].

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// Bytes of one message.
pub const MAX_BYTES: usize = 256 * 1024;
/// Nesting, the outermost value being 1.
pub const MAX_DEPTH: usize = 32;

/// Why a text is not acceptable JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Over [`MAX_BYTES`], or over a limit of whoever reads the content.
    #[error("the message is too large")]
    TooLarge,
    /// Not JSON, too deep, or a key named twice.
    #[error("not acceptable JSON: {0}")]
    Malformed(String),
    /// JSON, but not the expected shape.
    #[error("the message does not have the expected shape")]
    Shape,
}

/// Reads one value.
///
/// # Errors
/// [`JsonError`] on anything that is not bounded JSON with unique keys.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    if text.len() > MAX_BYTES {
        return Err(JsonError::TooLarge);
    }
    let mut reader = serde_json::Deserializer::from_str(text);
    let malformed = |error: serde_json::Error| JsonError::Malformed(error.to_string());
    let value = Strict { depth: 1 }.deserialize(&mut reader).map_err(malformed)?;
    reader.end().map_err(malformed)?;
    Ok(value)
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        let inner = self.deeper()?;
        while let Some(value) = seq.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let inner = self.deeper()?;
        while let Some(key) = map.next_key_seed(Key)? {
            let value = map.next_value_seed(inner)?;
            if object.insert(key, value).is_some() {
                return Err(de::Error::custom("a key is named twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

struct Key;

impl<'de> DeserializeSeed<'de> for Key {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        String::deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ordinary_json_reads_as_usual() {
        let text = r#"{"a":[1,-2,2.5,true,null,"x"],"b":{"c":{}}}"#;
        assert_eq!(parse(text).unwrap(), json!({"a":[1,-2,2.5,true,null,"x"],"b":{"c":{}}}));
    }

    #[test]
    fn a_key_named_twice_refuses_the_message_at_every_level() {
        for bad in [r#"{"a":1,"a":1}"#, r#"{"x":[{"a":1,"b":2,"\u0061":3}]}"#] {
            assert!(matches!(parse(bad), Err(JsonError::Malformed(_))), "{bad}");
        }
    }

    #[test]
    fn depth_and_size_are_limited_exactly() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(parse(&nested(MAX_DEPTH - 1)).is_ok());
        assert!(parse(&nested(MAX_DEPTH)).is_err());
        let long = |n: usize| format!("\"{}\"", "x".repeat(n - 2));
        assert!(parse(&long(MAX_BYTES)).is_ok());
        assert_eq!(parse(&long(MAX_BYTES + 1)), Err(JsonError::TooLarge));
    }

    #[test]
    fn rubbish_and_leftovers_are_refused() {
        for bad in ["", "{", "{} {}", "nul", "[1,]", "{\"a\"}", "\u{feff}{}"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
