//! One media section: payload types, header extensions, transport (XEP-0167, XEP-0293, XEP-0294).

use super::{Kind, Transport};
use crate::{ns, xml::Element};

/// RTP has 128 payload types; whoever lists more repeats himself.
const MAX_PAYLOAD_TYPES: usize = 128;
/// RFC 8285 knows ids up to 255.
const MAX_EXTENSIONS: usize = 255;

/// One kind of feedback, such as `nack` with subtype `pli`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// `nack`, `ccm`, `transport-cc`, `goog-remb`.
    pub kind: String,
    /// `pli`, `fir`.
    pub subtype: Option<String>,
}

/// A codec with its number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PayloadType {
    /// RTP payload type, 0 to 127.
    pub id: u8,
    /// `opus`, `VP8`, `rtx` …
    pub name: String,
    /// Hz.
    pub clock_rate: u32,
    /// 1 where nothing is said.
    pub channels: u8,
    /// Format parameters in order.
    pub parameters: Vec<(String, String)>,
    /// Feedback messages in use.
    pub feedback: Vec<Feedback>,
}

impl PayloadType {
    /// The value of a format parameter.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// An RTP header extension with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderExtension {
    /// Number in the packets.
    pub id: u8,
    /// What it is.
    pub uri: String,
}

/// One media section.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// `audio`, `video`, `data`, or an SDP mid in client-to-client sessions.
    pub name: String,
    /// `None` for data channels and whatever else may come.
    pub kind: Option<Kind>,
    /// Codecs in order of preference.
    pub payload_types: Vec<PayloadType>,
    /// Header extensions.
    pub extensions: Vec<HeaderExtension>,
    /// This section's transport.
    pub transport: Option<Transport>,
    /// The SCTP port of data channels (XEP-0343); a section that has one carries nothing else.
    pub sctp_port: Option<u16>,
}

impl Content {
    pub(super) fn read(element: &Element) -> Self {
        let description = element.find("description", ns::RTP);
        let name = element.get("name").unwrap_or_default().to_owned();
        let transport = element.find("transport", ns::ICE_UDP);
        Self {
            kind: description.and_then(|d| d.get("media")).or(Some(&name)).and_then(Kind::parse),
            payload_types: description.map(read_payload_types).unwrap_or_default(),
            extensions: description.map(read_extensions).unwrap_or_default(),
            sctp_port: transport.and_then(|transport| transport.find("sctpmap", ns::SCTP)).and_then(read_sctp_port),
            transport: transport.map(Transport::from_xml),
            name,
        }
    }

    /// `bare`: a source-add names the section and describes nothing.
    pub(super) fn write(&self, creator: &str, bare: bool, sources: Vec<Element>) -> Element {
        let mut element = Element::new("content", ns::JINGLE)
            .attr("name", &self.name)
            .attr("creator", creator)
            .attr("senders", "both");
        if let Some(kind) = self.kind {
            let mut description = Element::new("description", ns::RTP).attr("media", kind.as_str());
            if !bare {
                description = description
                    .with_children(self.payload_types.iter().map(write_payload_type))
                    .with_children(self.extensions.iter().map(|extension| {
                        Element::new("rtp-hdrext", ns::HDREXT).attr("id", extension.id).attr("uri", &extension.uri)
                    }))
                    .child(Element::new("extmap-allow-mixed", ns::HDREXT))
                    .child(Element::new("rtcp-mux", ns::RTP));
            }
            element.push(description.with_children(sources));
        }
        if self.sctp_port.is_some() {
            element.push(Element::new("description", ns::RTP).attr("media", "application"));
        }
        if let Some(transport) = &self.transport {
            element.push(transport.to_xml().with_children(self.sctp_port.map(write_sctp_port)));
        }
        element
    }
}

/// Data channels as browsers mean them; anything else over SCTP is unknown here.
const DATA_CHANNEL: &str = "webrtc-datachannel";

fn read_sctp_port(element: &Element) -> Option<u16> {
    element.get("number")?.parse().ok().filter(|_| element.get("protocol") == Some(DATA_CHANNEL))
}

fn write_sctp_port(port: u16) -> Element {
    Element::new("sctpmap", ns::SCTP).attr("number", port).attr("protocol", DATA_CHANNEL).attr("streams", 1024)
}

fn read_payload_types(description: &Element) -> Vec<PayloadType> {
    let read = |element: &Element| {
        Some(PayloadType {
            id: element.get("id")?.parse().ok().filter(|id| *id < 128)?,
            name: element.get("name").unwrap_or_default().to_owned(),
            clock_rate: element.get("clockrate").and_then(|rate| rate.parse().ok()).unwrap_or(0),
            channels: element.get("channels").and_then(|count| count.parse().ok()).unwrap_or(1),
            parameters: element
                .all("parameter", ns::RTP)
                .filter_map(|p| Some((p.get("name")?.to_owned(), p.get("value")?.to_owned())))
                .collect(),
            feedback: element
                .all("rtcp-fb", ns::RTCP_FB)
                .filter_map(|fb| {
                    Some(Feedback { kind: fb.get("type")?.to_owned(), subtype: fb.get("subtype").map(str::to_owned) })
                })
                .collect(),
        })
    };
    description.all("payload-type", ns::RTP).filter_map(read).take(MAX_PAYLOAD_TYPES).collect()
}

fn read_extensions(description: &Element) -> Vec<HeaderExtension> {
    description
        .all("rtp-hdrext", ns::HDREXT)
        .filter_map(|e| Some(HeaderExtension { id: e.get("id")?.parse().ok()?, uri: e.get("uri")?.to_owned() }))
        .take(MAX_EXTENSIONS)
        .collect()
}

fn write_payload_type(payload: &PayloadType) -> Element {
    let channels = (payload.channels > 1).then_some(payload.channels);
    Element::new("payload-type", ns::RTP)
        .attr("id", payload.id)
        .attr("name", &payload.name)
        .attr("clockrate", payload.clock_rate)
        .attr_opt("channels", channels)
        .with_children(
            payload
                .parameters
                .iter()
                .map(|(name, value)| Element::new("parameter", ns::RTP).attr("name", name).attr("value", value)),
        )
        .with_children(payload.feedback.iter().map(|feedback| {
            Element::new("rtcp-fb", ns::RTCP_FB)
                .attr("type", &feedback.kind)
                .attr_opt("subtype", feedback.subtype.as_ref())
        }))
}
