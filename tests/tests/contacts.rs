//! The contact ledger against a capture taken from outside: the same hosts, the same bytes. What the program does not say is found,
//! be it one datagram; and what a deployment asks for that leads to others is told and not done.

use e2e::capture::{Capture, Flows};
use e2e::coturn::{Coturn, PASSWORD, PLACE, PLAIN_PORT, TLS_PORT, USER};
use e2e::desktop::Desktop;
use e2e::folder::Home;
use e2e::listen::wait_for_sound;
use e2e::program::{Program, built};
use e2e::prosody::Prosody;
use e2e::room::notice_of;
use e2e::web::{DRIVER_INSIDE, Web};
use e2e::world::{SERVER, Side, World};
use e2e::{Outcome, sound};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);
/// A proxy beside the server.
const PROXY: &str = "10.9.0.1:3128";
/// The traveller's address.
const OWN: [u8; 4] = [10, 9, 1, 2];

/// What one stay left behind: the ledger as it was written at the end, and what the wire saw.
struct Stay {
    ledger: Value,
    flows: Flows,
}

/// A room of an operator whom nobody knows in advance (its link promises no notice, so everything is asked for), Bert in it, and a
/// relay where one is wanted.
struct Stage {
    world: World,
    /// The warning's hash, and the one of the room's own notice.
    notices: [String; 2],
    link: String,
    bert: Program,
    _server: Program,
    relay: Option<Coturn>,
    _homes: [Home; 3],
}

impl Stage {
    /// Where a relay is wanted, this is the way to it that the room tells its guests of.
    fn new(way: Option<&str>) -> Outcome<Self> {
        let (world, homes) = (World::new()?, [Home::new()?, Home::new()?, Home::new()?]);
        let relay = way.map(|_| Coturn::start(&world, &homes[2])).transpose()?;
        let noted = notice_of(&homes[0], "embedded-room")?;
        let mut words = vec!["serve", "--json", "--listen", SERVER, "--notice-ack", &noted];
        if let Some(way) = way {
            words.extend(["--turn", way, "--turn-user", USER]);
        }
        let mut server = world.cli_with(Side::House, &homes[0], &words, &format!("{PASSWORD}\n"), &[])?;
        let heard = server.event("listening", PATIENCE)?;
        let part = |key: &str| heard[key].as_str().unwrap_or_default().to_owned();
        let (url, fragment) = (part("url"), part("fragment"));
        let (print, notice) = fragment.split_once("&rn=").ok_or("the link promises no notice")?;
        let (whole, link) = (format!("{url}/table{fragment}"), format!("{url}/table{print}"));
        let words = ["join", &whole, "--name", "Bert", "--notice-ack", notice, "--json", "--audio-in", "tone"];
        let mut bert = world.cli(Side::House, &homes[1], &words)?;
        bert.event("joined", PATIENCE)?;
        let notices = [notice_of(&homes[0], &link)?, notice.to_owned()];
        Ok(Self { world, notices, link, bert, _server: server, relay, _homes: homes })
    }

    /// Alice comes, speaks and hears, shows a picture, and leaves; meanwhile somebody beside her does this.
    fn stay(&mut self, options: &[&str], beside: Option<&str>) -> Outcome<Stay> {
        self.stay_in(options, beside, &[])
    }

    /// The same in another environment.
    fn stay_in(&mut self, options: &[&str], beside: Option<&str>, around: &[(&str, &str)]) -> Outcome<Stay> {
        let (home, spies) = (Home::new()?, Home::new()?);
        let outside = Capture::start(&self.world, Side::House, &spies, "h-wifi")?;
        let inside = Capture::start(&self.world, Side::Road, &spies, "lo")?;
        let export = home.path("contacts.json").display().to_string();
        let [warning, notice] = &self.notices;
        let mut words = vec!["join", &self.link, "--name", "Alice", "--notice-ack", warning, "--notice-ack", notice];
        words.extend(["--json", "--audio-in", "tone", "--video-in", "pattern", "--contacts", &export]);
        words.extend(options);
        let mut alice = self.world.cli_with(Side::Road, &home, &words, "", around)?;
        alice.event("connected", PATIENCE)?;
        wait_for_sound(&mut alice, true)?;
        wait_for_sound(&mut self.bert, true)?;
        if let Some(line) = beside {
            // Whether anybody answered is nothing to the one who goes there.
            let _ = self.world.start(Side::Road, &spies, "bash", &["bash", "-c", line])?.line(Duration::from_secs(2));
        }
        if beside.is_none() {
            // Long enough for what is unread at the end to be little.
            for _ in 0..5 {
                alice.event("stats", PATIENCE)?;
            }
        }
        assert!(alice.terminate(PATIENCE)?.success());
        let ledger = read(&home.path("contacts.json"))?;
        assert_eq!(ledger["schema"], "runde-contacts-1");
        assert!(inside.end()?.is_empty(), "something went over the own loopback");
        Ok(Stay { ledger, flows: Flows::of(&outside.end()?, OWN.into()) })
    }
}

