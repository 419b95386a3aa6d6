//! A network that runs on any number of records, several at once where it can.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};
use rayon::prelude::*;
use veilcast_onnx::pb::ModelProto;

use super::tensor::TensorInput;
use veilcast_onnx::Network;
use veilcast_onnx::{OnnxError, graph};

/// Records that a network takes at once, if it can.
const BATCH: usize = 32;
/// Most numbers of a group of records, or of their scores.
const MAX_VALUES: usize = 1 << 24;
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
}

impl Runner {
    /// Makes a network ready, and finds out whether it takes several records at once: some are made
    /// for one alone, and in some records depend on each other.
    pub(super) fn new(model: &ModelProto, input: &TensorInput) -> Result<Self, OnnxError> {
        if graph::inputs(graph::graph(model)?).is_empty() {
            return Err(OnnxError::Empty {
                problem: "what it gives doesn't depend on its input",
            });
        }
        let inputs = input.values();
        let network = Network::compile(model, &input.shape(1))?;
        let zero = network.run(&vec![0.0; inputs])?;
        if zero.numbers.is_empty() {
            return Err(OnnxError::Output {
                problem: format!(
                    "for one record it is {:?}, which holds no number",
                    zero.shape
                ),
            });
        }
        let alone = Self {
            network,
            batch: 1,
            inputs,
            outputs: zero.numbers.len(),
        };
        if !input.has_batch {
            return Ok(alone);
        }
        let Ok(network) = Network::compile(model, &input.shape(BATCH)) else {
            return Ok(alone);
        };
        let together = Self {
            network,
            batch: BATCH,
            ..alone
        };
        let mut generator = ChaCha20Rng::seed_from_u64(0);
        let records: Vec<f64> = (0..3 * inputs)
            .map(|_| generator.random_range(-1.0..1.0))
            .collect();
        let expected = alone.run(&records)?;
        match together.run(&records) {
            Ok(found) if close(&found, &expected) => Ok(together),
            _ => Ok(alone),
        }
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
        let batches = records.par_chunks(self.batch * self.inputs);
        let scores = batches.map(|batch| {
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
        });
        Ok(scores.collect::<Result<Vec<_>, _>>()?.concat())
    }
}

fn close(found: &[f64], expected: &[f64]) -> bool {
    let largest = expected.iter().fold(0.0, |top: f64, x| top.max(x.abs()));
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= TOLERANCE * largest;
    found.len() == expected.len() && found.iter().zip(expected).all(near)
}
