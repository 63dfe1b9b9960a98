//! How the server is called: base of the links, XMPP domain, what clients read in `config.js`.

use std::net::{IpAddr, SocketAddr};

use runde_privacy::Notice;
use serde_json::json;

use crate::{MAX_SLOTS, ServeError, ServeOptions, Tls};

/// Names and addresses of one running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// `https://host:port`.
    pub(crate) url: String,
    /// Host without port: the XMPP domain too.
    pub(crate) host: String,
    /// `#fp=…&rn=…`.
    pub(crate) fragment: String,
    /// The same for guests in the app; none without TLS, since such links always mean TLS.
    pub(crate) app_url: Option<String>,
    /// Where media is received, best first.
    pub(crate) addresses: Vec<SocketAddr>,
    /// What holds in these rooms.
    pub(crate) notice: Notice,
    /// Jitsi's web page is served here, too.
    pub(crate) has_pages: bool,
    /// Voices and pictures at once for a guest that understands source maps.
    pub(crate) slots: usize,
}

impl Site {
    /// What a server at `local` (with its real port) is called. `interfaces` are this computer's addresses, used where
    /// it listens on all of them.
    pub(crate) fn new(options: &ServeOptions, local: SocketAddr, interfaces: &[IpAddr]) -> Result<Self, ServeError> {
        let notice = options.notice()?;
        let mut addresses = own_addresses(local, interfaces);
        let scheme = if options.tls == Tls::Off { "http" } else { "https" };
        let authority = match &options.public_url {
            Some(url) => public_authority(url)?,
            None => addresses.first().unwrap_or(&local).to_string(),
        };
        let scheme = options.public_url.as_deref().and_then(|url| url.split_once("://")).map_or(scheme, |(s, _)| s);
        let host = host_of(&authority).to_owned();
        if let Ok(ip) = host.trim_matches(['[', ']']).parse::<IpAddr>()
            && !addresses.iter().any(|known| known.ip() == ip)
        {
            addresses.push(SocketAddr::new(ip, local.port()));
        }
        if let Some(media) = options.media {
            addresses = vec![media];
        }
        let app_url = (scheme == "https").then(|| format!("runde://{authority}"));
        let (url, fragment, has_pages) = (format!("{scheme}://{authority}"), String::new(), options.web_root.is_some());
        let slots = options.slots.clamp(1, MAX_SLOTS);
        Ok(Self { url, host, fragment, app_url, addresses, notice, has_pages, slots })
    }

    /// Completes the links with what a guest checks: the certificate and the notice.
    pub(crate) fn with_proofs(mut self, fingerprint: Option<&str>, notice_sha256: &str) -> Self {
        let proof = fingerprint.map(|fp| format!("fp={fp}&")).unwrap_or_default();
        self.fragment = format!("#{proof}rn={notice_sha256}");
        self
    }

    /// `wss://host:port` or `ws://…`.
    pub(crate) fn web_socket_base(&self) -> String {
        self.url.replacen("http", "ws", 1)
    }

    /// JavaScript, as clients expect it.
    pub(crate) fn config_js(&self) -> String {
        let (url, sockets, domain) = (&self.url, self.web_socket_base(), &self.host);
        let config = json!({
            "hosts": {
                "domain": domain,
                "muc": format!("conference.{domain}"),
                "focus": format!("focus.{domain}"),
            },
            "focusUserJid": format!("focus@auth.{domain}"),
            "websocket": format!("{sockets}/xmpp-websocket"),
            "websocketKeepAlive": -1,
            "websocketKeepAliveUrl": format!("{url}/xmpp-websocket"),
            "p2p": { "enabled": false },
            "bridgeChannel": { "preferSctp": false },
            "enableRemb": false,
            "enableTcc": true,
            "videoQuality": {
                "codecPreferenceOrder": ["AV1", "VP9", "VP8", "H264"],
                "mobileCodecPreferenceOrder": ["VP8", "VP9", "H264", "AV1"],
            },
            "flags": { "ssrcRewritingEnabled": false },
            "analytics": { "disabled": true },
            "disableThirdPartyRequests": true,
            "legalUrls": { "privacy": format!("{url}{}", crate::page::NOTICE_PAGE) },
        });
        format!("var config = {config};\n")
    }
}

