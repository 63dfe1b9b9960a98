//! What a deployment's config.js asks for that would lead to somebody else, or show us to somebody else: none of it is done, and
//! it is told.
//!
//! The program that reads config.js hands over what it found at the names of [`WATCHED`]. Keys and account numbers are not
//! repeated, only the host where one is named.

use serde_json::Value;

/// Entries that are read; a deployment has a dozen.
const MAX_ENTRIES: usize = 64;
/// A DNS name.
const MAX_HOST: usize = 253;

/// What would have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IgnoredKind {
    /// Pictures of people from elsewhere, looked up by their mail address.
    Avatars,
    /// Visits are counted and watched.
    Analytics,
    /// Figures of every call go to somebody.
    Statistics,
    /// A server that tells or relays addresses and was not used.
    Relay,
    /// Participants speak to each other directly and learn each other's address.
    PeerToPeer,
    /// Pictures, colours and pages from elsewhere.
    Pages,
    /// Moving pictures from a collection.
    Gifs,
    /// Accounts, calendars, files, telephone books of others.
    Integration,
    /// An address where none may be: nearer than the server itself, or unprotected.
    Address,
}

impl IgnoredKind {
    /// For exports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Avatars => "avatars",
            Self::Analytics => "analytics",
            Self::Statistics => "statistics",
            Self::Relay => "relay",
            Self::PeerToPeer => "peer-to-peer",
            Self::Pages => "pages",
            Self::Gifs => "gifs",
            Self::Integration => "integration",
            Self::Address => "address",
        }
    }
}

/// One wish that was not granted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ignored {
    pub kind: IgnoredKind,
    /// The name of the setting, or of what announced it.
    pub key: String,
    /// Whom it leads to, where it says so.
    pub host: Option<String>,
}

/// Names in config.js, from jitsi-meet's own example, and what they are about.
pub const WATCHED: &[(&str, IgnoredKind)] = &[
    ("gravatarBaseURL", IgnoredKind::Avatars),
    ("gravatar.baseUrl", IgnoredKind::Avatars),
    ("corsAvatarURLs", IgnoredKind::Avatars),
    ("analytics.googleAnalyticsTrackingId", IgnoredKind::Analytics),
    ("analytics.amplitudeAPPKey", IgnoredKind::Analytics),
    ("analytics.matomoEndpoint", IgnoredKind::Analytics),
    ("analytics.matomoSiteID", IgnoredKind::Analytics),
    ("analytics.scriptURLs", IgnoredKind::Analytics),
    ("analytics.watchRTCEnabled", IgnoredKind::Analytics),
    ("analyticsScriptUrls", IgnoredKind::Analytics),
    ("googleAnalyticsTrackingId", IgnoredKind::Analytics),
    ("watchRTCConfigParams.rtcApiKey", IgnoredKind::Analytics),
    ("analytics.rtcstatsEnabled", IgnoredKind::Statistics),
    ("analytics.rtcstatsEndpoint", IgnoredKind::Statistics),
    ("rtcstatsEndpoint", IgnoredKind::Statistics),
    ("callStatsID", IgnoredKind::Statistics),
    ("callStatsCustomScriptUrl", IgnoredKind::Statistics),
    ("enableStatsID", IgnoredKind::Statistics),
    ("enableEmailInStats", IgnoredKind::Statistics),
    ("enableDisplayNameInStats", IgnoredKind::Statistics),
    ("feedbackURL", IgnoredKind::Statistics),
    ("jaasFeedbackMetadataURL", IgnoredKind::Statistics),
    ("p2p.enabled", IgnoredKind::PeerToPeer),
    ("p2p.stunServers", IgnoredKind::Relay),
    ("stunServers", IgnoredKind::Relay),
    ("iceServers", IgnoredKind::Relay),
    ("deploymentUrls.userDocumentationURL", IgnoredKind::Pages),
    ("deploymentUrls.downloadAppsUrl", IgnoredKind::Pages),
    ("brandingDataUrl", IgnoredKind::Pages),
    ("dynamicBrandingUrl", IgnoredKind::Pages),
    ("defaultLogoUrl", IgnoredKind::Pages),
    ("helpCentreURL", IgnoredKind::Pages),
    ("giphy.enabled", IgnoredKind::Gifs),
    ("giphy.proxyUrl", IgnoredKind::Gifs),
    ("dropbox.appKey", IgnoredKind::Integration),
    ("googleApiApplicationClientID", IgnoredKind::Integration),
    ("microsoftApiApplicationClientID", IgnoredKind::Integration),
    ("enableCalendarIntegration", IgnoredKind::Integration),
    ("etherpad_base", IgnoredKind::Integration),
    ("whiteboard.collabServerBaseUrl", IgnoredKind::Integration),
    ("salesforceUrl", IgnoredKind::Integration),
    ("inviteServiceUrl", IgnoredKind::Integration),
    ("peopleSearchUrl", IgnoredKind::Integration),
    ("dialInNumbersUrl", IgnoredKind::Integration),
    ("dialInConfCodeUrl", IgnoredKind::Integration),
    ("dialOutAuthUrl", IgnoredKind::Integration),
    ("dialOutRegionUrl", IgnoredKind::Integration),
    ("moderatedRoomServiceUrl", IgnoredKind::Integration),
];

