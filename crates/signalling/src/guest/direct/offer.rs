//! The sections that we offer and how an answer to them is looked at.

use crate::jingle::{Content, Feedback, HeaderExtension, Kind, PayloadType};

/// What we offer: Opus and VP8 under the numbers that browsers use, and names that are the sections' places, by which Jitsi's
/// library tells an offer of a client from one of the focus (jitsi.md 6).
#[must_use]
pub fn direct_contents() -> Vec<Content> {
    let feedback =
        |kind: &str, subtype: Option<&str>| Feedback { kind: kind.into(), subtype: subtype.map(str::to_owned) };
    let extension = |id, uri: &str| HeaderExtension { id, uri: uri.into() };
    let congestion = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    let opus = PayloadType {
        id: 111,
        name: "opus".into(),
        clock_rate: 48_000,
        channels: 2,
        parameters: vec![("minptime".into(), "10".into()), ("useinbandfec".into(), "1".into())],
        feedback: vec![feedback("transport-cc", None)],
    };
    let vp8 = PayloadType {
        id: 96,
        name: "VP8".into(),
        clock_rate: 90_000,
        channels: 1,
        parameters: Vec::new(),
        feedback: vec![
            feedback("transport-cc", None),
            feedback("ccm", Some("fir")),
            feedback("nack", None),
            feedback("nack", Some("pli")),
        ],
    };
    let rtx = PayloadType {
        id: 97,
        name: "rtx".into(),
        clock_rate: 90_000,
        channels: 1,
        parameters: vec![("apt".into(), "96".into())],
        feedback: Vec::new(),
    };
    let sound = Content {
        name: "0".into(),
        kind: Some(Kind::Audio),
        payload_types: vec![opus],
        extensions: vec![extension(1, "urn:ietf:params:rtp-hdrext:ssrc-audio-level"), extension(3, congestion)],
        ..Content::default()
    };
    let picture = Content {
        name: "1".into(),
        kind: Some(Kind::Video),
        payload_types: vec![vp8, rtx],
        extensions: vec![
            extension(2, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
            extension(3, congestion),
        ],
        ..Content::default()
    };
    vec![sound, picture]
}

/// Whether sound and picture are there. What they are called is not asked: an offer is answered in its own names.
pub(super) fn has_both(contents: &[Content]) -> bool {
    let has = |kind| contents.iter().any(|content| content.kind == Some(kind));
    has(Kind::Audio) && has(Kind::Video)
}

/// Whether an answer takes what we offered, under our numbers.
pub(super) fn takes_ours(answer: &[Content]) -> bool {
    direct_contents().iter().all(|ours| {
        let main = &ours.payload_types[0];
        let same = |theirs: &PayloadType| theirs.id == main.id && theirs.name.eq_ignore_ascii_case(&main.name);
        answer.iter().any(|theirs| theirs.kind == ours.kind && theirs.payload_types.iter().any(same))
    })
}
