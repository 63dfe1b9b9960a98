//! The bridge channel as a data channel, beside a guest that has a web socket.

use std::time::Instant;

use futures_util::SinkExt as _;
use runde_server::ServerHandle;
use runde_signalling::jingle::Jingle;
use runde_signalling::{ns, xml};
use runde_transport::driver::Driver;
use runde_transport::socket::Socket as Udp;
use runde_transport::{
    ChannelEvent, ChannelId, ChannelMessage, Config, Credentials, DataChannels, Endpoint, Event, ExtensionIds, Identity,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::media::{remote, session_accept};
use crate::stage::{Guest, PATIENCE, Socket, attribute, open, socket, until};

const PROTOCOL: &str = "http://jitsi.org/protocols/colibri";
/// What a client says that can have data channels.
const ABLE: [&str; 3] = [ns::RTP_AUDIO, ns::RTP_VIDEO, ns::SCTP];

/// A guest whose bridge channel is a data channel.
struct Caller {
    _guest: Guest,
    driver: Driver,
    id: ChannelId,
}

impl Caller {
    async fn accept(mut guest: Guest) -> Self {
        let offer = until(&mut guest.socket, "session-initiate").await;
        assert!(offer.contains("sctpmap") && offer.contains("media='application'"), "{offer}");
        let stanza = xml::parse(&offer, &xml::Limits::PEER).unwrap();
        let jingle = Jingle::from_xml(stanza.find("jingle", ns::JINGLE).unwrap()).unwrap();
        let identity = Identity::generate().unwrap();
        let own = Credentials::generate(&identity).unwrap();
        let udp = Udp::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let channels = DataChannels::On { max_message: None };
        let config = Config::guest(own.clone(), udp.local_addr().unwrap(), ExtensionIds::default());
        let mut endpoint = Endpoint::new(Instant::now(), &identity, Config { channels, ..config }).unwrap();
        guest.say(&session_accept(&guest, &jingle.sid, (0x100, 1), &own, &identity)).await;
        endpoint.set_remote(Instant::now(), &remote(jingle.transport().unwrap())).unwrap();
        let id = endpoint.open_channel(Instant::now(), "JVB data channel", PROTOCOL).unwrap();
        Self { _guest: guest, driver: Driver::new(udp, endpoint).unwrap(), id }
    }

    /// Waits until something comes of which `wanted` makes something.
    async fn next<T>(&mut self, mut wanted: impl FnMut(ChannelEvent) -> Option<T>) -> T {
        let found = timeout(PATIENCE, async {
            loop {
                let event = self.driver.next().await.unwrap();
                assert!(!matches!(event, Event::Closed(_)), "media ended: {event:?}");
                let Event::Channel(event) = event else { continue };
                if let Some(found) = wanted(event) {
                    return found;
                }
            }
        });
        found.await.expect("it never came")
    }

    /// What is said leaves only while somebody drives the socket.
    async fn driving<T>(&mut self, work: impl Future<Output = T>) -> T {
        tokio::select! {
            done = work => done,
            () = self.next(|_| None) => unreachable!("nothing is wanted"),
        }
    }

    async fn hears(&mut self, part: &str) -> String {
        let text = |event| {
            let ChannelEvent::Message { message: ChannelMessage::Text(text), .. } = event else { return None };
            text.contains(part).then_some(text)
        };
        self.next(text).await
    }

    fn say(&mut self, text: &str) {
        let message = ChannelMessage::Text(text.to_owned());
        self.driver.endpoint().send_on_channel(Instant::now(), self.id, &message).unwrap();
    }
}

/// A guest whose bridge channel is a web socket.
struct Other {
    _guest: Guest,
    web_socket: Socket,
}

async fn two(server: &ServerHandle) -> (Caller, Other) {
    let caller = Guest::enter_able(server, "runde", "aaaa0001", "Ada", &ABLE).await;
    let mut other = Guest::enter(server, "bbbb0002").await;
    let offer = until(&mut other.socket, "session-initiate").await;
    assert!(!offer.contains("sctpmap"), "a client that says nothing has the web socket: {offer}");
    let mut web_socket = socket(&attribute(&offer, "url"), None).await.unwrap();
    until(&mut web_socket, "ServerHello").await;
    (Caller::accept(caller).await, Other { _guest: other, web_socket })
}

#[tokio::test]
async fn a_guest_with_a_data_channel_and_one_with_a_web_socket_talk_over_the_bridge() {
    let server = open();
    let (mut ada, mut other) = two(&server).await;
    ada.hears("ServerHello").await;
    ada.say(r#"{"colibriClass":"EndpointMessage","to":"","msgPayload":{"n":1}}"#);
    let heard = ada.driving(until(&mut other.web_socket, "EndpointMessage")).await;
    assert!(heard.contains(r#""from":"aaaa0001""#) && heard.contains(r#""n":1"#), "{heard}");
    let answer = r#"{"colibriClass":"EndpointMessage","to":"aaaa0001","msgPayload":{"n":2}}"#;
    other.web_socket.send(Message::text(answer)).await.unwrap();
    let heard = ada.hears("EndpointMessage").await;
    assert!(heard.contains(r#""from":"bbbb0002""#), "{heard}");
    ada.say(r#"{"colibriClass":"ClientHello"}"#);
    ada.hears("ServerHello").await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_flood_on_a_data_channel_closes_it_and_neither_media_nor_the_next_channel() {
    let server = open();
    let (mut ada, _other) = two(&server).await;
    ada.hears("ServerHello").await;
    (0..400).for_each(|_| ada.say(r#"{"colibriClass":"ClientHello"}"#));
    let id = ada.id;
    ada.next(|event| (event == ChannelEvent::Closed { id }).then_some(())).await;
    // The pace allows a message again after a moment.
    ada.id = ada.driver.endpoint().open_channel(Instant::now(), "JVB data channel", PROTOCOL).unwrap();
    ada.hears("ServerHello").await;
    server.shutdown().await;
}

#[tokio::test]
async fn a_second_channel_replaces_the_first_whichever_way_it_comes() {
    let server = open();
    let (mut ada, mut other) = two(&server).await;
    ada.hears("ServerHello").await;
    let former = std::mem::replace(
        &mut ada.id,
        ada.driver.endpoint().open_channel(Instant::now(), "JVB data channel", PROTOCOL).unwrap(),
    );
    ada.hears("ServerHello").await;
    // The first is not listened to any more.
    let newer = std::mem::replace(&mut ada.id, former);
    ada.say(r#"{"colibriClass":"EndpointMessage","to":"","msgPayload":{"n":"old"}}"#);
    ada.id = newer;
    ada.say(r#"{"colibriClass":"EndpointMessage","to":"","msgPayload":{"n":"new"}}"#);
    assert!(ada.driving(until(&mut other.web_socket, "EndpointMessage")).await.contains("new"));
    server.shutdown().await;
}
