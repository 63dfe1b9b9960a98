//! Messages of the bridge channel: JSON objects named by `colibriClass`.
//!
//! [`ToBridge`] goes from a guest to the room, [`FromBridge`] back. Both know `parse` and
//! `to_json`, since both ends live in this repository. Unknown classes and unknown fields are
//! ignored; a key named twice refuses the message. Start at the two enums.

mod reaction;
mod read;
mod write;

pub use reaction::Reaction;

use crate::json::{self, JsonError};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Names in one list; a room of 500 with two sources each.
const MAX_NAMES: usize = 1_000;

/// How much of a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constraint {
    /// Lines; 0 is off, -1 without limit.
    pub max_height: i32,
}

/// What a guest wants to see. `None` leaves a part as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceiverVideoConstraints {
    /// How many pictures at most; -1 is all, 0 none.
    pub last_n: Option<i32>,
    /// Preferred sources.
    pub selected_sources: Option<Vec<String>>,
    /// Sources shown large.
    pub on_stage_sources: Option<Vec<String>>,
    /// For sources that `constraints` does not name.
    pub default_constraints: Option<Constraint>,
    /// By source name.
    pub constraints: Option<BTreeMap<String, Constraint>>,
    /// bit/s to assume; -1 is no assumption.
    pub assumed_bandwidth_bps: Option<i64>,
}

/// From a guest to the bridge.
#[derive(Clone, Debug, PartialEq)]
pub enum ToBridge {
    /// Asks for a [`FromBridge::ServerHello`].
    ClientHello,
    /// What the guest wants to see.
    ReceiverVideoConstraints(ReceiverVideoConstraints),
    /// What an own source shows: `camera`, `desktop`, `desktop_high_fps`, `none`; lower case.
    SourceVideoType {
        /// Own source.
        source_name: String,
        /// What it shows.
        video_type: String,
    },
    /// To another endpoint, or to all with an empty `to`.
    EndpointMessage {
        /// Endpoint id or empty.
        to: String,
        /// Any object.
        payload: Value,
    },
    /// Figures that the bridge hands on to those who look at the sender.
    EndpointStats(Map<String, Value>),
    /// Old way to say `lastN`.
    LastNChanged {
        /// As in the constraints.
        last_n: i32,
    },
}

/// A slot of an SSRC-rewriting bridge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedSource {
    /// Source name.
    pub source: String,
    /// Endpoint id.
    pub owner: String,
    /// SSRC that it now has.
    pub ssrc: u32,
    /// Retransmissions; `None` if it has none.
    pub rtx: Option<u32>,
    /// `CAMERA`, `DESKTOP` …; only pictures.
    pub video_type: Option<String>,
    /// What its packets say in the `mid` header extension, where that was agreed on.
    pub mid: Option<String>,
}

/// From the bridge to a guest.
#[derive(Clone, Debug, PartialEq)]
pub enum FromBridge {
    /// First message on a web socket.
    ServerHello {
        /// The bridge's version.
        version: Option<String>,
    },
    /// Who speaks.
    DominantSpeaker {
        /// Endpoint id.
        endpoint: String,
        /// Those who spoke before, newest first.
        previous: Vec<String>,
        /// Nobody speaks now.
        silence: bool,
    },
    /// The complete set of picture sources that are forwarded now.
    ForwardedSources(Vec<String>),
    /// New picture slots.
    VideoSourcesMap(Vec<MappedSource>),
    /// New sound slots.
    AudioSourcesMap(Vec<MappedSource>),
    /// How many lines of an own source anybody wants; 0 is nobody.
    SenderSourceConstraints {
        /// Own source.
        source_name: String,
        /// Lines.
        max_height: i32,
    },
    /// Whether another endpoint's media path works.
    EndpointConnectivity {
        /// Endpoint id.
        endpoint: String,
        /// Does it work?
        active: bool,
    },
    /// What the bridge believes about the way to the guest.
    ConnectionStats {
        /// bit/s.
        estimated_downlink_bandwidth: u64,
    },
    /// From another endpoint.
    EndpointMessage {
        /// Endpoint id, written by the bridge.
        from: String,
        /// Endpoint id or empty.
        to: String,
        /// Any object.
        payload: Value,
    },
    /// Another endpoint's figures.
    EndpointStats {
        /// Endpoint id, written by the bridge.
        from: String,
        /// Everything else.
        stats: Map<String, Value>,
    },
}

impl ToBridge {
    /// Reads a message; `None` for a class that we do not know.
    ///
    /// # Errors
    /// [`JsonError`] when the text is not bounded JSON or a known class lacks what it needs.
    pub fn parse(text: &str) -> Result<Option<Self>, JsonError> {
        read::to_bridge(object(text)?)
    }

