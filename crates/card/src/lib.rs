//! The public card: everything a client needs to know about a model, and nothing about its weights
//! beyond the scores' scales and width.
//!
//! A card is read from its exact bytes ([`Card::parse`]) or made from a [`CardSpec`]
//! ([`Card::new`]); either way every field has been checked, so that a [`Card`] needs no
//! further checks. It keeps its bytes, whose digest names it in requests and answers.

#![forbid(unsafe_code)]

mod bits;
mod card;
mod check;
mod digest;
mod encoder;
mod error;
mod functions;
mod guard;
pub mod hex;
mod hidden;
mod layouts;
mod limits;
mod prediction;
mod preprocessing;
mod public_part;
mod quantization;
mod quantized;
mod record;
mod sealed;
mod spec;
mod task;
mod text;
mod ways;

pub use bits::{BitsError, InputBits, RingBits, SlotBits, WeightBits};
pub use card::{Card, CardDigest};
pub use digest::{Digest, MalformedDigest};
pub use encoder::{EncodeError, Encoder, EncoderError, PublicNetwork};
pub use error::{CardError, RecordError, ScoreError};
pub use functions::{exp, normalized_sigmoids, probabilities, sigmoids, softmax};
pub use guard::{guarded, silence_guarded_panics};
pub use hidden::Hidden;
pub use layouts::{FeaturesLayout, Layouts, RecordsLayout, ScalarLayout, SeededUploads};
pub use limits::{
    CARD_FORMAT, MAX_CARD_BYTES, MAX_FEATURES, MAX_FEATURES_PER_CIPHERTEXT, MAX_HIDDEN_LAYERS,
    MAX_OUTPUTS, MAX_PUBLIC_PART_BYTES,
};
pub use prediction::{ClassPrediction, Prediction, argmax, class};
pub use preprocessing::{
    Imputed, Preprocessing, PreprocessingVersion, Standard, Step, Tree, UnknownCategory,
};
pub use public_part::{PublicPart, PublicPartError};
pub use quantization::{PerFeature, Quantization};
pub use quantized::{OtherCard, QuantizedRecord};
pub use record::{Cell, ChangedColumns, PreprocessedRecord, RawRecord};
pub use sealed::{Sealed, SealedFileError};
pub use spec::{About, Bounds, CardSpec, Fit, Input, InputKind, Limits, Output};
pub use task::{Activation, Task};
pub use text::{chain, list};
pub use ways::Way;

/// The example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
