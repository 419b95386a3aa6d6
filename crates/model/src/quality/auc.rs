//! The area under the ROC curve.

/// The probability that a score of a positive record is above one of a negative record, with equal
/// ones counted as half; none without a record of each kind.
///
/// Computed from ranks, as the Mann–Whitney U statistic (Hanley and McNeil 1982). Scores that aren't
/// numbers count as the largest.
pub fn auc(scores: &[f64], positive: &[bool]) -> Option<f64> {
    let mut ranked: Vec<(f64, bool)> = scores
        .iter()
        .copied()
        .zip(positive.iter().copied())
        .collect();
    ranked.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let (mut negatives, mut positives) = (0_u64, 0_u64);
    // Twice the number of pairs in order; below 2·2^31·2^31 for any table that fits memory.
    let mut ordered = 0_u64;
    for equal in ranked.chunk_by(|a, b| a.0 == b.0) {
        let above = equal.iter().filter(|(_, positive)| *positive).count() as u64;
        let below = equal.len() as u64 - above;
        ordered += above * (2 * negatives + below);
        negatives += below;
        positives += above;
    }
    (negatives > 0 && positives > 0)
        .then(|| ordered as f64 / (2.0 * negatives as f64 * positives as f64))
}
