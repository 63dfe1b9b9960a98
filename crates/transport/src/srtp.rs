//! Opening what arrives and sealing RTCP, over `rtc-srtp`, with guards where it trusts too much.
//!
//! The library makes state for an SSRC before it has authenticated the packet. So RTP is opened only for SSRCs that
//! were declared, and an RTCP sender seen for the first time is tried in a context that is thrown away again.

use std::collections::BTreeSet;
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
/// RTCP senders believed per peer: each of its streams, some never declared.
const MAX_RTCP_SENDERS: usize = 256;
/// First-seen RTCP senders tried before the trial context is made anew: what unauthenticated packets can occupy.
const MAX_TRIALS: usize = 64;

/// Both directions of one association.
pub(crate) struct Srtp {
    pub(crate) profile: Profile,
    pub(crate) sealer: Sealer,
    rtcp_sealer: Context,
    opener: Context,
    trial: Context,
    trials: usize,
    rtcp_senders: BTreeSet<u32>,
    keys: Keys,
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
            opener: keys.remote()?,
            trial: keys.remote()?,
            trials: 0,
            rtcp_senders: BTreeSet::new(),
            keys,
        })
    }

    /// Opens an RTP packet of a declared SSRC. `None`: forged, replayed or malformed.
    pub(crate) fn open_rtp(&mut self, bytes: &[u8]) -> Option<BytesMut> {
        let header = demux::rtp_header_len(bytes)?;
        // The library slices by the header it parsed; one that leaves no room for the tag must not reach it.
        if bytes.len() < header + tag_len(self.profile) {
            return None;
        }
        self.opener.decrypt_rtp(bytes).ok()
    }

    /// Opens an RTCP compound. `None`: forged, replayed or malformed.
    pub(crate) fn open_rtcp(&mut self, bytes: &[u8]) -> Option<BytesMut> {
        let sender = u32::from_be_bytes(bytes.get(4..8)?.try_into().ok()?);
        if self.rtcp_senders.contains(&sender) {
            return self.opener.decrypt_rtcp(bytes).ok();
        }
        if self.rtcp_senders.len() >= MAX_RTCP_SENDERS {
            return None;
        }
        if self.trials >= MAX_TRIALS {
            self.trial = self.keys.remote()?;
            self.trials = 0;
        }
        self.trials += 1;
        self.trial.decrypt_rtcp(bytes).ok()?;
        self.rtcp_senders.insert(sender);
        self.opener.decrypt_rtcp(bytes).ok()
    }

    /// Seals an RTCP compound.
    pub(crate) fn seal_rtcp(&mut self, bytes: &[u8]) -> Option<BytesMut> {
        self.rtcp_sealer.encrypt_rtcp(bytes).ok()
    }
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

    fn pair() -> (Srtp, Srtp) {
        let provider = rtc_crypto::default_provider().unwrap();
        let (ours, theirs) = (vec![1u8; 16], vec![2u8; 16]);
        let salt = vec![3u8; 12];
        let side = |local: &[u8], remote: &[u8]| {
            let keys = SessionKeys {
                local_master_key: local.to_vec(),
                local_master_salt: salt.clone(),
                remote_master_key: remote.to_vec(),
                remote_master_salt: salt.clone(),
            };
            let keys = Keys { keys, profile: ProtectionProfile::AeadAes128Gcm, provider: provider.clone() };
            Srtp::new(keys, Profile::Aes128Gcm).unwrap()
        };
        (side(&ours, &theirs), side(&theirs, &ours))
    }

    fn report(sender: u32) -> Vec<u8> {
        let mut bytes = vec![0x80, 201, 0, 1];
        bytes.extend_from_slice(&sender.to_be_bytes());
        bytes
    }

    #[test]
    fn trap_7_a_header_that_fills_the_packet_never_reaches_the_library() {
        let (mut ours, _) = pair();
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

    #[test]
    fn forged_senders_of_rtcp_leave_no_state_and_shut_nobody_out() {
        let (mut ours, mut theirs) = pair();
        for sender in 0..10_000u32 {
            let mut forged = report(sender);
            forged.extend_from_slice(&[0; 40]);
            assert!(ours.open_rtcp(&forged).is_none());
        }
        assert!(ours.rtcp_senders.is_empty());
        let sealed = theirs.seal_rtcp(&report(7)).unwrap();
        assert_eq!(ours.open_rtcp(&sealed).unwrap(), report(7)[..]);
        assert!(ours.open_rtcp(&sealed).is_none(), "replayed");
    }
}
