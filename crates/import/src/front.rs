//! The front of a pipeline's graph, as scikit-learn's converter writes it, as a card's preprocessing.
//!
//! Such a graph takes a table's columns, individually or several in a tensor, and imputes, scales
//! and encodes them before they meet a network. This is followed node by node, with each value
//! known as weighted sums of the table's numbers and categories. It ends where other operators take
//! over; their inputs are computed from the card's features by a matrix, and the graph continues
//! from there.

mod encoders;
mod operators;
mod rest;
mod values;

use std::collections::{BTreeMap, HashMap};

use veilcast_onnx::pb::tensor_proto::DataType;
use veilcast_onnx::pb::tensor_shape_proto::dimension::Value::DimValue;
use veilcast_onnx::pb::type_proto::Value::TensorType;
use veilcast_onnx::pb::{GraphProto, ModelProto, NodeProto, ValueInfoProto};

use self::operators::{Outcome, Table};
use self::rest::{Boundary, Features};
use self::values::{Column, Element, Kind, Value};
use super::options::MISSING;
use super::{ImportError, ImportOptions, tensor};
use veilcast_card::{
    Imputed, Input, InputKind, MAX_FEATURES, Preprocessing, Standard, Step, UnknownCategory, list,
};
use veilcast_onnx::OnnxError;
use veilcast_onnx::graph::{graph, graph_mut, inputs, name};

/// Longest name of an input with several columns, which begins each one's name, in bytes.
const MAX_NAME: usize = 256;

/// A graph, split into a part that prepares a record and one that computes with its numbers.
#[derive(Clone, Debug)]
pub(super) struct Front {
    /// What a record is, with its columns and how they are prepared, if the graph says so.
    pub(super) table: Option<Input>,
    /// Columns that the file declares as whole numbers, and takes as numbers.
    pub(super) whole: Vec<String>,
    /// The rest of the graph, which takes one tensor of numbers.
    pub(super) model: ModelProto,
}

/// Removes the part that prepares a table's record from a graph, if there is one.
///
/// The columns are named as the options say, or else after the inputs; those of a single tensor of
/// several as they would be without any preparation.
///
/// # Errors
/// [`ImportError`] names the node that can't become preprocessing, and what to do.
pub(super) fn split(model: ModelProto, options: &ImportOptions) -> Result<Front, ImportError> {
    let found = match options.kind {
        Some(InputKind::Image | InputKind::Array) => None,
        Some(InputKind::Table) | None => table(&model, options)?,
    };
    match found {
        Some(front) => {
            options.check_table()?;
            Ok(front)
        }
        None => Ok(Front {
            table: None,
            whole: Vec::new(),
            model,
        }),
    }
}

