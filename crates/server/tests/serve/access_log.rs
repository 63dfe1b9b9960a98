//! What a server with an access log puts on disk: five fields a connection, and nothing that was said or shown.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use futures_util::SinkExt as _;
use runde_privacy::access_log::{Line, Retention};
use runde_privacy::stamp::Moment;
use runde_privacy::{Lang, Notice};
use runde_server::{AccessLog, Clock, LogTrouble, ServeError, Server, Tls};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::stage::{
    Guest, PATIENCE, attribute, fetch, open_with_log, options, permit, permit_for_log, raw, socket, until,
};

/// 2026-11-23T09:00:00Z.
const NOW: i64 = 1_795_424_400;
const DAY: i64 = 24 * 3600;
const TODAY: &str = "access-2026-11-23-56d.log";

/// A log whose clock stands still.
fn log(folder: &Path) -> AccessLog {
    let clock = Clock::of(|| Moment::from_unix(NOW));
    AccessLog { clock, ..AccessLog::new(folder.to_owned(), Retention::CEILING) }
}

/// Every file below `folder` with its content, and every folder.
fn disk(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.display().to_string();
        if path.is_dir() {
            found.insert(name, Vec::new());
            found.extend(disk(&path));
        } else {
            found.insert(name, fs::read(&path).unwrap());
        }
    }
    found
}

fn lines(folder: &Path) -> Vec<Line> {
    let text = fs::read_to_string(folder.join(TODAY)).unwrap_or_default();
    text.lines().map(|line| line.parse().unwrap_or_else(|error| panic!("{line:?}: {error}"))).collect()
}

#[tokio::test]
async fn a_hundred_sessions_leave_a_hundred_lines_of_exactly_five_fields() {
    let home = tempfile::tempdir().unwrap();
    let server = open_with_log(log(home.path()));
    let agents = [
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/130.0 Safari/537.36 Edg/130.0",
        "Runde/0",
        "Anna Geheim (Montagsrunde) \" \"Linux\" 192.0.2.9 sixth",
        "\u{fc}\u{1f600}",
    ];
    for nth in 0..100 {
        let agent = agents[nth % agents.len()];
        match nth % 4 {
            0 => {
                let mut asked = format!("ws://{}/xmpp-websocket?room=Montagsrunde", server.local_addr())
                    .into_client_request()
                    .unwrap();
                let value = tokio_tungstenite::tungstenite::http::HeaderValue::from_bytes(agent.as_bytes()).unwrap();
                asked.headers_mut().insert("user-agent", value);
                drop(timeout(PATIENCE, tokio_tungstenite::connect_async(asked)).await.unwrap().unwrap());
            }
            1 => drop(fetch(&server, "/Montagsrunde").await),
            2 => drop(fetch(&server, "/nowhere/Montagsrunde").await),
            _ => {
                let head = format!("GET /config.js?room=Montagsrunde HTTP/1.1\r\nhost: x\r\nuser-agent: {agent}\r\n");
                drop(raw(&server, &format!("{head}referer: http://Montagsrunde/\r\nconnection: close\r\n\r\n")).await);
            }
        }
    }
    server.shutdown().await;
    let lines = lines(home.path());
    assert_eq!(lines.len(), 100);
    assert!(lines.iter().all(|line| line.bytes_sent > 0 && line.ip.is_loopback() && line.time.unix() == NOW));
    let written = fs::read_to_string(home.path().join(TODAY)).unwrap();
    assert!(written.contains("\"Firefox 128\" \"Linux\" 127.0.0.1") && written.contains("\"Edge 130\" \"Windows\""));
    assert!(written.contains("\"Runde 0\" \"unknown\"") && written.contains("\"other\" "));
    assert!(!written.contains("Montagsrunde") && !written.contains("Anna") && !written.contains("192.0.2.9"));
}

#[tokio::test]
async fn of_a_whole_meeting_only_the_lines_are_on_disk() {
    const MARKERS: [&str; 4] = ["geheimraum7", "Nickname7", "Klartext7", "Wink7"];
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("settings.json"), "{}").unwrap();
    let folder = home.path().join("access-log");
    let before = disk(home.path());
    let server = open_with_log(log(&folder));
    let mut anna = Guest::enter_room(&server, MARKERS[0], "aaaaaaaa", MARKERS[1]).await;
    let mut bert = Guest::enter_room(&server, MARKERS[0], "bbbbbbbb", "Bert").await;
    let mut channels = Vec::new();
    for guest in [&mut anna, &mut bert] {
        let offer = until(&mut guest.socket, "session-initiate").await;
        let mut channel = socket(&attribute(&offer, "url"), None).await.unwrap();
        until(&mut channel, "ServerHello").await;
        channels.push(channel);
    }
    let chat = format!(
        "<message xmlns='jabber:client' type='groupchat' id='m' to='{}@conference.127.0.0.1'><body>{}</body></message>",
        MARKERS[0], MARKERS[2]
    );
    anna.say(&chat).await;
    until(&mut bert.socket, MARKERS[2]).await;
    let wave = format!(r#"{{"colibriClass":"EndpointMessage","to":"","msgPayload":{{"type":"{}"}}}}"#, MARKERS[3]);
    channels[0].send(Message::text(wave)).await.unwrap();
    until(&mut channels[1], MARKERS[3]).await;
    drop((anna, bert, channels));
    server.shutdown().await;

    let mut after = disk(home.path());
    let written = after.remove(&folder.join(TODAY).display().to_string()).unwrap();
    assert_eq!(after.remove(&folder.display().to_string()), Some(Vec::new()));
    assert_eq!(after, before, "nothing else came and nothing went");
    assert_eq!(lines(&folder).len(), 4, "two web sockets and two bridge channels");
    for marker in MARKERS {
        assert!(!String::from_utf8_lossy(&written).to_lowercase().contains(&marker.to_lowercase()), "{marker}");
    }
}

