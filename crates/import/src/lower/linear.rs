//! `LinearRegressor` and `LinearClassifier`.

use veilcast_onnx::graph::{attribute, name};
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{NodeProto, TensorProto};
use veilcast_onnx::{OnnxError, check_columns};

use super::Lowering;
use crate::build::{node_of, with_int};
use crate::numbers::numbers;

/// What a model's operator does with its scores in the end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    None,
    Softmax,
    Sigmoid,
}

impl Ending {
    pub(super) fn of(node: &NodeProto) -> Result<Self, OnnxError> {
        match attribute(node, "post_transform").map(|found| found.s.as_slice()) {
            None | Some(b"NONE") => Ok(Self::None),
            Some(b"SOFTMAX") => Ok(Self::Softmax),
            Some(b"LOGISTIC") => Ok(Self::Sigmoid),
            Some(other) => Err(OnnxError::Unsupported {
                problem: format!(
                    "the node {:?} ends with {:?}; softmax and logistic are supported",
                    name(node),
                    String::from_utf8_lossy(other)
                ),
            }),
        }
    }
}

/// One row of weights for each score, and what is added.
pub(super) struct Rows {
    pub(super) weights: Vec<Vec<f64>>,
    pub(super) biases: Vec<f64>,
}

impl Rows {
    /// The row of one score, and its opposite in front of it.
    pub(super) fn opposite(weights: Vec<f64>, bias: f64) -> Self {
        let negated = weights.iter().map(|weight| -weight).collect();
        Self {
            weights: vec![negated, weights],
            biases: vec![-bias, bias],
        }
    }
}

impl Lowering {
    pub(super) fn linear_regressor(
        &mut self,
        node: &NodeProto,
        input: &str,
        output: &str,
    ) -> Result<(), OnnxError> {
        check_columns(node, self.widths.get(input))?;
        let targets = attribute(node, "targets").map_or(1, |found| found.i);
        let targets = usize::try_from(targets).unwrap_or_default();
        let rows = rows(node, targets);
        self.scores(node, input, output, &rows, Ending::of(node)?);
        Ok(())
    }

    pub(super) fn linear_classifier(
        &mut self,
        node: &NodeProto,
        input: &str,
    ) -> Result<(), OnnxError> {
        check_columns(node, self.widths.get(input))?;
        let labels = Labels::of(node);
        let ending = Ending::of(node)?;
        let intercepts = numbers(node, "intercepts").map(|list| list.len());
        let scores = intercepts.unwrap_or(if labels.count() == 2 {
            1
        } else {
            labels.count()
        });
        let mut rows = rows(node, scores);
        if let ([weights], [bias], 2) = (
            rows.weights.as_slice(),
            rows.biases.as_slice(),
            labels.count(),
        ) {
            if ending == Ending::Softmax {
                return Err(OnnxError::Unsupported {
                    problem: format!(
                        "the node {:?} (LinearClassifier) has softmax behind one row of \
                         coefficients for two classes, which runtimes read differently; write a \
                         row for each class",
                        name(node)
                    ),
                });
            }
            rows = Rows::opposite(weights.clone(), *bias);
        }
        self.classified(node, input, &rows, ending, labels);
        Ok(())
    }

    /// The scores and labels of a classifier, whichever of them it gives.
    fn classified(
        &mut self,
        node: &NodeProto,
        input: &str,
        rows: &Rows,
        ending: Ending,
        labels: Labels,
    ) {
        let scores = node.output.get(1).filter(|output| !output.is_empty());
        let scores = match scores {
            Some(scores) => scores.clone(),
            None => self.names.fresh(format!("{}/scores", name(node))),
        };
        let raw = self.scores(node, input, &scores, rows, ending);
        self.labels(node, &raw, labels);
    }

    /// Writes input·weights + biases and a final function; returns the scores' name.
    pub(super) fn scores(
        &mut self,
        node: &NodeProto,
        input: &str,
        output: &str,
        rows: &Rows,
        ending: Ending,
    ) -> String {
        let scores = rows.weights.len();
        let columns = rows.weights.first().map_or(0, Vec::len);
        let mut matrix = Vec::with_capacity(scores * columns);
        for column in 0..columns {
            matrix.extend(rows.weights.iter().map(|row| row[column]));
        }
        let sides = vec![columns as i64, scores as i64];
        let weights = self.floats(output, "coefficients", sides, &matrix);
        let biases = self.floats(output, "intercepts", vec![scores as i64], &rows.biases);
        let product = self.names.fresh(format!("{output}/product"));
        let sum = match ending {
            Ending::None => output.to_owned(),
            Ending::Softmax | Ending::Sigmoid => self.names.fresh(format!("{output}/sum")),
        };
        self.push_named(node, node_of("MatMul", &[input, &weights], &product));
        self.nodes.push(node_of("Add", &[&product, &biases], &sum));
        match ending {
            Ending::None => {}
            Ending::Softmax => {
                let softmax = node_of("Softmax", &[&sum], output);
                self.nodes.push(with_int(softmax, "axis", 1));
            }
            Ending::Sigmoid => self.nodes.push(node_of("Sigmoid", &[&sum], output)),
        }
        sum
    }

    /// Writes the label of the largest score, if the node gives it.
    pub(super) fn labels(&mut self, node: &NodeProto, scores: &str, labels: Labels) {
        let Some(output) = node.output.first().filter(|output| !output.is_empty()) else {
            return;
        };
        let place = self.names.fresh(format!("{output}/place"));
        let largest = with_int(node_of("ArgMax", &[scores], &place), "axis", 1);
        self.nodes.push(with_int(largest, "keepdims", 0));
        let table = self.constant(output, "labels", |name| labels.table(name));
        self.nodes
            .push(node_of("Gather", &[&table, &place], output));
    }
}

/// A row of coefficients for each of this many scores, and its intercept. The lists' lengths are
/// checked.
fn rows(node: &NodeProto, scores: usize) -> Rows {
    let coefficients = numbers(node, "coefficients").unwrap_or_default();
    let columns = coefficients.len() / scores.max(1);
    Rows {
        weights: coefficients
            .chunks_exact(columns.max(1))
            .map(<[f64]>::to_vec)
            .collect(),
        biases: numbers(node, "intercepts").unwrap_or_else(|| vec![0.0; scores]),
    }
}

/// The classes that a classifier names.
pub(super) enum Labels {
    Whole(Vec<i64>),
    Texts(Vec<Vec<u8>>),
}

impl Labels {
    pub(super) fn of(node: &NodeProto) -> Self {
        let texts = attribute(node, "classlabels_strings");
        match texts.filter(|list| !list.strings.is_empty()) {
            Some(list) => Self::Texts(list.strings.clone()),
            None => Self::Whole(
                attribute(node, "classlabels_ints").map_or(Vec::new(), |list| list.ints.clone()),
            ),
        }
    }

    pub(super) fn count(&self) -> usize {
        match self {
            Self::Whole(numbers) => numbers.len(),
            Self::Texts(texts) => texts.len(),
        }
    }

    fn table(self, name: String) -> TensorProto {
        let dims = vec![self.count() as i64];
        let empty = TensorProto {
            name,
            dims,
            ..TensorProto::default()
        };
        match self {
            Self::Whole(numbers) => TensorProto {
                data_type: DataType::Int64 as i32,
                int64_data: numbers,
                ..empty
            },
            Self::Texts(texts) => TensorProto {
                data_type: DataType::String as i32,
                string_data: texts,
                ..empty
            },
        }
    }
}
