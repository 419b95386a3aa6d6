//! What follows the scores, run on its own: it must be the final function that it is taken for.
//!
//! A softmax, for example, may be taken along another side than that of all scores of a record.

use rand::rngs::ChaCha20Rng;
use rand::{RngExt as _, SeedableRng as _};

use veilcast_card::{Activation, exp, normalized_sigmoids, sigmoids, softmax};
use veilcast_onnx::graph::{graph, graph_mut, keep_output};
use veilcast_onnx::pb::{GraphProto, ModelProto};
use veilcast_onnx::{Network, OnnxError};

use crate::tensor::TensorInput;

/// Vectors of scores that it is tried on.
const TRIALS: usize = 8;
/// How far the scores lie from 0.
const LARGEST: f64 = 4.0;
/// How far apart values may be: they are computed with 32 bits.
const TOLERANCE: f64 = 1e-3;

/// The part of a graph from its scores to its output.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    model: ModelProto,
    root: String,
}

impl Tail {
    pub(super) fn of(model: &ModelProto, root: &str, output: &str) -> Result<Self, OnnxError> {
        let whole = graph(model)?;
        let mut tail = GraphProto {
            node: whole.node.clone(),
            ..GraphProto::default()
        };
        for node in &mut tail.node {
            for value in node.output.iter_mut().filter(|value| *value == root) {
                value.clear();
            }
            if node.op_type == "ZipMap" {
                node.op_type = "Identity".to_owned();
                node.domain.clear();
                node.attribute.clear();
            }
        }
        keep_output(&mut tail, output);
        let taken = |name: &String| tail.node.iter().any(|node| node.input.contains(name));
        let constants = whole.initializer.iter();
        let constants = constants.filter(|tensor| taken(&tensor.name)).cloned();
        tail.initializer = constants.collect();
        let mut model = ModelProto {
            ir_version: model.ir_version,
            opset_import: model.opset_import.clone(),
            ..ModelProto::default()
        };
        model.graph = Some(tail);
        Ok(Self {
            model,
            root: root.to_owned(),
        })
    }

    /// Tries whether it computes the final function of a record's scores, which have this shape with
    /// the side of the batch.
    pub(crate) fn check(
        mut self,
        activation: Option<Activation>,
        shape: &[usize],
        records: usize,
    ) -> Result<(), OnnxError> {
        let input = TensorInput {
            name: self.root.clone(),
            description: String::new(),
            has_batch: false,
            fixed: None,
            sides: shape.to_vec(),
        };
        let scores = input.values() / records.max(1);
        graph_mut(&mut self.model)?.input = vec![input.value_info()];
        let Ok(network) = Network::compile(&self.model, shape) else {
            // What was cut off is known by its operators alone.
            return Ok(());
        };
        let mut generator = ChaCha20Rng::seed_from_u64(2);
        let mut columns: Vec<usize> = (0..scores).collect();
        for _ in 0..TRIALS {
            let draw = |_| generator.random_range(-LARGEST..LARGEST);
            let trial: Vec<f64> = (0..scores).map(draw).collect();
            let mut found = network.run(&trial.repeat(records))?.numbers;
            found.truncate(found.len() / records.max(1));
            let known = [function(activation, &trial), logarithms(activation, &trial)];
            let is_near = |found: f64, expected: f64| {
                (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
            };
            let fits = known
                .iter()
                .flatten()
                .any(|expected| match found.as_slice() {
                    // A single class's column.
                    &[only] if scores > 1 => {
                        columns.retain(|&column| is_near(only, expected[column]));
                        !columns.is_empty()
                    }
                    found => {
                        let mut pairs = found.iter().zip(expected);
                        found.len() == scores && pairs.all(|(a, b)| is_near(*a, *b))
                    }
                });
            if !fits {
                return Err(OnnxError::Ending {
                    function: activation.map_or("", name).into(),
                    scores,
                    shape: shape.get(1..).unwrap_or_default().into(),
                });
            }
        }
        Ok(())
    }
}

fn name(activation: Activation) -> &'static str {
    match activation {
        Activation::Softmax => "softmax",
        Activation::Sigmoid | Activation::NormalizedSigmoid => "sigmoid",
        Activation::Exp => "exponential function",
        Activation::None => "",
    }
}

/// What the client will compute from scores.
fn function(activation: Option<Activation>, scores: &[f64]) -> Option<Vec<f64>> {
    Some(match activation.unwrap_or(Activation::None) {
        Activation::None => scores.to_vec(),
        Activation::Softmax => softmax(scores),
        Activation::Sigmoid => sigmoids(scores),
        Activation::NormalizedSigmoid => normalized_sigmoids(scores),
        Activation::Exp => exp(scores),
    })
}

/// The logarithms of softmax, which networks are often trained with.
fn logarithms(activation: Option<Activation>, scores: &[f64]) -> Option<Vec<f64>> {
    (activation == Some(Activation::Softmax))
        .then(|| softmax(scores).into_iter().map(f64::ln).collect())
}
