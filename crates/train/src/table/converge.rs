//! A single layer, trained until it has converged, with the penalty on its weights that predicts
//! best.
//!
//! 1. The objective is the mean loss plus λ/(2·rows) times the sum of the squared weights; biases are
//!    free. It is convex, and L-BFGS finds its minimum whatever the start.
//! 2. A path of penalties λ is followed from the strongest to the weakest, each fit starting where
//!    the last ended. It is measured on training rows that are left out of the fit: each fifth in
//!    turn, or of many rows one fifth only. It ends early when weaker penalties only do worse there.
//! 3. The layer is fitted to all training rows with the penalty that did best.
//!
//! A fit costs some tens of passes over the rows. Friedman, Hastie and Tibshirani describe such paths
//! (2010, doi:10.18637/jss.v033.i01), Liu and Nocedal the method (1989, doi:10.1007/BF01589116).

use std::cell::RefCell;

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use veilcast_model::{DenseLayer, HiddenActivation, PathStep};

use super::rows::Rows;
use super::target::Truth;
use crate::error::TrainError;
use crate::optimize::Examples as _;
use crate::progress::Progress;
use crate::trained::Layers;

/// The penalties, from the strongest to the weakest.
const PENALTIES: [f64; 9] = [100.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01];
/// Parts that the training rows are split into.
const PARTS: usize = 5;
/// With more rows than this, a single part is left out: it says enough.
const MANY_ROWS: usize = 5000;
/// A path ends after this many penalties that did worse than the best one.
const PATIENCE: usize = 2;
/// Most steps of a fit.
const MAX_STEPS: u64 = 1000;
/// A fit ends when the gradient's length is below this.
const TOLERANCE: f64 = 1e-7;
/// Steps that the method remembers.
const MEMORY: usize = 10;

/// A trained layer, and how it was found.
pub(super) struct Converged {
    pub(super) network: Layers,
    /// Its mean loss on the rows that it was trained on.
    pub(super) loss: f64,
    pub(super) penalty: f64,
    /// The mean loss of each penalty on rows left out.
    pub(super) path: Vec<PathStep>,
}

/// Trains a layer of this many outputs.
pub(super) fn converge(
    rows: &Rows,
    outputs: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<Converged, TrainError> {
    let data = Data::of(rows, outputs);
    let all: Vec<usize> = (0..data.rows()).collect();
    let parts = if data.rows() > MANY_ROWS { 1 } else { PARTS };
    let mut losses = vec![(0.0, 0); PENALTIES.len()];
    let mut fits = 0;
    for part in 0..parts {
        let (left_out, fitted): (Vec<usize>, Vec<usize>) =
            all.iter().partition(|&&row| row % PARTS == part);
        let mut weights = vec![0.0; data.parameters()];
        let (mut best, mut worse) = (f64::INFINITY, 0);
        for (step, &penalty) in PENALTIES.iter().enumerate() {
            weights = minimum(&data, &fitted, penalty, weights)?;
            let loss = data.loss(&left_out, &weights);
            let (sum, count) = &mut losses[step];
            (*sum, *count) = (*sum + loss, *count + 1);
            fits += 1;
            progress(Progress {
                epoch: step + 1,
                epochs: PENALTIES.len(),
                batch: part + 1,
                batches: parts,
                loss,
            });
            worse = if loss < best { 0 } else { worse + 1 };
            best = best.min(loss);
            if worse == PATIENCE {
                break;
            }
        }
    }
    debug_assert!(fits >= parts);
    // A penalty that some path didn't reach did worse there.
    let path: Vec<PathStep> = PENALTIES
        .iter()
        .zip(&losses)
        .filter(|(_, (_, count))| *count == parts)
        .map(|(&penalty, (sum, _))| PathStep {
            penalty,
            loss: sum / parts as f64,
        })
        .collect();
    let best = path.iter().min_by(|a, b| a.loss.total_cmp(&b.loss));
    let penalty = best.map_or(PENALTIES[0], |best| best.penalty);
    let weights = minimum(&data, &all, penalty, vec![0.0; data.parameters()])?;
    let loss = data.loss(&all, &weights);
    Ok(Converged {
        network: data.network(&weights)?,
        loss,
        penalty,
        path,
    })
}

/// The weights with the least loss, from a start on.
fn minimum(
    data: &Data,
    rows: &[usize],
    penalty: f64,
    start: Vec<f64>,
) -> Result<Vec<f64>, TrainError> {
    let best = RefCell::new((f64::INFINITY, start.clone()));
    let problem = Objective {
        data,
        rows,
        penalty,
        best: &best,
    };
    let search = MoreThuenteLineSearch::new();
    let method = LBFGS::new(search, MEMORY).with_tolerance_grad(TOLERANCE);
    let method = method.map_err(|error| TrainError::Minimum(error.to_string()))?;
    let executor = Executor::new(problem, method);
    let executor = executor.configure(|state| state.param(start).max_iters(MAX_STEPS));
    // Where no step makes the loss smaller any more, the search for one ends with an error: the
    // minimum is reached as nearly as floats allow.
    let ended = executor.run().map(|_| ());
    let (loss, weights) = best.into_inner();
    match (loss.is_finite(), ended) {
        (true, _) => Ok(weights),
        (false, Ok(())) => Err(TrainError::Diverged { epoch: 1 }),
        (false, Err(error)) => Err(TrainError::Minimum(error.to_string())),
    }
}

/// What is to be as small as possible.
struct Objective<'a> {
    data: &'a Data,
    rows: &'a [usize],
    penalty: f64,
    /// The least so far, and where.
    best: &'a RefCell<(f64, Vec<f64>)>,
}

