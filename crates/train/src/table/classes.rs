//! The classes that a target's values mean.

use std::collections::BTreeMap;

use super::findings::Finding;
use super::read::shown;
use super::{LabelledTable, TableError};
use veilcast_files::table::{category, number};

/// Most classes of a target.
const MAX_CLASSES: usize = 100;
/// Training rows below which a class is said to be rare.
const FEW_ROWS: usize = 5;

/// The class of each value of the target.
pub(super) struct Classes {
    of_value: BTreeMap<String, usize>,
    /// The values, without other spellings of the same number.
    values: Vec<String>,
    /// How many training rows have each of the values.
    counts: Vec<usize>,
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
        let mut spellings: BTreeMap<&str, usize> = BTreeMap::new();
        for &row in trained_on {
            *spellings.entry(table.target_cell(row)).or_default() += 1;
        }
        let (mut values, mut counts) = (Vec::new(), Vec::new());
        for (value, count) in distinct(spellings) {
            of_value.insert(value.clone(), 0);
            values.push(value);
            counts.push(count);
        }
        if let [value] = values.as_slice() {
            let value = shown(value);
            return Err(TableError::OneClass { target, value });
        }
        let names = match positive {
            Some(positive) => {
                let value = category(&values, positive).unwrap_or(positive);
                let Some(class) = of_value.get_mut(value) else {
                    return Err(TableError::NoPositive {
                        target,
                        positive: positive.to_owned(),
                        values: veilcast_card::list(&values),
                    });
                };
                *class = 1;
                let mut others = values.iter().filter(|other| *other != value);
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
                values.clone()
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
        Ok(Self {
            of_value,
            values,
            counts,
            labels,
        })
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

    /// The class of most training rows.
    pub(super) fn most_frequent(&self) -> usize {
        let mut counts = vec![0; self.labels.len()];
        for (value, count) in self.values.iter().zip(&self.counts) {
            counts[self.of_value[value]] += count;
        }
        let classes = counts.iter().enumerate().rev();
        let most = classes.max_by_key(|(_, count)| **count);
        most.map_or(0, |(class, _)| class)
    }

    /// The classes of very few training rows.
    pub(super) fn rare(&self) -> Vec<Finding> {
        let values = self.values.iter().zip(&self.counts);
        let rare = values.filter(|(_, rows)| **rows < FEW_ROWS);
        let rare = rare.map(|(class, &rows)| Finding::RareClass {
            class: class.clone(),
            rows,
        });
        rare.collect()
    }

    /// The class of a row.
    pub(super) fn of(&self, table: &LabelledTable, row: usize) -> Result<usize, TableError> {
        let value = table.target_cell(row);
        let known = category(&self.values, value);
        match known.and_then(|known| self.of_value.get(known)) {
            Some(&class) => Ok(class),
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

/// The values with how many rows have each; numbers that are spelt in several ways are one.
fn distinct(spellings: BTreeMap<&str, usize>) -> Vec<(String, usize)> {
    let mut values: Vec<(String, usize)> = Vec::new();
    for (spelling, count) in spellings {
        let same = |(value, _): &&mut (String, usize)| match (number(value), number(spelling)) {
            (Some(one), Some(other)) => one == other,
            _ => false,
        };
        match values.iter_mut().find(same) {
            Some((_, all)) => *all += count,
            None => values.push((spelling.to_owned(), count)),
        }
    }
    values
}
