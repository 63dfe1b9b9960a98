//! The SRTP sealer of everything we send: in place, without allocation, never the same index twice.
//!
//! AES-GCM (RFC 7714) is done here because the library's way copies and allocates per packet. The older
//! AES-CM profile (RFC 3711) goes through the library; only old peers ask for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockEncrypt, KeyInit};
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use rtc_shared::marshal::Unmarshal;
use rtc_srtp::context::Context;

use crate::TransportError;

/// How far behind the newest packet of a stream a late one may be sealed.
const WINDOW: u64 = 128;
/// Streams whose indices are known: those of all tracks with their RTX, and the retired.
const MAX_STREAMS: usize = 2 * crate::tracks::MAX_TRACKS + MAX_RETIRED;
/// Removed streams that may still return and go on counting: a screen that is shared again, while others came and went.
const MAX_RETIRED: usize = 256;
/// Streams that are used up: long removed, their indices forgotten, so never sealed again under this key. A room where
/// five people a minute come and go fills it in three days; it takes half a megabyte then.
const MAX_SPENT: usize = 65_536;

/// Seals RTP under one key.
pub(crate) struct Sealer {
    cipher: Cipher,
    streams: BTreeMap<u32, Indices>,
    /// Of these, those whose track was removed, oldest first.
    retired: VecDeque<u32>,
    spent: BTreeSet<u32>,
}

enum Cipher {
    Gcm { key: Box<LessSafeKey>, salt: [u8; 12] },
    Counter(Box<Context>),
}

impl Sealer {
    /// From the master key (16 or 32 bytes) and the master salt (12 bytes) of an AEAD profile.
    pub(crate) fn gcm(master_key: &[u8], master_salt: &[u8]) -> Option<Self> {
        let algorithm = if master_key.len() == 16 { &AES_128_GCM } else { &AES_256_GCM };
        let key = derive(master_key, master_salt, Label::Encryption, master_key.len())?;
        let salt = derive(master_key, master_salt, Label::Salt, 12)?;
        let key = Box::new(LessSafeKey::new(UnboundKey::new(algorithm, &key).ok()?));
        Some(Self::with(Cipher::Gcm { key, salt: salt.try_into().ok()? }))
    }

    /// Over the library's context, for AES-CM.
    pub(crate) fn counter_mode(context: Context) -> Self {
        Self::with(Cipher::Counter(Box::new(context)))
    }

    fn with(cipher: Cipher) -> Self {
        Self { cipher, streams: BTreeMap::new(), retired: VecDeque::new(), spent: BTreeSet::new() }
    }

    /// Seals `packet`, whose first `header` bytes stay readable; it grows by the tag.
    ///
    /// # Errors
    /// When this index was sealed before, is too old to tell, or there are or were too many streams.
    pub(crate) fn seal(&mut self, packet: &mut Vec<u8>, header: usize) -> Result<(), TransportError> {
        let (Some(ssrc), Some(seq)) = (crate::demux::rtp_ssrc(packet), packet.get(2..4)) else {
            return Err(TransportError::Malformed);
        };
        let seq = u16::from_be_bytes([seq[0], seq[1]]);
        let refused = TransportError::RepeatedIndex { ssrc, seq };
        if !self.streams.contains_key(&ssrc) {
            self.admit(ssrc, &refused)?;
        }
        let index = self.streams.entry(ssrc).or_default().take(seq).ok_or(refused)?;
        self.cipher.seal(packet, header, ssrc, index).ok_or(TransportError::Malformed)
    }

    fn admit(&self, ssrc: u32, refused: &TransportError) -> Result<(), TransportError> {
        if self.spent.contains(&ssrc) {
            return Err(refused.clone());
        }
        let full = [(self.streams.len(), MAX_STREAMS), (self.spent.len(), MAX_SPENT)];
        match full.into_iter().find(|(count, limit)| count >= limit) {
            Some((_, limit)) => Err(TransportError::TooManyTracks { limit }),
            None => Ok(()),
        }
    }

    /// The track of these streams was removed. The newest of them may return; of the others only the SSRC is kept, which
    /// is enough to never repeat an index. `is_declared` tells which have come back since.
    pub(crate) fn retire(&mut self, ssrcs: impl IntoIterator<Item = u32>, is_declared: impl Fn(u32) -> bool) {
        for ssrc in ssrcs.into_iter().filter(|ssrc| self.streams.contains_key(ssrc)) {
            self.retired.retain(|retired| *retired != ssrc);
            self.retired.push_back(ssrc);
        }
        while self.retired.len() > MAX_RETIRED {
            if let Some(oldest) = self.retired.pop_front().filter(|oldest| !is_declared(*oldest)) {
                self.streams.remove(&oldest);
                self.spent.insert(oldest);
            }
        }
    }
}

