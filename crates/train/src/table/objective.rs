//! The loss of layers on rows, and its gradient.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use veilcast_model::{DenseLayer, HiddenActivation};

use super::rows::Rows;
use super::target::Truth;
use crate::error::TrainError;
use crate::optimize::Examples as _;
use crate::trained::Layers;

/// Rows of which a thread takes the loss at a time, for layers whose losses take long.
const CHUNK: usize = 256;
/// What hidden numbers are drawn to, for a record whose features are all 0.
const HIDDEN_BIAS: f64 = 1.0;

/// Rows as one matrix, what is to be predicted for them, and the shape of what predicts it.
///
/// The parameters are those of each layer, first to last: the weights of each output, and its bias after them.
pub(super) struct Data {
    /// The layers' places, first to last.
    places: Vec<Place>,
    /// What the penalty draws each parameter to; nothing for the scores' biases.
    drawn: Vec<Option<f64>>,
    values: Vec<f64>,
    truth: Wanted,
}

enum Wanted {
    Classes(Vec<usize>),
    Numbers(Vec<f64>),
}

/// A layer's place among the parameters.
#[derive(Clone, Copy)]
struct Place {
    start: usize,
    inputs: usize,
    outputs: usize,
}

impl Data {
    pub(super) fn of(rows: &Rows, hidden: &[usize], outputs: usize) -> Self {
        let features = rows.features();
        let widths = [&[features], hidden, &[outputs]].concat();
        let mut drawn = Vec::new();
        let place = |pair: &[usize]| Place {
            start: 0,
            inputs: pair[0],
            outputs: pair[1],
        };
        let mut places: Vec<Place> = widths.windows(2).map(place).collect();
        let last = places.len() - 1;
        for (index, place) in places.iter_mut().enumerate() {
            place.start = drawn.len();
            for _ in 0..place.outputs {
                drawn.extend(vec![Some(0.0); place.inputs]);
                drawn.push((index < last).then_some(HIDDEN_BIAS));
            }
        }
        Self {
            places,
            drawn,
            values: rows.features.iter().flatten().copied().collect(),
            truth: match &rows.truth {
                Truth::Classes(classes) => Wanted::Classes(classes.clone()),
                Truth::Numbers(_, learnt) => {
                    Wanted::Numbers(learnt.iter().copied().map(f64::from).collect())
                }
            },
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.values.len() / self.features().max(1)
    }

    fn features(&self) -> usize {
        self.places[0].inputs
    }

    fn outputs(&self) -> usize {
        self.places[self.places.len() - 1].outputs
    }

    /// Whether there is one minimum, wherever one starts: without hidden layers.
    pub(super) fn is_convex(&self) -> bool {
        self.places.len() == 1
    }

    /// Parameters to start from: all 0 for a single layer; otherwise small random weights, by which
    /// hidden numbers differ, and biases as they are drawn.
    pub(super) fn start(&self, seed: u64) -> Vec<f64> {
        let mut start: Vec<f64> = (self.drawn.iter().map(|to| to.unwrap_or(0.0))).collect();
        if self.is_convex() {
            return start;
        }
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        for place in &self.places {
            let limit = (1.0 / (place.inputs + place.outputs) as f64).sqrt();
            for weights in start[place.start..][..place.parameters()].chunks_mut(place.inputs + 1) {
                let weights = weights[..place.inputs].iter_mut();
                weights.for_each(|weight| *weight = rng.random_range(-limit..limit));
            }
        }
        start
    }

    /// What the penalty draws a parameter to; nothing for the scores' biases.
    pub(super) fn drawn_to(&self, index: usize) -> Option<f64> {
        self.drawn[index]
    }

    /// The sum of the squares of how far parameters are from what they are drawn to.
    pub(super) fn squares(&self, weights: &[f64]) -> f64 {
        let all = weights.iter().zip(&self.drawn);
        let drawn = all.filter_map(|(weight, to)| to.map(|to| weight - to));
        drawn.map(|weight| weight * weight).sum()
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.values[row * self.features()..][..self.features()]
    }

    /// The numbers that each layer gives for a row, before they are squared.
    fn numbers(&self, row: usize, weights: &[f64], numbers: &mut [Vec<f64>]) {
        let mut inputs = self.row(row).to_vec();
        for (place, numbers) in self.places.iter().zip(numbers) {
            let outputs = place.of(weights).chunks(place.inputs + 1);
            numbers.clear();
            numbers.extend(outputs.map(|weights| {
                let products = inputs
                    .iter()
                    .zip(weights)
                    .map(|(value, weight)| value * weight);
                products.sum::<f64>() + weights[place.inputs]
            }));
            inputs.clear();
            inputs.extend(numbers.iter().map(|number| number * number));
        }
    }

    /// Sums over rows, in an order that doesn't depend on the number of threads.
    fn sum<T: Send>(
        &self,
        rows: &[usize],
        of: impl Fn(&[usize]) -> T + Send + Sync,
        add: impl Fn(T, T) -> T,
    ) -> Option<T> {
        match self.is_convex() {
            true => Some(of(rows)),
            false => {
                let chunks = rows.par_chunks(CHUNK).map(of);
                chunks.collect::<Vec<T>>().into_iter().reduce(add)
            }
        }
    }

    /// The mean loss: cross-entropy, or half the squared error.
    pub(super) fn loss(&self, rows: &[usize], weights: &[f64]) -> f64 {
        let places = &self.places;
        let of = |rows: &[usize]| {
            let mut numbers = vec![Vec::new(); places.len()];
            let mut sum = 0.0;
            for &row in rows {
                self.numbers(row, weights, &mut numbers);
                let scores = &numbers[places.len() - 1];
                sum += match &self.truth {
                    Wanted::Numbers(numbers) => (scores[0] - numbers[row]).powi(2) / 2.0,
                    Wanted::Classes(classes) if self.outputs() == 1 => {
                        let score = if classes[row] == 1 {
                            -scores[0]
                        } else {
                            scores[0]
                        };
                        score.max(0.0) + (-score.abs()).exp().ln_1p()
                    }
                    Wanted::Classes(classes) => log_sum_exp(scores) - scores[classes[row]],
                };
            }
            sum
        };
        let sum = self.sum(rows, of, |a, b| a + b).unwrap_or(0.0);
        sum / rows.len() as f64
    }

    /// The gradient of the losses' sum.
    pub(super) fn gradient(&self, rows: &[usize], weights: &[f64]) -> Vec<f64> {
        let places = &self.places;
        let of = |rows: &[usize]| {
            let mut gradient = vec![0.0; weights.len()];
            let mut numbers = vec![Vec::new(); places.len()];
            for &row in rows {
                self.numbers(row, weights, &mut numbers);
                let mut slopes = numbers[places.len() - 1].clone();
                self.slopes(row, &mut slopes);
                for (index, place) in places.iter().enumerate().rev() {
                    let squares: Vec<f64> = match index {
                        0 => self.row(row).to_vec(),
                        _ => numbers[index - 1].iter().map(|h| h * h).collect(),
                    };
                    let sums = gradient[place.start..].chunks_mut(place.inputs + 1);
                    for (slope, gradient) in slopes.iter().zip(sums) {
                        for (sum, value) in gradient.iter_mut().zip(&squares) {
                            *sum += slope * value;
                        }
                        gradient[place.inputs] += slope;
                    }
                    if index > 0 {
                        let mut before = vec![0.0; place.inputs];
                        let rows = place.of(weights).chunks(place.inputs + 1);
                        for (slope, weights) in slopes.iter().zip(rows) {
                            for (sum, weight) in before.iter_mut().zip(weights) {
                                *sum += slope * weight;
                            }
                        }
                        for (slope, number) in before.iter_mut().zip(&numbers[index - 1]) {
                            *slope *= 2.0 * number;
                        }
                        slopes = before;
                    }
                }
            }
            gradient
        };
        let add = |mut a: Vec<f64>, b: Vec<f64>| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a += b);
            a
        };
        let gradient = self.sum(rows, of, add);
        gradient.unwrap_or_else(|| vec![0.0; weights.len()])
    }

    /// How a row's loss changes with its scores, in their place.
    fn slopes(&self, row: usize, scores: &mut [f64]) {
        match &self.truth {
            Wanted::Numbers(numbers) => scores[0] -= numbers[row],
            Wanted::Classes(classes) if self.outputs() == 1 => {
                let probability = 1.0 / (1.0 + (-scores[0]).exp());
                scores[0] = probability - f64::from(u8::from(classes[row] == 1));
            }
            Wanted::Classes(classes) => {
                let all = log_sum_exp(scores);
                scores
                    .iter_mut()
                    .for_each(|score| *score = (*score - all).exp());
                scores[classes[row]] -= 1.0;
            }
        }
    }

    pub(super) fn network(&self, weights: &[f64]) -> Result<Layers, TrainError> {
        let layer = |place: &Place| {
            let outputs = || place.of(weights).chunks(place.inputs + 1);
            let of_inputs = outputs().flat_map(|weights| &weights[..place.inputs]);
            let biases = outputs().map(|weights| weights[place.inputs]);
            DenseLayer::new(
                place.inputs,
                place.outputs,
                of_inputs.copied().collect(),
                biases.collect(),
            )
        };
        let layers = self.places.iter().map(layer);
        let activation = match self.is_convex() {
            true => HiddenActivation::Identity,
            false => HiddenActivation::Square,
        };
        Ok(Layers::new(layers.collect::<Result<_, _>>()?, activation)?)
    }
}

impl Place {
    fn parameters(&self) -> usize {
        self.outputs * (self.inputs + 1)
    }

    fn of<'a>(&self, weights: &'a [f64]) -> &'a [f64] {
        &weights[self.start..][..self.parameters()]
    }
}

fn log_sum_exp(scores: &[f64]) -> f64 {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores.iter().map(|score| (score - largest).exp()).sum();
    largest + sum.ln()
}
