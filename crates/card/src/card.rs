//! [`Card`]: a specification that has been checked, with its exact bytes.

use crate::bits::SlotBits;
use crate::digest::Digest;
use crate::error::CardError;
use crate::hidden::Hidden;
use crate::layouts::Layouts;
use crate::limits::MAX_CARD_BYTES;
use crate::public_part::PublicPart;
use crate::quantization::Quantization;
use crate::sealed::Sealed;
use crate::spec::{Bounds, CardSpec, Input, Limits, Output};
use crate::task::Task;
use crate::ways::Way;
use crate::{check, spec};

/// The digest of a card's exact bytes.
pub type CardDigest = Digest<Card>;

/// The public description of a model, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    spec: CardSpec,
    json: Vec<u8>,
    digest: CardDigest,
    features: usize,
}

impl Card {
    /// Checks a specification and writes it as the card's bytes; `output.task` only if the other
    /// fields don't imply it.
    ///
    /// # Errors
    /// [`CardError`] names the first field that is out of range or contradicts another.
    pub fn new(mut spec: CardSpec) -> Result<Self, CardError> {
        let features = check::check(&spec)?;
        let implied = spec.output.implied_task();
        spec.output.task = spec.output.task.filter(|task| *task != implied);
        let mut json = serde_json::to_vec_pretty(&spec).map_err(CardError::Json)?;
        json.push(b'\n');
        if json.len() > MAX_CARD_BYTES {
            return Err(CardError::TooLarge { bytes: json.len() });
        }
        Ok(Self {
            digest: CardDigest::of(&json),
            spec,
            json,
            features,
        })
    }

    /// Reads a card from the exact bytes of `card.json`.
    ///
    /// # Errors
    /// [`CardError`] says what is malformed, out of range or contradictory.
    pub fn parse(json: &[u8]) -> Result<Self, CardError> {
        if json.len() > MAX_CARD_BYTES {
            return Err(CardError::TooLarge { bytes: json.len() });
        }
        spec::check_format(json)?;
        let spec: CardSpec = serde_json::from_slice(json).map_err(CardError::Json)?;
        let features = check::check(&spec)?;
        Ok(Self {
            spec,
            json: json.to_vec(),
            digest: CardDigest::of(json),
            features,
        })
    }

    /// The exact bytes of `card.json`.
    pub fn json(&self) -> &[u8] {
        &self.json
    }

    /// SHA-256 of [`json`](Self::json).
    pub fn digest(&self) -> CardDigest {
        self.digest
    }

    /// The model's name, `[a-z0-9][a-z0-9._-]{0,63}`.
    pub fn name(&self) -> &str {
        &self.spec.name
    }

    /// The model's version, `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    pub fn version(&self) -> &str {
        &self.spec.version
    }

    /// What the model predicts, in a sentence or two for people.
    pub fn description(&self) -> &str {
        &self.spec.description
    }

    /// What a record looks like.
    pub fn input(&self) -> &Input {
        &self.spec.input
    }

    /// The network that a client of a hybrid model runs on preprocessed values.
    pub fn public_part(&self) -> Option<&PublicPart> {
        self.spec.public_part.as_ref()
    }

    /// How features become integers.
    pub fn quantization(&self) -> &Quantization {
        &self.spec.quantization
    }

    /// The hidden layers; none if the model is affine.
    pub fn hidden(&self) -> Option<&Hidden> {
        self.spec.hidden.as_ref()
    }

    /// What the model predicts: classes, one probability, or quantities.
    pub fn task(&self) -> Task {
        self.spec.output.task()
    }

    /// How integer scores become predictions.
    pub fn output(&self) -> &Output {
        &self.spec.output
    }

    /// The proven bounds of the scores.
    pub fn bounds(&self) -> &Bounds {
        &self.spec.bounds
    }

    /// The layouts in which records may be sent.
    pub fn layouts(&self) -> &Layouts {
        &self.spec.layouts
    }

    /// The ways of predicting that are offered.
    pub fn ways(&self) -> &[Way] {
        self.spec.ways.as_deref().unwrap_or(Way::DEFAULT)
    }

    /// The service's key and the encrypted weights, if the model is offered sealed.
    pub fn sealed(&self) -> Option<&Sealed> {
        self.spec.sealed.as_ref()
    }

    /// The card's fields, such as for a card that differs in a few of them.
    pub fn spec(&self) -> &CardSpec {
        &self.spec
    }

    /// What one request may hold.
    pub fn limits(&self) -> Limits {
        self.spec.limits
    }

    /// Number of values in a raw record, before preprocessing.
    pub fn raw_features(&self) -> usize {
        self.spec.input.raw_features()
    }

    /// Number of quantised features, and so of integers that get encrypted for a record: those of
    /// the public part if there is one, or else of preprocessing.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of scores for a record.
    pub fn outputs(&self) -> usize {
        self.spec.output.scales.len()
    }

    /// S: every score lies strictly between −2^(S−1) and 2^(S−1).
    pub fn slot_bits(&self) -> SlotBits {
        self.spec.bounds.slot_bits
    }

    /// The bound that no score of an output exceeds in magnitude.
    ///
    /// # Panics
    /// If the model has no such output.
    pub fn largest_score(&self, output: usize) -> u64 {
        assert!(output < self.outputs(), "the model has no output {output}");
        self.spec.bounds.largest_score(output)
    }

    /// Whether the integers of a record that was quantised for another card are those that this
    /// card requires: the form of a record, its preprocessing, the public part and the quantisation
    /// are the same. This is the case when only a model's weights have changed.
    pub fn takes_records_of(&self, other: &Self) -> bool {
        let encoding = |card: &Self| {
            let Input {
                kind,
                description: _,
                shape,
                features,
                fit,
                about,
                preprocessing,
            } = card.input().clone();
            let part = card.public_part().map(|part| part.sha256.clone());
            let units = about
                .into_iter()
                .map(|(column, about)| (column, about.unit));
            let units: Vec<_> = units.filter(|(_, unit)| unit.is_some()).collect();
            (kind, shape, features, fit, units, preprocessing, part)
        };
        self.quantization() == other.quantization() && encoding(self) == encoding(other)
    }

    /// Whether its predictions have the same form as another card's: the same task, labels and units.
    pub fn predicts_as(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.output(), other.output());
        self.task() == other.task() && ours.labels == theirs.labels && ours.units == theirs.units
    }

    /// The name of a raw feature, for messages: the table's column, or the pixel's position.
    pub fn feature_name(&self, index: usize) -> String {
        self.spec.input.feature_name(index)
    }
}
