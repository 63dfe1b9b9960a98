//! Opus at 48 kHz mono in packets of 20 ms, with in-band forward error correction (RFC 6716, RFC 7587).
//!
//! What it is not: no decision when to conceal or to recover; that is the jitter buffer's.

use crate::block::{BLOCK_SAMPLES, SAMPLE_RATE};
use bytes::Bytes;
use opus::{Application, Bitrate, Channels};

/// Blocks in one of our packets.
pub const PACKET_BLOCKS: u32 = 2;
/// Samples in one of our packets: 20 ms.
pub const PACKET_SAMPLES: usize = BLOCK_SAMPLES * PACKET_BLOCKS as usize;
/// Longest packet Opus knows, 120 ms in samples (RFC 6716 3.2.5).
pub const MAX_PACKET_SAMPLES: usize = 5760;
/// Most bytes of one of ours: what fits an RTP packet, far above 128 kbit/s.
const MAX_PACKET_BYTES: usize = 1200;
/// Loss the encoder prepares for before it is told: enough that each packet carries its predecessor.
const FIRST_LOSS: i32 = 10;

/// Why libopus did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct OpusError(#[from] opus::Error);

/// An encoder for one voice.
pub struct Encoder(opus::Encoder);

impl Encoder {
    /// Speech tuning, in-band recovery on, no discontinuous transmission.
    ///
    /// # Errors
    /// [`OpusError`] when libopus has no memory.
    pub fn new(bits_per_second: u32) -> Result<Self, OpusError> {
        let mut inner = opus::Encoder::new(SAMPLE_RATE, Channels::Mono, Application::Voip)?;
        inner.set_bitrate(Bitrate::Bits(within(bits_per_second)))?;
        inner.set_inband_fec(true)?;
        inner.set_packet_loss_perc(FIRST_LOSS)?;
        inner.set_dtx(false)?;
        inner.set_complexity(9)?;
        Ok(Self(inner))
    }

    /// Bits a second, kept within 6 000 and 128 000. A refusal leaves the old target.
    pub fn set_bitrate(&mut self, bits_per_second: u32) {
        let _ = self.0.set_bitrate(Bitrate::Bits(within(bits_per_second)));
    }

    /// Expected loss, 0 to 100. Recovery needs a value above 0, so 1 is the least.
    pub fn set_loss(&mut self, percent: u8) {
        let _ = self.0.set_packet_loss_perc(i32::from(percent.clamp(1, 100)));
    }

    /// Encodes exactly [`PACKET_SAMPLES`] samples.
    ///
    /// # Errors
    /// [`OpusError`] for another number of samples.
    pub fn encode(&mut self, samples: &[f32]) -> Result<Bytes, OpusError> {
        let mut out = [0; MAX_PACKET_BYTES];
        let n = self.0.encode_float(samples, &mut out)?;
        Ok(Bytes::copy_from_slice(&out[..n]))
    }
}

fn within(bits_per_second: u32) -> i32 {
    i32::try_from(bits_per_second.clamp(6_000, 128_000)).unwrap_or(48_000)
}

/// A decoder for one voice; stereo packets come out mixed down.
pub struct Decoder(opus::Decoder);

impl Decoder {
    /// A fresh decoder.
    ///
    /// # Errors
    /// [`OpusError`] when libopus has no memory.
    pub fn new() -> Result<Self, OpusError> {
        Ok(Self(opus::Decoder::new(SAMPLE_RATE, Channels::Mono)?))
    }

