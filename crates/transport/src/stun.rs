//! STUN binding messages as ICE uses them (RFC 8489, RFC 8445): read without copying, checked before believed.
//!
//! Only what stands before MESSAGE-INTEGRITY counts. A message that carries anything but FINGERPRINT behind it is no
//! message to us, since nobody vouches for that part. Building is left to `rtc-stun`.

use std::net::SocketAddr;

use rtc_crypto::{HmacAlgorithm, RTCCrypto};
use rtc_ice::attributes::control::{AttrControlled, AttrControlling};
use rtc_ice::attributes::priority::PriorityAttr;
use rtc_stun::attributes::{ATTR_USE_CANDIDATE, ATTR_USERNAME};
use rtc_stun::fingerprint::FINGERPRINT;
use rtc_stun::integrity::MessageIntegrity;
use rtc_stun::message::{BINDING_REQUEST, BINDING_SUCCESS, Message, Setter, TransactionId};
use rtc_stun::textattrs::TextAttribute;
use rtc_stun::xoraddr::XorMappedAddress;

/// Identifies a request and its answer.
pub(crate) type Transaction = [u8; 12];

/// What kind of binding message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Request,
    Success,
}

/// A binding message whose lengths add up. Nothing in it is to be believed before [`Stun::is_authentic`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stun<'a> {
    bytes: &'a [u8],
    pub(crate) class: Class,
    pub(crate) transaction: Transaction,
    pub(crate) username: Option<&'a str>,
    pub(crate) use_candidate: bool,
    pub(crate) controlling: bool,
    integrity_at: Option<usize>,
}

const HEADER: usize = 20;
const COOKIE: [u8; 4] = [0x21, 0x12, 0xa4, 0x42];
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT_TYPE: u16 = 0x8028;
const ICE_CONTROLLING: u16 = 0x802a;
const HMAC_SHA1_BYTES: usize = 20;
/// A check has about eight attributes; more is somebody playing.
const MAX_ATTRIBUTES: usize = 32;

impl<'a> Stun<'a> {
    /// Reads a binding request or success; anything else, malformed or of another kind, is `None`.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let size = usize::from(be16(bytes.get(2..4)?));
        if bytes.len() != HEADER + size || !size.is_multiple_of(4) || bytes[4..8] != COOKIE {
            return None;
        }
        let class = match be16(&bytes[..2]) {
            0x0001 => Class::Request,
            0x0101 => Class::Success,
            _ => return None,
        };
        let mut message = Self {
            bytes,
            class,
            transaction: bytes[8..HEADER].try_into().ok()?,
            username: None,
            use_candidate: false,
            controlling: false,
            integrity_at: None,
        };
        let mut at = HEADER;
        for _ in 0..MAX_ATTRIBUTES {
            let Some(head) = bytes.get(at..at + 4) else { break };
            let (kind, length) = (be16(head), usize::from(be16(&head[2..])));
            let value = bytes.get(at + 4..at + 4 + length)?;
            message.note(kind, at, value)?;
            at += 4 + length.next_multiple_of(4);
        }
        (at == bytes.len()).then_some(message)
    }

    fn note(&mut self, kind: u16, at: usize, value: &'a [u8]) -> Option<()> {
        if self.integrity_at.is_some() {
            return (kind == FINGERPRINT_TYPE).then_some(());
        }
        match kind {
            USERNAME => self.username = Some(std::str::from_utf8(value).ok()?),
            USE_CANDIDATE => self.use_candidate = true,
            ICE_CONTROLLING => self.controlling = true,
            MESSAGE_INTEGRITY if value.len() == HMAC_SHA1_BYTES => self.integrity_at = Some(at),
            MESSAGE_INTEGRITY => return None,
            _ => {}
        }
        Some(())
    }

    /// Whether the sender knows `password`: HMAC-SHA1 over everything before MESSAGE-INTEGRITY, with the length field
    /// as if it were the last attribute (RFC 8489 section 14.5).
    pub(crate) fn is_authentic(&self, password: &str, crypto: &dyn RTCCrypto) -> bool {
        let Some(at) = self.integrity_at else { return false };
        let Ok(length) = u16::try_from(at + 4 + HMAC_SHA1_BYTES - HEADER) else { return false };
        let tag = &self.bytes[at + 4..at + 4 + HMAC_SHA1_BYTES];
        let parts = [&self.bytes[..2], &length.to_be_bytes(), &self.bytes[4..at]];
        crypto.new_hmac(HmacAlgorithm::Sha1, password.as_bytes()).is_ok_and(|mut mac| mac.verify(&parts, tag).is_ok())
    }

    /// The fragment of the side addressed: what stands before the colon of USERNAME.
    pub(crate) fn addressed_to(&self) -> Option<&'a str> {
        self.username?.split_once(':').map(|(ours, _)| ours)
    }

    /// The fragment of the sender: what stands behind the colon of USERNAME.
    pub(crate) fn sent_by(&self) -> Option<&'a str> {
        self.username?.split_once(':').map(|(_, theirs)| theirs)
    }
}

