//! Why the search for a quantisation fails.

use crate::ShapeError;
use crate::bounds::BoundsError;
use crate::float_map::QuantizeError;

/// The search for a quantisation fails.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// There is nothing to measure with.
    #[error(
        "there are {records} held-out records with {labels} labels; a label for each is needed, \
         and at least one record"
    )]
    HeldOut {
        /// Number of records.
        records: usize,
        /// Number of labels.
        labels: usize,
    },
    /// The ROC curve can't be drawn.
    #[error("the area under the ROC curve needs a single output, and records of both classes")]
    Auc,
    /// A record doesn't fit the map.
    #[error("a held-out record doesn't fit")]
    Record(#[from] ShapeError),
    /// The map can't be rounded to integers.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The scores would be too wide.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
}