    /// Appends the sound of a packet (2.5 to 120 ms). Any bytes are allowed.
    ///
    /// # Errors
    /// [`OpusError`] for bytes that are no packet; nothing is appended.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<f32>) -> Result<usize, OpusError> {
        if packet.is_empty() {
            return Ok(0); // libopus takes no bytes for a loss
        }
        self.append(packet, MAX_PACKET_SAMPLES, false, out)
    }

    /// Appends `samples` of what was in the lost packet before `next`, from the copy that `next` carries; conceals where
    /// it carries none.
    ///
    /// # Errors
    /// [`OpusError`] for bytes that are no packet; nothing is appended.
    pub fn recover(&mut self, next: &[u8], samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.append(next, samples.min(MAX_PACKET_SAMPLES), true, out)
    }

    /// Appends `samples` invented from what was heard last.
    ///
    /// # Errors
    /// [`OpusError`] when `samples` is no multiple of 120 (2.5 ms).
    pub fn conceal(&mut self, samples: usize, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        self.append(&[], samples.min(MAX_PACKET_SAMPLES), false, out)
    }

    fn append(&mut self, packet: &[u8], samples: usize, fec: bool, out: &mut Vec<f32>) -> Result<usize, OpusError> {
        let start = out.len();
        out.resize(start + samples, 0.0);
        let decoded = self.0.decode_float(packet, &mut out[start..], fec);
        out.truncate(start + *decoded.as_ref().unwrap_or(&0));
        Ok(decoded?)
    }
}

/// Samples a packet says it holds; `None` for bytes that are no packet.
#[must_use]
pub fn samples_in(packet: &[u8]) -> Option<usize> {
    opus::packet::get_nb_samples(packet, SAMPLE_RATE).ok().filter(|n| (1..=MAX_PACKET_SAMPLES).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::level::{decibel, rms};
    use crate::voice::testing::Speech;
    use proptest::prelude::*;

    /// Distance of what was played for the lost packets to what was said there, in dB of the spectrum's envelope.
    fn error_when_each_tenth_is_lost(recover: bool) -> f64 {
        let mut speech = Speech::new(5);
        let said: Vec<Vec<f32>> = (0..200).map(|_| (0..2).flat_map(|_| speech.block().0).collect()).collect();
        let mut encoder = Encoder::new(32_000).unwrap();
        encoder.set_loss(20);
        let packets: Vec<Bytes> = said.iter().map(|s| encoder.encode(s).unwrap()).collect();
        let (mut whole, mut lossy) = (Decoder::new().unwrap(), Decoder::new().unwrap());
        let (mut error, mut power) = (0.0f64, 0.0f64);
        for (i, packet) in packets.iter().enumerate() {
            let (mut wanted, mut got) = (Vec::new(), Vec::new());
            whole.decode(packet, &mut wanted).unwrap();
            if i % 10 != 7 {
                lossy.decode(packet, &mut got).unwrap();
                continue;
            }
            match recover {
                true => lossy.recover(&packets[i + 1], PACKET_SAMPLES, &mut got).unwrap(),
                false => lossy.conceal(PACKET_SAMPLES, &mut got).unwrap(),
            };
            error += wanted.iter().zip(&got).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
            power += wanted.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>();
        }
        10.0 * (error / power).log10()
    }

    #[test]
    fn a_copy_in_the_next_packet_beats_a_guess() {
        let (recovered, guessed) = (error_when_each_tenth_is_lost(true), error_when_each_tenth_is_lost(false));
        assert!(recovered < guessed - 2.0, "recovered {recovered:.1} dB, guessed {guessed:.1} dB");
    }

    #[test]
    fn the_level_survives_the_codec() {
        let (mut speech, mut encoder, mut decoder) =
            (Speech::new(2), Encoder::new(48_000).unwrap(), Decoder::new().unwrap());
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            let said: Vec<f32> = (0..2).flat_map(|_| speech.block().0).collect();
            decoder.decode(&encoder.encode(&said).unwrap(), &mut after).unwrap();
            before.extend(said);
        }
        let difference = decibel(rms(&before)) - decibel(rms(&after));
        assert!(difference.abs() < 1.0, "{difference} dB");
    }

    #[test]
    fn a_wrong_length_is_an_error_and_an_empty_packet_is_nothing() {
        assert!(Encoder::new(48_000).unwrap().encode(&[0.0; 100]).is_err());
        assert_eq!(Decoder::new().unwrap().decode(&[], &mut Vec::new()).unwrap(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let (mut decoder, mut out) = (Decoder::new().unwrap(), Vec::new());
            let _ = decoder.decode(&bytes, &mut out);
            let _ = decoder.recover(&bytes, PACKET_SAMPLES, &mut out);
            prop_assert!(out.len() <= 2 * MAX_PACKET_SAMPLES);
            let _ = samples_in(&bytes);
        }
    }
}
