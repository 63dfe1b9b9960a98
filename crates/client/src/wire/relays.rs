//! Connections to the relays that the joined deployment announces (XEP-0215), and to no others.
//!
//! What passes is sealed for the bridge, so TCP without TLS is allowed here; where an address may lie is held to the same
//! rule as every other announced one. Start at [`openings`].

use std::net::SocketAddr;

use runde_signalling::config::host_of;
use runde_signalling::guest::Relay;
use runde_transport::relay::{Link, Opening};
use runde_transport::turn::Account;

use super::proxy::Proxy;
use super::{Reach, Way, addresses, tls};
use crate::contacts::{Counted, Errand, Ignored, IgnoredKind, Purpose};

/// Servers tried at once; a deployment names one in its three ways.
const MAX_SERVERS: usize = 6;

/// How a relay is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Carrier {
    Udp,
    Tcp,
    Tls,
}

/// Whether this entry is a relay that can be used: a TURN server with credentials.
fn is_usable(relay: &Relay) -> bool {
    carrier(relay).is_some() && relay.username.is_some() && relay.password.is_some()
}

/// The ways to the relays that a deployment offers, whose XMPP server lies at the end of `way`.
/// Servers that only tell addresses (STUN) and whatever else is not used are written down as ignored.
pub(crate) fn openings(relays: &[Relay], way: Option<Way>, errand: &Errand) -> Vec<Opening> {
    let reach = way.map_or(Reach::Internet, |way| Reach::from_server_at(way.peer.ip()));
    let (usable, useless): (Vec<_>, Vec<_>) = relays.iter().partition(|relay| is_usable(relay));
    for relay in useless.into_iter().chain(usable.iter().skip(MAX_SERVERS).copied()) {
        let (kind, host) = (IgnoredKind::Relay, host_of(&format!("//{}", relay.host)));
        errand.contacts().ignore(Ignored { kind, key: word(relay).to_owned(), host });
    }
    let opening = |relay: &Relay| -> Opening {
        let (relay, errand) = (relay.clone(), errand.towards(Purpose::Relay));
        Box::pin(async move { open(&relay, reach, &errand).await })
    };
    usable.into_iter().take(MAX_SERVERS).map(opening).collect()
}

/// What it is, in words of our own.
fn word(relay: &Relay) -> &'static str {
    match relay.kind.as_str() {
        "stun" | "stuns" => "stun",
        "turn" | "turns" => "turn",
        _ => "service",
    }
}

fn carrier(relay: &Relay) -> Option<Carrier> {
    match (relay.kind.as_str(), relay.transport.as_str()) {
        ("turn", "udp" | "") => Some(Carrier::Udp),
        ("turn", "tcp") => Some(Carrier::Tcp),
        ("turns", "tcp" | "") => Some(Carrier::Tls),
        _ => None,
    }
}

async fn open(relay: &Relay, reach: Reach, errand: &Errand) -> Option<(Link, Account)> {
    let (username, password) = (relay.username.clone()?, relay.password.clone()?);
    let found = addresses(&relay.host, relay.port, reach, errand).await;
    let servers = found.inspect_err(|error| tracing::info!(%error, "a relay cannot be reached")).ok()?;
    for server in servers {
        if let Some(link) = link(relay, server, errand).await {
            return Some((link, Account { server, username, password }));
        }
    }
    None
}

async fn link(relay: &Relay, server: SocketAddr, errand: &Errand) -> Option<Link> {
    let carrier = carrier(relay)?;
    if carrier == Carrier::Udp {
        let (socket, meter) = errand.datagrams(&relay.host, server).await.ok()?;
        return Some(Link::Datagrams(socket, meter));
    }
    if carrier == Carrier::Tcp {
        let tcp = errand.connect(&relay.host, server).await.ok()?;
        let local = tcp.local_addr().ok()?;
        return Some(Link::Stream(Box::new(tcp), local));
    }
    let tcp = through_proxy_or_to(relay, server, errand).await?;
    let local = tcp.local_addr().ok()?;
    let wrapped = tls::wrap(tcp, &relay.host, None).await;
    let tls = wrapped.inspect_err(|error| tracing::info!(%error, "a relay's TLS fails")).ok()?;
    Some(Link::Stream(Box::new(tls), local))
}

/// Where only a proxy leads out, it leads to relays that speak TLS, too.
async fn through_proxy_or_to(relay: &Relay, server: SocketAddr, errand: &Errand) -> Option<Counted> {
    match Proxy::towards(&relay.host, |name| std::env::var(name).ok()) {
        Some(proxy) => proxy.tunnel(&format!("{}:{}", relay.host, relay.port), errand).await.ok(),
        None => errand.connect(&relay.host, server).await.ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::{Contacts, errand};

    fn relay(kind: &str, transport: &str) -> Relay {
        Relay {
            kind: kind.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 9,
            transport: transport.to_owned(),
            username: Some("ada".to_owned()),
            password: Some("secret".to_owned()),
        }
    }

    #[test]
    fn only_turn_with_credentials_is_a_relay() {
        for (kind, transport, good) in [
            ("turn", "udp", true),
            ("turn", "", true),
            ("turn", "tcp", true),
            ("turns", "tcp", true),
            ("turns", "udp", false),
            ("stun", "udp", false),
            ("ftp", "tcp", false),
        ] {
            assert_eq!(is_usable(&relay(kind, transport)), good, "{kind} {transport}");
        }
        assert!(!is_usable(&Relay { password: None, ..relay("turn", "udp") }));
    }

    #[tokio::test]
    async fn a_relay_nearer_than_the_server_that_names_it_is_not_contacted() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = Relay { port: listener.local_addr().unwrap().port(), ..relay("turn", "tcp") };
        let contacts = Contacts::default();
        assert!(open(&near, Reach::Internet, &errand(&contacts)).await.is_none());
        assert!(contacts.seen().contacts.is_empty());
        assert!(open(&near, Reach::Anywhere, &errand(&contacts)).await.is_some(), "a server on this computer");
        assert_eq!(contacts.seen().contacts.len(), 1);
    }

    #[test]
    fn servers_that_only_tell_addresses_are_not_asked_and_named() {
        let contacts = Contacts::default();
        let foreign = Relay { host: "stun.elsewhere.example".to_owned(), ..relay("stun", "udp") };
        assert_eq!(openings(&[foreign, relay("turn", "udp")], None, &errand(&contacts)).len(), 1);
        let host = Some("stun.elsewhere.example".to_owned());
        assert_eq!(contacts.seen().ignored, [Ignored { kind: IgnoredKind::Relay, key: "stun".to_owned(), host }]);
    }
}
