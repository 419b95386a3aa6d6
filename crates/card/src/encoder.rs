//! The one way from raw records to the integers that get encrypted.
//!
//! A raw record is preprocessed as the card says. For a hybrid model the client then runs the
//! public part on it. The results are the features, the input of the float map; rounded as the card
//! says, they are the integers, the input of the integer map.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::{Card, PreprocessedRecord, PublicPart, PublicPartError};
use crate::{QuantizedRecord, RawRecord, RecordError};

/// A public part that is ready to run. The implementation decides what runs it.
pub trait PublicNetwork: fmt::Debug + Send + Sync {
    /// Computes the features of one record from its preprocessed values, as many as the product of
    /// [`PublicPart::shape`]; none may depend on other records.
    ///
    /// # Errors
    /// A message that says why it can't.
    fn run(&self, values: &[f64]) -> Result<Vec<f64>, String>;
}

/// Turns raw records into features and into integers, for one model.
#[derive(Clone, Debug)]
pub struct Encoder {
    card: Card,
    public: Option<Arc<dyn PublicNetwork>>,
}

/// No encoder can be made for a card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// The card has a public part, and it wasn't given.
    #[error(
        "the model {model:?} has a public part, which the client runs: its file public.onnx is \
         needed next to the card"
    )]
    NoPublicPart {
        /// The model's name.
        model: String,
    },
    /// A public part was given, and the card has none.
    #[error("the model {model:?} has no public part, so none can be given")]
    NoneNamed {
        /// The model's name.
        model: String,
    },
    /// The file isn't the one that the card names.
    #[error(transparent)]
    File(#[from] PublicPartError),
    /// The file isn't a network that can be run, or one of another shape.
    #[error("the public part can't be used")]
    Network(#[source] Box<dyn Error + Send + Sync>),
}

/// A record can't be encoded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The record doesn't fit the card.
    #[error("{fault}")]
    Record {
        /// Its index among those given, from 0.
        index: usize,
        /// Why it doesn't fit.
        fault: RecordError,
    },
    /// The public part can't compute the record.
    #[error("the public part fails: {problem}")]
    PublicPart {
        /// As reported by the library that runs it.
        problem: String,
    },
}

impl From<RecordError> for EncodeError {
    fn from(fault: RecordError) -> Self {
        Self::Record { index: 0, fault }
    }
}

impl Encoder {
    /// An encoder for a model without a public part.
    ///
    /// # Errors
    /// [`EncoderError::NoPublicPart`] if the card has one.
    pub fn new(card: Card) -> Result<Self, EncoderError> {
        if card.public_part().is_some() {
            let model = card.name().to_owned();
            return Err(EncoderError::NoPublicPart { model });
        }
        Ok(Self { card, public: None })
    }

    /// An encoder for a hybrid model, whose public part is in ONNX; `compile` makes it ready to run,
    /// once its length and digest have been found to be those that the card names.
    ///
    /// # Errors
    /// [`EncoderError`] if the card has no public part, or `onnx` isn't it, or `compile` refuses it.
    pub fn with_public_part<E>(
        card: Card,
        onnx: &[u8],
        compile: impl FnOnce(&[u8], &PublicPart) -> Result<Arc<dyn PublicNetwork>, E>,
    ) -> Result<Self, EncoderError>
    where
        E: Error + Send + Sync + 'static,
    {
        let Some(part) = card.public_part() else {
            let model = card.name().to_owned();
            return Err(EncoderError::NoneNamed { model });
        };
        part.check_file(onnx)?;
        let network = compile(onnx, part).map_err(|error| EncoderError::Network(error.into()))?;
        Ok(Self {
            card,
            public: Some(network),
        })
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// Turns a raw record into the features that the float map takes.
    ///
    /// # Errors
    /// [`EncodeError`] if the record doesn't fit the card, or the public part can't compute it.
    pub fn features<'a>(
        &self,
        raw: impl Into<RawRecord<'a>>,
    ) -> Result<PreprocessedRecord, EncodeError> {
        let preprocessed = self.card.input().preprocess(raw)?;
        let Some(network) = &self.public else {
            return Ok(preprocessed);
        };
        let ran = network.run(&preprocessed.features);
        let features = ran.map_err(|problem| EncodeError::PublicPart { problem })?;
        if let Some(index) = features.iter().position(|value| !value.is_finite()) {
            return Err(RecordError::NotFinite {
                index,
                name: format!("public feature {index}"),
                value: features[index],
            }
            .into());
        }
        Ok(PreprocessedRecord {
            features,
            ..preprocessed
        })
    }

    /// Turns a raw record into the integers that get encrypted.
    ///
    /// `raw` has [`raw_features`](Card::raw_features) values, such as pixels 0 to 255 or a
    /// table's cells in the card's order.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    pub fn quantize<'a>(
        &self,
        raw: impl Into<RawRecord<'a>>,
    ) -> Result<QuantizedRecord, EncodeError> {
        self.round(&self.features(raw)?)
    }

    /// Turns raw records into the integers that get encrypted.
    ///
    /// # Errors
    /// As [`features`](Self::features), for the first record that can't be encoded.
    pub fn encode(&self, records: &[RawRecord<'_>]) -> Result<Vec<QuantizedRecord>, EncodeError> {
        let encode = |(index, raw): (usize, &RawRecord<'_>)| {
            self.quantize(raw).map_err(|error| error.at(index))
        };
        records.iter().enumerate().map(encode).collect()
    }

    /// Rounds features to integers.
    ///
    /// # Errors
    /// [`EncodeError::Record`] if their number isn't the card's.
    pub fn round(&self, record: &PreprocessedRecord) -> Result<QuantizedRecord, EncodeError> {
        Ok(QuantizedRecord::round(&self.card, record)?)
    }
}

impl EncodeError {
    /// The error for another record.
    fn at(self, index: usize) -> Self {
        match self {
            Self::Record { fault, .. } => Self::Record { index, fault },
            error @ Self::PublicPart { .. } => error,
        }
    }
}
