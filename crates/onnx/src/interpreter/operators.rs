//! The operators that are interpreted, and what their attributes mean.

use super::attributes::Attributes;
use super::convolve::convolve;
use super::elementwise::{clip, join, joined_sides, map};
use super::error::{Fault, malformed, shown, unsupported};
use super::limits::volume;
use super::plan::Planner;
use super::pool::{Pooling, pool};
use super::product::multiply;
use super::value::{Floats, Inputs};

/// All operators that [`plan`] knows.
pub(super) const OPERATORS: [&str; 16] = [
    "Add",
    "AveragePool",
    "Clip",
    "Conv",
    "Div",
    "Flatten",
    "Gemm",
    "Identity",
    "MatMul",
    "MaxPool",
    "Mul",
    "Relu",
    "Reshape",
    "Sigmoid",
    "Sub",
    "Tanh",
];

/// Plans what a node computes.
pub(super) fn plan(
    operator: &str,
    inputs: &Inputs<'_>,
    attributes: &mut Attributes<'_>,
    planner: &mut Planner,
) -> Result<Floats, Fault> {
    inputs.at_most(match operator {
        "Clip" | "Conv" | "Gemm" => 3,
        "Add" | "Div" | "MatMul" | "Mul" | "Reshape" | "Sub" => 2,
        _ => 1,
    })?;
    let x = inputs.floats(0)?;
    match operator {
        "Add" => join(planner, x, inputs.floats(1)?, |a, b| a + b),
        "Sub" => join(planner, x, inputs.floats(1)?, |a, b| a - b),
        "Mul" => join(planner, x, inputs.floats(1)?, |a, b| a * b),
        "Div" => join(planner, x, inputs.floats(1)?, |a, b| a / b),
        // NaN stays NaN.
        "Relu" => map(
            planner,
            x,
            |number| if number <= 0.0 { 0.0 } else { number },
        ),
        "Sigmoid" => map(planner, x, sigmoid),
        "Tanh" => map(planner, x, |number| f64::from(number).tanh() as f32),
        "Clip" => {
            let limits = [inputs.optional(1)?, inputs.optional(2)?];
            // Attributes of older versions; unsupported together with the input that replaced them.
            let least = match limits[0] {
                Some(_) => f32::NEG_INFINITY,
                None => attributes.float("min", f32::NEG_INFINITY)?,
            };
            let most = match limits[1] {
                Some(_) => f32::INFINITY,
                None => attributes.float("max", f32::INFINITY)?,
            };
            clip(planner, x, limits, [least, most])
        }
        "MatMul" => {
            let other = inputs.floats(1)?;
            if x.sides.len() != 2 || other.sides.len() != 2 {
                return unsupported(format!(
                    "it multiplies {} by {}, which aren't both matrices",
                    shown(&x.sides),
                    shown(&other.sides)
                ));
            }
            multiply(planner, x, other, false)
        }
        "Gemm" => gemm(planner, x, inputs, attributes),
        "Conv" => {
            let (weights, biases) = (inputs.floats(1)?, inputs.optional(2)?);
            convolve(planner, x, weights, biases, attributes)
        }
        "MaxPool" => {
            attributes.only_integer("storage_order", 0)?;
            pool(planner, x, Pooling::Maximum, attributes)
        }
        "AveragePool" => {
            let counts_padding = attributes.integer("count_include_pad", 0)? != 0;
            pool(planner, x, Pooling::Mean { counts_padding }, attributes)
        }
        "Flatten" => {
            let rank = x.sides.len();
            let axis = axis(attributes.integer("axis", 1)?, rank)?;
            let (before, behind) = x.sides.split_at(axis);
            arranged(x, vec![volume(before)?, volume(behind)?])
        }
        "Reshape" => {
            let keeps = attributes.integer("allowzero", 0)? == 0;
            arranged(x, reshaped(&x.sides, inputs.whole(1)?, keeps)?)
        }
        "Identity" => Ok(x.clone()),
        _ => unsupported("there is no such operator here"),
    }
}

/// Computed in 64 bits and rounded once.
fn sigmoid(number: f32) -> f32 {
    (1.0 / (1.0 + (-f64::from(number)).exp())) as f32
}

/// α·A·B + β·C.
fn gemm(
    planner: &mut Planner,
    a: &Floats,
    inputs: &Inputs<'_>,
    attributes: &mut Attributes<'_>,
) -> Result<Floats, Fault> {
    let alpha = attributes.float("alpha", 1.0)?;
    let beta = attributes.float("beta", 1.0)?;
    attributes.only_integer("transA", 0)?;
    let is_transposed = attributes.integer("transB", 0)? != 0;
    let product = multiply(planner, a, inputs.floats(1)?, is_transposed)?;
    let product = scale(planner, product, alpha)?;
    let Some(c) = inputs.optional(2)? else {
        return Ok(product);
    };
    if joined_sides(&product.sides, &c.sides).as_ref() != Some(&product.sides) {
        return malformed(format!(
            "its third input {} can't be added to {}",
            shown(&c.sides),
            shown(&product.sides)
        ));
    }
    let c = scale(planner, c.clone(), beta)?;
    join(planner, &product, &c, |a, b| a + b)
}

fn scale(planner: &mut Planner, x: Floats, factor: f32) -> Result<Floats, Fault> {
    match factor {
        1.0 => Ok(x),
        factor => map(planner, &x, move |number| number * factor),
    }
}

/// The same numbers in another shape.
fn arranged(x: &Floats, sides: Vec<usize>) -> Result<Floats, Fault> {
    if volume(&sides)? != volume(&x.sides)? {
        return malformed(format!(
            "{} does not go into {}",
            shown(&x.sides),
            shown(&sides)
        ));
    }
    let numbers = x.numbers.clone();
    Ok(Floats { sides, numbers })
}

/// The axis before which a tensor is cut, counted from the end if it is negative.
fn axis(axis: i64, rank: usize) -> Result<usize, Fault> {
    let counted = match usize::try_from(axis) {
        Ok(axis) => Some(axis).filter(|&axis| axis <= rank),
        Err(_) => usize::try_from(axis.unsigned_abs())
            .ok()
            .and_then(|back| rank.checked_sub(back)),
    };
    counted.map_or_else(
        || malformed(format!("its axis is {axis}, of a tensor of {rank} sides")),
        Ok,
    )
}

/// The requested sides: −1 is whatever is left, and 0 the side that was there, unless it is meant
/// literally.
fn reshaped(sides: &[usize], asked: &[i64], keeps: bool) -> Result<Vec<usize>, Fault> {
    let wrong = || {
        malformed(format!(
            "{} does not go into {}",
            shown(sides),
            shown(asked)
        ))
    };
    let kept = asked.iter().enumerate().map(|(axis, &side)| match side {
        0 if keeps => sides.get(axis).copied().map(Some),
        -1 => Some(None),
        side => usize::try_from(side).ok().map(Some),
    });
    let Some(kept) = kept.collect::<Option<Vec<Option<usize>>>>() else {
        return wrong();
    };
    let known: Vec<usize> = kept.iter().copied().flatten().collect();
    let left = match (kept.len() - known.len(), volume(&known)?) {
        (0, _) => 1,
        (1, known) if known > 0 && volume(sides)?.is_multiple_of(known) => volume(sides)? / known,
        _ => return wrong(),
    };
    Ok(kept.into_iter().map(|side| side.unwrap_or(left)).collect())
}
