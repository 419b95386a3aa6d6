//! How good predictions are, whoever made them.

use std::fmt;

use serde::Serialize;
use veilcast_card::Prediction;
use veilcast_model::quality::{ClassQuality, RegressionErrors};

use crate::clear::Truth;
use crate::words::error_figures;
use crate::{classes, quantities};

/// How good predictions are.
#[derive(Serialize)]
#[serde(untagged)]
pub enum Measured {
    /// Of classes.
    Classes(ClassQuality),
    /// Of quantities.
    Quantities {
        /// Of each.
        quantities: Vec<RegressionErrors>,
    },
}

/// A line of figures, separated by semicolons for several quantities.
impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classes(quality) => quality.fmt(f),
            Self::Quantities { quantities } => {
                let figures: Vec<String> = quantities.iter().map(error_figures).collect();
                f.write_str(&figures.join("; "))
            }
        }
    }
}

impl Measured {
    /// None if predictions and truth aren't of the same kind: classes or quantities.
    pub fn of(predictions: &[Prediction], truth: &Truth) -> Option<Self> {
        Some(match truth {
            Truth::Classes(labels) => {
                let classes = classes::classes(predictions)?;
                Self::Classes(ClassQuality::of_predictions(&classes, labels))
            }
            Truth::Quantities(truth) => {
                let values = quantities::values(predictions)?;
                Self::Quantities {
                    quantities: quantities::errors(&values, truth).unwrap_or_default(),
                }
            }
        })
    }
}
