//! From scores with their meaning to a finished model, for networks and trees alike.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use rayon::prelude::*;
use veilcast_card::{
    Input, InputBits, InputKind, Layouts, Limits, Prediction, QuantizedRecord, RawRecord, Task,
    WeightBits, list,
};
use veilcast_model::search::HeldOut;
use veilcast_model::{
    Blueprint, FloatMap, FloatNetwork, ImportReport, Model, PartReport, PublicPartFile,
    QuantizationSearch, Scheme, ShapeError,
};

use crate::file::FileFacts;
use crate::ranges::Ranges;
use crate::scores::{Comparison, Scores};
use crate::{ImportError, ImportOptions};

/// The features of records, after preprocessing.
///
/// # Errors
/// [`ImportError::Record`] names the first that doesn't fit.
pub(super) fn preprocessed(
    input: &Input,
    records: &[RawRecord<'_>],
) -> Result<Vec<Vec<f64>>, ImportError> {
    let preprocess = |(index, raw): (usize, &RawRecord<'_>)| match input.preprocess(raw) {
        Ok(record) => Ok(record.features),
        Err(source) => Err(ImportError::Record { index, source }),
    };
    records.iter().enumerate().map(preprocess).collect()
}

/// What is left to be quantised.
pub(super) struct Unfinished<'a> {
    pub(super) options: &'a ImportOptions,
    pub(super) file: &'a FileFacts,
    pub(super) input: &'a Input,
    pub(super) scores: Scores,
    /// The parts of a network with hidden layers before the scores' map, which takes the squares of what they give.
    pub(super) before: Vec<FloatMap>,
    /// What all parts were taken from, if there are several.
    pub(super) parts: Vec<PartReport>,
    /// The public part of a hybrid, and its last node.
    pub(super) public: Option<(PublicPartFile, String)>,
    pub(super) ranges: &'a Ranges,
    /// The numbers of bits of an input to choose from.
    pub(super) input_bits: RangeInclusive<InputBits>,
    /// The features of each record.
    pub(super) records: &'a [Vec<f64>],
    /// Whether they were drawn at random, since there are no others.
    pub(super) is_random: bool,
    /// What was cut off after the scores, last first.
    pub(super) removed: Vec<String>,
    /// Outputs that may be other functions of the scores.
    pub(super) other_outputs: Vec<String>,
    /// How far the scores deviate from the file's, relative to the largest one.
    pub(super) deviation: f64,
}

