//! The contact ledger: which hosts this program went to, when, why, how many bytes, and under which noted text.
//!
//! It is kept in memory only and ends with the program. A face makes one ([`Contacts::default`]), hands it to whatever may open a
//! socket, and looks at it whenever it likes ([`Contacts::seen`]). Bytes are those that the socket carried, without the headers of
//! TCP, UDP and IP. Sockets of this crate are opened in `errand` and nowhere else, so nothing is left out; the system's name service
//! is a program of its own, of which only the question is known.

mod errand;
mod export;
mod stream;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use runde_privacy::Ground;
use runde_privacy::stamp::Moment;
pub use runde_signalling::config::{Ignored, IgnoredKind};

#[cfg(test)]
pub(crate) use errand::errand_of as errand;
pub(crate) use errand::{Errand, Other};
pub(crate) use stream::Counted;

/// Entries of their own. A meeting makes about six, and whoever sends datagrams to the media socket makes one for each of their
/// addresses: what comes after so many is added up in one sum, and nothing already there is lost for it.
const MAX_ENTRIES: usize = 512;

/// Ignored wishes that are remembered. A deployment has a dozen.
const MAX_IGNORED: usize = 128;

/// Why a host was gone to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// What an unknown server says about itself.
    Notice,
    /// The deployment's config.js.
    Configuration,
    /// The conversation with the room (XMPP), by WebSocket or plain requests.
    Signalling,
    /// The conference was asked for by HTTP.
    ConferenceRequest,
    /// The WebSocket to the video bridge.
    BridgeChannel,
    /// Sound and picture, sealed.
    Media,
    /// Sound and picture to and from the one other participant, without the video bridge in between.
    Direct,
    /// Sound and picture through a relay of the deployment (TURN), and its set-up.
    Relay,
    /// The proxy that the environment names, with everything that passes it.
    Proxy,
    /// The system was asked for the addresses of this name.
    NameResolution,
}

impl Purpose {
    /// For exports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Configuration => "configuration",
            Self::Signalling => "signalling",
            Self::ConferenceRequest => "conference-request",
            Self::BridgeChannel => "bridge-channel",
            Self::Media => "media",
            Self::Direct => "direct-connection",
            Self::Relay => "relay",
            Self::Proxy => "proxy",
            Self::NameResolution => "name-resolution",
        }
    }
}

/// What carried the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carrier {
    Tcp,
    Udp,
    /// A service of the operating system; its bytes are not ours to count.
    System,
}

impl Carrier {
    /// For exports.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::System => "system",
        }
    }
}

/// One host at one address, for one purpose, under one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contacted {
    /// As the link or the server names it; the address where nothing else is known.
    pub host: String,
    /// `None` for a question to the system's name service.
    pub address: Option<SocketAddr>,
    pub carrier: Carrier,
    pub purpose: Purpose,
    /// The noted text that allowed it.
    pub ground: Ground,
    pub first: Moment,
    pub last: Moment,
    /// Sockets opened towards it, attempts that failed included; questions to the name service.
    pub times: u32,
    /// Bytes that left.
    pub sent: u64,
    /// Bytes that came.
    pub received: u64,
}

/// What found no entry of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    pub times: u32,
    pub sent: u64,
    pub received: u64,
}

/// The ledger at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// In the order of their first contact.
    pub contacts: Vec<Contacted>,
    pub beyond: Beyond,
    /// What servers asked for that would lead elsewhere, and that was not done.
    pub ignored: Vec<Ignored>,
    /// A room said what no honest one says; it was not obeyed.
    pub odd_room: bool,
}

/// The ledger. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Contacts(Arc<Mutex<Book>>);

#[derive(Debug, Default)]
struct Book {
    entries: Vec<Contacted>,
    places: BTreeMap<Key, usize>,
    beyond: Beyond,
    ignored: BTreeSet<Ignored>,
    odd_room: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    host: String,
    address: Option<SocketAddr>,
    carrier: Carrier,
    purpose: Purpose,
    ground: Ground,
}

/// Number of an entry; `None` is the sum of what found none.
type Entry = Option<usize>;

