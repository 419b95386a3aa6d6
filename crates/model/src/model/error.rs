//! What can be wrong with a model's files.

use std::io;
use std::path::PathBuf;

use super::names::{CARD_FILE, PUBLIC_PART_FILE, REPORT_FILE, SEALED_FILE, WEIGHTS_FILE};
use crate::bounds::BoundsError;
use crate::integer_map::ShapeError;
use crate::program::ProgramError;
use veilcast_card::{CardDigest, CardError, PublicPartError, SealedFileError};

/// A model can't be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The operating system refused.
    #[error("can't {action} {path}", path = path.display())]
    Io {
        /// What was tried: `read` or `write`.
        action: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// The destination exists already.
    #[error("{path} exists already", path = path.display())]
    Exists {
        /// The destination.
        path: PathBuf,
    },
    /// The destination is a file, which is never replaced.
    #[error("{path} is a file, so it isn't replaced; choose another place", path = path.display())]
    NotADirectory {
        /// The destination.
        path: PathBuf,
    },
    /// The destination holds something that isn't a model, which is never replaced.
    #[error(
        "{path} holds {entry:?}, which doesn't belong to a model directory, so it isn't \
         replaced; choose another place", path = path.display()
    )]
    NotAModelDirectory {
        /// The destination.
        path: PathBuf,
        /// What else it holds.
        entry: String,
    },
    /// A file is larger than any such file of a model.
    #[error("{file} has {bytes} bytes, more than the {limit} it may have")]
    FileTooLarge {
        /// The file's name.
        file: &'static str,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The card is unusable.
    #[error("{CARD_FILE} can't be used")]
    Card(#[source] CardError),
    /// The public part isn't the one that the card names.
    #[error(
        "{PUBLIC_PART_FILE} isn't the one that {CARD_FILE} names; the files come from different models"
    )]
    PublicPart(#[source] PublicPartError),
    /// The card names a public part, and there is none.
    #[error("{CARD_FILE} names a public part, but {PUBLIC_PART_FILE} is missing beside it")]
    NoPublicPart,
    /// There is a public part, and the card names none.
    #[error("{CARD_FILE} names no public part, so {PUBLIC_PART_FILE} doesn't belong to it")]
    NoneNamed,
    /// The encrypted weights aren't those that the card names.
    #[error(
        "{SEALED_FILE} isn't the one that {CARD_FILE} names; the files come from different models"
    )]
    Sealed(#[source] SealedFileError),
    /// The card names encrypted weights, and there are none.
    #[error("{CARD_FILE} offers a sealed model, but {SEALED_FILE} is missing beside it")]
    NoSealed,
    /// There are encrypted weights, and the card names none.
    #[error("{CARD_FILE} names no sealed weights, so {SEALED_FILE} doesn't belong to it")]
    NoSealedNamed,
    /// A program isn't one for the weights.
    #[error("{WEIGHTS_FILE}: the program for {k} features per ciphertext can't be used")]
    Program {
        /// Features per ciphertext that the program is for.
        k: u32,
        /// What is wrong with it.
        source: ProgramError,
    },
    /// The weights aren't a safetensors file.
    #[error("{WEIGHTS_FILE} isn't a valid safetensors file")]
    Safetensors(#[source] safetensors::SafeTensorError),
    /// The weights aren't the tensors of a model.
    #[error("{WEIGHTS_FILE}: {problem}")]
    Tensor {
        /// What is wrong with them.
        problem: String,
    },
    /// The tensors contradict each other or hold values that aren't finite.
    #[error("{WEIGHTS_FILE} can't be used")]
    Weights(#[source] ShapeError),
    /// The weights name no card, or a different one.
    #[error(
        "{WEIGHTS_FILE} belongs to card {found}, but {CARD_FILE} is {expected}; the two files come \
         from different models, or the card was edited"
    )]
    Mismatch {
        /// The card that the weights name.
        found: String,
        /// The card next to them.
        expected: CardDigest,
    },
    /// The weights' shape isn't the card's.
    #[error(
        "{WEIGHTS_FILE} maps {inputs} inputs to {outputs} outputs, but {CARD_FILE} has \
         {features} features and {labels} scores"
    )]
    Shape {
        /// Inputs of the weights.
        inputs: usize,
        /// Outputs of the weights.
        outputs: usize,
        /// Features of the card.
        features: usize,
        /// Scores of the card.
        labels: usize,
    },
    /// The card promises narrower scores than the weights produce.
    #[error("{WEIGHTS_FILE} breaks the bounds in {CARD_FILE}")]
    Bounds(#[source] BoundsError),
    /// The card publishes bounds of single scores that aren't those of the weights.
    #[error(
        "bounds.largest_scores in {CARD_FILE} aren't the bounds that {WEIGHTS_FILE} gives, rounded \
         up to four significant bits"
    )]
    LargestScores,
    /// The file isn't a report.
    #[error("{REPORT_FILE} can't be used")]
    Report(#[source] serde_json::Error),
    /// The report describes another model.
    #[error("{REPORT_FILE} isn't of this model: its {what} differs; delete it or restore it")]
    ReportMismatch {
        /// What differs.
        what: &'static str,
    },
}
