//! A bad network on purpose: a relay for UDP and TCP in user space that loses, delays, scatters, slows and cuts.
//!
//! It stands before a server on loopback and knows nothing of what passes. Chance is seeded, so the same datagrams get lost in every
//! run that sends the same. Start at [`Relay::before`]; what a [`Lane`] does with one datagram is a function of the time it is told.

use crate::Outcome;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What waits longer before a slow lane is lost, as in a router with a short queue.
const QUEUE: Duration = Duration::from_millis(500);
/// How often threads look whether the relay is gone.
const LOOK: Duration = Duration::from_millis(50);
/// The largest datagram.
const DATAGRAM: usize = 65_535;

/// What happens to one direction.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Impairment {
    /// Share of datagrams that get lost, 0 to 1. Never applied to TCP, which repairs losses out of sight.
    pub loss: f64,
    pub delay: Duration,
    /// Added to the delay of each datagram, from nothing to this; datagrams may overtake each other. Never applied to TCP.
    pub jitter: Duration,
    /// Bytes a second; none is no limit.
    pub rate: Option<u64>,
}

impl Impairment {
    pub const NONE: Self = Self { loss: 0.0, delay: Duration::ZERO, jitter: Duration::ZERO, rate: None };
}

/// One direction of datagrams.
#[derive(Debug)]
pub struct Lane {
    state: u64,
    /// A slow lane is busy until then.
    busy: Option<Instant>,
}

impl Lane {
    /// The same seed loses the same datagrams.
    pub fn new(seed: u64) -> Self {
        Self { state: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, busy: None }
    }

    /// 0 to 1, from the seed (xorshift: sameness matters here, quality does not).
    fn chance(&mut self) -> f64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// When a datagram of so many bytes that comes now is let out; `None`: never.
    pub fn pass(&mut self, now: Instant, bytes: usize, impairment: &Impairment) -> Option<Instant> {
        let (luck, scatter) = (self.chance(), self.chance());
        if luck < impairment.loss {
            return None;
        }
        let begins = match impairment.rate {
            Some(rate) => {
                let begins = self.busy.map_or(now, |busy| busy.max(now));
                if begins.saturating_duration_since(now) > QUEUE {
                    return None;
                }
                let ends = begins + Duration::from_secs_f64(bytes as f64 / rate.max(1) as f64);
                self.busy = Some(ends);
                ends
            }
            None => now,
        };
        Some(begins + impairment.delay + impairment.jitter.mul_f64(scatter))
    }
}

/// What passed and what did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    pub passed: u64,
    pub lost: u64,
}

/// A datagram on its way.
struct Letter {
    due: Instant,
    number: u64,
    bytes: Vec<u8>,
    socket: Arc<UdpSocket>,
    /// `None`: where the socket is connected to.
    to: Option<SocketAddr>,
}

impl PartialEq for Letter {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}
impl Eq for Letter {}
impl PartialOrd for Letter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Letter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.number).cmp(&(other.due, other.number))
    }
}

struct Lanes {
    up: Lane,
    down: Lane,
    weather: (Impairment, Impairment),
}

struct Shared {
    to: SocketAddr,
    lanes: Mutex<Lanes>,
    mail: Mutex<BinaryHeap<Reverse<Letter>>>,
    posted: Condvar,
    /// The guest's side and the server's of each connection.
    streams: Mutex<Vec<(TcpStream, TcpStream)>>,
    blocked: AtomicBool,
    over: AtomicBool,
    passed: AtomicU64,
    lost: AtomicU64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Direction {
    Up,
    Down,
}

/// A running relay. It ends with the value; connections through it end then, too.
pub struct Relay {
    /// Where guests come: UDP and TCP on one port of loopback.
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

impl Relay {
    /// Stands before `to`, which need not listen yet. `seed` decides what gets lost.
    pub fn before(to: SocketAddr, seed: u64) -> Outcome<Self> {
        let (listener, front) = one_port()?;
        let address = listener.local_addr()?;
        let weather = (Impairment::NONE, Impairment::NONE);
        let shared = Arc::new(Shared {
            to,
            lanes: Mutex::new(Lanes { up: Lane::new(seed), down: Lane::new(!seed), weather }),
            mail: Mutex::default(),
            posted: Condvar::new(),
            streams: Mutex::default(),
            blocked: AtomicBool::new(false),
            over: AtomicBool::new(false),
            passed: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        });
        let (posting, fronting, listening) = (shared.clone(), shared.clone(), shared.clone());
        std::thread::spawn(move || posting.deliver());
        std::thread::spawn(move || fronting.serve_datagrams(&Arc::new(front)));
        std::thread::spawn(move || listening.serve_streams(&listener));
        Ok(Self { address, shared })
    }

