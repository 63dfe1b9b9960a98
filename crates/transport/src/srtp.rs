//! Opening what arrives and sealing RTCP, over `rtc-srtp`, with guards where it trusts too much.
//!
//! The library makes state for an SSRC before it has authenticated the packet, and never forgets it. So RTP is opened
//! only for SSRCs that were declared, each in a context of its own that goes with it, and an RTCP sender seen for the
//! first time is tried in a context that is thrown away again. And with AES-CM the library believes RTCP that says of
//! itself to be unencrypted, without looking at the tag: such RTCP never reaches it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use bytes::BytesMut;
use rtc_crypto::RTCCryptoProvider;
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_srtp::config::{Config as KeyingConfig, LABEL_EXTRACTOR_DTLS_SRTP, SessionKeys};
use rtc_srtp::context::Context;
use rtc_srtp::option;
use rtc_srtp::protection_profile::ProtectionProfile;

use crate::Profile;
use crate::demux;
use crate::seal::Sealer;

/// Packets a late or repeated one may lie behind: one second of a fast stream.
const REPLAY_WINDOW: usize = 1024;
/// Removed streams whose numbers are still known, so that one which returns goes on where it was and cannot be replayed.
const MAX_RETIRED: usize = 64;
/// Sender's SSRC and what stands before it.
const RTCP_HEADER: usize = 8;
/// The index of an SRTCP packet, with the E bit on top (RFC 3711 section 3.4).
const RTCP_INDEX: usize = 4;
/// RTCP senders known at a time, twice: each stream of a full room. The peer alone can add one, so those before the
/// last change of generation are forgotten without harm.
const MAX_RTCP_SENDERS: usize = 512;
/// First-seen RTCP senders tried before the trial context is made anew: what unauthenticated packets can occupy.
const MAX_TRIALS: usize = 64;

/// Both directions of one association.
pub(crate) struct Srtp {
    pub(crate) profile: Profile,
    pub(crate) sealer: Sealer,
    rtcp_sealer: Context,
    /// By SSRC: the library has no way to forget one of several.
    openers: BTreeMap<u32, Context>,
    /// Of these, those whose track was removed, oldest first.
    retired: VecDeque<u32>,
    rtcp: RtcpOpener,
    /// The generation before: what it has seen is still a replay.
    former_rtcp: Option<RtcpOpener>,
    trial: Context,
    trials: usize,
    keys: Keys,
}

/// One context and the senders that it has state for.
struct RtcpOpener {
    context: Context,
    senders: BTreeSet<u32>,
}

/// What makes a context.
struct Keys {
    keys: SessionKeys,
    profile: ProtectionProfile,
    provider: Arc<dyn RTCCryptoProvider>,
}

impl Keys {
    fn local(&self) -> Option<Context> {
        let (key, salt) = (&self.keys.local_master_key, &self.keys.local_master_salt);
        Context::new(key, salt, self.profile, None, None, self.provider.crypto()).ok()
    }

    fn remote(&self) -> Option<Context> {
        let (key, salt) = (&self.keys.remote_master_key, &self.keys.remote_master_salt);
        let (rtp, rtcp) =
            (option::srtp_replay_protection(REPLAY_WINDOW), option::srtcp_replay_protection(REPLAY_WINDOW));
        Context::new(key, salt, self.profile, Some(rtp), Some(rtcp), self.provider.crypto()).ok()
    }

    fn rtcp(&self) -> Option<RtcpOpener> {
        Some(RtcpOpener { context: self.remote()?, senders: BTreeSet::new() })
    }
}

impl Srtp {
    /// From a finished handshake (RFC 5764 section 4.2).
    pub(crate) fn from_handshake(
        state: &rtc_dtls::state::State,
        provider: &Arc<dyn RTCCryptoProvider>,
    ) -> Option<Self> {
        let (profile, name) = profile_of(state.srtp_protection_profile())?;
        let mut keying = KeyingConfig { profile, ..Default::default() };
        let length = keying.keying_material_len();
        let material = state.export_keying_material(LABEL_EXTRACTOR_DTLS_SRTP, &[], length).ok()?;
        keying.set_session_keys_from_keying_material(material.as_ref(), state.is_client()).ok()?;
        Self::new(Keys { keys: keying.keys, profile, provider: provider.clone() }, name)
    }

