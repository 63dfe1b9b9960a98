//! One host and any number of guests in virtual time, over a link that delays but neither loses nor reorders (it
//! stands for WebSockets). The same seed gives the same meeting.
//!
//! Each guest has a small stand-in for its application: it accepts offers with one voice and one picture and publishes
//! both as unmuted. Start at [`Pair::join`].

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};
use runde_signalling::bridge::MappedSource;
use runde_signalling::guest::{self, Command, Event, Guest, GuestConfig, SourceState};
use runde_signalling::host::{self, ConnId, Host, HostConfig};
use runde_signalling::jingle::{Fingerprint, Group, Kind, Semantics, Setup, Source, Transport, VideoType};
use runde_signalling::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

pub const DOMAIN: &str = "meet.test";
pub const ROOM: &str = "rosa";

/// Who joined as the n-th, also the number of its first connection.
pub type Seat = u64;

/// Added to the number of the connection each time its guest dials again.
const REDIAL: u64 = 1000;

#[derive(Debug)]
enum Parcel {
    ToHost(Seat, String),
    ToGuest(Seat, String),
    HostSeesClose(Seat),
    GuestSeesClose(Seat),
    /// A guest dials again after its connection broke.
    HostSeesOpen(Seat),
    GuestSeesOpen(Seat),
}

/// Delays from a seed; parcels of one direction of one connection never overtake each other.
struct Link {
    rng: ChaCha8Rng,
    under_way: BTreeMap<(Instant, u64), Parcel>,
    sent: u64,
    latest: BTreeMap<(bool, Seat), Instant>,
}

impl Link {
    fn send(&mut self, now: Instant, parcel: Parcel) {
        let lane = match &parcel {
            Parcel::ToHost(seat, _) | Parcel::HostSeesClose(seat) | Parcel::HostSeesOpen(seat) => (true, *seat),
            Parcel::ToGuest(seat, _) | Parcel::GuestSeesClose(seat) | Parcel::GuestSeesOpen(seat) => (false, *seat),
        };
        let delay = Duration::from_millis(u64::from(5 + self.rng.next_u32() % 40));
        let earliest = self.latest.get(&lane).copied().unwrap_or(now);
        let at = (now + delay).max(earliest);
        self.latest.insert(lane, at);
        self.sent += 1;
        self.under_way.insert((at, self.sent), parcel);
    }
}

pub struct Player {
    pub guest: Guest,
    pub events: Vec<Event>,
    pub endpoint: String,
    /// Every frame that reached it.
    pub frames: Vec<String>,
    wake: Option<Instant>,
}

pub struct Pair {
    pub host: Host,
    pub guests: BTreeMap<Seat, Player>,
    pub now: Instant,
    pub told: Vec<host::Event>,
    link: Link,
    /// Whose words do not arrive any more.
    dark: BTreeSet<Seat>,
    /// How often each dialled again; part of the number of its connection.
    dialled: BTreeMap<Seat, u64>,
    host_wake: Option<Instant>,
    rng: ChaCha8Rng,
    /// Whoever joins leaves it to the focus to name sources.
    pub classic: bool,
}

impl Pair {
    pub fn new(seed: u64) -> Self {
        Self::of(seed, HostConfig::new(DOMAIN))
    }

    /// The same with a host of another kind.
    pub fn of(seed: u64, config: HostConfig) -> Self {
        Pair {
            host: Host::new(config, [seed as u8; 32]),
            guests: BTreeMap::new(),
            now: Instant::now(),
            told: Vec::new(),
            link: Link {
                rng: ChaCha8Rng::seed_from_u64(seed),
                under_way: BTreeMap::new(),
                sent: 0,
                latest: BTreeMap::new(),
            },
            dark: BTreeSet::new(),
            dialled: BTreeMap::new(),
            host_wake: None,
            rng: ChaCha8Rng::seed_from_u64(seed ^ 1),
            classic: true,
        }
    }

    /// The same with guests that offer SSRC rewriting.
    pub fn rewriting(seed: u64) -> Self {
        Pair { classic: false, ..Self::new(seed) }
    }

    /// A new guest connects; nothing has arrived yet when this returns.
    pub fn join(&mut self, name: &str) -> Seat {
        let machine = self.guests.len() as Seat + 1;
        self.join_as(name, machine, None)
    }

    /// The same from a certain machine, with a password.
    pub fn join_as(&mut self, name: &str, machine: Seat, password: Option<&str>) -> Seat {
        let seat = self.guests.len() as Seat + 1;
        let config = GuestConfig {
            domain: DOMAIN.into(),
            login_domain: None,
            muc: format!("conference.{DOMAIN}"),
            focus: format!("focus.{DOMAIN}"),
            focus_user: None,
            room: ROOM.into(),
            name: name.into(),
            password: password.map(Secret::from),
            token: None,
            machine: format!("{machine:032x}"),
            classic: self.classic,
            ..GuestConfig::default()
        };
        let guest = Guest::new(self.now, config, &mut self.rng);
        let player = Player { guest, events: Vec::new(), endpoint: String::new(), frames: Vec::new(), wake: None };
        self.guests.insert(seat, player);
        self.give_host(host::Input::Opened { connection: ConnId(seat), from: Ipv4Addr::LOCALHOST.into() });
        self.give(seat, guest::Input::Opened);
        seat
    }

