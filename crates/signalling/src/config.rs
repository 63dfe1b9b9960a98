//! Addresses of a deployment, read from its evaluated config.js (which is JavaScript; somebody
//! else runs it and hands over the object as JSON). What is missing or nonsense is guessed from the link.
//!
//! These are names and URLs as the deployment says them. Whether an announced URL may be contacted is the business of
//! whoever opens the socket.

mod ignored;

use crate::json::{self, JsonError};
use crate::link::RoomLink;
pub use ignored::{Ignored, IgnoredKind, WATCHED, host_of};
use serde_json::Value;
use std::time::Duration;

/// Bytes of an address; longer ones are ignored.
const MAX_ADDRESS: usize = 1_024;
/// Bytes of an XMPP domain or user (RFC 7622 allows 1023; DNS names end at 253, and nobody's user name is longer).
const MAX_NAME: usize = 253;

/// How long after a third person left two people talk directly again, where a deployment says nothing else.
const BACK_TO_DIRECT: Duration = Duration::from_secs(5);
/// A deployment may say so many seconds at most.
const LONGEST_PAUSE: f64 = 3_600.0;

/// Where to connect and whom to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// XMPP domain: ping, discovery.
    pub domain: String,
    /// Domain to log in to without a name, where it differs.
    pub anonymous_domain: Option<String>,
    /// Domain of the accounts, where it differs.
    pub auth_domain: Option<String>,
    /// Where rooms live.
    pub muc: String,
    /// Where the focus listens.
    pub focus: String,
    /// Bare address that is the focus even if no conference answer says so.
    pub focus_user: Option<String>,
    /// XMPP web socket with `room` (and `token`) appended.
    pub websocket: String,
    /// XMPP by plain requests (BOSH), with `room` (and `token`) appended; none where the deployment announces none.
    pub bosh: Option<String>,
    /// The deployment announces no web socket, only BOSH; the address above is a guess.
    pub only_bosh: bool,
    /// Where the conference is requested by HTTP POST instead of by IQ, with `room` appended. The token does not ride
    /// in it: it has a header of its own.
    pub conference: Option<String>,
    /// The page on which a person gets a token, for showing only.
    pub token_page: Option<String>,
    /// The focus gives new ICE credentials to a session that stands.
    pub renews_ice: bool,
    /// Two people are to talk directly; so long after a third one left.
    pub direct: Option<Duration>,
}

impl Addresses {
    /// The usual addresses (jitsi.org's handbook) of the link's host.
    #[must_use]
    pub fn guess(link: &RoomLink) -> Self {
        Self {
            domain: link.domain().to_owned(),
            anonymous_domain: None,
            auth_domain: None,
            muc: link.muc_domain(),
            focus: link.focus_domain(),
            focus_user: None,
            websocket: link.websocket_url(),
            bosh: None,
            only_bosh: false,
            conference: None,
            token_page: None,
            // Ours do, and have no configuration that would say so. Their web page says no to browsers, whose people nobody asks;
            // our guests each have a switch of their own.
            renews_ice: link.rn.is_some(),
            direct: link.rn.is_some().then_some(BACK_TO_DIRECT),
        }
    }

    /// What the configuration says, with the rest guessed. Every URL must be of the link's scheme: a page may not send
    /// a protected conversation over an unprotected way.
    ///
    /// # Errors
    /// [`JsonError`] if the text is not bounded JSON.
    pub fn from_config(text: &str, link: &RoomLink) -> Result<Self, JsonError> {
        let config = json::parse(text)?;
        let host = |key: &str| name(config.get("hosts").and_then(|hosts| hosts.get(key)));
        let mut addresses = Self::guess(link);
        if let Some(domain) = host("domain") {
            addresses.muc = format!("conference.{domain}");
            addresses.focus = format!("focus.{domain}");
            addresses.domain = domain;
        }
        addresses.anonymous_domain = host("anonymousdomain");
        addresses.auth_domain = host("authdomain");
        addresses.muc = host("muc").unwrap_or(addresses.muc);
        addresses.focus = host("focus").unwrap_or(addresses.focus);
        addresses.focus_user = user(config.get("focusUserJid"));
        let token = link.jwt.as_ref().map(|jwt| format!("&token={jwt}")).unwrap_or_default();
        let entrance =
            |key, scheme| url(config.get(key), link, scheme).map(|url| format!("{}{token}", with_room(&url, link)));
        addresses.bosh = entrance("bosh", Scheme::Page);
        match entrance("websocket", Scheme::Socket) {
            Some(url) => addresses.websocket = url,
            None => addresses.only_bosh = addresses.bosh.is_some(),
        }
        let conference = url(config.get("conferenceRequestUrl"), link, Scheme::Page);
        addresses.conference = conference.map(|url| with_room(&url, link));
        addresses.token_page = config.get("tokenAuthUrl").and_then(Value::as_str).and_then(|url| token_page(url, link));
        addresses.renews_ice |= config.get("enableIceRestart") == Some(&Value::Bool(true));
        addresses.direct = config.get("p2p").and_then(direct);
        Ok(addresses)
    }
}