    fn new(keys: Keys, profile: Profile) -> Option<Self> {
        let sealer = match profile {
            Profile::Aes128Gcm | Profile::Aes256Gcm => {
                Sealer::gcm(&keys.keys.local_master_key, &keys.keys.local_master_salt)?
            }
            Profile::Aes128CmSha1 => Sealer::counter_mode(keys.local()?),
        };
        Some(Self {
            profile,
            sealer,
            rtcp_sealer: keys.local()?,
            openers: BTreeMap::new(),
            retired: VecDeque::new(),
            rtcp: keys.rtcp()?,
            former_rtcp: None,
            trial: keys.remote()?,
            trials: 0,
            keys,
        })
    }

    /// Opens an RTP packet of a declared SSRC. `None`: forged, replayed or malformed.
    pub(crate) fn open_rtp(&mut self, bytes: &[u8]) -> Option<BytesMut> {
        let ssrc = demux::rtp_ssrc(bytes)?;
        if !holds_header_and_tag(bytes, self.profile) {
            return None;
        }
        if !self.openers.contains_key(&ssrc) {
            self.openers.insert(ssrc, self.keys.remote()?);
        }
        self.openers.get_mut(&ssrc)?.decrypt_rtp(bytes).ok()
    }

    /// Whether an RTP packet of an SSRC that is not declared was sealed by the other side. Nothing of it is kept.
    pub(crate) fn is_authentic(&self, bytes: &[u8]) -> bool {
        let opener = self.keys.remote().filter(|_| holds_header_and_tag(bytes, self.profile));
        opener.is_some_and(|mut opener| opener.decrypt_rtp(bytes).is_ok())
    }

    /// The track of these streams was removed. Their numbers are kept for a while; `is_declared` tells which have
    /// come back since.
    pub(crate) fn retire(&mut self, ssrcs: impl IntoIterator<Item = u32>, is_declared: impl Fn(u32) -> bool) {
        for ssrc in ssrcs.into_iter().filter(|ssrc| self.openers.contains_key(ssrc)) {
            self.retired.retain(|retired| *retired != ssrc);
            self.retired.push_back(ssrc);
        }
        while self.retired.len() > MAX_RETIRED {
            if let Some(oldest) = self.retired.pop_front().filter(|oldest| !is_declared(*oldest)) {
                self.openers.remove(&oldest);
            }
        }
    }

    /// Opens an RTCP compound. `None`: forged, replayed or malformed.
    pub(crate) fn open_rtcp(&mut self, bytes: &[u8]) -> Option<BytesMut> {
        if !claims_to_be_sealed(bytes, self.profile) {
            return None;
        }
        let sender = u32::from_be_bytes(bytes.get(4..RTCP_HEADER)?.try_into().ok()?);
        let former = self.former_rtcp.as_mut().filter(|former| former.senders.contains(&sender));
        if let Some(former) = former {
            former.context.decrypt_rtcp(bytes).ok()?;
        } else if !self.rtcp.senders.contains(&sender) {
            self.try_rtcp(bytes)?;
        }
        if !self.rtcp.senders.contains(&sender) {
            self.meet(sender)?;
        }
        self.rtcp.context.decrypt_rtcp(bytes).ok()
    }

    /// Whether RTCP of an unknown sender is authentic.
    fn try_rtcp(&mut self, bytes: &[u8]) -> Option<()> {
        if self.trials >= MAX_TRIALS {
            self.trial = self.keys.remote()?;
            self.trials = 0;
        }
        self.trials += 1;
        self.trial.decrypt_rtcp(bytes).ok().map(|_| ())
    }

    /// Takes in an authentic sender; with one too many a new generation begins.
    fn meet(&mut self, sender: u32) -> Option<()> {
        if self.rtcp.senders.len() >= MAX_RTCP_SENDERS {
            let full = std::mem::replace(&mut self.rtcp, self.keys.rtcp()?);
            self.former_rtcp = Some(full);
        }
        self.rtcp.senders.insert(sender);
        Some(())
    }

    /// Seals an RTCP compound.
    pub(crate) fn seal_rtcp(&mut self, bytes: &[u8]) -> Option<BytesMut> {
        self.rtcp_sealer.encrypt_rtcp(bytes).ok()
    }
}

/// The library slices by the header it parsed; a packet that leaves no room for the tag must not reach it.
fn holds_header_and_tag(bytes: &[u8], profile: Profile) -> bool {
    demux::rtp_header_len(bytes).is_some_and(|header| bytes.len() >= header + tag_len(profile))
}

