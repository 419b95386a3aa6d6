//! A small interpreter of networks, in plain Rust.
//!
//! It knows the operators that hybrid models' public parts are made of, the same as the web
//! client: `Add`, `AveragePool`, `Clip`, `Conv`, `Div`, `Flatten`, `Gemm`, `Identity`, `MatMul`,
//! `MaxPool`, `Mul`, `Relu`, `Reshape`, `Sigmoid`, `Sub` and `Tanh`, on images and matrices of
//! 32-bit floats, with constants that are in the file itself. The rest of ONNX is unsupported,
//! which is a different error from a malformed network: another runtime may run it.
//!
//! All shapes are inferred and all sizes checked before memory is allocated. A network may use 2²⁴
//! numbers per tensor and 2²⁸ in total, and 2²⁸ products per node and 2³² in total; running it
//! never panics.
//!
//! Products are rounded to 32 bits and summed in a fixed order, so that a record gives the same numbers
//! on every machine, alone or in a batch. Only `Sigmoid` and `Tanh` use functions of the system.

mod attributes;
mod convolve;
mod elementwise;
mod error;
mod limits;
mod operators;
mod plan;
mod pool;
mod product;
mod value;
mod windows;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use self::attributes::Attributes;
pub use self::error::InterpretError;
use self::error::{Fault, malformed, short, shown, unsupported};
use self::limits::{MAX_NODES, volume};
use self::operators::OPERATORS;
use self::plan::{Plan, Planner};
use self::value::{Floats, Inputs, Operand, Value, place};
use crate::opsets::{OPSETS, OWN_DOMAINS};
use crate::pb::tensor_proto::DataType;
use crate::pb::tensor_shape_proto::dimension;
use crate::pb::type_proto::Tensor;
use crate::pb::{GraphProto, ModelProto, NodeProto, ValueInfoProto, type_proto};

/// A network with one input and one output, ready to run on inputs of one shape.
///
/// Clones share its weights.
#[derive(Clone)]
pub struct Interpreter {
    plan: Arc<Plan>,
    shape: Vec<usize>,
    output: Vec<usize>,
    values: usize,
}

/// The output of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct Values {
    /// The numbers, row by row.
    pub numbers: Vec<f64>,
    /// The shape, the batch included.
    pub shape: Vec<usize>,
}

impl Interpreter {
    /// Prepares a network to run on inputs of this shape, the batch included.
    ///
    /// The shape must be the one that the file declares, where it declares one; only the first side,
    /// which counts records, may differ.
    ///
    /// # Errors
    /// [`InterpretError`] if the network is unsupported, malformed or too large;
    /// [`InterpretError::is_unsupported`] says whether another runtime may run it.
    pub fn compile(model: &ModelProto, shape: &[usize]) -> Result<Self, InterpretError> {
        let graph = check(model)?;
        let mut values = constants(graph)?;
        let input = only(&graph.input, "inputs", |input| {
            !values.contains_key(input.name.as_str())
        })?;
        check_shape(input, shape)?;
        let count = volume(shape).map_err(|fault| fault.of("the input".to_owned()))?;
        let numbers = Operand::Slot(0);
        let sides = shape.to_vec();
        values.insert(&input.name, Value::Floats(Floats { sides, numbers }));

        let mut planner = Planner::default();
        for node in &graph.node {
            let planned = plan(node, &values, &mut planner);
            let (name, floats) = planned.map_err(|fault| fault.of_node(node))?;
            if values.insert(name, Value::Floats(floats)).is_some() {
                let fault = Fault::Malformed(format!("it gives {:?} again", short(name)));
                return Err(fault.of_node(node));
            }
        }

        let output = only(&graph.output, "outputs", |_| true)?;
        tensor(output)?;
        let floats = match values.remove(output.name.as_str()) {
            Some(Value::Floats(floats)) => Ok(floats),
            Some(Value::Whole(_)) => unsupported("holds int64"),
            None => malformed("is given by no node"),
        };
        let floats = floats.map_err(|fault| fault.of(value(output)))?;
        Ok(Self {
            plan: Arc::new(planner.finish(floats.numbers)),
            shape: shape.to_vec(),
            output: floats.sides,
            values: count,
        })
    }

    /// The shape of the input, the batch included.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The shape of the output, the batch included.
    pub fn output_shape(&self) -> &[usize] {
        &self.output
    }

    /// Runs the network on numbers that fill the input row by row. Each is rounded to 32 bits first.
    ///
    /// The output may hold infinities and NaN, if the input does or the network overflows.
    ///
    /// # Errors
    /// [`InterpretError::Values`] if there are fewer or more numbers than the input holds.
    pub fn run(&self, values: &[f64]) -> Result<Values, InterpretError> {
        if values.len() != self.values {
            return Err(InterpretError::Values {
                expected: self.values,
                found: values.len(),
            });
        }
        let input = values.iter().map(|&value| value as f32).collect();
        let numbers = self.plan.run(input);
        Ok(Values {
            numbers: numbers.into_iter().map(f64::from).collect(),
            shape: self.output.clone(),
        })
    }
}

impl fmt::Debug for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interpreter")
            .field("shape", &self.shape)
            .field("output_shape", &self.output)
            .field("steps", &self.plan.steps())
            .finish_non_exhaustive()
    }
}

