//! A model: its public card with its private numbers, in memory and as a directory.

mod affine;
mod blueprint;
mod directory;
mod doubting;
mod error;
mod finish;
mod layered;
mod names;
mod programs;
mod report;
mod sealing;
mod weights;

pub use affine::Affine;
pub use blueprint::{Blueprint, BuildError, PublicPartFile};
pub use directory::check_destination;
pub use doubting::doubt_of;
pub use error::ModelError;
pub use finish::QuantizationSearch;
pub use layered::Layered;
pub use names::{CARD_FILE, PUBLIC_PART_FILE, REPORT_FILE, SEALED_FILE, WEIGHTS_FILE};
pub use report::{
    Accuracy, Aucs, HiddenActivation, ImportReport, PartReport, PathStep, Regression, Report,
    StemReport, TrainingReport, TreesReport,
};

use self::weights::Tensors;
use crate::{BoundsCertificate, ShapeError};
use veilcast_card::{Card, CardDigest, OtherCard, Prediction, QuantizedRecord, RecordError};

/// A model whose card, numbers and bounds have been checked against each other.
///
/// All but its card is private to the model owner. Put it into an `Arc` to share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    card: Card,
    numbers: Numbers,
    public_part: Option<Vec<u8>>,
    sealed: Option<Vec<u8>>,
    certificate: BoundsCertificate,
    report: Option<Report>,
}

/// What a model computes with.
#[derive(Clone, Debug, PartialEq)]
enum Numbers {
    Affine(Affine),
    Layered(Layered),
}

impl Model {
    /// Reads a model from the bytes of `card.json` and `weights.safetensors`, and `public.onnx` for
    /// a hybrid model, without a report. A sealed model also needs [its file](Self::with_sealed_file).
    ///
    /// # Errors
    /// [`ModelError`], as [`load`](Self::load) returns it.
    pub fn from_bytes(
        card_json: &[u8],
        weights: &[u8],
        public_part: Option<Vec<u8>>,
    ) -> Result<Self, ModelError> {
        let card = Card::parse(card_json).map_err(ModelError::Card)?;
        match (card.public_part(), &public_part) {
            (None, None) => {}
            (Some(named), Some(file)) => named.check_file(file).map_err(ModelError::PublicPart)?,
            (Some(_), None) => return Err(ModelError::NoPublicPart),
            (None, Some(_)) => return Err(ModelError::NoneNamed),
        }
        let tensors = Tensors::open(weights, card.digest())?;
        let (numbers, certificate) = match card.hidden() {
            None => {
                let affine = Affine::parse(&tensors, &card)?;
                let certificate = affine.certify(&card)?;
                (Numbers::Affine(affine), certificate)
            }
            Some(hidden) => {
                let layered = Layered::parse(&tensors, hidden, &card)?;
                let certificate = layered.certify(hidden, &card)?;
                (Numbers::Layered(layered), certificate)
            }
        };
        let published = &card.bounds().largest_scores;
        if published.is_some() && *published != certificate.largest_scores() {
            return Err(ModelError::LargestScores);
        }
        Ok(Self {
            card,
            numbers,
            public_part,
            sealed: None,
            certificate,
            report: None,
        })
    }

    /// The bytes of the weights file; the same model always gives the same bytes.
    fn weights(&self) -> Result<Vec<u8>, ModelError> {
        let tensors = match &self.numbers {
            Numbers::Affine(affine) => affine.tensors(),
            Numbers::Layered(layered) => layered.tensors(),
        };
        weights::serialize(tensors, self.card_digest())
    }

    /// The public card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// The exact bytes of `card.json`.
    pub fn card_json(&self) -> &[u8] {
        self.card.json()
    }

    /// The digest of [`card_json`](Self::card_json).
    pub fn card_digest(&self) -> CardDigest {
        self.card.digest()
    }

    /// The maps of an affine model; none if it has hidden layers. Private.
    pub fn affine(&self) -> Option<&Affine> {
        match &self.numbers {
            Numbers::Affine(affine) => Some(affine),
            Numbers::Layered(_) => None,
        }
    }

    /// The networks of a model with hidden layers; none if it is affine. Private.
    pub fn layered(&self) -> Option<&Layered> {
        match &self.numbers {
            Numbers::Affine(_) => None,
            Numbers::Layered(layered) => Some(layered),
        }
    }

    /// The bytes of the public part of a hybrid model. Public, as the card is.
    pub fn public_part(&self) -> Option<&[u8]> {
        self.public_part.as_deref()
    }

    /// The proven bounds of the scores. Private.
    pub fn certificate(&self) -> &BoundsCertificate {
        &self.certificate
    }

    /// How the model was made and how well it does, if known.
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }

    /// Adds to how the model was made and how well it does; does nothing if that isn't known.
    #[must_use]
    pub fn reporting(mut self, add: impl FnOnce(&mut Report)) -> Self {
        if let Some(report) = &mut self.report {
            add(report);
        }
        self
    }

    /// Computes the integer scores of one quantised record in the clear.
    ///
    /// # Errors
    /// [`OtherCard`] if it was quantised for another model.
    pub fn evaluate(&self, record: &QuantizedRecord) -> Result<Vec<i64>, OtherCard> {
        let record = record.values_for(self.card.digest())?;
        let scores = match &self.numbers {
            Numbers::Affine(affine) => affine.integer_map().evaluate(record),
            Numbers::Layered(layered) => layered.evaluate(record, &self.card),
        };
        Ok(scores.expect("the record fits the card and the bounds are certified"))
    }

    /// Predicts one quantised record in the clear, by its integers.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn predict(&self, record: &QuantizedRecord) -> Result<Prediction, OtherCard> {
        let prediction = self.card.predict(&self.evaluate(record)?);
        Ok(prediction.expect("certified scores fit the card"))
    }

    /// The scores of one record's features by floats, in the model's own units.
    ///
    /// # Errors
    /// [`ShapeError::Input`] if the number of features isn't the card's.
    pub fn evaluate_float(&self, features: &[f64]) -> Result<Vec<f64>, ShapeError> {
        match &self.numbers {
            Numbers::Affine(affine) => affine.float_map().evaluate(features),
            Numbers::Layered(layered) => layered.floats().evaluate(features),
        }
    }

    /// Predicts one record in the clear, by floats.
    ///
    /// # Errors
    /// [`RecordError::Length`] if the number of features isn't the card's.
    pub fn predict_float(&self, features: &[f64]) -> Result<Prediction, RecordError> {
        let scores = self.evaluate_float(features);
        let scores = scores.map_err(|_| RecordError::Length {
            found: features.len(),
            expected: self.card.features(),
        })?;
        Ok(self.card.predict_from_floats(scores))
    }
}