fn read(file: &Path) -> Outcome<Value> {
    Ok(serde_json::from_slice(&std::fs::read(file)?)?)
}

impl Stay {
    /// What was gone to a host for, each once.
    fn purposes(&self) -> Vec<&str> {
        let entries = self.ledger["contacts"].as_array().map(Vec::as_slice).unwrap_or_default();
        entries.iter().filter_map(|entry| entry["purpose"].as_str()).collect()
    }
}

#[test]
fn the_ledger_says_what_the_wire_saw() -> Outcome {
    let mut stage = Stage::new(None)?;
    let stay = stage.stay(&[], None)?;
    assert_eq!(stay.flows.differs(&stay.ledger)?, None, "{:#}", stay.ledger);
    let (mut purposes, expected) =
        (stay.purposes(), ["notice", "configuration", "signalling", "bridge-channel", "media"]);
    // Sound and the channel to the bridge are both under way as soon as the room says where it is.
    if let Some(last) = purposes.get_mut(3..) {
        last.sort_unstable();
    }
    assert_eq!(purposes, expected);
    let [warning, notice] = &stage.notices;
    for entry in stay.ledger["contacts"].as_array().into_iter().flatten() {
        let allowed = if entry["purpose"] == "notice" { warning } else { notice };
        assert_eq!(entry["notice"]["sha256"], allowed.as_str(), "{entry}");
    }
    let media = stay.flows.0.iter().find(|((carrier, _), _)| carrier == "udp").ok_or("no media")?.1;
    println!("{} bytes of media out, {} in, {} of them perhaps unread", media.sent, media.received, media.unread);
    assert!(media.unread * 20 < media.received, "the tolerance is small: {media:?}");
    Ok(())
}

#[test]
fn one_hidden_request_is_found_wherever_it_goes() -> Outcome {
    let mut stage = Stage::new(None)?;
    for (hidden, place) in [
        ("printf x > /dev/udp/10.9.1.1/9; echo done", "10.9.1.1:9"),
        ("exec 3<>/dev/tcp/10.9.1.1/9; echo done", "10.9.1.1:9"),
        ("exec 3<>/dev/tcp/10.9.0.1/8443; printf x >&3; echo done", "10.9.0.1:8443"),
    ] {
        let stay = stage.stay(&[], Some(hidden))?;
        let difference = stay.flows.differs(&stay.ledger)?.ok_or_else(|| format!("{hidden} was not found"))?;
        assert!(difference.contains(place), "{hidden}: {difference}");
    }
    Ok(())
}

#[test]
fn through_a_relay_the_ledger_names_the_relay_and_no_bridge() -> Outcome {
    let mut stage = Stage::new(Some(&format!("turn:{PLACE}:{PLAIN_PORT}?transport=udp")))?;
    let stay = stage.stay(&["--relay-only"], None)?;
    assert_eq!(stay.flows.differs(&stay.ledger)?, None, "{:#}", stay.ledger);
    assert!(stay.purposes().contains(&"relay") && !stay.purposes().contains(&"media"), "{:#}", stay.ledger);
    Ok(())
}

#[test]
fn by_tcp_to_a_relay_too_every_byte_is_in_the_ledger() -> Outcome {
    let mut stage = Stage::new(Some(&format!("turn:{PLACE}:{PLAIN_PORT}?transport=tcp")))?;
    let stay = stage.stay(&["--relay-only"], None)?;
    assert_eq!(stay.flows.differs(&stay.ledger)?, None, "{:#}", stay.ledger);
    let carriers: Vec<&str> = stay.flows.0.keys().map(|(carrier, _)| carrier.as_str()).collect();
    assert!(!carriers.contains(&"udp") && stay.purposes().contains(&"relay"), "{carriers:?} {:#}", stay.ledger);
    Ok(())
}

#[test]
fn by_tls_to_a_relay_too_every_byte_is_in_the_ledger() -> Outcome {
    let mut stage = Stage::new(Some(&format!("turns:{PLACE}:{TLS_PORT}?transport=tcp")))?;
    let authority = stage.relay.as_ref().map(|relay| relay.authority.display().to_string()).unwrap_or_default();
    let stay = stage.stay_in(&["--relay-only"], None, &[("SSL_CERT_FILE", &authority)])?;
    assert_eq!(stay.flows.differs(&stay.ledger)?, None, "{:#}", stay.ledger);
    let places: Vec<String> = stay.flows.0.keys().map(|(carrier, place)| format!("{carrier} {place}")).collect();
    assert_eq!(places, [format!("tcp {SERVER}"), format!("tcp {PLACE}:{TLS_PORT}")], "{:#}", stay.ledger);
    assert!(stay.purposes().contains(&"relay") && !stay.purposes().contains(&"media"), "{:#}", stay.ledger);
    Ok(())
}

