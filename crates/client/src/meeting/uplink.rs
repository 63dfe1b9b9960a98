//! From payloads to numbered RTP packets: SSRC, sequence number, payload type, header extensions.
//!
//! Pure: no clock, no socket, no codec. One [`Stream`] per SSRC; RTX copies are made below, by the transport. Start
//! at [`Uplink::packet`].

use std::ops::Range;

use bytes::Bytes;
use rand_core::RngCore;
use runde_media::send::Unit;
use runde_rtp::ext::AudioLevel;
use runde_rtp::{Packet, SeqNo, Ssrc};

use crate::event::MediaKind;
use crate::options::LAYERS;

/// Numbers that were agreed for one kind of media.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) payload_type: u8,
    /// Id of the RFC 6464 extension.
    pub(crate) audio_level: Option<u8>,
    /// Id of the `sdes:mid` extension and the content's name.
    pub(crate) mid: Option<(u8, Bytes)>,
}

/// One numbered stream.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub(crate) ssrc: Ssrc,
    pub(crate) rtx: Option<Ssrc>,
    next: SeqNo,
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
}

impl Stream {
    /// The first number lies in the lower half, so that the rollover counter of SRTP cannot be guessed wrongly when
    /// early packets are lost (RFC 3711 3.3.1).
    fn new(ssrc: Ssrc, rtx: Option<Ssrc>, rng: &mut impl RngCore) -> Self {
        Self { ssrc, rtx, next: SeqNo((rng.next_u32() & 0x7fff) as u16), packets: 0, bytes: 0 }
    }

    fn number(&mut self, unit: Unit, terms: &Terms) -> Packet {
        let seq = self.next;
        self.next = SeqNo(seq.0.wrapping_add(1));
        self.packets += 1;
        self.bytes += unit.payload.len() as u64;
        let mut packet = Packet {
            payload_type: terms.payload_type,
            marker: unit.marker,
            seq,
            timestamp: unit.timestamp,
            ssrc: self.ssrc,
            extensions: Vec::new(),
            payload: unit.payload,
        };
        if let (Some(id), Some(level)) = (terms.audio_level, unit.level) {
            let level = AudioLevel { voice: level.voice, below_full_scale: level.dbov };
            packet.set_extension(id, Bytes::copy_from_slice(&[level.to_byte()]));
        }
        if let Some((id, name)) = &terms.mid {
            packet.set_extension(*id, name.clone());
        }
        packet
    }
}

/// Everything this guest sends.
#[derive(Clone, Debug)]
pub(crate) struct Uplink {
    pub(crate) audio: Stream,
    /// Smallest layer first; at least one.
    pub(crate) video: Vec<Stream>,
    /// The screen, in one size.
    pub(crate) screen: Stream,
    audio_terms: Terms,
    video_terms: Terms,
}

impl Uplink {
    /// Fresh random SSRCs, all different and none zero, for pictures in so many sizes (1 to [`LAYERS`]).
    pub(crate) fn new(layers: usize, rng: &mut impl RngCore) -> Self {
        let mut taken = Vec::new();
        let mut fresh = |rng: &mut _| loop {
            let ssrc = Ssrc(RngCore::next_u32(rng));
            if ssrc.0 != 0 && !taken.contains(&ssrc) {
                taken.push(ssrc);
                return ssrc;
            }
        };
        let sound = fresh(rng);
        let screen = (fresh(rng), fresh(rng));
        let pairs: Vec<_> = (0..layers.clamp(1, LAYERS)).map(|_| (fresh(rng), fresh(rng))).collect();
        Self {
            audio: Stream::new(sound, None, rng),
            video: pairs.into_iter().map(|(ssrc, rtx)| Stream::new(ssrc, Some(rtx), rng)).collect(),
            screen: Stream::new(screen.0, Some(screen.1), rng),
            audio_terms: Terms::default(),
            video_terms: Terms::default(),
        }
    }

    /// What a new offer agreed on; numbering goes on where it was.
    pub(crate) fn agree(&mut self, audio: Terms, video: Terms) {
        self.audio_terms = audio;
        self.video_terms = video;
    }

    /// The next packet of its stream; `None` for a layer that was never announced.
    pub(crate) fn packet(&mut self, kind: MediaKind, unit: Unit) -> Option<Packet> {
        match kind {
            MediaKind::Audio => Some(self.audio.number(unit, &self.audio_terms)),
            MediaKind::Video => Some(self.video.get_mut(usize::from(unit.layer))?.number(unit, &self.video_terms)),
        }
    }

    /// The next packet of the screen.
    pub(crate) fn screen_packet(&mut self, unit: Unit) -> Packet {
        self.screen.number(unit, &self.video_terms)
    }

    /// Layers that begin anew when a key frame of `ssrc` is asked for. Asked for the first stream it is all of them: a
    /// Videobridge asks for that one alone, whichever layer it wants, and changes layers only where they begin together.
    pub(crate) fn to_refresh(&self, ssrc: Ssrc) -> Range<u8> {
        let layer = self.video.iter().position(|stream| stream.ssrc == ssrc).and_then(|at| u8::try_from(at).ok());
        match layer {
            Some(0) => 0..u8::try_from(self.video.len()).unwrap_or(u8::MAX),
            Some(layer) => layer..layer + 1,
            None => 0..0,
        }
    }

