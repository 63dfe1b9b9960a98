//! `serve --turn`: the addresses of one's own TURN server, as its operator writes them (RFC 7065).

use runde_server::Relay;

use crate::exit::Failure;

/// What a value of `--turn` reads like.
const EXPECTED: &str = "turn:HOST:PORT?transport=udp, turn:HOST:PORT?transport=tcp or turns:HOST:PORT";

/// Reads one address. Credentials come later, from standard input.
pub fn relay(text: &str) -> Result<Relay, Failure> {
    let refused = || Failure::Value { option: "--turn", value: text.to_owned(), expected: EXPECTED };
    let (kind, rest) = text.split_once(':').ok_or_else(refused)?;
    let usual = match kind {
        "turn" => "udp",
        "turns" => "tcp",
        _ => return Err(refused()),
    };
    let (place, transport) = match rest.split_once("?transport=") {
        Some((place, transport)) => (place, transport),
        None => (rest, usual),
    };
    let (host, port) = place.rsplit_once(':').ok_or_else(refused)?;
    let host = host.trim_matches(['[', ']']);
    let odd = |letter: char| !(letter.is_ascii_alphanumeric() || ".-:".contains(letter));
    if host.is_empty() || host.contains(odd) || !(transport == "tcp" || (transport == "udp" && kind == "turn")) {
        return Err(refused());
    }
    Ok(Relay {
        kind: kind.to_owned(),
        host: host.to_owned(),
        port: port.parse().map_err(|_| refused())?,
        transport: transport.to_owned(),
        username: None,
        password: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_its_protection_its_place_and_its_carrier() {
        let read = |text| relay(text).map(|relay| (relay.kind, relay.host, relay.port, relay.transport)).unwrap();
        let of = |kind: &str, host: &str, port, transport: &str| (kind.into(), host.into(), port, transport.into());
        assert_eq!(read("turn:turn.example:3478"), of("turn", "turn.example", 3478, "udp"));
        assert_eq!(read("turn:192.0.2.1:3478?transport=tcp"), of("turn", "192.0.2.1", 3478, "tcp"));
        assert_eq!(read("turns:[2001:db8::1]:443"), of("turns", "2001:db8::1", 443, "tcp"));
        for bad in
            ["turn.example:3478", "stun:a:1", "turn:a", "turn::1", "turns:a:1?transport=udp", "turn:a b:1", "turn:a:x"]
        {
            assert!(relay(bad).is_err(), "{bad}");
        }
    }
}
