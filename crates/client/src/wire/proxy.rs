//! The HTTP proxy that the environment names for protected connections (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`, in either
//! case), and the tunnel through it (RFC 9110 section 9.3.6).
//!
//! Names are left for the proxy to look up, since behind one there is often nobody else to ask. This computer and addresses
//! that `NO_PROXY` names are reached directly. Media is UDP and passes no such proxy. Start at [`Proxy::towards`].

use std::fmt::Write;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Reach, WireError, addresses};
use crate::contacts::{Counted, Errand, Purpose};

/// Bytes of the proxy's answer. Its head is short; what is longer is something else.
const MAX_HEAD: usize = 8 * 1024;

/// A proxy.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Proxy {
    host: String,
    port: u16,
    /// For the header, already encoded.
    login: Option<String>,
}

impl Proxy {
    /// The proxy through which this host is reached, if any; `variable` reads the environment.
    pub(super) fn towards(host: &str, variable: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let read = |name: &str| {
            let value = variable(name).or_else(|| variable(&name.to_lowercase()))?;
            Some(value.trim().to_owned()).filter(|value| !value.is_empty())
        };
        let ip = host.parse::<IpAddr>().ok();
        let here = host == "localhost" || host.ends_with(".localhost") || ip.is_some_and(|ip| ip.is_loopback());
        if here || is_excepted(host, &read("NO_PROXY").unwrap_or_default()) {
            return None;
        }
        let url = read("HTTPS_PROXY").or_else(|| read("ALL_PROXY"))?;
        let proxy = Self::parse(&url);
        if proxy.is_none() {
            tracing::warn!("the proxy that the environment names is none that Runde can speak to; it is not used");
        }
        proxy
    }

    /// `[http://][user:password@]host[:port]`.
    fn parse(url: &str) -> Option<Self> {
        let rest = match url.split_once("://") {
            Some(("http", rest)) => rest,
            Some(_) => return None,
            None => url,
        };
        let authority = rest.split('/').next().unwrap_or_default();
        let (login, place) = match authority.rsplit_once('@') {
            Some((login, place)) => (Some(STANDARD.encode(unescaped(login))), place),
            None => (None, authority),
        };
        let (host, port) = super::target::split_port(place, 80).ok()?;
        (!host.is_empty()).then_some(Self { host, port, login })
    }

    /// A connection to `authority` (`host:port`) through the proxy.
    ///
    /// # Errors
    /// As for any connection, and [`WireError::ProxyRefused`].
    pub(super) async fn tunnel(&self, authority: &str, errand: &Errand) -> Result<Counted, WireError> {
        let errand = errand.towards(Purpose::Proxy);
        // The person at this computer chose it, so it may lie anywhere.
        let mut failure = WireError::UnknownName;
        for address in addresses(&self.host, self.port, Reach::Anywhere, &errand).await? {
            match errand.connect(&self.host, address).await {
                Ok(mut tcp) => {
                    self.ask(&mut tcp, authority).await?;
                    return Ok(tcp);
                }
                Err(error) => failure = super::dial_error(&error),
            }
        }
        Err(failure)
    }

    async fn ask(&self, tcp: &mut Counted, authority: &str) -> Result<(), WireError> {
        let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(login) = &self.login {
            // Writing to a string cannot fail.
            let _ = write!(request, "Proxy-Authorization: Basic {login}\r\n");
        }
        request.push_str("\r\n");
        let broken = |_| WireError::Broken;
        tcp.write_all(request.as_bytes()).await.map_err(broken)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if head.len() >= MAX_HEAD {
                return Err(WireError::ProxyRefused(0));
            }
            // One by one: what follows the head belongs to the other side.
            head.push(tcp.read_u8().await.map_err(broken)?);
        }
        let head = String::from_utf8_lossy(&head);
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        if head.starts_with("HTTP/1.") && (200..300).contains(&status) {
            Ok(())
        } else {
            Err(WireError::ProxyRefused(status))
        }
    }
}

