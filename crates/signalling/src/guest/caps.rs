//! What we tell others that we can do: the answer to disco#info (XEP-0030) and its hash in presence (XEP-0115).
//!
//! Not a registry: the list is fixed, so the focus may cache it by hash for ever.

use crate::disco;

/// The node of every client in the Jitsi family; a focus compares only the hash behind it.
pub const NODE: &str = "https://jitsi.org/jitsi-meet";

/// Sorted, because the hash is over the sorted list. `ssrc-rewriting-1` is left out on purpose: with it the focus
/// signals no sources at all. The other
/// entries of a browser's list (`opus-red`, `remb`, `visitors-1`, …) are left out because we cannot do them.
pub const FEATURES: [&str; 13] = [
    "http://jabber.org/protocol/caps",
    "http://jitsi.org/json-encoded-sources",
    "http://jitsi.org/receive-multiple-video-streams",
    "http://jitsi.org/source-name",
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

/// `ver` of our own list.
#[must_use]
pub fn ver() -> String {
    disco::capability_hash(FEATURES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_list_is_sorted_and_does_not_promise_source_maps() {
        assert!(FEATURES.is_sorted());
        assert!(!FEATURES.contains(&"http://jitsi.org/ssrc-rewriting-1"));
    }
}