impl Cipher {
    fn seal(&mut self, packet: &mut Vec<u8>, header: usize, ssrc: u32, index: u64) -> Option<()> {
        match self {
            Self::Gcm { key, salt } => {
                let (aad, payload) = packet.split_at_mut_checked(header)?;
                let nonce = Nonce::assume_unique_for_key(nonce(salt, ssrc, index));
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&*aad), payload).ok()?;
                packet.extend_from_slice(tag.as_ref());
            }
            Self::Counter(context) => {
                let parsed = rtc_rtp::Header::unmarshal(&mut &packet[..]).ok()?;
                let sealed = context.encrypt_rtp_with_header(packet, &parsed).ok()?;
                packet.clear();
                packet.extend_from_slice(&sealed);
            }
        }
        Some(())
    }
}

/// RFC 7714 section 8.1: two zero bytes, SSRC, rollover counter and sequence number, exclusive-or the salt.
fn nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let mut nonce = *salt;
    let counted = ssrc.to_be_bytes().into_iter().chain(index.to_be_bytes().into_iter().skip(2));
    for (byte, counted) in nonce.iter_mut().skip(2).zip(counted) {
        *byte ^= counted;
    }
    nonce
}

/// Which indices of one stream are used up: the newest and a window behind it.
#[derive(Debug, Clone, Copy, Default)]
struct Indices {
    newest: Option<u64>,
    used: u128,
}

impl Indices {
    /// The 48-bit index (rollover counter and sequence number) for `seq`, once.
    fn take(&mut self, seq: u16) -> Option<u64> {
        let Some(newest) = self.newest else {
            *self = Self { newest: Some(u64::from(seq)), used: 1 };
            return self.newest;
        };
        let step = i64::from(seq.wrapping_sub((newest & 0xffff) as u16).cast_signed());
        let index = newest.checked_add_signed(step)?;
        if index > newest {
            let shift = u32::try_from(index - newest).ok()?;
            self.used = self.used.checked_shl(shift).unwrap_or(0) | 1;
            self.newest = Some(index);
            return self.newest;
        }
        let back = newest - index;
        if back >= WINDOW || self.used >> back & 1 == 1 {
            return None;
        }
        self.used |= 1 << back;
        Some(index)
    }
}

#[derive(Clone, Copy)]
enum Label {
    Encryption = 0,
    Salt = 2,
}

