//! Numbers and layouts in words.

use veilcast_model::RegressionErrors;
use veilcast_protocol::Layout;

/// A number of things: `1 record`, `2 records`.
pub fn counted(number: u64, noun: &str) -> String {
    match number {
        1 => format!("1 {noun}"),
        number => format!("{number} {noun}s"),
    }
}

/// A number with commas between thousands: `1,821`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number with this many significant digits, and all digits before the decimal point.
pub fn significant(number: f64, digits: u32) -> String {
    if number == 0.0 {
        return "0".to_owned();
    }
    let before = number.abs().log10().floor() + 1.0;
    let after = (f64::from(digits) - before).clamp(0.0, 12.0) as usize;
    format!("{number:.after$}")
}

/// How far predicted quantities are from true ones.
pub fn error_figures(errors: &RegressionErrors) -> String {
    let r_squared = errors.r_squared.map(|r| format!(", R² {r:.4}"));
    format!(
        "mean absolute error {}, root mean squared error {}{}",
        significant(errors.mean_absolute_error, 4),
        significant(errors.root_mean_squared_error, 4),
        r_squared.unwrap_or_default()
    )
}

/// A layout with its numbers, in words.
pub fn described(layout: Layout) -> String {
    let scores = |number| match number {
        1 => "1 score".to_owned(),
        number => format!("{number} scores"),
    };
    match layout {
        Layout::Scalar { scores_per_answer } => {
            format!("scalar with {} per answer", scores(scores_per_answer))
        }
        Layout::Features {
            features_per_ciphertext,
            scores_per_answer,
        } => format!(
            "features with {features_per_ciphertext} per ciphertext and {} per answer",
            scores(scores_per_answer)
        ),
        layout => layout.to_string(),
    }
}

/// A number with a digit after the point if it is small.
pub(crate) fn number(number: f64) -> String {
    let digits = usize::from(number < 99.95);
    format!("{number:.digits$}")
}
