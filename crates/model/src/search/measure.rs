//! How good maps are on labelled records.

use super::error::SearchError;
use super::goal::{Goal, HeldOut, Measure};
use crate::quality::auc;
use crate::{FloatMap, IntegerMap};
use veilcast_card::{Quantization, class, probabilities};

/// How good a map is.
pub(super) struct Measured {
    /// The accuracy, if classes are predicted.
    pub(super) accuracy: Option<f64>,
    /// The area under the ROC curve, if that is what the goal measures.
    pub(super) auc: Option<f64>,
    /// The largest change from the float map, if the goal bounds it.
    pub(super) largest_change: Option<f64>,
}

/// How good the float map is, and what other maps are compared with.
pub(super) struct ByFloats {
    pub(super) measured: Measured,
    goal: Goal,
    /// The probabilities of each record's classes, or its quantities, if the goal bounds their
    /// changes.
    bounded: Option<Vec<Vec<f64>>>,
}

/// The quantised features of a record that aren't 0.
pub(super) type Sparse = Vec<(u32, u32)>;

pub(super) fn sparse(record: &[f64], quantization: &Quantization) -> Sparse {
    let features = record.iter().enumerate().map(|(feature, &value)| {
        let (integer, _) = quantization.quantize(feature, value);
        (feature as u32, integer)
    });
    features.filter(|&(_, integer)| integer != 0).collect()
}

/// Measures the float map.
pub(super) fn by_floats(
    map: &FloatMap,
    held_out: HeldOut<'_>,
    goal: Goal,
) -> Result<ByFloats, SearchError> {
    let scores = held_out.records.iter().map(|record| map.evaluate(record));
    let scores: Vec<Vec<f64>> = scores.collect::<Result<_, _>>()?;
    let mut tally = Tally::new(goal, held_out.labels);
    for (record, scores) in scores.iter().enumerate() {
        tally.add(record, scores);
    }
    let bounded = || scores.iter().map(|scores| goal.bounded(scores)).collect();
    Ok(ByFloats {
        measured: tally.finish()?,
        goal,
        bounded: goal.max_change.map(|_| bounded()),
    })
}

impl Goal {
    /// The numbers whose changes the goal bounds.
    fn bounded(self, scores: &[f64]) -> Vec<f64> {
        match self.measure {
            Measure::Accuracy | Measure::Auc => probabilities(scores),
            Measure::Change => scores.to_vec(),
        }
    }
}

impl ByFloats {
    /// Measures an integer map on quantised records, and compares it.
    pub(super) fn compare(
        &self,
        map: &IntegerMap,
        scales: &[f64],
        records: &[Sparse],
        labels: &[usize],
    ) -> Result<Measured, SearchError> {
        // Input by input, since most features of an image are 0.
        let columns: Vec<Vec<i64>> = (0..map.inputs())
            .map(|input| {
                let rows = (0..map.outputs()).map(|output| map.row(output)[input]);
                rows.map(i64::from).collect()
            })
            .collect();
        let mut sums = vec![0; map.outputs()];
        let mut scores = vec![0.0; map.outputs()];
        let mut tally = Tally::new(self.goal, labels);
        let mut largest: f64 = 0.0;
        for (index, record) in records.iter().enumerate() {
            sums.copy_from_slice(map.biases());
            for &(feature, value) in record {
                let column = &columns[feature as usize];
                for (sum, weight) in sums.iter_mut().zip(column) {
                    *sum += weight * i64::from(value);
                }
            }
            for ((score, sum), scale) in scores.iter_mut().zip(&sums).zip(scales) {
                *score = *sum as f64 * scale;
            }
            tally.add(index, &scores);
            if let Some(before) = &self.bounded {
                let now = self.goal.bounded(&scores);
                let changes = before[index].iter().zip(now).map(|(p, q)| (p - q).abs());
                largest = changes.fold(largest, f64::max);
            }
        }
        let mut measured = tally.finish()?;
        measured.largest_change = self.bounded.as_ref().map(|_| largest);
        Ok(measured)
    }
}

/// What is counted record by record.
struct Tally<'a> {
    labels: &'a [usize],
    goal: Goal,
    right: usize,
    /// The single output's scores, for the ROC curve.
    scores: Option<Vec<f64>>,
}

impl<'a> Tally<'a> {
    fn new(goal: Goal, labels: &'a [usize]) -> Self {
        Self {
            labels,
            goal,
            right: 0,
            scores: (goal.measure == Measure::Auc).then(Vec::new),
        }
    }

    fn add(&mut self, record: usize, scores: &[f64]) {
        let predicted = class(scores, self.goal.threshold);
        self.right += usize::from(self.labels.get(record) == Some(&predicted));
        if let (Some(all), [score]) = (&mut self.scores, scores) {
            all.push(*score);
        }
    }

    fn finish(self) -> Result<Measured, SearchError> {
        let area = |scores: Vec<f64>| {
            let positive: Vec<bool> = self.labels.iter().map(|&label| label == 1).collect();
            let single = scores.len() == positive.len();
            single.then(|| auc(&scores, &positive)).flatten()
        };
        let auc = match self.scores {
            None => None,
            Some(scores) => Some(area(scores).ok_or(SearchError::Auc)?),
        };
        let of_classes = self.goal.measure != Measure::Change;
        Ok(Measured {
            accuracy: of_classes.then(|| self.right as f64 / self.labels.len() as f64),
            auc,
            largest_change: None,
        })
    }
}
