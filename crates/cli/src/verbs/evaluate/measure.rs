//! Predicting a test set on ciphertexts.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde::Serialize;
use veilcast_card::Prediction;
use veilcast_engine::{Evaluator, KeyPolicy};
use veilcast_model::Model;
use veilcast_model::quality::{ClassQuality, RegressionErrors};

use super::clear::{TestSet, Truth};
use super::{classes, quantities};
use crate::output::{Output, error_figures};
use crate::planning::PlanArgs;
use crate::records::{self, batch_size};
use crate::{keys, models};

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
    /// None if predictions and truth aren't of the same kind: classes or quantities.
    pub(super) fn of(predictions: &[Prediction], truth: &Truth) -> Option<Self> {
        Some(match truth {
            Truth::Classes(labels) => {
                let classes = classes::classes(predictions)?;
                Self::Classes(ClassQuality::of_predictions(&classes, labels))
            }
            Truth::Quantities(truth) => {
                let values = quantities::values(predictions)?;
                Self::Quantities {
                    quantities: quantities::errors(&values, truth).unwrap_or_default(),
                }
            }
        })
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
        let session = Arc::new(records::session(
            card,
            keys::generate(key_bits)?,
            Some(records as u64),
            &PlanArgs::default(),
        )?);
        let size = batch_size(&Arc::clone(&session).into());
        let evaluator = Evaluator::new(model.clone(), KeyPolicy::default());
        let bar = output.progress(Some(records as u64), "encrypted records");
        let mut agreeing = 0;
        let (mut predictions, mut predicted) = (Vec::with_capacity(records), Vec::new());
        let mut times = [Duration::ZERO; 3];
        for batch in test.records.chunks(size) {
            let quantized = encoder.encode(batch)?;
            let request = timed(&mut times[0], || session.encrypt(&quantized))?;
            let response = timed(&mut times[1], || evaluator.evaluate(&request))?;
            let scores = timed(&mut times[2], || {
                session.decrypt_answer_to(&request, &response)
            })?;
            for (record, scores) in quantized.iter().zip(&scores) {
                agreeing += usize::from(*scores == model.evaluate(record)?);
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
            measured: Measured::of(&predictions, &test.truth.of_those(&predicted))
                .context("the model doesn't predict what the test set holds")?,
            encrypt_ms,
            compute_ms,
            decrypt_ms,
        })
    }
}

impl fmt::Display for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            key_bits,
            layout,
            records,
            agreeing,
            without_prediction,
            measured,
            encrypt_ms,
            compute_ms,
            decrypt_ms,
        } = self;
        writeln!(
            f,
            "on ciphertexts under a key of {key_bits} bits, in the layout `{layout}`"
        )?;
        writeln!(
            f,
            "  every score equal for {agreeing} of {records} records, {measured}"
        )?;
        if *without_prediction > 0 {
            writeln!(
                f,
                "  of {without_prediction} of them the scores can't be right: they aren't measured"
            )?;
        }
        write!(
            f,
            "  a record takes {encrypt_ms:.2} ms to encrypt, {compute_ms:.2} ms to compute, {decrypt_ms:.2} ms to decrypt"
        )
    }
}

fn timed<T>(total: &mut Duration, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total += start.elapsed();
    result
}
