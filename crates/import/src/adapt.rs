//! Nodes put in front of a graph, so that it takes what a card describes.
//!
//! A card's colours come pixel by pixel, a network's often plane by plane; and images are often
//! normalised, colour by colour, before a network gets them. Both are affine: as nodes of the graph
//! they collapse with it, and in a public part the client carries them out.

use veilcast_onnx::pb::{ModelProto, NodeProto, TensorProto};

use super::ImportError;
use super::build::{Names, floats, node_of, with_ints};
use super::tensor::TensorInput;
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::graph_mut;

/// (x − mean)/std, as in torchvision's `Normalize`, with one number for all colours or one for
/// each.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalization {
    /// The value that becomes 0.
    pub mean: Vec<f64>,
    /// The difference that becomes 1, not 0.
    pub std: Vec<f64>,
}

/// Where the colours are in the tensor of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    /// `[rows, columns]`, perhaps with a side of 1 before or after.
    Grey,
    /// `[3, rows, columns]`.
    First,
    /// `[rows, columns, 3]`.
    Last,
}

impl Normalization {
    /// Checks the numbers for images of this many colours.
    pub(super) fn check(&self, colours: usize) -> Result<(), ImportError> {
        let wrong = |problem: String| Err(ImportError::Normalization { problem });
        for (name, numbers) in [("mean", &self.mean), ("std", &self.std)] {
            if numbers.len() != 1 && numbers.len() != colours {
                let found = numbers.len();
                let expected = match colours {
                    1 => "1",
                    _ => "1 or one for each colour",
                };
                return wrong(format!(
                    "{name} has {found} numbers; images of this shape take {expected}"
                ));
            }
            if numbers.iter().any(|number| !number.is_finite()) {
                return wrong(format!("{name} must be finite"));
            }
        }
        match self.std.contains(&0.0) {
            true => wrong("std must not be 0".to_owned()),
            false => Ok(()),
        }
    }
}

/// Puts a transposition in front of a graph that takes `[3, rows, columns]`, so that it takes
/// `[rows, columns, 3]`.
pub(super) fn colours_last(
    model: &mut ModelProto,
    input: &mut TensorInput,
) -> Result<(), OnnxError> {
    let batch = i64::from(input.has_batch);
    let order = (0..batch)
        .chain([2, 0, 1].map(|side| batch + side))
        .collect();
    prepend(model, input, None, |input, output| {
        with_ints(node_of("Transpose", &[input], output), "perm", order)
    })?;
    input.sides.rotate_left(1);
    let found = graph_mut(model)?
        .input
        .iter_mut()
        .find(|found| found.name == input.name);
    if let Some(found) = found {
        *found = input.value_info();
    }
    Ok(())
}

/// Puts (x − mean)/std in front of a graph.
pub(super) fn normalize(
    model: &mut ModelProto,
    input: &TensorInput,
    colours: Colours,
    by: &Normalization,
) -> Result<(), OnnxError> {
    // Put in front of each other: the last one acts first.
    for (operator, numbers) in [("Div", &by.std), ("Sub", &by.mean)] {
        let name = Names::of(graph_mut(model)?).fresh(format!("normalise.{operator}"));
        let constant = floats(name.clone(), spread(numbers.len(), colours), numbers);
        prepend(model, input, Some(constant), |input, output| {
            node_of(operator, &[input, &name], output)
        })?;
    }
    Ok(())
}

/// The sides of a tensor of one number per colour, to act on all pixels.
fn spread(count: usize, colours: Colours) -> Vec<i64> {
    match (colours, count) {
        (Colours::First, 2..) => vec![count as i64, 1, 1],
        _ => vec![count as i64],
    }
}

/// Puts a node between the input and whatever takes it.
fn prepend(
    model: &mut ModelProto,
    input: &TensorInput,
    constant: Option<TensorProto>,
    node: impl FnOnce(&str, &str) -> NodeProto,
) -> Result<(), OnnxError> {
    let graph = graph_mut(model)?;
    let output = Names::of(graph).fresh(format!("{}.prepared", input.name));
    for node in &mut graph.node {
        for value in node.input.iter_mut().filter(|value| **value == input.name) {
            value.clone_from(&output);
        }
    }
    graph.node.insert(0, node(&input.name, &output));
    graph.initializer.extend(constant);
    Ok(())
}
