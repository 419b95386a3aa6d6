//! Layers, trained until they have converged, with the penalty on their weights that predicts best.
//!
//! 1. The objective is the mean loss plus λ/(2·rows) times the sum of the squared weights; the scores'
//!    biases are free. For a single layer it is convex, and L-BFGS finds its minimum whatever the
//!    start. With hidden layers that square it finds one near the start; their biases are drawn to 1,
//!    where a square has a slope: (1 + h)² = 1 + 2·h + h².
//! 2. A path of penalties λ is followed from the strongest to the weakest, each fit of a single layer
//!    starting where the last ended, others where the first did. It is measured on training rows that are left out of the fit: each fifth in
//!    turn, or of many rows one fifth only. It ends early when weaker penalties only do worse there.
//! 3. The layers are fitted to all training rows with the penalty that did best.
//!
//! A fit costs some tens of passes over the rows. Friedman, Hastie and Tibshirani describe such paths
//! (2010, doi:10.18637/jss.v033.i01), Liu and Nocedal the method (1989, doi:10.1007/BF01589116).

use std::cell::RefCell;

use argmin::core::{CostFunction, Executor, Gradient};
use argmin::solver::linesearch::MoreThuenteLineSearch;
use argmin::solver::quasinewton::LBFGS;
use veilcast_model::PathStep;

use super::objective::Data;
use super::rows::Rows;
use crate::error::TrainError;
use crate::options::Options;
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
/// Most steps of a fit of a single layer, and of one with hidden layers, whose last steps gain nothing on rows that are left out.
const MAX_STEPS: u64 = 1000;
const MAX_BENT_STEPS: u64 = 300;
/// A fit ends when the gradient's length is below this.
const TOLERANCE: f64 = 1e-7;
/// Steps that the method remembers.
const MEMORY: usize = 10;

/// Trained layers, and how they were found.
pub(super) struct Converged {
    pub(super) network: Layers,
    /// Their mean loss on the rows that they were trained on.
    pub(super) loss: f64,
    pub(super) penalty: f64,
    /// The mean loss of each penalty on rows left out.
    pub(super) path: Vec<PathStep>,
}

/// Trains layers up to this many outputs: a single one, or the hidden ones of the options, which square.
pub(super) fn converge(
    rows: &Rows,
    outputs: usize,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Converged, TrainError> {
    let data = Data::of(rows, &options.hidden, outputs);
    let start = data.start(options.seed);
    let all: Vec<usize> = (0..data.rows()).collect();
    let parts = if data.rows() > MANY_ROWS { 1 } else { PARTS };
    let mut losses = vec![(0.0, 0); PENALTIES.len()];
    let mut fits = 0;
    for part in 0..parts {
        let (left_out, fitted): (Vec<usize>, Vec<usize>) =
            all.iter().partition(|&&row| row % PARTS == part);
        let mut weights = start.clone();
        let (mut best, mut worse) = (f64::INFINITY, 0);
        for (step, &penalty) in PENALTIES.iter().enumerate() {
            if !data.is_convex() {
                weights.clone_from(&start);
            }
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
    let weights = minimum(&data, &all, penalty, start)?;
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
    let most = match data.is_convex() {
        true => MAX_STEPS,
        false => MAX_BENT_STEPS,
    };
    let executor = executor.configure(|state| state.param(start).max_iters(most));
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
            if let Some(centre) = self.data.drawn_to(index) {
                *slope += self.penalty * (weight - centre) / rows;
            }
        }
        Ok(gradient)
    }
}
