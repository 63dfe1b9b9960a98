//! How much the path carries: a trendline over queueing delay with additive increase, multiplicative decrease.
//!
//! After draft-ietf-rmcat-gcc-02, with the trendline filter that libwebrtc put in place of the Kalman filter. It reads
//! transport-wide feedback and never asks for a clock. Start at [`Estimator::on_reports`].

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What feedback says of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// When it left, on our clock.
    pub departure: Instant,
    /// When it came, on the peer's clock from an arbitrary zero; `None` if it did not.
    pub arrival: Option<Duration>,
    /// Bytes on the wire without IP and UDP.
    pub size: usize,
}

/// Below this not even speech gets through, bit/s.
const MIN_BITRATE: f64 = 50_000.0;
/// Packets that left within this time are one group: they were sent as one burst.
const BURST: Duration = Duration::from_millis(5);
/// The window over which the delivered rate is measured.
const ACKED_WINDOW: Duration = Duration::from_millis(500);
/// Packets in that window: 65 Mbit/s in pieces of 1000 bytes. Arrival times are the peer's word, and it may say that no
/// time passes.
const MAX_ACKED: usize = 4_096;
/// A decrease to this part of what was delivered lets the queue drain.
const BACK_OFF: f64 = 0.85;
/// Losses of more than this part cannot be chance on a wireless link.
const HIGH_LOSS: f64 = 0.1;
/// Losses below this part say nothing.
const LOW_LOSS: f64 = 0.02;

/// The estimator of one path.
#[derive(Debug)]
pub struct Estimator {
    delay: Trendline,
    group: Option<Group>,
    previous: Option<Group>,
    acked: VecDeque<(Duration, usize)>,
    target: f64,
    loss_limit: f64,
    max: f64,
    /// The rate at which the path was last seen to be full, and how sure we are.
    capacity: Option<Capacity>,
    starting: bool,
    round_trip: f64,
    last_update: Option<Instant>,
    last_decrease: Option<Instant>,
    loss: LossWindow,
}

/// Packets sent together, by their last departure and arrival.
#[derive(Debug, Clone, Copy)]
struct Group {
    first_departure: Instant,
    departure: Instant,
    arrival: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Capacity {
    mean: f64,
    deviation: f64,
}

#[derive(Debug, Clone, Copy, Default)]
struct LossWindow {
    lost: u32,
    total: u32,
    since: Option<Instant>,
}

impl Estimator {
    /// `start` and `max` in bit/s.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // bit rates
    pub fn new(start: u64, max: u64) -> Self {
        let max = (max as f64).max(MIN_BITRATE);
        Self {
            delay: Trendline::default(),
            group: None,
            previous: None,
            acked: VecDeque::new(),
            target: (start as f64).clamp(MIN_BITRATE, max),
            loss_limit: max,
            max,
            capacity: None,
            starting: true,
            round_trip: 0.1,
            last_update: None,
            last_decrease: None,
            loss: LossWindow::default(),
        }
    }

    /// What may be sent now, bit/s.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // positive and clamped
    pub fn target(&self) -> u64 {
        self.target.min(self.loss_limit).clamp(MIN_BITRATE, self.max) as u64
    }

    /// Takes the reports of one feedback message, in order of sending.
    pub fn on_reports(&mut self, now: Instant, reports: &[Report]) {
        if reports.is_empty() {
            return;
        }
        let mut usage = Usage::Normal;
        for report in reports {
            usage = usage.max(self.take(now, report));
        }
        usage = usage.max(self.delay.usage);
        let elapsed = self.last_update.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64()).min(1.0);
        self.last_update = Some(now);
        let acked = self.acked_rate();
        match usage {
            Usage::Over => self.decrease(now, acked),
            Usage::Normal if self.delay.usage == Usage::Normal => self.increase(elapsed, acked),
            Usage::Normal | Usage::Under => {}
        }
        self.target = self.target.clamp(MIN_BITRATE, self.max);
        self.weigh_losses(now, acked);
    }

    /// The worst the path showed while this report was taken in.
    fn take(&mut self, now: Instant, report: &Report) -> Usage {
        self.loss.total += 1;
        let Some(arrival) = report.arrival else {
            self.loss.lost += 1;
            return Usage::Under;
        };
        self.acked.push_back((arrival, report.size));
        let over = |first: &Duration| arrival.saturating_sub(*first) > ACKED_WINDOW;
        while self.acked.len() > MAX_ACKED || self.acked.front().is_some_and(|(first, _)| over(first)) {
            self.acked.pop_front();
        }
        let sample = now.saturating_duration_since(report.departure).as_secs_f64().min(2.0);
        self.round_trip += 0.1 * (sample - self.round_trip);
        self.join_group(report.departure, arrival)
    }

