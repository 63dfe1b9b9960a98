//! ICE credentials, candidates and the DTLS fingerprint of one side (XEP-0176, XEP-0320).

use crate::{ns, xml::Element};
use std::net::{IpAddr, SocketAddr};

/// More candidates than any host has; the rest of a longer list is ignored.
const MAX_CANDIDATES: usize = 64;

/// Who starts the DTLS handshake (RFC 4145).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setup {
    /// This side starts.
    Active,
    /// The other side starts.
    Passive,
    /// The other side chooses.
    ActPass,
}

impl Setup {
    /// The attribute's value.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Passive => "passive",
            Self::ActPass => "actpass",
        }
    }
}

/// The hash of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// `sha-256` and others, lower case.
    pub hash: String,
    /// `AB:CD:…` in upper case.
    pub value: String,
}

/// How a candidate's address was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CandidateKind {
    /// An address of the machine itself.
    Host,
    /// Seen by a STUN server.
    ServerReflexive,
    /// Seen by the other side.
    PeerReflexive,
    /// An address at a TURN server.
    Relay,
}

impl CandidateKind {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::ServerReflexive => "srflx",
            Self::PeerReflexive => "prflx",
            Self::Relay => "relay",
        }
    }
}

/// One address at which a side may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Candidates with the same foundation share their fate.
    pub foundation: String,
    /// 1 (RTP and RTCP share it).
    pub component: u8,
    /// `udp` or `tcp`, lower case.
    pub protocol: String,
    /// Higher is preferred (RFC 8445, 5.1.2).
    pub priority: u32,
    /// Where.
    pub addr: SocketAddr,
    /// How it was learnt.
    pub kind: CandidateKind,
    /// The base of a reflexive or relayed one.
    pub related: Option<SocketAddr>,
}

/// One side's transport.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transport {
    /// ICE user name fragment.
    pub ufrag: String,
    /// ICE password.
    pub pwd: String,
    /// Hash of the DTLS certificate.
    pub fingerprint: Option<Fingerprint>,
    /// DTLS role.
    pub setup: Option<Setup>,
    /// Addresses; empty where the other side learns them from checks.
    pub candidates: Vec<Candidate>,
    /// URL of the bridge channel.
    pub web_socket: Option<String>,
}

impl Transport {
    /// Reads `<transport/>`. Candidates that cannot be understood are left out.
    #[must_use]
    pub fn from_xml(element: &Element) -> Self {
        let fingerprint = element.find("fingerprint", ns::DTLS);
        Self {
            ufrag: element.get("ufrag").unwrap_or_default().to_owned(),
            pwd: element.get("pwd").unwrap_or_default().to_owned(),
            fingerprint: fingerprint.and_then(read_fingerprint),
            setup: fingerprint.and_then(|f| f.get("setup")).and_then(|setup| match setup {
                "active" => Some(Setup::Active),
                "passive" => Some(Setup::Passive),
                "actpass" => Some(Setup::ActPass),
                _ => None,
            }),
            candidates: element.all("candidate", ns::ICE_UDP).filter_map(read_candidate).take(MAX_CANDIDATES).collect(),
            web_socket: element.find("web-socket", ns::COLIBRI).and_then(|w| w.get("url")).map(str::to_owned),
        }
    }

    /// Writes `<transport/>`.
    #[must_use]
    pub fn to_xml(&self) -> Element {
        let mut element = Element::new("transport", ns::ICE_UDP);
        if !self.ufrag.is_empty() {
            element.set("ufrag", &self.ufrag);
            element.set("pwd", &self.pwd);
        }
        if let Some(url) = &self.web_socket {
            element.push(Element::new("web-socket", ns::COLIBRI).attr("url", url));
        }
        element.push(Element::new("rtcp-mux", ns::ICE_UDP));
        if let Some(fingerprint) = &self.fingerprint {
            element.push(
                Element::new("fingerprint", ns::DTLS)
                    .attr("hash", &fingerprint.hash)
                    .attr_opt("setup", self.setup.map(Setup::as_str))
                    .attr("required", false)
                    .text(fingerprint.value.clone()),
            );
        }
        for (index, candidate) in self.candidates.iter().enumerate() {
            element.push(write_candidate(candidate, index));
        }
        element
    }
}

