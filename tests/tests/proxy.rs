//! Behind a proxy: the environment names it, and only it knows where the server is. What the joined room says of itself is checked
//! through it as anywhere else.

use e2e::Outcome;
use e2e::connect::tunnel;
use e2e::folder::Home;
use e2e::program::{Program, built};
use e2e::room::{Room, notice_of};
use e2e::web::free_port;
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

/// A proxy that knows one server under every name; whom it was asked for is kept.
fn proxy(server: u16) -> Outcome<(u16, Arc<Mutex<Vec<String>>>)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let (port, asked) = (listener.local_addr()?.port(), Arc::new(Mutex::new(Vec::new())));
    let kept = asked.clone();
    std::thread::spawn(move || {
        for guest in listener.incoming().map_while(Result::ok) {
            let kept = kept.clone();
            std::thread::spawn(move || {
                tunnel(guest, ("127.0.0.1", server), |line| {
                    if let Ok(mut kept) = kept.lock() {
                        kept.push(line);
                    }
                })
            });
        }
    });
    Ok((port, asked))
}

#[test]
fn a_room_whose_name_only_the_proxy_knows_is_joined_through_it() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let port = free_port()?;
    let (listen, media) = (format!("127.0.0.1:{port}"), format!("127.0.0.1:{port}"));
    let room = Room::open_at(&host, "table", &listen, &["--public-url", "https://meet.invalid", "--media", &media])?;
    let (proxy, asked) = proxy(port)?;
    let guest = |home: &Home, name, address: &str| -> Outcome<Program> {
        let notice = notice_of(home, &room.link)?;
        let mut command = Command::new(built("RUNDE_CLI")?);
        home.apply(&mut command);
        command.args(["join", &room.link, "--name", name, "--notice-ack", &notice, "--json", "--audio-in", "tone"]);
        command.env("HTTPS_PROXY", address);
        Program::start(name, &mut command)
    };
    let through = format!("http://127.0.0.1:{proxy}");
    let mut alice = guest(&first, "Alice", &through)?;
    alice.event("joined", PATIENCE)?;
    let mut bert = guest(&second, "Bert", &through)?;
    bert.event("connected", PATIENCE)?;
    let asked = asked.lock().map_err(|_| "the proxy broke")?.clone();
    assert!(asked.len() >= 2 && asked.iter().all(|line| line == "CONNECT meet.invalid:443 HTTP/1.1"), "{asked:?}");

    let third = Home::new()?;
    let mut lost = guest(&third, "Cleo", "http://127.0.0.1:9")?;
    assert_eq!(lost.event("left", PATIENCE)?["reason"], "unreachable");
    Ok(())
}
