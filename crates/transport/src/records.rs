//! DTLS 1.2 records as seen from outside (RFC 6347): which may enter a handshake, and what a ClientHello offers.
//!
//! The library answers an undecodable plaintext record with a fatal alert, which ends the other side's handshake. So
//! only records that look right are let in while there are no keys, and plaintext alerts never.

use crate::DtlsRole;

/// One record, header included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Record<'a> {
    kind: u8,
    epoch: u16,
    body: &'a [u8],
    whole: &'a [u8],
}

const HEADER: usize = 13;
const CHANGE_CIPHER_SPEC: u8 = 20;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const HANDSHAKE_HEADER: usize = 12;
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO_DONE: u8 = 14;
/// What a server hears: hello, certificate, its proof, the key exchange.
const FROM_CLIENT: [u8; 4] = [CLIENT_HELLO, 11, 15, 16];
/// What a client hears: hello, cookie request, ticket, certificate, key exchange, certificate request, end of hello.
const FROM_SERVER: [u8; 7] = [2, 3, 4, 11, 12, 13, SERVER_HELLO_DONE];
/// Certificates are about 1 KiB; a message announcing more is a lie.
const MAX_MESSAGE: usize = 16 * 1024;
/// A DTLS 1.2 handshake counts to about ten.
const MAX_MESSAGE_SEQUENCE: u16 = 32;
/// A datagram of a handshake flight has at most about eight records.
const MAX_RECORDS: usize = 16;

/// The records of a datagram that may enter our handshake in this role, in order, put together again. Empty if none may.
pub(crate) fn plausible(datagram: &[u8], role: DtlsRole) -> Vec<u8> {
    let expected: &[u8] = match role {
        DtlsRole::Client => &FROM_SERVER,
        DtlsRole::Server => &FROM_CLIENT,
    };
    let mut kept = Vec::with_capacity(datagram.len());
    for record in split(datagram).take(MAX_RECORDS).filter(|record| record.is_plausible(expected)) {
        kept.extend_from_slice(record.whole);
    }
    kept
}

/// Whether a datagram has a record without encryption, as only repeated flights do once there are keys.
pub(crate) fn has_plaintext(datagram: &[u8]) -> bool {
    split(datagram).any(|record| record.epoch == 0)
}

fn split(datagram: &[u8]) -> impl Iterator<Item = Record<'_>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        let head = rest.get(..HEADER)?;
        let end = HEADER + usize::from(be16(&head[11..]));
        let whole = rest.get(..end)?;
        rest = &rest[end..];
        let is_dtls = head[1] == 0xfe;
        is_dtls.then(|| Record { kind: head[0], epoch: be16(&head[3..]), body: &whole[HEADER..], whole })
    })
}

impl Record<'_> {
    fn is_plausible(&self, expected: &[u8]) -> bool {
        match (self.epoch, self.kind) {
            (0, HANDSHAKE) => fragments(self.body).is_some_and(|fragments| {
                !fragments.is_empty() && fragments.iter().all(|fragment| fragment.is_plausible(expected))
            }),
            (0, CHANGE_CIPHER_SPEC) => self.body == [1],
            (1, CHANGE_CIPHER_SPEC..=APPLICATION_DATA) => true,
            _ => false,
        }
    }
}

/// A piece of a handshake message.
#[derive(Debug, Clone, Copy)]
struct Fragment<'a> {
    kind: u8,
    sequence: u16,
    length: usize,
    offset: usize,
    bytes: &'a [u8],
}

impl Fragment<'_> {
    fn is_plausible(&self, expected: &[u8]) -> bool {
        expected.contains(&self.kind) && (self.kind == SERVER_HELLO_DONE) == (self.length == 0)
    }
}

/// All fragments of a record, if every one of them adds up.
fn fragments(mut body: &[u8]) -> Option<Vec<Fragment<'_>>> {
    let mut found = Vec::new();
    while !body.is_empty() {
        let head = body.get(..HANDSHAKE_HEADER)?;
        let (length, offset, size) = (be24(&head[1..]), be24(&head[6..]), be24(&head[9..]));
        let bytes = body.get(HANDSHAKE_HEADER..HANDSHAKE_HEADER + size)?;
        let sequence = be16(&head[4..]);
        if length > MAX_MESSAGE || offset + size > length || sequence > MAX_MESSAGE_SEQUENCE {
            return None;
        }
        found.push(Fragment { kind: head[0], sequence, length, offset, bytes });
        body = &body[HANDSHAKE_HEADER + size..];
    }
    Some(found)
}

/// What a ClientHello says that we need before answering it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hello {
    /// Tells one attempt from the next.
    pub(crate) random: [u8; 32],
    /// The numbers of its `use_srtp` extension, in its order.
    pub(crate) srtp_profiles: Vec<u16>,
}

/// Puts a ClientHello together, which modern browsers send in pieces.
#[derive(Debug, Default)]
pub(crate) struct HelloAssembly {
    message: Vec<u8>,
    have: Vec<bool>,
}

