//! How good maps are on labelled records.

use super::error::SearchError;
use super::goal::{Goal, HeldOut, Measure};
use super::report::SearchReport;
use crate::IntegerMap;
use crate::quality::auc;
use veilcast_card::{Quantization, class, probabilities};

/// How good a map is.
pub(crate) struct Measured {
    /// The accuracy, if classes are predicted.
    pub(crate) accuracy: Option<f64>,
    /// The area under the ROC curve, if that is what the goal measures.
    pub(crate) auc: Option<f64>,
    /// The largest change from the float map, if the goal bounds it.
    pub(crate) largest_change: Option<f64>,
}

/// How good the float map is, and what other maps are compared with.
pub(crate) struct ByFloats {
    measured: Measured,
    goal: Goal,
    records: usize,
    /// The probabilities of each record's classes, or its quantities, if the goal bounds their
    /// changes.
    bounded: Option<Vec<Vec<f64>>>,
}

/// The quantised features of a record that aren't 0.
pub(crate) type Sparse = Vec<(u32, u32)>;

pub(crate) fn sparse(record: &[f64], quantization: &Quantization) -> Sparse {
    let features = record.iter().enumerate().map(|(feature, &value)| {
        let (integer, _) = quantization.quantize(feature, value);
        (feature as u32, integer)
    });
    features.filter(|&(_, integer)| integer != 0).collect()
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
    /// Measures the map or network in floats, by its scores of each record.
    ///
    /// # Errors
    /// [`SearchError`] if there are no records, a record has no label, or the goal measures what the scores don't have.
    pub(crate) fn of(
        scores: Vec<Vec<f64>>,
        held_out: HeldOut<'_>,
        goal: Goal,
    ) -> Result<Self, SearchError> {
        let (records, labels) = (held_out.records.len(), held_out.labels.len());
        let unlabelled = goal.measure != Measure::Change && records != labels;
        if records == 0 || unlabelled {
            return Err(SearchError::HeldOut { records, labels });
        }
        let mut tally = Tally::new(goal, held_out.labels);
        for (record, scores) in scores.iter().enumerate() {
            tally.add(record, scores);
        }
        let bounded = || scores.iter().map(|scores| goal.bounded(scores)).collect();
        Ok(Self {
            measured: tally.finish()?,
            goal,
            records,
            bounded: goal.max_change.map(|_| bounded()),
        })
    }

    /// A report without trials.
    pub(crate) fn report(&self) -> SearchReport {
        SearchReport {
            records: self.records,
            float_accuracy: self.measured.accuracy,
            float_auc: self.measured.auc,
            tolerance: self.goal.tolerance,
            max_change: self.goal.max_change,
            trials: Vec::new(),
        }
    }

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
        let scores = records.iter().map(|record| {
            let mut sums = map.biases().to_vec();
            for &(feature, value) in record {
                let column = &columns[feature as usize];
                for (sum, weight) in sums.iter_mut().zip(column) {
                    *sum += weight * i64::from(value);
                }
            }
            let sums = sums.into_iter().zip(scales);
            sums.map(|(sum, scale)| sum as f64 * scale).collect()
        });
        self.compare_scores(scores, labels)
    }

    /// Measures scores of each record, in floats, and compares them.
    ///
    /// # Errors
    /// [`SearchError`] if the goal measures what the scores don't have.
    pub(crate) fn compare_scores(
        &self,
        scores: impl IntoIterator<Item = Vec<f64>>,
        labels: &[usize],
    ) -> Result<Measured, SearchError> {
        let mut tally = Tally::new(self.goal, labels);
        let mut largest: f64 = 0.0;
        for (index, scores) in scores.into_iter().enumerate() {
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
