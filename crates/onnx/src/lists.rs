//! Whether the lists of a node have the lengths that its other lists and its inputs' shapes
//! require.
//!
//! The library multiplies by coefficients, moves windows and follows trees without comparing all of
//! these lengths: where they don't fit, it reads past the end of a list, or never finishes. So each
//! list is checked: before the library sees the file, as far as that is possible, and again once
//! the shapes of the node's inputs are known, before it is computed.

use std::collections::HashSet;

use crate::pb::attribute_proto::AttributeType;
use crate::pb::{AttributeProto, NodeProto};

use super::graph::{attribute, name};
use super::list::{Known, check_entries, entry, length, misfit};
use super::{OnnxError, fits, trees};
use veilcast_card::MAX_FEATURES;

/// What a list holds.
#[derive(Clone, Copy, PartialEq)]
enum Holds {
    Floats,
    Texts,
    /// Any whole numbers.
    Whole,
    /// Whole numbers of this range.
    Within(i64, i64),
    /// Sides of the first input, each once; from the last one back if they are negative.
    Axes,
}

/// How many entries a list has.
#[derive(Clone, Copy)]
enum Count {
    Any,
    /// As many as another list of the node, if there is one.
    As(&'static str),
    /// As many as the constant input of this name at a place, if there is one.
    AsInput(usize, &'static str),
    Inputs,
    Outputs,
    /// This many for each side of the first input.
    Sides(usize),
    /// This many for each side of a picture: of the first input without the batch and the channels.
    PictureSides(usize),
}

use Count::{Any, As, AsInput, Inputs, Outputs, PictureSides, Sides};
use Holds::{Axes, Floats, Texts, Whole, Within};

/// Further than any picture reaches; products of two of them stay far below 2^63.
const FAR: i64 = MAX_FEATURES as i64;
const WINDOWS: &[&str] = &[
    "AveragePool",
    "Conv",
    "ConvInteger",
    "ConvTranspose",
    "MaxPool",
    "QLinearConv",
];
const REDUCING: &[&str] = &[
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceProd",
    "ReduceSum",
    "ReduceSumSquare",
];
const OVER_AXES: &[&str] = &[
    "MeanVarianceNormalization",
    "Resize",
    "Slice",
    "Squeeze",
    "Unsqueeze",
];
const LINEAR: &[&str] = &["LinearClassifier", "LinearRegressor"];
const RECURRENT: &[&str] = &["GRU", "LSTM", "RNN"];
const TREES: &[&str] = &["TreeEnsembleClassifier"];
const LABELLED: &[&str] = &["LinearClassifier", "TreeEnsembleClassifier", "ZipMap"];

/// Every list of an operator that is read; the lengths of some are checked in `fits` and `trees`.
const LISTS: &[(&[&str], &str, Holds, Count)] = &[
    (WINDOWS, "kernel_shape", Within(1, FAR), PictureSides(1)),
    (WINDOWS, "strides", Within(1, FAR), PictureSides(1)),
    (WINDOWS, "dilations", Within(1, FAR), PictureSides(1)),
    (WINDOWS, "pads", Within(0, FAR), PictureSides(2)),
    (WINDOWS, "output_padding", Within(0, FAR), PictureSides(1)),
    (WINDOWS, "output_shape", Within(1, FAR), PictureSides(1)),
    (&["Pad"], "pads", Within(-FAR, FAR), Sides(2)),
    (&["Transpose"], "perm", Whole, Sides(1)),
    (OVER_AXES, "axes", Axes, Any),
    (REDUCING, "axes", Axes, Any),
    (&["Slice"], "starts", Whole, As("ends")),
    (&["Slice"], "ends", Whole, As("axes")),
    (&["Split"], "split", Within(0, i64::MAX), Outputs),
    (&["RandomNormal", "RandomUniform"], "shape", Whole, Any),
    (LINEAR, "coefficients", Floats, Any),
    (LINEAR, "intercepts", Floats, Any),
    (LABELLED, "classlabels_ints", Whole, Any),
    (LABELLED, "classlabels_int64s", Whole, Any),
    (LABELLED, "classlabels_strings", Texts, Any),
    (&["Scaler"], "offset", Floats, Any),
    (&["Scaler"], "scale", Floats, Any),
    (&["Imputer"], "imputed_value_floats", Floats, Any),
    (&["Imputer"], "imputed_value_int64s", Whole, Any),
    (&["FeatureVectorizer"], "inputdimensions", Whole, Inputs),
    (&["OneHotEncoder"], "cats_int64s", Whole, Any),
    (&["OneHotEncoder"], "cats_strings", Texts, Any),
    (
        &["CategoryMapper"],
        "cats_int64s",
        Whole,
        As("cats_strings"),
    ),
    (&["CategoryMapper"], "cats_strings", Texts, Any),
    (&["LabelEncoder"], "keys_int64s", Whole, Any),
    (&["LabelEncoder"], "keys_floats", Floats, Any),
    (&["LabelEncoder"], "keys_strings", Texts, Any),
    (&["LabelEncoder"], "values_int64s", Whole, Any),
    (&["LabelEncoder"], "values_floats", Floats, Any),
    (&["LabelEncoder"], "values_strings", Texts, Any),
    (RECURRENT, "activations", Texts, Any),
    (RECURRENT, "activation_alpha", Floats, Any),
    (RECURRENT, "activation_beta", Floats, Any),
    (TREES, "nodes_featureids", Whole, As("nodes_nodeids")),
    (TREES, "nodes_treeids", Whole, As("nodes_nodeids")),
    (TREES, "nodes_nodeids", Whole, Any),
    (TREES, "nodes_truenodeids", Whole, As("nodes_nodeids")),
    (TREES, "nodes_falsenodeids", Whole, As("nodes_nodeids")),
    (TREES, "nodes_values", Floats, As("nodes_nodeids")),
    (TREES, "nodes_hitrates", Floats, As("nodes_nodeids")),
    (TREES, "nodes_modes", Texts, As("nodes_nodeids")),
    (
        TREES,
        "nodes_missing_value_tracks_true",
        Within(0, 1),
        As("nodes_nodeids"),
    ),
    (TREES, "class_ids", Whole, As("class_nodeids")),
    (TREES, "class_treeids", Whole, As("class_nodeids")),
    (TREES, "class_nodeids", Whole, Any),
    (TREES, "class_weights", Floats, As("class_nodeids")),
    (TREES, "base_values", Floats, Any),
];

/// Every list that newer operators take as a constant input, at its place.
const CONSTANTS: &[(&[&str], usize, &str, Holds, Count)] = &[
    (REDUCING, 1, "axes", Axes, Any),
    (&["Squeeze", "Unsqueeze"], 1, "axes", Axes, Any),
    (&["Slice"], 1, "starts", Whole, AsInput(2, "ends")),
    (&["Slice"], 2, "ends", Whole, AsInput(3, "axes")),
    (&["Slice"], 3, "axes", Axes, AsInput(4, "steps")),
    (&["Tile"], 1, "repeats", Within(0, i64::MAX), Sides(1)),
];

/// Operators that work along the side `axis` of their first input, for which the library would
/// search endlessly; for others, the library reports it if it is missing.
const ALONG_A_SIDE: [&str; 4] = [
    "LayerNormalization",
    "LpNormalization",
    "RMSNormalization",
    "SimplifiedLayerNormalization",
];

/// Whether numbers of an operator's constant inputs are checked.
#[cfg(feature = "tract")]
pub(super) fn reads_numbers(operator: &str) -> bool {
    let is_listed =
        |(operators, ..): &(&[&str], usize, &str, Holds, Count)| operators.contains(&operator);
    CONSTANTS.iter().any(is_listed) || fits::READS_NUMBERS.contains(&operator)
}

/// Checks a node's attributes: on their own and, where they are known, against its inputs at their
/// places.
pub(super) fn check(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let mut names = HashSet::new();
    for attribute in &node.attribute {
        if !names.insert(attribute.name.as_str()) {
            return Err(wrong(node, attribute, "is there twice"));
        }
        if !holds_its_type(attribute) {
            let problem = "doesn't hold what its type says";
            return Err(wrong(node, attribute, problem));
        }
    }
    let operator = node.op_type.as_str();
    for (operators, name, holds, count) in LISTS {
        if operators.contains(&operator)
            && let Some(list) = attribute(node, name)
        {
            check_attribute(node, list, *holds, *count, inputs)?;
        }
    }
    for (operators, place, name, holds, count) in CONSTANTS {
        if operators.contains(&operator)
            && let Some(numbers) = inputs.get(*place).and_then(|input| input.numbers.as_ref())
        {
            let list = List {
                name,
                length: numbers.len(),
                numbers,
            };
            check_list(node, &list, *holds, *count, inputs)?;
        }
    }
    check_axis(node, inputs)?;
    trees::check(node)?;
    fits::check(node, inputs)
}

/// Checks a node's attributes against the number of columns of its first input, if that is known.
///
/// # Errors
/// [`OnnxError`] names the list that doesn't fit.
pub fn check_columns(node: &NodeProto, columns: Option<usize>) -> Result<(), OnnxError> {
    let input = Known {
        shape: columns.map(|columns| vec![1, columns]),
        numbers: None,
    };
    check(node, &[input])
}

/// Checks that the side that a node works along exists.
fn check_axis(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let shape = inputs.first().and_then(|input| input.shape.as_ref());
    let (Some(axis), Some(shape)) = (attribute(node, "axis"), shape) else {
        return Ok(());
    };
    if !ALONG_A_SIDE.contains(&node.op_type.as_str()) {
        return Ok(());
    }
    let sides = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    check_entries(node, "axis", &[axis.i], -sides..=sides - 1)
}

/// Whether only the field that an attribute's type names is filled in.
fn holds_its_type(attribute: &AttributeProto) -> bool {
    use AttributeType::{Float, Floats, Int, Ints, String, Strings, Tensor, Tensors};
    let filled = [
        (Float, attribute.f != 0.0),
        (Int, attribute.i != 0),
        (String, !attribute.s.is_empty()),
        (Tensor, attribute.t.is_some()),
        (Floats, !attribute.floats.is_empty()),
        (Ints, !attribute.ints.is_empty()),
        (Strings, !attribute.strings.is_empty()),
        (Tensors, !attribute.tensors.is_empty()),
    ];
    let own = |kind: AttributeType| attribute.r#type == kind as i32;
    filled.iter().all(|&(kind, filled)| !filled || own(kind))
}

/// A list's content, whether it is an attribute or a constant input.
struct List<'a> {
    name: &'a str,
    length: usize,
    /// Its entries, if they are whole numbers.
    numbers: &'a [i64],
}

fn check_attribute(
    node: &NodeProto,
    list: &AttributeProto,
    holds: Holds,
    count: Count,
    inputs: &[Known],
) -> Result<(), OnnxError> {
    let (kind, called) = match holds {
        Floats => (AttributeType::Floats, "floats"),
        Texts => (AttributeType::Strings, "texts"),
        Whole | Within(..) | Axes => (AttributeType::Ints, "whole numbers"),
    };
    if list.r#type != kind as i32 {
        return Err(wrong(node, list, &format!("must be a list of {called}")));
    }
    let list = List {
        name: &list.name,
        length: length(list),
        numbers: &list.ints,
    };
    check_list(node, &list, holds, count, inputs)
}