impl HelloAssembly {
    /// Takes what a datagram holds of a ClientHello; the hello once it is whole.
    pub(crate) fn push(&mut self, datagram: &[u8]) -> Option<Hello> {
        for record in split(datagram).take(MAX_RECORDS) {
            if record.epoch != 0 || record.kind != HANDSHAKE {
                continue;
            }
            for fragment in fragments(record.body).unwrap_or_default() {
                self.take(fragment);
            }
        }
        if self.have.is_empty() || self.have.contains(&false) {
            return None;
        }
        let hello = parse_hello(&self.message);
        *self = Self::default();
        hello
    }

    fn take(&mut self, fragment: Fragment<'_>) {
        // The second hello, after the cookie, has sequence 1.
        if fragment.kind != CLIENT_HELLO || fragment.sequence > 1 {
            return;
        }
        if self.message.len() != fragment.length {
            self.message = vec![0; fragment.length];
            self.have = vec![false; fragment.length];
        }
        let range = fragment.offset..fragment.offset + fragment.bytes.len();
        self.message[range.clone()].copy_from_slice(fragment.bytes);
        self.have[range].fill(true);
    }
}

fn parse_hello(message: &[u8]) -> Option<Hello> {
    const USE_SRTP: u16 = 14;
    let mut rest = Reader(message);
    rest.take(2)?;
    let random = rest.take(32)?.try_into().ok()?;
    let mut srtp_profiles = Vec::new();
    rest.vector8()?;
    rest.vector8()?;
    rest.vector16()?;
    rest.vector8()?;
    let mut extensions = Reader(rest.vector16().unwrap_or_default());
    while let Some(kind) = extensions.take(2) {
        let value = extensions.vector16()?;
        if be16(kind) == USE_SRTP {
            let list = Reader(value).vector16()?;
            srtp_profiles = list.chunks_exact(2).map(be16).collect();
        }
    }
    Some(Hello { random, srtp_profiles })
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn vector8(&mut self) -> Option<&'a [u8]> {
        let length = self.take(1)?[0];
        self.take(usize::from(length))
    }

    fn vector16(&mut self) -> Option<&'a [u8]> {
        let length = be16(self.take(2)?);
        self.take(usize::from(length))
    }
}

fn be16(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

fn be24(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 16 | usize::from(bytes[1]) << 8 | usize::from(bytes[2])
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn record(kind: u8, epoch: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, 0xfe, 0xfd];
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(&[0; 6]);
        bytes.extend_from_slice(&u16::try_from(body.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(body);
        bytes
    }

    fn fragment(message: &[u8], range: std::ops::Range<usize>) -> Vec<u8> {
        let be24 = |number: usize| u32::try_from(number).unwrap().to_be_bytes()[1..].to_vec();
        let mut bytes = vec![CLIENT_HELLO];
        bytes.extend(be24(message.len()));
        bytes.extend([0, 0]);
        bytes.extend(be24(range.start));
        bytes.extend(be24(range.len()));
        bytes.extend_from_slice(&message[range]);
        bytes
    }

    fn hello(profiles: &[u16]) -> Vec<u8> {
        let mut message = vec![0xfe, 0xfd];
        message.extend([5; 32]);
        message.extend([0, 0, 0, 2, 0xc0, 0x2b, 1, 0]);
        let list: Vec<u8> = profiles.iter().flat_map(|profile| profile.to_be_bytes()).collect();
        let size = u8::try_from(list.len()).unwrap();
        message.extend([0, size + 7, 0, 14, 0, size + 3, 0, size]);
        message.extend(list);
        message.push(0);
        message
    }

    #[test]
    fn a_hello_in_pieces_is_read_whatever_their_order() {
        let message = hello(&[1, 8]);
        let pieces = [0..20, 20..50, 50..message.len()].map(|range| record(HANDSHAKE, 0, &fragment(&message, range)));
        let mut assembly = HelloAssembly::default();
        assert_eq!(assembly.push(&pieces[2]), None);
        assert_eq!(assembly.push(&pieces[0]), None);
        let found = assembly.push(&pieces[1]).unwrap();
        assert_eq!(found, Hello { random: [5; 32], srtp_profiles: vec![1, 8] });
    }

    #[test]
    fn alerts_and_data_in_plaintext_never_enter_a_handshake() {
        let good = record(HANDSHAKE, 0, &fragment(&hello(&[1]), 0..10));
        let mut datagram = record(21, 0, &[2, 40]);
        datagram.extend(&good);
        datagram.extend(record(APPLICATION_DATA, 0, b"x"));
        datagram.extend(record(CHANGE_CIPHER_SPEC, 0, &[2]));
        datagram.extend(record(HANDSHAKE, 0, b"no header"));
        datagram.extend(record(HANDSHAKE, 0, &[0; 12]));
        datagram.extend(record(HANDSHAKE, 7, b"far epoch"));
        assert_eq!(plausible(&datagram, DtlsRole::Server), good);
        assert!(plausible(&datagram, DtlsRole::Client).is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse_hello(&bytes);
            let mut assembly = HelloAssembly::default();
            assembly.push(&record(HANDSHAKE, 0, &bytes));
            prop_assert!(plausible(&bytes, DtlsRole::Server).len() <= bytes.len());
        }
    }
}
