//! What passes an interface, seen from outside the program (tcpdump), and how much of it each host got and gave. Start at
//! [`Capture::start`]; [`Flows::of`] adds up, [`Flows::differs`] compares with a contact ledger.

use crate::folder::Home;
use crate::program::Program;
use crate::world::{Side, World};
use crate::{Failure, Outcome};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
/// What came so shortly before the program's last own word may have lain unread when it closed its socket.
const UNREAD: f64 = 0.06;
const SYN: u8 = 2;
const ENDS: u8 = 1 | 4;

/// A running capture.
pub struct Capture {
    file: PathBuf,
    program: Program,
}

impl Capture {
    /// Of one interface; whatever passes from now on is in it.
    pub fn start(world: &World, side: Side, home: &Home, interface: &str) -> Outcome<Self> {
        let file = home.path(&format!("{interface}.pcap"));
        let name = file.display().to_string();
        let words = ["tcpdump", "--immediate-mode", "-B", "32768", "-i", interface, "-U", "-w", &name];
        let program = world.start(side, home, "tcpdump", &words)?;
        while std::fs::metadata(&file).map_or(0, |file| file.len()) == 0 {
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Self { file, program })
    }

    /// Everything that passed.
    pub fn end(self) -> Outcome<Vec<Packet>> {
        // What is on its way into the file.
        std::thread::sleep(Duration::from_millis(300));
        self.program.terminate(PATIENCE)?;
        let bytes = std::fs::read(&self.file)?;
        let mut rest = bytes.get(24..).ok_or("the capture did not begin")?;
        let (mut packets, word) =
            (Vec::new(), |bytes: &[u8]| bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u32::from(*byte)));
        while let Some(head) = rest.get(..16) {
            let (seconds, micros) = (word(&head[..4]), word(&head[4..8]));
            let (kept, length) = (word(&head[8..12]) as usize, word(&head[12..16]) as usize);
            let frame = rest.get(16..16 + kept).filter(|_| kept == length).ok_or("a frame was cut")?;
            packets.extend(Packet::read(f64::from(seconds) + f64::from(micros) / 1e6, frame));
            rest = &rest[16 + kept..];
        }
        Ok(packets)
    }
}

/// One packet of TCP or UDP.
#[derive(Clone, Debug)]
pub struct Packet {
    at: f64,
    carrier: &'static str,
    from: SocketAddr,
    to: SocketAddr,
    sequence: u32,
    flags: u8,
    payload: u32,
}

impl Packet {
    /// Whether either end is one of these ports.
    pub fn touches(&self, ports: &[u16]) -> bool {
        ports.contains(&self.from.port()) || ports.contains(&self.to.port())
    }

    /// From an Ethernet frame; `None` for what is neither TCP nor UDP: the system's own words to its neighbours.
    fn read(at: f64, frame: &[u8]) -> Option<Self> {
        let kind = u16::from_be_bytes([*frame.get(12)?, *frame.get(13)?]);
        let packet = frame.get(14..)?;
        let (protocol, from, to, segment) = match kind {
            0x0800 => {
                let (head, total) = (usize::from(packet[0] & 15) * 4, u16::from_be_bytes([packet[2], packet[3]]));
                let address =
                    |at: usize| -> Option<IpAddr> { Some(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?.into()) };
                (packet[9], address(12)?, address(16)?, packet.get(head..usize::from(total))?)
            }
            0x86dd => {
                let length = usize::from(u16::from_be_bytes([packet[4], packet[5]]));
                let address =
                    |at: usize| -> Option<IpAddr> { Some(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?.into()) };
                (packet[6], address(8)?, address(24)?, packet.get(40..40 + length)?)
            }
            _ => return None,
        };
        let port = |at: usize| Some(u16::from_be_bytes([*segment.get(at)?, *segment.get(at + 1)?]));
        let (from, to) = (SocketAddr::new(from, port(0)?), SocketAddr::new(to, port(2)?));
        let length = |head: usize| u32::try_from(segment.len().checked_sub(head)?).ok();
        match protocol {
            6 => {
                let payload = length(usize::from(segment.get(12)? >> 4) * 4)?;
                let sequence = u32::from_be_bytes(segment.get(4..8)?.try_into().ok()?);
                Some(Self { at, carrier: "tcp", from, to, sequence, flags: *segment.get(13)?, payload })
            }
            17 => Some(Self { at, carrier: "udp", from, to, sequence: 0, flags: 0, payload: length(8)? }),
            _ => None,
        }
    }
}

/// Payload that one address of a host got and gave.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub sent: u64,
    pub received: u64,
    /// How much of `received` may never have been read, because the program closed its socket.
    pub unread: u64,
}

