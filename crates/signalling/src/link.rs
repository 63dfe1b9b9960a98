//! From a link, or a bare room name, to what may be contacted. docs/links.md is the grammar.
//!
//! A link is written by strangers: it names a place and nothing else. Whatever it says about
//! settings is ignored and counted; it never unmutes, skips a page or changes trust. Start at
//! [`RoomLink::parse`].

mod text;

use std::fmt;
use text::{decode, encode_component, encode_segment, is_hidden, normalise};

/// Bytes of a whole link.
pub const MAX_LINK: usize = 64 * 1024;
/// Characters of a room name, after decoding.
pub const MAX_ROOM: usize = 128;
/// Bytes of a login token.
const MAX_TOKEN: usize = 16 * 1024;
/// Characters of a shown subject.
const MAX_SUBJECT: usize = 100;
/// What Jitsi's web app takes out of every path segment.
const STRIPPED: &str = ":?#[]@!$&'()*+,;=><\"";
/// What a room name may not hold once decoded: it becomes part of addresses.
const FORBIDDEN: &str = "/?#&@:'\"<>\\";

/// Why a text is no room.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// Nothing was given, or a link without a room.
    #[error("the link names no room")]
    NoRoom,
    /// Over [`MAX_LINK`] bytes or [`MAX_ROOM`] characters.
    #[error("the link or its room name is too long")]
    TooLong,
    /// Controls, direction marks or characters that a room name cannot have.
    #[error("the link holds characters that do not belong into a link")]
    Characters,
    /// Neither https nor one of ours.
    #[error("links of this kind are not understood")]
    Scheme,
    /// No host, an odd host or port.
    #[error("the host in the link cannot be understood")]
    Host,
    /// `http` to another machine: everybody on the way could listen.
    #[error("an unprotected link (http) is only possible to this computer itself")]
    Unprotected,
    /// `fp` or `rn` is there, but not one SHA-256.
    #[error("the fingerprint in the link is damaged")]
    Fingerprint,
}

/// A room and how to reach it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomLink {
    /// `https`, or `http` to loopback.
    pub scheme: &'static str,
    /// Lower case; IPv6 in brackets.
    pub host: String,
    /// `None` is the scheme's usual port.
    pub port: Option<u16>,
    /// Path before the room, without slashes at its ends.
    pub tenant: Option<String>,
    /// The name for humans, decoded.
    pub room: String,
    /// SHA-256 of the server's certificate, 64 lower-case hex digits.
    pub fp: Option<String>,
    /// SHA-256 of the notice, 64 lower-case hex digits.
    pub rn: Option<String>,
    /// Login token.
    pub jwt: Option<String>,
    /// A subject to show.
    pub subject: Option<String>,
    /// A language to show the page in.
    pub language: Option<String>,
    /// How many other keys the link had.
    pub ignored: usize,
}

