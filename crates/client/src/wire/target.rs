//! Where a WebSocket leads: scheme, host, port, path, and the pin that holds there.
//!
//! Start at [`Target::room`] (from a link) and [`Target::bridge`] (from an address the server announced).

use std::net::IpAddr;

use runde_signalling::link::RoomLink;

use super::WireError;

/// SHA-256 of the DER form of a certificate.
pub(crate) type Pin = [u8; 32];

/// Announced addresses are short; a longer one is nonsense.
const MAX_URL_BYTES: usize = 2_048;

/// One WebSocket address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) secure: bool,
    /// Name or address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Begins with a slash.
    pub(crate) path: String,
    pub(crate) pin: Option<Pin>,
    pub(crate) protocol: Option<&'static str>,
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
        Ok(target)
    }

    /// The bridge channel at an announced address. The pin of the link holds for the link's host only. An unencrypted
    /// address is taken only where the room itself is on this computer: else any server could make us speak to local
    /// programs.
    ///
    /// # Errors
    /// [`WireError::BadAddress`], [`WireError::PlainRefused`].
    pub(crate) fn bridge(url: &str, room: &Self) -> Result<Self, WireError> {
        let mut target = Self::parse(url)?;
        if !target.secure && (room.secure || !target.names_loopback()) {
            return Err(WireError::PlainRefused);
        }
        if target.host.eq_ignore_ascii_case(&room.host) {
            target.pin = room.pin;
        }
        Ok(target)
    }

    fn parse(url: &str) -> Result<Self, WireError> {
        if url.len() > MAX_URL_BYTES || url.chars().any(|c| c.is_control() || c == ' ') {
            return Err(WireError::BadAddress);
        }
        let (secure, rest) = match url.split_once("://") {
            Some(("wss", rest)) => (true, rest),
            Some(("ws", rest)) => (false, rest),
            _ => return Err(WireError::BadAddress),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (host, port) = split_port(authority, if secure { 443 } else { 80 })?;
        let path = if path.is_empty() { "/" } else { path };
        Ok(Self { secure, host, port, path: path.to_owned(), pin: None, protocol: None })
    }

    fn names_loopback(&self) -> bool {
        self.host == "localhost" || self.host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The address as the upgrade request names it.
    pub(crate) fn url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        format!("{scheme}://{host}:{}{}", self.port, self.path)
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

fn split_port(authority: &str, default: u16) -> Result<(String, u16), WireError> {
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
    fn an_ipv6_address_keeps_its_brackets_in_the_url_only() {
        let target = Target::parse("wss://[::1]:9443/x").unwrap();
        assert_eq!((target.host.as_str(), target.url().as_str()), ("::1", "wss://[::1]:9443/x"));
    }
}
