//! Gradient boosting of small decision trees.
//!
//! Each round adds a tree that lowers the loss most, judged by its first two derivatives, and its
//! leaves have a value per output (Friedman, Greedy Function Approximation: A Gradient Boosting
//! Machine, 2001; Chen and Guestrin, XGBoost, 2016). Numbers are sorted into at most 256 bins per
//! column first. How many rounds are best is found by five-fold cross-validation. Nothing is random
//! but the folds, which depend on the seed.

mod bins;
mod grow;
mod loss;
mod options;

use rand::SeedableRng as _;
use rand::rngs::ChaCha20Rng;
use rand::seq::SliceRandom as _;
use rayon::prelude::*;
use veilcast_model::trees::TreeSum;

use self::bins::Column;
use self::grow::{Grown, grow};
pub(crate) use self::loss::Truths;
pub use self::options::TreesOptions;
use crate::error::TrainError;
use crate::progress::Progress;

/// What came of it.
pub(crate) struct Boosted {
    pub(crate) sum: TreeSum,
    /// Number of rounds.
    pub(crate) rounds: usize,
    /// Mean loss on the training rows.
    pub(crate) loss: f64,
}

/// Parts that the rows are divided into, to find the best number of rounds.
const FOLDS: usize = 5;
/// Rounds without any gain after which no more are tried.
const PATIENCE: usize = 50;

