//! The checks that make a [`CardSpec`] a card.

use crate::error::CardError;
use crate::limits::{CARD_FORMAT, MAX_FEATURES, MAX_OUTPUTS, MAX_SIDES};
use crate::quantization::{PerFeature, Quantization};
use crate::spec::{Bounds, CardSpec, Input, InputKind, Output};
use crate::task::{Activation, Task};
use crate::text::check_texts;
use crate::ways::Way;
use crate::{hidden, ways};

const POSITIVE: &str = "finite and greater than 0";
const FINITE: &str = "finite";

/// Checks every field; returns the number of features that get quantised.
pub(super) fn check(spec: &CardSpec) -> Result<usize, CardError> {
    if spec.format != CARD_FORMAT {
        return Err(CardError::Format {
            found: spec.format.clone(),
        });
    }
    check_name("name", &spec.name, |c| !c.is_ascii_uppercase())?;
    check_name("version", &spec.version, |_| true)?;
    let preprocessed = spec.input.check()?;
    let features = match &spec.public_part {
        None => preprocessed,
        Some(part) => {
            part.check(preprocessed)?;
            part.features
        }
    };
    check_quantization(&spec.quantization, features)?;
    check_output(&spec.output)?;
    check_bounds(&spec.bounds, spec.output.scales.len())?;
    check_scores(&spec.output, &spec.bounds)?;
    ways::check(spec.ways.as_deref(), spec.sealed.as_ref())?;
    match &spec.hidden {
        None => spec.layouts.check(features)?,
        Some(layers) => {
            let ways = spec.ways.as_deref().unwrap_or(Way::DEFAULT);
            hidden::check(layers, spec.bounds.slot_bits, &spec.layouts, ways)?;
        }
    }
    let limits = spec.limits;
    for (field, limit) in [
        ("max_records", limits.max_records),
        ("max_ciphertexts", limits.max_ciphertexts),
    ] {
        if limit == 0 {
            return Err(CardError::Limit { field });
        }
    }
    Ok(features)
}

fn check_name(
    field: &'static str,
    name: &str,
    also: impl Fn(&char) -> bool,
) -> Result<(), CardError> {
    let inside = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fine = (1..=64).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| inside(c) && also(&c));
    if fine {
        return Ok(());
    }
    Err(CardError::Name {
        field,
        found: name.chars().take(80).collect(),
    })
}

impl Input {
    /// Checks every field; returns the number of features that come out of preprocessing.
    pub fn check(&self) -> Result<usize, CardError> {
        check_input(self)?;
        self.check_preprocessing()
    }
}

fn check_input(input: &Input) -> Result<(), CardError> {
    let suits = match (input.kind, input.shape.as_slice()) {
        (InputKind::Table, [_]) | (InputKind::Image, [_, _] | [_, _, 3]) => true,
        (InputKind::Array, sides) => (1..=MAX_SIDES).contains(&sides.len()),
        (InputKind::Table | InputKind::Image, _) => false,
    };
    let values = input
        .shape
        .iter()
        .try_fold(1, |product: usize, &side| product.checked_mul(side))
        .filter(|values| suits && (1..=MAX_FEATURES).contains(values))
        .ok_or_else(|| CardError::Shape {
            shape: input.shape.iter().copied().take(8).collect(),
        })?;
    if input.fit.is_some() && (input.kind, input.shape.len()) != (InputKind::Image, 2) {
        return Err(CardError::Fit);
    }
    check_about(input)?;
    let problem = match (input.kind, &input.features) {
        (InputKind::Image | InputKind::Array, None) => None,
        (InputKind::Image, Some(_)) => Some("an image has none".to_owned()),
        (InputKind::Array, Some(_)) => Some("an array has none".to_owned()),
        (InputKind::Table, None) => Some("a table needs one for each column".to_owned()),
        (InputKind::Table, Some(names)) if names.len() != values => {
            Some(format!("{} names for {values} columns", names.len()))
        }
        (InputKind::Table, Some(names)) => check_texts(names),
    };
    match problem {
        None => Ok(()),
        Some(problem) => Err(CardError::FeatureNames { problem }),
    }
}

/// Checks that what is said about columns is about the table's, and suits a terminal.
fn check_about(input: &Input) -> Result<(), CardError> {
    let names = input.features.as_deref().unwrap_or_default();
    let unfit = |text: &String| check_texts(std::slice::from_ref(text)).is_some();
    let problem = input.about.iter().find_map(|(name, about)| {
        let long = |text: &String| text.len() > 2000 || text.chars().any(char::is_control);
        if !names.contains(name) {
            Some(format!("column {name:?}: the table has no such column"))
        } else if about.label.iter().chain(&about.unit).any(unfit)
            || about.description.as_ref().is_some_and(long)
        {
            Some(format!(
                "column {name:?}: a text is empty, too long or has control characters"
            ))
        } else {
            None
        }
    });
    match problem {
        None => Ok(()),
        Some(problem) => Err(CardError::About { problem }),
    }
}

fn check_quantization(quantization: &Quantization, features: usize) -> Result<(), CardError> {
    let Quantization {
        bits: _,
        step,
        zero,
    } = quantization;
    for (field, numbers) in [("step", step), ("zero", zero)] {
        if let PerFeature::Each(list) = numbers
            && list.len() != features
        {
            return Err(CardError::PerFeature {
                field,
                found: list.len(),
                expected: features,
            });
        }
    }
    check_numbers("quantization.step", step.as_slice(), POSITIVE)?;
    check_numbers("quantization.zero", zero.as_slice(), FINITE)
}

