//! Guests who reach the room through a relay: where a network loses every datagram, by TCP and by TLS, and where a guest does not
//! want its address to be known.

use e2e::Outcome;
use e2e::coturn::{Coturn, PASSWORD, PLACE, PLAIN_PORT, TLS_PORT, USER};
use e2e::folder::Home;
use e2e::listen::wait_for_sound;
use e2e::program::Program;
use e2e::room::notice_of;
use e2e::world::{SERVER, Side, World};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A room with a relay beside it, and Bert in it, who speaks.
struct Stage {
    world: World,
    relay: Coturn,
    link: String,
    notice: String,
    bert: Program,
    _server: Program,
    _homes: [Home; 3],
}

impl Stage {
    /// The room tells its guests of these ways to the relay.
    fn new(ways: &[String]) -> Outcome<Self> {
        let (world, homes) = (World::new()?, [Home::new()?, Home::new()?, Home::new()?]);
        let relay = Coturn::start(&world, &homes[2])?;
        let noted = notice_of(&homes[0], "embedded-room")?;
        let mut words = vec!["serve", "--json", "--listen", SERVER, "--notice-ack", &noted];
        for way in ways {
            words.extend(["--turn", way, "--turn-user", USER]);
        }
        let mut server = world.cli_with(Side::House, &homes[0], &words, &format!("{PASSWORD}\n"), &[])?;
        let heard = server.event("listening", PATIENCE)?;
        let part = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
        let link = format!("{}/table{}", part("url"), part("fragment"));
        let notice = notice_of(&homes[0], &link)?;
        let words = ["join", &link, "--name", "Bert", "--notice-ack", &notice, "--json", "--audio-in", "tone"];
        let mut bert = world.cli(Side::House, &homes[1], &words)?;
        bert.event("joined", PATIENCE)?;
        Ok(Self { world, relay, link, notice, bert, _server: server, _homes: homes })
    }

    /// Alice, who speaks, on the road.
    fn alice(&self, home: &Home, options: &[&str]) -> Outcome<Program> {
        let mut words =
            vec!["join", &self.link, "--name", "Alice", "--notice-ack", &self.notice, "--json", "--audio-in", "tone"];
        words.extend(options);
        let authority = self.relay.authority.display().to_string();
        self.world.cli_with(Side::Road, home, &words, "", &[("SSL_CERT_FILE", &authority)])
    }

    fn assert_both_hear(&mut self, alice: &mut Program, what: &str) -> Outcome {
        let began = Instant::now();
        alice.event("connected", PATIENCE)?;
        let connected = began.elapsed();
        wait_for_sound(&mut self.bert, true)?;
        wait_for_sound(alice, true)?;
        println!("{what}: connected after {connected:?}");
        Ok(())
    }
}

fn by(kind: &str, port: u16, transport: &str) -> String {
    format!("{kind}:{PLACE}:{port}?transport={transport}")
}

#[test]
fn where_every_datagram_is_lost_sound_goes_by_tcp() -> Outcome {
    let home = Home::new()?;
    let mut stage = Stage::new(&[by("turn", PLAIN_PORT, "udp"), by("turn", PLAIN_PORT, "tcp")])?;
    stage.world.block_datagrams()?;
    let mut alice = stage.alice(&home, &[])?;
    stage.assert_both_hear(&mut alice, "TURN over TCP")
}

#[test]
fn where_only_tls_goes_through_sound_goes_by_tls_with_an_authority_of_the_system() -> Outcome {
    let home = Home::new()?;
    let mut stage = Stage::new(&[by("turns", TLS_PORT, "tcp")])?;
    stage.world.block_datagrams()?;
    let mut alice = stage.alice(&home, &[])?;
    stage.assert_both_hear(&mut alice, "TURN over TLS")
}

#[test]
fn whoever_wants_only_the_relay_sends_the_room_not_one_datagram_of_its_own() -> Outcome {
    let (home, watcher) = (Home::new()?, Home::new()?);
    let mut stage = Stage::new(&[by("turn", PLAIN_PORT, "udp")])?;
    let capture = watcher.path("capture.pcap");
    let file = capture.display().to_string();
    let words = ["tcpdump", "--immediate-mode", "-i", "wifi", "-U", "-w", &file, "udp and not port 3478"];
    let spy = stage.world.start(Side::Road, &watcher, "tcpdump", &words)?;
    while std::fs::metadata(&capture).map_or(0, |file| file.len()) == 0 {
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut alice = stage.alice(&home, &["--relay-only"])?;
    stage.assert_both_hear(&mut alice, "only the relay")?;
    assert!(alice.terminate(PATIENCE)?.success());
    drop(spy);
    // The head of the file alone.
    assert_eq!(std::fs::metadata(&capture)?.len(), 24, "datagrams beside the relay");
    Ok(())
}

#[test]
fn whoever_wants_only_a_relay_leaves_where_there_is_none() -> Outcome {
    let home = Home::new()?;
    let stage = Stage::new(&[])?;
    let mut alice = stage.alice(&home, &["--relay-only"])?;
    let left = alice.event("left", PATIENCE)?;
    assert_eq!(left["reason"], "unreachable");
    assert!(left["detail"].as_str().is_some_and(|detail| detail.contains("relay")), "{left}");
    Ok(())
}
