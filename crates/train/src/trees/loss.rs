//! The losses, with their first two derivatives.

/// What is to be predicted for each row, which the loss depends on.
pub(crate) enum Truths<'a> {
    /// Classes, by softmax and cross-entropy; with a single output, by its sigmoid.
    Classes {
        /// The class of each row.
        classes: &'a [usize],
        /// Number of scores: one for two classes, or one per class.
        outputs: usize,
    },
    /// Numbers, by half the squared error.
    Numbers(&'a [f32]),
}

/// The derivatives of all rows' losses by their scores, row by row, a pair per output.
pub(super) struct Derivatives {
    pub(super) first: Vec<f64>,
    pub(super) second: Vec<f64>,
}

/// No second derivative is less: where a class is all but certain, it would make a leaf's value
/// arbitrarily great.
const LEAST: f64 = 1e-16;

impl Truths<'_> {
    /// Number of rows.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Classes { classes, .. } => classes.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Number of scores.
    pub(super) fn outputs(&self) -> usize {
        match self {
            Self::Classes { outputs, .. } => *outputs,
            Self::Numbers(_) => 1,
        }
    }

    /// The scores that, given to all rows alike, suit some of them best.
    pub(super) fn start(&self, rows: &[u32]) -> Vec<f64> {
        let total = rows.len() as f64;
        match self {
            Self::Classes { classes, outputs } => {
                // A class that none of them has still gets a finite score.
                let log_share = |class| {
                    let has = |row: &&u32| classes[**row as usize] == class;
                    ((rows.iter().filter(has).count() as f64 + 0.5) / (total + 1.0)).ln()
                };
                match outputs {
                    1 => vec![log_share(1) - log_share(0)],
                    _ => (0..*outputs).map(log_share).collect(),
                }
            }
            Self::Numbers(numbers) => {
                let sum: f64 = rows
                    .iter()
                    .map(|&row| f64::from(numbers[row as usize]))
                    .sum();
                vec![sum / total]
            }
        }
    }

    /// The derivatives of all rows' losses.
    pub(super) fn derivatives(&self, scores: &[f64]) -> Derivatives {
        let (first, second) = match self {
            Self::Classes { classes, outputs } => {
                let rows = scores.chunks(*outputs).zip(*classes);
                let rows = rows.flat_map(|(scores, &class)| {
                    let chances = chances(scores);
                    let skipped = usize::from(*outputs == 1);
                    let own = move |output| f64::from(u8::from(output + skipped == class));
                    let outputs = chances.into_iter().skip(skipped).enumerate();
                    outputs.map(move |(output, p)| (p - own(output), (p * (1.0 - p)).max(LEAST)))
                });
                rows.unzip()
            }
            Self::Numbers(numbers) => {
                let rows = scores.iter().zip(*numbers);
                rows.map(|(score, &number)| (score - f64::from(number), 1.0))
                    .unzip()
            }
        };
        Derivatives { first, second }
    }

    /// The loss of a row's scores: for numbers the squared error.
    pub(super) fn loss(&self, row: usize, scores: &[f64]) -> f64 {
        match self {
            Self::Classes { classes, .. } => {
                -chances(scores)[classes[row]].max(f64::MIN_POSITIVE).ln()
            }
            Self::Numbers(numbers) => (scores[0] - f64::from(numbers[row])).powi(2),
        }
    }
}

/// The classes' probabilities: by softmax, where a single score is class 1's and class 0 has 0.
fn chances(scores: &[f64]) -> Vec<f64> {
    veilcast_card::probabilities(scores)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    /// Differences of losses, divided by those of scores.
    #[test]
    fn derivatives_are_those_of_the_loss() {
        let classes = [1, 0, 2];
        let numbers = [0.5, -1.0, 3.0];
        let cases = [
            (
                Truths::Classes {
                    classes: &classes,
                    outputs: 3,
                },
                1.0,
            ),
            (
                Truths::Classes {
                    classes: &classes[..2],
                    outputs: 1,
                },
                1.0,
            ),
            // Half the squared error is what is derived.
            (Truths::Numbers(&numbers), 0.5),
        ];
        for (truths, factor) in cases {
            let outputs = truths.outputs();
            let scores: Vec<f64> = (0..truths.len() * outputs)
                .map(|i| (i as f64).sin())
                .collect();
            let derivatives = truths.derivatives(&scores);
            for (at, (first, second)) in derivatives
                .first
                .iter()
                .zip(&derivatives.second)
                .enumerate()
            {
                let row = at / outputs;
                let loss = |by: f64| {
                    let mut scores = scores[row * outputs..][..outputs].to_vec();
                    scores[at % outputs] += by;
                    factor * truths.loss(row, &scores)
                };
                let step = 1e-4;
                let slope = (loss(step) - loss(-step)) / (2.0 * step);
                let bend = (loss(step) - 2.0 * loss(0.0) + loss(-step)) / (step * step);
                assert!((slope - first).abs() < 1e-6, "{slope} {first}");
                assert!((bend - second).abs() < 1e-4, "{bend} {second}");
            }
        }
    }
}
