//! A way from the test into a network namespace and back: bytes go through a socket in a folder, which is the same file on both
//! sides. Start at [`Door::to`].

use crate::Outcome;
use crate::folder::Home;
use crate::program::Program;
use crate::world::{Side, World};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::Duration;

const START: Duration = Duration::from_secs(20);

/// Ends with the value; connections that are open then end with their sides.
pub struct Door {
    /// Where the test finds the port of the other side.
    pub port: u16,
    _inside: Program,
}

impl Door {
    /// To a port on the loopback of `side`. `program` is this package's `netns_door`.
    pub fn to(world: &World, side: Side, home: &Home, program: &str, port: u16) -> Outcome<Self> {
        let socket = home.path(&format!("door-{port}"));
        let name = socket.display().to_string();
        let mut inside = world.start(side, home, "door", &[program, &name, &format!("127.0.0.1:{port}")])?;
        inside.line(START)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?.port();
        std::thread::spawn(move || {
            for guest in listener.incoming().map_while(Result::ok) {
                let socket = socket.clone();
                std::thread::spawn(move || pass(guest, UnixStream::connect(socket)?));
            }
        });
        Ok(Self { port: own, _inside: inside })
    }
}

/// The part inside: whoever comes to the socket is led to the address.
pub fn serve(socket: &Path, address: &str) -> std::io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    println!("ready");
    for guest in listener.incoming().map_while(Result::ok) {
        let address = address.to_owned();
        std::thread::spawn(move || pass(TcpStream::connect(address)?, guest));
    }
    Ok(())
}

/// Both ways, until both have ended.
fn pass(tcp: TcpStream, unix: UnixStream) -> std::io::Result<()> {
    let (from, to) = (tcp.try_clone()?, unix.try_clone()?);
    let back = std::thread::spawn(move || {
        let ended = copy(&from, &to);
        let _ = to.shutdown(std::net::Shutdown::Write);
        ended
    });
    let ended = copy(&unix, &tcp);
    let _ = tcp.shutdown(std::net::Shutdown::Write);
    back.join().map_err(|_| std::io::Error::other("a thread broke down"))?.and(ended)
}

fn copy(mut from: impl Read, mut to: impl Write) -> std::io::Result<()> {
    std::io::copy(&mut from, &mut to).map(drop)
}
