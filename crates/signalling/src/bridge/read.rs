//! JSON objects to messages.

use super::{Constraint, FromBridge, MAX_NAMES, MappedSource, ReceiverVideoConstraints, ToBridge};
use crate::json::JsonError;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

type Object = Map<String, Value>;

fn text(object: &Object, key: &str) -> Result<String, JsonError> {
    object.get(key).and_then(Value::as_str).map(str::to_owned).ok_or(JsonError::Shape)
}

fn int(object: &Object, key: &str) -> Result<i32, JsonError> {
    object.get(key).and_then(number).ok_or(JsonError::Shape)
}

/// Heights and counts; a value beyond the type's range means "no limit" and is clamped.
fn number(value: &Value) -> Option<i32> {
    let clamped = value.as_i64()?.clamp(i64::from(i32::MIN), i64::from(i32::MAX));
    i32::try_from(clamped).ok()
}

fn names(value: &Value) -> Result<Vec<String>, JsonError> {
    let list = value.as_array().ok_or(JsonError::Shape)?;
    if list.len() > MAX_NAMES {
        return Err(JsonError::TooLarge);
    }
    list.iter().map(|name| name.as_str().map(str::to_owned).ok_or(JsonError::Shape)).collect()
}

fn names_of(object: &Object, key: &str) -> Result<Option<Vec<String>>, JsonError> {
    object.get(key).map(names).transpose()
}

fn constraint(value: &Value) -> Result<Constraint, JsonError> {
    value.get("maxHeight").and_then(number).map(|max_height| Constraint { max_height }).ok_or(JsonError::Shape)
}

fn constraints(value: &Value) -> Result<BTreeMap<String, Constraint>, JsonError> {
    let object = value.as_object().ok_or(JsonError::Shape)?;
    if object.len() > MAX_NAMES {
        return Err(JsonError::TooLarge);
    }
    object.iter().map(|(name, value)| Ok((name.clone(), constraint(value)?))).collect()
}

pub(super) fn to_bridge(mut object: Object) -> Result<Option<ToBridge>, JsonError> {
    let class = text(&object, "colibriClass")?;
    Ok(Some(match class.as_str() {
        "ClientHello" => ToBridge::ClientHello,
        "ReceiverVideoConstraints" => ToBridge::ReceiverVideoConstraints(ReceiverVideoConstraints {
            last_n: object.get("lastN").and_then(number),
            selected_sources: names_of(&object, "selectedSources")?,
            on_stage_sources: names_of(&object, "onStageSources")?,
            default_constraints: object.get("defaultConstraints").map(constraint).transpose()?,
            constraints: object.get("constraints").map(constraints).transpose()?,
            assumed_bandwidth_bps: object.get("assumedBandwidthBps").and_then(Value::as_i64),
        }),
        "SourceVideoTypeMessage" => ToBridge::SourceVideoType {
            source_name: text(&object, "sourceName")?,
            video_type: text(&object, "videoType")?.to_ascii_lowercase(),
        },
        "EndpointMessage" => ToBridge::EndpointMessage {
            to: text(&object, "to").unwrap_or_default(),
            payload: object.remove("msgPayload").ok_or(JsonError::Shape)?,
        },
        "EndpointStats" => {
            object.remove("colibriClass");
            // The bridge says who it is from; what the sender claims would be forgery.
            object.remove("from");
            ToBridge::EndpointStats(object)
        }
        "LastNChangedEvent" => ToBridge::LastNChanged { last_n: int(&object, "lastN")? },
        _ => return Ok(None),
    }))
}

fn mapped(object: &Object) -> Result<Vec<MappedSource>, JsonError> {
    let list = object.get("mappedSources").and_then(Value::as_array).ok_or(JsonError::Shape)?;
    if list.len() > MAX_NAMES {
        return Err(JsonError::TooLarge);
    }
    let ssrc =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_u64).and_then(|ssrc| u32::try_from(ssrc).ok());
    let word = |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).map(str::to_owned);
    list.iter()
        .map(|entry| {
            Some(MappedSource {
                source: word(entry, "source")?,
                owner: word(entry, "owner").unwrap_or_default(),
                ssrc: ssrc(entry, "ssrc")?,
                rtx: ssrc(entry, "rtx"),
                video_type: word(entry, "videoType"),
                mid: word(entry, "mid"),
            })
        })
        .collect::<Option<_>>()
        .ok_or(JsonError::Shape)
}

pub(super) fn from_bridge(mut object: Object) -> Result<Option<FromBridge>, JsonError> {
    let class = text(&object, "colibriClass")?;
    Ok(Some(match class.as_str() {
        "ServerHello" => FromBridge::ServerHello { version: text(&object, "version").ok() },
        "DominantSpeakerEndpointChangeEvent" => FromBridge::DominantSpeaker {
            endpoint: text(&object, "dominantSpeakerEndpoint")?,
            previous: names_of(&object, "previousSpeakers")?.unwrap_or_default(),
            silence: object.get("silence").and_then(Value::as_bool).unwrap_or(false),
        },
        "ForwardedSources" => {
            FromBridge::ForwardedSources(names_of(&object, "forwardedSources")?.ok_or(JsonError::Shape)?)
        }
        "VideoSourcesMap" => FromBridge::VideoSourcesMap(mapped(&object)?),
        "AudioSourcesMap" => FromBridge::AudioSourcesMap(mapped(&object)?),
        "SenderSourceConstraints" => FromBridge::SenderSourceConstraints {
            source_name: text(&object, "sourceName")?,
            max_height: int(&object, "maxHeight")?,
        },
        "EndpointConnectivityStatusChangeEvent" => FromBridge::EndpointConnectivity {
            endpoint: text(&object, "endpoint")?,
            active: match object.get("active") {
                Some(Value::Bool(active)) => *active,
                // The bridge writes a string where a boolean is meant.
                Some(Value::String(active)) => active == "true",
                _ => return Err(JsonError::Shape),
            },
        },
        "ConnectionStats" => FromBridge::ConnectionStats {
            estimated_downlink_bandwidth: object
                .get("estimatedDownlinkBandwidth")
                .and_then(Value::as_u64)
                .ok_or(JsonError::Shape)?,
        },
        "EndpointMessage" => FromBridge::EndpointMessage {
            from: text(&object, "from")?,
            to: text(&object, "to").unwrap_or_default(),
            payload: object.remove("msgPayload").ok_or(JsonError::Shape)?,
        },
        "EndpointStats" => {
            let from = text(&object, "from")?;
            object.remove("colibriClass");
            object.remove("from");
            FromBridge::EndpointStats { from, stats: object }
        }
        _ => return Ok(None),
    }))
}
