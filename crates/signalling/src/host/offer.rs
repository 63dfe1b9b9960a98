//! What a guest is offered: Opus, four video codecs with retransmission, the extensions that the bridge uses, and, if it
//! says that it can, data channels beside the web socket of the bridge channel.
//!
//! Everybody sends what everybody in the room can show, by the codec lists in their presence; nothing is negotiated
//! anew for that. VP8 comes first: a client that chooses nothing takes the first, and all can do that one. No `mid`
//! extension: packets are told apart by SSRC, and a foreign mid would lead a receiver astray.

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

fn video() -> Vec<PayloadType> {
    // Three parameters in one value, as Jicofo writes them and clients are used to read them.
    let h264 = vec![parameter("profile-level-id", "42e01f;level-asymmetry-allowed=1;packetization-mode=1;")];
    let codecs = [
        ("VP8", 100, 96, Vec::new()),
        ("VP9", 101, 97, Vec::new()),
        ("AV1", 41, 42, Vec::new()),
        ("H264", 107, 99, h264),
    ];
    codecs.into_iter().flat_map(|(name, id, rtx, parameters)| with_rtx(name, id, rtx, parameters)).collect()
}

fn with_rtx(name: &str, id: u8, rtx: u8, parameters: Vec<(String, String)>) -> [PayloadType; 2] {
    let repairs = vec![parameter("apt", &id.to_string())];
    let plain = |id, name: &str, parameters, feedback| PayloadType {
        id,
        name: name.to_owned(),
        clock_rate: 90_000,
        channels: 1,
        parameters,
        feedback,
    };
    let answers = vec![
        feedback("ccm", Some("fir")),
        feedback("nack", None),
        feedback("nack", Some("pli")),
        feedback("transport-cc", None),
    ];
    [plain(id, name, parameters, answers), plain(rtx, "rtx", repairs, Vec::new())]
}

fn extension(id: u8, uri: &str) -> HeaderExtension {
    HeaderExtension { id, uri: uri.to_owned() }
}

const TCC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
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
            payload_types: video().into_iter().filter(|payload| rtx || payload.name != "rtx").collect(),
            extensions: vec![extension(3, ABS_SEND_TIME), extension(5, TCC), extension(11, DEPENDENCY_DESCRIPTOR)],
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
        assert_eq!(contents(Some(&no_rtx), &Transport::default())[0].payload_types.len(), 4);
    }

    #[test]
    fn each_codec_has_jicofos_numbers_and_vp8_is_the_first() {
        let video = &contents(None, &Transport::default())[1];
        let numbers: Vec<_> =
            video.payload_types.iter().map(|known| (known.name.as_str(), known.id, known.parameter("apt"))).collect();
        assert_eq!(
            numbers,
            [
                ("VP8", 100, None),
                ("rtx", 96, Some("100")),
                ("VP9", 101, None),
                ("rtx", 97, Some("101")),
                ("AV1", 41, None),
                ("rtx", 42, Some("41")),
                ("H264", 107, None),
                ("rtx", 99, Some("107")),
            ]
        );
        let profile = video.payload_types[6].parameter("profile-level-id");
        assert!(profile.is_some_and(|value| value.starts_with("42e01f;")), "{profile:?}");
        assert!(video.extensions.iter().any(|known| known.id == 11));
    }
}
