//! The one way from raw records to the integers that get encrypted.
//!
//! A raw record is preprocessed as the card says. Of a hybrid model the client then runs the public
//! part on it. What comes out are the features, which the float map takes; rounded as the card says
//! they are the integers, which the integer map takes.

#[cfg(feature = "onnx")]
use crate::card::PublicPartError;
use crate::card::{Card, PreprocessedRecord, QuantizedRecord, RawRecord, RecordError};
#[cfg(feature = "onnx")]
use crate::onnx::{OnnxError, PublicNetwork};

/// Turns raw records into features and into integers, for one model.
#[derive(Clone, Debug)]
pub struct Encoder {
    card: Card,
    #[cfg(feature = "onnx")]
    public: Option<PublicNetwork>,
}

/// There is no encoder for a card.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError {
    /// The card has a public part, and it wasn't given.
    #[error(
        "the model {model:?} has a public part, which the client runs: its file public.onnx is \
         needed beside the card"
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
    #[cfg(feature = "onnx")]
    #[error(transparent)]
    File(#[from] PublicPartError),
    /// The file isn't a network that can be run, or one of another shape.
    #[cfg(feature = "onnx")]
    #[error("the public part can't be used: {0}")]
    Network(#[source] OnnxError),
}

/// A record can't be encoded.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The record doesn't fit the card.
    #[error("{source}")]
    Record {
        /// Its index among those given, from 0.
        index: usize,
        /// Why it doesn't fit.
        source: RecordError,
    },
    /// The public part can't compute the record.
    #[cfg(feature = "onnx")]
    #[error("the public part fails: {problem}")]
    PublicPart {
        /// In the words of the library that runs it.
        problem: String,
    },
}

impl From<RecordError> for EncodeError {
    fn from(source: RecordError) -> Self {
        Self::Record { index: 0, source }
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
        Ok(Self {
            card,
            #[cfg(feature = "onnx")]
            public: None,
        })
    }

    /// An encoder for a hybrid model, whose public part is in ONNX.
    ///
    /// # Errors
    /// [`EncoderError`] if the card has no public part, or `onnx` isn't it, or isn't a network of
    /// the card's shapes that can be run.
    #[cfg(feature = "onnx")]
    pub fn with_public_part(card: Card, onnx: &[u8]) -> Result<Self, EncoderError> {
        let Some(part) = card.public_part() else {
            let model = card.name().to_owned();
            return Err(EncoderError::NoneNamed { model });
        };
        part.check_file(onnx)?;
        let network = PublicNetwork::parse(onnx, part).map_err(EncoderError::Network)?;
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
        #[cfg(feature = "onnx")]
        if let Some(network) = &self.public {
            let features = network.run(&preprocessed.features)?;
            return Ok(PreprocessedRecord {
                features,
                ..preprocessed
            });
        }
        Ok(preprocessed)
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
        self.round(self.features(raw)?)
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
    /// [`EncodeError::Record`] if there aren't as many as the card has.
    pub fn round(&self, record: PreprocessedRecord) -> Result<QuantizedRecord, EncodeError> {
        let PreprocessedRecord {
            features,
            imputed,
            mut clipped,
            unknown,
        } = record;
        if features.len() != self.card.features() {
            return Err(RecordError::Length {
                found: features.len(),
                expected: self.card.features(),
            }
            .into());
        }
        let quantize = |(feature, &value)| {
            let (integer, moved) = self.card.quantization().quantize(feature, value);
            clipped += usize::from(moved);
            integer
        };
        let values = features.iter().enumerate().map(quantize).collect();
        Ok(QuantizedRecord {
            values,
            imputed,
            clipped,
            unknown,
        })
    }
}

impl EncodeError {
    /// The error for another record.
    fn at(self, index: usize) -> Self {
        match self {
            Self::Record { source, .. } => Self::Record { index, source },
            #[cfg(feature = "onnx")]
            error @ Self::PublicPart { .. } => error,
        }
    }
}