/// The graph of a model, once all its operators are known to be supported.
fn check(model: &ModelProto) -> Result<&GraphProto, InterpretError> {
    let without = |problem: &str| {
        let problem = problem.to_owned();
        Err(InterpretError::Network { problem })
    };
    let having = |problem: &str| {
        let problem = problem.to_owned();
        Err(InterpretError::UnsupportedNetwork { problem })
    };
    let own = |domain: &str| OWN_DOMAINS.contains(&domain);
    let sets = model.opset_import.iter().filter(|set| own(&set.domain));
    let versions: Vec<i64> = sets.map(|set| set.version).collect();
    if versions.is_empty() {
        return without("it doesn't say of which version ONNX's operators are");
    }
    if let Some(&version) = versions.iter().find(|version| !OPSETS.contains(version)) {
        return Err(InterpretError::Opset { version });
    }
    if !model.functions.is_empty() {
        return having("it has functions of its own");
    }
    let Some(graph) = &model.graph else {
        return without("there is no graph");
    };
    if !graph.sparse_initializer.is_empty() {
        return having("it has sparse tensors");
    }
    let is_known =
        |node: &&NodeProto| own(&node.domain) && OPERATORS.contains(&node.op_type.as_str());
    if let Some(node) = graph.node.iter().find(|node| !is_known(node)) {
        let known = OPERATORS.join(", ");
        return Err(Fault::Unsupported(format!("the operators here are {known}")).of_node(node));
    }
    match graph.node.len() {
        0..=MAX_NODES => Ok(graph),
        nodes => Err(InterpretError::Nodes {
            nodes,
            limit: MAX_NODES,
        }),
    }
}

/// The constants of a graph by name.
fn constants(graph: &GraphProto) -> Result<HashMap<&str, Value>, InterpretError> {
    let mut constants = HashMap::new();
    for tensor in &graph.initializer {
        let constant = Value::constant(tensor).map_err(|fault| fault.of(place(tensor)))?;
        if constants.insert(tensor.name.as_str(), constant).is_some() {
            return Err(Fault::Malformed("is there twice".to_owned()).of(place(tensor)));
        }
    }
    Ok(constants)
}

/// The one input or output that a graph must have.
fn only<'a>(
    all: &'a [ValueInfoProto],
    kind: &str,
    counts: impl Fn(&ValueInfoProto) -> bool,
) -> Result<&'a ValueInfoProto, InterpretError> {
    let mut found = all.iter().filter(|value| counts(value));
    match (found.next(), found.count()) {
        (Some(only), 0) => Ok(only),
        (first, others) => Err(InterpretError::UnsupportedNetwork {
            problem: format!(
                "it has {} {kind} instead of one",
                usize::from(first.is_some()) + others
            ),
        }),
    }
}

/// How a graph declares a value of 32-bit floats.
fn tensor(info: &ValueInfoProto) -> Result<&Tensor, InterpretError> {
    let found = info.r#type.as_ref().and_then(|found| found.value.as_ref());
    match found {
        Some(type_proto::Value::TensorType(tensor))
            if tensor.elem_type == DataType::Float as i32 =>
        {
            Ok(tensor)
        }
        _ => {
            let problem = "is not declared as a tensor of 32-bit floats".to_owned();
            Err(Fault::Unsupported(problem).of(value(info)))
        }
    }
}

/// Checks the shape that was asked for against the declared one, apart from the number of records.
fn check_shape(input: &ValueInfoProto, shape: &[usize]) -> Result<(), InterpretError> {
    let dimensions = tensor(input)?.shape.as_ref().map(|shape| &*shape.dim);
    let dimensions = dimensions.unwrap_or_default();
    let sides = dimensions.iter().map(|dimension| match dimension.value {
        Some(dimension::Value::DimValue(side)) => Some(side),
        _ => None,
    });
    let sides: Vec<Option<i64>> = sides.collect();
    let mut pairs = sides.iter().zip(shape).skip(1);
    let fits = |(side, &asked): (&Option<i64>, &usize)| {
        side.is_none_or(|side| usize::try_from(side) == Ok(asked))
    };
    if sides.len() == shape.len() && pairs.all(fits) {
        return Ok(());
    }
    let declared = sides.iter().map(|side| match side {
        Some(side) => side.to_string(),
        None => "?".to_owned(),
    });
    Err(InterpretError::InputShape {
        declared: shown(&declared.collect::<Vec<_>>()),
        asked: shown(shape),
    })
}

/// Plans a node; returns the name of its value and what is known about it.
fn plan<'a>(
    node: &'a NodeProto,
    values: &HashMap<&str, Value>,
    planner: &mut Planner,
) -> Result<(&'a str, Floats), Fault> {
    let name = match node.output.split_first() {
        Some((first, others)) if others.iter().all(String::is_empty) && !first.is_empty() => first,
        Some((_, others)) if !others.is_empty() => return unsupported("it gives several values"),
        _ => return malformed("it gives no value"),
    };
    let inputs = node.input.iter().map(|name| match name.as_str() {
        "" => Ok(None),
        name => match values.get(name) {
            Some(value) => Ok(Some(value)),
            None => malformed(format!("nothing before it gives {:?}", short(name))),
        },
    });
    let inputs = Inputs(inputs.collect::<Result<_, _>>()?);
    let mut attributes = Attributes::of(node)?;
    let floats = operators::plan(&node.op_type, &inputs, &mut attributes, planner)?;
    attributes.end()?;
    Ok((name, floats))
}

fn value(info: &ValueInfoProto) -> String {
    format!("the value {:?}", short(&info.name))
}