#[test]
fn through_a_proxy_the_ledger_names_the_proxy_and_what_goes_beside_it() -> Outcome {
    let mut stage = Stage::new(None)?;
    let home = Home::new()?;
    let words = [env!("CARGO_BIN_EXE_connect_proxy"), PROXY, SERVER];
    let mut proxy = stage.world.start(Side::House, &home, "proxy", &words)?;
    proxy.line(PATIENCE)?;
    let stay = stage.stay_in(&[], None, &[("HTTPS_PROXY", &format!("http://{PROXY}"))])?;
    assert_eq!(stay.flows.differs(&stay.ledger)?, None, "{:#}", stay.ledger);
    let places: Vec<String> = stay.flows.0.keys().map(|(carrier, place)| format!("{carrier} {place}")).collect();
    assert_eq!(places, [format!("tcp {PROXY}"), format!("udp {SERVER}")], "{:#}", stay.ledger);
    assert!(stay.purposes().contains(&"proxy") && stay.purposes().contains(&"media"), "{:#}", stay.ledger);
    Ok(())
}

#[test]
fn by_plain_requests_too_every_byte_is_in_the_ledger() -> Outcome {
    let (world, host, guest, spies) = (World::new()?, Home::new()?, Home::new()?, Home::new()?);
    let server = Prosody::start_in(&world, Side::Road, &host, "bosh: location.origin + '/http-bind'")?;
    let capture = Capture::start(&world, Side::Road, &spies, "lo")?;
    let link = format!("http://127.0.0.1:{}/rosa", server.port);
    let (noted, export) = (notice_of(&guest, &link)?, guest.path("contacts.json"));
    let file = export.display().to_string();
    let words =
        ["join", &link, "--name", "Ada", "--notice-ack", &noted, "--json", "--chat", "Hallo", "--contacts", &file];
    let mut ada = world.cli(Side::Road, &guest, &words)?;
    ada.event("joined", PATIENCE)?;
    // Longer than it takes to ask, to be held and to ask again.
    std::thread::sleep(Duration::from_secs(3));
    assert!(ada.terminate(PATIENCE)?.success());
    let stay = Stay { ledger: read(&export)?, flows: Flows::towards(&capture.end()?, server.port) };
    assert_eq!(stay.flows.differs(&stay.ledger)?, None, "{:#}", stay.ledger);
    assert!(stay.purposes().contains(&"signalling") && server.log()?.contains("BOSH"), "{:#}", stay.ledger);
    Ok(())
}

#[test]
fn what_a_deployment_wants_from_others_is_told_and_nobody_is_asked() -> Outcome {
    let (host, guest) = (Home::new()?, Home::new()?);
    let wishes = "bosh: '/http-bind', callStatsID: 'secret-key',
        p2p: { enabled: true, stunServers: [{ urls: 'stun:stun.elsewhere.example:3478' }] },
        analytics: { scriptURLs: ['https://count.elsewhere.example/x.js'], amplitudeAPPKey: 'secret-key' },
        gravatarBaseURL: 'https://pictures.elsewhere.example/avatar/'";
    let server = Prosody::start_with(&host, wishes)?;
    let link = format!("http://127.0.0.1:{}/rosa", server.port);
    let noted = notice_of(&guest, &link)?;
    let words = ["join", &link, "--name", "Ada", "--notice-ack", &noted, "--json", "--orders"];
    let mut ada = Program::cli_ordered(&guest, &words)?;
    ada.event("joined", PATIENCE)?;
    ada.say("contacts")?;
    let ledger = ada.event("contacts", PATIENCE)?;
    let told: Vec<_> = ledger["ignored"].as_array().into_iter().flatten().collect();
    for (kind, host) in [
        ("avatars", Some("pictures.elsewhere.example")),
        ("analytics", Some("count.elsewhere.example")),
        ("statistics", None),
        ("relay", Some("stun.elsewhere.example")),
        ("peer-to-peer", None),
    ] {
        assert!(told.iter().any(|one| one["kind"] == kind && one["host"].as_str() == host), "{kind}: {ledger:#}");
    }
    assert!(!ledger.to_string().contains("secret-key"), "{ledger:#}");
    let everywhere = ledger["contacts"].as_array().into_iter().flatten();
    assert!(everywhere.clone().all(|entry| entry["host"] == "127.0.0.1"), "{ledger:#}");
    assert!(everywhere.clone().count() >= 3, "{ledger:#}");
    ada.say("leave")?;
    let last = ada.event("contacts", PATIENCE)?;
    assert_eq!(last["ignored"], ledger["ignored"]);
    assert_eq!(ada.event("left", PATIENCE)?["reason"], "asked", "the last line");
    Ok(())
}