    fn join_group(&mut self, departure: Instant, arrival: Duration) -> Usage {
        if let Some(group) = &mut self.group
            && departure.saturating_duration_since(group.first_departure) <= BURST
        {
            group.departure = group.departure.max(departure);
            group.arrival = group.arrival.max(arrival);
            return Usage::Under;
        }
        let begun = Group { first_departure: departure, departure, arrival };
        let Some(finished) = self.group.replace(begun) else { return Usage::Under };
        let Some(before) = self.previous.replace(finished) else { return Usage::Under };
        let sent = finished.departure.saturating_duration_since(before.departure);
        self.delay.add(
            finished.arrival,
            milliseconds(finished.arrival) - milliseconds(before.arrival),
            milliseconds(sent),
        );
        self.delay.usage
    }

    /// What arrived, bit/s; unknown before 150 ms of it.
    fn acked_rate(&self) -> Option<f64> {
        let (first, last) = (self.acked.front()?, self.acked.back()?);
        let span = last.0.saturating_sub(first.0);
        if span < Duration::from_millis(150) {
            return None;
        }
        let bytes: usize = self.acked.iter().skip(1).map(|(_, size)| size).sum();
        #[allow(clippy::cast_precision_loss)] // half a second of a link
        Some(bytes as f64 * 8.0 / span.as_secs_f64())
    }

    fn decrease(&mut self, now: Instant, acked: Option<f64>) {
        let Some(acked) = acked else { return };
        let recent = |last| now.saturating_duration_since(last).as_secs_f64() <= self.round_trip.max(0.2);
        if self.last_decrease.is_some_and(recent) {
            return;
        }
        self.last_decrease = Some(now);
        self.starting = false;
        self.target = self.target.min(BACK_OFF * acked);
        self.capacity = Some(match self.capacity {
            Some(known) if known.explains(acked) => Capacity {
                mean: 0.95 * known.mean + 0.05 * acked,
                deviation: 0.95 * known.deviation + 0.05 * (acked - known.mean).abs(),
            },
            _ => Capacity { mean: acked, deviation: 0.1 * acked },
        });
    }

    fn increase(&mut self, elapsed: f64, acked: Option<f64>) {
        // An application that sends little has not shown that more would fit.
        let limit = acked.map_or(f64::MAX, |acked| 1.5 * acked + 10_000.0);
        if let (Some(known), Some(acked)) = (self.capacity, acked)
            && acked > known.mean
            && !known.explains(acked)
        {
            self.capacity = None;
        }
        let step = if self.starting {
            self.target * (2f64.powf(elapsed) - 1.0)
        } else if self.capacity.is_some() {
            // Near the known limit: about one packet per response time.
            (1_200.0 * 8.0 / (self.round_trip + 0.1)).max(4_000.0) * elapsed
        } else {
            self.target * (1.08f64.powf(elapsed) - 1.0) + 1_000.0 * elapsed
        };
        if self.target < limit {
            self.target = (self.target + step).min(limit);
        }
    }

    fn weigh_losses(&mut self, now: Instant, acked: Option<f64>) {
        let due = |since| now.saturating_duration_since(since) >= Duration::from_secs(1);
        if self.loss.total < 20 || !self.loss.since.is_none_or(due) {
            return;
        }
        let part = f64::from(self.loss.lost) / f64::from(self.loss.total);
        self.loss = LossWindow { since: Some(now), ..LossWindow::default() };
        if part > HIGH_LOSS {
            self.starting = false;
            self.loss_limit = self.target.min(acked.unwrap_or(self.target)) * (1.0 - 0.5 * part);
        } else if part < LOW_LOSS {
            self.loss_limit = (self.loss_limit * 1.08).min(self.max);
        }
    }
}

