//! Building a model from a float map and the contents of its card.

use super::programs::Programs;
use super::{Affine, Layered, Model, Numbers, Report};
use crate::bounds::BoundsError;
use crate::float_map::{QuantizeError, weight_bits};
use crate::search::SearchError;
use crate::{BoundsCertificate, FloatMap, FloatNetwork};
use veilcast_card::{
    Activation, Bounds, CARD_FORMAT, Card, CardError, CardSpec, Hidden, Input, Layouts, Limits,
    Output, PublicPart, Quantization, SlotBits, Task, Way,
};

/// What the card will say about a model whose weights aren't quantised yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Blueprint {
    /// The model's name, `[a-z0-9][a-z0-9._-]{0,63}`.
    pub name: String,
    /// The model's version, `[A-Za-z0-9][A-Za-z0-9._-]{0,63}`.
    pub version: String,
    /// What the model predicts, in a sentence or two for people.
    pub description: String,
    /// What a record looks like.
    pub input: Input,
    /// What the client runs on preprocessed values in the clear, if the model is to be a hybrid.
    pub public_part: Option<PublicPartFile>,
    /// How features become integers.
    pub quantization: Quantization,
    /// One label per output; two (negative, positive) for a single sigmoid output.
    pub labels: Vec<String>,
    /// The final function, which the client applies.
    pub activation: Activation,
    /// The unit of each quantity that is predicted; only without a final function.
    pub units: Option<Vec<String>>,
    /// The probability above which a record counts as positive, if not 0.5; only for a single
    /// sigmoid output.
    pub threshold: Option<f64>,
    /// What is predicted; needed only for several quantities without units, which would otherwise
    /// be classes. The card says it only where its other fields don't.
    pub task: Option<Task>,
    /// The layouts in which records may be sent.
    pub layouts: Layouts,
    /// What one request may hold.
    pub limits: Limits,
    /// The ways of predicting that are offered, if not the default ones.
    pub ways: Option<Vec<Way>>,
    /// Largest magnitude of an integer weight, 1 to 32,767: that of each output's largest weight.
    pub max_weight: u32,
}

/// The public part of a model that isn't built yet, which returns as many features as its map
/// takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPartFile {
    /// The bytes of `public.onnx`.
    pub onnx: Vec<u8>,
    /// The sides of its input without that of the batch.
    pub shape: Vec<usize>,
    /// For people: what it computes, what is public and what is private, and what publishing it
    /// reveals.
    pub description: String,
}

/// A model can't be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The blueprint isn't fit for a card.
    #[error(transparent)]
    Card(#[from] CardError),
    /// The map can't be rounded to integers.
    #[error(transparent)]
    Quantize(#[from] QuantizeError),
    /// The scores would be too wide.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// The search for a quantisation failed.
    #[error("no quantisation was found")]
    Search(#[from] SearchError),
    /// The map's number of inputs isn't the card's number of features.
    #[error("the map takes {inputs} values, but the card describes {features} features")]
    Features {
        /// Inputs of the map.
        inputs: usize,
        /// Features of the card.
        features: usize,
    },
}

impl Blueprint {
    /// Quantises a float map, proves its bounds and writes its card.
    ///
    /// # Errors
    /// [`BuildError`] if the blueprint is unfit for a card, or the map can't be quantised or
    /// certified.
    pub fn build(self, float_map: FloatMap) -> Result<Model, BuildError> {
        // The card is made twice: its checks come before its numbers are used to round the map.
        let mut spec = self.spec(float_map.inputs(), float_map.outputs());
        check_features(&spec, float_map.inputs())?;
        let (integer_map, scales) = float_map.quantize(&spec.quantization, self.max_weight)?;
        let certificate = integer_map.certify(spec.quantization.max(), SlotBits::MAX)?;
        spec.output.scales = scales;
        spec.bounds.slot_bits = certificate.slot_bits;
        spec.bounds.largest_scores = certificate.largest_scores();
        let card = Card::new(spec)?;
        let programs = Programs::compile(&integer_map, &self.layouts);
        let numbers = Numbers::Affine(Affine::new(integer_map, float_map, programs));
        Ok(self.model(card, numbers, certificate))
    }

    /// Quantises a network with hidden layers, proves its bounds and writes its card. It has no layouts, whatever the blueprint says.
    ///
    /// # Errors
    /// [`BuildError`] if the blueprint is unfit for a card, or the network can't be quantised or certified.
    pub fn build_network(mut self, floats: FloatNetwork) -> Result<Model, BuildError> {
        self.layouts = Layouts::default();
        let (integers, scales) = floats.quantize(&self.quantization, self.max_weight)?;
        let certified = integers.certify(self.quantization.max())?;
        let worth = 2.0_f64.powi(certified.score_shift as i32);
        let mut spec = self.spec(floats.inputs(), floats.outputs());
        spec.hidden = Some(Hidden {
            sizes: floats.sizes(),
            weight_bits: vec![weight_bits(self.max_weight); floats.parts().len()],
            ring_bits: certified.ring_bits,
            score_shift: certified.score_shift,
        });
        spec.output.scales = scales.into_iter().map(|scale| scale * worth).collect();
        spec.bounds.slot_bits = certified.scores.slot_bits;
        spec.bounds.largest_scores = certified.scores.largest_scores();
        check_features(&spec, floats.inputs())?;
        let card = Card::new(spec)?;
        let numbers = Numbers::Layered(Layered::new(integers, floats.unbalanced()));
        Ok(self.model(card, numbers, certified.scores))
    }

    fn model(self, card: Card, numbers: Numbers, certificate: BoundsCertificate) -> Model {
        let report = Report {
            card: card.digest(),
            max_weight: self.max_weight,
            weight_bits: weight_bits(self.max_weight),
            bounds: certificate.clone(),
            accuracy: None,
            auc: None,
            regression: None,
            baseline: None,
            search: None,
            training: None,
            import: None,
        };
        Model {
            card,
            numbers,
            public_part: self.public_part.map(|part| part.onnx),
            sealed: None,
            certificate,
            report: Some(report),
        }
    }

    /// The card's fields; those that result from rounding are still to be set.
    fn spec(&self, inputs: usize, outputs: usize) -> CardSpec {
        let public_part = self.public_part.as_ref().map(|part| {
            let (shape, description) = (part.shape.clone(), part.description.clone());
            PublicPart::of(&part.onnx, shape, inputs, description)
        });
        CardSpec {
            format: CARD_FORMAT.to_owned(),
            name: self.name.clone(),
            version: self.version.clone(),
            description: self.description.clone(),
            input: self.input.clone(),
            public_part,
            quantization: self.quantization.clone(),
            hidden: None,
            output: Output {
                labels: self.labels.clone(),
                scales: vec![1.0; outputs],
                activation: self.activation,
                units: self.units.clone(),
                threshold: self.threshold,
                doubt: None,
                task: self.task,
            },
            bounds: Bounds {
                slot_bits: SlotBits::MAX,
                certified: true,
                largest_scores: None,
            },
            layouts: self.layouts.clone(),
            limits: self.limits,
            ways: self.ways.clone(),
            sealed: None,
        }
    }
}

/// Checks a card's fields, and that its records have as many features as a map or network takes.
fn check_features(spec: &CardSpec, inputs: usize) -> Result<(), BuildError> {
    let features = Card::new(spec.clone())?.features();
    match features == inputs {
        true => Ok(()),
        false => Err(BuildError::Features { inputs, features }),
    }
}
