//! A model: its public card with its private maps, in memory and as a directory.

mod blueprint;
mod directory;
mod doubting;
mod error;
mod finish;
mod names;
mod programs;
mod report;
mod sealing;
mod weights;

pub use blueprint::{Blueprint, BuildError, PublicPartFile};
pub use directory::check_destination;
pub use doubting::doubt_of;
pub use error::ModelError;
pub use finish::QuantizationSearch;
pub use names::{CARD_FILE, PUBLIC_PART_FILE, REPORT_FILE, SEALED_FILE, WEIGHTS_FILE};
pub use report::{
    Accuracy, Aucs, ImportReport, PathStep, Regression, Report, StemReport, TrainingReport,
    TreesReport,
};

use self::programs::Programs;
use crate::{BoundsCertificate, FloatMap, IntegerMap, Program};
use veilcast_card::{Card, CardDigest, OtherCard, Prediction, QuantizedRecord, RecordError};

/// A model whose card, maps and bounds have been checked against each other.
///
/// All but its card is private to the model owner. Put it into an `Arc` to share it.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    card: Card,
    integer_map: IntegerMap,
    float_map: FloatMap,
    programs: Programs,
    public_part: Option<Vec<u8>>,
    sealed: Option<Vec<u8>>,
    certificate: BoundsCertificate,
    report: Option<Report>,
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
        let (integer_map, float_map, programs) = weights::parse(weights, &card)?;
        let model = Self::assemble(card, integer_map, float_map, programs)?;
        Ok(Self {
            public_part,
            ..model
        })
    }

    /// Checks the maps against the card and proves the bounds.
    fn assemble(
        card: Card,
        integer_map: IntegerMap,
        float_map: FloatMap,
        programs: Programs,
    ) -> Result<Self, ModelError> {
        let expected = (card.features(), card.outputs());
        for (inputs, outputs) in [
            (integer_map.inputs(), integer_map.outputs()),
            (float_map.inputs(), float_map.outputs()),
        ] {
            if (inputs, outputs) != expected {
                return Err(ModelError::Shape {
                    inputs,
                    outputs,
                    features: expected.0,
                    labels: expected.1,
                });
            }
        }
        let certificate = integer_map
            .certify(card.quantization().max(), card.slot_bits())
            .map_err(ModelError::Bounds)?;
        let published = &card.bounds().largest_scores;
        if published.is_some() && *published != certificate.largest_scores() {
            return Err(ModelError::LargestScores);
        }
        Ok(Self {
            card,
            integer_map,
            float_map,
            programs,
            public_part: None,
            sealed: None,
            certificate,
            report: None,
        })
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

    /// The integer map, which the encrypted evaluation computes. Private.
    pub fn integer_map(&self) -> &IntegerMap {
        &self.integer_map
    }

    /// The bytes of the public part of a hybrid model. Public, as the card is.
    pub fn public_part(&self) -> Option<&[u8]> {
        self.public_part.as_deref()
    }

    /// The map in floats, on features. Private.
    pub fn float_map(&self) -> &FloatMap {
        &self.float_map
    }

    /// A short program for the integer map's weighted sums. Private.
    pub fn program(&self) -> &Program {
        &self.programs.single
    }

    /// A short program for the sums of [`IntegerMap::grouped`] with `k` features per ciphertext,
    /// if the card's `features` layout offers that `k`. Private.
    pub fn grouped_program(&self, k: u32) -> Option<&Program> {
        self.programs.grouped.get(&k)
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
        let scores = self
            .integer_map
            .evaluate(record.values_for(self.card.digest())?);
        Ok(scores.expect("the record fits the card and the bounds are certified"))
    }

    /// Predicts one quantised record in the clear, by the integer map.
    ///
    /// # Errors
    /// As [`evaluate`](Self::evaluate).
    pub fn predict(&self, record: &QuantizedRecord) -> Result<Prediction, OtherCard> {
        let prediction = self.card.predict(&self.evaluate(record)?);
        Ok(prediction.expect("certified scores fit the card"))
    }

    /// Predicts one record in the clear, by the float map.
    ///
    /// # Errors
    /// [`RecordError::Length`] if the number of features isn't the card's.
    pub fn predict_float(&self, features: &[f64]) -> Result<Prediction, RecordError> {
        let scores = self.float_map.evaluate(features);
        let scores = scores.map_err(|_| RecordError::Length {
            found: features.len(),
            expected: self.card.features(),
        })?;
        Ok(self.card.predict_from_floats(scores))
    }
}