fn check_list(
    node: &NodeProto,
    list: &List<'_>,
    holds: Holds,
    count: Count,
    inputs: &[Known],
) -> Result<(), OnnxError> {
    let shape = inputs.first().and_then(|input| input.shape.as_deref());
    let sides = shape.map(<[usize]>::len);
    let expected = match count {
        Any => None,
        As(other) => attribute(node, other)
            .map(length)
            .map(|count| (count, format!("as many as {other:?}"))),
        AsInput(place, other) => inputs
            .get(place)
            .and_then(|input| input.numbers.as_ref())
            .map(|numbers| (numbers.len(), format!("as many as {other:?}"))),
        Inputs => Some((node.input.len(), "one for each input".to_owned())),
        Outputs => Some((node.output.len(), "one for each output".to_owned())),
        Sides(each) => {
            sides.map(|sides| (each * sides, format!("{each} for each of {sides} sides")))
        }
        PictureSides(each) => sides.map(|sides| {
            let sides = sides.saturating_sub(2);
            let of = format!("{each} for each of a picture's {sides} sides");
            (each * sides, of)
        }),
    };
    if let Some((expected, of)) = expected.filter(|(expected, _)| *expected != list.length) {
        let expected = format!("{expected}, {of}");
        return Err(misfit(node, list.name, list.length, expected));
    }
    match holds {
        Floats | Texts | Whole => Ok(()),
        Within(first, last) => check_entries(node, list.name, list.numbers, first..=last),
        Axes => {
            // Unsqueezed sides are those of the result.
            let added = match node.op_type.as_str() {
                "Unsqueeze" => list.length,
                _ => 0,
            };
            match sides {
                Some(sides) => check_axes(node, list.name, list.numbers, sides + added),
                None => Ok(()),
            }
        }
    }
}

/// Every entry is one of this many sides, and different from the others.
fn check_axes(
    node: &NodeProto,
    list: &str,
    entries: &[i64],
    sides: usize,
) -> Result<(), OnnxError> {
    let sides = i64::try_from(sides).unwrap_or(i64::MAX);
    check_entries(node, list, entries, -sides..=sides - 1)?;
    let mut seen = HashSet::new();
    let mut resolved = entries.iter().map(|&axis| axis.rem_euclid(sides));
    match resolved.find(|&axis| !seen.insert(axis)) {
        None => Ok(()),
        Some(twice) => {
            let expected = "each side only once".to_owned();
            Err(entry(node, list, twice, expected))
        }
    }
}

fn wrong(node: &NodeProto, attribute: &AttributeProto, problem: &str) -> OnnxError {
    OnnxError::Attribute {
        node: name(node).into(),
        operator: node.op_type.as_str().into(),
        attribute: attribute.name.as_str().into(),
        problem: problem.into(),
    }
}
