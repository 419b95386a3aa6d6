//! Why training failed.

use veilcast_card::{EncodeError, EncoderError};
use veilcast_model::{BuildError, ShapeError};

use crate::table::TableError;

/// Training failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// An option is out of range.
    #[error("{option} is {found}; it must be {expected}")]
    Option {
        /// The option's name.
        option: &'static str,
        /// Its value.
        found: String,
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
    /// The least loss can't be found.
    #[error("the least loss can't be found: {0}")]
    Minimum(String),
    /// No comparison of two numbers tells anything about the target.
    #[error(
        "no tree predicts the target better than its mean does; give more rows, or other columns"
    )]
    NoTree,
    /// There are too few images to hold some out from training.
    #[error(
        "a single training image can't be split, but the search for input and weight bits needs \
         some to measure with; give more images, or both numbers of bits"
    )]
    OneImage,
    /// The layers don't make a map.
    #[error("the trained layers can't be collapsed")]
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
    #[error("the trained stem can't be used")]
    Stem(#[from] EncoderError),
    /// An image can't be encoded.
    #[error("an image can't be encoded")]
    Encode(#[from] EncodeError),
    /// The tensor library failed.
    #[error("the tensor library failed")]
    Tensors(#[from] candle_core::Error),
}
