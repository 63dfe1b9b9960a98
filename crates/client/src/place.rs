//! From a link to the services behind it: what the deployment's config.js announces, or the usual addresses.
//!
//! Nothing but the joined host is asked, and what it announces is held to [`Target::announced`]. A room on somebody's
//! own computer (a link with a notice in it) says in its link all there is to know, so nothing is fetched for it.
//! Start at [`find`]; the program that config.js is runs in `script`.

mod script;

use runde_signalling::config::{Addresses, host_of, ignored_in};
use runde_signalling::link::RoomLink;

use crate::contacts::{Errand, Ignored, IgnoredKind, Purpose};
use crate::wire::{Answer, Ask, Reach, Target, WireError, fetch};

/// Where a room is.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) addresses: Addresses,
    /// The XMPP WebSocket.
    pub(crate) socket: Target,
    /// The same conversation by plain requests, where the deployment has that.
    pub(crate) bosh: Option<Target>,
    /// Plain requests are used: there is no socket, or it does not open.
    pub(crate) by_requests: bool,
    /// Where the conference is requested by HTTP; `None`: by IQ.
    pub(crate) conference: Option<Target>,
    /// Whoever goes there does so for this.
    pub(crate) errand: Errand,
}

impl Place {
    /// Where a Jitsi server usually has them.
    pub(crate) fn guessed(link: &RoomLink, errand: &Errand) -> Result<Self, WireError> {
        let (addresses, socket) = (Addresses::guess(link), Target::room(link)?);
        let errand = errand.clone();
        Ok(Self { addresses, socket, bosh: None, by_requests: false, conference: None, errand })
    }

    /// What the deployment announces, as far as it may be contacted.
    fn announced(addresses: Addresses, room: &Target, reach: Reach, errand: &Errand) -> Self {
        let admitted = |key: &str, url: &String| {
            let target = Target::announced(url, room, reach);
            let refused = |error: &WireError| {
                tracing::warn!(%error, "an announced address is refused");
                let (kind, host) = (IgnoredKind::Address, host_of(url));
                errand.contacts().ignore(Ignored { kind, key: key.to_owned(), host });
            };
            target.inspect_err(refused).ok()
        };
        let conference = addresses.conference.as_ref().and_then(|url| admitted("conferenceRequestUrl", url));
        let bosh = addresses.bosh.as_ref().and_then(|url| admitted("bosh", url));
        let by_requests = addresses.only_bosh && bosh.is_some();
        let mut socket = admitted("websocket", &addresses.websocket).unwrap_or_else(|| room.clone());
        socket.protocol = room.protocol;
        let errand = errand.clone();
        Self { addresses, socket, bosh, by_requests, conference, errand }
    }

    /// The socket does not open: plain requests from now on. False where there are none, or they were used already.
    pub(crate) fn fall_back(&mut self) -> bool {
        let falls = self.bosh.is_some() && !self.by_requests;
        self.by_requests |= falls;
        falls
    }
}

/// Finds the services of a room.
///
/// # Errors
/// [`WireError`] when the host cannot be reached at all. A config.js that is not there or useless is no error.
pub(crate) async fn find(link: &RoomLink, errand: &Errand) -> Result<Place, WireError> {
    let guess = Place::guessed(link, errand)?;
    if link.rn.is_some() {
        return Ok(guess);
    }
    match fetch(&Target::page(link, "config.js")?, Ask::Get, &errand.towards(Purpose::Configuration)).await {
        Ok(answer) => Ok(read(answer, link, &guess).await.unwrap_or(guess)),
        // There is a server, it only has no such page: perhaps it has the rest.
        Err(WireError::Broken | WireError::NotJitsi(_)) => Ok(guess),
        Err(error) => Err(error),
    }
}