/// Ports that somebody listens on in the traveller's namespace: the driver's and the one by which it reaches the web view.
fn listening(world: &World) -> Outcome<Vec<u16>> {
    let said = world.ask(Side::Road, "ss -Hltn | awk '{ print $4 }'")?;
    let ports = said.lines().filter_map(|line| line.rsplit(':').next()?.parse().ok());
    Ok(ports.collect())
}

/// From the link through both notices into the room, with the microphone on.
async fn enter(web: &Web) -> Outcome {
    web.press("Zur Kenntnis genommen").await?;
    web.press("Weiter").await?;
    web.reads("Ihr Name", PATIENCE).await?;
    web.fill("#name", "Alice").await?;
    web.press("Mikrofon").await?;
    web.press("Beitreten").await?;
    web.reads("Person, die diesen Raum geöffnet hat", PATIENCE).await?;
    web.press("Zur Kenntnis genommen").await?;
    web.reads("Ihr Name", PATIENCE).await?;
    web.press("Mikrofon").await?;
    web.press("Beitreten").await?;
    web.reads("Bert", PATIENCE).await
}

/// Out of the room, and the contacts as the page saves them.
async fn leave(web: &Web, desktop: &Desktop, file: &Path) -> Outcome<Value> {
    web.press("Verlassen").await?;
    web.press("Zur Startseite").await?;
    web.press("Datenschutz").await?;
    web.press("Kontakte").await?;
    web.reads("Ton und Bild", PATIENCE).await?;
    web.press("JSON speichern …").await?;
    desktop.answer_dialog("Speichern unter", file)?;
    web.reads(&format!("Gespeichert: {}", file.display()), PATIENCE).await?;
    read(file)
}

/// The real window, its web view and all: nothing it sends is missing in what it shows, and nothing beside it is in it.
#[tokio::test(flavor = "multi_thread")]
async fn the_list_in_the_window_says_what_the_wire_saw_and_a_hidden_request_is_found() -> Outcome {
    let mut stage = Stage::new(None)?;
    let (home, spies, later_spies) = (Home::new()?, Home::new()?, Home::new()?);
    let desktop = Desktop::start(&home)?;
    let speech = home.path("speech.wav");
    sound::write(&speech, &sound::sentence(6.0, 7))?;
    let _voice = desktop.speak(&speech)?;
    let outside = Capture::start(&stage.world, Side::House, &spies, "h-wifi")?;
    let later = Capture::start(&stage.world, Side::House, &later_spies, "h-wifi")?;
    let inside = Capture::start(&stage.world, Side::Road, &spies, "lo")?;
    let (program, door) = (built("RUNDE_BIN")?, env!("CARGO_BIN_EXE_netns_door"));
    let place = (&stage.world, Side::Road);
    let (web, _door) = Web::app_in(place, (&home, &desktop), &program, &[&stage.link], door).await?;
    enter(&web).await?;
    wait_for_sound(&mut stage.bert, true)?;
    // Long enough for what is unread at the end to be little.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let ledger = leave(&web, &desktop, &home.path("contacts.json")).await?;
    let ports = listening(&stage.world)?;

    let stay = Stay { ledger, flows: Flows::of(&outside.end()?, OWN.into()) };
    assert_eq!(stay.flows.differs(&stay.ledger)?, None, "{:#}", stay.ledger);
    let mut purposes = stay.purposes();
    purposes.sort_unstable();
    assert_eq!(purposes, ["bridge-channel", "configuration", "media", "notice", "signalling"]);
    let media = stay.flows.0.iter().find(|((carrier, _), _)| carrier == "udp").ok_or("no media")?.1;
    println!("{} bytes of media out, {} in, {} of them perhaps unread", media.sent, media.received, media.unread);
    assert!(media.sent > 0 && media.unread * 20 < media.received, "the tolerance is small: {media:?}");
    assert!(ports.len() == 2 && ports.contains(&DRIVER_INSIDE), "{ports:?}");
    let others: Vec<_> = inside.end()?.into_iter().filter(|packet| !packet.touches(&ports)).collect();
    assert!(others.is_empty(), "something went over the own loopback: {others:?}");

    let hidden = "printf x > /dev/udp/10.9.1.1/9; echo done";
    stage.world.start(Side::Road, &spies, "bash", &["bash", "-c", hidden])?.line(PATIENCE)?;
    let difference = Flows::of(&later.end()?, OWN.into()).differs(&stay.ledger)?;
    assert!(difference.as_ref().is_some_and(|found| found.contains("10.9.1.1:9")), "{difference:?}");
    Ok(())
}
