//! A server that turns hostile: it stands before an honest one, passes everything on, and puts frames of its own into a guest's
//! conversation once the guest is in. What it says comes from where a real room's words come from.
//!
//! It knows WebSockets only as far as it must (RFC 6455, 5.2): a server's frames are not masked. Start at [`Meddler::before`].

use crate::Outcome;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A guest that takes nothing for so long has stopped.
const PATIENCE: Duration = Duration::from_secs(60);
/// The id of every question that a test puts into the meddler's mouth.
pub const ASKED: &str = "meddler";
/// Bytes of a frame of the honest server.
const LONGEST: u64 = 8 << 20;

/// Frames kept of a session.
const SESSION: usize = 32;

/// The conversation that came last.
#[derive(Default)]
struct Last {
    guest: Option<TcpStream>,
    /// What the honest server said of its session: the offer, sources that came later.
    session: Vec<String>,
}

/// See above.
pub struct Meddler {
    pub port: u16,
    last: Arc<Mutex<Last>>,
}

impl Meddler {
    /// Listens on loopback in front of the server on this port, which need not be there yet.
    pub fn before(server: u16) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (port, last) = (listener.local_addr()?.port(), Arc::new(Mutex::new(Last::default())));
        let kept = Arc::clone(&last);
        std::thread::spawn(move || {
            for guest in listener.incoming().map_while(Result::ok) {
                let kept = Arc::clone(&kept);
                std::thread::spawn(move || stand_between(guest, server, &kept));
            }
        });
        Ok(Self { port, last })
    }

    /// The latest frame of the honest server to the guest who came last that is about a session and has this in it.
    pub fn session(&self, part: &str, limit: Duration) -> Outcome<String> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(said) = last.session.iter().rev().find(|said| said.contains(part)) {
                return Ok(said.clone());
            }
            drop(last);
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!("the guest was not told {part}").into())
    }

    /// Says something to the guest who came last.
    pub fn say(&self, frame: &str) -> Outcome {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let guest = last.guest.as_mut().ok_or("nobody converses")?;
        guest.write_all(&[&head(frame.len())[..], frame.as_bytes()].concat())?;
        Ok(())
    }
}

/// The head of a text frame that is whole.
fn head(length: usize) -> Vec<u8> {
    let mut head = vec![0x81];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => head.push(short),
        (_, Ok(middle)) => {
            head.push(126);
            head.extend(middle.to_be_bytes());
        }
        _ => {
            head.push(127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head
}

/// Reads up to the empty line.
fn read_head(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    Ok(head)
}

fn stand_between(mut guest: TcpStream, server: u16, last: &Mutex<Last>) -> std::io::Result<()> {
    let asked = read_head(&mut guest)?;
    let mut server = TcpStream::connect(("127.0.0.1", server))?;
    server.write_all(&asked)?;
    let (mut from, mut to) = (guest.try_clone()?, server.try_clone()?);
    let converses = asked.windows(15).any(|part| part == b"/xmpp-websocket");
    std::thread::spawn(move || {
        let _ = if converses { pass_up(&mut from, &mut to) } else { std::io::copy(&mut from, &mut to).map(drop) };
        let _ = to.shutdown(Shutdown::Both);
    });
    if converses {
        let answer = read_head(&mut server)?;
        guest.write_all(&answer)?;
        guest.set_write_timeout(Some(PATIENCE))?;
        let mut kept = last.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Last { guest: Some(guest.try_clone()?), session: Vec::new() };
        drop(kept);
        let _ = pass_down(&mut server, &mut guest, last);
    } else {
        let _ = std::io::copy(&mut server, &mut guest);
    }
    guest.shutdown(Shutdown::Both)
}

/// The next frame as it came, and what it says.
fn read_frame(from: &mut TcpStream) -> std::io::Result<(Vec<u8>, String)> {
    let mut frame = vec![0; 2];
    from.read_exact(&mut frame)?;
    let more = match frame[1] & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mut length = [0; 8];
    from.read_exact(&mut length[8 - more..])?;
    frame.extend(&length[8 - more..]);
    let length = if more == 0 { u64::from(frame[1] & 0x7f) } else { u64::from_be_bytes(length) };
    let mut mask = [0; 4];
    if frame[1] & 0x80 != 0 {
        from.read_exact(&mut mask)?;
        frame.extend(mask);
    }
    let start = frame.len();
    Read::by_ref(from).take(length.min(LONGEST)).read_to_end(&mut frame)?;
    let said: Vec<u8> = frame[start..].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Ok((frame, String::from_utf8_lossy(&said).into_owned()))
}

/// Passes the server's frames on one by one, so that there is a place between them.
fn pass_down(server: &mut TcpStream, guest: &mut TcpStream, last: &Mutex<Last>) -> std::io::Result<()> {
    loop {
        let (frame, said) = read_frame(server)?;
        let mut kept = last.lock().unwrap_or_else(PoisonError::into_inner);
        if said.contains("urn:xmpp:jingle:1") && kept.session.len() < SESSION {
            kept.session.push(said);
        }
        guest.write_all(&frame)?;
    }
}

/// Passes the guest's frames on, but for answers to what only the meddler asked: the honest server would take them for a flood.
fn pass_up(guest: &mut TcpStream, server: &mut TcpStream) -> std::io::Result<()> {
    loop {
        let (frame, said) = read_frame(guest)?;
        if !(said.starts_with("<iq") && said.contains(&format!("id='{ASKED}'"))) {
            server.write_all(&frame)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_lengths_of_a_frame_are_written_as_the_standard_says() {
        assert_eq!(head(125), [0x81, 125]);
        assert_eq!(head(126), [0x81, 126, 0, 126]);
        assert_eq!(head(65_535), [0x81, 126, 255, 255]);
        assert_eq!(head(65_536), [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    }
}