/// By carrier and address.
#[derive(Clone, Debug, Default)]
pub struct Flows(pub BTreeMap<(String, SocketAddr), Flow>);

impl Flows {
    /// What `own` sent and got. Bytes that TCP sends twice count once: a program hears nothing of that.
    pub fn of(packets: &[Packet], own: IpAddr) -> Self {
        Self::by(packets, |packet| packet.from.ip() == own)
    }

    /// The same where both sides have one address and the other one is known by its port.
    pub fn towards(packets: &[Packet], port: u16) -> Self {
        Self::by(packets, |packet| packet.to.port() == port)
    }

    fn by(packets: &[Packet], leaves: impl Fn(&Packet) -> bool) -> Self {
        let mut connections: BTreeMap<(&str, SocketAddr, SocketAddr), Vec<&Packet>> = BTreeMap::new();
        for packet in packets {
            let (mine, theirs) = if leaves(packet) { (packet.from, packet.to) } else { (packet.to, packet.from) };
            connections.entry((packet.carrier, mine, theirs)).or_default().push(packet);
        }
        let mut flows = Self::default();
        for ((carrier, mine, theirs), packets) in connections {
            let flow = flows.0.entry((carrier.to_owned(), theirs)).or_default();
            let (is_own, is_end) =
                (|packet: &&&Packet| packet.from == mine, |packet: &&&Packet| packet.flags & ENDS != 0);
            let end = packets.iter().find(|packet| is_own(packet) && is_end(packet));
            let last = end.or_else(|| packets.iter().rfind(is_own)).map_or(f64::MAX, |packet| packet.at);
            let mut next = [None; 2];
            for packet in packets {
                let new = fresh(packet, &mut next[usize::from(packet.from == mine)]);
                if packet.from == mine {
                    flow.sent += new;
                } else {
                    flow.received += new;
                    flow.unread += if packet.at > last - UNREAD { new } else { 0 };
                }
            }
        }
        flows
    }

    /// The first difference from what a contact ledger says (`runde-cli join --json`, event `contacts`), in words; `None` where they
    /// say the same: the same hosts, every byte that was sent, and every byte that was read.
    pub fn differs(&self, ledger: &Value) -> Outcome<Option<String>> {
        let mut told: BTreeMap<(String, SocketAddr), (u64, u64)> = BTreeMap::new();
        for entry in ledger["contacts"].as_array().ok_or("no ledger")? {
            let Some(address) = entry["address"].as_str() else { continue };
            let carrier = entry["carrier"].as_str().unwrap_or_default().to_owned();
            let sum = told.entry((carrier, address.parse()?)).or_default();
            let bytes = |key: &str| entry[key].as_u64().ok_or_else(|| Failure::from("no number of bytes"));
            *sum = (sum.0 + bytes("sent")?, sum.1 + bytes("received")?);
        }
        for (place, flow) in &self.0 {
            let Some((sent, received)) = told.remove(place) else {
                return Ok(Some(format!("{place:?} is not in the ledger: {flow:?}")));
            };
            let read = flow.received - flow.unread..=flow.received;
            if sent != flow.sent || !read.contains(&received) {
                return Ok(Some(format!("{place:?}: {flow:?}, and the ledger says {sent} and {received}")));
            }
        }
        Ok(told.into_keys().next().map(|place| format!("{place:?} was never contacted")))
    }
}

/// Payload bytes that were not seen before.
fn fresh(packet: &Packet, next: &mut Option<u32>) -> u64 {
    if packet.carrier == "udp" {
        return packet.payload.into();
    }
    let first = packet.sequence.wrapping_add(u32::from(packet.flags & SYN != 0));
    let end = first.wrapping_add(packet.payload);
    let expected = next.unwrap_or(first);
    // Signed distance, since sequence numbers wrap (RFC 9293 section 3.4).
    let new = end.wrapping_sub(expected).cast_signed();
    if new < 0 {
        return 0;
    }
    *next = Some(end);
    u64::from(new.cast_unsigned()).min(packet.payload.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_tcp_sends_twice_count_once() {
        let place: SocketAddr = ([192, 0, 2, 1], 1).into();
        let packet = |sequence, flags, payload| Packet {
            at: 0.0,
            carrier: "tcp",
            from: place,
            to: place,
            sequence,
            flags,
            payload,
        };
        let mut next = None;
        let counted: Vec<_> =
            [packet(u32::MAX, SYN, 0), packet(0, 0, 10), packet(0, 0, 10), packet(5, 0, 10), packet(14, 0, 1)]
                .iter()
                .map(|packet| fresh(packet, &mut next))
                .collect();
        assert_eq!(counted, [0, 10, 0, 5, 0]);
    }
}
