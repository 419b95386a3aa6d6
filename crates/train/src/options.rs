//! What to train and how, whatever the data.

use std::fmt;

use veilcast_card::{InputBits, MAX_HIDDEN_LAYERS, Way, WeightBits};
use veilcast_model::{HiddenActivation, TrainingReport};

use crate::error::TrainError;

/// What to train and how; [`Default`] gives the built-in digit model.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The model's name in its card.
    pub name: String,
    /// The model's version in its card.
    pub version: String,
    /// The model's description in its card.
    pub description: String,
    /// The ways in which the model is offered, if not the usual ones.
    pub ways: Option<Vec<Way>>,
    /// Widths of the hidden layers; none gives a single layer.
    pub hidden: Vec<usize>,
    /// What the hidden layers do with their numbers.
    pub activation: HiddenActivation,
    /// Passes over the training records, at least 1.
    pub epochs: usize,
    /// Records per step, at least 1.
    pub batch_size: usize,
    /// Adam's learning rate at the start, finite and positive.
    pub learning_rate: f64,
    /// Adam's weight decay: what a step takes off each weight, as a share of it and of the learning
    /// rate; 0 or more.
    pub decay: f64,
    /// In each pass an image is moved by up to this many pixels in each direction, drawn anew; at
    /// most 255.
    pub shift: usize,
    /// The seed of initial weights and shuffling.
    pub seed: u64,
    /// Bits of a quantised feature, 1 to 16; searched for, up to 8, where not given.
    pub input_bits: Option<InputBits>,
    /// Bits of a quantised weight, sign included, 2 to 16; searched for where not given.
    pub weight_bits: Option<WeightBits>,
    /// How much less accurate than the float map the quantisation found may be, as a
    /// share of the records, 0 to 1; or how much smaller its area under the ROC curve, where the
    /// class is one of two.
    pub tolerance: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "digits".to_owned(),
            version: "1".to_owned(),
            description: "Recognises handwritten digits, 0 to 9.".to_owned(),
            ways: None,
            hidden: vec![128, 64],
            activation: HiddenActivation::Identity,
            epochs: 12,
            batch_size: 128,
            learning_rate: 1e-3,
            decay: 0.0,
            shift: 0,
            seed: 1,
            input_bits: None,
            weight_bits: None,
            tolerance: 1e-3,
        }
    }
}

impl Options {
    /// What gives the built-in digit model whose hidden layer squares its numbers.
    pub fn square() -> Self {
        Self {
            name: "digits-square".to_owned(),
            hidden: vec![64],
            activation: HiddenActivation::Square,
            epochs: 40,
            learning_rate: 2e-3,
            decay: 0.1,
            shift: 1,
            ..Self::default()
        }
    }

    pub(crate) fn check(&self) -> Result<(), TrainError> {
        if let Some(width) = self
            .hidden
            .iter()
            .find(|width| !(1..=4096).contains(*width))
        {
            return wrong("a hidden layer's width", width, "1 to 4096");
        }
        if self.epochs == 0 {
            return wrong("the number of epochs", &0, "at least 1");
        }
        if self.batch_size == 0 {
            return wrong("the batch size", &0, "at least 1");
        }
        if !(self.learning_rate.is_finite() && self.learning_rate > 0.0) {
            return wrong(
                "the learning rate",
                &self.learning_rate,
                "finite and greater than 0",
            );
        }
        if !(self.decay.is_finite() && self.decay >= 0.0) {
            return wrong("the weight decay", &self.decay, "finite and 0 or more");
        }
        if self.shift > 255 {
            return wrong("the pixels to move images by", &self.shift, "0 to 255");
        }
        if self.activation == HiddenActivation::Square {
            let layers = self.hidden.len();
            if !(1..=MAX_HIDDEN_LAYERS).contains(&layers) {
                return wrong("the number of hidden layers that square", &layers, "1 to 4");
            }
            if self
                .ways
                .as_ref()
                .is_some_and(|ways| ways.contains(&Way::Sealed))
            {
                return wrong(
                    "a way of predicting with hidden layers that square",
                    &"sealed",
                    "direct, vouchers, or both",
                );
            }
        }
        if !(0.0..=1.0).contains(&self.tolerance) {
            return wrong("the tolerance", &self.tolerance, "0 to 1");
        }
        Ok(())
    }

    /// How a network was trained.
    pub(crate) fn report(&self, records: usize, final_loss: f64) -> TrainingReport {
        TrainingReport {
            hidden: self.hidden.clone(),
            activation: self.activation,
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            seed: self.seed,
            records,
            final_loss,
            penalty: None,
            decay: (self.decay > 0.0).then_some(self.decay),
            shift: None,
            path: Vec::new(),
            stem: None,
            trees: None,
        }
    }

    /// Largest magnitude of an integer weight, before it is searched for.
    pub(crate) fn max_weight(&self) -> u32 {
        let bits = self.weight_bits.unwrap_or(WeightBits::of::<8>());
        bits.max_weight()
    }
}

/// An option that is out of range.
pub(crate) fn wrong<T>(
    option: &'static str,
    value: &dyn fmt::Display,
    expected: &'static str,
) -> Result<T, TrainError> {
    Err(TrainError::Option {
        option,
        found: value.to_string(),
        expected,
    })
}
