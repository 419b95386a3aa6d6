//! Numbers in cells, as people and programs write them.
//!
//! Beside digits a cell may have a sign (a Unicode minus too), a decimal mark, marks or spaces
//! between thousands, an exponent, a per cent sign and a currency sign. Which of point and comma is
//! the decimal mark is decided for a whole column ([`Format`]): `9,916` alone doesn't say.

/// Signs of currencies, before or after a number.
const CURRENCIES: &str = "$¢£¤¥฿₡₦₩₪₫€₭₮₱₲₴₵₸₹₺₼₽₾₿";

/// Reads `[+-]?(digits[.digits] | .digits)([eE][+-]?digits)?` in ASCII, if it is finite.
///
/// Other forms that Rust reads (`inf`, `nan`) aren't numbers here, so that every client agrees.
pub fn number(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    // Of texts made of these bytes, Rust reads exactly those that the grammar allows.
    let number: f64 = text.bytes().all(plain).then(|| text.parse().ok())??;
    number.is_finite().then_some(number)
}

/// The mark between whole numbers and fractions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decimal {
    /// As in 9.5; a comma separates thousands.
    Point,
    /// As in 9,5; a point separates thousands.
    Comma,
}

impl Decimal {
    const BOTH: [Self; 2] = [Self::Point, Self::Comma];

    fn mark(self) -> char {
        match self {
            Self::Point => '.',
            Self::Comma => ',',
        }
    }

    pub(super) fn other(self) -> Self {
        match self {
            Self::Point => Self::Comma,
            Self::Comma => Self::Point,
        }
    }
}

/// How the numbers of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The decimal mark; not known if nothing in the file shows it.
    pub decimal: Option<Decimal>,
    /// Whether the numbers are per cent: 35 % is 0.35.
    pub percent: bool,
    /// The sign of their currency.
    pub currency: Option<char>,
}

impl Format {
    /// Numbers as programs write them.
    pub const PLAIN: Self = Self {
        decimal: Some(Decimal::Point),
        percent: false,
        currency: None,
    };

    /// Reads a cell.
    ///
    /// # Errors
    /// [`Unreadable`] says why the cell isn't a number of this column.
    pub fn read(self, text: &str) -> Result<f64, Unreadable> {
        if let Some(number) = number(text)
            && !self.percent
            && (self.decimal != Some(Decimal::Comma) || !text.contains('.'))
        {
            return Ok(number);
        }
        let written = Written::of(text).ok_or(Unreadable::NotANumber)?;
        let value = match (self.decimal, written.values) {
            (Some(Decimal::Point), [Some(value), _]) => value,
            (Some(Decimal::Comma), [_, Some(value)]) => value,
            (Some(_), [Some(_), None] | [None, Some(_)]) => return Err(Unreadable::OtherDecimal),
            (None, [Some(point), Some(comma)]) if point == comma => point,
            (None, [Some(point), Some(_)]) if !written.has_comma => point,
            (None, [Some(_), Some(_)]) => return Err(Unreadable::Ambiguous),
            (None, [Some(value), None] | [None, Some(value)]) => value,
            (_, [None, None]) => return Err(Unreadable::NotANumber),
        };
        if !value.is_finite() {
            return Err(Unreadable::NotANumber);
        }
        if written.percent != self.percent && value != 0.0 {
            return Err(Unreadable::Percent);
        }
        if let (Some(found), Some(expected)) = (written.currency, self.currency)
            && found != expected
        {
            return Err(Unreadable::Currency { found, expected });
        }
        Ok(if written.percent {
            value / 100.0
        } else {
            value
        })
    }
}

/// Why a cell isn't a number of its column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It isn't a finite number in any way of writing.
    NotANumber,
    /// It would be one with the other decimal mark.
    OtherDecimal,
    /// It is one with each decimal mark, but not the same.
    Ambiguous,
    /// Some numbers of the column are per cent, and this one isn't; or the other way round.
    Percent,
    /// The numbers of the column are in different currencies.
    Currency {
        /// The cell's.
        found: char,
        /// The column's.
        expected: char,
    },
}

/// A cell that is a number with at least one of the decimal marks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written {
    /// What it is if the decimal mark is a point, and what if it is a comma.
    pub(super) values: [Option<f64>; 2],
    pub(super) has_comma: bool,
    pub(super) percent: bool,
    pub(super) currency: Option<char>,
}

impl Written {
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut rest = text.trim_matches(is_space);
        let mut sign = None;
        let mut currency = None;
        let mut percent = false;
        for _ in 0..2 {
            if sign.is_none()
                && let Some(first) = rest.chars().next().filter(|c| "+-\u{2212}".contains(*c))
            {
                sign = Some(first);
                rest = rest[first.len_utf8()..].trim_start_matches(is_space);
            }
            if currency.is_none()
                && let Some(first) = rest.chars().next().filter(|c| CURRENCIES.contains(*c))
            {
                currency = Some(first);
                rest = rest[first.len_utf8()..].trim_start_matches(is_space);
            }
        }
        if let Some(before) = rest.strip_suffix('%') {
            percent = true;
            rest = before.trim_end_matches(is_space);
        } else if currency.is_none()
            && let Some(last) = rest.chars().next_back().filter(|c| CURRENCIES.contains(*c))
        {
            currency = Some(last);
            rest = rest[..rest.len() - last.len_utf8()].trim_end_matches(is_space);
        }
        let signed = |value: f64| match sign {
            Some('-' | '\u{2212}') => -value,
            _ => value,
        };
        let values = Decimal::BOTH.map(|decimal| unsigned(rest, decimal).map(signed));
        values.iter().any(Option::is_some).then_some(Self {
            values,
            has_comma: rest.contains(','),
            percent,
            currency,
        })
    }

    /// The decimal mark that it must have, if only one makes a number of it.
    pub(super) fn shows(&self) -> Option<Decimal> {
        match self.values {
            [Some(_), None] => Some(Decimal::Point),
            [None, Some(_)] => Some(Decimal::Comma),
            _ => None,
        }
    }

    /// Whether it is another number with the other decimal mark.
    pub(super) fn is_ambiguous(&self) -> bool {
        matches!(self.values, [Some(point), Some(comma)] if point != comma)
    }
}

