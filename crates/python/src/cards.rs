//! [`Card`] for Python, and records from Python's numbers and texts.

use std::sync::atomic::{AtomicBool, Ordering};

use numpy::PyReadonlyArray2;
use numpy::ndarray::ArrayView2;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rayon::prelude::*;
use veilcast_card::{
    Activation, Card as PublicCard, Cell, EncodeError, Encoder, Input, InputKind, QuantizedRecord,
    RawRecord, Task, chain,
};

use crate::errors::Fault;
use crate::work;

/// A model's public card, checked.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Card(pub(crate) PublicCard);

#[pymethods]
impl Card {
    /// The card in JSON text.
    #[staticmethod]
    fn parse(json: &[u8]) -> PyResult<Self> {
        let card = PublicCard::parse(json);
        Ok(Self(card.map_err(|error| Fault::Card(chain(&error)))?))
    }

    /// The card's exact bytes.
    #[getter]
    fn json<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.json())
    }

    #[getter]
    fn digest<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.digest().as_bytes())
    }

    #[getter]
    fn name(&self) -> &str {
        self.0.name()
    }

    #[getter]
    fn version(&self) -> &str {
        self.0.version()
    }

    /// The names of a table's columns, in order; none for images.
    #[getter]
    fn columns(&self) -> Option<Vec<String>> {
        self.0.input().features.clone()
    }

    /// The places of the columns that hold texts.
    #[getter]
    fn text_columns(&self) -> Vec<usize> {
        text_columns(self.0.input())
    }

    /// `image`, `table` or `array`.
    #[getter]
    fn kind(&self) -> &'static str {
        kind(self.0.input())
    }

    /// The lengths of the axes of one record.
    #[getter]
    fn shape(&self) -> Vec<usize> {
        self.0.input().shape.clone()
    }

    /// `classes`, `probability` or `quantities`.
    #[getter]
    fn task(&self) -> &'static str {
        match self.0.task() {
            Task::Classes => "classes",
            Task::Probability => "probability",
            Task::Quantities => "quantities",
        }
    }

    /// The names of the classes or the quantities.
    #[getter]
    fn labels(&self) -> Vec<String> {
        self.0.output().labels.clone()
    }

    /// The ways in which the model is offered.
    #[getter]
    fn ways(&self) -> Vec<&'static str> {
        self.0.ways().iter().map(|way| way.name()).collect()
    }

    /// How many scores there are.
    #[getter]
    fn outputs(&self) -> usize {
        self.0.outputs()
    }

    /// Whether the model gives probabilities.
    #[getter]
    fn has_probabilities(&self) -> bool {
        self.gives_probabilities()
    }

    /// How many bytes the public part has that the client runs; none if there is none.
    #[getter]
    fn public_part_bytes(&self) -> Option<u64> {
        self.0.public_part().map(|part| part.bytes)
    }
}

impl Card {
    pub(crate) fn gives_probabilities(&self) -> bool {
        self.0.task() != Task::Quantities && self.0.output().activation != Activation::None
    }
}

/// What a record is: `image`, `table` or `array`.
pub(crate) fn kind(input: &Input) -> &'static str {
    match input.kind {
        InputKind::Image => "image",
        InputKind::Table => "table",
        InputKind::Array => "array",
    }
}

/// The places of the columns that hold texts.
pub(crate) fn text_columns(input: &Input) -> Vec<usize> {
    let names = input.features.iter().flatten();
    let is_text = |name: &String| input.preprocessing.categories(name).is_some();
    let places = names.enumerate().filter(|(_, name)| is_text(name));
    places.map(|(place, _)| place).collect()
}

/// A column's place and its texts.
pub(crate) type Texts = (usize, Vec<Option<String>>);

/// Quantised records of a card: integers that are ready to be encrypted, secret.
pub(crate) struct Records(pub(crate) Vec<QuantizedRecord>);

impl Records {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many values were moved to the edge of their range, how many missing ones replaced, and how many categories unknown.
    pub(crate) fn changed(&self) -> [usize; 3] {
        let counts = self.0.iter();
        let counts = counts.map(|record| [record.clipped(), record.imputed(), record.unknown()]);
        counts.fold([0; 3], |sums, counts| {
            std::array::from_fn(|place| sums[place] + counts[place])
        })
    }

    /// Records from rows of numbers, where NaN is no value, and columns of texts.
    pub(crate) fn encode(
        py: Python<'_>,
        encoder: &Encoder,
        numbers: &PyReadonlyArray2<'_, f64>,
        texts: &[Texts],
    ) -> PyResult<Self> {
        Self::encode_until(py, encoder, numbers, texts, &AtomicBool::new(false))
    }

    /// The same, unless it is told to stop meanwhile.
    pub(crate) fn encode_until(
        py: Python<'_>,
        encoder: &Encoder,
        numbers: &PyReadonlyArray2<'_, f64>,
        texts: &[Texts],
        stop: &AtomicBool,
    ) -> PyResult<Self> {
        let view = numbers.as_array();
        let (rows, width) = (view.nrows(), view.ncols());
        let input = encoder.card().input();
        Fault::unless_equal(width, input.raw_features())?;
        for (place, column) in texts {
            Fault::unless_equal(rows, column.len())?;
            if *place >= width {
                return Err(Fault::Shape(format!("there is no column {place}")).into());
            }
        }
        let is_table = input.features.is_some();
        let records = work::in_slices(py, rows, |range| {
            if stop.load(Ordering::Relaxed) {
                return Err(Fault::Service("the call was interrupted".into()));
            }
            let quantized = range.into_par_iter().map(|row| {
                let raw = raw(&view, row, texts, is_table);
                encoder.quantize(&raw).map_err(|error| fault(row, &error))
            });
            // All of them, so that the first fault is the one that is told.
            let quantized: Vec<Result<QuantizedRecord, Fault>> = quantized.collect();
            quantized.into_iter().collect()
        })?;
        Ok(Self(records))
    }
}

/// A row as a record.
pub(crate) fn raw(
    numbers: &ArrayView2<'_, f64>,
    row: usize,
    texts: &[Texts],
    is_table: bool,
) -> RawRecord<'static> {
    let values = numbers.row(row);
    let has_gaps = is_table && values.iter().any(|value| value.is_nan());
    if texts.is_empty() && !has_gaps {
        return RawRecord::Numbers(values.to_vec().into());
    }
    let number = |&value: &f64| match value {
        gap if gap.is_nan() => Cell::Missing,
        number => Cell::Number(number),
    };
    let mut cells: Vec<Cell> = values.iter().map(number).collect();
    for (place, column) in texts {
        cells[*place] = column[row].clone().map_or(Cell::Missing, Cell::Text);
    }
    RawRecord::Cells(cells.into())
}

fn fault(row: usize, error: &EncodeError) -> Fault {
    Fault::Record(format!("record {row} (from 0): {}", chain(error)))
}