impl CostFunction for Objective<'_> {
    type Param = Vec<f64>;
    type Output = f64;

    fn cost(&self, weights: &Vec<f64>) -> Result<f64, argmin::core::Error> {
        let rows = self.rows.len() as f64;
        let penalty = self.penalty * self.data.squares(weights) / (2.0 * rows);
        let cost = self.data.loss(self.rows, weights) + penalty;
        let mut best = self.best.borrow_mut();
        if cost < best.0 {
            *best = (cost, weights.clone());
        }
        Ok(cost)
    }
}

impl Gradient for Objective<'_> {
    type Param = Vec<f64>;
    type Gradient = Vec<f64>;

    fn gradient(&self, weights: &Vec<f64>) -> Result<Vec<f64>, argmin::core::Error> {
        let mut gradient = self.data.gradient(self.rows, weights);
        let rows = self.rows.len() as f64;
        for (index, (slope, weight)) in gradient.iter_mut().zip(weights).enumerate() {
            *slope /= rows;
            if !self.data.is_bias(index) {
                *slope += self.penalty * weight / rows;
            }
        }
        Ok(gradient)
    }
}

/// Rows as one matrix, and what is to be predicted for them.
struct Data {
    features: usize,
    outputs: usize,
    values: Vec<f64>,
    truth: Wanted,
}

enum Wanted {
    Classes(Vec<usize>),
    Numbers(Vec<f64>),
}

impl Data {
    fn of(rows: &Rows, outputs: usize) -> Self {
        Self {
            features: rows.features(),
            outputs,
            values: rows.features.iter().flatten().copied().collect(),
            truth: match &rows.truth {
                Truth::Classes(classes) => Wanted::Classes(classes.clone()),
                Truth::Numbers(_, learnt) => {
                    Wanted::Numbers(learnt.iter().copied().map(f64::from).collect())
                }
            },
        }
    }

    fn rows(&self) -> usize {
        self.values.len() / self.features.max(1)
    }

    /// The weights of each output, and its bias after them.
    fn parameters(&self) -> usize {
        self.outputs * (self.features + 1)
    }

    fn is_bias(&self, index: usize) -> bool {
        index % (self.features + 1) == self.features
    }

    /// The sum of the squared weights, without biases.
    fn squares(&self, weights: &[f64]) -> f64 {
        let all = weights.iter().enumerate();
        let weights = all.filter(|(index, _)| !self.is_bias(*index));
        weights.map(|(_, weight)| weight * weight).sum()
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.features..][..self.features]
    }

    fn scores(&self, row: usize, weights: &[f64], scores: &mut [f64]) {
        let row = self.row(row);
        for (score, weights) in scores.iter_mut().zip(weights.chunks(self.features + 1)) {
            let products = row
                .iter()
                .zip(weights)
                .map(|(value, weight)| value * weight);
            *score = products.sum::<f64>() + weights[self.features];
        }
    }

    /// The mean loss: cross-entropy, or half the squared error.
    fn loss(&self, rows: &[usize], weights: &[f64]) -> f64 {
        let mut scores = vec![0.0; self.outputs];
        let mut sum = 0.0;
        for &row in rows {
            self.scores(row, weights, &mut scores);
            sum += match &self.truth {
                Wanted::Numbers(numbers) => (scores[0] - numbers[row]).powi(2) / 2.0,
                Wanted::Classes(classes) if self.outputs == 1 => {
                    let score = if classes[row] == 1 {
                        -scores[0]
                    } else {
                        scores[0]
                    };
                    score.max(0.0) + (-score.abs()).exp().ln_1p()
                }
                Wanted::Classes(classes) => log_sum_exp(&scores) - scores[classes[row]],
            };
        }
        sum / rows.len() as f64
    }

    /// The gradient of the losses' sum.
    fn gradient(&self, rows: &[usize], weights: &[f64]) -> Vec<f64> {
        let mut gradient = vec![0.0; weights.len()];
        let mut scores = vec![0.0; self.outputs];
        for &row in rows {
            self.scores(row, weights, &mut scores);
            match &self.truth {
                Wanted::Numbers(numbers) => scores[0] -= numbers[row],
                Wanted::Classes(classes) if self.outputs == 1 => {
                    let probability = 1.0 / (1.0 + (-scores[0]).exp());
                    scores[0] = probability - f64::from(u8::from(classes[row] == 1));
                }
                Wanted::Classes(classes) => {
                    let all = log_sum_exp(&scores);
                    scores
                        .iter_mut()
                        .for_each(|score| *score = (*score - all).exp());
                    scores[classes[row]] -= 1.0;
                }
            }
            for (slope, gradient) in scores.iter().zip(gradient.chunks_mut(self.features + 1)) {
                for (sum, value) in gradient.iter_mut().zip(self.row(row)) {
                    *sum += slope * value;
                }
                gradient[self.features] += slope;
            }
        }
        gradient
    }

    fn network(&self, weights: &[f64]) -> Result<Layers, TrainError> {
        let outputs = || weights.chunks(self.features + 1);
        let of_features = outputs().flat_map(|weights| &weights[..self.features]);
        let biases = outputs().map(|weights| weights[self.features]);
        let layer = DenseLayer::new(
            self.features,
            self.outputs,
            of_features.copied().collect(),
            biases.collect(),
        )?;
        Ok(Layers::new(vec![layer], HiddenActivation::Identity)?)
    }
}

fn log_sum_exp(scores: &[f64]) -> f64 {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
    largest + sum.ln()
}
