//! A proxy for HTTPS that knows one server, whatever name it is asked for: `connect_proxy LISTEN SERVER`. It says when it listens.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

fn main() -> std::io::Result<()> {
    let places: Vec<String> = std::env::args().skip(1).collect();
    let [listen, server] = places.as_slice() else {
        return Err(std::io::Error::other("LISTEN and SERVER are missing"));
    };
    let listener = TcpListener::bind(listen)?;
    println!("ready");
    for guest in listener.incoming().map_while(Result::ok) {
        let server = server.clone();
        std::thread::spawn(move || tunnel(guest, &server));
    }
    Ok(())
}

fn tunnel(mut guest: TcpStream, server: &str) -> std::io::Result<()> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        guest.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
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