/// The answer to a check: tells `src` how we see it. `None` only if the provider cannot hash.
pub(crate) fn success(
    transaction: Transaction,
    src: SocketAddr,
    password: &str,
    crypto: &dyn RTCCrypto,
) -> Option<Vec<u8>> {
    build(&[
        Box::new(BINDING_SUCCESS),
        Box::new(TransactionId(transaction)),
        Box::new(XorMappedAddress { ip: src.ip(), port: src.port() }),
        Box::new(integrity(password, crypto)),
        Box::new(FINGERPRINT),
    ])
}

/// A check of our own as the controlling side.
pub(crate) struct Check<'a> {
    /// `theirs:ours`.
    pub(crate) username: String,
    /// The password of the side addressed.
    pub(crate) password: &'a str,
    /// Settles role conflicts.
    pub(crate) tie_breaker: u64,
    /// Of a peer-reflexive candidate learnt from this check (RFC 8445 section 7.1.1).
    pub(crate) priority: u32,
    /// The role the sender says to have.
    pub(crate) controlling: bool,
    /// Whether it nominates.
    pub(crate) nominate: bool,
}

impl Check<'_> {
    /// The transaction and the bytes.
    pub(crate) fn build(&self, crypto: &dyn RTCCrypto) -> Option<(Transaction, Vec<u8>)> {
        let transaction = TransactionId::new();
        let mut setters: Vec<Box<dyn Setter + '_>> = vec![
            Box::new(BINDING_REQUEST),
            Box::new(transaction),
            Box::new(TextAttribute::new(ATTR_USERNAME, self.username.clone())),
            Box::new(PriorityAttr(self.priority)),
        ];
        setters.push(if self.controlling {
            Box::new(AttrControlling(self.tie_breaker))
        } else {
            Box::new(AttrControlled(self.tie_breaker))
        });
        if self.nominate {
            setters
                .push(Box::new(rtc_stun::attributes::RawAttribute { typ: ATTR_USE_CANDIDATE, ..Default::default() }));
        }
        setters.push(Box::new(integrity(self.password, crypto)));
        setters.push(Box::new(FINGERPRINT));
        Some((transaction.0, build(&setters)?))
    }
}

fn integrity<'a>(password: &str, crypto: &'a dyn RTCCrypto) -> MessageIntegrity<'a> {
    MessageIntegrity::new_short_term_integrity_with_provider(password.to_owned(), crypto)
}

fn build(setters: &[Box<dyn Setter + '_>]) -> Option<Vec<u8>> {
    let mut message = Message::new();
    message.build(setters).ok()?;
    Some(message.raw)
}

fn be16(bytes: &[u8]) -> u16 {
    u16::from_be_bytes([bytes[0], bytes[1]])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(nominate: bool) -> Vec<u8> {
        let provider = rtc_crypto::default_provider().unwrap();
        let check = Check {
            username: "them:us".to_owned(),
            password: "a password of the other side",
            tie_breaker: 7,
            priority: 99,
            controlling: true,
            nominate,
        };
        check.build(provider.crypto()).unwrap().1
    }

    fn is_authentic(bytes: &[u8], password: &str) -> bool {
        let provider = rtc_crypto::default_provider().unwrap();
        Stun::parse(bytes).is_some_and(|message| message.is_authentic(password, provider.crypto()))
    }

    #[test]
    fn a_check_reads_back_and_only_its_password_opens_it() {
        let bytes = check(true);
        let message = Stun::parse(&bytes).unwrap();
        assert_eq!((message.addressed_to(), message.sent_by()), (Some("them"), Some("us")));
        assert!(message.use_candidate && message.controlling);
        assert!(is_authentic(&bytes, "a password of the other side"));
        assert!(!is_authentic(&bytes, "another password, not the one"));
        assert!(!Stun::parse(&check(false)).unwrap().use_candidate);
    }

    #[test]
    fn every_changed_byte_before_the_fingerprint_is_noticed() {
        let bytes = check(true);
        for at in 0..bytes.len() - 8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(!is_authentic(&changed, "a password of the other side"), "byte {at}");
        }
    }

    #[test]
    fn an_attribute_smuggled_in_behind_the_integrity_is_refused() {
        let mut bytes = check(false);
        let fingerprint = bytes.split_off(bytes.len() - 8);
        bytes.extend_from_slice(&[0x00, 0x25, 0, 0]);
        bytes.extend_from_slice(&fingerprint);
        let size = u16::try_from(bytes.len() - HEADER).unwrap();
        bytes[2..4].copy_from_slice(&size.to_be_bytes());
        assert!(Stun::parse(&bytes).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), cookie: bool) {
            if cookie && bytes.len() >= 8 {
                bytes[0] &= 1;
                let size = u16::try_from(bytes.len().saturating_sub(HEADER)).unwrap();
                bytes[2..4].copy_from_slice(&size.to_be_bytes());
                bytes[4..8].copy_from_slice(&COOKIE);
            }
            prop_assert!(!is_authentic(&bytes, "x"));
        }
    }
}
