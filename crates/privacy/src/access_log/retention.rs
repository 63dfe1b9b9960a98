//! How long a line lives: day files, at most eight weeks.
//!
//! A day's file goes as a whole once its first second has reached the retention, so no line outlives it while the
//! program runs. The file's name says how long its lines were promised to be kept; a longer retention chosen later
//! does not stretch that promise. Days are UTC. Everything is decided from the name and the time that is given in:
//! - A program that was off for months finds overdue days and takes them away before it listens.
//! - A clock that was set back makes days look younger, so nothing is deleted early; new lines go to the day that
//!   the clock says. Days ahead of it are kept and named, since nobody can say which of the two is wrong.

use std::time::Duration;

use serde::Serialize;

use crate::stamp::Moment;

const SECONDS_A_DAY: i64 = 24 * 60 * 60;
const PREFIX: &str = "access-";
const ENDING: &str = "d.log";

/// Overdue days are looked for this often; and at midnight, when one may become overdue.
pub const PURGE_EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// Days a line may be kept: 1 to 56.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Retention(u8);

/// More than the ceiling, or nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an access log is kept for 1 to {} days", Retention::CEILING.days())]
pub struct RetentionError;

impl Retention {
    /// Eight weeks (ISO 8601 `P8W`): what the notices of the field promise, and never more.
    pub const CEILING: Self = Self(56);

    /// # Errors
    /// Outside 1 to 56 days.
    pub fn of_days(days: u32) -> Result<Self, RetentionError> {
        let days = u8::try_from(days).map_err(|_| RetentionError)?;
        if days == 0 || days > Self::CEILING.0 { Err(RetentionError) } else { Ok(Self(days)) }
    }

    /// Every one there is, the shortest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (1..=Self::CEILING.0).map(Self)
    }

    #[must_use]
    pub const fn days(self) -> u8 {
        self.0
    }
}

/// A day in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(i64);

impl Day {
    #[must_use]
    pub const fn of(moment: Moment) -> Self {
        Self(moment.unix().div_euclid(SECONDS_A_DAY))
    }

    /// Its first second.
    #[must_use]
    pub fn start(self) -> Moment {
        Moment::from_unix(self.0 * SECONDS_A_DAY)
    }
}

/// One file of the log: the lines of a day that were promised the same retention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DayFile {
    pub day: Day,
    pub kept: Retention,
}

impl DayFile {
    /// `access-2026-11-23-56d.log`.
    #[must_use]
    pub fn name(self) -> String {
        let start = self.day.start().to_string();
        format!("{PREFIX}{}-{}{ENDING}", start.split('T').next().unwrap_or_default(), self.kept.days())
    }

    /// The file of this name, or `None` for a name that [`Self::name`] never gives.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let (date, days) = name.strip_prefix(PREFIX)?.strip_suffix(ENDING)?.rsplit_once('-')?;
        let day = Day::of(Moment::try_from(format!("{date}T00:00:00Z")).ok()?);
        let file = Self { day, kept: Retention::of_days(days.parse().ok()?).ok()? };
        (file.name() == name).then_some(file)
    }

    /// Its fate at `now`, where lines may today be kept for `retention`: the shorter of that and the promise counts.
    /// One day ahead is no reason for a word: clocks are set by minutes around midnight.
    #[must_use]
    pub fn fate(self, now: Moment, retention: Retention) -> Fate {
        let age = Day::of(now).0 - self.day.0;
        if age >= i64::from(self.kept.min(retention).days()) {
            Fate::Overdue
        } else if age < -1 {
            Fate::NotYet
        } else {
            Fate::Kept
        }
    }
}

/// What becomes of a day's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Kept,
    /// To be deleted now.
    Overdue,
    /// The clock says that this day has not come yet: kept, and named to the host.
    NotYet,
}