impl RoomLink {
    /// Reads a link, or a name in a room of `default_host` (`host[:port]`).
    ///
    /// # Errors
    /// [`LinkError`] says what is wrong with it.
    pub fn parse(text: &str, default_host: &str) -> Result<Self, LinkError> {
        if text.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        let text = text.trim();
        if text.chars().any(is_hidden) {
            return Err(LinkError::Characters);
        }
        let (scheme, rest) = match text.split_once("://") {
            Some((scheme, rest)) if !scheme.contains(['/', '?', '#']) => (read_scheme(scheme)?, rest.to_owned()),
            _ if names_a_host(text) => ("https", text.to_owned()),
            _ => ("https", format!("{default_host}/{text}")),
        };
        let (rest, fragment) = rest.split_once('#').unwrap_or((&rest, ""));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = read_authority(authority)?;
        if scheme == "http" && !is_loopback(&host) {
            return Err(LinkError::Unprotected);
        }
        let (tenant, room) = read_path(path)?;
        let mut link = Self {
            scheme,
            host,
            port,
            tenant,
            room,
            fp: None,
            rn: None,
            jwt: None,
            subject: None,
            language: None,
            ignored: 0,
        };
        for part in query.split('&').chain(fragment.split('&')).filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            link.take(key, &decode(value))?;
        }
        Ok(link)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), LinkError> {
        match key {
            "fp" => set_once(&mut self.fp, read_hash(value)?)?,
            "rn" => set_once(&mut self.rn, read_hash(value)?)?,
            "jwt" if self.jwt.is_none() && is_token(value) => self.jwt = Some(value.to_owned()),
            "subject" if self.subject.is_none() && !value.is_empty() => {
                let shown = value.chars().filter(|c| !is_hidden(*c)).take(MAX_SUBJECT);
                self.subject = Some(shown.collect());
            }
            "lang" if self.language.is_none() && is_language(value) => self.language = Some(value.to_owned()),
            _ => self.ignored += 1,
        }
        Ok(())
    }

    /// The room's name as it stands in addresses: decoded, NFKC, lower case, encoded, lower case.
    #[must_use]
    pub fn safe_room(&self) -> String {
        encode_component(&normalise(&self.room)).to_lowercase()
    }

    /// `https://host[:port]`
    #[must_use]
    pub fn origin(&self) -> String {
        format!("{}://{}", self.scheme, self.authority())
    }

    /// Where the XMPP web socket usually is. The login token, if any, is part of it.
    #[must_use]
    pub fn websocket_url(&self) -> String {
        let scheme = if self.scheme == "http" { "ws" } else { "wss" };
        let mut url = format!("{scheme}://{}/", self.authority());
        if let Some(tenant) = &self.tenant {
            url.push_str(tenant);
            url.push('/');
        }
        url.push_str("xmpp-websocket?room=");
        url.push_str(&self.safe_room());
        if let Some(jwt) = &self.jwt {
            url.push_str("&token=");
            url.push_str(jwt);
        }
        url
    }

    /// The XMPP domain that installations usually have.
    #[must_use]
    pub fn domain(&self) -> &str {
        &self.host
    }

    /// Where rooms usually live.
    #[must_use]
    pub fn muc_domain(&self) -> String {
        match &self.tenant {
            Some(tenant) => format!("conference.{}.{}", tenant.to_lowercase().replace('.', "_"), self.host),
            None => format!("conference.{}", self.host),
        }
    }

    /// Where the focus usually listens.
    #[must_use]
    pub fn focus_domain(&self) -> String {
        format!("focus.{}", self.host)
    }

    /// The link to hand on: place, `fp` and `rn`, never a token.
    #[must_use]
    pub fn to_link(&self) -> String {
        let mut link = format!("{}/", self.origin());
        if let Some(tenant) = &self.tenant {
            link.push_str(tenant);
            link.push('/');
        }
        link.push_str(&encode_segment(&self.room));
        let parts = [("fp", &self.fp), ("rn", &self.rn)];
        let said = parts.into_iter().filter_map(|(key, value)| value.as_ref().map(|value| format!("{key}={value}")));
        let fragment = said.collect::<Vec<_>>().join("&");
        if !fragment.is_empty() {
            link.push('#');
            link.push_str(&fragment);
        }
        link
    }

    fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }
}

impl fmt::Display for RoomLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_link())
    }
}

fn read_scheme(scheme: &str) -> Result<&'static str, LinkError> {
    match scheme.to_ascii_lowercase().as_str() {
        "https" | "runde" | "jitsi-meet" | "org.jitsi.meet" => Ok("https"),
        "http" => Ok("http"),
        _ => Err(LinkError::Scheme),
    }
}

/// `meet.example/room` is a host with a room; `Team/Monday` is a name.
fn names_a_host(text: &str) -> bool {
    let before_query = text.split(['?', '#']).next().unwrap_or_default();
    before_query.split_once('/').is_some_and(|(first, _)| first.contains('.') || first.starts_with("localhost"))
}

