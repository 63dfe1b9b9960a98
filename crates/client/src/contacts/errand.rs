//! The one place of this crate where sockets are opened and names are looked up.
//!
//! An [`Errand`] says why, and under which noted text; it is made from a permit. Everything that goes anywhere takes one, so what
//! was opened is counted, and going somewhere without a permit does not compile. Clippy refuses the usual calls elsewhere.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use runde_privacy::Ground;
use runde_transport::socket::{Meter, Socket};
use tokio::net::{TcpStream, UdpSocket};

use super::{Carrier, Contacts, Counted, Entry, Key, MAX_ENTRIES, Purpose};

/// Why this program goes somewhere, what allows it, and where that is written down.
#[derive(Clone, Debug)]
pub(crate) struct Errand {
    contacts: Contacts,
    ground: Ground,
    purpose: Purpose,
}

impl Errand {
    pub(crate) fn new(ground: &Ground, contacts: &Contacts, purpose: Purpose) -> Self {
        Self { contacts: contacts.clone(), ground: ground.clone(), purpose }
    }

    /// The same for another purpose.
    pub(crate) fn towards(&self, purpose: Purpose) -> Self {
        Self { purpose, ..self.clone() }
    }

    pub(crate) const fn contacts(&self) -> &Contacts {
        &self.contacts
    }

    /// The addresses of a name, as the system says them.
    ///
    /// # Errors
    /// As the system says.
    #[expect(clippy::disallowed_methods, reason = "here it is written down")]
    pub(crate) async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        if host.parse::<IpAddr>().is_err() {
            self.towards(Purpose::NameResolution).open(host, None, Carrier::System);
        }
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }

    /// A TCP connection; one that fails was a contact, too.
    ///
    /// # Errors
    /// As the system says.
    #[expect(clippy::disallowed_methods, reason = "here it is counted")]
    pub(crate) async fn connect(&self, host: &str, address: SocketAddr) -> io::Result<Counted> {
        let entry = self.open(host, Some(address), Carrier::Tcp);
        let tcp = TcpStream::connect(address).await?;
        // Stanzas are small and answers wait for them.
        let _ = tcp.set_nodelay(true);
        Ok(Counted::new(tcp, self.contacts.clone(), entry))
    }

    /// A UDP socket for one server alone, and what counts its datagrams.
    ///
    /// # Errors
    /// As the system says.
    #[expect(clippy::disallowed_methods, reason = "here it is counted")]
    pub(crate) async fn datagrams(&self, host: &str, server: SocketAddr) -> io::Result<(UdpSocket, Arc<dyn Meter>)> {
        let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        let socket = UdpSocket::bind((any, 0)).await?;
        socket.connect(server).await?;
        let entry = self.open(host, Some(server), Carrier::Udp);
        Ok((socket, Arc::new(One { contacts: self.contacts.clone(), entry })))
    }

    /// A socket for sound and picture.
    ///
    /// # Errors
    /// As the system says.
    #[expect(clippy::disallowed_methods, reason = "here it is counted")]
    pub(crate) fn media_socket(&self, local: SocketAddr) -> io::Result<Socket> {
        Socket::metered(local, Arc::new(self.towards(Purpose::Media).media()))
    }

    /// A socket for the direct connection to another participant, and who is to be told which address theirs is.
    ///
    /// # Errors
    /// As the system says.
    #[expect(clippy::disallowed_methods, reason = "here it is counted")]
    pub(crate) fn direct_socket(&self, local: SocketAddr) -> io::Result<(Socket, Arc<Other>)> {
        let other = Arc::new(self.towards(Purpose::Direct).other());
        Ok((Socket::metered(local, other.clone())?, other))
    }

    pub(super) fn other(self) -> Other {
        Other { errand: self, chosen: Mutex::default() }
    }

    pub(super) fn media(self) -> Media {
        Media { errand: self, entries: Mutex::default() }
    }

    pub(super) fn open(&self, host: &str, address: Option<SocketAddr>, carrier: Carrier) -> Entry {
        self.contacts.open(self.key(host.to_owned(), address, carrier))
    }

    fn key(&self, host: String, address: Option<SocketAddr>, carrier: Carrier) -> Key {
        Key { host, address, carrier, purpose: self.purpose, ground: self.ground.clone() }
    }
}

