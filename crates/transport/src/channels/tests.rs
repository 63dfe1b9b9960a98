//! Two ends over a link in virtual time; the traps of the pinned SCTP library, each with its guard.

use std::collections::VecDeque;
use std::fmt;

use super::*;

mod hostile;

const CLIENT: usize = 0;
const SERVER: usize = 1;
const LABEL: &str = "JVB data channel";
const PROTOCOL: &str = "http://jitsi.org/protocols/colibri";

struct Link {
    sides: [Channels; 2],
    now: Instant,
    begun: Instant,
    flying: VecDeque<(Instant, usize, Bytes)>,
    events: [Vec<ChannelEvent>; 2],
    lost_per_mille: u64,
    random: u64,
}

impl fmt::Debug for Link {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = |side: usize| self.events[side].iter().rev().take(3).collect::<Vec<_>>();
        write!(formatter, "after {:?}: {:?} and {:?}", self.now - self.begun, told(CLIENT), told(SERVER))
    }
}

fn link() -> Link {
    let side = |role| Channels::new(role, Some(MAX_RECEIVED as u32));
    Link::of([side(DtlsRole::Client), side(DtlsRole::Server)])
}

fn opened() -> (Link, ChannelId) {
    let mut link = link();
    let id = link.open(CLIENT);
    (link, id)
}

fn text(words: &str) -> ChannelMessage {
    ChannelMessage::Text(words.to_owned())
}

fn bytes(count: usize) -> ChannelMessage {
    ChannelMessage::Binary(Bytes::from(vec![7; count]))
}

impl Link {
    fn of(sides: [Channels; 2]) -> Self {
        let now = Instant::now();
        let (flying, events) = (VecDeque::new(), [Vec::new(), Vec::new()]);
        let mut link = Self { sides, now, begun: now, flying, events, lost_per_mille: 0, random: 0x9e37_79b9 };
        link.sides.iter_mut().for_each(|side| side.start(now));
        link
    }

    fn is_lost(&mut self) -> bool {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % 1000 < self.lost_per_mille
    }

    fn drain(&mut self) {
        for side in [CLIENT, SERVER] {
            while let Some(packet) = self.sides[side].poll_packet() {
                if !self.is_lost() {
                    self.flying.push_back((self.now + Duration::from_millis(10), 1 - side, packet));
                }
            }
            while let Some(event) = self.sides[side].poll_event() {
                self.events[side].push(event);
            }
        }
    }

    fn step(&mut self) {
        self.drain();
        self.now += Duration::from_millis(1);
        for side in &mut self.sides {
            if side.poll_timeout().is_some_and(|due| due <= self.now) {
                side.handle_timeout(self.now);
            }
        }
        while self.flying.front().is_some_and(|(due, _, _)| *due <= self.now) {
            let (_, to, packet) = self.flying.pop_front().unwrap();
            self.sides[to].handle(self.now, packet);
        }
        self.drain();
    }

    /// How long it took, at most so many milliseconds.
    fn until(&mut self, limit: u32, mut done: impl FnMut(&mut Self) -> bool) -> u32 {
        for spent in 0..limit {
            if done(self) {
                return spent;
            }
            self.step();
        }
        panic!("not within {limit} ms, {self:?}");
    }

    fn run(&mut self, millis: u32) {
        (0..millis).for_each(|_| self.step());
    }

    fn open(&mut self, by: usize) -> ChannelId {
        let id = self.sides[by].open(self.now, LABEL, PROTOCOL).unwrap();
        self.until(60_000, |link| [CLIENT, SERVER].iter().all(|side| link.saw_open(*side, id)));
        id
    }

    fn saw_open(&self, side: usize, wanted: ChannelId) -> bool {
        self.events[side].iter().any(|event| matches!(event, ChannelEvent::Opened { id, .. } if *id == wanted))
    }

    fn saw(&self, side: usize, wanted: &ChannelEvent) -> bool {
        self.events[side].contains(wanted)
    }

    fn send(&mut self, side: usize, id: ChannelId, message: &ChannelMessage) {
        self.sides[side].send(self.now, id, message).unwrap();
    }

    fn messages(&self, side: usize) -> Vec<&ChannelMessage> {
        let events = self.events[side].iter();
        events
            .filter_map(|event| if let ChannelEvent::Message { message, .. } = event { Some(message) } else { None })
            .collect()
    }