fn read_authority(authority: &str) -> Result<(String, Option<u16>), LinkError> {
    // Whatever stands before the last @ is not the host, however much it looks like one.
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let host = host.to_ascii_lowercase();
    let is_v6 = host
        .strip_prefix('[')
        .and_then(|h| h.strip_suffix(']'))
        .is_some_and(|h| h.parse::<std::net::Ipv6Addr>().is_ok());
    let is_name = host.split('.').all(|label| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    });
    if host.len() > 253 || !(is_v6 || is_name) {
        return Err(LinkError::Host);
    }
    let port = match port {
        Some(port) => Some(port.parse::<u16>().ok().filter(|port| *port != 0).ok_or(LinkError::Host)?),
        None => None,
    };
    Ok((host, port))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn read_path(path: &str) -> Result<(Option<String>, String), LinkError> {
    let strip = |segment: &str| segment.chars().filter(|c| !STRIPPED.contains(*c)).collect::<String>();
    let mut segments: Vec<String> = path.split('/').map(strip).filter(|segment| !segment.is_empty()).collect();
    let last = segments.pop().ok_or(LinkError::NoRoom)?;
    let room = decode(&last).trim().to_owned();
    if room.is_empty() {
        return Err(LinkError::NoRoom);
    }
    if room.chars().count() > MAX_ROOM || normalise(&room).chars().count() > MAX_ROOM {
        return Err(LinkError::TooLong);
    }
    // Both forms, because normalising can turn a harmless character into one of the forbidden.
    let odd = |c: char| is_hidden(c) || FORBIDDEN.contains(c);
    if room.contains(odd) || normalise(&room).contains(odd) || room == ".." || room == "." {
        return Err(LinkError::Characters);
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~".contains(c);
    if segments.iter().any(|segment| segment == ".." || segment == "." || !segment.chars().all(plain)) {
        return Err(LinkError::Characters);
    }
    Ok(((!segments.is_empty()).then(|| segments.join("/")), room))
}

fn read_hash(value: &str) -> Result<String, LinkError> {
    let hash: String = value.chars().filter(|c| *c != ':').collect::<String>().to_ascii_lowercase();
    let good = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    good.then_some(hash).ok_or(LinkError::Fingerprint)
}

/// Two different fingerprints in one link: somebody appended his own.
fn set_once(slot: &mut Option<String>, value: String) -> Result<(), LinkError> {
    match slot {
        Some(known) if *known != value => Err(LinkError::Fingerprint),
        _ => {
            *slot = Some(value);
            Ok(())
        }
    }
}

fn is_token(value: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'=');
    !value.is_empty() && value.len() <= MAX_TOKEN && value.bytes().all(plain)
}