/// Whether and when two people are to talk directly.
fn direct(p2p: &Value) -> Option<Duration> {
    let wanted = p2p.get("enabled") == Some(&Value::Bool(true));
    let pause =
        p2p.get("backToP2PDelay").and_then(Value::as_f64).filter(|seconds| (0.0..=LONGEST_PAUSE).contains(seconds));
    wanted.then(|| pause.map_or(BACK_TO_DIRECT, Duration::from_secs_f64))
}

/// What the configuration asks for that is not done, as the reader of config.js found it.
#[must_use]
pub fn ignored_in(text: &str) -> Vec<Ignored> {
    json::parse(text).ok().and_then(|config| config.get("ignored").map(ignored::ignored)).unwrap_or_default()
}

/// A domain, of characters that cannot end one XML or HTTP word and begin another.
fn name(value: Option<&Value>) -> Option<String> {
    let plain = |c: char| c.is_alphanumeric() || "-._:[]".contains(c);
    let text = value?.as_str()?;
    (!text.is_empty() && text.len() <= MAX_NAME && text.chars().all(plain)).then(|| text.to_lowercase())
}

/// `user@domain`.
fn user(value: Option<&Value>) -> Option<String> {
    let text = value?.as_str()?;
    let (user, domain) = text.split_once('@')?;
    let domain = name(Some(&Value::from(domain)))?;
    let plain = |c: char| c.is_alphanumeric() || "-._".contains(c);
    (!user.is_empty() && user.len() <= MAX_NAME && user.chars().all(plain)).then(|| format!("{user}@{domain}"))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    /// `wss`, or `ws` where the link is unprotected.
    Socket,
    /// `https`, or `http` where the link is unprotected.
    Page,
}

impl Scheme {
    fn word(self, link: &RoomLink) -> &'static str {
        match (self, link.scheme) {
            (Self::Socket, "http") => "ws",
            (Self::Socket, _) => "wss",
            (Self::Page, "http") => "http",
            (Self::Page, _) => "https",
        }
    }
}

/// An announced URL, made absolute, without its fragment.
fn url(value: Option<&Value>, link: &RoomLink, scheme: Scheme) -> Option<String> {
    let url = value?.as_str()?.trim();
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let odd = |c: char| c.is_control() || c.is_whitespace() || "\"<>\\^`{|}".contains(c);
    if url.is_empty() || url.len() > MAX_ADDRESS || url.contains(odd) {
        return None;
    }
    let scheme = scheme.word(link);
    let origin = link.origin();
    let (_, authority) = origin.split_once("://")?;
    if let Some(rest) = url.strip_prefix("//") {
        Some(format!("{scheme}://{rest}"))
    } else if url.starts_with('/') {
        Some(format!("{scheme}://{authority}{url}"))
    } else {
        url.starts_with(&format!("{scheme}://")).then(|| url.to_owned())
    }
}

fn with_room(url: &str, link: &RoomLink) -> String {
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}room={}", link.safe_room())
}

