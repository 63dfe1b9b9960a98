//! A server, plain HTTP, and a guest that writes its own frames.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;
use runde_privacy::access_log::Retention;
use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Host, Lang, Ledger, Notice, Permit};
use runde_server::{AccessLog, ServeOptions, Server, ServerHandle, Tls};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// No answer of a local server takes this long, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(30);

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub fn permit() -> Permit<Host> {
    noted(&Notice::embedded_room()).host().unwrap()
}

pub fn permit_for_log(retention: Retention) -> Permit<Host> {
    noted(&Notice::embedded_room_with_log(retention)).host_with_log(retention).unwrap()
}

fn noted(notice: &Notice) -> Gate {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let noted = Acknowledgement::noted(notice, Lang::De, Circumstances::default(), &mut rng);
    let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
    ledger.record(noted, &mut rng).unwrap().confirm();
    Gate::replay(&ledger)
}

pub fn options(tls: Tls) -> ServeOptions {
    ServeOptions { tls, ..ServeOptions::new("127.0.0.1:0".parse().unwrap()) }
}

pub fn open() -> ServerHandle {
    Server::spawn(permit(), options(Tls::Off)).unwrap()
}

/// A server that keeps an access log.
pub fn open_with_log(log: AccessLog) -> ServerHandle {
    Server::spawn(permit_for_log(log.retention), options(Tls::Off).with_access_log(log)).unwrap()
}

/// Sends raw bytes and reads until the server closes.
pub async fn raw(server: &ServerHandle, request: &str) -> String {
    let mut stream = TcpStream::connect(server.local_addr()).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

pub async fn fetch(server: &ServerHandle, path: &str) -> String {
    raw(server, &format!("GET {path} HTTP/1.1\r\nhost: x\r\naccept-language: en\r\nconnection: close\r\n\r\n")).await
}

pub async fn socket(url: &str, protocol: Option<&str>) -> Result<Socket, String> {
    let mut request = url.into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("sec-websocket-protocol", protocol.parse().unwrap());
    }
    let connected = timeout(PATIENCE, tokio_tungstenite::connect_async(request)).await.unwrap();
    connected.map(|(socket, _)| socket).map_err(|error| error.to_string())
}

/// Reads text frames until one holds `part`.
pub async fn until(socket: &mut Socket, part: &str) -> String {
    let mut seen = Vec::new();
    let found = timeout(PATIENCE, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) if text.contains(part) => return text.to_string(),
                Some(Ok(Message::Text(text))) => seen.push(text.to_string()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => panic!("closed before {part:?}; came: {seen:#?}"),
            }
        }
    });
    found.await.unwrap_or_else(|_| panic!("{part:?} never came"))
}

/// True when the server closes the connection, whatever else it sends before.
pub async fn is_closed(socket: &mut Socket) -> bool {
    let end = async {
        while let Some(Ok(message)) = socket.next().await {
            if matches!(message, Message::Close(_)) {
                return;
            }
        }
    };
    timeout(PATIENCE, end).await.is_ok()
}

/// A guest in a room, `runde` unless said otherwise.
pub struct Guest {
    pub socket: Socket,
    pub id: &'static str,
    room: String,
    nick: String,
}

impl Guest {
    /// Logs in and enters as `id` (eight hex digits).
    pub async fn enter(server: &ServerHandle, id: &'static str) -> Self {
        Self::enter_room(server, "runde", id, id).await
    }

    /// The same in any room and under any name.
    pub async fn enter_room(server: &ServerHandle, room: &str, id: &'static str, nick: &str) -> Self {
        Self::enter_able(server, room, id, nick, &[]).await
    }

    /// The same, able to do these things.
    pub async fn enter_able(
        server: &ServerHandle,
        room: &str,
        id: &'static str,
        nick: &str,
        features: &[&str],
    ) -> Self {
        let features: String = features.iter().map(|feature| format!("<feature var='{feature}'/>")).collect();
        let mut guest = Self::connect_to(server, room, id, nick).await;
        guest.ask_for_room().await;
        guest.ask_in("").await;
        let question = until(&mut guest.socket, "disco#info").await;
        let answer = format!(
            "<iq xmlns='jabber:client' type='result' id='{}' to='{room}@conference.127.0.0.1/focus'>\
             <query xmlns='http://jabber.org/protocol/disco#info'>{features}</query></iq>",
            attribute(&question, "id")
        );
        guest.say(&answer).await;
        guest
    }

    /// Wants to enter the room; `inside` goes into the `<x/>` of the join.
    pub async fn ask_in(&mut self, inside: &str) {
        let Self { id, room, nick, .. } = self;
        let join = format!(
            "<presence xmlns='jabber:client' to='{room}@conference.127.0.0.1/{id}'>\
             <x xmlns='http://jabber.org/protocol/muc'>{inside}</x>\
             <nick xmlns='http://jabber.org/protocol/nick'>{nick}</nick></presence>"
        );
        self.say(&join).await;
    }

    /// Opens a socket and logs in, without an address.
    pub async fn connect(server: &ServerHandle, id: &'static str) -> Self {
        Self::connect_to(server, "runde", id, id).await
    }

    async fn connect_to(server: &ServerHandle, room: &str, id: &'static str, nick: &str) -> Self {
        let url = format!("{}/xmpp-websocket?room={room}", server.url().replacen("http", "ws", 1));
        let socket = socket(&url, Some("xmpp")).await.unwrap();
        let mut guest = Self { socket, id, room: room.to_owned(), nick: nick.to_owned() };
        let open = "<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='127.0.0.1' version='1.0'/>";
        guest.say(open).await;
        until(&mut guest.socket, "ANONYMOUS").await;
        guest.say("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='ANONYMOUS'/>").await;
        until(&mut guest.socket, "<success").await;
        guest.say(open).await;
        until(&mut guest.socket, "<bind").await;
        guest
    }

    /// Logs in and asks for the room.
    pub async fn log_in(server: &ServerHandle, id: &'static str) -> Self {
        let mut guest = Self::connect(server, id).await;
        guest.ask_for_room().await;
        guest
    }

    /// Gets an address and asks the focus for the room.
    async fn ask_for_room(&mut self) {
        self.say("<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>")
            .await;
        until(&mut self.socket, "<jid>").await;
        let conference = format!(
            "<iq xmlns='jabber:client' type='set' id='c' to='focus.127.0.0.1'><conference \
             xmlns='http://jitsi.org/protocol/focus' room='{}@conference.127.0.0.1' machine-uid='1'/></iq>",
            self.room
        );
        self.say(&conference).await;
        until(&mut self.socket, "focusjid").await;
    }

    pub async fn say(&mut self, frame: &str) {
        self.socket.send(Message::text(frame)).await.unwrap();
    }
}

/// The first value of an attribute in a frame, whichever quotes it has.
pub fn attribute(frame: &str, name: &str) -> String {
    let start = frame.find(&format!(" {name}=")).unwrap() + name.len() + 2;
    let quote = frame[start..].chars().next().unwrap();
    frame[start + 1..].split(quote).next().unwrap().replace("&amp;", "&")
}
