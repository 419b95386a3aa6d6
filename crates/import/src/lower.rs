//! ONNX-ML's operators for linear models, written out in ONNX's own, so that only those have to be
//! understood by what follows.
//!
//! | operator | becomes |
//! |---|---|
//! | `Scaler` | a difference and a product |
//! | `LinearRegressor`, `LinearClassifier` | a product with the coefficients, a sum, the final function |
//! | `SVMRegressor`, `SVMClassifier` with a linear kernel | the same with w = Σ αᵢ·xᵢ |
//! | `FeatureVectorizer` | `Concat` |
//! | `ArrayFeatureExtractor` of constant places | `Gather` |
//! | `Binarizer` | `Greater` and `Cast` |
//!
//! A classifier's labels become the place of its largest score in a constant of labels.

mod linear;
mod support;
mod widths;

use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{attribute, constant, graph};
use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto, TensorProto};

use self::widths::Widths;
use crate::build::{Names, floats, node_of, with_int};
use crate::numbers::{numbers, whole};

/// Replaces the operators of ONNX-ML that are sums of products.
pub(super) fn lower(mut model: ModelProto) -> Result<ModelProto, OnnxError> {
    let found = graph(&model)?;
    let mut lowering = Lowering {
        names: Names::of(found),
        widths: Widths::of(found),
        nodes: Vec::with_capacity(found.node.len()),
        constants: Vec::new(),
    };
    for node in &found.node {
        let done = lowering.nodes.len();
        lowering.write(found, node)?;
        let Lowering {
            widths,
            nodes,
            constants,
            ..
        } = &mut lowering;
        for node in &nodes[done..] {
            widths.follow(found, constants, node);
        }
    }
    let Lowering {
        nodes, constants, ..
    } = lowering;
    let graph = model.graph.get_or_insert_default();
    graph.node = nodes;
    graph.initializer.extend(constants);
    Ok(model)
}

/// A graph that is being written anew.
struct Lowering {
    names: Names,
    widths: Widths,
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

impl Lowering {
    /// Writes a node, or those that replace it.
    fn write(&mut self, graph: &GraphProto, node: &NodeProto) -> Result<(), OnnxError> {
        let is_ml = node.domain == "ai.onnx.ml";
        let (Some(input), Some(output)) = (node.input.first(), node.output.first()) else {
            self.nodes.push(node.clone());
            return Ok(());
        };
        match node.op_type.as_str() {
            "Scaler" if is_ml => self.scaler(node, input, output),
            "LinearRegressor" if is_ml => return self.linear_regressor(node, input, output),
            "LinearClassifier" if is_ml => return self.linear_classifier(node, input),
            "SVMRegressor" if is_ml => return self.support_regressor(node, input, output),
            "SVMClassifier" if is_ml => return self.support_classifier(node, input),
            "FeatureVectorizer" if is_ml => {
                let inputs: Vec<&str> = node.input.iter().map(String::as_str).collect();
                let concat = with_int(node_of("Concat", &inputs, output), "axis", 1);
                self.push_named(node, concat);
            }
            "ArrayFeatureExtractor" if is_ml => {
                let places = node.input.get(1);
                let places = places.and_then(|places| constant(graph, places));
                match places.and_then(whole) {
                    Some(places) => {
                        let count = vec![places.len() as i64];
                        let name = self.constant(output, "places", |name| TensorProto {
                            name,
                            dims: count,
                            data_type: DataType::Int64 as i32,
                            int64_data: places,
                            ..TensorProto::default()
                        });
                        let gather = node_of("Gather", &[input, &name], output);
                        self.push_named(node, with_int(gather, "axis", -1));
                    }
                    None => self.nodes.push(node.clone()),
                }
            }
            "Binarizer" if is_ml => {
                let threshold = attribute(node, "threshold").map_or(0.0, |found| found.f.into());
                let threshold = self.floats(output, "threshold", vec![], &[threshold]);
                let above = self.names.fresh(format!("{output}/above"));
                self.push_named(node, node_of("Greater", &[input, &threshold], &above));
                let cast = node_of("Cast", &[&above], output);
                self.nodes
                    .push(with_int(cast, "to", DataType::Float as i64));
            }
            _ => self.nodes.push(node.clone()),
        }
        Ok(())
    }

    /// (x − offset)·scale.
    fn scaler(&mut self, node: &NodeProto, input: &str, output: &str) {
        let (Some(offset), Some(scale)) = (numbers(node, "offset"), numbers(node, "scale")) else {
            return self.nodes.push(node.clone());
        };
        let shifted = self.names.fresh(format!("{output}/shifted"));
        let count = |numbers: &[f64]| vec![numbers.len() as i64];
        let by = self.floats(output, "offset", count(&offset), &offset);
        let factor = self.floats(output, "scale", count(&scale), &scale);
        self.push_named(node, node_of("Sub", &[input, &by], &shifted));
        self.nodes
            .push(node_of("Mul", &[&shifted, &factor], output));
    }

    /// A node under the name of the one that it replaces, which messages name.
    fn push_named(&mut self, original: &NodeProto, node: NodeProto) {
        self.nodes.push(NodeProto {
            name: original.name.clone(),
            ..node
        });
    }

    /// A new constant of floats, named after a value.
    fn floats(&mut self, value: &str, part: &str, sides: Vec<i64>, numbers: &[f64]) -> String {
        self.constant(value, part, |name| floats(name, sides, numbers))
    }

    fn constant(
        &mut self,
        value: &str,
        part: &str,
        make: impl FnOnce(String) -> TensorProto,
    ) -> String {
        let name = self.names.fresh(format!("{value}/{part}"));
        self.constants.push(make(name.clone()));
        name
    }
}
