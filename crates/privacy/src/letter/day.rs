//! A date on a letter.

use time::{Date, Month, OffsetDateTime};

use crate::lang::Lang;
use crate::stamp::Moment;

/// A day of the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(Date);

const GERMAN: [&str; 12] = [
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
];
const ENGLISH: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Day {
    /// The day of a moment, in UTC.
    #[must_use]
    pub fn of(moment: Moment) -> Self {
        Self(OffsetDateTime::from_unix_timestamp(moment.unix()).unwrap_or(OffsetDateTime::UNIX_EPOCH).date())
    }

    /// `YYYY-MM-DD`; `None` for anything else and for days that do not exist.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if (year.len(), month.len(), day.len()) != (4, 2, 2) {
            return None;
        }
        let month = Month::try_from(month.parse::<u8>().ok()?).ok()?;
        Date::from_calendar_date(year.parse().ok()?, month, day.parse().ok()?).ok().map(Self)
    }

    /// The same day some months later, or the last day of a month that is too short
    /// (Regulation 1182/71 Art. 3(2)(c)).
    #[must_use]
    pub fn after_months(self, months: u8) -> Self {
        let (mut year, mut month) = (self.0.year(), self.0.month());
        for _ in 0..months {
            month = month.next();
            year += i32::from(month == Month::January);
        }
        let day = self.0.day().min(month.length(year));
        Self(Date::from_calendar_date(year, month, day).unwrap_or(self.0))
    }

    /// With the name of the month.
    #[must_use]
    pub fn written(self, lang: Lang) -> String {
        let (day, at, year) = (self.0.day(), usize::from(u8::from(self.0.month())) - 1, self.0.year());
        match lang {
            Lang::De | Lang::DeSimple => format!("{day}. {} {year}", GERMAN[at]),
            Lang::En => format!("{day} {} {year}", ENGLISH[at]),
        }
    }
}

/// ISO 8601.
impl std::fmt::Display for Day {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.0.year(), u8::from(self.0.month()), self.0.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_later_is_the_same_day_or_the_last_of_a_short_month() {
        let later = |from: &str, months| Day::parse(from).unwrap().after_months(months).to_string();
        assert_eq!(later("2026-11-24", 1), "2026-12-24");
        assert_eq!(later("2027-01-31", 1), "2027-02-28");
        assert_eq!(later("2026-12-31", 3), "2027-03-31");
    }

    #[test]
    fn a_day_is_read_and_written_in_words() {
        let day = Day::parse("2026-03-01").unwrap();
        assert_eq!((day.written(Lang::De), day.written(Lang::En)), ("1. März 2026".into(), "1 March 2026".into()));
        for bad in ["2026-02-30", "2026-2-3", "", "24.11.2026", "2026-13-01"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
        assert_eq!(Day::of(Moment::from_unix(1_795_424_400)).to_string(), "2026-11-23");
    }
}
