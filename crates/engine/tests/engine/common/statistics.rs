//! Chi-square tests that practically never give a false alarm.

use std::fmt::Display;

/// What a chi-square statistic with this many degrees of freedom exceeds with a chance of e⁻⁴⁰.
///
/// P(χ² ≥ d + 2√(dx) + 2x) ≤ e⁻ˣ (Laurent and Massart 2000, lemma 1). e⁻⁴⁰ is 4·10⁻¹⁸: what that
/// leaves for counts that are only nearly normal, and for thousands of tests, stays below 10⁻⁹.
fn threshold(degrees: usize) -> f64 {
    let (d, x) = (degrees as f64, 40.0);
    d + 2.0 * (d * x).sqrt() + 2.0 * x
}

fn counts(values: &[usize], bins: usize) -> Vec<f64> {
    let mut counts = vec![0.0; bins];
    for &value in values {
        counts[value] += 1.0;
    }
    counts
}

/// Whether values below `bins` may be a uniform sample.
pub(crate) fn is_uniform(values: &[usize], bins: usize) -> bool {
    let expected = values.len() as f64 / bins as f64;
    assert!(expected >= 9.0, "too few values for this many bins");
    let deviation = |count: f64| (count - expected).powi(2) / expected;
    let statistic: f64 = counts(values, bins).into_iter().map(deviation).sum();
    statistic < threshold(bins - 1)
}

/// Whether two samples of as many values below `bins` may have the same distribution.
pub(crate) fn are_alike(a: &[usize], b: &[usize], bins: usize) -> bool {
    assert_eq!(a.len(), b.len(), "as many values of both");
    let pairs = counts(a, bins).into_iter().zip(counts(b, bins));
    let deviation = |(a, b): (f64, f64)| match a + b {
        0.0 => 0.0,
        sum => (a - b).powi(2) / sum,
    };
    pairs.map(deviation).sum::<f64>() < threshold(bins - 1)
}

/// Checks that values below `bins` are uniform, and that none tells the next one.
pub(crate) fn assert_fresh(values: &[usize], bins: usize, what: impl Display) {
    assert!(is_uniform(values, bins), "{what}: uniform");
    let changes: Vec<usize> = values.windows(2).map(|pair| pair[0] ^ pair[1]).collect();
    assert!(is_uniform(&changes, bins), "{what}: fresh in every answer");
}
