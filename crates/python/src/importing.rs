//! [`Import`] for Python: from a network in an ONNX file to a model.

use numpy::PyReadonlyArray2;
use pyo3::prelude::*;
use veilcast_card::{
    Activation, Fit, Input, InputBits, InputKind, RawRecord, Way, WeightBits, chain,
};
use veilcast_engine::Paillier;
use veilcast_import::{Import as Network, ImportOptions, Normalization, Split};

use crate::cards::{Texts, kind, raw, text_columns};
use crate::errors::Fault;
use crate::models::Model;
use crate::work;

/// A network that was read, before it is a model.
#[pyclass(frozen, module = "veilcast._native")]
pub(crate) struct Import(Network);

/// What the network's file doesn't say, or says differently; `None` leaves it to the file.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Wishes {
    name: String,
    version: String,
    description: Option<String>,
    ways: Option<Vec<String>>,
    kind: Option<String>,
    columns: Option<Vec<String>>,
    header: Option<Vec<String>>,
    fit: Option<String>,
    pixel_factor: Option<f64>,
    normalization: Option<(Vec<f64>, Vec<f64>)>,
    output: Option<String>,
    activation: Option<String>,
    labels: Option<Vec<String>>,
    units: Option<Vec<String>>,
    threshold: Option<f64>,
    split: Option<String>,
    input_bits: Option<u32>,
    weight_bits: Option<u32>,
    tolerance: Option<f64>,
    max_change: Option<f64>,
}

#[pymethods]
impl Import {
    /// Reads and checks a network from the bytes of its file.
    #[new]
    fn new(py: Python<'_>, onnx: &[u8], wishes: Wishes) -> PyResult<Self> {
        let options = wishes.options()?;
        let opened = work::at_once(py, || Network::open(onnx, options))?;
        let network = opened.map_err(|error| Fault::Import(chain(&error)))?;
        Ok(Self(network))
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

    /// Makes the model, and calibrates it with records: rows of numbers, where NaN is no value, and columns of texts.
    fn build<'py>(
        &self,
        py: Python<'py>,
        numbers: PyReadonlyArray2<'py, f64>,
        texts: Vec<Texts>,
    ) -> PyResult<Model> {
        let input: &Input = self.0.input();
        let view = numbers.as_array();
        for (_, column) in &texts {
            Fault::unless_equal(view.nrows(), column.len())?;
        }
        let is_table = input.kind == InputKind::Table;
        let rows = 0..view.nrows();
        let records: Vec<RawRecord<'static>> =
            rows.map(|row| raw(&view, row, &texts, is_table)).collect();
        let network = self.0.clone();
        let built = work::at_once(py, || network.build(&records, &Paillier, &mut |_| {}))?;
        let model = built.map_err(|error| Fault::Import(chain(&error)))?;
        Model::opened(py, model, None)
    }
}

impl Wishes {
    fn options(self) -> Result<ImportOptions, Fault> {
        let usual = ImportOptions::default();
        let wrong = |what: &str, found: &str, expected: &str| {
            Fault::Import(format!("{what} can't be {found:?}: say {expected}"))
        };
        let bits = |error: veilcast_card::BitsError| Fault::Import(chain(&error));
        let ways = self.ways.map(|ways| {
            let ways = ways.iter().map(|way| match way.as_str() {
                "direct" => Ok(Way::Direct),
                "vouchers" => Ok(Way::Vouchers),
                way => Err(wrong("a way of a new model", way, "direct or vouchers")),
            });
            ways.collect::<Result<Vec<_>, _>>()
        });
        Ok(ImportOptions {
            name: self.name,
            version: self.version,
            description: self.description.unwrap_or_default(),
            ways: ways.transpose()?,
            kind: match self.kind.as_deref() {
                None => None,
                Some("image") => Some(InputKind::Image),
                Some("table") => Some(InputKind::Table),
                Some("array") => Some(InputKind::Array),
                Some(kind) => return Err(wrong("input", kind, "image, table or array")),
            },
            columns: self.columns,
            header: self.header,
            fit: match self.fit.as_deref() {
                None => None,
                Some("mnist") => Some(Fit::Mnist),
                Some(fit) => return Err(wrong("fit", fit, "mnist")),
            },
            pixel_factor: self.pixel_factor.unwrap_or(usual.pixel_factor),
            normalization: self
                .normalization
                .map(|(mean, std)| Normalization { mean, std }),
            output: self.output,
            activation: match self.activation.as_deref() {
                None => None,
                Some("softmax") => Some(Activation::Softmax),
                Some("sigmoid") => Some(Activation::Sigmoid),
                Some("none") => Some(Activation::None),
                Some(function) => {
                    return Err(wrong("activation", function, "softmax, sigmoid or none"));
                }
            },
            labels: self.labels,
            units: self.units,
            threshold: self.threshold,
            split: self.split.map(|place| match place.as_str() {
                "auto" => Split::Auto,
                _ => Split::At(place),
            }),
            input_bits: self
                .input_bits
                .map(InputBits::new)
                .transpose()
                .map_err(bits)?,
            weight_bits: self
                .weight_bits
                .map(WeightBits::new)
                .transpose()
                .map_err(bits)?,
            tolerance: self.tolerance.unwrap_or(usual.tolerance),
            max_change: self.max_change.unwrap_or(usual.max_change),
        })
    }
}
