//! Models of XGBoost, as `save_model` writes them to JSON.
//!
//! The format is described in XGBoost's documentation, "Introduction to Model IO". A record goes left
//! if its number, rounded to 32 bits, is less than the node's.

use std::collections::BTreeMap;

use serde_json::Value;
use veilcast_card::{Activation, Task, UnknownCategory};
use veilcast_model::trees::{Missing, Node, TreeSum, ValuedTree, below};

use super::found::{Columns, TreesFile, only};
use super::parts::{at, list, names, numbers, text};
use crate::trees_error::TreesError;

/// The objective, and so what scores mean.
struct Objective {
    activation: Activation,
    task: Option<Task>,
    /// From the base score, as the file has it, to what is added to the trees' sum.
    margin: fn(f64) -> f64,
}

pub(super) fn read(json: &Value) -> Result<TreesFile, TreesError> {
    let learner = at(json, "/learner")?;
    let objective = Objective::of(text(learner, "/objective/name")?)?;
    let (forest, weights) = forest(learner)?;
    let parameter = |name: &str| {
        let path = format!("/learner_model_param/{name}");
        text(learner, &path).map(str::to_owned)
    };
    let count = |name: &str| -> Result<usize, TreesError> {
        let found = parameter(name)?;
        found.parse().map_err(|_| TreesError::malformed(&found))
    };
    if count("num_target").unwrap_or(1) > 1 {
        return Err(TreesError::unsupported(
            "it predicts several targets",
            "train a model for each target",
        ));
    }
    let outputs = count("num_class")?.max(1);
    let base = base_scores(&parameter("base_score")?, outputs)?;
    let mut sum = TreeSum::new(base.into_iter().map(objective.margin).collect());
    let classes = numbers(forest, "/tree_info", Value::as_u64)?;
    let trees = list(forest, "/trees")?;
    let used = used_trees(learner, forest)?.unwrap_or(trees.len());
    for (index, tree) in trees.iter().enumerate().take(used) {
        let class = classes.get(index).copied().unwrap_or(0) as usize;
        if class >= outputs {
            return Err(TreesError::malformed(
                "/learner/gradient_booster/model/tree_info",
            ));
        }
        let weight = weights.get(index).copied().unwrap_or(1.0);
        sum.add(valued(tree, class, outputs, weight)?)?;
    }
    let feature_names = learner.pointer("/feature_names").and_then(Value::as_array);
    let version = at(json, "/version").and_then(|_| numbers(json, "/version", Value::as_u64))?;
    let version: Vec<String> = version.iter().map(u64::to_string).collect();
    Ok(TreesFile {
        columns: Columns::new(
            names(feature_names.map_or(&[][..], Vec::as_slice)),
            count("num_feature")?,
        ),
        categories: BTreeMap::new(),
        imputed: BTreeMap::new(),
        unknown: UnknownCategory::Zeros,
        sum,
        activation: objective.activation,
        labels: None,
        task: objective.task,
        producer: format!("XGBoost {}", version.join(".")),
    })
}

impl Objective {
    fn of(name: &str) -> Result<Self, TreesError> {
        let logit = |p: f64| (p / (1.0 - p)).ln();
        let same = |score: f64| score;
        let (activation, task, margin): (_, _, fn(f64) -> f64) = match name {
            "binary:logistic" | "reg:logistic" => (Activation::Sigmoid, None, logit),
            "binary:logitraw" => (Activation::Sigmoid, None, logit),
            "multi:softprob" | "multi:softmax" => (Activation::Softmax, None, same),
            "reg:squarederror"
            | "reg:linear"
            | "reg:absoluteerror"
            | "reg:pseudohubererror"
            | "reg:quantileerror" => (Activation::None, Some(Task::Quantities), same),
            "count:poisson" | "reg:gamma" | "reg:tweedie" => {
                (Activation::Exp, Some(Task::Quantities), f64::ln)
            }
            _ => {
                return Err(TreesError::unsupported(
                    format!("its objective is {name:?}"),
                    "binary:logistic, multi:softprob, reg:squarederror, count:poisson, reg:gamma \
                     and reg:tweedie can be imported",
                ));
            }
        };
        Ok(Self {
            activation,
            task,
            margin,
        })
    }
}

