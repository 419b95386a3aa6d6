//! What to make of a file; and what a record is, as the options and the shape of the input say.

use veilcast_onnx::pb::ModelProto;

use super::ImportError;
use super::adapt::{self, Colours, Normalization};
use super::tensor::TensorInput;
use veilcast_card::{
    Activation, Fit, Input, InputBits, InputKind, Preprocessing, Step, Way, WeightBits,
};

/// Largest file that is imported, in bytes.
pub const MAX_FILE_BYTES: u64 = 512 << 20;

/// The spellings of a missing cell, where they aren't categories.
pub(super) const MISSING: [&str; 5] = ["", "NA", "NaN", "null", "?"];

/// What to make of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportOptions {
    /// The model's name in its card.
    pub name: String,
    /// The model's version in its card.
    pub version: String,
    /// The model's description in its card; the file's own, if empty.
    pub description: String,
    /// The ways in which the model is offered, if not the usual ones.
    pub ways: Option<Vec<Way>>,
    /// What a record is; found out from the input's shape, if not given.
    pub kind: Option<InputKind>,
    /// Names of a table's columns, in the order of the input's numbers; the file's own, if not given, or
    /// those of the header, or `x0`, `x1` ….
    pub columns: Option<Vec<String>>,
    /// The columns of the records' file that the network takes, if that file has a header. Columns without
    /// names get these, in this order, unless `x0`, `x1` … are among them. Names in the ONNX file
    /// that differ from these only where their exporter put underscores, as for spaces, are spelt
    /// as here.
    pub header: Option<Vec<String>>,
    /// How pictures of other sizes are brought to the network's, if it takes grey images.
    pub fit: Option<Fit>,
    /// The factor by which pixels from 0 to 255 are multiplied before the network gets them, not 0.
    pub pixel_factor: f64,
    /// How they are normalised then.
    pub normalization: Option<Normalization>,
    /// The output to import, by its name, where there are several.
    pub output: Option<String>,
    /// The final function, if it isn't the file's own.
    pub activation: Option<Activation>,
    /// The unit of each score, if the scores are quantities.
    pub units: Option<Vec<String>>,
    /// The probability above which a record counts as positive, for a single score with sigmoid.
    pub threshold: Option<f64>,
    /// Where to split a network that isn't affine; not at all, if not given.
    pub split: Option<Split>,
    /// One label per score, two (negative, positive) for a single one with sigmoid; if not given
    /// the file's own, or numbers.
    pub labels: Option<Vec<String>>,
    /// Bits of an integer feature; searched for on the calibration records where not given, up to 8 for
    /// images and 12 for tables, and 8 without records.
    pub input_bits: Option<InputBits>,
    /// Bits of an integer weight; searched for where not given, and 8 without records.
    pub weight_bits: Option<WeightBits>,
    /// The share of records, 0 to 1, that the quantisation found may predict differently
    /// from the network.
    pub tolerance: f64,
    /// How much rounding may change any probability of a table's record, 0 to 1, or any quantity, in
    /// units of its deviation.
    pub max_change: f64,
}

/// Where a network is split into the part that the client runs and the part computed on
/// ciphertexts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Split {
    /// Behind the node of this name, or the node that gives the value of this name.
    At(String),
    /// Behind the last node that isn't affine, or later, where nodes without weights leave fewer
    /// numbers.
    Auto,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            name: "imported".to_owned(),
            version: "1".to_owned(),
            description: String::new(),
            ways: None,
            kind: None,
            columns: None,
            header: None,
            fit: None,
            pixel_factor: 1.0 / 255.0,
            normalization: None,
            output: None,
            activation: None,
            units: None,
            threshold: None,
            split: None,
            labels: None,
            input_bits: None,
            weight_bits: None,
            tolerance: 5e-3,
            max_change: 0.02,
        }
    }
}

