//! Figures that change between two tellings.
//!
//! Pure: the newest measurement wins. Start at [`Meter`].

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