    /// From now on: towards the server, and back.
    pub fn impair(&self, up: Impairment, down: Impairment) {
        locked(&self.shared.lanes).weather = (up, down);
    }

    /// Whether UDP goes through at all, as behind a firewall; TCP does not notice.
    pub fn block_datagrams(&self, blocked: bool) {
        self.shared.blocked.store(blocked, Ordering::Relaxed);
    }

    /// Closes every TCP connection on both sides; how many there were. The next one goes through.
    pub fn cut_streams(&self) -> usize {
        self.shared.cut()
    }

    /// Datagrams so far.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts { passed: read(&self.shared.passed), lost: read(&self.shared.lost) }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        self.shared.cut();
        self.shared.posted.notify_all();
    }
}

/// A port that is free for both.
fn one_port() -> Outcome<(TcpListener, UdpSocket)> {
    for _ in 0..50 {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        if let Ok(socket) = UdpSocket::bind(listener.local_addr()?) {
            return Ok((listener, socket));
        }
    }
    Err("no port is free for UDP and TCP at once".into())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn cut(&self) -> usize {
        let open = |stream: &TcpStream| stream.shutdown(Shutdown::Both).is_ok();
        // Both are closed, whatever the first says; the second may have followed it by itself meanwhile.
        locked(&self.streams).drain(..).filter(|(guest, server)| open(guest) | open(server)).count()
    }

    /// Decides on one datagram and puts it into the mail.
    fn post(&self, direction: Direction, bytes: &[u8], socket: &Arc<UdpSocket>, to: Option<SocketAddr>) {
        let due = {
            let mut lanes = locked(&self.lanes);
            let Lanes { up, down, weather } = &mut *lanes;
            match direction {
                Direction::Up => up.pass(Instant::now(), bytes.len(), &weather.0),
                Direction::Down => down.pass(Instant::now(), bytes.len(), &weather.1),
            }
        };
        let Some(due) = due.filter(|_| !self.blocked.load(Ordering::Relaxed)) else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let number = self.passed.fetch_add(1, Ordering::Relaxed);
        let letter = Letter { due, number, bytes: bytes.to_vec(), socket: socket.clone(), to };
        locked(&self.mail).push(Reverse(letter));
        self.posted.notify_one();
    }

    /// Carries out the mail when it is due.
    fn deliver(&self) {
        let mut mail = locked(&self.mail);
        while !self.is_over() {
            let wait = mail.peek().map(|Reverse(next)| next.due.saturating_duration_since(Instant::now()));
            match wait {
                Some(Duration::ZERO) => {
                    let Some(Reverse(letter)) = mail.pop() else { continue };
                    // A full or closed socket loses datagrams, as networks do.
                    let _ = match letter.to {
                        Some(to) => letter.socket.send_to(&letter.bytes, to),
                        None => letter.socket.send(&letter.bytes),
                    };
                }
                wait => {
                    let waited = self.posted.wait_timeout(mail, wait.unwrap_or(LOOK).min(LOOK));
                    mail = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
        }
    }

    /// Every guest gets a socket of its own towards the server, so that the server can tell them apart.
    fn serve_datagrams(self: &Arc<Self>, front: &Arc<UdpSocket>) {
        let (mut backs, mut buffer) = (BTreeMap::<SocketAddr, Arc<UdpSocket>>::new(), vec![0; DATAGRAM]);
        let _ = front.set_read_timeout(Some(LOOK));
        while !self.is_over() {
            let Ok((length, guest)) = front.recv_from(&mut buffer) else { continue };
            let back = match backs.get(&guest) {
                Some(back) => back.clone(),
                None => {
                    let Ok(back) = self.back(front, guest) else { continue };
                    backs.insert(guest, back.clone());
                    back
                }
            };
            self.post(Direction::Up, &buffer[..length], &back, None);
        }
    }

    fn back(self: &Arc<Self>, front: &Arc<UdpSocket>, guest: SocketAddr) -> std::io::Result<Arc<UdpSocket>> {
        let back = Arc::new(UdpSocket::bind("127.0.0.1:0")?);
        back.connect(self.to)?;
        back.set_read_timeout(Some(LOOK))?;
        let (shared, front, kept) = (self.clone(), front.clone(), back.clone());
        std::thread::spawn(move || {
            let mut buffer = vec![0; DATAGRAM];
            while !shared.is_over() {
                if let Ok(length) = back.recv(&mut buffer) {
                    shared.post(Direction::Down, &buffer[..length], &front, Some(guest));
                }
            }
        });
        Ok(kept)
    }

    fn serve_streams(self: &Arc<Self>, listener: &TcpListener) {
        let _ = listener.set_nonblocking(true);
        while !self.is_over() {
            let Ok((guest, _)) = listener.accept() else {
                std::thread::sleep(Duration::from_millis(5));
                continue;
            };
            // Nobody there: the guest sees its connection closed.
            let Ok(server) = TcpStream::connect(self.to) else { continue };
            let _ = self.join(&guest, &server);
        }
    }

    fn join(self: &Arc<Self>, guest: &TcpStream, server: &TcpStream) -> std::io::Result<()> {
        for stream in [guest, server] {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
        }
        locked(&self.streams).push((guest.try_clone()?, server.try_clone()?));
        self.carry(Direction::Up, guest.try_clone()?, server.try_clone()?);
        self.carry(Direction::Down, server.try_clone()?, guest.try_clone()?);
        Ok(())
    }

    /// Pieces keep their order; each waits for its delay.
    fn carry(self: &Arc<Self>, direction: Direction, mut from: TcpStream, to: TcpStream) {
        let (sender, receiver) = channel();
        let shared = self.clone();
        std::thread::spawn(move || write_in_time(&receiver, to));
        std::thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = from.read(&mut buffer) {
                if shared.send_piece(direction, &buffer[..length], &sender).is_err() {
                    return;
                }
            }
        });
    }

    fn send_piece(
        &self,
        direction: Direction,
        piece: &[u8],
        to: &Sender<(Instant, Vec<u8>)>,
    ) -> Result<(), std::sync::mpsc::SendError<(Instant, Vec<u8>)>> {
        let (up, down) = locked(&self.lanes).weather;
        let weather = if direction == Direction::Up { up } else { down };
        // A slow line holds back the reader, and so the sender behind it.
        if let Some(rate) = weather.rate {
            std::thread::sleep(Duration::from_secs_f64(piece.len() as f64 / rate.max(1) as f64));
        }
        to.send((Instant::now() + weather.delay, piece.to_vec()))
    }
}

fn write_in_time(pieces: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream) {
    while let Ok((due, piece)) = pieces.recv() {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if to.write_all(&piece).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn fates(seed: u64, impairment: &Impairment) -> Vec<bool> {
        let (mut lane, now) = (Lane::new(seed), Instant::now());
        (0..10_000).map(|_| lane.pass(now, 100, impairment).is_some()).collect()
    }

    #[test]
    fn the_same_seed_loses_the_same_datagrams_and_as_many_as_asked() {
        let impairment = Impairment { loss: 0.05, ..Impairment::NONE };
        let fate = fates(7, &impairment);
        assert_eq!(fate, fates(7, &impairment));
        assert_ne!(fate, fates(8, &impairment));
        let lost = fate.iter().filter(|passed| !**passed).count();
        assert!((450..=550).contains(&lost), "{lost} of 10000");
        assert!(fates(7, &Impairment::NONE).iter().all(|passed| *passed));
    }

    #[test]
    fn delay_and_jitter_stay_within_their_bounds_and_fill_them() {
        let (mut lane, now) = (Lane::new(3), Instant::now());
        let impairment = Impairment { delay: ms(50), jitter: ms(20), ..Impairment::NONE };
        let waits: Vec<_> = (0..1_000).filter_map(|_| lane.pass(now, 100, &impairment)).map(|due| due - now).collect();
        assert!(waits.iter().all(|wait| (ms(50)..=ms(70)).contains(wait)));
        assert!(waits.iter().any(|wait| *wait < ms(52)) && waits.iter().any(|wait| *wait > ms(68)));
    }

    #[test]
    fn a_slow_lane_lets_out_so_many_bytes_a_second_and_loses_what_waits_too_long() {
        let (mut lane, now) = (Lane::new(3), Instant::now());
        let impairment = Impairment { rate: Some(10_000), ..Impairment::NONE };
        let out: Vec<_> = (0..20).map(|_| lane.pass(now, 1_000, &impairment).map(|due| due - now)).collect();
        assert_eq!(out[..3], [Some(ms(100)), Some(ms(200)), Some(ms(300))]);
        assert_eq!((out[5], out[6]), (Some(ms(600)), None), "half a second waits, not more");
        assert_eq!(lane.pass(now + ms(700), 1_000, &impairment), Some(now + ms(800)), "idle time is not saved up");
    }

    /// A server that says back what it hears, by UDP and TCP on one port.
    fn echo() -> Outcome<SocketAddr> {
        let (listener, socket) = one_port()?;
        let address = listener.local_addr()?;
        std::thread::spawn(move || {
            let mut buffer = [0; 2_000];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let _ = socket.send_to(&buffer[..length], from);
            }
        });
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || {
                    let (mut read, mut write) = (&stream, &stream);
                    std::io::copy(&mut read, &mut write)
                });
            }
        });
        Ok(address)
    }

    fn asked(guest: &UdpSocket, word: &[u8], patience: Duration) -> Option<Duration> {
        let (mut buffer, began) = ([0; 2_000], Instant::now());
        guest.send(word).ok()?;
        guest.set_read_timeout(Some(patience)).ok()?;
        let length = guest.recv(&mut buffer).ok()?;
        (buffer[..length] == *word).then(|| began.elapsed())
    }

    #[test]
    fn datagrams_go_both_ways_late_and_not_at_all_while_they_are_blocked() -> Outcome {
        let relay = Relay::before(echo()?, 1)?;
        let guests = [UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?];
        for guest in &guests {
            guest.connect(relay.address)?;
            assert!(asked(guest, b"there", ms(5_000)).is_some());
        }
        let late = Impairment { delay: ms(40), ..Impairment::NONE };
        relay.impair(late, late);
        let took = asked(&guests[0], b"late", ms(5_000)).ok_or("nothing came")?;
        assert!(took >= ms(80), "{took:?}");
        relay.block_datagrams(true);
        assert_eq!(asked(&guests[1], b"blocked", ms(200)), None);
        relay.block_datagrams(false);
        assert!(asked(&guests[1], b"free", ms(5_000)).is_some());
        assert_eq!(relay.counts(), Counts { passed: 8, lost: 1 });
        Ok(())
    }

    #[test]
    fn a_stream_is_carried_late_and_whole_until_it_is_cut_and_the_next_goes_through() -> Outcome {
        let relay = Relay::before(echo()?, 1)?;
        let late = Impairment { loss: 1.0, delay: ms(30), ..Impairment::NONE };
        relay.impair(late, late);
        let mut heard = [0; 5];
        let mut guest = TcpStream::connect(relay.address)?;
        guest.set_read_timeout(Some(ms(5_000)))?;
        let began = Instant::now();
        guest.write_all(b"first")?;
        guest.read_exact(&mut heard)?;
        assert!(heard == *b"first" && began.elapsed() >= ms(60));
        assert_eq!(relay.cut_streams(), 1);
        assert!(matches!(guest.read(&mut heard), Ok(0) | Err(_)), "a cut connection speaks");
        let mut guest = TcpStream::connect(relay.address)?;
        guest.set_read_timeout(Some(ms(5_000)))?;
        guest.write_all(b"again")?;
        guest.read_exact(&mut heard)?;
        assert_eq!(heard, *b"again");
        Ok(())
    }
}
