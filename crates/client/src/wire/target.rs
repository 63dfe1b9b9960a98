//! Where a connection leads: scheme, host, port, path, the pin that holds there, and how near it may lie.
//!
//! Start at [`Target::room`] and [`Target::page`] (from a link), [`Target::bridge`] and [`Target::announced`] (from an
//! address that a server announced).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use runde_signalling::link::RoomLink;

use super::WireError;

/// SHA-256 of the DER form of a certificate.
pub(crate) type Pin = [u8; 32];

/// Announced addresses are short; a longer one is nonsense.
const MAX_URL_BYTES: usize = 2_048;

/// How near an address may lie. A server may name other hosts; it may not make us speak to programs on this computer
/// or to devices of a network that it is not part of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// Only addresses of the internet.
    Internet,
    /// Those of private networks, too.
    Private,
    /// Everything, this computer included.
    Anywhere,
}

impl Reach {
    /// The nearest an address announced by a server at `ip` may lie: no nearer than the server itself.
    pub(crate) fn from_server_at(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::needed_v4(ip),
            IpAddr::V6(ip) => Self::needed_v6(ip),
        }
    }

    /// Whether this address lies within reach.
    pub(crate) fn covers(self, ip: IpAddr) -> bool {
        Self::from_server_at(ip) <= self
    }

    fn needed_v4(ip: Ipv4Addr) -> Self {
        let [first, second, ..] = ip.octets();
        if ip.is_loopback() || ip.is_unspecified() || ip.is_link_local() || ip.is_multicast() || ip.is_broadcast() {
            return Self::Anywhere;
        }
        // RFC 6598: shared by the customers of one provider.
        let carrier = first == 100 && (64..128).contains(&second);
        if ip.is_private() || carrier { Self::Private } else { Self::Internet }
    }

    fn needed_v6(ip: Ipv6Addr) -> Self {
        if ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local() || ip.is_multicast() {
            return Self::Anywhere;
        }
        if ip.is_unique_local() { Self::Private } else { Self::Internet }
    }
}

/// One address.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) secure: bool,
    /// Name or address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Begins with a slash.
    pub(crate) path: String,
    pub(crate) pin: Option<Pin>,
    pub(crate) protocol: Option<&'static str>,
    pub(crate) reach: Reach,
}

/// Without the path: login tokens and passwords of bridges ride in it.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = (self.secure, &self.host, self.port, self.reach);
        f.debug_tuple("Target").field(&shown).finish()
    }
}

impl Target {
    /// The XMPP WebSocket beside a room: `wss://HOST[:PORT]/[TENANT/]xmpp-websocket?room=SAFE`.
    ///
    /// # Errors
    /// [`WireError::BadAddress`] when the link holds something no address may hold.
    pub(crate) fn room(link: &RoomLink) -> Result<Self, WireError> {
        let mut target = Self::parse(&link.websocket_url())?;
        target.pin = link.fp.as_deref().map(pin).transpose()?;
        target.protocol = Some("xmpp");
        target.reach = Reach::Anywhere;
        Ok(target)
    }