#[tokio::test]
async fn without_an_access_log_nothing_is_written_at_all() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::spawn(permit(), options(Tls::Off)).unwrap();
    let guest = Guest::enter(&server, "aaaaaaaa").await;
    drop(guest);
    server.shutdown().await;
    assert!(disk(home.path()).is_empty());
}

#[tokio::test]
async fn a_connection_that_asks_for_nothing_leaves_no_line() {
    let home = tempfile::tempdir().unwrap();
    let server = open_with_log(log(home.path()));
    drop(tokio::net::TcpStream::connect(server.local_addr()).await.unwrap());
    fetch(&server, "/runde").await;
    server.shutdown().await;
    assert_eq!(lines(home.path()).len(), 1);
}

#[tokio::test]
async fn overdue_days_are_gone_before_the_first_guest_can_come() {
    let home = tempfile::tempdir().unwrap();
    let line = |day: i64| format!("{} 9 \"curl 8\" \"unknown\" 192.0.2.7\n", Moment::from_unix(NOW - day * DAY));
    let (kept, overdue) = ("access-2026-09-29-56d.log", "access-2026-09-28-56d.log");
    fs::write(home.path().join(kept), line(55)).unwrap();
    fs::write(home.path().join(overdue), line(56)).unwrap();
    let _server = open_with_log(log(home.path()));
    assert!(home.path().join(kept).exists() && !home.path().join(overdue).exists());
}

#[tokio::test]
async fn rooms_go_on_where_the_log_cannot_be_written_and_that_is_said_once() {
    let home = tempfile::tempdir().unwrap();
    let mut server = open_with_log(log(home.path()));
    let mut troubles = server.log_troubles().unwrap();
    fs::create_dir(home.path().join(TODAY)).unwrap();
    for _ in 0..3 {
        assert!(fetch(&server, "/runde").await.starts_with("HTTP/1.1 200"));
    }
    let told = timeout(PATIENCE, troubles.recv()).await.unwrap();
    assert!(matches!(told, Some(LogTrouble::Unwritable { .. })), "{told:?}");
    let _anna = Guest::enter(&server, "aaaaaaaa").await;
    server.shutdown().await;
    assert_eq!(timeout(PATIENCE, troubles.recv()).await.unwrap(), None, "once");
}

#[tokio::test]
async fn guests_are_led_to_the_notice_that_names_the_log() {
    let home = tempfile::tempdir().unwrap();
    let retention = Retention::of_days(14).unwrap();
    let server = open_with_log(AccessLog::new(home.path().to_owned(), retention));
    let notice = Notice::embedded_room_with_log(retention);
    assert_eq!(server.fragment(), format!("#rn={}", notice.sha256(Lang::De)));
    let page = fetch(&server, "/runde").await;
    assert!(page.contains("at most 14 days") && page.contains("operating system"), "{page}");
    assert!(page.contains(&notice.sha256(Lang::En)) && !page.contains("no access log"));
}

#[tokio::test]
async fn a_log_that_the_host_or_the_guests_were_not_told_of_opens_no_room() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("log");
    let log = AccessLog::new(folder.clone(), Retention::of_days(14).unwrap());
    let asked = || options(Tls::Off).with_access_log(log.clone());
    let refused = |permit, options| Server::spawn(permit, options).unwrap_err();
    assert!(matches!(refused(permit(), asked()), ServeError::LogNotNoted));
    assert!(matches!(refused(permit_for_log(Retention::CEILING), asked()), ServeError::LogNotNoted));
    for hidden in [Notice::embedded_room(), Notice::embedded_room_with_log(Retention::CEILING)] {
        let hiding = runde_server::ServeOptions { notice: hidden.clone(), ..asked() };
        assert!(matches!(refused(permit_for_log(log.retention), hiding), ServeError::NoticeHidesLog));
    }
    let mut boasting = options(Tls::Off);
    boasting.notice = Notice::embedded_room_with_log(log.retention);
    assert!(matches!(refused(permit(), boasting), ServeError::NoticeHidesLog), "it claims a log there is not");
    assert!(!folder.exists());
}
