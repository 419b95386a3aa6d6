//! Predicting a test set on ciphertexts.

use std::fmt;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde::Serialize;
use veilcast_card::Encoder;
use veilcast_engine::{Evaluator, KeyPolicy, Session};
use veilcast_model::Model;

use crate::clear::TestSet;
use crate::{Measured, ReportError};

/// What was measured on ciphertexts.
#[derive(Serialize)]
pub struct Encrypted {
    pub(crate) key_bits: u32,
    /// The layout that suits this many records best.
    pub(crate) layout: &'static str,
    /// Records that were measured.
    pub records: usize,
    /// Records of which every integer score equals the one in the clear.
    pub agreeing: usize,
    /// Records whose scores can't be right. They don't agree, and aren't measured.
    pub(crate) without_prediction: usize,
    #[serde(flatten)]
    pub(crate) measured: Measured,
    pub(crate) encrypt_ms: f64,
    pub(crate) compute_ms: f64,
    pub(crate) decrypt_ms: f64,
}

impl Encrypted {
    /// Encrypts a test set by a session and an encoder of the model, at most `size` records at a time, computes and decrypts.
    /// `on_progress` is told how many records are done each time.
    ///
    /// # Errors
    /// A record must be one that the model takes, and the key one that it accepts.
    pub fn of(
        model: &Model,
        encoder: &Encoder,
        session: &Session,
        test: &TestSet,
        size: NonZeroUsize,
        mut on_progress: impl FnMut(usize),
    ) -> Result<Self, ReportError> {
        let (card, records) = (model.card(), test.records.len());
        let evaluator = Evaluator::new(model.clone(), KeyPolicy::default());
        let mut agreeing = 0;
        let (mut predictions, mut predicted) = (Vec::with_capacity(records), Vec::new());
        let mut times = [Duration::ZERO; 3];
        for batch in test.records.chunks(size.get()) {
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
            on_progress(scores.len());
        }
        let [encrypt_ms, compute_ms, decrypt_ms] =
            times.map(|time| time.as_secs_f64() * 1e3 / records as f64);
        Ok(Self {
            key_bits: session.public_key().bits(),
            layout: session.layout().name(),
            records,
            agreeing,
            without_prediction: records - predictions.len(),
            measured: Measured::of(&predictions, &test.truth.of_those(&predicted))
                .ok_or(ReportError::TestSet)?,
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
