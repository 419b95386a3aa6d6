//! Predicting a test set: in the clear by both maps, and on ciphertexts.

use std::fmt;
use std::time::{Duration, Instant};

use serde::Serialize;
use veilcast_card::{Prediction, RawRecord};
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_model::Model;
use veilcast_model::quality::{ClassQuality, RegressionErrors};

use super::quantities;
use crate::output::{Output, error_figures};
use crate::planning::PlanArgs;
use crate::records::{self, batch_size};
use crate::{keys, models};

/// Records, and their true labels or values.
pub(super) struct TestSet {
    pub(super) records: Vec<RawRecord<'static>>,
    pub(super) truth: Truth,
}

/// The true labels or values of records.
pub(super) enum Truth {
    /// The index of each one's label.
    Classes(Vec<usize>),
    /// The value of each record, for each quantity.
    Quantities(Vec<Vec<f64>>),
}

impl Truth {
    /// The true labels or values of the records for which `kept` holds true.
    fn of_those(&self, kept: &[bool]) -> Self {
        fn those<T: Copy>(all: &[T], kept: &[bool]) -> Vec<T> {
            let pairs = all.iter().zip(kept).filter(|(_, kept)| **kept);
            pairs.map(|(one, _)| *one).collect()
        }
        match self {
            Self::Classes(labels) => Self::Classes(those(labels, kept)),
            Self::Quantities(values) => {
                let values = values.iter().map(|values| those(values, kept));
                Self::Quantities(values.collect())
            }
        }
    }
}

/// How good predictions are.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Measured {
    Classes(ClassQuality),
    Quantities { quantities: Vec<RegressionErrors> },
}

/// A line of figures, separated by semicolons for several quantities.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes(quality) => quality.fmt(f),
            Self::Quantities { quantities } => {
                let figures: Vec<String> = quantities.iter().map(error_figures).collect();
                f.write_str(&figures.join("; "))
            }
        }
    }
}

impl Measured {
    pub(super) fn of(predictions: &[Prediction], truth: &Truth) -> Self {
        match truth {
            Truth::Classes(labels) => {
                Self::Classes(ClassQuality::of_predictions(predictions, labels))
            }
            Truth::Quantities(values) => Self::Quantities {
                quantities: quantities::errors(predictions, values).unwrap_or_default(),
            },
        }
    }
}

/// What a model says about each record in the clear.
pub(super) struct Clear {
    /// By the collapsed map in floats.
    pub(super) collapsed: Vec<Prediction>,
    /// By the integer map.
    pub(super) quantized: Vec<Prediction>,
    /// The integer map's scores.
    pub(super) scores: Vec<Vec<i64>>,
}

impl Clear {
    pub(super) fn of(model: &Model, test: &TestSet) -> anyhow::Result<Self> {
        let (card, encoder) = (model.card(), models::encoder_of(model)?);
        let mut clear = Self {
            collapsed: Vec::with_capacity(test.records.len()),
            quantized: Vec::with_capacity(test.records.len()),
            scores: Vec::with_capacity(test.records.len()),
        };
        for record in &test.records {
            let features = encoder.features(record)?;
            clear
                .collapsed
                .push(model.predict_float(&features.features)?);
            let scores = model.evaluate(&encoder.round(features)?.values)?;
            clear.quantized.push(card.predict(&scores)?);
            clear.scores.push(scores);
        }
        Ok(clear)
    }

    /// The largest magnitude of each integer score.
    pub(super) fn largest_scores(&self) -> Vec<u64> {
        let mut largest = vec![0; self.scores.first().map_or(0, Vec::len)];
        for scores in &self.scores {
            for (largest, score) in largest.iter_mut().zip(scores) {
                *largest = score.unsigned_abs().max(*largest);
            }
        }
        largest
    }
}

/// What was measured on ciphertexts.
#[derive(Serialize)]
pub(super) struct Encrypted {
    pub(super) key_bits: u32,
    /// The layout that suits this many records best.
    pub(super) layout: &'static str,
    pub(super) records: usize,
    /// Records of which every integer score equals the one in the clear.
    pub(super) agreeing: usize,
    /// Records whose scores can't be right. They don't agree, and aren't measured.
    pub(super) without_prediction: usize,
    #[serde(flatten)]
    pub(super) measured: Measured,
    pub(super) encrypt_ms: f64,
    pub(super) compute_ms: f64,
    pub(super) decrypt_ms: f64,
}

impl Encrypted {
    pub(super) fn of(
        model: &Model,
        test: &TestSet,
        key_bits: u32,
        output: Output,
    ) -> anyhow::Result<Self> {
        let (card, records) = (model.card(), test.records.len());
        let encoder = models::encoder_of(model)?;
        let session = records::session(
            card,
            keys::generate(key_bits)?,
            Some(records as u64),
            &PlanArgs::default(),
        )?;
        let evaluator = Evaluator::new(model.clone(), KeyPolicy::default());
        let bar = output.progress(Some(records as u64), "encrypted records");
        let mut agreeing = 0;
        let (mut predictions, mut predicted) = (Vec::with_capacity(records), Vec::new());
        let mut times = [Duration::ZERO; 3];
        for batch in test.records.chunks(batch_size(&session)) {
            let quantized = encoder.encode(batch)?;
            let quantized: Vec<_> = quantized.into_iter().map(|record| record.values).collect();
            let request = timed(&mut times[0], || session.encrypt(&quantized))?;
            let response = timed(&mut times[1], || evaluator.evaluate(&request))?;
            let scores = timed(&mut times[2], || {
                session.decrypt_answer_to(&request, &response)
            })?;
            for (features, scores) in quantized.iter().zip(&scores) {
                agreeing += usize::from(*scores == model.evaluate(features)?);
                let prediction = card.predict(scores).ok();
                predicted.push(prediction.is_some());
                predictions.extend(prediction);
            }
            bar.inc(scores.len() as u64);
        }
        bar.finish_and_clear();
        let [encrypt_ms, compute_ms, decrypt_ms] =
            times.map(|time| time.as_secs_f64() * 1e3 / records as f64);
        Ok(Self {
            key_bits,
            layout: session.layout().name(),
            records,
            agreeing,
            without_prediction: records - predictions.len(),
            measured: Measured::of(&predictions, &test.truth.of_those(&predicted)),
            encrypt_ms,
            compute_ms,
            decrypt_ms,
        })
    }
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}