    /// Joins and waits until the guest is in the room and everything has come to rest.
    pub fn seated(&mut self, name: &str) -> Seat {
        let seat = self.join(name);
        self.drive(Duration::from_secs(3));
        seat
    }

    pub fn command(&mut self, seat: Seat, command: Command) {
        self.give(seat, guest::Input::Command(command));
    }

    /// A frame that the guest's core never writes, sent on its connection (moderation has no button yet).
    pub fn raw(&mut self, seat: Seat, frame: String) {
        self.link.send(self.now, Parcel::ToHost(seat, frame));
    }

    /// A frame that an honest host never writes reaches the guest now.
    pub fn hear(&mut self, seat: Seat, frame: String) {
        self.give(seat, guest::Input::Text(frame));
    }

    /// The bridge tells the guest on its channel what some SSRCs carry now.
    pub fn map(&mut self, seat: Seat, kind: Kind, sources: Vec<MappedSource>) {
        self.give(seat, guest::Input::Mapped { kind, sources });
    }

    /// The cable is pulled: both ends see the socket close.
    pub fn cut(&mut self, seat: Seat) {
        self.link.send(self.now, Parcel::HostSeesClose(seat));
        self.link.send(self.now, Parcel::GuestSeesClose(seat));
    }

    /// The network of the guest is gone for good, and both ends know.
    pub fn unplug(&mut self, seat: Seat) {
        self.give_host(host::Input::Closed(self.connection(seat)));
        self.dark.insert(seat);
        self.link.send(self.now, Parcel::GuestSeesClose(seat));
    }

    fn connection(&self, seat: Seat) -> ConnId {
        ConnId(seat + REDIAL * self.dialled.get(&seat).copied().unwrap_or(0))
    }

    /// The guest's network is gone and the host does not know: only one end sees the socket close.
    pub fn go_dark(&mut self, seat: Seat) {
        self.dark.insert(seat);
        self.link.send(self.now, Parcel::GuestSeesClose(seat));
    }

    pub fn endpoint(&self, seat: Seat) -> String {
        self.guests[&seat].endpoint.clone()
    }

    /// What the guest reported since the last time somebody asked.
    pub fn events(&mut self, seat: Seat) -> Vec<Event> {
        self.guests.get_mut(&seat).map(|player| std::mem::take(&mut player.events)).unwrap_or_default()
    }

    /// Forgets what everybody reported so far.
    pub fn hush(&mut self) {
        for player in self.guests.values_mut() {
            player.events.clear();
        }
        self.told.clear();
    }

    /// Lets everything happen that happens within this time.
    pub fn drive(&mut self, time: Duration) {
        let end = self.now + time;
        while self.next().is_some_and(|at| at <= end) {
            self.step();
        }
        self.now = end;
    }

    /// Goes to the next moment at which something happens, and lets it.
    pub fn step(&mut self) {
        let Some(at) = self.next() else { return };
        self.now = self.now.max(at);
        let due = self.link.under_way.first_entry().filter(|entry| entry.key().0 <= self.now);
        if let Some(parcel) = due.map(|entry| entry.remove()) {
            return self.deliver(parcel);
        }
        if self.host_wake.is_some_and(|wake| wake <= self.now) {
            self.host.handle_timeout(self.now);
            return self.drain_host();
        }
        let late = |player: &Player| player.wake.is_some_and(|wake| wake <= self.now);
        let seat = self.guests.iter().find(|(_, player)| late(player)).map(|(seat, _)| *seat);
        if let Some(seat) = seat {
            self.give(seat, guest::Input::Timeout);
        }
    }

    fn next(&self) -> Option<Instant> {
        let parcel = self.link.under_way.keys().next().map(|(at, _)| *at);
        let wakes = self.guests.values().filter_map(|player| player.wake);
        parcel.into_iter().chain(self.host_wake).chain(wakes).min()
    }

    fn deliver(&mut self, parcel: Parcel) {
        match parcel {
            Parcel::ToHost(seat, _) | Parcel::HostSeesClose(seat) | Parcel::HostSeesOpen(seat)
                if self.dark.contains(&seat) => {}
            Parcel::ToHost(seat, text) => self.give_host(host::Input::Text(self.connection(seat), text)),
            Parcel::HostSeesClose(seat) => self.give_host(host::Input::Closed(self.connection(seat))),
            Parcel::ToGuest(seat, text) => {
                if let Some(player) = self.guests.get_mut(&seat) {
                    player.frames.push(text.clone());
                }
                self.give(seat, guest::Input::Text(text));
            }
            Parcel::GuestSeesClose(seat) => self.give(seat, guest::Input::Closed),
            Parcel::HostSeesOpen(seat) => {
                *self.dialled.entry(seat).or_default() += 1;
                let connection = self.connection(seat);
                self.give_host(host::Input::Opened { connection, from: Ipv4Addr::LOCALHOST.into() });
                self.link.send(self.now, Parcel::GuestSeesOpen(seat));
            }
            Parcel::GuestSeesOpen(seat) => self.give(seat, guest::Input::Opened),
        }
    }

