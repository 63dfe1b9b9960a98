//! The inside of a proxy for HTTPS that leads to one server, whatever name it is asked for (RFC 9110, 9.3.6).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};

/// Answers one guest and passes everything on until either side ends; `asked` gets the line with the name.
pub fn tunnel(mut guest: TcpStream, server: impl ToSocketAddrs, asked: impl FnOnce(String)) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        guest.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    asked(String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned());
    let mut server = TcpStream::connect(server)?;
    guest.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let (mut from, mut to) = (guest.try_clone()?, server.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut server, &mut guest);
    guest.shutdown(Shutdown::Both)
}