    /// The same socket, told which session is to be resumed (`previd`), so that a balancer finds who knows it.
    pub(crate) fn resuming(&self, previd: &str) -> Self {
        use std::fmt::Write;
        let mut path = format!("{}{}previd=", self.path, if self.path.contains('?') { '&' } else { '?' });
        for byte in previd.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                path.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(path, "%{byte:02X}");
            }
        }
        Self { path, ..self.clone() }
    }

    /// A file beside a room, by HTTP: `https://HOST[:PORT]/[TENANT/]NAME?room=SAFE`. No token rides in it.
    ///
    /// # Errors
    /// As [`Target::room`].
    pub(crate) fn page(link: &RoomLink, name: &str) -> Result<Self, WireError> {
        let mut target = Self::room(link)?;
        let tenant = link.tenant.as_ref().map(|tenant| format!("{tenant}/")).unwrap_or_default();
        target.path = format!("/{tenant}{name}?room={}", link.safe_room());
        target.protocol = None;
        Ok(target)
    }

    /// An address of a service that the server of `room` announced: of the room's protection, with its pin on its host
    /// only, and elsewhere no nearer than `reach`.
    ///
    /// # Errors
    /// [`WireError::BadAddress`], [`WireError::PlainRefused`], [`WireError::TooNear`].
    pub(crate) fn announced(url: &str, room: &Self, reach: Reach) -> Result<Self, WireError> {
        let mut target = Self::named_by(url, room)?;
        if target.host.eq_ignore_ascii_case(&room.host) {
            target.reach = Reach::Anywhere;
            return Ok(target);
        }
        target.reach = reach;
        let near = target.host.parse().is_ok_and(|ip| !reach.covers(ip));
        let local = target.host == "localhost" || target.host.ends_with(".localhost");
        if near || (local && reach < Reach::Anywhere) {
            return Err(WireError::TooNear);
        }
        Ok(target)
    }

    /// The bridge channel at an announced address. The pin of the link holds for the link's host only. An unencrypted
    /// address is taken only where the room itself is on this computer: else any server could make us speak to local
    /// programs.
    ///
    /// # Errors
    /// [`WireError::BadAddress`], [`WireError::PlainRefused`].
    pub(crate) fn bridge(url: &str, room: &Self) -> Result<Self, WireError> {
        if !url.starts_with("ws") {
            return Err(WireError::BadAddress);
        }
        Self::named_by(url, room)
    }

    fn named_by(url: &str, room: &Self) -> Result<Self, WireError> {
        let mut target = Self::parse(url)?;
        if !target.secure && (room.secure || !target.names_loopback()) {
            return Err(WireError::PlainRefused);
        }
        // The bridge's address came over the room's own protected conversation, and private bridges are usual.
        target.reach = if room.secure && !room.names_loopback() { Reach::Private } else { Reach::Anywhere };
        if target.host.eq_ignore_ascii_case(&room.host) {
            target.pin = room.pin;
            target.reach = room.reach;
        }
        Ok(target)
    }

    fn parse(url: &str) -> Result<Self, WireError> {
        if url.len() > MAX_URL_BYTES || url.chars().any(|c| c.is_control() || c == ' ') {
            return Err(WireError::BadAddress);
        }
        let (secure, rest) = match url.split_once("://") {
            Some(("wss" | "https", rest)) => (true, rest),
            Some(("ws" | "http", rest)) => (false, rest),
            _ => return Err(WireError::BadAddress),
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = split_port(authority, if secure { 443 } else { 80 })?;
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
        Ok(Self { secure, host, port, path, pin: None, protocol: None, reach: Reach::Internet })
    }

    fn names_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The address as the upgrade request names it.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.path)
    }

    /// `host:port`.
    pub(crate) fn authority(&self) -> String {
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{host}:{}", self.port)
    }

    /// Where an answer of this target sends us (RFC 9110 15.4), if we follow: the same protection, the same host or one
    /// below it.
    pub(crate) fn redirected(&self, location: &str) -> Option<Self> {
        let scheme = if self.secure { "https" } else { "http" };
        let location = location.split_once('#').map_or(location, |(location, _)| location);
        let absolute = if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{}{location}", self.authority())
        } else {
            location.to_owned()
        };
        let mut next = Self::parse(&absolute).ok()?;
        let below = next.host.to_ascii_lowercase().ends_with(&format!(".{}", self.host.to_ascii_lowercase()));
        let same = next.host.eq_ignore_ascii_case(&self.host);
        if next.secure != self.secure || !absolute.starts_with("http") || !(same || (below && self.secure)) {
            return None;
        }
        next.pin = if same { self.pin } else { None };
        next.reach = if same { self.reach } else { Reach::Internet };
        Some(next)
    }
}

fn pin(hex: &str) -> Result<Pin, WireError> {
    let mut pin = Pin::default();
    hex::decode_to_slice(hex, &mut pin).map_err(|_| WireError::BadAddress)?;
    Ok(pin)
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host)
}

