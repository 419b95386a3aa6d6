//! Hexadecimal digits: lower case only, so that the same bytes have one spelling.

use std::fmt;

/// Bytes that are written as lower-case hexadecimal digits.
///
/// ```
/// assert_eq!(veilcast_card::hex::Hex(&[0x0f, 0xa0]).to_string(), "0fa0");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Reads exactly 2·`N` lower-case hexadecimal digits; `None` for anything else.
#[must_use]
pub fn parse<const N: usize>(text: &str) -> Option<[u8; N]> {
    to_bytes(text)?.try_into().ok()
}

/// Reads any even number of lower-case hexadecimal digits; `None` for anything else.
#[must_use]
pub fn to_bytes(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes = pairs
        .iter()
        .map(|&[high, low]| Some((digit(high)? << 4) | digit(low)?));
    rest.is_empty().then(|| bytes.collect()).flatten()
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        _ => None,
    }
}
