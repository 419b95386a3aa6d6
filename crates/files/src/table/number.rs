//! Numbers in cells.

/// Reads `[+-]?(digits[.digits] | .digits)([eE][+-]?digits)?` in ASCII, if it is finite.
///
/// Other forms that Rust reads (`inf`, `nan`) aren't numbers here, so that every client agrees.
pub fn number(text: &str) -> Option<f64> {
    let plain = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
    // Of texts made of these bytes, Rust reads exactly those that the grammar allows.
    let number: f64 = text.bytes().all(plain).then(|| text.parse().ok())??;
    number.is_finite().then_some(number)
}

/// Whether a text would be a number if its comma were a point.
pub fn has_decimal_comma(text: &str) -> bool {
    text.matches(',').count() == 1 && number(&text.replace(',', ".")).is_some()
}