/// Whether there is room for index and tag, and the E bit is set. RFC 3711 section 3.4 allows RTCP that is authentic
/// and in the clear; nobody in RTP over DTLS sends it, and for AES-CM the library would not check that it is authentic.
fn claims_to_be_sealed(bytes: &[u8], profile: Profile) -> bool {
    let after_index = match profile {
        Profile::Aes128Gcm | Profile::Aes256Gcm => 0,
        Profile::Aes128CmSha1 => tag_len(profile),
    };
    let long_enough = bytes.len() >= RTCP_HEADER + RTCP_INDEX + tag_len(profile);
    let index = bytes.len().checked_sub(RTCP_INDEX + after_index).and_then(|at| bytes.get(at));
    long_enough && index.is_some_and(|first| first & 0x80 != 0)
}

fn tag_len(profile: Profile) -> usize {
    match profile {
        Profile::Aes128Gcm | Profile::Aes256Gcm => 16,
        Profile::Aes128CmSha1 => 10,
    }
}

fn profile_of(negotiated: SrtpProtectionProfile) -> Option<(ProtectionProfile, Profile)> {
    use SrtpProtectionProfile as Negotiated;
    let known = [
        (Negotiated::Srtp_Aead_Aes_128_Gcm, ProtectionProfile::AeadAes128Gcm, Profile::Aes128Gcm),
        (Negotiated::Srtp_Aead_Aes_256_Gcm, ProtectionProfile::AeadAes256Gcm, Profile::Aes256Gcm),
        (Negotiated::Srtp_Aes128_Cm_Hmac_Sha1_80, ProtectionProfile::Aes128CmHmacSha1_80, Profile::Aes128CmSha1),
    ];
    known.into_iter().find(|(found, _, _)| *found == negotiated).map(|(_, profile, name)| (profile, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: [(Profile, ProtectionProfile); 3] = [
        (Profile::Aes128Gcm, ProtectionProfile::AeadAes128Gcm),
        (Profile::Aes256Gcm, ProtectionProfile::AeadAes256Gcm),
        (Profile::Aes128CmSha1, ProtectionProfile::Aes128CmHmacSha1_80),
    ];

    fn pair((name, profile): (Profile, ProtectionProfile)) -> (Srtp, Srtp) {
        let provider = rtc_crypto::default_provider().unwrap();
        let (ours, theirs) = (vec![1u8; profile.key_len()], vec![2u8; profile.key_len()]);
        let salt = vec![3u8; profile.salt_len()];
        let side = |local: &[u8], remote: &[u8]| {
            let keys = SessionKeys {
                local_master_key: local.to_vec(),
                local_master_salt: salt.clone(),
                remote_master_key: remote.to_vec(),
                remote_master_salt: salt.clone(),
            };
            Srtp::new(Keys { keys, profile, provider: provider.clone() }, name).unwrap()
        };
        (side(&ours, &theirs), side(&theirs, &ours))
    }

    fn report(sender: u32) -> Vec<u8> {
        let mut bytes = vec![0x80, 201, 0, 1];
        bytes.extend_from_slice(&sender.to_be_bytes());
        bytes
    }

    fn sealed_rtp(by: &mut Srtp, ssrc: u32, seq: u16) -> Vec<u8> {
        let mut bytes = vec![0x80, 100, 0, 0, 0, 0, 0, 1];
        bytes[2..4].copy_from_slice(&seq.to_be_bytes());
        bytes.extend_from_slice(&ssrc.to_be_bytes());
        bytes.extend_from_slice(b"picture");
        by.sealer.seal(&mut bytes, 12).unwrap();
        bytes
    }

    #[test]
    fn trap_7_a_header_that_leaves_no_room_for_the_tag_is_seen_before_the_library_slices_by_it() {
        for (profile, tag) in [(Profile::Aes128Gcm, 16), (Profile::Aes256Gcm, 16), (Profile::Aes128CmSha1, 10)] {
            for (first, header) in [(0x80, 12), (0x8f, 72), (0x90, 16), (0x9f, 76)] {
                let mut bytes = vec![0; header + tag];
                bytes[0] = first;
                assert!(holds_header_and_tag(&bytes, profile));
                bytes.pop();
                assert!(!holds_header_and_tag(&bytes, profile), "{profile:?} {first:#x}");
            }
            let extension_past_the_end = [&[0x90][..], &[0; 11], &[0xbe, 0xde, 0, 99], &[0; 60]].concat();
            assert!(!holds_header_and_tag(&extension_past_the_end, profile));
            assert!(!holds_header_and_tag(&[], profile));
        }
    }

    #[test]
    fn trap_7_no_length_and_no_header_makes_opening_panic() {
        for profile in PROFILES {
            let (mut ours, _) = pair(profile);
            for length in 0..64 {
                for first in [0x80, 0x8f, 0x90, 0x9f, 0xb0, 0xbf] {
                    let mut bytes = vec![0xff; length];
                    if let Some(byte) = bytes.first_mut() {
                        *byte = first;
                    }
                    assert!(ours.open_rtp(&bytes).is_none());
                    assert!(ours.open_rtcp(&bytes).is_none());
                }
            }
        }
    }

    #[test]
    fn rtcp_that_says_of_itself_to_be_unencrypted_is_refused() {
        for profile in PROFILES {
            let (mut ours, mut theirs) = pair(profile);
            let honest = theirs.seal_rtcp(&report(7)).unwrap();
            assert_eq!(ours.open_rtcp(&honest).unwrap(), report(7)[..]);
            for sender in [7, 8] {
                // Nobody needs a key for this: report, index without the E bit, anything for a tag.
                for after in 0..40 {
                    let forged = [report(sender), vec![0; 4], vec![0x55; after]].concat();
                    assert!(ours.open_rtcp(&forged).is_none(), "{profile:?} {after}");
                    let clear_everywhere = [report(sender), vec![0; after]].concat();
                    assert!(ours.open_rtcp(&clear_everywhere).is_none(), "{profile:?} {after}");
                }
            }
        }
    }

    #[test]
    fn forged_senders_of_rtcp_leave_no_state_and_shut_nobody_out() {
        for profile in PROFILES {
            let (mut ours, mut theirs) = pair(profile);
            for sender in 0..10_000u32 {
                let mut forged = report(sender);
                forged.extend_from_slice(&[0xff; 40]);
                assert!(ours.open_rtcp(&forged).is_none());
            }
            assert!(ours.rtcp.senders.is_empty());
            let sealed = theirs.seal_rtcp(&report(7)).unwrap();
            assert_eq!(ours.open_rtcp(&sealed).unwrap(), report(7)[..]);
            assert!(ours.open_rtcp(&sealed).is_none(), "replayed");
        }
    }

    #[test]
    fn thousands_of_rtcp_senders_cost_little_and_none_is_shut_out_or_replayed() {
        let (mut ours, mut theirs) = pair(PROFILES[0]);
        let mut sealed: Vec<BytesMut> = Vec::new();
        for sender in 0..3_000 {
            sealed.push(theirs.seal_rtcp(&report(sender)).unwrap());
            assert!(ours.open_rtcp(&sealed[sender as usize]).is_some(), "{sender}");
            // One sender speaks all the time.
            assert!(ours.open_rtcp(&theirs.seal_rtcp(&report(7_777)).unwrap()).is_some());
        }
        assert!(ours.rtcp.senders.len() <= MAX_RTCP_SENDERS);
        assert!(sealed.iter().rev().take(MAX_RTCP_SENDERS).all(|old| ours.open_rtcp(old).is_none()), "replayed");
    }

    #[test]
    fn streams_that_come_and_go_leave_little_behind_and_those_that_return_go_on() {
        for profile in PROFILES {
            let (mut ours, mut theirs) = pair(profile);
            let first = sealed_rtp(&mut theirs, 1, 10);
            assert!(ours.open_rtp(&first).is_some());
            for ssrc in 1..1_000 {
                let sealed = sealed_rtp(&mut theirs, ssrc, 20);
                assert!(ours.open_rtp(&sealed).is_some());
                // The first one is back by the time it would be forgotten.
                ours.retire([ssrc], |ssrc| ssrc == 1);
            }
            assert!(ours.openers.len() <= MAX_RETIRED + 1, "{}", ours.openers.len());
            assert!(ours.open_rtp(&first).is_none(), "replayed");
            assert!(ours.open_rtp(&sealed_rtp(&mut theirs, 1, 21)).is_some());
        }
    }
}
