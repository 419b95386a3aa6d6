//! Whether the lists of a node fit the sizes of its inputs, operator by operator.

use crate::pb::NodeProto;

use super::OnnxError;
use super::graph::attribute;
use super::list::{Known, check_entries, entry, length, misfit};

/// Operators whose constant inputs' numbers are checked here.
#[cfg(feature = "tract")]
pub(super) const READS_NUMBERS: [&str; 3] = ["ArrayFeatureExtractor", "Gather", "Split"];

/// Checks a node whose lists have the right types.
pub(super) fn check(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    match node.op_type.as_str() {
        "LinearRegressor" => check_regressor(node, inputs),
        "LinearClassifier" => check_classifier(node, inputs),
        "LabelEncoder" => check_pairs(node),
        "Scaler" => check_scaler(node),
        "Split" => check_split(node, inputs),
        "Transpose" => check_order(node),
        "GRU" | "LSTM" | "RNN" => check_recurrent(node, inputs),
        "MatMulNBits" => check_packed(node, inputs),
        "TreeEnsembleClassifier" => check_features(node, inputs),
        "Gather" | "ArrayFeatureExtractor" => check_places(node, inputs),
        _ => Ok(()),
    }
}

fn shape(inputs: &[Known], place: usize) -> Option<&[usize]> {
    inputs.get(place)?.shape.as_deref()
}

/// How many numbers each record has in the first input.
fn columns(inputs: &[Known]) -> Option<usize> {
    shape(inputs, 0)?.last().copied()
}

fn count(node: &NodeProto, list: &str) -> Option<usize> {
    attribute(node, list).map(length)
}

fn int(node: &NodeProto, name: &str) -> Option<i64> {
    attribute(node, name).map(|attribute| attribute.i)
}

/// A coefficient for each number of a record and each score.
fn check_coefficients(
    node: &NodeProto,
    inputs: &[Known],
    scores: usize,
    called: &str,
) -> Result<(), OnnxError> {
    let found = count(node, "coefficients").unwrap_or_default();
    let expected = match columns(inputs) {
        Some(columns) => scores.checked_mul(columns),
        None if scores > 0 && found > 0 && found.is_multiple_of(scores) => return Ok(()),
        None => None,
    };
    if expected == Some(found) {
        return Ok(());
    }
    let expected = match (columns(inputs), expected) {
        (Some(columns), Some(expected)) => {
            format!("{expected}, for {scores} {called} of {columns} numbers")
        }
        _ => format!("a multiple of {scores}, for that many {called}"),
    };
    Err(misfit(node, "coefficients", found, expected))
}

fn check_regressor(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let targets = int(node, "targets").unwrap_or(1);
    // Unlimited if it is negative: no list is that long.
    let targets = usize::try_from(targets).unwrap_or(usize::MAX);
    let intercepts = count(node, "intercepts").unwrap_or(targets);
    if intercepts != targets {
        let expected = format!("{targets}, one for each target");
        return Err(misfit(node, "intercepts", intercepts, expected));
    }
    check_coefficients(node, inputs, targets, "targets")
}

fn check_classifier(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let lists = ["classlabels_ints", "classlabels_strings"];
    let labels = lists.iter().filter_map(|list| count(node, list));
    let labels: usize = labels.sum();
    // Two classes may have one score for the second; without intercepts the library treats it as
    // such.
    let intercepts = count(node, "intercepts");
    let scores = intercepts.unwrap_or(if labels == 2 { 1 } else { labels });
    let doubled = columns(inputs).and_then(|columns| columns.checked_mul(2));
    if intercepts.is_none() && labels == 2 && doubled == count(node, "coefficients") {
        let expected = "2, one for each class, zeros if necessary".to_owned();
        return Err(misfit(node, "intercepts", 0, expected));
    }
    if scores != labels && (scores, labels) != (1, 2) {
        let expected = format!("{labels}, one for each class");
        return Err(misfit(node, "intercepts", scores, expected));
    }
    check_coefficients(node, inputs, scores, "scores")
}

/// A value for each key.
fn check_pairs(node: &NodeProto) -> Result<(), OnnxError> {
    let find = |prefix: &str| {
        let kinds = ["strings", "int64s", "floats"].iter();
        let mut lists = kinds.map(|kind| format!("{prefix}_{kind}"));
        lists.find_map(|list| {
            let length = count(node, &list).filter(|&length| length > 0)?;
            Some((list, length))
        })
    };
    match (find("keys"), find("values")) {
        (Some((_, keys)), Some((list, values))) if keys != values => {
            let expected = format!("{keys}, one for each key");
            Err(misfit(node, &list, values, expected))
        }
        _ => Ok(()),
    }
}