fn check_output(output: &Output) -> Result<(), CardError> {
    let (labels, outputs) = (output.labels.len(), output.scales.len());
    if !(1..=MAX_OUTPUTS).contains(&outputs) {
        return Err(CardError::OutputCount { found: outputs });
    }
    check_numbers("output.scales", &output.scales, POSITIVE)?;
    let expected = match (output.activation, outputs) {
        (Activation::Sigmoid, 1) => 2,
        _ => outputs,
    };
    let joins = [Activation::Softmax, Activation::NormalizedSigmoid];
    let problem = if joins.contains(&output.activation) && outputs < 2 {
        let name = output.activation.name();
        Some(format!(
            "{name} needs at least two outputs; a single one takes sigmoid"
        ))
    } else if labels != expected {
        Some(format!(
            "{labels} labels, but {outputs} outputs with this activation need {expected}"
        ))
    } else if let Some(problem) = check_texts(&output.labels) {
        Some(format!("labels: {problem}"))
    } else {
        check_units(output)
            .or_else(|| check_threshold(output))
            .or_else(|| check_doubt(output))
    };
    match problem {
        None => check_task(output),
        Some(problem) => Err(CardError::Output { problem }),
    }
}

fn check_task(output: &Output) -> Result<(), CardError> {
    let by_units = output.units.as_ref().map(|_| Task::Quantities);
    let implied = Task::implied_by(output.activation, output.scales.len()).or(by_units);
    match (output.task, implied) {
        (Some(found), Some(expected)) if found != expected => {
            Err(CardError::Task { found, expected })
        }
        (Some(Task::Probability), None) => Err(CardError::SeveralProbabilities {
            outputs: output.scales.len(),
        }),
        (None | Some(_), None | Some(_)) => Ok(()),
    }
}

fn check_units(output: &Output) -> Option<String> {
    let (units, outputs) = (output.units.as_ref()?, output.scales.len());
    if !matches!(output.activation, Activation::None | Activation::Exp) {
        return Some("units are for quantities, whose activation is none or exp".to_owned());
    }
    if units.len() != outputs {
        return Some(format!("{} units for {outputs} outputs", units.len()));
    }
    // Several quantities may share a unit.
    let unfit = |unit: &String| check_texts(std::slice::from_ref(unit)).is_some();
    let index = units.iter().position(unfit)?;
    Some(format!(
        "unit number {index} is empty, longer than 256 bytes or has control characters"
    ))
}

fn check_threshold(output: &Output) -> Option<String> {
    let threshold = output.threshold?;
    if (output.activation, output.scales.len()) != (Activation::Sigmoid, 1) {
        return Some("a threshold is for a single sigmoid output".to_owned());
    }
    let fits = threshold > 0.0 && threshold < 1.0;
    (!fits).then(|| format!("the threshold is {threshold}; it must lie between 0 and 1"))
}

fn check_doubt(output: &Output) -> Option<String> {
    let doubt = output.doubt?;
    if output.activation != Activation::Softmax {
        return Some("doubt is for probabilities by softmax".to_owned());
    }
    let fits = doubt > 0.0 && doubt < 1.0;
    (!fits).then(|| format!("doubt is {doubt}; it must lie between 0 and 1"))
}

fn check_bounds(bounds: &Bounds, outputs: usize) -> Result<(), CardError> {
    let &Bounds {
        slot_bits,
        certified,
        ref largest_scores,
    } = bounds;
    if !certified {
        return Err(CardError::NotCertified);
    }
    let Some(largest) = largest_scores else {
        return Ok(());
    };
    let possible = 1..slot_bits.edge();
    let unfit = || {
        largest
            .iter()
            .find(|largest: &&u64| !possible.contains(*largest))
    };
    let problem = if largest.len() != outputs {
        format!("{} numbers for {outputs} outputs", largest.len())
    } else if let Some(unfit) = unfit() {
        format!(
            "one is {unfit}; each must be at least 1 and below 2^{}",
            slot_bits.get() - 1
        )
    } else {
        return Ok(());
    };
    Err(CardError::LargestScores { problem })
}

/// Every score within the bounds must still be a finite number once it is scaled.
fn check_scores(output: &Output, bounds: &Bounds) -> Result<(), CardError> {
    for (index, scale) in output.scales.iter().enumerate() {
        let largest = bounds.largest_score(index);
        let mut value = vec![largest as f64 * scale];
        if bounds.largest_scores.is_some() {
            value = output.activation.quantities(value);
        }
        if !value.iter().all(|value| value.is_finite()) {
            let problem = format!(
                "the scale of output {index}, {scale}, is too large for its scores, of up to {largest}"
            );
            return Err(CardError::Output { problem });
        }
    }
    Ok(())
}

fn check_numbers(
    field: &'static str,
    numbers: &[f64],
    expected: &'static str,
) -> Result<(), CardError> {
    let bad = |number: &&f64| !number.is_finite() || (expected == POSITIVE && **number <= 0.0);
    match numbers.iter().find(bad) {
        None => Ok(()),
        Some(&found) => Err(CardError::Number {
            field,
            found,
            expected,
        }),
    }
}