/// The table and the rest of the graph.
fn table(model: &ModelProto, options: &ImportOptions) -> Result<Option<Front>, ImportError> {
    let graph = graph(model)?;
    let inputs = inputs(graph);
    let Some(columns) = columns(graph, &inputs, options)? else {
        return Ok(None);
    };
    let as_columns = inputs.len() > 1 && columns.values.iter().all(|(_, v)| v.elements.len() == 1);
    let as_they_are = columns
        .values
        .iter()
        .all(|(_, value)| value.kind == Kind::Float);
    let mut is_pipeline = as_columns || !as_they_are;
    let mut table = Table::new(columns.columns, graph);
    let mut values: HashMap<&str, Value> = columns.values.into_iter().collect();
    let mut boundary = Boundary::of(graph);
    for node in &graph.node {
        let taken: Vec<Option<&Value>> = node
            .input
            .iter()
            .map(|input| values.get(input.as_str()))
            .collect();
        if taken.iter().all(Option::is_none) {
            boundary.keep(node);
            continue;
        }
        let failed = |problem| OnnxError::Preparation {
            node: name(node).to_owned(),
            operator: node.op_type.clone(),
            problem,
        };
        match table.apply(node, &taken).map_err(failed)? {
            Outcome::Front(value) => {
                is_pipeline |= is_step(node);
                if let [output] = node.output.as_slice() {
                    values.insert(output, value);
                }
            }
            Outcome::Other => {
                for input in &node.input {
                    if let Some(value) = values.get(input.as_str()) {
                        let sums = table.taken(node, value).map_err(failed)?;
                        boundary.add(input, value.is_nested, sums);
                    }
                }
                boundary.keep(node);
            }
        }
    }
    if !is_pipeline {
        return Ok(None);
    }
    // Prepared columns that are given beside the scores say nothing more.
    let is_prepared = |output: &ValueInfoProto| values.contains_key(output.name.as_str());
    let gives_scores = !graph.output.iter().all(is_prepared);
    for output in graph.output.iter().filter(|_| !gives_scores) {
        if let Some(value) = values.get(output.name.as_str()) {
            let sums = table
                .sums(value)
                .map_err(|problem| OnnxError::Preparation {
                    node: output.name.clone(),
                    operator: "output".to_owned(),
                    problem,
                })?;
            boundary.add(&output.name, value.is_nested, sums);
        }
    }
    let mut columns = table.into_columns();
    if let [_] = inputs.as_slice() {
        // Otherwise the others would have different places in arrays.
        columns.iter_mut().for_each(Column::take_anyway);
    }
    let standards = boundary.standards();
    let features = Features::of(&columns, &standards);
    let (used, unused): (Vec<_>, Vec<_>) = columns.iter().partition(|column| column.is_used());
    let name = |column: &&Column| column.name.clone();
    let unused: Vec<String> = unused.iter().map(name).collect();
    let input = Input {
        kind: InputKind::Table,
        description: match unused.is_empty() {
            true => String::new(),
            false => format!(
                "The file also names {}, which it doesn't use.",
                list(&unused)
            ),
        },
        shape: vec![used.len()],
        features: Some(used.iter().map(name).collect()),
        fit: None,
        about: Default::default(),
        preprocessing: preprocessing(&columns, &standards),
    };
    let is_whole = |column: &&&Column| column.is_whole && column.is_number;
    Ok(Some(Front {
        table: Some(input),
        whole: used.iter().filter(is_whole).map(name).collect(),
        model: {
            let mut rest = boundary.rest(model, &features)?;
            if gives_scores {
                graph_mut(&mut rest)?
                    .output
                    .retain(|output| !is_prepared(output));
            }
            rest
        },
    }))
}

/// Whether a node at the front belongs to a pipeline for tables, rather than to just any network.
fn is_step(node: &NodeProto) -> bool {
    node.domain == "ai.onnx.ml"
}

/// The table's columns, and the graph's inputs as values of them.
struct Columns<'a> {
    columns: Vec<Column>,
    values: Vec<(&'a str, Value)>,
}

/// The columns of inputs of shape [batch, columns]; none if one has another shape.
fn columns<'a>(
    graph: &GraphProto,
    inputs: &[&'a ValueInfoProto],
    options: &ImportOptions,
) -> Result<Option<Columns<'a>>, ImportError> {
    let mut columns: Vec<Column> = Vec::new();
    let mut values = Vec::new();
    let is_taken = |name: &String| graph.node.iter().any(|node| node.input.contains(name));
    for input in inputs {
        let Some((kind, count)) = kind_and_columns(input) else {
            return Ok(None);
        };
        if columns.len() + count > MAX_FEATURES {
            return Ok(None);
        }
        let wrong = |problem| OnnxError::Preparation {
            node: input.name.clone(),
            operator: "input".to_owned(),
            problem,
        };
        if count > 1 && inputs.len() > 1 && input.name.len() > MAX_NAME {
            let problem = format!("has a name of more than {MAX_NAME} bytes; shorten it");
            return Err(wrong(problem).into());
        }
        let kind = match kind {
            Ok(kind) => kind,
            // Such as a column of labels.
            Err(_) if !is_taken(&input.name) => continue,
            Err(found) => {
                return Err(wrong(format!(
                    "holds {found}; declare it as floats of 32 bits, whole numbers or texts when \
                     exporting (FloatTensorType, Int64TensorType, StringTensorType)"
                ))
                .into());
            }
        };
        let first = columns.len();
        columns.extend((0..count).map(|index| Column {
            name: match count {
                1 => input.name.clone(),
                _ => format!("{}{index}", input.name),
            },
            is_whole: kind == Kind::Whole,
            ..Column::default()
        }));
        let elements = (first..columns.len()).map(Element::Cell).collect();
        let value = Value {
            kind,
            is_nested: false,
            elements,
        };
        values.push((input.name.as_str(), value));
    }
    let is_unnamed = inputs.len() == 1 && columns.len() > 1;
    if is_unnamed || options.columns.is_some() {
        let names = options.names(columns.len())?;
        for (column, name) in columns.iter_mut().zip(names) {
            column.name = name;
        }
    } else if let Some(header) = &options.header {
        respell(&mut columns, header);
    }
    Ok(Some(Columns { columns, values }))
}

