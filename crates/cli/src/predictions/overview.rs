//! An overview of predictions: how many records have each label, or the range of predicted values.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use veilcast_card::{Card, Output, Prediction, Task};

use crate::output::{grouped, significant};

/// An overview of the predictions so far.
#[derive(Clone, Serialize)]
pub(crate) struct Overview {
    #[serde(flatten)]
    predicted: Predicted,
    /// The second of two classes, whose probability is predicted.
    #[serde(skip)]
    positive: Option<String>,
}

#[derive(Clone, Serialize)]
#[serde(rename_all = "lowercase")]
enum Predicted {
    /// How many records have each label.
    Labels(BTreeMap<String, u64>),
    /// The values of each quantity.
    Values(Vec<Values>),
}

/// The values of one quantity.
#[derive(Clone, Serialize)]
pub(crate) struct Values {
    label: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// None without records.
    #[serde(flatten)]
    range: Option<Range>,
    #[serde(skip)]
    count: u64,
}

#[derive(Clone, Copy, Serialize)]
struct Range {
    min: f64,
    mean: f64,
    max: f64,
}

impl Overview {
    pub(super) fn new(card: &Card) -> Self {
        let positive = match card.task() {
            Task::Probability => card.output().labels.last().cloned(),
            Task::Classes | Task::Quantities => None,
        };
        let predicted = match card.task() {
            Task::Classes | Task::Probability => Predicted::Labels(BTreeMap::new()),
            Task::Quantities => Predicted::Values(Values::none_of(card.output())),
        };
        Self {
            predicted,
            positive,
        }
    }

    pub(super) fn add(&mut self, prediction: &Prediction) {
        match (&mut self.predicted, prediction) {
            (Predicted::Labels(labels), Prediction::Class(class)) => {
                *labels.entry(class.label.clone()).or_default() += 1;
            }
            (Predicted::Values(all), Prediction::Quantities(found)) => {
                let pairs = all.iter_mut().zip(found);
                pairs.for_each(|(values, &value)| values.add(value));
            }
            (Predicted::Labels(_), Prediction::Quantities(_))
            | (Predicted::Values(_), Prediction::Class(_)) => {
                unreachable!("the predictions of a card are all of its task")
            }
        }
    }

    /// Adds a row that an earlier run has written; does nothing if it isn't such a row.
    pub(super) fn add_row(&mut self, row: &csv::StringRecord) -> Option<()> {
        match &mut self.predicted {
            Predicted::Labels(labels) => *labels.entry(row.get(1)?.to_owned()).or_default() += 1,
            Predicted::Values(all) => {
                for (index, values) in all.iter_mut().enumerate() {
                    values.add(row.get(index + 1)?.parse().ok()?);
                }
            }
        }
        Some(())
    }
}

impl Values {
    /// Those of each quantity, before there are records.
    fn none_of(output: &Output) -> Vec<Self> {
        let values = output.labels.iter().enumerate().map(|(index, label)| {
            let unit = output.units.as_ref().and_then(|units| units.get(index));
            Self {
                label: label.clone(),
                // The unit 1 says nothing next to a number.
                unit: unit.filter(|unit| *unit != "1").cloned(),
                range: None,
                count: 0,
            }
        });
        values.collect()
    }

    fn add(&mut self, value: f64) {
        let range = self.range.get_or_insert(Range {
            min: value,
            mean: 0.0,
            max: value,
        });
        self.count += 1;
        range.min = range.min.min(value);
        range.max = range.max.max(value);
        range.mean += (value - range.mean) / self.count as f64;
    }
}

impl fmt::Display for Overview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = match &self.predicted {
            Predicted::Labels(labels) => {
                let all = labels.values().sum();
                if let (Some(positive), 1..) = (&self.positive, all) {
                    let those = labels.get(positive).copied().unwrap_or(0);
                    let (those, all) = (grouped(those), grouped(all));
                    return write!(f, "{those} of {all} predicted: {positive}");
                }
                let texts = labels.iter();
                texts
                    .map(|(label, count)| format!("{} {label}", grouped(*count)))
                    .collect()
            }
            Predicted::Values(all) => {
                let predicted = all.iter().filter(|values| values.range.is_some());
                predicted.map(Values::to_string).collect()
            }
        };
        match texts.as_slice() {
            [] => f.write_str("predicted: nothing"),
            texts => write!(f, "predicted: {}", texts.join(", ")),
        }
    }
}

impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)?;
        if let Some(Range { min, mean, max }) = self.range {
            let [min, mean, max] = [min, mean, max].map(|value| significant(value, 5));
            write!(f, " {min} to {max} (mean {mean})")?;
        }
        match &self.unit {
            Some(unit) => write!(f, " {unit}"),
            None => Ok(()),
        }
    }
}
