//! What a graph takes: one tensor of a record's numbers.

use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::tensor_shape_proto::{Dimension, dimension};
use veilcast_onnx::pb::{
    GraphProto, ModelProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use veilcast_card::MAX_FEATURES;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{graph, graph_mut, inputs};

/// The tensor of 32-bit floats that a graph takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TensorInput {
    /// Its name.
    pub(super) name: String,
    /// What the file says about it for people.
    pub(super) description: String,
    /// Whether there is a first side for records, in front of a record's own.
    pub(super) has_batch: bool,
    /// The number of records of a batch, if the file was made for one of several.
    pub(super) fixed: Option<usize>,
    /// The sides of a record.
    pub(super) sides: Vec<usize>,
}

impl TensorInput {
    /// Number of values of a record.
    pub(super) fn values(&self) -> usize {
        self.sides.iter().product()
    }

    /// The fewest records that a graph surely takes.
    pub(super) fn least(&self) -> usize {
        self.fixed.unwrap_or(1)
    }

    /// The shape of this many records.
    pub(super) fn shape(&self, records: usize) -> Vec<usize> {
        let batch = self.has_batch.then_some(records);
        batch
            .into_iter()
            .chain(self.sides.iter().copied())
            .collect()
    }

    /// How a graph declares it.
    pub(super) fn value_info(&self) -> ValueInfoProto {
        let batch = match self.fixed {
            Some(records) => dimension::Value::DimValue(records as i64),
            None => dimension::Value::DimParam("batch".to_owned()),
        };
        let batch = self.has_batch.then_some(batch);
        let own = self
            .sides
            .iter()
            .map(|&side| dimension::Value::DimValue(side as i64));
        let dimension = |value| Dimension {
            value: Some(value),
            ..Dimension::default()
        };
        let tensor = type_proto::Tensor {
            elem_type: DataType::Float as i32,
            shape: Some(TensorShapeProto {
                dim: batch.into_iter().chain(own).map(dimension).collect(),
            }),
        };
        ValueInfoProto {
            name: self.name.clone(),
            r#type: Some(TypeProto {
                value: Some(type_proto::Value::TensorType(tensor)),
                ..TypeProto::default()
            }),
            ..ValueInfoProto::default()
        }
    }
}

/// Finds a graph's only input. Whole numbers that the graph turns into floats at once are made
/// floats.
///
/// A first side that is open, or is 1, counts records; so does one that isn't a record's only side
/// and that the output also has.
pub(super) fn describe(model: &mut ModelProto) -> Result<TensorInput, OnnxError> {
    let found = graph(model)?;
    let [input] = inputs(found)
        .try_into()
        .map_err(|all: Vec<&ValueInfoProto>| match all.is_empty() {
            true => OnnxError::Empty {
                problem: "what it gives doesn't depend on any input",
            },
            false => OnnxError::Inputs {
                names: all.iter().map(|input| input.name.clone()).collect(),
            },
        })?;
    let name = input.name.clone();
    let wrong = |problem: String| OnnxError::Input {
        input: name.clone(),
        problem,
    };
    let Some(type_proto::Value::TensorType(tensor)) =
        input.r#type.as_ref().and_then(|found| found.value.as_ref())
    else {
        return Err(wrong("it isn't a tensor".to_owned()));
    };
    let kind = DataType::try_from(tensor.elem_type).unwrap_or(DataType::Undefined);
    let dimensions = tensor.shape.as_ref().map(|shape| &shape.dim);
    let sides: Vec<Option<usize>> = dimensions
        .into_iter()
        .flatten()
        .map(|dimension| match dimension.value {
            Some(dimension::Value::DimValue(side)) => usize::try_from(side).ok().filter(|&s| s > 0),
            _ => None,
        })
        .collect();
    let has_batch = match sides.as_slice() {
        [_] | [] => false,
        [None | Some(1), ..] => true,
        [Some(first), ..] => first_side(found) == Some(*first),
    };
    let fixed = sides.first().copied().flatten();
    let fixed = fixed.filter(|&records| has_batch && records > 1);
    let own = &sides[usize::from(has_batch)..];
    let own = own.iter().copied().collect::<Option<Vec<usize>>>();
    let values = own.as_ref().and_then(|own| {
        let mut sides = own.iter();
        sides.try_fold(1_usize, |product, side| product.checked_mul(*side))
    });
    let (Some(sides), Some(1..=MAX_FEATURES)) = (own.filter(|own| !own.is_empty()), values) else {
        return Err(wrong(format!(
            "a record's shape must be known, with at most {MAX_FEATURES} numbers; the file says {}",
            shown(&sides)
        )));
    };
    let described = TensorInput {
        name: name.clone(),
        description: input.doc_string.clone(),
        has_batch,
        fixed,
        sides,
    };
    match kind {
        DataType::Float => {}
        _ if is_whole(kind) && only_cast(found, &name) => {
            let inputs = &mut graph_mut(model)?.input;
            if let Some(input) = inputs.iter_mut().find(|input| input.name == name) {
                *input = described.value_info();
            }
        }
        other => {
            let other = other.as_str_name().to_lowercase();
            return Err(wrong(format!("it holds {other}; it must hold float32")));
        }
    }
    Ok(described)
}

/// The number of records of a batch, if a graph that takes `[records, columns]` gives as many rows and
/// was made for several.
pub(super) fn fixed_batch(graph: &GraphProto) -> Option<usize> {
    let type_proto::Value::TensorType(tensor) =
        inputs(graph).first()?.r#type.as_ref()?.value.as_ref()?;
    let Some(dimension::Value::DimValue(records)) = tensor.shape.as_ref()?.dim.first()?.value
    else {
        return None;
    };
    let records = usize::try_from(records)
        .ok()
        .filter(|&records| records > 1)?;
    (first_side(graph) == Some(records)).then_some(records)
}

/// The first side of the graph's output, if the file says it.
fn first_side(graph: &GraphProto) -> Option<usize> {
    let found = graph.output.first()?.r#type.as_ref()?.value.as_ref()?;
    let type_proto::Value::TensorType(tensor) = found;
    match tensor.shape.as_ref()?.dim.first()?.value {
        Some(dimension::Value::DimValue(side)) => usize::try_from(side).ok(),
        _ => None,
    }
}

pub(super) fn is_whole(kind: DataType) -> bool {
    use DataType::{Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32};
    [Int8, Int16, Int32, Int64, Uint8, Uint16, Uint32].contains(&kind)
}

/// Whether nothing is done with a value but to make it another type of number.
fn only_cast(graph: &GraphProto, value: &str) -> bool {
    let users = graph
        .node
        .iter()
        .filter(|node| node.input.iter().any(|v| v == value));
    let mut users = users.peekable();
    users.peek().is_some() && users.all(|node| node.op_type == "Cast")
}

fn shown(sides: &[Option<usize>]) -> String {
    let shown = sides.iter().take(8).map(|side| match side {
        Some(side) => side.to_string(),
        None => "?".to_owned(),
    });
    format!("[{}]", shown.collect::<Vec<_>>().join(", "))
}
