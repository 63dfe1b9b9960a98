//! Calls over a bad network: losses and delay, UDP that is blocked for a while, connections that are cut, a server that is killed
//! and comes back. Whoever is in the meeting stays in it, and hears the others again at once.

use e2e::Outcome;
use e2e::folder::Home;
use e2e::listen::{assert_back, removed, wait_for_sound};
use e2e::program::Program;
use e2e::relay::{Impairment, Relay};
use e2e::room::{Room, notice_of};
use e2e::sound;
use e2e::web::free_port;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A room whose guests reach it through a relay only.
fn behind_relay(home: &Home, seed: u64) -> Outcome<(Room, Relay)> {
    let inside = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let relay = Relay::before(inside, seed)?;
    let (url, media) = (format!("https://{}", relay.address), relay.address.to_string());
    let room = Room::open_at(home, "table", &inside.to_string(), &["--public-url", &url, "--media", &media])?;
    Ok((room, relay))
}

#[test]
fn a_call_through_losses_and_delay_stays_what_was_said() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let (room, relay) = behind_relay(&host, 5)?;
    let way = Impairment { delay: ms(25), jitter: ms(10), ..Impairment::NONE };
    relay.impair(Impairment { loss: 0.05, ..way }, way);
    let words = sound::sentence(10.0, 7);
    sound::write(&first.path("words.wav"), &words)?;
    let heard = second.path("heard.wav").display().to_string();
    let mut bert = room.guest(&second, "Bert", &["--audio-out", &heard])?;
    bert.event("joined", PATIENCE)?;
    let speaks = ["--audio-in", &first.path("words.wav").display().to_string()];
    let mut alice = room.guest(&first, "Alice", &speaks)?;
    alice.event("connected", PATIENCE)?;
    wait_for_sound(&mut bert, true)?;
    for _ in 0..12 {
        bert.event("stats", PATIENCE)?;
    }
    assert!(bert.terminate(PATIENCE)?.success() && alice.terminate(PATIENCE)?.success());
    let likeness = sound::likeness(&words, &sound::read(&second.path("heard.wav"))?);
    println!("through 5 % loss and 50 ms: {likeness:?}, {:?}", relay.counts());
    assert!(relay.counts().lost > 20, "{:?}", relay.counts());
    assert!(likeness.pieces >= 30 && likeness.correlation >= 0.9, "{likeness:?}");
    assert!(likeness.level_db.abs() <= 1.5, "{likeness:?}");
    Ok(())
}

#[test]
fn sound_is_back_as_soon_as_udp_is_free_again() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let (room, relay) = behind_relay(&host, 5)?;
    let mut bert = room.guest(&second, "Bert", &[])?;
    bert.event("joined", PATIENCE)?;
    let mut alice = room.guest(&first, "Alice", &["--audio-in", "tone"])?;
    alice.event("connected", PATIENCE)?;
    wait_for_sound(&mut bert, true)?;
    // The first is shorter than the consent of ICE holds (15 s), the second longer: then the session is made anew.
    for blocked in [10, 20] {
        relay.block_datagrams(true);
        std::thread::sleep(Duration::from_secs(blocked));
        wait_for_sound(&mut bert, false)?;
        relay.block_datagrams(false);
        let after = assert_back(&mut bert, Instant::now())?;
        println!("UDP blocked for {blocked} s: sound after {after:?}");
    }
    assert_eq!((removed(&bert), removed(&alice)), (vec![], vec![]));
    assert_eq!((bert.events("joined").len(), alice.events("joined").len()), (1, 1));
    Ok(())
}

#[test]
fn cut_connections_are_resumed_and_nobody_notices() -> Outcome {
    let (host, first, second, third) = (Home::new()?, Home::new()?, Home::new()?, Home::new()?);
    let (room, relay) = behind_relay(&host, 5)?;
    let mut bert = room.guest(&second, "Bert", &[])?;
    bert.event("joined", PATIENCE)?;
    let mut alice = room.guest(&first, "Alice", &["--audio-in", "tone", "--video-in", "pattern"])?;
    alice.event("connected", PATIENCE)?;
    wait_for_sound(&mut bert, true)?;
    // XMPP and bridge channel of two guests.
    assert_eq!(relay.cut_streams(), 4);
    let mut cleo = room.guest(&third, "Cleo", &["--chat", "nach dem Schnitt"])?;
    cleo.event("joined", PATIENCE)?;
    for guest in [&mut alice, &mut bert] {
        assert_eq!(guest.event("chat", PATIENCE)?["text"], "nach dem Schnitt");
    }
    assert_back(&mut bert, Instant::now())?;
    // By now everybody has heard of everybody.
    for _ in 0..2 {
        cleo.event("stats", PATIENCE)?;
    }
    for guest in [&alice, &bert, &cleo] {
        assert_eq!((guest.events("joined").len(), guest.events("reconnecting").len(), removed(guest)), (1, 0, vec![]));
    }
    let people = |guest: &Program| guest.events("participant").iter().filter(|l| l["change"] == "added").count();
    assert_eq!((people(&alice), people(&bert), people(&cleo)), (2, 2, 2), "a ghost");
    Ok(())
}

#[test]
fn a_server_that_is_killed_and_started_again_has_its_guests_back() -> Outcome {
    let (host, first, second) = (Home::new()?, Home::new()?, Home::new()?);
    let listen = format!("127.0.0.1:{}", free_port()?);
    let plain = ["--tls", "off"];
    let room = Room::open_at(&host, "table", &listen, &plain)?;
    let mut bert = room.guest(&second, "Bert", &[])?;
    bert.event("joined", PATIENCE)?;
    let mut alice = room.guest(&first, "Alice", &["--audio-in", "tone"])?;
    alice.event("connected", PATIENCE)?;
    wait_for_sound(&mut bert, true)?;
    room.server.kill()?;
    std::thread::sleep(Duration::from_secs(2));
    let again = Room::open_at(&host, "table", &listen, &plain)?;
    assert_eq!(again.notice, notice_of(&host, &again.link)?);
    for guest in [&mut alice, &mut bert] {
        guest.event("joined", PATIENCE)?;
    }
    alice.event("connected", PATIENCE)?;
    let moment = Instant::now();
    let after = assert_back(&mut bert, moment)?;
    println!("after the server's death: sound {after:?} after Alice was connected again");
    let mut cleo = again.guest(&host, "Cleo", &[])?;
    cleo.event("joined", PATIENCE)?;
    for _ in 0..2 {
        cleo.event("stats", PATIENCE)?;
    }
    let added = cleo.events("participant").iter().filter(|line| line["change"] == "added").count();
    assert_eq!((added, removed(&cleo)), (2, vec![]), "a ghost");
    Ok(())
}
