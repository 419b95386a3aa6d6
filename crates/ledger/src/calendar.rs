//! Days and months of UTC.
//!
//! The conversions are those of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that
//! the leap day is the last one.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SECONDS_A_DAY: u64 = 86_400;
/// Days of the Gregorian calendar's 400 years.
const DAYS_AN_ERA: u64 = 146_097;
/// From 1 March of the year 0 to 1 January 1970.
const BEFORE_1970: u64 = 719_468;

/// A day of UTC, from 1970 to 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// The day of a moment.
    #[must_use]
    pub fn of(moment: SystemTime) -> Self {
        let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::after_1970(since.as_secs() / SECONDS_A_DAY)
    }

    fn after_1970(days: u64) -> Self {
        let days = days + BEFORE_1970;
        let (era, of_era) = (days / DAYS_AN_ERA, days % DAYS_AN_ERA);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let (month, january_or_february) = match from_march {
            ..10 => (from_march + 3, 0),
            _ => (from_march - 9, 1),
        };
        Self {
            year: (era * 400 + year + january_or_february) as u16,
            month: month as u8,
            day: (of_year - (153 * from_march + 2) / 5 + 1) as u8,
        }
    }

    /// Days from 1970 to this one.
    fn since_1970(self) -> u64 {
        let (month, day) = (u64::from(self.month), u64::from(self.day));
        let year = u64::from(self.year) - u64::from(month <= 2);
        let (era, of_era) = (year / 400, year % 400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        era * DAYS_AN_ERA + of_era * 365 + of_era / 4 - of_era / 100 + of_year - BEFORE_1970
    }

    /// The first day of the month.
    #[must_use]
    pub fn month(self) -> Self {
        Self { day: 1, ..self }
    }

    /// The first day of the month after this day's.
    #[must_use]
    pub fn next_month(self) -> Self {
        match self.month {
            12 => Self {
                year: self.year + 1,
                month: 1,
                day: 1,
            },
            month => Self {
                month: month + 1,
                day: 1,
                ..self
            },
        }
    }

    /// The day after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self::after_1970(self.since_1970() + 1)
    }

    /// The day's first moment.
    #[must_use]
    pub fn start(self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.since_1970() * SECONDS_A_DAY)
    }

    /// The day as a number, such as 20261129, which is its form in the database.
    pub(crate) fn number(self) -> i64 {
        i64::from(self.year) * 10_000 + i64::from(self.month) * 100 + i64::from(self.day)
    }

    /// Reads such a number.
    pub(crate) fn from_number(number: i64) -> Option<Self> {
        let day = Self {
            year: (number / 10_000)
                .try_into()
                .ok()
                .filter(|year| (1970..=9999).contains(year))?,
            month: (number / 100 % 100) as u8,
            day: (number % 100) as u8,
        };
        let is_a_day = (1..=12).contains(&day.month) && Self::after_1970(day.since_1970()) == day;
        is_a_day.then_some(day)
    }
}

/// In ISO 8601 form: 2026-11-29.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_in_form = text.len() == 10
            && text.bytes().enumerate().all(|(i, byte)| match i {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        let number = is_in_form.then(|| text.replace('-', "").parse().ok());
        number
            .flatten()
            .and_then(Self::from_number)
            .ok_or_else(|| format!("`{text}` isn't a day: write one such as 2026-11-29"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Day {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_those_of_the_calendar() {
        let at = |seconds| Day::of(UNIX_EPOCH + Duration::from_secs(seconds)).to_string();
        // As printed by `date -u -d @SECONDS`.
        assert_eq!(at(0), "1970-01-01");
        assert_eq!(at(951_782_400), "2000-02-29");
        assert_eq!(at(951_868_800), "2000-03-01");
        assert_eq!(at(1_796_083_199), "2026-11-30");
        assert_eq!(at(4_107_542_400), "2100-03-01");
        assert_eq!(
            Day::of(UNIX_EPOCH - Duration::from_secs(1)),
            day("1970-01-01")
        );
    }

    #[test]
    fn every_day_comes_after_the_one_before() {
        let mut today = day("1970-01-01");
        for number in 0..200_000 {
            assert_eq!(today.since_1970(), number);
            assert_eq!(Day::from_number(today.number()), Some(today));
            assert_eq!(day(&today.to_string()), today);
            assert_eq!(Day::of(today.start()), today);
            assert!(today.next() > today);
            assert_eq!(today.next_month().day, 1);
            today = today.next();
        }
        assert_eq!(today.year, 2517);
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "2026-02-29",
            "2026-13-01",
            "2026-00-01",
            "2026-11-31",
            "2026-11-00",
            "26-11-29",
            "2026-1-9",
            "1969-12-31",
            "2026-11-29T",
            "+026-11-29",
            "",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }
}
