//! A plain web site on loopback for test pages and the third-party library they use.

use crate::Outcome;
use crate::room::Room;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The page of this package and the library files that xtask fetched.
pub struct Site {
    pub address: SocketAddr,
}

impl Site {
    /// Serves until the process ends.
    pub fn open() -> Outcome<Self> {
        let library =
            std::env::var_os("RUNDE_THIRD_PARTY").ok_or("RUNDE_THIRD_PARTY is not set: use cargo xtask test e2e")?;
        let folders = [Path::new(env!("CARGO_MANIFEST_DIR")).join("pages"), PathBuf::from(library)];
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A browser that went away in the middle is no failure of the test.
                let _ = answer(stream, &folders);
            }
        });
        Ok(Self { address })
    }

    /// Address of a page of this package that enters the room with the library. The room is without TLS, since the page is; `words`
    /// are further parameters, such as `&p2p=on`.
    pub fn page(&self, page: &str, room: &Room, words: &str) -> Outcome<String> {
        let (_, way) = room.link.split_once("://").ok_or("no address in the link")?;
        let (server, name) = way.split('#').next().and_then(|way| way.split_once('/')).ok_or("no room in the link")?;
        let service = format!("ws://{server}/xmpp-websocket");
        Ok(format!("http://{}/{page}?domain=127.0.0.1&room={name}&service={service}{words}", self.address))
    }
}

fn answer(mut stream: TcpStream, folders: &[PathBuf]) -> Outcome {
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut request = [0; 4096];
    let length = stream.read(&mut request)?;
    let line = String::from_utf8_lossy(&request[..length]).into_owned();
    let target = line.split(' ').nth(1).unwrap_or("/");
    let name = target.split('?').next().unwrap_or("/").trim_start_matches('/');
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    let found = folders.iter().filter(|_| plain).find_map(|folder| std::fs::read(folder.join(name)).ok());
    let (status, body) = found.map_or(("404 Not Found", Vec::new()), |body| ("200 OK", body));
    let kind = if name.ends_with(".html") { "text/html; charset=utf-8" } else { "text/javascript" };
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    stream.write_all(&body)?;
    Ok(())
}