/// Whether `NO_PROXY` names the host or a domain above it; `*` names everything.
fn is_excepted(host: &str, list: &str) -> bool {
    let host = host.to_lowercase();
    list.split(',').map(|entry| entry.trim().to_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        let domain = entry.trim_start_matches("*.").trim_start_matches('.');
        entry == "*" || host == domain || host.strip_suffix(domain).is_some_and(|below| below.ends_with('.'))
    })
}

/// Percent-encoded octets, decoded; what is none stays.
fn unescaped(text: &str) -> Vec<u8> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let octet = after
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match octet.filter(|_| *first == b'%') {
            Some(octet) => {
                bytes.push(octet);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::{Contacts, errand};
    use tokio::net::TcpListener;

    fn chosen(host: &str, environment: &[(&str, &str)]) -> Option<String> {
        let variable =
            |name: &str| environment.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Proxy::towards(host, variable).map(|proxy| format!("{}:{}", proxy.host, proxy.port))
    }

    #[test]
    fn the_environment_names_the_proxy_and_who_needs_none() {
        let set = [("HTTPS_PROXY", "http://proxy.example:3128/"), ("no_proxy", "intern.example, 10.0.0.7,.lan")];
        assert_eq!(chosen("meet.example", &set).as_deref(), Some("proxy.example:3128"));
        for direct in [
            "intern.example",
            "a.intern.example",
            "INTERN.example",
            "10.0.0.7",
            "x.lan",
            "localhost",
            "127.0.0.1",
            "::1",
        ] {
            assert_eq!(chosen(direct, &set), None, "{direct}");
        }
        assert!(chosen("notintern.example", &set).is_some());
        assert_eq!(chosen("meet.example", &[("ALL_PROXY", "proxy.example")]).as_deref(), Some("proxy.example:80"));
        assert_eq!(chosen("meet.example", &[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "*")]), None);
        for odd in ["socks5://proxy.example:1080", "https://proxy.example", "http://", " "] {
            assert_eq!(chosen("meet.example", &[("HTTPS_PROXY", odd)]), None, "{odd:?}");
        }
        assert_eq!(chosen("meet.example", &[]), None);
    }

    #[test]
    fn a_login_is_decoded_from_the_address_and_encoded_for_the_header() {
        let proxy = Proxy::parse("http://ada:s%40fe%21@proxy.example:3128").unwrap();
        assert_eq!(proxy.login.as_deref(), Some("YWRhOnNAZmUh"));
    }

    async fn answering(answer: &'static str) -> (Proxy, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = tokio::spawn(async move {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut head = vec![0; 1_000];
            let read = tcp.read(&mut head).await.unwrap();
            tcp.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&head[..read]).into_owned()
        });
        (Proxy { host: "127.0.0.1".to_owned(), port, login: Some("YTpi".to_owned()) }, asked)
    }

    #[tokio::test]
    async fn a_tunnel_begins_after_the_proxys_head_and_a_refusal_is_told() {
        let (proxy, asked) = answering("HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nhello").await;
        let mut tcp = proxy.tunnel("meet.example:443", &errand(&Contacts::default())).await.unwrap();
        let mut first = [0; 5];
        tcp.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"hello");
        let head = asked.await.unwrap();
        assert!(head.starts_with("CONNECT meet.example:443 HTTP/1.1\r\nHost: meet.example:443\r\n"), "{head}");
        assert!(head.contains("Proxy-Authorization: Basic YTpi\r\n"), "{head}");
        let (proxy, _) = answering("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
        assert_eq!(
            proxy.tunnel("meet.example:443", &errand(&Contacts::default())).await.err(),
            Some(WireError::ProxyRefused(407))
        );
        let (proxy, _) = answering("SSH-2.0-x\r\n\r\n").await;
        assert_eq!(
            proxy.tunnel("meet.example:443", &errand(&Contacts::default())).await.err(),
            Some(WireError::ProxyRefused(0))
        );
    }
}
