//! The classes that a target's values mean.

use std::collections::BTreeMap;

use super::fit::MISSING;
use super::read::shown;
use super::{LabelledTable, TableError};

/// Most classes of a target.
const MAX_CLASSES: usize = 100;

/// The class of each value of the target.
pub(super) struct Classes {
    of_value: BTreeMap<String, usize>,
    labels: Vec<String>,
}

impl Classes {
    /// Finds the classes of the training rows.
    pub(super) fn find(
        table: &LabelledTable,
        trained_on: &[usize],
        positive: Option<&str>,
        labels: Option<&[String]>,
    ) -> Result<Self, TableError> {
        let target = table.target().to_owned();
        let mut of_value = BTreeMap::new();
        for &row in trained_on {
            let value = table.target_cell(row);
            if MISSING.contains(&value) {
                return Err(table.no_target(row));
            }
            of_value.entry(value.to_owned()).or_insert(0);
        }
        let values: Vec<String> = of_value.keys().cloned().collect();
        if let [value] = values.as_slice() {
            let value = shown(value);
            return Err(TableError::OneClass { target, value });
        }
        let names = match positive {
            Some(positive) => {
                let Some(class) = of_value.get_mut(positive) else {
                    return Err(TableError::NoPositive {
                        target,
                        positive: positive.to_owned(),
                        values: veilcast_card::list(&values),
                    });
                };
                *class = 1;
                let mut others = values.iter().filter(|value| *value != positive);
                let negative = match (others.next(), others.next()) {
                    (Some(only), None) => only.clone(),
                    _ => format!("not {positive}"),
                };
                vec![negative, positive.to_owned()]
            }
            None if values.len() > MAX_CLASSES => {
                return Err(TableError::TooManyClasses {
                    target,
                    found: values.len(),
                    limit: MAX_CLASSES,
                });
            }
            None => {
                for (index, class) in of_value.values_mut().enumerate() {
                    *class = index;
                }
                values
            }
        };
        let labels = match labels {
            Some(given) if given.len() != names.len() => {
                return Err(TableError::Labels {
                    found: given.len(),
                    named: format!("the classes {}", veilcast_card::list(&names)),
                });
            }
            Some(given) => given.to_vec(),
            None => names,
        };
        Ok(Self { of_value, labels })
    }

    /// The classes' names.
    pub(super) fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Number of the model's outputs.
    pub(super) fn outputs(&self) -> usize {
        match self.labels.len() {
            2 => 1,
            classes => classes,
        }
    }

    /// The class of a row.
    pub(super) fn of(&self, table: &LabelledTable, row: usize) -> Result<usize, TableError> {
        let value = table.target_cell(row);
        match self.of_value.get(value) {
            Some(&class) => Ok(class),
            None if MISSING.contains(&value) => Err(table.no_target(row)),
            // One against all others.
            None if self.of_value.values().all(|&class| class < 2) && self.of_value.len() > 2 => {
                Ok(0)
            }
            None => Err(TableError::UnseenClass {
                place: table.place(row),
                target: table.target().to_owned(),
                value: shown(value),
            }),
        }
    }
}
