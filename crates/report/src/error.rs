//! Why there is no report.

use plotters::drawing::DrawingAreaErrorKind;
use thiserror::Error;
use veilcast_card::{EncodeError, OtherCard, RecordError, ScoreError};
use veilcast_engine::{EvaluateError, SessionError};

/// Why a model can't be measured, or the figures not be shown.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A record isn't one that the model takes.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// There is nothing to measure with, or it isn't what the model predicts.
    #[error("the model doesn't predict what the test set holds, or there are no records in it")]
    TestSet,
    /// The records were encoded for another model.
    #[error(transparent)]
    OtherCard(#[from] OtherCard),
    /// A record has other features than the model.
    #[error(transparent)]
    Features(#[from] RecordError),
    /// The model's own scores don't fit its card.
    #[error(transparent)]
    Score(#[from] ScoreError),
    /// Records can't be encrypted, or answers not be decrypted.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Encrypted records can't be evaluated.
    #[error(transparent)]
    Evaluate(#[from] EvaluateError),
    /// A chart can't be drawn.
    #[error("can't draw a chart: {0}")]
    Chart(String),
    /// The weights can't be drawn.
    #[error("can't draw the weights")]
    Picture(#[from] png::EncodingError),
}

impl From<DrawingAreaErrorKind<std::io::Error>> for ReportError {
    fn from(error: DrawingAreaErrorKind<std::io::Error>) -> Self {
        Self::Chart(error.to_string())
    }
}