impl Contacts {
    /// What is in it now.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let book = self.book();
        let ignored = book.ignored.iter().cloned().collect();
        Seen { contacts: book.entries.clone(), beyond: book.beyond, ignored, odd_room: book.odd_room }
    }

    /// A server asked for something that is not done.
    pub(crate) fn ignore(&self, ignored: Ignored) {
        let mut book = self.book();
        if book.ignored.len() < MAX_IGNORED {
            book.ignored.insert(ignored);
        }
    }

    /// Something is done after all.
    pub(crate) fn heed(&self, kind: IgnoredKind) {
        self.book().ignored.retain(|ignored| ignored.kind != kind);
    }

    /// A room said what no honest one says.
    pub(crate) fn note_odd_room(&self) {
        self.book().odd_room = true;
    }

    /// Somebody goes there now.
    fn open(&self, key: Key) -> Entry {
        let (mut book, now) = (self.book(), now());
        let entry = book.entry(key, now);
        match entry.and_then(|at| book.entries.get_mut(at)) {
            Some(contacted) => (contacted.times, contacted.last) = (contacted.times.saturating_add(1), now),
            None => book.beyond.times = book.beyond.times.saturating_add(1),
        }
        entry
    }

    /// The entry for something that came without having been asked for.
    fn find(&self, key: Key) -> Entry {
        self.book().entry(key, now())
    }

    fn count(&self, entry: Entry, sent: u64, received: u64) {
        let mut book = self.book();
        match entry.and_then(|at| book.entries.get_mut(at)) {
            Some(contacted) => {
                contacted.last = now();
                contacted.sent = contacted.sent.saturating_add(sent);
                contacted.received = contacted.received.saturating_add(received);
            }
            None => {
                book.beyond.sent = book.beyond.sent.saturating_add(sent);
                book.beyond.received = book.beyond.received.saturating_add(received);
            }
        }
    }

    /// Sums are right after every line that changes them, so a panic elsewhere is no reason to stop counting.
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn entry(&mut self, key: Key, now: Moment) -> Entry {
        if let Some(at) = self.places.get(&key) {
            return Some(*at);
        }
        let at = self.entries.len();
        if at >= MAX_ENTRIES {
            return None;
        }
        let Key { host, address, carrier, purpose, ground } = key.clone();
        let (first, last) = (now, now);
        let contacted =
            Contacted { host, address, carrier, purpose, ground, first, last, times: 0, sent: 0, received: 0 };
        self.entries.push(contacted);
        self.places.insert(key, at);
        Some(at)
    }
}

fn now() -> Moment {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Moment::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use runde_transport::socket::Meter;

    #[test]
    fn a_flood_from_many_addresses_neither_grows_without_end_nor_pushes_anything_out() {
        let contacts = Contacts::default();
        let errand = errand(&contacts);
        let known = errand.towards(Purpose::Signalling).open("meet.example", None, Carrier::Tcp);
        contacts.count(known, 1, 2);
        let meter = errand.towards(Purpose::Media).media();
        for port in 1..=2_000 {
            meter.received(SocketAddr::from(([192, 0, 2, 1], port)), 10);
        }
        let seen = contacts.seen();
        assert_eq!((seen.contacts.len(), seen.contacts[0].received), (MAX_ENTRIES, 2));
        let kept: u64 = seen.contacts[1..].iter().map(|contacted| contacted.received).sum();
        assert_eq!(kept + seen.beyond.received, 20_000);
    }

    #[test]
    fn of_a_direct_connection_only_the_chosen_address_is_a_contact_and_every_byte_is_counted() {
        let contacts = Contacts::default();
        let other = errand(&contacts).towards(Purpose::Direct).other();
        let (first, second) = (SocketAddr::from(([192, 0, 2, 1], 9)), SocketAddr::from(([192, 0, 2, 2], 9)));
        other.sent(first, 10);
        other.sent(second, 10);
        assert!(contacts.seen().contacts.is_empty(), "addresses that were only tried");
        other.choose(second);
        other.sent(first, 10);
        other.sent(second, 10);
        other.received(second, 5);
        let seen = contacts.seen();
        let entry = &seen.contacts[0];
        assert_eq!((seen.contacts.len(), entry.address, entry.purpose.word()), (1, Some(second), "direct-connection"));
        assert_eq!((entry.sent, entry.received, seen.beyond.sent), (10, 5, 30));
    }

    #[test]
    fn the_same_place_for_the_same_purpose_is_one_entry_and_for_another_two() {
        let contacts = Contacts::default();
        let errand = errand(&contacts);
        for purpose in [Purpose::Configuration, Purpose::Signalling, Purpose::Signalling] {
            errand.towards(purpose).open("meet.example", None, Carrier::Tcp);
        }
        let seen = contacts.seen();
        assert_eq!(seen.contacts.iter().map(|contacted| contacted.times).collect::<Vec<_>>(), [1, 2]);
        assert!(!seen.contacts[0].ground.sha256().is_empty());
    }

    #[test]
    fn wishes_of_a_hostile_server_are_remembered_up_to_a_number() {
        let contacts = Contacts::default();
        for number in 0..1_000 {
            let host = Some(format!("h{number}.example"));
            contacts.ignore(Ignored { key: "stun".to_owned(), kind: IgnoredKind::Relay, host });
        }
        assert_eq!(contacts.seen().ignored.len(), MAX_IGNORED);
    }
}
