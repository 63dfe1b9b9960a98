//! Addresses of a deployment, read from its evaluated config.js (which is JavaScript; somebody
//! else runs it and hands over the object as JSON). What is missing is guessed from the link.

use crate::json::{self, JsonError};
use crate::link::RoomLink;
use serde_json::Value;

/// Bytes of an address; longer ones are ignored.
const MAX_ADDRESS: usize = 1_024;

/// Where to connect and whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// XMPP domain: ping, discovery.
    pub domain: String,
    /// Domain to log in to without a name, where it differs.
    pub anonymous_domain: Option<String>,
    /// Where rooms live.
    pub muc: String,
    /// Where the focus listens.
    pub focus: String,
    /// XMPP web socket with `room` (and `token`) appended.
    pub websocket: String,
}

impl Addresses {
    /// The usual addresses (jitsi.org's handbook) of the link's host.
    #[must_use]
    pub fn guess(link: &RoomLink) -> Self {
        Self {
            domain: link.domain().to_owned(),
            anonymous_domain: None,
            muc: link.muc_domain(),
            focus: link.focus_domain(),
            websocket: link.websocket_url(),
        }
    }

    /// What the configuration says, with the rest guessed. A web socket must be of the link's
    /// scheme: a page may not send a protected conversation over an unprotected way.
    ///
    /// # Errors
    /// [`JsonError`] if the text is not bounded JSON.
    pub fn from_config(text: &str, link: &RoomLink) -> Result<Self, JsonError> {
        let config = json::parse(text)?;
        let word = |value: Option<&Value>| {
            value
                .and_then(Value::as_str)
                .filter(|text| !text.is_empty() && text.len() <= MAX_ADDRESS)
                .map(str::to_owned)
        };
        let host = |key: &str| word(config.get("hosts").and_then(|hosts| hosts.get(key)));
        let mut addresses = Self::guess(link);
        if let Some(domain) = host("domain") {
            addresses.muc = format!("conference.{domain}");
            addresses.focus = format!("focus.{domain}");
            addresses.domain = domain;
        }
        addresses.anonymous_domain = host("anonymousdomain");
        addresses.muc = host("muc").unwrap_or(addresses.muc);
        addresses.focus = host("focus").unwrap_or(addresses.focus);
        if let Some(url) = word(config.get("websocket")).and_then(|url| absolute(&url, link)) {
            let mark = if url.contains('?') { '&' } else { '?' };
            let token = link.jwt.as_ref().map(|jwt| format!("&token={jwt}")).unwrap_or_default();
            addresses.websocket = format!("{url}{mark}room={}{token}", link.safe_room());
        }
        Ok(addresses)
    }
}

fn absolute(url: &str, link: &RoomLink) -> Option<String> {
    let scheme = if link.scheme == "http" { "ws" } else { "wss" };
    let rest = link.origin();
    let authority = rest.split_once("://").map(|(_, authority)| authority)?;
    if let Some(rest) = url.strip_prefix("//") {
        Some(format!("{scheme}://{rest}"))
    } else if url.starts_with('/') {
        Some(format!("{scheme}://{authority}{url}"))
    } else {
        url.starts_with(&format!("{scheme}://")).then(|| url.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> RoomLink {
        RoomLink::parse("https://meet.test/Café Room?jwt=a.b.c", "").unwrap()
    }

    #[test]
    fn without_a_configuration_the_usual_addresses_are_guessed() {
        let addresses = Addresses::from_config("{}", &link()).unwrap();
        assert_eq!(addresses, Addresses::guess(&link()));
        assert_eq!(addresses.muc, "conference.meet.test");
        assert_eq!(addresses.websocket, "wss://meet.test/xmpp-websocket?room=caf%c3%a9%20room&token=a.b.c");
    }

    #[test]
    fn a_configuration_replaces_what_it_names() {
        let text = r#"{"hosts":{"domain":"meet.jitsi","muc":"muc.meet.jitsi","anonymousdomain":"guest.meet.jitsi"},"websocket":"/x?y=1","other":[{}]}"#;
        let addresses = Addresses::from_config(text, &link()).unwrap();
        assert_eq!((addresses.domain.as_str(), addresses.muc.as_str()), ("meet.jitsi", "muc.meet.jitsi"));
        assert_eq!(
            (addresses.focus.as_str(), addresses.anonymous_domain.as_deref()),
            ("focus.meet.jitsi", Some("guest.meet.jitsi"))
        );
        assert_eq!(addresses.websocket, "wss://meet.test/x?y=1&room=caf%c3%a9%20room&token=a.b.c");
    }

    #[test]
    fn a_configuration_cannot_lead_from_a_protected_to_an_unprotected_socket() {
        let addresses = Addresses::from_config(r#"{"websocket":"ws://meet.test/x"}"#, &link()).unwrap();
        assert!(addresses.websocket.starts_with("wss://meet.test/xmpp-websocket"));
    }
}
