//! What a guest is offered: Opus and VP8 with retransmission, the extensions that the bridge uses, and, if it says that
//! it can, data channels beside the web socket of the bridge channel.
//!
//! Only VP8, because forwarding a layer means rewriting its descriptor and that is what the SFU
//! knows; guests see it in everybody's codec list. No `mid` extension: packets are told apart by
//! SSRC, and a foreign mid would lead a receiver astray.

use crate::jingle::{Content, Feedback, HeaderExtension, Kind, PayloadType, Transport};
use crate::ns;
use std::collections::BTreeSet;

/// The port that everybody uses; nothing depends on it, since there is one association inside DTLS.
const SCTP_PORT: u16 = 5000;

fn feedback(kind: &str, subtype: Option<&str>) -> Feedback {
    Feedback { kind: kind.to_owned(), subtype: subtype.map(str::to_owned) }
}

fn parameter(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn opus() -> PayloadType {
    PayloadType {
        id: 111,
        name: "opus".to_owned(),
        clock_rate: 48_000,
        channels: 2,
        parameters: vec![parameter("minptime", "10"), parameter("useinbandfec", "1")],
        feedback: vec![feedback("transport-cc", None)],
    }
}

fn vp8() -> [PayloadType; 2] {
    let video = |id, name: &str| PayloadType {
        id,
        name: name.to_owned(),
        clock_rate: 90_000,
        channels: 1,
        parameters: Vec::new(),
        feedback: Vec::new(),
    };
    [
        PayloadType {
            feedback: vec![
                feedback("ccm", Some("fir")),
                feedback("nack", None),
                feedback("nack", Some("pli")),
                feedback("transport-cc", None),
            ],
            ..video(100, "VP8")
        },
        PayloadType { parameters: vec![parameter("apt", "100")], ..video(96, "rtx") },
    ]
}

fn extension(id: u8, uri: &str) -> HeaderExtension {
    HeaderExtension { id, uri: uri.to_owned() }
}

const TCC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";

/// The sections for a client with these features; `None` (it never said) gets both.
pub(super) fn contents(features: Option<&BTreeSet<String>>, transport: &Transport) -> Vec<Content> {
    let wants = |feature: &str| features.is_none_or(|all| all.is_empty() || all.contains(feature));
    let rtx = wants(ns::RTX);
    let mut contents = Vec::new();
    if wants(ns::RTP_AUDIO) {
        contents.push(Content {
            name: "audio".to_owned(),
            kind: Some(Kind::Audio),
            payload_types: vec![opus()],
            extensions: vec![extension(1, AUDIO_LEVEL), extension(5, TCC)],
            transport: Some(transport.clone()),
            ..Content::default()
        });
    }
    if wants(ns::RTP_VIDEO) {
        contents.push(Content {
            name: "video".to_owned(),
            kind: Some(Kind::Video),
            payload_types: vp8().into_iter().filter(|payload| rtx || payload.name != "rtx").collect(),
            extensions: vec![extension(3, ABS_SEND_TIME), extension(5, TCC)],
            transport: Some(transport.clone()),
            ..Content::default()
        });
    }
    // A client that never said anything has the web socket.
    if features.is_some_and(|all| all.contains(ns::SCTP)) {
        contents.push(Content {
            name: "data".to_owned(),
            transport: Some(transport.clone()),
            sctp_port: Some(SCTP_PORT),
            ..Content::default()
        });
    }
    contents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_offered_what_it_can_do_and_a_silent_one_everything() {
        let names = |features: Option<&BTreeSet<String>>| {
            contents(features, &Transport::default()).into_iter().map(|c| c.name).collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["audio", "video"]);
        assert_eq!(names(Some(&BTreeSet::new())), ["audio", "video"]);
        assert_eq!(names(Some(&BTreeSet::from([ns::RTP_AUDIO.to_owned()]))), ["audio"]);
        let with_data = BTreeSet::from([ns::RTP_AUDIO.to_owned(), ns::SCTP.to_owned()]);
        assert_eq!(names(Some(&with_data)), ["audio", "data"]);
        let no_rtx = BTreeSet::from([ns::RTP_VIDEO.to_owned()]);
        assert_eq!(contents(Some(&no_rtx), &Transport::default())[0].payload_types.len(), 1);
    }
}