impl ImportOptions {
    pub(super) fn check(&self) -> Result<(), ImportError> {
        let wrong = |option, found: String, expected| {
            Err(ImportError::Option {
                option,
                found,
                expected,
            })
        };
        if !(0.0..=1.0).contains(&self.tolerance) {
            return wrong("the tolerance", self.tolerance.to_string(), "0 to 1");
        }
        if !(0.0..=1.0).contains(&self.max_change) {
            let change = self.max_change.to_string();
            return wrong("the largest change by rounding", change, "0 to 1");
        }
        if !(self.pixel_factor.is_finite() && self.pixel_factor != 0.0) {
            return wrong(
                "the pixels' factor",
                self.pixel_factor.to_string(),
                "finite and not 0",
            );
        }
        Ok(())
    }

    /// The names of this many columns that the file has no names for.
    pub(super) fn names(&self, columns: usize) -> Result<Vec<String>, ImportError> {
        let stand_ins: Vec<String> = (0..columns).map(|column| format!("x{column}")).collect();
        let header = self.header.as_ref();
        let header = header.filter(|header| !stand_ins.iter().all(|name| header.contains(name)));
        let names = self.columns.as_ref().or(header).unwrap_or(&stand_ins);
        match names.len() == columns {
            true => Ok(names.clone()),
            false => Err(ImportError::Columns {
                found: names.len(),
                expected: columns,
            }),
        }
    }

    /// Options for images don't go with a table.
    pub(super) fn check_table(&self) -> Result<(), ImportError> {
        match (&self.normalization, self.fit) {
            (Some(_), _) => Err(ImportError::NormalizedTable),
            (None, Some(_)) => Err(ImportError::FittedTable),
            (None, None) => Ok(()),
        }
    }

    /// What a record is, by the shape of the input, in front of which nodes are put that turn the
    /// card's order of numbers into the network's.
    ///
    /// A grey image's sides may have a 1 before or behind them; colours may come first or last.
    pub(super) fn input(
        &self,
        model: &mut ModelProto,
        tensor: &mut TensorInput,
    ) -> Result<Input, ImportError> {
        let picture = match tensor.sides.as_slice() {
            [rows, columns, 3] => Some((vec![*rows, *columns, 3], Colours::Last)),
            [3, rows, columns] => Some((vec![*rows, *columns, 3], Colours::First)),
            [1, rows, columns] | [rows, columns, 1] | [rows, columns] => {
                Some((vec![*rows, *columns], Colours::Grey))
            }
            _ => None,
        };
        let kind = match (self.kind, &picture) {
            (Some(kind), _) => kind,
            (None, Some(_)) => InputKind::Image,
            (None, None) => InputKind::Table,
        };
        let values = tensor.values();
        let description = tensor.description.clone();
        if kind == InputKind::Array {
            self.check_table()?;
            return Ok(Input {
                kind,
                description,
                shape: tensor.sides.clone(),
                features: None,
                fit: None,
                about: Default::default(),
                preprocessing: Preprocessing::new(vec![]),
            });
        }
        if kind == InputKind::Table {
            self.check_table()?;
            return Ok(Input {
                kind,
                description,
                shape: vec![values],
                features: Some(self.names(values)?),
                fit: None,
                about: Default::default(),
                preprocessing: Preprocessing::new(vec![]),
            });
        }
        let square = values.isqrt();
        let (shape, colours) = match picture {
            Some(picture) => picture,
            None if square * square == values => (vec![square, square], Colours::Grey),
            None => {
                return Err(ImportError::NoPicture {
                    sides: tensor.sides.clone(),
                });
            }
        };
        if let Some(by) = &self.normalization {
            by.check(if colours == Colours::Grey { 1 } else { 3 })?;
            adapt::normalize(model, tensor, colours, by)?;
        }
        if colours == Colours::First {
            adapt::colours_last(model, tensor)?;
        }
        Ok(Input {
            kind,
            description,
            shape,
            features: None,
            fit: self.fit,
            about: Default::default(),
            preprocessing: Preprocessing::new(vec![Step::Scale {
                factor: self.pixel_factor,
            }]),
        })
    }
}
