//! Training: dense layers with identity activations, collapsed and quantised.
//!
//! [`train`] makes a digit model from images, [`train_stem`] one with a public part, [`train_table`] a
//! model of a table's rows. Softmax cross-entropy, or the mean squared error where a number is
//! predicted; Adam with a learning rate that falls linearly to 0, mini-batches. Initial weights and
//! shuffling come from the seed alone, so that the same data and options give the same model, byte
//! for byte, on the same kind of processor.

mod dense;
mod images;
mod optimize;
mod stem;
mod table;

use std::fmt;

use rand::SeedableRng;
use rand::rngs::ChaCha20Rng;

use self::dense::DenseLayers;
pub use self::images::train;
use self::optimize::{Examples, optimize};
pub use self::stem::{StemOptions, train_stem};
pub use self::table::{LabelledTable, TableError, TableOptions, Task, train_table};
use veilcast_card::MAX_INPUT_BITS;
use veilcast_card::{EncodeError, Encoder, EncoderError};
use veilcast_model::{Blueprint, BuildError, FloatMap, Network, ShapeError, TrainingReport};

/// What to train and how; [`Default`] gives the built-in digit model.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The model's name in its card.
    pub name: String,
    /// The model's version in its card.
    pub version: String,
    /// The model's description in its card.
    pub description: String,
    /// Widths of the hidden layers; none gives a single layer.
    pub hidden: Vec<usize>,
    /// Passes over the training records, at least 1.
    pub epochs: usize,
    /// Records per step, at least 1.
    pub batch_size: usize,
    /// Adam's learning rate at the start, finite and positive.
    pub learning_rate: f64,
    /// The seed of initial weights and shuffling.
    pub seed: u64,
    /// Bits of a quantised feature, 1 to 16; searched for, up to 8, where not given.
    pub input_bits: Option<u32>,
    /// Bits of a quantised weight, sign included, 2 to 16; searched for where not given.
    pub weight_bits: Option<u32>,
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
            hidden: vec![128, 64],
            epochs: 12,
            batch_size: 128,
            learning_rate: 1e-3,
            seed: 1,
            input_bits: None,
            weight_bits: None,
            tolerance: 1e-3,
        }
    }
}

/// How far training has come; reported after each mini-batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// The current pass, from 1.
    pub epoch: usize,
    /// Number of passes.
    pub epochs: usize,
    /// Mini-batches done in this pass.
    pub batch: usize,
    /// Mini-batches per pass.
    pub batches: usize,
    /// Mean loss in this pass so far.
    pub loss: f64,
}

/// Training failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// An option is out of range.
    #[error("{option} is {value}; it must be {expected}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: String,
        /// What it must be.
        expected: &'static str,
    },
    /// The training set has a single class.
    #[error("every training image has the label 0; at least two classes are needed")]
    OneClass,
    /// Images to train on and to test with differ in size.
    #[error("training images are {train}, test images {test}; they must be of one size")]
    ImageSize {
        /// Rows × columns to train on.
        train: String,
        /// Rows × columns to test with.
        test: String,
    },
    /// A test image has a label that no training image has.
    #[error("test image {index} (from 0) has the label {label}, but training labels end at {last}")]
    TestLabel {
        /// Index of the image.
        index: usize,
        /// Its label.
        label: u8,
        /// The largest training label.
        last: u8,
    },
    /// The loss or the weights are no longer finite.
    #[error("training diverged in epoch {epoch}; use a smaller learning rate")]
    Diverged {
        /// The pass in which it happened, from 1.
        epoch: usize,
    },
    /// There are too few images to keep some from training.
    #[error(
        "a single training image can't be split, but the search for input and weight bits needs \
         some to measure with; give more images, or both numbers of bits"
    )]
    OneImage,
    /// The layers don't make a map.
    #[error("the trained layers can't be collapsed: {0}")]
    Collapse(#[from] ShapeError),
    /// The model can't learn from the table.
    #[error(transparent)]
    Table(#[from] TableError),
    /// The trained map can't be made into a model.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Images are too small for a stem.
    #[error("images of {rows} × {columns} are too small for a stem; it needs 16 × 16 or more")]
    StemSize {
        /// Rows of the images.
        rows: usize,
        /// Their columns.
        columns: usize,
    },
    /// The trained stem can't be run.
    #[error("the trained stem can't be used: {0}")]
    Stem(#[from] EncoderError),
    /// An image can't be encoded.
    #[error("an image can't be encoded: {0}")]
    Encode(#[from] EncodeError),
    /// The tensor library failed.
    #[error("the tensor library failed: {0}")]
    Tensors(#[from] candle_core::Error),
}

impl Options {
    fn check(&self) -> Result<(), TrainError> {
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
        let unfit_input = |bits: &u32| !(1..=MAX_INPUT_BITS).contains(bits);
        if let Some(bits) = self.input_bits.filter(unfit_input) {
            return wrong("the number of input bits", &bits, "1 to 16");
        }
        if let Some(bits) = self.weight_bits.filter(|bits| !(2..=16).contains(bits)) {
            return wrong("the number of weight bits", &bits, "2 to 16");
        }
        if !(0.0..=1.0).contains(&self.tolerance) {
            return wrong("the tolerance", &self.tolerance, "0 to 1");
        }
        Ok(())
    }

    /// How a network was trained.
    fn report(&self, records: usize, final_loss: f64) -> TrainingReport {
        TrainingReport {
            hidden: self.hidden.clone(),
            epochs: self.epochs,
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            seed: self.seed,
            records,
            final_loss,
            stem: None,
        }
    }

    /// Largest magnitude of an integer weight, before it is searched for.
    fn max_weight(&self) -> u32 {
        (1 << (self.weight_bits.unwrap_or(8) - 1)) - 1
    }
}

fn wrong<T>(
    option: &'static str,
    value: &dyn fmt::Display,
    expected: &'static str,
) -> Result<T, TrainError> {
    Err(TrainError::Option {
        option,
        value: value.to_string(),
        expected,
    })
}

/// A trained network, and its mean loss over the last pass.
struct Trained {
    network: Network,
    final_loss: f64,
}

/// Trains a network of dense layers.
fn train_layers(
    data: &dyn Examples,
    outputs: usize,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
) -> Result<Trained, TrainError> {
    let mut rng = ChaCha20Rng::seed_from_u64(options.seed);
    let layers = DenseLayers::new(data.features(), &options.hidden, outputs, &mut rng)?;
    let final_loss = optimize(&layers, data, options, &mut rng, progress)?;
    Ok(Trained {
        network: layers.to_network()?,
        final_loss,
    })
}

/// The encoder of a model with weights of 0: a name or size that no card may have is reported
/// before time is spent on training.
fn drafted(blueprint: &Blueprint, features: usize, outputs: usize) -> Result<Encoder, TrainError> {
    let weights = vec![0.0; features * outputs];
    let blank = FloatMap::new(features, outputs, weights, vec![0.0; outputs])?;
    let model = blueprint.clone().build(blank)?;
    Ok(veilcast_onnx::encoder(
        model.card().clone(),
        model.public_part(),
    )?)
}

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
