//! Connections to the relays that the joined deployment announces (XEP-0215), and to no others.
//!
//! What passes is sealed for the bridge, so TCP without TLS is allowed here; where an address may lie is held to the same
//! rule as every other announced one. Start at [`openings`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use runde_signalling::guest::Relay;
use runde_transport::relay::{Link, Opening};
use runde_transport::turn::Account;
use tokio::net::{TcpStream, UdpSocket};

use super::proxy::Proxy;
use super::{Reach, Way, addresses, tls};

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
pub(crate) fn openings(relays: &[Relay], way: Option<Way>) -> Vec<Opening> {
    let reach = way.map_or(Reach::Internet, |way| Reach::from_server_at(way.peer.ip()));
    let usable = relays.iter().filter(|relay| is_usable(relay)).take(MAX_SERVERS);
    let opening = |relay: &Relay| -> Opening {
        let relay = relay.clone();
        Box::pin(async move { open(&relay, reach).await })
    };
    usable.map(opening).collect()
}

fn carrier(relay: &Relay) -> Option<Carrier> {
    match (relay.kind.as_str(), relay.transport.as_str()) {
        ("turn", "udp" | "") => Some(Carrier::Udp),
        ("turn", "tcp") => Some(Carrier::Tcp),
        ("turns", "tcp" | "") => Some(Carrier::Tls),
        _ => None,
    }
}

async fn open(relay: &Relay, reach: Reach) -> Option<(Link, Account)> {
    let (username, password) = (relay.username.clone()?, relay.password.clone()?);
    let found = addresses(&relay.host, relay.port, reach).await;
    let servers = found.inspect_err(|error| tracing::info!(%error, "a relay cannot be reached")).ok()?;
    for server in servers {
        if let Some(link) = link(relay, server).await {
            return Some((link, Account { server, username, password }));
        }
    }
    None
}

async fn link(relay: &Relay, server: SocketAddr) -> Option<Link> {
    let carrier = carrier(relay)?;
    if carrier == Carrier::Udp {
        let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await.ok()?;
        socket.connect(server).await.ok()?;
        return Some(Link::Datagrams(socket));
    }
    if carrier == Carrier::Tcp {
        let tcp = TcpStream::connect(server).await.ok()?;
        let _ = tcp.set_nodelay(true);
        let local = tcp.local_addr().ok()?;
        return Some(Link::Stream(Box::new(tcp), local));
    }
    let tcp = through_proxy_or_to(relay, server).await?;
    let local = tcp.local_addr().ok()?;
    let wrapped = tls::wrap(tcp, &relay.host, None).await;
    let tls = wrapped.inspect_err(|error| tracing::info!(%error, "a relay's TLS fails")).ok()?;
    Some(Link::Stream(Box::new(tls), local))
}

/// Where only a proxy leads out, it leads to relays that speak TLS, too.
async fn through_proxy_or_to(relay: &Relay, server: SocketAddr) -> Option<TcpStream> {
    let tcp = match Proxy::towards(&relay.host, |name| std::env::var(name).ok()) {
        Some(proxy) => proxy.tunnel(&format!("{}:{}", relay.host, relay.port)).await.ok()?,
        None => TcpStream::connect(server).await.ok()?,
    };
    let _ = tcp.set_nodelay(true);
    Some(tcp)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert!(open(&near, Reach::Internet).await.is_none());
        assert!(open(&near, Reach::Anywhere).await.is_some(), "a server on this computer");
    }
}
