//! The checks that make steps fit for a table or an image.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Imputed, Preprocessing, PreprocessingVersion, Standard, Step, Tree};
use crate::text::check_texts;
use crate::{CardError, Input, InputKind, MAX_FEATURES};

type Check = Result<(), String>;

impl Input {
    /// Checks every step and returns the number of features that come out.
    pub(crate) fn check_preprocessing(&self) -> Result<usize, CardError> {
        let preprocessing = &self.preprocessing;
        check_missing(self).map_err(|problem| CardError::Missing { problem })?;
        let names = self.features.as_deref().unwrap_or_default();
        let mut columns = Columns::new(preprocessing, names);
        columns.numbers = self.raw_features();
        for (step, operation) in preprocessing.steps.iter().enumerate() {
            let checked = columns.check(preprocessing, operation);
            checked.map_err(|problem| CardError::Preprocessing { step, problem })?;
        }
        let features = columns.leaves.unwrap_or(columns.numbers);
        if features > MAX_FEATURES {
            return Err(CardError::TooManyFeatures { features });
        }
        Ok(features)
    }
}

fn check_missing(input: &Input) -> Check {
    let missing = &input.preprocessing.missing;
    if missing.is_empty() {
        return Ok(());
    }
    if input.preprocessing.version == PreprocessingVersion::V1 {
        return Err("belongs to version 2 of preprocessing".to_owned());
    }
    if input.kind != InputKind::Table {
        return Err("is only for a table".to_owned());
    }
    let mut seen = HashSet::new();
    for text in missing {
        check_trimmed(text)?;
        if text.len() > 256 || text.chars().any(char::is_control) {
            return Err(format!(
                "{text:?} is longer than 256 bytes or has control characters"
            ));
        }
        if !seen.insert(text) {
            return Err(format!("{text:?} is listed twice"));
        }
    }
    Ok(())
}

/// Cells are stripped of spaces and tabs at both ends, so no cell could equal such a text.
fn check_trimmed(text: &str) -> Check {
    match text.trim_matches([' ', '\t']) == text {
        true => Ok(()),
        false => Err(format!("{text:?} begins or ends with spaces or tabs")),
    }
}

/// The columns, and what the steps so far have done to them.
struct Columns<'a> {
    /// The kinds of steps done on each, and whether it is a text.
    columns: HashMap<&'a str, Column<'a>>,
    /// How many numbers there are now.
    numbers: usize,
    /// How many leaves of trees they were replaced by.
    leaves: Option<usize>,
    expanded: bool,
}

#[derive(Default)]
struct Column<'a> {
    /// The categories of a column of texts.
    categories: Option<&'a [String]>,
    done: Vec<&'static str>,
}

impl<'a> Columns<'a> {
    fn new(preprocessing: &'a Preprocessing, names: &'a [String]) -> Self {
        let column = |name: &'a String| {
            let categories = preprocessing.categories(name);
            let column = Column {
                categories: categories.map(|(categories, _)| categories),
                done: Vec::new(),
            };
            (name.as_str(), column)
        };
        Self {
            columns: names.iter().map(column).collect(),
            numbers: 0,
            leaves: None,
            expanded: false,
        }
    }

    fn check(&mut self, preprocessing: &Preprocessing, step: &Step) -> Check {
        if step.since() > preprocessing.version {
            let known = match preprocessing.version {
                PreprocessingVersion::V1 => "has scale alone",
                _ => "has no trees",
            };
            let version = u32::from(preprocessing.version);
            return Err(format!("version {version} of preprocessing {known}"));
        }
        if self.leaves.is_some() {
            return Err("trees must be the last step".to_owned());
        }
        match step {
            Step::Impute { values } => self.each("impute", values, |column, value| {
                if !column.done.is_empty() {
                    return Err("impute must come before other steps".to_owned());
                }
                check_imputed(value, column.categories)
            }),
            Step::Clip { ranges } => self.each("clip", ranges, |column, &[low, high]| {
                column.must_hold_numbers()?;
                match low.is_finite() && high.is_finite() && low < high {
                    true => Ok(()),
                    false => Err(format!("the range [{low}, {high}] is empty or not finite")),
                }
            }),
            Step::Standardize { columns } => self.each("standardize", columns, |column, by| {
                column.must_hold_numbers()?;
                let &Standard { mean, std } = by;
                match mean.is_finite() && std.is_finite() && std > 0.0 {
                    true => Ok(()),
                    false => Err(format!(
                        "mean {mean} and std {std} must be finite, and std greater than 0"
                    )),
                }
            }),
            Step::OneHot { categories, .. } => {
                self.each("one_hot", categories, |_, categories| {
                    check_categories(categories)
                })?;
                self.expanded |= !categories.is_empty();
                self.numbers += categories
                    .values()
                    .map(|list| list.len() - 1)
                    .sum::<usize>();
                Ok(())
            }
            Step::Scale { factor } if !factor.is_finite() || *factor == 0.0 => {
                Err("the factor of scale must be finite and not zero".to_owned())
            }
            Step::Scale { .. } if self.expanded => Err("scale must come before one_hot".to_owned()),
            Step::Scale { .. } => {
                let numbers = self.columns.values_mut();
                let numbers = numbers.filter(|column| column.categories.is_none());
                numbers.for_each(|column| column.done.push("scale"));
                Ok(())
            }
            Step::Trees { trees } if trees.is_empty() => Err("there are no trees".to_owned()),
            Step::Trees { trees } => {
                for (index, tree) in trees.iter().enumerate() {
                    let checked = tree.check(self.numbers);
                    checked.map_err(|problem| format!("tree {index}: {problem}"))?;
                }
                self.leaves = Some(trees.iter().map(Tree::features).sum());
                Ok(())
            }
        }
    }

    /// Checks what a step of a kind says about each column it names.
    fn each<T>(
        &mut self,
        op: &'static str,
        named: &BTreeMap<String, T>,
        check: impl Fn(&Column<'a>, &T) -> Check,
    ) -> Check {
        for (name, parameter) in named {
            let about = |problem| format!("column {name:?}: {problem}");
            let Some(column) = self.columns.get_mut(name.as_str()) else {
                return Err(about("the table has no such column".to_owned()));
            };
            if column.done.contains(&op) {
                return Err(about(format!("it has had {op} already")));
            }
            check(column, parameter).map_err(about)?;
            column.done.push(op);
        }
        Ok(())
    }
}

impl Column<'_> {
    fn must_hold_numbers(&self) -> Check {
        match self.categories {
            None => Ok(()),
            Some(_) => Err("it holds texts, since one_hot names it".to_owned()),
        }
    }
}

fn check_imputed(value: &Imputed, categories: Option<&[String]>) -> Check {
    match (value, categories) {
        (Imputed::Number(number), None) if number.is_finite() => Ok(()),
        (Imputed::Number(_), None) => Err("the value must be finite".to_owned()),
        (Imputed::Number(_), Some(_)) => Err("it holds texts, so impute a text".to_owned()),
        (Imputed::Text(_), None) => Err("it holds numbers, so impute a number".to_owned()),
        (Imputed::Text(text), Some(categories)) if categories.contains(text) => Ok(()),
        (Imputed::Text(text), Some(_)) => Err(format!("{text:?} is none of its categories")),
    }
}

fn check_categories(categories: &[String]) -> Check {
    if categories.is_empty() {
        return Err("it has no categories".to_owned());
    }
    for category in categories {
        check_trimmed(category)?;
    }
    match check_texts(categories) {
        None => Ok(()),
        Some(problem) => Err(format!("category {problem}")),
    }
}
