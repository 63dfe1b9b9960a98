//! From a link to the services behind it: what the deployment's config.js announces, or the usual addresses.
//!
//! Nothing but the joined host is asked, and what it announces is held to [`Target::announced`]. A room on somebody's
//! own computer (a link with a notice in it) says in its link all there is to know, so nothing is fetched for it.
//! Start at [`find`]; the program that config.js is runs in `script`.

mod script;

use runde_signalling::config::Addresses;
use runde_signalling::link::RoomLink;

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
}

impl Place {
    /// Where a Jitsi server usually has them.
    pub(crate) fn guessed(link: &RoomLink) -> Result<Self, WireError> {
        let (addresses, socket) = (Addresses::guess(link), Target::room(link)?);
        Ok(Self { addresses, socket, bosh: None, by_requests: false, conference: None })
    }

    /// What the deployment announces, as far as it may be contacted.
    fn announced(addresses: Addresses, room: &Target, reach: Reach) -> Self {
        let admitted = |url: &String| {
            let target = Target::announced(url, room, reach);
            target.inspect_err(|error| tracing::warn!(%error, "an announced address is refused")).ok()
        };
        let conference = addresses.conference.as_ref().and_then(admitted);
        let bosh = addresses.bosh.as_ref().and_then(admitted);
        let by_requests = addresses.only_bosh && bosh.is_some();
        let mut socket = admitted(&addresses.websocket).unwrap_or_else(|| room.clone());
        socket.protocol = room.protocol;
        Self { addresses, socket, bosh, by_requests, conference }
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
pub(crate) async fn find(link: &RoomLink) -> Result<Place, WireError> {
    let guess = Place::guessed(link)?;
    if link.rn.is_some() {
        return Ok(guess);
    }
    match fetch(&Target::page(link, "config.js")?, Ask::Get).await {
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
    Some(Place::announced(addresses, &guess.socket, Reach::from_server_at(answer.peer)))
}

#[cfg(test)]
mod tests {
    use super::*;
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

    fn link(port: u16, rest: &str) -> RoomLink {
        RoomLink::parse(&format!("http://127.0.0.1:{port}/{rest}"), "").unwrap()
    }

    #[tokio::test]
    async fn the_addresses_of_a_deployment_are_read_from_its_config_js() {
        let body = "var config = { hosts: { domain: 'meet.jitsi', muc: 'muc.' + 'meet.jitsi' }, websocket: '/x-ws' };\n\
                    config.conferenceRequestUrl = '/conference-request/v1';";
        let (port, _) = serve("200 OK", body.into()).await;
        let place = find(&link(port, "Rosa")).await.unwrap();
        assert_eq!(place.addresses.muc, "muc.meet.jitsi");
        assert_eq!(place.socket.url(), format!("ws://127.0.0.1:{port}/x-ws?room=rosa"));
        assert_eq!(place.socket.protocol, Some("xmpp"));
        assert_eq!(place.conference.unwrap().path, "/conference-request/v1?room=rosa");
    }

    #[tokio::test]
    async fn a_link_with_a_notice_in_it_asks_for_no_config_js() {
        let (port, asked) = serve("200 OK", "var config = {}".into()).await;
        find(&link(port, &format!("Rosa#rn={}", "0".repeat(64)))).await.unwrap();
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        find(&link(port, "Rosa")).await.unwrap();
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
            let place = find(&link(port, "Rosa")).await.unwrap();
            assert_eq!(place.socket, Target::room(&link(port, "Rosa")).unwrap(), "{status}");
        }
    }

    #[tokio::test]
    async fn a_host_that_is_not_there_is_told_as_such() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert_eq!(find(&link(port, "Rosa")).await.err(), Some(WireError::Refused));
    }

    #[test]
    fn an_announced_address_nearer_than_its_server_is_left_aside() {
        let link = RoomLink::parse("https://meet.example/Rosa", "").unwrap();
        let said = r#"{"websocket":"wss://192.168.1.1/x","conferenceRequestUrl":"https://127.0.0.1/y"}"#;
        let addresses = Addresses::from_config(said, &link).unwrap();
        let room = Target::room(&link).unwrap();
        let place = Place::announced(addresses, &room, Reach::Internet);
        assert_eq!((place.socket, place.conference), (room, None));
    }
}