/// The login page with its blanks filled in; those we cannot fill are left empty, as in Jitsi's web app.
fn token_page(template: &str, link: &RoomLink) -> Option<String> {
    let tenant = link.tenant.clone().unwrap_or_default();
    let filled = template.replace("{room}", &link.safe_room()).replace("{tenant}", &tenant);
    let mut page = String::new();
    let mut rest = filled.as_str();
    while let Some((before, blank)) = rest.split_once('{') {
        page.push_str(before);
        rest = blank.split_once('}').map_or("", |(_, after)| after);
    }
    page.push_str(rest);
    url(Some(&Value::from(page)), link, Scheme::Page)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> RoomLink {
        RoomLink::parse("https://meet.test/Café Room?jwt=a.b.c", "").unwrap()
    }

    #[test]
    fn plain_requests_are_known_beside_the_web_socket_or_alone() {
        let both = r#"{"websocket":"/xmpp-websocket","bosh":"/http-bind"}"#;
        let both = Addresses::from_config(both, &link()).unwrap();
        assert_eq!(both.bosh.as_deref(), Some("https://meet.test/http-bind?room=caf%c3%a9%20room&token=a.b.c"));
        assert!(!both.only_bosh);
        let alone = Addresses::from_config(r#"{"bosh":"//meet.test/http-bind"}"#, &link()).unwrap();
        assert!(alone.only_bosh && alone.bosh.is_some());
        let odd = Addresses::from_config(r#"{"bosh":"http://meet.test/http-bind"}"#, &link()).unwrap();
        assert_eq!((odd.bosh, odd.only_bosh), (None, false), "out of protection");
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

    #[test]
    fn a_real_deployments_configuration_names_everything() {
        let text = r##"{"hosts":{"domain":"Meet.Jitsi","authdomain":"meet.jitsi","muc":"muc.meet.jitsi"},
            "focusUserJid":"focus@auth.meet.jitsi","conferenceRequestUrl":"https://meet.test/conference-request/v1",
            "tokenAuthUrl":"https://login.test/{tenant}/{room}?state={state}&x=1#{y}"}"##;
        let addresses = Addresses::from_config(text, &link()).unwrap();
        assert_eq!((addresses.domain.as_str(), addresses.auth_domain.as_deref()), ("meet.jitsi", Some("meet.jitsi")));
        assert_eq!(addresses.focus_user.as_deref(), Some("focus@auth.meet.jitsi"));
        let conference = "https://meet.test/conference-request/v1?room=caf%c3%a9%20room";
        assert_eq!(addresses.conference.as_deref(), Some(conference), "no token in it");
        assert_eq!(addresses.token_page.as_deref(), Some("https://login.test//caf%c3%a9%20room?state=&x=1"));
    }

    #[test]
    fn new_ice_credentials_are_asked_for_only_where_the_deployment_says_that_it_gives_some() {
        let renews = |text: &str| Addresses::from_config(text, &link()).unwrap().renews_ice;
        assert!(renews(r#"{"enableIceRestart":true}"#));
        assert!(!renews("{}") && !renews(r#"{"enableIceRestart":false}"#) && !renews(r#"{"enableIceRestart":"true"}"#));
    }

    #[test]
    fn two_talk_directly_only_where_the_deployment_says_so_and_after_its_pause() {
        let direct = |text: &str| Addresses::from_config(text, &link()).unwrap().direct;
        assert_eq!(direct(r#"{"p2p":{"enabled":true}}"#), Some(BACK_TO_DIRECT));
        assert_eq!(direct(r#"{"p2p":{"enabled":true,"backToP2PDelay":2}}"#), Some(Duration::from_secs(2)));
        for pause in ["-1", "1e300", "\"x\""] {
            let text = format!(r#"{{"p2p":{{"enabled":true,"backToP2PDelay":{pause}}}}}"#);
            assert_eq!(direct(&text), Some(BACK_TO_DIRECT), "{pause}");
        }
        for text in ["{}", r#"{"p2p":{"enabled":false}}"#, r#"{"p2p":{"enabled":"true"}}"#, r#"{"p2p":7}"#] {
            assert_eq!(direct(text), None, "{text}");
        }
    }

    #[test]
    fn nonsense_in_a_configuration_is_as_if_it_were_not_there() {
        let guess = Addresses::guess(&link());
        for text in [
            r#"{"hosts":{"domain":"a b"}}"#,
            r#"{"hosts":{"domain":"a'/><x"},"websocket":"wss://x y/"}"#,
            r#"{"hosts":"meet.test","websocket":["wss://x/"],"focusUserJid":"focus"}"#,
            r#"{"hosts":{"domain":""},"websocket":"javascript:alert(1)","conferenceRequestUrl":"http://meet.test/x"}"#,
            r#"{"tokenAuthUrl":"http://login.test/","focusUserJid":"a b@c"}"#,
            "[]",
            "null",
        ] {
            assert_eq!(Addresses::from_config(text, &link()), Ok(guess.clone()), "{text}");
        }
        let long = format!(r#"{{"websocket":"wss://meet.test/{}"}}"#, "x".repeat(MAX_ADDRESS));
        assert_eq!(Addresses::from_config(&long, &link()), Ok(guess));
    }

    #[test]
    fn what_the_fragment_of_a_link_says_never_reaches_the_addresses() {
        let sly = "https://meet.test/Rosa#config.hosts.domain=\"evil.test\"&config.websocket=\"wss://evil.test/x\"\
                   &config.bosh=\"//evil.test\"&config.conferenceRequestUrl=\"https://evil.test/\"";
        let plain = RoomLink::parse("https://meet.test/Rosa", "").unwrap();
        let sly = RoomLink::parse(sly, "").unwrap();
        assert_eq!(sly.ignored, 4);
        assert_eq!(Addresses::guess(&sly), Addresses::guess(&plain));
        let said = r#"{"hosts":{"domain":"meet.jitsi"},"websocket":"wss://meet.test/w"}"#;
        assert_eq!(Addresses::from_config(said, &sly), Addresses::from_config(said, &plain));
    }
}
