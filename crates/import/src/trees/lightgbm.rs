//! Models of LightGBM, as `dump_model` gives them.
//!
//! A record goes left if its number is at most the node's, in 64 bits.

use std::collections::BTreeMap;

use serde_json::Value;
use veilcast_card::{Activation, Task, UnknownCategory};
use veilcast_model::trees::{Missing, Node, TreeSum, ValuedTree};

use super::found::{Columns, TreesFile, only};
use super::parts::{at, list, names, text};
use crate::trees_error::TreesError;

/// What scores mean.
struct Objective {
    activation: Activation,
    task: Option<Task>,
    /// What they are multiplied by before the final function.
    factor: f64,
}

pub(super) fn read(json: &Value) -> Result<TreesFile, TreesError> {
    let count = |path: &str| {
        let count = at(json, path)?.as_u64();
        count
            .map(|n| n as usize)
            .ok_or_else(|| TreesError::malformed(path))
    };
    let objective = json.get("objective").and_then(Value::as_str);
    let objective = Objective::of(objective.unwrap_or_default())?;
    let outputs = count("/num_tree_per_iteration")?.max(1);
    let trees = list(json, "/tree_info")?;
    // A random forest predicts the mean.
    let is_mean = json.get("average_output").and_then(Value::as_bool) == Some(true);
    let rounds = (trees.len() / outputs).max(1) as f64;
    let factor = if is_mean {
        objective.factor / rounds
    } else {
        objective.factor
    };
    let mut sum = TreeSum::new(vec![0.0; outputs]);
    for (index, tree) in trees.iter().enumerate() {
        sum.add(valued(
            at(tree, "/tree_structure")?,
            index % outputs,
            outputs,
            factor,
        )?)?;
    }
    let count = count("/max_feature_idx")? + 1;
    Ok(TreesFile {
        columns: Columns::new(given(names(list(json, "/feature_names")?)), count),
        categories: BTreeMap::new(),
        imputed: BTreeMap::new(),
        unknown: UnknownCategory::Zeros,
        sum,
        activation: objective.activation,
        labels: None,
        task: objective.task,
        producer: format!("LightGBM, model format {}", text(json, "/version")?),
    })
}

/// Names, unless LightGBM made them up.
fn given(names: Vec<String>) -> Vec<String> {
    let made_up = |(index, name): (usize, &String)| *name == format!("Column_{index}");
    match names.iter().enumerate().all(made_up) {
        true => Vec::new(),
        false => names,
    }
}

impl Objective {
    fn of(objective: &str) -> Result<Self, TreesError> {
        let (name, parameters) = objective.split_once(' ').unwrap_or((objective, ""));
        let parameter = |name: &str| {
            let mut parts = parameters
                .split(' ')
                .filter_map(|part| part.split_once(':'));
            let found = parts.find(|(key, _)| *key == name);
            found.and_then(|(_, value)| value.parse::<f64>().ok())
        };
        let (activation, task) = match name {
            "binary" | "multiclassova" | "cross_entropy" => (Activation::Sigmoid, None),
            "multiclass" => (Activation::Softmax, None),
            "regression" | "regression_l1" | "huber" | "fair" | "quantile" | "mape"
                if !parameters.contains("sqrt") =>
            {
                (Activation::None, Some(Task::Quantities))
            }
            "poisson" | "gamma" | "tweedie" => (Activation::Exp, Some(Task::Quantities)),
            _ => {
                return Err(TreesError::unsupported(
                    format!("its objective is {objective:?}"),
                    "binary, multiclass, regression, poisson, gamma and tweedie can be imported",
                ));
            }
        };
        Ok(Self {
            activation,
            task,
            factor: parameter("sigmoid").unwrap_or(1.0),
        })
    }
}

/// A tree with its leaves' values for one output.
fn valued(
    root: &Value,
    output: usize,
    outputs: usize,
    factor: f64,
) -> Result<ValuedTree, TreesError> {
    ValuedTree::from_root(root, |node| {
        if let Some(value) = node.get("leaf_value") {
            let value = value
                .as_f64()
                .ok_or_else(|| TreesError::malformed("leaf_value"))?;
            return Ok(Node::Leaf(only(output, outputs, factor * value)));
        }
        let relation = text(node, "/decision_type")?;
        if relation != "<=" {
            return Err(TreesError::unsupported(
                "a tree splits on categories",
                "one-hot encode the column before training, and give no categorical_feature",
            ));
        }
        let threshold = at(node, "/threshold")?.as_f64();
        let threshold = threshold.ok_or_else(|| TreesError::malformed("threshold"))?;
        let is_left = at(node, "/default_left")?.as_bool();
        let is_left = is_left.ok_or_else(|| TreesError::malformed("default_left"))?;
        let feature = at(node, "/split_feature")?.as_u64();
        let feature = feature.and_then(|feature| u32::try_from(feature).ok());
        Ok(Node::Split {
            feature: feature.ok_or_else(|| TreesError::malformed("split_feature"))?,
            threshold,
            low: at(node, "/left_child")?,
            high: at(node, "/right_child")?,
            missing: match (text(node, "/missing_type")?, is_left) {
                ("NaN", true) => Missing::Low,
                ("NaN", false) => Missing::High,
                // A missing number counts as 0.
                ("None", _) if threshold >= 0.0 => Missing::Low,
                ("None", _) => Missing::High,
                _ => {
                    return Err(TreesError::unsupported(
                        "it takes zeros for missing numbers",
                        "train it with zero_as_missing=False",
                    ));
                }
            },
        })
    })
}
