//! What we tell others that we can do: the answer to disco#info (XEP-0030) and its hash in presence (XEP-0115).
//!
//! Not a registry: the list is fixed, so the focus may cache it by hash for ever.

use crate::{disco, ns};

/// The node of every client in the Jitsi family; a focus compares only the hash behind it.
pub const NODE: &str = "https://jitsi.org/jitsi-meet";

/// Sorted, because the hash is over the sorted list. With `ssrc-rewriting-1` a focus may leave it to the bridge to say
/// whose source each SSRC carries; one that does not goes on naming sources itself. `rtp-mid-demux` counts only with it. The other
/// entries of a browser's list (`opus-red`, `remb`, `visitors-1`, …) are left out because we cannot do them.
pub const FEATURES: [&str; 15] = [
    "http://jabber.org/protocol/caps",
    "http://jitsi.org/json-encoded-sources",
    "http://jitsi.org/receive-multiple-video-streams",
    "http://jitsi.org/rtp-mid-demux",
    "http://jitsi.org/source-name",
    "http://jitsi.org/ssrc-rewriting-1",
    "http://jitsi.org/tcc",
    "urn:ietf:rfc:4588",
    "urn:xmpp:jingle:1",
    "urn:xmpp:jingle:apps:dtls:0",
    "urn:xmpp:jingle:apps:rtp:1",
    "urn:xmpp:jingle:apps:rtp:audio",
    "urn:xmpp:jingle:apps:rtp:video",
    "urn:xmpp:jingle:transports:dtls-sctp:1",
    "urn:xmpp:jingle:transports:ice-udp:1",
];

/// What one guest offers: everything, or in `classic` ones nothing of what takes a bridge that names sources.
pub(super) fn offered(classic: bool) -> impl Iterator<Item = &'static str> {
    FEATURES.into_iter().filter(move |feature| !classic || ![ns::SSRC_REWRITING, ns::MID_DEMUX].contains(feature))
}

/// `ver` of that list.
pub(super) fn ver(classic: bool) -> String {
    disco::capability_hash(offered(classic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_list_is_sorted_and_offers_source_maps() {
        assert!(FEATURES.is_sorted());
        let of_bridge = |feature| [ns::SSRC_REWRITING, ns::MID_DEMUX].contains(&feature);
        assert_eq!(FEATURES.into_iter().filter(|feature| of_bridge(*feature)).count(), 2);
        assert!(!offered(true).any(of_bridge) && ver(true) != ver(false));
    }
}