/// Reads digits with a decimal mark, marks between thousands and an exponent.
fn unsigned(text: &str, decimal: Decimal) -> Option<f64> {
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    let (whole, fraction) = match mantissa.split_once(decimal.mark()) {
        Some((whole, fraction)) => (whole, fraction),
        None => (mantissa, ""),
    };
    let whole = ungrouped(whole, decimal.other().mark())?;
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) || whole.len() + fraction.len() == 0 {
        return None;
    }
    let exponent = exponent.map(|text| text.replace('\u{2212}', "-"));
    let exponent = exponent.map_or(String::new(), |digits| format!("e{digits}"));
    let plain = format!("{whole}.{fraction}{exponent}");
    let fit = |byte: u8| byte.is_ascii_digit() || b"+-.e".contains(&byte);
    plain.bytes().all(fit).then(|| plain.parse().ok())?
}

/// The digits of a whole number whose thousands may be separated.
fn ungrouped(text: &str, group: char) -> Option<String> {
    let is_mark = |c: char| c == group || is_space(c) || c == '\'' || c == '\u{2019}';
    let Some(mark) = text.chars().find(|c| !c.is_ascii_digit()) else {
        return Some(text.to_owned());
    };
    let mut parts = text.split(mark);
    let first = parts.next()?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fit = is_mark(mark)
        && (1..=3).contains(&first.len())
        && digits(first)
        && !first.starts_with('0')
        && parts.all(|part| part.len() == 3 && digits(part));
    fit.then(|| text.split(mark).collect())
}

/// Spaces around and within numbers, of any width.
fn is_space(c: char) -> bool {
    matches!(
        c,
        ' ' | '\t' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let format = |decimal| Format {
            decimal,
            ..Format::PLAIN
        };
        let [point, comma, none] = [Some(Decimal::Point), Some(Decimal::Comma), None].map(format);
        for (text, expected) in [
            ("9,916", [Ok(9916.0), Ok(9.916), Err(Unreadable::Ambiguous)]),
            ("9.916", [Ok(9.916), Ok(9916.0), Ok(9.916)]),
            ("1,5", [Err(Unreadable::OtherDecimal), Ok(1.5), Ok(1.5)]),
            ("1.5", [Ok(1.5), Err(Unreadable::OtherDecimal), Ok(1.5)]),
            (
                "1,234,567.5",
                [
                    Ok(1_234_567.5),
                    Err(Unreadable::OtherDecimal),
                    Ok(1_234_567.5),
                ],
            ),
            (
                "$9,916.00",
                [Ok(9916.0), Err(Unreadable::OtherDecimal), Ok(9916.0)],
            ),
            ("\u{2212}35", [Ok(-35.0); 3]),
            ("-\u{20ac} 35", [Ok(-35.0); 3]),
            ("9 916", [Ok(9916.0); 3]),
            ("9\u{202f}916", [Ok(9916.0); 3]),
            ("9'916", [Ok(9916.0); 3]),
            ("+35", [Ok(35.0); 3]),
            ("9.916E+03", [Ok(9916.0), Ok(9_916_000.0), Ok(9916.0)]),
            ("1,23,456", [Err(Unreadable::NotANumber); 3]),
            (
                "0,916",
                [Err(Unreadable::OtherDecimal), Ok(0.916), Ok(0.916)],
            ),
            ("", [Err(Unreadable::NotANumber); 3]),
            ("$", [Err(Unreadable::NotANumber); 3]),
            ("+-1", [Err(Unreadable::NotANumber); 3]),
            ("inf", [Err(Unreadable::NotANumber); 3]),
            ("1e400", [Err(Unreadable::NotANumber); 3]),
            ("35%", [Err(Unreadable::Percent); 3]),
        ] {
            let found = [point, comma, none].map(|format| format.read(text));
            assert_eq!(found, expected, "{text}");
        }
        let percent = Format {
            percent: true,
            ..point
        };
        assert_eq!(percent.read("35 %"), Ok(0.35));
        assert_eq!(percent.read("0"), Ok(0.0));
        assert_eq!(percent.read("35"), Err(Unreadable::Percent));
        let dollars = Format {
            currency: Some('$'),
            ..point
        };
        let other = Unreadable::Currency {
            found: '\u{20ac}',
            expected: '$',
        };
        assert_eq!(dollars.read("5\u{20ac}"), Err(other));
        assert_eq!(dollars.read("5"), Ok(5.0));
    }
}