async fn read(answer: Answer, link: &RoomLink, guess: &Place) -> Option<Place> {
    if answer.status != 200 {
        tracing::info!(status = answer.status, "no config.js; the usual addresses are tried");
        return None;
    }
    let said = script::evaluate(answer.body, link.clone()).await;
    for wish in said.iter().flat_map(|json| ignored_in(json)) {
        guess.errand.contacts().ignore(wish);
    }
    let addresses = match said.map(|json| Addresses::from_config(&json, link)) {
        Ok(Ok(addresses)) => addresses,
        Ok(Err(error)) => {
            tracing::info!(%error, "config.js says nothing usable; the usual addresses are tried");
            return None;
        }
        Err(error) => {
            tracing::info!(%error, "config.js does not run; the usual addresses are tried");
            return None;
        }
    };
    Some(Place::announced(addresses, &guess.socket, Reach::from_server_at(answer.peer), &guess.errand))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::{Contacts, errand};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    /// A web server on loopback that says `body` to every request; how many came is counted.
    async fn serve(status: &'static str, body: String) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (port, asked) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let count = asked.clone();
        tokio::spawn(async move {
            loop {
                let (mut tcp, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                let _ = tcp.read(&mut [0; 4_000]).await;
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n", body.len());
                let _ = tcp.write_all((head + &body).as_bytes()).await;
            }
        });
        (port, asked)
    }

    async fn found(link: &RoomLink) -> Result<Place, WireError> {
        find(link, &errand(&Contacts::default())).await
    }

    fn link(port: u16, rest: &str) -> RoomLink {
        RoomLink::parse(&format!("http://127.0.0.1:{port}/{rest}"), "").unwrap()
    }

    #[tokio::test]
    async fn the_addresses_of_a_deployment_are_read_from_its_config_js() {
        let body = "var config = { hosts: { domain: 'meet.jitsi', muc: 'muc.' + 'meet.jitsi' }, websocket: '/x-ws' };\n\
                    config.conferenceRequestUrl = '/conference-request/v1';";
        let (port, _) = serve("200 OK", body.into()).await;
        let place = found(&link(port, "Rosa")).await.unwrap();
        assert_eq!(place.addresses.muc, "muc.meet.jitsi");
        assert_eq!(place.socket.url(), format!("ws://127.0.0.1:{port}/x-ws?room=rosa"));
        assert_eq!(place.socket.protocol, Some("xmpp"));
        assert_eq!(place.conference.unwrap().path, "/conference-request/v1?room=rosa");
    }

    #[tokio::test]
    async fn whatever_leads_to_others_is_told_and_not_done() {
        let body = "var config = { p2p: { enabled: true, stunServers: [{ urls: 'stun:stun.l.example:19302' }] },
            analytics: { scriptURLs: ['https://a.example/x.js', 'libs/own.js'], matomoSiteID: '42' },
            gravatar: { baseUrl: 'https://pictures.example/' }, callStatsID: 'key', websocket: '/x' };";
        let (port, asked) = serve("200 OK", body.into()).await;
        let contacts = Contacts::default();
        find(&link(port, "Rosa"), &errand(&contacts)).await.unwrap();
        let seen = contacts.seen();
        let told: Vec<_> = seen.ignored.iter().map(|one| (one.key.as_str(), one.host.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("gravatar.baseUrl", Some("pictures.example")),
                ("analytics.matomoSiteID", None),
                ("analytics.scriptURLs", None),
                ("analytics.scriptURLs", Some("a.example")),
                ("callStatsID", None),
                ("p2p.stunServers", Some("stun.l.example")),
                ("p2p.enabled", None),
            ]
        );
        assert_eq!((seen.contacts.len(), asked.load(Ordering::Relaxed)), (1, 1), "the joined host alone");
    }

    #[tokio::test]
    async fn a_program_that_spoils_the_list_loses_the_list_and_not_its_addresses() {
        let body = "var config = { websocket: '/x', get analytics() { throw 1; } };";
        let (port, _) = serve("200 OK", body.into()).await;
        assert!(found(&link(port, "Rosa")).await.unwrap().socket.path.starts_with("/x?"));
    }

    #[tokio::test]
    async fn a_link_with_a_notice_in_it_asks_for_no_config_js() {
        let (port, asked) = serve("200 OK", "var config = {}".into()).await;
        found(&link(port, &format!("Rosa#rn={}", "0".repeat(64)))).await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        found(&link(port, "Rosa")).await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 1, "one request, to the joined host");
    }

    #[tokio::test]
    async fn without_a_usable_config_js_the_usual_addresses_are_tried() {
        let huge = format!("var config = {{ websocket: '/x' }}; //{}", "x".repeat(5_000_000));
        let bodies = [
            ("404 Not Found", "var config = { websocket: '/x' }".to_owned()),
            ("200 OK", "<!DOCTYPE html><html></html>".to_owned()),
            ("200 OK", String::new()),
            ("200 OK", "while (true) {}".to_owned()),
            ("200 OK", huge),
            ("301 Moved\r\nlocation: https://elsewhere.example/config.js", String::new()),
        ];
        for (status, body) in bodies {
            let (port, _) = serve(status, body).await;
            let place = found(&link(port, "Rosa")).await.unwrap();
            assert_eq!(place.socket, Target::room(&link(port, "Rosa")).unwrap(), "{status}");
        }
    }

    #[tokio::test]
    async fn a_host_that_is_not_there_is_told_as_such() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(found(&link(port, "Rosa")).await.err(), Some(WireError::Refused));
    }

    #[test]
    fn an_announced_address_nearer_than_its_server_is_left_aside() {
        let link = RoomLink::parse("https://meet.example/Rosa", "").unwrap();
        let said = r#"{"websocket":"wss://192.168.1.1/x","conferenceRequestUrl":"https://127.0.0.1/y"}"#;
        let addresses = Addresses::from_config(said, &link).unwrap();
        let (room, contacts) = (Target::room(&link).unwrap(), Contacts::default());
        let place = Place::announced(addresses, &room, Reach::Internet, &errand(&contacts));
        assert_eq!((place.socket, place.conference), (room, None));
        let told: Vec<_> = contacts.seen().ignored.into_iter().map(|one| (one.key, one.host.unwrap())).collect();
        let pair = |key: &str, host: &str| (key.to_owned(), host.to_owned());
        assert_eq!(told, [pair("conferenceRequestUrl", "127.0.0.1"), pair("websocket", "192.168.1.1")]);
    }
}