    /// The next packet of that side with a chunk of this kind first, taken off the link.
    fn catch(&mut self, side: usize, kind: u8) -> Bytes {
        self.until(10_000, |link| {
            link.drain();
            link.flying.iter().any(|(_, to, packet)| *to == 1 - side && packet[12] == kind)
        });
        let at = self.flying.iter().position(|(_, to, packet)| *to == 1 - side && packet[12] == kind).unwrap();
        self.flying.remove(at).unwrap().2
    }

    /// A packet as that side would send it, with these chunks instead of its own.
    fn forge(&mut self, side: usize, id: ChannelId, chunks: &[u8]) -> Bytes {
        self.send(side, id, &text("model"));
        let mut forged = self.catch(side, 0)[..12].to_vec();
        forged.extend_from_slice(chunks);
        sealed(forged)
    }
}

/// With the checksum of RFC 9260 appendix A.
fn sealed(mut packet: Vec<u8>) -> Bytes {
    packet[8..12].fill(0);
    let mut crc = !0u32;
    for byte in &packet {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 != 0 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    packet[8..12].copy_from_slice(&(!crc).to_le_bytes());
    Bytes::from(packet)
}

#[test]
fn both_sides_may_open_and_say_text_bytes_and_nothing() {
    for by in [CLIENT, SERVER] {
        let mut link = link();
        let id = link.open(by);
        assert_eq!(id.0 % 2, by as u16, "even numbers are the DTLS client's");
        let (label, protocol) = (LABEL.to_owned(), PROTOCOL.to_owned());
        assert!(link.saw(1 - by, &ChannelEvent::Opened { id, by_peer: true, label, protocol }));
        let said = [text("grüß"), text(""), ChannelMessage::Binary(Bytes::new()), bytes(MAX_RECEIVED)];
        for side in [CLIENT, SERVER] {
            said.iter().for_each(|message| link.send(side, id, message));
        }
        link.until(10_000, |link| link.messages(CLIENT).len() == 4 && link.messages(SERVER).len() == 4);
        for side in [CLIENT, SERVER] {
            assert_eq!(link.messages(side), said.iter().collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_channel_asked_for_before_the_association_stands_opens_with_it() {
    let mut link = link();
    link.sides[SERVER].open(link.now, "early", "").unwrap();
    let spent = link.until(1000, |link| link.saw_open(CLIENT, ChannelId(1)));
    assert!(spent < 100, "{spent} ms");
}

#[test]
fn a_tenth_lost_delays_messages_and_loses_none() {
    let (mut link, id) = opened();
    link.lost_per_mille = 100;
    let said: Vec<_> = (0..200).map(|number| text(&format!("{number:01000}"))).collect();
    said.iter().for_each(|message| link.send(CLIENT, id, message));
    link.until(300_000, |link| link.messages(SERVER).len() == said.len());
    assert_eq!(link.messages(SERVER), said.iter().collect::<Vec<_>>(), "in order");
}

#[test]
fn an_outage_of_a_minute_loses_nothing() {
    let (mut link, id) = opened();
    link.lost_per_mille = 1000;
    link.send(CLIENT, id, &text("before"));
    link.run(60_000);
    link.lost_per_mille = 0;
    link.until(61_000, |link| link.messages(SERVER).len() == 1);
}

#[test]
fn too_much_unsent_is_refused_and_told_when_there_is_room() {
    let (mut link, id) = opened();
    let mut taken = 0;
    while link.sides[CLIENT].send(link.now, id, &bytes(64 * 1024)).is_ok() {
        taken += 1;
        assert!(taken <= MAX_UNSENT / (64 * 1024));
    }
    assert_eq!(link.sides[CLIENT].send(link.now, id, &bytes(64 * 1024)), Err(TransportError::ChannelFull));
    link.until(10_000, |link| link.saw(CLIENT, &ChannelEvent::Writable { id }));
    link.send(CLIENT, id, &text("again"));
    link.until(10_000, |link| link.messages(SERVER).len() == taken + 1);
}

#[test]
fn a_close_by_either_side_reaches_both_after_what_was_said() {
    for by in [CLIENT, SERVER] {
        let (mut link, id) = opened();
        (0..50).for_each(|_| link.send(by, id, &bytes(1000)));
        let now = link.now;
        link.sides[by].close(now, id);
        link.until(3000, |link| [CLIENT, SERVER].iter().all(|side| link.saw(*side, &ChannelEvent::Closed { id })));
        assert_eq!(link.messages(1 - by).len(), 50);
        assert_eq!(link.sides[by].send(link.now, id, &text("late")), Err(TransportError::ChannelNotOpen));
        assert_ne!(link.open(CLIENT), id, "a number is not used twice");
    }
}
