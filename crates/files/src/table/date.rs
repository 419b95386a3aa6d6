//! Dates in cells: as days since 1970-01-01.

/// The unit of a column of dates, as the Climate and Forecast conventions name it: cells of such a
/// column may be dates.
pub const DAYS: &str = "days since 1970-01-01";

/// Reads `2024-12-08`, perhaps with a time of day after a `T` or a space (`06:00`, `06:00:30`,
/// `06:00:30.5`) and a `Z`: the days since 1970-01-01, with fractions for the time.
pub fn days(text: &str) -> Option<f64> {
    let (date, time) = match text.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let year = digits(parts.next()?, 4)?;
    let month = digits(parts.next()?, 2).filter(|month| (1..=12).contains(month))?;
    let day = digits(parts.next()?, 2)?;
    if parts.next().is_some() || !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    let seconds = time.map_or(Some(0.0), seconds)?;
    Some(f64::from(since_1970(year, month, day)) + seconds / 86_400.0)
}

/// Whether a text is a date in another order than year, month and day, or with other marks, such as
/// `08.12.2024` or `12/8/24`.
pub fn is_other_date(text: &str) -> bool {
    let Some(mark) = text.chars().find(|c| "./-".contains(*c)) else {
        return false;
    };
    let parts: Vec<&str> = text.split(mark).collect();
    let fits = |part: &&str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    let [first, second, third] = parts.as_slice() else {
        return false;
    };
    let ends = [(first, third), (third, first)];
    fits(second, 2) && ends.iter().any(|(a, b)| fits(a, 2) && fits(b, 4)) && days(text).is_none()
}

/// The seconds of a time of day.
fn seconds(text: &str) -> Option<f64> {
    let mut parts = text.strip_suffix('Z').unwrap_or(text).split(':');
    let hours = digits(parts.next()?, 2).filter(|hours| *hours < 24)?;
    let minutes = digits(parts.next()?, 2).filter(|minutes| *minutes < 60)?;
    let seconds = match parts.next() {
        None => 0.0,
        Some(text) => {
            let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
            digits(whole, 2).filter(|seconds| *seconds < 60)?;
            let fits = (1..=9).contains(&fraction.len());
            let plain = fraction.bytes().all(|byte| byte.is_ascii_digit());
            (fits && plain).then(|| text.parse::<f64>().ok())??
        }
    };
    let whole = f64::from(hours * 3600 + minutes * 60);
    parts.next().is_none().then_some(whole + seconds)
}

/// A number of exactly this many digits.
fn digits(text: &str, count: usize) -> Option<i32> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok())?
}

fn days_in(year: i32, month: i32) -> i32 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar: years are counted from March, so that the leap
/// day is the last of its year.
fn since_1970(year: i32, month: i32, day: i32) -> i32 {
    let year = if month < 3 { year - 1 } else { year };
    let months = (month + 9) % 12;
    let days = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    days + (153 * months + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_days() {
        for (text, expected) in [
            ("1970-01-01", Some(0.0)),
            ("1969-12-31", Some(-1.0)),
            ("2000-02-29", Some(11_016.0)),
            ("2024-12-08", Some(20_065.0)),
            ("2024-12-08T06:00", Some(20_065.25)),
            ("2024-12-08 12:00:00.0Z", Some(20_065.5)),
            ("0001-01-01", Some(-719_162.0)),
            ("2023-02-29", None),
            ("2024-13-01", None),
            ("2024-1-1", None),
            ("2024-12-08T24:00", None),
            ("2024-12-08T06:00+01:00", None),
        ] {
            assert_eq!(days(text), expected, "{text}");
        }
        for text in ["08.12.2024", "12/8/24", "2024/12/08", "1-2-2024"] {
            assert!(is_other_date(text), "{text}");
        }
        for text in [
            "2024-12-08",
            "10.0.0.1",
            "1.5",
            "1/2",
            "12.8.2024.1",
            "100-200-300",
        ] {
            assert!(!is_other_date(text), "{text}");
        }
    }
}
