//! Why a file can't be imported.

use veilcast_card::RecordError;
use veilcast_model::{BuildError, ShapeError};
use veilcast_onnx::OnnxError;

use crate::trees_error::TreesError;

/// A file can't be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The network can't be used.
    #[error(transparent)]
    Onnx(#[from] OnnxError),
    /// Decision trees can't be used.
    #[error(transparent)]
    Trees(#[from] TreesError),
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
    /// As many labels are needed as there are scores.
    #[error("{found} labels are given, but {expected} are needed")]
    Labels {
        /// How many are given.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// A final function that doesn't suit the scores.
    #[error("{problem}")]
    Activation {
        /// Why it doesn't.
        problem: &'static str,
    },
    /// As many columns are needed as the network takes numbers.
    #[error("{found} columns are named, but the network takes {expected} numbers")]
    Columns {
        /// How many are named.
        found: usize,
        /// How many are needed.
        expected: usize,
    },
    /// Means and deviations of colours are for images.
    #[error("a mean and a deviation of pixels are given, but the network takes a table's rows")]
    NormalizedTable,
    /// Fitting is for pictures.
    #[error("pictures are to be fitted, but the network takes a table's rows")]
    FittedTable,
    /// A normalisation that can't be carried out.
    #[error("the normalisation: {problem}")]
    Normalization {
        /// What is wrong with it.
        problem: String,
    },
    /// The input has no shape that a picture could have.
    #[error(
        "an input of the shape {sides:?} isn't an image: [rows, columns] is, [1, rows, columns], \
         [rows, columns, 1], [3, rows, columns], [rows, columns, 3], or as many numbers as a square \
         has pixels"
    )]
    NoPicture {
        /// A record's sides.
        sides: Vec<usize>,
    },
    /// Nothing says what values some columns have.
    #[error(
        "it isn't known what values {} have{}", if columns.is_empty() { "the array's numbers" } else {
            "the columns"
        }, if columns.is_empty() { String::new() } else {
            format!(": {}", veilcast_card::list(columns))
        }
    )]
    NoCalibration {
        /// The columns; none of an array.
        columns: Vec<String>,
    },
    /// The values of the public part's features depend on the records.
    #[error("what values the public part's features have is only known from records")]
    NoCalibrationOfFeatures,
    /// The model can't predict a record that was used to make it.
    #[error("the model can't predict a record of the calibration data")]
    Prediction(#[source] RecordError),
    /// A record to calibrate with doesn't fit.
    #[error("record {index} (from 0) of the calibration data doesn't fit")]
    Record {
        /// Its index, from 0.
        index: usize,
        /// Why it doesn't fit.
        source: RecordError,
    },
    /// A column of whole numbers doesn't hold any.
    #[error(
        "the file declares the column {column:?} as whole numbers, and a record holds {found}; \
         declare all columns as floats when exporting (FloatTensorType)"
    )]
    Fraction {
        /// The column.
        column: String,
        /// What a record holds.
        found: f64,
    },
    /// The map is invalid.
    #[error("the network can't be collapsed")]
    Shape(#[from] ShapeError),
    /// The map can't be made into a model.
    #[error(transparent)]
    Build(#[from] BuildError),
}
