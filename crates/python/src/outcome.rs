//! [`Outcome`]: what a model says about records, on its way to Python.

use numpy::{PyArray1, PyArray2, ToPyArray};
use pyo3::prelude::*;
use veilcast_card::{Card as PublicCard, Prediction, chain};

use crate::cards::Card;
use crate::errors::Fault;

/// Scores, classes and probabilities of records; what is wrong with some of them; and what getting them took.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Outcome(Predicted);

/// The same, while it grows.
#[derive(Default)]
pub(crate) struct Predicted {
    records: usize,
    outputs: usize,
    classes: usize,
    scores: Vec<f64>,
    /// The index of each record's class; -1 if there is none.
    chosen: Vec<i64>,
    /// Empty if the model gives none.
    probabilities: Vec<f64>,
    faults: Vec<(usize, String)>,
    pub(crate) taken: Taken,
}

/// What getting predictions took.
#[derive(Clone, Default)]
pub(crate) struct Taken {
    pub(crate) requests: u64,
    pub(crate) masked: u64,
    pub(crate) retries: u64,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
    pub(crate) seconds: f64,
    /// Values moved to the edge of their range, missing values that were replaced, and unknown categories.
    pub(crate) changed: [usize; 3],
    /// From which record on another version of the model predicted, and its version.
    pub(crate) replaced: Vec<(usize, String)>,
}

impl Predicted {
    /// Nothing yet, by a card.
    pub(crate) fn new(card: &PublicCard) -> Self {
        Self {
            outputs: card.outputs(),
            classes: match Card(card.clone()).gives_probabilities() {
                true => card.output().labels.len(),
                false => 0,
            },
            ..Self::default()
        }
    }

    pub(crate) fn records(&self) -> usize {
        self.records
    }

    /// Adds what a card makes of a record's scores. Scores that can't be right count as none.
    pub(crate) fn add(&mut self, card: &PublicCard, scores: Result<&[i64], String>) {
        let prediction = scores.and_then(|scores| {
            let predicted = card.predict(scores);
            predicted.map_err(|error| chain(&error))
        });
        match prediction {
            Ok(Prediction::Class(class)) => {
                self.scores.extend(class.scores);
                self.chosen.push(i64::try_from(class.index).unwrap_or(-1));
                let probabilities = class.probabilities.unwrap_or_default();
                self.probabilities.extend(probabilities);
            }
            Ok(Prediction::Quantities(values)) => {
                self.scores.extend(values);
                self.chosen.push(-1);
            }
            Err(fault) => {
                let nothing = |count| std::iter::repeat_n(f64::NAN, count);
                self.scores.extend(nothing(self.outputs));
                self.chosen.push(-1);
                self.probabilities.extend(nothing(self.classes));
                self.faults.push((self.records, fault));
            }
        }
        self.records += 1;
    }
}

impl From<Predicted> for Outcome {
    fn from(predicted: Predicted) -> Self {
        Self(predicted)
    }
}

#[pymethods]
impl Outcome {
    #[getter]
    fn scores<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray2<f64>>> {
        self.matrix(py, &self.0.scores, self.0.outputs)
    }

    #[getter]
    fn classes<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray1<i64>> {
        self.0.chosen.to_pyarray(py)
    }

    #[getter]
    fn probabilities<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyArray2<f64>>>> {
        match self.0.classes {
            0 => Ok(None),
            classes => self.matrix(py, &self.0.probabilities, classes).map(Some),
        }
    }

    #[getter]
    fn faults(&self) -> Vec<(usize, String)> {
        self.0.faults.clone()
    }

    #[getter]
    fn requests(&self) -> u64 {
        self.0.taken.requests
    }

    #[getter]
    fn masked(&self) -> u64 {
        self.0.taken.masked
    }

    #[getter]
    fn retries(&self) -> u64 {
        self.0.taken.retries
    }

    #[getter]
    fn bytes_up(&self) -> u64 {
        self.0.taken.bytes_up
    }

    #[getter]
    fn bytes_down(&self) -> u64 {
        self.0.taken.bytes_down
    }

    #[getter]
    fn seconds(&self) -> f64 {
        self.0.taken.seconds
    }

    /// Values that were clipped, imputed, and of unknown categories.
    #[getter]
    fn changed(&self) -> (usize, usize, usize) {
        self.0.taken.changed.into()
    }

    #[getter]
    fn replaced(&self) -> Vec<(usize, String)> {
        self.0.taken.replaced.clone()
    }
}

impl Outcome {
    fn matrix<'py>(
        &self,
        py: Python<'py>,
        values: &[f64],
        columns: usize,
    ) -> PyResult<Bound<'py, PyArray2<f64>>> {
        let view = numpy::ndarray::ArrayView2::from_shape((self.0.records, columns), values);
        let view = view.map_err(|error| Fault::Shape(error.to_string()))?;
        Ok(view.to_pyarray(py))
    }
}