    fn give_host(&mut self, input: host::Input) {
        self.host.handle(self.now, input);
        self.drain_host();
    }

    fn drain_host(&mut self) {
        loop {
            match self.host.poll_output() {
                host::Output::Send(to, text) if to == self.connection(to.0 % REDIAL) => {
                    self.link.send(self.now, Parcel::ToGuest(to.0 % REDIAL, text));
                }
                host::Output::CloseConnection(of) if of == self.connection(of.0 % REDIAL) => {
                    self.link.send(self.now, Parcel::GuestSeesClose(of.0 % REDIAL));
                }
                // A connection that was replaced; its other end is gone.
                host::Output::Send(..) | host::Output::CloseConnection(_) => {}
                host::Output::Event(event) => {
                    if let host::Event::Allocate { room, endpoint } = &event {
                        let (room, endpoint) = (room.clone(), endpoint.clone());
                        let transport = transport(Setup::ActPass);
                        self.host.handle(self.now, host::Input::Allocated { room, endpoint, transport });
                    }
                    self.told.push(event);
                }
                host::Output::Wait(wake) => {
                    self.host_wake = wake;
                    return;
                }
            }
        }
    }

    fn give(&mut self, seat: Seat, input: guest::Input) {
        let Some(player) = self.guests.get_mut(&seat) else { return };
        player.guest.handle(self.now, input);
        loop {
            match player.guest.poll_output() {
                guest::Output::Send(text) => self.link.send(self.now, Parcel::ToHost(seat, text)),
                guest::Output::Event(event) => {
                    let answer = application(player, seat, &event);
                    if matches!(event, Event::Failed(_) | Event::Ended(_)) {
                        self.link.send(self.now, Parcel::HostSeesClose(seat));
                    }
                    if matches!(event, Event::Dial { .. }) {
                        self.link.send(self.now, Parcel::HostSeesOpen(seat));
                    }
                    player.events.push(event);
                    if let Some(command) = answer {
                        player.guest.handle(self.now, guest::Input::Command(command));
                    }
                }
                guest::Output::Wait(wake) => {
                    player.wake = wake;
                    return;
                }
            }
        }
    }
}

/// What the program around the guest does about an event.
fn application(player: &mut Player, seat: Seat, event: &Event) -> Option<Command> {
    if let Event::Joined { endpoint_id, .. } = event {
        player.endpoint.clone_from(endpoint_id);
    }
    if matches!(event, Event::Offer(_)) {
        let (sources, groups) = voice_and_picture(&player.endpoint, seat);
        return Some(Command::Accept { transport: transport(Setup::Active), sources, groups });
    }
    if matches!(event, Event::Accepted) {
        let names = ["a0", "v0"].map(|kind| (format!("{}-{kind}", player.endpoint), SourceState::default()));
        return Some(Command::SetSourceInfo(names.into()));
    }
    None
}

/// SSRCs: seat times 100, plus 1 for the voice, 11 to 13 for the layers, 21 to 23 for their retransmissions.
pub fn voice_and_picture(endpoint: &str, seat: Seat) -> (Vec<Source>, Vec<Group>) {
    let base = 100 * u32::try_from(seat).unwrap();
    let source = |kind, ssrc, name: &str| Source {
        kind,
        ssrc: base + ssrc,
        name: format!("{endpoint}-{name}"),
        owner: None,
        msid: Some(format!("{endpoint}-{name} track")),
        video_type: VideoType::Camera,
    };
    let group = |semantics, ssrcs: &[u32]| Group {
        kind: Kind::Video,
        semantics,
        ssrcs: ssrcs.iter().map(|ssrc| base + ssrc).collect(),
    };
    let layers = [11, 12, 13, 21, 22, 23].map(|ssrc| source(Kind::Video, ssrc, "v0"));
    let mut sources = vec![source(Kind::Audio, 1, "a0")];
    sources.extend(layers);
    let groups = vec![
        group(Semantics::Sim, &[11, 12, 13]),
        group(Semantics::Fid, &[11, 21]),
        group(Semantics::Fid, &[12, 22]),
        group(Semantics::Fid, &[13, 23]),
    ];
    (sources, groups)
}

fn transport(setup: Setup) -> Transport {
    Transport {
        ufrag: "ufrag".into(),
        pwd: "a password of some length".into(),
        fingerprint: Some(Fingerprint { hash: "sha-256".into(), value: "AA:BB".into() }),
        setup: Some(setup),
        candidates: Vec::new(),
        web_socket: None,
    }
}
