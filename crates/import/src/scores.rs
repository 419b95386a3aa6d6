//! What a network's scores mean: its final function and its labels, and one score where two say the
//! same.

use super::{ImportError, ImportOptions};
use veilcast_card::{Activation, Task, class};
use veilcast_model::search::{Goal, Measure};
use veilcast_model::{FloatMap, ShapeError};

/// How far from opposite two scores may be, relative to the largest weight.
const TOLERANCE: f64 = 1e-4;

/// A map with the meaning of its scores.
#[derive(Clone, Debug)]
pub(super) struct Scores {
    pub(super) map: FloatMap,
    pub(super) activation: Activation,
    pub(super) labels: Vec<String>,
    /// What the scores are.
    pub(super) task: Task,
}

/// What the search for a quantisation compares.
pub(super) struct Comparison {
    /// The map, of quantities in units of their deviation.
    pub(super) map: FloatMap,
    /// The class that the map predicts for each record; empty for quantities.
    pub(super) labels: Vec<usize>,
    pub(super) goal: Goal,
}

impl Scores {
    /// Gives scores their meaning.
    /// Two scores with softmax are determined by their difference, and two opposite ones with
    /// sigmoid by the second: they become one, with sigmoid. Of more with softmax only differences
    /// matter, so the map is [centred](FloatMap::centred).
    ///
    /// `task` is what they are where their final function and number don't say; classes, if that
    /// isn't known.
    pub(super) fn new(
        map: FloatMap,
        activation: Option<Activation>,
        labels: Option<Vec<String>>,
        output: &str,
        task: Option<Task>,
    ) -> Result<Self, ImportError> {
        check(map.outputs(), activation, labels.as_deref())?;
        let activation = activation.unwrap_or(Activation::None);
        let (map, activation) = match (map.outputs(), activation) {
            (2, Activation::Softmax) => (combined(&map, -1.0)?, Activation::Sigmoid),
            (2, Activation::Sigmoid | Activation::NormalizedSigmoid) if is_opposite(&map) => {
                (combined(&map, 0.0)?, Activation::Sigmoid)
            }
            (_, Activation::Softmax) => (map.centred()?, activation),
            _ => (map, activation),
        };
        let expected = match (map.outputs(), activation) {
            (1, Activation::Sigmoid) => 2,
            (outputs, _) => outputs,
        };
        let labels = match labels {
            Some(labels) => labels,
            None if expected == 1 => vec![output.to_owned()],
            None => (0..expected).map(|label| label.to_string()).collect(),
        };
        let implied = Task::implied_by(activation, map.outputs());
        Ok(Self {
            task: implied.or(task).unwrap_or(Task::Classes),
            map,
            activation,
            labels,
        })
    }

    /// What the search compares on records, for which the integers are to predict what the map
    /// does.
    pub(super) fn comparison(
        &self,
        options: &ImportOptions,
        records: &[Vec<f64>],
        bounds_changes: bool,
    ) -> Result<Comparison, ShapeError> {
        let scores = records.iter().map(|record| self.map.evaluate(record));
        let scores: Vec<Vec<f64>> = scores.collect::<Result<_, _>>()?;
        let threshold = options.threshold;
        Ok(match self.task {
            Task::Quantities => Comparison {
                map: in_deviations(&self.map, &scores)?,
                labels: Vec::new(),
                goal: Goal::change(options.max_change),
            },
            Task::Classes | Task::Probability => Comparison {
                map: self.map.clone(),
                labels: scores
                    .iter()
                    .map(|scores| class(scores, threshold))
                    .collect(),
                goal: Goal {
                    measure: Measure::Accuracy,
                    tolerance: options.tolerance,
                    max_change: bounds_changes.then_some(options.max_change),
                    threshold,
                },
            },
        })
    }
}

/// Checks that a final function and labels suit this many scores, which is known before a map is.
pub(super) fn check(
    scores: usize,
    activation: Option<Activation>,
    labels: Option<&[String]>,
) -> Result<(), ImportError> {
    let expected = match (scores, activation) {
        (1, Some(Activation::Softmax | Activation::NormalizedSigmoid)) => {
            return Err(ImportError::Activation {
                problem: "softmax of a single score is always 1; was sigmoid meant?",
            });
        }
        (1, Some(Activation::Sigmoid)) => 2,
        (scores, _) => scores,
    };
    match labels {
        Some(labels) if labels.len() != expected => Err(ImportError::Labels {
            found: labels.len(),
            expected,
        }),
        _ => Ok(()),
    }
}

/// The map with each score divided by its deviation over records.
fn in_deviations(map: &FloatMap, scores: &[Vec<f64>]) -> Result<FloatMap, ShapeError> {
    let count = scores.len() as f64;
    let (mut weights, mut biases) = (map.weights().to_vec(), map.biases().to_vec());
    for (output, row) in weights.chunks_mut(map.inputs()).enumerate() {
        let values = || scores.iter().map(|scores| scores[output]);
        let mean = values().sum::<f64>() / count;
        let deviation = (values().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        if deviation.is_normal() {
            row.iter_mut().for_each(|weight| *weight /= deviation);
            biases[output] /= deviation;
        }
    }
    FloatMap::new(map.inputs(), map.outputs(), weights, biases)
}

/// The second score, and `factor` times the first.
fn combined(map: &FloatMap, factor: f64) -> Result<FloatMap, ShapeError> {
    let rows = map.row(0).iter().zip(map.row(1));
    let weights = rows.map(|(first, second)| second + factor * first);
    let bias = map.biases()[1] + factor * map.biases()[0];
    FloatMap::new(map.inputs(), 1, weights.collect(), vec![bias])
}

/// Whether two scores add up to 1, whatever the record is.
pub(super) fn adds_up_to_one(map: &FloatMap) -> bool {
    let &[first, second] = map.biases() else {
        return false;
    };
    let rows = map.row(0).iter().zip(map.row(1));
    (first + second - 1.0).abs() <= TOLERANCE && are_opposite(rows.map(|(a, b)| (*a, *b)).collect())
}

fn is_opposite(map: &FloatMap) -> bool {
    let rows = map.row(0).iter().zip(map.row(1));
    let mut pairs: Vec<(f64, f64)> = rows.map(|(a, b)| (*a, *b)).collect();
    pairs.push((map.biases()[0], map.biases()[1]));
    are_opposite(pairs)
}

fn are_opposite(pairs: Vec<(f64, f64)>) -> bool {
    let largest = pairs
        .iter()
        .fold(0.0, |top: f64, (a, b)| top.max(a.abs()).max(b.abs()));
    pairs
        .iter()
        .all(|(a, b)| (a + b).abs() <= TOLERANCE * largest)
}