fn is_language(value: &str) -> bool {
    (2..=8).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Result<RoomLink, LinkError> {
        RoomLink::parse(text, "meet.jit.si")
    }

    #[test]
    fn a_room_whose_name_holds_what_links_are_stripped_of_is_the_same_when_handed_on() {
        let link = read("https://meet.example/%21really%21%20%28no%29%2A").unwrap();
        assert_eq!(link.room, "!really! (no)*");
        let again = read(&link.to_link()).unwrap();
        assert_eq!((again.room, again.host), (link.room, link.host));
    }

    #[test]
    fn a_link_names_host_port_tenant_and_room() {
        let link = read("https://Meet.Example:8443/Some/Team/Caf%C3%A9 Room").unwrap();
        assert_eq!((link.host.as_str(), link.port), ("meet.example", Some(8443)));
        assert_eq!((link.tenant.as_deref(), link.room.as_str()), (Some("Some/Team"), "Café Room"));
        assert_eq!(link.safe_room(), "caf%c3%a9%20room");
        assert_eq!(link.origin(), "https://meet.example:8443");
        assert_eq!(link.websocket_url(), "wss://meet.example:8443/Some/Team/xmpp-websocket?room=caf%c3%a9%20room");
    }

    #[test]
    fn own_schemes_and_pasted_names_mean_https() {
        assert_eq!(read("runde://127.0.0.1:8443/x").unwrap().origin(), "https://127.0.0.1:8443");
        assert_eq!(read("jitsi-meet://h.de/x").unwrap().origin(), "https://h.de");
        assert_eq!(read("  Rosa Lux ").unwrap().to_link(), "https://meet.jit.si/Rosa%20Lux");
        assert_eq!(read("Team/Rosa").unwrap().tenant.as_deref(), Some("Team"));
        assert_eq!(read("meet.example/Rosa").unwrap().host, "meet.example");
        assert_eq!(read("localhost:8443/Rosa").unwrap().port, Some(8443));
    }

    #[test]
    fn a_link_survives_being_handed_on_but_its_token_does_not() {
        let hash = "0f".repeat(32);
        let link = read(&format!("https://h.de/a b?jwt=a.b.c#fp={}&rn={hash}", hash.to_uppercase())).unwrap();
        assert_eq!(link.jwt.as_deref(), Some("a.b.c"));
        let again = read(&link.to_link()).unwrap();
        assert_eq!(again, RoomLink { jwt: None, ..link });
        assert_eq!(again.fp, Some(hash));
    }

    #[test]
    fn a_link_cannot_set_anything_and_what_it_tries_is_counted() {
        let link = read("https://h.de/x?lang=de&release=1#config.startWithAudioMuted=false&config.prejoinConfig.enabled=false&interfaceConfig.a=1&__proto__=1&userInfo.displayName=x").unwrap();
        assert_eq!((link.ignored, link.language.as_deref(), link.subject), (6, Some("de"), None));
    }

    #[test]
    fn what_looks_like_a_host_before_the_at_sign_is_dropped() {
        assert_eq!(read("https://meet.jit.si@evil.example/x").unwrap().host, "evil.example");
        assert_eq!(read("https://a:b@c@evil.example:1/x").unwrap().origin(), "https://evil.example:1");
    }

    #[test]
    fn unprotected_links_lead_to_this_computer_only() {
        for good in ["http://localhost:1/x", "http://127.9.9.9/x", "http://[::1]:8443/x"] {
            assert!(read(good).is_ok(), "{good}");
        }
        for bad in ["http://meet.example/x", "http://127.0.0.1.evil.example/x", "http://localhost.evil/x"] {
            assert_eq!(read(bad), Err(LinkError::Unprotected), "{bad}");
        }
    }

    #[test]
    fn damaged_or_contradictory_fingerprints_refuse_the_link() {
        for bad in
            ["fp=12", "rn=", &format!("fp={}", "g".repeat(64)), &format!("fp={}&fp={}", "a".repeat(64), "b".repeat(64))]
        {
            assert_eq!(read(&format!("https://h.de/x#{bad}")), Err(LinkError::Fingerprint), "{bad}");
        }
    }

    #[test]
    fn bad_links_are_refused_with_a_reason() {
        for (bad, why) in [
            ("", LinkError::NoRoom),
            ("https://h.de/", LinkError::NoRoom),
            ("https://h.de", LinkError::NoRoom),
            ("https://h.de/%20", LinkError::NoRoom),
            ("javascript://h.de/x", LinkError::Scheme),
            ("file:///etc/passwd", LinkError::Scheme),
            ("https:///x", LinkError::Host),
            ("https://h.de:0/x", LinkError::Host),
            ("https://h.de:99999/x", LinkError::Host),
            ("https://mеet.jit.si/x", LinkError::Host),
            ("https://h..de/x", LinkError::Host),
            ("https://h.de/../x", LinkError::Characters),
            ("https://h.de/..", LinkError::Characters),
            ("https://h.de/a%2Fb", LinkError::Characters),
            ("https://h.de/a／b", LinkError::Characters),
            ("https://h.de/a%00b", LinkError::Characters),
            ("https://h.de/a\u{202e}b", LinkError::Characters),
            ("https://h.de/a%E2%80%AEb", LinkError::Characters),
        ] {
            assert_eq!(read(bad), Err(why), "{bad}");
        }
        assert!(read(&"x".repeat(MAX_ROOM)).is_ok());
        assert_eq!(read(&"x".repeat(MAX_ROOM + 1)), Err(LinkError::TooLong));
        assert_eq!(read(&"x".repeat(MAX_LINK + 1)), Err(LinkError::TooLong));
        assert_eq!(read(&"ﷺ".repeat(MAX_ROOM)), Err(LinkError::TooLong));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "\\PC*", host in "\\PC{0,20}") {
            let _ = RoomLink::parse(&text, &host);
        }

        #[test]
        fn a_link_that_is_understood_is_understood_again(
            text in "(https|runde)://[a-z@.:0-9]{1,20}/([a-zA-Z.%/ é]{1,30})(#[a-z=&]{0,10})?",
        ) {
            if let Ok(link) = read(&text) {
                let again = read(&link.to_link()).unwrap();
                prop_assert_eq!(again.safe_room(), link.safe_room());
                prop_assert_eq!(again.origin(), link.origin());
            }
        }
    }
}
