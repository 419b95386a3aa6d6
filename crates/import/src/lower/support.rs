//! Support vector machines with a linear kernel: Σ αᵢ·(xᵢ·x) + ρ is w·x + ρ with w = Σ αᵢ·xᵢ.

use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{attribute, name};
use veilcast_onnx::pb::NodeProto;

use super::Lowering;
use super::linear::{Ending, Labels, Rows};
use crate::build::node_of;
use crate::numbers::{int, numbers};

impl Lowering {
    pub(super) fn support_regressor(
        &mut self,
        node: &NodeProto,
        input: &str,
        output: &str,
    ) -> Result<(), OnnxError> {
        check_kernel(node)?;
        if int(node, "one_class").unwrap_or(0) != 0 {
            return Err(unsupported(
                node,
                "tells only on which side of a boundary a record is; import its score instead",
            ));
        }
        let rho = single(node, "rho")?;
        let ending = Ending::of(node)?;
        let coefficients = numbers(node, "coefficients").unwrap_or_default();
        let weights = match int(node, "n_supports").unwrap_or(0) {
            // Without support vectors the coefficients are the weights.
            0 => coefficients,
            _ => weights(node, &coefficients, self.widths.get(input))?,
        };
        let rows = Rows {
            weights: vec![weights],
            biases: vec![rho],
        };
        self.scores(node, input, output, &rows, ending);
        Ok(())
    }

    /// Of two classes: the first is predicted where w·x + ρ is positive.
    pub(super) fn support_classifier(
        &mut self,
        node: &NodeProto,
        input: &str,
    ) -> Result<(), OnnxError> {
        check_kernel(node)?;
        let labels = Labels::of(node);
        if labels.count() != 2 {
            return Err(unsupported(
                node,
                "votes between each pair of its classes, which isn't affine; train with LinearSVC, \
                 or with OneVsRestClassifier(SVC(kernel=\"linear\"))",
            ));
        }
        if Ending::of(node)? != Ending::None {
            return Err(unsupported(
                node,
                "has a final function, which runtimes read differently; export it without one \
                 (post_transform=\"NONE\")",
            ));
        }
        let coefficients = numbers(node, "coefficients").unwrap_or_default();
        let weights = weights(node, &coefficients, self.widths.get(input))?;
        let rho = single(node, "rho")?;
        let platt = ["prob_a", "prob_b"].map(|list| numbers(node, list).unwrap_or_default());
        let output = node.output.get(1).filter(|output| !output.is_empty());
        let output = match output {
            Some(output) => output.clone(),
            None => self.names.fresh(format!("{}/scores", name(node))),
        };
        // What runtimes give in the second column: opposite to the label, which exporters know.
        let decision = match &platt {
            [a, _] if a.is_empty() => output.clone(),
            _ => self.names.fresh(format!("{output}/decision")),
        };
        let rows = Rows::opposite(weights.clone(), rho);
        self.scores(node, input, &decision, &rows, Ending::None);
        match platt.each_ref().map(Vec::as_slice) {
            [[], _] => {}
            // The first class's probability is 1/(1 + exp(a·decision + b)).
            [&[a], &[b]] => {
                let weights = weights.iter().map(|weight| a * weight).collect();
                let rows = Rows::opposite(weights, a * rho + b);
                self.scores(node, input, &output, &rows, Ending::Sigmoid);
            }
            _ => {
                return Err(unsupported(
                    node,
                    "has probabilities for other pairs than its two classes; export it again",
                ));
            }
        }
        let scores = self.names.fresh(format!("{output}/scores"));
        self.nodes.push(node_of("Neg", &[&decision], &scores));
        self.labels(node, &scores, labels);
        Ok(())
    }
}

fn check_kernel(node: &NodeProto) -> Result<(), OnnxError> {
    let kernel = attribute(node, "kernel_type").map_or(&b"LINEAR"[..], |found| &found.s);
    match kernel {
        b"LINEAR" => Ok(()),
        other => Err(unsupported(
            node,
            &format!(
                "has the kernel {}, which isn't affine; train it with kernel=\"linear\"",
                String::from_utf8_lossy(other)
            ),
        )),
    }
}

/// w = Σ αᵢ·xᵢ.
fn weights(
    node: &NodeProto,
    coefficients: &[f64],
    columns: Option<usize>,
) -> Result<Vec<f64>, OnnxError> {
    let vectors = numbers(node, "support_vectors").unwrap_or_default();
    let count = coefficients.len();
    let own = vectors.len().checked_div(count).unwrap_or_default();
    if own == 0 || own * count != vectors.len() || columns.is_some_and(|columns| columns != own) {
        let columns = columns.map_or("the record's".to_owned(), |columns| columns.to_string());
        return Err(unsupported(
            node,
            &format!(
                "has {} numbers of support vectors for {count} coefficients, but needs {columns} for \
                 each; export it again",
                vectors.len()
            ),
        ));
    }
    let mut weights = vec![0.0; own];
    for (vector, coefficient) in vectors.chunks_exact(own).zip(coefficients) {
        for (weight, number) in weights.iter_mut().zip(vector) {
            *weight += coefficient * number;
        }
    }
    Ok(weights)
}

fn single(node: &NodeProto, list: &str) -> Result<f64, OnnxError> {
    match numbers(node, list).as_deref() {
        Some(&[number]) => Ok(number),
        found => {
            let found = found.map_or(0, <[f64]>::len);
            let problem =
                format!("has {found} numbers in \"{list}\", but needs 1; export it again");
            Err(unsupported(node, &problem))
        }
    }
}

fn unsupported(node: &NodeProto, problem: &str) -> OnnxError {
    OnnxError::Unsupported {
        problem: format!("the node {:?} ({}) {problem}", name(node), node.op_type),
    }
}