/// Grows trees on the numbers of some rows, those of missing cells unknown. `gaps` are the columns whose numbers may be missing,
/// though they aren't in these rows: such records go the way of most rows.
///
/// # Errors
/// [`TrainError::NoTree`] if no tree lowers the loss, [`TrainError::Diverged`] if numbers overflow.
pub(crate) fn boost(
    rows: &[Vec<Option<f64>>],
    gaps: &[usize],
    truths: &Truths<'_>,
    options: &TreesOptions,
    seed: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<Boosted, TrainError> {
    let columns = Column::all(rows, gaps);
    let best = best_rounds(&columns, rows.len(), truths, options, seed, progress)?;
    let everything: Vec<u32> = (0..rows.len() as u32).collect();
    let mut ensemble = Ensemble::new(truths, &everything);
    let mut sum = TreeSum::new(ensemble.start.clone());
    for round in 1..=best {
        let tree = ensemble.grow(&columns, &everything, truths, options);
        sum.add(tree.valued(&columns))?;
        progress(Progress {
            epoch: 2,
            epochs: 2,
            batch: round,
            batches: best,
            loss: ensemble.loss(&everything, truths),
        });
    }
    let loss = ensemble.loss(&everything, truths);
    match (loss.is_finite(), sum.size().0) {
        (false, _) => Err(TrainError::Diverged { epoch: 2 }),
        (true, 0) => Err(TrainError::NoTree),
        (true, _) => Ok(Boosted {
            sum,
            rounds: best,
            loss,
        }),
    }
}

/// The number of rounds, at least 1, after which rows that trees weren't grown on have the least loss.
fn best_rounds(
    columns: &[Column],
    rows: usize,
    truths: &Truths<'_>,
    options: &TreesOptions,
    seed: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<usize, TrainError> {
    let mut order: Vec<u32> = (0..rows as u32).collect();
    order.shuffle(&mut ChaCha20Rng::seed_from_u64(seed));
    let fold = |fold| {
        let numbered = order.iter().enumerate();
        let (inside, outside): (Vec<_>, Vec<_>) =
            numbered.partition(|(index, _)| index % FOLDS != fold);
        let rows = |part: Vec<(usize, &u32)>| part.into_iter().map(|(_, &row)| row).collect();
        let (grown_on, measured): (Vec<u32>, Vec<u32>) = (rows(inside), rows(outside));
        (Ensemble::new(truths, &grown_on), grown_on, measured)
    };
    let mut folds: Vec<_> = (0..FOLDS).map(fold).collect();
    let (mut best, mut least) = (1, f64::INFINITY);
    for round in 1..=options.rounds {
        let losses = folds.par_iter_mut().map(|(ensemble, grown_on, measured)| {
            ensemble.grow(columns, grown_on, truths, options);
            ensemble.loss(measured, truths) * measured.len() as f64
        });
        // Added up in order, so that the same seed gives the same model.
        let loss = losses.collect::<Vec<_>>().iter().sum::<f64>() / rows as f64;
        if !loss.is_finite() {
            return Err(TrainError::Diverged { epoch: 1 });
        }
        if loss < least {
            (best, least) = (round, loss);
        }
        progress(Progress {
            epoch: 1,
            epochs: 2,
            batch: round,
            batches: options.rounds,
            loss,
        });
        if round >= best + PATIENCE {
            break;
        }
    }
    Ok(best)
}

/// Trees so far, by the scores that they give all rows.
struct Ensemble {
    /// Scores without any tree.
    start: Vec<f64>,
    /// Row by row, a score per output.
    scores: Vec<f64>,
}

impl Ensemble {
    /// No trees; all scores are those that suit some rows best.
    fn new(truths: &Truths<'_>, grown_on: &[u32]) -> Self {
        let start = truths.start(grown_on);
        Self {
            scores: start.repeat(truths.len()),
            start,
        }
    }

    /// Adds a tree that is grown on some rows.
    fn grow(
        &mut self,
        columns: &[Column],
        grown_on: &[u32],
        truths: &Truths<'_>,
        options: &TreesOptions,
    ) -> Grown {
        let outputs = truths.outputs();
        let derivatives = truths.derivatives(&self.scores);
        let tree = grow(columns, grown_on, &derivatives, outputs, options);
        for (row, scores) in self.scores.chunks_mut(outputs).enumerate() {
            let values = tree.values(columns, row);
            scores.iter_mut().zip(values).for_each(|(s, v)| *s += v);
        }
        tree
    }

    /// The mean loss of some rows.
    fn loss(&self, rows: &[u32], truths: &Truths<'_>) -> f64 {
        let outputs = truths.outputs();
        let loss = |&row: &u32| {
            let scores = &self.scores[row as usize * outputs..][..outputs];
            truths.loss(row as usize, scores)
        };
        rows.iter().map(loss).sum::<f64>() / rows.len().max(1) as f64
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

    use super::*;

    /// Rows whose truth depends on both columns together, and on whether the first is missing.
    fn rows() -> (Vec<Vec<Option<f64>>>, Vec<usize>) {
        let row = |i: usize| {
            let (a, b) = ((i * 37 % 101) as f64, (i * 53 % 97) as f64);
            let a = (!i.is_multiple_of(10)).then_some(a);
            let class = match a {
                None => 1,
                Some(a) => usize::from((a > 50.0) != (b > 48.0)),
            };
            (vec![a, Some(b)], class)
        };
        (0..600).map(row).unzip()
    }

    fn boosted(depth: usize, seed: u64) -> Boosted {
        let (rows, classes) = rows();
        let truths = Truths::Classes {
            classes: &classes,
            outputs: 1,
        };
        let options = TreesOptions {
            depth,
            rounds: 100,
            ..TreesOptions::default()
        };
        boost(&rows, &[], &truths, &options, seed, &mut |_| {}).unwrap()
    }

    #[test]
    fn two_comparisons_see_what_one_does_not() {
        let (stumps, deeper) = (boosted(1, 1), boosted(2, 1));
        assert!(deeper.loss < 0.3, "{}", deeper.loss);
        assert!(stumps.loss > 0.5, "{}", stumps.loss);
    }

    #[test]
    fn the_seed_decides() {
        let (a, b) = (boosted(2, 7), boosted(2, 7));
        assert_eq!(a.rounds, b.rounds);
        let (a, b) = (a.sum.into_map().unwrap(), b.sum.into_map().unwrap());
        assert!(a == b);
    }

    #[test]
    fn numbers_that_tell_nothing_give_no_tree() {
        let rows = vec![vec![Some(1.0)]; 100];
        let classes: Vec<usize> = (0..100).map(|i| i % 2).collect();
        let truths = Truths::Classes {
            classes: &classes,
            outputs: 1,
        };
        let tried = boost(
            &rows,
            &[],
            &truths,
            &TreesOptions::default(),
            1,
            &mut |_| {},
        );
        assert!(matches!(tried, Err(TrainError::NoTree)));
    }
}