/// Names columns as a file's header does, where their names are its names as skl2onnx writes them:
/// with an underscore for each character that isn't a letter, a digit or a plus.
fn respell(columns: &mut [Column], header: &[String]) {
    let written = |name: &str| {
        let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '+');
        let first = name.starts_with(|c: char| c.is_ascii_digit());
        let rest = name.chars().map(|c| if is_kept(&c) { c } else { '_' });
        first
            .then_some('_')
            .into_iter()
            .chain(rest)
            .collect::<String>()
    };
    let mut spellings: HashMap<String, Vec<&String>> = HashMap::new();
    for name in header {
        spellings.entry(written(name)).or_default().push(name);
    }
    for column in columns {
        if let Some(&[name]) = spellings.get(&column.name).map(Vec::as_slice) {
            column.name.clone_from(name);
        }
    }
}

/// What the cells of an input are, or what they hold that isn't supported, and how many a record has.
fn kind_and_columns(input: &ValueInfoProto) -> Option<(Result<Kind, String>, usize)> {
    let TensorType(tensor) = input.r#type.as_ref()?.value.as_ref()?;
    let [_, columns] = tensor.shape.as_ref()?.dim.as_slice() else {
        return None;
    };
    let Some(DimValue(columns)) = columns.value else {
        return None;
    };
    let columns = usize::try_from(columns)
        .ok()
        .filter(|&columns| columns > 0)?;
    let kind = match DataType::try_from(tensor.elem_type).ok()? {
        DataType::Float | DataType::Double => Ok(Kind::Float),
        kind if tensor::is_whole(kind) => Ok(Kind::Whole),
        DataType::String => Ok(Kind::Text),
        other => Err(other.as_str_name().to_lowercase()),
    };
    Some((kind, columns))
}

/// What is done to the columns that are used.
fn preprocessing(columns: &[Column], standards: &BTreeMap<usize, Standard>) -> Preprocessing {
    let (mut values, mut standardized) = (BTreeMap::new(), BTreeMap::new());
    let [mut strict, mut lenient] = [BTreeMap::new(), BTreeMap::new()];
    for (index, column) in columns.iter().enumerate() {
        let name = || column.name.clone();
        if let Some(number) = column.imputed {
            values.insert(name(), Imputed::Number(number));
        }
        if let Some(standard) = standards.get(&index) {
            standardized.insert(name(), *standard);
        }
        match &column.categories {
            Some((categories, is_lenient)) => {
                let texts = categories.iter().map(|text| text.to_string()).collect();
                match is_lenient {
                    true => lenient.insert(name(), texts),
                    false => strict.insert(name(), texts),
                }
            }
            None => None,
        };
    }
    let is_category = |text: &&str| {
        let of_columns = columns
            .iter()
            .filter_map(|column| column.categories.as_ref());
        let mut all = of_columns.flat_map(|(categories, _)| categories);
        all.any(|category| **category == **text)
    };
    let missing = MISSING.iter().filter(|text| !is_category(text));
    let missing = missing.map(|&text| text.to_owned()).collect();
    let one_hot = |categories: BTreeMap<_, _>, unknown| {
        (!categories.is_empty()).then_some(Step::OneHot {
            categories,
            unknown,
        })
    };
    let steps = [
        (!values.is_empty()).then_some(Step::Impute { values }),
        (!standardized.is_empty()).then_some(Step::Standardize {
            columns: standardized,
        }),
        one_hot(strict, UnknownCategory::Error),
        one_hot(lenient, UnknownCategory::Zeros),
    ];
    Preprocessing::new(steps.into_iter().flatten().collect()).with_missing(missing)
}
