//! Every recorded frame of the bridge channel, read as our guest or our room would read it, and written again.
//!
//! What comes out must say the same as what went in: each class that the recordings know is one of ours, and no field of
//! it is lost or invented. The order of fields is free.
#![allow(clippy::unwrap_used)]

use runde_signalling::bridge::{FromBridge, ToBridge};
use serde_json::Value;
use std::collections::BTreeMap;

const TRACES: [(&str, &str); 14] = [
    (
        "classic-while-client-offers-rewriting-tab1",
        include_str!("traces/classic-while-client-offers-rewriting-tab1.txt"),
    ),
    ("e2ee-olm-and-sas-tab1", include_str!("traces/e2ee-olm-and-sas-tab1.txt")),
    ("e2ee-olm-and-sas-tab2", include_str!("traces/e2ee-olm-and-sas-tab2.txt")),
    ("ice-restart-and-desktop-tab1", include_str!("traces/ice-restart-and-desktop-tab1.txt")),
    ("ice-restart-and-desktop-tab2", include_str!("traces/ice-restart-and-desktop-tab2.txt")),
    ("jvb-2tabs-first-joiner", include_str!("traces/jvb-2tabs-first-joiner.txt")),
    ("jvb-2tabs-second-joiner", include_str!("traces/jvb-2tabs-second-joiner.txt")),
    ("jvb-3tabs-norewrite-tab1", include_str!("traces/jvb-3tabs-norewrite-tab1.txt")),
    ("jvb-3tabs-norewrite-tab2", include_str!("traces/jvb-3tabs-norewrite-tab2.txt")),
    ("jvb-3tabs-norewrite-tab3", include_str!("traces/jvb-3tabs-norewrite-tab3.txt")),
    ("offer-without-jvb-sources-tab1", include_str!("traces/offer-without-jvb-sources-tab1.txt")),
    ("p2p-then-third-joins-tab1", include_str!("traces/p2p-then-third-joins-tab1.txt")),
    ("p2p-then-third-joins-tab2", include_str!("traces/p2p-then-third-joins-tab2.txt")),
    ("p2p-then-third-joins-tab3", include_str!("traces/p2p-then-third-joins-tab3.txt")),
];

/// Frames of one direction: where they stand, and what they say.
fn frames(direction: &str) -> Vec<(String, &'static str)> {
    let mut found = Vec::new();
    for (name, text) in TRACES {
        for (number, line) in text.lines().enumerate() {
            let rest = line.trim_start().split_once(' ').map(|(_, rest)| rest.trim_start());
            if let Some(frame) = rest.and_then(|rest| rest.strip_prefix(direction)) {
                found.push((format!("{name}:{}", number + 1), frame.trim()));
            }
        }
    }
    found
}

/// Compares all frames of a direction with what `again` makes of them; how often each class came.
fn replay(direction: &str, again: impl Fn(&str) -> String) -> BTreeMap<String, usize> {
    let mut classes = BTreeMap::new();
    for (place, frame) in frames(direction) {
        let recorded: Value = serde_json::from_str(frame).unwrap();
        let ours: Value = serde_json::from_str(&again(frame)).unwrap();
        assert_eq!(ours, recorded, "{place}");
        *classes.entry(recorded["colibriClass"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    classes
}

fn counted(classes: &BTreeMap<String, usize>) -> Vec<(&str, usize)> {
    classes.iter().map(|(class, count)| (class.as_str(), *count)).collect()
}

#[test]
fn every_recorded_frame_of_the_bridge_is_understood_and_written_again_as_it_was() {
    let classes = replay("B->C", |frame| FromBridge::parse(frame).unwrap().expect(frame).to_json());
    let expected = [
        ("AudioSourcesMap", 18),
        ("ConnectionStats", 49),
        ("DominantSpeakerEndpointChangeEvent", 79),
        ("EndpointMessage", 2),
        ("EndpointStats", 74),
        ("ForwardedSources", 47),
        ("SenderSourceConstraints", 58),
        ("ServerHello", 17),
        ("VideoSourcesMap", 16),
    ];
    assert_eq!(counted(&classes), expected);
}

#[test]
fn every_recorded_frame_of_a_client_is_understood_and_written_again_as_it_was() {
    let classes = replay("C->B", |frame| ToBridge::parse(frame).unwrap().expect(frame).to_json());
    let expected = [
        ("EndpointMessage", 1),
        ("EndpointStats", 51),
        ("ReceiverVideoConstraints", 41),
        ("SourceVideoTypeMessage", 20),
    ];
    assert_eq!(counted(&classes), expected);
}