/// The trees, and what each is weighted with, if they are.
fn forest(learner: &Value) -> Result<(&Value, Vec<f64>), TreesError> {
    let booster = at(learner, "/gradient_booster")?;
    match text(booster, "/name")? {
        "gbtree" => Ok((at(booster, "/model")?, Vec::new())),
        "dart" => Ok((
            at(booster, "/gbtree/model")?,
            numbers(booster, "/weight_drop", Value::as_f64)?,
        )),
        other => Err(TreesError::unsupported(
            format!("its booster is {other:?}, which has no trees"),
            "a linear model can be imported from an ONNX file",
        )),
    }
}

/// How many trees predictions use, if training stopped early.
fn used_trees(learner: &Value, forest: &Value) -> Result<Option<usize>, TreesError> {
    let Some(best) = learner.pointer("/attributes/best_iteration") else {
        return Ok(None);
    };
    let best = best.as_str().and_then(|best| best.parse::<usize>().ok());
    let best = best.ok_or_else(|| TreesError::malformed("/learner/attributes/best_iteration"))?;
    let ends = numbers(forest, "/iteration_indptr", Value::as_u64)?;
    Ok(ends.get(best + 1).map(|&end| end as usize))
}

/// The base score of each output: one for all, or since version 3.1 a list.
fn base_scores(text: &str, outputs: usize) -> Result<Vec<f64>, TreesError> {
    let parts = text.trim_matches(['[', ']']).split(',');
    let scores: Result<Vec<f32>, _> = parts.map(|part| part.trim().parse()).collect();
    let scores: Vec<f64> = match scores {
        Ok(scores) => scores.into_iter().map(f64::from).collect(),
        Err(_) => {
            return Err(TreesError::malformed(
                "/learner/learner_model_param/base_score",
            ));
        }
    };
    match scores.as_slice() {
        [score] => Ok(vec![*score; outputs]),
        scores if scores.len() == outputs => Ok(scores.to_vec()),
        _ => Err(TreesError::malformed(
            "/learner/learner_model_param/base_score",
        )),
    }
}

/// A tree with its leaves' values for one output.
fn valued(
    tree: &Value,
    output: usize,
    outputs: usize,
    weight: f64,
) -> Result<ValuedTree, TreesError> {
    let left = numbers(tree, "/left_children", Value::as_i64)?;
    let right = numbers(tree, "/right_children", Value::as_i64)?;
    let features = numbers(tree, "/split_indices", Value::as_u64)?;
    let conditions = numbers(tree, "/split_conditions", Value::as_f64)?;
    let default_left = numbers(tree, "/default_left", |side| match side {
        Value::Bool(is_left) => Some(*is_left),
        side => side.as_u64().map(|side| side != 0),
    })?;
    if let Some(kinds) = tree.get("split_type") {
        let kinds = kinds.as_array().map_or(&[][..], Vec::as_slice);
        if kinds.iter().any(|kind| kind.as_u64() != Some(0)) {
            return Err(TreesError::unsupported(
                "a tree splits on categories",
                "one-hot encode the column before training (enable_categorical=False)",
            ));
        }
    }
    let missing = || TreesError::malformed("/learner/gradient_booster/model/trees");
    ValuedTree::from_root(0_usize, |node| {
        let (left, right) = (
            *left.get(node).ok_or_else(missing)?,
            *right.get(node).ok_or_else(missing)?,
        );
        let condition = *conditions.get(node).ok_or_else(missing)?;
        if left < 0 {
            return Ok(Node::Leaf(only(output, outputs, weight * condition)));
        }
        let (low, high) = (
            left as usize,
            usize::try_from(right).map_err(|_| missing())?,
        );
        let feature = *features.get(node).ok_or_else(missing)?;
        Ok(Node::Split {
            feature: u32::try_from(feature).map_err(|_| missing())?,
            threshold: below(condition as f32),
            low,
            high,
            missing: match default_left.get(node).ok_or_else(missing)? {
                true => Missing::Low,
                false => Missing::High,
            },
        })
    })
}
