//! A network that runs on any number of records, several at once where it can.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use veilcast_onnx::pb::ModelProto;

use super::limits::check_size;
use super::tensor::TensorInput;
use veilcast_onnx::Network;
use veilcast_onnx::{OnnxError, graph};

/// Records that a network takes at once, if it can.
const BATCH: usize = 32;
/// Most numbers of a group of records, or of their scores.
const MAX_VALUES: usize = 1 << 24;
/// Most bytes that the values of runs at the same time may take.
const MAX_BYTES: usize = 1 << 29;
/// How far the scores of a record in a batch may be from those of the record alone, relative to the
/// largest score.
const TOLERANCE: f64 = 1e-4;

/// A network with its input's and output's sizes.
#[derive(Clone, Debug)]
pub(super) struct Runner {
    network: Network,
    batch: usize,
    inputs: usize,
    outputs: usize,
    /// The shape of a batch's scores.
    shape: Vec<usize>,
}

impl Runner {
    /// Makes a network ready, and finds out whether it takes several records at once: some are made
    /// for one alone, some for a fixed number, and in some records depend on each other.
    pub(super) fn new(model: &ModelProto, input: &TensorInput) -> Result<Self, OnnxError> {
        if graph::inputs(graph::graph(model)?).is_empty() {
            return Err(OnnxError::Empty {
                problem: "what it gives doesn't depend on its input",
            });
        }
        if let Some(records) = input.fixed {
            let fixed = Self::compile(model, input, records)?;
            fixed.check_rows()?;
            return Ok(fixed);
        }
        let alone = Self::compile(model, input, 1)?;
        if !input.has_batch {
            return Ok(alone);
        }
        let batches = rayon::current_num_threads() * BATCH;
        if alone.network.bytes().saturating_mul(batches) > MAX_BYTES {
            return Ok(alone);
        }
        let Ok(together) = Self::compile(model, input, BATCH) else {
            return Ok(alone);
        };
        let records = alone.random(3);
        let expected = alone.run(&records)?;
        match together.run(&records) {
            Ok(found) if close(&found, &expected) => Ok(together),
            _ => Ok(alone),
        }
    }

    /// A network that takes this many records at once.
    fn compile(model: &ModelProto, input: &TensorInput, batch: usize) -> Result<Self, OnnxError> {
        let inputs = input.values();
        let network = Network::compile(model, &input.shape(batch))?;
        if let Some(outputs) = network.outputs() {
            check_size(inputs, outputs / batch)?;
        }
        let zero = network.run(&vec![0.0; batch * inputs])?;
        let numbers = zero.numbers.len();
        if numbers == 0 || !numbers.is_multiple_of(batch) {
            let records = match batch {
                1 => "one record it is".to_owned(),
                _ => format!("{batch} records it is"),
            };
            let holds = match numbers {
                0 => "which holds no number",
                _ => "which doesn't hold as many for each",
            };
            return Err(OnnxError::Output {
                problem: format!("for {records} {:?}, {holds}", zero.shape),
            });
        }
        Ok(Self {
            network,
            batch,
            inputs,
            outputs: numbers / batch,
            shape: zero.shape,
        })
    }

    /// Checks that each place of a batch gives what the others give, whatever is next to it.
    fn check_rows(&self) -> Result<(), OnnxError> {
        let records = self.random(self.batch);
        let mut moved = records.clone();
        moved.rotate_right(self.inputs);
        let scores = self.run(&records)?;
        let mut expected = scores.clone();
        expected.rotate_right(self.outputs);
        let among_others: Vec<f64> = records[..self.inputs]
            .iter()
            .chain(records.iter().rev().take(records.len() - self.inputs))
            .copied()
            .collect();
        let first = self.run(&among_others)?;
        let alike = close(&self.run(&moved)?, &expected)
            && close(&first[..self.outputs], &scores[..self.outputs]);
        match alike {
            true => Ok(()),
            false => Err(OnnxError::Rows {
                records: self.batch,
            }),
        }
    }

    /// The values of some records, around 0.
    fn random(&self, records: usize) -> Vec<f64> {
        let mut generator = ChaCha20Rng::seed_from_u64(0);
        let draw = |_| generator.random_range(-1.0..1.0);
        (0..records * self.inputs).map(draw).collect()
    }

    /// The shape of a batch's scores, and the number of records in it.
    pub(super) fn scores_shape(&self) -> (&[usize], usize) {
        (&self.shape, self.batch)
    }

    /// Number of values of a record.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of scores of a record.
    pub(super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// Enough records to keep all processors busy for a while, but not to fill the memory.
    pub(super) fn group(&self) -> usize {
        let most = MAX_VALUES / self.inputs.max(self.outputs).max(1);
        let busy = self.batch * rayon::current_num_threads() * 4;
        busy.min(most).max(1)
    }

    /// The scores of records, record by record, from their values in the same order.
    pub(super) fn run(&self, records: &[f64]) -> Result<Vec<f64>, OnnxError> {
        let batches = records.chunks(self.batch * self.inputs);
        let run = |batch: &[f64]| {
            let mut padded = batch.to_vec();
            padded.resize(self.batch * self.inputs, 0.0);
            let mut scores = self.network.run(&padded)?;
            if scores.numbers.len() != self.batch * self.outputs {
                let (records, shape) = (self.batch, scores.shape);
                return Err(OnnxError::Output {
                    problem: format!("{records} records give it the shape {shape:?}"),
                });
            }
            let kept = batch.len() / self.inputs * self.outputs;
            scores.numbers.truncate(kept);
            Ok(scores.numbers)
        };
        let threads = rayon::current_num_threads();
        let scores: Result<Vec<_>, _> = match self.network.bytes().saturating_mul(threads) {
            0..=MAX_BYTES => batches
                .collect::<Vec<_>>()
                .into_par_iter()
                .map(run)
                .collect(),
            _ => batches.map(run).collect(),
        };
        Ok(scores?.concat())
    }
}

fn close(found: &[f64], expected: &[f64]) -> bool {
    let largest = expected.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= TOLERANCE * largest;
    found.len() == expected.len() && found.iter().zip(expected).all(near)
}
