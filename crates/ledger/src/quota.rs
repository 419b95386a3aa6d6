//! How much a token may ask for, in what time.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use crate::calendar::Day;

/// The largest quota: sums of usage up to it can't overflow.
const MOST: u64 = 1 << 50;

/// What a token may use within a period, as people write it: `1000/day`, `60s/month`, or `50000` in
/// total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How much.
    pub amount: Amount,
    /// In what time.
    pub period: Period,
}

/// An amount of what can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// A number of records.
    Records(u64),
    /// Estimated time on a processor core, in whole microseconds.
    Cost(Duration),
}

/// The time that a quota is for. Days and months are those of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// A day.
    Day,
    /// A month.
    Month,
    /// For ever: such a quota never renews.
    All,
}

impl Period {
    /// The period of this name in the database.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "day" => Some(Self::Day),
            "month" => Some(Self::Month),
            "all" => Some(Self::All),
            _ => None,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Month => "month",
            Self::All => "all",
        }
    }

    /// When a quota that is used up on a day renews.
    pub(crate) fn renews(self, day: Day) -> Option<SystemTime> {
        match self {
            Self::Day => Some(day.next().start()),
            Self::Month => Some(day.next_month().start()),
            Self::All => None,
        }
    }
}

impl Amount {
    pub(crate) const RECORDS: &str = "records";
    pub(crate) const COST: &str = "microseconds";

    /// An amount in its form in the database.
    pub(crate) fn stored(unit: &str, number: i64) -> Option<Self> {
        let number = u64::try_from(number).ok()?;
        match unit {
            Self::RECORDS => Some(Self::Records(number)),
            Self::COST => Some(Self::Cost(Duration::from_micros(number))),
            _ => None,
        }
    }

    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Records(_) => Self::RECORDS,
            Self::Cost(_) => Self::COST,
        }
    }

    pub(crate) fn number(self) -> u64 {
        match self {
            Self::Records(records) => records,
            Self::Cost(cost) => micros(cost),
        }
    }

    /// Another number of the same unit.
    pub(crate) fn with_number(self, number: u64) -> Self {
        match self {
            Self::Records(_) => Self::Records(number),
            Self::Cost(_) => Self::Cost(Duration::from_micros(number)),
        }
    }
}

/// Whole microseconds, rounded up: no cost is free.
pub(crate) fn micros(cost: Duration) -> u64 {
    u64::try_from(cost.as_nanos().div_ceil(1000)).map_or(MOST, |micros| micros.min(MOST))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Records(1) => f.write_str("1 record"),
            Self::Records(records) => write!(f, "{records} records"),
            Self::Cost(cost) => write!(f, "{} s of computation", cost.as_secs_f64()),
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Day => "per day",
            Self::Month => "per month",
            Self::All => "in total",
        })
    }
}

/// In the form in which it is read: `1000/day`.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.amount {
            Amount::Records(records) => write!(f, "{records}")?,
            Amount::Cost(cost) => write!(f, "{}s", cost.as_secs_f64())?,
        }
        match self.period {
            Period::All => Ok(()),
            period => write!(f, "/{}", period.name()),
        }
    }
}

impl FromStr for Quota {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| {
            format!(
                "`{text}` isn't a quota: write records or seconds of computation per day, per month or in total, such as \
                 1000/day, 60s/month or 50000"
            )
        })
    }
}

fn parse(text: &str) -> Option<Quota> {
    let (amount, period) = match text.split_once('/') {
        Some((amount, period)) => (amount, Period::named(period)?),
        None => (text, Period::All),
    };
    let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let amount = match amount.strip_suffix('s') {
        Some(seconds) if is_number(seconds) => {
            let seconds = Duration::try_from_secs_f64(seconds.parse().ok()?).ok()?;
            let cost = Duration::from_micros(micros(seconds));
            Amount::Cost(cost)
        }
        Some(_) => return None,
        None if is_number(amount) => Amount::Records(amount.parse().ok()?),
        None => return None,
    };
    let is_sound = (1..MOST).contains(&amount.number());
    is_sound.then_some(Quota { amount, period })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotas_are_read_as_they_are_written() {
        for (text, amount, period) in [
            ("1000/day", Amount::Records(1000), Period::Day),
            (
                "60s/month",
                Amount::Cost(Duration::from_secs(60)),
                Period::Month,
            ),
            (
                "0.5s/day",
                Amount::Cost(Duration::from_millis(500)),
                Period::Day,
            ),
            ("50000", Amount::Records(50_000), Period::All),
            ("3s", Amount::Cost(Duration::from_secs(3)), Period::All),
        ] {
            let quota: Quota = text.parse().unwrap();
            assert_eq!(quota, Quota { amount, period });
            assert_eq!(quota.to_string(), text);
        }
        let in_all: Quota = "7/all".parse().unwrap();
        assert_eq!(in_all.to_string(), "7");
    }

    #[test]
    fn what_is_no_quota_is_refused() {
        for text in [
            "",
            "/day",
            "0/day",
            "0s",
            "-1/day",
            "1/week",
            "1/day/day",
            "x",
            "1 /day",
            "1e3/day",
            "1.5/day",
            "s/day",
            "infs",
            "NaNs",
            "99999999999999999999/day",
            "1125899906842624",
            "1e99s",
            "1s/",
        ] {
            assert!(text.parse::<Quota>().is_err(), "{text}");
        }
    }

    #[test]
    fn no_cost_is_free() {
        assert_eq!(micros(Duration::from_nanos(1)), 1);
        assert_eq!(micros(Duration::ZERO), 0);
        assert_eq!(micros(Duration::MAX), MOST);
    }

    #[test]
    fn quotas_renew_with_their_period() {
        let day: Day = "2026-12-31".parse().unwrap();
        let new_year: Day = "2027-01-01".parse().unwrap();
        assert_eq!(Period::Day.renews(day), Some(new_year.start()));
        assert_eq!(Period::Month.renews(day), Some(new_year.start()));
        assert_eq!(Period::All.renews(day), None);
    }
}