    /// Writes the message.
    #[must_use]
    pub fn to_json(&self) -> String {
        write::to_bridge(self).to_string()
    }
}

impl FromBridge {
    /// Reads a message; `None` for a class that we do not know.
    ///
    /// # Errors
    /// [`JsonError`] when the text is not bounded JSON or a known class lacks what it needs.
    pub fn parse(text: &str) -> Result<Option<Self>, JsonError> {
        read::from_bridge(object(text)?)
    }

    /// Writes the message.
    #[must_use]
    pub fn to_json(&self) -> String {
        write::from_bridge(self).to_string()
    }
}

fn object(text: &str) -> Result<Map<String, Value>, JsonError> {
    match json::parse(text)? {
        Value::Object(object) => Ok(object),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => Err(JsonError::Shape),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_message_to_the_bridge_survives_the_way_out_and_back() {
        let constraint = |max_height| Constraint { max_height };
        for message in [
            ToBridge::ClientHello,
            ToBridge::ReceiverVideoConstraints(ReceiverVideoConstraints {
                last_n: Some(-1),
                selected_sources: Some(vec![]),
                on_stage_sources: Some(vec!["a-v0".into()]),
                default_constraints: Some(constraint(360)),
                constraints: Some(BTreeMap::from([("a-v0".into(), constraint(-1))])),
                assumed_bandwidth_bps: Some(-1),
            }),
            ToBridge::ReceiverVideoConstraints(ReceiverVideoConstraints::default()),
            ToBridge::SourceVideoType { source_name: "a-v0".into(), video_type: "desktop".into() },
            ToBridge::EndpointMessage { to: String::new(), payload: json!({"name":"endpoint-reaction"}) },
            ToBridge::EndpointStats(Map::from_iter([("jvbRTT".into(), json!(3))])),
            ToBridge::LastNChanged { last_n: 2 },
        ] {
            assert_eq!(ToBridge::parse(&message.to_json()).unwrap(), Some(message));
        }
    }

    #[test]
    fn every_message_from_the_bridge_survives_the_way_out_and_back() {
        let mapped = |rtx, video_type: Option<&str>| MappedSource {
            source: "a-v0".into(),
            owner: "a".into(),
            ssrc: 1,
            rtx,
            video_type: video_type.map(str::to_owned),
            mid: rtx.map(|_| "v0".to_owned()),
        };
        for message in [
            FromBridge::ServerHello { version: Some("2.1".into()) },
            FromBridge::DominantSpeaker { endpoint: "a".into(), previous: vec!["b".into()], silence: false },
            FromBridge::ForwardedSources(vec!["a-v0".into()]),
            FromBridge::VideoSourcesMap(vec![mapped(Some(2), Some("CAMERA")), mapped(None, Some("DESKTOP"))]),
            FromBridge::AudioSourcesMap(vec![mapped(None, None)]),
            FromBridge::SenderSourceConstraints { source_name: "a-v0".into(), max_height: 720 },
            FromBridge::EndpointConnectivity { endpoint: "a".into(), active: false },
            FromBridge::ConnectionStats { estimated_downlink_bandwidth: 2_513_172 },
            FromBridge::EndpointMessage { from: "a".into(), to: String::new(), payload: json!({}) },
            FromBridge::EndpointStats { from: "a".into(), stats: Map::from_iter([("x".into(), json!([1]))]) },
        ] {
            assert_eq!(FromBridge::parse(&message.to_json()).unwrap(), Some(message));
        }
    }

    #[test]
    fn a_forged_second_class_or_sender_refuses_the_message() {
        let forged = r#"{"colibriClass":"EndpointMessage","from":"a","from":"b","to":"","msgPayload":{}}"#;
        assert!(FromBridge::parse(forged).is_err());
        assert!(ToBridge::parse(r#"{"colibriClass":"ClientHello","colibriClass":"EndpointMessage"}"#).is_err());
    }

    #[test]
    fn unknown_classes_and_fields_are_ignored_and_missing_parts_refused() {
        assert_eq!(FromBridge::parse(r#"{"colibriClass":"Tomorrow"}"#).unwrap(), None);
        assert!(FromBridge::parse(r#"{"colibriClass":"ServerHello","new":1}"#).unwrap().is_some());
        assert!(ToBridge::parse(r#"{"colibriClass":"SourceVideoTypeMessage"}"#).is_err());
        assert!(ToBridge::parse("[]").is_err());
        let names = vec!["\"a\""; MAX_NAMES + 1].join(",");
        let flood = format!(r#"{{"colibriClass":"ReceiverVideoConstraints","selectedSources":[{names}]}}"#);
        assert_eq!(ToBridge::parse(&flood), Err(JsonError::TooLarge));
    }
}