impl Unfinished<'_> {
    /// Quantises the map in the way that is cheapest for `scheme` and predicts the records as it
    /// does.
    pub(super) fn finish(self, scheme: &dyn Scheme) -> Result<Model, ImportError> {
        let blueprint = self.blueprint();
        let compared = self.compared()?;
        let quantization = |bits| self.ranges.quantization(bits);
        let max_weight = self.options.weight_bits.map(|_| blueprint.max_weight);
        let map = self.scores.map.clone();
        let model = match self.before.is_empty() {
            true => {
                let search = compared.as_ref();
                let search = search.map(|found| self.search(&found.map, found, max_weight));
                blueprint.finish(map, &quantization, search.as_ref(), scheme)?
            }
            false => {
                let network = |last: &FloatMap| {
                    let parts = self.before.iter().chain([last]).cloned();
                    FloatNetwork::new(parts.collect())
                };
                let compared = match compared {
                    None => None,
                    Some(compared) => Some((network(&compared.map)?, compared)),
                };
                let search = compared.as_ref();
                let search = search.map(|(map, found)| self.search(map, found, max_weight));
                blueprint.finish_network(network(&map)?, &quantization, search.as_ref())?
            }
        };
        let (agreement, rounding) = compare(&model, self.records)?;
        let import = ImportReport {
            sha256: self.file.sha256.clone(),
            producer: self.file.producer.clone(),
            opset: self.file.opset,
            operators: self.file.operators.clone(),
            removed: self.removed,
            other_outputs: self.other_outputs,
            parts: self.parts,
            split_at: self.public.map(|(_, node)| node),
            records: self.records.len(),
            random_records: self.is_random,
            deviation: self.deviation,
            agreement,
            rounding,
        };
        Ok(model.reporting(|report| report.import = Some(import)))
    }

    /// What quantised maps are compared with; nothing, if the options leave nothing to search for,
    /// or on random records: a network predicts them much alike, so that any quantisation would do.
    fn compared(&self) -> Result<Option<Comparison>, ImportError> {
        let options = self.options;
        let is_given = options.input_bits.is_some() && options.weight_bits.is_some();
        if is_given || self.is_random {
            return Ok(None);
        }
        let bounds_changes = self.input.kind != InputKind::Image;
        let records = squares_of(&self.before, self.records)?;
        let compared = self.scores.comparison(options, &records, bounds_changes)?;
        Ok(Some(compared))
    }

    fn search<'a, M>(
        &'a self,
        map: &'a M,
        compared: &'a Comparison,
        max_weight: Option<u32>,
    ) -> QuantizationSearch<'a, M> {
        QuantizationSearch {
            map,
            input_bits: self.input_bits.clone(),
            max_weight,
            held_out: HeldOut {
                records: self.records,
                labels: &compared.labels,
            },
            goal: compared.goal,
        }
    }

    /// What the model predicts, according to the options, the file, or the scores.
    fn description(&self) -> String {
        let scores = &self.scores;
        let given = [&self.options.description, &self.file.description];
        if let Some(given) = given.into_iter().find(|text| !text.is_empty()) {
            return given.clone();
        }
        let record = match (&self.input.features, self.input.kind) {
            (Some(names), _) => format!("a record of {} columns", names.len()),
            (None, InputKind::Array) => {
                format!("an array of {} numbers", self.input.raw_features())
            }
            (None, InputKind::Image | InputKind::Table) => "an image".to_owned(),
        };
        let labels = list(&scores.labels);
        match scores.task {
            Task::Quantities => format!("Predicts {labels} of {record}."),
            Task::Classes | Task::Probability => format!("Classifies {record}: {labels}."),
        }
    }

    /// What the card is to say; numbers that are searched for, and all that depends on them, come
    /// later.
    fn blueprint(&self) -> Blueprint {
        let (options, scores) = (self.options, &self.scores);
        let most = *self.input_bits.end();
        let bits = most.min(InputBits::of::<8>()).max(*self.input_bits.start());
        Blueprint {
            name: options.name.clone(),
            version: options.version.clone(),
            description: self.description(),
            input: self.input.clone(),
            public_part: self.public.as_ref().map(|(file, _)| file.clone()),
            quantization: self.ranges.quantization(bits),
            labels: scores.labels.clone(),
            activation: scores.activation,
            units: options.units.clone(),
            threshold: options.threshold,
            task: Some(scores.task),
            layouts: Layouts::scalar(),
            limits: Limits::default(),
            ways: options.ways.clone(),
            max_weight: options
                .weight_bits
                .unwrap_or(WeightBits::of::<8>())
                .max_weight(),
        }
    }
}

/// What the scores' map takes of records: the records themselves, or the squares of what the last of the parts before gives.
fn squares_of<'a>(
    before: &[FloatMap],
    records: &'a [Vec<f64>],
) -> Result<Cow<'a, [Vec<f64>]>, ShapeError> {
    if before.is_empty() {
        return Ok(Cow::Borrowed(records));
    }
    let squares = |record: &Vec<f64>| {
        before.iter().try_fold(record.clone(), |values, part| {
            let values = part.evaluate(&values)?;
            Ok(values.into_iter().map(|value| value * value).collect())
        })
    };
    let squares = records.par_iter().map(squares);
    Ok(Cow::Owned(squares.collect::<Result<_, ShapeError>>()?))
}

/// The share of records for which the integers predict the class that the map in floats does, none
/// for quantities; and how far apart their scores lie at most, relative to the largest score.
fn compare(model: &Model, records: &[Vec<f64>]) -> Result<(Option<f64>, f64), ImportError> {
    let (mut agreeing, mut apart, mut largest) = (0, 0.0_f64, 0.0_f64);
    for record in records {
        let quantized = QuantizedRecord::from_features(model.card(), record)
            .map_err(ImportError::Prediction)?;
        let found = model.predict(&quantized).expect("the card is the model's");
        let expected = model
            .predict_float(record)
            .map_err(ImportError::Prediction)?;
        let class = |prediction: &Prediction| prediction.class().map(|class| class.index);
        agreeing += usize::from(class(&found) == class(&expected));
        for (found, expected) in found.scores().iter().zip(expected.scores()) {
            apart = apart.max((found - expected).abs());
            largest = largest.max(expected.abs());
        }
    }
    let agreement = match model.card().task() {
        Task::Quantities => None,
        Task::Classes | Task::Probability => Some(agreeing as f64 / records.len().max(1) as f64),
    };
    Ok((agreement, if apart > 0.0 { apart / largest } else { 0.0 }))
}
