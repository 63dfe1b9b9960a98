//! A proxy for HTTPS that knows one server, whatever name it is asked for: `connect_proxy LISTEN SERVER`. It says when it listens.

use e2e::connect::tunnel;
use std::net::TcpListener;

fn main() -> std::io::Result<()> {
    let places: Vec<String> = std::env::args().skip(1).collect();
    let [listen, server] = places.as_slice() else {
        return Err(std::io::Error::other("LISTEN and SERVER are missing"));
    };
    let listener = TcpListener::bind(listen)?;
    println!("ready");
    for guest in listener.incoming().map_while(Result::ok) {
        let server = server.clone();
        std::thread::spawn(move || tunnel(guest, &server, drop));
    }
    Ok(())
}