/// Counts at a socket that is connected to one server.
#[derive(Debug)]
struct One {
    contacts: Contacts,
    entry: Entry,
}

impl Meter for One {
    fn sent(&self, _peer: SocketAddr, bytes: u64) {
        self.contacts.count(self.entry, bytes, 0);
    }

    fn received(&self, _peer: SocketAddr, bytes: u64) {
        self.contacts.count(self.entry, 0, bytes);
    }
}

/// Counts at the socket of a direct connection. The other person names addresses of theirs, and whether these are theirs at all
/// shows only when one answers: that one is a contact, checks of all others are in the sum of what has no entry.
#[derive(Debug)]
pub(crate) struct Other {
    errand: Errand,
    chosen: Mutex<Option<(SocketAddr, Entry)>>,
}

impl Other {
    /// Sound and picture go there now.
    pub(crate) fn choose(&self, peer: SocketAddr) {
        let mut chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        if chosen.is_none_or(|(before, _)| before != peer) {
            *chosen = Some((peer, self.errand.open(&peer.ip().to_canonical().to_string(), Some(peer), Carrier::Udp)));
        }
    }

    fn entry(&self, peer: SocketAddr) -> Entry {
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.and_then(|(address, entry)| entry.filter(|_| address == peer))
    }
}

impl Meter for Other {
    fn sent(&self, peer: SocketAddr, bytes: u64) {
        self.errand.contacts.count(self.entry(peer), bytes, 0);
    }

    fn received(&self, peer: SocketAddr, bytes: u64) {
        self.errand.contacts.count(self.entry(peer), 0, bytes);
    }
}

/// Counts at the media socket, by address. Whoever sends there gets an entry, asked or not.
#[derive(Debug)]
pub(super) struct Media {
    errand: Errand,
    /// So that no text is built for each datagram.
    entries: Mutex<BTreeMap<SocketAddr, Entry>>,
}

impl Media {
    fn entry(&self, peer: SocketAddr, asked: bool) -> Entry {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(entry) = entries.get(&peer) {
            return *entry;
        }
        let key = self.errand.key(peer.ip().to_canonical().to_string(), Some(peer), Carrier::Udp);
        let entry = if asked { self.errand.contacts.open(key) } else { self.errand.contacts.find(key) };
        if entries.len() < MAX_ENTRIES {
            entries.insert(peer, entry);
        }
        entry
    }
}

impl Meter for Media {
    fn sent(&self, peer: SocketAddr, bytes: u64) {
        self.errand.contacts.count(self.entry(peer, true), bytes, 0);
    }

    fn received(&self, peer: SocketAddr, bytes: u64) {
        self.errand.contacts.count(self.entry(peer, false), 0, bytes);
    }
}

/// What a test may open sockets with: a permit for this computer, from a real ledger.
#[cfg(test)]
pub(crate) fn errand_of(contacts: &Contacts) -> Errand {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;
    use runde_privacy::{Acknowledgement, ChainKey, Circumstances, Gate, Lang, Ledger, Notice, Target};
    let target = Target::new("127.0.0.1", None).unwrap();
    let how = Circumstances { target: Some(target.clone()), ..Circumstances::default() };
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut ledger = Ledger::new(ChainKey::from_bytes([1; 32]));
    let noted = Acknowledgement::noted(&Notice::for_target(&target), Lang::De, how, &mut rng);
    ledger.record(noted, &mut rng).unwrap().confirm();
    let permit = Gate::replay(&ledger).contact(&target).unwrap();
    Errand::new(permit.ground(), contacts, Purpose::Signalling)
}
