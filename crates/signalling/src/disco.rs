//! Service discovery (XEP-0030), the capability hash (XEP-0115) and external services (XEP-0215).

use crate::{ns, xml::Element};
use base64::Engine as _;
use sha1::{Digest as _, Sha1};
use std::collections::BTreeSet;

/// Features kept of one answer; a Jitsi client has 25.
const MAX_FEATURES: usize = 200;

/// `<query/>` of disco#info, as question or (with content) as answer.
#[must_use]
pub fn query(node: Option<&str>) -> Element {
    Element::new("query", ns::DISCO_INFO).attr_opt("node", node)
}

/// `<feature/>`.
#[must_use]
pub fn feature(name: &str) -> Element {
    Element::new("feature", ns::DISCO_INFO).attr("var", name)
}

/// The features of an answer, sorted.
#[must_use]
pub fn features(query: &Element) -> BTreeSet<String> {
    query
        .all("feature", ns::DISCO_INFO)
        .filter_map(|feature| feature.get("var").map(str::to_owned))
        .take(MAX_FEATURES)
        .collect()
}

/// The capability hash (XEP-0115, 5.1) of an answer without identities, which is what
/// lib-jitsi-meet sends and therefore what Jicofo's cache holds: only the sorted features count.
#[must_use]
pub fn capability_hash<'a>(features: impl IntoIterator<Item = &'a str>) -> String {
    let sorted: BTreeSet<&str> = features.into_iter().collect();
    let mut hash = Sha1::new();
    for feature in sorted {
        hash.update(feature.as_bytes());
        hash.update(b"<");
    }
    base64::engine::general_purpose::STANDARD.encode(hash.finalize())
}

/// `<c/>` for a presence.
#[must_use]
pub fn caps(node: &str, ver: &str) -> Element {
    Element::new("c", ns::CAPS).attr("hash", "sha-1").attr("node", node).attr("ver", ver)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml::{Limits, parse};

    #[test]
    fn the_hash_of_the_recorded_answer_is_the_recorded_hash() {
        let answer = include_str!("../tests/traces/disco-info-client-answer.xml");
        let answer = parse(answer, &Limits::PEER).unwrap();
        let query = answer.find("query", ns::DISCO_INFO).unwrap();
        let recorded = query.get("node").unwrap().rsplit('#').next().unwrap();
        assert_eq!(capability_hash(features(query).iter().map(String::as_str)), recorded);
    }

    #[test]
    fn a_flood_of_features_is_cut() {
        let flood = query(None).with_children((0..1000).map(|n| feature(&n.to_string())));
        assert_eq!(features(&flood).len(), MAX_FEATURES);
    }
}
