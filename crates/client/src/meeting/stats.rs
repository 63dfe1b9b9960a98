//! Figures that change between two tellings.
//!
//! Pure. Of the path the newest measurement wins ([`Meter`]); losses of the own sound are smoothed ([`Losses`]).

use std::time::Duration;

/// The newest measurements of the path.
#[derive(Debug, Default)]
pub(super) struct Meter {
    rtt: Option<Duration>,
    bandwidth_bps: Option<u64>,
}

impl Meter {
    pub(super) fn round_trip(&mut self, rtt: Duration) {
        self.rtt = Some(rtt);
    }

    pub(super) fn bandwidth(&mut self, bps: u64) {
        self.bandwidth_bps = Some(bps);
    }

    pub(super) fn read(&self) -> (Option<Duration>, Option<u64>) {
        (self.rtt, self.bandwidth_bps)
    }
}

/// Part of the way towards a new report that is gone at once, when losses rise and when they fall. Repair is wanted soon
/// and given up late: reports come each second, and a second without losses says little.
const RISE: f32 = 0.5;
const FALL: f32 = 0.1;

/// What the sound encoder starts with; it is smoothed from there.
const FIRST_PERCENT: f32 = 10.0;

/// Never less: some sound is lost on every wireless network. Never more: beyond it recovery costs more clarity than it saves.
const PERCENT: std::ops::RangeInclusive<f32> = 2.0..=30.0;

/// How much of the own sound gets lost, as the other side reports it.
#[derive(Debug)]
pub(super) struct Losses {
    percent: f32,
    told: u8,
}

impl Default for Losses {
    fn default() -> Self {
        Self { percent: FIRST_PERCENT, told: 10 }
    }
}

impl Losses {
    /// Takes a report in 256ths and returns what the encoder should expect, in percent, when that is something new.
    pub(super) fn report(&mut self, of_256: u8) -> Option<u8> {
        let reported = f32::from(of_256) * 100.0 / 256.0;
        let weight = if reported > self.percent { RISE } else { FALL };
        self.percent += (reported - self.percent) * weight;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // within 2 to 30
        let percent = self.percent.clamp(*PERCENT.start(), *PERCENT.end()).round() as u8;
        (std::mem::replace(&mut self.told, percent) != percent).then_some(percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_believed_soon_and_forgotten_slowly() {
        let mut losses = Losses::default();
        let rising: Vec<_> = std::iter::repeat_with(|| losses.report(64)).take(3).collect();
        assert_eq!(rising, [Some(18), Some(21), Some(23)]);
        assert_eq!(losses.report(0), Some(21));
        let rest: Vec<u8> = std::iter::repeat_with(|| losses.report(0)).take(60).flatten().collect();
        assert!(rest.is_sorted_by(|before, after| before > after), "{rest:?}");
        assert_eq!(rest.last(), Some(&2), "some recovery stays");
    }

    #[test]
    fn a_report_of_total_loss_keeps_within_what_recovery_is_good_for() {
        let mut losses = Losses::default();
        assert_eq!(losses.report(255), Some(30));
        assert_eq!(losses.report(255), None, "nothing new");
    }
}
