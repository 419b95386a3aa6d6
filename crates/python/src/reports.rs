//! What predictions cost, and how well a model does.

use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use veilcast_card::{InputKind, RawRecord, chain};
use veilcast_engine::planner::Costs;
use veilcast_model::Model as Whole;
use veilcast_report::{Clear, Evaluation, Plan, ReportError, TestSet, Truth, page};

use crate::cards::{Card, Texts, raw};
use crate::errors::Fault;
use crate::models::Model;
use crate::sessions::encoder;
use crate::work;

/// A text for people, and JSON text for programs.
type Shown = (String, String);

/// What predictions of this many records cost under a key of some size: as text, and as JSON text.
#[pyfunction]
#[pyo3(signature = (card, records, key_bits, link=None))]
pub(crate) fn plan_for_card(
    py: Python<'_>,
    card: &Card,
    records: usize,
    key_bits: u32,
    link: Option<f64>,
) -> PyResult<Shown> {
    let costs = costs(key_bits, link)?;
    let plan = work::at_once(py, || Plan::of_card(&card.0, records, &costs))?;
    Ok(both(&plan)?)
}

/// The classes of records by their indices, or the values of each quantity.
#[derive(FromPyObject)]
pub(crate) enum True {
    Classes(Vec<usize>),
    Quantities(Vec<Vec<f64>>),
}

/// The same for a model, whose products are counted.
#[pyfunction]
#[pyo3(signature = (model, records, key_bits, link=None))]
pub(crate) fn plan_for_model(
    py: Python<'_>,
    model: &Model,
    records: usize,
    key_bits: u32,
    link: Option<f64>,
) -> PyResult<Shown> {
    let costs = costs(key_bits, link)?;
    let plan = work::at_once(py, || Plan::of_model(model.whole(), records, &costs))?;
    Ok(both(&plan)?)
}

/// How well the model does on records: as text, as JSON text, and as a page.
#[pyfunction]
pub(crate) fn evaluate<'py>(
    py: Python<'py>,
    model: &Model,
    numbers: PyReadonlyArray2<'py, f64>,
    texts: Vec<Texts>,
    truth: True,
    key_bits: u32,
) -> PyResult<(String, String, String)> {
    let costs = costs(key_bits, None)?;
    let view = numbers.as_array();
    for (_, column) in &texts {
        Fault::unless_equal(view.nrows(), column.len())?;
    }
    let model = model.whole();
    let is_table = model.card().input().kind == InputKind::Table;
    let records: Vec<RawRecord<'static>> = (0..view.nrows())
        .map(|row| raw(&view, row, &texts, is_table))
        .collect();
    let truth = match truth {
        True::Classes(classes) => Truth::Classes(checked(classes, model, records.len())?),
        True::Quantities(values) => Truth::Quantities(values),
    };
    let test = TestSet {
        records,
        truth,
        // A frame's gaps have no spelling.
        missing: Vec::new(),
        notes: Vec::new(),
    };
    let encoder = encoder(model.card(), model.public_part())?;
    let evaluated = work::at_once(py, || {
        let clear = Clear::of(model, &encoder, &test)?;
        let evaluation = Evaluation::of(model, &test, &clear)?;
        let page = page(model, &evaluation, &costs)?;
        Ok::<_, ReportError>((evaluation, page))
    })?;
    let (evaluation, page) = evaluated.map_err(|error| Fault::Record(chain(&error)))?;
    let (text, json) = both(&evaluation)?;
    Ok((text, json, page))
}

/// The classes, if there is one for each record and the model knows them all.
fn checked(classes: Vec<usize>, model: &Whole, records: usize) -> Result<Vec<usize>, Fault> {
    Fault::unless_equal(classes.len(), records)?;
    let known = model.card().output().labels.len();
    match classes.iter().find(|&&class| class >= known) {
        Some(class) => Err(Fault::Record(format!("there is no class {class}"))),
        None => Ok(classes),
    }
}

fn costs(key_bits: u32, link: Option<f64>) -> Result<Costs, Fault> {
    let mut costs = Costs::built_in(key_bits);
    if let Some(megabits) = link {
        costs.link_bytes_per_second = megabits * 1e6 / 8.0;
    }
    let checked = costs.checked();
    checked.map_err(|error| Fault::Value(chain(&error)))
}

fn both<T: ToString + serde::Serialize>(of: &T) -> Result<Shown, Fault> {
    let json = serde_json::to_string(of);
    let json = json.map_err(|error| Fault::Value(error.to_string()))?;
    Ok((of.to_string(), json))
}