fn read_fingerprint(element: &Element) -> Option<Fingerprint> {
    let value = element.own_text().trim().to_ascii_uppercase();
    let shaped = value.split(':').all(|pair| pair.len() == 2 && pair.bytes().all(|b| b.is_ascii_hexdigit()));
    shaped.then_some(Fingerprint { hash: element.get("hash")?.to_ascii_lowercase(), value })
}

fn read_candidate(element: &Element) -> Option<Candidate> {
    let addr = |ip: &str, port: &str| {
        Some(SocketAddr::new(element.get(ip)?.parse::<IpAddr>().ok()?, element.get(port)?.parse().ok()?))
    };
    Some(Candidate {
        foundation: element.get("foundation")?.to_owned(),
        component: element.get("component")?.parse().ok()?,
        protocol: element.get("protocol")?.to_ascii_lowercase(),
        priority: element.get("priority")?.parse().ok()?,
        addr: addr("ip", "port")?,
        kind: match element.get("type")? {
            "host" => CandidateKind::Host,
            "srflx" => CandidateKind::ServerReflexive,
            "prflx" => CandidateKind::PeerReflexive,
            "relay" => CandidateKind::Relay,
            _ => return None,
        },
        related: addr("rel-addr", "rel-port"),
    })
}

fn write_candidate(candidate: &Candidate, index: usize) -> Element {
    Element::new("candidate", ns::ICE_UDP)
        .attr("component", candidate.component)
        .attr("foundation", &candidate.foundation)
        .attr("generation", 0)
        .attr("id", format_args!("c{index}"))
        .attr("ip", candidate.addr.ip())
        .attr("network", 0)
        .attr("port", candidate.addr.port())
        .attr("priority", candidate.priority)
        .attr("protocol", &candidate.protocol)
        .attr("type", candidate.kind.as_str())
        .attr_opt("rel-addr", candidate.related.map(|related| related.ip()))
        .attr_opt("rel-port", candidate.related.map(|related| related.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transport_survives_the_way_out_and_back() {
        let transport = Transport {
            ufrag: "9frr".into(),
            pwd: "285d".into(),
            fingerprint: Some(Fingerprint { hash: "sha-256".into(), value: "05:AB".into() }),
            setup: Some(Setup::ActPass),
            candidates: vec![Candidate {
                foundation: "1".into(),
                component: 1,
                protocol: "udp".into(),
                priority: 2_130_706_431,
                addr: "[::1]:10000".parse().unwrap(),
                kind: CandidateKind::ServerReflexive,
                related: Some("10.99.0.1:9".parse().unwrap()),
            }],
            web_socket: Some("wss://meet.test/colibri-ws/a?pwd=1&x=2".into()),
        };
        assert_eq!(Transport::from_xml(&transport.to_xml()), transport);
    }

    #[test]
    fn candidates_that_are_not_addresses_are_left_out_and_a_flood_is_cut() {
        let candidate = |ip: &str| {
            Element::new("candidate", ns::ICE_UDP)
                .attr("component", 1)
                .attr("foundation", 1)
                .attr("ip", ip)
                .attr("port", 9)
                .attr("priority", 1)
                .attr("protocol", "UDP")
                .attr("type", "host")
        };
        let transport = Element::new("transport", ns::ICE_UDP)
            .child(candidate("abc.local"))
            .with_children((0..1000).map(|_| candidate("10.99.0.1")));
        let read = Transport::from_xml(&transport);
        assert_eq!(read.candidates.len(), MAX_CANDIDATES);
        assert_eq!(read.candidates[0].protocol, "udp");
    }

    #[test]
    fn a_fingerprint_that_is_not_hex_pairs_is_none() {
        let odd = Element::new("transport", ns::ICE_UDP)
            .child(Element::new("fingerprint", ns::DTLS).attr("hash", "sha-256").text("05:AB:xyz"));
        assert_eq!(Transport::from_xml(&odd).fingerprint, None);
    }
}