/// An offset and a scale for all columns, or one for each; how many columns there are is checked where a
/// Scaler becomes preprocessing.
fn check_scaler(node: &NodeProto) -> Result<(), OnnxError> {
    match ["offset", "scale"].map(|list| count(node, list)) {
        [Some(offset), Some(scale)] if offset != scale && offset != 1 && scale != 1 => {
            let expected = format!("{offset}, as many as \"offset\"");
            Err(misfit(node, "scale", scale, expected))
        }
        _ => Ok(()),
    }
}

/// The parts together must be as long as the side that is split.
fn check_split(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let parts = match attribute(node, "split") {
        Some(list) => Some(list.ints.as_slice()),
        None => inputs.get(1).and_then(|input| input.numbers.as_deref()),
    };
    let (Some(parts), Some(shape)) = (parts, shape(inputs, 0)) else {
        return Ok(());
    };
    if parts.len() != node.output.len() {
        let expected = format!("{}, one for each output", node.output.len());
        return Err(misfit(node, "split", parts.len(), expected));
    }
    let axis = int(node, "axis").unwrap_or(0);
    let Some(side) = side(node, "axis", axis, shape)? else {
        return Ok(());
    };
    check_entries(node, "split", parts, 0..=side)?;
    let sum: i128 = parts.iter().map(|&part| i128::from(part)).sum();
    if sum != i128::from(side) {
        return Err(entry(
            node,
            "split",
            i64::try_from(sum).unwrap_or(i64::MAX),
            format!("parts of {side} in all"),
        ));
    }
    Ok(())
}

/// How long a side is, if the node has that many.
fn side(
    node: &NodeProto,
    list: &str,
    axis: i64,
    shape: &[usize],
) -> Result<Option<i64>, OnnxError> {
    let sides = i64::try_from(shape.len()).unwrap_or(i64::MAX);
    if sides == 0 {
        return Ok(None);
    }
    check_entries(node, list, &[axis], -sides..=sides - 1)?;
    let place = usize::try_from(axis.rem_euclid(sides)).unwrap_or_default();
    Ok(shape.get(place).and_then(|&side| i64::try_from(side).ok()))
}

/// Each side's new place once, not counted from the last: with anything else the library would
/// search forever, whatever the input is.
fn check_order(node: &NodeProto) -> Result<(), OnnxError> {
    let Some(order) = attribute(node, "perm") else {
        return Ok(());
    };
    let last = i64::try_from(order.ints.len()).unwrap_or(i64::MAX) - 1;
    check_entries(node, "perm", &order.ints, 0..=last)?;
    let mut sorted = order.ints.clone();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        None => Ok(()),
        Some(twice) => Err(entry(
            node,
            "perm",
            twice[0],
            "each side only once".to_owned(),
        )),
    }
}

/// A weight for each input number.
fn check_recurrent(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let weights = shape(inputs, 1).and_then(<[usize]>::last);
    match (columns(inputs), weights) {
        (Some(columns), Some(&weights)) if columns != weights => {
            let expected = format!("{columns} in a row, one for each number of its input");
            Err(misfit(node, "W", weights, expected))
        }
        _ => Ok(()),
    }
}

/// A row of packed weights is as long as a record.
fn check_packed(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let (Some(columns), Some(rows)) = (columns(inputs), int(node, "K")) else {
        return Ok(());
    };
    let columns = i64::try_from(columns).unwrap_or(i64::MAX);
    match rows == columns {
        true => Ok(()),
        false => Err(entry(node, "K", rows, columns.to_string())),
    }
}

/// Trees use only numbers that the records have.
fn check_features(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let (Some(columns), Some(list)) = (columns(inputs), attribute(node, "nodes_featureids")) else {
        return Ok(());
    };
    let last = i64::try_from(columns).unwrap_or(i64::MAX) - 1;
    check_entries(node, "nodes_featureids", &list.ints, 0..=last)
}

/// Places are within the side that is selected from: beyond its end the library reads the next row.
fn check_places(node: &NodeProto, inputs: &[Known]) -> Result<(), OnnxError> {
    let places = inputs.get(1).and_then(|input| input.numbers.as_deref());
    let (Some(places), Some(shape)) = (places, shape(inputs, 0)) else {
        return Ok(());
    };
    let axis = match node.op_type.as_str() {
        "Gather" => int(node, "axis").unwrap_or(0),
        _ => -1,
    };
    match side(node, "axis", axis, shape)? {
        Some(side) => check_entries(node, "indices", places, -side..=side - 1),
        None => Ok(()),
    }
}
