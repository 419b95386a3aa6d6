//! What a search tried, and what it chose.

use serde::{Deserialize, Serialize};
use veilcast_card::{InputBits, SlotBits, WeightBits};

/// What a search tried, and what it chose. Private.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchReport {
    /// Number of held-out records.
    pub records: usize,
    /// The share of them that the map in floats predicts correctly, if it predicts classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_accuracy: Option<f64>,
    /// The area under its ROC curve, if that is the measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub float_auc: Option<f64>,
    /// How much smaller the chosen quantisation's measure may be.
    pub tolerance: f64,
    /// How much a probability may change at most, or a score, if it is a quantity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_change: Option<f64>,
    /// The quantisations tried, in order of cost.
    pub trials: Vec<Trial>,
}

/// A quantisation that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// Bits of an integer feature.
    pub input_bits: InputBits,
    /// Bits of an integer weight, sign included.
    pub weight_bits: WeightBits,
    /// Largest magnitude of an integer weight.
    pub max_weight: u32,
    /// S: bits of a score.
    pub slot_bits: SlotBits,
    /// Its cost, in the unit of the scheme.
    pub cost: f64,
    /// The share of held-out records that it predicts correctly, if it predicts classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accuracy: Option<f64>,
    /// The area under its ROC curve, if that is the measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auc: Option<f64>,
    /// The largest change of a probability, or of a quantity, if that is bounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_change: Option<f64>,
    /// Whether it was chosen.
    pub chosen: bool,
}

impl SearchReport {
    /// The quantisation that was chosen; none in a report without any.
    pub fn chosen(&self) -> Option<&Trial> {
        self.trials.iter().find(|trial| trial.chosen)
    }

    /// Whether the chosen quantisation is as good as required.
    pub fn reaches_goal(&self) -> bool {
        self.chosen().is_some_and(|trial| self.is_reached_by(trial))
    }

    /// Adds a trial, and notes if it is the best so far; returns whether it is as good as required.
    pub(crate) fn add(&mut self, trial: Trial, best: &mut usize) -> bool {
        let reached = self.is_reached_by(&trial);
        let better = |best: &Trial| trial.merit() > best.merit();
        if reached || self.trials.get(*best).is_none_or(better) {
            *best = self.trials.len();
        }
        self.trials.push(trial);
        reached
    }

    /// Marks a trial as the one that was chosen, if there is any.
    pub(crate) fn choose(&mut self, best: usize) {
        if let Some(trial) = self.trials.get_mut(best) {
            trial.chosen = true;
        }
    }

    fn is_reached_by(&self, trial: &Trial) -> bool {
        // Rounding errors mustn't count against a trial.
        const EXACT: f64 = 1e-12;
        let area = self.float_auc.zip(trial.auc);
        let as_good = match area.or(self.float_accuracy.zip(trial.accuracy)) {
            Some((float, found)) => found >= float - self.tolerance - EXACT,
            None => true,
        };
        let change = trial.largest_change.unwrap_or(0.0);
        as_good && change <= self.max_change.unwrap_or(f64::INFINITY)
    }
}

impl Trial {
    /// How a trial ranks among those that miss the goal: by how little it
    /// changes probabilities or quantities, if that matters, or else the measure.
    pub fn merit(&self) -> f64 {
        let change = self.largest_change.map(|change| -change);
        let measure = self.auc.or(self.accuracy);
        change.or(measure).unwrap_or(f64::NEG_INFINITY)
    }
}
