//! Final functions, which clients apply to scores.

/// One probability per class, 0 to 1: by sigmoid from a single score, which is the second class's;
/// by softmax from several.
pub fn probabilities(scores: &[f64]) -> Vec<f64> {
    match scores {
        &[score] => vec![sigmoid(-score), sigmoid(score)],
        _ => softmax(scores),
    }
}

/// An independent probability for each score.
pub fn sigmoids(scores: &[f64]) -> Vec<f64> {
    scores.iter().copied().map(sigmoid).collect()
}

/// The [`sigmoids`] of scores, divided by their sum; all alike if that is 0.
pub fn normalized_sigmoids(scores: &[f64]) -> Vec<f64> {
    let all = sigmoids(scores);
    let sum: f64 = all.iter().sum();
    let share = |one: f64| match sum {
        0.0 => 1.0 / all.len() as f64,
        sum => one / sum,
    };
    all.iter().copied().map(share).collect()
}

/// The exponential function of each score.
pub fn exp(scores: &[f64]) -> Vec<f64> {
    scores.iter().map(|score| score.exp()).collect()
}

/// One probability for each of several scores, which add up to 1.
pub fn softmax(scores: &[f64]) -> Vec<f64> {
    let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - top).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

fn sigmoid(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}
