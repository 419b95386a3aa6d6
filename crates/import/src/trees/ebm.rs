//! Explainable boosting machines of InterpretML, as `to_json` writes them.
//!
//! Such a machine adds up functions of single columns, and of pairs of them. Each function is a table
//! of scores by bin: the first bin is that of missing values, the last that of unknown categories. A
//! number is in the bin that begins with the greatest cut up to it.

use std::collections::BTreeMap;

use serde_json::Value;
use veilcast_card::{Activation, Task, UnknownCategory};
use veilcast_model::trees::TreeSum;

use super::bins::Branch;
use super::found::{Columns, TreesFile};
use super::parts::{at, list, names, numbers, text};
use crate::trees_error::TreesError;

/// A column.
struct Feature {
    /// Its number, or that of its first category.
    number: u32,
    bins: Bins,
}

enum Bins {
    /// Cuts between numbers: coarse ones first, for functions of more columns finer ones.
    Cuts(Vec<Vec<f64>>),
    Categories(usize),
}

pub(super) fn read(json: &Value) -> Result<TreesFile, TreesError> {
    let ebm = at(json, "/ebm")?;
    let (activation, task) = match text(ebm, "/outputs/0/link")? {
        "logit" => (Activation::Sigmoid, None),
        "mlogit" => (Activation::Softmax, None),
        "identity" => (Activation::None, Some(Task::Quantities)),
        other => {
            return Err(TreesError::unsupported(
                format!("its link is {other:?}"),
                "train it for classes, or for numbers with the objective rmse",
            ));
        }
    };
    let mut features = BTreeMap::new();
    let (mut columns, mut categories) = (Vec::new(), BTreeMap::new());
    let mut number = 0;
    for (index, feature) in list(ebm, "/features")?.iter().enumerate() {
        let name = text(feature, "/name")?.to_owned();
        let bins = match text(feature, "/type")? {
            "continuous" => Bins::Cuts(cuts(feature)?),
            _ => {
                let levels = list(feature, "/categories")?
                    .first()
                    .and_then(Value::as_array);
                let levels = names(levels.ok_or_else(|| TreesError::malformed("categories"))?);
                categories.insert(index, levels.clone());
                Bins::Categories(levels.len())
            }
        };
        let width = match &bins {
            Bins::Cuts(_) => 1,
            Bins::Categories(count) => *count as u32,
        };
        features.insert(name.clone(), Feature { number, bins });
        columns.push(name);
        number += width;
    }
    let intercept = numbers(ebm, "/intercept", Value::as_f64)?;
    let outputs = intercept.len();
    let mut sum = TreeSum::new(intercept);
    for term in list(ebm, "/terms")? {
        let named = names(list(term, "/term_features")?);
        let of = |name: &String| {
            features
                .get(name)
                .ok_or_else(|| TreesError::malformed(name))
        };
        let taken = named.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let function = Function {
            features: &taken,
            outputs,
        };
        sum.add(function.branch(at(term, "/scores")?, &taken)?.into_tree()?)?;
    }
    let labels = ebm.pointer("/outputs/0/classes").and_then(Value::as_array);
    Ok(TreesFile {
        columns: Columns::new(columns, number as usize),
        categories,
        imputed: BTreeMap::new(),
        unknown: UnknownCategory::Zeros,
        sum,
        activation,
        labels: labels.map(|labels| labels.iter().map(label).collect()),
        task,
        producer: format!("InterpretML, format {}", text(json, "/version")?),
    })
}

/// A class as text.
fn label(class: &Value) -> String {
    class
        .as_str()
        .map_or_else(|| class.to_string(), str::to_owned)
}

fn cuts(feature: &Value) -> Result<Vec<Vec<f64>>, TreesError> {
    let levels = list(feature, "/cuts")?.iter();
    let level = |level: &Value| numbers(level, "", Value::as_f64);
    let levels: Vec<Vec<f64>> = levels.map(level).collect::<Result<_, _>>()?;
    match levels.iter().all(|cuts| cuts.is_sorted()) {
        true if !levels.is_empty() => Ok(levels),
        _ => Err(TreesError::malformed("cuts")),
    }
}

/// A function of some columns.
struct Function<'a> {
    features: &'a [&'a Feature],
    outputs: usize,
}

impl Function<'_> {
    /// The tree of a table of scores, whose first side belongs to the first of the columns left.
    fn branch(&self, scores: &Value, left: &[&Feature]) -> Result<Branch, TreesError> {
        let malformed = || TreesError::malformed("scores");
        let Some((feature, rest)) = left.split_first() else {
            let leaf = match scores.as_f64() {
                Some(score) => vec![score],
                None => numbers(scores, "", Value::as_f64)?,
            };
            return if leaf.len() == self.outputs {
                Ok(Branch::Leaf(leaf))
            } else {
                Err(malformed())
            };
        };
        let scores = scores.as_array().ok_or_else(malformed)?;
        let bins = scores.iter().map(|part| self.branch(part, rest));
        let bins = bins.collect::<Result<Vec<_>, _>>()?;
        let [missing, known @ .., unknown] = bins.as_slice() else {
            return Err(malformed());
        };
        match &feature.bins {
            Bins::Cuts(levels) => {
                let level = levels.len().min(self.features.len()) - 1;
                let cuts = &levels[level];
                match known.len() == cuts.len() + 1 {
                    true => {
                        // A number is in the higher bin from the cut on.
                        let thresholds: Vec<f64> = cuts.iter().map(|cut| cut.next_down()).collect();
                        let (number, missing) = (feature.number, Some(missing));
                        Ok(Branch::by_thresholds(number, &thresholds, known, missing))
                    }
                    false => Err(malformed()),
                }
            }
            Bins::Categories(count) if known.len() == *count => {
                Ok(Branch::by_category(feature.number, known, unknown.clone()))
            }
            Bins::Categories(_) => Err(malformed()),
        }
    }
}
