//! Messages to JSON objects. Strict readers (Jackson in the real bridge) refuse fields they do not
//! know, so nothing is written beyond what they expect.

use super::{Constraint, FromBridge, MappedSource, ReceiverVideoConstraints, ToBridge};
use serde_json::{Map, Value, json};

fn constraint(constraint: Constraint) -> Value {
    json!({ "maxHeight": constraint.max_height })
}

fn constraints(wanted: &ReceiverVideoConstraints) -> Value {
    let mut object = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            object.insert(key.to_owned(), value);
        }
    };
    put("colibriClass", Some("ReceiverVideoConstraints".into()));
    put("lastN", wanted.last_n.map(Value::from));
    put("selectedSources", wanted.selected_sources.clone().map(Value::from));
    put("onStageSources", wanted.on_stage_sources.clone().map(Value::from));
    put("defaultConstraints", wanted.default_constraints.map(constraint));
    let named = wanted.constraints.as_ref();
    put("constraints", named.map(|all| all.iter().map(|(name, c)| (name.clone(), constraint(*c))).collect()));
    put("assumedBandwidthBps", wanted.assumed_bandwidth_bps.map(Value::from));
    Value::Object(object)
}

fn with_class(class: &str, stats: &Map<String, Value>) -> Map<String, Value> {
    let mut object = stats.clone();
    object.insert("colibriClass".to_owned(), class.into());
    object
}

pub(super) fn to_bridge(message: &ToBridge) -> Value {
    match message {
        ToBridge::ClientHello => json!({ "colibriClass": "ClientHello" }),
        ToBridge::ReceiverVideoConstraints(wanted) => constraints(wanted),
        ToBridge::SourceVideoType { source_name, video_type } => json!({
            "colibriClass": "SourceVideoTypeMessage", "sourceName": source_name, "videoType": video_type,
        }),
        ToBridge::EndpointMessage { to, payload } => json!({
            "colibriClass": "EndpointMessage", "to": to, "msgPayload": payload,
        }),
        ToBridge::EndpointStats(stats) => Value::Object(with_class("EndpointStats", stats)),
        ToBridge::LastNChanged { last_n } => json!({ "colibriClass": "LastNChangedEvent", "lastN": last_n }),
    }
}

fn mapped(class: &str, sources: &[MappedSource]) -> Value {
    let write = |source: &MappedSource| {
        let mut object = Map::new();
        object.insert("source".to_owned(), source.source.as_str().into());
        object.insert("owner".to_owned(), source.owner.as_str().into());
        object.insert("ssrc".to_owned(), source.ssrc.into());
        if let Some(video_type) = &source.video_type {
            object.insert("rtx".to_owned(), source.rtx.map_or(Value::from(-1), Value::from));
            object.insert("videoType".to_owned(), video_type.as_str().into());
        }
        if let Some(mid) = &source.mid {
            object.insert("mid".to_owned(), mid.as_str().into());
        }
        Value::Object(object)
    };
    json!({ "colibriClass": class, "mappedSources": sources.iter().map(write).collect::<Vec<_>>() })
}

pub(super) fn from_bridge(message: &FromBridge) -> Value {
    match message {
        FromBridge::ServerHello { version: Some(version) } => {
            json!({ "colibriClass": "ServerHello", "version": version })
        }
        FromBridge::ServerHello { version: None } => json!({ "colibriClass": "ServerHello" }),
        FromBridge::DominantSpeaker { endpoint, previous, silence } => json!({
            "colibriClass": "DominantSpeakerEndpointChangeEvent",
            "dominantSpeakerEndpoint": endpoint, "previousSpeakers": previous, "silence": silence,
        }),
        FromBridge::ForwardedSources(names) => {
            json!({ "colibriClass": "ForwardedSources", "forwardedSources": names })
        }
        FromBridge::VideoSourcesMap(sources) => mapped("VideoSourcesMap", sources),
        FromBridge::AudioSourcesMap(sources) => mapped("AudioSourcesMap", sources),
        FromBridge::SenderSourceConstraints { source_name, max_height } => json!({
            "colibriClass": "SenderSourceConstraints", "sourceName": source_name, "maxHeight": max_height,
        }),
        FromBridge::EndpointConnectivity { endpoint, active } => json!({
            "colibriClass": "EndpointConnectivityStatusChangeEvent",
            "endpoint": endpoint, "active": active.to_string(),
        }),
        FromBridge::ConnectionStats { estimated_downlink_bandwidth } => json!({
            "colibriClass": "ConnectionStats", "estimatedDownlinkBandwidth": estimated_downlink_bandwidth,
        }),
        FromBridge::EndpointMessage { from, to, payload } => json!({
            "colibriClass": "EndpointMessage", "from": from, "to": to, "msgPayload": payload,
        }),
        FromBridge::EndpointStats { from, stats } => {
            let mut object = with_class("EndpointStats", stats);
            object.insert("from".to_owned(), from.as_str().into());
            Value::Object(object)
        }
    }
}