/// The key derivation of RFC 3711 section 4.3.3 with AES in counter mode and a key derivation rate of zero.
fn derive(master_key: &[u8], master_salt: &[u8], label: Label, length: usize) -> Option<Vec<u8>> {
    let mut input = [0u8; 16];
    input.get_mut(..master_salt.len())?.copy_from_slice(master_salt);
    input[7] ^= label as u8;
    let mut out = Vec::with_capacity(32);
    for counter in 0u16..2 {
        input[14..].copy_from_slice(&counter.to_be_bytes());
        let mut block = GenericArray::from(input);
        match master_key.len() {
            16 => aes::Aes128::new(GenericArray::from_slice(master_key)).encrypt_block(&mut block),
            32 => aes::Aes256::new(GenericArray::from_slice(master_key)).encrypt_block(&mut block),
            _ => return None,
        }
        out.extend_from_slice(&block);
    }
    out.truncate(length);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rtc_srtp::protection_profile::ProtectionProfile;

    fn packet(seq: u16) -> Vec<u8> {
        let mut bytes = vec![0x80, 100, 0, 0, 0, 0, 0, 1, 0, 0, 0, 9];
        bytes[2..4].copy_from_slice(&seq.to_be_bytes());
        bytes.extend_from_slice(b"a picture or a sound");
        bytes
    }

    fn opens(key_len: usize, profile: ProtectionProfile) {
        let (key, salt) = (vec![7u8; key_len], vec![9u8; 12]);
        let provider = rtc_crypto::default_provider().unwrap();
        let mut opener = Context::new(&key, &salt, profile, None, None, provider.crypto()).unwrap();
        let mut sealer = Sealer::gcm(&key, &salt).unwrap();
        for seq in [65_534, 65_535, 0, 1] {
            let clear = packet(seq);
            let mut sealed = clear.clone();
            sealer.seal(&mut sealed, 12).unwrap();
            assert_ne!(sealed[12..32], clear[12..]);
            assert_eq!(opener.decrypt_rtp(&sealed).unwrap(), clear[..]);
        }
    }

    #[test]
    fn trap_7_the_own_sealer_speaks_what_the_library_opens_over_a_rollover() {
        opens(16, ProtectionProfile::AeadAes128Gcm);
        opens(32, ProtectionProfile::AeadAes256Gcm);
    }

    #[test]
    fn trap_6_the_same_index_is_never_sealed_twice() {
        let mut sealer = Sealer::gcm(&[1; 16], &[2; 12]).unwrap();
        sealer.seal(&mut packet(10), 12).unwrap();
        sealer.seal(&mut packet(12), 12).unwrap();
        let again = sealer.seal(&mut packet(10), 12);
        assert_eq!(again, Err(TransportError::RepeatedIndex { ssrc: 9, seq: 10 }));
        sealer.seal(&mut packet(11), 12).unwrap();
        assert!(sealer.seal(&mut packet(11), 12).is_err());
        sealer.seal(&mut packet(500), 12).unwrap();
        assert!(sealer.seal(&mut packet(300), 12).is_err(), "too old to know");
    }

    fn packet_of(ssrc: u32, seq: u16) -> Vec<u8> {
        let mut bytes = packet(seq);
        bytes[8..12].copy_from_slice(&ssrc.to_be_bytes());
        bytes
    }

    #[test]
    fn trap_6_thousands_of_streams_that_came_and_went_neither_repeat_an_index_nor_keep_a_new_one_out() {
        let mut sealer = Sealer::gcm(&[1; 16], &[2; 12]).unwrap();
        sealer.seal(&mut packet_of(0, 1), 12).unwrap();
        for ssrc in 1..20_000u32 {
            sealer.seal(&mut packet_of(ssrc, 1), 12).unwrap();
            sealer.retire([ssrc], |ssrc| ssrc == 0);
        }
        assert!(sealer.streams.len() <= MAX_RETIRED + 1, "{}", sealer.streams.len());
        for ssrc in [0, 1, 10_000, 19_999] {
            assert!(sealer.seal(&mut packet_of(ssrc, 1), 12).is_err(), "index 1 of {ssrc} was used");
        }
        sealer.seal(&mut packet_of(0, 2), 12).unwrap();
        sealer.seal(&mut packet_of(19_999, 2), 12).unwrap();
        assert!(sealer.seal(&mut packet_of(1, 2), 12).is_err(), "it is forgotten, so it may not go on");
    }

    #[test]
    fn a_stream_that_is_back_when_its_turn_to_be_forgotten_comes_is_kept() {
        let mut sealer = Sealer::gcm(&[1; 16], &[2; 12]).unwrap();
        sealer.seal(&mut packet_of(7, 1), 12).unwrap();
        sealer.retire([7], |_| false);
        for ssrc in 100..500 {
            sealer.seal(&mut packet_of(ssrc, 1), 12).unwrap();
            sealer.retire([ssrc], |ssrc| ssrc == 7);
        }
        sealer.seal(&mut packet_of(7, 2), 12).unwrap();
    }

    #[test]
    fn even_the_memory_of_used_up_streams_has_an_end() {
        let mut sealer = Sealer::gcm(&[1; 16], &[2; 12]).unwrap();
        sealer.spent.extend(0..u32::try_from(MAX_SPENT).unwrap());
        let refused = sealer.seal(&mut packet_of(u32::MAX, 1), 12);
        assert_eq!(refused, Err(TransportError::TooManyTracks { limit: MAX_SPENT }));
    }

    #[test]
    fn a_packet_older_than_the_first_is_refused_not_wrapped() {
        let mut sealer = Sealer::gcm(&[1; 16], &[2; 12]).unwrap();
        sealer.seal(&mut packet(0), 12).unwrap();
        assert!(sealer.seal(&mut packet(65_535), 12).is_err());
    }

    #[test]
    fn a_header_longer_than_the_packet_is_refused() {
        let mut sealer = Sealer::gcm(&[1; 16], &[2; 12]).unwrap();
        assert_eq!(sealer.seal(&mut packet(1), 4000), Err(TransportError::Malformed));
        assert_eq!(sealer.seal(&mut vec![0x80; 5], 5), Err(TransportError::Malformed));
    }
}