pub(super) fn split_port(authority: &str, default: u16) -> Result<(String, u16), WireError> {
    if authority.is_empty() || authority.contains('@') {
        return Err(WireError::BadAddress);
    }
    let after_bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = authority[after_bracket..].find(':').map(|at| at + after_bracket) else {
        return Ok((bare(authority).to_owned(), default));
    };
    let port = authority[colon + 1..].parse().map_err(|_| WireError::BadAddress)?;
    match bare(&authority[..colon]) {
        "" => Err(WireError::BadAddress),
        host => Ok((host.to_owned(), port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(link: &str) -> Target {
        Target::room(&RoomLink::parse(link, "meet.jit.si").unwrap()).unwrap()
    }

    #[test]
    fn the_room_socket_lies_beside_the_room_and_names_it() {
        let target = room("https://meet.example:8443/Rosa");
        assert_eq!(target.url(), "wss://meet.example:8443/xmpp-websocket?room=rosa");
        assert_eq!(target.protocol, Some("xmpp"));
    }

    #[test]
    fn a_resumed_session_is_named_in_the_address_whatever_its_name_holds() {
        let target = room("https://meet.example/Rosa").resuming("Yo9&x=1 #ü");
        assert_eq!(target.path, "/xmpp-websocket?room=rosa&previd=Yo9%26x%3D1%20%23%C3%BC");
    }

    #[test]
    fn the_fingerprint_of_the_link_becomes_the_pin() {
        let link = format!("https://meet.example/Rosa#fp={}", "0a".repeat(32));
        assert_eq!(room(&link).pin, Some([10; 32]));
    }

    #[test]
    fn a_tenant_stays_in_the_path() {
        assert_eq!(
            room("https://meet.example/team/Rosa").url(),
            "wss://meet.example:443/team/xmpp-websocket?room=rosa"
        );
    }

    #[test]
    fn a_bridge_on_another_host_does_not_inherit_the_pin() {
        let mut room = room("https://meet.example/Rosa");
        room.pin = Some([7; 32]);
        let same = Target::bridge("wss://meet.example/colibri-ws/a/b/c?pwd=x", &room).unwrap();
        let other = Target::bridge("wss://bridge.example/colibri-ws/a/b/c?pwd=x", &room).unwrap();
        assert_eq!((same.pin, other.pin), (Some([7; 32]), None));
    }

    #[test]
    fn a_remote_room_cannot_send_us_to_a_local_program() {
        let room = room("https://meet.example/Rosa");
        assert_eq!(Target::bridge("ws://127.0.0.1:631/x", &room), Err(WireError::PlainRefused));
    }

    #[test]
    fn a_local_room_without_tls_has_a_local_bridge_without_tls() {
        let room = room("http://127.0.0.1:8080/Rosa");
        assert!(Target::bridge("ws://127.0.0.1:8080/colibri-ws/a/b/c?pwd=x", &room).is_ok());
        assert_eq!(Target::bridge("ws://10.0.0.1/x", &room), Err(WireError::PlainRefused));
    }

    #[test]
    fn rubbish_addresses_are_refused() {
        let room = room("https://meet.example/Rosa");
        for url in ["", "https://meet.example/", "wss://", "wss://a@b/", "wss://a:x/", "wss://:1/", "wss://a b/"] {
            assert_eq!(Target::bridge(url, &room), Err(WireError::BadAddress), "{url}");
        }
    }

    #[test]
    fn a_configuration_lies_beside_the_room_and_carries_no_token() {
        let link = RoomLink::parse("https://meet.example/Team/Rosa?jwt=a.b.c", "").unwrap();
        let target = Target::page(&link, "config.js").unwrap();
        assert_eq!((target.port, target.path.as_str()), (443, "/Team/config.js?room=rosa"));
        assert!(!format!("{:?}", Target::room(&link).unwrap()).contains("a.b.c"));
    }

    #[test]
    fn an_announced_service_may_not_lie_nearer_than_the_server_that_names_it() {
        let room = room("https://meet.example/Rosa");
        let take = |url: &str, reach| Target::announced(url, &room, reach).map(|target| target.reach);
        assert_eq!(take("wss://xmpp.example/x", Reach::Internet), Ok(Reach::Internet));
        assert_eq!(take("wss://MEET.example:5281/x", Reach::Internet), Ok(Reach::Anywhere), "the joined host");
        for url in [
            "wss://127.0.0.1/x",
            "wss://10.1.2.3/x",
            "wss://192.168.0.1:8443/x",
            "wss://169.254.169.254/x",
            "wss://100.64.0.1/x",
            "wss://[::1]/x",
            "wss://[fd00::1]/x",
            "wss://[::ffff:10.0.0.1]/x",
            "wss://0.0.0.0/x",
            "wss://localhost/x",
            "wss://a.localhost/x",
        ] {
            assert_eq!(take(url, Reach::Internet), Err(WireError::TooNear), "{url}");
        }
        assert_eq!(take("wss://10.1.2.3/x", Reach::Private), Ok(Reach::Private), "a server inside a company");
        assert_eq!(take("wss://127.0.0.1/x", Reach::Private), Err(WireError::TooNear));
        assert_eq!(take("wss://127.0.0.1/x", Reach::Anywhere), Ok(Reach::Anywhere), "a server on this computer");
        assert_eq!(take("ws://meet.example/x", Reach::Anywhere), Err(WireError::PlainRefused));
    }

    #[test]
    fn a_redirect_is_followed_to_the_same_host_or_below_it_and_never_out_of_protection() {
        let from = Target::page(&RoomLink::parse("https://meet.example/Rosa", "").unwrap(), "config.js").unwrap();
        let to = |location: &str| from.redirected(location).map(|target| (target.host, target.path));
        assert_eq!(to("/v2/config.js?x#y"), Some(("meet.example".into(), "/v2/config.js?x".into())));
        assert_eq!(to("//cdn.meet.example/c.js"), Some(("cdn.meet.example".into(), "/c.js".into())));
        assert_eq!(to("https://meet.example:444/c.js"), Some(("meet.example".into(), "/c.js".into())));
        for bad in [
            "http://meet.example/c.js",
            "https://example/c.js",
            "https://evilmeet.example/c.js",
            "wss://meet.example/",
            "c.js",
            "",
        ] {
            assert_eq!(to(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_ipv6_address_keeps_its_brackets_in_the_url_only() {
        let target = Target::parse("wss://[::1]:9443/x").unwrap();
        assert_eq!((target.host.as_str(), target.url().as_str()), ("::1", "wss://[::1]:9443/x"));
    }
}