/// Time until overdue days are looked for again.
#[must_use]
pub fn until_next_purge(now: Moment) -> Duration {
    let left = SECONDS_A_DAY - now.unix().rem_euclid(SECONDS_A_DAY);
    PURGE_EVERY.min(Duration::from_secs(left.unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn file(date: &str, days: u32) -> DayFile {
        DayFile::named(&format!("access-{date}-{days}d.log")).unwrap()
    }

    fn after(file: DayFile, days: i64, hours: i64) -> Moment {
        Moment::from_unix(file.day.start().unix() + days * SECONDS_A_DAY + hours * HOUR)
    }

    #[test]
    fn day_55_is_kept_and_day_56_is_not() {
        let monday = file("2026-11-23", 56);
        assert_eq!(monday.fate(after(monday, 55, 23), Retention::CEILING), Fate::Kept);
        assert_eq!(monday.fate(after(monday, 56, 0), Retention::CEILING), Fate::Overdue);
        assert_eq!(monday.fate(after(monday, 56, 6), Retention::CEILING), Fate::Overdue);
        assert_eq!(monday.fate(after(monday, 400, 0), Retention::CEILING), Fate::Overdue);
    }

    #[test]
    fn no_line_outlives_the_retention_for_any_number_of_days() {
        for retention in Retention::all() {
            let monday = file("2026-11-23", u32::from(retention.days()));
            let last = after(monday, i64::from(retention.days()), 0);
            let before = Moment::from_unix(last.unix() - 1);
            let fates = (monday.fate(before, retention), monday.fate(last, retention));
            assert_eq!(fates, (Fate::Kept, Fate::Overdue), "{retention:?}");
        }
    }

    #[test]
    fn a_promise_of_two_weeks_is_kept_after_the_host_chose_eight_and_the_other_way_round() {
        let (short, long) = (file("2026-11-23", 14), file("2026-11-23", 56));
        assert_eq!(short.fate(after(short, 14, 0), Retention::CEILING), Fate::Overdue);
        assert_eq!(long.fate(after(long, 14, 0), short.kept), Fate::Overdue);
        assert_eq!(long.fate(after(long, 14, 0), Retention::CEILING), Fate::Kept);
    }

    #[test]
    fn a_clock_that_was_set_back_deletes_nothing() {
        let monday = file("2026-11-23", 1);
        assert_eq!(monday.fate(Moment::from_unix(0), Retention::CEILING), Fate::NotYet);
        assert_eq!(monday.fate(after(monday, -1, 23), Retention::CEILING), Fate::Kept);
        assert_eq!(monday.fate(after(monday, -2, 23), Retention::CEILING), Fate::NotYet);
    }

    #[test]
    fn eight_weeks_are_the_ceiling_and_one_day_is_the_floor() {
        assert_eq!(Retention::of_days(56), Ok(Retention::CEILING));
        assert_eq!(Retention::of_days(1).unwrap().days(), 1);
        for refused in [0, 57, 256, 257, u32::MAX] {
            assert!(Retention::of_days(refused).is_err(), "{refused}");
        }
        assert_eq!(Retention::all().count(), 56);
    }

    #[test]
    fn only_names_that_we_give_are_files_of_ours() {
        assert_eq!(file("2026-11-23", 56).name(), "access-2026-11-23-56d.log");
        for odd in [
            "access-2026-11-32-56d.log",
            "access-2026-1-1-56d.log",
            "access-2026-11-23-57d.log",
            "access-2026-11-23-056d.log",
            "access-2026-11-23.log",
            "access-2026-11-23-56d.log.gz",
            "access-.log",
            "notes.txt",
        ] {
            assert_eq!(DayFile::named(odd), None, "{odd}");
        }
    }

    #[test]
    fn midnight_and_every_six_hours_are_the_times_of_purging() {
        let monday = file("2026-11-23", 56);
        assert_eq!(until_next_purge(after(monday, 0, 12)), PURGE_EVERY);
        assert_eq!(until_next_purge(after(monday, 0, 23)), Duration::from_secs(3600));
        assert_eq!(until_next_purge(after(monday, 1, 0)), PURGE_EVERY);
    }
}
