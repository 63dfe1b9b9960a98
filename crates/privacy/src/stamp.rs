//! Times and ids as they are written into records: RFC 3339 in UTC, UUID version 4 (RFC 9562 5.4).

use rand_core::RngCore;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Seconds since 1970-01-01 UTC, written as RFC 3339. The caller brings the time; nothing here asks a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Moment(i64);

/// The last second that RFC 3339 can write: its years have four digits.
const LAST: i64 = 253_402_300_799;

impl Moment {
    /// Seconds outside the years 1970 to 9999 are moved to the nearer end.
    #[must_use]
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(0, LAST))
    }

    #[must_use]
    pub const fn unix(self) -> i64 {
        self.0
    }
}

impl std::fmt::Display for Moment {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let written = OffsetDateTime::from_unix_timestamp(self.0).ok().and_then(|at| at.format(&Rfc3339).ok());
        out.write_str(&written.unwrap_or_default())
    }
}

impl From<Moment> for String {
    fn from(moment: Moment) -> Self {
        moment.to_string()
    }
}

impl TryFrom<String> for Moment {
    type Error = time::error::Parse;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self::from_unix(OffsetDateTime::parse(&text, &Rfc3339)?.unix_timestamp()))
    }
}

/// A random UUID in its usual form.
#[must_use]
pub fn uuid(rng: &mut impl RngCore) -> String {
    let mut bytes = [0_u8; 16];
    rng.fill_bytes(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    format!("{}-{}-{}-{}-{}", &text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

    #[test]
    fn a_moment_survives_being_written() {
        let moment = Moment::from_unix(1_795_424_400);
        assert_eq!(moment.to_string(), "2026-11-23T09:00:00Z");
        assert_eq!(Moment::try_from(moment.to_string()).unwrap(), moment);
    }

    #[test]
    fn a_clock_far_out_of_range_is_still_written() {
        assert_eq!(Moment::from_unix(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_uuid_says_that_it_is_random() {
        let id = uuid(&mut ChaCha8Rng::seed_from_u64(1));
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
    }
}
