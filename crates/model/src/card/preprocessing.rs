//! Declared steps from a raw record to the features that get quantised.

use serde::{Deserialize, Serialize};

use super::CardError;

/// An ordered list of steps, each applied to the result of the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Preprocessing {
    /// The vocabulary of steps.
    pub version: PreprocessingVersion,
    /// The steps, first to last.
    pub steps: Vec<Step>,
}

/// Versions of the vocabulary of steps; written as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum PreprocessingVersion {
    /// The steps of [`Step`].
    V1,
}

impl TryFrom<u32> for PreprocessingVersion {
    type Error = String;

    fn try_from(version: u32) -> Result<Self, String> {
        match version {
            1 => Ok(Self::V1),
            _ => Err(format!(
                "preprocessing version {version} isn't known; this version reads 1"
            )),
        }
    }
}

impl From<PreprocessingVersion> for u32 {
    fn from(version: PreprocessingVersion) -> Self {
        match version {
            PreprocessingVersion::V1 => 1,
        }
    }
}

/// One step of preprocessing, told apart by its `op`.
///
/// A step may change the number of values, as one-hot encoding would.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Step {
    /// Multiplies every value by a factor, such as 1/255 for pixels.
    Scale {
        /// The factor, finite and not zero.
        factor: f64,
    },
}

impl Preprocessing {
    /// Steps in the current vocabulary.
    pub fn new(steps: Vec<Step>) -> Self {
        Self {
            version: PreprocessingVersion::V1,
            steps,
        }
    }

    /// Checks every step and returns the number of values that come out for `raw` that go in.
    pub(super) fn width(&self, raw: usize) -> Result<usize, CardError> {
        let mut width = raw;
        for (step, operation) in self.steps.iter().enumerate() {
            width = operation
                .width(width)
                .map_err(|problem| CardError::Preprocessing { step, problem })?;
        }
        Ok(width)
    }

    /// Carries the steps out on a record of the width they were checked for.
    pub fn apply(&self, raw: &[f64]) -> Vec<f64> {
        let mut values = raw.to_vec();
        for step in &self.steps {
            step.apply(&mut values);
        }
        values
    }
}

impl Step {
    fn width(&self, width: usize) -> Result<usize, &'static str> {
        match self {
            Self::Scale { factor } if !factor.is_finite() || *factor == 0.0 => {
                Err("the factor of scale must be finite and not zero")
            }
            Self::Scale { .. } => Ok(width),
        }
    }

    fn apply(&self, values: &mut [f64]) {
        match self {
            Self::Scale { factor } => values.iter_mut().for_each(|value| *value *= factor),
        }
    }
}