/// Reads a list of pairs, the name and its text; what is no such pair is left out.
#[must_use]
pub fn ignored(found: &Value) -> Vec<Ignored> {
    let pairs = found.as_array().map(Vec::as_slice).unwrap_or_default();
    pairs.iter().take(MAX_ENTRIES).filter_map(read).collect()
}

fn read(pair: &Value) -> Option<Ignored> {
    let (name, text) = (pair.get(0)?.as_str()?, pair.get(1)?.as_str()?);
    let (key, kind) = WATCHED.iter().find(|(known, _)| *known == name)?;
    Some(Ignored { kind: *kind, key: (*key).to_owned(), host: host_of(text) })
}

/// The host of a URL, also of one without `//` as `stun:` has, or without a scheme.
#[must_use]
pub fn host_of(text: &str) -> Option<String> {
    let after = match text.split_once("//") {
        Some((_, after)) => after,
        None => text.split_once(':').filter(|(scheme, _)| ["stun", "stuns", "turn", "turns"].contains(scheme))?.1,
    };
    let authority = after.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|c| c.is_ascii_digit()) => host,
        Some(_) | None => host,
    };
    let plain = |c: char| c.is_alphanumeric() || "-._:[]".contains(c);
    (!host.is_empty() && host.len() <= MAX_HOST && host.chars().all(plain)).then(|| host.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_wish_is_told_with_its_host_and_without_its_secret() {
        let found = json!([
            ["callStatsID", "4711-secret"],
            ["gravatarBaseURL", "https://www.gravatar.com/avatar/"],
            ["p2p.stunServers", "stun:stun.l.google.com:19302"],
            ["analytics.rtcstatsEndpoint", "wss://user:pw@stats.example:8443/x?y"],
        ]);
        let told: Vec<_> = ignored(&found).into_iter().map(|one| (one.kind.word(), one.host)).collect();
        let host = |text: &str| Some(text.to_owned());
        assert_eq!(
            told,
            [
                ("statistics", None),
                ("avatars", host("www.gravatar.com")),
                ("relay", host("stun.l.google.com")),
                ("statistics", host("stats.example")),
            ]
        );
    }

    #[test]
    fn nonsense_is_no_wish() {
        for odd in [json!(null), json!([[]]), json!([["callStatsID"]]), json!([["x", "y"]]), json!([[1, 2]]), json!({})]
        {
            assert_eq!(ignored(&odd), [], "{odd}");
        }
        for odd in ["", "//", "https://a b/", "stun:", "javascript:alert(1)", "https://\u{202e}x/", "https://<b>/"] {
            assert_eq!(host_of(odd), None, "{odd}");
        }
        assert!(ignored(&json!(vec![["callStatsID", ""]; 1_000])).len() <= MAX_ENTRIES);
    }
}