impl Capacity {
    fn explains(&self, rate: f64) -> bool {
        (rate - self.mean).abs() < 3.0 * self.deviation.max(0.05 * self.mean)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
enum Usage {
    Under,
    #[default]
    Normal,
    Over,
}

/// Groups in the regression.
const WINDOW: usize = 20;
/// Weight of the past in the smoothed delay.
const SMOOTHING: f64 = 0.9;
/// Makes the slope comparable with the threshold, as in libwebrtc.
const GAIN: f64 = 4.0;
/// Over-use must last so long, ms.
const OVER_USE_TIME: f64 = 10.0;

/// The slope of queueing delay against an adaptive threshold.
#[derive(Debug)]
struct Trendline {
    accumulated: f64,
    smoothed: f64,
    points: VecDeque<(f64, f64)>,
    groups: u32,
    first: Option<Duration>,
    threshold: f64,
    threshold_at: Option<f64>,
    over_for: Option<f64>,
    over_groups: u32,
    slope: f64,
    usage: Usage,
}

impl Default for Trendline {
    fn default() -> Self {
        Self {
            accumulated: 0.0,
            smoothed: 0.0,
            points: VecDeque::with_capacity(WINDOW + 1),
            groups: 0,
            first: None,
            threshold: 12.5,
            threshold_at: None,
            over_for: None,
            over_groups: 0,
            slope: 0.0,
            usage: Usage::Normal,
        }
    }
}

impl Trendline {
    /// A group arrived `arrived` ms after the one before, which was sent `sent` ms before it.
    fn add(&mut self, arrival: Duration, arrived: f64, sent: f64) {
        self.groups = (self.groups + 1).min(1_000);
        self.accumulated += arrived - sent;
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.accumulated;
        let at = milliseconds(arrival.saturating_sub(*self.first.get_or_insert(arrival)));
        self.points.push_back((at, self.smoothed));
        if self.points.len() > WINDOW {
            self.points.pop_front();
        }
        let slope = self.regression().unwrap_or(self.slope);
        self.detect(slope, f64::from(self.groups.min(60)) * slope * GAIN, sent, at);
    }

    #[allow(clippy::cast_precision_loss)] // twenty
    fn regression(&self) -> Option<f64> {
        if self.points.len() < WINDOW {
            return None;
        }
        let count = WINDOW as f64;
        let mean_x = self.points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean_y = self.points.iter().map(|(_, y)| y).sum::<f64>() / count;
        let covariance: f64 = self.points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let variance: f64 = self.points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        (variance > 0.0).then(|| covariance / variance)
    }

    fn detect(&mut self, slope: f64, trend: f64, sent: f64, at: f64) {
        if trend > self.threshold {
            let over = self.over_for.map_or(sent / 2.0, |over| over + sent);
            self.over_for = Some(over);
            self.over_groups += 1;
            if over > OVER_USE_TIME && self.over_groups > 1 && slope >= self.slope {
                self.over_for = Some(0.0);
                self.over_groups = 0;
                self.usage = Usage::Over;
            }
        } else {
            self.over_for = None;
            self.over_groups = 0;
            self.usage = if trend < -self.threshold { Usage::Under } else { Usage::Normal };
        }
        self.slope = slope;
        self.adapt(trend, at);
    }

    /// The threshold follows the trend slowly, so that competing flows do not starve us; a leap is not followed.
    fn adapt(&mut self, trend: f64, at: f64) {
        let elapsed = (at - self.threshold_at.replace(at).unwrap_or(at)).clamp(0.0, 100.0);
        if trend.abs() <= self.threshold + 15.0 {
            let speed = if trend.abs() < self.threshold { 0.039 } else { 0.0087 };
            self.threshold = (self.threshold + speed * (trend.abs() - self.threshold) * elapsed).clamp(6.0, 600.0);
        }
    }
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_for_which_no_time_passes_costs_no_memory() {
        let start = Instant::now();
        let mut estimator = Estimator::new(300_000, 20_000_000);
        let report = Report { departure: start, arrival: Some(Duration::from_secs(1)), size: PACKET };
        for _ in 0..100 {
            estimator.on_reports(start, &[report; 200]);
        }
        assert_eq!(estimator.acked.len(), MAX_ACKED);
    }

    /// A link with a rate, a delay and a queue of 300 ms, and a source that sends what the estimator allows.
    struct Link {
        estimator: Estimator,
        epoch: Instant,
        rate: f64,
        /// The application never has more, bit/s.
        cap: f64,
        jitter_us: u64,
        random: u64,
        /// Where the last run ended, microseconds.
        clock: u64,
    }

    #[derive(Debug, Default)]
    struct Seen {
        reached_80_percent: Option<f64>,
        lost: usize,
        sent: usize,
        lowest: u64,
        highest: u64,
        mean: f64,
    }

    const PACKET: usize = 1_200;
    const DELAY_US: u64 = 50_000;

    impl Link {
        fn new(rate: f64, start: u64) -> Self {
            Self {
                estimator: Estimator::new(start, 20_000_000),
                epoch: Instant::now(),
                rate,
                cap: f64::MAX,
                jitter_us: 0,
                random: 1,
                clock: 0,
            }
        }

        /// Runs for so many seconds with feedback every 100 ms; figures are of the second half.
        fn run(&mut self, seconds: u64) -> Seen {
            let bits = PACKET as f64 * 8.0;
            let (mut seen, mut samples) = (Seen { lowest: u64::MAX, ..Seen::default() }, 0u64);
            let (mut budget, mut free) = (0f64, 0f64);
            let mut sent: VecDeque<(u64, Option<u64>)> = VecDeque::new();
            let mut due: VecDeque<(u64, Vec<Report>)> = VecDeque::new();
            let (begin, end) = (self.clock, self.clock + seconds * 1_000_000);
            self.clock = end;
            for now in (begin..end).step_by(1_000) {
                let target = self.estimator.target() as f64;
                budget = (budget + target.min(self.cap) * 0.001).min(bits * 16.0);
                while budget >= bits {
                    budget -= bits;
                    seen.sent += 1;
                    let begins = free.max(now as f64);
                    if begins - now as f64 > 300_000.0 {
                        seen.lost += 1;
                        sent.push_back((now, None));
                    } else {
                        free = begins + bits / self.rate * 1e6;
                        sent.push_back((now, Some(free as u64 + DELAY_US + self.jitter())));
                    }
                }
                if now % 100_000 == 0 {
                    due.push_back((now + DELAY_US, self.arrived(&mut sent, now)));
                }
                while due.front().is_some_and(|(at, _)| *at <= now) {
                    let (_, reports) = due.pop_front().unwrap();
                    self.estimator.on_reports(self.epoch + Duration::from_micros(now), &reports);
                }
                let target = self.estimator.target();
                if target as f64 >= 0.8 * self.rate && seen.reached_80_percent.is_none() {
                    seen.reached_80_percent = Some(now as f64 / 1e6);
                }
                if now >= (begin + end) / 2 {
                    (seen.lowest, seen.highest) = (seen.lowest.min(target), seen.highest.max(target));
                    seen.mean += target as f64;
                    samples += 1;
                }
            }
            seen.mean /= samples as f64;
            seen
        }

        fn arrived(&self, sent: &mut VecDeque<(u64, Option<u64>)>, now: u64) -> Vec<Report> {
            let last = sent.iter().rposition(|(_, arrival)| arrival.is_some_and(|at| at <= now));
            let told = sent.drain(..last.map_or(0, |last| last + 1));
            told.map(|(departure, arrival)| Report {
                departure: self.epoch + Duration::from_micros(departure),
                arrival: arrival.map(|at| Duration::from_micros(at / 250 * 250)),
                size: PACKET,
            })
            .collect()
        }

        fn jitter(&mut self) -> u64 {
            self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.random >> 33) % (self.jitter_us + 1)
        }
    }

    #[test]
    fn a_link_of_one_megabit_is_found_within_five_seconds_and_not_flooded() {
        for (start, jitter_us) in [(300_000, 0), (300_000, 2_000), (2_000_000, 0)] {
            let mut link = Link::new(1e6, start);
            link.jitter_us = jitter_us;
            let seen = link.run(60);
            assert!(seen.reached_80_percent.is_some_and(|at| at <= 5.0), "{seen:?}");
            assert!((seen.mean - 1e6).abs() < 0.2e6, "{seen:?}");
            assert!(seen.lowest > 750_000 && seen.highest < 1_250_000, "{seen:?}");
            assert!(seen.lost * 50 <= seen.sent, "{seen:?}");
        }
    }

    #[test]
    fn a_link_that_becomes_narrower_and_wider_is_followed() {
        let mut link = Link::new(3e6, 500_000);
        assert!((link.run(30).mean - 3e6).abs() < 0.75e6);
        link.rate = 1e6;
        let seen = link.run(20);
        assert!((seen.mean - 1e6).abs() < 0.25e6, "{seen:?}");
    }

    #[test]
    fn an_application_that_sends_little_does_not_raise_the_estimate_without_end() {
        let mut link = Link::new(1e8, 300_000);
        link.cap = 500_000.0;
        let seen = link.run(60);
        assert!(seen.highest <= 1_000_000, "{seen:?}");
        assert!(seen.lowest >= 450_000, "{seen:?}");
    }

    #[test]
    fn heavy_loss_lowers_the_estimate_and_its_end_lifts_the_limit() {
        let (start, mut estimator) = (Instant::now(), Estimator::new(1_000_000, 5_000_000));
        let mut round = |seconds: std::ops::Range<u64>, lost_of_ten: u64| {
            for tick in seconds.start * 10..seconds.end * 10 {
                let at = |index: u64| start + Duration::from_millis(tick * 100 + index);
                let reports: Vec<Report> = (0..10u64)
                    .map(|index| Report {
                        departure: at(index * 10),
                        arrival: (index >= lost_of_ten).then(|| Duration::from_millis(tick * 100 + index * 10)),
                        size: PACKET,
                    })
                    .collect();
                estimator.on_reports(at(150), &reports);
            }
            estimator.target()
        };
        let before = round(0..5, 0);
        let during = round(5..15, 4);
        assert!(during < before / 2, "{before} {during}");
        assert!(round(15..40, 0) > during);
    }
}