/// Addresses under which guests can reach a socket bound to `local`.
fn own_addresses(local: SocketAddr, interfaces: &[IpAddr]) -> Vec<SocketAddr> {
    if !local.ip().is_unspecified() {
        return vec![local];
    }
    let usable = |ip: &&IpAddr| ip.is_ipv4() == local.is_ipv4() && !is_link_local(**ip);
    let mut found: Vec<IpAddr> = interfaces.iter().filter(usable).copied().collect();
    found.sort_by_key(|ip| (ip.is_loopback(), *ip));
    found.dedup();
    found.into_iter().map(|ip| SocketAddr::new(ip, local.port())).collect()
}

fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

fn public_authority(url: &str) -> Result<String, ServeError> {
    let refused = || ServeError::PublicUrl(url.to_owned());
    let (scheme, rest) = url.split_once("://").ok_or_else(refused)?;
    let authority = rest.trim_end_matches('/');
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    let sound = !host_of(authority).is_empty() && authority.chars().all(allowed) && authority.len() <= 255;
    if !matches!(scheme, "https" | "http") || !sound {
        return Err(refused());
    }
    Ok(authority.to_ascii_lowercase())
}

fn host_of(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(listen: &str) -> ServeOptions {
        ServeOptions::new(listen.parse().unwrap())
    }

    #[test]
    fn links_name_the_address_listened_on() {
        let site = Site::new(&options("127.0.0.1:0"), "127.0.0.1:8443".parse().unwrap(), &[]).unwrap();
        assert_eq!((site.url.as_str(), site.host.as_str()), ("https://127.0.0.1:8443", "127.0.0.1"));
        assert_eq!(site.with_proofs(Some("ab"), "cd").fragment, "#fp=ab&rn=cd");
    }

    #[test]
    fn on_all_interfaces_the_first_that_leads_outside_is_named() {
        let own: Vec<IpAddr> =
            ["127.0.0.1", "169.254.3.4", "192.0.2.7", "2001:db8::1"].iter().map(|ip| ip.parse().unwrap()).collect();
        let site = Site::new(&options("0.0.0.0:8443"), "0.0.0.0:8443".parse().unwrap(), &own).unwrap();
        assert_eq!(site.url, "https://192.0.2.7:8443");
        assert_eq!(site.addresses.len(), 2, "loopback last, link-local never: {:?}", site.addresses);
    }

    #[test]
    fn an_address_for_media_is_the_only_one_that_guests_are_told() {
        let mut wanted = options("127.0.0.1:0");
        wanted.public_url = Some("https://192.0.2.7/".to_owned());
        wanted.media = Some("192.0.2.7:443".parse().unwrap());
        let site = Site::new(&wanted, "127.0.0.1:8443".parse().unwrap(), &[]).unwrap();
        assert_eq!((site.url.as_str(), site.addresses), ("https://192.0.2.7", vec!["192.0.2.7:443".parse().unwrap()]));
    }

    #[test]
    fn a_public_address_goes_into_links_and_candidates() {
        let mut wanted = options("192.168.1.5:8443");
        wanted.public_url = Some("https://192.0.2.7:8443/".to_owned());
        let site = Site::new(&wanted, wanted.listen, &[]).unwrap();
        assert_eq!(site.url, "https://192.0.2.7:8443");
        assert_eq!(site.addresses[1].to_string(), "192.0.2.7:8443");
        for odd in ["meet.example", "ftp://meet.example", "https://", "https://a/b", "https://a@b", "https://a b"] {
            wanted.public_url = Some(odd.to_owned());
            assert!(Site::new(&wanted, wanted.listen, &[]).is_err(), "{odd}");
        }
    }

    #[test]
    fn config_js_names_every_service_and_no_foreign_one() {
        let site = Site::new(&options("127.0.0.1:8443"), "127.0.0.1:8443".parse().unwrap(), &[]).unwrap();
        let text = site.config_js();
        let json = text.strip_prefix("var config = ").and_then(|rest| rest.strip_suffix(";\n")).unwrap();
        let config: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(config["hosts"]["muc"], "conference.127.0.0.1");
        assert_eq!(config["websocket"], "wss://127.0.0.1:8443/xmpp-websocket");
        assert_eq!(config["p2p"]["enabled"], false);
        assert_eq!(config["bridgeChannel"]["preferSctp"], false);
    }
}
