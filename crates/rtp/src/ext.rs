//! The header extensions that are read or written here, and their names in an offer.

/// The names under which extensions are negotiated.
pub mod uris {
    /// RFC 6464.
    pub const AUDIO_LEVEL: &str = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
    /// Departure time, 24 bits.
    pub const ABS_SEND_TIME: &str = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time";
    /// Transport-wide sequence numbers (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    pub const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
    /// RFC 9143.
    pub const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";
}

/// How loud one audio packet is (RFC 6464 3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AudioLevel {
    /// The sender's own guess whether this is speech. Browsers set it loosely.
    pub voice: bool,
    /// Decibels below full scale: 0 is loudest, 127 is digital silence.
    pub below_full_scale: u8,
}

impl AudioLevel {
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let byte = *value.first()?;
        Some(Self { voice: byte & 0x80 != 0, below_full_scale: byte & 0x7f })
    }

    /// The one byte on the wire; a level above 127 is written as 127.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        u8::from(self.voice) << 7 | self.below_full_scale.min(127)
    }
}

/// Departure time: seconds modulo 64, in 6.18 bits fixed point.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AbsSendTime(u32);

impl AbsSendTime {
    /// From microseconds of any steady clock; only differences mean something.
    #[must_use]
    pub fn from_micros(micros: u64) -> Self {
        let within = u128::from(micros) % 64_000_000;
        Self(((within << 18) / 1_000_000) as u32 & 0x00ff_ffff)
    }

    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let [a, b, c] = *value.first_chunk::<3>()?;
        Some(Self(u32::from_be_bytes([0, a, b, c])))
    }

    #[must_use]
    pub fn to_bytes(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }

    /// Microseconds within the 64 seconds, rounded down (one step is 3.8 us).
    #[must_use]
    pub fn micros(self) -> u64 {
        (u64::from(self.0) * 1_000_000) >> 18
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_audio_level_survives_its_byte() {
        let quiet = AudioLevel { voice: true, below_full_scale: 127 };
        assert_eq!(AudioLevel::parse(&[quiet.to_byte()]), Some(quiet));
        assert_eq!(AudioLevel::parse(&[]), None);
        assert_eq!(AudioLevel { voice: false, below_full_scale: 200 }.to_byte(), 127);
    }

    #[test]
    fn a_send_time_goes_round_after_sixty_four_seconds() {
        let at = AbsSendTime::from_micros(64_000_000 + 1_500_000);
        assert_eq!(at.micros(), 1_500_000);
        assert_eq!(AbsSendTime::parse(&at.to_bytes()), Some(at));
        assert_eq!(AbsSendTime::parse(&[1, 2]), None);
    }
}