    /// What another way of the same sound and pictures carried counts as sent, too.
    pub(crate) fn add_counts(&mut self, other: &Self) {
        let pairs = [(&mut self.audio, &other.audio), (&mut self.screen, &other.screen)];
        for (ours, theirs) in pairs.into_iter().chain(self.video.iter_mut().zip(&other.video)) {
            ours.packets += theirs.packets;
            ours.bytes += theirs.bytes;
        }
    }

    /// Sums over the streams of one kind: packets, payload bytes.
    pub(crate) fn sent(&self, kind: MediaKind) -> (u64, u64) {
        let streams = match kind {
            MediaKind::Audio => std::slice::from_ref(&self.audio),
            MediaKind::Video => &self.video[..],
        };
        streams.iter().fold((0, 0), |(packets, bytes), s| (packets + s.packets, bytes + s.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_core::SeedableRng;
    use runde_media::level::Level;

    fn uplink() -> Uplink {
        let mut uplink = Uplink::new(LAYERS, &mut ChaCha8Rng::seed_from_u64(5));
        uplink.agree(
            Terms { payload_type: 111, audio_level: Some(1), mid: Some((10, Bytes::from_static(b"audio"))) },
            Terms { payload_type: 100, audio_level: Some(1), mid: None },
        );
        uplink
    }

    fn unit(layer: u8, timestamp: u32) -> Unit {
        Unit { layer, marker: true, timestamp, payload: Bytes::from_static(b"abc"), level: None, key_frame: false }
    }

    #[test]
    fn every_layer_counts_for_itself_and_without_gaps() {
        let mut uplink = uplink();
        let first = uplink.packet(MediaKind::Video, unit(0, 7)).unwrap();
        let other = uplink.packet(MediaKind::Video, unit(2, 7)).unwrap();
        let second = uplink.packet(MediaKind::Video, unit(0, 8)).unwrap();
        assert_eq!(second.seq.0, first.seq.0.wrapping_add(1));
        assert_ne!(first.ssrc, other.ssrc);
        assert_eq!((second.timestamp, second.payload_type, second.marker), (8, 100, true));
        assert_eq!(uplink.sent(MediaKind::Video), (3, 9));
    }

    #[test]
    fn numbers_go_on_from_65535_to_0() {
        let mut uplink = uplink();
        uplink.audio.next = SeqNo(u16::MAX);
        assert_eq!(uplink.packet(MediaKind::Audio, unit(0, 0)).unwrap().seq, SeqNo(u16::MAX));
        assert_eq!(uplink.packet(MediaKind::Audio, unit(0, 960)).unwrap().seq, SeqNo(0));
    }

    #[test]
    fn first_numbers_lie_in_the_lower_half() {
        for seed in 0..64 {
            let uplink = Uplink::new(LAYERS, &mut ChaCha8Rng::seed_from_u64(seed));
            assert!(uplink.audio.next.0 < 0x8000 && uplink.video.iter().all(|s| s.next.0 < 0x8000));
        }
    }

    #[test]
    fn sound_carries_its_level_and_its_content() {
        let mut uplink = uplink();
        let loud = Unit { level: Some(Level { dbov: 23, voice: true }), ..unit(0, 0) };
        let packet = uplink.packet(MediaKind::Audio, loud).unwrap();
        assert_eq!(packet.extension(1), Some(&[0x80 | 23][..]));
        assert_eq!(packet.extension(10), Some(&b"audio"[..]));
    }

    #[test]
    fn a_layer_nobody_announced_is_not_sent() {
        assert!(uplink().packet(MediaKind::Video, unit(3, 0)).is_none());
        let mut one = Uplink::new(0, &mut ChaCha8Rng::seed_from_u64(5));
        assert!(
            one.packet(MediaKind::Video, unit(0, 0)).is_some() && one.packet(MediaKind::Video, unit(1, 0)).is_none()
        );
    }

    #[test]
    fn a_new_offer_keeps_the_numbering() {
        let mut uplink = uplink();
        let before = uplink.packet(MediaKind::Audio, unit(0, 0)).unwrap();
        uplink.agree(Terms { payload_type: 120, ..Terms::default() }, Terms::default());
        let after = uplink.packet(MediaKind::Audio, unit(0, 960)).unwrap();
        assert_eq!((after.seq.0, after.payload_type), (before.seq.0.wrapping_add(1), 120));
    }

    #[test]
    fn a_key_frame_of_the_first_stream_renews_all_layers_and_one_of_another_that_layer_alone() {
        let uplink = uplink();
        assert_eq!(uplink.to_refresh(uplink.video[0].ssrc), 0..3, "how a Videobridge asks for any of them");
        assert_eq!(uplink.to_refresh(uplink.video[2].ssrc), 2..3);
        assert!(uplink.to_refresh(uplink.audio.ssrc).is_empty());
    }
}
